//! Methods, status codes and repetitions against `tshark -q -z sip,stat`; calls and their states against those
//! of Wireshark's dialog VoIP Calls, as sharkd of 4.4 and later gives them. Capture by capture.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use airtone_tests::wiresharks::Unpacked;
use airtone_tests::{captures, captures_dir, captures_in, fixtures, fixtures_dir, try_json, tshark};
use serde_json::{Value, json};

/// Counts by method or three digits of a code.
type Counts = BTreeMap<String, u64>;

#[derive(Debug, Default, PartialEq)]
struct Statistics {
    counts: Counts,
    again: u64,
}

/// What tshark prints for a capture; `None` where it finds no SIP.
fn of_tshark(file: &Path) -> Option<Statistics> {
    let out = Command::new("tshark")
        .args(["-q", "-z", "sip,stat", "-r"])
        .arg(file)
        .output()
        .expect("tshark was there a moment ago");
    let text = String::from_utf8_lossy(&out.stdout);
    let mut statistics = Statistics::default();
    for line in text.lines() {
        let number = |text: &str| text.trim().trim_end_matches("Packets").trim().parse::<u64>().ok();
        if let Some(again) = line.strip_prefix("Number of resent SIP messages: ") {
            statistics.again = number(again)?;
        }
        let Some((what, count)) = line.rsplit_once(':').filter(|(_, count)| count.ends_with("Packets"))
        else {
            continue;
        };
        let name = match what.trim() {
            status if status.starts_with("SIP ") => &status[4..7],
            // longer than any method that somebody uses
            method if method.len() > 32 => "other",
            method => method,
        };
        *statistics.counts.entry(name.to_owned()).or_default() += number(count)?;
    }
    (!statistics.counts.is_empty()).then_some(statistics)
}

/// What `tshark-post sip` says of it.
fn of_ours(file: &Path) -> Result<Statistics, String> {
    let report = report_of("sip", file)?;
    let section = |name: &str| report["sip"][name].as_object().cloned().unwrap_or_default();
    let all = section("requests").into_iter().chain(section("responses"));
    let counts = all.filter_map(|(name, count)| Some((name, count.as_u64()?))).collect();
    Ok(Statistics { counts, again: report["sip"]["retransmissions"].as_u64().unwrap_or(0) })
}

/// Our view of a capture; what only Wireshark's own tools read is converted first.
fn report_of(view: &str, file: &Path) -> Result<Value, String> {
    let report = |file: &Path| try_json([view, "--quiet", "--format", "json", &file.to_string_lossy()]);
    match report(file) {
        Err(error) if error.contains("editcap -F pcapng") => {
            let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
            let converted = folder.path().join("converted.pcapng");
            let done = Command::new("editcap").args(["-F", "pcapng"]).arg(file).arg(&converted).status();
            match done {
                Ok(status) if status.success() => report(&converted),
                other => Err(format!("editcap: {other:?}")),
            }
        }
        other => other,
    }
}

/// Deliberate differences: the capture, what differs, ours and tshark's count, and why.
const DIFFERENCES: &[(&str, &str, u64, u64, &str)] = &[
    (
        "fax-call-t38-refused.pcap",
        "again",
        0,
        14,
        "one datagram captured twice (IP identification) was sent once",
    ),
    (
        "sip-failures-aaa.pcap",
        "again",
        14,
        4,
        "10 of them are CANCEL, whose repetitions tshark does not count",
    ),
    (
        "sip-protos-fuzz.cap",
        "other",
        7,
        9,
        "a method of more than 2,048 bytes is no SIP that a server would read",
    ),
    (
        "sip-scanner-ipfixprobe.pcap",
        "again",
        0,
        13,
        "each probe goes to another host or has a branch of its own",
    ),
    (
        "sip-t38-signalling.pcap",
        "again",
        0,
        3,
        "one datagram captured twice (IP identification) was sent once",
    ),
];

#[test]
fn counts_are_those_of_tshark() {
    if tshark().is_none() {
        return eprintln!("skipped: no tshark");
    }
    let mut wrong = Vec::new();
    let mut compared = 0;
    for file in fixtures().into_iter().chain(captures()) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(theirs) = of_tshark(&file) else { continue };
        let ours = match of_ours(&file) {
            Ok(ours) => ours,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        compared += 1;
        wrong.extend(differences(&ours, &theirs).into_iter().filter_map(|(what, ours, theirs)| {
            let known = DIFFERENCES
                .iter()
                .any(|d| (d.0, d.1, d.2, d.3) == (name.as_str(), what.as_str(), ours, theirs));
            (!known).then(|| format!("{name}: {what}: {ours}, tshark {theirs}"))
        }));
    }
    assert!(compared >= 10, "only {compared} captures with SIP");
    assert!(wrong.is_empty(), "{} differences that nobody explains:\n{}", wrong.len(), wrong.join("\n"));
}

fn differences(ours: &Statistics, theirs: &Statistics) -> Vec<(String, u64, u64)> {
    let count = |counts: &Counts, name: &str| counts.get(name).copied().unwrap_or(0);
    let names: std::collections::BTreeSet<&String> = ours.counts.keys().chain(theirs.counts.keys()).collect();
    let mut found: Vec<(String, u64, u64)> = names
        .into_iter()
        .map(|name| (name.clone(), count(&ours.counts, name), count(&theirs.counts, name)))
        .collect();
    found.push(("again".to_owned(), ours.again, theirs.again));
    found.retain(|(_, ours, theirs)| ours != theirs);
    found
}

const NOT_ARRIVED: &str = "ICMP says that the INVITE did not arrive, which Wireshark does not look at";

/// Calls whose state is deliberately another: the capture, the Call-ID's place, ours, Wireshark's, and why.
const STATES: &[(&str, usize, &str, &str, &str)] = &[
    (
        "flow-semi-attended-transfer.pcapng",
        1,
        "CANCELLED",
        "REJECTED",
        "its 487 came because another call took its place (Replaces)",
    ),
    (
        "sip-dtmf-info-pppoe.pcap",
        0,
        "IN CALL",
        "CANCELLED",
        "the CANCEL crossed the 200: the call was answered",
    ),
    ("sip-scanner-ipfixprobe.pcap", 4, "REJECTED", "CALL SETUP", NOT_ARRIVED),
    ("sip-scanner-ipfixprobe.pcap", 5, "REJECTED", "CALL SETUP", NOT_ARRIVED),
    ("sip-scanner-ipfixprobe.pcap", 6, "REJECTED", "CALL SETUP", NOT_ARRIVED),
    ("sip-scanner-ipfixprobe.pcap", 7, "REJECTED", "CALL SETUP", NOT_ARRIVED),
    ("sip-scanner-ipfixprobe.pcap", 8, "REJECTED", "CALL SETUP", NOT_ARRIVED),
    ("sip-failures-aaa.pcap", 0, "REJECTED", "CANCELLED", "a 408 came: nobody had answered, which ends it"),
];

/// The word of Wireshark's dialog for a call of ours.
fn state(call: &Value) -> &'static str {
    let is_open = call["end"].is_null();
    let cancelled =
        call["events"].as_array().is_some_and(|events| events.iter().any(|e| e["kind"] == "cancel"));
    match call["outcome"].as_str().unwrap_or_default() {
        "answered" if is_open => "IN CALL",
        "answered" => "COMPLETED",
        "cancelled" | "answered_elsewhere" => "CANCELLED",
        "no_answer" if cancelled && call["outcome_code"] != 408 => "CANCELLED",
        "setup" | "ringing" => "CALL SETUP",
        _ => "REJECTED",
    }
}

#[test]
fn calls_are_those_of_voip_calls() {
    let mut wrong = Vec::new();
    for wireshark in Unpacked::all() {
        let mut compared = 0;
        for folder in [Some(fixtures_dir()), captures_dir()].into_iter().flatten() {
            for (name, theirs) in voip_calls(&wireshark, &folder) {
                compared += 1;
                let found = differing_calls(&folder.join(&name), &name, &theirs);
                wrong.extend(found.into_iter().map(|one| format!("{} {name}: {one}", wireshark.line)));
            }
        }
        assert!(compared >= 15, "{}: only {compared} captures with calls", wireshark.line);
    }
    assert!(wrong.is_empty(), "{} differences that nobody explains:\n{}", wrong.len(), wrong.join("\n"));
}

fn differing_calls(file: &Path, name: &str, theirs: &[String]) -> Vec<String> {
    let report = report_of("calls", file).unwrap_or_else(|error| panic!("{error}"));
    let calls = report["calls"].as_array().expect("calls");
    let legs: usize = calls.iter().map(|call| call["call_ids"].as_array().map_or(0, Vec::len)).sum();
    if legs != theirs.len() {
        return vec![format!("{legs} Call-IDs, Wireshark {}", theirs.len())];
    }
    // a call of several legs is one call here, and as many as it has Call-IDs there
    if legs != calls.len() {
        return Vec::new();
    }
    let pairs = calls.iter().zip(theirs).enumerate();
    let differing = pairs.filter_map(|(at, (call, theirs))| {
        let ours = state(call);
        let known = STATES.iter().any(|s| (s.0, s.1, s.2, s.3) == (name, at, ours, theirs.as_str()));
        (ours != theirs && !known).then(|| format!("call {}: {ours}, Wireshark {theirs}", at + 1))
    });
    differing.collect()
}

/// The states of the SIP calls of every capture in a folder that has any, by their first message. One sharkd
/// reads them all: it takes longer to start than to read.
fn voip_calls(host: &Unpacked, folder: &Path) -> Vec<(String, Vec<String>)> {
    let names: Vec<String> = captures_in(folder)
        .iter()
        .filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned()))
        .collect();
    let request = |id: usize, method: &str, params: Value| {
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
    };
    let requests: Vec<String> = names
        .iter()
        .enumerate()
        .flat_map(|(at, name)| {
            let load = request(2 * at + 1, "load", json!({ "file": format!("/captures/{name}") }));
            [load, request(2 * at + 2, "tap", json!({ "tap0": "voip-calls" }))]
        })
        .collect();
    let script = "printf '%s\\n' \"$@\" | sharkd - 2>/dev/null";
    let requests: Vec<&str> = requests.iter().map(String::as_str).collect();
    let host = host.clone().with(folder, "/captures");
    let out = host.run(&[&["bash", "-c", script, "sharkd"][..], &requests].concat());
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let answers = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let states = answers.filter_map(|answer| {
        let id = usize::try_from(answer["id"].as_u64()?).ok()?;
        let calls = answer["result"]["taps"][0]["calls"].as_array()?;
        let sip = calls.iter().filter(|call| call["protocol"] == "SIP");
        let states: Vec<String> = sip.filter_map(|call| Some(call["state"].as_str()?.to_owned())).collect();
        Some((names.get((id / 2).checked_sub(1)?)?.clone(), states)).filter(|(_, states)| !states.is_empty())
    });
    states.collect()
}

#[test]
fn every_difference_has_its_reason() {
    for (capture, what, ours, theirs, why) in DIFFERENCES {
        assert!(ours != theirs && why.len() > 20, "{capture} {what}");
    }
    for (capture, at, ours, theirs, why) in STATES {
        assert!(ours != theirs && why.len() > 20, "{capture} {at}");
    }
}

/// The text view shows what the JSON holds.
#[test]
fn the_view_shows_methods_codes_repetitions_and_registrations() {
    let file = fixtures_dir().join("sipp-register.pcapng");
    let out = airtone_tests::run(["sip", "--quiet", &file.to_string_lossy()]);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let report: Value = try_json(["sip", "--format", "json", &file.to_string_lossy()]).expect("a report");
    for registration in report["sip"]["registrations"].as_array().expect("registrations") {
        let outcome = registration["outcome"].as_str().expect("an outcome").replace('_', " ");
        assert!(text.contains(&outcome), "{outcome}: {text}");
        let granted = registration["expires_s"].as_u64().expect("granted").to_string();
        assert!(text.contains(&granted), "{granted}: {text}");
    }
    assert!(text.contains("REGISTER ") && text.contains("200 "), "{text}");
}
