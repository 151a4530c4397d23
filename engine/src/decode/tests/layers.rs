//! Link layers, IP, fragments.

use super::*;

#[test]
fn link_types_with_ip() {
    let ip = ipv4_udp(b"hello");
    let with = |prefix: &str| [&hex(prefix), &ip[..]].concat();
    for (link, bytes) in [
        (LinkType::ETHERNET, ethernet(0x0800, &ip)),
        (LinkType::RAW, ip.clone()),
        (LinkType::RAW_DLT12, ip.clone()),
        (LinkType::RAW_DLT14, ip.clone()),
        (LinkType::IPV4, ip.clone()),
        (LinkType::NULL, with("02000000")),
        (LinkType::NULL, with("00000002")),
        (LinkType::LOOP, with("00000002")),
        (LinkType::PPP, with("ff03 0021")),
        (LinkType::PPP, with("0021")),
        (LinkType::PPP, with("21")),
        (LinkType::PPP_HDLC, with("ff03 0021")),
        (LinkType::PPP_HDLC, with("0f00 0800")),
        (LinkType::PPP_ETHER, with("1100 0001 0023 0021")),
        (LinkType::LINUX_SLL, with("0000 0001 0006 020000000001 0000 0800")),
        (LinkType::LINUX_SLL2, with("0800 0000 00000003 0001 00 06 020000000001 0000")),
        (LinkType::PPI, with("00000800 65000000")),
    ] {
        assert_eq!(decode(link, &bytes), hello(), "{link:?} {bytes:02x?}");
    }
    let ip = ipv6(17, &udp(4000, 4002, b"hello"));
    let v6 = ["[2001:db8::1]:4000 > [2001:db8::2]:4002 hello".to_owned()];
    assert_eq!(decode(LinkType::IPV6, &ip).0, v6);
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(0x86dd, &ip)).0, v6);
    for family in ["18000000", "1c000000", "1e000000", "0000001e"] {
        assert_eq!(decode(LinkType::NULL, &[&hex(family), &ip[..]].concat()).0, v6);
    }
}

#[test]
fn icmp_tells_which_datagram_did_not_arrive() {
    let ports = |told: Option<crate::decode::Unreachable>| {
        told.map(|told| {
            format!("{} > {}: {} by {}", told.source, told.destination, told.what, told.reporter.ip())
        })
    };
    let mut bench = Bench::new();
    let mut told = |link, bytes: &[u8]| {
        bench.decode(link, bytes);
        ports(bench.decoder.unreachable())
    };
    let error = |kind: u8, code: u8, quoted: &[u8]| [&[kind, code, 0, 0, 0, 0, 0, 0], quoted].concat();
    let quoted = ipv4_udp(b"hello");
    let port = Some("192.0.2.1:4000 > 192.0.2.2:4002: port by 192.0.2.1".to_owned());
    assert_eq!(told(LinkType::IPV4, &ipv4(1, &error(3, 3, &quoted))), port);
    assert_eq!(
        told(LinkType::IPV4, &ipv4(1, &error(3, 3, &quoted[..28]))),
        port,
        "cut behind the UDP header"
    );
    assert_eq!(told(LinkType::IPV4, &ipv4(1, &error(3, 3, &quoted[..22]))), None);
    assert_eq!(told(LinkType::IPV4, &ipv4(1, &error(8, 0, &quoted))), None, "an echo");
    assert_eq!(told(LinkType::IPV4, &ipv4(1, &[3, 3])), None);
    let quoted = ipv6(17, &udp(5060, 5061, b""));
    let told = told(LinkType::IPV6, &ipv6(58, &error(1, 4, &quoted)));
    assert_eq!(told.as_deref(), Some("[2001:db8::1]:5060 > [2001:db8::2]:5061: port by 2001:db8::1"));
}

#[test]
fn cooked_v2_tells_devices_apart() {
    let packet = |device: u8| {
        [&hex("0800 0000 000000")[..], &[device], &hex("0001 00 06 020000000001 0000"), &ipv4_udp(b"x")]
            .concat()
    };
    let mut bench = Bench::new();
    bench.decode(LinkType::LINUX_SLL2, &packet(3));
    bench.decode(LinkType::LINUX_SLL2, &packet(4));
    bench.decode(LinkType::LINUX_SLL2, &packet(3));
    assert_eq!(bench.labels(), ["device 3", "device 4"]);
    assert_eq!(bench.decoder.paths()[0].packets, 2);
}

#[test]
fn tags_between_ethernet_and_ip() {
    let ip = ipv4_udp(b"hello");
    let with = |ethertype: u16, prefix: &str| ethernet(ethertype, &[&hex(prefix), &ip[..]].concat());
    for (bytes, path) in [
        (with(0x8100, "a00c 0800"), "VLAN 12"),
        (with(0x8100, "e000 0800"), "interface 0"),
        (with(0x88a8, "0064 8100 000c 0800"), "VLAN 100, VLAN 12"),
        (with(0x9100, "0064 8100 000c 0800"), "VLAN 100, VLAN 12"),
        (with(0x8864, "1100 0007 0023 0021"), "PPPoE session 7"),
        (with(0x8100, "000c 8864 1100 0007 0023 0021"), "VLAN 12, PPPoE session 7"),
        (with(0x8847, "00064040 00010140"), "MPLS label 16"),
        (with(0x8926, "00000000 0800"), "interface 0"),
    ] {
        assert_eq!(decode(LinkType::ETHERNET, &bytes), hello(), "{path}");
        assert_eq!(label(LinkType::ETHERNET, &bytes), path);
    }
    let frame = ethernet(0x0800, &ip);
    let label = [&hex("00010140")[..], &frame].concat();
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(0x8847, &label)), hello());
    let control_word = [&hex("00010140 00000000")[..], &frame].concat();
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(0x8847, &control_word)), hello());
}

#[test]
fn llc_and_snap() {
    let ip = ipv4_udp(b"hello");
    let snap = [&hex("aaaa03 000000 0800")[..], &ip].concat();
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(snap.len() as u16, &snap)), hello());
    let sap = [&hex("060603")[..], &ip].concat();
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(sap.len() as u16, &sap)), hello());
    let stp = ethernet(38, &[&hex("424203")[..], &[0; 43]].concat());
    assert_eq!(decode(LinkType::ETHERNET, &stp), nothing("other llc frame"));
    let tagged = ethernet(0x8100, &[&hex("0001 0026 424203")[..], &[0; 43]].concat());
    assert_eq!(decode(LinkType::ETHERNET, &tagged), nothing("other llc frame"));
}

#[test]
fn padding_cut_and_offload_lengths() {
    let whole = ethernet(0x0800, &ipv4_udp(b"hello"));
    let padded = [&whole[..], &[0; 13]].concat();
    assert_eq!(decode(LinkType::ETHERNET, &padded), hello());
    let cut = decode(LinkType::ETHERNET, &whole[..whole.len() - 3]);
    assert_eq!(cut.0, ["192.0.2.1:4000 > 192.0.2.2:4002 he +3"]);
    for (len, reason) in
        [(41, "truncated udp header"), (33, "truncated ip header"), (13, "truncated link header")]
    {
        assert_eq!(decode(LinkType::ETHERNET, &whole[..len]), nothing(reason));
    }
    assert_eq!(decode(LinkType::ETHERNET, &[]), nothing("empty packet"));
    // Segmentation offload: total length 0, and a UDP length of 0.
    let mut offload = whole.clone();
    offload[16..18].fill(0);
    assert_eq!(decode(LinkType::ETHERNET, &offload), hello());
    offload[38..40].fill(0);
    assert_eq!(decode(LinkType::ETHERNET, &offload), hello());
    // A UDP length that ends before the IP payload does.
    let mut short = whole.clone();
    short[38..40].copy_from_slice(&[0, 12]);
    assert_eq!(decode(LinkType::ETHERNET, &short).0, ["192.0.2.1:4000 > 192.0.2.2:4002 hell"]);
}

#[test]
fn options_and_extension_headers() {
    let datagram = udp(4000, 4002, b"hello");
    let mut ip = ipv4(17, &[&[1; 8][..], &datagram].concat());
    ip[0] = 0x47;
    assert_eq!(decode(LinkType::RAW, &ip), hello());
    // Authentication header of 12 bytes and 12 of check value.
    let ah = [&hex("11 04 0000 00000001 00000001")[..], &[0; 12], &datagram].concat();
    assert_eq!(decode(LinkType::RAW, &ipv4(51, &ah)), hello());
    // Hop-by-hop, destination options, routing (16 bytes), a fragment header that does not fragment, AH.
    let chain =
        "3c 00 0104 00000000  2b 00 0104 00000000  2c 01 0000 000000000000000000000000  33 00 0000 00000009";
    let packet = ipv6(0, &[&hex(chain)[..], &ah].concat());
    assert_eq!(decode(LinkType::RAW, &packet).0, ["[2001:db8::1]:4000 > [2001:db8::2]:4002 hello"]);
    assert_eq!(decode(LinkType::RAW, &packet[..50]), nothing("truncated ip header"));
    assert_eq!(decode(LinkType::RAW, &[0x43; 40]), nothing("malformed ip header"));
    assert_eq!(decode(LinkType::RAW, &[0x73; 40]), nothing("not ip"));
}

#[test]
fn what_is_no_item_is_named() {
    let quoted = [&hex("03 03 0000 00000000")[..], &ipv4_udp(b"hello")].concat();
    assert_eq!(decode(LinkType::RAW, &ipv4(1, &quoted)), nothing("other ip protocol"));
    let quoted = [&hex("01 04 0000 00000000")[..], &ipv6(17, &udp(1, 2, b"hello"))].concat();
    assert_eq!(decode(LinkType::RAW, &ipv6(58, &quoted)), nothing("other ip protocol"));
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(0x88cc, &[0; 46])), nothing("other ethertype"));
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(0x8863, &[0; 46])), nothing("other ethertype"));
    assert_eq!(decode(LinkType(0x7fff), &[1]), nothing("unsupported link type"));
    assert_eq!(decode(LinkType::NULL, &[9, 0, 0, 0]), nothing("other address family"));
    assert_eq!(decode(LinkType::PPP, &hex("ff03 c021 01")), nothing("other ppp protocol"));
}

#[test]
fn tcp_segments() {
    let segment = hex("0fa0 13c4 ffffffff 00000000 6018 0000 0000 0000 01010101 68656c6c6f");
    let mut bench = Bench::new();
    let items = bench.decode(LinkType::RAW, &ipv4(6, &segment));
    let Owned::Tcp { sequence, flags, .. } = items[0] else { panic!("{items:?}") };
    assert_eq!((sequence, flags), (u32::MAX, 0x18));
    assert_eq!(items[0].line(), "192.0.2.1:4000 > 192.0.2.2:5060 hello");
    // A SYN takes a number: its first payload byte is the next one.
    let mut syn = segment.clone();
    syn[13] = 2;
    let items = bench.decode(LinkType::RAW, &ipv4(6, &syn));
    assert!(matches!(items[0], Owned::Tcp { sequence: 0, flags: 2, .. }), "{items:?}");
    assert_eq!(decode(LinkType::RAW, &ipv4(6, &segment[..19])), nothing("truncated tcp header"));
    let mut bad = segment;
    bad[12] = 0x40;
    assert_eq!(decode(LinkType::RAW, &ipv4(6, &bad)), nothing("malformed tcp header"));
}

#[test]
fn fragments_complete_in_any_order_and_once_per_path() {
    let datagram = udp(4000, 4002, b"hello, hello, hello");
    let parts = [ipv4_part(17, 0x2000, &datagram[..16]), ipv4_part(17, 2, &datagram[16..])];
    for order in [[0, 1], [1, 0]] {
        let mut bench = Bench::new();
        assert!(bench.decode(LinkType::RAW, &parts[order[0]]).is_empty());
        assert_eq!(bench.reasons(), [("ip fragment incomplete", 1)]);
        // The same fragment on another path belongs to another copy.
        assert!(
            bench
                .decode(
                    LinkType::ETHERNET,
                    &ethernet(0x8100, &[&hex("0001 0800"), &parts[order[1]][..]].concat())
                )
                .is_empty()
        );
        let items = bench.decode(LinkType::RAW, &parts[order[1]]);
        assert_eq!(items[0].line(), "192.0.2.1:4000 > 192.0.2.2:4002 hello, hello, hello");
        assert_eq!((items[0].cx().fragmented, items[0].cx().frame), (true, 3));
        let waiting = NotDecoded { packets: 1, first_frame: 2 };
        assert_eq!(bench.decoder.not_decoded().get("ip fragment incomplete"), Some(&waiting));
    }
}

#[test]
fn ipv6_fragments_with_options_inside() {
    // Destination options belong to the fragmented part; the next header of later fragments is not trusted.
    let inner = [&hex("11 00 0104 00000000")[..], &udp(4000, 4002, b"hello, hello!!!!")].concat();
    let part = |next: u8, place: u16, bytes: &[u8]| {
        ipv6(44, &[&[next, 0][..], &place.to_be_bytes(), &[0, 0, 0, 7], bytes].concat())
    };
    let mut bench = Bench::new();
    assert!(bench.decode(LinkType::RAW, &part(51, 16, &inner[16..])).is_empty());
    let items = bench.decode(LinkType::RAW, &part(60, 1, &inner[..16]));
    assert_eq!(items[0].line(), "[2001:db8::1]:4000 > [2001:db8::2]:4002 hello, hello!!!!");
    assert!(items[0].cx().fragmented && bench.reasons().is_empty());
}

#[test]
fn a_cut_fragment_is_not_used() {
    let part = ipv4_part(17, 0x2000, &[0; 64]);
    assert_eq!(decode(LinkType::RAW, &part[..60]), nothing("truncated ip fragment"));
    assert_eq!(decode(LinkType::RAW, &ipv4_part(17, 0x1fff, &[0; 64])), nothing("ip fragment beyond 64 KiB"));
}
