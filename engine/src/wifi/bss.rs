//! One BSS: follows its beacons on the AP's clock and accounts for those that are missing.

mod clock;
mod missing;
mod story;

use super::BeaconObservation;
use super::activity::Activity;
use super::channel::Band;
use super::dot11::Mac;
use super::histogram::Histogram;
use super::loss::{Budget, Ledger};
use super::series::Series;
use super::tbtt::Clock;
use crate::model::Event;

use crate::packet::Nanos;

use clock::{Advance, Breaks};

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

/// Two receptions of one transmission differ by less than this.
const SAME_TSF: u64 = 1_000;
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

    /// The state as it would be if the capture ended here.
    pub(super) fn settled(&self, around: &mut Surroundings<'_>) -> Self {
        let mut copy = self.clone();
        copy.settle_odd(around);
        copy.flush_delays();
        copy
    }
}
