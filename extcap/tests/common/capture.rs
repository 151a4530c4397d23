//! A recorded call, a sink that keeps what comes, and reports of both.
#![allow(dead_code)]

use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use airtone_capture::{Input, Record};
use airtone_engine::{Config, Engine, LinkType, Nanos, Packet};
use airtone_extcap::failure::Failure;
use airtone_extcap::mirror::Mirror;
use airtone_extcap::source::{Kind, Note, Options, Received, Sink, Source};

/// A packet.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub interface: usize,
    pub at: Nanos,
    pub orig_len: u32,
    pub bytes: Vec<u8>,
    pub dropped: u64,
}

/// All packets of one of the recorded captures.
pub fn recorded(name: &str) -> Vec<Frame> {
    let path = format!("{}/../tests/captures/{name}.pcapng", env!("CARGO_MANIFEST_DIR"));
    let mut input = Input::open(&[path.into()]).unwrap();
    let mut frames = Vec::new();
    while let Some(record) = input.next().unwrap() {
        if let Record::Packet(packet) = record {
            let Packet { at, orig_len, bytes, .. } = packet;
            frames.push(Frame { interface: 0, at, orig_len, bytes: bytes.to_vec(), dropped: 0 });
        }
    }
    assert!(frames.len() > 10, "{name}");
    frames
}

/// Keeps what comes.
#[derive(Debug, Default)]
pub struct Kept {
    pub frames: Vec<Frame>,
    pub log: Vec<String>,
}

impl Sink for Kept {
    fn packet(&mut self, packet: Received<'_>) {
        let Received { interface, at, orig_len, bytes, dropped } = packet;
        self.frames.push(Frame { interface, at, orig_len, bytes: bytes.to_vec(), dropped });
    }

    fn log(&mut self, line: &str) {
        self.log.push(line.to_owned());
    }

    fn note(&mut self, _at: Nanos, _note: Note) {}
}

/// Opens a mirror with these options.
pub fn open(options: &[(&str, &str)]) -> Result<Box<dyn Source>, Failure> {
    open_filtered(options, "")
}

/// The same with a capture filter.
pub fn open_filtered(options: &[(&str, &str)], filter: &str) -> Result<Box<dyn Source>, Failure> {
    let values = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Mirror.open("airtone_mirror", &Options { values, capture_filter: filter.to_owned() })
}

/// Reads until the sink has `count` packets, or nothing has come for a second.
pub fn collect(source: &mut dyn Source, sink: &mut Kept, count: usize) {
    let mut since = Instant::now();
    while sink.frames.len() < count && since.elapsed() < Duration::from_secs(1) {
        let before = (sink.frames.len(), sink.log.len());
        source.read(sink, Duration::from_millis(20)).unwrap();
        if (sink.frames.len(), sink.log.len()) != before {
            since = Instant::now();
        }
    }
}

/// A port that is free now and stays so: each is given once, and none is one that a socket gets by itself.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let turn = std::process::id().wrapping_mul(101).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 10_000 + (turn % 20_000) as u16;
        if UdpSocket::bind(("0.0.0.0", port)).is_ok() && TcpListener::bind(("0.0.0.0", port)).is_ok() {
            return port;
        }
    }
}

/// Sends datagrams to a listener of this machine, and takes what it makes of them. Returns it with the sender's port.
pub fn through_udp(source: &mut dyn Source, port: u16, datagrams: &[Vec<u8>]) -> (Kept, u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut sink = Kept::default();
    // Few at a time: a small receive buffer is enough.
    for (number, datagram) in datagrams.iter().enumerate() {
        socket.send_to(datagram, ("127.0.0.1", port)).unwrap();
        if number % 50 == 49 {
            source.read(&mut sink, Duration::from_millis(20)).unwrap();
        }
    }
    collect(source, &mut sink, datagrams.len());
    (sink, socket.local_addr().unwrap().port())
}

/// What was found in packets: calls, streams and SIP, in JSON. The times are those of `times`, packet by packet: what is
/// compared is what the packets say.
pub fn report<'a>(
    frames: &[Frame],
    links: impl Fn(usize) -> LinkType,
    times: impl IntoIterator<Item = &'a Frame>,
) -> serde_json::Value {
    let mut engine = Engine::new(Config::default());
    for (number, (frame, time)) in frames.iter().zip(times).enumerate() {
        engine.packet(&Packet {
            frame: number as u64 + 1,
            at: time.at,
            link: links(frame.interface),
            interface: 0,
            orig_len: frame.orig_len,
            bytes: &frame.bytes,
        });
    }
    let report = engine.into_report(airtone_engine::SourceInfo::default());
    let mut all = serde_json::to_value(&report).unwrap();
    let parts = ["calls", "streams", "sip", "findings"].map(|part| all[part].take());
    assert!(!parts[0].as_array().unwrap().is_empty(), "no call");
    parts.into_iter().collect()
}
