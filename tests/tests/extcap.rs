//! `airtone-extcap` as Wireshark drives it: every step of the conversation, the FIFO, the end of a capture whichever way it
//! comes, and what a person sees who starts it by hand.
#![cfg(unix)]

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use airtone_capture::Interface;
use airtone_capture::write::{PcapNgOut, PcapOut, Section};
use airtone_engine::{LinkType, Nanos};
use airtone_tests::extcap::{Fifo, Kept, content, end_of, program, run, signal};
use airtone_tests::fixtures_dir;

fn fixture(name: &str) -> String {
    fixtures_dir().join(name).display().to_string()
}

#[track_caller]
fn said(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{args:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// One sentence on standard error and exit code 1.
#[track_caller]
fn sentence(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    said
}

#[test]
fn interfaces_are_told_after_the_program_itself() {
    for args in [
        &["--extcap-interfaces"][..],
        &["--extcap-interfaces", "--extcap-version=4.0"],
        &["--extcap-interfaces", "--extcap-version", "4.6"],
        &["--extcap-interfaces", "--extcap-version"],
        &["--extcap-interfaces", "--extcap-colour=blue", "--extcap-shape", "round", "stray"],
    ] {
        let said = said(args);
        let lines: Vec<&str> = said.lines().collect();
        assert!(lines[0].starts_with("extcap {version="), "{said}");
        assert!(lines.contains(&"interface {value=airtone_replay}{display=Airtone: replay}"), "{said}");
        assert!(said.contains("{role=logger}"), "{said}");
    }
}

#[test]
fn every_interface_has_link_types_and_options() {
    let interfaces = said(&["--extcap-interfaces"]);
    for line in interfaces.lines().filter(|line| line.starts_with("interface ")) {
        let name = line.split("{value=").nth(1).and_then(|rest| rest.split('}').next()).unwrap();
        assert!(name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')), "{name}");
        let links = said(&["--extcap-dlts", "--extcap-interface", name]);
        assert!(
            links.lines().count() > 0 && links.lines().all(|line| line.starts_with("dlt {number=")),
            "{links}"
        );
        let config = said(&["--extcap-config", "--extcap-interface", name]);
        assert!(config.contains("{call=--log-level}") && config.contains("{call=--log-file}"), "{config}");
        assert!(!config.contains("{required=true}"), "4.0 asks for ever for what has a default: {config}");
        assert!(!config.contains("editselector"), "unknown before 4.2: {config}");
        for (number, line) in config.lines().filter(|line| line.starts_with("arg ")).enumerate() {
            assert!(line.starts_with(&format!("arg {{number={number}}}{{call=--")), "{line}");
            assert!(line.contains("{tooltip=") && line.contains("{group="), "{line}");
        }
    }
}

#[test]
fn a_filter_is_checked_without_a_capture() {
    let check = |filter| said(&["--extcap-capture-filter", filter, "--extcap-interface", "airtone_replay"]);
    assert_eq!((check(""), check("udp port 5060"), check("type mgt")), Default::default());
    assert!(check("udp prot 5060").contains("The capture filter \"udp prot 5060\" is not valid"));
}

#[test]
fn cleaning_up_and_reloading_say_nothing_where_there_is_nothing() {
    assert_eq!(said(&["--extcap-cleanup-postkill"]), "");
    let reload =
        ["--extcap-config", "--extcap-interface", "airtone_replay", "--extcap-reload-option", "file"];
    assert_eq!(said(&reload), "");
}

#[test]
fn a_person_is_told_what_this_is() {
    for args in [&[][..], &["--help"], &["-h"]] {
        let help = said(args);
        assert!(
            help.contains("airtone_replay") && help.contains("--speed") && help.contains("By hand"),
            "{help}"
        );
    }
    assert!(said(&["--version"]).starts_with("airtone-extcap "));
    assert!(said(&["--man"]).starts_with(".TH AIRTONE-EXTCAP 1"));
}

/// Captures into a file by way of the FIFO; a reader of our own.
fn captured(args: &[&str]) -> (Output, tempfile::TempDir, PathBuf) {
    let fifo = Fifo::new();
    let child = fifo.capture("airtone_replay", args);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("captured.pcapng");
    std::io::copy(&mut File::open(fifo.path()).unwrap(), &mut File::create(&path).unwrap()).unwrap();
    (end_of(child), folder, path)
}

#[track_caller]
fn ended_well(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*said, output.stdout.len()), (Some(0), "", 0));
}

#[test]
fn a_replay_is_the_file_packet_for_packet() {
    for name in ["sipp-answered.pcapng", "wifi-outages.pcapng", "sipp-ipv6.pcapng", "baresip-opus.pcapng"] {
        let (output, _folder, path) = captured(&["--file", &fixture(name), "--speed", "0"]);
        ended_well(&output);
        let (theirs, dropped, warnings) = content(&path);
        assert!(theirs == content(&fixtures_dir().join(name)).0, "{name} differs");
        assert_eq!((dropped, warnings), (0, Vec::new()), "{name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_replay_is_filtered_by_the_link_type_of_its_packets() {
    let is_sip = |kept: &airtone_tests::extcap::Kept| {
        kept.bytes[34..38].chunks(2).any(|port| port == 5060_u16.to_be_bytes())
    };
    let own = content(&fixtures_dir().join("sipp-answered.pcapng")).0;
    let sip: Vec<_> = own.iter().filter(|kept| is_sip(kept)).cloned().collect();
    assert!(!sip.is_empty() && sip.len() < own.len());
    for (filter, expected) in [("udp port 5060", sip), ("not arp", own), ("wlan type mgt", Vec::new())] {
        let file = fixture("sipp-answered.pcapng");
        let args = ["--file", &file, "--speed", "0", "--extcap-capture-filter", filter];
        let (output, _folder, path) = captured(&args);
        ended_well(&output);
        assert!(content(&path).0 == expected, "{filter}");
    }
    let file = fixture("wifi-outages.pcapng");
    let args = ["--file", &file, "--speed", "0", "--extcap-capture-filter", "wlan type mgt subtype beacon"];
    let (output, _folder, path) = captured(&args);
    ended_well(&output);
    let beacons = content(&path).0.len();
    assert!(beacons > 0 && beacons < content(Path::new(&file)).0.len(), "{beacons}");
}

#[test]
fn several_interfaces_drops_and_compression_arrive_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.pcapng.gz");
    let gz = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
    let mut out = PcapNgOut::new(gz, &Section::default()).unwrap();
    let interface =
        |link, name: &str| Interface { link, name: name.into(), description: format!("{name} of a test") };
    let wire = out.interface(&interface(LinkType::ETHERNET, "eth9"), 0).unwrap();
    let air = out.interface(&interface(LinkType::RADIOTAP, "mon9"), 0).unwrap();
    for n in 0..300_u32 {
        let at = Nanos(1_700_000_000_123_456_789 + i64::from(n) * 1_001);
        let bytes = vec![n as u8; 60 + n as usize];
        let number = if n % 3 == 2 { air } else { wire };
        out.packet(number, at, 2_000, &bytes, u64::from(n == 8) * 5).unwrap();
    }
    out.into_inner().finish().unwrap();

    let (output, _folder, theirs) = captured(&["--file", &path.display().to_string(), "--speed=0"]);
    ended_well(&output);
    let (theirs, dropped, _) = content(&theirs);
    assert_eq!((theirs.len(), dropped), (300, 5));
    assert!(theirs == content(&path).0);
}

#[test]
fn a_replay_can_go_faster_and_begin_again_with_later_times() {
    let fifo = Fifo::new();
    // 4.4 s of capture: a round takes 5 ms and the pause between two of them 1 ms.
    let file = fixture("sipp-answered.pcapng");
    let args = ["--file", &file, "--speed", "1000", "--loop", "true", "--shifttime", "true"];
    let child = fifo.capture("airtone_replay", &args);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("captured.pcapng");
    let (mut input, mut kept) = (File::open(fifo.path()).unwrap(), File::create(&path).unwrap());
    let own = content(Path::new(&file)).0;
    // Three rounds and a bit; then it is told to stop.
    std::io::copy(&mut (&mut input).take(350_000), &mut kept).unwrap();
    signal(&child, "TERM");
    std::io::copy(&mut input, &mut kept).unwrap();
    ended_well(&end_of(child));

    let theirs = content(&path).0;
    assert!(theirs.len() > 3 * own.len(), "{} packets", theirs.len());
    let span = own.last().unwrap().at - own[0].at;
    let shift = theirs[0].at - own[0].at;
    assert!(shift > 0, "the fixture is older than this test");
    for (n, packet) in theirs.iter().enumerate() {
        let (round, place) = ((n / own.len()) as i64, n % own.len());
        let at = own[place].at + shift + round * (span + Nanos::SECOND);
        assert!(*packet == Kept { at, ..own[place].clone() }, "packet {n}");
    }
}

#[test]
fn a_damaged_file_gives_what_there_is_and_the_log_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (cut, log) = (folder.path().join("cut.pcapng"), folder.path().join("log"));
    let whole = fs::read(fixture("sipp-answered.pcapng")).unwrap();
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let (cut, log) = (cut.display().to_string(), log.display().to_string());
    let (output, _folder, path) = captured(&["--file", &cut, "--speed", "0", "--log-file", &log]);
    ended_well(&output);
    let (own, theirs) = (content(Path::new(&cut)).0, content(&path).0);
    assert!(!own.is_empty() && own == theirs);
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.contains("cut.pcapng: file cut short at byte"), "{log}");
    assert!(log.contains("Replay of cut.pcapng at once"), "{log}");
}

#[test]
fn what_cannot_be_is_told_in_one_sentence_and_the_fifo_is_opened_all_the_same() {
    let file = fixture("sipp-answered.pcapng");
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    fs::write(&text, "No capture at all.\n").unwrap();
    let text = text.display().to_string();
    for (args, expected) in [
        (&[][..], "no capture file is chosen"),
        (&["--file", "/nonexistent.pcap"], "/nonexistent.pcap: there is no such file"),
        (&["--file", &text], &text),
        (&["--file", &file, "--speed", "fast"], "speed fast"),
        (&["--file", &file, "--speed", "-1"], "speed -1"),
        (&["--file", &file, "--speed", "NaN"], "speed NaN"),
        (
            &["--file", &file, "--extcap-capture-filter", "udp prot 1"],
            "The capture filter \"udp prot 1\" is not valid",
        ),
        (&["--file", &file, "--log-file", "/nonexistent/log"], "the log file /nonexistent/log"),
        (&["--extcap-interface", "eth0"], "there is no interface eth0: choose "),
    ] {
        // Without a writer the reader would wait for ever, as Wireshark 4.0 does.
        let (output, ..) = captured(args);
        let said = sentence(&output);
        assert!(said.contains(expected), "{args:?}: {said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_one_sentence_to_a_person() {
    let file = fixture("sipp-answered.pcapng");
    let args = ["--capture", "--extcap-interface", "airtone_replay", "--fifo", "/dev/full", "--speed", "0"];
    let said = sentence(&run(&[&args[..], &["--file", &file]].concat()));
    assert!(said.starts_with("/dev/full: cannot be written: No space left"), "{said}");
}

#[test]
fn standard_output_can_be_the_fifo() {
    let file = fixture("sipp-answered.pcapng");
    let args =
        ["--capture", "--extcap-interface", "airtone_replay", "--fifo", "-", "--speed", "0", "--file", &file];
    let output = run(&args);
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("captured.pcapng");
    fs::write(&path, &output.stdout).unwrap();
    assert!(content(&path).0 == content(Path::new(&file)).0);
}

#[test]
fn steps_that_name_no_interface_fail_in_one_sentence() {
    for args in [
        &["--extcap-config"][..],
        &["--extcap-dlts", "--extcap-interface", "eth0"],
        &["--capture", "--extcap-interface", "airtone_replay"],
        &["--capture", "--extcap-interface", "airtone_replay", "--fifo", "/nonexistent/fifo"],
    ] {
        sentence(&run(args));
    }
}

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
fn a_slow_reader_gets_every_packet_of_a_file_and_bounded_memory_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.pcap");
    let mut out =
        PcapOut::new(std::io::BufWriter::new(File::create(&path).unwrap()), LinkType::ETHERNET).unwrap();
    for n in 0..100_000_i64 {
        out.packet(Nanos(n * 1_000_000), 1_000, &[n as u8; 1_000]).unwrap();
    }
    out.flush().unwrap();
    let fifo = Fifo::new();
    let child = fifo.capture("airtone_replay", &["--file", &path.display().to_string(), "--speed", "0"]);
    let mut input = File::open(fifo.path()).unwrap();
    let mut bytes = vec![0; 1_000];
    input.read_exact(&mut bytes).unwrap();
    thread::sleep(Duration::from_millis(500));
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 40_000, "{peak} kB while nobody reads");
    input.read_to_end(&mut bytes).unwrap();
    ended_well(&end_of(child));
    let captured = folder.path().join("captured.pcapng");
    fs::write(&captured, &bytes).unwrap();
    let (theirs, dropped, _) = content(&captured);
    assert_eq!((theirs.len(), dropped), (100_000, 0));
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

#[test]
fn the_toolbar_gets_the_log_and_the_live_line_and_survives_nonsense() {
    let fifo = Fifo::new();
    let (to, from) = (fifo.make("control-in"), fifo.make("control-out"));
    let (to_name, from_name) = (to.display().to_string(), from.display().to_string());
    let file = fixture("relay-loss.pcapng");
    let args = ["--file", &file, "--extcap-control-in", &to_name, "--extcap-control-out", &from_name];
    let child = fifo.capture("airtone_replay", &args);
    let packets = fifo.path();
    let packets =
        thread::spawn(move || std::io::copy(&mut File::open(packets).unwrap(), &mut std::io::sink()));
    let mut messages = File::open(&from).unwrap();
    let mut changes = OpenOptions::new().write(true).open(&to).unwrap();
    // Initialized, a message of later versions, a control of ours, one that there is not.
    changes
        .write_all(b"T\x00\x00\x02\x00\x00Q\x00\x00\x03abcT\x00\x00\x03\x01\x01xT\x00\x00\x03\xfe\x01x")
        .unwrap();

    let (mut logs, mut lives) = (Vec::new(), Vec::new());
    while lives.iter().filter(|line: &&String| line.starts_with("MOS ") && !line.starts_with("MOS -")).count()
        < 2
    {
        let mut head = [0; 6];
        messages.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
        let mut payload = vec![0; length - 2];
        messages.read_exact(&mut payload).unwrap();
        let text = String::from_utf8(payload).unwrap();
        match (head[0], head[4], head[5]) {
            (b'T', 0, 2) => logs.push(text),
            (b'T', 1, 1) => lives.push(text),
            other => panic!("{other:?}: {text}"),
        }
    }
    signal(&child, "TERM");
    ended_well(&end_of(child));
    packets.join().unwrap().unwrap();
    assert!(logs[0].contains("Replay of relay-loss.pcapng") && logs[0].ends_with('\n'), "{logs:?}");
    let last = lives.last().unwrap();
    assert!(last.contains(" streams | 1 active call | loss ") && !last.contains("loss 0.00 %"), "{lives:?}");
}

#[test]
fn it_waits_for_the_window_which_would_else_hang_in_opening_its_pipe() {
    for file in [fixture("sipp-answered.pcapng"), "/nonexistent.pcap".to_owned()] {
        let fifo = Fifo::new();
        let (to, from) = (fifo.make("control-in"), fifo.make("control-out"));
        let (to_name, from_name) = (to.display().to_string(), from.display().to_string());
        let args = [
            "--file",
            &file,
            "--speed",
            "0",
            "--extcap-control-in",
            &to_name,
            "--extcap-control-out",
            &from_name,
        ];
        let child = fifo.capture("airtone_replay", &args);
        let packets = fifo.path();
        let packets =
            thread::spawn(move || std::io::copy(&mut File::open(packets).unwrap(), &mut std::io::sink()));
        // By now all packets have been written, or it has failed.
        thread::sleep(Duration::from_millis(500));
        // Without somebody who reads it this never returns, nor does it in Wireshark.
        let mut changes = OpenOptions::new().write(true).open(&to).unwrap();
        changes.write_all(b"T\x00\x00\x02\x00\x00").unwrap();
        assert_eq!(end_of(child).status.code(), Some(i32::from(file.starts_with("/nonexistent"))));
        packets.join().unwrap().unwrap();
    }
}
