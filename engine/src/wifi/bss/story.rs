//! What a BSS tells beside the time of its beacons: name, channel, announcements, level.

use super::super::channel;
use super::super::dot11;
use super::super::loss::Budget;
use super::super::{BeaconObservation, beacon, frequency};
use super::{Announced, Bss, Seen, Surroundings};
use crate::model::Event;
use crate::packet::Nanos;

/// After an announced switch an AP should be back within this.
const SWITCH: i64 = 10 * Nanos::SECOND;
/// Beacons without the announcement after which it is off.
const CANCELLED: u8 = 3;
/// Weak at the sensor: below this (and no longer weak 3 dB above).
const WEAK_DBM: f64 = -85.0;
const MAX_EVENTS: usize = 256;

impl Bss {
    /// What a beacon says beside its time.
    pub(super) fn describe(
        &mut self,
        seen: &Seen,
        beacon: &BeaconObservation,
        around: &mut Surroundings<'_>,
    ) {
        self.describe_channel(seen, beacon, around.budget);
        if let Some(name) = beacon.ssid.as_ref().filter(|name| beacon::is_named(name)) {
            let renamed = self.ssid.as_ref().is_some_and(|old| old != name);
            if renamed {
                self.event(seen, "ssid_change", "the AP changed its network name".to_owned(), around.budget);
            }
            if self.ssid.as_ref() != Some(name) {
                self.ssid = Some(name.clone());
            }
        }
        if let Some(dbm) = beacon.radio.signal_dbm {
            self.level.add(dbm);
            self.describe_level(seen, around.budget);
        }
    }

    fn describe_level(&mut self, seen: &Seen, budget: &mut Budget) {
        let smooth = self.level.smooth;
        if !self.weak && self.level.count >= 4 && smooth < WEAK_DBM {
            self.weak = true;
            let detail = format!("{smooth:.0} dBm: losses may be the sensor's distance");
            self.event(seen, "weak_at_sensor", detail, budget);
        } else if self.weak && smooth > WEAK_DBM + 3.0 {
            self.weak = false;
        }
    }

    fn describe_channel(&mut self, seen: &Seen, beacon: &BeaconObservation, budget: &mut Budget) {
        if let (Some(old), Some(new)) = (self.channel, beacon.channel)
            && old != new
        {
            self.event(seen, "channel_change", format!("channel {new}, was {old}"), budget);
        }
        self.channel = beacon.channel.or(self.channel);
        // On an adjacent channel an AP is heard too; the sensor counts as listening where the AP says that it is.
        let received_on = frequency(&beacon.radio);
        let says = self.channel.and_then(|channel| channel::frequency_of(self.band, channel));
        if received_on != 0 && (Some(self.frequency) != says || Some(received_on) == says) {
            self.frequency = received_on;
        }
        let Some((channel, count)) = beacon.channel_switch else {
            let arrived = self.announced.is_some_and(|old| self.channel == Some(old.channel));
            let overdue = self.announced.as_mut().is_some_and(|old| old.is_over(seen.at));
            if overdue && !arrived {
                self.event(seen, "channel_switch_failed", "announced, but not made".to_owned(), budget);
            }
            if arrived || overdue {
                self.announced = None;
            }
            return;
        };
        self.announce(seen, channel, count, budget);
    }

    /// A channel switch is announced, in a beacon or in an action frame.
    pub(in crate::wifi) fn announce(&mut self, seen: &Seen, channel: u8, count: u8, budget: &mut Budget) {
        if self.announced.is_none_or(|old| old.channel != channel) {
            let detail = format!("to channel {channel} in {count} beacons");
            self.event(seen, "channel_switch_announced", detail, budget);
        }
        let wait = i64::from(count).saturating_mul(self.period_ns()).saturating_add(SWITCH);
        self.announced =
            Some(Announced { channel, until: Nanos(seen.at.0.saturating_add(wait)), without: 0 });
    }

    /// The channel that the AP announced to switch to and has not reached.
    pub(in crate::wifi) fn announced_channel(&self, at: Nanos) -> Option<u8> {
        self.announced.filter(|announced| at <= announced.until).map(|announced| announced.channel)
    }

    /// Somebody else named a hidden network.
    pub(in crate::wifi) fn named(&mut self, seen: &Seen, name: Vec<u8>, budget: &mut Budget) {
        if self.ssid.is_none() {
            self.event(
                seen,
                "hidden_name_learnt",
                "from a probe response or an association".to_owned(),
                budget,
            );
            self.ssid = Some(name);
        }
    }

    pub(super) fn event(&mut self, seen: &Seen, kind: &'static str, detail: String, budget: &mut Budget) {
        if self.events.len() < MAX_EVENTS && budget.take() {
            self.events.push(Event { frame: seen.frame, at: seen.at, kind: kind.into(), detail });
        }
    }

    /// The address as text.
    pub(in crate::wifi) fn name(&self) -> String {
        dot11::text(self.bssid)
    }
}

impl Announced {
    /// A beacon came that no longer announces: true when the announcement is off.
    fn is_over(&mut self, now: Nanos) -> bool {
        self.without = self.without.saturating_add(1);
        self.without >= CANCELLED || now > self.until
    }
}
