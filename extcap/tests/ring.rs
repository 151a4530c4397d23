//! The ring on a cable between two virtual interfaces.

#![cfg(target_os = "linux")]

mod common;

use std::time::Duration;

use airtone_engine::{LinkType, Nanos};
use airtone_extcap::filter::Instruction;
use airtone_extcap::sys::ring::{Ring, Settings};
use common::{cable, in_namespace, run, send_frames};

const WAIT: Duration = Duration::from_millis(200);

/// Frames of `len` bytes between foreign addresses, numbered in their last two bytes.
fn frames(count: u16, len: usize) -> Vec<Vec<u8>> {
    let numbered = |number: u16| {
        let mut frame = vec![0x02; 12];
        frame.extend([0x88, 0xb5]);
        frame.resize(len - 2, 0);
        frame.extend(number.to_be_bytes());
        frame
    };
    (0..count).map(numbered).collect()
}

/// Reads until `count` packets have come, or nothing more comes.
fn collect(ring: &mut Ring, count: usize) -> Vec<(Vec<u8>, u32, Nanos)> {
    let mut packets = Vec::new();
    let mut silent = 0;
    while packets.len() < count && silent < 10 {
        let read =
            ring.read(WAIT, |packet| packets.push((packet.bytes.to_vec(), packet.orig_len, packet.at)));
        silent = if read.unwrap() == 0 { silent + 1 } else { 0 };
    }
    packets
}

#[test]
fn packets_of_others_arrive_whole_and_in_order() {
    in_namespace("packets_of_others_arrive_whole_and_in_order", || {
        cable("near", "far");
        let mut ring = Ring::open("near", &Settings { promiscuous: true, ..Settings::default() }).unwrap();
        assert_eq!(ring.link(), LinkType::ETHERNET);
        let sent = frames(2000, 1400);
        send_frames("far", &sent);
        let got = collect(&mut ring, sent.len());
        assert!(got.iter().map(|packet| &packet.0).eq(&sent), "{} of {}", got.len(), sent.len());
        assert!(got.windows(2).all(|pair| pair[0].2 <= pair[1].2));
        let statistics = ring.statistics();
        assert_eq!((statistics.received, statistics.dropped), (2000, 0));
    });
}

#[test]
fn cut_and_filtered_in_the_kernel() {
    in_namespace("cut_and_filtered_in_the_kernel", || {
        cable("near", "far");
        // Loads the last byte of a frame of 100 bytes; accepts 7.
        let filter = [
            Instruction { code: 0x30, jt: 0, jf: 0, k: 99 },
            Instruction { code: 0x15, jt: 0, jf: 1, k: 7 },
            Instruction { code: 0x06, jt: 0, jf: 0, k: 262_144 },
            Instruction { code: 0x06, jt: 0, jf: 0, k: 0 },
        ];
        let settings = Settings { promiscuous: true, snaplen: 60, filter: &filter, ..Settings::default() };
        let mut ring = Ring::open("near", &settings).unwrap();
        send_frames("far", &frames(20, 100));
        let got = collect(&mut ring, 2);
        assert_eq!(got.len(), 1);
        assert_eq!((got[0].0.len(), got[0].1), (60, 100));
        assert_eq!(ring.statistics().received, 1);
    });
}

#[test]
fn tags_that_the_kernel_took_off_are_back() {
    in_namespace("tags_that_the_kernel_took_off_are_back", || {
        cable("near", "far");
        let mut ring = Ring::open("near", &Settings { promiscuous: true, ..Settings::default() }).unwrap();
        let mut frame = vec![0x02; 12];
        frame.extend([0x81, 0x00, 0xa0, 0x0c, 0x88, 0xb5]);
        frame.resize(64, 7);
        send_frames("far", std::slice::from_ref(&frame));
        let got = collect(&mut ring, 1);
        assert_eq!((&got[0].0, got[0].1), (&frame, 64));
    });
}

#[test]
fn an_interface_that_goes_is_named() {
    in_namespace("an_interface_that_goes_is_named", || {
        cable("near", "far");
        let mut ring = Ring::open("near", &Settings::default()).unwrap();
        assert_eq!(ring.read(Duration::from_millis(1), |_| ()), Ok(0));
        run("ip link del near");
        let error = (0..10).find_map(|_| ring.read(WAIT, |_| ()).err()).unwrap();
        assert_eq!(error.0, "The network interface near has gone while capturing.");
    });
}

#[test]
fn an_interface_that_is_down_is_named() {
    in_namespace("an_interface_that_is_down_is_named", || {
        cable("near", "far");
        let mut ring = Ring::open("near", &Settings::default()).unwrap();
        run("ip link set near down");
        let error = (0..10).find_map(|_| ring.read(WAIT, |_| ()).err()).unwrap();
        assert_eq!(error.0, "The network interface near went down while capturing.");
        let error = Ring::open("near", &Settings::default()).unwrap_err();
        assert_eq!(error.0, "The network interface near is down; bring it up with `ip link set near up`.");
    });
}

#[test]
fn the_loopback_is_seen_once() {
    in_namespace("the_loopback_is_seen_once", || {
        let mut ring = Ring::open("lo", &Settings::default()).unwrap();
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for number in 0..5 {
            socket.send_to(&[number; 50], socket.local_addr().unwrap()).unwrap();
        }
        assert_eq!(collect(&mut ring, 6).len(), 5);
    });
}

#[test]
fn drops_are_counted_and_told_with_a_packet() {
    in_namespace("drops_are_counted_and_told_with_a_packet", || {
        cable("near", "far");
        let mut ring = Ring::open("near", &Settings { promiscuous: true, ..Settings::default() }).unwrap();
        // More than the ring holds: nobody reads meanwhile.
        let sent: Vec<Vec<u8>> = frames(200, 1400).into_iter().cycle().take(60_000).collect();
        send_frames("far", &sent);
        let (mut packets, mut dropped) = (0, 0);
        while ring.read(WAIT, |packet| (packets, dropped) = (packets + 1, dropped + packet.dropped)).unwrap()
            > 0
        {}
        assert!(packets < 60_000 && dropped == 0, "the drops came after what the ring held");
        send_frames("far", &frames(1, 100));
        while ring.read(WAIT, |packet| (packets, dropped) = (packets + 1, dropped + packet.dropped)).unwrap()
            > 0
        {}
        assert_eq!(packets + dropped, 60_001);
        assert_eq!(ring.statistics().received, 60_001);
        assert_eq!(ring.statistics().dropped, dropped);
    });
}
