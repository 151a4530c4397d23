//! Every variant of pcap and pcapng gives the same packets.

mod common;

use common::{Got, MICRO, MODIFIED, NANO, Ng, Order, Pcap, read};

const SECOND: i64 = 1_000_000_000;
const START: u32 = 1_700_000_000;

#[test]
fn pcap_in_both_orders_and_resolutions() {
    for order in [Order::Big, Order::Little] {
        for (magic, fraction, nanos) in
            [(MICRO, 123_456, 123_456_000), (NANO, 123_456_789, 123_456_789), (MODIFIED, 7, 7_000)]
        {
            let file =
                Pcap::new(order, magic, 4, 113).packet(START, fraction, b"abcde").packet(START + 1, 0, b"f");
            let (all, file) = read(&file.bytes);
            let at = i64::from(START) * SECOND + nanos;
            let packet =
                Got::Packet { frame: 1, at, link: 113, interface: 0, orig_len: 5, bytes: b"abcde".to_vec() };
            assert_eq!(all[0], packet, "{order:?} {magic:x}");
            assert_eq!((all[1].frame(), all[1].bytes()), (2, &b"f"[..]));
            assert_eq!((file.format.as_str(), file.packets, file.warnings.len()), ("pcap", 2, 0));
        }
    }
}

#[test]
fn pcap_of_old_versions_has_its_lengths_swapped() {
    let lengths = |minor, header: [u32; 4]| {
        let (all, _) = read(&Pcap::new(Order::Little, MICRO, minor, 1).record(header, b"abcd").bytes);
        match &all[0] {
            Got::Packet { orig_len, bytes, .. } => (bytes.len(), *orig_len),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(lengths(2, [0, 0, 9, 4]), (4, 9));
    assert_eq!(lengths(3, [0, 0, 9, 4]), (4, 9));
    assert_eq!(lengths(3, [0, 0, 4, 9]), (4, 9));
    assert_eq!(lengths(4, [0, 0, 4, 9]), (4, 9));
}

#[test]
fn pcap_link_type_is_without_the_length_of_the_check_sequence() {
    let (all, _) = read(&Pcap::new(Order::Big, MICRO, 4, 0x2400_0001).packet(0, 0, b"x").bytes);
    assert!(matches!(all[0], Got::Packet { link: 1, .. }));
}

#[test]
fn pcapng_times_follow_the_resolution_of_their_interface() {
    for order in [Order::Big, Order::Little] {
        let file = Ng::new(order)
            .interface(1, 0, &[])
            .interface(1, 0, &[(2, b"nano".to_vec()), (9, vec![9])])
            .interface(1, 0, &[(9, vec![0x80 | 10])])
            .interface(1, 0, &[(9, vec![3]), (14, order.u64(u64::from(START)))])
            .interface(1, 0, &[(9, vec![0x80 | 32])])
            .interface(1, 0, &[(14, order.u64((-1_i64).cast_unsigned()))])
            .enhanced(0, 1_700_000_000_123_456, b"a")
            .enhanced(1, 1_700_000_000_123_456_789, b"b")
            .enhanced(2, (u64::from(START) << 10) + 512, b"c")
            .enhanced(3, 1_250, b"d")
            .enhanced(4, (u64::from(START) << 32) + (1 << 30), b"e")
            .enhanced(5, 1_700_000_001_000_000, b"f");
        let (all, file) = read(&file.bytes);
        let start = i64::from(START) * SECOND;
        let expected = [123_456_000, 123_456_789, 500_000_000, 1_250_000_000, 250_000_000, 0];
        let found: Vec<i64> = all.iter().map(|got| got.at() - start).collect();
        assert_eq!(found, expected, "{order:?}");
        let interfaces: Vec<u32> = all.iter().map(Got::interface).collect();
        assert_eq!(interfaces, [0, 1, 2, 3, 4, 5]);
        assert_eq!((file.format.as_str(), file.packets), ("pcapng", 6));
        assert_eq!(file.warnings, [""; 0]);
    }
}

#[test]
fn pcapng_sections_have_their_own_order_and_interfaces() {
    let file = Ng::new(Order::Little)
        .interface(1, 0, &[(2, b"eth0".to_vec())])
        .enhanced(0, 1_000_000, b"a")
        .section(Order::Big)
        .interface(105, 0, &[(2, b"wlan0".to_vec()), (9, vec![9])])
        .enhanced(0, 2_000_000_000, b"b")
        .section(Order::Little)
        .interface(1, 0, &[(2, b"eth0".to_vec())])
        .enhanced(0, 3_000_000, b"c");
    let (all, file) = read(&file.bytes);
    let found: Vec<_> = all.iter().map(|got| (got.frame(), got.at() / SECOND, got.interface())).collect();
    // The third section is the first interface again.
    assert_eq!(found, [(1, 1, 0), (2, 2, 1), (3, 3, 0)]);
    assert!(matches!(all[1], Got::Packet { link: 105, .. }));
    assert_eq!(file.warnings, [""; 0]);
}

#[test]
fn simple_packets_take_the_time_before_them_or_the_first_behind() {
    let file = Ng::new(Order::Big)
        .interface(1, 4, &[])
        .simple(9, b"abcd")
        .enhanced(0, 5_000_000, b"e")
        .simple(2, b"fg");
    let (all, file) = read(&file.bytes);
    let found: Vec<_> = all.iter().map(|got| (got.at() / SECOND, got.bytes())).collect();
    assert_eq!(found, [(5, &b"abcd"[..]), (5, b"e"), (5, b"fg")]);
    assert!(matches!(all[0], Got::Packet { orig_len: 9, .. }));
    assert_eq!(file.warnings, [""; 0]);
}

#[test]
fn drop_counts_are_increments_whoever_tells_them() {
    let drops = |count: u64| vec![(4, Order::Little.u64(count))];
    let file = Ng::new(Order::Little)
        .interface(1, 0, &[])
        .interface(1, 0, &[(9, vec![9])])
        .enhanced_as(0, 1_000_000, (1, 1), b"a", &drops(3))
        .obsolete(0, 4, 2_000_000, b"b")
        .obsolete(0, u16::MAX, 2_000_000, b"c")
        .statistics(0, 3_000_000, &[(4, 1000), (5, 8), (7, 2)])
        .statistics(0, 4_000_000, &[(5, 9), (7, 2)])
        .statistics(0, 5_000_000, &[(5, 9), (7, 2)])
        .statistics(1, 6_000_000_000, &[(7, 5)]);
    let (all, file) = read(&file.bytes);
    let dropped: Vec<_> = all
        .iter()
        .filter_map(|got| match got {
            Got::Dropped { interface, at, packets } => Some((*interface, *at / SECOND, *packets)),
            _ => None,
        })
        .collect();
    assert_eq!(dropped, [(0, 1, 3), (0, 2, 4), (0, 3, 3), (0, 4, 1), (1, 6, 5)]);
    let frames: Vec<u64> = all.iter().filter(|got| got.frame() > 0).map(Got::frame).collect();
    assert_eq!(frames, [1, 2, 3]);
    assert_eq!(file.packets, 3);
}

#[test]
fn other_blocks_are_passed_over() {
    let comment = vec![(1, b"look here".to_vec())];
    let file = Ng::new(Order::Little)
        .interface(1, 0, &[(2, vec![0xff, 0xfe]), (99, b"new".to_vec())])
        .block(4, &[0; 4])
        .block(0x0a, &[1; 20])
        .block(0xbad, &[2; 8])
        .enhanced_as(0, 1, (1, 1), b"a", &comment)
        .block(0x4000_0bad, &[2; 8])
        .block(9, b"__CURSOR=x\n")
        .block(0x7777, &[3; 40])
        .enhanced(0, 2, b"b");
    let offset = file.bytes.len() - 36 - 52;
    let (all, file) = read(&file.bytes);
    // Custom blocks and journal entries have frame numbers in Wireshark.
    let found: Vec<_> = all.iter().map(|got| (got.frame(), got.bytes())).collect();
    assert_eq!(found, [(2, &b"a"[..]), (5, b"b")]);
    assert_eq!(file.warnings, [format!("unknown block type 0x00007777 at byte {offset}; passed over")]);
}

#[test]
fn a_block_length_is_rounded_up_as_wireshark_does() {
    let mut file = Ng::new(Order::Little).interface(1, 0, &[]).enhanced(0, 1, b"ab");
    let start = file.bytes.len() - 36;
    let length = Order::Little.u32(34);
    file.bytes[start + 4..start + 8].copy_from_slice(&length);
    file.bytes[start + 32..].copy_from_slice(&length);
    let (all, file) = read(&file.enhanced(0, 2, b"c").bytes);
    assert_eq!(all.iter().map(Got::bytes).collect::<Vec<_>>(), [&b"ab"[..], b"c"]);
    assert_eq!(file.warnings, [""; 0]);
}

#[test]
fn a_large_packet_makes_the_buffer_grow() {
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
    let file = Ng::new(Order::Little)
        .interface(1, 0, &[])
        .enhanced(0, 1, b"a")
        .enhanced(0, 2, &large)
        .enhanced(0, 3, b"c");
    let (all, _) = read(&file.bytes);
    assert_eq!(all.len(), 3);
    assert!(all[1].bytes() == large);
    assert_eq!(all[2].bytes(), b"c");
}

/// Where the radio listened comes in front of the packet that says so, in its own order; drops too.
#[test]
fn the_notes_of_a_radio() {
    let comment = "airtone: listening - from 2.000000001\nnice\nairtone: listening 5180/80 from 2.250000000";
    let file = Ng::new(Order::Little)
        .interface(127, 0, &[])
        .enhanced(0, 1_000_000, b"a")
        .enhanced_as(0, 9_000_000, (1, 1), b"b", &[(1, comment.into()), (4, Order::Little.u64(2))])
        .enhanced_as(0, 9_000_001, (1, 1), b"c", &[(1, b"airtone: listening 5180".to_vec())]);
    let (all, file) = read(&file.bytes);
    let note = |at, channel| Got::Listening { interface: 0, at, channel };
    assert_eq!(all[1..3], [note(2_000_000_001, None), note(2_250_000_000, Some((5180, 80)))]);
    assert!(matches!(all[3], Got::Dropped { packets: 2, .. }));
    let frames: Vec<(u64, &[u8])> =
        all.iter().filter(|got| got.frame() > 0).map(|got| (got.frame(), got.bytes())).collect();
    assert_eq!(frames, [(1, &b"a"[..]), (2, b"b"), (3, b"c")]);
    assert_eq!((all.len(), file.packets, file.warnings.len()), (6, 3, 0));
}
