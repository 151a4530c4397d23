//! Wi-Fi monitor mode in a virtual machine with a real kernel and software radios: `tests/wifi-vm`. What the sensor says
//! is compared with what was on the air. Skipped with a message where QEMU and what runs in the machine are missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use airtone_capture::{Input, Record};
use airtone_engine::Nanos;
use airtone_engine::wifi::BeaconObservation;
use airtone_tests::extcap;
use serde_json::Value;

const OFFICE: [u8; 6] = [2, 0, 0, 0, 0, 0];
const LOBBY: [u8; 6] = [2, 0, 0, 0, 1, 0];
const CLIENT: [u8; 6] = [2, 0, 0, 0, 3, 0];
/// The interval of every AP there, ns.
const T: i64 = 102_400_000;

/// What the virtual machine is made of and what runs in it.
const NEEDED: [&str; 10] = [
    "qemu-system-x86_64",
    "busybox",
    "hostapd",
    "hostapd_cli",
    "wpa_supplicant",
    "wpa_cli",
    "iw",
    "tcpdump",
    "python3",
    "apt-get",
];

/// The first that is missing.
fn missing() -> Option<&'static str> {
    let is_there = |program: &str| {
        let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    };
    NEEDED.into_iter().find(|program| !is_there(program))
}

/// Runs a job in the machine; `None`, with a message, where that is not possible.
fn run(job: &str) -> Option<PathBuf> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        eprintln!("skipped: the virtual machine is one for Linux on x86-64");
        return None;
    }
    if let Some(program) = missing() {
        eprintln!("skipped: {program} is missing; tests/wifi-vm/README.md names the packages");
        return None;
    }
    // One at a time: an emulated processor takes a real one for itself.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = airtone_tests::workspace_dir().join("tests/wifi-vm");
    let result = std::env::temp_dir().join(format!("airtone-{job}-{}", std::process::id()));
    let built = Command::new(folder.join("build.sh")).arg("--if-stale").output().expect("bash is there");
    if built.status.code() == Some(2) {
        eprintln!("skipped: {}", String::from_utf8_lossy(&built.stderr).trim_end());
        return None;
    }
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let attempt = || {
        let mut command = Command::new(folder.join("run.sh"));
        command.arg(folder.join(format!("{job}.sh"))).arg(&result).arg(extcap::program());
        let status = command.status().expect("run.sh can be started");
        (status, fs::read_to_string(result.join("job.log")).unwrap_or_default())
    };
    let (mut status, mut log) = attempt();
    if !status.success() {
        // On a busy host the emulated machine's clock stumbles; twice in a row it is no accident.
        eprintln!("{job} ended with {status} and is run once more; its log:\n{log}");
        (status, log) = attempt();
    }
    assert!(status.success(), "{job} ended with {status}; its log:\n{log}");
    Some(result)
}

/// A frame behind its radiotap header.
struct Frame {
    bytes: Vec<u8>,
    beacon: Option<BeaconObservation>,
}

impl Frame {
    fn mac(&self) -> &[u8] {
        let header = u16::from_le_bytes([self.bytes[2], self.bytes[3]]);
        self.bytes.get(usize::from(header)..).unwrap_or_default()
    }
}

/// Where the radio listened: since when, and MHz and width.
type Notes = Vec<(Nanos, Option<(u32, u32)>)>;

fn read(path: &Path) -> (Vec<Frame>, Notes) {
    let mut input = Input::open(&[path.to_owned()]).unwrap_or_else(|error| panic!("{error}"));
    let (mut frames, mut notes) = (Vec::new(), Vec::new());
    while let Some(record) = input.next().expect("readable") {
        match record {
            Record::Packet(packet) => frames.push(Frame {
                bytes: packet.bytes.to_vec(),
                beacon: BeaconObservation::of(packet.link, packet.bytes, packet.orig_len),
            }),
            Record::Listening { at, channel, .. } => notes.push((at, channel)),
            Record::Dropped { packets, .. } => panic!("{packets} packets dropped"),
            Record::Observed(_) => {}
        }
    }
    (frames, notes)
}

/// Times by the AP's clock of the beacons of an AP.
fn beacons(frames: &[Frame], bssid: [u8; 6]) -> Vec<u64> {
    let beacons = frames.iter().filter_map(|frame| frame.beacon.as_ref());
    beacons.filter(|beacon| beacon.bssid == bssid).filter_map(|beacon| beacon.tsf).collect()
}

/// A BSS in the report of a capture.
fn reported(path: &Path, name: &str) -> Value {
    let report = airtone_tests::json([Path::new("report"), Path::new("--format=json"), path]);
    let bss = report["wifi"]["bss"].as_array().expect("an array").clone();
    bss.into_iter().find(|bss| bss["ssid"] == name).unwrap_or_else(|| panic!("no {name} in {report}"))
}

/// The one outage of a cause.
#[track_caller]
fn outage<'a>(bss: &'a Value, cause: &str) -> &'a Value {
    let all = bss["outages"].as_array().expect("an array");
    let found: Vec<_> = all.iter().filter(|outage| outage["cause"] == cause).collect();
    assert_eq!(found.len(), 1, "{cause}: {all:#?}");
    found[0]
}

/// Beacons of `office` that were on the air between the two that the sensor heard around an outage.
fn sent_meanwhile(outage: &Value, heard: &[Frame], air: &[Frame]) -> usize {
    let place = outage["after_frame"].as_u64().expect("a number") as usize;
    let tsf = |frame: &Frame| {
        frame.beacon.as_ref().filter(|beacon| beacon.bssid == OFFICE).and_then(|beacon| beacon.tsf)
    };
    let before = tsf(&heard[place - 1]).expect("a beacon of office");
    let after = heard[place..].iter().find_map(tsf).expect("one behind it");
    beacons(air, OFFICE).iter().filter(|tsf| (before + 1..after).contains(tsf)).count()
}

/// Lines that a control of the toolbar was set to.
fn toolbar(path: &Path, control: u8) -> Vec<String> {
    let bytes = fs::read(path).expect("what the toolbar got");
    let mut lines = Vec::new();
    let mut rest = bytes.as_slice();
    while let [b'T', a, b, c, number, _, behind @ ..] = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize - 2;
        if *number == control {
            lines.push(String::from_utf8_lossy(&behind[..length]).into_owned());
        }
        rest = &behind[length..];
    }
    lines
}

#[test]
fn the_air_as_it_was() {
    let Some(result) = run("job-air") else { return };
    let (air, _) = read(&result.join("air.pcap"));
    one_channel(&result, &air);
    hopping(&result);
    following(&result, &air);
    fs::remove_dir_all(result).expect("a folder of our own");
}

/// A client connects; then nothing is heard for 2 s, we are elsewhere for 2 s, and the AP is silent for 1 s.
fn one_channel(result: &Path, air: &[Frame]) {
    let path = result.join("one.pcapng");
    let (frames, _) = read(&path);
    let from_client = |control: u8| {
        frames.iter().any(|frame| {
            matches!(frame.mac(), [first, ..] if *first == control)
                && frame.mac().get(10..16) == Some(&CLIENT)
        })
    };
    assert!(from_client(0xb0) && from_client(0x00), "authentication and association of the client");
    let is_key = |frame: &&Frame| frame.bytes.windows(2).any(|pair| pair == [0x88, 0x8e]);
    assert!(frames.iter().filter(is_key).count() >= 4, "the four-way handshake");

    let bss = reported(&path, "office");
    let lost = |outage: &Value| outage["lost"].as_u64().expect("a number") as usize;
    let rf = outage(&bss, "air");
    assert!(lost(rf) >= 15, "{rf}");
    assert_eq!(lost(rf), sent_meanwhile(rf, &frames, air), "lost are those that were sent and not heard");
    let silence = outage(&bss, "ap_restart");
    assert!(lost(silence) >= 7, "{silence}");
    let sent = sent_meanwhile(silence, &frames, air);
    assert!(sent <= 1, "the AP sent {sent} beacons in its silence, while it went or came");
    let ours = outage(&bss, "off_channel");
    assert!(sent_meanwhile(ours, &frames, air) >= 15, "{ours}");
    assert_eq!(lost(rf) + lost(silence), bss["beacons"]["lost"].as_u64().expect("a number") as usize);
    assert_eq!(bss["beacons"]["not_observed"], ours["lost"]);

    let live = toolbar(&result.join("one.toolbar"), 1);
    for ending in [
        format!("1 outage, last office: {} lost, air", lost(rf)),
        format!("1 outage, last office: {} not observed, off channel", lost(ours)),
        format!("2 outages, last office: {} lost, the AP itself", lost(silence)),
    ] {
        assert!(live.iter().any(|line| line.ends_with(&ending)), "{ending}: {live:#?}");
    }
}

/// Five channels in three bands, 250 ms each: the kernel was seen on each, and nothing counts as lost.
fn hopping(result: &Path) {
    let (_, notes) = read(&result.join("hop.pcapng"));
    let seen = fs::read_to_string(result.join("hop.seen")).expect("what iw saw");
    for mhz in [2437, 2462, 5180, 5200, 5975] {
        assert!(seen.contains(&format!("{mhz} MHz")), "{mhz}: {seen}");
        assert!(notes.iter().any(|(_, channel)| *channel == Some((mhz, 20))), "{mhz}: {notes:?}");
    }
    assert!(notes.windows(2).all(|pair| pair[0].0 <= pair[1].0), "notes are in order of time");
    // The first stay began before the capture, the last one is cut off by the end.
    let stays =
        notes.windows(2).skip(1).filter(|pair| pair[0].1.is_some()).map(|pair| pair[1].0.0 - pair[0].0.0);
    assert!(
        stays.clone().all(|stay| stay > 100_000_000),
        "a dwell is 250 ms: {:?}",
        stays.collect::<Vec<_>>()
    );
    let bss = reported(&result.join("hop.pcapng"), "office");
    assert_eq!(bss["beacons"]["lost"], 0, "{bss:#}");
    assert!(bss["beacons"]["not_observed"].as_u64() > bss["beacons"]["received"].as_u64(), "{bss:#}");
}

/// The AP "lobby" goes from channel 36 to 44, and the sensor with it.
fn following(result: &Path, air: &[Frame]) {
    let path = result.join("follow.pcapng");
    let (frames, notes) = read(&path);
    let channels: Vec<_> = notes.iter().filter_map(|(_, channel)| *channel).collect();
    assert!(channels.windows(2).any(|pair| pair == [(5180, 20), (5220, 20)]), "{channels:?}");
    let bss = reported(&path, "lobby");
    assert_eq!(bss["channel"], 44);
    let heard = beacons(&frames, LOBBY);
    let (first, last) = (heard[0], heard[heard.len() - 1]);
    let sent = beacons(air, LOBBY).iter().filter(|tsf| (first..=last).contains(tsf)).count();
    assert!(sent - heard.len() <= 1, "of {sent} beacons {} were heard", heard.len());
    let events = bss["events"].as_array().expect("an array");
    assert!(events.iter().any(|event| event["kind"] == "channel_change"), "{events:?}");
    let span = (last - first) as i64 * 1_000 / T;
    assert!(span >= 20, "followed for {span} intervals");
}

#[test]
fn the_machine_as_it_was() {
    // The job compares before and after by itself.
    let Some(result) = run("job-restore") else { return };
    let (frames, notes) = read(&result.join("share.pcapng"));
    assert!(beacons(&frames, OFFICE).len() >= 5, "beacons of the AP whose radio is shared");
    assert_eq!(notes.first().and_then(|(_, channel)| *channel), Some((2437, 20)));
    fs::remove_dir_all(result).expect("a folder of our own");
}
