//! 802.11: radio headers, MAC headers, BSSs and their beacons on the AP's own clock, stations.

use crate::config::Config;
use crate::facts::BeaconFacts;
use crate::model;
use crate::packet::{Context, LinkType, Nanos};

/// What a radio header (radiotap, PPI, Prism, AVS, TZSP, PEEKREMOTE) says about a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Radio {
    /// The sensor's MAC clock at the first bit, µs.
    pub tsft: Option<u64>,
    /// Centre frequency of the primary channel, MHz.
    pub frequency_mhz: Option<u16>,
    /// Channel number where the header has no frequency.
    pub channel: Option<u8>,
    /// Signal at the antenna (the strongest of several), dBm.
    pub signal_dbm: Option<i8>,
    /// Noise, dBm.
    pub noise_dbm: Option<i8>,
    /// Data rate, kbit/s.
    pub rate_kbps: Option<u32>,
    /// The sensor found the frame check sequence wrong.
    pub bad_fcs: bool,
}

/// The fields of a beacon that its tracking needs.
#[derive(Clone, Debug, PartialEq)]
pub struct BeaconObservation {
    /// BSSID (for mesh and IBSS the transmitter).
    pub bssid: [u8; 6],
    /// Network name as sent; `None` where the element is absent.
    pub ssid: Option<Vec<u8>>,
    /// The AP's TSF timer when the beacon went out, µs; `None` where the source does not tell it.
    pub tsf: Option<u64>,
    /// Beacon interval in TU of 1024 µs.
    pub interval_tu: u16,
    /// Channel by DS parameter set, HT or HE operation.
    pub channel: Option<u8>,
    /// A channel switch is announced: new channel and the number of beacons until then.
    pub channel_switch: Option<(u8, u8)>,
    /// DTIM count and period.
    pub dtim: Option<(u8, u8)>,
    /// What the radio header said.
    pub radio: Radio,
}

/// Takes the radio header off. Returns what it said and the MAC frame without FCS; `None` when the header
/// is malformed or `link` is not a kind of 802.11.
#[must_use]
pub fn strip_radio(_link: LinkType, _bytes: &[u8]) -> Option<(Radio, &[u8])> {
    None
}

/// The network payload of a plain (unencrypted) data frame: EtherType and the bytes behind LLC/SNAP.
/// A-MSDU aggregates give their first subframe only where `None` would be the alternative.
#[must_use]
pub fn network_payload(_frame: &[u8]) -> Option<(u16, &[u8])> {
    None
}

/// Follows every BSS and station of a capture.
#[derive(Debug)]
pub struct Tracker {}

impl Tracker {
    /// With the bounds of `config`.
    #[must_use]
    pub fn new(_config: &Config) -> Self {
        Self {}
    }

    /// Takes one MAC frame (FCS removed). Returns figures when it is a beacon.
    pub fn frame(&mut self, _cx: &Context, _radio: &Radio, _frame: &[u8]) -> Option<BeaconFacts> {
        None
    }

    /// Takes a beacon that somebody else dissected.
    pub fn beacon(&mut self, _frame: u64, _at: Nanos, _beacon: &BeaconObservation) -> Option<BeaconFacts> {
        None
    }

    /// The sensor reported `dropped` packets on `interface` up to `at`.
    pub fn sensor_dropped(&mut self, _interface: u32, _at: Nanos, _dropped: u64) {}

    /// BSSs and stations. `end`: time of the capture's last packet.
    #[must_use]
    pub fn report(&self, _end: Nanos) -> model::Wifi {
        model::Wifi::default()
    }

    /// BSSs and stations that were dropped because a table was full.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        0
    }
}
