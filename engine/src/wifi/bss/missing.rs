//! Why beacons of a BSS are missing: the AP's own word, the sensor's, and what the sensor's other frames show.

use super::super::activity::{Activity, Targets};
use super::super::loss::{Budget, Gap, LISTED_HOPS};
use super::{Bss, Seen, Surroundings};
use crate::model::OutageCause;
use crate::packet::Nanos;

/// Beacons count as due on a channel only this far from coming and leaving.
const LEAST_MARGIN: i64 = 10 * Nanos::MILLI;
/// A farewell this long before the last beacon belongs to the silence that follows.
const FAREWELL: i64 = 500 * Nanos::MILLI;

impl Bss {
    /// Accounts for `missing` beacons. Returns how many of them are lost.
    pub(super) fn gap(
        &mut self,
        missing: u64,
        last: &Seen,
        seen: &Seen,
        moved: bool,
        around: &mut Surroundings<'_>,
    ) -> u64 {
        let gap = self.attribute(missing, last.at, seen.at, moved, around.activity);
        let gap = gap.between(last.at, last.frame, seen.at);
        self.ledger.enter(gap, around.budget);
        if self.ledger.sums.hops > LISTED_HOPS && !std::mem::replace(&mut self.hopping, true) {
            let detail =
                "the sensor keeps leaving the channel; further such gaps are only counted".to_owned();
            self.event(seen, "sensor_hops", detail, around.budget);
        }
        gap.lost()
    }

    /// Why beacons are missing. What the AP itself says comes first, then what the sensor admits, then what
    /// its other frames show. Silence of a lone AP on a frequency that the sensor keeps counts as `air`:
    /// nothing speaks against the sensor, and the report withdraws it where silence is the rule.
    fn attribute(&self, missing: u64, from: Nanos, to: Nanos, moved: bool, activity: &Activity) -> Gap {
        let farewell = self.said_farewell(from, to);
        if farewell && !activity.is_told() {
            return Gap::explained(missing, OutageCause::ApRestart);
        }
        if moved {
            return Gap::explained(missing, OutageCause::ChannelSwitch);
        }
        if !from.is_known() || !to.is_known() {
            return Gap::untold(missing);
        }
        if activity.dropped_during(from, to) >= missing {
            return Gap::unobserved(missing, OutageCause::Sensor);
        }
        let span_ns = to.0.saturating_sub(from.0);
        let targets = Targets { from, span_ns, count: missing, margin_ns: self.margin_ns() };
        let gap = Gap::covered(activity.coverage(self.bssid, self.frequency, &targets));
        if farewell && gap.lost() > 0 {
            return Gap {
                not_observed: gap.not_observed,
                ..Gap::explained(gap.lost(), OutageCause::ApRestart)
            };
        }
        gap
    }

    /// How far from its target time a beacon of this AP may be received: it waits for a free channel.
    fn margin_ns(&self) -> i64 {
        if self.delays.is_empty() {
            return LEAST_MARGIN;
        }
        let usual = (self.delays.percentile(0.95) * 1e3) as i64;
        usual.max(LEAST_MARGIN).min(self.period_ns() / 2)
    }

    fn said_farewell(&self, from: Nanos, to: Nanos) -> bool {
        let farewell = self.last_farewell.filter(|at| at.is_known() && from.is_known());
        farewell.is_some_and(|at| at.0 >= from.0.saturating_sub(FAREWELL) && at <= to)
    }

    /// The AP sent a deauthentication or disassociation to everybody: it goes, or has come back.
    pub(in crate::wifi) fn farewell(&mut self, frame: u64, at: Nanos, budget: &mut Budget) {
        let again = self.last_farewell.is_some_and(|last| at.0.saturating_sub(last.0) < Nanos::SECOND);
        self.last_farewell = Some(at);
        self.ledger.explain_last(at, FAREWELL, OutageCause::ApRestart, budget);
        if !again {
            let seen = Seen { frame, at, tsf: None };
            self.event(&seen, "broadcast_deauth", "the AP sent everybody away".to_owned(), budget);
        }
    }

    /// Beacons due between the last one and `end`, by what the sensor did: the rest of a capture in which
    /// nobody was heard on the channel is not observed, and so is the old channel after an announced switch.
    pub(in crate::wifi) fn tail(&self, end: Nanos, activity: &Activity) -> Option<Gap> {
        let left = end.known()?.0.saturating_sub(self.last.at.known()?.0);
        let missing = u64::try_from(left / self.period_ns()).ok().filter(|&missing| missing > 0)?;
        let between = |gap: Gap| Some(gap.between(self.last.at, self.last.frame, end));
        if self.announced.is_some() {
            return between(Gap::unobserved(missing, OutageCause::ChannelSwitch));
        }
        if activity.dropped_during(self.last.at, end) >= missing {
            return between(Gap::unobserved(missing, OutageCause::Sensor));
        }
        let span_ns = i64::try_from(missing + 1).ok()?.saturating_mul(self.period_ns());
        let targets = Targets { from: self.last.at, span_ns, count: missing, margin_ns: self.margin_ns() };
        let gap = Gap::covered(activity.coverage(self.bssid, self.frequency, &targets));
        if self.said_farewell(self.last.at, end) && gap.lost() > 0 {
            let explained = Gap::explained(gap.lost(), OutageCause::ApRestart);
            return between(Gap { not_observed: gap.not_observed, ..explained });
        }
        between(gap)
    }
}
