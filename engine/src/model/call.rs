//! A call, how it ended, and what happened in it: the report's `calls`.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use super::fax::Fax;
use crate::packet::Nanos;
use crate::quality::codec::Scale;

/// How a call ended up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// A 2xx to the INVITE.
    Answered,
    /// 486 or 600, or Q.850 cause 17.
    Busy,
    /// Rang until the caller or the network gave up.
    NoAnswer,
    /// The caller gave up.
    Cancelled,
    /// Another fork took it.
    AnsweredElsewhere,
    /// 4xx, 5xx, 6xx that says no.
    Rejected,
    /// 3xx.
    Redirected,
    /// No reply, or a network failure.
    Failed,
    /// The challenge was never met.
    AuthFailed,
    /// Still ringing at the end of the capture.
    Ringing,
    /// Neither ringing nor a final response by the end of the capture.
    #[default]
    Setup,
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// BYE or CANCEL of the side that called.
    Caller,
    /// BYE or final refusal of the side that was called.
    Callee,
    /// A server between them.
    Network,
    /// Nobody answered in time.
    Timeout,
    /// The capture ended first.
    #[default]
    Open,
}

/// One call: every dialog and leg that belongs to it.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Call {
    /// From 1.
    pub id: u32,
    /// Every Call-ID that was joined into it.
    pub call_ids: Vec<String>,
    /// AoR of the From header as written.
    pub from: String,
    /// AoR of the To header as written.
    pub to: String,
    /// What became of it.
    pub outcome: CallOutcome,
    /// Final status code of the INVITE (never 401 or 407 that was met).
    pub outcome_code: Option<u16>,
    /// Reason phrase, or the text of a Reason header.
    pub outcome_reason: Option<String>,
    /// Who ended it.
    pub ended_by: EndedBy,
    /// First INVITE.
    pub start: Option<Nanos>,
    /// The 2xx.
    pub answer: Option<Nanos>,
    /// BYE, CANCEL or final refusal.
    pub end: Option<Nanos>,
    /// First INVITE that was not challenged to the first 180, 183 or final response.
    pub post_dial_delay_s: Option<f64>,
    /// First 180 or 183 to the answer or end.
    pub ring_s: Option<f64>,
    /// First INVITE to the 2xx.
    pub setup_s: Option<f64>,
    /// 2xx to the end (of the capture when open).
    pub duration_s: Option<f64>,
    /// What happened in it, e.g. `hold`, `early_media`, `retransmissions`.
    pub features: Vec<String>,
    /// The story, message by message where something changed.
    pub events: Vec<Event>,
    /// Digits.
    pub dtmf: Vec<Dtmf>,
    /// Ids of its streams.
    pub streams: Vec<u32>,
    /// Its fax by T.38, where packets of it were captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fax: Option<Box<Fax>>,
    /// MOS over its streams.
    pub mos: Option<CallMos>,
    /// Ids of other calls that belong to the same story: a transfer's, a pickup's; its events say why.
    pub related: Vec<u32>,
}

/// Something that changed a call.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Event {
    /// Frame.
    pub frame: u64,
    /// Time.
    pub at: Nanos,
    /// `invite`, `challenged`, `ringing`, `early_media`, `answered`, `ack`, `reinvite`, `hold`, `resume`, `bye`, ...
    pub kind: Cow<'static, str>,
    /// In words.
    pub detail: String,
}

/// One digit.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Dtmf {
    /// Frame where it began.
    pub frame: u64,
    /// Time of that frame.
    pub at: Nanos,
    /// `caller` or `callee`; an endpoint when the stream has no call.
    pub from: String,
    /// `0`-`9`, `*`, `#`, `A`-`D`, `flash`.
    pub digit: String,
    /// How long, ms.
    pub duration_ms: Option<f64>,
    /// `rfc4733`, `info`, `inband`.
    pub method: String,
}

/// MOS of a call over its audio streams.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct CallMos {
    /// Of the worst stream.
    pub worst: f64,
    /// Weighted by duration.
    pub average: f64,
    /// Of both figures; `null` in place of the whole object when the streams differ in scale.
    pub scale: Scale,
}
