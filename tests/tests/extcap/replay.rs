//! A file becomes a capture, packet for packet, whoever reads it.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::thread;
use std::time::Duration;

use airtone_capture::write::{PcapNgOut, PcapOut, Section, Statistics};
use airtone_capture::{Input, Interface, Listening, Record};
use airtone_engine::{LinkType, Nanos};
use airtone_tests::extcap::{Fifo, Kept, content, end_of, run, signal};
use airtone_tests::fixtures_dir;

use super::{captured, ended_well, fixture, sentence};

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

/// Packets and notes on where the radio listened, each with its time; packets have no words.
fn heard(path: &Path) -> Vec<(i64, String)> {
    let mut input = Input::open(&[path.to_owned()]).unwrap();
    let mut all = Vec::new();
    while let Some(record) = input.next().unwrap() {
        match record {
            Record::Packet(packet) => all.push((packet.at.0, String::new())),
            Record::Listening { at, channel, .. } => all.push((at.0, format!("{channel:?}"))),
            other => panic!("{other:?}"),
        }
    }
    all
}

#[test]
fn where_the_radio_listened_is_replayed_with_the_packets() {
    const START: i64 = 1_700_000_000_000_000_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("air.pcapng");
    let mut out = PcapNgOut::new(Vec::new(), &Section::default()).unwrap();
    let interface = Interface { link: LinkType::RADIOTAP, name: "mon9".into(), description: String::new() };
    out.interface(&interface, 0).unwrap();
    for n in 0..30 {
        let at = START + n * 1_000_000;
        let note = |before, channel| Listening { at: Nanos(at - before), channel }.to_string();
        let comment = match n {
            0 => note(5, Some((2412, 20))),
            12 => format!("{}\n{}", note(500_000, None), note(300_000, Some((5180, 80)))),
            _ => String::new(),
        };
        out.packet_with_comment(0, Nanos(at), 60, &[n as u8; 60], 0, &comment).unwrap();
    }
    let last = Listening { at: Nanos(START + 40_000_000), channel: None };
    let statistics = Statistics { comment: last.to_string(), ..Statistics::default() };
    out.statistics(0, Nanos(START + 40_000_000), &statistics).unwrap();
    fs::write(&path, out.into_inner()).unwrap();
    let own = heard(&path);
    assert_eq!(own.len(), 34);
    let file = path.display().to_string();
    let (output, _folder, theirs) = captured(&["--file", &file, "--speed=0"]);
    ended_well(&output);
    assert_eq!(heard(&theirs), own);
    let (output, _folder, theirs) = captured(&["--file", &file, "--speed=0", "--shifttime", "true"]);
    ended_well(&output);
    let theirs = heard(&theirs);
    let shift = theirs[1].0 - START;
    assert!(shift > 0);
    let shifted: Vec<_> = own.into_iter().map(|(at, words)| (at + shift, words)).collect();
    assert_eq!(theirs, shifted);
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
