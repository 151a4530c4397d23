//! Real captures with known truths; skipped where the collection is absent.

use super::testing::{Captured, capture, context};
use super::{Tracker, network_payload, strip_radio};
use crate::config::Config;
use crate::model::{Bss, OutageCause, Severity, Wifi};
use crate::packet::Nanos;

struct Run {
    tracker: Tracker,
    end: Nanos,
}

impl Run {
    fn of(packets: &[Captured]) -> Self {
        let mut run = Self { tracker: Tracker::new(&Config::default()), end: Nanos(i64::MIN) };
        for packet in packets {
            run.end = run.end.max(packet.at);
            let Some((radio, frame)) = strip_radio(packet.link, &packet.bytes) else { continue };
            let cx = context(packet.frame, packet.at, 0);
            run.tracker.frame(&cx, &radio, frame);
        }
        run
    }

    fn report(&self) -> Wifi {
        self.tracker.report(self.end)
    }
}

fn report(name: &str) -> Option<Wifi> {
    Some(Run::of(&capture(name)?).report())
}

/// Received, lost, outages.
fn counts(bss: &Bss) -> (u64, u64, Vec<(u64, OutageCause, u64)>) {
    let outages = bss.outages.iter().map(|outage| (outage.lost, outage.cause, outage.after_frame)).collect();
    (bss.beacons.received, bss.beacons.lost, outages)
}

const AIR: OutageCause = OutageCause::Air;
const SWITCH: OutageCause = OutageCause::ChannelSwitch;
const RESTART: OutageCause = OutageCause::ApRestart;

/// The sensor's three gaps: radio loss, the switch that it followed late, the AP disabled for a second.
#[test]
fn simulated_air_as_the_sensor_heard_it() {
    let Some(packets) = capture("mirrors-and-air/hwsim-mon0.pcapng") else { return };
    let run = Run::of(&packets);
    let wifi = run.report();
    let bss = &wifi.bss[0];
    assert_eq!(wifi.bss.len(), 1);
    assert_eq!(counts(bss), (194, 40, vec![(20, AIR, 54), (7, SWITCH, 177), (13, RESTART, 203)]));
    assert_eq!((bss.beacons.expected, bss.beacons.longest_run), (234, 20));
    assert_eq!((bss.channel, bss.frequency_mhz), (Some(6), Some(2437)));
    let severities: Vec<Severity> = bss.outages.iter().map(|outage| outage.severity).collect();
    assert_eq!(severities, [Severity::Critical, Severity::Warning, Severity::Warning]);
    // The file ends 13 intervals after the last beacon; the truth knows of 23 until the AP went.
    assert_eq!(bss.beacons.not_observed, 13);
    let Some(truth) = capture("mirrors-and-air/hwsim-air-truth.pcap") else { return };
    let last = truth.iter().rfind(|packet| packet.bytes.get(22) == Some(&0x80)).unwrap();
    let late = Nanos(last.at.0 + 20 * Nanos::MILLI);
    assert_eq!(run.tracker.report(late).bss[0].beacons.not_observed, 23);
    assert_eq!(run.tracker.report(late).bss[0].beacons.lost, 40);
}

#[test]
fn simulated_air_as_it_was() {
    let Some(wifi) = report("mirrors-and-air/hwsim-air-truth.pcap") else { return };
    assert_eq!(counts(&wifi.bss[0]), (244, 13, vec![(13, RESTART, 260)]));
    assert_eq!(wifi.bss[0].beacons.not_observed, 0);
    assert_eq!(wifi.stations.len(), 1);
    assert!(wifi.stations[0].roams.is_empty(), "it came back to the same BSS");
}

/// One beacon came 95 ms late: neither lost nor a duplicate.
#[test]
fn simulated_air_with_a_late_beacon() {
    let Some(sensor) = report("mirrors-and-air/hwsim-late-mon0.pcapng") else { return };
    let bss = &sensor.bss[0];
    assert_eq!(counts(bss), (185, 40, vec![(19, AIR, 53), (8, SWITCH, 174), (13, RESTART, 196)]));
    assert_eq!(bss.beacons.duplicates, 0);
    let delay = bss.beacon_delay_us.unwrap();
    assert!((94_000.0..97_000.0).contains(&delay.max) && delay.p50 < 2_000.0, "{delay:?}");
    let Some(truth) = report("mirrors-and-air/hwsim-late-air-truth.pcap") else { return };
    assert_eq!(counts(&truth.bss[0]), (230, 13, vec![(13, RESTART, 257)]));
}

/// Captures of one AP whose figures by the AP's clock agree with those by frame time.
#[test]
fn single_access_points() {
    let truths = [
        ("wifi-join-nokia.pcap", 647, 2, 1),
        ("wifi-wpa-induction.pcap", 398, 1, 1),
        ("wifi-wpa2-psk-linksys.cap", 85, 14, 6),
        // One of the 66 (frame 211) has a wrong FCS, unflagged; its TSF is exactly on the grid.
        ("wifi-radiotap-netgear.pcap", 66, 3, 1),
    ];
    for (name, received, lost, longest) in truths {
        let Some(wifi) = report(name) else { return };
        assert_eq!(wifi.bss.len(), 1, "{name}");
        let beacons = &wifi.bss[0].beacons;
        assert_eq!((beacons.received, beacons.lost), (received, lost), "{name}");
        assert_eq!((beacons.longest_run, beacons.not_observed), (longest, 0), "{name}");
        assert_eq!(beacons.basis, "tsf");
        assert!(wifi.stations.iter().all(|station| station.roams.is_empty()), "{name}: {:?}", wifi.stations);
    }
}

/// Capture time falls back by 23 ms at frame 14 while the TSF goes on by exactly one interval.
#[test]
fn a_step_of_the_capture_clock_is_no_restart() {
    let Some(wifi) = report("wifi-wpa2-psk-linksys.cap") else { return };
    assert!(wifi.bss[0].events.iter().all(|event| event.kind != "tsf_jump"));
    let runs: Vec<u64> = wifi.bss[0].outages.iter().map(|outage| outage.lost).collect();
    assert_eq!(runs, [5, 6]);
}

/// An AP and mesh points with BSSID zero, told apart by transmitter.
#[test]
fn mesh() {
    let Some(wifi) = report("wifi-mesh.pcap") else { return };
    let figures: Vec<_> = wifi.bss.iter().map(|bss| (bss.beacons.received, bss.beacons.lost)).collect();
    assert_eq!(figures, [(225, 0), (225, 0)]);
    let signals: Vec<_> = wifi.bss.iter().filter_map(|bss| bss.signal_dbm.map(|s| (s.min, s.max))).collect();
    assert_eq!(signals, [(-47.0, -34.0), (-49.0, -35.0)]);
}

/// By the AP's clock 16 of 111 are missing, as by frame time. Fifteen of them fell into two scans of the
/// sensor: radiotap shows 2432 MHz in frame 28 and 2442 MHz in frames 32 and 33, the AP is on 2437.
#[test]
fn a_sensor_that_scans_is_not_an_ap_that_fails() {
    let Some(wifi) = report("wifi-eapol-inject.pcapng") else { return };
    let beacons = &wifi.bss[0].beacons;
    assert_eq!((beacons.received, beacons.lost + beacons.not_observed), (95, 16));
    assert_eq!((beacons.lost, beacons.not_observed), (1, 15));
    assert!(wifi.bss[0].outages.iter().all(|outage| outage.cause == OutageCause::OffChannel));
}

/// A client's radio: it scans channels 3 to 11 and sleeps; 4650 beacons of 5339 are missing by the AP's
/// clock, and nothing shows that the AP sent fewer.
#[test]
fn a_client_that_sleeps_is_not_an_ap_that_fails() {
    let Some(wifi) = report("wifi-avs-heavy-loss.cap") else { return };
    let bss = &wifi.bss[0];
    assert_eq!(bss.beacons.received, 689);
    assert_eq!(bss.beacons.lost + bss.beacons.not_observed, 4650);
    assert!(bss.beacons.lost < 14, "{:?}", bss.beacons);
    assert!(bss.outages.iter().all(|outage| outage.severity == Severity::Note));
}

#[test]
fn many_access_points_with_one_beacon_each() {
    let Some(wifi) = report("wifi-fake-ap-beacons.pcap") else { return };
    assert_eq!(wifi.bss.len(), 42);
    let alone = |bss: &Bss| bss.beacons.received == 1 && bss.beacons.lost_percent.is_none();
    assert!(wifi.bss.iter().all(alone));
}

/// Address, presence of a name, channel and signal of each, against another parser's expected lines.
#[test]
fn twenty_nine_access_points() {
    let Some(wifi) = report("wifi-beacons-29-aps.pcap") else { return };
    let Some(oracle) = oracle("oracles/ssid-logger/wifi-beacons-29-aps.parsers_test.c") else { return };
    let lines: Vec<Vec<&str>> = oracle
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix(",WIFI\","))
        .map(|line| line.split(',').collect())
        .collect();
    assert_eq!((wifi.bss.len(), lines.len()), (29, 29));
    for (bss, line) in wifi.bss.iter().zip(lines) {
        assert_eq!(bss.bssid, line[0]);
        assert_eq!(bss.ssid.is_some(), !line[1].is_empty(), "{}", bss.bssid);
        assert_eq!(bss.channel.map(|channel| channel.to_string()).as_deref(), Some(line[4]), "{}", bss.bssid);
        let signal = bss.signal_dbm.map(|signal| signal.mean.to_string());
        assert_eq!(signal.as_deref(), Some(line[5]), "{}", bss.bssid);
    }
}

fn oracle(name: &str) -> Option<String> {
    super::testing::read(name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[test]
fn plain_payloads() {
    let truths = [
        // DNS and HTTP over 802.11, one Ethertype each.
        ("wifi-ppi.pcap", 1, 0x0800),
        ("wifi-http-radiotap.pcap", 26, 0x0800),
        ("wifi-mesh.pcap", 237, 0x0806),
    ];
    for (name, count, ethertype) in truths {
        let Some(packets) = capture(name) else { return };
        let found = packets.iter().filter(|packet| {
            let frame = strip_radio(packet.link, &packet.bytes).map(|(_, frame)| frame);
            frame.and_then(network_payload).is_some_and(|(kind, _)| kind == ethertype)
        });
        assert_eq!(found.count(), count, "{name}");
    }
}

/// Malformed captures, and every capture with each packet cut at every eighth byte.
#[test]
fn damage_does_no_harm() {
    let names = [
        "wifi-malformed-tim.pcap",
        "wifi-malformed-radiotap.pcap",
        "wifi-malformed-fpe.pcap",
        "wifi-prism-wpa.cap",
        "wifi-dns-radiotap.pcap",
        "wifi-ppi.pcap",
        "wifi-beacons-29-aps.pcap",
    ];
    for name in names {
        let Some(packets) = capture(name) else { return };
        let _ = Run::of(&packets).report();
        let mut cut = Vec::new();
        for packet in &packets {
            for len in (0..packet.bytes.len()).step_by(8) {
                cut.push(Captured { bytes: packet.bytes[..len].to_vec(), ..packet.clone() });
            }
        }
        let _ = Run::of(&cut).report();
    }
}

#[test]
#[ignore = "prints every capture, for people"]
fn print_all() {
    let names = [
        "wifi-join-nokia.pcap",
        "wifi-wpa-induction.pcap",
        "wifi-wpa2-psk-linksys.cap",
        "wifi-mesh.pcap",
        "wifi-eapol-inject.pcapng",
        "wifi-radiotap-netgear.pcap",
        "wifi-avs-heavy-loss.cap",
        "wifi-prism-wpa.cap",
        "wifi-ppi.pcap",
        "wifi-http-radiotap.pcap",
        "wifi-dns-radiotap.pcap",
        "mirrors-and-air/hwsim-mon0.pcapng",
        "mirrors-and-air/hwsim-air-truth.pcap",
        "mirrors-and-air/hwsim-late-mon0.pcapng",
        "mirrors-and-air/hwsim-late-air-truth.pcap",
    ];
    for name in names {
        let Some(wifi) = report(name) else { return };
        println!("== {name}");
        for bss in &wifi.bss {
            println!("{} ch {:?} {:?} MHz {:?}", bss.bssid, bss.channel, bss.frequency_mhz, bss.beacons);
            println!("   {:?} {:?}", bss.signal_dbm, bss.beacon_delay_us);
            bss.outages.iter().take(8).for_each(|outage| println!("   {outage:?}"));
            bss.events
                .iter()
                .take(12)
                .for_each(|event| println!("   {} {} {}", event.frame, event.kind, event.detail));
        }
        wifi.stations.iter().take(6).for_each(|station| println!("   {station:?}"));
    }
}
