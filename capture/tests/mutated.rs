//! Whatever is done to a file, reading it ends and never panics.

mod common;

use airtone_capture::Input;
use common::{MICRO, Ng, Order, Pcap, saved};
use proptest::prelude::*;

fn seed(which: u8) -> Vec<u8> {
    let order = if which & 1 == 0 { Order::Big } else { Order::Little };
    let pcap = Pcap::new(order, MICRO, 4, 1).packet(1, 2, b"abcdef").packet(2, 3, b"").packet(3, 4, &[9; 70]);
    let drops = [(4, order.u64(3)), (1, b"comment".to_vec())];
    let ng = Ng::new(order)
        .interface(1, 0, &[(2, b"eth0".to_vec()), (9, vec![9]), (14, order.u64(5))])
        .enhanced_as(0, 7, (5, 9), b"abcde", &drops)
        .simple(3, b"def")
        .block(0xbad, &[1; 9])
        .section(Order::Big)
        .interface(105, 9, &[(9, vec![0x8a])])
        .obsolete(0, 2, 9, b"ghi")
        .statistics(0, 9, &[(5, 7), (7, 1)]);
    let plain = if which & 2 == 0 { pcap.bytes } else { ng.bytes };
    match which >> 2 {
        0 | 1 => plain,
        2 => zstd::stream::encode_all(&plain[..], 1).expect("memory"),
        _ => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            std::io::Write::write_all(&mut encoder, &plain).expect("memory");
            encoder.finish().expect("memory")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn reading_ends(
        which in 0_u8..16,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
        tail in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut bytes = seed(which);
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if cut.index(3) == 0 {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend(tail);
        let (_folder, path) = saved(&bytes);
        // Opened once alone and once beside itself, which puts files aside.
        for paths in [vec![path.clone()], vec![path.clone(), path.clone()]] {
            let Ok(mut input) = Input::open(&paths) else { continue };
            let mut records = 0;
            while let Some(record) = input.next().expect("a file in memory can be read") {
                if let airtone_capture::Record::Packet(packet) = record {
                    prop_assert!(packet.orig_len as usize >= packet.bytes.len());
                    prop_assert!(packet.frame > 0);
                }
                records += 1;
                prop_assert!(records <= 2 * bytes.len(), "more records than bytes");
            }
            prop_assert!(input.next().expect("still readable").is_none());
            prop_assert!(input.files().iter().all(|file| file.warnings.len() <= 22));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The way for ordinary packets gives what the general one gives: records, warnings and counts.
    #[test]
    fn records_are_the_same_in_bulk(
        which in 0_u8..16,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        more in 0_usize..3,
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = seed(which);
        if which >> 2 < 2 && which & 2 == 0 {
            // Enough packets to fill the buffer more than once.
            let records = bytes[24..].to_vec();
            bytes.extend(records.repeat(more * 3_000));
        }
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if cut.index(3) == 0 {
            bytes.truncate(cut.index(bytes.len()));
        }
        let (_folder, path) = saved(&bytes);
        let Ok(mut singly) = Input::open(std::slice::from_ref(&path)) else { return Ok(()) };
        let mut one_by_one = Vec::new();
        while let Some(record) = singly.next().expect("a file in memory can be read") {
            one_by_one.push(format!("{record:?}"));
        }
        let mut bulk = Input::open(&[path]).expect("it could be opened before");
        let mut at = 0;
        let mut same = true;
        while bulk
            .next_records(|record| {
                same &= one_by_one.get(at).is_some_and(|expected| *expected == format!("{record:?}"));
                at += 1;
            })
            .expect("a file in memory can be read")
        {}
        prop_assert!(same && at == one_by_one.len(), "record {} of {}", at, one_by_one.len());
        prop_assert_eq!(format!("{:?}", bulk.files()), format!("{:?}", singly.files()));
        prop_assert_eq!(bulk.interfaces(), singly.interfaces());
    }
}
