//! Where the time goes on one core: reading alone, reading and decoding, the whole analysis, the report.
//!
//! `cargo run --release -p airtone-capture --example stages -- CAPTURE`

use std::path::PathBuf;
use std::time::{Duration, Instant};

use airtone_capture::{Input, Record};
use airtone_engine::decode::{Decoder, Item};
use airtone_engine::{Config, Engine, SourceInfo};

/// Runs of each stage; the fastest counts.
const RUNS: usize = 5;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let file = std::env::args_os().nth(1).map(PathBuf::from).ok_or("which capture?")?;
    let mut packets = 0;
    let reading = fastest(|| {
        let mut bytes = 0;
        packets = each(&file, |record| {
            if let Record::Packet(packet) = record {
                bytes += packet.bytes.len();
            }
        })?;
        Ok(bytes)
    })?;
    tell("read", reading, packets);
    let decoding = fastest(|| {
        let (mut decoder, mut datagrams) = (Decoder::new(&Config::default()), 0);
        each(&file, |record| {
            if let Record::Packet(packet) = record {
                decoder.decode(&packet, |item| datagrams += usize::from(matches!(item, Item::Udp { .. })));
            }
        })?;
        Ok(datagrams)
    })?;
    tell("read and decode", decoding, packets);
    let mut engine = Engine::new(Config::default());
    let analysis = fastest(|| {
        engine = Engine::new(Config::default());
        each(&file, |record| record.give_to(&mut engine)).map(|packets| packets as usize)
    })?;
    tell("read, decode and analyse", analysis, packets);
    let report = fastest(|| Ok(engine.report(SourceInfo::default()).streams.len()))?;
    tell("report of it", report, packets);
    Ok(())
}

/// Hands over every record and counts the packets.
fn each(file: &PathBuf, mut sink: impl FnMut(Record<'_>)) -> Outcome<u64> {
    let mut input = Input::open(std::slice::from_ref(file))?;
    while input.next_records(&mut sink)? {}
    Ok(input.files().iter().map(|file| file.packets).sum())
}

/// What a stage returns is used, so that none of it can be left out.
fn fastest(mut stage: impl FnMut() -> Outcome<usize>) -> Outcome<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        std::hint::black_box(stage()?);
        best = best.min(start.elapsed());
    }
    Ok(best)
}

fn tell(stage: &str, took: Duration, packets: u64) {
    let nanos = took.as_secs_f64() * 1e9 / packets.max(1) as f64;
    let millis = took.as_secs_f64() * 1e3;
    println!("{stage:<26} {millis:>8.1} ms  {nanos:>7.1} ns/packet  {:>6.2} M packets/s", 1e3 / nanos);
}
