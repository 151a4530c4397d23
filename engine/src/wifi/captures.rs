//! Real captures with known truths; skipped where the collection is absent.

use super::testing::{Captured, capture};
use super::{Tracker, strip_radio};
use crate::config::Config;
use crate::model::{Bss, OutageCause, Severity, Wifi};
use crate::packet::{Context, Endpoint, Nanos, PathId};

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
            let nowhere = Endpoint::v4([0; 4], 0);
            let cx = Context {
                frame: packet.frame,
                at: packet.at,
                source: nowhere,
                destination: nowhere,
                path: PathId(0),
                dscp: 0,
                ip_id: None,
                fragmented: false,
            };
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
            bss.events.iter().take(12).for_each(|event| println!("   {} {} {}", event.frame, event.kind, event.detail));
        }
        wifi.stations.iter().take(6).for_each(|station| println!("   {station:?}"));
    }
}
