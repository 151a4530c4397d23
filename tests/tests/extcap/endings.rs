//! The end of a capture, whichever way it comes.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use airtone_tests::extcap::{Fifo, content, end_of, program, signal};

use super::{ended_well, fixture};

#[test]
fn signals_end_a_capture_that_nobody_reads() {
    for name in ["TERM", "INT", "HUP"] {
        let fifo = Fifo::new();
        let child = fifo.capture("airtone_replay", &["--file", &fixture("sipp-answered.pcapng")]);
        wait_for_handlers(child.id());
        signal(&child, name);
        ended_well(&end_of(child));
        assert!(fifo.path().exists(), "the FIFO is Wireshark's");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_running_capture_has_given_its_network_capabilities_back() {
    let fifo = Fifo::new();
    let file = fixture("sipp-answered.pcapng");
    let child = fifo.capture("airtone_replay", &["--file", &file, "--speed", "0.1"]);
    let mut input = File::open(fifo.path()).unwrap();
    input.read_exact(&mut [0; 100]).unwrap();
    // CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, which the tests have as root, give access to files.
    let files = 1 << 1 | 1 << 2;
    let mut threads = 0;
    for thread in fs::read_dir(format!("/proc/{}/task", child.id())).unwrap() {
        let status = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        for name in ["CapPrm:", "CapEff:", "CapInh:"] {
            let set = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            assert_eq!(u64::from_str_radix(set.trim(), 16).unwrap() & !files, 0, "{name} {set}");
        }
        threads += 1;
    }
    assert!(threads >= 2, "the source's thread and the writer's");
    signal(&child, "TERM");
    drop(input);
    ended_well(&end_of(child));
}

/// Waits until a process handles SIGHUP, SIGINT and SIGTERM, which is soon after its start.
fn wait_for_handlers(pid: u32) {
    let wanted = 1 | 1 << 1 | 1 << 14;
    for _ in 0..2_000 {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        if caught & wanted == wanted {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("process {pid} handles no signals");
}

#[test]
fn a_signal_loses_nothing_that_was_received_before() {
    let fifo = Fifo::new();
    // So slow that a few packets come in the first moments and then none for long.
    let file = fixture("sipp-answered.pcapng");
    let child = fifo.capture("airtone_replay", &["--file", &file, "--speed", "0.5"]);
    let mut input = File::open(fifo.path()).unwrap();
    let mut bytes = vec![0; 2_000];
    input.read_exact(&mut bytes).unwrap();
    signal(&child, "TERM");
    input.read_to_end(&mut bytes).unwrap();
    ended_well(&end_of(child));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("captured.pcapng");
    fs::write(&path, &bytes).unwrap();
    let (theirs, _, warnings) = content(&path);
    assert_eq!(warnings, Vec::<String>::new(), "the last block is whole");
    assert!(!theirs.is_empty() && content(Path::new(&file)).0.starts_with(&theirs));
}

#[test]
fn a_reader_that_goes_ends_it_at_work_and_when_idle() {
    // At work: a loop at once. Idle: the second packet is due in days.
    for more in [&["--speed", "0", "--loop", "true"][..], &["--speed", "0.000001"]] {
        let fifo = Fifo::new();
        let file = fixture("sipp-answered.pcapng");
        let child = fifo.capture("airtone_replay", &[&["--file", &file][..], more].concat());
        let mut head = [0; 200];
        File::open(fifo.path()).unwrap().read_exact(&mut head).unwrap();
        ended_well(&end_of(child));
    }
}

#[test]
fn a_signal_ends_it_though_the_reader_has_stopped_reading() {
    let fifo = Fifo::new();
    let file = fixture("sipp-answered.pcapng");
    let child = fifo.capture("airtone_replay", &["--file", &file, "--speed", "0", "--loop", "true"]);
    let mut input = File::open(fifo.path()).unwrap();
    input.read_exact(&mut [0; 1_000]).unwrap();
    thread::sleep(Duration::from_millis(100));
    signal(&child, "TERM");
    ended_well(&end_of(child));
}

#[test]
fn the_death_of_the_parent_ends_it() {
    let fifo = Fifo::new();
    let file = fixture("sipp-answered.pcapng");
    // The shell tells the id of its child, and then waits to be killed.
    let script = "\"$0\" --capture --extcap-interface airtone_replay --fifo \"$1\" --file \"$2\" --speed 0.000001 & echo $!; wait";
    let mut parent = Command::new("sh")
        .args(["-c", script])
        .arg(program())
        .arg(fifo.path())
        .arg(&file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = File::open(fifo.path()).unwrap();
    input.read_exact(&mut [0; 100]).unwrap();
    parent.kill().unwrap();
    parent.wait().unwrap();
    // The end of the stream is the end of the process, or else the test hangs.
    let mut rest = Vec::new();
    input.read_to_end(&mut rest).unwrap();
}

#[test]
fn a_killed_capture_leaves_a_readable_file_and_nothing_else() {
    let file = fixture("sipp-answered.pcapng");
    let own = content(Path::new(&file)).0;
    let folder = tempfile::tempdir().unwrap();
    let before = temporary_files();
    // Moments by bytes that have arrived: between the blocks and inside them.
    for moment in [0, 28, 150, 200, 333, 1_000, 4_097, 20_001, 65_537] {
        let fifo = Fifo::new();
        let mut child = fifo.capture("airtone_replay", &["--file", &file, "--speed", "20"]);
        let mut input = File::open(fifo.path()).unwrap();
        let mut bytes = vec![0; moment];
        input.read_exact(&mut bytes).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        input.read_to_end(&mut bytes).unwrap();
        let path = folder.path().join("captured.pcapng");
        fs::write(&path, &bytes).unwrap();
        if bytes.len() < 28 {
            continue;
        }
        let (theirs, ..) = content(&path);
        assert!(own.starts_with(&theirs), "killed after {moment} bytes");
        assert!(moment < 1_000 || !theirs.is_empty(), "killed after {moment} bytes");
    }
    let after: Vec<_> = temporary_files().into_iter().filter(|name| !before.contains(name)).collect();
    assert!(after.iter().all(|name| !name.contains("airtone")), "{after:?}");
}

fn temporary_files() -> Vec<String> {
    let entries = fs::read_dir(std::env::temp_dir()).unwrap();
    entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect()
}
