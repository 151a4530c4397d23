//! Follows every BSS and station of a capture: hands each frame to those whom it concerns.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::activity::Activity;
use super::bss::{Bss, Seen, Surroundings};
use super::channel::{self, Band};
use super::dot11::{self, Header, Mac, subtype};
use super::loss::Budget;
use super::report;
use super::series::Series;
use super::stations::Stations;
use super::{BeaconObservation, Radio, beacon};
use crate::config::Config;
use crate::facts::BeaconFacts;
use crate::model;
use crate::packet::{Context, Nanos, PathId};

/// Outages and events kept over all BSSs: so many per BSS that there is room for.
const ENTRIES_PER_BSS: usize = 10;
/// Path of beacons that somebody else dissected.
const EXPORT: PathId = PathId(u16::MAX);

/// Follows every BSS and station of a capture.
#[derive(Debug)]
pub struct Tracker {
    bss: Vec<Bss>,
    /// Index into `bss` by address and band.
    index: HashMap<Mac, [Option<u32>; Band::COUNT], RandomState>,
    max_bss: usize,
    interval_points: u16,
    refused: u64,
    budget: Budget,
    activity: Activity,
    stations: Stations,
}

impl Tracker {
    /// With the bounds of `config`.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            bss: Vec::new(),
            index: HashMap::default(),
            max_bss: config.max_bss,
            interval_points: config.interval_points,
            refused: 0,
            budget: Budget::new(config.max_bss.saturating_mul(ENTRIES_PER_BSS)),
            activity: Activity::default(),
            stations: Stations::new(config.max_stations),
        }
    }

    /// Takes one MAC frame (FCS removed). Returns figures when it is a beacon.
    pub fn frame(&mut self, cx: &Context, radio: &Radio, frame: &[u8]) -> Option<BeaconFacts> {
        let header = dot11::header(frame);
        let beacon = header.as_ref().and_then(|header| beacon::parse(header, radio, frame));
        // Even a damaged frame proves that the sensor listened.
        let beaconer = beacon.as_ref().filter(|_| !radio.bad_fcs).map(|beacon| beacon.bssid);
        self.activity.note(cx.path, super::frequency(radio), cx.at, beaconer);
        if radio.bad_fcs {
            return self.damaged(cx, &beacon?);
        }
        let header = header?;
        if let Some(beacon) = beacon {
            return self.follow(cx.frame, cx.at, &beacon);
        }
        self.management(cx, &header, radio, frame);
        self.stations.frame(cx, &header, radio, frame);
        None
    }

    /// Takes a beacon that somebody else dissected.
    pub fn beacon(&mut self, frame: u64, at: Nanos, beacon: &BeaconObservation) -> Option<BeaconFacts> {
        if beacon.radio.bad_fcs || beacon.interval_tu == 0 || !dot11::is_device(beacon.bssid) {
            return None;
        }
        self.activity.note(EXPORT, super::frequency(&beacon.radio), at, Some(beacon.bssid));
        self.follow(frame, at, beacon)
    }

    fn follow(&mut self, frame: u64, at: Nanos, beacon: &BeaconObservation) -> Option<BeaconFacts> {
        let seen = Seen { frame, at, tsf: beacon.tsf.filter(|&tsf| tsf != 0) };
        let mut around = Surroundings { activity: &self.activity, budget: &mut self.budget };
        let band = band_of(beacon);
        if let Some(place) = find(&self.bss, &mut self.index, beacon, band, at) {
            let bss = self.bss.get_mut(place as usize)?;
            return Some(facts(place, bss.beacon(seen, beacon, &mut around)));
        }
        if self.bss.len() >= self.max_bss {
            self.refused += 1;
            return None;
        }
        let place = u32::try_from(self.bss.len()).ok()?;
        let mut bss = Bss::new(seen, beacon, band, &mut around);
        bss.over_time = Series::new(at, self.interval_points);
        self.bss.push(bss);
        self.index.entry(beacon.bssid).or_default()[band.slot()] = Some(place);
        Some(facts(place, (0, None)))
    }

    /// A beacon with a wrong FCS: never a new BSS.
    fn damaged(&mut self, cx: &Context, beacon: &BeaconObservation) -> Option<BeaconFacts> {
        let seen = Seen { frame: cx.frame, at: cx.at, tsf: beacon.tsf.filter(|&tsf| tsf != 0) };
        let place = self.index.get(&beacon.bssid)?[band_of(beacon).slot()]?;
        let mut around = Surroundings { activity: &self.activity, budget: &mut self.budget };
        let figures = self.bss.get_mut(place as usize)?.damaged(seen, beacon, &mut around)?;
        Some(facts(place, figures))
    }

    /// What management frames other than beacons tell about a BSS.
    fn management(&mut self, cx: &Context, header: &Header, radio: &Radio, frame: &[u8]) {
        let Some(transmitter) = header.transmitter else { return };
        let seen = Seen { frame: cx.frame, at: cx.at, tsf: None };
        let farewell =
            header.is_management(subtype::DEAUTHENTICATION) || header.is_management(subtype::DISASSOCIATION);
        if farewell && header.receiver == [0xff; 6] && header.address3 == Some(transmitter) {
            self.each(transmitter, radio, |bss, budget| bss.farewell(seen.frame, seen.at, budget));
        } else if let Some((channel, count)) = beacon::switch_action(header, frame) {
            self.each(transmitter, radio, |bss, budget| bss.announce(&seen, channel, count, budget));
        } else if let Some((bssid, name)) = beacon::name(header, frame) {
            self.each(bssid, radio, |bss, budget| bss.named(&seen, name.clone(), budget));
        }
    }

    /// The BSSs with this address, in the band of the frame where that is known.
    fn each(&mut self, bssid: Mac, radio: &Radio, mut act: impl FnMut(&mut Bss, &mut Budget)) {
        let Some(slots) = self.index.get(&bssid) else { return };
        let band = channel::channel_of(super::frequency(radio)).map(|(band, _)| band);
        for &place in slots.iter().flatten() {
            let Some(bss) = self.bss.get_mut(place as usize) else { continue };
            if band.is_none_or(|band| band == bss.band || bss.band == Band::Unknown) {
                act(bss, &mut self.budget);
            }
        }
    }

    /// The sensor reported `dropped` packets on `interface` since it last reported, up to `at`.
    pub fn sensor_dropped(&mut self, interface: u32, at: Nanos, dropped: u64) {
        self.activity.dropped(interface, at, dropped);
        self.bss.iter_mut().for_each(|bss| bss.ledger.sensor_dropped(dropped));
    }

    /// The radio behind `path` listens to a channel from `at` on (centre of the primary 20 MHz and width, MHz), or to none.
    pub fn listening(&mut self, path: PathId, at: Nanos, channel: Option<(u32, u32)>) {
        self.activity.listening(path, at, channel.map(|(mhz, _)| mhz));
    }

    /// BSSs and stations. `end`: time of the capture's last packet.
    #[must_use]
    pub fn report(&self, end: Nanos) -> model::Wifi {
        let mut budget = self.budget;
        let mut around = Surroundings { activity: &self.activity, budget: &mut budget };
        let bss = self.bss.iter().map(|bss| report::bss(bss, end, &mut around)).collect();
        let is_ap = |mac: &Mac| self.index.contains_key(mac);
        model::Wifi { bss, stations: self.stations.report(is_ap) }
    }

    /// Address of the BSS at `place` of the report.
    pub(crate) fn bssid(&self, place: u32) -> Option<Mac> {
        self.bss.get(usize::try_from(place).ok()?).map(|bss| bss.bssid)
    }

    /// BSSs and stations that were not followed because a table was full (each time that one was seen),
    /// and outages and events that were not listed.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.refused + self.stations.refused() + self.budget.refused()
    }
}

fn facts(bss: u32, (lost_before, delay): (u64, Option<u64>)) -> BeaconFacts {
    BeaconFacts {
        bss,
        lost_before: u32::try_from(lost_before).unwrap_or(u32::MAX),
        delay_us: delay.map(|delay| delay as f32),
    }
}

/// Band of a beacon by its radio header, else by its channel number.
fn band_of(beacon: &BeaconObservation) -> Band {
    let by_radio = channel::channel_of(super::frequency(&beacon.radio)).map(|(band, _)| band);
    by_radio.unwrap_or_else(|| beacon.channel.map_or(Band::Unknown, channel::band_guess))
}

/// The BSS that a beacon belongs to. One address in two bands is two BSSs, unless the band of one is not
/// known or it announced to come here.
fn find(
    all: &[Bss],
    index: &mut HashMap<Mac, [Option<u32>; Band::COUNT], RandomState>,
    beacon: &BeaconObservation,
    band: Band,
    at: Nanos,
) -> Option<u32> {
    let slots = index.get_mut(&beacon.bssid)?;
    if let Some(place) = slots[band.slot()] {
        return Some(place);
    }
    if band == Band::Unknown {
        return slots.iter().flatten().copied().next();
    }
    let comes_here = |place: &u32| {
        let bss = all.get(*place as usize);
        let announced = bss.and_then(|bss| bss.announced_channel(at));
        announced.is_some() && announced == beacon.channel
    };
    let place = slots[Band::Unknown.slot()].or_else(|| slots.iter().flatten().copied().find(comes_here))?;
    slots[band.slot()] = Some(place);
    Some(place)
}
