//! An engine in two halves that may run on two threads: [`Front`] decodes packets into a [`Batch`], [`Back`]
//! follows the traffic in it. The same packets give the same report as from [`Engine::packet`].

use std::ops::Range;

use crate::analysis::{Engine, Span, Trackers};
use crate::config::Config;
use crate::decode::tcp::SipStreams;
use crate::decode::{Decoder, Item, Unreachable};
use crate::dropped::Dropped;
use crate::facts::FrameFacts;
use crate::packet::{Context, Nanos, Packet, PathId, Transport};
use crate::rtp::{AHEAD, Ahead, Plain};
use crate::wifi::Radio;

/// Payload bytes that make a batch full.
const BYTES: usize = 256 << 10;

/// The half of an engine that sees the packets.
#[derive(Debug)]
pub struct Front {
    config: Config,
    decoder: Decoder,
    span: Span,
    dropped_by_sensor: Dropped,
}

/// The half of an engine that owns the calls, streams and BSSs.
#[derive(Debug)]
pub struct Back {
    tcp: SipStreams,
    trackers: Trackers,
}

/// Decoded traffic on its way between the halves. Made once and used again, it keeps its memory.
#[derive(Debug)]
pub struct Batch {
    /// Entries that make it full.
    size: usize,
    entries: Vec<Entry>,
    /// How many of `entries` are filled.
    filled: usize,
    /// What the entries say, but for RTP; in order.
    others: Vec<Other>,
    /// The payloads of these.
    bytes: Vec<u8>,
    /// The capture begins in this batch.
    started: Option<Nanos>,
}

/// One item of a packet. Most are RTP, for which little more than the header is kept.
#[derive(Clone, Copy, Debug)]
enum Entry {
    Rtp(Plain),
    Other,
}

impl Entry {
    fn rtp(&self) -> Option<&Plain> {
        match self {
            Self::Rtp(plain) => Some(plain),
            Self::Other => None,
        }
    }
}

/// Any other item, with the place of its payload in [`Batch::bytes`].
#[derive(Debug)]
enum Other {
    Udp { cx: Context, payload: Range<usize>, wire_len: usize },
    Tcp { cx: Context, sequence: u32, flags: u8, payload: Range<usize> },
    Dot11 { cx: Context, radio: Radio, frame: Range<usize> },
    Dropped { interface: u32, at: Nanos, packets: u64 },
    Unreachable(Unreachable),
    Listening { path: PathId, at: Nanos, channel: Option<(u32, u32)> },
}

impl Engine {
    /// Takes the engine apart, to be joined again for the report.
    #[must_use]
    pub fn split(self) -> (Front, Back) {
        let Self { config, decoder, tcp, trackers, span, dropped_by_sensor } = self;
        (Front { config, decoder, span, dropped_by_sensor }, Back { tcp, trackers })
    }

    /// Puts the halves of one engine together, once every batch has been taken.
    #[must_use]
    pub fn join(front: Front, back: Back) -> Self {
        let Front { config, decoder, span, dropped_by_sensor } = front;
        let Back { tcp, trackers } = back;
        Self { config, decoder, tcp, trackers, span, dropped_by_sensor }
    }
}

impl Front {
    /// Decodes the next packets of the capture into `batch`.
    pub fn packets(&mut self, packets: &[Packet<'_>], batch: &mut Batch) {
        for packet in packets {
            self.packet(packet, batch);
        }
    }

    #[inline(always)]
    fn packet(&mut self, packet: &Packet<'_>, batch: &mut Batch) {
        if self.span.first.is_none() && packet.at.is_known() {
            batch.started = Some(packet.at);
        }
        self.span.cover(packet.frame, packet.at);
        match Plain::decode_common(packet, &mut self.decoder) {
            Some(plain) => batch.put(Entry::Rtp(plain)),
            None => self.less_common(packet, batch),
        }
    }

    #[inline(never)]
    fn less_common(&mut self, packet: &Packet<'_>, batch: &mut Batch) {
        match Plain::decode_ordinary(packet, &mut self.decoder) {
            Some(plain) => batch.put(Entry::Rtp(plain)),
            None => {
                self.decoder.decode(packet, |item| batch.keep(item));
                if let Some(unreachable) = self.decoder.unreachable() {
                    batch.push(Other::Unreachable(unreachable));
                }
            }
        }
    }

    /// As [`Engine::sensor_dropped`].
    pub fn sensor_dropped(&mut self, interface: u32, at: Nanos, packets: u64, batch: &mut Batch) {
        self.dropped_by_sensor.add(interface, self.span.first, at, packets);
        batch.push(Other::Dropped { interface, at, packets });
    }

    /// As [`Engine::listening`].
    pub fn listening(&mut self, interface: u32, at: Nanos, channel: Option<(u32, u32)>, batch: &mut Batch) {
        let path = self.decoder.path_of_interface(interface);
        batch.push(Other::Listening { path, at, channel });
    }
}

impl Batch {
    /// An empty one, full from `size` items on (of 80 bytes, or of 80 and their payload) and perhaps before.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self {
            size,
            entries: vec![Entry::Other; size],
            filled: 0,
            others: Vec::new(),
            bytes: Vec::new(),
            started: None,
        }
    }

    /// Time to hand it over; a caller may go on filling it.
    #[inline]
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.filled >= self.size || self.bytes.len() >= BYTES
    }

    /// Writes an entry to its place: as with a push, but without a move from where it was put together.
    #[inline(always)]
    fn put(&mut self, entry: Entry) {
        match self.entries.get_mut(self.filled) {
            Some(place) => *place = entry,
            None => self.push_beyond(entry),
        }
        self.filled += 1;
    }

    #[cold]
    fn push_beyond(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    #[inline(never)]
    fn keep(&mut self, item: Item<'_>) {
        let other = match item {
            Item::Udp { cx, payload, wire_len } => Other::Udp { cx, payload: self.copy(payload), wire_len },
            Item::Tcp { cx, sequence, flags, payload } => {
                Other::Tcp { cx, sequence, flags, payload: self.copy(payload) }
            }
            Item::Dot11 { cx, radio, frame } => Other::Dot11 { cx, radio, frame: self.copy(frame) },
        };
        self.push(other);
    }

    fn copy(&mut self, payload: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(payload);
        start..self.bytes.len()
    }

    fn push(&mut self, other: Other) {
        self.put(Entry::Other);
        self.others.push(other);
    }
}

impl Back {
    /// Takes everything out of a batch. Batches must come in the order in which the front filled them.
    pub fn take(&mut self, batch: &mut Batch) {
        if let Some(at) = batch.started.take() {
            self.trackers.rtp.capture_started(at);
        }
        let mut others = batch.others.drain(..);
        let mut ahead = Ahead::default();
        let filled = batch.entries.get(..batch.filled).unwrap_or_default();
        for entries in filled.chunks(AHEAD) {
            self.trackers.rtp.look_ahead(entries.iter().map(Entry::rtp), &mut ahead);
            for (index, entry) in entries.iter().enumerate() {
                match entry {
                    Entry::Rtp(plain) => {
                        if !self.trackers.rtp.follow(plain, index, &ahead) {
                            self.trackers.fax.plain(plain);
                        }
                    }
                    Entry::Other => {
                        if let Some(other) = others.next() {
                            self.other(other, &batch.bytes);
                        }
                    }
                }
            }
        }
        drop(others);
        batch.filled = 0;
        batch.bytes.clear();
    }

    #[inline(never)]
    fn other(&mut self, other: Other, bytes: &[u8]) {
        let Self { tcp, trackers } = self;
        let mut facts = FrameFacts::default();
        match other {
            Other::Udp { cx, payload, wire_len } => {
                trackers.datagram(&cx, &bytes[payload], wire_len, &mut facts);
            }
            Other::Tcp { cx, sequence, flags, payload } => {
                tcp.segment(&cx, sequence, flags, &bytes[payload], |cx, message| {
                    trackers.sip(cx, Transport::Tcp, message, &mut facts);
                });
            }
            Other::Dot11 { cx, radio, frame } => {
                trackers.wifi.frame(&cx, &radio, &bytes[frame]);
            }
            Other::Unreachable(unreachable) => _ = trackers.sip.unreachable(&unreachable),
            Other::Dropped { interface, at, packets } => {
                trackers.wifi.sensor_dropped(interface, at, packets);
            }
            Other::Listening { path, at, channel } => trackers.wifi.listening(path, at, channel),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::WiresharkVersion;
    use crate::{LinkType, SourceInfo};

    /// A PCMU packet of 20 ms in IPv4.
    fn rtp(n: u16) -> Vec<u8> {
        let mut bytes = vec![0x45, 0, 0, 200, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
        bytes.extend([0x0f, 0xa0, 0x13, 0x88, 0, 180, 0, 0, 0x80, 0]);
        bytes.extend(n.to_be_bytes());
        bytes.extend((u32::from(n) * 160).to_be_bytes());
        bytes.extend([0, 0, 0, 7]);
        bytes.extend([0xd5; 160]);
        bytes
    }

    #[test]
    fn a_capture_that_begins_without_times_starts_at_the_first_time_in_either_case() {
        let config = || Config { compat: Some(WiresharkVersion::V4_0), ..Config::default() };
        let mut engine = Engine::new(config());
        let (mut front, mut back) = Engine::new(config()).split();
        let mut batch = Batch::new(4);
        for n in 0..60_u16 {
            let time = Nanos(1_700_000_000_123_456_789 + i64::from(n) * 20_000_123);
            let at = if n < 10 { Nanos::UNKNOWN } else { time };
            let bytes = rtp(n);
            let orig_len = bytes.len() as u32;
            let frame = u64::from(n) + 1;
            let packet = Packet { frame, at, link: LinkType::RAW, interface: 0, orig_len, bytes: &bytes };
            engine.packet(&packet);
            front.packets(&[packet], &mut batch);
            if batch.is_full() {
                back.take(&mut batch);
            }
        }
        let report = |engine: Engine| format!("{:?}", engine.into_report(SourceInfo::default()));
        assert_eq!(report(engine), report(Engine::join(front, back)));
    }
}
