//! The air in one line, for the toolbar.

use airtone_engine::model::{Bss, Outage, OutageCause, Wifi};

/// `2 BSS | beacons lost 4.10 % | 3 outages, last office: 20 lost, air | drops 0`; `None` before the first beacon.
#[must_use]
pub fn line(wifi: &Wifi) -> Option<String> {
    if wifi.bss.is_empty() {
        return None;
    }
    let (lost, expected) = wifi
        .bss
        .iter()
        .fold((0, 0), |(lost, expected), bss| (lost + bss.beacons.lost, expected + bss.beacons.expected));
    let percent = if expected == 0 { 0.0 } else { 100.0 * lost as f64 / expected as f64 };
    let mut line = format!("{} BSS | beacons lost {lost} of {expected} ({percent:.2} %)", wifi.bss.len());
    let outages = || wifi.bss.iter().flat_map(|bss| bss.outages.iter().map(move |outage| (bss, outage)));
    let count = outages().filter(|(_, outage)| is_of_the_air(outage)).count();
    let last = outages().max_by_key(|(_, outage)| outage.to);
    line += &format!(" | {count} {}", if count == 1 { "outage" } else { "outages" });
    if let Some((bss, outage)) = last {
        line +=
            &format!(", last {}: {} {}, {}", name(bss), outage.lost, missing(outage), cause(outage.cause));
    }
    Some(line)
}

/// Those of the access points or the air, not the sensor's own.
fn is_of_the_air(outage: &Outage) -> bool {
    matches!(outage.cause, OutageCause::Air | OutageCause::ApRestart | OutageCause::ChannelSwitch)
}

fn missing(outage: &Outage) -> &'static str {
    if is_of_the_air(outage) { "lost" } else { "not observed" }
}

fn name(bss: &Bss) -> &str {
    bss.ssid.as_deref().filter(|name| !name.is_empty()).unwrap_or(&bss.bssid)
}

/// As the report names it.
fn cause(cause: OutageCause) -> &'static str {
    match cause {
        OutageCause::Air => "air",
        OutageCause::ApRestart => "the AP itself",
        OutageCause::ChannelSwitch => "channel switch",
        OutageCause::Sensor => "sensor",
        OutageCause::OffChannel => "off channel",
        OutageCause::Unknown => "cause unknown",
    }
}
