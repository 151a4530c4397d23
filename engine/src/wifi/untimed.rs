//! Beacons of an export without times: counted on the AP's clock alone.

use super::testing::{Frame, T, context, mac};
use super::{BeaconObservation, Radio, Tracker};
use crate::config::Config;
use crate::model::{Bss, OutageCause, Severity};
use crate::packet::Nanos;

fn run(frames: impl IntoIterator<Item = Frame>) -> Bss {
    let mut tracker = Tracker::new(&Config::default());
    for (frame, sent) in (1..).zip(frames) {
        let cx = context(frame, Nanos::UNKNOWN, 0);
        tracker.frame(&cx, &Radio::default(), &sent.bytes());
    }
    let mut all = tracker.report(Nanos::UNKNOWN).bss;
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn beacon(n: u64) -> Frame {
    Frame::beacon(1).tsf(T + n * T)
}

#[test]
fn losses_are_those_of_the_aps_clock() {
    let bss = run((0..200).filter(|n| !(50..70).contains(n) && *n != 100).map(beacon));
    let beacons = &bss.beacons;
    assert_eq!((beacons.received, beacons.expected, beacons.lost), (179, 200, 21));
    assert_eq!((beacons.longest_run, beacons.not_observed, beacons.basis.as_str()), (20, 0, "tsf"));
    assert!(bss.events.is_empty(), "{:?}", bss.events);
    let [outage] = &bss.outages[..] else { panic!("{:?}", bss.outages) };
    assert_eq!((outage.lost, outage.cause, outage.severity), (20, OutageCause::Unknown, Severity::Note));
    assert!(!outage.from.is_known() && !outage.to.is_known());
    assert!((bss.duration_s.unwrap() - 199.0 * 0.1024).abs() < 1e-6);
}

#[test]
fn a_clock_that_goes_back_is_a_restart() {
    let bss = run((700_000..700_020).chain(0..20).map(beacon));
    assert_eq!((bss.beacons.received, bss.beacons.lost), (40, 0));
    let kinds: Vec<&str> = bss.events.iter().map(|event| event.kind.as_ref()).collect();
    assert_eq!(kinds, ["ap_restart"]);
    assert!(!bss.events[0].detail.contains("later"), "{}", bss.events[0].detail);
    assert!((bss.duration_s.unwrap() - 38.0 * 0.1024).abs() < 1e-6, "what it ran before and after");
}

#[test]
fn a_clock_that_leaps_for_hours_was_set() {
    let bss = run((0..20).chain(100_000..100_020).map(beacon));
    assert_eq!((bss.beacons.received, bss.beacons.lost), (40, 0));
    assert_eq!(bss.events[0].kind, "tsf_jump");
}

#[test]
fn a_farewell_explains_nothing_without_its_time() {
    let bye = Frame::new(0xc0, 0, [[0xff; 6], mac(1), mac(1)]).more(&[3, 0]);
    let bss = run((0..20).map(beacon).chain([bye]).chain((20..40).map(beacon)).chain((60..80).map(beacon)));
    assert_eq!(bss.outages[0].cause, OutageCause::Unknown);
}

#[test]
fn without_any_clock_beacons_are_only_counted() {
    let mut tracker = Tracker::new(&Config::default());
    let beacon = BeaconObservation {
        bssid: mac(1),
        ssid: None,
        tsf: None,
        interval_tu: 100,
        channel: Some(6),
        channel_switch: None,
        dtim: None,
        radio: Radio::default(),
    };
    for frame in 1..=50 {
        tracker.beacon(frame, Nanos::UNKNOWN, &beacon);
    }
    let bss = &tracker.report(Nanos::UNKNOWN).bss[0];
    assert_eq!((bss.beacons.received, bss.beacons.lost, bss.beacons.duplicates), (50, 0, 0));
    assert_eq!((bss.beacons.lost_percent, bss.beacons.basis.as_str()), (None, "none"));
    assert_eq!(bss.duration_s, None);
}
