//! An export without times: what needs them is left out, and nothing is made up.

use super::sender::{Rtp, Wire, nth};
use crate::config::{Config, WiresharkVersion};
use crate::packet::{Context, Nanos};
use crate::rtp::StreamSummary;

/// The stream of these packets when nobody noted when they came.
fn untimed(packets: impl IntoIterator<Item = Rtp>) -> StreamSummary {
    let mut wire = Wire::new(&Config { compat: Some(WiresharkVersion::V4_4), ..Config::default() });
    for (frame, packet) in (1..).zip(packets) {
        let cx = Context { at: Nanos::UNKNOWN, ..packet.context(frame) };
        let bytes = packet.bytes(&[0xd5; 160]);
        wire.tracker.datagram(&cx, &bytes, bytes.len());
    }
    wire.stream()
}

#[test]
fn figures_of_time_are_missing_and_the_others_are_there() {
    let stream = untimed((0..1000).filter(|n| n % 100 != 50).map(nth)).stream;
    assert_eq!((stream.packets, stream.expected, stream.lost), (990, 1000, 10));
    assert_eq!((stream.codec.as_deref(), stream.ptime_ms), (Some("PCMU"), Some(20.0)));
    assert_eq!(stream.bursts.longest_loss, 1);
    assert!((stream.duration_s.unwrap() - 19.98).abs() < 1e-9, "by the media clock");
    assert_eq!((stream.late, stream.late_percent), (None, None));
    assert!(stream.jitter_ms.is_none() && stream.delta_ms.is_none());
    assert_eq!((stream.skew_ms, stream.clock_drift_ppm), (None, None));
    assert!(stream.buffer_curve.is_empty() && stream.best_buffer_ms.is_none());
    assert!(stream.mos_worst_interval.is_none() && stream.wireshark.is_none());
    assert!(stream.mos.reason.unwrap().starts_with("Loss only: the export holds no times"));
    assert!(!stream.start.is_known());
}

#[test]
fn the_rating_is_that_of_the_losses() {
    let lossy = || (0..1000).filter(|n| n % 20 != 10).map(nth);
    let timed = super::sender::stream_of(lossy()).stream;
    assert_eq!(untimed(lossy()).stream.mos.lq, timed.mos.lq);
    assert_eq!(untimed(lossy()).stream.bursts, timed.bursts);
}

#[test]
fn a_long_loss_is_no_restart() {
    let stream = untimed((0..600).filter(|n| !(100..350).contains(n)).map(nth)).stream;
    assert_eq!((stream.packets, stream.lost), (350, 250));
}

#[test]
fn facts_of_single_packets_name_no_times() {
    let mut wire = Wire::new(&Config::default());
    for (frame, packet) in (1..).zip((0..20).map(nth)) {
        let cx = Context { at: Nanos::UNKNOWN, ..packet.context(frame) };
        let bytes = packet.bytes(&[0xd5; 160]);
        if let crate::rtp::Verdict::Rtp { facts, .. } = wire.tracker.datagram(&cx, &bytes, bytes.len()) {
            assert_eq!((facts.jitter_ms, facts.delta_ms, facts.late), (None, None, false));
        }
    }
    assert_eq!(wire.stream().stream.packets, 20);
}
