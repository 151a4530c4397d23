//! RTP (RFC 3550): streams and their loss, jitter, lateness; RTCP; telephone events (RFC 4733).

mod ahead;
mod arrival;
mod clock;
mod detect;
mod endpoints;
mod events;
mod feedback;
pub mod g711;
pub mod header;
mod held;
mod interval;
mod live;
mod media_flow;
mod mos;
mod paths;
mod payloads;
mod plain;
mod playout;
mod relay;
mod rest;
mod rtcp;
mod series;
mod stream;
mod summary;
mod timing;
pub mod tones;
mod tracker;
mod unclocked;
mod untimed;
mod watch;
mod wireshark;

#[cfg(test)]
mod tests;

pub(crate) use ahead::{AHEAD, Ahead};
pub use held::Held;
pub(crate) use plain::Plain;
pub use tracker::Tracker;
pub use watch::{Format, FormatKind, Heard, HeardPacket};

use crate::facts::RtpFacts;
use crate::media::Party;
use crate::model;

/// The fixed header of an RTP packet (RFC 3550 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Payload type, 0..=127.
    pub payload_type: u8,
    /// Marker bit.
    pub marker: bool,
    /// Sequence number.
    pub sequence: u16,
    /// Media timestamp.
    pub timestamp: u32,
    /// Synchronization source.
    pub ssrc: u32,
}

/// What a datagram turned out to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// RTP of a stream: its id (from 1) and its call when SDP announced it.
    Rtp {
        /// Stream id; 0 while the stream is on probation and has none.
        stream: u32,
        /// Call id.
        call: Option<u32>,
        /// Figures at this packet.
        facts: RtpFacts,
    },
    /// RTCP.
    Rtcp {
        /// Call id.
        call: Option<u32>,
    },
    /// Neither.
    NotMedia,
}

/// A stream of the report and what only the engine asks for.
#[derive(Clone, Debug, Default)]
pub struct StreamSummary {
    /// As in the report; `direction` is filled in from `receiver`.
    pub stream: model::Stream,
    /// Who of the call receives it.
    pub receiver: Option<Party>,
    /// Digits sent as telephone events, in order.
    pub dtmf: Vec<model::Dtmf>,
    /// Frames where the trouble is: the first packets after a loss, late packets; at most 16.
    pub trouble_frames: Vec<u64>,
    /// What came while its sender held the other side.
    pub held: Option<Held>,
}
