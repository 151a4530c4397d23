//! BSSs, their outages, stations and their roams, one row each.

use airtone_engine::Report;
use airtone_engine::model::{Bss, Station};

use super::{Table, number, optional, text};
use crate::words::name;

const BSS: &[&str] = &[
    "bssid",
    "ssid",
    "channel",
    "frequency_mhz",
    "beacon_interval_tu",
    "first_frame",
    "last_frame",
    "duration_s",
    "beacons_received",
    "beacons_expected",
    "beacons_lost",
    "beacons_lost_percent",
    "beacons_not_observed",
    "beacons_duplicates",
    "longest_run",
    "basis",
    "outages",
    "signal_min_dbm",
    "signal_mean_dbm",
    "signal_max_dbm",
    "beacon_delay_p50_us",
    "beacon_delay_p95_us",
    "beacon_delay_max_us",
];

pub(super) fn bss(report: &Report) -> Table {
    let mut table = Table::new(BSS);
    table.rows = report.wifi.bss.iter().map(one_bss).collect();
    table
}

fn one_bss(bss: &Bss) -> Vec<String> {
    let beacons = &bss.beacons;
    vec![
        text(&bss.bssid),
        optional(bss.ssid.as_deref()),
        number(bss.channel),
        number(bss.frequency_mhz),
        bss.beacon_interval_tu.to_string(),
        bss.first_frame.to_string(),
        bss.last_frame.to_string(),
        number(bss.duration_s),
        beacons.received.to_string(),
        beacons.expected.to_string(),
        beacons.lost.to_string(),
        number(beacons.lost_percent),
        beacons.not_observed.to_string(),
        beacons.duplicates.to_string(),
        beacons.longest_run.to_string(),
        text(&beacons.basis),
        bss.outages.len().to_string(),
        number(bss.signal_dbm.map(|signal| signal.min)),
        number(bss.signal_dbm.map(|signal| signal.mean)),
        number(bss.signal_dbm.map(|signal| signal.max)),
        number(bss.beacon_delay_us.map(|delay| delay.p50)),
        number(bss.beacon_delay_us.map(|delay| delay.p95)),
        number(bss.beacon_delay_us.map(|delay| delay.max)),
    ]
}

pub(super) fn outages(report: &Report) -> Table {
    let mut table = Table::new(&["bssid", "from", "to", "lost", "severity", "cause", "after_frame"]);
    for bss in &report.wifi.bss {
        table.rows.extend(bss.outages.iter().map(|outage| {
            vec![
                text(&bss.bssid),
                number(outage.from.known()),
                number(outage.to.known()),
                outage.lost.to_string(),
                name(&outage.severity),
                name(&outage.cause),
                outage.after_frame.to_string(),
            ]
        }));
    }
    table
}

pub(super) fn stations(report: &Report) -> Table {
    let mut table = Table::new(&[
        "mac",
        "bssid",
        "frames",
        "retry_percent",
        "signal_min_dbm",
        "signal_mean_dbm",
        "signal_max_dbm",
        "voice_frames",
        "voice_retries",
        "roams",
    ]);
    let row = |station: &Station| {
        vec![
            text(&station.mac),
            optional(station.bssid.as_deref()),
            station.frames.to_string(),
            number(station.retry_percent),
            number(station.signal_dbm.map(|signal| signal.min)),
            number(station.signal_dbm.map(|signal| signal.mean)),
            number(station.signal_dbm.map(|signal| signal.max)),
            station.voice.frames.to_string(),
            station.voice.retries.to_string(),
            station.roams.len().to_string(),
        ]
    };
    table.rows = report.wifi.stations.iter().map(row).collect();
    table
}

pub(super) fn roams(report: &Report) -> Table {
    let mut table = Table::new(&["mac", "at", "frame", "from", "to", "gap_ms"]);
    for station in &report.wifi.stations {
        table.rows.extend(station.roams.iter().map(|roam| {
            vec![
                text(&station.mac),
                number(roam.at.known()),
                roam.frame.to_string(),
                optional(roam.from.as_deref()),
                text(&roam.to),
                number(roam.gap_ms),
            ]
        }));
    }
    table
}
