//! A small reader of captures for these tests: pcap, pcapng and gzip; Ethernet, cooked and raw; IPv4 and UDP.

use std::io::Read;
use std::path::PathBuf;

use crate::config::Config;
use crate::packet::{Context, Endpoint, Nanos, PathId};
use crate::rtp::{StreamSummary, Tracker, Verdict};

/// The folder with captures, where there is one.
pub fn folder() -> Option<PathBuf> {
    let default = || concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/captures").into();
    let folder = std::env::var_os("AIRTONE_CAPTURES").map_or_else(default, PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// A capture file, or a note that the test is skipped.
pub fn path(name: &str) -> Option<PathBuf> {
    let path = folder().map(|folder| folder.join(name)).filter(|path| path.is_file());
    if path.is_none() {
        eprintln!("skipped: no capture {name}");
    }
    path
}

/// One frame: its time, link type and bytes.
struct Frame {
    at: Nanos,
    link: u32,
    bytes: Vec<u8>,
}

fn frames(path: &PathBuf) -> Vec<Frame> {
    let mut bytes = std::fs::read(path).unwrap();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap();
        bytes = plain;
    }
    match bytes.first_chunk() {
        Some([0xd4, 0xc3, 0xb2, 0xa1]) => pcap(&bytes, 1_000),
        Some([0x4d, 0x3c, 0xb2, 0xa1]) => pcap(&bytes, 1),
        Some([0x0a, 0x0d, 0x0d, 0x0a]) => pcapng(&bytes),
        _ => Vec::new(),
    }
}

fn le32(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |four| u32::from_le_bytes(*four))
}

fn pcap(bytes: &[u8], scale: i64) -> Vec<Frame> {
    let link = le32(bytes, 20);
    let mut frames = Vec::new();
    let mut at = 24;
    while at + 16 <= bytes.len() {
        let len = le32(bytes, at + 8) as usize;
        let time = i64::from(le32(bytes, at)) * Nanos::SECOND + i64::from(le32(bytes, at + 4)) * scale;
        let Some(frame) = bytes.get(at + 16..at + 16 + len) else { break };
        frames.push(Frame { at: Nanos(time), link, bytes: frame.to_vec() });
        at += 16 + len;
    }
    frames
}

/// Little-endian sections with enhanced packet blocks.
fn pcapng(bytes: &[u8]) -> Vec<Frame> {
    let mut interfaces: Vec<(u32, i64)> = Vec::new();
    let mut frames = Vec::new();
    let mut at = 0;
    while at + 12 <= bytes.len() {
        let (kind, len) = (le32(bytes, at), le32(bytes, at + 4) as usize);
        let Some(block) = bytes.get(at..at + len).filter(|block| block.len() >= 12) else { break };
        if kind == 1 {
            let nanoseconds = block.windows(5).any(|w| w == [9, 0, 1, 0, 9]);
            interfaces.push((le32(block, 8) & 0xffff, if nanoseconds { 1 } else { 1_000 }));
        } else if kind == 6 {
            let (link, scale) = interfaces[le32(block, 8) as usize];
            let ticks = i64::from(le32(block, 12)) << 32 | i64::from(le32(block, 16));
            let captured = le32(block, 20) as usize;
            let bytes = block[28..28 + captured].to_vec();
            frames.push(Frame { at: Nanos(ticks * scale), link, bytes });
        }
        at += len;
    }
    frames
}

/// UDP payload of an IPv4 frame that is no fragment.
fn udp(frame: &Frame) -> Option<(Endpoint, Endpoint, &[u8], usize)> {
    let bytes = &frame.bytes;
    let mut ip = match frame.link {
        1 => 12,
        113 => 14,
        276 => 0,
        101 | 228 => return ipv4(bytes),
        _ => return None,
    };
    while bytes.get(ip..ip + 2)? == [0x81, 0x00] {
        ip += 4;
    }
    if frame.link == 276 {
        return ipv4(bytes.get(20..)?);
    }
    (bytes.get(ip..ip + 2)? == [0x08, 0x00]).then(|| ipv4(&bytes[ip + 2..]))?
}

fn ipv4(ip: &[u8]) -> Option<(Endpoint, Endpoint, &[u8], usize)> {
    let header = usize::from(ip.first()? & 0x0f) * 4;
    let fragment = u16::from_be_bytes([*ip.get(6)? & 0x3f, *ip.get(7)?]);
    if ip[0] >> 4 != 4 || *ip.get(9)? != 17 || fragment != 0 {
        return None;
    }
    let udp = ip.get(header..)?;
    let port = |at: usize| Some(u16::from_be_bytes([*udp.get(at)?, *udp.get(at + 1)?]));
    let wire_len = usize::from(port(4)?).checked_sub(8)?;
    let payload = udp.get(8..)?;
    let payload = &payload[..payload.len().min(wire_len)];
    let address = |at: usize| ip.get(at..at + 4)?.first_chunk().copied();
    Some((Endpoint::v4(address(12)?, port(0)?), Endpoint::v4(address(16)?, port(2)?), payload, wire_len))
}

/// What a capture without SDP gave.
pub struct Result {
    pub streams: Vec<StreamSummary>,
    /// Datagrams that were RTCP.
    pub rtcp: usize,
}

impl Result {
    /// The streams with an SSRC.
    pub fn of(&self, ssrc: u32) -> Vec<&StreamSummary> {
        let name = format!("0x{ssrc:08x}");
        self.streams.iter().filter(|found| found.stream.ssrc == name).collect()
    }
}

/// Runs a capture through a tracker, with `paths` copies of each datagram.
pub fn run(path: &PathBuf, config: &Config, paths: u16) -> Result {
    let mut tracker = Tracker::new(config);
    let frames = frames(path);
    let mut rtcp = 0;
    for (n, frame) in frames.iter().enumerate() {
        tracker.capture_started(frame.at);
        let Some((source, destination, payload, wire_len)) = udp(frame) else { continue };
        for path in 0..paths {
            let cx = Context {
                frame: n as u64 + 1,
                at: frame.at,
                source,
                destination,
                path: PathId(path),
                dscp: 0,
                ip_id: None,
                fragmented: false,
            };
            let verdict = tracker.datagram(&cx, payload, wire_len);
            rtcp += usize::from(matches!(verdict, Verdict::Rtcp { .. }));
        }
    }
    let ends = frames.first().zip(frames.last()).map_or_else(Default::default, |(a, b)| (a.at, b.at));
    Result { streams: tracker.streams(ends.0, ends.1, &[]), rtcp }
}
