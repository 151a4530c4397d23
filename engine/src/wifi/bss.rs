//! One BSS: follows its beacons on the AP's clock and accounts for those that are missing.

mod missing;
mod story;

use super::BeaconObservation;
use super::activity::Activity;
use super::channel::Band;
use super::dot11::Mac;
use super::histogram::Histogram;
use super::loss::{Budget, Ledger, Run};
use super::series::Series;
use super::tbtt::Clock;
use crate::model::{Event, OutageCause};
use crate::packet::Nanos;

/// What following a beacon needs from around it.
pub(super) struct Surroundings<'a> {
    pub activity: &'a Activity,
    pub budget: &'a mut Budget,
}

/// When a beacon was received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub frame: u64,
    pub at: Nanos,
    /// `None` also where the AP sends 0.
    pub tsf: Option<u64>,
}

/// A beacon with another interval than those before; damage unless the next one says the same.
#[derive(Clone, Copy, Debug)]
struct Odd {
    seen: Seen,
    interval_tu: u16,
}

/// A channel switch that the AP announced.
#[derive(Clone, Copy, Debug)]
struct Announced {
    channel: u8,
    /// Until when the AP should be back.
    until: Nanos,
    /// Beacons since that do not announce it.
    without: u8,
}

/// Running figures of the signal.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Level {
    pub min: i8,
    pub max: i8,
    pub sum: i64,
    pub count: u64,
    /// Exponentially weighted mean, 1/8 per frame.
    smooth: f64,
}

impl Level {
    pub(super) fn add(&mut self, dbm: i8) {
        let value = f64::from(dbm);
        if self.count == 0 {
            *self = Self { min: dbm, max: dbm, sum: 0, count: 0, smooth: value };
        }
        self.min = self.min.min(dbm);
        self.max = self.max.max(dbm);
        self.sum += i64::from(dbm);
        self.count += 1;
        self.smooth += (value - self.smooth) / 8.0;
    }
}

/// The state of one BSS.
#[derive(Clone, Debug)]
pub(super) struct Bss {
    pub bssid: Mac,
    pub ssid: Option<Vec<u8>>,
    pub channel: Option<u8>,
    pub band: Band,
    /// Where its beacons were received, MHz; 0 when unknown.
    pub frequency: u16,
    pub interval_tu: u16,
    pub first: Seen,
    pub last: Seen,
    pub received: u64,
    pub duplicates: u64,
    /// Steps that were counted on the AP's clock, and by capture time.
    pub by_tsf: u64,
    pub by_time: u64,
    /// What those on the AP's clock add up to, µs.
    pub tsf_us: u64,
    pub ledger: Ledger,
    pub level: Level,
    pub delays: Histogram,
    pub events: Vec<Event>,
    /// Beacons received over time, where somebody asked for it.
    pub over_time: Option<Box<Series>>,
    clock: Option<Clock>,
    /// Offsets of the first beacons of a segment, until their phase is known.
    unsettled: Vec<i64>,
    odd: Option<Odd>,
    announced: Option<Announced>,
    /// The AP sent everybody away.
    last_farewell: Option<Nanos>,
    breaks: Breaks,
    recent: [Option<(u64, Nanos)>; 4],
    weak: bool,
    /// The sensor is known to hop.
    hopping: bool,
    damaged: u64,
}

/// Breaks of the AP's clock.
#[derive(Clone, Copy, Debug, Default)]
struct Breaks {
    in_row: u32,
    alternations: u32,
    /// The last beacon of the segment before.
    other: Option<(u64, Nanos)>,
    /// The clock is of no use: by capture time from here on.
    unusable: bool,
}

/// How the AP's clock went on from one beacon to the next.
enum Advance {
    Steps(i64, Option<i64>),
    Broken,
}

/// Two receptions of one transmission differ by less than this.
const SAME_TSF: u64 = 1_000;
/// A timer below this has just started.
const YOUNG_TSF: i128 = 60_000_000;
/// Without capture times, a silence beyond this can no longer be told from a clock that was set.
const LONGEST_UNTIMED: i128 = 3_600_000_000;
const SETTLED: usize = 8;

/// Capture time that passed, µs; `None` where it is unknown.
fn micros_between(from: Nanos, to: Nanos) -> Option<i64> {
    Some(to.known()?.0.saturating_sub(from.known()?.0) / 1_000)
}

impl Bss {
    /// With its first beacon.
    pub(super) fn new(
        seen: Seen,
        beacon: &BeaconObservation,
        band: Band,
        around: &mut Surroundings<'_>,
    ) -> Self {
        let mut bss = Self {
            bssid: beacon.bssid,
            ssid: None,
            channel: None,
            band,
            frequency: 0,
            interval_tu: beacon.interval_tu,
            first: seen,
            last: seen,
            received: 1,
            duplicates: 0,
            by_tsf: 0,
            by_time: 0,
            tsf_us: 0,
            ledger: Ledger::default(),
            level: Level::default(),
            delays: Histogram::default(),
            events: Vec::new(),
            over_time: None,
            clock: None,
            unsettled: Vec::new(),
            odd: None,
            announced: None,
            last_farewell: None,
            breaks: Breaks::default(),
            recent: [None; 4],
            weak: false,
            hopping: false,
            damaged: 0,
        };
        bss.restart_clock(&seen);
        bss.remember(&seen);
        bss.describe(&seen, beacon, around);
        bss
    }

    /// Takes the next beacon: how many were lost before it, and its delay in µs.
    pub(super) fn beacon(
        &mut self,
        seen: Seen,
        beacon: &BeaconObservation,
        around: &mut Surroundings<'_>,
    ) -> (u64, Option<u64>) {
        if self.is_duplicate(&seen) {
            self.duplicates += 1;
            return (0, None);
        }
        self.remember(&seen);
        let moved = self.moves(beacon);
        let figures = if beacon.interval_tu == self.interval_tu {
            self.settle_odd(around);
            self.count(seen, moved, around)
        } else {
            self.odd_interval(Odd { seen, interval_tu: beacon.interval_tu }, around)
        };
        self.describe(&seen, beacon, around);
        figures
    }

    /// A beacon with a wrong FCS. One whose interval and time fit still proves that the AP sent it, so it is
    /// received and not lost; nothing else of it is believed.
    pub(super) fn damaged(
        &mut self,
        seen: Seen,
        beacon: &BeaconObservation,
        around: &mut Surroundings<'_>,
    ) -> Option<(u64, Option<u64>)> {
        let believable = seen.tsf.is_some()
            && self.last.tsf.is_some()
            && beacon.interval_tu == self.interval_tu
            && !self.breaks.unusable
            && self.fits(&seen)
            && !self.is_duplicate(&seen);
        if !believable {
            return None;
        }
        self.damaged += 1;
        if self.damaged == 1 {
            let detail = "a beacon with a wrong FCS; its time fits, so it counts as received".to_owned();
            self.event(&seen, "damaged_beacon", detail, around.budget);
        }
        self.remember(&seen);
        self.settle_odd(around);
        Some(self.count(seen, false, around))
    }

    /// A second reception of the same transmission: another antenna, adapter or path.
    fn is_duplicate(&self, seen: &Seen) -> bool {
        let period = self.period_ns().unsigned_abs();
        match seen.tsf {
            Some(tsf) => {
                self.recent.iter().flatten().any(|&(other, at)| {
                    tsf.abs_diff(other) <= SAME_TSF && seen.at.0.abs_diff(at.0) < period / 2
                })
            }
            None => seen.at.is_known() && seen.at.0.abs_diff(self.last.at.0) < period / 4,
        }
    }

    fn remember(&mut self, seen: &Seen) {
        if let Some(tsf) = seen.tsf {
            self.recent.rotate_right(1);
            self.recent[0] = Some((tsf, seen.at));
        }
    }

    fn period_ns(&self) -> i64 {
        i64::from(self.interval_tu) * 1_024_000
    }

    /// The AP itself went to another channel: it says another one, or it announced to.
    fn moves(&self, beacon: &BeaconObservation) -> bool {
        let elsewhere = matches!((self.channel, beacon.channel), (Some(old), Some(new)) if old != new);
        elsewhere || self.announced.is_some_and(|announced| self.last.at <= announced.until)
    }

    /// Another interval counts when two beacons in succession have it.
    fn odd_interval(&mut self, odd: Odd, around: &mut Surroundings<'_>) -> (u64, Option<u64>) {
        let Some(before) = self.odd.filter(|before| before.interval_tu == odd.interval_tu) else {
            self.settle_odd(around);
            self.odd = Some(odd);
            return (0, None);
        };
        self.odd = None;
        let detail = format!("beacon interval {} TU, was {} TU", odd.interval_tu, self.interval_tu);
        self.event(&before.seen, "interval_change", detail, around.budget);
        self.flush_delays();
        self.interval_tu = odd.interval_tu;
        self.last = before.seen;
        self.received(before.seen.at);
        self.ledger.close();
        self.restart_clock(&before.seen);
        self.count(odd.seen, false, around)
    }

    /// A single beacon with another interval was damaged there; it counts if its time fits.
    fn settle_odd(&mut self, around: &mut Surroundings<'_>) {
        let Some(odd) = self.odd.take() else { return };
        if self.fits(&odd.seen) {
            self.count(odd.seen, false, around);
        }
    }

    fn fits(&self, seen: &Seen) -> bool {
        let since = micros_between(self.last.at, seen.at);
        match (self.last.tsf, seen.tsf) {
            (Some(before), Some(now)) => !self.is_break(i128::from(now) - i128::from(before), since),
            _ => true,
        }
    }

    /// The AP's clock and the capture's disagree by more than an interval, or more than drift explains.
    fn is_break(&self, tsf_us: i128, capture_us: Option<i64>) -> bool {
        // Without capture times there is nothing to disagree with; a clock only must not stand or go back.
        let Some(capture_us) = capture_us else { return !(1..=LONGEST_UNTIMED).contains(&tsf_us) };
        // Frames do not arrive backwards: there the capture's clock was set, and the AP's is believed.
        if capture_us < 0 {
            return !(1..=YOUNG_TSF).contains(&tsf_us);
        }
        let capture_us = i128::from(capture_us);
        let period = i128::from(self.interval_tu) * 1_024;
        let limit = period.max(capture_us / 5_000 + 50_000);
        let stands = tsf_us <= i128::from(SAME_TSF) && capture_us >= period / 2;
        stands || tsf_us < 0 || (tsf_us - capture_us).abs() > limit
    }

    fn count(&mut self, seen: Seen, moved: bool, around: &mut Surroundings<'_>) -> (u64, Option<u64>) {
        let last = self.last;
        let advance = self.advance(&seen);
        self.received(seen.at);
        self.last = seen;
        let Advance::Steps(steps, offset) = advance else {
            self.broken(&last, &seen, around);
            return (0, None);
        };
        let lost = match u64::try_from(steps.saturating_sub(1)) {
            Err(_) => {
                self.ledger.take_one_back(around.budget);
                0
            }
            Ok(0) => {
                self.ledger.close();
                0
            }
            Ok(missing) => self.gap(missing, &last, &seen, moved, around),
        };
        (lost, offset.map(|offset| self.delayed(offset)))
    }

    fn received(&mut self, at: Nanos) {
        self.received += 1;
        if let Some(series) = &mut self.over_time {
            series.add(at);
        }
    }

    fn advance(&mut self, seen: &Seen) -> Advance {
        if let (Some(_), Some(tsf), false) = (self.last.tsf, seen.tsf, self.breaks.unusable) {
            let fits = self.fits(seen);
            let step = self.clock.as_mut().filter(|_| fits).and_then(|clock| clock.step(tsf));
            return match step {
                Some(step) => {
                    self.by_tsf += 1;
                    self.tsf_us += self.last.tsf.map_or(0, |before| tsf.saturating_sub(before));
                    Advance::Steps(step.steps, Some(step.offset))
                }
                None => Advance::Broken,
            };
        }
        self.by_time += 1;
        // A clock that appears only now starts here.
        if seen.tsf.is_some() && !self.breaks.unusable {
            self.restart_clock(seen);
        }
        Advance::Steps(self.steps_by_time(&self.last, seen).max(1), None)
    }

    fn steps_by_time(&self, from: &Seen, to: &Seen) -> i64 {
        if !from.at.is_known() || !to.at.is_known() {
            return 1;
        }
        let period = self.period_ns();
        to.at.0.saturating_sub(from.at.0).saturating_add(period / 2).div_euclid(period)
    }

    /// The clock broke: nothing is counted across, the gap is listed as one of unknown loss.
    fn broken(&mut self, last: &Seen, seen: &Seen, around: &mut Surroundings<'_>) {
        let (before, now) = (last.tsf.unwrap_or(0), seen.tsf.unwrap_or(0));
        let waited = micros_between(last.at, seen.at).map(i128::from);
        let restarted = now < before && i128::from(now) <= waited.unwrap_or(0).max(YOUNG_TSF);
        let (kind, cause) = if restarted {
            ("ap_restart", OutageCause::ApRestart)
        } else {
            ("tsf_jump", OutageCause::Unknown)
        };
        let later = waited.map_or_else(String::new, |us| format!(", {:.3} s later", us as f64 / 1e6));
        let detail = format!("TSF {now} us after {before} us{later}");
        self.event(seen, kind, detail, around.budget);
        let missing = u64::try_from(self.steps_by_time(last, seen).saturating_sub(1)).unwrap_or(0);
        self.ledger.close();
        if missing > 0 {
            let run = Run { from: last.at, to: seen.at, missing, cause, after_frame: last.frame, silent: 0 };
            self.ledger.enter_unknown(run, around.budget);
        }
        self.note_break(last, seen, around.budget);
        self.flush_delays();
        self.restart_clock(seen);
    }

    /// A clock that breaks time and again is no clock; two that alternate are two APs with one BSSID.
    fn note_break(&mut self, last: &Seen, seen: &Seen, budget: &mut Budget) {
        self.breaks.in_row += 1;
        if let (Some((tsf, at)), Some(now)) = (self.breaks.other, seen.tsf) {
            let capture_us = micros_between(at, seen.at);
            let continues = !self.is_break(i128::from(now) - i128::from(tsf), capture_us);
            self.breaks.alternations += u32::from(continues);
        }
        self.breaks.other = last.tsf.map(|tsf| (tsf, last.at));
        let (kind, detail) = if self.breaks.alternations >= 3 {
            ("duplicate_bssid", "two clocks alternate: two APs send with this BSSID")
        } else if self.breaks.in_row >= 4 {
            ("tsf_unusable", "the AP's clock does not run; counted by capture time from here on")
        } else {
            return;
        };
        self.breaks.unusable = true;
        self.event(seen, kind, detail.to_owned(), budget);
    }

    fn restart_clock(&mut self, seen: &Seen) {
        self.clock = seen.tsf.map(|tsf| Clock::start(tsf, self.interval_tu));
        self.unsettled.clear();
        if self.clock.is_some() {
            self.unsettled.push(0);
        }
    }

    /// Records a delay; the first of a segment wait until its phase is known.
    fn delayed(&mut self, offset: i64) -> u64 {
        self.breaks.in_row = 0;
        let Some(clock) = &self.clock else { return 0 };
        let delay = clock.delay(offset);
        if self.unsettled.is_empty() {
            self.delays.add(delay);
        } else {
            self.unsettled.push(offset);
            if self.unsettled.len() >= SETTLED {
                self.flush_delays();
            }
        }
        delay
    }

    /// Moves waiting delays to the histogram.
    pub(super) fn flush_delays(&mut self) {
        let Some(clock) = &self.clock else { return };
        // The very first beacon of a BSS has a delay only by comparison.
        if self.unsettled.len() > 1 {
            self.unsettled.iter().for_each(|&offset| self.delays.add(clock.delay(offset)));
        }
        self.unsettled.clear();
    }

    /// The state as it would be if the capture ended here.
    pub(super) fn settled(&self, around: &mut Surroundings<'_>) -> Self {
        let mut copy = self.clone();
        copy.settle_odd(around);
        copy.flush_delays();
        copy
    }
}
