//! Recorded captures with known truths.

use super::*;
use crate::decode::tcp::SipStreams;
use crate::sip::looks_like_sip;
use crate::testing::capture;

/// All items of a capture, and the bench that decoded them.
fn items(name: &str) -> Option<(Vec<Owned>, Bench)> {
    let packets = capture(name)?;
    let mut bench = Bench::new();
    let items = packets.iter().flat_map(|recorded| bench.packet(&recorded.packet())).collect();
    Some((items, bench))
}

fn sip_datagrams(items: &[Owned]) -> Vec<&Owned> {
    items.iter().filter(|item| matches!(item, Owned::Udp { .. }) && looks_like_sip(item.payload())).collect()
}

fn count_start(sip: &[&Owned], start: &str) -> usize {
    sip.iter().filter(|item| item.payload().starts_with(start.as_bytes())).count()
}

#[test]
fn erspan_two_and_three() {
    let Some((items, bench)) = items("erspan-type-ii-3.pcap") else { return };
    assert!(items.is_empty());
    // 70 STP, 28 SONMP behind a VLAN tag, 10 ARP behind one: sequence 106954..=107061 without a gap.
    assert_eq!(bench.reasons(), [("other ethertype", 10), ("other llc frame", 98)]);
    let session = &bench.decoder.paths()[0];
    assert_eq!(session.label, "ERSPAN II 192.168.1.172 > 192.168.1.249 session 101");
    assert_eq!((session.packets, session.mirror_lost), (108, Some(0)));

    let Some((items, bench)) = super::captures::items("erspan-type-iii-ft-7.pcap") else { return };
    assert!(items.is_empty());
    assert_eq!(bench.reasons(), [("other erspan frame type", 58)]);
    let session = &bench.decoder.paths()[0];
    assert_eq!((session.packets, session.mirror_lost), (58, Some(0)));
}

#[test]
fn vxlan_icmp() {
    let Some((items, bench)) = items("vxlan-icmp.pcap") else { return };
    assert!(items.is_empty());
    assert_eq!(bench.reasons(), [("other ethertype", 2), ("other ip protocol", 8)]);
    assert_eq!(bench.labels().len(), 2);
    assert!(bench.labels().iter().all(|label| label.starts_with("VXLAN 192.168.56.1")));
}

#[test]
fn hep3_carries_sip_beside_a_log_and_a_report() {
    let Some((items, bench)) = items("hep3-sip.pcap") else { return };
    let sip = sip_datagrams(&items);
    assert_eq!((items.len(), sip.len()), (6, 6));
    assert_eq!(bench.reasons(), [("other tunnel payload", 2)]);
    assert_eq!(["INVITE ", "OPTIONS ", "PUBLISH ", "SIP/2.0 "].map(|s| count_start(&sip, s)), [1, 1, 1, 3]);
    assert!(sip.iter().all(|item| item.cx().destination.port != 9060));
    assert_eq!(sip[0].cx().source.to_string(), "192.168.1.1:5060");
    assert_eq!(sip[0].cx().destination.to_string(), "192.168.1.2:5060");
}

#[test]
fn tzsp_on_a_foreign_port() {
    let Some((items, bench)) = items("tzsp-http.pcapng") else { return };
    assert_eq!(items.len(), 5);
    assert!(items.iter().all(|item| matches!(item, Owned::Tcp { .. })));
    assert!(items[0].payload().starts_with(b"GET / HTTP/1.1\r\n"));
    assert_eq!(bench.labels(), ["TZSP 192.168.88.1 > 192.168.88.123"]);
}

#[test]
fn ipv6_fragments() {
    let Some((items, bench)) = items("sip-ipv6-fragments.pcap") else { return };
    let sip = sip_datagrams(&items);
    assert_eq!((items.len(), sip.len(), bench.reasons().len()), (32, 32, 0));
    assert_eq!(
        ["INVITE ", "PRACK ", "UPDATE ", "SIP/2.0 200", "SIP/2.0 183"].map(|s| count_start(&sip, s)),
        [2, 4, 4, 13, 4]
    );
    let fragmented: Vec<u64> =
        items.iter().filter(|item| item.cx().fragmented).map(|item| item.cx().frame).collect();
    assert_eq!(fragmented, [2, 5]);
}

#[test]
fn ipv4_fragments_and_quoting_icmp() {
    let Some((items, bench)) = items("sip-answer-and-cancel.pcapng") else { return };
    let sip = sip_datagrams(&items);
    assert_eq!((sip.len(), count_start(&sip, "INVITE "), count_start(&sip, "SIP/2.0 487")), (40, 6, 2));
    let fragmented: Vec<u64> =
        items.iter().filter(|item| item.cx().fragmented).map(|item| item.cx().frame).collect();
    assert_eq!(fragmented, [256, 277, 566, 748]);
    assert!(bench.decoder.not_decoded().get("ip fragment incomplete").is_none());
    // 19 ICMP errors and one ICMPv6 message: none of the datagrams that they quote is an item.
    let udp = items.iter().filter(|item| matches!(item, Owned::Udp { .. })).count();
    let tcp = items.iter().filter(|item| matches!(item, Owned::Tcp { .. })).count();
    assert_eq!((udp, tcp), (859 - 145 - 14 - 20 - 4, 145));
}

#[test]
fn sip_in_pppoe() {
    let Some((items, bench)) = items("sip-dtmf-info-pppoe.pcap") else { return };
    let sip = sip_datagrams(&items);
    assert_eq!((items.len(), sip.len(), bench.reasons().len()), (32, 32, 0));
    assert_eq!((count_start(&sip, "INVITE "), count_start(&sip, "INFO ")), (5, 4));
    assert!(bench.labels().iter().all(|label| label.starts_with("PPPoE session ")));
}

/// SIP messages of the TCP streams of a capture: frame that completed it and length.
fn tcp_messages(name: &str) -> Option<Vec<(u64, Vec<u8>)>> {
    let (items, _) = items(name)?;
    let mut streams = SipStreams::new(&Config::default());
    let mut messages = Vec::new();
    for item in items {
        let Owned::Tcp { cx, sequence, flags, payload } = item else { continue };
        streams.segment(&cx, sequence, flags, &payload, |cx, message| {
            messages.push((cx.frame, message.to_vec()));
        });
    }
    assert_eq!(streams.bytes_skipped(), 0);
    Some(messages)
}

#[test]
fn sip_over_tcp() {
    let Some(messages) = tcp_messages("sip-tcp.pcap") else { return };
    let frames: Vec<u64> = messages.iter().map(|message| message.0).collect();
    assert_eq!(frames, [6, 8]);
    assert!(messages[0].1.starts_with(b"REGISTER ") && messages[1].1.starts_with(b"SIP/2.0 200 "));
    assert_eq!(messages[0].1.len(), 585);
}

#[test]
fn a_body_over_several_segments() {
    let Some(messages) = tcp_messages("sip-body-large.pcap") else { return };
    let lengths: Vec<(u64, usize)> = messages.iter().map(|message| (message.0, message.1.len())).collect();
    assert_eq!(lengths, [(9, 65_793), (11, 207)]);
    let body =
        messages[0].1.windows(4).position(|four| four == b"\r\n\r\n").map(|at| messages[0].1.len() - at - 4);
    assert_eq!(body, Some(65_536));
}

/// Path label, mirror loss, and how many RTP packets came that way.
fn rtp_by_path(items: &[Owned], bench: &Bench) -> Vec<(String, Option<u64>, usize)> {
    let paths = bench.decoder.paths().iter().enumerate();
    let rtp = |id: usize| {
        items
            .iter()
            .filter(|item| usize::from(item.cx().path.0) == id && item.cx().destination.port == 20002)
            .count()
    };
    paths.map(|(id, path)| (path.label.clone(), path.mirror_lost, rtp(id))).collect()
}

#[test]
fn one_stream_on_six_mirrors() {
    let Some((items, bench)) = items("mirrors-and-air/mirror-netem.pcap") else { return };
    assert_eq!(items.len(), 6 * 287);
    assert!(items.iter().all(|item| item.cx().dscp == 46));
    let mut paths = rtp_by_path(&items, &bench);
    paths.sort();
    let expected = [
        ("ERSPAN I 10.9.0.1 > 10.9.0.2", None),
        ("ERSPAN II 10.9.0.1 > 10.9.0.2 session 100", Some(0)),
        ("ERSPAN III 10.9.0.1 > 10.9.0.2 session 101", Some(0)),
        ("GENEVE 10.9.0.1 > 10.9.0.2 VNI 42", None),
        ("GRE-TEB 10.9.0.1 > 10.9.0.2", None),
        ("VXLAN 10.9.0.1 > 10.9.0.2 VNI 42", None),
    ];
    assert_eq!(paths, expected.map(|(label, lost)| (label.to_owned(), lost, 287)));
}

#[test]
fn a_cut_mirror_with_noise() {
    let Some((items, bench)) = items("mirrors-and-air/sample-mirror.pcap") else { return };
    let mut paths = rtp_by_path(&items, &bench);
    paths.sort();
    let of = |name: &str| paths.iter().find(|path| path.0.starts_with(name)).map(|path| (path.1, path.2));
    assert_eq!(of("ERSPAN I "), Some((None, 284)));
    assert_eq!(of("ERSPAN II "), Some((Some(0), 283)));
    assert_eq!(of("ERSPAN III "), Some((Some(0), 283)));
    for name in ["GRE-TEB ", "VXLAN ", "GENEVE "] {
        assert_eq!(of(name), Some((None, 283)));
    }
    // Three ICMP errors of the collector quote mirrored packets.
    assert_eq!(items.iter().filter(|item| item.cx().destination.port == 20002).count(), 284 + 5 * 283);
}

#[test]
fn frames_from_the_air() {
    let Some(packets) = capture("wifi-dns-radiotap.pcap") else { return };
    for recorded in &packets {
        let packet = recorded.packet();
        let mut bench = Bench::new();
        let items = bench.packet(&packet);
        // What the Wi-Fi room makes of the frame is what has to come out, whatever that is.
        let Some((radio, frame)) = crate::wifi::strip_captured(packet.link, packet.bytes, packet.orig_len)
        else {
            assert_eq!(bench.reasons(), [("malformed radio header", 1)]);
            continue;
        };
        let Owned::Dot11 { radio: seen, frame: bytes, cx } = &items[0] else { panic!("{items:?}") };
        assert_eq!((seen, &bytes[..], cx.source.port), (&radio, frame, 0));
        let inner = crate::wifi::network_payload(frame).map(|payload| payload.0);
        assert_eq!(items.len(), if matches!(inner, Some(0x0800 | 0x86dd)) { 2 } else { 1 });
    }
}

/// UDP datagrams, SIP among them, and TCP segments, as tshark 4.0.17 counts them (fragments reassembled, what
/// ICMP quotes left out).
const COUNTS: [(&str, usize, usize, usize); 28] = [
    ("arp-storm.pcap", 0, 0, 0),
    ("dns.cap", 38, 0, 0),
    ("fax-call-t38-accepted.pcap", 1169, 21, 0),
    ("fax-call-t38-refused.pcap", 7217, 92, 0),
    ("magicjack-short-call.pcap", 1319, 11, 31),
    ("pcapng-many-interfaces.pcapng", 32, 0, 32),
    ("pop3.pcap", 16, 0, 162),
    ("rtcp-compound.pcap", 5, 0, 0),
    ("rtp-rtcp-xr.pcap", 2490, 0, 42),
    ("sip-answer-and-cancel.pcapng", 676, 40, 145),
    ("sip-blind-transfer.pcapng", 4513, 54, 210),
    ("sip-body-large.pcap", 0, 0, 16),
    ("sip-call-rtp-g711.pcap", 3583, 14, 522),
    ("sip-dtmf-info-pppoe.pcap", 32, 32, 0),
    ("sip-dtmf-rfc2833-decline.cap", 1360, 29, 0),
    ("sip-failures-aaa.pcap", 590, 81, 57),
    ("sip-forward-302.cap", 95, 91, 0),
    ("sip-forwarded-181.pcapng", 6, 5, 0),
    ("sip-ipv6-fragments.pcap", 32, 32, 0),
    ("sip-responses.pcap", 6, 6, 1),
    ("sip-rtp-g711.pcap", 852, 10, 0),
    ("sip-scanner-ipfixprobe.pcap", 43, 40, 0),
    ("sip-t38-signalling.pcap", 18, 18, 0),
    ("sip-tcp.pcap", 0, 0, 11),
    ("sip-video-call.pcapng", 2781, 30, 135),
    ("sip-zrtp-srtp.pcap", 1042, 27, 0),
    ("smtp.pcap", 3, 0, 53),
    ("umts-iu-amr.pcap", 270, 0, 0),
];

#[test]
fn counts_as_tshark() {
    for (name, udp, sip, tcp) in COUNTS {
        let Some((items, bench)) = items(name) else { continue };
        let count = |wanted: fn(&Owned) -> bool| items.iter().filter(|item| wanted(item)).count();
        let udp_seen = count(|item| matches!(item, Owned::Udp { .. }));
        let tcp_seen = count(|item| matches!(item, Owned::Tcp { .. }));
        assert_eq!((udp_seen, sip_datagrams(&items).len(), tcp_seen), (udp, sip, tcp), "{name}");
        let damage = ["truncated", "malformed", "incomplete", "unsupported", "not ip"];
        let damaged = bench.reasons().iter().any(|reason| damage.iter().any(|word| reason.0.contains(word)));
        assert!(!damaged, "{name}: {:?}", bench.reasons());
    }
}
