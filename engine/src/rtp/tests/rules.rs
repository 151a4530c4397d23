//! Sequence space, lateness and restarts; each rule on a made-up stream.

use super::sender::{Rtp, SOURCE, Wire, nth, stream_of};
use crate::config::{Config, JitterBuffer};
use crate::rtp::Verdict;

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
    wire.send_all((0..10).map(nth));
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
    wire.send_all((0..100).map(nth));
    wire.send_all((100..200).map(restarted));
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
    wire.send_all((0..500).filter(|&n| n != 100).map(nth));
    wire.send_all((500..600).map(restarted));
    let lost: Vec<_> =
        wire.streams().iter().map(|s| (s.stream.packets, s.stream.lost, s.stream.duplicates)).collect();
    assert_eq!(lost, [(499, 1, 0), (100, 0, 0)]);
}

#[test]
fn a_moderate_jump_is_loss_only_when_the_timestamps_agree() {
    let mut wire = Wire::new(&Config::default());
    wire.send_all((0..100).map(nth));
    wire.send_all((600..700).map(nth));
    assert_eq!(wire.stream().stream.lost, 500);
    let jumped = |n: u32| Rtp { sequence: n as u16 + 500, timestamp: n * 160 + 0x7000_0000, ..nth(n) };
    wire.send_all((700..800).map(jumped));
    let streams = wire.streams();
    assert_eq!((streams.len(), streams[1].stream.packets, streams[1].stream.lost), (2, 100, 0));
}

#[test]
fn one_stray_packet_does_not_restart() {
    let mut wire = Wire::new(&Config::default());
    wire.send_all((0..100).map(nth));
    wire.send(&Rtp { sequence: 40_000, ..nth(100) });
    wire.send_all((100..200).map(nth));
    assert_eq!((wire.stream().stream.packets, wire.stream().stream.lost), (200, 0));
}

#[test]
fn a_long_silence_starts_anew() {
    let mut wire = Wire::new(&Config::default());
    wire.send_all((0..100).map(nth));
    wire.send_all((100..200).map(|n| Rtp { at_ms: nth(n).at_ms + 61_000.0, ..nth(n) }));
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
            marker: n.is_multiple_of(100),
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
            marker: marker && n.is_multiple_of(100),
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
        wire.send_all((0..500).map(|n| delayed(by)(n)));
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
fn a_port_that_somebody_declares_needs_no_probation() {
    let odd = |n| Rtp { source: SOURCE.with_port(500), payload_type: 77, ..nth(n) };
    let config = Config { rtp_heuristic: false, rtp_ports: vec![500], ..Config::default() };
    let mut told_before = Wire::new(&config);
    let mut told_later = Wire::new(&Config { rtp_ports: Vec::new(), ..config });
    for n in 0..2 {
        assert!(matches!(told_before.send(&odd(n)), Verdict::Rtp { stream: 1, .. }));
        assert!(matches!(told_later.send(&odd(n)), Verdict::NotMedia));
    }
    told_later.tracker.declare(500);
    assert!(matches!(told_later.send(&odd(2)), Verdict::Rtp { stream: 1, .. }));
}
