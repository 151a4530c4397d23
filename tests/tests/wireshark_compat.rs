//! `streams --compat wireshark-4.0` against the installed tshark 4.0 on every capture of the outside world:
//! packets, lost, deltas and jitter to the last digit that tshark prints.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use airtone_tests::{captures, json, tshark};
use serde_json::Value;

/// Streams that only one of the two sees, or sees otherwise, each with the reason.
const EXPLAINED: &[(&str, &str, &str)] = &[
    (
        "fax-call-t38-refused.pcap",
        "0x0eaf0eaf",
        "after an offer of T.38 that is refused with 488, tshark takes the G.711 that goes on for T.38; every \
         sequence number of all 3848 packets is there",
    ),
    (
        "sip-answer-and-cancel.pcapng",
        "0x418d5ba9 192.168.1.23:7078 > 192.168.1.18:7078",
        "found by tshark's heuristic before SDP named the payload type: it keeps it without a name and a clock",
    ),
    ("sip-answer-and-cancel.pcapng", "0xbb09449e", "likewise"),
];

/// One line of `tshark -z rtp,streams`: what identifies it, and what it prints.
type Streams = BTreeMap<String, Vec<String>>;

#[test]
fn the_same_digits_as_tshark_prints() {
    let Some(version) = tshark().filter(|v| v.starts_with("4.0.")) else {
        return eprintln!("skipped: no tshark 4.0 here");
    };
    let mut compared = 0;
    let mut failures = Vec::new();
    for path in captures() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "sip-protos-fuzz.cap" {
            continue;
        }
        let (theirs, ours) = (of_tshark(&path), of_airtone(&path));
        for key in theirs.keys().chain(ours.keys()).collect::<std::collections::BTreeSet<_>>() {
            let (theirs, ours) = (theirs.get(key), ours.get(key));
            compared += 1;
            if theirs == ours || explained(&name, key) {
                continue;
            }
            failures.push(format!("{name} {key}\n  tshark  {theirs:?}\n  airtone {ours:?}"));
        }
    }
    println!("{compared} streams compared with tshark {version}");
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
    assert!(compared > 40 || captures().is_empty(), "only {compared} streams compared");
}

fn explained(file: &str, key: &str) -> bool {
    EXPLAINED.iter().any(|(f, k, _)| *f == file && key.contains(k))
}

/// As tshark prints them, with its RTP heuristic or without: whichever of the two shows it more of a stream
/// (without it, what comes before the SDP or beside ICE is not RTP to tshark).
fn of_tshark(path: &Path) -> Streams {
    let mut streams = list_of_tshark(path, &["--enable-heuristic", "rtp_udp"]);
    let packets = |figures: &[String]| figures[0].parse::<u64>().unwrap_or(0);
    for (key, figures) in list_of_tshark(path, &[]) {
        let more = streams.get(&key).is_none_or(|other| packets(&figures) >= packets(other));
        if more {
            streams.insert(key, figures);
        }
    }
    streams
}

fn list_of_tshark(path: &Path, options: &[&str]) -> Streams {
    let args = ["-q", "-z", "rtp,streams", "-r"];
    let output = Command::new("tshark").args(options).args(args).arg(path).output().expect("tshark runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter_map(line_of_tshark).collect()
}

/// `start end src port dst port ssrc payload... packets lost (percent%) delta*3 jitter*3 [X]`
fn line_of_tshark(line: &str) -> Option<(String, Vec<String>)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let ssrc = words.get(6).filter(|w| w.starts_with("0x"))?;
    let key = format!("{} {}:{} > {}:{}", ssrc.to_lowercase(), words[2], words[3], words[4], words[5]);
    // Payload names hold blanks: count from the end.
    let problem = *words.last()? == "X";
    let end = words.len() - usize::from(problem);
    let mut figures: Vec<String> = words[end - 9..end].iter().map(|w| (*w).to_owned()).collect();
    // `12 (1.5%)`: packets, lost, percent.
    figures[2] = figures[2].trim_matches(['(', ')', '%']).to_owned();
    figures.push(problem.to_string());
    Some((key, figures))
}

fn of_airtone(path: &Path) -> Streams {
    let report =
        json(["streams", "--compat", "wireshark-4.0", "--format", "json", &path.display().to_string()]);
    let streams = report["streams"].as_array().expect("streams");
    streams.iter().filter(|s| s["wireshark"].is_object()).map(of_stream).collect()
}

fn of_stream(stream: &Value) -> (String, Vec<String>) {
    let end = |name: &str| stream[name].as_str().unwrap_or_default().replace(['[', ']'], "");
    let key = format!("{} {} > {}", stream["ssrc"].as_str().unwrap(), end("source"), end("destination"));
    let figures = &stream["wireshark"];
    let whole = |name: &str| figures[name].as_i64().unwrap_or(i64::MIN).to_string();
    let real = |name: &str, digits: usize| format!("{:.digits$}", figures[name].as_f64().unwrap_or(f64::NAN));
    let mut all = vec![whole("packets"), whole("lost"), real("lost_percent", 1)];
    for name in
        ["min_delta_ms", "mean_delta_ms", "max_delta_ms", "min_jitter_ms", "mean_jitter_ms", "max_jitter_ms"]
    {
        all.push(real(name, 3));
    }
    all.push(figures["problem"].to_string());
    (key, all)
}
