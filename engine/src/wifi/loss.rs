//! The account of missing beacons of one BSS: how many, in what runs, and why.

use super::activity::Coverage;
use crate::model::{Outage, OutageCause, Severity};
use crate::packet::Nanos;

/// Missing beacons between two that were received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    pub from: Nanos,
    pub to: Nanos,
    pub after_frame: u64,
    /// Lost while the sensor heard others.
    pub heard: u64,
    /// Lost while nobody was heard, nor anything that speaks against the sensor.
    pub silent: u64,
    /// Lost at a restart of the AP or at its channel switch.
    pub explained: u64,
    /// The sensor was elsewhere or deaf.
    pub not_observed: u64,
    pub cause: OutageCause,
}

impl Gap {
    /// All `missing` for a known reason.
    pub(super) fn explained(missing: u64, cause: OutageCause) -> Self {
        Self { explained: missing, ..Self::empty(cause) }
    }

    /// All `missing` because of the sensor.
    pub(super) fn unobserved(missing: u64, cause: OutageCause) -> Self {
        Self { not_observed: missing, ..Self::empty(cause) }
    }

    /// All `missing` without a word on what the sensor did meanwhile: no times. Lost, unless that is the rule.
    pub(super) fn untold(missing: u64) -> Self {
        Self { silent: missing, ..Self::empty(OutageCause::Unknown) }
    }

    /// By what the sensor did meanwhile.
    pub(super) fn covered(coverage: Coverage) -> Self {
        let cause = if coverage.heard + coverage.silent > 0 {
            OutageCause::Air
        } else if coverage.deaf > coverage.off {
            OutageCause::Sensor
        } else {
            OutageCause::OffChannel
        };
        let not_observed = coverage.deaf + coverage.off + coverage.after;
        Self { heard: coverage.heard, silent: coverage.silent, not_observed, ..Self::empty(cause) }
    }

    fn empty(cause: OutageCause) -> Self {
        let never = Nanos(0);
        Self {
            from: never,
            to: never,
            after_frame: 0,
            heard: 0,
            silent: 0,
            explained: 0,
            not_observed: 0,
            cause,
        }
    }

    /// Between these two beacons.
    pub(super) fn between(self, from: Nanos, after_frame: u64, to: Nanos) -> Self {
        Self { from, after_frame, to, ..self }
    }

    /// The same with one missing beacon less.
    pub(super) fn less_one(mut self) -> Self {
        let counts = [&mut self.silent, &mut self.heard, &mut self.explained, &mut self.not_observed];
        if let Some(count) = counts.into_iter().find(|count| **count > 0) {
            *count -= 1;
        }
        self
    }

    pub(super) fn lost(&self) -> u64 {
        self.heard + self.silent + self.explained
    }
}

/// A run of missing beacons that is worth a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub from: Nanos,
    pub to: Nanos,
    pub missing: u64,
    pub cause: OutageCause,
    pub after_frame: u64,
    /// How many of them in total silence: their verdict waits for the share of such silence.
    pub silent: u64,
}

/// Beacons in a row that make an outage.
const OUTAGE: u64 = 3;
/// Off-channel runs listed per BSS; from then on the sensor is known to hop.
pub(super) const LISTED_HOPS: u64 = 3;

impl Run {
    fn of(gap: &Gap) -> Option<Self> {
        let lost = gap.lost();
        let missing = if lost > 0 { lost } else { gap.not_observed };
        (missing >= OUTAGE).then_some(Self {
            from: gap.from,
            to: gap.to,
            missing,
            cause: gap.cause,
            after_frame: gap.after_frame,
            silent: gap.silent,
        })
    }

    /// Silence proves nothing here: only the rest remains an outage.
    pub(super) fn withdraw_silence(&mut self) {
        let rest = self.missing - self.silent.min(self.missing);
        if rest >= OUTAGE {
            self.missing = rest;
        } else if self.silent > 0 {
            self.cause = OutageCause::Unknown;
        }
    }

    pub(super) fn outage(&self) -> Outage {
        let Self { from, to, missing, cause, after_frame, .. } = *self;
        Outage { from, to, lost: missing, severity: self.severity(), cause, after_frame }
    }

    /// 7 is where Linux and FreeBSD probe the AP, 19 where iwlwifi gives up; 2 s is Broadcom's limit.
    fn severity(&self) -> Severity {
        if matches!(self.cause, OutageCause::Sensor | OutageCause::OffChannel | OutageCause::Unknown) {
            return Severity::Note;
        }
        let long = self.to.0.saturating_sub(self.from.0) >= 2 * Nanos::SECOND;
        match self.missing {
            _ if long => Severity::Critical,
            19.. => Severity::Critical,
            7.. => Severity::Warning,
            _ => Severity::Note,
        }
    }
}

/// Sums over all gaps.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub heard: u64,
    pub silent: u64,
    pub explained: u64,
    pub not_observed: u64,
    /// Longest run of lost ones, and the longest without those in silence.
    pub longest: u64,
    pub longest_heard: u64,
    /// Runs off channel.
    pub hops: u64,
    listed: usize,
}

/// What may still be listed over all BSSs, so that outages and events stay inside a bound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    left: usize,
    refused: u64,
}

impl Budget {
    pub(super) fn new(entries: usize) -> Self {
        Self { left: entries, refused: 0 }
    }

    /// True when one more entry may be kept.
    pub(super) fn take(&mut self) -> bool {
        if self.left == 0 {
            self.refused += 1;
            return false;
        }
        self.left -= 1;
        true
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused
    }
}

/// The account.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    pub sums: Sums,
    pub runs: Vec<Run>,
    /// The gap right before the last beacon and the sums before it.
    last: Option<(Sums, Gap)>,
    /// Sums at the last report of the sensor.
    reported: Sums,
}

impl Ledger {
    /// Enters a gap.
    pub(super) fn enter(&mut self, gap: Gap, budget: &mut Budget) {
        self.last = Some((self.sums, gap));
        let sums = &mut self.sums;
        sums.heard += gap.heard;
        sums.silent += gap.silent;
        sums.explained += gap.explained;
        sums.not_observed += gap.not_observed;
        let run = Run::of(&gap);
        sums.longest = sums.longest.max(gap.lost());
        sums.longest_heard = sums.longest_heard.max(gap.heard + gap.explained);
        if run.is_some() && gap.cause == OutageCause::OffChannel {
            sums.hops += 1;
        }
        let hop = gap.cause == OutageCause::OffChannel && sums.hops > LISTED_HOPS;
        if let Some(run) = run.filter(|_| !hop && budget.take()) {
            self.runs.push(run);
        }
        self.sums.listed = self.runs.len();
    }

    /// Enters what is missing after the last beacon. A rest that nobody observed is no outage, just the end.
    pub(super) fn enter_tail(&mut self, gap: Gap, budget: &mut Budget) {
        if gap.lost() > 0 {
            self.enter(gap, budget);
        } else {
            self.sums.not_observed += gap.not_observed;
        }
    }

    /// A gap of unknown loss, where the AP's clock broke: listed, not counted.
    pub(super) fn enter_unknown(&mut self, run: Run, budget: &mut Budget) {
        self.last = None;
        if budget.take() {
            self.runs.push(run);
        }
        self.sums.listed = self.runs.len();
    }

    /// The next beacon came in its time: the gap before is final.
    pub(super) fn close(&mut self) {
        self.last = None;
    }

    /// A second beacon within one target time: the one before was late, so a loss before it was none.
    pub(super) fn take_one_back(&mut self, budget: &mut Budget) {
        if let Some((before, gap)) = self.last.take() {
            self.revise(before, gap.less_one(), budget);
            self.last = None;
        }
    }

    /// The gap that just ended turns out to have this reason.
    pub(super) fn explain_last(
        &mut self,
        now: Nanos,
        within_ns: i64,
        cause: OutageCause,
        budget: &mut Budget,
    ) {
        let Some((before, gap)) = self.last else { return };
        if gap.cause == OutageCause::Air && now.0.saturating_sub(gap.to.0) <= within_ns {
            let gap = Gap::explained(gap.lost(), cause).between(gap.from, gap.after_frame, gap.to);
            self.revise(before, gap, budget);
        }
    }

    fn revise(&mut self, before: Sums, gap: Gap, budget: &mut Budget) {
        self.runs.truncate(before.listed);
        self.sums = before;
        self.enter(gap, budget);
    }

    /// The sensor says that it dropped `packets` since its last report. Losses that this can explain are its own;
    /// more losses than dropped packets remain what they are.
    pub(super) fn sensor_dropped(&mut self, packets: u64) {
        let (now, then) = (self.sums, self.reported);
        let lost = (now.heard - then.heard.min(now.heard)) + (now.silent - then.silent.min(now.silent));
        if lost > 0 && lost <= packets {
            self.sums.heard = then.heard.min(now.heard);
            self.sums.silent = then.silent.min(now.silent);
            self.sums.not_observed += lost;
            let explained = self.longest_explained(then.listed);
            self.sums.longest = then.longest.max(explained);
            self.sums.longest_heard = then.longest_heard.max(explained);
            for run in self.runs.iter_mut().skip(then.listed).filter(|run| run.cause == OutageCause::Air) {
                run.cause = OutageCause::Sensor;
            }
        }
        self.last = None;
        self.reported = self.sums;
    }

    fn longest_explained(&self, from: usize) -> u64 {
        let explained = self
            .runs
            .iter()
            .skip(from)
            .filter(|run| matches!(run.cause, OutageCause::ApRestart | OutageCause::ChannelSwitch));
        explained.map(|run| run.missing).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn air(heard: u64, from_s: i64) -> Gap {
        let coverage = Coverage { heard, ..Coverage::default() };
        let (from, to) = (Nanos(from_s * Nanos::SECOND), Nanos((from_s + 1) * Nanos::SECOND));
        Gap::covered(coverage).between(from, 1, to)
    }

    #[test]
    fn severity_by_length_and_wall_time() {
        let mut ledger = Ledger::default();
        let mut budget = Budget::new(100);
        for lost in [2, 3, 7, 19] {
            ledger.enter(air(lost, 0), &mut budget);
        }
        ledger.enter(Gap { to: Nanos(2 * Nanos::SECOND), ..air(4, 0) }, &mut budget);
        let severities: Vec<Severity> = ledger.runs.iter().map(|run| run.outage().severity).collect();
        assert_eq!(severities, [Severity::Note, Severity::Warning, Severity::Critical, Severity::Critical]);
        assert_eq!((ledger.sums.heard, ledger.sums.longest), (35, 19));
    }

    #[test]
    fn a_loss_is_taken_back_with_its_run() {
        let mut ledger = Ledger::default();
        let mut budget = Budget::new(100);
        ledger.enter(air(3, 0), &mut budget);
        ledger.take_one_back(&mut budget);
        assert_eq!((ledger.sums.heard, ledger.sums.longest, ledger.runs.len()), (2, 2, 0));
        ledger.take_one_back(&mut budget);
        assert_eq!(ledger.sums.heard, 2, "only once");
    }

    #[test]
    fn drops_explain_no_more_losses_than_packets() {
        let mut ledger = Ledger::default();
        let mut budget = Budget::new(100);
        ledger.enter(air(5, 0), &mut budget);
        ledger.sensor_dropped(4);
        assert_eq!((ledger.sums.heard, ledger.sums.not_observed), (5, 0));
        ledger.enter(air(6, 5), &mut budget);
        ledger.sensor_dropped(100);
        assert_eq!((ledger.sums.heard, ledger.sums.not_observed), (5, 6));
        assert_eq!(ledger.sums.longest, 5);
        let causes: Vec<OutageCause> = ledger.runs.iter().map(|run| run.cause).collect();
        assert_eq!(causes, [OutageCause::Air, OutageCause::Sensor]);
    }

    #[test]
    fn hops_are_listed_three_times() {
        let mut ledger = Ledger::default();
        let mut budget = Budget::new(100);
        for at in 0..9 {
            let gap = Gap::covered(Coverage { off: 5, ..Coverage::default() });
            ledger.enter(gap.between(Nanos(at), 1, Nanos(at + 1)), &mut budget);
        }
        assert_eq!((ledger.runs.len(), ledger.sums.hops, ledger.sums.not_observed), (3, 9, 45));
        assert_eq!(ledger.runs[0].outage().severity, Severity::Note);
    }
}
