//! A real call between two SIPp, mirrored while it runs, in seven encapsulations at once: each arrives packet for packet,
//! and the report of each is the report taken at the source.

#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use airtone_engine::{LinkType, Nanos};
use airtone_extcap::source::Source;
use common::capture::{Frame, Kept, open, report};
use common::in_namespace;

/// Ports as in `mirror.py`.
const SOURCES: &str = "udp:4789,udp:6081,udp:37008,udp:9060,tcp:9060,gre";

#[test]
fn a_running_call_arrives_through_every_mirror() {
    let has = |program: &str| Command::new(program).arg("-v").output().is_ok();
    if !has("sipp") || !has("python3") {
        println!("skipped: sipp or python3 is not installed");
        return;
    }
    in_namespace("a_running_call_arrives_through_every_mirror", || {
        let folder = std::env::temp_dir().join(format!("airtone-live-call-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (source, got, truth) = call(&folder);
        fs::remove_dir_all(&folder).unwrap();
        assert!(truth.len() > 100, "{} frames were mirrored", truth.len());
        let expected = report(&truth, |_| LinkType::ETHERNET, &truth);
        let mirrors = [
            "udp:4789 VXLAN 100 127.0.0.1",
            "udp:6081 GENEVE 7 127.0.0.1",
            "udp:37008 TZSP 127.0.0.1",
            "udp:9060 HEP 2001 127.0.0.1",
            "tcp:9060 HEP 2001 127.0.0.1",
            "gre ERSPAN II 100 127.0.0.1",
            "gre ERSPAN III 200 127.0.0.1",
        ];
        for name in mirrors {
            compare(name, &*source, &got, &truth, &expected);
        }
    });
}

fn compare(name: &str, source: &dyn Source, got: &Kept, truth: &[Frame], expected: &serde_json::Value) {
    let Some(place) = source.interfaces().iter().position(|interface| interface.name == name) else {
        panic!("nothing came by {name}: {:?}", source.interfaces());
    };
    let link = source.interfaces()[place].link;
    let frames: Vec<Frame> = got.frames.iter().filter(|frame| frame.interface == place).cloned().collect();
    assert_eq!(frames.len(), truth.len(), "{name}");
    // HEP has no headers below the payload: what it tells is compared.
    let from = if name.contains("HEP") { 42 } else { 0 };
    let skip = if name.contains("HEP") { 28 } else { 0 };
    assert!(frames.iter().zip(truth).all(|(f, t)| f.bytes[skip..] == t.bytes[from..]), "{name}");
    assert_eq!(&report(&frames, |_| link, truth), expected, "{name}");
    if name.contains("HEP") {
        // Its own time, in microseconds.
        assert!(frames.iter().zip(truth).all(|(f, t)| f.at.0 == t.at.0 / 1000 * 1000), "{name}");
    }
}

/// Runs the call; gives what the mirrors brought and what the source saw.
fn call(folder: &Path) -> (Box<dyn Source>, Kept, Vec<Frame>) {
    let speech: Vec<u8> = (0..16_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(folder.join("say.ulaw"), speech).unwrap();
    let mut source = open(&[("source", SOURCES)]).unwrap();
    let truth = folder.join("truth");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/common/mirror.py");
    let mut mirror = Command::new("python3")
        .args([script, truth.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(mirror.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let mut called = sipp(folder, "uas-call", &["-i", "127.0.0.1", "-mi", "127.0.0.1", "-d", "1"]);
    std::thread::sleep(Duration::from_millis(700));
    let calling = ["-i", "127.0.0.2", "-mi", "127.0.0.2", "-d", "2500", "-s", "bob", "127.0.0.1:5060"];
    let mut caller = sipp(folder, "uac-call", &calling);
    let mut sink = Kept::default();
    let mut ended = None;
    // What is under way when both have hung up still arrives.
    while ended.is_none_or(|ended: Instant| ended.elapsed() < Duration::from_secs(1)) {
        source.read(&mut sink, Duration::from_millis(50)).unwrap();
        if ended.is_none() && caller.try_wait().unwrap().is_some() && called.try_wait().unwrap().is_some() {
            ended = Some(Instant::now());
        }
    }
    assert!(caller.wait().unwrap().success() && called.wait().unwrap().success(), "the call failed");
    drop(mirror.stdin.take());
    assert!(mirror.wait().unwrap().success());
    (source, sink, frames_of(&truth))
}

fn sipp(folder: &Path, scenario: &str, arguments: &[&str]) -> Child {
    let file: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/record/sipp/{scenario}.xml"));
    Command::new("sipp")
        .current_dir(folder)
        .arg("-sf")
        .arg(file.canonicalize().unwrap())
        .args(["-p", "5060", "-m", "1", "-nostdin", "-timeout", "60", "-timeout_error"])
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn frames_of(truth: &Path) -> Vec<Frame> {
    let text = fs::read_to_string(truth).unwrap();
    let frame = |line: &str| {
        let (at, hex) = line.split_once(' ').unwrap();
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        let at = Nanos(at.parse().unwrap());
        Frame { interface: 0, at, orig_len: bytes.len() as u32, bytes, dropped: 0 }
    };
    text.lines().map(frame).collect()
}
