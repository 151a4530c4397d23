//! The names of the contract are in the JSON report, in every object that it names.

use airtone_report::json::{self, Layout};
use airtone_report::{View, jsonl};
use serde_json::Value;

use crate::sample;

fn view(view: View, layout: Layout) -> Value {
    let mut out = Vec::new();
    json::write(&mut out, &sample::with_wireshark(), view, layout).expect("writing to memory");
    assert!(out.ends_with(b"\n"));
    serde_json::from_slice(&out).expect("JSON")
}

/// Path of an object (arrays: every element), and the names that it must have.
const CONTRACT: &[(&str, &str)] = &[
    ("", "schema airtone_version capture calls streams sip wifi findings"),
    ("capture", "files packets first last duration_s dropped_by_sensor not_decoded"),
    ("capture.files", "path format packets bytes warnings"),
    ("capture.not_decoded.truncated UDP", "packets first_frame"),
    (
        "calls",
        "id call_ids from to outcome outcome_code outcome_reason ended_by start answer end post_dial_delay_s ring_s \
         setup_s duration_s features events dtmf streams mos",
    ),
    ("calls.events", "frame at kind detail"),
    ("calls.dtmf", "frame at from digit duration_ms method"),
    ("calls.mos", "worst average scale"),
    (
        "streams",
        "id ssrc source destination call direction payload_types codec clock_hz clock_source ptime_ms media first_frame \
         last_frame start duration_s packets expected lost lost_percent duplicates out_of_order late late_percent \
         jitter_ms delta_ms skew_ms clock_drift_ppm bursts mos mos_worst_interval buffer_curve best_buffer_ms rtcp \
         wireshark",
    ),
    ("streams.jitter_ms", "min mean max last"),
    ("streams.delta_ms", "min mean max"),
    (
        "streams.bursts",
        "burst_density_percent gap_density_percent burst_duration_ms gap_duration_ms burst_ratio longest_loss",
    ),
    ("streams.mos", "lq cq r_lq r_cq scale grounding ie bpl one_way_delay_ms delay_source reason"),
    ("streams.mos_worst_interval", "lq at interval_s"),
    ("streams.buffer_curve", "buffer_ms late_percent lq"),
    ("streams.rtcp", "reports round_trip_ms peer_lost_percent peer_jitter_ms xr_mos_lq xr_r_factor"),
    (
        "streams.wireshark",
        "version lost expected max_delta_ms mean_delta_ms min_jitter_ms mean_jitter_ms max_jitter_ms problem",
    ),
    ("sip", "requests responses retransmissions registrations rfc6076"),
    ("sip.registrations", "aor contact outcome expires_s code at round_trip_ms"),
    ("sip.rfc6076", "rrd_ms srd_ms sdd_ms ser_percent seer_percent isa_percent scr_percent"),
    ("wifi", "bss stations"),
    (
        "wifi.bss",
        "bssid ssid channel frequency_mhz beacon_interval_tu first_frame last_frame duration_s beacons outages \
         signal_dbm beacon_delay_us events",
    ),
    ("wifi.bss.beacons", "received expected lost lost_percent not_observed longest_run basis"),
    ("wifi.bss.outages", "from to lost severity cause after_frame"),
    ("wifi.bss.signal_dbm", "min mean max"),
    ("wifi.bss.beacon_delay_us", "p50 p95 max"),
    ("wifi.stations", "mac bssid frames retry_percent signal_dbm voice roams"),
    ("findings", "severity title detail frames filter about"),
    ("findings.about", "call stream bssid"),
];

/// Every object at `path`, arrays opened.
fn objects<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![value];
    for name in path.split('.').filter(|name| !name.is_empty()) {
        found = found.into_iter().filter_map(|value| value.get(name)).flat_map(open).collect();
    }
    found
}

fn open(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

#[test]
fn every_name_of_the_contract_is_there() {
    let report = view(View::Report, Layout::Pretty);
    assert_eq!(report["schema"], "airtone.report/1");
    for (path, names) in CONTRACT {
        let objects = objects(&report, path);
        assert!(!objects.is_empty(), "the sample has no {path}");
        for object in objects {
            for name in names.split_whitespace() {
                assert!(object.get(name).is_some(), "{path} lacks {name}: {object}");
            }
        }
    }
}

#[test]
fn unknown_is_null_and_times_are_rfc_3339() {
    let report = view(View::Report, Layout::Compact);
    assert_eq!(report["calls"][1]["answer"], Value::Null);
    assert_eq!(report["calls"][0]["start"], "2026-11-21T20:30:00.500000000Z");
    assert_eq!(report["streams"][2]["mos"]["lq"], Value::Null);
    assert_eq!(report["streams"][0]["source"], "192.0.2.1:4000");
    assert_eq!(report["streams"][4]["source"], "[2001:db8:85a3:8d3:1319:8a2e:370:7301]:40000");
    assert_eq!(report["streams"][0]["mos"]["scale"], "nb");
    assert_eq!(report["wifi"]["bss"][0]["outages"][1]["cause"], "ap_restart");
}

#[test]
fn pretty_and_compact_say_the_same() {
    assert_eq!(view(View::Report, Layout::Pretty), view(View::Report, Layout::Compact));
}

#[test]
fn a_view_is_the_schema_and_that_section_of_the_report() {
    let report = view(View::Report, Layout::Compact);
    for (which, name) in [
        (View::Calls, "calls"),
        (View::Streams, "streams"),
        (View::Sip, "sip"),
        (View::Wifi, "wifi"),
        (View::Findings, "findings"),
    ] {
        let section = view(which, Layout::Pretty);
        let keys: Vec<_> = section.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["schema", name]);
        assert_eq!(section["schema"], report["schema"]);
        assert_eq!(section[name], report[name]);
    }
}

#[test]
fn json_lines_hold_the_same_objects_with_their_type() {
    let mut out = Vec::new();
    jsonl::write(&mut out, &sample::rich()).expect("writing to memory");
    let text = String::from_utf8(out).expect("UTF-8");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let types: Vec<&str> = lines.iter().map(|line| line["type"].as_str().expect("a type")).collect();
    let count = |kind: &str| types.iter().filter(|&&one| one == kind).count();
    let report = sample::rich();
    assert_eq!(types[0], "capture");
    assert_eq!(lines[0]["schema"], "airtone.report/1");
    assert_eq!(lines[0]["packets"], report.capture.packets);
    for (kind, n) in [
        ("capture", 1),
        ("call", report.calls.len()),
        ("stream", report.streams.len()),
        ("sip", 1),
        ("registration", report.sip.registrations.len()),
        ("bss", report.wifi.bss.len()),
        ("station", report.wifi.stations.len()),
        ("finding", report.findings.len()),
    ] {
        assert_eq!(count(kind), n, "{kind}");
    }
    let mut stream = lines.iter().find(|line| line["type"] == "stream").expect("a stream").clone();
    stream.as_object_mut().expect("an object").remove("type");
    assert_eq!(stream, serde_json::to_value(&report.streams[0]).expect("JSON"));
}

#[test]
fn two_threads_write_the_same_bytes_as_one() {
    let short = sample::with_wireshark();
    let mut long = short.clone();
    long.calls = long.calls.iter().cycle().take(100).cloned().collect();
    long.streams = long.streams.iter().cycle().take(5_000).cloned().collect();
    for report in [&short, &long] {
        for layout in [Layout::Pretty, Layout::Compact] {
            let (mut by_one, mut by_two) = (Vec::new(), Vec::new());
            json::write(&mut by_one, report, View::Report, layout).expect("writing to memory");
            json::write_on_two_threads(&mut by_two, report, layout).expect("writing to memory");
            assert!(by_one == by_two, "{layout:?}, {} streams", report.streams.len());
        }
    }
}
