//! Fax by T.38 inside a call: the report's `calls[].fax`.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use crate::packet::{Endpoint, Nanos};

/// What became of a fax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaxResult {
    /// Every page was confirmed, the last one as the last.
    Confirmed,
    /// So it ended, but pages were refused on the way: they may have been sent again.
    PartlyConfirmed,
    /// It ended before the last page was confirmed.
    Failed,
    /// The capture ended first.
    Open,
    /// Half of it was not captured.
    #[default]
    Unknown,
}

/// A fax by T.38 over UDPTL, as its packets tell it (ITU-T T.38, T.30).
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Fax {
    /// What became of it.
    pub result: FaxResult,
    /// The same in words; where it broke off.
    pub detail: String,
    /// Pages that the receiver confirmed.
    pub pages: u64,
    /// Pages that it refused.
    pub pages_refused: u64,
    /// Who sends pages: `caller` or `callee`.
    pub sender: Option<Cow<'static, str>>,
    /// Bit rate that the last DCS commands, 2400..=14400.
    pub rate_bps: Option<u32>,
    /// Its modulation: `V.17`, `V.27ter`, `V.29`, `V.33`.
    pub modulation: Option<Cow<'static, str>>,
    /// Error correction mode (T.30 annex A).
    pub error_correction: Option<bool>,
    /// What the caller's machine calls itself, usually its number.
    pub caller_station: Option<String>,
    /// What the callee's machine calls itself.
    pub callee_station: Option<String>,
    /// `T38FaxVersion` of the last description.
    pub version: Option<u8>,
    /// Its packets, by sender and receiver.
    pub directions: Vec<FaxDirection>,
}

/// UDPTL packets from one address to another.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FaxDirection {
    /// Sender.
    pub source: Endpoint,
    /// Receiver.
    pub destination: Endpoint,
    /// `caller_to_callee` or `callee_to_caller`.
    pub direction: Option<Cow<'static, str>>,
    /// Frame of the first packet.
    pub first_frame: u64,
    /// Frame of the last one.
    pub last_frame: u64,
    /// Time of the first one.
    pub start: Nanos,
    /// First to last packet.
    pub duration_s: Option<f64>,
    /// Packets that came, each number once.
    pub packets: u64,
    /// Numbers from the first to the last.
    pub expected: u64,
    /// Never came.
    pub lost: u64,
    /// Of these, what later packets brought back: redundancy or parity.
    pub repaired: u64,
    /// Of these, what nothing brought back. Those lost before a packet of which the capture holds the beginning
    /// alone are in neither figure.
    pub unrepaired: u64,
    /// Came once more; fax machines repeat indicators.
    pub repeats: u64,
    /// Came behind a packet with a higher number.
    pub out_of_order: u64,
    /// Came, but hold no packet of T.38 that can be read.
    pub unread: u64,
    /// How the sender lets lost packets be repaired: `redundancy`, `parity`; `null` when it does not.
    pub repair: Option<Cow<'static, str>>,
}
