//! tshark and this crate agree on number, time and lengths of every frame.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use airtone_capture::write::{PcapNgOut, PcapOut, Section, Statistics};
use airtone_capture::{Error, Input, Interface, Record};
use airtone_engine::{LinkType, Nanos};
use common::{Got, captures, drain, read_files, saved};

/// Frame, time in ns where it has one, captured and original length.
type Row = (u64, Option<i64>, u32, u32);

fn tshark(path: &Path) -> Option<Vec<Row>> {
    let fields = ["frame.number", "frame.time_epoch", "frame.cap_len", "frame.len"];
    let output = Command::new("tshark")
        .args(["-n", "-r"])
        .arg(path)
        .args(["-T", "fields"])
        .args(fields.iter().flat_map(|field| ["-e", field]))
        .output();
    let Ok(output) = output else {
        eprintln!("skipped: no tshark");
        return None;
    };
    let text = String::from_utf8(output.stdout).expect("numbers");
    Some(text.lines().filter_map(row).collect())
}

/// A record without a length is no packet (a custom block).
fn row(line: &str) -> Option<Row> {
    let mut columns = line.split('\t');
    let frame = columns.next()?.parse().ok()?;
    let at = columns.next()?.split_once('.').and_then(|(seconds, fraction)| {
        // tshark prints a fraction of more than a second as it is.
        Some(seconds.parse::<i64>().ok()? * 1_000_000_000 + fraction.parse::<i64>().ok()?)
    });
    let captured = columns.next()?.parse().ok()?;
    Some((frame, at, captured, columns.next()?.parse().ok()?))
}

fn ours(all: &[Got]) -> Vec<Row> {
    all.iter()
        .filter_map(|got| match got {
            Got::Packet { frame, at, orig_len, bytes, .. } => {
                Some((*frame, Some(*at), bytes.len() as u32, *orig_len))
            }
            _ => None,
        })
        .collect()
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files
}

#[test]
fn every_capture_from_outside() {
    let Some(folder) = captures() else { return };
    let mut files = all_files(&folder);
    files.extend(all_files(&folder.join("mirrors-and-air")));
    let mut compared = 0;
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        if !["pcap", "pcapng", "cap", "gz"].contains(&extension.as_str()) {
            continue;
        }
        if name == "sip-protos-fuzz.cap" {
            let error = Input::open(std::slice::from_ref(&path)).expect_err("Network Monitor");
            assert!(
                matches!(&error, Error::Format { what, .. } if what.starts_with("Network Monitor 2 capture"))
            );
            assert!(error.to_string().contains("editcap -F pcapng "), "{error}");
            continue;
        }
        let Some(theirs) = tshark(&path) else { return };
        let (all, files) = read_files(std::slice::from_ref(&path));
        let ours = ours(&all);
        if name == "pcapng-test102-le.pcapng" || name == "pcapng-test018-be.pcapng" {
            generated(&name, &ours, &theirs);
            continue;
        }
        assert_eq!(ours.len(), theirs.len(), "{name}: {:?}", files[0].warnings);
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "{name}");
        }
        compared += ours.len();
    }
    assert!(compared > 40_000, "only {compared} packets compared");
}

/// The two generated files: custom blocks take a frame number and hold no packet, simple packets have no time.
fn generated(name: &str, ours: &[Row], theirs: &[Row]) {
    for (frame, at, captured, original) in ours {
        let Some(row) = theirs.iter().find(|row| row.0 == *frame) else { panic!("{name}: no frame {frame}") };
        assert_eq!((row.2, row.3), (*captured, *original), "{name}");
        assert!(row.1.is_none() || row.1 == *at, "{name}: frame {frame}");
    }
    assert_eq!(ours.len(), if name.contains("102") { 5 } else { 4 }, "{name}");
}

#[test]
fn what_is_written_reads_the_same_here_and_there() {
    let mut out = PcapNgOut::new(
        Vec::new(),
        &Section { application: "Airtone test".into(), comment: "written by a test".into() },
    )
    .expect("memory");
    let wired =
        Interface { link: LinkType::ETHERNET, name: "eth0".into(), description: "a mirror port".into() };
    let air = Interface { link: LinkType::RADIOTAP, name: "mon0".into(), description: String::new() };
    assert_eq!(out.interface(&wired, 0).expect("memory"), 0);
    assert_eq!(out.interface(&air, 262_144).expect("memory"), 1);
    let start = 1_700_000_000_123_456_789;
    out.packet(0, Nanos(start), 5, b"abcde", 0).expect("memory");
    out.packet(1, Nanos(start + 1), 900, b"fgh", 7).expect("memory");
    let counters = Statistics { received: Some(10), dropped: 9, comment: String::new() };
    out.statistics(1, Nanos(start + 2), &counters).expect("memory");
    assert!(out.packet(2, Nanos(start), 1, b"x", 0).is_err(), "never described");
    assert!(out.packet(0, Nanos(-1), 1, b"x", 0).is_err(), "before 1970");
    let (_folder, path) = saved(&out.into_inner());
    let mut input = Input::open(std::slice::from_ref(&path)).expect("what was written");
    let all = drain(&mut input);
    assert_eq!(input.interfaces(), [wired, air]);
    assert_eq!(ours(&all), [(1, Some(start), 5, 5), (2, Some(start + 1), 3, 900)]);
    let dropped: Vec<_> = all.iter().filter(|got| matches!(got, Got::Dropped { .. })).cloned().collect();
    let told = |at, packets| Got::Dropped { interface: 1, at, packets };
    assert_eq!(dropped, [told(start + 1, 7), told(start + 2, 2)]);
    assert_eq!(input.files()[0].warnings, [""; 0]);
    if let Some(theirs) = tshark(&path) {
        assert_eq!(theirs, ours(&all));
    }

    let mut out = PcapOut::new(Vec::new(), LinkType::RADIOTAP).expect("memory");
    out.packet(Nanos(start), 900, b"fgh").expect("memory");
    let (_folder, path) = saved(&out.into_inner());
    let (all, _) = read_files(std::slice::from_ref(&path));
    assert!(matches!(all[0], Got::Packet { link: 127, .. }));
    assert_eq!(ours(&all), [(1, Some(start), 3, 900)]);
    if let Some(theirs) = tshark(&path) {
        assert_eq!(theirs, ours(&all));
    }
}

#[test]
fn every_link_type_survives_writing() {
    let mut out = PcapNgOut::new(Vec::new(), &Section::default()).expect("memory");
    for link in 0..=u16::MAX {
        let interface = Interface { link: LinkType(link), name: String::new(), description: String::new() };
        let number = out.interface(&interface, 0).expect("memory");
        out.packet(number, Nanos(1), 1, b"x", 0).expect("memory");
        if number == 999 {
            break;
        }
    }
    let (_folder, path) = saved(&out.into_inner());
    let mut input = Input::open(&[path]).expect("what was written");
    let mut expected = 0;
    while let Some(record) = input.next().expect("readable") {
        let Record::Packet(packet) = record else { panic!("{record:?}") };
        assert_eq!((packet.link.0, packet.interface), (expected, u32::from(expected)));
        expected += 1;
    }
    assert_eq!(expected, 1000);
}
