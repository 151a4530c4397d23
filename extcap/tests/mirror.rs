//! A recorded call, mirrored through every encapsulation: it arrives packet for packet, and the report is the same.

#![cfg(target_os = "linux")]

mod common;

use std::io::Write;
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

use airtone_engine::{LinkType, Nanos};
use airtone_extcap::source::Source;
use airtone_extcap::sys::datagram::now;
use common::capture::{Frame, Kept, collect, free_port, open, open_filtered, recorded, report, through_udp};
use common::wrap::{self, Hep};

const CALLS: [&str; 2] = ["sipp-hold", "baresip-g711-dtmf"];

fn links(source: &dyn Source) -> impl Fn(usize) -> LinkType {
    let links: Vec<LinkType> = source.interfaces().iter().map(|interface| interface.link).collect();
    move |interface| links[interface]
}

fn bytes(frames: &[Frame]) -> Vec<&[u8]> {
    frames.iter().map(|frame| &frame.bytes[..]).collect()
}

/// Every frame of a call wrapped by `wrap` comes out as it went in, on one interface of its own.
#[track_caller]
fn ethernet_arrives(options: &[(&str, &str)], name: &str, wrap: fn(&[u8]) -> Vec<u8>) {
    for call in CALLS {
        let sent = recorded(call);
        let port = free_port();
        let origin = format!("udp:{port}");
        let mut source = open(&[options, &[("source", origin.as_str())]].concat()).unwrap();
        let datagrams: Vec<Vec<u8>> = sent.iter().map(|frame| wrap(&frame.bytes)).collect();
        let (got, _) = through_udp(&mut *source, port, &datagrams);
        assert!(bytes(&got.frames) == bytes(&sent), "{} of {}: {:?}", got.frames.len(), sent.len(), got.log);
        let used = got.frames[0].interface;
        assert!(got.frames.iter().all(|frame| frame.interface == used));
        assert_eq!(source.interfaces()[used].name, format!("{origin} {name} 127.0.0.1"));
        assert_eq!(report(&got.frames, links(&*source), &sent), report(&sent, |_| LinkType::ETHERNET, &sent));
        let counters = source.counters()[used];
        assert_eq!((counters.received, counters.dropped), (sent.len() as u64, 0));
    }
}

#[test]
fn vxlan() {
    ethernet_arrives(&[("format", "vxlan")], "VXLAN 100", wrap::vxlan);
    ethernet_arrives(&[], "VXLAN 100", wrap::vxlan);
}

#[test]
fn geneve() {
    ethernet_arrives(&[("format", "geneve")], "GENEVE 7", wrap::geneve);
    ethernet_arrives(&[], "GENEVE 7", wrap::geneve);
}

#[test]
fn tzsp() {
    ethernet_arrives(&[("format", "tzsp")], "TZSP", wrap::tzsp);
    ethernet_arrives(&[], "TZSP", wrap::tzsp);
}

/// Seconds and microseconds of a frame, moved so that the capture begins now.
fn moved(frame: &Frame, first: &Frame, start: Nanos) -> (u32, u32, Nanos) {
    let at = start.0 + frame.at.0 - first.at.0;
    let micros = at / 1000;
    ((micros / 1_000_000) as u32, (micros % 1_000_000) as u32, Nanos(micros * 1000))
}

/// SIP, RTP and RTCP come with headers rebuilt from what HEP tells, and at the time it tells.
#[track_caller]
fn hep_arrives(version: u8, over_tcp: bool) {
    let all = recorded("baresip-g711-dtmf");
    let start = now();
    let sent: Vec<&Frame> = all.iter().filter(|frame| Hep::of(&frame.bytes).is_some()).collect();
    let times: Vec<_> = sent.iter().map(|frame| moved(frame, sent[0], start)).collect();
    let messages: Vec<Vec<u8>> = sent
        .iter()
        .zip(&times)
        .map(|(frame, (seconds, micros, _))| {
            let hep = Hep::of(&frame.bytes).unwrap();
            match version {
                1 => hep.version1(),
                2 => hep.version2(*seconds, *micros),
                _ => hep.version3(*seconds, *micros),
            }
        })
        .collect();
    let port = free_port();
    let (mut source, got) = if over_tcp {
        let mut source = open(&[("source", &format!("tcp:{port}"))]).unwrap();
        let got = through_tcp(&mut *source, port, &messages);
        (source, got)
    } else {
        let mut source = open(&[("source", &format!("udp:{port}")), ("format", "hep")]).unwrap();
        let got = through_udp(&mut *source, port, &messages).0;
        (source, got)
    };
    assert_eq!(got.frames.len(), sent.len(), "{:?}", got.log);
    for ((frame, sent), (.., at)) in got.frames.iter().zip(&sent).zip(&times) {
        assert_eq!(frame.bytes[12..20], sent.bytes[26..34], "addresses");
        assert_eq!(frame.bytes[20..26], sent.bytes[34..40], "ports and length");
        assert_eq!(frame.bytes[28..], sent.bytes[42..], "payload");
        assert!(version == 1 || frame.at == *at, "{} is not {at}", frame.at);
    }
    let all: Vec<Frame> = sent.iter().map(|frame| (*frame).clone()).collect();
    assert_eq!(report(&got.frames, links(&*source), &all), report(&all, |_| LinkType::ETHERNET, &all));
    assert_eq!(source.counters()[got.frames[0].interface].received, sent.len() as u64);
}

/// In pieces that end anywhere.
fn through_tcp(source: &mut dyn Source, port: u16, messages: &[Vec<u8>]) -> Kept {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut sink = Kept::default();
    for piece in messages.concat().chunks(997) {
        stream.write_all(piece).unwrap();
        source.read(&mut sink, Duration::from_millis(20)).unwrap();
    }
    collect(source, &mut sink, messages.len());
    sink
}

#[test]
fn hep_over_udp_and_tcp() {
    for version in 1..=3 {
        hep_arrives(version, false);
    }
    hep_arrives(3, true);
}

/// A capture of HEP over TCP, as a sniffer beside the SIP server makes it, is read by the engine itself.
#[test]
fn hep_over_tcp_in_a_capture_is_read_too() {
    let all = recorded("baresip-g711-dtmf");
    let seen: Vec<Frame> = all.into_iter().filter(|frame| Hep::of(&frame.bytes).is_some()).collect();
    let mut sequence = 1000_u32;
    let mut segments = vec![Frame { bytes: segment(sequence, 2, b""), ..seen[0].clone() }];
    sequence += 1;
    for frame in &seen {
        let message = Hep::of(&frame.bytes).unwrap().version3(1, 0);
        segments.push(Frame { bytes: segment(sequence, 0x18, &message), ..frame.clone() });
        sequence += message.len() as u32;
    }
    let times = segments.clone();
    let mut ours = report(&segments, |_| LinkType::ETHERNET, &times);
    let mut theirs = report(&seen, |_| LinkType::ETHERNET, &seen);
    for report in [&mut ours, &mut theirs] {
        let streams = report[1].as_array().unwrap();
        assert_eq!(streams.len(), 2);
        let figures = |stream: &serde_json::Value| {
            ["packets", "expected", "lost", "ssrc", "codec", "source", "jitter_ms", "mos"]
                .map(|at| stream[at].clone())
        };
        *report = streams.iter().map(|stream| serde_json::Value::from(figures(stream).to_vec())).collect();
    }
    assert_eq!(ours, theirs);
}

/// A TCP segment from the agent to its collector.
fn segment(sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let len = (40 + payload.len()) as u16;
    let mut frame = vec![2; 12];
    frame.extend([8, 0, 0x45, 0]);
    frame.extend(len.to_be_bytes());
    frame.extend([0, 1, 0, 0, 64, 6, 0, 0, 198, 51, 100, 1, 198, 51, 100, 2, 0xc3, 0x50, 0x23, 0x64]);
    frame.extend(sequence.to_be_bytes());
    frame.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    frame.extend(payload);
    frame
}

/// Radiotap frames of a capture without their radio header, each with a check sequence at its end.
fn air_frames() -> Vec<Vec<u8>> {
    let frames = recorded("wifi-outages");
    let bare = |frame: &Frame| {
        let (_, body) = airtone_engine::wifi::strip_radio(LinkType::RADIOTAP, &frame.bytes).unwrap();
        [body, &crc32(body).to_le_bytes()].concat()
    };
    frames.iter().map(bare).collect()
}

/// The check sequence of 802.11, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

/// From a frame, the sensor's clock and the time.
type WrapAir = fn(&[u8], u64, Nanos) -> Vec<u8>;

#[test]
fn wireless_mirrors_come_as_radiotap() {
    let frames = air_frames();
    let start = now();
    let wraps: [(&str, WrapAir); 4] = [
        ("tzsp", |frame, _, _| wrap::tzsp_air(frame)),
        ("peekremote", |frame, tsf, _| wrap::peekremote(frame, tsf)),
        ("peekremote", |frame, tsf, _| wrap::peekremote_ng(frame, tsf)),
        ("aruba-erm", |frame, _, at| {
            wrap::aruba_record(frame, (at.0 / 1_000_000_000) as u32, (at.0 % 1_000_000_000 / 1000) as u32)
        }),
    ];
    for (number, (format, wrap)) in wraps.into_iter().enumerate() {
        let port = free_port();
        let mut source = open(&[("source", &format!("udp:{port}")), ("format", format)]).unwrap();
        let datagrams: Vec<Vec<u8>> =
            frames.iter().enumerate().map(|(at, frame)| wrap(frame, 1000 * at as u64 + 1, start)).collect();
        let (got, _) = through_udp(&mut *source, port, &datagrams);
        assert_eq!(got.frames.len(), frames.len(), "{format}: {:?}", got.log);
        for (at, (frame, sent)) in got.frames.iter().zip(&frames).enumerate() {
            assert_eq!(source.interfaces()[frame.interface].link, LinkType::RADIOTAP);
            let (radio, body) = airtone_engine::wifi::strip_radio(LinkType::RADIOTAP, &frame.bytes).unwrap();
            // The check sequence is there, said to be there, and right.
            assert_eq!((body, radio.bad_fcs), (&sent[..sent.len() - 4], false), "{format}");
            assert!(frame.bytes.ends_with(sent));
            let signal = if format == "aruba-erm" { None } else { Some(-60) };
            assert_eq!(radio.signal_dbm, signal, "{number}");
            assert_eq!(radio.tsft, (format == "peekremote").then_some(1000 * at as u64 + 1));
        }
    }
}

#[test]
fn aruba_radiotap_is_not_touched() {
    let sent = recorded("wifi-outages");
    let port = free_port();
    let mut source = open(&[("source", &format!("udp:{port}")), ("format", "aruba-erm")]).unwrap();
    let datagrams: Vec<Vec<u8>> = sent.iter().map(|frame| frame.bytes.clone()).collect();
    let (got, _) = through_udp(&mut *source, port, &datagrams);
    assert!(bytes(&got.frames) == bytes(&sent));
    assert_eq!(source.interfaces()[got.frames[0].interface].link, LinkType::RADIOTAP);
}

/// RTP without any mirror gets the headers that the socket saw.
#[test]
fn plain_rtp_and_what_decapsulation_would_have_taken_off() {
    let rtp: Vec<Vec<u8>> =
        (0..50_u8).map(|n| [&[0x80, 0, 0, n, 0, 0, n, 0, 1, 2, 3, 4][..], &[0xd5; 160]].concat()).collect();
    let port = free_port();
    let mut source = open(&[("source", &format!("udp:{port}"))]).unwrap();
    let (got, sender) = through_udp(&mut *source, port, &rtp);
    let wrapped: Vec<Vec<u8>> = rtp.iter().map(|rtp| wrap::vxlan(rtp)).collect();
    drop(source);
    let raw = [("source", &*format!("udp:{port}")), ("format", "vxlan"), ("decapsulate", "false")];
    let mut outer = open(&raw).unwrap();
    let (kept, other) = through_udp(&mut *outer, port, &wrapped);
    assert!(outer.comment().contains("rebuilt"));
    for (frames, sent, sender) in [(got.frames, rtp, sender), (kept.frames, wrapped, other)] {
        assert_eq!(frames.len(), 50);
        for (frame, sent) in frames.iter().zip(&sent) {
            assert_eq!(outer.interfaces()[frame.interface].link, LinkType::RAW);
            assert_eq!(frame.bytes[12..20], [127, 0, 0, 1, 127, 0, 0, 1]);
            assert_eq!(frame.bytes[20..24], [sender.to_be_bytes(), port.to_be_bytes()].concat());
            assert_eq!(&frame.bytes[28..], &sent[..]);
        }
    }
}

#[test]
fn a_multicast_group_is_joined() {
    let port = free_port();
    let mut source = open(&[("source", &format!("udp:{port}@239.77.7.7%lo")), ("format", "rtp")]).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let rtp = [&[0x80, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4][..], &[0xd5; 160]].concat();
    // By the loopback: on it, too, the kernel delivers only to groups that were joined.
    let sent = sender.send_to(&rtp, ("239.77.7.7", port)).is_ok();
    let mut sink = Kept::default();
    collect(&mut *source, &mut sink, 1);
    match sink.frames.first() {
        Some(frame) => assert_eq!(frame.bytes[16..20], [239, 77, 7, 7]),
        None => assert!(!sent || !routes_by_loopback(), "joined, sent, and nothing came"),
    }
}

/// Whether a group is reached by the loopback here; elsewhere the packet went another way.
fn routes_by_loopback() -> bool {
    let out = std::process::Command::new("ip").args(["route", "get", "239.77.7.7"]).output();
    out.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(" lo "))
}

#[test]
fn garbage_is_counted_and_logged_and_left_out() {
    let call = recorded("sipp-hold");
    let port = free_port();
    let mut source = open(&[("source", &format!("udp:{port}"))]).unwrap();
    let mut datagrams = Vec::new();
    for (number, frame) in call.iter().enumerate() {
        datagrams.push(wrap::vxlan(&frame.bytes));
        let junk: Vec<u8> = (0..number * 7 % 300).map(|at| (at * number) as u8 & 0x3f).collect();
        datagrams.push(junk);
    }
    datagrams.push(b"HEP3\x00\x08ab".to_vec());
    let (got, _) = through_udp(&mut *source, port, &datagrams);
    assert!(bytes(&got.frames) == bytes(&call));
    assert!(
        got.log.iter().any(|line| line.contains(": 100 datagrams left out that are no mirror")),
        "{:?}",
        got.log
    );
}

#[test]
fn garbage_over_tcp_closes_the_connection_only() {
    let port = free_port();
    let mut source = open(&[("source", &format!("tcp:{port}"))]).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut sink = Kept::default();
    collect(&mut *source, &mut sink, 1);
    assert!(
        sink.log.iter().any(|line| line.contains("sends no HEP; its connection is closed.")),
        "{:?}",
        sink.log
    );
    hep_arrives(3, true);
}

#[test]
fn the_capture_filter_is_applied_to_the_inner_packet() {
    let call = recorded("sipp-hold");
    let port = free_port();
    let options = [("source", &*format!("udp:{port}")), ("format", "vxlan")];
    let mut source = open_filtered(&options, "udp port 5060").unwrap();
    let datagrams: Vec<Vec<u8>> = call.iter().map(|frame| wrap::vxlan(&frame.bytes)).collect();
    let (got, _) = through_udp(&mut *source, port, &datagrams);
    let signalling =
        |frame: &&Frame| frame.bytes[34..38].chunks(2).any(|port| port == 5060_u16.to_be_bytes());
    let expected: Vec<&[u8]> = call.iter().filter(signalling).map(|frame| &frame.bytes[..]).collect();
    assert!(!expected.is_empty() && expected.len() < call.len());
    assert_eq!(bytes(&got.frames), expected);
    assert_eq!(source.counters()[got.frames[0].interface].received, call.len() as u64);
}

#[test]
fn what_cannot_be_opened_is_told_in_one_sentence() {
    let taken = UdpSocket::bind("0.0.0.0:0").unwrap();
    let in_use = format!("udp:{}", taken.local_addr().unwrap().port());
    for (options, filter, part) in [
        (&[("source", "airtone-none")][..], "", "no network interface named \"airtone-none\""),
        (&[("source", &in_use)], "", "the port is in use by another program"),
        (&[("source", "udp:203.0.113.7:9060")], "", "this machine does not have that address"),
        (&[("source", "udp:9060")], "udp prot 5060", "The capture filter \"udp prot 5060\" is not valid"),
        (&[("source", "udp:x")], "", "has no port"),
    ] {
        let told = open_filtered(options, filter).err().unwrap().0;
        assert!(told.contains(part) && told.ends_with('.') && !told.contains('\n'), "{told}");
    }
}
