//! How long a packet takes; run by hand with `--release --ignored --nocapture`.

use std::time::Instant;

use super::sender::{DESTINATION, Rtp, SOURCE, nth};
use crate::config::Config;
use crate::packet::Nanos;
use crate::rtp::Tracker;

#[test]
#[ignore = "a measurement"]
fn nanoseconds_per_packet() {
    const STREAMS: u32 = 1_000;
    const PACKETS: u32 = 2_000;
    let mut tracker = Tracker::new(&Config::default());
    let ends: Vec<Rtp> = (0..STREAMS)
        .map(|n| Rtp {
            source: SOURCE.with_port(10_000 + n as u16),
            destination: DESTINATION.with_port(20_000 + n as u16),
            ssrc: n.wrapping_mul(0x9e37_79b9) | 1,
            ..nth(0)
        })
        .collect();
    let mut template = nth(0).bytes(&[0xd5; 160]);
    let started = Instant::now();
    let mut sent = 0u64;
    for n in 0..PACKETS {
        for (index, end) in ends.iter().enumerate() {
            if (n + index as u32) % 500 == 250 {
                continue;
            }
            let rtp = Rtp { at_ms: f64::from(n) * 20.0 + index as f64 * 0.02, ..*end };
            template[2..4].copy_from_slice(&(n as u16).to_be_bytes());
            template[4..8].copy_from_slice(&(n * 160).to_be_bytes());
            template[8..12].copy_from_slice(&end.ssrc.to_be_bytes());
            sent += 1;
            std::hint::black_box(tracker.datagram(&rtp.context(sent), &template, 172));
        }
    }
    let per_packet = started.elapsed().as_nanos() as f64 / sent as f64;
    let started = Instant::now();
    let streams = tracker.streams(Nanos(0), Nanos(0), &[]);
    println!("{per_packet:.1} ns per packet, report of {} streams {:?}", streams.len(), started.elapsed());
    println!(
        "stream {} bytes, rest {} bytes",
        size_of::<crate::rtp::stream::Stream>(),
        size_of::<crate::rtp::stream::Rest>()
    );
    assert_eq!(streams.len(), STREAMS as usize);
    let counted: u64 = streams.iter().map(|summary| summary.stream.packets).sum();
    assert_eq!(counted, sent);
}
