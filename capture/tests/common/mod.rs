//! Captures made byte by byte, and a reader that keeps everything.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};

use airtone_capture::{Input, Record};
use airtone_engine::model::File;

/// Byte order of a fixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Big,
    Little,
}

impl Order {
    pub fn u16(self, value: u16) -> Vec<u8> {
        self.put(value.to_be_bytes().to_vec())
    }

    pub fn u32(self, value: u32) -> Vec<u8> {
        self.put(value.to_be_bytes().to_vec())
    }

    pub fn u64(self, value: u64) -> Vec<u8> {
        self.put(value.to_be_bytes().to_vec())
    }

    fn put(self, mut bytes: Vec<u8>) -> Vec<u8> {
        if self == Self::Little {
            bytes.reverse();
        }
        bytes
    }
}

pub const MICRO: u32 = 0xa1b2_c3d4;
pub const NANO: u32 = 0xa1b2_3c4d;
pub const MODIFIED: u32 = 0xa1b2_cd34;

/// A classic pcap file.
pub struct Pcap {
    pub order: Order,
    magic: u32,
    pub bytes: Vec<u8>,
}

impl Pcap {
    pub fn new(order: Order, magic: u32, minor: u16, link: u32) -> Self {
        let mut bytes = Vec::new();
        for part in [
            order.u32(magic),
            order.u16(2),
            order.u16(minor),
            order.u32(0),
            order.u32(0),
            order.u32(65_535),
            order.u32(link),
        ] {
            bytes.extend(part);
        }
        Self { order, magic, bytes }
    }

    /// A record whose lengths are what they should be.
    pub fn packet(self, seconds: u32, fraction: u32, data: &[u8]) -> Self {
        let length = data.len() as u32;
        self.record([seconds, fraction, length, length], data)
    }

    /// A record with any header.
    pub fn record(mut self, header: [u32; 4], data: &[u8]) -> Self {
        for field in header {
            self.bytes.extend(self.order.u32(field));
        }
        if self.magic == MODIFIED {
            self.bytes.extend([0; 8]);
        }
        self.bytes.extend(data);
        self
    }
}

/// A pcapng file.
pub struct Ng {
    pub order: Order,
    pub bytes: Vec<u8>,
}

pub fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = [order.u16(code), order.u16(value.len() as u16), value.to_vec()].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

pub fn padded(data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    data.resize(data.len().next_multiple_of(4), 0);
    data
}

impl Ng {
    pub fn new(order: Order) -> Self {
        Self { order, bytes: Vec::new() }.section(order)
    }

    pub fn section(mut self, order: Order) -> Self {
        self.order = order;
        let options =
            [option(order, 1, b"a comment"), option(order, 4, b"test"), option(order, 0, b"")].concat();
        let body =
            [order.u32(0x1a2b_3c4d), order.u16(1), order.u16(0), order.u64(u64::MAX), options].concat();
        self.block(0x0a0d_0d0a, &body)
    }

    pub fn block(mut self, kind: u32, body: &[u8]) -> Self {
        let body = padded(body);
        let length = body.len() as u32 + 12;
        for part in [self.order.u32(kind), self.order.u32(length), body, self.order.u32(length)] {
            self.bytes.extend(part);
        }
        self
    }

    pub fn interface(self, link: u16, snaplen: u32, options: &[(u16, Vec<u8>)]) -> Self {
        let order = self.order;
        let mut body = [order.u16(link), order.u16(0), order.u32(snaplen)].concat();
        for (code, value) in options {
            body.extend(option(order, *code, value));
        }
        self.block(1, &body)
    }

    pub fn enhanced(self, interface: u32, ticks: u64, data: &[u8]) -> Self {
        self.enhanced_as(interface, ticks, (data.len() as u32, data.len() as u32), data, &[])
    }

    pub fn enhanced_as(
        self,
        interface: u32,
        ticks: u64,
        lengths: (u32, u32),
        data: &[u8],
        options: &[(u16, Vec<u8>)],
    ) -> Self {
        let order = self.order;
        let mut body = order.u32(interface);
        for field in [(ticks >> 32) as u32, ticks as u32, lengths.0, lengths.1] {
            body.extend(order.u32(field));
        }
        body.extend(padded(data));
        for (code, value) in options {
            body.extend(option(order, *code, value));
        }
        self.block(6, &body)
    }

    pub fn simple(self, original: u32, data: &[u8]) -> Self {
        let body = [self.order.u32(original), padded(data)].concat();
        self.block(3, &body)
    }

    pub fn obsolete(self, interface: u16, drops: u16, ticks: u64, data: &[u8]) -> Self {
        let order = self.order;
        let mut body = [order.u16(interface), order.u16(drops)].concat();
        let length = data.len() as u32;
        for field in [(ticks >> 32) as u32, ticks as u32, length, length] {
            body.extend(order.u32(field));
        }
        body.extend(padded(data));
        self.block(2, &body)
    }

    pub fn statistics(self, interface: u32, ticks: u64, counters: &[(u16, u64)]) -> Self {
        let order = self.order;
        let mut body = order.u32(interface);
        for field in [(ticks >> 32) as u32, ticks as u32] {
            body.extend(order.u32(field));
        }
        for (code, value) in counters {
            body.extend(option(order, *code, &order.u64(*value)));
        }
        self.block(5, &body)
    }
}

/// A record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    Packet { frame: u64, at: i64, link: u16, interface: u32, orig_len: u32, bytes: Vec<u8> },
    Dropped { interface: u32, at: i64, packets: u64 },
    Listening { interface: u32, at: i64, channel: Option<(u32, u32)> },
    Observed { frame: u64 },
}

impl Got {
    pub fn at(&self) -> i64 {
        match self {
            Self::Packet { at, .. } | Self::Listening { at, .. } | Self::Dropped { at, .. } => *at,
            Self::Observed { .. } => 0,
        }
    }

    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Packet { bytes, .. } => bytes,
            _ => &[],
        }
    }

    pub fn frame(&self) -> u64 {
        match self {
            Self::Packet { frame, .. } | Self::Observed { frame } => *frame,
            Self::Listening { .. } | Self::Dropped { .. } => 0,
        }
    }

    pub fn interface(&self) -> u32 {
        match self {
            Self::Packet { interface, .. }
            | Self::Listening { interface, .. }
            | Self::Dropped { interface, .. } => *interface,
            Self::Observed { .. } => 0,
        }
    }
}

/// Reads everything that the files hold.
pub fn drain(input: &mut Input) -> Vec<Got> {
    let mut all = Vec::new();
    while let Some(record) = input.next().expect("only the content may be bad") {
        all.push(match record {
            Record::Packet(packet) => Got::Packet {
                frame: packet.frame,
                at: packet.at.0,
                link: packet.link.0,
                interface: packet.interface,
                orig_len: packet.orig_len,
                bytes: packet.bytes.to_vec(),
            },
            Record::Dropped { interface, at, packets } => Got::Dropped { interface, at: at.0, packets },
            Record::Listening { interface, at, channel } => Got::Listening { interface, at: at.0, channel },
            Record::Observed(observed) => Got::Observed { frame: observed.frame },
        });
    }
    all
}

pub fn read_files(paths: &[PathBuf]) -> (Vec<Got>, Vec<File>) {
    let mut input = Input::open(paths).unwrap_or_else(|error| panic!("{error}"));
    (drain(&mut input), input.files())
}

/// A folder with one file in it.
pub fn saved(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("capture");
    fs::write(&path, bytes).expect("a temporary file");
    (folder, path)
}

pub fn read(bytes: &[u8]) -> (Vec<Got>, File) {
    let (_folder, path) = saved(bytes);
    let (all, mut files) = read_files(&[path]);
    (all, files.remove(0))
}

/// The folder with captures from the outside world, where there is one.
pub fn captures() -> Option<PathBuf> {
    let given = std::env::var_os("AIRTONE_CAPTURES").map(PathBuf::from);
    let path = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures"));
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: no captures at {}", path.display());
    None
}
