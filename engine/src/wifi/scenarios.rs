//! Made-up air with a known truth: restarts, hops, two sensors, late and damaged beacons.

use super::testing::{Air, Frame, T, mac};
use super::{BeaconObservation, Radio, Tracker, strip_captured, strip_radio};
use crate::config::Config;
use crate::model::{Bss, OutageCause, Severity};
use crate::packet::{LinkType, Nanos};

fn beacon(tsf: u64) -> Frame {
    Frame::beacon(1).tsf(tsf)
}

fn kinds(bss: &Bss) -> Vec<&str> {
    bss.events.iter().map(|event| event.kind.as_ref()).collect()
}

fn causes(bss: &Bss) -> Vec<(u64, OutageCause)> {
    bss.outages.iter().map(|outage| (outage.lost, outage.cause)).collect()
}

fn lost(bss: &Bss) -> (u64, u64, u64) {
    (bss.beacons.received, bss.beacons.lost, bss.beacons.not_observed)
}

#[test]
fn a_restarted_clock_is_an_outage_of_unknown_loss() {
    let mut air = Air::new();
    let origin = 500_000_000_000;
    (0..20).for_each(|n| air.put(n * T, &beacon(origin + n * T)));
    // Ten intervals later, after 0.6 s of its own time.
    (0..20).for_each(|n| air.put((30 + n) * T, &beacon(600_000 + n * T)));
    let bss = air.only();
    assert_eq!(lost(&bss), (40, 0, 0));
    assert_eq!(causes(&bss), [(10, OutageCause::ApRestart)]);
    assert_eq!(kinds(&bss), ["ap_restart"]);
}

#[test]
fn a_clock_that_jumps_is_no_restart() {
    let mut air = Air::new();
    (0..20).for_each(|n| air.put(n * T, &beacon(T + n * T)));
    (20..40).for_each(|n| air.put(n * T, &beacon(90_000_000_000 + n * T)));
    let bss = air.only();
    assert_eq!(lost(&bss), (40, 0, 0));
    assert_eq!((kinds(&bss), causes(&bss)), (vec!["tsf_jump"], vec![]));
}

#[test]
fn another_interval_counts_from_the_second_beacon_on() {
    let mut air = Air::new();
    (0..20).for_each(|n| air.put(n * T, &beacon(T + n * T)));
    // One damaged interval field.
    air.send(20 * T, &beacon(21 * T).interval(356));
    (21..30).for_each(|n| air.put(n * T, &beacon(T + n * T)));
    assert_eq!((lost(&air.only()), air.only().beacon_interval_tu), ((30, 0, 0), 100));
    assert!(air.only().events.is_empty());
    // A real change to 200 TU with a loss of two afterwards.
    let slow = |n: u64| 30 * T + n * 2 * T;
    (0..5).chain(7..10).for_each(|n| air.put(slow(n), &beacon(T + slow(n)).interval(200)));
    let bss = air.only();
    assert_eq!((lost(&bss), bss.beacon_interval_tu), ((38, 2, 0), 200));
    assert_eq!(kinds(&bss), ["interval_change"]);
    // An interval that was still alone at the end.
    air.send(slow(10), &beacon(T + slow(10)).interval(201));
    assert_eq!(air.only().beacons.received, 39);
}

#[test]
fn a_late_beacon_is_late() {
    for late in [1_000, 50_000, 95_000, 99_000, 101_000] {
        let mut air = Air::new();
        for n in 0..60 {
            let at = n * T + if n == 40 { late } else { 300 };
            air.send(at, &beacon(T + at));
        }
        let bss = air.only();
        assert_eq!(lost(&bss), (60, 0, 0), "{late}");
        assert_eq!((bss.beacons.duplicates, bss.outages.len()), (0, 0), "{late}");
        if late < 96_000 {
            let delay = bss.beacon_delay_us.unwrap();
            assert!((delay.max - (late - 300) as f64).abs() < 1.0, "{delay:?}");
        }
    }
}

#[test]
fn staggered_networks_of_one_access_point_keep_their_phases() {
    let mut air = Air::new();
    for n in 0..50_u64 {
        for vap in 0..4 {
            let at = n * T + u64::from(vap) * T / 4;
            // The third misses ten in a row while the others are heard.
            if !(vap == 2 && (20..30).contains(&n)) {
                air.send(at, &Frame::beacon(vap).tsf(T + at));
            }
        }
    }
    let wifi = air.report();
    let figures: Vec<_> = wifi.bss.iter().map(lost).collect();
    assert_eq!(figures, [(50, 0, 0), (50, 0, 0), (40, 10, 0), (50, 0, 0)]);
    assert_eq!(causes(&wifi.bss[2]), [(10, OutageCause::Air)]);
    assert_eq!(wifi.bss[2].outages[0].severity, Severity::Warning);
    assert!(wifi.bss.iter().all(|bss| bss.beacon_delay_us.is_some_and(|delay| delay.max < 1.0)));
}

/// Three APs on 1, 6 and 11, a sensor that stays 300 ms on each; one AP is silent for 30 s.
#[test]
fn a_hopping_sensor_sees_a_third_and_loses_nothing() {
    let channels = [2412, 2437, 2462];
    let mut air = Air::new();
    for ms in (0..90_000_u64).step_by(10) {
        let tuned = (ms / 300 % 3) as usize;
        let noise = Frame::new(0x08, 1, [mac(200), mac(100), mac(201)]);
        air.send_on(channels[tuned], 0, ms * 1_000, &noise);
        for (at, &mhz) in channels.iter().enumerate() {
            // The beacon that falls into these 10 ms, if any.
            let offset = at as u64 * 7_000;
            let due = (ms * 1_000).saturating_sub(offset).div_ceil(T) * T + offset;
            let silent = at == 1 && (30_000..60_000).contains(&ms);
            if at == tuned && !silent && (ms * 1_000..(ms + 10) * 1_000).contains(&due) {
                air.send_on(
                    mhz,
                    0,
                    due,
                    &Frame::beacon(at as u8 + 1).tsf(T + due).element(3, &[at as u8 * 5 + 1]),
                );
            }
        }
    }
    let wifi = air.report();
    assert_eq!(wifi.bss.len(), 3);
    for at in [0, 2] {
        let beacons = &wifi.bss[at].beacons;
        assert!(beacons.received > 200 && beacons.not_observed > 500, "{beacons:?}");
        assert!(beacons.lost <= beacons.received / 100, "{beacons:?}");
    }
    let beacons = &wifi.bss[1].beacons;
    // 33 visits to the channel without a beacon, nearly three due in each.
    assert!((75..=105).contains(&beacons.lost), "{beacons:?}");
    assert!(wifi.bss[1].outages.iter().any(|outage| outage.cause == OutageCause::Air && outage.lost >= 75));
    assert!(kinds(&wifi.bss[0]).contains(&"sensor_hops"));
}

#[test]
fn losses_at_a_weak_signal_are_marked() {
    let mut air = Air::new();
    let radio = Radio { frequency_mhz: Some(2412), signal_dbm: Some(-91), ..Radio::default() };
    for n in (0..100).filter(|n| n % 3 != 0) {
        air.send_with(radio, 0, n * T, &beacon(T + n * T));
    }
    let bss = air.only();
    assert_eq!(kinds(&bss), ["weak_at_sensor"]);
    assert_eq!((bss.beacons.received, bss.beacons.lost), (66, 32));
    assert!((bss.signal_dbm.unwrap().mean + 91.0).abs() < 0.01);
}

#[test]
fn two_sensors_lose_what_neither_heard() {
    let mut air = Air::new();
    for n in 0..60 {
        let frame = beacon(T + n * T);
        if n % 4 != 1 {
            air.send_on(2412, 0, n * T, &frame);
        }
        if n % 4 != 3 && n != 41 {
            air.send_on(2412, 1, n * T + 200, &frame);
        }
    }
    let bss = air.only();
    assert_eq!(lost(&bss), (59, 1, 0));
    assert_eq!(bss.beacons.duplicates, 30);
}

#[test]
fn without_a_tsf_capture_time_counts() {
    let mut air = Air::new();
    for n in (0..50).filter(|n| !(20..24).contains(n)) {
        air.send(n * T + n % 7 * 900, &beacon(0));
    }
    let bss = air.only();
    assert_eq!(lost(&bss), (46, 4, 0));
    assert_eq!((bss.beacons.basis.as_str(), bss.beacon_delay_us.is_none()), ("capture_time", true));
    // A clock that stands still is as good as none.
    let mut air = Air::new();
    for n in (0..50).filter(|n| !(30..34).contains(n)) {
        air.send(n * T, &beacon(777_777));
    }
    let bss = air.only();
    assert_eq!(lost(&bss), (46, 4, 0));
    assert!(kinds(&bss).contains(&"tsf_unusable"));
    assert_eq!(bss.beacons.basis, "capture_time");
}

#[test]
fn two_devices_with_one_bssid() {
    let mut air = Air::new();
    for n in 0..40 {
        air.send(n * T, &beacon(T + n * T));
        air.send(n * T + 40_000, &beacon(80_000_000_000 + n * T));
    }
    let bss = air.only();
    assert!(kinds(&bss).contains(&"duplicate_bssid"));
    assert_eq!(bss.beacons.lost, 0);
}

#[test]
fn silence_of_all_is_the_sensors() {
    let mut air = Air::new();
    let other = |tsf: u64| {
        let mut bytes = Frame::beacon(9).tsf(tsf).bytes();
        bytes[12] = 0x77;
        bytes[18] = 0x77;
        bytes
    };
    for n in (0..100).filter(|n| !(50..60).contains(n)) {
        air.send(n * T, &beacon(T + n * T));
        let bytes = other(T + n * T);
        let frame = Frame::new(0, 0, [[0; 6]; 3]).replaced(bytes);
        air.send(n * T + 30_000, &frame);
    }
    let wifi = air.report();
    for bss in &wifi.bss {
        assert_eq!(lost(bss), (90, 0, 10), "{}", bss.bssid);
        assert_eq!(causes(bss), [(10, OutageCause::Sensor)]);
    }
}

#[test]
fn drops_of_the_sensor_explain_as_much_as_was_dropped() {
    let run = |dropped: u64, before: bool| {
        let mut air = Air::new();
        for n in (0..60).filter(|n| !(20..30).contains(n)) {
            if before && n == 30 {
                air.tracker.sensor_dropped(0, Nanos((30 * T) as i64 * 1_000), dropped);
            }
            air.send(n * T, &beacon(T + n * T));
        }
        if !before {
            air.tracker.sensor_dropped(0, air.end, dropped);
        }
        let bss = air.only();
        (lost(&bss), causes(&bss))
    };
    for before in [true, false] {
        assert_eq!(run(40, before), ((50, 0, 10), vec![(10, OutageCause::Sensor)]));
        assert_eq!(run(4, before), ((50, 10, 0), vec![(10, OutageCause::Air)]));
    }
}

#[test]
fn the_end_of_a_capture() {
    let mut air = Air::new();
    (0..50).for_each(|n| air.put(n * T, &beacon(T + n * T)));
    let later = |n: u64| Nanos(((49 + n) * T) as i64 * 1_000 + 1_000_000);
    let bss = &air.tracker.report(later(10)).bss[0];
    assert_eq!((lost(bss), bss.outages.len()), ((50, 0, 10), 0), "nobody was heard: not observed");
    let noise = Frame::new(0x08, 1, [mac(200), mac(100), mac(201)]);
    (1..60).for_each(|n| air.put(49 * T + n * 10_000, &noise));
    let bss = &air.tracker.report(later(10)).bss[0];
    assert_eq!(lost(bss), (50, 5, 5), "others were heard for half of it");
    assert_eq!(causes(bss), [(5, OutageCause::Air)]);
}

#[test]
fn an_announced_switch_is_followed_into_another_band() {
    let mut air = Air::new();
    for n in 0..20 {
        let frame = beacon(T + n * T).element(3, &[6]);
        let count = 19_u8.saturating_sub(n as u8);
        air.send_on(2437, 0, n * T, &if n > 10 { frame.element(37, &[1, 36, count]) } else { frame });
    }
    // Before it comes back its silence is no outage.
    let meanwhile = air.tracker.report(Nanos((25 * T) as i64 * 1_000));
    assert_eq!((lost(&meanwhile.bss[0]), meanwhile.bss[0].outages.len()), ((20, 0, 6), 0));
    (24..40).for_each(|n| air.at(5180).put(n * T, &beacon(T + n * T).element(61, &[36, 0])));
    let bss = air.only();
    assert_eq!(lost(&bss), (36, 4, 0));
    assert_eq!(causes(&bss), [(4, OutageCause::ChannelSwitch)]);
    assert_eq!(kinds(&bss), ["channel_switch_announced", "channel_change"]);
}

#[test]
fn a_switch_that_is_called_off_excuses_nothing() {
    let mut air = Air::new();
    for n in (0..60).filter(|n| !(40..45).contains(n)) {
        let frame = beacon(T + n * T).element(3, &[1]);
        air.put(n * T, &if (10..15).contains(&n) { frame.element(37, &[0, 6, 9]) } else { frame });
    }
    let bss = air.only();
    assert_eq!(causes(&bss), [(5, OutageCause::Air)]);
    assert_eq!(kinds(&bss), ["channel_switch_announced", "channel_switch_failed"]);
}

#[test]
fn a_farewell_just_after_the_silence_explains_it() {
    let goodbye = Frame::new(0xc0, 0, [[0xff; 6], mac(1), mac(1)]).more(&[3, 0]);
    for (at, cause) in [(30 * T + 90_000, OutageCause::ApRestart), (40 * T + 9_000, OutageCause::Air)] {
        let mut air = Air::new();
        (0..20).chain(30..31).for_each(|n| air.put(n * T, &beacon(T + n * T)));
        for n in 31..50 {
            if at / T + 1 == n {
                air.put(at, &goodbye);
            }
            air.put(n * T, &beacon(T + n * T));
        }
        assert_eq!(causes(&air.only()), [(10, cause)]);
    }
}

#[test]
fn damaged_beacons_count_only_where_their_time_fits() {
    let radio = Radio { frequency_mhz: Some(2412), bad_fcs: true, ..Radio::default() };
    let mut air = Air::new();
    assert_eq!(air.send_with(radio, 0, 0, &Frame::beacon(5).tsf(T)), None, "no new network");
    for n in 0..30 {
        let frame = beacon(T + n * T);
        match n {
            10 => assert!(air.send_with(radio, 0, n * T, &frame.element(0, b"wrong")).is_some()),
            20 => assert!(air.send_with(radio, 0, n * T, &beacon(77)).is_none()),
            _ => air.put(n * T, &frame),
        }
    }
    let bss = air.only();
    assert_eq!((lost(&bss), bss.ssid.as_deref()), ((29, 1, 0), None));
    assert_eq!(kinds(&bss), ["damaged_beacon"]);
}

#[test]
fn one_address_in_two_bands_is_two_networks() {
    let mut air = Air::new();
    for n in 0..10 {
        air.send_on(2437, 0, n * T, &beacon(T + n * T).element(3, &[6]));
        air.send_on(5180, 0, n * T + 500, &beacon(900_000_000 + n * T).element(61, &[36, 0]));
    }
    let wifi = air.report();
    let places: Vec<_> =
        wifi.bss.iter().map(|bss| (bss.channel, bss.frequency_mhz, bss.beacons.received)).collect();
    assert_eq!(places, [(Some(6), Some(2437), 10), (Some(36), Some(5180), 10)]);
}

#[test]
fn a_hidden_name_is_learnt() {
    let mut air = Air::new();
    air.send(0, &beacon(T).element(0, &[0; 5]));
    assert_eq!(air.only().ssid, None);
    air.send(100, &Frame::beacon(1).control(0x50).element(0, b"office"));
    assert_eq!(air.only().ssid.as_deref(), Some("office"));
}

#[test]
fn full_tables_refuse_and_say_so() {
    let config = Config { max_bss: 3, max_stations: 2, ..Config::default() };
    let mut air = Air { tracker: Tracker::new(&config), ..Air::new() };
    air.at(0);
    for n in 1..=10 {
        air.send(u64::from(n) * 1_000, &Frame::beacon(n).tsf(T));
        air.send(u64::from(n) * 1_000, &Frame::new(0x08, 1, [mac(1), mac(100 + n), mac(3)]));
    }
    let wifi = air.report();
    assert_eq!((wifi.bss.len(), wifi.stations.len()), (3, 2));
    assert_eq!(air.tracker.evicted(), 7 + 8);
}

#[test]
fn observations_count_like_frames() {
    let mut frames = Air::new();
    let mut observed = Tracker::new(&Config::default());
    let mut end = Nanos(0);
    for n in (0..200_u64).filter(|n| n % 17 != 3 && !(100..110).contains(n)) {
        let (at, tsf) = (n * T + n % 5 * 200, T + n * T + n % 5 * 200);
        let by_frame = frames.send(at, &beacon(tsf).element(0, b"x").element(3, &[1]));
        end = Nanos(at as i64 * 1_000);
        let observation = BeaconObservation {
            bssid: mac(1),
            ssid: Some(b"x".to_vec()),
            tsf: Some(tsf),
            interval_tu: 100,
            channel: Some(1),
            channel_switch: None,
            dtim: None,
            radio: Radio { frequency_mhz: Some(2412), signal_dbm: Some(-60), ..Radio::default() },
        };
        assert_eq!(observed.beacon(frames.frame, end, &observation), by_frame);
    }
    let (a, b) = (frames.report(), observed.report(end));
    assert_eq!(serde_json::to_string(&a).unwrap(), serde_json::to_string(&b).unwrap());
    assert_eq!(a.bss[0].beacons.lost, 21);
}

#[test]
fn fcs_is_found_checked_and_taken_off() {
    let frame = beacon(T).element(0, b"name").bytes();
    let mut with_fcs = frame.clone();
    super::fcs::append(&mut with_fcs);
    let plain = LinkType::IEEE802_11;
    assert_eq!(strip_radio(plain, &with_fcs).unwrap().1, &frame[..]);
    assert_eq!(strip_radio(plain, &frame).unwrap().1, &frame[..]);
    // Radiotap with flags: FCS at end.
    let radiotap = |body: &[u8]| [&[0, 0, 9, 0, 2, 0, 0, 0, 0x10][..], body].concat();
    let good = radiotap(&with_fcs);
    let (radio, body) = strip_radio(LinkType::RADIOTAP, &good).unwrap();
    assert_eq!((radio.bad_fcs, body), (false, &frame[..]));
    let mut bad = good.clone();
    bad[20] ^= 1;
    assert!(strip_radio(LinkType::RADIOTAP, &bad).unwrap().0.bad_fcs);
    // Cut in the capture: no FCS to be wrong.
    let cut = &good[..good.len() - 7];
    assert!(!strip_radio(LinkType::RADIOTAP, cut).unwrap().0.bad_fcs);
    let (radio, body) = strip_captured(LinkType::RADIOTAP, cut, good.len() as u32).unwrap();
    assert_eq!((radio.bad_fcs, body), (false, &frame[..frame.len() - 3]));
    assert!(strip_captured(LinkType::RADIOTAP, &bad, bad.len() as u32).unwrap().0.bad_fcs);
    assert_eq!(strip_radio(LinkType::ETHERNET, &good), None);
}
