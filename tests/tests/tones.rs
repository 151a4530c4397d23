//! Tones in the sound: what was sent is found, and speech and music hold none.

use std::path::Path;

use airtone_tests::{captures, captures_dir, fixtures, fixtures_dir, json, run, try_json};
use serde_json::Value;

fn calls(capture: &Path) -> Vec<Value> {
    let report = json(["report", "--tones", "--format", "json", &capture.to_string_lossy()]);
    report["calls"].as_array().cloned().unwrap_or_default()
}

fn in_band(call: &Value) -> Vec<Value> {
    let digits = call["dtmf"].as_array().cloned().unwrap_or_default();
    digits.into_iter().filter(|digit| digit["method"] == "inband").collect()
}

/// Kinds of the tones of a call, each once, in order.
fn signals(call: &Value) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    for event in call["events"].as_array().into_iter().flatten() {
        let kind = event["kind"].as_str().unwrap_or_default();
        if kind.starts_with("tone_") && kinds.last().is_none_or(|last| last != kind) {
            kinds.push(kind.to_owned());
        }
    }
    kinds
}

#[test]
fn the_digits_are_those_that_were_sent() {
    let calls = calls(&fixtures_dir().join("tones-digits.pcapng"));
    let digits = in_band(&calls[0]);
    let keys: String = digits.iter().filter_map(|digit| digit["digit"].as_str()).collect();
    // The same sound comes back from the other side, and counts once.
    assert_eq!(keys, "123A456B789C*0#D558");
    for (n, digit) in digits.iter().enumerate() {
        let sent = match n {
            0..16 => 70.0,
            16 | 17 => 45.0,
            _ => 400.0,
        };
        let heard = digit["duration_ms"].as_f64().expect("a duration");
        assert!((sent - 26.0..=sent + 1.0).contains(&heard), "digit {n}: {heard} ms of {sent}");
        assert!(digit["frame"].as_u64() > Some(0));
    }
    assert!(calls[0]["features"].as_array().expect("features").contains(&"dtmf_inband".into()));
}

#[test]
fn signals_of_networks_and_fax_machines() {
    let calls = calls(&fixtures_dir().join("tones-progress.pcapng"));
    assert_eq!(signals(&calls[0]), ["tone_ringback", "tone_busy", "tone_cng", "tone_ced"]);
    assert!(in_band(&calls[0]).is_empty());
}

#[test]
fn fax_machines_of_the_outside_world() {
    let Some(folder) = captures_dir() else {
        return eprintln!("skipped: the collection of public captures is not here");
    };
    assert_eq!(signals(&calls(&folder.join("fax-call-t38-accepted.pcap"))[0]), ["tone_cng"]);
    assert_eq!(signals(&calls(&folder.join("fax-call-t38-refused.pcap"))[0]), ["tone_ced"]);
}

#[test]
fn speech_and_music_hold_none() {
    let mut heard = 0;
    for capture in fixtures() {
        let name = capture.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let has_tones = ["tones-digits", "tones-progress", "flow-early-media", "flow-t38-", "flow-fax-"];
        if name.starts_with("wifi-") || has_tones.iter().any(|start| name.starts_with(start)) {
            continue;
        }
        for call in calls(&capture) {
            assert!(in_band(&call).is_empty() && signals(&call).is_empty(), "{name}: {call}");
            heard += 1;
        }
    }
    assert!(heard > 15, "only {heard} calls");
}

#[test]
fn without_being_asked_nobody_listens() {
    let capture = fixtures_dir().join("tones-digits.pcapng");
    let report = json(["report", "--format", "json", &capture.to_string_lossy()]);
    assert!(in_band(&report["calls"][0]).is_empty());
}

#[test]
fn listening_changes_nothing_else() {
    let mut compared = 0;
    for capture in fixtures().into_iter().chain(captures()) {
        let path = capture.to_string_lossy();
        let Ok(mut plain) = try_json(["report", "--format", "json", &path]) else { continue };
        let mut listened = json(["report", "--tones", "--format", "json", &path]);
        for report in [&mut plain, &mut listened] {
            for call in report["calls"].as_array_mut().into_iter().flatten() {
                call["dtmf"].as_array_mut().expect("digits").retain(|digit| digit["method"] != "inband");
                let is_tone =
                    |event: &Value| event["kind"].as_str().is_some_and(|kind| kind.starts_with("tone_"));
                call["events"].as_array_mut().expect("events").retain(|event| !is_tone(event));
                let heard = [Value::from("dtmf_inband"), Value::from("ringback_tone")];
                call["features"].as_array_mut().expect("features").retain(|feature| !heard.contains(feature));
            }
        }
        assert_eq!(plain, listened, "{path}");
        compared += 1;
    }
    assert!(compared > 25, "only {compared}");
}

#[test]
fn digits_of_a_call_are_shown_to_people_only_when_asked_for() {
    let capture = fixtures_dir().join("baresip-g711-dtmf.pcapng");
    let told = |args: &[&str]| {
        let mut all = args.to_vec();
        let path = capture.to_string_lossy();
        all.push(&path);
        String::from_utf8(run(all).stdout).expect("UTF-8")
    };
    for args in [["report", "--format", "text"], ["calls", "--format", "csv"], ["report", "--format", "csv"]]
    {
        let masked = told(&args);
        assert!(masked.contains("•••") && !masked.contains("42#"), "{args:?}: {masked}");
        let shown = told(&[&args[..], &["--show-digits"]].concat());
        assert!(shown.contains("42#") && !shown.contains('•'), "{args:?}: {shown}");
    }
    // The contract for programs.
    let report = json(["report", "--format", "json", &capture.to_string_lossy()]);
    assert_eq!(report["calls"][0]["dtmf"][0]["digit"], "4");
}
