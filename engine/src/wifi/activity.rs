//! What the sensor was doing: where it listened, when it heard anybody, when it dropped packets.
//!
//! A missing beacon is a loss only if the sensor listened. A capture file seldom says so; what it shows
//! is on which frequency frames came in and when. From that each target time between two beacons is
//! *heard* (others were received around it), *silent* (nobody was, on that frequency before and after),
//! *deaf* (nobody was, and other access points that had been beaconing fell silent too) or *off* (frames
//! came in on another frequency around it).

use std::collections::VecDeque;

use super::dot11::Mac;
use super::listening::{Listening, Stays};
use crate::packet::{Nanos, PathId};

/// Silence longer than this ends a span: one and a half of the usual beacon interval.
const SILENCE: i64 = 150 * Nanos::MILLI;
/// How long before a silence an access point must have beaconed to be missed in it.
const RECENT: i64 = 300 * Nanos::MILLI;
/// A beacon due this shortly before the sensor leaves a channel may have missed it.
const LEAVING: i64 = 10 * Nanos::MILLI;
/// Capture time that falls back further than this is a step of the clock, not reordering.
const CLOCK_STEP: i64 = 10 * Nanos::SECOND;

const MAX_SPANS: usize = 512;
const MAX_PATHS: usize = 16;
const MAX_DROPS: usize = 64;

/// A stretch of time without long silence on one frequency.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// MHz; 0 when the radio header does not tell.
    frequency: u16,
    from: i64,
    to: i64,
    /// The latest beaconers of two different devices.
    beaconers: [Option<(Mac, i64)>; 2],
}

/// Target times of missing beacons: `count` of them, evenly within `from .. from + span`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Targets {
    pub from: Nanos,
    pub span_ns: i64,
    pub count: u64,
    /// How far from it a beacon may be received.
    pub margin_ns: i64,
}

impl Targets {
    /// How many lie at or before `time`.
    pub(super) fn until(&self, time: i64) -> u64 {
        let into = i128::from(time) - i128::from(self.from.0);
        if self.span_ns <= 0 || into <= 0 {
            return 0;
        }
        let passed = into * (i128::from(self.count) + 1) / i128::from(self.span_ns);
        u64::try_from(passed).unwrap_or(u64::MAX).min(self.count)
    }
}

/// How target times were covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Coverage {
    pub heard: u64,
    pub silent: u64,
    pub deaf: u64,
    pub off: u64,
    /// Behind the last frame of the capture's way to this sensor.
    pub after: u64,
}

/// Packets that the sensor dropped within a time.
#[derive(Clone, Copy, Debug)]
struct Drops {
    from: i64,
    to: i64,
    packets: u64,
}

/// The sensor's record.
#[derive(Debug, Default)]
pub(super) struct Activity {
    paths: Vec<(PathId, VecDeque<Span>)>,
    drops: VecDeque<Drops>,
    /// What the sensors themselves say.
    listening: Listening,
    first: Option<Nanos>,
    last_reports: Vec<(u32, Nanos)>,
}

/// BSSIDs of one access point differ in the first byte (locally administered) or the last.
fn same_device(a: Mac, b: Mac) -> bool {
    a[1..5] == b[1..5]
}

impl Activity {
    /// A frame was received. `beaconer`: its sender, when it is a beacon.
    pub(super) fn note(&mut self, path: PathId, frequency: u16, at: Nanos, beaconer: Option<Mac>) {
        if !at.is_known() {
            return;
        }
        self.first.get_or_insert(at);
        let place = self.paths.iter().position(|(id, _)| *id == path);
        let place = place.unwrap_or_else(|| {
            if self.paths.len() < MAX_PATHS {
                self.paths.push((path, VecDeque::new()));
            }
            self.paths.len() - 1
        });
        let spans = &mut self.paths[place].1;
        if spans.back().is_some_and(|last| at.0.saturating_add(CLOCK_STEP) < last.to) {
            spans.clear();
        }
        match spans.back_mut() {
            Some(last) if last.frequency == frequency && at.0.saturating_sub(last.to) <= SILENCE => {
                last.to = last.to.max(at.0);
            }
            last => {
                let from = last.map_or(at.0, |last| at.0.max(last.to));
                if spans.len() == MAX_SPANS {
                    spans.pop_front();
                }
                spans.push_back(Span { frequency, from, to: from, beaconers: [None; 2] });
            }
        }
        if let (Some(mac), Some(span)) = (beaconer, spans.back_mut()) {
            span.beaconed(mac, at.0);
        }
    }

    /// `packets` were dropped on `interface` since it last said so. Returns since when that is.
    pub(super) fn dropped(&mut self, interface: u32, at: Nanos, packets: u64) -> Nanos {
        let known = self.last_reports.iter_mut().find(|(id, _)| *id == interface);
        let from = match known {
            Some((_, last)) => std::mem::replace(last, at),
            None => {
                if self.last_reports.len() < MAX_PATHS {
                    self.last_reports.push((interface, at));
                }
                self.first.unwrap_or(at)
            }
        };
        if self.drops.len() == MAX_DROPS {
            self.drops.pop_front();
        }
        self.drops.push_back(Drops { from: from.0, to: at.0, packets });
        from
    }

    /// Packets dropped in reports that touch this time.
    pub(super) fn dropped_during(&self, from: Nanos, to: Nanos) -> u64 {
        let touching = self.drops.iter().filter(|drops| drops.from <= to.0 && drops.to >= from.0);
        touching.fold(0, |sum, drops| sum.saturating_add(drops.packets))
    }

    /// The radio behind `path` listens there (MHz) from `at` on, or nowhere.
    pub(super) fn listening(&mut self, path: PathId, at: Nanos, mhz: Option<u32>) {
        self.listening.note(path, at, mhz);
    }

    /// Whether a sensor says where it listens.
    pub(super) fn is_told(&self) -> bool {
        self.listening.each().next().is_some()
    }

    /// How missing beacons of `own` on `frequency` (0: unknown) were covered, by the sensor that listened most. A sensor
    /// that says where it listened is believed; of the others it is inferred.
    pub(super) fn coverage(&self, own: Mac, frequency: u16, targets: &Targets) -> Coverage {
        let spans_of = |path| self.paths.iter().find(|(id, _)| *id == path).map(|(_, spans)| spans);
        let said = self.listening.each().map(|(path, stays)| {
            let spans = spans_of(path);
            told(stays, spans, own, frequency, targets)
        });
        let silent = self.paths.iter().filter(|(path, _)| !self.listening.speaks(*path));
        let inferred = silent.map(|(_, spans)| coverage(spans, own, frequency, targets));
        said.chain(inferred)
            .max_by_key(|coverage| (coverage.heard + coverage.silent, coverage.deaf))
            .unwrap_or_default()
    }
}

impl Span {
    fn beaconed(&mut self, mac: Mac, at: i64) {
        let same = |slot: &Option<(Mac, i64)>| slot.is_some_and(|(other, _)| same_device(other, mac));
        let oldest =
            if self.beaconers[0].map(|(_, at)| at) <= self.beaconers[1].map(|(_, at)| at) { 0 } else { 1 };
        let place = self.beaconers.iter().position(same).unwrap_or(oldest);
        self.beaconers[place] = Some((mac, at));
    }

    fn is_on(&self, frequency: u16) -> bool {
        frequency == 0 || self.frequency == 0 || self.frequency == frequency
    }

    /// Another access point than `own` was beaconing when this span ended.
    fn others_beaconed(&self, own: Mac) -> bool {
        self.beaconers
            .iter()
            .flatten()
            .any(|&(mac, at)| !same_device(mac, own) && at.saturating_add(RECENT) >= self.to)
    }
}

/// By what the sensor says. Of the time that it listened, only that in which others fell silent too is doubted.
fn told(
    stays: &Stays,
    spans: Option<&VecDeque<Span>>,
    own: Mac,
    frequency: u16,
    targets: &Targets,
) -> Coverage {
    let mut out = Coverage::default();
    let mut done = 0;
    for stay in stays.around(targets.from.0) {
        let start = targets.until(stay.from.saturating_add(targets.margin_ns)).max(done);
        let end = targets.until(stay.to.saturating_sub(targets.margin_ns)).max(start);
        out.off += start - done;
        if frequency == 0 || stay.mhz == u32::from(frequency) {
            let window = (stay.from, stay.to);
            let deaf = spans.map_or(0, |spans| deaf(spans, own, frequency, targets, window));
            let deaf = deaf.min(end - start);
            out.deaf += deaf;
            out.heard += end - start - deaf;
        } else {
            out.off += end - start;
        }
        done = end;
        if done == targets.count {
            return out;
        }
    }
    out.off += targets.count - done;
    out
}

/// Targets in silences, within a window, before which another access point had been beaconing.
fn deaf(spans: &VecDeque<Span>, own: Mac, frequency: u16, targets: &Targets, (from, to): (i64, i64)) -> u64 {
    let end = targets.from.0.saturating_add(targets.span_ns).min(to);
    let first = spans.partition_point(|span| span.to < targets.from.0.max(from)).saturating_sub(1);
    let pairs = spans.range(first..).zip(spans.range(first..).skip(1));
    let pairs = pairs.take_while(|(before, _)| before.to < end);
    let within = pairs.filter(|(before, after)| {
        before.from >= from && after.from <= to && before.is_on(frequency) && after.is_on(frequency)
    });
    let silences = within.filter(|(before, _)| before.others_beaconed(own));
    silences
        .map(|(before, after)| {
            targets.until(after.from.saturating_sub(1)).saturating_sub(targets.until(before.to))
        })
        .sum()
}

fn coverage(spans: &VecDeque<Span>, own: Mac, frequency: u16, targets: &Targets) -> Coverage {
    let mut out = Coverage::default();
    let first = spans.partition_point(|span| span.to < targets.from.0);
    let mut before: Option<&Span> = first.checked_sub(1).and_then(|at| spans.get(at));
    let mut done = 0;
    let mut rest = spans.range(first..).peekable();
    while let Some(span) = rest.next() {
        let start = targets.until(span.from.saturating_sub(1)).max(done);
        let on = span.is_on(frequency);
        match before {
            Some(before) if on && before.is_on(frequency) => {
                let deaf = before.others_beaconed(own);
                *(if deaf { &mut out.deaf } else { &mut out.silent }) += start - done;
            }
            _ => out.off += start - done,
        }
        let leaves = rest.peek().is_some_and(|next| !next.is_on(frequency));
        let until = if on && leaves { span.to.saturating_sub(LEAVING) } else { span.to };
        let end = targets.until(until).max(start);
        *(if on { &mut out.heard } else { &mut out.off }) += end - start;
        done = end;
        before = Some(span);
        if done == targets.count {
            return out;
        }
    }
    out.after = targets.count - done;
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wifi::testing::mac;

    const MS: i64 = Nanos::MILLI;
    const PATH: PathId = PathId(0);

    fn targets(from_ms: i64, to_ms: i64, count: u64) -> Targets {
        let margin_ns = 10 * MS;
        Targets { from: Nanos(from_ms * MS), span_ns: (to_ms - from_ms) * MS, count, margin_ns }
    }

    #[test]
    fn frames_of_others_prove_that_the_sensor_listened() {
        let mut activity = Activity::default();
        (0..=100).for_each(|n| activity.note(PATH, 2412, Nanos(n * 10 * MS), None));
        let coverage = activity.coverage(mac(1), 2412, &targets(0, 1_000, 9));
        assert_eq!(coverage, Coverage { heard: 9, ..Coverage::default() });
    }

    #[test]
    fn a_lone_silence_and_one_that_all_share() {
        let mut activity = Activity::default();
        activity.note(PATH, 2412, Nanos(0), Some(mac(1)));
        activity.note(PATH, 2412, Nanos(1_000 * MS), Some(mac(1)));
        let gap = targets(0, 1_000, 9);
        assert_eq!(activity.coverage(mac(1), 2412, &gap), Coverage { silent: 9, ..Coverage::default() });
        let mut activity = Activity::default();
        activity.note(PATH, 2412, Nanos(-5 * MS), Some([2, 9, 9, 9, 9, 9]));
        activity.note(PATH, 2412, Nanos(0), Some(mac(1)));
        activity.note(PATH, 2412, Nanos(1_000 * MS), Some(mac(1)));
        assert_eq!(activity.coverage(mac(1), 2412, &gap), Coverage { deaf: 9, ..Coverage::default() });
    }

    #[test]
    fn frames_on_another_frequency_mean_off_channel() {
        let mut activity = Activity::default();
        for n in 0..=100 {
            let frequency = if (30..70).contains(&n) { 2437 } else { 2412 };
            activity.note(PATH, frequency, Nanos(n * 10 * MS), None);
        }
        let coverage = activity.coverage(mac(1), 2412, &targets(0, 1_000, 9));
        // Due at 100 .. 900 ms; away from 290 ms (less the margin) to 700 ms.
        assert_eq!(coverage, Coverage { heard: 5, off: 4, ..Coverage::default() });
        // A second sensor that stayed proves that all were observable.
        (0..=100).for_each(|n| activity.note(PathId(1), 2412, Nanos(n * 10 * MS), None));
        assert_eq!(activity.coverage(mac(1), 2412, &targets(0, 1_000, 9)).heard, 9);
    }

    #[test]
    fn drops_belong_to_the_time_since_the_last_report() {
        let mut activity = Activity::default();
        activity.note(PATH, 0, Nanos(0), None);
        assert_eq!(activity.dropped(0, Nanos(1_000), 5), Nanos(0));
        assert_eq!(activity.dropped(0, Nanos(2_000), 7), Nanos(1_000));
        assert_eq!(activity.dropped_during(Nanos(500), Nanos(600)), 5);
        assert_eq!(activity.dropped_during(Nanos(1_500), Nanos(1_600)), 7);
        assert_eq!(activity.dropped_during(Nanos(3_000), Nanos(3_600)), 0);
    }
}
