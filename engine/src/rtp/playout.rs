//! The receiver's jitter buffer: one slot per sequence number, decided once it has left the reorder window
//! as played, lost or late, for the configured depth and for every depth of the curve.

use crate::config::JitterBuffer;
use crate::quality::burst::Bursts;

/// Sequence numbers that may still come late, newest included.
pub(super) const WINDOW: u32 = 128;

/// Depths of the curve in ms.
pub(super) const DEPTHS: [u16; 9] = [20, 40, 60, 80, 100, 150, 200, 300, 500];

/// Mask bit of the configured depth, after those of the curve.
const CONFIGURED: u16 = 1 << DEPTHS.len();

/// Slot level: late for the configured depth. The low bits count the depths of the curve that are too small.
const LATE: u8 = 0x80;

/// Clock arithmetic in floating point; a packet exactly at its deadline is in time.
const SLACK_MS: f64 = 1e-6;

/// An adaptive buffer stays within these.
const ADAPTIVE_MS: std::ops::RangeInclusive<f64> = 20.0..=500.0;

/// How late one packet was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level(u8);

impl Level {
    /// For the configured buffer.
    pub fn is_late(self) -> bool {
        self.0 & LATE != 0
    }

    fn bad(self) -> u16 {
        let curve = (1 << (self.0 & !LATE)) - 1;
        if self.is_late() { curve | CONFIGURED } else { curve }
    }
}

/// The depth of the configured buffer now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depth {
    kind: JitterBuffer,
    ms: f64,
    /// Packets no later than this are in time for every depth.
    harmless_ms: f64,
}

impl Depth {
    pub fn new(kind: JitterBuffer) -> Self {
        let ms = match kind {
            JitterBuffer::Fixed(ms) => f64::from(ms),
            JitterBuffer::Adaptive => 60.0,
            JitterBuffer::None => f64::INFINITY,
        };
        Self { kind, ms, harmless_ms: ms.min(f64::from(DEPTHS[0])) + SLACK_MS }
    }

    /// The delay that the buffer adds, ms.
    pub fn delay_ms(&self) -> f64 {
        if self.kind == JitterBuffer::None { 0.0 } else { self.ms }
    }

    /// The deadline, ms behind the reference; infinite without a buffer.
    pub fn deadline_ms(&self) -> f64 {
        self.ms
    }

    /// Judges a packet that came `behind_ms` behind the reference. `None`: in time for any depth.
    #[inline]
    pub fn judge(&mut self, behind_ms: f64, jitter_ms: f64) -> Option<Level> {
        if self.kind == JitterBuffer::Adaptive {
            return self.adapt(behind_ms, jitter_ms);
        }
        if behind_ms <= self.harmless_ms {
            return None;
        }
        Some(self.level(behind_ms))
    }

    #[cold]
    fn level(&self, behind_ms: f64) -> Level {
        let behind = behind_ms - SLACK_MS;
        let depths = DEPTHS.iter().filter(|&&depth| behind > f64::from(depth)).count() as u8;
        Level(if behind > self.ms { depths | LATE } else { depths })
    }

    /// Grows at once when a packet was late, shrinks over seconds towards four times the jitter.
    fn adapt(&mut self, behind_ms: f64, jitter_ms: f64) -> Option<Level> {
        let level = self.level(behind_ms);
        let target = (ADAPTIVE_MS.start() + 4.0 * jitter_ms).min(*ADAPTIVE_MS.end());
        if level.is_late() {
            self.ms = (behind_ms * 1.1).clamp(*ADAPTIVE_MS.start(), *ADAPTIVE_MS.end());
        } else {
            self.ms += (target - self.ms) / 512.0;
        }
        (level.0 != 0).then_some(level)
    }
}

/// The reorder window and everything that has left it. The common packet touches only the first three.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    /// Bit n: the sequence number n below the newest has been received.
    seen: u128,
    /// Bit n: that one was late for some depth; see `Ledger::levels`.
    odd: u128,
    /// Slots that left in order, received and in time, since the last that did not; less those slots of the
    /// window that lie before the stream's first packet.
    clean: i64,
    ledger: Box<Ledger>,
}

/// Slots that have left the window.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    /// Level of each slot of the window by sequence number modulo its size; stale where `odd` is unset.
    levels: [Level; WINDOW as usize],
    bursts: Bursts,
    /// Lost slots.
    lost: u64,
    /// Lost or late slots by depth, and the runs they form.
    bad: [u32; DEPTHS.len()],
    runs: [u32; DEPTHS.len()],
    previous: u16,
}

impl Slots {
    /// With the first packet in it.
    pub fn new() -> Self {
        let ledger = Ledger {
            levels: [Level(0); WINDOW as usize],
            bursts: Bursts::default(),
            lost: 0,
            bad: [0; DEPTHS.len()],
            runs: [0; DEPTHS.len()],
            previous: 0,
        };
        Self { seen: u128::MAX, odd: 0, clean: 1 - i64::from(WINDOW), ledger: Box::new(ledger) }
    }

    /// The newest sequence number moves up by `n` (at least 1) from `newest`; those between are missing so far.
    #[inline]
    pub fn advance(&mut self, newest: u64, n: u32) {
        const OLDEST: u128 = 1 << (WINDOW - 1);
        if n == 1 && self.seen & !self.odd & OLDEST != 0 {
            self.clean += 1;
            self.seen = (self.seen << 1) | 1;
            self.odd <<= 1;
        } else {
            self.advance_slowly(newest, n);
        }
    }

    /// See `Stream::touch`.
    #[inline(always)]
    pub fn touch(&self) -> u64 {
        self.seen as u64
    }

    #[cold]
    fn advance_slowly(&mut self, newest: u64, n: u32) {
        for back in (WINDOW - n.min(WINDOW)..WINDOW).rev() {
            self.leave(newest, back);
        }
        if n >= WINDOW {
            self.lost(n - WINDOW);
            (self.seen, self.odd) = (1, 0);
        } else {
            self.seen = (self.seen << n) | 1;
            self.odd <<= n;
        }
    }

    fn leave(&mut self, newest: u64, back: u32) {
        if (self.seen >> back) & 1 == 0 {
            self.bad(None);
        } else if (self.odd >> back) & 1 == 0 {
            self.clean += 1;
        } else {
            self.bad(Some(self.ledger.levels[index(newest, back)]));
        }
    }

    /// So many slots were lost in a row, after one that has left the window.
    fn lost(&mut self, n: u32) {
        if n > 0 {
            self.bad(None);
            self.ledger.push_lost(n - 1);
        }
    }

    /// A slot that was lost (`None`) or late for some depth.
    fn bad(&mut self, level: Option<Level>) {
        if self.clean > 0 {
            self.ledger.bursts.push_run(false, self.clean as u64);
            self.ledger.previous = 0;
            self.clean = 0;
        }
        self.ledger.push(level);
    }

    /// The sequence number `back` below the newest has been received.
    pub fn has(&self, back: u32) -> bool {
        (self.seen >> back) & 1 != 0
    }

    /// Received ones, bit n for the n-th below the newest.
    pub fn received(&self) -> u128 {
        self.seen
    }

    /// It comes only now.
    pub fn fill(&mut self, back: u32) {
        self.seen |= 1 << back;
    }

    /// A packet `back` below the newest came from before the first one, which is `first` below.
    pub fn extend(&mut self, first: u32, back: u32) {
        (first + 1..back).for_each(|between| self.seen &= !(1 << between));
        self.clean += i64::from(back - first);
    }

    /// It came too late for some depth.
    pub fn mark(&mut self, newest: u64, back: u32, level: Level) {
        self.odd |= 1 << back;
        self.ledger.levels[index(newest, back)] = level;
    }

    /// It was in time after all; tells whether it had been late.
    pub fn forgive(&mut self, newest: u64, back: u32) -> bool {
        let odd = self.odd & (1 << back) != 0;
        self.odd &= !(1 << back);
        odd && self.ledger.levels[index(newest, back)].is_late()
    }

    /// The sequence number `back` below the newest is missing so far, or came late. What has left the window is taken for
    /// played.
    pub fn is_bad(&self, newest: u64, back: u32) -> bool {
        let is_late = || self.odd & (1 << back) != 0 && self.ledger.levels[index(newest, back)].is_late();
        back < WINDOW && (!self.has(back) || is_late())
    }

    /// How many runs of bad slots there are more when this one is bad than when it is good: it may begin one (1), make one
    /// longer (0) or make one of two (-1).
    pub fn runs_with(&self, newest: u64, back: u32) -> i32 {
        let (before, after) = (self.is_bad(newest, back + 1), back > 0 && self.is_bad(newest, back - 1));
        1 - i32::from(before) - i32::from(after)
    }

    /// Slots that left the window without a packet.
    pub fn given_up(&self) -> u64 {
        self.ledger.lost
    }

    /// Everything up to the newest, as if the stream ended here.
    pub fn close(&self, newest: u64) -> Ledger {
        let mut all = self.clone();
        (0..WINDOW).rev().for_each(|back| all.leave(newest, back));
        if all.clean > 0 {
            all.ledger.bursts.push_run(false, all.clean as u64);
        }
        *all.ledger
    }
}

fn index(newest: u64, back: u32) -> usize {
    (newest.wrapping_sub(u64::from(back)) % u64::from(WINDOW)) as usize
}

impl Ledger {
    fn push(&mut self, level: Option<Level>) {
        self.lost += u64::from(level.is_none());
        let bad = level.map_or(u16::MAX, Level::bad);
        self.bursts.push(bad & CONFIGURED != 0);
        let begins = bad & !self.previous;
        for depth in 0..DEPTHS.len() {
            self.bad[depth] = self.bad[depth].saturating_add(u32::from((bad >> depth) & 1));
            self.runs[depth] = self.runs[depth].saturating_add(u32::from((begins >> depth) & 1));
        }
        self.previous = bad;
    }

    /// `n` more lost slots behind a lost one.
    fn push_lost(&mut self, n: u32) {
        self.lost += u64::from(n);
        self.bursts.push_run(true, u64::from(n));
        self.bad.iter_mut().for_each(|bad| *bad = bad.saturating_add(n));
    }

    /// Bursts and gaps with the configured buffer.
    pub fn bursts(&self) -> &Bursts {
        &self.bursts
    }

    /// Lost or late slots with a buffer of `DEPTHS[depth]`, and their burst ratio among `expected`.
    pub fn at_depth(&self, depth: usize, expected: u64) -> (u64, f64) {
        let bad = u64::from(self.bad[depth]);
        (bad, burst_ratio(bad, u64::from(self.runs[depth]), expected))
    }
}

/// Mean loss run against that of random loss at the same rate (G.107 section 7.3), at least 1.
pub(super) fn burst_ratio(bad: u64, runs: u64, expected: u64) -> f64 {
    if runs == 0 || expected == 0 {
        return 1.0;
    }
    let mean_run = bad as f64 / runs as f64;
    (mean_run * (1.0 - bad as f64 / expected as f64)).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds sequence numbers in order, without those in `lost`, from a first packet 0.
    fn with_losses(n: u64, lost: &[u64]) -> Ledger {
        let mut slots = Slots::new();
        let mut newest = 0;
        for seq in (1..n).filter(|seq| !lost.contains(seq)) {
            slots.advance(newest, (seq - newest) as u32);
            newest = seq;
        }
        slots.close(newest)
    }

    #[test]
    fn losses_and_runs_by_depth() {
        let ledger = with_losses(1000, &[100, 101, 102, 110, 300, 305, 306, 307, 308, 400]);
        assert_eq!(ledger.lost, 10);
        for depth in 0..DEPTHS.len() {
            let (bad, ratio) = ledger.at_depth(depth, 1000);
            assert_eq!(bad, 10);
            assert!((ratio - 10.0 / 5.0 * 0.99).abs() < 1e-12);
        }
    }

    #[test]
    fn a_long_outage_counts_every_slot() {
        let lost: Vec<u64> = (200..1200).collect();
        let ledger = with_losses(2000, &lost);
        assert_eq!(ledger.at_depth(0, 2000), (1000, 1000.0 * 0.5));
    }

    #[test]
    fn levels_by_depth() {
        let mut depth = Depth::new(JitterBuffer::Fixed(60));
        assert_eq!(depth.judge(20.0, 0.0), None);
        let level = depth.judge(60.0, 0.0).unwrap();
        assert!(!level.is_late());
        assert_eq!(level.bad(), 0b11, "too late for 20 and 40");
        let level = depth.judge(600.0, 0.0).unwrap();
        assert_eq!(level.bad(), 0b11_1111_1111);
        assert_eq!(Depth::new(JitterBuffer::None).judge(60.0, 0.0).map(Level::is_late), Some(false));
    }

    #[test]
    fn late_slots_count_at_their_depths_only() {
        let mut slots = Slots::new();
        let mut depth = Depth::new(JitterBuffer::Fixed(60));
        slots.advance(0, 1);
        slots.mark(1, 0, depth.judge(90.0, 0.0).unwrap());
        slots.advance(1, 1);
        let ledger = slots.close(2);
        let bad: Vec<u64> = (0..DEPTHS.len()).map(|depth| ledger.at_depth(depth, 3).0).collect();
        assert_eq!(bad, [1, 1, 1, 1, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn an_adaptive_buffer_grows_at_once_and_shrinks_slowly() {
        let mut depth = Depth::new(JitterBuffer::Adaptive);
        assert!(depth.judge(200.0, 30.0).unwrap().is_late());
        assert!(!depth.judge(200.0, 30.0).unwrap().is_late());
        for _ in 0..5_000 {
            depth.judge(1.0, 0.5);
        }
        assert!((20.0..24.0).contains(&depth.delay_ms()), "{}", depth.delay_ms());
        depth.judge(5_000.0, 30.0);
        assert_eq!(depth.delay_ms(), 500.0);
    }
}
