//! The flat tables: which columns each has and how a row is made. Column names follow the JSON report.

use airtone_engine::Report;
use airtone_engine::model::{Bss, Call, Finding, Registration, Station, Stream, WiresharkFigures};

use super::{Table, list, number, text};
use crate::words::name;

const CALLS: &[&str] = &[
    "id",
    "from",
    "to",
    "outcome",
    "outcome_code",
    "outcome_reason",
    "ended_by",
    "start",
    "answer",
    "end",
    "post_dial_delay_s",
    "ring_s",
    "setup_s",
    "duration_s",
    "mos_worst",
    "mos_average",
    "mos_scale",
    "streams",
    "features",
    "dtmf",
    "call_ids",
];

pub(super) fn calls(report: &Report) -> Table {
    let mut table = Table::new(CALLS);
    table.rows = report.calls.iter().map(call).collect();
    table
}

fn call(call: &Call) -> Vec<String> {
    let digits: String = call.dtmf.iter().map(|digit| digit.digit.as_str()).collect();
    vec![
        call.id.to_string(),
        text(&call.from),
        text(&call.to),
        name(&call.outcome),
        number(call.outcome_code),
        optional(call.outcome_reason.as_deref()),
        name(&call.ended_by),
        number(call.start),
        number(call.answer),
        number(call.end),
        number(call.post_dial_delay_s),
        number(call.ring_s),
        number(call.setup_s),
        number(call.duration_s),
        number(call.mos.map(|mos| mos.worst)),
        number(call.mos.map(|mos| mos.average)),
        call.mos.map(|mos| name(&mos.scale)).unwrap_or_default(),
        list(&call.streams),
        list(&call.features),
        text(&digits),
        list(&call.call_ids),
    ]
}

const STREAMS: &[&str] = &[
    "id",
    "ssrc",
    "source",
    "destination",
    "call",
    "direction",
    "payload_types",
    "codec",
    "clock_hz",
    "clock_source",
    "ptime_ms",
    "media",
    "encrypted",
    "first_frame",
    "last_frame",
    "start",
    "duration_s",
    "packets",
    "expected",
    "lost",
    "lost_percent",
    "duplicates",
    "out_of_order",
    "late",
    "late_percent",
    "jitter_min_ms",
    "jitter_mean_ms",
    "jitter_max_ms",
    "jitter_last_ms",
    "delta_min_ms",
    "delta_mean_ms",
    "delta_max_ms",
    "skew_ms",
    "clock_drift_ppm",
    "burst_density_percent",
    "gap_density_percent",
    "burst_duration_ms",
    "gap_duration_ms",
    "burst_ratio",
    "longest_loss",
    "mos_lq",
    "mos_cq",
    "r_lq",
    "r_cq",
    "mos_scale",
    "mos_grounding",
    "ie",
    "bpl",
    "one_way_delay_ms",
    "delay_source",
    "mos_reason",
    "mos_worst_interval_lq",
    "mos_worst_interval_at",
    "best_buffer_ms",
    "rtcp_reports",
    "rtcp_round_trip_ms",
    "rtcp_peer_lost_percent",
    "rtcp_peer_jitter_ms",
    "rtcp_xr_mos_lq",
    "rtcp_xr_mos_cq",
    "rtcp_xr_r_factor",
    "relayed_from",
];

/// Only there when Wireshark's figures were asked for.
const WIRESHARK: &[&str] = &[
    "wireshark_version",
    "wireshark_packets",
    "wireshark_lost",
    "wireshark_expected",
    "wireshark_lost_percent",
    "wireshark_min_delta_ms",
    "wireshark_mean_delta_ms",
    "wireshark_max_delta_ms",
    "wireshark_min_jitter_ms",
    "wireshark_mean_jitter_ms",
    "wireshark_max_jitter_ms",
    "wireshark_problem",
];

pub(super) fn streams(report: &Report) -> Table {
    let mut table = Table::new(STREAMS);
    table.rows = report.streams.iter().map(stream).collect();
    if report.streams.iter().any(|stream| stream.wireshark.is_some()) {
        table.header.extend_from_slice(WIRESHARK);
        for (row, stream) in table.rows.iter_mut().zip(&report.streams) {
            row.extend(wireshark(stream.wireshark.as_ref()));
        }
    }
    table
}

fn stream(stream: &Stream) -> Vec<String> {
    let mut row = stream_identity(stream);
    row.extend(stream_arrival(stream));
    row.extend(stream_quality(stream));
    row
}

fn stream_identity(stream: &Stream) -> Vec<String> {
    vec![
        stream.id.to_string(),
        text(&stream.ssrc),
        number(stream.source),
        number(stream.destination),
        number(stream.call),
        optional(stream.direction.as_deref()),
        list(&stream.payload_types),
        optional(stream.codec.as_deref()),
        number(stream.clock_hz),
        optional(stream.clock_source.as_deref()),
        number(stream.ptime_ms),
        optional(stream.media.as_deref()),
        stream.encrypted.to_string(),
        stream.first_frame.to_string(),
        stream.last_frame.to_string(),
        stream.start.to_string(),
        stream.duration_s.to_string(),
    ]
}

fn stream_arrival(stream: &Stream) -> Vec<String> {
    let (jitter, delta, bursts) = (stream.jitter_ms, stream.delta_ms, &stream.bursts);
    vec![
        stream.packets.to_string(),
        stream.expected.to_string(),
        stream.lost.to_string(),
        stream.lost_percent.to_string(),
        stream.duplicates.to_string(),
        stream.out_of_order.to_string(),
        stream.late.to_string(),
        stream.late_percent.to_string(),
        number(jitter.map(|jitter| jitter.min)),
        number(jitter.map(|jitter| jitter.mean)),
        number(jitter.map(|jitter| jitter.max)),
        number(jitter.map(|jitter| jitter.last)),
        number(delta.map(|delta| delta.min)),
        number(delta.map(|delta| delta.mean)),
        number(delta.map(|delta| delta.max)),
        number(stream.skew_ms),
        number(stream.clock_drift_ppm),
        bursts.burst_density_percent.to_string(),
        bursts.gap_density_percent.to_string(),
        bursts.burst_duration_ms.to_string(),
        bursts.gap_duration_ms.to_string(),
        bursts.burst_ratio.to_string(),
        bursts.longest_loss.to_string(),
    ]
}

fn stream_quality(stream: &Stream) -> Vec<String> {
    let (mos, worst, rtcp) = (&stream.mos, stream.mos_worst_interval, stream.rtcp.as_ref());
    vec![
        number(mos.lq),
        number(mos.cq),
        number(mos.r_lq),
        number(mos.r_cq),
        mos.scale.map(|scale| name(&scale)).unwrap_or_default(),
        mos.grounding.map(|grounding| name(&grounding)).unwrap_or_default(),
        number(mos.ie),
        number(mos.bpl),
        number(mos.one_way_delay_ms),
        optional(mos.delay_source.as_deref()),
        optional(mos.reason.as_deref()),
        number(worst.map(|worst| worst.lq)),
        number(worst.map(|worst| worst.at)),
        number(stream.best_buffer_ms),
        number(rtcp.map(|rtcp| rtcp.reports)),
        number(rtcp.and_then(|rtcp| rtcp.round_trip_ms)),
        number(rtcp.and_then(|rtcp| rtcp.peer_lost_percent)),
        number(rtcp.and_then(|rtcp| rtcp.peer_jitter_ms)),
        number(rtcp.and_then(|rtcp| rtcp.xr_mos_lq)),
        number(rtcp.and_then(|rtcp| rtcp.xr_mos_cq)),
        number(rtcp.and_then(|rtcp| rtcp.xr_r_factor)),
        number(stream.relayed_from),
    ]
}

fn wireshark(figures: Option<&WiresharkFigures>) -> Vec<String> {
    let Some(figures) = figures else { return vec![String::new(); WIRESHARK.len()] };
    vec![
        text(&figures.version),
        figures.packets.to_string(),
        figures.lost.to_string(),
        figures.expected.to_string(),
        figures.lost_percent.to_string(),
        figures.min_delta_ms.to_string(),
        figures.mean_delta_ms.to_string(),
        figures.max_delta_ms.to_string(),
        figures.min_jitter_ms.to_string(),
        figures.mean_jitter_ms.to_string(),
        figures.max_jitter_ms.to_string(),
        figures.problem.to_string(),
    ]
}

/// Every SIP statistic as kind, name and value.
pub(super) fn sip(report: &Report) -> Table {
    let sip = &report.sip;
    let mut table = Table::new(&["kind", "name", "value"]);
    for (method, count) in &sip.requests {
        table.rows.push(vec!["request".to_owned(), text(method), count.to_string()]);
    }
    for (code, count) in &sip.responses {
        table.rows.push(vec!["response".to_owned(), text(code), count.to_string()]);
    }
    table.rows.push(vec!["total".to_owned(), "retransmissions".to_owned(), sip.retransmissions.to_string()]);
    let figures = &sip.rfc6076;
    for (name, value) in [
        ("rrd_ms", figures.rrd_ms),
        ("srd_ms", figures.srd_ms),
        ("sdd_ms", figures.sdd_ms),
        ("ser_percent", figures.ser_percent),
        ("seer_percent", figures.seer_percent),
        ("isa_percent", figures.isa_percent),
        ("scr_percent", figures.scr_percent),
    ] {
        table.rows.push(vec!["rfc6076".to_owned(), name.to_owned(), number(value)]);
    }
    table
}

pub(super) fn registrations(report: &Report) -> Table {
    let mut table =
        Table::new(&["aor", "contact", "outcome", "expires_s", "code", "at", "frame", "round_trip_ms"]);
    let row = |one: &Registration| {
        vec![
            text(&one.aor),
            optional(one.contact.as_deref()),
            name(&one.outcome),
            number(one.expires_s),
            number(one.code),
            one.at.to_string(),
            one.frame.to_string(),
            number(one.round_trip_ms),
        ]
    };
    table.rows = report.sip.registrations.iter().map(row).collect();
    table
}

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
        bss.duration_s.to_string(),
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
                outage.from.to_string(),
                outage.to.to_string(),
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
                roam.at.to_string(),
                roam.frame.to_string(),
                optional(roam.from.as_deref()),
                text(&roam.to),
                number(roam.gap_ms),
            ]
        }));
    }
    table
}

pub(super) fn findings(report: &Report) -> Table {
    let mut table =
        Table::new(&["severity", "kind", "title", "detail", "call", "stream", "bssid", "frames", "filter"]);
    let row = |finding: &Finding| {
        vec![
            name(&finding.severity),
            text(&finding.kind),
            text(&finding.title),
            text(&finding.detail),
            number(finding.about.call),
            number(finding.about.stream),
            optional(finding.about.bssid.as_deref()),
            list(&finding.frames),
            text(&finding.filter),
        ]
    };
    table.rows = report.findings.iter().map(row).collect();
    table
}

fn optional(value: Option<&str>) -> String {
    value.map(text).unwrap_or_default()
}
