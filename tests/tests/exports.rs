//! tshark's five export formats give the same streams, calls and beacons as the capture they were made from.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use airtone_tests::{captures, captures_dir, fixtures, json, run, tshark};
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
    let text = String::from_utf8(run(["export-fields"]).stdout).unwrap();
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
        let truth = json(["report", "--format", "json", &capture.display().to_string()]);
        for (name, args) in &formats {
            let file = folder.path().join("export");
            export(&capture, args, &file);
            let report = json(["report", "--format", "json", &file.display().to_string()]);
            let timed = *name != "jsonraw";
            let what = format!("{} as {name}", capture.display());
            assert_same(&what, &essence(&truth, timed), &essence(&report, timed));
            if !timed {
                assert_same(&what, &untimed_essence(&truth), &untimed_essence(&report));
                assert_no_times(&what, &report);
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
        "streams": list(&report["streams"], &[
            "ssrc", "source", "destination", "codec", "packets", "lost", "duplicates", "out_of_order", "call", "direction",
        ]),
        "requests": report["sip"]["requests"],
        "responses": report["sip"]["responses"],
        "bss": report["wifi"]["bss"].as_array().unwrap().iter().map(|b| {
            json!([b["bssid"], b["ssid"], b["beacons"]["received"]])
        }).collect::<Vec<_>>(),
    });
    let with_times = json!({
        "calls": list(&report["calls"], &["outcome", "ended_by", "start", "answer", "end", "dtmf"]),
        "streams": list(&report["streams"], &["start", "duration_s", "late", "jitter_ms", "mos"]),
        "bss": report["wifi"]["bss"].as_array().unwrap().iter().map(|b| {
            json!([b["bssid"], b["beacons"], b["outages"].as_array().unwrap().len()])
        }).collect::<Vec<_>>(),
    });
    if timed { json!([always, with_times]) } else { always }
}

/// What does not need times although it is about time: how calls ended and what they had, but for timers that nobody
/// sees run and sound that began at its time, and beacons on the AP's clock, but where only times tell that the sensor
/// was elsewhere.
fn untimed_essence(report: &Value) -> Value {
    let calls = report["calls"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| !(c["ended_by"] == "timeout" && c["outcome_code"].is_null()));
    let by_time = |feature: &&Value| matches!(feature.as_str(), Some("music_on_hold" | "early_media"));
    let features = |call: &Value| -> Value {
        call["features"].as_array().into_iter().flatten().filter(|f| !by_time(f)).cloned().collect()
    };
    let verdicts = calls.map(|c| json!([c["call_ids"], c["outcome"], c["ended_by"], features(c)]));
    let away = |b: &Value| {
        b["outages"].as_array().unwrap().iter().any(|o| o["cause"] == "sensor" || o["cause"] == "off_channel")
    };
    let bss = report["wifi"]["bss"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|b| !away(b) && b["beacons"]["basis"] == "tsf");
    let beacons = bss.map(|b| {
        let of = &b["beacons"];
        json!([b["bssid"], of["received"], of["expected"], of["lost"], of["longest_run"], of["duplicates"]])
    });
    json!([verdicts.collect::<Vec<_>>(), beacons.collect::<Vec<_>>()])
}

/// Figures of time are `null`, and no time is made up anywhere.
fn assert_no_times(what: &str, report: &Value) {
    let nulls = |of: &Value, names: &[&str]| {
        for name in names {
            assert!(of[*name].is_null(), "{what}: {name} is {}", of[*name]);
        }
    };
    nulls(&report["capture"], &["first", "last", "duration_s"]);
    for call in report["calls"].as_array().unwrap() {
        nulls(call, &["start", "answer", "end", "post_dial_delay_s", "ring_s", "setup_s", "duration_s"]);
    }
    for stream in report["streams"].as_array().unwrap() {
        nulls(
            stream,
            &["start", "late", "late_percent", "jitter_ms", "delta_ms", "skew_ms", "clock_drift_ppm"],
        );
        nulls(stream, &["mos_worst_interval", "best_buffer_ms"]);
        assert_eq!(stream["buffer_curve"], json!([]), "{what}");
        let reason = stream["mos"]["reason"].as_str().unwrap_or_default();
        assert!(stream["mos"]["lq"].is_null() || reason.contains("Loss only"), "{what}: {reason}");
    }
    for bss in report["wifi"]["bss"].as_array().unwrap() {
        assert_ne!(bss["beacons"]["basis"], "capture_time", "{what}");
        assert!(bss["events"].as_array().unwrap().iter().all(|e| e["kind"] != "tsf_jump"), "{what}");
    }
    let missing = report["capture"]["missing_fields"].to_string();
    assert!(missing.contains("frame.time_epoch"), "{what}: {missing}");
    let text = report.to_string();
    assert!(!text.contains("1677-") && !text.contains("9223372"), "{what}: the unknown time shows through");
}

/// Shapes that people make of one capture: the arguments, and what the report must say that it lacks.
const SHAPES: &[(&str, &[&str])] = &[
    ("-T json CALL RTP", &["udp.payload: ", "sip.msg_hdr: "]),
    ("-T ek CALL RTP", &["udp.payload: ", "sip.msg_hdr: "]),
    ("-T fields -E header=y -E separator=, -E quote=d CALL RTP", &["udp.payload: ", "sip.msg_hdr: "]),
    (
        "-T fields -E header=y -E separator=, -E quote=s -E occurrence=f CALL RTP",
        &["udp.payload: ", "sip.msg_hdr: "],
    ),
    ("-T fields -E header=y -E occurrence=l -E bom=y CALL RTP", &["udp.payload: ", "sip.msg_hdr: "]),
    ("-T fields -E header=y METHODS RTP", &["udp.payload: ", "sip.msg_hdr: "]),
    ("-T json --no-duplicate-keys", &[]),
    ("-2 -Y sip||rtp -T json", &[]),
    ("-2 -Y sip||rtp -T pdml", &[]),
];

fn shape(arguments: &str) -> Vec<String> {
    const CALL: &str = "frame.number frame.time_epoch ip.src ip.dst udp.srcport udp.dstport sip.Request-Line \
                        sip.Status-Line sip.Call-ID sip.CSeq sip.From sip.To sip.Via";
    const METHODS: &str = "frame.number frame.time_epoch ip.src ip.dst udp.srcport udp.dstport sip.Method \
                           sip.Status-Code sip.Call-ID sip.CSeq sip.From sip.To sip.Via";
    const RTP: &str = "rtp.ssrc rtp.seq rtp.timestamp rtp.p_type rtp.marker";
    let fields = |list: &str| list.split_whitespace().flat_map(|f| ["-e".to_owned(), f.to_owned()]).collect();
    let words = arguments.split_whitespace().map(|word| match word {
        "CALL" => fields(CALL),
        "METHODS" => fields(METHODS),
        "RTP" => fields(RTP),
        word => vec![word.to_owned()],
    });
    words.flat_map(|words: Vec<String>| words).collect()
}

#[test]
fn other_shapes_give_the_same_and_say_what_they_lack() {
    let Some(folder) = captures_dir().filter(|_| tshark().is_some()) else {
        return eprintln!("skipped: no tshark or no captures here");
    };
    let capture = folder.join("magicjack-short-call.pcap");
    let essence = |report: &Value| {
        let calls = report["calls"].as_array().unwrap().iter();
        let calls = calls.map(|c| {
            json!([c["call_ids"], c["from"], c["to"], c["outcome_code"], c["ended_by"], c["start"]])
        });
        let streams = report["streams"].as_array().unwrap().iter();
        let streams = streams.map(|s| {
            json!([s["ssrc"], s["first_frame"], s["packets"], s["lost"], s["late"], s["jitter_ms"]])
        });
        json!([calls.collect::<Vec<_>>(), streams.collect::<Vec<_>>()])
    };
    let truth = essence(&json(["report", "--format", "json", &capture.display().to_string()]));
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("export");
    let check = |what: &str, lacks: &[&str]| {
        let report = json(["report", "--format", "json", &file.display().to_string()]);
        assert_same(what, &truth, &essence(&report));
        let missing = report["capture"]["missing_fields"].as_array().unwrap();
        let fits = missing.len() == lacks.len()
            && missing.iter().zip(lacks).all(|(m, l)| m.as_str().unwrap().starts_with(l));
        assert!(fits, "{what}: {missing:?}");
    };
    for (arguments, lacks) in SHAPES {
        export(&capture, &shape(arguments), &file);
        check(arguments, lacks);
        // As Windows stores it: other line ends, and what PowerShell 5 makes of it.
        let text = fs::read_to_string(&file).unwrap().replace('\n', "\r\n");
        fs::write(&file, &text).unwrap();
        check(&format!("{arguments} with CRLF"), lacks);
        let text = format!("\u{feff}{}", text.trim_start_matches('\u{feff}'));
        fs::write(&file, text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()).unwrap();
        check(&format!("{arguments} in UTF-16"), lacks);
    }
}

#[test]
fn beacons_of_a_few_fields() {
    let Some(folder) = captures_dir().filter(|_| tshark().is_some()) else {
        return eprintln!("skipped: no tshark or no captures here");
    };
    let capture = folder.join("mirrors-and-air/hwsim-mon0.pcapng");
    let beacons = |report: &Value| {
        let of = &report["wifi"]["bss"][0]["beacons"];
        json!([of["received"], of["lost"], of["longest_run"]])
    };
    let truth = beacons(&json(["report", "--format", "json", &capture.display().to_string()]));
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("export");
    for (arguments, lacks) in [
        (
            "-T fields -E header=y -e frame.time_epoch -e wlan.fc -e wlan.bssid -e wlan.fixed.timestamp -e wlan.fixed.beacon",
            &["frame.number: "][..],
        ),
        (
            "-T json -e frame.number -e wlan.fc.type_subtype -e wlan.bssid -e wlan.fixed.timestamp -e wlan.fixed.beacon",
            &["frame.time_epoch: ", "wlan.fc: "],
        ),
        (
            "-T ek -e frame.number -e wlan.fc.type_subtype -e wlan.bssid -e wlan.fixed.timestamp -e wlan.fixed.beacon",
            &["frame.time_epoch: ", "wlan.fc: "],
        ),
    ] {
        export(&capture, &shape(arguments), &file);
        let report = json(["report", "--format", "json", &file.display().to_string()]);
        assert_eq!(beacons(&report), truth, "{arguments}");
        let missing: Vec<&str> = report["capture"]["missing_fields"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(missing.len(), lacks.len(), "{arguments}: {missing:?}");
        assert!(missing.iter().zip(lacks).all(|(m, l)| m.starts_with(l)), "{arguments}: {missing:?}");
    }
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
