//! Wi-Fi: beacons per BSS, outages with their cause, stations and their moves.

use airtone_engine::Report;
use airtone_engine::model::{Bss, Outage, Roam, Signal, Station};

use super::page::Page;
use super::paint::Tone;
use super::select::{MOST, Named, tell_rest, worst};
use super::table::{Cell, Column, Table};
use super::units::{count, dash, duration, foreign, foreign_or_dash, millis, or_dash, share};
use super::wrap::cut;
use crate::silences::{self, is_outage};
use crate::words::{name, words};

pub(crate) fn section(page: &mut Page, report: &Report) {
    let wifi = &report.wifi;
    if wifi.bss.is_empty() && wifi.stations.is_empty() {
        return;
    }
    page.heading("WI-FI");
    if !wifi.bss.is_empty() {
        let named = Named::new(report);
        let shown = worst(&wifi.bss, |bss| match bss.beacons.lost {
            _ if named.bss.contains(bss.bssid.as_str()) => 0,
            0 => 2,
            _ => 1,
        });
        beacons(page, 2, &shown);
        tell_rest(page, 2, wifi.bss.len(), shown.len(), "BSSs", "wifi");
    }
    section_outages(page, &wifi.bss);
    if !wifi.stations.is_empty() {
        page.gap();
        let shown = worst(&wifi.stations, |station| match (station.voice.frames, station.roams.len()) {
            (0, 0) => u32::MAX - u32::try_from(station.frames.min(1 << 20)).unwrap_or(0),
            _ => 0,
        });
        stations(page, 2, &shown);
        tell_rest(page, 2, wifi.stations.len(), shown.len(), "stations", "wifi");
    }
    if wifi.stations.iter().any(|station| !station.roams.is_empty()) {
        page.gap();
        let all = roams_of(&wifi.stations);
        roams(page, 2, &all[..all.len().min(MOST)]);
        tell_rest(page, 2, all.len(), all.len().min(MOST), "roams", "wifi");
    }
}

/// Those of the network; silences that nobody can explain and what the sensor could not hear are only counted.
fn section_outages(page: &mut Page, list: &[Bss]) {
    let all = outages_of(list, |outage| is_outage(&outage));
    if !all.is_empty() {
        page.gap();
        outages(page, 2, &all[..all.len().min(MOST)]);
        tell_rest(page, 2, all.len(), all.len().min(MOST), "outages", "wifi");
    }
    if let Some(told) = silences::told(list) {
        page.gap();
        page.paragraph(2, &format!("{told}: tshark-post wifi shows when."));
    }
    let of_sensor = outages_of(list, Outage::is_of_sensor).len() as u64;
    if of_sensor > 0 {
        page.gap();
        let gaps = count(of_sensor, "time", "times");
        page.paragraph(
            2,
            &format!(
                "{gaps} a BSS was out of the sensor's hearing (deaf, dropping, or on another channel), \
                 which is no outage: tshark-post wifi shows when."
            ),
        );
    }
}

pub(crate) fn view(page: &mut Page, report: &Report) {
    let wifi = &report.wifi;
    if wifi.bss.is_empty() && wifi.stations.is_empty() {
        page.paragraph(0, "No Wi-Fi beacons and no Wi-Fi stations in this capture.");
        return;
    }
    if !wifi.bss.is_empty() {
        beacons(page, 0, &wifi.bss.iter().collect::<Vec<_>>());
        footnotes(page, &wifi.bss);
    }
    let all = outages_of(&wifi.bss, |outage| !outage.is_uncounted());
    if !all.is_empty() {
        page.heading("OUTAGES");
        outages(page, 0, &all);
    }
    if let Some(told) = silences::told(&wifi.bss) {
        page.heading("SILENCES");
        page.paragraph(0, &format!("{told}."));
        page.gap();
        outages(page, 0, &outages_of(&wifi.bss, Outage::is_uncounted));
    }
    events(page, &wifi.bss);
    if !wifi.stations.is_empty() {
        page.heading("STATIONS");
        stations(page, 0, &wifi.stations.iter().collect::<Vec<_>>());
    }
    if wifi.stations.iter().any(|station| !station.roams.is_empty()) {
        page.heading("ROAMS");
        roams(page, 0, &roams_of(&wifi.stations));
    }
}

/// A network name has at most 32 bytes; one that is longer once escaped must not widen the table for all.
const SSID_WIDTH: usize = 32;

/// A network name; hidden ones are bracketed, since a network may well be called `hidden`.
fn ssid(bss: &Bss) -> String {
    bss.ssid.as_deref().map_or_else(|| "(hidden)".to_owned(), |ssid| cut(&foreign(ssid), SSID_WIDTH))
}

fn beacons(page: &mut Page, indent: usize, list: &[&Bss]) {
    let mut table = Table::new(&[
        Column::text(0, "BSSID"),
        Column::text(0, "Network"),
        Column::figure(3, "Channel"),
        Column::figure(7, "MHz"),
        Column::figure(6, "Every TU"),
        Column::figure(4, "Seen for"),
        Column::figure(0, "Beacons"),
        Column::figure(1, "Expected"),
        Column::figure(0, "Lost"),
        Column::figure(0, "Lost %"),
        Column::figure(4, "In a row").quiet(),
        Column::figure(2, "Outages").quiet(),
        Column::figure(5, "Not observed").quiet(),
        Column::figure(2, "Signal dBm"),
        Column::figure(6, "Weakest"),
        Column::figure(5, "Delay ms"),
        Column::figure(6, "Delay 95 %"),
        Column::figure(6, "Max delay"),
        Column::text(7, "Clock"),
    ]);
    for bss in list {
        table.row(row(bss));
    }
    page.table(indent, &table);
}

fn row(bss: &Bss) -> Vec<Cell> {
    let beacons = &bss.beacons;
    let tone = beacons.lost_percent.map_or(Tone::Plain, Tone::of_loss);
    let delay = bss.beacon_delay_us;
    vec![
        foreign(&bss.bssid).into(),
        ssid(bss).into(),
        or_dash(bss.channel, |channel| channel.to_string()).into(),
        or_dash(bss.frequency_mhz, |mhz| mhz.to_string()).into(),
        bss.beacon_interval_tu.to_string().into(),
        or_dash(bss.duration_s, duration).into(),
        beacons.received.to_string().into(),
        beacons.expected.to_string().into(),
        Cell::new(beacons.lost.to_string(), tone),
        Cell::new(or_dash(beacons.lost_percent, share), tone),
        beacons.longest_run.to_string().into(),
        bss.outages.iter().filter(is_outage).count().to_string().into(),
        beacons.not_observed.to_string().into(),
        or_dash(bss.signal_dbm, |signal| format!("{:.0}", signal.mean)).into(),
        or_dash(bss.signal_dbm, |signal| format!("{:.0}", signal.min)).into(),
        or_dash(delay, |delay| millis(delay.p50 / 1e3)).into(),
        or_dash(delay, |delay| millis(delay.p95 / 1e3)).into(),
        or_dash(delay, |delay| millis(delay.max / 1e3)).into(),
        clock(&beacons.basis).into(),
    ]
}

fn clock(basis: &str) -> String {
    match basis {
        "tsf" => "AP".to_owned(),
        "capture_time" => "sensor".to_owned(),
        "none" => dash(),
        other => foreign(other),
    }
}

fn footnotes(page: &mut Page, list: &[Bss]) {
    let single = list.iter().filter(|bss| bss.beacons.lost_percent.is_none()).count();
    let by_sensor = list.iter().filter(|bss| bss.beacons.basis == "capture_time").count();
    let by_none = list.iter().filter(|bss| bss.beacons.basis == "none").count();
    if single + by_sensor + by_none > 0 {
        page.gap();
    }
    if single > 0 {
        page.paragraph(0, "No loss in percent (-): fewer than two beacons, so nothing to count from.");
    }
    if by_sensor > 0 {
        page.paragraph(
            0,
            &format!("{by_sensor} BSS by the sensor's clock: the capture lacks the AP's timer (TSF)."),
        );
    }
    if by_none > 0 {
        page.paragraph(
            0,
            &format!("{by_none} BSS without any clock: beacons are counted, those lost are not known."),
        );
    }
}

fn outages_of(list: &[Bss], is_wanted: impl Fn(&Outage) -> bool) -> Vec<(&Bss, &Outage)> {
    let all = list.iter().flat_map(|bss| bss.outages.iter().map(move |outage| (bss, outage)));
    let mut all: Vec<_> = all.filter(|(_, outage)| is_wanted(outage)).collect();
    // Those at fault first; where the sensor was away nothing went wrong in the air.
    all.sort_by_key(|(_, outage)| (outage.is_of_sensor(), std::cmp::Reverse(outage.severity), outage.from));
    all
}

fn outages(page: &mut Page, indent: usize, list: &[(&Bss, &Outage)]) {
    let mut table = Table::new(&[
        Column::text(0, "Outage"),
        Column::figure(0, "From s"),
        Column::figure(0, "For"),
        Column::figure(1, "Beacons"),
        Column::text(0, "Cause"),
        Column::text(1, "BSSID"),
        Column::text(3, "Network"),
        Column::figure(2, "After frame"),
    ]);
    for (bss, outage) in list {
        table.row(vec![
            Cell::new(name(&outage.severity), Tone::of_severity(outage.severity)),
            page.relative(outage.from).into(),
            or_dash(outage.to.known_seconds_since(outage.from), duration).into(),
            outage.lost.to_string().into(),
            words(&outage.cause).into(),
            foreign(&bss.bssid).into(),
            ssid(bss).into(),
            outage.after_frame.to_string().into(),
        ]);
    }
    page.table(indent, &table);
}

fn events(page: &mut Page, list: &[Bss]) {
    let mut table = Table::new(&[
        Column::figure(0, "At s"),
        Column::text(0, "BSSID"),
        Column::text(0, "Event"),
        Column::figure(1, "Frame"),
        Column::text(0, "What").spill(""),
    ]);
    let mut is_empty = true;
    for (bss, event) in list.iter().flat_map(|bss| bss.events.iter().map(move |event| (bss, event))) {
        is_empty = false;
        table.row(vec![
            page.relative(event.at).into(),
            foreign(&bss.bssid).into(),
            foreign(&event.kind.replace('_', " ")).into(),
            event.frame.to_string().into(),
            foreign(&event.detail).into(),
        ]);
    }
    if !is_empty {
        page.heading("EVENTS");
        page.table(0, &table);
    }
}

fn stations(page: &mut Page, indent: usize, list: &[&Station]) {
    let mean = |signal: Signal| format!("{:.0}", signal.mean);
    let mut table = Table::new(&[
        Column::text(0, "Station"),
        Column::text(1, "BSSID"),
        Column::figure(0, "Frames"),
        Column::figure(0, "Retries %"),
        Column::figure(1, "Signal dBm"),
        Column::figure(3, "Weakest"),
        Column::figure(1, "Voice").quiet(),
        Column::figure(1, "Again").quiet(),
        Column::figure(2, "Roams").quiet(),
    ]);
    for station in list {
        table.row(vec![
            foreign(&station.mac).into(),
            foreign_or_dash(station.bssid.as_deref()).into(),
            station.frames.to_string().into(),
            or_dash(station.retry_percent, share).into(),
            or_dash(station.signal_dbm, mean).into(),
            or_dash(station.signal_dbm, |signal| format!("{:.0}", signal.min)).into(),
            station.voice.frames.to_string().into(),
            station.voice.retries.to_string().into(),
            station.roams.len().to_string().into(),
        ]);
    }
    page.table(indent, &table);
}

fn roams_of(list: &[Station]) -> Vec<(&Station, &Roam)> {
    let mut all: Vec<_> = list.iter().flat_map(|one| one.roams.iter().map(move |roam| (one, roam))).collect();
    all.sort_by_key(|(_, roam)| roam.at);
    all
}

fn roams(page: &mut Page, indent: usize, list: &[(&Station, &Roam)]) {
    let mut table = Table::new(&[
        Column::figure(0, "At s"),
        Column::text(0, "Roaming station"),
        Column::text(0, "From").spill(""),
        Column::text(0, "To").spill(" > "),
        Column::figure(0, "Gap ms"),
        Column::figure(1, "Frame"),
    ]);
    for (station, roam) in list {
        table.row(vec![
            page.relative(roam.at).into(),
            foreign(&station.mac).into(),
            roam.from.as_deref().map_or_else(dash, foreign).into(),
            foreign(&roam.to).into(),
            or_dash(roam.gap_ms, millis).into(),
            roam.frame.to_string().into(),
        ]);
    }
    page.table(indent, &table);
}
