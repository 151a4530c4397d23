//! Several files are one capture in time order.

mod common;

use airtone_capture::Input;
use common::{Got, MICRO, Ng, Order, Pcap, drain, read_files, saved};

fn pcap(seconds: &[u32], link: u32, mark: u8) -> Vec<u8> {
    let mut pcap = Pcap::new(Order::Little, MICRO, 4, link);
    for second in seconds {
        pcap = pcap.packet(*second, 0, &[mark, *second as u8]);
    }
    pcap.bytes
}

#[test]
fn three_files_by_time_and_ties_by_order() {
    let (_a, a) = saved(&pcap(&[1, 4, 9], 1, b'a'));
    let (_b, b) = saved(&pcap(&[2, 4, 4], 105, b'b'));
    let ng = Ng::new(Order::Big)
        .interface(1, 0, &[(2, b"x".to_vec())])
        .interface(127, 0, &[(2, b"y".to_vec())])
        .enhanced(1, 4_000_000, b"c\x04")
        .enhanced(0, 5_000_000, b"c\x05");
    let (_c, c) = saved(&ng.bytes);
    let (all, files) = read_files(&[a, b, c]);
    let order: Vec<_> = all.iter().map(|got| (got.bytes()[0], got.bytes()[1])).collect();
    let expected = [(b'a', 1), (b'b', 2), (b'a', 4), (b'b', 4), (b'b', 4), (b'c', 4), (b'c', 5), (b'a', 9)];
    assert_eq!(order, expected);
    assert_eq!(all.iter().map(Got::frame).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(all.iter().map(Got::interface).collect::<Vec<_>>(), [0, 1, 0, 1, 1, 3, 2, 0]);
    assert_eq!(files.iter().map(|file| file.packets).collect::<Vec<_>>(), [3, 3, 2]);
}

#[test]
fn a_ring_of_files_keeps_its_interface() {
    let part = |second: u64| {
        Ng::new(Order::Little)
            .interface(1, 0, &[(2, b"eth0".to_vec())])
            .interface(1, 0, &[(2, b"eth1".to_vec())])
            .enhanced(1, second * 1_000_000, b"x")
            .enhanced(0, second * 1_000_000 + 1, b"y")
            .bytes
    };
    // Given in the wrong order on purpose.
    let files: Vec<_> = [30, 10, 20].into_iter().map(|second| saved(&part(second))).collect();
    let paths: Vec<_> = files.iter().map(|(_, path)| path.clone()).collect();
    let mut input = Input::open(&paths).expect("three captures");
    let all = drain(&mut input);
    assert_eq!(all.iter().map(|got| got.at() / 1_000_000_000).collect::<Vec<_>>(), [10, 10, 20, 20, 30, 30]);
    assert_eq!(all.iter().map(Got::interface).collect::<Vec<_>>(), [1, 0, 1, 0, 1, 0]);
    let names: Vec<_> = input.interfaces().iter().map(|interface| interface.name.clone()).collect();
    assert_eq!(names, ["eth0", "eth1"]);
}

#[test]
fn many_files_are_not_all_open_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // More than a process may have open by default.
    let paths: Vec<_> = (0..1_100_u32)
        .map(|n| {
            let path = folder.path().join(n.to_string());
            std::fs::write(&path, pcap(&[10_000 - n], 1, n as u8)).expect("a temporary file");
            path
        })
        .collect();
    let (all, _) = read_files(&paths);
    assert_eq!(all.len(), 1_100);
    assert!(all.windows(2).all(|pair| pair[0].at() < pair[1].at()));
    assert!(all.iter().all(|got| got.interface() == 0));
}

#[test]
fn progress_reaches_the_size() {
    let (_a, a) = saved(&pcap(&[1, 2, 3], 1, b'a'));
    let (_b, b) = saved(&pcap(&[5], 1, b'b'));
    let size = std::fs::metadata(&a).expect("saved").len() + std::fs::metadata(&b).expect("saved").len();
    let mut input = Input::open(&[a, b]).expect("two captures");
    assert_eq!(input.progress(), (0, Some(size)));
    let (mut last, mut steps) = (0, 0);
    while input.next().expect("readable").is_some() {
        let (read, total) = input.progress();
        assert!(read >= last && total == Some(size));
        (last, steps) = (read, steps + 1);
    }
    assert_eq!(steps, 4);
    assert_eq!(input.progress(), (size, Some(size)));
    assert!(input.next().expect("readable").is_none());
}

#[test]
fn no_files_are_no_records() {
    let (all, files) = read_files(&[]);
    assert!(all.is_empty() && files.is_empty());
}
