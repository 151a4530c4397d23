//! What is kept of a mirror: calls only, one call only, headers only.

#![cfg(target_os = "linux")]

mod common;

use std::collections::BTreeSet;

use airtone_engine::{Config, Engine, LinkType, Nanos, Packet, SourceInfo};
use airtone_extcap::sys::datagram::now;
use common::capture::{Frame, free_port, open, recorded, report, through_udp};
use common::wrap::{self, Hep};

/// Sends frames in VXLAN and takes what is kept of them.
fn kept(options: &[(&str, &str)], frames: &[Frame]) -> Vec<Frame> {
    let port = free_port();
    let origin = format!("udp:{port}");
    let mut source = open(&[options, &[("source", origin.as_str())]].concat()).unwrap();
    let datagrams: Vec<Vec<u8>> = frames.iter().map(|frame| wrap::vxlan(&frame.bytes)).collect();
    through_udp(&mut *source, port, &datagrams).0.frames
}

/// The same with the packets' own times, which RTP is recognised by where no SDP announces it: in HEP, moved to now.
fn kept_with_times(options: &[(&str, &str)], frames: &[Frame]) -> Vec<Frame> {
    let port = free_port();
    let origin = format!("udp:{port}");
    let mut source = open(&[options, &[("source", origin.as_str())]].concat()).unwrap();
    let start = now().0 - frames[0].at.0;
    let message = |frame: &Frame| {
        let micros = (start + frame.at.0) / 1000;
        Hep::of(&frame.bytes).unwrap().version3((micros / 1_000_000) as u32, (micros % 1_000_000) as u32)
    };
    let datagrams: Vec<Vec<u8>> = frames.iter().map(message).collect();
    through_udp(&mut *source, port, &datagrams).0.frames
}

/// Ethernet frames that belong to no call: DNS, ARP, and UDP that looks like RTP at first sight.
fn noise(number: u8) -> Vec<Vec<u8>> {
    let udp = |port: u8, payload: &[u8]| {
        let len = (28 + payload.len()) as u16;
        let mut frame = vec![2; 12];
        frame.extend([8, 0, 0x45, 0]);
        frame.extend(len.to_be_bytes());
        frame.extend([0, number, 0, 0, 64, 17, 0, 0, 198, 51, 100, 1, 198, 51, 100, 2, 0xc3, 0x50, 0, port]);
        frame.extend((len - 20).to_be_bytes());
        frame.extend([0, 0]);
        frame.extend(payload);
        frame
    };
    let mut arp = vec![0xff; 12];
    arp.extend([8, 6, 0, 1]);
    arp.resize(60, 0);
    let odd = [
        0x80,
        number.wrapping_mul(37),
        number.wrapping_mul(101),
        number,
        9,
        9,
        number,
        1,
        number,
        2,
        3,
        4,
        5,
    ];
    vec![udp(53, &[number, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), arp, udp(99, &odd)]
}

fn among_noise(call: &[Frame]) -> Vec<Frame> {
    let mut all = Vec::new();
    for (number, frame) in call.iter().enumerate() {
        all.push(frame.clone());
        if number % 3 == 0 {
            all.extend(noise(number as u8).into_iter().map(|bytes| Frame { bytes, ..frame.clone() }));
        }
    }
    all
}

fn contents(frames: &[Frame]) -> BTreeSet<&[u8]> {
    frames.iter().map(|frame| &frame.bytes[..]).collect()
}

#[test]
fn calls_only_is_the_call_and_nothing_else() {
    for name in ["sipp-hold", "baresip-g711-dtmf", "sipp-tcp"] {
        let call = recorded(name);
        let got = kept(&[("keep", "calls")], &among_noise(&call));
        assert_eq!(contents(&got).len(), contents(&call).len(), "{name}");
        assert!(contents(&got) == contents(&call), "{name}");
        // In the order in which they came: nothing waited that the SDP announced.
        assert!(got.iter().map(|frame| &frame.bytes).eq(call.iter().map(|frame| &frame.bytes)), "{name}");
    }
}

#[test]
fn media_without_signalling_is_kept_from_its_first_packet() {
    let call = recorded("baresip-g711-dtmf");
    let rtp: Vec<Frame> =
        call.into_iter().filter(|f| Hep::of(&f.bytes).is_some() && f.bytes[42] >> 6 == 2).collect();
    let media = |frame: &&Frame| !matches!(frame.bytes[43], 192..=223);
    let got = kept_with_times(&[("keep", "calls"), ("format", "hep")], &rtp);
    // RTCP without SDP is known by the RTP that it goes with.
    let sent: BTreeSet<&[u8]> = rtp.iter().filter(media).map(|frame| &frame.bytes[42..]).collect();
    let came: BTreeSet<&[u8]> = got
        .iter()
        .filter(|frame| !matches!(frame.bytes[29], 192..=223))
        .map(|frame| &frame.bytes[28..])
        .collect();
    assert!(sent == came, "{} of {}", came.len(), sent.len());
}

#[test]
fn one_call_of_two() {
    let (one, other) = (recorded("sipp-hold"), recorded("baresip-g711-dtmf"));
    let id = |frames: &[Frame]| call_id(frames);
    assert_ne!(id(&one), id(&other));
    // Interleaved, as they would run at the same time.
    let mut both: Vec<Frame> = Vec::new();
    for at in 0..one.len().max(other.len()) {
        both.extend(one.get(at).cloned());
        both.extend(other.get(at).cloned());
    }
    for wanted in [&one, &other] {
        let got = kept(&[("call", &id(wanted))], &both);
        assert!(contents(&got) == contents(wanted), "{} of {}", got.len(), wanted.len());
    }
}

fn call_id(frames: &[Frame]) -> String {
    let mut engine = Engine::new(Config::default());
    for (number, frame) in frames.iter().enumerate() {
        engine.packet(&Packet {
            frame: number as u64 + 1,
            at: frame.at,
            link: LinkType::ETHERNET,
            interface: 0,
            orig_len: frame.orig_len,
            bytes: &frame.bytes,
        });
    }
    engine.into_report(SourceInfo::default()).calls[0].call_ids[0].clone()
}

#[test]
fn headers_only_keeps_the_quality_and_nothing_of_the_sound() {
    let call = recorded("baresip-g711-dtmf");
    let got = kept(&[("keep", "headers")], &call);
    assert_eq!(got.len(), call.len());
    let mut cut = 0;
    for (got, sent) in got.iter().zip(&call) {
        assert_eq!(got.orig_len as usize, sent.bytes.len());
        assert!(sent.bytes.starts_with(&got.bytes));
        if Hep::of(&sent.bytes).is_some() && sent.bytes[42] >> 6 == 2 && !matches!(sent.bytes[43], 192..=223)
        {
            assert_eq!(got.bytes.len(), 42 + 12, "nothing of the payload, digits neither");
            cut += 1;
        }
    }
    assert!(cut > 500);
    let figures = |frames: &[Frame]| {
        let mut report = report(frames, |_| LinkType::ETHERNET, &call);
        let streams = report[1].take();
        let of = |stream: &serde_json::Value| {
            ["packets", "expected", "lost", "jitter_ms", "mos", "codec"].map(|name| stream[name].clone())
        };
        streams.as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let (ours, whole) = (figures(&got), figures(&call));
    assert!(!whole.is_empty());
    assert_eq!(ours, whole);
}

/// The sink sees times of now; kept here so that the helper is used with a time that is known.
#[test]
fn arrival_is_the_time_of_mirrors_without_a_clock() {
    let before = now();
    let got = kept(&[], &recorded("sipp-hold"));
    let after = now();
    let within = |at: Nanos| before.0 - 1_000_000 <= at.0 && at <= after;
    assert!(got.iter().all(|frame| within(frame.at)));
}
