//! Properties: both ways through the decoder agree, and no bytes make it panic or grow.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

/// Frames that the fast path takes, and their near neighbours.
fn frames() -> Vec<Vec<u8>> {
    let v4 = ipv4_udp(b"hello");
    let v6 = ipv6(17, &udp(4000, 4002, b"hello"));
    let tagged =
        |inner: u16, ip: &[u8]| ethernet(0x8100, &[&hex("a00c")[..], &inner.to_be_bytes(), ip].concat());
    let vxlan = [&hex("08000000 00002a00")[..], &ethernet(0x0800, &v4)].concat();
    vec![
        ethernet(0x0800, &v4),
        ethernet(0x86dd, &v6),
        tagged(0x0800, &v4),
        tagged(0x86dd, &v6),
        [ethernet(0x0800, &v4), vec![0; 9]].concat(),
        ethernet(0x0800, &ipv4_part(17, 0x2000, &udp(4000, 4002, b"hello"))),
        ethernet(0x0800, &ipv4(6, &[0x50; 24])),
        ethernet(0x0800, &ipv4(17, &udp(40000, 4789, &vxlan))),
        ethernet(
            0x0800,
            &ipv4(17, &udp(4000, 31337, &[&hex("01000001 01")[..], &ethernet(0x86dd, &v6)].concat())),
        ),
        ethernet(0x0800, &ipv4_udp(b"")),
    ]
}

fn both(frames: &[Vec<u8>]) -> [(String, String, String); 2] {
    [true, false].map(|fast| {
        let mut bench = Bench::new();
        let mut items: Vec<Owned> = Vec::new();
        for (index, bytes) in frames.iter().enumerate() {
            let interface = index as u32 % 3;
            let (frame, at, orig_len) = (index as u64 + 1, Nanos(index as i64), bytes.len() as u32);
            let packet = Packet { frame, at, link: LinkType::ETHERNET, interface, orig_len, bytes };
            match fast {
                true => bench.decoder.decode(&packet, |item| items.push(item.into())),
                false => bench.decoder.decode_general(&packet, &mut |item| items.push(item.into())),
            }
        }
        (
            format!("{items:?}"),
            format!("{:?}", bench.decoder.paths()),
            format!("{:?}", bench.decoder.not_decoded()),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_path_gives_what_the_general_one_gives(
        mutations in vec((select(frames()), vec((any::<Index>(), any::<u8>()), 0..3), any::<Option<Index>>()), 1..6),
    ) {
        let frames: Vec<Vec<u8>> = mutations
            .into_iter()
            .map(|(mut frame, bytes, cut)| {
                for (index, byte) in bytes {
                    let at = index.index(frame.len());
                    frame[at] = byte;
                }
                if let Some(cut) = cut {
                    frame.truncate(cut.index(frame.len() + 1));
                }
                frame
            })
            .collect();
        let [fast, general] = both(&frames);
        prop_assert_eq!(fast, general);
    }

    #[test]
    fn no_bytes_make_it_panic(link in links(), start in starts(), bytes in vec(any::<u8>(), 0..300)) {
        let bytes = [start, bytes].concat();
        let mut bench = Bench::new();
        let items = bench.decode(link, &bytes);
        let paths = bench.decoder.paths();
        for item in &items {
            prop_assert!(paths.get(usize::from(item.cx().path.0)).is_some());
        }
        // A packet that gives no item is counted somewhere.
        prop_assert!(!items.is_empty() || bench.reasons().len() == 1);
    }

    #[test]
    fn mutated_packets_do_not_panic(
        packet in select(packets()),
        bytes in vec((any::<Index>(), any::<u8>()), 0..6),
        cut in any::<Option<Index>>(),
    ) {
        let (link, mut packet) = packet;
        for (index, byte) in bytes {
            let at = index.index(packet.len());
            packet[at] = byte;
        }
        if let Some(cut) = cut {
            packet.truncate(cut.index(packet.len() + 1));
        }
        let mut bench = Bench::new();
        let items = bench.decode(link, &packet);
        prop_assert!(!items.is_empty() || !bench.reasons().is_empty());
    }
}

fn links() -> impl Strategy<Value = LinkType> {
    let known = [0_u16, 1, 9, 12, 14, 50, 51, 101, 105, 108, 113, 119, 127, 128, 163, 192, 228, 229, 276];
    prop_oneof![9 => select(known.map(LinkType).to_vec()), 1 => any::<u16>().prop_map(LinkType)]
}

/// Beginnings that lead deeper than random bytes would.
fn starts() -> impl Strategy<Value = Vec<u8>> {
    let ip = ipv4(47, &[]);
    let long = |mut ip: Vec<u8>| {
        ip[2..4].copy_from_slice(&300_u16.to_be_bytes());
        ip
    };
    let tunnel = |port: u16, start: &str| {
        let udp = udp(40000, port, &[&hex(start)[..], &[0; 200]].concat());
        ethernet(0x0800, &long(ipv4(17, &udp[..udp.len() - 200])))
    };
    select(vec![
        vec![],
        ethernet(0x8847, &[]),
        ethernet(0x8864, &hex("1100")),
        ethernet(0x86dd, &ipv6(0, &[])),
        ethernet(0x86dd, &ipv6(44, &[])),
        ethernet(0x0800, &long(ip.clone())),
        [ethernet(0x0800, &long(ip.clone())), hex("1000 88be")].concat(),
        [ethernet(0x0800, &long(ip.clone())), hex("1000 22eb")].concat(),
        [ethernet(0x0800, &long(ip)), hex("3081 880b")].concat(),
        tunnel(4789, "08"),
        tunnel(6081, "01"),
        tunnel(2152, "34ff 0000"),
        tunnel(9060, "48455033 00d0"),
        tunnel(9060, "02 10 02"),
        tunnel(37008, "01000012"),
        tunnel(5000, "c8 a1 00c0 0000"),
        tunnel(7777, "00ffabcd 02 00000037"),
        tunnel(5000, "00ffabcd 03 0000003d"),
        tunnel(5555, "5f000000 00000001"),
        tunnel(5555, "0000 0a00 20000000"),
    ])
}

fn packets() -> Vec<(LinkType, Vec<u8>)> {
    let v6 = ipv6(44, &[&hex("3c 00 0001 00000007 11 00 0104 00000000")[..], &udp(1, 2, b"hello")].concat());
    let snap = [&hex("aaaa03 000000 0800")[..], &ipv4_udp(b"hello")].concat();
    let mut packets: Vec<_> = frames().into_iter().map(|frame| (LinkType::ETHERNET, frame)).collect();
    packets.push((LinkType::RAW, v6));
    packets.push((LinkType::ETHERNET, ethernet(snap.len() as u16, &snap)));
    packets.push((LinkType::NULL, [&hex("02000000")[..], &ipv4_udp(b"hello")].concat()));
    packets
}
