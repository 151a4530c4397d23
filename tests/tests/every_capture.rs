//! Every capture of the outside world, the malformed ones too, ends in a sane report.

use airtone_tests::{captures, run};
use serde_json::Value;

#[test]
fn every_capture_ends_in_a_sane_report() {
    for path in captures() {
        let name = path.display().to_string();
        if name.ends_with("sip-protos-fuzz.cap") {
            continue;
        }
        let output = run(["report", "--format", "json", &name]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(report["capture"]["packets"].as_u64().unwrap() > 0, "{name}: no packets");
        sane(&name, &report);
        let text = run(["report", "--format", "text", "--width", "80", &name]);
        assert_eq!(text.status.code(), Some(0), "{name}");
        let text = String::from_utf8(text.stdout).expect("text is UTF-8");
        assert!(!text.trim().is_empty(), "{name}: empty text");
        let control = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(control, None, "{name}: a control character reaches the terminal");
    }
}

/// What holds for every report.
fn sane(name: &str, report: &Value) {
    for stream in report["streams"].as_array().unwrap() {
        let n = |key: &str| stream[key].as_u64().unwrap_or_else(|| panic!("{name}: {key}: {stream}"));
        assert_eq!(n("packets") + n("lost"), n("expected"), "{name}: {stream}");
        assert!(n("late") <= n("packets"), "{name}: {stream}");
        assert!(n("first_frame") <= n("last_frame"), "{name}: {stream}");
        for mos in ["lq", "cq"] {
            let value = &stream["mos"][mos];
            assert!(value.is_null() || (1.0..=4.5).contains(&value.as_f64().unwrap()), "{name}: {stream}");
            assert!(!value.is_null() || stream["mos"]["reason"].is_string(), "{name}: no reason: {stream}");
        }
    }
    for bss in report["wifi"]["bss"].as_array().unwrap() {
        let n = |key: &str| bss["beacons"][key].as_u64().unwrap();
        assert_eq!(n("received") + n("lost"), n("expected"), "{name}: {bss}");
    }
    for (n, call) in report["calls"].as_array().unwrap().iter().enumerate() {
        assert_eq!(call["id"], n + 1, "{name}");
        let duration = call["duration_s"].as_f64().unwrap_or(0.0);
        assert!(duration >= 0.0, "{name}: {call}");
    }
}

#[test]
fn a_format_that_is_no_pcap_is_refused_with_the_way_out() {
    let Some(path) = captures().into_iter().find(|p| p.ends_with("sip-protos-fuzz.cap")) else {
        return eprintln!("skipped: the shared captures are not here");
    };
    let output = run(["report", &path.display().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    assert!(error.contains("editcap -F pcapng"), "{error}");
}
