//! TCP streams that carry SIP, or HEP with SIP in it: reassembled within bounds and cut into messages by their lengths.
//!
//! A direction is followed from the first segment that looks like SIP, or on SIP's own ports from any. All
//! others cost one look-up and no memory.

use std::collections::{BTreeMap, HashMap};

use super::cutter::{Cutter, HEP};
use crate::config::Config;
use crate::packet::{Context, Endpoint, Nanos, PathId};
use crate::sip::looks_like_sip;

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;

/// How long a missing segment is waited for.
const MAX_WAIT: i64 = 10 * Nanos::SECOND;
/// Sequence numbers further away than this belong to another connection between the same ports.
const MAX_DISTANCE: u32 = 1 << 24;
/// What a waiting segment costs beside its bytes.
const SEGMENT_COST: usize = size_of::<Early>();
/// The bound of all buffers together, in full buffers of one direction.
const MAX_FULL: usize = 64;

/// One direction of a connection, as one path shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    source: Endpoint,
    destination: Endpoint,
    path: PathId,
}

impl Key {
    /// SIP's registered ports (RFC 3261 section 19.1.2).
    fn has_sip_port(&self) -> bool {
        [self.source.port, self.destination.port].iter().any(|port| matches!(port, 5060 | 5061))
    }
}

/// A segment that waits for one before it.
#[derive(Debug)]
struct Early {
    cx: Context,
    sequence: u32,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Direction {
    /// Place in the order of use.
    used: u64,
    /// Sequence number of the next byte in order.
    expected: u32,
    /// By distance from `expected`; they may overlap.
    early: Vec<Early>,
    early_cost: usize,
    /// Number behind the last byte, once a FIN told it.
    end: Option<u32>,
    /// The segment that was appended last.
    last: Context,
    cutter: Cutter,
}

impl Direction {
    fn new(cx: &Context, expected: u32, synchronised: bool) -> Self {
        Self {
            used: 0,
            expected,
            early: Vec::new(),
            early_cost: 0,
            end: None,
            last: *cx,
            cutter: Cutter::new(synchronised),
        }
    }

    fn held(&self) -> usize {
        self.early_cost + self.cutter.held()
    }

    /// Gives the memory back. Numbers that were seen stay known, so retransmissions stay recognised.
    fn close(&mut self) {
        self.early = Vec::new();
        self.early_cost = 0;
        self.end = None;
        self.cutter.close();
    }

    /// How far ahead of the next byte a sequence number is; negative when behind.
    fn ahead(&self, sequence: u32) -> i32 {
        sequence.wrapping_sub(self.expected).cast_signed()
    }

    /// Appends what is new of a segment that is not early, and cuts.
    fn append(&mut self, cx: &Context, sequence: u32, bytes: &[u8], max: usize, sink: &mut Sink<'_>) -> u64 {
        let old = self.expected.wrapping_sub(sequence) as usize;
        let Some(new) = bytes.get(old..).filter(|new| !new.is_empty()) else { return 0 };
        self.expected = self.expected.wrapping_add(new.len() as u32);
        self.last = *cx;
        self.cutter.push(new);
        self.cutter.cut(max, |message| sink(cx, message))
    }

    fn keep(&mut self, cx: &Context, sequence: u32, bytes: &[u8]) {
        let ahead = self.ahead(sequence);
        let place = self.early.partition_point(|early| self.ahead(early.sequence) < ahead);
        let known = |early: &Early| early.sequence == sequence && early.bytes.len() >= bytes.len();
        if !self.early.get(place).is_some_and(known) {
            self.early_cost += bytes.len() + SEGMENT_COST;
            self.early.insert(place, Early { cx: *cx, sequence, bytes: bytes.to_vec() });
        }
    }

    /// Appends the early segments that have become due; `cx`: the segment that filled the gap before them,
    /// `None` when it was never captured and they count as delivered when they came.
    fn catch_up(&mut self, cx: Option<&Context>, max: usize, sink: &mut Sink<'_>) -> u64 {
        let mut skipped = 0;
        while self.early.first().is_some_and(|early| self.ahead(early.sequence) <= 0) {
            let early = self.early.remove(0);
            self.early_cost -= early.bytes.len() + SEGMENT_COST;
            skipped += self.append(cx.unwrap_or(&early.cx), early.sequence, &early.bytes, max, sink);
        }
        skipped
    }

    /// Gives up what is missing before the first early segment.
    fn skip_gap(&mut self, max: usize, sink: &mut Sink<'_>) -> u64 {
        let Some(first) = self.early.first() else { return 0 };
        let missing = first.sequence.wrapping_sub(self.expected);
        self.expected = first.sequence;
        let mut skipped = if self.cutter.is_sip() { u64::from(missing) } else { 0 };
        let last = self.last;
        skipped += self.cutter.finish(|message| sink(&last, message));
        skipped + self.catch_up(None, max, sink)
    }

    /// True when the gap before the early segments is not worth waiting for any longer.
    fn gave_up(&self, now: Nanos, max: usize) -> bool {
        let Some(first) = self.early.first() else { return false };
        now.0.saturating_sub(first.cx.at.0) > MAX_WAIT || self.held() > max
    }

    /// Takes a segment. Returns the bytes given up by it.
    fn segment(
        &mut self,
        cx: &Context,
        sequence: u32,
        flags: u8,
        payload: &[u8],
        max: usize,
        sink: &mut Sink<'_>,
    ) -> u64 {
        if flags & RST != 0 {
            let lost = self.cutter.finish(|message| sink(cx, message));
            self.close();
            return lost;
        }
        if flags & FIN != 0 {
            self.end = Some(sequence.wrapping_add(payload.len() as u32));
        }
        let mut skipped = 0;
        if self.ahead(sequence) <= 0 {
            skipped += self.append(cx, sequence, payload, max, sink);
            skipped += self.catch_up(Some(cx), max, sink);
        } else if !payload.is_empty() {
            self.keep(cx, sequence, payload);
        }
        while self.gave_up(cx.at, max) {
            skipped += self.skip_gap(max, sink);
        }
        if self.end == Some(self.expected) {
            let last = self.last;
            skipped += self.cutter.finish(|message| sink(&last, message));
            self.close();
        }
        skipped
    }
}

type Sink<'a> = dyn FnMut(&Context, &[u8]) + 'a;

/// Follows the TCP directions that start like SIP; all others cost one table look-up.
#[derive(Debug)]
pub struct SipStreams {
    max_streams: usize,
    max_buffer: usize,
    // Ports and addresses are the sender's choice: a randomly seeded hash.
    directions: HashMap<Key, Direction>,
    /// Least recently used first.
    order: BTreeMap<u64, Key>,
    clock: u64,
    held: usize,
    skipped: u64,
    evicted: u64,
}

impl SipStreams {
    /// With the bounds of `config`.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            max_streams: config.max_tcp_streams.max(1),
            max_buffer: config.max_tcp_buffer,
            directions: HashMap::new(),
            order: BTreeMap::new(),
            clock: 0,
            held: 0,
            skipped: 0,
            evicted: 0,
        }
    }

    /// Takes one segment and calls `sink` for each SIP message that it completes. The context of a
    /// message is that of the segment that completed it.
    ///
    /// `sequence` is the number of the first payload byte: one more than the header's in a SYN. A message
    /// whose headers are there but whose end is not (a segment was not captured, the connection closed)
    /// comes as far as it goes, with the context of its last segment.
    pub fn segment(
        &mut self,
        cx: &Context,
        sequence: u32,
        flags: u8,
        payload: &[u8],
        mut sink: impl FnMut(&Context, &[u8]),
    ) {
        let key = Key { source: cx.source, destination: cx.destination, path: cx.path };
        let Some(mut direction) = self.take(&key, cx, sequence, flags, payload) else { return };
        self.skipped += direction.segment(cx, sequence, flags, payload, self.max_buffer, &mut sink);
        self.put(key, direction);
    }

    /// Takes the direction of a segment out of the table, or begins it; `None` for one that is not SIP.
    fn take(
        &mut self,
        key: &Key,
        cx: &Context,
        sequence: u32,
        flags: u8,
        payload: &[u8],
    ) -> Option<Direction> {
        let opens = flags & SYN != 0;
        if let Some(direction) = self.directions.remove(key) {
            self.order.remove(&direction.used);
            self.held -= direction.held();
            let distance = direction.ahead(sequence).unsigned_abs();
            if distance <= MAX_DISTANCE && !(opens && distance != 0) {
                return Some(direction);
            }
            // Another connection between the same ports.
            self.skipped += direction.cutter.held() as u64;
            return Some(Direction::new(cx, sequence, opens));
        }
        let starts = looks_like_sip(payload) || payload.starts_with(HEP);
        let on_trust = key.has_sip_port() && (opens || !payload.is_empty());
        (starts || on_trust).then(|| Direction::new(cx, sequence, starts || opens))
    }

    fn put(&mut self, key: Key, mut direction: Direction) {
        self.clock += 1;
        direction.used = self.clock;
        self.held += direction.held();
        self.order.insert(self.clock, key);
        self.directions.insert(key, direction);
        while self.directions.len() > self.max_streams || self.held > self.max_buffer.saturating_mul(MAX_FULL)
        {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            let Some(gone) = self.directions.remove(&oldest) else { break };
            self.held -= gone.held();
            self.skipped += gone.cutter.held() as u64;
            self.evicted += 1;
        }
    }

    /// Bytes that were given up because a segment was missing for too long or a buffer was full.
    #[must_use]
    pub fn bytes_skipped(&self) -> u64 {
        self.skipped
    }

    /// Directions that were dropped because the table or its buffers were full.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted
    }
}
