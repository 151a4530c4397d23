//! The captures that are damaged: some made by hand, the project's recordings, and those of the outside world.

use std::path::{Path, PathBuf};

use airtone_capture::{Input, Record};
use airtone_engine::{Engine, Packet, Report, SourceInfo};
use airtone_tests::wire::{self, Frame, Rtp};

const SECOND: i64 = 1_000_000_000;
const START: i64 = 1_767_225_600 * SECOND;
const CALLER: wire::End = ([192, 0, 2, 1], 5060);
const CALLEE: wire::End = ([192, 0, 2, 2], 5060);
const MEDIA: [wire::End; 2] = [([192, 0, 2, 1], 4000), ([192, 0, 2, 2], 6000)];

/// One call over UDP with audio both ways, digits, RTCP; every fourth packet of one way in a VXLAN mirror too.
pub fn call() -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut at = START;
    let formats =
        "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\n";
    let (offer, answer) = (wire::sdp(MEDIA[0], "0 101", formats), wire::sdp(MEDIA[1], "0 101", formats));
    let invite = "INVITE sip:b@example.com SIP/2.0";
    let dialog = [
        (CALLER, wire::sip(invite, "call1", "1 INVITE", "", "", &offer)),
        (CALLEE, wire::sip("SIP/2.0 180 Ringing", "call1", "1 INVITE", "t", "", "")),
        (CALLEE, wire::sip("SIP/2.0 200 OK", "call1", "1 INVITE", "t", "", &answer)),
        (CALLER, wire::sip("ACK sip:b@example.com SIP/2.0", "call1", "1 ACK", "t", "", "")),
    ];
    for (from, message) in dialog {
        let to = if from == CALLER { CALLEE } else { CALLER };
        frames.push(Frame::ethernet(at, wire::udp(from, to, &message)));
        at += 40_000_000;
    }
    for n in 0..60_u16 {
        for way in 0..2_usize {
            let digit = way == 0 && (20..26).contains(&n);
            let fields = Rtp {
                payload_type: if digit { 101 } else { 0 },
                sequence: 65_500_u16.wrapping_add(n),
                timestamp: if digit { 3_200 } else { u32::from(n) * 160 },
                ssrc: 0x1234 + way as u32,
            };
            let event = [5, if n == 25 { 0x8a } else { 10 }, 0, (n % 26) as u8];
            let payload: &[u8] = if digit { &event } else { &[0xd5; 160] };
            let packet = wire::udp(MEDIA[way], MEDIA[1 - way], &wire::rtp(fields, payload));
            if n.is_multiple_of(4) && way == 0 {
                frames.push(Frame::ethernet(at, wire::vxlan(([198, 51, 100, 1], 50_000), 7, &packet)));
            }
            frames.push(Frame::ethernet(at, packet));
        }
        if n.is_multiple_of(20) {
            let report = wire::sender_report(0x1234, 0x1235, u32::from(n) + 1, 0xffdc + u32::from(n));
            let ends = [(MEDIA[0].0, 4001), (MEDIA[1].0, 6001)];
            frames.push(Frame::ethernet(at, wire::udp(ends[0], ends[1], &report)));
        }
        at += 20_000_000;
    }
    for (from, to, start) in
        [(CALLER, CALLEE, "BYE sip:b@example.com SIP/2.0"), (CALLEE, CALLER, "SIP/2.0 200 OK")]
    {
        frames
            .push(Frame::ethernet(at, wire::udp(from, to, &wire::sip(start, "call1", "2 BYE", "t", "", ""))));
        at += 30_000_000;
    }
    frames
}

/// SIP over TCP in odd pieces, a registration, SIP in IP fragments, nested tunnels.
pub fn odds_and_ends() -> Vec<Frame> {
    let mut frames = Vec::new();
    let register =
        wire::sip("REGISTER sip:example.com SIP/2.0", "reg", "1 REGISTER", "", "Expires: 60\r\n", "");
    let granted = wire::sip("SIP/2.0 200 OK", "reg", "1 REGISTER", "t", "Expires: 60\r\n", "");
    let mut sequence = 1_000;
    for piece in register.chunks(100) {
        frames.push(wire::tcp(CALLER, CALLEE, sequence, 0x18, piece));
        sequence += piece.len() as u32;
    }
    frames.push(wire::tcp(CALLEE, CALLER, 9, 0x18, &granted));
    let long =
        wire::sip("INVITE sip:b@example.com SIP/2.0", "frag", "1 INVITE", "", &"X: long\r\n".repeat(200), "");
    let whole = wire::udp_bytes((5060, 5060), &long);
    for (n, piece) in whole.chunks(800).enumerate() {
        let offset = (n * 800) as u16;
        let more = usize::from(offset) + piece.len() < whole.len();
        frames.push(wire::fragment((CALLER.0, CALLEE.0), 17, 77, (offset, more), piece));
    }
    let mut nested = wire::udp(CALLER, CALLEE, &register);
    for depth in 0..12 {
        nested = match depth % 2 {
            0 => wire::gre((CALLER.0, CALLEE.0), depth, &nested),
            _ => wire::vxlan(CALLER, depth, &nested),
        };
        frames.push(nested.clone());
    }
    let timed = |(n, bytes)| Frame::ethernet(START + n as i64 * 10_000_000, bytes);
    frames.into_iter().enumerate().map(timed).collect()
}

/// Two access points and a station between them, with an outage.
pub fn air() -> Vec<Frame> {
    let mut frames = Vec::new();
    for n in 0..60_i64 {
        let at = START + n * 102_400_000;
        for ap in 0..2_u8 {
            if ap == 0 && (30..40).contains(&n) {
                continue;
            }
            let tsf = 1_000_000 + n as u64 * 102_400;
            let bytes = wire::beacon([2, 0, 0, 0, ap, 1], tsf, b"voice");
            frames.push(Frame::new(
                at + i64::from(ap) * 1_000_000,
                airtone_engine::LinkType::RADIOTAP,
                bytes,
            ));
        }
        let bssid = [2, 0, 0, 0, u8::from(n > 30), 1];
        let bytes = wire::station_frame([2, 0, 0, 9, 9, 9], bssid, n % 3 == 0);
        frames.push(Frame::new(at + 5_000_000, airtone_engine::LinkType::RADIOTAP, bytes));
    }
    frames
}

/// Recordings of the project and of the outside world.
pub fn files() -> Vec<PathBuf> {
    [airtone_tests::fixtures(), airtone_tests::captures()].concat()
}

/// The packets of a file, at most `most`; none where it is an export or no capture.
pub fn packets(file: &Path, most: usize) -> Vec<Frame> {
    let Ok(mut input) = Input::open(&[file.to_owned()]) else { return Vec::new() };
    let mut frames = Vec::new();
    while let Ok(Some(record)) = input.next() {
        let Record::Packet(Packet { at, link, interface, orig_len, bytes, .. }) = record else { continue };
        frames.push(Frame { at: at.0, link, interface, orig_len, bytes: bytes.to_vec() });
        if frames.len() >= most {
            break;
        }
    }
    frames
}

/// Feeds frames to an engine.
pub fn feed<'a>(engine: &mut Engine, frames: impl IntoIterator<Item = &'a Frame>) {
    for (n, frame) in frames.into_iter().enumerate() {
        engine.packet(&frame.packet(n as u64 + 1));
    }
}

/// The report, which must keep the rules.
///
/// # Panics
/// When it breaks one.
pub fn sound_report(engine: &Engine, what: &dyn Fn() -> String) -> Report {
    let report = engine.report(SourceInfo::default());
    let broken = airtone_tests::invariants::broken(&report);
    assert!(broken.is_empty(), "{}: {}", what(), broken[..broken.len().min(3)].join("\n"));
    report
}
