//! From a stream to its MOS. Skipped while the codec table is empty.

use super::sender::{DESTINATION, Rtp, SOURCE, SSRC, Wire, nth, stream_of};
use crate::config::Config;
use crate::model::Stream;
use crate::quality::codec::{self, Scale};

fn has_codecs() -> bool {
    let has = codec::by_name("g711").is_some();
    if !has {
        eprintln!("skipped: no codec table");
    }
    has
}

fn close(value: Option<f64>, expected: f64) -> bool {
    value.is_some_and(|value| (value - expected).abs() < 0.005)
}

#[test]
fn a_clean_stream_is_as_good_as_its_codec() {
    if !has_codecs() {
        return;
    }
    let stream = stream_of((0..1500).map(nth)).stream;
    assert!(close(stream.mos.lq, 4.409), "{:?}", stream.mos);
    assert_eq!((stream.mos.scale, stream.mos.cq), (Some(Scale::Nb), None));
    assert!(stream.mos.reason.is_some(), "says why there is no conversational quality");
    assert_eq!(stream.best_buffer_ms, Some(20));
    let worst = stream.mos_worst_interval.unwrap();
    assert_eq!((worst.interval_s, worst.at), (10.0, stream.start));
    assert!(close(Some(worst.lq), 4.409));
}

#[test]
fn loss_and_lateness_count_alike() {
    if !has_codecs() {
        return;
    }
    let lost = stream_of((0..1500).filter(|n| n % 20 != 10).map(nth)).stream;
    let delayed = |n: u32| Rtp { at_ms: nth(n).at_ms + if n % 20 == 10 { 90.0 } else { 0.0 }, ..nth(n) };
    let late = stream_of((0..1500).map(delayed)).stream;
    assert_eq!((lost.lost, late.late.unwrap()), (75, 75));
    assert!(lost.mos.lq.unwrap() < 4.3);
    assert!(close(late.mos.lq, lost.mos.lq.unwrap()));
    // A buffer of 100 ms would have saved the late ones, and none the lost ones.
    assert_eq!(late.best_buffer_ms, Some(100));
    assert!(close(late.buffer_curve[4].lq, 4.409));
    assert_eq!(lost.best_buffer_ms, Some(20));
}

#[test]
fn the_worst_ten_seconds() {
    if !has_codecs() {
        return;
    }
    let stream: Stream =
        stream_of((0..2000).filter(|n| !(700..750).contains(n) || n % 2 == 0).map(nth)).stream;
    let worst = stream.mos_worst_interval.unwrap();
    assert_eq!(worst.at.millis_since(stream.start), 10_000.0);
    assert!(worst.lq < stream.mos.lq.unwrap());
}

/// Lost, late and overtaken packets in a row are one run, in an interval as in the whole stream: a stream that is one
/// interval sounds in it as it does as a whole.
#[test]
fn a_short_stream_is_its_worst_interval() {
    if !has_codecs() {
        return;
    }
    // Ms that a packet is behind; negative: it is lost.
    let behind = |n: u32| match n {
        20 | 21 | 300..303 => -1.0,
        22..26 | 120..123 | 200 | 303 | 304 => 90.0,
        // Overtaken by those behind it: in time, and late.
        60 | 61 => 45.0,
        140 => 130.0,
        _ => 0.0,
    };
    let mut packets: Vec<Rtp> = (0..400)
        .filter(|&n| behind(n) >= 0.0)
        .map(|n| Rtp { at_ms: nth(n).at_ms + behind(n), ..nth(n) })
        .collect();
    packets.sort_by(|a, b| a.at_ms.total_cmp(&b.at_ms));
    let stream = stream_of(packets).stream;
    assert_eq!((stream.lost, stream.late), (5, Some(11)));
    let worst = stream.mos_worst_interval.unwrap();
    assert!((worst.lq - stream.mos.lq.unwrap()).abs() < 1e-9, "{} and {:?}", worst.lq, stream.mos.lq);
}

#[test]
fn delay_declared_or_from_rtcp() {
    if !has_codecs() {
        return;
    }
    let mut wire = Wire::new(&Config { declared_delay_ms: Some(150.0), ..Config::default() });
    wire.send_all((0..500).map(nth));
    let mos = wire.stream().stream.mos;
    assert_eq!((mos.delay_source.as_deref(), mos.one_way_delay_ms), (Some("declared"), Some(150.0)));
    assert!(mos.cq.unwrap() < mos.lq.unwrap());

    // A sender report passes; the receiver quotes it 300 ms later, 100 ms after it came.
    let mut sender_report = vec![0x80, 200, 0, 6];
    for word in [SSRC, 0x0001_2345, 0x6789_0000, 0, 0, 0] {
        sender_report.extend_from_slice(&word.to_be_bytes());
    }
    let mut answer = vec![0x81, 201, 0, 7, 0, 0, 0, 42];
    for word in [SSRC, 0, 499, 0, 0x2345_6789, 6554] {
        answer.extend_from_slice(&word.to_be_bytes());
    }
    let there = Rtp { source: SOURCE.with_port(4001), destination: DESTINATION.with_port(5001), ..nth(500) };
    let back =
        Rtp { source: there.destination, destination: there.source, at_ms: there.at_ms + 300.0, ..there };
    wire.tracker.datagram(&there.context(501), &sender_report, sender_report.len());
    wire.tracker.datagram(&back.context(502), &answer, answer.len());
    let stream = wire.stream().stream;
    let round_trip = stream.rtcp.unwrap().round_trip_ms.unwrap();
    assert!((round_trip - 200.0).abs() < 0.02, "{round_trip}");
    assert_eq!(stream.mos.delay_source.as_deref(), Some("rtcp"));
    // Half of it, the buffer, the packet and a little look-ahead.
    assert!((180.0..185.0).contains(&stream.mos.one_way_delay_ms.unwrap()), "{:?}", stream.mos);
}
