//! Tunnels and mirrors.

use super::*;

fn frame() -> Vec<u8> {
    ethernet(0x0800, &ipv4_udp(b"hello"))
}

/// Outer 10.9.0.1 > 10.9.0.2.
fn outer(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut ip = ipv4(protocol, payload);
    ip[12..20].copy_from_slice(&[10, 9, 0, 1, 10, 9, 0, 2]);
    ip
}

fn gre(header: &str, payload: &[u8]) -> Vec<u8> {
    outer(47, &[&hex(header)[..], payload].concat())
}

fn in_udp(port: u16, header: &str, payload: &[u8]) -> Vec<u8> {
    outer(17, &udp(40000, port, &[&hex(header)[..], payload].concat()))
}

#[test]
fn every_tunnel_gives_its_inner_datagram_and_its_path() {
    let (ip, frame) = (ipv4_udp(b"hello"), frame());
    for (packet, path) in [
        (gre("0000 0800", &ip), "GRE 10.9.0.1 > 10.9.0.2"),
        (gre("b000 0800 00000000 00000007 00000001", &ip), "GRE 10.9.0.1 > 10.9.0.2 key 7"),
        (gre("0000 6558", &frame), "GRE-TEB 10.9.0.1 > 10.9.0.2"),
        (gre("2000 6558 00001401", &frame), "GRE-TEB 10.9.0.1 > 10.9.0.2 key 5121"),
        (gre("0000 8847 00010140", &ip), "GRE 10.9.0.1 > 10.9.0.2, MPLS label 16"),
        (gre("3001 880b 00270005 00000001 0021", &ip), "PPTP 10.9.0.1 > 10.9.0.2 call 5"),
        (gre("3081 880b 00270005 00000001 00000001 ff03 0021", &ip), "PPTP 10.9.0.1 > 10.9.0.2 call 5"),
        (gre("0000 88be", &frame), "ERSPAN I 10.9.0.1 > 10.9.0.2"),
        (gre("1000 88be 00000001 1000 0064 0000007b", &frame), "ERSPAN II 10.9.0.1 > 10.9.0.2 session 100"),
        (
            gre("1000 22eb 00000001 2000 0065 00000000 0000 0000", &frame),
            "ERSPAN III 10.9.0.1 > 10.9.0.2 session 101",
        ),
        (
            gre("1000 22eb 00000001 2000 0065 00000000 0000 0001 0000000000000000", &frame),
            "ERSPAN III 10.9.0.1 > 10.9.0.2 session 101",
        ),
        (
            gre("1000 22eb 00000001 2000 0065 00000000 0000 0800", &ip),
            "ERSPAN III 10.9.0.1 > 10.9.0.2 session 101",
        ),
        (in_udp(4789, "08000000 00002a00", &frame), "VXLAN 10.9.0.1 > 10.9.0.2 VNI 42"),
        (in_udp(8472, "08000000 00002a00", &frame), "VXLAN 10.9.0.1 > 10.9.0.2 VNI 42"),
        (in_udp(4790, "0c000001 00002a00", &ip), "VXLAN-GPE 10.9.0.1 > 10.9.0.2 VNI 42"),
        (in_udp(4790, "0c000003 00002a00", &frame), "VXLAN-GPE 10.9.0.1 > 10.9.0.2 VNI 42"),
        (in_udp(6081, "0000 6558 00002a00", &frame), "GENEVE 10.9.0.1 > 10.9.0.2 VNI 42"),
        (in_udp(6081, "0240 0800 00002a00 0108 8001 00000000", &ip), "GENEVE 10.9.0.1 > 10.9.0.2 VNI 42"),
        (in_udp(2152, "30ff 0021 00000009", &ip), "GTP-U 10.9.0.1 > 10.9.0.2 TEID 9"),
        (in_udp(2152, "34ff 0029 00000009 00000085 01100000", &ip), "GTP-U 10.9.0.1 > 10.9.0.2 TEID 9"),
        (outer(4, &ip), "IP-in-IP 10.9.0.1 > 10.9.0.2"),
        (in_udp(37008, "01000001 0a 01 d8 01", &frame), "TZSP 10.9.0.1 > 10.9.0.2"),
        (in_udp(31337, "01000001 01", &frame), "TZSP 10.9.0.1 > 10.9.0.2"),
    ] {
        assert_eq!(decode(LinkType::RAW, &packet), hello(), "{path}");
        assert_eq!(label(LinkType::RAW, &packet), path);
    }
    let in_four = decode(LinkType::RAW, &outer(41, &ipv6(17, &udp(4000, 4002, b"hello"))));
    assert_eq!(in_four.0, ["[2001:db8::1]:4000 > [2001:db8::2]:4002 hello"]);
    assert_eq!(decode(LinkType::TZSP, &[&hex("01000001 01")[..], &frame].concat()), hello());
}

#[test]
fn media_on_a_tunnel_port_stays_media() {
    let rtp = hex("8000 0001 000000a0 53535243 d5d5d5d5 d5d5d5d5 d5d5d5d5");
    for port in [2152, 4789, 4790, 5000, 6081, 8472, 9060, 37008] {
        let mut bench = Bench::new();
        let items = bench.decode(LinkType::RAW, &in_udp(port, "", &rtp));
        assert_eq!(items.len(), 1, "{port}");
        assert_eq!((items[0].cx().destination.port, items[0].payload()), (port, &rtp[..]));
    }
    // TZSP elsewhere is believed only with a plain frame inside.
    let (items, _) = decode(LinkType::RAW, &in_udp(31337, "01000001 01", &[0x61; 40]));
    assert_eq!(items.len(), 1);
    assert!(items[0].starts_with("10.9.0.1:40000 > 10.9.0.2:31337"));
}

#[test]
fn mirror_sequence_numbers_tell_mirror_loss() {
    let mut bench = Bench::new();
    for number in [7_u32, 8, 10, 9, 13, 13] {
        let header = format!("1000 88be {number:08x} 1000 0064 0000007b");
        assert_eq!(bench.decode(LinkType::RAW, &gre(&header, &frame())).len(), 1);
    }
    let [path] = bench.decoder.paths() else { panic!("{:?}", bench.labels()) };
    assert_eq!((path.packets, path.mirror_lost), (6, Some(2)));
    bench.decode(LinkType::RAW, &gre("0000 88be", &frame()));
    assert_eq!(bench.decoder.paths()[1].mirror_lost, None);
}

#[test]
fn depth_is_bounded() {
    let nest = |layers: usize| (0..layers).fold(ipv4_udp(b"hello"), |inner, _| outer(4, &inner));
    assert_eq!(decode(LinkType::RAW, &nest(8)), hello());
    assert_eq!(decode(LinkType::RAW, &nest(9)), nothing("encapsulation too deep"));
    let tags = ethernet(0x8100, &[&hex("0001 8100").repeat(5000)[..], &[0; 40]].concat());
    assert_eq!(decode(LinkType::ETHERNET, &tags), nothing("encapsulation too deep"));
    let tags = ethernet(
        0x8100,
        &[&hex("0000 8100").repeat(5000)[..], &hex("0000 0800"), &ipv4_udp(b"hello")].concat(),
    );
    assert_eq!(decode(LinkType::ETHERNET, &tags), hello());
}

#[test]
fn tunnel_damage_is_counted() {
    let frame = frame();
    for (packet, reason) in [
        (gre("1000 88be 0000", &[]), "truncated tunnel header"),
        (gre("1000 88be 00000001 1000", &[]), "truncated tunnel header"),
        (gre("1000 88be 00000001 3000 0064 0000007b", &frame), "malformed tunnel header"),
        (gre("4000 0800 00000000", &[]), "malformed tunnel header"),
        (gre("0002 0800", &[]), "malformed tunnel header"),
        (gre("0000 1234", &[]), "other tunnel payload"),
        (gre("1000 22eb 00000001 2000 0065 00000000 0000 1c00", &frame), "other erspan frame type"),
        (in_udp(6081, "3f00 6558 00002a00", &frame), "truncated tunnel header"),
        (in_udp(2152, "30ff 0004 00000009 00000000", &[]), "other tunnel payload"),
        (in_udp(4789, "08000000 00002a00", &[1, 2, 3]), "truncated link header"),
        (in_udp(37008, "01040001 01", &[]), "other tunnel payload"),
    ] {
        assert_eq!(decode(LinkType::RAW, &packet), nothing(reason), "{packet:02x?}");
    }
}

fn hep3(payload_chunk: &[u8]) -> Vec<u8> {
    let chunks =
        hex("0000 0001 0007 02  0000 0002 0007 11  0000 0003 000a c0000201  0000 0004 000a c0000202 \
         0000 0007 0008 0fa0  0000 0008 0008 0fa2  0000 0009 000a 00000001  0000 000a 000a 00000002 \
         0000 000b 0007 01  0000 000c 000a 000007d1  0001 000f 0008 ffff");
    let len = (6 + chunks.len() + payload_chunk.len()) as u16;
    [&b"HEP3"[..], &len.to_be_bytes(), &chunks, payload_chunk].concat()
}

#[test]
fn hep_gives_the_addresses_that_the_probe_saw() {
    let plain = hep3(&hex("0000 000f 000b 68656c6c6f"));
    let label_of = "HEP 10.9.0.1 > 10.9.0.2 agent 2001";
    for port in [9060, 12345] {
        let packet = in_udp(port, "", &plain);
        assert_eq!(decode(LinkType::RAW, &packet), hello());
        assert_eq!(label(LinkType::RAW, &packet), label_of);
        // Cut by the capture: two bytes of the payload are missing.
        let cut = decode(LinkType::RAW, &packet[..packet.len() - 2]);
        assert_eq!(cut.0, ["192.0.2.1:4000 > 192.0.2.2:4002 hel +2"]);
    }
    // zlib of "hello".
    let zlib = hep3(&hex("0000 0010 0013 789ccb48cdc9c907 00062c0215"));
    assert_eq!(decode(LinkType::RAW, &in_udp(9060, "", &zlib)), hello());
    let broken = hep3(&hex("0000 0010 000b 68656c6c6f"));
    assert_eq!(decode(LinkType::RAW, &in_udp(9060, "", &broken)), nothing("malformed tunnel header"));
    // Versions 1 and 2; the length of version 2 with and without the time.
    let v1 = "01 10 02 11 0fa0 0fa2 c0000201 c0000202";
    assert_eq!(decode(LinkType::RAW, &in_udp(9060, v1, b"hello")), hello());
    for len in ["10", "1c"] {
        let v2 = format!("02 {len} 02 11 0fa0 0fa2 c0000201 c0000202 00000001 00000002 0007 0000");
        assert_eq!(decode(LinkType::RAW, &in_udp(9060, &v2, b"hello")), hello());
        assert_eq!(label(LinkType::RAW, &in_udp(9060, &v2, b"hello")), "HEP 10.9.0.1 > 10.9.0.2 agent 7");
    }
    let v6 = "01 28 0a 11 0fa0 0fa2 20010db8000000000000000000000001 20010db8000000000000000000000002";
    let (items, _) = decode(LinkType::RAW, &in_udp(9060, v6, b"hello"));
    assert_eq!(items, ["[2001:db8::1]:4000 > [2001:db8::2]:4002 hello"]);
}

/// A beacon's first bytes and a frame check sequence.
const BEACON: &str = "80000000 ffffffffffff 020000000000 020000000000 0000 0102030405060708 6400 0104";

#[test]
fn peekremote_old_and_new() {
    let beacon = hex(BEACON);
    let len = beacon.len() as u16 + 4;
    let old = format!("c8 a1 {len:04x} {len:04x} 00 00 0000000000001000 02 06 50 0a {BEACON} deadbeef");
    let ng = format!(
        "00ffabcd 02 00000037 00000006 0000 0024 0000143c 00000000 00000000 50 0a c8 a1 c8000000 a1000000 \
         {len:04x} 0000 02 00 0000000000001000 {BEACON} deadbeef"
    );
    for (port, header) in [(5000, old.as_str()), (5000, &ng), (7777, &ng)] {
        let mut bench = Bench::new();
        let items = bench.decode(LinkType::RAW, &in_udp(port, header, &[]));
        let Owned::Dot11 { radio, frame, .. } = &items[0] else { panic!("{items:?}") };
        assert_eq!(frame, &beacon);
        assert_eq!((radio.tsft, radio.signal_dbm, radio.noise_dbm), (Some(4096), Some(-56), Some(-95)));
        assert_eq!(bench.labels(), ["PEEKREMOTE 10.9.0.1 > 10.9.0.2"]);
        match header == ng {
            true => {
                assert_eq!((radio.channel, radio.frequency_mhz, radio.bad_fcs), (Some(36), Some(5180), true));
            }
            false => {
                assert_eq!((radio.channel, radio.rate_kbps, radio.bad_fcs), (Some(6), Some(1000), false));
            }
        }
    }
    let (items, _) = decode(LinkType::RAW, &in_udp(5001, &old, &[]));
    assert!(items[0].starts_with("10.9.0.1:40000 > 10.9.0.2:5001"));
}

#[test]
fn tzsp_with_802_11_tells_the_radio() {
    let packet =
        in_udp(37008, &format!("01000012 0a01c8 0c0102 120106 0d0400001000 1101 01 00 01 {BEACON}"), &[]);
    let mut bench = Bench::new();
    let items = bench.decode(LinkType::RAW, &packet);
    let Owned::Dot11 { radio, frame, .. } = &items[0] else { panic!("{items:?}") };
    let expected = Radio {
        tsft: Some(4096),
        channel: Some(6),
        signal_dbm: Some(-56),
        rate_kbps: Some(1000),
        bad_fcs: true,
        ..Radio::default()
    };
    assert_eq!((radio, frame), (&expected, &hex(BEACON)));
}

#[test]
fn aruba_erm_in_its_forms() {
    let beacon = hex(BEACON);
    let len = beacon.len() as u32 + 4;
    let record = format!("5f000000 00000001 {len:08x} {len:08x}");
    let radiotap = "0000 0a00 20000000 c4 00";
    let ppi = "0000 0800 69000000";
    for (header, fcs, signal) in [
        (format!("{record} 0002 06 3c"), "deadbeef", None),
        (radiotap.to_owned(), "", Some(-60)),
        (ppi.to_owned(), "", None),
    ] {
        let mut bench = Bench::new();
        let items = bench.decode(LinkType::RAW, &in_udp(5555, &format!("{header} {BEACON} {fcs}"), &[]));
        let Some(Owned::Dot11 { radio, frame, .. }) = items.first() else { panic!("{header}: {items:?}") };
        assert_eq!((frame, radio.signal_dbm), (&beacon, signal), "{header}");
        assert_eq!(bench.labels(), ["Aruba ERM 10.9.0.1 > 10.9.0.2"]);
    }
    // Another use of that port.
    let (items, _) = decode(LinkType::RAW, &in_udp(5555, "80000001 00000002 00000003", b"hello"));
    assert_eq!(items.len(), 1);
    assert!(items[0].starts_with("10.9.0.1:40000 > 10.9.0.2:5555"));
}

#[test]
fn a_longer_peekremote_ng_header_is_passed_by_its_size() {
    let fields = "00".repeat(40);
    let packet = in_udp(
        5000,
        &format!("00ffabcd 03 0000003d 00000009 0000 0000 {fields} 00000000 {BEACON} deadbeef"),
        &[],
    );
    let mut bench = Bench::new();
    let items = bench.decode(LinkType::RAW, &packet);
    let Some(Owned::Dot11 { radio, frame, .. }) = items.first() else { panic!("{items:?}") };
    assert_eq!((frame, radio), (&hex(BEACON), &Radio::default()));
}

#[test]
fn a_layer_tells_the_mirrors_own_time() {
    use super::super::peel::{self, Format, Inner, Stamp};
    let stamp = |granularity: u8| {
        let header = format!("1000 22eb 00000001 2000 0065 00000102 0000 00{:02x}", granularity << 1);
        peel::gre(&[&hex(&header)[..], &frame()].concat()).unwrap().stamp
    };
    assert_eq!(stamp(0), Some(Stamp::Ticks { value: 0x102, nanos: 100_000 }));
    assert_eq!(stamp(1), Some(Stamp::Ticks { value: 0x102, nanos: 100 }));
    assert_eq!(stamp(3), None);
    let chunks = "0000 0003 000a c0000201 0000 0004 000a c0000202 0000 0009 000a 6a000000 0000 000a 000a 000003e8 \
                  0000 000f 000b 68656c6c6f";
    let body = hex(chunks);
    let message = [b"HEP3", &(body.len() as u16 + 6).to_be_bytes()[..], &body].concat();
    let layer = peel::datagram_as(Format::Hep, &message, message.len()).unwrap();
    assert_eq!(layer.stamp, Some(Stamp::Absolute(Nanos(0x6a00_0000 * Nanos::SECOND + 1_000_000))));
    assert!(matches!(layer.inner, Inner::Datagram { wire_len: 5, .. }));
    // On a port that says nothing, by content.
    assert!(peel::guess(&message, message.len()).is_some());
    assert!(peel::guess(&[&[8, 0, 0, 0, 0, 0, 1, 0][..], &frame()].concat(), 0).is_some());
    assert!(peel::guess(&[0x80, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xd5, 0xd5], 14).is_none());
}
