//! RTP (RFC 3550): streams and their loss, jitter, lateness; RTCP; telephone events (RFC 4733).

use crate::config::Config;
use crate::decode::PathInfo;
use crate::facts::RtpFacts;
use crate::media::{Announcement, Party};
use crate::model;
use crate::packet::{Context, Nanos};

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

/// Follows every RTP stream of a capture.
#[derive(Debug)]
pub struct Tracker {}

impl Tracker {
    /// With the settings and bounds of `config`.
    #[must_use]
    pub fn new(_config: &Config) -> Self {
        Self {}
    }

    /// The capture began at `at`: Wireshark's arithmetic counts from there.
    pub fn capture_started(&mut self, _at: Nanos) {}

    /// SDP has announced media.
    pub fn announce(&mut self, _announcement: &Announcement) {}

    /// Takes one UDP payload. `wire_len`: its length on the wire, when the capture cut it.
    pub fn datagram(&mut self, _cx: &Context, _payload: &[u8], _wire_len: usize) -> Verdict {
        Verdict::NotMedia
    }

    /// Takes an RTP packet of which only the header (and perhaps the first payload bytes) is known.
    pub fn header(
        &mut self,
        _cx: &Context,
        _header: &Header,
        _payload_len: Option<u16>,
        _payload: &[u8],
    ) -> Verdict {
        Verdict::NotMedia
    }

    /// Takes a compound RTCP packet.
    pub fn rtcp(&mut self, _cx: &Context, _payload: &[u8]) -> Verdict {
        Verdict::NotMedia
    }

    /// Every stream so far, in order of its first frame; ids are positions from 1. `end`: time of the
    /// capture's last packet; `first`: of its first one; `paths`: for the labels of copies.
    #[must_use]
    pub fn streams(&self, _first: Nanos, _end: Nanos, _paths: &[PathInfo]) -> Vec<StreamSummary> {
        Vec::new()
    }

    /// Streams that were closed early because the table was full.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        0
    }
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
}
