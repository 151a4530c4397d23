//! Damaged files give what stands before the damage, a sentence, and an end.

mod common;

use airtone_capture::{Error, Input};
use common::{Got, MICRO, Ng, Order, Pcap, read, read_files, saved};

fn small_pcapng() -> Vec<u8> {
    Ng::new(Order::Little)
        .interface(1, 0, &[(2, b"eth0".to_vec()), (9, vec![9])])
        .enhanced(0, 1, b"abc")
        .simple(3, b"def")
        .section(Order::Big)
        .interface(105, 0, &[])
        .obsolete(0, 1, 2, b"ghijk")
        .statistics(0, 3, &[(5, 4)])
        .bytes
}

fn small_pcap() -> Vec<u8> {
    Pcap::new(Order::Big, MICRO, 4, 1).packet(1, 0, b"abc").packet(2, 0, b"").packet(3, 0, b"defghi").bytes
}

#[test]
fn cut_at_every_byte() {
    for whole in [small_pcap(), small_pcapng()] {
        let (all, _) = read(&whole);
        let mut before = 0;
        for length in 4..12 {
            let (none, file) = read(&whole[..length]);
            assert_eq!((none.len(), file.warnings.len()), (0, 1), "cut at {length}");
        }
        for length in 12..whole.len() {
            let (some, file) = read(&whole[..length]);
            assert!(some.len() >= before && all.starts_with(&some), "cut at {length}");
            before = some.len();
            let cut = format!("file cut short at byte {length}: ");
            let told = file.warnings.iter().filter(|warning| warning.starts_with(&cut)).count();
            // Either the cut is told or it fell between two records.
            let between = read(&[&whole[..length], &[0; 3]].concat()).1.warnings;
            let at_boundary = between.iter().any(|warning| warning.contains("has 3 of its"));
            assert_eq!(told, usize::from(!at_boundary), "cut at {length}: {:?}", file.warnings);
        }
        assert!(before + 2 >= all.len());
    }
}

#[test]
fn the_sentence_counts_the_bytes() {
    let whole = small_pcap();
    let (all, file) = read(&whole[..whole.len() - 2]);
    assert_eq!(all.len(), 2);
    assert_eq!(file.packets, 2);
    let offset = whole.len() - 2;
    let cut = format!("file cut short at byte {offset}: the last record has 20 of its 22 bytes");
    assert_eq!(file.warnings, ["zero-length packet at byte 43".to_string(), cut]);
}

#[test]
fn odd_lengths_are_told_and_read() {
    let pcap =
        Pcap::new(Order::Little, MICRO, 4, 1).record([1, 0, 8, 4], b"abcdefgh").packet(2, 2_000_000, b"x");
    let (all, file) = read(&pcap.bytes);
    assert!(matches!(&all[0], Got::Packet { orig_len: 8, bytes, .. } if bytes == b"abcdefgh"));
    assert_eq!(all.len(), 2);
    assert_eq!(file.warnings.len(), 2);
    assert!(file.warnings[0].starts_with("the packet at byte 24 has 8 bytes captured of 4 on the wire"));
    assert!(file.warnings[1].starts_with("the packet at byte 48 has a time with 2000000 microseconds"));

    let ng = Ng::new(Order::Little)
        .interface(1, 0, &[])
        .enhanced_as(0, 1, (8, 4), b"abcdefgh", &[])
        .enhanced(0, 2, b"");
    let (all, file) = read(&ng.bytes);
    assert!(matches!(&all[0], Got::Packet { orig_len: 8, bytes, .. } if bytes == b"abcdefgh"));
    assert_eq!(all[1].bytes(), b"");
    assert!(file.warnings[0].contains("8 bytes captured of 4"));
    assert!(file.warnings[1].starts_with("zero-length packet at byte "));
}

#[test]
fn absurd_lengths_end_the_file() {
    let pcap = Pcap::new(Order::Little, MICRO, 4, 1).packet(1, 0, b"a").record([1, 0, 0x4000_0000, 1], b"b");
    let (all, file) = read(&pcap.packet(2, 0, b"c").bytes);
    assert_eq!(all.len(), 1);
    assert!(
        file.warnings[0].starts_with("damage at byte 41: the record there claims 1073741824 captured bytes")
    );

    let mut ng = Ng::new(Order::Little).interface(1, 0, &[]).enhanced(0, 1, b"a");
    let offset = ng.bytes.len();
    ng.bytes.extend([6, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let (all, file) = read(&ng.enhanced(0, 2, b"b").bytes);
    assert_eq!(all.len(), 1);
    let sentence =
        format!("damage at byte {offset}: a block cannot be 7 bytes long; nothing behind it was read");
    assert_eq!(file.warnings, [sentence]);
}

#[test]
fn a_block_whose_ends_disagree_ends_the_file() {
    let mut ng = Ng::new(Order::Little).interface(1, 0, &[]).enhanced(0, 1, b"a").enhanced(0, 2, b"b");
    let last = ng.bytes.len() - 4;
    ng.bytes[last] = 99;
    let (all, file) = read(&ng.bytes);
    assert_eq!(all.len(), 1);
    assert!(
        file.warnings[0].contains("is 36 bytes long by its start and 99 by its end"),
        "{:?}",
        file.warnings
    );
}

#[test]
fn packets_that_contradict_themselves_are_passed_over() {
    let ng = Ng::new(Order::Little)
        .simple(1, b"x")
        .interface(1, 0, &[])
        .enhanced(7, 1, b"a")
        .enhanced_as(0, 1, (500, 500), b"b", &[])
        .statistics(3, 1, &[(5, 1)])
        .enhanced(0, 2, b"c");
    let (all, file) = read(&ng.bytes);
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].frame(), all[0].bytes()), (4, &b"c"[..]));
    assert_eq!(file.warnings.len(), 4);
}

#[test]
fn warnings_are_bounded() {
    let mut pcap = Pcap::new(Order::Little, MICRO, 4, 1);
    for second in 0..100 {
        pcap = pcap.packet(second, 0, b"");
    }
    let (all, file) = read(&pcap.bytes);
    assert_eq!(all.len(), 100);
    assert_eq!(file.warnings.len(), 21);
    assert_eq!(file.warnings[20], "and 80 more warnings like these");
}

fn refused(bytes: &[u8]) -> String {
    let (_folder, path) = saved(bytes);
    match Input::open(std::slice::from_ref(&path)) {
        Err(error @ Error::Format { .. }) => error.to_string().replace(&path.display().to_string(), "FILE"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_capture_is_named() {
    assert_eq!(refused(b""), "FILE: an empty file; nothing was captured into it");
    assert!(
        refused(b"GMBU1234")
            .contains("Network Monitor 2 capture; convert it with: editcap -F pcapng FILE FILE.pcapng")
    );
    assert!(refused(b"\xa1\xb2").contains("not a capture that can be read"));
    assert!(refused(b"\n\r\r\nhello, world").contains("text, but no export"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let error = Input::open(&[folder.path().to_owned()]).expect_err("a directory");
    assert!(matches!(&error, Error::Format { what, .. } if what.starts_with("a directory")), "{error}");
    let missing = folder.path().join("missing.pcap");
    let error = Input::open(std::slice::from_ref(&missing)).expect_err("a missing file");
    assert!(matches!(&error, Error::Io { .. }));
    assert!(error.to_string().starts_with(&format!("{}: No such file", missing.display())), "{error}");
}

#[test]
fn a_section_of_another_version_ends_the_file() {
    let mut second = Ng::new(Order::Little).interface(1, 0, &[]).bytes;
    second[12] = 2;
    let whole = [small_pcapng(), second].concat();
    let (all, file) = read(&whole);
    assert_eq!(all.len(), read(&small_pcapng()).0.len());
    assert!(file.warnings[0].contains("pcapng version 2"), "{:?}", file.warnings);
}

#[test]
fn one_damaged_file_does_not_end_the_others() {
    let (_a, cut) = saved(&small_pcap()[..45]);
    let (_b, whole) = saved(&Pcap::new(Order::Little, MICRO, 4, 1).packet(5, 0, b"z").bytes);
    let (_c, header) = saved(&small_pcap()[..10]);
    let (all, files) = read_files(&[cut, header, whole]);
    assert_eq!(all.iter().map(Got::bytes).collect::<Vec<_>>(), [&b"abc"[..], b"z"]);
    assert_eq!(files.iter().map(|file| file.packets).collect::<Vec<_>>(), [1, 0, 1]);
    assert!(files[0].warnings[0].contains("has 2 of its 16 or more bytes"), "{:?}", files[0].warnings);
    assert!(files[1].warnings[0].contains("the file header has 10 of its 24 bytes"));
    assert_eq!(files[2].warnings, [""; 0]);
}
