//! `extract`: the packets of one call, from which the same call is read again.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use airtone_tests::{captures, fixtures, fixtures_dir, run, try_json, tshark};
use serde_json::Value;

/// Calls of one capture that are extracted.
const CALLS: usize = 4;

/// What the report says of a call and its streams, less what depends on the rest of the capture: numbers of
/// frames, calls, streams, and (of the mirror's copies) ways.
fn story(report: &Value, call: u64) -> Vec<Value> {
    let list = |name: &str| report[name].as_array().cloned().unwrap_or_default();
    let of_call = list("calls").into_iter().filter(|c| c["id"] == call).map(alone);
    let streams = list("streams").into_iter().filter(|s| s["call"] == call);
    of_call.chain(streams).map(|row| without_numbers(&row)).collect()
}

/// A call without what only other calls prove.
fn alone(mut call: Value) -> Value {
    let others = |what: &Value| matches!(what.as_str(), Some("related" | "call_waiting"));
    if let Some(events) = call["events"].as_array_mut() {
        events.retain(|event| !others(&event["kind"]));
    }
    if let Some(features) = call["features"].as_array_mut() {
        features.retain(|feature| !others(feature));
    }
    call["related"] = Value::Null;
    call
}

fn without_numbers(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| {
                !matches!(
                    name.as_str(),
                    "frame"
                        | "first_frame"
                        | "last_frame"
                        | "id"
                        | "call"
                        | "streams"
                        | "relayed_from"
                        | "frames"
                )
            });
            Value::Object(kept.map(|(name, value)| (name.clone(), without_numbers(value))).collect())
        }
        Value::Array(all) => all.iter().map(without_numbers).collect(),
        Value::Number(number) => number.as_f64().map_or(value.clone(), |n| ((n * 1e6).round() / 1e6).into()),
        other => other.clone(),
    }
}

fn extracted(file: &Path, call: u64, to: &Path) -> Result<(), String> {
    let call = call.to_string();
    let out = run([
        "extract".as_ref(),
        file.as_os_str(),
        "--call".as_ref(),
        call.as_ref(),
        "-q".as_ref(),
        "-o".as_ref(),
        to.as_os_str(),
    ]);
    if out.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&out.stderr).into_owned()) }
}

#[test]
fn the_report_of_an_extract_is_that_of_the_call() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().join("call.pcapng");
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for file in fixtures().into_iter().chain(captures()) {
        let Ok(whole) = try_json(["report", "--format", "json", "-q", &file.to_string_lossy()]) else {
            continue;
        };
        let ids: Vec<u64> =
            whole["calls"].as_array().into_iter().flatten().filter_map(|call| call["id"].as_u64()).collect();
        for &id in ids.iter().take(CALLS) {
            let name = format!("{} call {id}", file.file_name().unwrap_or_default().to_string_lossy());
            if let Err(error) = extracted(&file, id, &to) {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
            let part =
                try_json(["report", "--format", "json", "-q", &to.to_string_lossy()]).expect("a report");
            let (mut expected, mut got) = (story(&whole, id), story(&part, 1));
            // A call without an end is judged by how long the capture goes on after it.
            if part["calls"][0]["ended_by"] == "open" {
                for call in [&mut expected, &mut got].into_iter().filter_map(|rows| rows.first_mut()) {
                    for field in ["outcome", "outcome_code", "outcome_reason", "ended_by", "end"] {
                        call[field] = Value::Null;
                    }
                    call["duration_s"] = Value::Null;
                    call["ring_s"] = Value::Null;
                }
            }
            // That another call took its place is told by that call's Replaces.
            if expected.first().is_some_and(|call| call["outcome"] == "answered_elsewhere")
                && whole["calls"][(id - 1) as usize]["related"] != serde_json::json!([])
            {
                for call in [&mut expected, &mut got].into_iter().filter_map(|rows| rows.first_mut()) {
                    call["outcome"] = Value::Null;
                }
            }
            compared += 1;
            if expected != got {
                wrong.push(difference(&name, &expected, &got));
            }
        }
    }
    assert!(compared > 15, "only {compared} calls");
    assert!(wrong.is_empty(), "{} of {compared} calls differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn difference(name: &str, expected: &[Value], got: &[Value]) -> String {
    if expected.len() != got.len() {
        return format!("{name}: {} rows, {} in the extract", expected.len(), got.len());
    }
    let mut text = name.to_owned();
    for (expected, got) in expected.iter().zip(got) {
        let (Some(expected), Some(got)) = (expected.as_object(), got.as_object()) else { continue };
        for (field, value) in expected.iter().filter(|(field, value)| got.get(*field) != Some(value)) {
            text += &format!(
                "\n  {field}: {value}\n    in the extract: {}",
                got.get(field).unwrap_or(&Value::Null)
            );
        }
    }
    text
}

fn fields(file: &Path, filter: &str, field: &str) -> Vec<String> {
    let out = Command::new("tshark")
        .args(["-n", "-r"])
        .arg(file)
        .args(["-Y", filter, "-T", "fields", "-e", field])
        .output()
        .expect("tshark can be started");
    String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn wireshark_sees_the_same_call_in_an_extract() {
    if tshark().is_none() {
        return eprintln!("skipped: there is no tshark");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().join("call.pcapng");
    for name in ["sipp-tcp", "sipp-answered", "sipp-hold", "relay-loss", "baresip-opus"] {
        let file = fixtures_dir().join(format!("{name}.pcapng"));
        extracted(&file, 1, &to).unwrap_or_else(|error| panic!("{name}: {error}"));
        for filter in ["sip", "rtp", "rtcp", "sdp"] {
            // Each of these captures has one call, so all of its SIP and RTP belong to it.
            let (whole, part) =
                (fields(&file, filter, "frame.time_epoch"), fields(&to, filter, "frame.time_epoch"));
            assert!(!whole.is_empty() || filter == "rtcp", "{name}: no {filter}");
            assert_eq!(part, whole, "{name}: {filter}");
        }
        let setup = "rtp.setup-frame";
        let announced = fields(&to, "rtp", setup).iter().filter(|frame| !frame.is_empty()).count();
        assert_eq!(announced, fields(&file, "rtp", setup).iter().filter(|frame| !frame.is_empty()).count());
    }
}

#[test]
fn an_extract_says_what_it_is_and_keeps_its_interfaces() {
    let Some(file) = captures().into_iter().find(|file| file.ends_with("sip-blind-transfer.pcapng")) else {
        return eprintln!("skipped: the collection of public captures is not here");
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().join("call.pcapng");
    extracted(&file, 2, &to).expect("an extract");
    let out = Command::new("capinfos").args(["-k", "-I", "-c"]).arg(&to).output().expect("capinfos");
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(text.contains("Call 2 of sip-blind-transfer.pcapng"), "{text}");
    assert!(text.contains("Name = enp2s0"), "{text}");
}

#[test]
fn nothing_of_another_call_is_in_an_extract() {
    for file in captures() {
        if !file.ends_with("sip-blind-transfer.pcapng") {
            continue;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let to = folder.path().join("call.pcapng");
        let report = try_json(["calls", "--format", "json", "-q", &file.to_string_lossy()]).expect("calls");
        for call in report["calls"].as_array().expect("calls") {
            extracted(&file, call["id"].as_u64().expect("id"), &to).expect("an extract");
            let own: BTreeSet<&str> =
                call["call_ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            for id in fields(&to, "sip", "sip.Call-ID") {
                assert!(own.contains(id.as_str()), "{id} is not of {own:?}");
            }
        }
    }
}

#[test]
fn what_cannot_be_extracted_is_said() {
    let file = fixtures_dir().join("sipp-busy.pcapng");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().join("call.pcapng");
    let error = extracted(&file, 7, &to).expect_err("there is one call");
    assert!(error.contains("this capture has one, --call 1"), "{error}");
    assert!(!to.exists());
}
