//! How long a packet takes; run by hand with `--release --ignored --nocapture`.

use std::hint::black_box;
use std::time::Instant;

use super::sender::{DESTINATION, Rtp, SOURCE, nth};
use crate::config::Config;
use crate::packet::{Context, Nanos};
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
    let mut sent = 0u64;
    let mut round = |n: u32, take: &mut dyn FnMut(&Context, &[u8])| {
        let started = Instant::now();
        let before = sent;
        for (index, end) in ends.iter().enumerate() {
            if (n + index as u32) % 500 == 250 {
                continue;
            }
            template[2..4].copy_from_slice(&(n as u16).to_be_bytes());
            template[4..8].copy_from_slice(&(n * 160).to_be_bytes());
            template[8..12].copy_from_slice(&end.ssrc.to_be_bytes());
            sent += 1;
            let at = Nanos(i64::from(n) * 20 * Nanos::MILLI + index as i64 * 20_000);
            take(&Context { at, frame: sent, ..end.context(0) }, &template);
        }
        (started.elapsed().as_nanos() as f64 / (sent - before) as f64, sent - before)
    };
    let mut empty: Vec<f64> =
        (0..PACKETS).map(|n| round(n, &mut |cx, bytes| _ = black_box((*cx, bytes))).0).collect();
    let mut counted = 0;
    let mut full: Vec<f64> = Vec::new();
    for n in 0..PACKETS {
        let (ns, packets) = round(n, &mut |cx, bytes| _ = black_box(tracker.datagram(cx, bytes, 172)));
        full.push(ns);
        counted += packets;
    }
    // The median of rounds, since other work on the machine disturbs some of them.
    [&mut empty, &mut full].into_iter().for_each(|rounds| rounds.sort_by(f64::total_cmp));
    let (empty, full) = (empty[empty.len() / 2], full[full.len() / 2]);
    println!("{:.1} ns per packet ({full:.1} with the {empty:.1} that this loop takes)", full - empty);
    let started = Instant::now();
    let streams = tracker.streams(Nanos(0), Nanos(0), &[]);
    println!("report of {} streams {:?}", streams.len(), started.elapsed());
    println!(
        "stream {} bytes, rest {} bytes",
        size_of::<crate::rtp::stream::Stream>(),
        size_of::<crate::rtp::rest::Rest>()
    );
    assert_eq!(streams.len(), STREAMS as usize);
    assert_eq!(streams.iter().map(|summary| summary.stream.packets).sum::<u64>(), counted);
}
