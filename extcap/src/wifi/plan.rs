//! Where the radio listens next, and when: one channel, a list in turn, or after an access point wherever it goes.

use std::time::{Duration, Instant};

use airtone_engine::wifi::BeaconObservation;
use airtone_engine::wifi::channel::{band_guess, channel_of, frequency_of};

use super::channels::{Tuning, Width};
use super::nl80211::Radio;

/// An access point that is followed and was not heard for this long is searched again.
const LOST: Duration = Duration::from_secs(2);

/// Where to listen and when to move on.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    stops: Vec<Tuning>,
    place: usize,
    dwell: Duration,
    /// When the present stop ends; `None` for never.
    until: Option<Instant>,
    follow: Option<Follow>,
}

/// After one access point.
#[derive(Clone, Debug)]
struct Follow {
    bssid: [u8; 6],
    width: Width,
    found: Option<Found>,
}

#[derive(Clone, Debug)]
struct Found {
    tuning: Tuning,
    heard: Instant,
    /// Announced: when and where to.
    switch: Option<(Instant, Tuning)>,
}

impl Plan {
    /// The list in turn; a single channel for good.
    pub(crate) fn hop(stops: Vec<Tuning>, dwell: Duration) -> Self {
        Self { stops, place: 0, dwell, until: None, follow: None }
    }

    /// Looks for the access point on the list and stays with it.
    pub(crate) fn follow(stops: Vec<Tuning>, dwell: Duration, bssid: [u8; 6], width: Width) -> Self {
        let follow = Some(Follow { bssid, width, found: None });
        Self { follow, ..Self::hop(stops, dwell) }
    }

    pub(crate) fn stops(&self) -> &[Tuning] {
        &self.stops
    }

    pub(crate) fn dwell(&self) -> Duration {
        self.dwell
    }

    /// The first stop, which begins now.
    pub(crate) fn start(&mut self, now: Instant) -> Option<Tuning> {
        self.place = 0;
        self.begin(now)
    }

    fn begin(&mut self, now: Instant) -> Option<Tuning> {
        self.until = (self.stops.len() > 1).then(|| now + self.dwell);
        self.stops.get(self.place).copied()
    }

    fn found(&self) -> Option<&Found> {
        self.follow.as_ref()?.found.as_ref()
    }

    /// When [`Self::change`] has to be asked next.
    pub(crate) fn next(&self) -> Option<Instant> {
        match self.found() {
            Some(Found { switch: Some((at, _)), .. }) => Some(*at),
            Some(found) => Some(found.heard + LOST),
            None => self.until,
        }
    }

    /// Where to go now, if somewhere else.
    pub(crate) fn change(&mut self, now: Instant) -> Option<Tuning> {
        if self.next().is_none_or(|at| now < at) {
            return None;
        }
        if let Some(found) = self.follow.as_mut().and_then(|follow| follow.found.as_mut()) {
            if let Some((_, to)) = found.switch.take() {
                (found.tuning, found.heard) = (to, now);
                return Some(to);
            }
            // Silent for too long: searched from where it was.
            self.follow.as_mut()?.found = None;
            self.until = Some(now + self.dwell);
            return None;
        }
        self.place = (self.place + 1) % self.stops.len().max(1);
        self.begin(now)
    }

    /// The kernel does not let the radio go there any more: it is left out. False when nothing is left.
    pub(crate) fn drop_stop(&mut self, mhz: u32) -> bool {
        self.stops.retain(|stop| stop.mhz != mhz);
        self.place = self.place.min(self.stops.len().saturating_sub(1));
        !self.stops.is_empty()
    }

    /// A beacon was heard at `now`. Where to go at once, when it is the one that is searched and is elsewhere.
    pub(crate) fn beacon(
        &mut self,
        beacon: &BeaconObservation,
        now: Instant,
        radio: &Radio,
    ) -> Option<Tuning> {
        let follow = self.follow.as_mut().filter(|follow| follow.bssid == beacon.bssid)?;
        let heard_on = u32::from(beacon.radio.frequency_mhz?);
        let band = channel_of(u16::try_from(heard_on).ok()?)?.0;
        let own = beacon.channel.and_then(|channel| frequency_of(band, channel)).map_or(heard_on, u32::from);
        let interval = Duration::from_micros(u64::from(beacon.interval_tu) * 1_024);
        let switch = beacon.channel_switch.and_then(|(channel, count)| {
            let there = frequency_of(band, channel).or_else(|| frequency_of(band_guess(channel), channel))?;
            // Half an interval behind the last beacon here: the next one is due there.
            let wait = interval * u32::from(count.saturating_sub(1)) + interval / 2;
            Some((now + wait, widest(radio, u32::from(there), follow.width)))
        });
        match &mut follow.found {
            Some(found) if found.tuning.mhz == own => {
                (found.heard, found.switch) = (now, switch);
                None
            }
            // A straggler from the channel that it has left.
            Some(_) => None,
            None => {
                let tuning = widest(radio, own, follow.width);
                follow.found = Some(Found { tuning, heard: now, switch });
                Some(tuning)
            }
        }
    }
}

/// At `mhz`, of the width that is wanted or the next narrower one that there is.
pub(crate) fn widest(radio: &Radio, mhz: u32, wanted: Width) -> Tuning {
    let widths = Width::ALL.into_iter().rev().filter(|width| *width <= wanted);
    widths.filter_map(|width| radio.offers(mhz, width)).next().unwrap_or(Tuning::narrow(mhz))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BSSID: [u8; 6] = [2, 0, 0, 0, 0, 1];
    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn stops(list: &[u32]) -> Vec<Tuning> {
        list.iter().map(|&mhz| Tuning::narrow(mhz)).collect()
    }

    fn beacon(mhz: u16, channel: u8, channel_switch: Option<(u8, u8)>) -> BeaconObservation {
        BeaconObservation {
            bssid: BSSID,
            ssid: None,
            tsf: None,
            interval_tu: 100,
            channel: Some(channel),
            channel_switch,
            dtim: None,
            radio: airtone_engine::wifi::Radio { frequency_mhz: Some(mhz), ..Default::default() },
        }
    }

    #[test]
    fn a_list_is_heard_in_turn_and_one_channel_for_good() {
        let start = Instant::now();
        let mut plan = Plan::hop(stops(&[2437, 5180]), MS(250));
        assert_eq!(plan.start(start), Some(Tuning::narrow(2437)));
        assert_eq!(plan.change(start + MS(249)), None);
        assert_eq!(plan.change(start + MS(250)), Some(Tuning::narrow(5180)));
        assert_eq!(plan.next(), Some(start + MS(500)));
        assert_eq!(plan.change(start + MS(500)), Some(Tuning::narrow(2437)));
        let mut single = Plan::hop(stops(&[2437]), MS(250));
        assert_eq!((single.start(start), single.next()), (Some(Tuning::narrow(2437)), None));
    }

    #[test]
    fn a_channel_that_is_no_longer_allowed_is_left_out() {
        let start = Instant::now();
        let mut plan = Plan::hop(stops(&[2437, 5180]), MS(250));
        plan.start(start);
        assert!(plan.drop_stop(2437));
        assert_eq!(plan.change(start + MS(250)), Some(Tuning::narrow(5180)));
        assert!(!plan.drop_stop(5180));
        assert_eq!(plan.change(start + MS(999)), None);
    }

    #[test]
    fn an_access_point_is_found_followed_and_searched_again() {
        let (start, radio) = (Instant::now(), Radio::default());
        let mut plan = Plan::follow(stops(&[2412, 2437]), MS(250), BSSID, Width::Mhz20);
        plan.start(start);
        // Heard on 2412, but it says that it is on 6.
        assert_eq!(plan.beacon(&beacon(2412, 6, None), start, &radio), Some(Tuning::narrow(2437)));
        assert_eq!(plan.change(start + MS(1_000)), None, "it stays");
        plan.beacon(&beacon(2437, 6, Some((11, 3))), start + MS(1_000), &radio);
        let switch = start + MS(1_000) + Duration::from_micros(2 * 102_400 + 51_200);
        assert_eq!(plan.next(), Some(switch));
        assert_eq!(plan.change(switch), Some(Tuning::narrow(2462)));
        plan.beacon(&beacon(2462, 11, None), switch + MS(50), &radio);
        assert_eq!(plan.change(switch + MS(2_049)), None);
        assert_eq!(plan.change(switch + MS(2_050)), None, "lost: the search goes on in a dwell");
        assert!(plan.change(switch + MS(2_300)).is_some());
    }

    #[test]
    fn a_switch_that_is_called_off_is_not_made() {
        let (start, radio) = (Instant::now(), Radio::default());
        let mut plan = Plan::follow(stops(&[2437]), MS(250), BSSID, Width::Mhz20);
        plan.start(start);
        plan.beacon(&beacon(2437, 6, Some((11, 3))), start, &radio);
        plan.beacon(&beacon(2437, 6, None), start + MS(100), &radio);
        assert_eq!(plan.change(start + MS(400)), None);
    }
}
