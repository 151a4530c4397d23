//! Rules of the room, each on a made-up stream.

use super::sender::{DESTINATION, Rtp, SOURCE, SSRC, Wire, nth, stream_of};
use crate::config::{Config, JitterBuffer};
use crate::media::{Announcement, Direction, MediaKind, Party, PayloadType};
use crate::packet::{Endpoint, Nanos};
use crate::rtp::Verdict;

fn announcement(endpoint: Endpoint, party: Party, formats: &[(u8, &str, u32)]) -> Announcement {
    let format = |&(number, encoding, clock_hz): &(u8, &str, u32)| PayloadType {
        number,
        encoding: encoding.to_owned(),
        clock_hz,
        fmtp: String::new(),
    };
    Announcement {
        call: 7,
        party,
        endpoint,
        rtcp: endpoint.with_port(endpoint.port + 1),
        kind: MediaKind::Audio,
        direction: Direction::SendRecv,
        payload_types: formats.iter().map(format).collect(),
        ptime_ms: Some(20),
        encrypted: false,
        frame: 1,
        at: Nanos(1_700_000_000 * Nanos::SECOND),
    }
}

#[test]
fn a_steady_stream() {
    let summary = stream_of((0..1000).map(nth));
    let stream = &summary.stream;
    assert_eq!((stream.id, stream.packets, stream.expected, stream.lost), (1, 1000, 1000, 0));
    assert_eq!((stream.duplicates, stream.out_of_order, stream.late.unwrap()), (0, 0, 0));
    assert_eq!((stream.codec.as_deref(), stream.clock_hz), (Some("PCMU"), Some(8000)));
    assert_eq!(stream.clock_source.as_deref(), Some("static"));
    assert_eq!(stream.ptime_ms, Some(20.0));
    assert_eq!(stream.media.as_deref(), Some("audio"));
    assert_eq!((stream.first_frame, stream.last_frame), (1, 1000));
    assert!((stream.duration_s.unwrap() - 19.98).abs() < 1e-9);
    let delta = stream.delta_ms.unwrap();
    assert!(
        (delta.min - 20.0).abs() < 1e-6
            && (delta.mean - 20.0).abs() < 1e-6
            && (delta.max - 20.0).abs() < 1e-6
    );
    assert!(stream.jitter_ms.unwrap().max < 1e-6);
    assert!(stream.clock_drift_ppm.unwrap().abs() < 0.01);
    assert_eq!(stream.bursts.longest_loss, 0);
}

#[test]
fn loss_is_told_at_the_packet_after_it() {
    let mut wire = Wire::new(&Config::default());
    (0..10).for_each(|n| drop(wire.send(&nth(n))));
    assert_eq!(wire.facts(&nth(14)).lost_before, 4);
    let summary = wire.stream();
    assert_eq!((summary.stream.packets, summary.stream.expected, summary.stream.lost), (11, 15, 4));
    assert_eq!(summary.trouble_frames, [11]);
}

#[test]
fn sequence_and_timestamp_wrap() {
    let shifted = |n: u32| Rtp {
        sequence: (n as u16).wrapping_sub(100),
        timestamp: n.wrapping_mul(160).wrapping_sub(8000),
        ..nth(n)
    };
    let stream = stream_of((0..70_000).map(shifted)).stream;
    assert_eq!((stream.packets, stream.expected, stream.lost), (70_000, 70_000, 0));
    assert!(stream.jitter_ms.unwrap().max < 1e-3);
}

#[test]
fn a_duplicate_is_no_packet_and_hides_no_loss() {
    let packets = (0..100).filter(|&n| n != 50).flat_map(|n| vec![nth(n); if n == 60 { 2 } else { 1 }]);
    let stream = stream_of(packets).stream;
    assert_eq!((stream.packets, stream.lost, stream.duplicates, stream.out_of_order), (99, 1, 1, 0));
    assert!(stream.copies.is_empty());
}

#[test]
fn overtaken_packets_are_out_of_order_and_not_lost() {
    let mut order: Vec<u32> = (0..200).collect();
    order.swap(100, 101);
    let packets =
        order.into_iter().enumerate().map(|(place, n)| Rtp { at_ms: place as f64 * 20.0, ..nth(n) });
    let stream = stream_of(packets).stream;
    assert_eq!((stream.packets, stream.lost, stream.out_of_order, stream.duplicates), (200, 0, 1, 0));
}

#[test]
fn packets_from_before_the_first_one() {
    let order = [2, 3, 0, 4, 1, 5, 6, 7, 8, 9];
    let packets =
        order.into_iter().enumerate().map(|(place, n)| Rtp { at_ms: place as f64 * 20.0, ..nth(n) });
    let stream = stream_of(packets).stream;
    assert_eq!((stream.packets, stream.expected, stream.lost, stream.out_of_order), (10, 10, 0, 2));
}

#[test]
fn copies_on_another_path_are_not_duplicates() {
    let mut wire = Wire::new(&Config::default());
    for n in (0..300).filter(|n| n % 100 != 50) {
        let lost_by_the_first_mirror = n == 120;
        if !lost_by_the_first_mirror {
            wire.send(&nth(n));
        }
        wire.send(&Rtp { path: 1, at_ms: nth(n).at_ms + 0.01, ..nth(n) });
        if n == 200 {
            wire.send(&Rtp { path: 1, at_ms: nth(n).at_ms + 0.02, ..nth(n) });
        }
    }
    let stream = wire.stream().stream;
    assert_eq!((stream.packets, stream.lost, stream.duplicates, stream.out_of_order), (297, 3, 1, 0));
    let copies: Vec<(u64, u64)> = stream.copies.iter().map(|copy| (copy.packets, copy.missing)).collect();
    assert_eq!(copies, [(296, 1), (297, 0)]);
}

#[test]
fn a_restart_begins_a_new_stream() {
    let restarted = |n: u32| Rtp {
        at_ms: f64::from(n) * 20.0,
        sequence: (n as u16).wrapping_add(20_000),
        timestamp: n.wrapping_mul(160).wrapping_add(0x5000_0000),
        ..nth(n)
    };
    let mut wire = Wire::new(&Config::default());
    (0..100).for_each(|n| drop(wire.send(&nth(n))));
    (100..200).for_each(|n| drop(wire.send(&restarted(n))));
    let streams = wire.streams();
    assert_eq!(streams.len(), 2);
    let counts =
        |n: usize| (streams[n].stream.packets, streams[n].stream.lost, streams[n].stream.first_frame);
    assert_eq!((counts(0), counts(1)), ((100, 0, 1), (100, 0, 101)));
    assert_eq!(streams[0].stream.ssrc, streams[1].stream.ssrc);
}

#[test]
fn a_restart_back_to_a_nearby_number() {
    let restarted = |n: u32| Rtp { sequence: (n as u16).wrapping_sub(400), ..nth(n) };
    let mut wire = Wire::new(&Config::default());
    (0..500).filter(|&n| n != 100).for_each(|n| drop(wire.send(&nth(n))));
    (500..600).for_each(|n| drop(wire.send(&restarted(n))));
    let lost: Vec<_> =
        wire.streams().iter().map(|s| (s.stream.packets, s.stream.lost, s.stream.duplicates)).collect();
    assert_eq!(lost, [(499, 1, 0), (100, 0, 0)]);
}

#[test]
fn a_moderate_jump_is_loss_only_when_the_timestamps_agree() {
    let mut wire = Wire::new(&Config::default());
    (0..100).for_each(|n| drop(wire.send(&nth(n))));
    (600..700).for_each(|n| drop(wire.send(&nth(n))));
    assert_eq!(wire.stream().stream.lost, 500);
    let jumped = |n: u32| Rtp { sequence: n as u16 + 500, timestamp: n * 160 + 0x7000_0000, ..nth(n) };
    (700..800).for_each(|n| drop(wire.send(&jumped(n))));
    let streams = wire.streams();
    assert_eq!((streams.len(), streams[1].stream.packets, streams[1].stream.lost), (2, 100, 0));
}

#[test]
fn one_stray_packet_does_not_restart() {
    let mut wire = Wire::new(&Config::default());
    (0..100).for_each(|n| drop(wire.send(&nth(n))));
    wire.send(&Rtp { sequence: 40_000, ..nth(100) });
    (100..200).for_each(|n| drop(wire.send(&nth(n))));
    assert_eq!((wire.stream().stream.packets, wire.stream().stream.lost), (200, 0));
}

#[test]
fn a_long_silence_starts_anew() {
    let mut wire = Wire::new(&Config::default());
    (0..100).for_each(|n| drop(wire.send(&nth(n))));
    (100..200).for_each(|n| drop(wire.send(&Rtp { at_ms: nth(n).at_ms + 61_000.0, ..nth(n) })));
    assert_eq!(wire.streams().len(), 2);
}

#[test]
fn silence_is_neither_lost_nor_late() {
    // Silence suppression: sequence numbers go on, timestamps and time jump.
    let talk = |n: u32| {
        let pause = n / 100 * 150;
        Rtp {
            at_ms: f64::from(n + pause) * 20.0,
            timestamp: (n + pause) * 160,
            marker: n % 100 == 0,
            ..nth(n)
        }
    };
    let stream = stream_of((0..500).map(talk)).stream;
    assert_eq!((stream.lost, stream.late.unwrap(), stream.ptime_ms), (0, 0, Some(20.0)));
    assert!(stream.jitter_ms.unwrap().max < 1e-6);
    // A sender whose timestamps stand still in the pause, with and without a marker.
    for marker in [true, false] {
        let talk = |n: u32| Rtp {
            at_ms: f64::from(n + n / 100 * 20) * 20.0,
            marker: marker && n % 100 == 0,
            ..nth(n)
        };
        let stream = stream_of((0..500).map(talk)).stream;
        assert_eq!((stream.lost, stream.late.unwrap()), (0, 0), "marker {marker}");
    }
}

#[test]
fn late_means_after_the_playout_time() {
    let delayed =
        |by: f64| move |n: u32| Rtp { at_ms: nth(n).at_ms + if n % 50 == 25 { by } else { 0.0 }, ..nth(n) };
    let late = |by: f64, buffer| {
        let mut wire = Wire::new(&Config { jitter_buffer: buffer, ..Config::default() });
        (0..500).for_each(|n| drop(wire.send(&delayed(by)(n))));
        wire.stream()
    };
    assert_eq!(late(60.0, JitterBuffer::Fixed(60)).stream.late.unwrap(), 0);
    let summary = late(61.0, JitterBuffer::Fixed(60));
    let stream = &summary.stream;
    assert_eq!((stream.late.unwrap(), stream.lost, stream.late_percent.unwrap()), (10, 0, 2.0));
    assert_eq!(summary.trouble_frames.len(), 10);
    let late_at: Vec<f64> = stream.buffer_curve.iter().map(|point| point.late_percent).collect();
    assert_eq!(late_at, [2.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(late(61.0, JitterBuffer::Fixed(40)).stream.late.unwrap(), 10);
    assert_eq!(late(5_000.0, JitterBuffer::None).stream.late.unwrap(), 0);
    assert!(late(200.0, JitterBuffer::Adaptive).stream.late.unwrap() < 10);
}

#[test]
fn a_stall_makes_late_packets_and_a_shifted_delay_does_not() {
    let stalled =
        |n: u32| Rtp { at_ms: if (200..220).contains(&n) { 4_400.0 } else { nth(n).at_ms }, ..nth(n) };
    let stream = stream_of((0..500).map(stalled)).stream;
    assert_eq!(stream.late.unwrap(), 17, "packets 200 to 216 come 400 to 80 ms late");
    let shifted = |n: u32| Rtp { at_ms: nth(n).at_ms + if n >= 200 { 300.0 } else { 0.0 }, ..nth(n) };
    assert_eq!(stream_of((0..500).map(shifted)).stream.late.unwrap(), 0);
}

#[test]
fn what_is_not_rtp_makes_no_stream() {
    let mut wire = Wire::new(&Config::default());
    let at = |n: u32, source: u16, destination: u16| Rtp {
        source: SOURCE.with_port(source),
        destination: DESTINATION.with_port(destination),
        ..nth(n)
    };
    for n in 0..50u32 {
        // A counter on a port of another protocol, timestamps that go back, random sequence numbers,
        // reserved payload types, RTCP types, another version.
        let others = [
            at(n, 40_000, 53),
            Rtp { timestamp: 0x4000_0000 - n * 160, ..at(n, 40_002, 40_004) },
            Rtp { sequence: (n * 7919) as u16, ..at(n, 40_006, 40_008) },
            Rtp { payload_type: 77, ..at(n, 40_010, 40_012) },
            Rtp { payload_type: 40, ..at(n, 40_014, 40_016) },
            Rtp { ssrc: n.wrapping_mul(0x9e37_79b9), ..at(n, 40_018, 40_020) },
        ];
        for other in others {
            assert_eq!(wire.send(&other), Verdict::NotMedia);
        }
    }
    assert_eq!(wire.streams().len(), 0);
}

#[test]
fn probation_counts_from_the_first_packet() {
    let mut wire = Wire::new(&Config::default());
    let verdicts: Vec<Verdict> = (0..5).map(|n| wire.send(&nth(n))).collect();
    assert_eq!(verdicts[..3], [Verdict::NotMedia; 3]);
    assert!(matches!(verdicts[3], Verdict::Rtp { stream: 1, call: None, .. }));
    assert_eq!((wire.stream().stream.packets, wire.stream().stream.first_frame), (5, 1));
    let mut deaf = Wire::new(&Config { rtp_heuristic: false, ..Config::default() });
    assert!((0..50).all(|n| deaf.send(&nth(n)) == Verdict::NotMedia));
}

#[test]
fn candidates_are_bounded() {
    let mut wire = Wire::new(&Config { max_candidates: 64, ..Config::default() });
    for n in 0..10_000u32 {
        wire.send(&Rtp { ssrc: n + 1, ..nth(n) });
    }
    assert_eq!(wire.streams().len(), 0);
    (0..4).for_each(|n| drop(wire.send(&Rtp { at_ms: 200_000.0 + f64::from(n), ..nth(n) })));
    assert_eq!(wire.streams().len(), 1, "a flood does not hide a stream");
}

#[test]
fn announced_media_needs_no_probation() {
    let mut wire = Wire::new(&Config::default());
    wire.tracker.announce(&announcement(DESTINATION, Party::Callee, &[(96, "opus", 48_000)]));
    let opus = |n: u32| Rtp { payload_type: 96, timestamp: n * 960, ..nth(n) };
    assert!(matches!(wire.send(&opus(0)), Verdict::Rtp { stream: 1, call: Some(7), .. }));
    (1..100).for_each(|n| drop(wire.send(&opus(n))));
    let summary = wire.stream();
    assert_eq!(summary.receiver, Some(Party::Callee));
    let stream = summary.stream;
    assert_eq!(
        (stream.codec.as_deref(), stream.clock_hz, stream.ptime_ms),
        (Some("opus"), Some(48_000), Some(20.0))
    );
    assert_eq!((stream.clock_source.as_deref(), stream.call), (Some("sdp"), Some(7)));
    // Symmetric RTP: the other direction belongs to the same call, with the caller as its receiver.
    let back = Rtp { source: DESTINATION, destination: SOURCE, ssrc: 99, ..opus(0) };
    assert!(matches!(wire.send(&back), Verdict::Rtp { stream: 2, call: Some(7), .. }));
    assert_eq!(wire.streams()[1].receiver, Some(Party::Caller));
}

#[test]
fn media_announced_after_it_began() {
    let mut wire = Wire::new(&Config::default());
    let opus = |n: u32| Rtp { payload_type: 96, timestamp: n * 960, ..nth(n) };
    (0..10).for_each(|n| drop(wire.send(&opus(n))));
    assert_eq!(wire.stream().stream.clock_hz, None, "too early to infer");
    wire.tracker.announce(&announcement(DESTINATION, Party::Callee, &[(96, "opus", 48_000)]));
    assert_eq!(wire.stream().stream.call, Some(7), "known even without a further packet");
    assert!(matches!(wire.send(&opus(10)), Verdict::Rtp { call: Some(7), .. }));
    let stream = wire.stream().stream;
    assert_eq!((stream.clock_hz, stream.clock_source.as_deref()), (Some(48_000), Some("sdp")));
    assert!(stream.jitter_ms.is_some_and(|jitter| jitter.max < 1e-6), "packets before the SDP count");
    assert!((stream.delta_ms.unwrap().mean - 20.0).abs() < 1e-6);
}

#[test]
fn a_clock_is_inferred_and_marked_so() {
    for (clock, step) in [(8_000, 160), (16_000, 320), (48_000, 960)] {
        let packets = (0..200u32).map(|n| Rtp {
            payload_type: 97,
            timestamp: n * step,
            at_ms: nth(n).at_ms + f64::from(n % 7) * 3.0,
            ..nth(n)
        });
        let stream = stream_of(packets).stream;
        assert_eq!((stream.clock_hz, stream.clock_source.as_deref()), (Some(clock), Some("inferred")));
        assert_eq!(stream.ptime_ms, Some(20.0));
        assert!(stream.jitter_ms.is_some_and(|jitter| (1.0..9.0).contains(&jitter.mean)));
        assert_eq!(stream.codec, None);
        assert!(stream.mos.lq.is_none() && stream.mos.reason.is_some_and(|why| why.contains("97")));
    }
}

#[test]
fn events_and_comfort_noise_stay_out_of_jitter() {
    for sdp in [true, false] {
        let mut wire = Wire::new(&Config::default());
        if sdp {
            let formats = [(0, "PCMU", 8_000), (101, "telephone-event", 8_000)];
            wire.tracker.announce(&announcement(DESTINATION, Party::Callee, &formats));
        }
        for n in 0..200u32 {
            if (50..60).contains(&n) {
                let event = Rtp { payload_type: 101, timestamp: 50 * 160, marker: n == 50, ..nth(n) };
                let end = if n >= 57 { 0x8a } else { 0x0a };
                let duration = (n.min(57) - 49) as u16 * 160;
                let [high, low] = duration.to_be_bytes();
                wire.send_payload(&event, &[9, end, high, low]);
            } else if n == 100 {
                let noise = Rtp { payload_type: 13, timestamp: 77, ..nth(n) };
                wire.send_payload(&noise, &[60]);
            } else {
                wire.send(&nth(n));
            }
        }
        let summary = wire.stream();
        let stream = &summary.stream;
        assert_eq!((stream.packets, stream.lost, stream.late.unwrap()), (200, 0, 0));
        assert!(stream.jitter_ms.unwrap().max < 1e-6);
        assert_eq!(stream.payload_types, [0, 101, 13]);
        assert_eq!(stream.codec.as_deref(), Some("PCMU"));
        let [digit] = &summary.dtmf[..] else { panic!("{:?}", summary.dtmf) };
        assert_eq!((digit.digit.as_str(), digit.duration_ms, digit.frame), ("9", Some(160.0), 51));
        assert_eq!(digit.from, if sdp { "caller".to_owned() } else { SOURCE.to_string() });
    }
}

#[test]
fn a_fax_port_gets_no_stream_at_once() {
    let mut wire = Wire::new(&Config::default());
    let mut fax = announcement(DESTINATION, Party::Callee, &[(0, "PCMU", 8_000)]);
    fax.kind = MediaKind::Fax;
    wire.tracker.announce(&fax);
    assert_eq!(wire.send(&nth(0)), Verdict::NotMedia);
}

#[test]
fn key_exchange_marks_the_streams_beside_it() {
    let mut wire = Wire::new(&Config::default());
    (0..50).for_each(|n| drop(wire.send(&nth(n))));
    let zrtp = [0x10, 0, 0, 1, b'Z', b'R', b'T', b'P', 0, 0, 0, 0];
    assert_eq!(wire.tracker.datagram(&nth(50).context(51), &zrtp, 12), Verdict::NotMedia);
    assert!(wire.stream().stream.encrypted);
}

#[test]
fn a_relays_output_names_its_input() {
    let mut wire = Wire::new(&Config::default());
    let (relay_in, relay_out) = (Endpoint::v4([192, 0, 2, 9], 6000), Endpoint::v4([192, 0, 2, 9], 6002));
    for n in 0..100 {
        wire.send(&Rtp { destination: relay_in, ..nth(n) });
        if n >= 3 {
            wire.send(&Rtp { source: relay_out, at_ms: nth(n).at_ms + 1.0, ..nth(n) });
        }
    }
    let relayed: Vec<_> = wire.streams().iter().map(|s| s.stream.relayed_from).collect();
    assert_eq!(relayed, [None, Some(1)]);
}

#[test]
fn the_table_of_streams_is_bounded() {
    let mut wire = Wire::new(&Config { max_streams: 32, ..Config::default() });
    for ssrc in 1..=100u32 {
        (0..5).for_each(|n| {
            drop(wire.send(&Rtp { ssrc, at_ms: f64::from(ssrc) * 100.0 + f64::from(n), ..nth(n) }))
        });
    }
    let streams = wire.streams();
    assert!(streams.len() <= 32);
    assert_eq!(streams.len() as u64 + wire.tracker.evicted(), 100);
    assert_eq!(streams.last().unwrap().stream.id, 100, "the longest idle ones go first, ids stay");
    assert!(streams.is_sorted_by_key(|summary| summary.stream.id));
}

#[test]
fn reports_about_a_stream() {
    let mut wire = Wire::new(&Config::default());
    (0..100).for_each(|n| drop(wire.send(&nth(n))));
    let mut report = vec![0x81, 201, 0, 7, 0, 0, 0, 42];
    for word in [SSRC, 0x1000_0005, 99, 80, 0, 0] {
        report.extend_from_slice(&word.to_be_bytes());
    }
    let rtcp = Rtp { source: DESTINATION.with_port(5001), destination: SOURCE.with_port(4001), ..nth(100) };
    let verdict = wire.tracker.datagram(&rtcp.context(101), &report, report.len());
    assert_eq!(verdict, Verdict::Rtcp { call: None });
    let told = wire.stream().stream.rtcp.unwrap();
    assert_eq!((told.reports, told.peer_lost_percent, told.peer_jitter_ms), (1, Some(5.0), Some(10.0)));
}

#[test]
fn short_streams_are_not_rated() {
    let stream = stream_of((0..20).map(nth)).stream;
    assert!(stream.mos.lq.is_none());
    assert!(stream.mos.reason.unwrap().starts_with("Too short"));
}
