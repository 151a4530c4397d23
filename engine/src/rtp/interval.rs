//! Ten-second intervals of capture time: which one of a stream sounded worst. Constant memory.

use super::playout::burst_ratio;
use crate::packet::Nanos;

/// Length of an interval.
pub(super) const LENGTH: i64 = 10 * Nanos::SECOND;

/// The last interval of a stream counts from this length on.
const SHORTEST: i64 = 8 * Nanos::SECOND;

/// Intervals are compared before the codec is known; this robustness (Bpl) lies in the middle of all codecs.
const TYPICAL_BPL: f64 = 10.0;

/// Slots of one interval. A gap belongs to the interval of the packet that ends it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Interval {
    /// Where it begins.
    pub start: Nanos,
    /// Packets that should have come.
    pub expected: u32,
    /// Those that did not.
    pub lost: u32,
    /// Those that came after their playout time.
    pub late: u32,
    /// Runs of lost packets, and late packets.
    pub runs: u32,
}

impl Interval {
    /// Beginning with a stream's first packet.
    pub fn new(start: Nanos) -> Self {
        Self { start, ..Self::default() }
    }

    /// `at` lies beyond it.
    #[inline]
    pub fn is_over(&self, at: Nanos) -> bool {
        at.0.wrapping_sub(self.start.0) >= LENGTH
    }

    /// The interval that holds `at`, which lies beyond this one.
    pub fn next(&self, at: Nanos) -> Self {
        let whole = (at.0.wrapping_sub(self.start.0)) / LENGTH;
        Self::new(Nanos(self.start.0.wrapping_add(whole.wrapping_mul(LENGTH))))
    }

    /// `n` slots passed, the last of them with a packet in it.
    #[inline]
    pub fn advance(&mut self, n: u32) {
        self.expected = self.expected.saturating_add(n);
        if n > 1 {
            self.lost = self.lost.saturating_add(n - 1);
            self.runs += 1;
        }
    }

    /// A packet that had been counted as lost came after all.
    pub fn found(&mut self) {
        self.lost = self.lost.saturating_sub(1);
    }

    /// A packet came after its playout time.
    pub fn late(&mut self) {
        self.late += 1;
        self.runs += 1;
    }

    /// `n` packets were not late after all.
    pub fn forgive(&mut self, n: u32) {
        self.late = self.late.saturating_sub(n);
        self.runs = self.runs.saturating_sub(n);
    }

    /// Lost and late packets of those expected, in percent.
    pub fn loss_percent(&self) -> f64 {
        100.0 * self.bad() as f64 / f64::from(self.expected.max(1))
    }

    /// Burst ratio of its losses.
    pub fn burst_ratio(&self) -> f64 {
        burst_ratio(self.bad(), u64::from(self.runs), u64::from(self.expected))
    }

    fn bad(&self) -> u64 {
        u64::from((self.lost.saturating_add(self.late)).min(self.expected))
    }

    /// The loss term of the E-model (G.107 7-29) up to the codec's scale.
    fn badness(&self) -> f64 {
        let loss = self.loss_percent();
        loss / (loss / self.burst_ratio() + TYPICAL_BPL)
    }
}

/// The worst interval so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Worst(Option<Interval>);

impl Worst {
    /// An interval has passed in full. Silent ones do not count.
    pub fn closed(&mut self, interval: Interval) {
        let worse = self.0.is_none_or(|worst| interval.badness() > worst.badness());
        if interval.expected > 0 && worse {
            self.0 = Some(interval);
        }
    }

    /// The worst interval of a stream that ended at `end` in `last`, and its length in seconds.
    pub fn of(mut self, last: Interval, end: Nanos) -> Option<(Interval, f64)> {
        let partial = end.0.wrapping_sub(last.start.0);
        if self.0.is_none() {
            return (partial >= Nanos::SECOND).then(|| (last, end.seconds_since(last.start)));
        }
        let before = self.0;
        if partial >= SHORTEST {
            self.closed(last);
        }
        let seconds = if self.0 == before { LENGTH as f64 / 1e9 } else { end.seconds_since(last.start) };
        self.0.map(|worst| (worst, seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Nanos {
        Nanos(seconds * Nanos::SECOND)
    }

    #[test]
    fn the_worst_of_three() {
        let mut worst = Worst::default();
        for (start, lost) in [(0, 2), (10, 50), (20, 5)] {
            worst.closed(Interval { start: at(start), expected: 500, lost, late: 0, runs: lost });
        }
        let short = Interval { start: at(30), expected: 200, lost: 150, late: 0, runs: 9 };
        let (found, seconds) = worst.of(short, at(37)).unwrap();
        assert_eq!((found.start, seconds), (at(10), 10.0), "seven seconds are too short to count");
        let (found, seconds) = worst.of(short, at(38)).unwrap();
        assert_eq!((found.start, seconds), (at(30), 8.0));
    }

    #[test]
    fn a_short_stream_is_its_one_interval() {
        let only = Interval { start: at(0), expected: 100, lost: 1, late: 0, runs: 1 };
        assert_eq!(Worst::default().of(only, at(2)), Some((only, 2.0)));
        assert_eq!(Worst::default().of(only, Nanos(900 * Nanos::MILLI)), None);
    }

    #[test]
    fn silence_skips_whole_intervals() {
        let interval = Interval::new(at(3));
        assert!(!interval.is_over(Nanos(13 * Nanos::SECOND - 1)));
        assert!(interval.is_over(at(13)));
        assert_eq!(interval.next(at(44)).start, at(43));
    }

    #[test]
    fn bursts_are_worse_than_spread_losses() {
        let spread = Interval { start: at(0), expected: 500, lost: 20, late: 0, runs: 20 };
        let burst = Interval { start: at(10), expected: 500, lost: 20, late: 0, runs: 1 };
        let mut worst = Worst::default();
        worst.closed(spread);
        worst.closed(burst);
        assert_eq!(worst.of(Interval::new(at(20)), at(20)).unwrap().0, burst);
    }
}
