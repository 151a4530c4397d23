//! tshark's five export formats give the same streams, calls and beacons as the capture they were made from.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use airtone_tests::{captures, fixtures, json, run, tshark};
use serde_json::{Value, json};

/// Captures that between them hold SIP over UDP and TCP, fragments, events, RTCP and beacons.
const CAPTURES: &[&str] = &[
    "magicjack-short-call.pcap",
    "sip-dtmf-rfc2833-decline.cap",
    "sip-rtp-opus.pcap",
    "sip-body-large.pcap",
    "sip-answer-and-cancel.pcapng",
    "sip-failures-aaa.pcap",
    "wifi-join-nokia.pcap",
    "wifi-wpa2-psk-linksys.cap",
    "hwsim-mon0.pcapng",
];

fn inputs() -> Vec<PathBuf> {
    let shared = captures().into_iter().filter(|p| CAPTURES.iter().any(|c| p.ends_with(c)));
    fixtures().into_iter().chain(shared).collect()
}

/// The arguments of `-T fields` as the command itself prints them.
fn field_arguments() -> Vec<String> {
    let text = String::from_utf8(run(&["export-fields"]).stdout).unwrap();
    let line = text.lines().find(|l| l.contains("-T fields")).expect("a line for -T fields");
    let words: Vec<&str> = line.split_whitespace().collect();
    let begin = words.iter().position(|w| *w == "-T").unwrap();
    let end = words.iter().position(|w| *w == ">").unwrap();
    words[begin..end].iter().map(|w| (*w).to_owned()).collect()
}

fn export(capture: &Path, args: &[String], to: &Path) {
    let out = File::create(to).unwrap();
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(capture).args(args).stdout(out).stderr(std::process::Stdio::null());
    assert!(tshark.status().expect("tshark runs").success(), "tshark exports {}", capture.display());
}

#[test]
fn five_formats_and_the_capture_agree() {
    if tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let formats = [
        ("json", words("-T json")),
        ("json-x", words("-T json -x")),
        ("ek", words("-T ek")),
        ("pdml", words("-T pdml")),
        ("fields", field_arguments()),
        ("jsonraw", words("-T jsonraw")),
    ];
    let folder = tempfile::tempdir().unwrap();
    for capture in inputs() {
        let truth = json(&["report", "--format", "json", &capture.display().to_string()]);
        for (name, args) in &formats {
            let file = folder.path().join("export");
            export(&capture, args, &file);
            let report = json(&["report", "--format", "json", &file.display().to_string()]);
            let timed = *name != "jsonraw";
            let what = format!("{} as {name}", capture.display());
            assert_same(&what, &essence(&truth, timed), &essence(&report, timed));
            if !timed {
                let missing = report["capture"]["missing_fields"].to_string();
                assert!(missing.contains("frame.time_epoch"), "{what}: {missing}");
            }
            fs::remove_file(file).unwrap();
        }
    }
}

/// What an export can tell of a report. Without times: counts, codecs, outcomes.
fn essence(report: &Value, timed: bool) -> Value {
    let pick = |of: &Value, names: &[&str]| -> Value {
        names.iter().map(|n| ((*n).to_owned(), of[*n].clone())).collect::<serde_json::Map<_, _>>().into()
    };
    let list = |of: &Value, names: &[&str]| -> Value {
        of.as_array().unwrap().iter().map(|item| pick(item, names)).collect()
    };
    let always = json!({
        "calls": list(&report["calls"], &["call_ids", "from", "to", "outcome_code"]),
        "streams": list(&report["streams"], &["ssrc", "source", "destination", "codec", "packets", "lost"]),
        "requests": report["sip"]["requests"],
        "responses": report["sip"]["responses"],
        "bss": report["wifi"]["bss"].as_array().unwrap().iter().map(|b| {
            json!([b["bssid"], b["ssid"], b["beacons"]["received"]])
        }).collect::<Vec<_>>(),
    });
    let with_times = json!({
        "calls": list(&report["calls"], &["outcome", "ended_by", "start", "answer", "end", "dtmf"]),
        "streams": list(&report["streams"], &["start", "duration_s", "late", "out_of_order", "duplicates", "jitter_ms", "mos"]),
        "bss": report["wifi"]["bss"].as_array().unwrap().iter().map(|b| {
            json!([b["bssid"], b["beacons"], b["outages"].as_array().unwrap().len()])
        }).collect::<Vec<_>>(),
    });
    if timed { json!([always, with_times]) } else { always }
}

fn assert_same(what: &str, truth: &Value, got: &Value) {
    if truth == got {
        return;
    }
    let lines =
        |v: &Value| serde_json::to_string_pretty(v).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (lines(truth), lines(got));
    let at = a.iter().zip(&b).position(|(x, y)| x != y).unwrap_or(a.len().min(b.len()));
    let around = |v: &[String]| v[at.saturating_sub(12)..(at + 6).min(v.len())].join("\n");
    panic!("{what}\n--- capture\n{}\n--- export\n{}", around(&a), around(&b));
}
