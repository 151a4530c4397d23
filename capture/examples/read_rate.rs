//! How fast captures are read: `cargo run --release --example read_rate FILE...` prints packets per second.

use std::path::PathBuf;
use std::time::Instant;

use airtone_capture::{Input, Record};

fn main() -> Result<(), airtone_capture::Error> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let started = Instant::now();
    let mut input = Input::open(&paths)?;
    let (mut packets, mut bytes, mut mark) = (0_u64, 0_u64, 0_u64);
    while let Some(record) = input.next()? {
        if let Record::Packet(packet) = record {
            packets += 1;
            bytes += packet.bytes.len() as u64;
            // Something of every packet is used, or the compiler may skip the work.
            mark ^= packet.at.0.cast_unsigned()
                ^ packet.frame
                ^ u64::from(packet.bytes.last().copied().unwrap_or(0));
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{packets} packets, {bytes} bytes, check {mark:016x}: {:.1} million packets/s, {:.2} GB/s, {:.1} ns each",
        packets as f64 / seconds / 1e6,
        bytes as f64 / seconds / 1e9,
        seconds * 1e9 / packets.max(1) as f64
    );
    for file in input.files() {
        println!("{} {}: {} packets, {:?}", file.path, file.format, file.packets, file.warnings);
    }
    Ok(())
}
