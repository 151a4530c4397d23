//! Signalling figures worked out by hand from what tshark shows of a capture.

use airtone_tests::{captures_dir, json};
use serde_json::Value;

fn report(file: &str) -> Option<Value> {
    let Some(folder) = captures_dir() else {
        eprintln!("skipped: the shared captures are not here (AIRTONE_CAPTURES)");
        return None;
    };
    Some(json(["report", "--format", "json", &folder.join(file).display().to_string()]))
}

/// `None` is a figure that the capture does not tell.
#[track_caller]
fn rfc6076(report: &Value, expected: &[(&str, Option<f64>)]) {
    for &(name, expected) in expected {
        let got = report["sip"]["rfc6076"][name].as_f64();
        let is_near = match (got, expected) {
            (Some(got), Some(expected)) => (got - expected).abs() < 2e-3,
            (got, expected) => got == expected,
        };
        assert!(is_near, "{name}: expected {expected:?}, got {got:?}");
    }
}

#[test]
fn one_call_with_a_challenge() {
    let Some(report) = report("magicjack-short-call.pcap") else { return };
    let ratios = [("ser_percent", Some(100.0)), ("seer_percent", Some(100.0)), ("isa_percent", Some(0.0))];
    rfc6076(&report, &ratios);
    // frames 50 to 54 (the INVITE with credentials to the 183), and 1324 to 1329
    let delays = [("srd_ms", Some(6815.551)), ("sdd_ms", Some(110.787)), ("rrd_ms", None)];
    rfc6076(&report, &delays);
    rfc6076(&report, &[("scr_percent", Some(100.0))]);
    assert_eq!(report["findings"], serde_json::json!([]));
}

#[test]
fn four_refused_calls() {
    let Some(report) = report("sip-failures-aaa.pcap") else { return };
    // 408, 403, 403 and 480: of four, 480 is effective and 408 ineffective
    let ratios = [("ser_percent", Some(0.0)), ("seer_percent", Some(25.0)), ("isa_percent", Some(25.0))];
    rfc6076(&report, &ratios);
    // REGISTER to 200: frames 180 to 182, 524 to 527, 648 to 650
    let mean = (171.471 + 160.167 + 158.516) / 3.0;
    rfc6076(
        &report,
        &[("rrd_ms", Some(mean)), ("srd_ms", None), ("sdd_ms", None), ("scr_percent", Some(0.0))],
    );
}

#[test]
fn what_is_not_over_is_in_no_ratio() {
    let Some(report) = report("sip-call-rtp-g711.pcap") else { return };
    let mean = (15.702 + 16.384 + 15.590) / 3.0;
    rfc6076(&report, &[("rrd_ms", Some(mean)), ("srd_ms", Some(47.524)), ("sdd_ms", None)]);
    rfc6076(&report, &[("ser_percent", Some(100.0)), ("scr_percent", None)]);
}

#[test]
fn the_legs_of_a_relay_are_one_call() {
    let Some(report) = report("sip-call-rtp-g711.pcap") else { return };
    assert_eq!(report["calls"][0]["streams"], serde_json::json!([1, 2, 3, 4]));
    for stream in report["streams"].as_array().expect("streams").iter().take(4) {
        let outward = stream["ssrc"] == "0x58f33dea";
        let expected = if outward { "caller_to_callee" } else { "callee_to_caller" };
        assert_eq!(stream["direction"], expected, "{stream}");
    }
}

#[test]
fn one_way_audio_over_an_address_that_no_sdp_names_is_no_certainty() {
    let Some(report) = report("sip-dtmf-rfc2833-decline.cap") else { return };
    let findings = report["findings"].as_array().expect("findings");
    let told: Vec<_> = findings.iter().map(|f| (f["kind"].as_str(), f["severity"].as_str())).collect();
    assert_eq!(told, [(Some("one_way_audio"), Some("warning")), (Some("call_failed"), Some("note"))]);
}
