//! Random streams against a naive model, and random bytes.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::sender::{Rtp, Wire, nth};
use crate::config::{Config, JitterBuffer, WiresharkVersion};
use crate::packet::Nanos;

/// A stream of `n` packets; each is lost, sent twice, or put back by some places.
fn disturbed() -> impl Strategy<Value = Vec<u32>> {
    let fate = prop_oneof![8 => Just((1, 0)), 1 => Just((0, 0)), 1 => (1..3usize, 0..40u32)];
    (prop::collection::vec(fate, 20..600), any::<bool>()).prop_map(|(fates, ordered)| {
        let mut sent: Vec<(u32, u32)> = Vec::new();
        for (n, (copies, delay)) in (0u32..).zip(fates) {
            let place = if ordered { n } else { n + delay };
            sent.extend(std::iter::repeat_n((place, n), copies));
        }
        sent.sort_by_key(|&(place, _)| place);
        sent.into_iter().map(|(_, n)| n).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counts_agree_with_a_naive_model(order in disturbed(), start in any::<u16>()) {
        let mut wire = Wire::new(&Config::default());
        let (mut distinct, mut out_of_order, mut highest) = (BTreeSet::new(), 0, None);
        for (place, &n) in order.iter().enumerate() {
            let packet = Rtp {
                sequence: start.wrapping_add(n as u16),
                at_ms: place as f64 * 20.0,
                ..nth(n)
            };
            wire.tracker.header(&packet.context(place as u64 + 1), &header(&packet), Some(160), &[]);
            if distinct.insert(n) && highest.is_some_and(|highest| n < highest) {
                out_of_order += 1;
            }
            highest = highest.max(Some(n));
        }
        prop_assume!(!distinct.is_empty());
        let stream = wire.stream().stream;
        let expected = u64::from(distinct.last().unwrap() - distinct.first().unwrap()) + 1;
        prop_assert_eq!(stream.packets, distinct.len() as u64);
        prop_assert_eq!(stream.expected, expected);
        prop_assert_eq!(stream.lost + stream.packets, expected);
        prop_assert_eq!(stream.duplicates, (order.len() - distinct.len()) as u64);
        prop_assert_eq!(stream.out_of_order, out_of_order);
        // With the largest buffer only what never came is missing, plus what came half a second late.
        let at_500 = stream.buffer_curve.last().unwrap();
        prop_assert!(at_500.late_percent <= 100.0 * (expected - stream.lost) as f64 / expected as f64);
        let depths: Vec<f64> = stream.buffer_curve.iter().map(|point| point.late_percent).collect();
        prop_assert!(depths.is_sorted_by(|a, b| a >= b));
        let at_60 = stream.buffer_curve[2].late_percent;
        prop_assert!((at_60 - stream.late_percent.unwrap()).abs() < 1e-9, "{at_60} {}", stream.late_percent.unwrap());
        // A stream of one interval sounds in it as it does as a whole.
        let whole = stream.mos_worst_interval.zip(stream.mos.lq).filter(|(worst, _)| worst.interval_s < 10.0);
        if let Some((worst, lq)) = whole {
            prop_assert!((worst.lq - lq).abs() < 1e-9, "{} {lq}", worst.lq);
        }
    }

    #[test]
    fn random_bytes_do_not_panic(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..200),
        version in any::<bool>(),
    ) {
        let config = Config { compat: Some(WiresharkVersion::V4_2), jitter_buffer: JitterBuffer::Adaptive,
            max_streams: 8, max_candidates: 8, ..Config::default() };
        let mut wire = Wire::new(&config);
        for (n, mut bytes) in datagrams.into_iter().enumerate() {
            if let (true, Some(first)) = (version, bytes.first_mut()) {
                *first = 0x80 | *first & 0x3f;
            }
            let cx = nth(n as u32).context(n as u64);
            wire.tracker.datagram(&cx, &bytes, bytes.len() + n % 3);
            wire.tracker.rtcp(&cx, &bytes);
            if let Some(parsed) = crate::rtp::header::parse(&bytes, bytes.len()) {
                wire.tracker.header(&cx, &parsed.header, Some(4), parsed.payload);
            }
        }
        let streams = wire.tracker.streams(Nanos(0), Nanos(0), &[]);
        prop_assert!(streams.len() <= 8);
    }

    #[test]
    fn wild_sequences_on_one_key_do_not_panic(
        packets in prop::collection::vec((any::<u16>(), any::<u32>(), 0..128u8, any::<i32>(), 0..4u16), 0..300),
        version in prop_oneof![
            Just(WiresharkVersion::V4_0), Just(WiresharkVersion::V4_2), Just(WiresharkVersion::V4_4)
        ],
    ) {
        let mut wire = Wire::new(&Config { max_streams: 4, compat: Some(version), ..Config::default() });
        let mut at = 0i64;
        for (n, (sequence, timestamp, payload_type, step, path)) in packets.into_iter().enumerate() {
            at += i64::from(step) * 10;
            let rtp = Rtp { sequence, timestamp, payload_type, path, ..nth(0) };
            let mut cx = rtp.context(n as u64);
            cx.at = Nanos(at);
            wire.tracker.header(&cx, &header(&rtp), Some(20), &[1, 2, 3, 4]);
        }
        for summary in wire.tracker.streams(Nanos(0), Nanos(0), &[]) {
            prop_assert_eq!(summary.stream.lost + summary.stream.packets, summary.stream.expected);
        }
    }
}

fn header(rtp: &Rtp) -> crate::rtp::Header {
    crate::rtp::Header {
        payload_type: rtp.payload_type,
        marker: rtp.marker,
        sequence: rtp.sequence,
        timestamp: rtp.timestamp,
        ssrc: rtp.ssrc,
    }
}
