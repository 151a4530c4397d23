//! The way of a stream's packets by what they carry: payload types and their clocks, jitter, lateness, events.

use std::sync::Arc;

use super::arrival::Arrival;
use super::events::Payload;
use super::payloads::{Kind, Source, Type};
use super::playout::{Level, WINDOW};
use super::rest::LateRun;
use super::stream::Stream;
use super::timing::Step;
use super::unclocked::{Queued, Unclocked};
use crate::media::Announcement;
use crate::packet::Nanos;

/// A stream that rests for so long while another call announces its ports belongs to the call before.
const LEFT_OVER: i64 = Nanos::SECOND;

/// After so many late packets in a row it is asked whether the delay has shifted.
const LATE_RUN: u8 = 16;

/// Where the two ends belong to different calls, one of them is left over from the call before.
fn newest(announced: &[Option<Arc<Announcement>>; 2]) -> Option<&Arc<Announcement>> {
    announced.iter().flatten().max_by_key(|announcement| (announcement.at, announcement.frame))
}

impl Stream {
    #[inline(always)]
    pub fn timed(&mut self, a: &Arrival, back: u32, resumed: bool) -> (Option<f32>, bool) {
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

    /// Nobody noted when it came: only the media clock runs on.
    #[cold]
    fn untimed(&mut self, a: &Arrival) -> (Option<f32>, bool) {
        let clock_hz = self.rest.types.get(self.payload_type).map_or(0, |known| known.clock_hz);
        self.rest.media.get_or_insert_default().packet(a.header.timestamp, clock_hz);
        (None, false)
    }

    #[inline(always)]
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
        if let Some(log) = &mut self.rest.late_log {
            log.push(self.newest - u64::from(back));
        }
        self.interval.late += 1;
        self.more_runs(self.slots.runs_with(self.newest, back));
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
        let oldest = self.newest - u64::from(from);
        if let Some(log) = &mut self.rest.late_log {
            log.retain(|&sequence| sequence < oldest);
        }
        let (mut late, mut runs) = (0, 0);
        for back in 0..=from {
            if self.slots.forgive(self.newest, back) {
                late += 1;
                runs -= self.slots.runs_with(self.newest, back);
            }
        }
        self.rest.late = self.rest.late.saturating_sub(u64::from(late));
        let before = self.interval.forgive(late);
        self.rest.history.forgive(before);
        self.more_runs(runs);
        self.rest.trouble.truncate(run.trouble);
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

    pub fn event(&mut self, a: &Arrival) {
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
    pub fn switch_type(&mut self, a: &Arrival) {
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

    /// Whether these ends belong to another call by now, and this packet is its first: senders that begin every call
    /// with the same SSRC on the same port would else have one stream for all of them.
    #[cold]
    pub fn is_left_over(&self, announced: &[Option<Arc<Announcement>>; 2], a: &Arrival) -> bool {
        let is_later = |call: &u32| *call != self.call && self.call != 0;
        let other = newest(announced).is_some_and(|end| is_later(&end.call) && end.at >= self.last_at);
        other && a.at.is_known() && a.at.0.wrapping_sub(self.last_at.0) >= LEFT_OVER
    }

    /// SDP of the receiver and of the sender, as it stands now.
    pub fn announced(&mut self, announced: [Option<Arc<Announcement>>; 2]) {
        self.stale = false;
        let Some(call) = newest(&announced).map(|announcement| announcement.call) else { return };
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
}
