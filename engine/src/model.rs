//! The report: the only thing that leaves the engine beside per-frame facts. Names are a contract
//! (`airtone.report/1`); units are in the names; `None` is written as `null`.

mod call;
mod capture;
mod fax;
mod finding;
mod sip;
mod stream;
mod wifi;

use schemars::JsonSchema;
use serde::Serialize;

pub use call::{Call, CallMos, CallOutcome, Dtmf, EndedBy, Event};
pub use capture::{Capture, File, NotDecoded, Path};
pub use fax::{Fax, FaxDirection, FaxResult};
pub use finding::{About, Finding, Severity};
pub use sip::{Registration, RegistrationOutcome, Rfc6076, Sip};
pub use stream::{
    BufferPoint, Bursts, Copies, Delta, Intervals, Jitter, Rtcp, Stream, StreamMos, WiresharkFigures,
    WorstInterval,
};
pub use wifi::{
    BeaconDelay, BeaconIntervals, Beacons, Bss, Outage, OutageCause, Roam, Signal, Station, VoiceFrames, Wifi,
};

/// The version of this format.
pub const SCHEMA: &str = "airtone.report/1";

/// Everything known about a capture.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// `airtone.report/1`
    pub schema: String,
    /// Version of the engine.
    pub airtone_version: String,
    /// What was read.
    pub capture: Capture,
    /// In order of the first INVITE.
    pub calls: Vec<Call>,
    /// In order of the first packet.
    pub streams: Vec<Stream>,
    /// SIP statistics.
    pub sip: Sip,
    /// Wi-Fi.
    pub wifi: Wifi,
    /// What to look at first, most severe first.
    pub findings: Vec<Finding>,
}
