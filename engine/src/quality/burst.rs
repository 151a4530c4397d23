//! Bursts and gaps of a stream's losses: RFC 3611 section 4.7.2 exactly, and G.107's burst ratio.

use crate::model;

/// This many packets received in a row end a burst (Gmin, RFC 3611 section 4.7.2).
pub const GMIN: u64 = 16;

/// Takes one slot per expected packet in sequence order. Constant memory.
///
/// A burst is the longest sequence that begins and ends with a loss and holds no [`GMIN`] received packets in
/// a row; everything else, a loss that stands alone included, is gap. The stream counts as if at least Gmin
/// received packets came before and after it. (The estimate in appendix A.2 of the RFC gives other figures.)
#[derive(Clone, Debug, Default)]
pub struct Bursts {
    slots: u64,
    lost: u64,
    /// Received since the last loss.
    received_run: u64,
    /// Losses since the last received packet before them.
    loss_run: u64,
    loss_runs: u64,
    longest_loss: u64,
    /// From the first to the last loss of what may become a burst.
    open: Cluster,
    /// Bursts that are over.
    closed: Totals,
}

/// Losses with fewer than Gmin received packets between them.
#[derive(Clone, Copy, Debug, Default)]
struct Cluster {
    /// Slot of the first loss.
    start: u64,
    slots: u64,
    lost: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    bursts: u64,
    slots: u64,
    lost: u64,
    /// The stream begins with a burst, so that no gap comes before it.
    from_start: bool,
}

impl Totals {
    fn add(&mut self, cluster: &Cluster) {
        // A loss that stands alone belongs to the gap around it.
        if cluster.lost < 2 {
            return;
        }
        self.from_start |= cluster.start == 0;
        self.bursts += 1;
        self.slots = self.slots.saturating_add(cluster.slots);
        self.lost = self.lost.saturating_add(cluster.lost);
    }
}

impl Bursts {
    /// The next expected packet was played (`lost == false`), or was lost or late (`lost == true`).
    #[inline]
    pub fn push(&mut self, lost: bool) {
        if lost {
            return self.push_lost(1);
        }
        self.slots = self.slots.saturating_add(1);
        self.received_run = self.received_run.saturating_add(1);
    }

    /// The next `n` expected packets were all played (`false`) or all lost (`true`).
    pub fn push_run(&mut self, lost: bool, n: u64) {
        if lost {
            return self.push_lost(n);
        }
        self.slots = self.slots.saturating_add(n);
        self.received_run = self.received_run.saturating_add(n);
    }

    fn push_lost(&mut self, n: u64) {
        if n == 0 {
            return;
        }
        if self.open.lost > 0 && self.received_run < GMIN {
            self.open.slots = self.open.slots.saturating_add(self.received_run).saturating_add(n);
            self.open.lost = self.open.lost.saturating_add(n);
        } else {
            self.closed.add(&self.open);
            self.open = Cluster { start: self.slots, slots: n, lost: n };
        }
        if self.received_run > 0 || self.loss_runs == 0 {
            self.loss_runs += 1;
            self.loss_run = 0;
        }
        self.loss_run = self.loss_run.saturating_add(n);
        self.longest_loss = self.longest_loss.max(self.loss_run);
        self.received_run = 0;
        self.lost = self.lost.saturating_add(n);
        self.slots = self.slots.saturating_add(n);
    }

    /// Slots so far.
    #[must_use]
    pub fn slots(&self) -> u64 {
        self.slots
    }

    /// Slots lost so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Burst ratio: mean length of a loss run against that of random loss at the same rate
    /// (G.107 7-30), at least 1; 1 when nothing was lost.
    #[must_use]
    pub fn burst_ratio(&self) -> f64 {
        if self.loss_runs == 0 {
            return 1.0;
        }
        let mean_run = self.lost as f64 / self.loss_runs as f64;
        let received_share = (self.slots - self.lost) as f64 / self.slots as f64;
        (mean_run * received_share).max(1.0)
    }

    /// The figures of the report; `ptime_ms` turns slots into time.
    #[must_use]
    pub fn report(&self, ptime_ms: f64) -> model::Bursts {
        let mut bursts = self.closed;
        bursts.add(&self.open);
        let gap_slots = self.slots.saturating_sub(bursts.slots);
        let to_end = bursts.bursts > 0 && self.open.lost >= 2 && self.received_run == 0;
        let gaps = bursts.bursts + 1 - u64::from(bursts.from_start) - u64::from(to_end);
        model::Bursts {
            burst_density_percent: 100.0 * ratio(bursts.lost, bursts.slots),
            gap_density_percent: 100.0 * ratio(self.lost.saturating_sub(bursts.lost), gap_slots),
            burst_duration_ms: ptime_ms * ratio(bursts.slots, bursts.bursts),
            gap_duration_ms: ptime_ms * ratio(gap_slots, gaps),
            burst_ratio: self.burst_ratio(),
            longest_loss: self.longest_loss,
        }
    }
}

/// `part / whole`, 0 where there is no whole.
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(got: f64, want: f64, within: f64, what: &str) {
        assert!((got - want).abs() <= within, "{what}: {got} is not {want}");
    }

    fn stream(n: u64, lost: &[u64]) -> Bursts {
        let mut bursts = Bursts::default();
        (0..n).for_each(|slot| bursts.push(lost.contains(&slot)));
        bursts
    }

    /// Density of bursts and gaps (shares), their durations at 20 ms, burst ratio, longest run.
    fn check(n: u64, lost: &[u64], want: [f64; 5], longest: u64) {
        let report = stream(n, lost).report(20.0);
        near(report.burst_density_percent / 100.0, want[0], 5.1e-7, "burst density");
        near(report.gap_density_percent / 100.0, want[1], 5.1e-7, "gap density");
        near(report.burst_duration_ms, want[2], 1e-9, "burst duration");
        near(report.gap_duration_ms, want[3], 1e-9, "gap duration");
        near(report.burst_ratio, want[4], 5.1e-7, "burst ratio");
        assert_eq!(report.longest_loss, longest);
    }

    #[test]
    fn a_losses_that_stand_alone() {
        check(100, &[30, 70], [0.0, 0.02, 0.0, 2000.0, 1.0], 1);
    }

    #[test]
    fn b_a_burst_and_a_stray() {
        check(200, &[50, 52, 53, 60, 150], [0.363_636, 0.005_291, 220.0, 1890.0, 1.218_75], 2);
    }

    #[test]
    fn c_one_solid_burst() {
        let lost: Vec<u64> = (100..110).collect();
        check(300, &lost, [1.0, 0.0, 200.0, 2900.0, 9.666_667], 10);
    }

    #[test]
    fn d_two_bursts_and_a_stray() {
        let lost = [100, 101, 102, 110, 300, 305, 306, 307, 308, 400];
        check(500, &lost, [0.45, 0.002_083, 200.0, 3200.0, 1.96], 4);
    }

    #[test]
    fn e_fifteen_apart_is_a_burst_and_sixteen_is_not() {
        check(120, &[20, 36, 60, 77], [0.117_647, 0.019_417, 340.0, 1030.0, 1.0], 1);
    }

    #[test]
    fn nothing_and_nothing_lost() {
        assert_eq!(Bursts::default().report(20.0), model::Bursts { burst_ratio: 1.0, ..Default::default() });
        check(50, &[], [0.0, 0.0, 0.0, 1000.0, 1.0], 0);
    }

    #[test]
    fn everything_lost_is_one_burst_without_gaps() {
        let mut bursts = Bursts::default();
        bursts.push_run(true, 1_000_000_000_000);
        let report = bursts.report(20.0);
        assert_eq!(report.burst_density_percent, 100.0);
        assert_eq!(report.burst_duration_ms, 2e13);
        assert_eq!(report.gap_duration_ms, 0.0);
        assert_eq!(report.burst_ratio, 1.0);
        assert_eq!(report.longest_loss, 1_000_000_000_000);
    }

    #[test]
    fn huge_runs_saturate() {
        let mut bursts = Bursts::default();
        for _ in 0..3 {
            bursts.push_run(true, u64::MAX);
            bursts.push_run(false, u64::MAX);
        }
        assert!(bursts.report(20.0).burst_ratio >= 1.0);
    }

    /// RFC 3611 section 4.7.2 word for word, over the whole vector.
    fn by_definition(slots: &[bool], ptime_ms: f64) -> model::Bursts {
        let lost_at: Vec<usize> = (0..slots.len()).filter(|&slot| slots[slot]).collect();
        let mut in_burst = vec![false; slots.len()];
        let mut burst_count = 0usize;
        for cluster in lost_at.chunk_by(|a, b| b - a <= GMIN as usize) {
            if let [first, .., last] = cluster {
                in_burst[*first..=*last].fill(true);
                burst_count += 1;
            }
        }
        let share = |inside: bool| {
            let members: Vec<usize> = (0..slots.len()).filter(|&slot| in_burst[slot] == inside).collect();
            let lost = members.iter().filter(|&&slot| slots[slot]).count();
            (members.len(), if members.is_empty() { 0.0 } else { lost as f64 / members.len() as f64 })
        };
        let (burst_slots, burst_density) = share(true);
        let (gap_slots, gap_density) = share(false);
        let gap_count = in_burst.chunk_by(|a, b| a == b).filter(|run| !run[0]).count();
        let mean = |slots: usize, count: usize| {
            if count == 0 { 0.0 } else { slots as f64 * ptime_ms / count as f64 }
        };
        let runs: Vec<usize> =
            slots.chunk_by(|a, b| a == b).filter(|run| run[0]).map(<[bool]>::len).collect();
        let burst_ratio = if runs.is_empty() {
            1.0
        } else {
            let mean_run = lost_at.len() as f64 / runs.len() as f64;
            (mean_run * (1.0 - lost_at.len() as f64 / slots.len() as f64)).max(1.0)
        };
        model::Bursts {
            burst_density_percent: 100.0 * burst_density,
            gap_density_percent: 100.0 * gap_density,
            burst_duration_ms: mean(burst_slots, burst_count),
            gap_duration_ms: mean(gap_slots, gap_count),
            burst_ratio,
            longest_loss: runs.into_iter().max().unwrap_or(0) as u64,
        }
    }

    fn same(got: &model::Bursts, want: &model::Bursts) {
        near(got.burst_density_percent, want.burst_density_percent, 1e-9, "burst density");
        near(got.gap_density_percent, want.gap_density_percent, 1e-9, "gap density");
        near(got.burst_duration_ms, want.burst_duration_ms, 1e-6, "burst duration");
        near(got.gap_duration_ms, want.gap_duration_ms, 1e-6, "gap duration");
        near(got.burst_ratio, want.burst_ratio, 1e-9, "burst ratio");
        assert_eq!(got.longest_loss, want.longest_loss);
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(runs in prop::collection::vec((any::<bool>(), 0u64..40), 0..60)) {
            let (mut in_runs, mut one_by_one, mut whole) = (Bursts::default(), Bursts::default(), Vec::new());
            for &(lost, n) in &runs {
                in_runs.push_run(lost, n);
                (0..n).for_each(|_| one_by_one.push(lost));
                whole.extend((0..n).map(|_| lost));
            }
            let want = by_definition(&whole, 20.0);
            same(&in_runs.report(20.0), &want);
            same(&one_by_one.report(20.0), &want);
            prop_assert_eq!(in_runs.slots(), whole.len() as u64);
            prop_assert_eq!(in_runs.lost(), whole.iter().filter(|&&lost| lost).count() as u64);
        }
    }
}
