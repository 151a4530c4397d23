//! What is lost when the sensor says where it listened.

use super::testing::{Air, Frame, mac};
use crate::model::{Bss, OutageCause};
use crate::packet::{Nanos, PathId};

const T: u64 = 102_400;
const CHANNELS: [u32; 3] = [2412, 2437, 5180];

fn listen(air: &mut Air, at_us: u64, mhz: Option<u32>) {
    air.tracker.listening(PathId(0), Nanos(at_us as i64 * 1_000), mhz.map(|mhz| (mhz, 20)));
}

/// One AP on 2437 and nothing else in the air; the sensor stays `dwell_us` on each of three channels for 60 s.
/// Returns its report, and how many beacons that were due while it was heard were not sent.
fn hop(dwell_us: u64, is_silent: impl Fn(u64) -> bool, told: bool) -> (Bss, u64) {
    let mut air = Air::new();
    let mut unsent = 0;
    for visit in 0..60_000_000 / dwell_us {
        let (from, to) = (visit * dwell_us, (visit + 1) * dwell_us);
        let mhz = CHANNELS[visit as usize % 3];
        if told {
            listen(&mut air, from, None);
            listen(&mut air, from + 5_000, Some(mhz));
        }
        // Due 40 ms behind the multiples of the interval: not at the edges of a dwell of whole intervals.
        let first = (from + 5_000).saturating_sub(40_000).div_ceil(T);
        for due in (first..).map(|n| n * T + 40_000).take_while(|due| *due < to) {
            if mhz == 2437 && is_silent(due) {
                // Too near the edges, it is not certain that it would have been heard.
                unsent += u64::from((from + 15_000..=to - 10_000).contains(&due));
            } else if mhz == 2437 {
                let frame = Frame::beacon(1).tsf(T + due).element(3, &[6]);
                air.send_on(2437, 0, due, &frame);
            }
        }
    }
    (air.only(), unsent)
}

fn figures(bss: &Bss) -> (u64, Vec<OutageCause>) {
    let causes = bss.outages.iter().map(|outage| outage.cause);
    (bss.beacons.lost, causes.filter(|cause| *cause != OutageCause::OffChannel).collect())
}

#[test]
fn our_own_hopping_is_no_loss_also_where_nothing_else_is_heard() {
    let (bss, _) = hop(300_000, |_| false, true);
    assert_eq!(figures(&bss), (0, vec![]));
    assert!(bss.beacons.not_observed > 350, "{:?}", bss.beacons);
    assert_eq!(bss.outages[0].cause, OutageCause::OffChannel);
}

#[test]
fn a_silent_ap_loses_what_was_due_while_it_was_listened_to() {
    let silent = |due| (20_000_000..40_000_000).contains(&due);
    let (bss, unsent) = hop(300_000, silent, true);
    let (lost, causes) = figures(&bss);
    assert_eq!(causes, [OutageCause::Air]);
    assert!(unsent > 50 && lost.abs_diff(unsent) <= 2, "{lost} lost, {unsent} not sent");
    let (bss, _) = hop(300_000, silent, false);
    assert_eq!(bss.beacons.lost, 0, "without the sensor's word nothing can be said");
}

#[test]
fn a_dwell_that_holds_no_beacon_shows_no_loss() {
    let (bss, _) = hop(20_000, |_| false, true);
    assert_eq!(figures(&bss), (0, vec![]));
    assert!(bss.beacons.received > 0 && bss.beacons.not_observed > 300);
}

#[test]
fn on_one_channel_silence_counts_to_the_last_beacon() {
    let mut air = Air::new();
    listen(&mut air, 0, Some(2412));
    let beacon = |n: u64| Frame::beacon(1).tsf(T + n * T);
    for n in (1..100).filter(|n| !(30..50).contains(n)) {
        air.put(n * T, &beacon(n));
    }
    assert_eq!(figures(&air.only()), (20, vec![OutageCause::Air]));
    let bss = &air.tracker.report(Nanos(110 * T as i64 * 1_000 + 1)).bss[0];
    assert_eq!(figures(bss), (31, vec![OutageCause::Air; 2]), "the sensor still listens");
    listen(&mut air, 101 * T, None);
    let bss = &air.tracker.report(Nanos(110 * T as i64 * 1_000 + 1)).bss[0];
    assert_eq!(bss.beacons.lost, 21, "now it does not");
}

#[test]
fn a_silence_of_all_remains_the_sensors() {
    let mut air = Air::new();
    listen(&mut air, 0, Some(2412));
    let mut other = Frame::beacon(9).tsf(0).bytes();
    (other[12], other[18]) = (0x77, 0x77);
    for n in (1..100).filter(|n| !(30..50).contains(n)) {
        air.put(n * T, &Frame::beacon(1).tsf(T + n * T));
        other[24..32].copy_from_slice(&(T + n * T).to_le_bytes());
        let frame = Frame::new(0, 0, [[0; 6]; 3]).replaced(other.clone());
        air.put(n * T + 30_000, &frame);
    }
    for bss in air.report().bss {
        assert_eq!(figures(&bss), (0, vec![OutageCause::Sensor]), "{}", bss.bssid);
        assert_eq!(bss.beacons.not_observed, 20);
    }
}

#[test]
fn the_word_of_one_sensor_says_nothing_of_another() {
    let mut air = Air::new();
    listen(&mut air, 0, Some(5180));
    let noise = Frame::new(0x08, 1, [mac(200), mac(100), mac(201)]);
    for n in 0..400 {
        if n % 10 == 0 && !(100..200).contains(&n) {
            let frame = Frame::beacon(1).tsf(T + n * T / 10);
            air.send_on(2412, 1, n * T / 10, &frame);
        }
        air.send_on(2412, 1, n * T / 10 + 3_000, &noise);
    }
    assert_eq!(figures(&air.only()), (10, vec![OutageCause::Air]));
}

#[test]
fn the_shortest_interval_has_room_for_its_margin() {
    let mut air = Air::new();
    listen(&mut air, 0, Some(2412));
    for n in (1..200).filter(|n| !(90..100).contains(n)) {
        air.put(n * 1_024, &Frame::beacon(1).interval(1).tsf(T + n * 1_024));
    }
    assert_eq!(figures(&air.only()), (10, vec![OutageCause::Air]));
}
