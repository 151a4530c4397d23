//! Any bytes, any beacons, at any time: nothing panics, and the sums hold.

use proptest::prelude::*;

use super::testing::{Air, Frame, T, mac};
use super::{BeaconObservation, Radio, Tracker, network_payload, strip_captured, strip_radio};
use crate::config::Config;
use crate::packet::{LinkType, Nanos};

const LINKS: [LinkType; 5] =
    [LinkType::IEEE802_11, LinkType::RADIOTAP, LinkType::PPI, LinkType::PRISM, LinkType::AVS];

/// Beginnings that lead into each header, so that random bytes get past the first check.
const OPENINGS: [&[u8]; 6] = [
    &[],
    &[0, 0, 26, 0, 0x2f, 0x48, 0, 0],
    &[0, 0, 40, 0, 0x2f, 0x48, 0, 0xa0, 0x20, 0, 0, 0xc0],
    &[0, 0, 32, 0, 105, 0, 0, 0, 2, 0, 20, 0],
    &[0x44, 0, 0, 0, 144, 0, 0, 0],
    &[0x80, 0x21, 0x10, 0x01, 0, 0, 0, 64],
];

proptest! {
    #[test]
    fn no_bytes_harm(opening in 0..OPENINGS.len(), tail in proptest::collection::vec(any::<u8>(), 0..200), link in 0..LINKS.len()) {
        let bytes = [OPENINGS[opening], &tail].concat();
        let mut air = Air::new();
        let _ = strip_captured(LINKS[link], &bytes, 1_000);
        if let Some((radio, frame)) = strip_radio(LINKS[link], &bytes) {
            let _ = network_payload(frame);
            air.send_with(radio, 0, 5, &Frame::new(0, 0, [[0; 6]; 3]).replaced(frame.to_vec()));
        }
        let _ = air.report();
    }

    /// Any beacons at any times: no panic, sums that hold, the same result twice.
    #[test]
    fn no_sequence_of_beacons_harms(
        steps in proptest::collection::vec((any::<i64>(), any::<u64>(), 0..4_u8, any::<u16>(), 0..6_u8), 1..60),
        wild in any::<bool>(),
    ) {
        let run = || {
            let mut tracker = Tracker::new(&Config::default());
            let (mut at, mut tsf) = (0_i64, 0_u64);
            let mut end = Nanos(i64::MIN);
            for (frame, &(time, clock, who, interval, twist)) in steps.iter().enumerate() {
                if wild {
                    (at, tsf) = (time, clock);
                } else {
                    at += i64::from(interval % 4) * 102_400_000;
                    tsf = tsf.wrapping_add(u64::from(interval % 4) * T + clock % 3_000);
                }
                end = end.max(Nanos(at));
                let observation = BeaconObservation {
                    bssid: mac(who),
                    ssid: None,
                    tsf: (twist != 1).then_some(tsf),
                    interval_tu: if twist == 2 { interval } else { 100 },
                    channel: Some(1),
                    channel_switch: (twist == 3).then_some((clock as u8, interval as u8)),
                    dtim: None,
                    radio: Radio { frequency_mhz: Some(2412 + u16::from(twist == 4) * 25), ..Radio::default() },
                };
                tracker.beacon(frame as u64, Nanos(at), &observation);
                if twist == 5 {
                    tracker.sensor_dropped(0, Nanos(at), u64::from(interval));
                }
            }
            tracker.report(end)
        };
        let wifi = run();
        for bss in &wifi.bss {
            let beacons = &bss.beacons;
            prop_assert_eq!(beacons.expected, beacons.received + beacons.lost);
            prop_assert!(beacons.longest_run <= beacons.lost, "{:?}", beacons);
        }
        prop_assert_eq!(serde_json::to_string(&wifi).unwrap(), serde_json::to_string(&run()).unwrap());
    }
}
