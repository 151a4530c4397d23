//! One RTP stream: sequence space (RFC 3550 appendix A.1), duplicates and copies, and the way of each packet
//! into jitter, lateness and intervals. The fields that every packet touches lie together; the rest is boxed.

use std::sync::Arc;

use super::Header;
use super::events::{Digits, Payload};
use super::feedback::Feedback;
use super::interval::{Interval, Worst};
use super::paths::Paths;
use super::payloads::{Kind, Source, Steps, Type, Types};
use super::playout::{Depth, Ledger, Level, Slots, WINDOW};
use super::timing::{Step, Timing};
use super::unclocked::{Queued, Unclocked};
use super::untimed::MediaTime;
use crate::config::JitterBuffer;
use crate::facts::RtpFacts;
use crate::media::Announcement;
use crate::model;
use crate::packet::{Context, Endpoint, Nanos, PathId};

/// A sequence number may run ahead by this much and still be loss (RFC 3550 appendix A.1).
const MAX_DROPOUT: u16 = 3_000;

/// From this jump on, the timestamps must confirm that it is loss and no restart.
const CHECKED_JUMP: u16 = 100;

/// By how much timestamps and arrival may disagree over such a jump.
const RESTART_MS: f64 = 2_000.0;

/// Two packets of a restarted sequence follow each other within this.
const CONFIRMED_WITHIN: i64 = 5 * Nanos::SECOND;

/// Packets of a sequence that may have restarted, kept until the next one confirms it.
const MAX_PENDING: usize = 8;

/// A marker after a pause this long begins a talk spurt, at which a receiver may fill its buffer anew.
const PAUSE: i64 = 100 * Nanos::MILLI;

/// After so many late packets in a row it is asked whether the delay has shifted.
const LATE_RUN: u8 = 16;

/// Frames kept that show the trouble.
const MAX_TROUBLE: usize = 16;

/// What the configuration says about every stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub buffer: JitterBuffer,
    pub idle: i64,
}

/// One packet on its way into a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub frame: u64,
    pub at: Nanos,
    pub path: PathId,
    pub header: Header,
    /// On the wire, where known.
    pub payload_len: Option<u16>,
    /// The first payload bytes; zero beyond `head_len`.
    head: [u8; 4],
    head_len: u8,
}

impl Arrival {
    pub fn new(cx: &Context, header: Header, payload_len: Option<u16>, payload: &[u8]) -> Self {
        let head_len = payload.len().min(4);
        let mut head = [0; 4];
        head[..head_len].copy_from_slice(&payload[..head_len]);
        Self {
            frame: cx.frame,
            at: cx.at,
            path: cx.path,
            header,
            payload_len,
            head,
            head_len: head_len as u8,
        }
    }

    /// At most the first four payload bytes.
    pub fn head(&self) -> &[u8] {
        &self.head[..usize::from(self.head_len)]
    }
}

/// What a stream did with a packet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// It belongs to the stream.
    Taken(RtpFacts),
    /// The sender started anew: this packet and the pending ones belong to another stream.
    Restart,
}

/// How a packet far from the expected sequence number was counted until more is known.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Provisional {
    Late,
    Duplicate,
    Nothing,
}

/// One RTP stream.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    /// From 1.
    pub id: u32,
    /// Call id; 0 without.
    pub call: u32,
    /// SDP has spoken since the payload types were last resolved.
    pub stale: bool,
    one_path: bool,
    payload_type: u8,
    kind: Kind,
    late_run: u8,
    /// The newest packet was media, so that the step to the next one counts.
    neighbour: bool,
    path: PathId,
    /// Extended sequence number of the first and of the newest packet.
    pub first: u64,
    pub newest: u64,
    slots: Slots,
    pub last_at: Nanos,
    pub last_frame: u64,
    /// Distinct packets.
    pub packets: u64,
    /// Payload bytes and packets of the current payload type since `Type::packets` was brought up to date.
    run: u64,
    /// Payload bytes of media packets.
    pub octets: u64,
    timestamp: u32,
    step: u32,
    steps: u32,
    delta_min: i64,
    delta_max: i64,
    pub timing: Timing,
    pub interval: Interval,
    pub depth: Depth,
    pub rest: Box<Rest>,
}

/// What only some packets touch.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    pub source: Endpoint,
    pub destination: Endpoint,
    pub ssrc: u32,
    pub start: Nanos,
    pub first_frame: u64,
    pub first_timestamp: u32,
    pub duplicates: u64,
    pub out_of_order: u64,
    pub late: u64,
    /// Late packets from beyond the reorder window.
    stragglers: u64,
    pub types: Types,
    steps: Steps,
    pub paths: Paths,
    pub digits: Digits,
    pub worst: Worst,
    pub trouble: Vec<u64>,
    pending: Vec<(Arrival, Provisional)>,
    unclocked: Option<Box<Unclocked>>,
    media: MediaTime,
    late_run: LateRun,
    pub feedback: Option<Box<Feedback>>,
    /// What the receiver announced, and what the sender did.
    pub announced: [Option<Arc<Announcement>>; 2],
    pub encrypted: bool,
}

/// Late packets in a row.
#[derive(Clone, Copy, Debug, Default)]
struct LateRun {
    first: u64,
    fastest_ms: f64,
    slowest_ms: f64,
    trouble: usize,
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
            first,
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
            rest: Box::new(Rest::new(cx, arrival)),
        };
        stream.announced(announced);
        stream.interval.advance(1);
        stream.take(arrival, 1);
        stream.delta_min = i64::MAX;
        stream.delta_max = i64::MIN;
        stream
    }

    /// Takes the next packet with this stream's addresses and SSRC.
    #[inline]
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

    #[cold]
    fn unusual(&mut self, a: &Arrival, ahead: u16) -> Outcome {
        let back = u32::from(ahead.wrapping_neg());
        if back < WINDOW {
            return Outcome::Taken(self.behind(a, back));
        }
        if ahead <= MAX_DROPOUT && !self.timestamps_moved(a) {
            return Outcome::Taken(self.ahead(a, u32::from(ahead)));
        }
        self.far(a, back)
    }

    fn timestamps_moved(&self, a: &Arrival) -> bool {
        let clock_hz = self.rest.types.get(a.header.payload_type).map_or(0, |known| known.clock_hz);
        if clock_hz == 0 || !self.neighbour || !a.at.is_known() {
            return false;
        }
        let ticks = a.header.timestamp.wrapping_sub(self.timestamp).cast_signed();
        let media_ms = f64::from(ticks) * 1000.0 / f64::from(clock_hz);
        (media_ms - a.at.millis_since(self.last_at)).abs() > RESTART_MS
    }

    /// A packet far from the expected sequence number: a straggler, or the first one after a restart.
    fn far(&mut self, a: &Arrival, back: u32) -> Outcome {
        let rest = &mut *self.rest;
        let sequence = a.header.sequence;
        let recent =
            rest.pending.last().filter(|(last, _)| a.at.0.wrapping_sub(last.at.0) < CONFIRMED_WITHIN);
        let after = recent.map(|(last, _)| sequence.wrapping_sub(last.header.sequence));
        if after == Some(1) {
            return Outcome::Restart;
        }
        if after != Some(0) || rest.pending.len() >= MAX_PENDING {
            rest.pending.clear();
        }
        let counted = if back > u32::from(MAX_DROPOUT) {
            Provisional::Nothing
        } else if self.slots.given_up() > rest.stragglers {
            rest.stragglers += 1;
            rest.late += 1;
            rest.out_of_order += 1;
            self.packets += 1;
            Provisional::Late
        } else {
            rest.duplicates += 1;
            Provisional::Duplicate
        };
        rest.pending.push((*a, counted));
        Outcome::Taken(RtpFacts { late: counted == Provisional::Late, ..RtpFacts::default() })
    }

    /// Gives up the packets of the restarted sequence, for the stream that they begin.
    pub fn release_pending(&mut self, next: &Arrival) -> Vec<Arrival> {
        let pending = std::mem::take(&mut self.rest.pending);
        let last = pending.last().map(|(last, _)| last.header.sequence);
        if last != Some(next.header.sequence.wrapping_sub(1)) {
            return Vec::new();
        }
        for (_, counted) in &pending {
            match counted {
                Provisional::Nothing => {}
                Provisional::Duplicate => self.rest.duplicates -= 1,
                Provisional::Late => {
                    self.rest.stragglers -= 1;
                    self.rest.late -= 1;
                    self.rest.out_of_order -= 1;
                    self.packets -= 1;
                }
            }
        }
        pending.into_iter().map(|(arrival, _)| arrival).collect()
    }

    #[inline]
    fn ahead(&mut self, a: &Arrival, n: u32) -> RtpFacts {
        if !self.one_path || a.path != self.path {
            self.on_path(a, self.newest + u64::from(n));
        }
        self.slots.advance(self.newest, n);
        self.newest += u64::from(n);
        if self.interval.is_over(a.at) {
            self.rest.worst.closed(self.interval);
            self.interval = self.interval.next(a.at);
        }
        self.interval.advance(n);
        if n > 1 {
            self.rest.trouble(a.frame);
        }
        RtpFacts { lost_before: n - 1, ..self.take(a, n) }
    }

    /// A packet up to the reorder window behind the newest: overtaken, a duplicate, or a copy.
    fn behind(&mut self, a: &Arrival, back: u32) -> RtpFacts {
        let ext = self.newest - u64::from(back);
        let same_way = if self.one_path && a.path == self.path { true } else { self.on_path(a, ext) };
        let first = (self.newest - self.first) as u32;
        if back > first {
            self.slots.extend(first, back);
            self.first = ext;
            self.rest.first_timestamp = a.header.timestamp;
            self.interval.expected += back - first;
            self.interval.lost += back - first;
        } else if self.slots.has(back) {
            self.rest.duplicates += u64::from(same_way);
            return RtpFacts { duplicate: true, ..RtpFacts::default() };
        }
        self.slots.fill(back);
        self.interval.found();
        self.rest.out_of_order += 1;
        self.neighbour = false;
        let facts = self.take_back(a, back);
        self.neighbour = false;
        facts
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
    #[inline]
    fn take_back(&mut self, a: &Arrival, back: u32) -> RtpFacts {
        let delta = a.at.0.wrapping_sub(self.last_at.0);
        self.delta_min = self.delta_min.min(delta);
        self.delta_max = self.delta_max.max(delta);
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

    #[inline]
    fn timed(&mut self, a: &Arrival, back: u32, resumed: bool) -> (Option<f32>, bool) {
        if !a.at.is_known() {
            return self.untimed(a);
        }
        if !self.timing.has_clock() {
            return self.unclocked(a, back, resumed);
        }
        let step = self.timing.packet(a.at, a.header.timestamp, resumed);
        let late = self.kind != Kind::Video && self.judge(&step, a.frame, back, resumed);
        (Some(step.jitter_ms as f32), late)
    }

    #[inline]
    fn judge(&mut self, step: &Step, frame: u64, back: u32, resumed: bool) -> bool {
        let Some(level) = self.depth.judge(step.behind_ms, step.jitter_ms) else {
            self.late_run = 0;
            return false;
        };
        self.too_slow(level, step, (frame, back), resumed)
    }

    #[cold]
    fn too_slow(&mut self, level: Level, step: &Step, (frame, back): (u64, u32), resumed: bool) -> bool {
        if resumed {
            self.timing.rebase(step.transit_ms);
            self.late_run = 0;
            return false;
        }
        self.slots.mark(self.newest, back, level);
        if !level.is_late() {
            self.late_run = 0;
            return false;
        }
        let (fastest, slowest) = (step.transit_ms, step.transit_ms);
        let run = &mut self.rest.late_run;
        if self.late_run == 0 {
            let first = self.newest - u64::from(back);
            let trouble = self.rest.trouble.len();
            *run = LateRun { first, fastest_ms: fastest, slowest_ms: slowest, trouble };
        }
        run.fastest_ms = run.fastest_ms.min(fastest);
        run.slowest_ms = run.slowest_ms.max(slowest);
        self.late_run += 1;
        self.rest.late += 1;
        self.interval.late();
        self.rest.trouble(frame);
        if self.late_run >= LATE_RUN {
            self.refill();
        }
        true
    }

    /// Late packets in a row. Where they lie as close together as packets in time, the delay has only
    /// shifted (a new route, a sender whose timestamps stood still): a receiver fills its buffer anew and
    /// loses nothing by that. After a stall they come at once, and stay late.
    fn refill(&mut self) {
        self.late_run = 0;
        let run = self.rest.late_run;
        if run.slowest_ms - run.fastest_ms > self.depth.deadline_ms() {
            return;
        }
        self.timing.rebase(run.fastest_ms);
        let from = self.newest.saturating_sub(run.first).min(u64::from(WINDOW - 1)) as u32;
        let forgiven = (0..=from).filter(|&back| self.slots.forgive(self.newest, back)).count() as u32;
        self.rest.late = self.rest.late.saturating_sub(u64::from(forgiven));
        self.interval.forgive(forgiven);
        self.rest.trouble.truncate(run.trouble);
    }

    /// Nobody noted when it came: only the media clock runs on.
    #[cold]
    fn untimed(&mut self, a: &Arrival) -> (Option<f32>, bool) {
        let clock_hz = self.rest.types.get(self.payload_type).map_or(0, |known| known.clock_hz);
        self.rest.media.packet(a.header.timestamp, clock_hz);
        (None, false)
    }

    /// No clock yet: the packet waits until one can be inferred.
    #[cold]
    fn unclocked(&mut self, a: &Arrival, back: u32, resumed: bool) -> (Option<f32>, bool) {
        let step = self.frequent_step().unwrap_or(0);
        let queued = Queued {
            frame: a.frame,
            at: a.at,
            timestamp: a.header.timestamp,
            ext: self.newest - u64::from(back),
            resumed,
        };
        let waiting = self.rest.unclocked.get_or_insert_with(|| Box::new(Unclocked::new(a.at)));
        let Some(clock_hz) = waiting.push(queued, step) else { return (None, false) };
        if let Some(known) = self.rest.types.get_mut(self.payload_type) {
            known.clock_hz = clock_hz;
            known.kind = if clock_hz == 90_000 { Kind::Video } else { Kind::Unknown };
            self.kind = known.kind;
        }
        self.timing.set_clock(clock_hz);
        self.replay()
    }

    /// The clock has become known: the packets that waited for it count now. Tells about the last of them.
    fn replay(&mut self) -> (Option<f32>, bool) {
        let Some(waiting) = self.rest.unclocked.take() else { return (None, false) };
        let mut last = (None, false);
        for queued in waiting.into_packets() {
            let step = self.timing.packet(queued.at, queued.timestamp, queued.resumed);
            let back = self.newest.wrapping_sub(queued.ext);
            let judged = self.kind != Kind::Video && back < u64::from(WINDOW);
            let late = judged && self.judge(&step, queued.frame, back as u32, queued.resumed);
            last = (Some(step.jitter_ms as f32), late);
        }
        last
    }

    fn event(&mut self, a: &Arrival) {
        let inferred = self.rest.types.get(self.payload_type).is_some_and(|t| t.source == Source::Inferred);
        if inferred && a.payload_len != Some(4) {
            // It only looked like an event.
            self.kind = Kind::Unknown;
            if let Some(known) = self.rest.types.get_mut(self.payload_type) {
                known.kind = Kind::Unknown;
            }
        } else if let Some(payload) = Payload::parse(a.head()) {
            self.rest.digits.packet(a.frame, a.at, a.header.timestamp, payload);
        }
    }

    #[cold]
    fn switch_type(&mut self, a: &Arrival) {
        self.settle_run();
        let number = a.header.payload_type;
        if self.rest.types.get(number).is_none() {
            let [receiver, sender] = &self.rest.announced;
            let announced = [receiver.as_ref(), sender.as_ref()];
            self.rest.types.learn(Type::resolve(number, announced, a.head(), a.payload_len));
        }
        self.payload_type = number;
        if self.adopt_type() {
            // Packets of another type that wait for their clock must not get this one's.
            self.rest.unclocked = None;
        }
    }

    /// Takes over kind and clock of the current payload type; true when it is media.
    fn adopt_type(&mut self) -> bool {
        let Some(known) = self.rest.types.get(self.payload_type) else {
            // More types than are told apart: sequence space only.
            self.kind = Kind::Noise;
            return false;
        };
        self.kind = known.kind;
        if known.is_media() {
            self.timing.set_clock(known.clock_hz);
        }
        known.is_media()
    }

    fn settle_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        if let Some(known) = self.rest.types.get_mut(self.payload_type) {
            known.packets += run;
        }
    }

    /// SDP of the receiver and of the sender, as it stands now.
    pub fn announced(&mut self, announced: [Option<Arc<Announcement>>; 2]) {
        self.stale = false;
        // Where the two ends belong to different calls, one of them is left over from the call before.
        let newest = |announcement: &&Arc<Announcement>| (announcement.at, announcement.frame);
        let call_of = announced.iter().flatten().max_by_key(newest);
        let Some(call) = call_of.map(|announcement| announcement.call) else { return };
        self.call = call;
        self.rest.announced = announced.map(|end| end.filter(|announcement| announcement.call == call));
        self.rest.encrypted |= self.rest.announced.iter().flatten().any(|end| end.encrypted);
        let [receiver, sender] = &self.rest.announced;
        let ends = [receiver.as_ref(), sender.as_ref()];
        let numbers: Vec<u8> = self.rest.types.iter().map(|known| known.number).collect();
        let resolved: Vec<Type> =
            numbers.into_iter().map(|number| Type::resolve(number, ends, &[], None)).collect();
        resolved.into_iter().for_each(|known| self.rest.types.learn(known));
        if self.packets > 0 && self.adopt_type() && self.timing.has_clock() {
            self.replay();
        }
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
        self.last_at.known_seconds_since(self.rest.start).or_else(|| self.rest.media.seconds())
    }

    /// Time between packets; `None` with one packet.
    pub fn delta_ms(&self) -> Option<model::Delta> {
        let between = self.packets.checked_sub(1).filter(|&n| n > 0 && self.is_timed())?;
        Some(model::Delta {
            min: self.delta_min.max(0) as f64 / 1e6,
            mean: self.last_at.millis_since(self.rest.start) / between as f64,
            max: self.delta_max.max(0) as f64 / 1e6,
        })
    }

    /// Packets from the lowest to the highest sequence number.
    pub fn expected(&self) -> u64 {
        self.newest - self.first + 1
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

impl Rest {
    fn new((source, destination): (Endpoint, Endpoint), arrival: &Arrival) -> Self {
        Self {
            source,
            destination,
            ssrc: arrival.header.ssrc,
            start: arrival.at,
            first_frame: arrival.frame,
            first_timestamp: arrival.header.timestamp,
            duplicates: 0,
            out_of_order: 0,
            late: 0,
            stragglers: 0,
            types: Types::default(),
            steps: Steps::default(),
            paths: Paths::default(),
            digits: Digits::default(),
            worst: Worst::default(),
            trouble: Vec::new(),
            pending: Vec::new(),
            unclocked: None,
            media: MediaTime::default(),
            late_run: LateRun::default(),
            feedback: None,
            announced: [None, None],
            encrypted: false,
        }
    }

    fn trouble(&mut self, frame: u64) {
        if self.trouble.len() < MAX_TROUBLE && self.trouble.last() != Some(&frame) {
            self.trouble.push(frame);
        }
    }
}
