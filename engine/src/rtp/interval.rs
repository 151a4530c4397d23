//! Intervals of capture time: seconds, from which the worst ten of a stream are told and, where it is asked for, how
//! the stream went over time (`series`). Constant memory.

use super::playout::burst_ratio;
use super::series::Series;
use crate::packet::Nanos;

/// What a stream counts into before it is put into longer intervals.
const TICK: i64 = Nanos::SECOND;

/// Length of the intervals of which the worst is told.
const LENGTH: i64 = 10 * Nanos::SECOND;

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
    /// Runs of lost and late packets that begin here.
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
        at.0.wrapping_sub(self.start.0) >= TICK
    }

    /// The one that holds `at`, which lies beyond this one.
    pub fn next(&self, at: Nanos) -> Self {
        self.after(at, TICK)
    }

    /// Of this length.
    fn after(&self, at: Nanos, length: i64) -> Self {
        let whole = (at.0.wrapping_sub(self.start.0)) / length;
        Self::new(Nanos(self.start.0.wrapping_add(whole.wrapping_mul(length))))
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

    /// There are so many runs more or less; what of it was not counted here.
    pub fn more_runs(&mut self, n: i32) -> i32 {
        let fewer = n.min(0).unsigned_abs();
        let here = fewer.min(self.runs);
        self.runs = (self.runs - here).saturating_add(n.max(0).unsigned_abs());
        -(fewer - here).cast_signed()
    }

    /// A packet that had been counted as lost came after all; false when it was not counted here.
    pub fn found(&mut self) -> bool {
        let is_here = self.lost > 0;
        self.lost -= u32::from(is_here);
        is_here
    }

    /// `n` packets were not late after all; tells how many of them were not counted here.
    pub fn forgive(&mut self, n: u32) -> u32 {
        let here = n.min(self.late);
        self.late -= here;
        n - here
    }

    /// What a part of it counted.
    pub fn add(&mut self, part: &Interval) {
        self.expected = self.expected.saturating_add(part.expected);
        self.lost = self.lost.saturating_add(part.lost);
        self.late = self.late.saturating_add(part.late);
        self.runs = self.runs.saturating_add(part.runs);
    }

    /// Lost and late packets of those expected, in percent.
    pub fn loss_percent(&self) -> f64 {
        100.0 * self.bad() as f64 / f64::from(self.expected.max(1))
    }

    /// Burst ratio of its losses.
    pub fn burst_ratio(&self) -> f64 {
        // One run may reach in from the interval before.
        burst_ratio(self.bad(), u64::from(self.runs.max(1)), u64::from(self.expected))
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

/// The seconds of a stream that have passed.
#[derive(Clone, Debug)]
pub(super) struct History {
    ten: Interval,
    worst: Worst,
    series: Option<Box<Series>>,
}

impl History {
    /// Of a stream that begins at `start`; `points` of a series are kept at most.
    pub fn new(start: Nanos, points: u16) -> Self {
        let series = (points > 0).then(|| Box::new(Series::new(start, points)));
        Self { ten: Interval::new(start), worst: Worst::default(), series }
    }

    /// A second has passed. `jitter`: the sum of the jitter after each packet so far, and how many.
    pub fn closed(&mut self, second: &Interval, jitter: (f64, u64)) {
        self.count_in(second);
        if let Some(series) = &mut self.series {
            series.closed(second, jitter);
        }
    }

    fn count_in(&mut self, second: &Interval) {
        if second.start.0.wrapping_sub(self.ten.start.0) >= LENGTH {
            self.worst.closed(self.ten);
            self.ten = self.ten.after(second.start, LENGTH);
        }
        self.ten.add(second);
    }

    /// As [`Interval::found`], of a second that has passed.
    pub fn found(&mut self) {
        self.ten.found();
        if let Some(series) = &mut self.series {
            series.found();
        }
    }

    /// As [`Interval::more_runs`], of seconds that have passed.
    pub fn more_runs(&mut self, n: i32) {
        self.ten.more_runs(n);
        if let Some(series) = &mut self.series {
            series.more_runs(n);
        }
    }

    /// As [`Interval::forgive`], of seconds that have passed.
    pub fn forgive(&mut self, n: u32) {
        self.ten.forgive(n);
        if let Some(series) = &mut self.series {
            series.forgive(n);
        }
    }

    /// The worst interval of a stream that ended at `end` in `last`, and its length in seconds.
    pub fn worst(&self, last: &Interval, end: Nanos) -> Option<(Interval, f64)> {
        let mut all = Self { series: None, ..self.clone() };
        all.count_in(last);
        all.worst.of(all.ten, end)
    }

    /// How it went, `last` included; `None` where it was not asked for.
    pub fn series(&self, last: &Interval, jitter: (f64, u64)) -> Option<Series> {
        let mut series = Series::clone(self.series.as_ref()?);
        series.closed(last, jitter);
        Some(series)
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
        assert!(!interval.is_over(Nanos(4 * Nanos::SECOND - 1)));
        assert!(interval.is_over(at(4)));
        assert_eq!(interval.next(Nanos(44 * Nanos::SECOND + 1)).start, at(44));
        let mut history = History::new(at(3), 0);
        history.closed(&Interval { start: at(3), expected: 50, lost: 9, late: 0, runs: 1 }, (0.0, 0));
        history.closed(&Interval { start: at(44), expected: 50, ..Interval::default() }, (0.0, 0));
        assert_eq!(history.ten.start, at(43), "intervals of ten seconds count from the first packet");
        assert_eq!(history.worst(&Interval::new(at(45)), at(45)).unwrap().0.lost, 9);
    }

    #[test]
    fn what_a_later_second_takes_back_is_taken_from_the_ten() {
        let mut history = History::new(at(0), 4);
        history.closed(&Interval { start: at(0), expected: 50, lost: 2, late: 3, runs: 5 }, (0.0, 0));
        let mut second = Interval { start: at(1), expected: 50, lost: 0, late: 1, runs: 1 };
        assert!(!second.found());
        history.found();
        let (late, runs) = (second.forgive(3), second.more_runs(-3));
        assert_eq!((late, runs, second.late, second.runs), (2, -2, 0, 0));
        history.forgive(late);
        history.more_runs(runs);
        assert_eq!((history.ten.lost, history.ten.late, history.ten.runs), (1, 1, 3));
        assert_eq!((second.more_runs(2), second.runs), (0, 2));
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
