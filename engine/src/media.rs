//! What SIP tells RTP: the media that an SDP body announces, and for whom.

use crate::packet::{Endpoint, Nanos};

/// Kind of an SDP media line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// `m=audio`
    Audio,
    /// `m=video`
    Video,
    /// `m=image ... udptl t38`
    Fax,
    /// Anything else.
    Other,
}

/// Who announced it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The side that sent the first INVITE.
    Caller,
    /// The other side.
    Callee,
}

/// SDP direction of a media line as its sender sees it (RFC 3264).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// `a=sendrecv`, the default.
    #[default]
    SendRecv,
    /// `a=sendonly`
    SendOnly,
    /// `a=recvonly`
    RecvOnly,
    /// `a=inactive`
    Inactive,
}

/// One RTP payload type as `a=rtpmap` and `a=fmtp` describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadType {
    /// 0..=127
    pub number: u8,
    /// Encoding name as written, e.g. `PCMU`, `opus`, `telephone-event`.
    pub encoding: String,
    /// Clock rate in Hz as written (8000 for G722, 48000 for opus).
    pub clock_hz: u32,
    /// `a=fmtp` parameters, empty when there are none.
    pub fmtp: String,
}

/// A media line that one party of a call sent: "send it here, in one of these formats".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Id of the call, from 1.
    pub call: u32,
    /// Who wants to *receive* at `endpoint`.
    pub party: Party,
    /// Where.
    pub endpoint: Endpoint,
    /// Where RTCP goes: `a=rtcp`, the same port with `a=rtcp-mux`, else port + 1.
    pub rtcp: Endpoint,
    /// Kind.
    pub kind: MediaKind,
    /// As the announcing party sees it.
    pub direction: Direction,
    /// The formats in order of preference; static ones without rtpmap are filled in from RFC 3551.
    pub payload_types: Vec<PayloadType>,
    /// `a=ptime` in ms.
    pub ptime_ms: Option<u16>,
    /// SAVP, SAVPF, DTLS fingerprints or `a=crypto`.
    pub encrypted: bool,
    /// `a=T38FaxVersion`
    pub fax_version: Option<u8>,
    /// Frame of the message.
    pub frame: u64,
    /// Its time.
    pub at: Nanos,
}
