//! Frames and captures for tests: a builder, and a small reader of capture files with 802.11 link types.

use std::path::PathBuf;

use super::{Radio, Tracker};
use crate::config::Config;
use crate::facts::BeaconFacts;
use crate::model::{Bss, Wifi};
use crate::packet::{Context, Endpoint, LinkType, Nanos, PathId};

/// Of a frame, which has a way to the sensor and no ends.
pub(crate) fn context(frame: u64, at: Nanos, path: u16) -> Context {
    let nowhere = Endpoint::v4([0; 4], 0);
    Context {
        frame,
        at,
        source: nowhere,
        destination: nowhere,
        path: PathId(path),
        dscp: 0,
        ip_id: None,
        fragmented: false,
    }
}

/// Builds a MAC frame.
#[derive(Clone, Debug)]
pub(crate) struct Frame(Vec<u8>);

/// A device address ending in `n`.
pub(crate) fn mac(n: u8) -> [u8; 6] {
    [2, 0, 0, 0, 0, n]
}

impl Frame {
    /// A beacon of AP `n`, interval 100 TU, without elements.
    pub(crate) fn beacon(n: u8) -> Self {
        let mut bytes = vec![0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        bytes.extend(mac(n));
        bytes.extend(mac(n));
        bytes.extend([0; 10]);
        bytes.extend([100, 0, 0x21, 0x04]);
        Self(bytes)
    }

    /// A frame of type and flags with three addresses.
    pub(crate) fn new(control: u8, flags: u8, addresses: [[u8; 6]; 3]) -> Self {
        Self([&[control, flags, 0, 0][..], &addresses.concat(), &[0, 0]].concat())
    }

    pub(crate) fn tsf(mut self, tsf: u64) -> Self {
        self.0[24..32].copy_from_slice(&tsf.to_le_bytes());
        self
    }

    pub(crate) fn interval(mut self, tu: u16) -> Self {
        self.0[32..34].copy_from_slice(&tu.to_le_bytes());
        self
    }

    pub(crate) fn control(mut self, control: u8) -> Self {
        self.0[0] = control;
        self
    }

    pub(crate) fn more(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    pub(crate) fn element(self, id: u8, data: &[u8]) -> Self {
        self.more(&[id, u8::try_from(data.len()).unwrap()]).more(data)
    }

    /// Any bytes as a frame.
    pub(crate) fn replaced(self, bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.clone()
    }
}

/// Beacon interval of 100 TU in µs.
pub(crate) const T: u64 = 102_400;

/// A tracker with a frame counter; times in µs.
pub(crate) struct Air {
    pub tracker: Tracker,
    pub frame: u64,
    pub end: Nanos,
    pub frequency: u16,
}

impl Air {
    pub(crate) fn new() -> Self {
        Self { tracker: Tracker::new(&Config::default()), frame: 0, end: Nanos(0), frequency: 2412 }
    }

    pub(crate) fn send(&mut self, at_us: u64, frame: &Frame) -> Option<BeaconFacts> {
        self.send_on(self.frequency, 0, at_us, frame)
    }

    /// From here on on another frequency.
    pub(crate) fn at(&mut self, mhz: u16) -> &mut Self {
        self.frequency = mhz;
        self
    }

    /// [`Air::send`] for its effect alone.
    pub(crate) fn put(&mut self, at_us: u64, frame: &Frame) {
        let _ = self.send(at_us, frame);
    }

    pub(crate) fn send_on(&mut self, mhz: u16, path: u16, at_us: u64, frame: &Frame) -> Option<BeaconFacts> {
        let radio = Radio {
            frequency_mhz: Some(mhz).filter(|&mhz| mhz != 0),
            signal_dbm: Some(-60),
            ..Radio::default()
        };
        self.send_with(radio, path, at_us, frame)
    }

    pub(crate) fn send_with(
        &mut self,
        radio: Radio,
        path: u16,
        at_us: u64,
        frame: &Frame,
    ) -> Option<BeaconFacts> {
        self.frame += 1;
        let at = Nanos(at_us as i64 * 1_000);
        self.end = self.end.max(at);
        let cx = context(self.frame, at, path);
        self.tracker.frame(&cx, &radio, &frame.bytes())
    }

    pub(crate) fn report(&self) -> Wifi {
        self.tracker.report(self.end)
    }

    pub(crate) fn only(&self) -> Bss {
        let mut wifi = self.report();
        assert_eq!(wifi.bss.len(), 1);
        wifi.bss.remove(0)
    }
}

/// A packet of a capture file.
#[derive(Clone, Debug)]
pub(crate) struct Captured {
    pub frame: u64,
    pub at: Nanos,
    pub link: LinkType,
    pub bytes: Vec<u8>,
}

/// A file of the shared collection; `None` (and a line on stderr) where it is absent.
pub(crate) fn read(name: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("AIRTONE_CAPTURES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/captures")),
        PathBuf::from,
    );
    let bytes = std::fs::read(folder.join(name)).ok();
    if bytes.is_none() {
        eprintln!("skipped: no capture {name}");
    }
    bytes
}

/// Reads a capture of the shared collection.
pub(crate) fn capture(name: &str) -> Option<Vec<Captured>> {
    let bytes = read(name)?;
    Some(if bytes.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) { pcapng(&bytes) } else { pcap(&bytes) })
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn pcap(bytes: &[u8]) -> Vec<Captured> {
    assert_eq!(u32_at(bytes, 0), 0xa1b2_c3d4, "little-endian, microseconds");
    // The upper half of the field holds flags.
    let link = LinkType((u32_at(bytes, 20) & 0xffff) as u16);
    let (mut out, mut at) = (Vec::new(), 24);
    while at + 16 <= bytes.len() {
        let len = u32_at(bytes, at + 8) as usize;
        let Some(data) = bytes.get(at + 16..at + 16 + len) else { break };
        let time = i64::from(u32_at(bytes, at)) * Nanos::SECOND + i64::from(u32_at(bytes, at + 4)) * 1_000;
        out.push(Captured { frame: out.len() as u64 + 1, at: Nanos(time), link, bytes: data.to_vec() });
        at += 16 + len;
    }
    out
}

fn pcapng(bytes: &[u8]) -> Vec<Captured> {
    let (mut out, mut at, mut link, mut tick_ns) = (Vec::new(), 0, LinkType::ETHERNET, 1_000);
    while at + 12 <= bytes.len() {
        let (kind, len) = (u32_at(bytes, at), u32_at(bytes, at + 4) as usize);
        let Some(block) = bytes.get(at..at + len) else { break };
        match kind {
            1 => {
                link = LinkType(u16::from_le_bytes([block[8], block[9]]));
                tick_ns = interface_tick(block);
            }
            6 => {
                let ticks = (u64::from(u32_at(block, 12)) << 32) | u64::from(u32_at(block, 16));
                let captured = u32_at(block, 20) as usize;
                out.push(Captured {
                    frame: out.len() as u64 + 1,
                    at: Nanos(i64::try_from(ticks).unwrap() * tick_ns),
                    link,
                    bytes: block[28..28 + captured].to_vec(),
                });
            }
            _ => {}
        }
        at += len;
    }
    out
}

/// Nanoseconds per tick by `if_tsresol`: microseconds unless it says 10^-9.
fn interface_tick(block: &[u8]) -> i64 {
    let mut at = 16;
    while at + 4 <= block.len() - 4 {
        let (code, len) = (u16::from_le_bytes([block[at], block[at + 1]]), usize::from(block[at + 2]));
        if code == 9 {
            return if block[at + 4] == 9 { 1 } else { 1_000 };
        }
        at += 4 + len.next_multiple_of(4);
    }
    1_000
}
