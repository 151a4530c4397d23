//! For tests: the recorded captures with known truths, read in the plainest way.

use std::path::PathBuf;

use crate::packet::{LinkType, Nanos, Packet};

/// A packet of a capture file.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub frame: u64,
    pub at: Nanos,
    pub link: LinkType,
    pub interface: u32,
    pub orig_len: u32,
    pub bytes: Vec<u8>,
}

impl Recorded {
    pub fn packet(&self) -> Packet<'_> {
        let &Self { frame, at, link, interface, orig_len, ref bytes } = self;
        Packet { frame, at, link, interface, orig_len, bytes }
    }
}

/// The packets of a capture, up to where it is cut; `None`, with a line on stderr, where the captures are
/// not there.
pub(crate) fn capture(name: &str) -> Option<Vec<Recorded>> {
    let folder = std::env::var_os("AIRTONE_CAPTURES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/captures")),
        PathBuf::from,
    );
    let Ok(bytes) = std::fs::read(folder.join(name)) else {
        eprintln!("skipped: no capture {name} in {}", folder.display());
        return None;
    };
    let mut packets = Vec::new();
    match u32_at(&bytes, 0) {
        Some(0xa1b2_c3d4) => pcap(&bytes, 1000, &mut packets),
        Some(0xa1b2_3c4d) => pcap(&bytes, 1, &mut packets),
        Some(0x0a0d_0d0a) => pcapng(&bytes, &mut packets),
        other => panic!("{name}: not a little-endian pcap or pcapng: {other:x?}"),
    };
    Some(packets)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_le_bytes(*four))
}

fn pcap(bytes: &[u8], unit: i64, packets: &mut Vec<Recorded>) -> Option<()> {
    let link = LinkType(u32_at(bytes, 20)? as u16);
    let mut at = 24;
    loop {
        let len = u32_at(bytes, at + 8)? as usize;
        let data = bytes.get(at + 16..at + 16 + len)?;
        packets.push(Recorded {
            frame: packets.len() as u64 + 1,
            at: Nanos(
                i64::from(u32_at(bytes, at)?) * Nanos::SECOND + i64::from(u32_at(bytes, at + 4)?) * unit,
            ),
            link,
            interface: 0,
            orig_len: u32_at(bytes, at + 12)?,
            bytes: data.to_vec(),
        });
        at += 16 + len;
    }
}

/// Interface descriptions with a decimal `if_tsresol`, enhanced packet blocks; other blocks are passed.
fn pcapng(bytes: &[u8], packets: &mut Vec<Recorded>) -> Option<()> {
    let mut interfaces = Vec::new();
    let mut at = 0;
    loop {
        let (kind, len) = (u32_at(bytes, at)?, u32_at(bytes, at + 4)? as usize);
        let block = bytes.get(at..at + len)?;
        match kind {
            1 => interfaces.push((LinkType(u32_at(block, 8)? as u16), 10_i64.pow(9 - resolution(block)))),
            6 => {
                let interface = u32_at(block, 8)?;
                let (link, unit) = interfaces[interface as usize];
                let ticks = i64::from(u32_at(block, 12)?) << 32 | i64::from(u32_at(block, 16)?);
                packets.push(Recorded {
                    frame: packets.len() as u64 + 1,
                    at: Nanos(ticks * unit),
                    link,
                    interface,
                    orig_len: u32_at(block, 24)?,
                    bytes: block.get(28..28 + u32_at(block, 20)? as usize)?.to_vec(),
                });
            }
            _ => {}
        }
        at += len;
    }
}

fn resolution(interface: &[u8]) -> u32 {
    let mut at = 16;
    while let Some(option) = u32_at(interface, at) {
        match (option & 0xffff, option >> 16) {
            (9, 1) => return interface[at + 4].into(),
            (_, len) => at += 4 + (len as usize).next_multiple_of(4),
        }
    }
    6
}
