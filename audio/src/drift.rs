//! The sender's clock against the capture's. Two sound cards never count alike: 100 ppm between them are 0.36 s
//! in an hour, and both directions of a call would part by as much. The sound therefore follows the capture's
//! clock, as that of a phone follows its own: it is resampled by the few ppm that its fastest packets show.
//!
//! Sound that stays within [`TOLERANCE`] of the capture's clock anyway is left as it was decoded, sample by sample.

use crate::resample::kernel;
use crate::run::{Drift, Run};

/// Media in which one fastest packet is looked for, s.
const BUCKET_S: f64 = 5.0;
/// Fewer of them tell no drift.
const FEWEST: usize = 4;
/// Neighbours on either side whose median smooths a bucket: jitter moves the fastest packet now and then.
const BESIDE: usize = 4;
/// How fast the correction may change beyond the mean drift. Pitch is heard to change from about 3,000 ppm on.
const SLEW: f64 = 300e-6;
/// Faster clocks than this are no clocks.
const STEEPEST: f64 = 0.02;
/// Sound this near to the capture's clock is not touched, s.
const TOLERANCE: f64 = 0.005;
/// Places between two samples that are told apart.
const PHASES: usize = 1_024;
/// Samples on either side of a place that make up its value.
const REACH: usize = 16;

/// Where the sound of a packet begins in its run, and when the packet came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub sample: i64,
    /// Capture time, ns since 1970.
    pub at: i64,
}

/// How far the samples of a run lie behind the capture's clock, counted in samples.
#[derive(Clone, Copy, Debug)]
struct Knot {
    sample: f64,
    behind: f64,
}

/// The way of a run on the capture's clock: straight lines between knots.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    knots: Vec<Knot>,
    /// Of the lines before the first and behind the last knot.
    slope: f64,
}

impl Course {
    /// `None` where there is nothing to correct, or too little to tell.
    pub fn of(run: &Run, places: &[Place]) -> Option<Self> {
        let rate = f64::from(run.rate.max(1));
        let knot = |place: &Place| {
            let at = place.at.saturating_sub(run.at) as f64 * rate / 1e9;
            Knot { sample: place.sample as f64, behind: at - place.sample as f64 }
        };
        let all: Vec<Knot> = places.iter().map(knot).collect();
        let length = BUCKET_S * rate;
        // Within a bucket, the fastest packet of a drifting stream is the first or the last one; the second time,
        // the drift is known.
        let rough = slope(&fastest(&all, length, 0.0))?;
        let buckets = fastest(&all, length, rough);
        let slope = slope(&buckets)?;
        if slope.abs() > STEEPEST {
            return None;
        }
        let course = Self { knots: smooth(&buckets, slope), slope };
        let end = run.samples.len() as f64;
        let is_off = |sample: f64| course.behind(sample).abs() > TOLERANCE * rate;
        let anywhere = course.knots.iter().map(|knot| knot.sample).chain([0.0, end]).any(is_off);
        anywhere.then_some(course)
    }

    fn behind(&self, sample: f64) -> f64 {
        let next = self.knots.partition_point(|knot| knot.sample <= sample);
        let line = |from: &Knot, slope: f64| from.behind + (sample - from.sample) * slope;
        match (next.checked_sub(1).and_then(|n| self.knots.get(n)), self.knots.get(next)) {
            (Some(from), Some(to)) => line(from, (to.behind - from.behind) / (to.sample - from.sample)),
            (Some(edge), None) | (None, Some(edge)) => line(edge, self.slope),
            (None, None) => 0.0,
        }
    }

    /// A capture time that was told by the sender's clock, on the capture's.
    pub fn time(&self, run: &Run, time: i64) -> i64 {
        let rate = f64::from(run.rate.max(1));
        let sample = time.saturating_sub(run.at) as f64 * rate / 1e9;
        time.saturating_add((self.behind(sample) * 1e9 / rate) as i64)
    }

    /// What it corrects.
    pub fn drift(&self, run: &Run) -> Drift {
        let end = run.samples.len() as f64;
        let moved = (self.behind(end) - self.behind(0.0)) / f64::from(run.rate.max(1));
        // Sound that has to be made longer comes from a sender that counts too slowly.
        Drift {
            ppm: -self.slope * 1e6,
            moved: (moved * 1e9) as i64,
            length: run.end().saturating_sub(run.at),
        }
    }

    /// The run on the capture's clock.
    pub fn follow(&self, run: &Run) -> Run {
        let end = run.samples.len() as f64;
        let first = self.behind(0.0);
        let count = (end + self.behind(end) - first).round().max(0.0) as usize;
        let bends = self.knots.iter().filter(|knot| (0.0..end).contains(&knot.sample));
        let bends: Vec<[f64; 2]> = [[0.0, 0.0]]
            .into_iter()
            .chain(bends.map(|knot| [knot.sample + knot.behind - first, knot.sample]))
            .chain([[end + self.behind(end) - first, end]])
            .collect();
        let weights = weights();
        let (mut samples, mut bend) = (Vec::with_capacity(count), 0);
        for n in 0..count {
            let to = n as f64;
            while bend + 2 < bends.len() && bends[bend + 1][0] <= to {
                bend += 1;
            }
            let ([from, sample], [till, last]) = (bends[bend], bends[bend + 1]);
            let share = if till > from { (to - from) / (till - from) } else { 0.0 };
            samples.push(between(&run.samples, sample + share * (last - sample), &weights));
        }
        Run { at: self.time(run, run.at), rate: run.rate, samples }
    }
}

/// The packet that lies least behind a line through 0, of each bucket.
fn fastest(all: &[Knot], length: f64, slope: f64) -> Vec<Knot> {
    let above = |knot: &Knot| knot.behind - knot.sample * slope;
    let mut buckets: Vec<Knot> = Vec::new();
    let mut current = f64::NEG_INFINITY;
    for knot in all {
        let bucket = (knot.sample / length).floor();
        match buckets.last_mut().filter(|_| bucket <= current) {
            Some(best) if above(knot) < above(best) => *best = *knot,
            Some(_) => {}
            None => buckets.push(*knot),
        }
        current = current.max(bucket);
    }
    buckets
}

/// The median slope between knots a quarter of the run apart: one change of the way through the network touches
/// only a third of them.
fn slope(buckets: &[Knot]) -> Option<f64> {
    if buckets.len() < FEWEST {
        return None;
    }
    let apart = (buckets.len() / 4).max(1);
    let rise = |(from, to): (&Knot, &Knot)| {
        let run = to.sample - from.sample;
        (run > 0.0).then(|| (to.behind - from.behind) / run)
    };
    let slopes: Vec<f64> = buckets.iter().zip(&buckets[apart..]).filter_map(rise).collect();
    (!slopes.is_empty()).then(|| median(slopes))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// Buckets freed of jitter, and of anything faster than a clock can be.
fn smooth(buckets: &[Knot], slope: f64) -> Vec<Knot> {
    let above = |knot: &Knot| knot.behind - knot.sample * slope;
    let mut knots: Vec<Knot> = Vec::with_capacity(buckets.len());
    let mut before: Option<(f64, f64)> = None;
    for (n, knot) in buckets.iter().enumerate() {
        let beside = &buckets[n.saturating_sub(BESIDE)..(n + BESIDE + 1).min(buckets.len())];
        let mut rest = median(beside.iter().map(above).collect());
        if let Some((sample, level)) = before {
            let most = (knot.sample - sample) * SLEW;
            if most <= 0.0 {
                continue;
            }
            rest = rest.clamp(level - most, level + most);
        }
        before = Some((knot.sample, rest));
        knots.push(Knot { sample: knot.sample, behind: rest + knot.sample * slope });
    }
    knots
}

/// One row of weights for each place between two samples.
fn weights() -> Vec<[f32; 2 * REACH]> {
    let row = |phase: usize| {
        let beside = phase as f64 / PHASES as f64;
        let tap = |tap: usize| kernel(beside + (REACH as f64 - 1.0) - tap as f64, 1.0, REACH as f64) as f32;
        std::array::from_fn(tap)
    };
    (0..PHASES).map(row).collect()
}

/// The sound between two samples.
fn between(sound: &[i16], place: f64, weights: &[[f32; 2 * REACH]]) -> i16 {
    let nearest = (place * PHASES as f64).round().max(0.0) as usize;
    let (whole, phase) = (nearest / PHASES, nearest % PHASES);
    let row = &weights[phase];
    let sum: f32 = match whole.checked_sub(REACH - 1).and_then(|from| sound.get(from..from + 2 * REACH)) {
        Some(near) => near.iter().zip(row).map(|(&sample, weight)| f32::from(sample) * weight).sum(),
        None => row
            .iter()
            .enumerate()
            .map(|(tap, weight)| {
                let at = (whole + tap).checked_sub(REACH - 1).and_then(|at| sound.get(at));
                f32::from(at.copied().unwrap_or(0)) * weight
            })
            .sum(),
    };
    sum.round().clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16
}
