//! `streams --compat wireshark-4.x` against the tshark of that version, installed or unpacked, on the fixtures and on
//! every capture of the outside world: packets, lost, deltas and jitter to the last digit that tshark prints.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use airtone_tests::wiresharks::Unpacked;
use airtone_tests::{captures, captures_in, fixtures_dir, json, tshark};
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

/// A tshark, and the `--compat` that means it.
struct Theirs {
    /// `4.0`
    line: String,
    unpacked: Option<Unpacked>,
}

impl Theirs {
    /// The installed one, and the unpacked ones that are there.
    fn all() -> Vec<Self> {
        let installed = tshark().and_then(|version| {
            let line = ["4.0", "4.2", "4.4", "4.6"].into_iter().find(|line| version.starts_with(line))?;
            Some(Self { line: line.to_owned(), unpacked: None })
        });
        let unpacked = Unpacked::all()
            .into_iter()
            .map(|unpacked| Self { line: unpacked.line.to_owned(), unpacked: Some(unpacked) });
        installed.into_iter().chain(unpacked).collect()
    }

    /// `tshark ARGS -r PATH`, as text.
    fn run(&self, args: &[&str], path: &Path) -> String {
        let output = match &self.unpacked {
            None => Command::new("tshark").args(args).arg("-r").arg(path).output().expect("tshark runs"),
            Some(unpacked) => {
                let unpacked = unpacked.clone().with(path.parent().unwrap(), "/captures");
                let inside = format!("/captures/{}", path.file_name().unwrap().to_string_lossy());
                unpacked.run(&[&["tshark"], args, &["-r", &inside]].concat())
            }
        };
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

#[test]
fn the_same_digits_as_tshark_prints() {
    let all = Theirs::all();
    if all.is_empty() {
        return eprintln!("skipped: no tshark of a known version here");
    }
    let paths: Vec<PathBuf> = captures_in(&fixtures_dir()).into_iter().chain(captures()).collect();
    for tshark in all {
        let mut compared = 0;
        let mut failures = Vec::new();
        for path in &paths {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name == "sip-protos-fuzz.cap" {
                continue;
            }
            let ours = of_airtone(&tshark.line, path);
            let theirs = of_tshark(&tshark, path, &ours);
            for key in theirs.keys().chain(ours.keys()).collect::<BTreeSet<_>>() {
                let (theirs, ours) = (theirs.get(key), ours.get(key));
                compared += 1;
                if theirs == ours || explained(&name, key) {
                    continue;
                }
                failures.push(format!("{name} {key}\n  tshark  {theirs:?}\n  airtone {ours:?}"));
            }
        }
        println!("{compared} streams compared with tshark {}", tshark.line);
        let line = &tshark.line;
        assert!(failures.is_empty(), "{line}: {} differ:\n{}", failures.len(), failures.join("\n"));
        assert!(compared > 40, "{line}: only {compared} streams compared");
    }
}

fn explained(file: &str, key: &str) -> bool {
    EXPLAINED.iter().any(|(f, k, _)| *f == file && key.contains(k))
}

/// As tshark prints them, with its RTP heuristic or, where that is not what we say, without: whichever of the two
/// shows it more of a stream (without it, what comes before the SDP or beside ICE is not RTP to tshark).
fn of_tshark(tshark: &Theirs, path: &Path, ours: &Streams) -> Streams {
    let mut streams = list_of_tshark(tshark, path, &["--enable-heuristic", "rtp_udp"]);
    if streams == *ours {
        return streams;
    }
    let packets = |figures: &[String]| figures[0].parse::<u64>().unwrap_or(0);
    for (key, figures) in list_of_tshark(tshark, path, &[]) {
        let more = streams.get(&key).is_none_or(|other| packets(&figures) >= packets(other));
        if more {
            streams.insert(key, figures);
        }
    }
    streams
}

fn list_of_tshark(tshark: &Theirs, path: &Path, options: &[&str]) -> Streams {
    let text = tshark.run(&[options, &["-q", "-z", "rtp,streams"]].concat(), path);
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

fn of_airtone(line: &str, path: &Path) -> Streams {
    let compat = format!("wireshark-{line}");
    let report = json(["streams", "--compat", &compat, "--format", "json", &path.display().to_string()]);
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
