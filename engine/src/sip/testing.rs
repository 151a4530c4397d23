//! Helpers for the tests of this room: a small reader of captures that feeds a tracker, and messages.

use std::collections::HashMap;
use std::path::PathBuf;

use super::{CallSummary, Tracker, looks_like_sip};
use crate::config::Config;
use crate::media::Announcement;
use crate::packet::{Context, Endpoint, Nanos, PathId, Transport};

/// A frame of a capture: time in ns, link type, bytes.
type Frame = (i64, u16, Vec<u8>);

/// A tracker, what it announced, and the time of the last packet.
pub(super) struct Run {
    pub(super) tracker: Tracker,
    pub(super) announcements: Vec<Announcement>,
    pub(super) end: Nanos,
}

impl Run {
    pub(super) fn new(config: &Config) -> Self {
        Self { tracker: Tracker::new(config), announcements: Vec::new(), end: Nanos(0) }
    }

    pub(super) fn calls(&self) -> Vec<CallSummary> {
        self.tracker.calls(self.end)
    }

    pub(super) fn feed(&mut self, cx: &Context, raw: &[u8]) -> Option<u32> {
        self.end = self.end.max(cx.at);
        let outcome = self.tracker.message(cx, Transport::Udp, raw)?;
        self.announcements.extend(outcome.announcements);
        outcome.call
    }
}

pub(super) fn context(frame: u64, at: i64, source: Endpoint, destination: Endpoint) -> Context {
    Context {
        frame,
        at: Nanos(at),
        source,
        destination,
        path: PathId(0),
        dscp: 0,
        ip_id: None,
        fragmented: false,
    }
}

/// Reads a capture of the shared folder; `None` (and a line) when the folder is not there.
pub(super) fn capture(name: &str) -> Option<Run> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/captures");
    let folder = std::env::var_os("AIRTONE_CAPTURES").map_or_else(|| PathBuf::from(default), PathBuf::from);
    let Ok(bytes) = std::fs::read(folder.join(name)) else {
        eprintln!("skipped: no capture {name}");
        return None;
    };
    let mut run = Run::new(&Config::default());
    let mut fragments = HashMap::new();
    for (index, (at, link, bytes)) in frames(&bytes).into_iter().enumerate() {
        run.end = run.end.max(Nanos(at));
        let Some(ip) = ipv4(link, &bytes) else { continue };
        let Some((mut cx, payload)) = udp(ip, &mut fragments) else { continue };
        cx.frame = index as u64 + 1;
        cx.at = Nanos(at);
        if looks_like_sip(&payload) {
            run.feed(&cx, &payload);
        }
    }
    Some(run)
}

fn frames(file: &[u8]) -> Vec<Frame> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    if word(0) == 0x0a0d_0d0a {
        return pcapng_frames(file);
    }
    let unit = if word(0) == 0xa1b2_3c4d { 1 } else { 1000 };
    assert!(matches!(word(0), 0xa1b2_c3d4 | 0xa1b2_3c4d), "little-endian pcap");
    let (link, mut at, mut frames) = (word(20) as u16, 24, Vec::new());
    while at + 16 <= file.len() {
        let time = i64::from(word(at)) * Nanos::SECOND + i64::from(word(at + 4)) * unit;
        let len = word(at + 8) as usize;
        frames.push((time, link, file[at + 16..(at + 16 + len).min(file.len())].to_vec()));
        at += 16 + len;
    }
    frames
}

fn pcapng_frames(file: &[u8]) -> Vec<Frame> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let half = |at: usize| u16::from_le_bytes(file[at..at + 2].try_into().unwrap());
    let (mut at, mut frames, mut interfaces) = (0, Vec::new(), Vec::new());
    while at + 12 <= file.len() {
        let (kind, len) = (word(at), word(at + 4) as usize);
        match kind {
            1 => {
                let mut unit = 1000;
                let mut option = at + 16;
                while option + 4 <= at + len - 4 && half(option) != 0 {
                    if half(option) == 9 {
                        unit = 10i64.pow(9 - u32::from(file[option + 4]));
                    }
                    option += 4 + usize::from(half(option + 2)).next_multiple_of(4);
                }
                interfaces.push((half(at + 8), unit));
            }
            6 => {
                let (link, unit) = interfaces[word(at + 8) as usize];
                let time = (i64::from(word(at + 12)) << 32 | i64::from(word(at + 16))) * unit;
                let captured = word(at + 20) as usize;
                frames.push((time, link, file[at + 28..at + 28 + captured].to_vec()));
            }
            _ => {}
        }
        at += len;
    }
    frames
}

/// The IPv4 packet in a frame.
fn ipv4(link: u16, frame: &[u8]) -> Option<&[u8]> {
    let (mut kind, mut rest) = match link {
        1 => (frame.get(12..14)?, frame.get(14..)?),
        113 => (frame.get(14..16)?, frame.get(16..)?),
        _ => (&[8u8, 0][..], frame),
    };
    while kind == [0x81, 0] {
        (kind, rest) = (rest.get(2..4)?, rest.get(4..)?);
    }
    match kind {
        [8, 0] => Some(rest),
        [0x88, 0x64] if rest.get(6..8)? == [0, 0x21] => rest.get(8..),
        _ => None,
    }
}

/// UDP payloads; fragments are put together when they come in order.
fn udp(ip: &[u8], fragments: &mut HashMap<Vec<u8>, Vec<u8>>) -> Option<(Context, Vec<u8>)> {
    let header = usize::from(ip.first()? & 15) * 4;
    if ip[0] >> 4 != 4 || ip.get(9) != Some(&17) {
        return None;
    }
    let total = usize::from(u16::from_be_bytes([ip[2], ip[3]])).min(ip.len());
    let flags = u16::from_be_bytes([ip[6], ip[7]]);
    let (more, offset) = (flags & 0x2000 != 0, usize::from(flags & 0x1fff) * 8);
    let mut payload = ip.get(header..total)?.to_vec();
    let key = [&ip[4..6], &ip[12..20]].concat();
    let fragmented = more || offset > 0;
    if fragmented {
        let mut whole = if offset == 0 { Vec::new() } else { fragments.remove(&key)? };
        (whole.len() == offset).then_some(())?;
        whole.append(&mut payload);
        payload = whole;
        if more {
            fragments.insert(key, payload);
            return None;
        }
    }
    let port = |at: usize| Some(u16::from_be_bytes([*payload.get(at)?, *payload.get(at + 1)?]));
    let address = |at: usize| [ip[at], ip[at + 1], ip[at + 2], ip[at + 3]];
    let mut cx = context(0, 0, Endpoint::v4(address(12), port(0)?), Endpoint::v4(address(16), port(2)?));
    cx.ip_id = Some(u16::from_be_bytes([ip[4], ip[5]]));
    cx.fragmented = fragmented;
    Some((cx, payload.get(8..)?.to_vec()))
}
