//! Chosen streams packet by packet, as the receiver's jitter buffer took them: what a player of the sound
//! needs beside the payloads, so that what is heard is what the figures say.

use std::collections::BTreeMap;

use super::arrival::Arrival;
use super::payloads::{Kind, Type};
use super::playout::WINDOW;
use super::stream::Stream;
use super::tracker::Tracker;
use crate::packet::Nanos;

/// What a payload type carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatKind {
    /// Sound, or nobody said what.
    Audio,
    /// Pictures.
    Video,
    /// Telephone events (RFC 4733).
    Event,
    /// Comfort noise (RFC 3389).
    Noise,
}

/// One payload type of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// 0..=127
    pub number: u8,
    /// Encoding name as SDP or RFC 3551 gives it.
    pub encoding: Option<String>,
    /// RTP clock in Hz; 0 while unknown.
    pub clock_hz: u32,
    /// `a=fmtp` parameters; empty when there are none.
    pub fmtp: String,
    /// What it carries.
    pub kind: FormatKind,
}

/// One packet of a stream; duplicates, copies and stragglers from behind the reorder window are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeardPacket {
    /// Frame that brought it.
    pub frame: u64,
    /// When.
    pub at: Nanos,
    /// Extended sequence number.
    pub sequence: u64,
    /// Media timestamp.
    pub timestamp: u32,
    /// Payload type.
    pub payload_type: u8,
    /// Marker bit.
    pub marker: bool,
    /// After its playout time: received, but never heard.
    pub late: bool,
}

/// One stream as its receiver's jitter buffer took it.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Id of the stream as in the report.
    pub stream: u32,
    /// SDP says that the payload is encrypted, or DTLS or ZRTP was seen beside it.
    pub encrypted: bool,
    /// Extended sequence numbers of the first and the last packet.
    pub first: u64,
    /// See `first`.
    pub last: u64,
    /// The most frequent timestamp step between neighbours.
    pub step: Option<u32>,
    /// Its payload types in order of appearance.
    pub formats: Vec<Format>,
    /// In the order of sequence numbers, each once. Numbers between `first` and `last` that are not there
    /// were lost.
    pub packets: Vec<HeardPacket>,
}

/// The streams that are watched.
#[derive(Debug)]
pub(super) struct Watch(BTreeMap<u32, Vec<HeardPacket>>);

impl Watch {
    pub fn new(streams: impl IntoIterator<Item = u32>) -> Self {
        Self(streams.into_iter().map(|id| (id, Vec::new())).collect())
    }

    pub fn wants(&self, stream: u32) -> bool {
        self.0.contains_key(&stream)
    }

    /// A packet that `stream` has just taken and that is no duplicate.
    pub fn packet(&mut self, stream: &Stream, arrival: &Arrival) {
        let Some(packets) = self.0.get_mut(&stream.id) else { return };
        let back = u64::from((stream.newest as u16).wrapping_sub(arrival.header.sequence));
        if back >= u64::from(WINDOW) {
            // A straggler was given up long before it came; what may be a restart belongs to nobody yet.
            return;
        }
        packets.push(HeardPacket {
            frame: arrival.frame,
            at: arrival.at,
            sequence: stream.newest - back,
            timestamp: arrival.header.timestamp,
            payload_type: arrival.header.payload_type,
            marker: arrival.header.marker,
            late: false,
        });
    }
}

impl Tracker {
    /// What was heard so far of stream `id`, which must be watched.
    #[must_use]
    pub fn heard(&self, id: u32) -> Option<Heard> {
        let packets = self.watch.as_ref()?.0.get(&id)?;
        let stream = self.resolved(self.by_id(id)?);
        let rest = &stream.rest;
        let mut late = rest.late_log.clone().unwrap_or_default();
        late.sort_unstable();
        let mut packets = packets.clone();
        packets.sort_by_key(|packet| packet.sequence);
        for packet in &mut packets {
            packet.late = late.binary_search(&packet.sequence).is_ok();
        }
        Some(Heard {
            stream: id,
            encrypted: rest.encrypted || self.endpoints.is_secured([rest.source, rest.destination]),
            first: rest.first,
            last: stream.newest,
            step: stream.frequent_step(),
            formats: stream.types().iter().map(format).collect(),
            packets,
        })
    }
}

fn format(known: &Type) -> Format {
    Format {
        number: known.number,
        encoding: known.encoding().map(str::to_owned),
        clock_hz: known.clock_hz,
        fmtp: known.format().map(|format| format.fmtp.clone()).unwrap_or_default(),
        kind: match known.kind {
            Kind::Audio | Kind::Unknown => FormatKind::Audio,
            Kind::Video => FormatKind::Video,
            Kind::Event => FormatKind::Event,
            Kind::Noise => FormatKind::Noise,
        },
    }
}
