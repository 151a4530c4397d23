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

#[cfg(test)]
mod tests {
    use crate::{Config, Engine, LinkType, Nanos, Packet, SourceInfo};

    /// A PCMU packet of 20 ms in IPv4 over Ethernet.
    fn packet(n: u16, start: u16) -> Vec<u8> {
        let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
        bytes.extend([0x45, 0, 0, 200, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
        bytes.extend([0x0f, 0xa0, 0x0f, 0xa2, 0, 180, 0, 0]);
        bytes.extend([0x80, 0]);
        bytes.extend(n.wrapping_add(start).to_be_bytes());
        bytes.extend((u32::from(n) * 160).to_be_bytes());
        bytes.extend([1, 2, 3, 4]);
        bytes.resize(bytes.len() + 160, 0xff);
        bytes
    }

    /// Feeds packets that come at the given ms; watches the first stream.
    fn heard(arrivals: &[(u16, i64)], start: u16) -> (super::Heard, crate::model::Stream) {
        let mut engine = Engine::new(Config::default());
        engine.watch([1]);
        for (frame, &(n, ms)) in arrivals.iter().enumerate() {
            let bytes = packet(n, start);
            engine.packet(&Packet {
                frame: frame as u64 + 1,
                at: Nanos(1_000_000_000 + ms * Nanos::MILLI),
                link: LinkType::ETHERNET,
                interface: 0,
                orig_len: bytes.len() as u32,
                bytes: &bytes,
            });
        }
        let heard = engine.heard(1).expect("a watched stream");
        (heard, engine.report(SourceInfo::default()).streams.swap_remove(0))
    }

    fn late(heard: &super::Heard) -> u64 {
        heard.packets.iter().filter(|packet| packet.late).count() as u64
    }

    #[test]
    fn what_is_heard_is_what_the_report_counts() {
        let delay = |n: u16| if n % 50 == 7 { 95 } else { 0 };
        let mut arrivals: Vec<(u16, i64)> =
            (0..1_000).filter(|n| n % 40 != 3).map(|n| (n, i64::from(n) * 20 + delay(n))).collect();
        arrivals.extend([(100, 2_001), (101, 2_021)]);
        arrivals.sort_by_key(|arrival| arrival.1);
        // The sequence numbers wrap on the way.
        let (heard, stream) = heard(&arrivals, 65_200);
        let absent = heard.last - heard.first + 1 - heard.packets.len() as u64;
        assert_eq!((absent, Some(late(&heard))), (stream.lost, stream.late));
        assert_eq!((stream.lost, stream.duplicates), (25, 2));
        assert!(heard.packets.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));
    }

    #[test]
    fn packets_on_probation_are_heard_and_a_shifted_delay_is_not_late() {
        // The delay grows by 100 ms in the middle and stays: a receiver fills its buffer anew.
        let arrivals: Vec<(u16, i64)> =
            (0..600).map(|n| (n, i64::from(n) * 20 + if n < 300 { 0 } else { 100 })).collect();
        let (heard, stream) = heard(&arrivals, 7);
        assert_eq!((heard.packets.len(), heard.packets[0].frame), (600, 1));
        assert_eq!((late(&heard), stream.late), (0, Some(0)));
    }
}
