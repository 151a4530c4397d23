//! The AP's clock: how it goes on from beacon to beacon, where it breaks, and the delays behind it.

use super::super::loss::{Budget, Run};
use super::super::tbtt::Clock;
use super::{Bss, SAME_TSF, Seen, Surroundings};
use crate::model::OutageCause;
use crate::packet::Nanos;

/// A timer below this has just started.
const YOUNG_TSF: i128 = 60_000_000;
/// Without capture times, a silence beyond this can no longer be told from a clock that was set.
const LONGEST_UNTIMED: i128 = 3_600_000_000;
const SETTLED: usize = 8;

/// Breaks of the AP's clock.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Breaks {
    in_row: u32,
    alternations: u32,
    /// The last beacon of the segment before.
    other: Option<(u64, Nanos)>,
    /// The clock is of no use: by capture time from here on.
    pub unusable: bool,
}

/// How the AP's clock went on from one beacon to the next.
pub(super) enum Advance {
    Steps(i64, Option<i64>),
    Broken,
}

/// Capture time that passed, µs; `None` where it is unknown.
fn micros_between(from: Nanos, to: Nanos) -> Option<i64> {
    Some(to.known()?.0.saturating_sub(from.known()?.0) / 1_000)
}

impl Bss {
    pub(super) fn fits(&self, seen: &Seen) -> bool {
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

    pub(super) fn advance(&mut self, seen: &Seen) -> Advance {
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
    pub(super) fn broken(&mut self, last: &Seen, seen: &Seen, around: &mut Surroundings<'_>) {
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

    pub(super) fn restart_clock(&mut self, seen: &Seen) {
        self.clock = seen.tsf.map(|tsf| Clock::start(tsf, self.interval_tu));
        self.unsettled.clear();
        if self.clock.is_some() {
            self.unsettled.push(0);
        }
    }

    /// Records a delay; the first of a segment wait until its phase is known.
    pub(super) fn delayed(&mut self, offset: i64) -> u64 {
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
    pub(in crate::wifi) fn flush_delays(&mut self) {
        let Some(clock) = &self.clock else { return };
        // The very first beacon of a BSS has a delay only by comparison.
        if self.unsettled.len() > 1 {
            self.unsettled.iter().for_each(|&offset| self.delays.add(clock.delay(offset)));
        }
        self.unsettled.clear();
    }
}
