//! SIP (RFC 3261): messages, dialogs, calls, registrations, and the media that SDP announces.

use crate::config::Config;
use crate::media::Announcement;
use crate::model;
use crate::packet::{Context, Nanos, Transport};

/// What one message belonged to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Id of the call, from 1, in order of the first INVITE.
    pub call: Option<u32>,
    /// Media that the message announced; the RTP tracker wants to know.
    pub announcements: Vec<Announcement>,
}

/// Follows every SIP dialog of a capture.
#[derive(Debug)]
pub struct Tracker {}

impl Tracker {
    /// With the bounds of `config`.
    #[must_use]
    pub fn new(_config: &Config) -> Self {
        Self {}
    }

    /// Takes one whole message (a UDP payload, or one message cut from a TCP stream).
    /// Returns `None` when it is not SIP after all.
    pub fn message(&mut self, _cx: &Context, _transport: Transport, _raw: &[u8]) -> Option<Outcome> {
        None
    }

    /// The calls as far as signalling tells them (`streams`, `mos` and RTP digits are the engine's to add),
    /// with what the findings need beside the report. `end`: time of the capture's last packet.
    #[must_use]
    pub fn calls(&self, _end: Nanos) -> Vec<CallSummary> {
        Vec::new()
    }

    /// Methods, responses, retransmissions, registrations, RFC 6076 figures.
    #[must_use]
    pub fn statistics(&self) -> model::Sip {
        model::Sip::default()
    }

    /// Calls, dialogs and registrations that were dropped because a table was full.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        0
    }
}

/// A call of the report and what only findings ask for.
#[derive(Clone, Debug, Default)]
pub struct CallSummary {
    /// As in the report, media fields empty.
    pub call: model::Call,
    /// An SDP offer that a final 2xx answered without SDP, or that nobody answered: the frame of the offer.
    pub unanswered_offer: Option<u64>,
    /// Frames of the messages that tell the call: INVITE, ringing, final answer, BYE or CANCEL.
    pub frames: Vec<u64>,
    /// Codec names agreed for audio, as the answer lists them, most preferred first.
    pub agreed_codecs: Vec<String>,
    /// Audio was sendrecv at the end of the last offer and answer.
    pub both_ways: bool,
}

/// True when `bytes` starts like a SIP request or response. Cheap, for every UDP datagram that is no known RTP.
#[must_use]
pub fn looks_like_sip(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"SIP/2.0 ") {
        return true;
    }
    let line = &bytes[..bytes.len().min(2048)];
    let Some(end) = memchr::memchr(b'\n', line) else { return false };
    let line = line[..end].strip_suffix(b"\r").unwrap_or(&line[..end]);
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(b);
    let method = line.iter().take_while(|b| is_token(b)).count();
    method > 0 && line.get(method) == Some(&b' ') && line.ends_with(b" SIP/2.0")
}
