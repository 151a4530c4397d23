//! The same packets give the same report, byte for byte: in every process (each has its own hash seeds), from
//! one file or from several, plain or compressed.

use std::io::Write;
use std::path::{Path, PathBuf};

use airtone_capture::{Input, Record};
use airtone_engine::{Config, Engine, SourceInfo};
use airtone_tests::wire::{self, Frame, Rtp};
use airtone_tests::{captures, fixtures, run};
use serde_json::Value;

/// Processes for one capture.
const RUNS: usize = 5;

fn report(files: &[&Path]) -> Vec<u8> {
    let paths: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let mut args = vec!["report", "--format", "json"];
    args.extend(paths.iter().map(String::as_str));
    let output = run(&args);
    assert!(output.status.success(), "{paths:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Without the list of files, which tells the way they were read.
fn without_files(report: &[u8]) -> Value {
    let mut report: Value = serde_json::from_slice(report).expect("JSON");
    report["capture"]["files"] = Value::Null;
    report
}

/// Names the first place where two reports differ.
fn assert_same(a: &Value, b: &Value, what: &str) {
    if a != b {
        panic!("{what}: {}", difference("", a, b).unwrap_or_default());
    }
}

fn difference(path: &str, a: &Value, b: &Value) -> Option<String> {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) if x.len() == y.len() => {
            x.iter().find_map(|(name, value)| difference(&format!("{path}.{name}"), value, &b[name]))
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            let pairs = x.iter().zip(y).enumerate();
            pairs.into_iter().find_map(|(n, (x, y))| difference(&format!("{path}[{n}]"), x, y))
        }
        _ if a == b => None,
        _ => Some(format!("{path}: {a} and {b}").chars().take(400).collect()),
    }
}

/// Many of everything that is kept in hash tables: calls, streams of one SSRC, registrations, BSSs, paths,
/// methods; more than a table with room for a few holds.
fn crowd() -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut at = 1_767_225_600_000_000_000;
    let mut send = |bytes: Vec<u8>| {
        at += 1_000_000;
        frames.push(Frame::ethernet(at, bytes));
    };
    for n in 0..60_u8 {
        let (from, to) = (([192, 0, 2, n], 5060), ([198, 51, 100, 1], 5060));
        let media = (from.0, 4000);
        let body = wire::sdp(media, "0 8 96", "a=rtpmap:96 opus/48000/2\r\n");
        let id = format!("call{n}");
        send(wire::udp(
            from,
            to,
            &wire::sip("INVITE sip:b@example.com SIP/2.0", &id, "1 INVITE", "", "", &body),
        ));
        send(wire::udp(to, from, &wire::sip("SIP/2.0 200 OK", &id, "1 INVITE", "t", "", &body)));
        let id = format!("reg{n}");
        send(wire::udp(
            from,
            to,
            &wire::sip("REGISTER sip:example.com SIP/2.0", &id, "1 REGISTER", "", "", ""),
        ));
        send(wire::udp(
            from,
            to,
            &wire::sip(&format!("M{n} sip:b SIP/2.0"), &id, &format!("2 M{n}"), "", "", ""),
        ));
    }
    for packet in 0..12_u16 {
        for n in 0..60_u8 {
            let fields = Rtp {
                payload_type: [0, 8, 96][usize::from(n % 3)],
                sequence: packet * if n % 7 == 0 { 2 } else { 1 },
                timestamp: u32::from(packet) * 160,
                ssrc: u32::from(n / 4),
            };
            let packet =
                wire::udp(([192, 0, 2, n], 4000), ([203, 0, 113, 1], 7000), &wire::rtp(fields, &[1; 160]));
            if n % 5 == 0 {
                send(wire::vxlan(([198, 51, 100, n], 50_000), u32::from(n), &packet));
            }
            send(packet);
        }
    }
    frames
}

fn saved(folder: &Path, name: &str, frames: &[Frame]) -> PathBuf {
    let mut bytes = Vec::new();
    wire::pcap(&mut bytes, frames).expect("memory");
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("written");
    path
}

#[test]
fn five_processes_write_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let crowd = saved(folder.path(), "crowd.pcap", &crowd());
    let files = [fixtures(), captures(), vec![crowd]].concat();
    for file in files.iter().filter(|file| is_capture(file)) {
        let first = report(&[file]);
        for _ in 1..RUNS {
            let again = report(&[file]);
            assert!(first == again, "{}: another process writes another report", file.display());
        }
    }
}

#[test]
fn every_format_is_the_same_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let crowd = saved(folder.path(), "crowd.pcap", &crowd()).display().to_string();
    for format in ["text", "jsonl", "csv"] {
        let [first, again] = [(); 2].map(|()| run(["report", "--format", format, &crowd]).stdout);
        assert!(!first.is_empty() && first == again, "{format}");
    }
}

/// What is given up in a full table does not depend on the seeds either.
#[test]
fn evictions_are_the_same_with_other_hash_seeds() {
    let config = Config {
        max_streams: 7,
        max_candidates: 5,
        max_calls: 9,
        max_registrations: 9,
        max_reassemblies: 1,
        max_tcp_streams: 1,
        ..Config::default()
    };
    let frames = crowd();
    let report = || {
        // Every table of every engine has a seed of its own.
        let mut engine = Engine::new(config.clone());
        frames.iter().zip(1..).for_each(|(frame, n)| _ = engine.packet(&frame.packet(n)));
        serde_json::to_value(engine.report(SourceInfo::default())).expect("JSON")
    };
    let first = report();
    let evicted = first["capture"]["evicted"].as_object().expect("evicted");
    assert!(evicted.len() >= 3, "{evicted:?}");
    (0..10).for_each(|n| assert_same(&first, &report(), &format!("engine {n}")));
}

/// The packets of a capture of one link type and interface, which is what a pcap can hold.
fn packets(file: &Path) -> Option<Vec<Frame>> {
    let mut input = Input::open(&[file.to_owned()]).ok()?;
    let mut frames: Vec<Frame> = Vec::new();
    while let Some(record) = input.next().ok()? {
        let Record::Packet(packet) = record else { return None };
        let frame = Frame {
            at: packet.at.0,
            link: packet.link,
            interface: packet.interface,
            orig_len: packet.orig_len,
            bytes: packet.bytes.to_vec(),
        };
        let alike = frames.last().is_none_or(|last| {
            // Files are read in order of time, and a pcap tells times from 1970 to 2106.
            (last.link, last.interface) == (frame.link, frame.interface) && last.at <= frame.at
        });
        if !alike || !(0..=i64::from(u32::MAX) * 1_000_000_000).contains(&frame.at) {
            return None;
        }
        frames.push(frame);
    }
    (frames.len() >= 3).then_some(frames)
}

#[test]
fn several_files_are_one_capture() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorded = [fixtures(), captures()].concat();
    let mut corpora: Vec<(String, Vec<Frame>)> = vec![("crowd".to_owned(), crowd())];
    corpora.extend(recorded.iter().filter_map(|file| Some((file.display().to_string(), packets(file)?))));
    for (name, frames) in corpora {
        let whole = saved(folder.path(), "whole.pcap", &frames);
        let third = frames.len() / 3;
        let parts: Vec<PathBuf> = frames
            .chunks(third + 1)
            .enumerate()
            .map(|(n, part)| saved(folder.path(), &format!("part{n}.pcap"), part))
            .collect();
        let expected = without_files(&report(&[&whole]));
        let parts: Vec<&Path> = parts.iter().map(PathBuf::as_path).collect();
        assert_same(&expected, &without_files(&report(&parts)), &format!("{name} in parts"));
        let backwards: Vec<&Path> = parts.iter().rev().copied().collect();
        // Parts that meet within one instant have no order of their own.
        let apart = frames.chunks(third + 1).collect::<Vec<_>>();
        if apart.windows(2).all(|pair| pair[0].last().map(|f| f.at) < pair[1].first().map(|f| f.at)) {
            assert_same(&expected, &without_files(&report(&backwards)), &format!("{name}, last part first"));
        }
    }
}

#[test]
fn compression_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let crowd = saved(folder.path(), "crowd.pcap", &crowd());
    for file in [fixtures(), captures(), vec![crowd]].concat() {
        let bytes = std::fs::read(&file).expect("readable");
        if bytes.starts_with(&[0x1f, 0x8b]) || !is_capture(&file) {
            continue;
        }
        let expected = without_files(&report(&[&file]));
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&bytes).expect("memory");
        let zstd = zstd::stream::encode_all(&bytes[..], 1).expect("memory");
        for (name, bytes) in [("gzip", gzip.finish().expect("memory")), ("zstd", zstd)] {
            let packed = folder.path().join(name);
            std::fs::write(&packed, bytes).expect("written");
            assert_same(
                &expected,
                &without_files(&report(&[&packed])),
                &format!("{} in {name}", file.display()),
            );
        }
    }
}

/// Some files of the outside world are in formats that are refused.
fn is_capture(file: &Path) -> bool {
    run(["report", "--format", "json", &file.display().to_string()]).status.success()
}
