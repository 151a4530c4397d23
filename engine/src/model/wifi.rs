//! BSSs, outages and stations: the report's `wifi`.

use schemars::JsonSchema;
use serde::Serialize;

use super::call::Event;
use super::finding::Severity;
use crate::packet::Nanos;

/// Wi-Fi.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Wifi {
    /// In order of the first beacon.
    pub bss: Vec<Bss>,
    /// In order of the first frame.
    pub stations: Vec<Station>,
}

/// One BSS.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Bss {
    /// `02:00:00:00:00:01`
    pub bssid: String,
    /// Network name; `null` when hidden. Bytes that are no UTF-8 are escaped.
    pub ssid: Option<String>,
    /// Last channel.
    pub channel: Option<u16>,
    /// Last centre frequency of the primary channel.
    pub frequency_mhz: Option<u16>,
    /// Last beacon interval.
    pub beacon_interval_tu: u16,
    /// First beacon.
    pub first_frame: u64,
    /// Last beacon.
    pub last_frame: u64,
    /// Time of the first beacon; `null` in an export without times.
    pub first: Option<Nanos>,
    /// Time of the last beacon.
    pub last: Option<Nanos>,
    /// First to last beacon; on the AP's clock (restarts not counted) where the export holds no times, and
    /// `null` where there is no such clock either.
    pub duration_s: Option<f64>,
    /// Counts.
    pub beacons: Beacons,
    /// At least three beacons lost in a row, or an unknown number.
    pub outages: Vec<Outage>,
    /// Of beacons.
    pub signal_dbm: Option<Signal>,
    /// Behind the target beacon transmission time, on the AP's clock.
    pub beacon_delay_us: Option<BeaconDelay>,
    /// Restarts, interval changes, channel switches.
    pub events: Vec<Event>,
    /// Beacons from the first to the last one; only where it was asked for (as for the HTML report).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intervals: Option<BeaconIntervals>,
}

/// Beacons of a BSS over time, in intervals of one length from its first beacon on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct BeaconIntervals {
    /// Length of each; a power of two. The last one was cut short by the last beacon.
    pub interval_s: f64,
    /// Distinct beacons received.
    pub received: Vec<u32>,
}

/// Beacons of one BSS. `expected = received + lost` (duplicates apart).
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Beacons {
    /// Distinct beacons received.
    pub received: u64,
    /// Target transmission times while the sensor listened.
    pub expected: u64,
    /// Not received.
    pub lost: u64,
    /// Of expected; `null` with fewer than two beacons, and without any clock.
    pub lost_percent: Option<f64>,
    /// Target transmission times while the sensor was elsewhere or deaf.
    pub not_observed: u64,
    /// Received again.
    pub duplicates: u64,
    /// Longest run of lost ones.
    pub longest_run: u64,
    /// `tsf`, `capture_time`, or `none`: neither is known, so beacons are only counted.
    pub basis: String,
}

/// Why beacons were missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutageCause {
    /// The sensor listened and heard others, not this AP.
    Air,
    /// The AP stopped or restarted.
    ApRestart,
    /// Around an announced channel switch.
    ChannelSwitch,
    /// The sensor dropped packets or was deaf.
    Sensor,
    /// The sensor was on another channel.
    OffChannel,
    /// Cannot be told.
    Unknown,
}

/// Beacons missing in a row.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Outage {
    /// Last beacon before.
    pub from: Nanos,
    /// First beacon after.
    pub to: Nanos,
    /// Beacons lost; by capture time where the AP's clock broke.
    pub lost: u64,
    /// By length.
    pub severity: Severity,
    /// Why, as far as the capture tells.
    pub cause: OutageCause,
    /// Frame of the last beacon before.
    pub after_frame: u64,
}

impl Outage {
    /// The sensor was deaf or elsewhere: nothing is known to have gone wrong in the air.
    #[must_use]
    pub fn is_of_sensor(&self) -> bool {
        matches!(self.cause, OutageCause::Sensor | OutageCause::OffChannel)
    }

    /// A silence that nothing explains and that is not counted as loss. Of an export without times nobody knows
    /// what else was silent: there the beacons that the AP's clock misses count.
    #[must_use]
    pub fn is_uncounted(&self) -> bool {
        self.cause == OutageCause::Unknown && self.to.known_seconds_since(self.from).is_some()
    }
}

/// Signal strength in dBm.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Signal {
    /// Weakest.
    pub min: f64,
    /// Mean of the dBm figures.
    pub mean: f64,
    /// Strongest.
    pub max: f64,
}

/// Beacon delay in µs.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct BeaconDelay {
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Largest.
    pub max: f64,
}

/// One station.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Station {
    /// Address.
    pub mac: String,
    /// Last BSS that it used.
    pub bssid: Option<String>,
    /// Frames that it sent.
    pub frames: u64,
    /// Of its data and management frames, sent again.
    pub retry_percent: Option<f64>,
    /// Of frames that it sent.
    pub signal_dbm: Option<Signal>,
    /// QoS data of access category voice (TID 6 and 7).
    pub voice: VoiceFrames,
    /// Moves from one BSS to another.
    pub roams: Vec<Roam>,
}

/// Voice frames of a station.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct VoiceFrames {
    /// Sent.
    pub frames: u64,
    /// Sent again.
    pub retries: u64,
}

/// A move of a station.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Roam {
    /// Frame of the (re)association or authentication that began it.
    pub frame: u64,
    /// Its time.
    pub at: Nanos,
    /// Old BSS.
    pub from: Option<String>,
    /// New BSS.
    pub to: String,
    /// Last data frame in the old to the first in the new, ms.
    pub gap_ms: Option<f64>,
}
