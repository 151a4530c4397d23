//! SIP statistics and registrations: the report's `sip`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::packet::Nanos;

/// SIP statistics.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Sip {
    /// Requests by method, retransmissions and copies on other legs included as Wireshark counts them.
    pub requests: BTreeMap<String, u64>,
    /// Responses by status code, likewise.
    pub responses: BTreeMap<String, u64>,
    /// Messages sent again on the same leg.
    pub retransmissions: u64,
    /// Registrations.
    pub registrations: Vec<Registration>,
    /// RFC 6076 figures.
    pub rfc6076: Rfc6076,
}

/// What became of a registration attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationOutcome {
    /// 200, a new binding.
    Registered,
    /// 200 to expires 0.
    Deregistered,
    /// 200 to a binding that was there.
    Refreshed,
    /// 401, 407 or 403 at the end.
    AuthFailed,
    /// Another refusal.
    Rejected,
    /// Nothing came back.
    NoReply,
    /// The capture ended before a reply, or credentials after a challenge, could come.
    Pending,
}

/// One registration attempt, challenges included.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Registration {
    /// AoR.
    pub aor: String,
    /// Contact that was offered.
    pub contact: Option<String>,
    /// Result.
    pub outcome: RegistrationOutcome,
    /// Granted time.
    pub expires_s: Option<u64>,
    /// Final status code.
    pub code: Option<u16>,
    /// First REGISTER.
    pub at: Nanos,
    /// Its frame.
    pub frame: u64,
    /// First REGISTER to final response, ms.
    pub round_trip_ms: Option<f64>,
    /// Credentials were sent: an `auth_failed` with them is a wrong password or user, one without is a challenge
    /// that nobody met.
    pub credentials: bool,
}

/// SIP performance metrics (RFC 6076); `null` where nothing was there to measure.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Rfc6076 {
    /// Registration request delay, mean, ms (section 4.1).
    pub rrd_ms: Option<f64>,
    /// Session request delay of successful set-ups, mean, ms (4.3.1).
    pub srd_ms: Option<f64>,
    /// Session disconnect delay, mean, ms (4.4).
    pub sdd_ms: Option<f64>,
    /// Session establishment ratio (4.6).
    pub ser_percent: Option<f64>,
    /// Session establishment effectiveness ratio (4.7).
    pub seer_percent: Option<f64>,
    /// Ineffective session attempts (4.8).
    pub isa_percent: Option<f64>,
    /// Session completion ratio (4.9).
    pub scr_percent: Option<f64>,
}
