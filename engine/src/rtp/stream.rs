//! One RTP stream: sequence space (RFC 3550 appendix A.1), duplicates and copies, and the way of each packet
//! into jitter, lateness and intervals. The fields that every packet touches lie together; the rest is boxed.

mod restart;

use std::sync::Arc;

use super::arrival::Arrival;
use super::events::Allowance;
use super::feedback::Feedback;
use super::interval::Interval;
use super::payloads::{Kind, Types};
use super::playout::{Depth, Ledger, Slots};
use super::rest::Rest;
use super::timing::Timing;
use crate::config::JitterBuffer;
use crate::facts::RtpFacts;
use crate::media::Announcement;
use crate::model;
use crate::packet::{Endpoint, Nanos, PathId};

pub(super) use restart::Provisional;

/// From this jump on, the timestamps must confirm that it is loss and no restart.
const CHECKED_JUMP: u16 = 100;

/// A marker after a pause this long begins a talk spurt, at which a receiver may fill its buffer anew.
const PAUSE: i64 = 100 * Nanos::MILLI;

/// What the configuration says about every stream.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub buffer: JitterBuffer,
    pub idle: i64,
    pub interval_points: u16,
    pub digits: Allowance,
}

/// What a stream did with a packet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// It belongs to the stream.
    Taken(RtpFacts),
    /// The sender started anew: this packet and the pending ones belong to another stream.
    Restart,
}

/// One RTP stream. Six cache lines, not parts of seven.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Stream {
    /// From 1.
    pub id: u32,
    /// Call id; 0 without.
    pub call: u32,
    /// SDP has spoken since the payload types were last resolved.
    pub stale: bool,
    pub one_path: bool,
    pub payload_type: u8,
    pub kind: Kind,
    pub late_run: u8,
    /// The newest packet was media, so that the step to the next one counts.
    pub neighbour: bool,
    pub path: PathId,
    /// Extended sequence number of the newest packet.
    pub newest: u64,
    pub slots: Slots,
    pub last_at: Nanos,
    pub last_frame: u64,
    /// Distinct packets.
    pub packets: u64,
    /// Payload bytes and packets of the current payload type since `Type::packets` was brought up to date.
    pub run: u64,
    /// Payload bytes of media packets.
    pub octets: u64,
    pub timestamp: u32,
    pub step: u32,
    pub steps: u32,
    pub delta_min: i64,
    pub delta_max: i64,
    pub timing: Timing,
    pub interval: Interval,
    pub depth: Depth,
    pub rest: Box<Rest>,
}

impl Stream {
    /// Begins with `arrival`, which it takes.
    pub fn new(
        id: u32,
        cx: (Endpoint, Endpoint),
        arrival: &Arrival,
        announced: [Option<Arc<Announcement>>; 2],
        settings: &Settings,
    ) -> Self {
        let first = 0x1_0000 + u64::from(arrival.header.sequence);
        let mut stream = Self {
            id,
            call: 0,
            stale: false,
            one_path: true,
            payload_type: u8::MAX,
            kind: Kind::Unknown,
            late_run: 0,
            neighbour: false,
            path: arrival.path,
            newest: first,
            slots: Slots::new(),
            last_at: arrival.at,
            last_frame: arrival.frame,
            packets: 0,
            run: 0,
            octets: 0,
            timestamp: 0,
            step: 0,
            steps: 0,
            delta_min: i64::MAX,
            delta_max: i64::MIN,
            timing: Timing::new(),
            interval: Interval::new(arrival.at),
            depth: Depth::new(settings.buffer),
            rest: Box::new(Rest::new(cx, arrival, settings)),
        };
        stream.announced(announced);
        stream.interval.advance(1);
        stream.take(arrival, 1);
        stream.delta_min = i64::MAX;
        stream.delta_max = i64::MIN;
        stream
    }

    /// Takes the next packet with this stream's addresses and SSRC.
    #[inline(always)]
    pub fn receive(&mut self, a: &Arrival, settings: &Settings) -> Outcome {
        if a.at.0.wrapping_sub(self.last_at.0) > settings.idle {
            return Outcome::Restart;
        }
        let ahead = a.header.sequence.wrapping_sub(self.newest as u16);
        if ahead.wrapping_sub(1) < CHECKED_JUMP {
            return Outcome::Taken(self.ahead(a, u32::from(ahead)));
        }
        self.unusual(a, ahead)
    }

    /// As [`Self::receive`] where nobody asks what the packet told; false where that gives [`Outcome::Restart`].
    #[inline(always)]
    pub fn follow(&mut self, a: &Arrival, settings: &Settings) -> bool {
        if a.at.0.wrapping_sub(self.last_at.0) > settings.idle {
            return false;
        }
        let ahead = a.header.sequence.wrapping_sub(self.newest as u16);
        if ahead == 1 {
            // Apart from the others, so that nothing asks again what was lost before it.
            self.ahead(a, 1);
            return true;
        }
        self.follow_gap(a, ahead)
    }

    #[cold]
    fn follow_gap(&mut self, a: &Arrival, ahead: u16) -> bool {
        if ahead.wrapping_sub(1) < CHECKED_JUMP {
            self.far_ahead(a, u32::from(ahead));
            return true;
        }
        self.unusual(a, ahead) != Outcome::Restart
    }

    /// Reads a field from about every cache line that the next packet touches.
    #[inline(always)]
    pub fn touch(&self) -> u64 {
        self.newest ^ self.slots.touch() ^ self.timing.touch() ^ u64::from(self.interval.expected)
    }

    #[inline(always)]
    fn ahead(&mut self, a: &Arrival, n: u32) -> RtpFacts {
        if !self.one_path || a.path != self.path {
            self.on_path(a, self.newest + u64::from(n));
        }
        self.slots.advance(self.newest, n);
        self.newest += u64::from(n);
        if self.interval.is_over(a.at) {
            self.next_interval(a.at);
        }
        self.interval.advance(n);
        if n > 1 {
            if self.slots.is_bad(self.newest, n) {
                // What is missing goes on where a late packet was.
                self.more_runs(-1);
            }
            self.rest.trouble(a.frame);
        }
        RtpFacts { lost_before: n - 1, ..self.take(a, n) }
    }

    #[cold]
    fn next_interval(&mut self, at: Nanos) {
        self.rest.history.closed(&self.interval, self.timing.jitter_sum());
        self.interval = self.interval.next(at);
    }

    /// The same for the rarer callers, not inlined.
    #[cold]
    fn far_ahead(&mut self, a: &Arrival, n: u32) -> RtpFacts {
        self.ahead(a, n)
    }

    /// A packet up to the reorder window behind the newest: overtaken, a duplicate, or a copy.
    #[cold]
    fn behind(&mut self, a: &Arrival, back: u32) -> RtpFacts {
        let ext = self.newest - u64::from(back);
        let same_way = if self.one_path && a.path == self.path { true } else { self.on_path(a, ext) };
        let first = u32::try_from(self.newest - self.rest.first).unwrap_or(u32::MAX);
        if back > first {
            self.slots.extend(first, back);
            self.rest.first = ext;
            self.rest.first_timestamp = a.header.timestamp;
            self.interval.expected += back - first;
            self.interval.lost += back - first;
            self.more_runs(i32::from(!self.slots.is_bad(self.newest, first)));
        } else if self.slots.has(back) {
            self.rest.duplicates += u64::from(same_way);
            return RtpFacts { duplicate: true, ..RtpFacts::default() };
        }
        self.slots.fill(back);
        if !self.interval.found() {
            self.rest.history.found();
        }
        self.more_runs(-self.slots.runs_with(self.newest, back));
        self.rest.out_of_order += 1;
        self.neighbour = false;
        let facts = self.take_back(a, back);
        self.neighbour = false;
        facts
    }

    /// There are so many runs of lost and late packets more or less, of late.
    pub fn more_runs(&mut self, n: i32) {
        let before = self.interval.more_runs(n);
        if before != 0 {
            self.rest.history.more_runs(before);
        }
    }

    /// Notes the way by which a packet came; true when it had come that way before.
    #[cold]
    fn on_path(&mut self, a: &Arrival, ext: u64) -> bool {
        if self.one_path {
            self.one_path = false;
            self.rest.paths.split(self.path, self.packets, self.newest, self.slots.received());
        }
        self.rest.paths.packet(a.path, ext)
    }

    #[inline(always)]
    fn take(&mut self, a: &Arrival, n: u32) -> RtpFacts {
        let facts = self.take_back(a, 0);
        if matches!(self.kind, Kind::Event | Kind::Noise) {
            self.neighbour = false;
            return facts;
        }
        if n == 1 && self.neighbour {
            let step = a.header.timestamp.wrapping_sub(self.timestamp);
            if step == self.step {
                self.steps += 1;
            } else {
                self.rest.steps.add(self.step, std::mem::take(&mut self.steps));
                (self.step, self.steps) = (step, 1);
            }
        }
        self.timestamp = a.header.timestamp;
        self.neighbour = true;
        facts
    }

    /// What every distinct packet does, `back` below the newest.
    #[inline(always)]
    fn take_back(&mut self, a: &Arrival, back: u32) -> RtpFacts {
        let delta = a.at.0.wrapping_sub(self.last_at.0);
        if delta < self.delta_min {
            self.delta_min = delta;
        }
        if delta > self.delta_max {
            self.delta_max = delta;
        }
        self.last_at = a.at;
        self.last_frame = a.frame;
        let first = self.packets == 0;
        self.packets += 1;
        if a.header.payload_type != self.payload_type {
            self.switch_type(a);
        }
        self.run += 1;
        let delta_ms = (!first && a.at.is_known()).then_some(delta as f32 / 1e6);
        if self.kind == Kind::Event {
            self.event(a);
        }
        if matches!(self.kind, Kind::Event | Kind::Noise) {
            return RtpFacts { delta_ms, ..RtpFacts::default() };
        }
        self.octets += u64::from(a.payload_len.unwrap_or(0));
        let resumed = a.header.marker && delta > PAUSE;
        let (jitter_ms, late) = self.timed(a, back, resumed);
        RtpFacts { jitter_ms, delta_ms, late, ..RtpFacts::default() }
    }

    /// What RTCP told about it.
    pub fn feedback(&mut self) -> &mut Feedback {
        self.rest.feedback.get_or_insert_default()
    }

    /// Payload types with every packet counted.
    pub fn types(&self) -> Types {
        let mut types = self.rest.types.clone();
        if let Some(current) = types.get_mut(self.payload_type) {
            current.packets += self.run;
        }
        types
    }

    /// When its packets came is known.
    pub fn is_timed(&self) -> bool {
        self.rest.start.is_known() && self.last_at.is_known()
    }

    /// First to last packet, s; by the media clock where nobody noted when they came.
    pub fn seconds(&self) -> Option<f64> {
        let timed = self.last_at.known_seconds_since(self.rest.start);
        timed.map(|s| s.max(0.0)).or_else(|| self.rest.media.as_ref()?.seconds())
    }

    /// Time between packets; `None` with one packet.
    pub fn delta_ms(&self) -> Option<model::Delta> {
        let between = self.packets.checked_sub(1).filter(|&n| n > 0 && self.is_timed())?;
        Some(model::Delta {
            min: self.delta_min.max(0) as f64 / 1e6,
            mean: self.last_at.millis_since(self.rest.start).max(0.0) / between as f64,
            max: self.delta_max.max(0) as f64 / 1e6,
        })
    }

    /// Packets from the lowest to the highest sequence number.
    pub fn expected(&self) -> u64 {
        self.newest - self.rest.first + 1
    }

    /// The slots so far, as if the stream ended here.
    pub fn ledger(&self) -> Ledger {
        self.slots.close(self.newest)
    }

    /// The most frequent timestamp step between neighbours.
    pub fn frequent_step(&self) -> Option<u32> {
        let mut steps = self.rest.steps.clone();
        steps.add(self.step, self.steps);
        steps.most_frequent()
    }
}
