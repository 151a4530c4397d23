//! How a stream went over time: seconds at first, merged pairwise whenever there are too many, so that a stream of
//! any length takes the same room. Kept only where [`crate::Config::interval_points`] asks for it.

use super::interval::Interval;
use crate::model::Intervals;
use crate::packet::Nanos;

/// One stretch.
#[derive(Clone, Copy, Debug, Default)]
struct Point {
    expected: u32,
    lost: u32,
    late: u32,
    runs: u32,
    /// Mean over its packets; 0 without.
    jitter_ms: f32,
    /// Packets with a jitter.
    jitters: u32,
}

impl Point {
    fn add(&mut self, other: &Point) {
        let (ours, theirs) = (f64::from(self.jitters), f64::from(other.jitters));
        if theirs > 0.0 {
            let sum = f64::from(self.jitter_ms) * ours + f64::from(other.jitter_ms) * theirs;
            self.jitter_ms = (sum / (ours + theirs)) as f32;
        }
        self.jitters = self.jitters.saturating_add(other.jitters);
        self.expected = self.expected.saturating_add(other.expected);
        self.lost = self.lost.saturating_add(other.lost);
        self.late = self.late.saturating_add(other.late);
        self.runs = self.runs.saturating_add(other.runs);
    }
}

/// Points without gaps from the first packet on, each as long as the others.
#[derive(Clone, Debug)]
pub(super) struct Series {
    start: Nanos,
    length: i64,
    most: u16,
    points: Vec<Point>,
    /// Sum and number of the jitter figures of all points.
    jitter: (f64, u64),
}

impl Series {
    pub fn new(start: Nanos, most: u16) -> Self {
        Self { start, length: Nanos::SECOND, most: most.max(2), points: Vec::new(), jitter: (0.0, 0) }
    }

    /// See [`super::interval::History::closed`].
    pub fn closed(&mut self, second: &Interval, jitter: (f64, u64)) {
        let jitters = jitter.1.saturating_sub(self.jitter.1);
        let mean = if jitters > 0 { (jitter.0 - self.jitter.0) / jitters as f64 } else { 0.0 };
        self.jitter = jitter;
        let since = second.start.0.wrapping_sub(self.start.0).max(0);
        while since / self.length >= i64::from(self.most) {
            self.merge();
        }
        let at = (since / self.length) as usize;
        if self.points.len() <= at {
            self.points.resize(at + 1, Point::default());
        }
        self.points[at].add(&Point {
            expected: second.expected,
            lost: second.lost,
            late: second.late,
            runs: second.runs,
            jitter_ms: mean as f32,
            jitters: u32::try_from(jitters).unwrap_or(u32::MAX),
        });
    }

    /// Two become one, all along.
    fn merge(&mut self) {
        self.length = self.length.saturating_mul(2);
        let merged = self.points.chunks(2).map(|pair| {
            let mut point = pair[0];
            pair[1..].iter().for_each(|other| point.add(other));
            point
        });
        self.points = merged.collect();
    }

    /// A packet counted as lost in the second before came after all.
    pub fn found(&mut self) {
        if let Some(last) = self.points.last_mut() {
            last.lost = last.lost.saturating_sub(1);
        }
    }

    /// There are so many runs more or less in the seconds before.
    pub fn more_runs(&mut self, n: i32) {
        if let Some(last) = self.points.last_mut() {
            last.runs = last.runs.saturating_add_signed(n);
        }
    }

    /// `n` packets of the seconds before were not late after all.
    pub fn forgive(&mut self, n: u32) {
        if let Some(last) = self.points.last_mut() {
            last.late = last.late.saturating_sub(n);
        }
    }

    /// For the report; `lq` rates a stretch. `None` when there is only one.
    pub fn report(&self, lq: impl Fn(&Interval) -> Option<f64>) -> Option<Intervals> {
        if self.points.len() < 2 {
            return None;
        }
        let rated = |point: &Point| {
            let Point { expected, lost, late, runs, .. } = *point;
            let interval = Interval { start: self.start, expected, lost, late, runs };
            if expected == 0 { None } else { lq(&interval).map(|lq| rounded(lq, 100.0)) }
        };
        let jitter = |point: &Point| (point.jitters > 0).then(|| rounded(f64::from(point.jitter_ms), 1000.0));
        Some(Intervals {
            interval_s: self.length as f64 / 1e9,
            expected: self.points.iter().map(|point| point.expected).collect(),
            lost: self.points.iter().map(|point| point.lost).collect(),
            late: self.points.iter().map(|point| point.late).collect(),
            jitter_ms: self.points.iter().map(jitter).collect(),
            lq: self.points.iter().map(rated).collect(),
        })
    }
}

fn rounded(value: f64, steps: f64) -> f32 {
    ((value * steps).round() / steps) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(start: i64, expected: u32, lost: u32) -> Interval {
        Interval { start: Nanos(start * Nanos::SECOND), expected, lost, late: 0, runs: lost }
    }

    #[test]
    fn a_long_stream_keeps_its_totals_in_few_points() {
        let mut series = Series::new(Nanos(0), 8);
        for n in 0..1_000 {
            series.closed(&second(n, 50, u32::from(n % 10 == 0)), (n as f64 * 100.0, n as u64 * 50));
        }
        let report = series.report(|interval| Some(5.0 - f64::from(interval.lost) / 1e3)).unwrap();
        assert_eq!((report.interval_s, report.expected.len()), (128.0, 8));
        assert_eq!(report.expected.iter().sum::<u32>(), 50_000);
        assert_eq!(report.lost.iter().sum::<u32>(), 100);
        assert!(report.jitter_ms.iter().flatten().all(|jitter| (jitter - 2.0).abs() < 0.001), "{report:?}");
        assert!(report.lq.iter().all(Option::is_some));
    }

    #[test]
    fn silence_is_no_sound_and_no_loss() {
        let mut series = Series::new(Nanos(0), 16);
        series.closed(&second(0, 50, 0), (50.0, 50));
        series.closed(&second(3, 50, 5), (100.0, 100));
        let report = series.report(|_| Some(4.0)).unwrap();
        assert_eq!(report.expected, [50, 0, 0, 50]);
        assert_eq!(report.lq, [Some(4.0), None, None, Some(4.0)]);
        assert_eq!(report.jitter_ms, [Some(1.0), None, None, Some(1.0)]);
    }

    #[test]
    fn absurd_times_end_soon() {
        let mut series = Series::new(Nanos(i64::MIN), 4);
        series.closed(&Interval { start: Nanos(i64::MAX), expected: 1, ..Interval::default() }, (0.0, 0));
        series.closed(&Interval { start: Nanos(0), expected: 1, ..Interval::default() }, (0.0, 0));
        series.closed(&Interval { start: Nanos(i64::MAX), expected: 1, ..Interval::default() }, (0.0, 0));
        assert!(series.points.len() <= 4);
    }
}
