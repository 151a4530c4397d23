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

    pub(super) fn statistics(&self) -> crate::model::Sip {
        self.tracker.statistics(self.end)
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
        let Some(ip) = network(link, &bytes) else { continue };
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

/// The IP packet in a frame.
fn network(link: u16, frame: &[u8]) -> Option<&[u8]> {
    let (mut kind, mut rest) = match link {
        1 => (frame.get(12..14)?, frame.get(14..)?),
        113 => (frame.get(14..16)?, frame.get(16..)?),
        _ => (&[8u8, 0][..], frame),
    };
    while kind == [0x81, 0] {
        (kind, rest) = (rest.get(2..4)?, rest.get(4..)?);
    }
    match kind {
        [8, 0] | [0x86, 0xdd] => Some(rest),
        [0x88, 0x64] if rest.get(6..8)? == [0, 0x21] => rest.get(8..),
        _ => None,
    }
}

/// What reassembly needs of an IP packet that carries UDP.
struct Piece<'a> {
    addresses: [Endpoint; 2],
    id: u32,
    more: bool,
    offset: usize,
    data: &'a [u8],
}

fn piece(ip: &[u8]) -> Option<Piece<'_>> {
    let half = |at: usize| Some(u16::from_be_bytes([*ip.get(at)?, *ip.get(at + 1)?]));
    if ip.first()? >> 4 == 6 {
        let address = |at: usize| Some(Endpoint::v6(ip.get(at..at + 16)?.try_into().ok()?, 0));
        let end = (40 + usize::from(half(4)?)).min(ip.len());
        let fragmented = ip[6] == 44;
        (fragmented || ip[6] == 17).then_some(())?;
        let (bits, id) = if fragmented { (half(42)?, u32::from(half(46)?)) } else { (0, 0) };
        let data = ip.get(if fragmented { 48 } else { 40 }..end)?;
        let addresses = [address(8)?, address(24)?];
        return Some(Piece { addresses, id, more: bits & 1 != 0, offset: usize::from(bits & !7), data });
    }
    let address = |at: usize| Some(Endpoint::v4(ip.get(at..at + 4)?.try_into().ok()?, 0));
    (ip[0] >> 4 == 4 && *ip.get(9)? == 17).then_some(())?;
    let (bits, end) = (half(6)?, usize::from(half(2)?).min(ip.len()));
    Some(Piece {
        addresses: [address(12)?, address(16)?],
        id: u32::from(half(4)?),
        more: bits & 0x2000 != 0,
        offset: usize::from(bits & 0x1fff) * 8,
        data: ip.get(usize::from(ip[0] & 15) * 4..end)?,
    })
}

type Fragments = HashMap<([Endpoint; 2], u32), Vec<u8>>;

/// UDP payloads; fragments are put together when they come in order.
fn udp(ip: &[u8], fragments: &mut Fragments) -> Option<(Context, Vec<u8>)> {
    let piece = piece(ip)?;
    let fragmented = piece.more || piece.offset > 0;
    let key = (piece.addresses, piece.id);
    let mut whole = if piece.offset > 0 { fragments.remove(&key)? } else { Vec::new() };
    (whole.len() == piece.offset).then_some(())?;
    whole.extend_from_slice(piece.data);
    if piece.more {
        fragments.insert(key, whole);
        return None;
    }
    let port = |at: usize| Some(u16::from_be_bytes([*whole.get(at)?, *whole.get(at + 1)?]));
    let [source, destination] = piece.addresses;
    let mut cx = context(0, 0, source.with_port(port(0)?), destination.with_port(port(2)?));
    cx.ip_id = u16::try_from(piece.id).ok();
    cx.fragmented = fragmented;
    Some((cx, whole.get(8..)?.to_vec()))
}

/// Alice calls Bob, message by message.
pub(super) struct Talk {
    pub(super) run: Run,
    frame: u64,
    ms: i64,
    pub(super) alice: Endpoint,
    pub(super) bob: Endpoint,
}

impl Talk {
    pub(super) fn new() -> Self {
        let (alice, bob) = (Endpoint::v4([192, 0, 2, 1], 5060), Endpoint::v4([192, 0, 2, 2], 5060));
        Self { run: Run::new(&Config::default()), frame: 0, ms: 0, alice, bob }
    }

    /// Time passes.
    pub(super) fn wait(&mut self, ms: i64) -> &mut Self {
        self.ms += ms;
        self.run.end = self.run.end.max(Nanos(self.ms * Nanos::MILLI));
        self
    }

    /// From one place to another.
    pub(super) fn send(&mut self, source: Endpoint, destination: Endpoint, message: &Msg) -> &mut Self {
        self.frame += 1;
        let cx = context(self.frame, self.ms * Nanos::MILLI, source, destination);
        self.run.feed(&cx, &message.bytes());
        self
    }

    /// Alice to Bob.
    pub(super) fn up(&mut self, message: &Msg) -> &mut Self {
        self.send(self.alice, self.bob, message)
    }

    /// Bob to Alice.
    pub(super) fn down(&mut self, message: &Msg) -> &mut Self {
        self.send(self.bob, self.alice, message)
    }

    /// The only call.
    pub(super) fn call(&self) -> CallSummary {
        let mut calls = self.run.calls();
        assert_eq!(calls.len(), 1, "one call");
        calls.remove(0)
    }
}

/// A message under construction.
#[derive(Clone)]
pub(super) struct Msg {
    start: String,
    cseq: String,
    from: &'static str,
    to: String,
    branch: String,
    hops: u8,
    call_id: &'static str,
    extra: String,
    body: String,
}

pub(super) const ALICE: &str = "\"Alice\" <sip:alice@example.com>;tag=a1";
pub(super) const BOB: &str = "<sip:bob@example.com>;tag=b1";

impl Msg {
    /// A request of Alice outside a dialog.
    pub(super) fn request(method: &str, cseq: u32) -> Self {
        Self {
            start: format!("{method} sip:bob@example.com SIP/2.0"),
            cseq: format!("{cseq} {}", if method == "CANCEL" { "CANCEL" } else { method }),
            from: ALICE,
            to: "<sip:bob@example.com>".into(),
            branch: format!("z9hG4bK-{cseq}"),
            hops: 1,
            call_id: "a84b4c76e66710@client.example.com",
            extra: String::new(),
            body: String::new(),
        }
    }

    /// A request of Alice inside the dialog.
    pub(super) fn inside(method: &str, cseq: u32) -> Self {
        Self::request(method, cseq).tag("b1").branch(&format!("z9hG4bK-{method}-{cseq}"))
    }

    /// A request of Bob inside the dialog.
    pub(super) fn from_bob(method: &str, cseq: u32) -> Self {
        let mut message = Self::inside(method, cseq);
        message.from = BOB;
        message.to = "<sip:alice@example.com>;tag=a1".into();
        message.branch(&format!("z9hG4bK-bob-{method}-{cseq}"))
    }

    /// The response to a request; To gets Bob's tag from 101 on when it has none.
    pub(super) fn reply(&self, status: &str) -> Self {
        let mut message = self.clone();
        message.start = format!("SIP/2.0 {status}");
        message.extra = String::new();
        message.body = String::new();
        if !status.starts_with("100") && !message.to.contains("tag=") {
            message = message.tag("b1");
        }
        message
    }

    pub(super) fn tag(mut self, tag: &str) -> Self {
        let uri = self.to.split(";tag=").next().unwrap_or_default().to_owned();
        self.to = format!("{uri};tag={tag}");
        self
    }

    /// Another caller, with tag.
    pub(super) fn from(mut self, from: &'static str) -> Self {
        self.from = from;
        self
    }

    /// Another callee, in To and Request-URI; without tag.
    pub(super) fn to(mut self, uri: &str) -> Self {
        let method = self.start.split(' ').next().unwrap_or_default().to_owned();
        self.start = format!("{method} {uri} SIP/2.0");
        self.to = format!("<{uri}>");
        self
    }

    pub(super) fn branch(mut self, branch: &str) -> Self {
        self.branch = branch.into();
        self
    }

    pub(super) fn hops(mut self, hops: u8) -> Self {
        self.hops = hops;
        self
    }

    pub(super) fn call_id(mut self, call_id: &'static str) -> Self {
        self.call_id = call_id;
        self
    }

    pub(super) fn with(mut self, header: &str) -> Self {
        self.extra += &format!("{header}\r\n");
        self
    }

    pub(super) fn sdp(self, address: &str, media: &str) -> Self {
        let body =
            format!("v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n{media}");
        self.with("Content-Type: application/sdp").body(&body)
    }

    pub(super) fn body(mut self, body: &str) -> Self {
        self.body = body.into();
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut vias = String::new();
        for hop in (1..=self.hops).rev() {
            let branch = if hop == self.hops { self.branch.clone() } else { format!("z9hG4bK-hop{hop}") };
            vias += &format!("Via: SIP/2.0/UDP 192.0.2.{hop};branch={branch}\r\n");
        }
        let Self { start, cseq, from, to, call_id, extra, body, .. } = self;
        format!(
            "{start}\r\n{vias}From: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\n\
             {extra}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}
