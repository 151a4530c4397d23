//! Floods: more of everything than `Config` has room for. Memory stays inside the bound, and what was given
//! up is counted in the report.

use std::sync::Mutex;

use airtone_engine::{Config, Engine, LinkType};
use airtone_tests::wire::{self, End, Frame, Rtp};
use serde_json::json;

use super::{corpus, in_parallel, memory};

const A: End = ([192, 0, 2, 1], 5060);
const B: End = ([192, 0, 2, 2], 5060);
const MEDIA: End = ([198, 51, 100, 1], 4000);
const MS: i64 = 1_000_000;
const START: i64 = 1_767_225_600_000 * MS;

/// What a process needs beside the tables of `Config`: the message window of SIP, 1024 paths, code.
const FIXED: u64 = 10 << 20;

/// One kind of flood.
struct Flood {
    name: &'static str,
    /// Packets in an ordinary and in a long run.
    packets: (u64, u64),
    frame: fn(u64) -> Frame,
    /// Kinds of `capture.evicted` that must be there.
    evicts: &'static [&'static str],
}

/// Room for a hundred of everything.
fn config() -> Config {
    Config {
        max_streams: 100,
        max_candidates: 100,
        max_calls: 100,
        max_registrations: 100,
        max_bss: 100,
        max_stations: 100,
        max_reassemblies: 16,
        max_tcp_streams: 100,
        max_tcp_buffer: 64 * 1024,
        ..Config::default()
    }
}

const MANY: (u64, u64) = (30_000, 1_000_000);
const SOME: (u64, u64) = (10_000, 100_000);
const FEW: (u64, u64) = (300, 5_000);

const FLOODS: &[Flood] = &[
    Flood { name: "invites", packets: SOME, frame: invite, evicts: &["calls and registrations"] },
    Flood { name: "registrations", packets: SOME, frame: register, evicts: &["calls and registrations"] },
    Flood {
        name: "announcements in one call",
        packets: (4_000, 100_000),
        frame: reinvite,
        evicts: &["media endpoints"],
    },
    Flood { name: "everything in one call", packets: SOME, frame: busy_call, evicts: &[] },
    Flood { name: "huge SDP", packets: FEW, frame: huge_sdp, evicts: &["calls and registrations"] },
    Flood { name: "huge headers", packets: FEW, frame: huge_headers, evicts: &["calls and registrations"] },
    Flood { name: "methods", packets: SOME, frame: method, evicts: &[] },
    Flood { name: "SSRCs", packets: MANY, frame: ssrc, evicts: &["RTP candidates"] },
    Flood { name: "source ports", packets: MANY, frame: source_port, evicts: &["RTP candidates"] },
    Flood { name: "streams", packets: MANY, frame: stream, evicts: &["RTP streams"] },
    Flood { name: "restarts in one flow", packets: MANY, frame: restart, evicts: &["RTP streams"] },
    Flood { name: "jumps in one stream", packets: (30_000, 1_600_000), frame: jump, evicts: &[] },
    Flood { name: "digits", packets: MANY, frame: digit, evicts: &["digits"] },
    Flood { name: "faxes", packets: MANY, frame: fax, evicts: &["faxes"] },
    Flood { name: "one fax", packets: MANY, frame: one_fax, evicts: &[] },
    Flood { name: "RTCP", packets: MANY, frame: rtcp, evicts: &[] },
    Flood { name: "fragments", packets: (3_000, 1_000_000), frame: fragment, evicts: &[] },
    Flood { name: "fragments of one datagram", packets: SOME, frame: one_datagram, evicts: &[] },
    Flood { name: "TCP streams", packets: SOME, frame: tcp, evicts: &["TCP streams"] },
    Flood { name: "TCP bodies", packets: SOME, frame: tcp_body, evicts: &["TCP streams"] },
    Flood { name: "TCP bodies cut short", packets: SOME, frame: tcp_body_cut, evicts: &["TCP streams"] },
    Flood { name: "TCP holes", packets: SOME, frame: tcp_hole, evicts: &[] },
    Flood { name: "GRE keys", packets: MANY, frame: gre, evicts: &["ways to the sensor"] },
    Flood { name: "VXLAN networks", packets: MANY, frame: vxlan, evicts: &["ways to the sensor"] },
    Flood { name: "nested tunnels", packets: SOME, frame: nested, evicts: &[] },
    Flood { name: "interfaces", packets: MANY, frame: interface, evicts: &["ways to the sensor"] },
    Flood { name: "BSSIDs", packets: MANY, frame: bssid, evicts: &["BSSs and stations"] },
    Flood { name: "stations", packets: MANY, frame: station, evicts: &["BSSs and stations"] },
    Flood { name: "roaming", packets: MANY, frame: roaming, evicts: &[] },
    Flood { name: "outages", packets: MANY, frame: outage, evicts: &["BSSs and stations"] },
];

#[test]
fn floods_stay_inside_the_bound() {
    if let Some(name) = memory::flood_of_child() {
        let Some(flood) = FLOODS.iter().find(|flood| flood.name == name) else { return };
        return memory::measured(|| run(flood));
    }
    let failures = Mutex::new(Vec::new());
    in_parallel(FLOODS.len() as u64, |n| {
        let flood = &FLOODS[n as usize];
        let Some(outcome) = memory::in_child("floods::floods_stay_inside_the_bound", flood.name) else {
            return eprintln!("skipped: memory can be measured on Linux only");
        };
        let mut failures = failures.lock().expect("no panic before");
        println!("{:>6} KB {} {}", outcome.grown >> 10, flood.name, outcome.told);
        if outcome.grown > FIXED {
            failures.push(format!("{}: {} KB", flood.name, outcome.grown >> 10));
        }
        let evicted = &outcome.told["evicted"];
        let missing = flood.evicts.iter().filter(|kind| evicted[**kind].as_u64().unwrap_or(0) == 0);
        failures.extend(missing.map(|kind| format!("{}: no {kind} in {evicted}", flood.name)));
    });
    let failures = failures.into_inner().expect("no panic before");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn run(flood: &Flood) -> serde_json::Value {
    let start = std::time::Instant::now();
    let mut engine = Engine::new(config());
    for n in 0..super::scale(flood.packets.0, flood.packets.1) {
        engine.packet(&(flood.frame)(n).packet(n + 1));
    }
    let fed = start.elapsed();
    let report = corpus::sound_report(&engine, &|| flood.name.to_owned());
    assert!(report.streams.len() <= 100 && report.calls.len() <= 100);
    assert!(report.wifi.bss.len() <= 100 && report.wifi.stations.len() <= 100);
    assert!(report.sip.registrations.len() <= 100);
    json!({ "evicted": report.capture.evicted, "streams": report.streams.len(), "calls": report.calls.len(),
            "fed_ms": fed.as_millis(), "report_ms": (start.elapsed() - fed).as_millis() })
}

fn at(n: u64) -> i64 {
    START + n as i64 * MS
}

/// `n` as the host part of 10.0.0.0/8.
fn host(n: u64) -> [u8; 4] {
    let [_, b, c, d] = (n as u32).to_be_bytes();
    [10, b, c, d]
}

fn sip_frame(n: u64, message: &[u8]) -> Frame {
    Frame::ethernet(at(n), wire::udp(A, B, message))
}

fn rtp_frame(n: u64, from: End, fields: Rtp, payload: &[u8]) -> Frame {
    Frame::ethernet(at(n), wire::udp(from, MEDIA, &wire::rtp(fields, payload)))
}

fn audio(sequence: u64, timestamp: u64, ssrc: u64) -> Rtp {
    Rtp { payload_type: 0, sequence: sequence as u16, timestamp: timestamp as u32, ssrc: ssrc as u32 }
}

fn invite(n: u64) -> Frame {
    let body =
        wire::sdp((host(n), 4000), "0 8 101", "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n");
    sip_frame(
        n,
        &wire::sip("INVITE sip:b@example.com SIP/2.0", &format!("call{n}"), "1 INVITE", "", "", &body),
    )
}

/// A call with a port for fax, then a packet to that port.
fn fax(n: u64) -> Frame {
    let call = n / 2;
    if n % 2 == 1 {
        return Frame::ethernet(at(n), wire::udp(MEDIA, (host(call), 4002), &[0, 1, 1, 2, 0, 0]));
    }
    let body = wire::sdp((host(call), 4000), "0", "m=image 4002 udptl t38\r\n");
    sip_frame(
        n,
        &wire::sip("INVITE sip:b@example.com SIP/2.0", &format!("fax{call}"), "1 INVITE", "", "", &body),
    )
}

/// One call whose machines say DIS, in frames of V.21, with ever other numbers, from ever other ports.
fn one_fax(n: u64) -> Frame {
    if n == 0 {
        return fax(0);
    }
    let [high, low] = ((n * 7) as u16).to_be_bytes();
    let ifp = [0xc0, 2, 0x80, 0, 3, 0xff, 0xc8, if n.is_multiple_of(2) { 0x74 } else { 0x31 }, 0, 0x40];
    let mut payload = vec![high, low, ifp.len() as u8];
    payload.extend(ifp);
    payload.extend([0, 1, ifp.len() as u8]);
    payload.extend(ifp);
    let from = (MEDIA.0, if n.is_multiple_of(3) { n as u16 } else { MEDIA.1 });
    Frame::ethernet(at(n), wire::udp(from, (host(0), 4002), &payload))
}

fn register(n: u64) -> Frame {
    let contact = format!("Expires: 60\r\nUser-Agent: {n}\r\n");
    sip_frame(
        n,
        &wire::sip("REGISTER sip:example.com SIP/2.0", &format!("reg{n}"), "1 REGISTER", "", &contact, ""),
    )
}

/// The same call announces another endpoint each time, in as many formats as there are, in many words.
fn reinvite(n: u64) -> Frame {
    let numbers: Vec<String> = (96..127).map(|number| number.to_string()).collect();
    let describe = |number: &String| {
        format!(
            "a=rtpmap:{number} codec-with-a-long-name-{n}/8000\r\na=fmtp:{number} {}\r\n",
            "x=1;".repeat(80)
        )
    };
    let lines: String = numbers.iter().map(describe).collect();
    let body = wire::sdp((host(n), 4000), &numbers.join(" "), &lines);
    let tag = if n == 0 { "" } else { "t" };
    let cseq = format!("{} INVITE", n + 1);
    sip_frame(n, &wire::sip("INVITE sip:b@example.com SIP/2.0", "one", &cseq, tag, "", &body))
}

fn busy_call(n: u64) -> Frame {
    let tag = format!("t{n}");
    let (start, method, more) = match n % 7 {
        _ if n == 0 => ("INVITE sip:b@example.com SIP/2.0", "INVITE", ""),
        0 => ("INFO sip:b@example.com SIP/2.0", "INFO", "Content-Type: application/dtmf\r\n"),
        1 => ("SIP/2.0 180 Ringing", "INVITE", ""),
        2 => ("SIP/2.0 200 OK", "INVITE", "Reason: Q.850;cause=16;text=\"a long text of no use\"\r\n"),
        3 => ("REFER sip:b@example.com SIP/2.0", "REFER", "Refer-To: <sip:c@example.com?Replaces=x>\r\n"),
        4 => ("INVITE sip:b@example.com SIP/2.0", "INVITE", "Diversion: <sip:d@example.com>;reason=busy\r\n"),
        5 => ("NOTIFY sip:b@example.com SIP/2.0", "NOTIFY", "Event: refer\r\n"),
        _ => ("CANCEL sip:b@example.com SIP/2.0", "CANCEL", ""),
    };
    let cseq = format!("{} {method}", n / 7 + 1);
    let tag = if n == 0 { "" } else { &tag };
    sip_frame(n, &wire::sip(start, "busy", &cseq, tag, more, if n.is_multiple_of(7) { "5" } else { "" }))
}

fn huge_sdp(n: u64) -> Frame {
    let lines: String =
        (0..400).map(|m| format!("m=audio {} RTP/AVP 0 8 {}\r\n", 1_000 + m, n % 128)).collect();
    let formats: Vec<String> = (0..8_000).map(|number: u32| number.to_string()).collect();
    let body = wire::sdp((host(n), 4000), &formats.join(" "), &lines);
    sip_frame(
        n,
        &wire::sip("INVITE sip:b@example.com SIP/2.0", &format!("big{n}"), "1 INVITE", "", "", &body),
    )
}

fn huge_headers(n: u64) -> Frame {
    let more = if n.is_multiple_of(2) {
        "Via: x\r\n".repeat(7_000)
    } else {
        format!("Contact: {}\r\n", "<sip:a@192.0.2.1>,\"quoted,".repeat(2_000))
    };
    sip_frame(n, &wire::sip("INVITE sip:b@example.com SIP/2.0", &format!("h{n}"), "1 INVITE", "", &more, ""))
}

fn method(n: u64) -> Frame {
    sip_frame(n, &wire::sip(&format!("M{n} sip:b SIP/2.0"), "m", &format!("1 M{n}"), "", "", ""))
}

fn ssrc(n: u64) -> Frame {
    rtp_frame(n, (A.0, 4000), audio(n, n * 160, n + 1), &[0; 20])
}

fn source_port(n: u64) -> Frame {
    rtp_frame(n, (host(n >> 12), 2_000 + (n % 4_096) as u16 * 7), audio(n, n * 160, 77), &[0; 20])
}

/// Five packets each: enough to be accepted.
fn stream(n: u64) -> Frame {
    rtp_frame(n, (A.0, 4000), audio(n, n * 160, n / 5 + 1), &[0; 20])
}

/// Two packets here, two packets far away, in one flow.
fn restart(n: u64) -> Frame {
    let base = if n < 10 { 0 } else { n / 2 * 10_007 };
    rtp_frame(n, (A.0, 4000), audio(base + n % 10, n * 160, 77), &[0; 20])
}

/// As far ahead each time as may still be loss. The payload type has no known clock.
fn jump(n: u64) -> Frame {
    let sequence = if n < 10 { n } else { n * 3_000 };
    let fields = Rtp { payload_type: 99, ..audio(sequence, n * 160, 77) };
    Frame { at: START, ..rtp_frame(n, (A.0, 4000), fields, &[0; 20]) }
}

fn digit(n: u64) -> Frame {
    let (place, turn) = (n % 100, n / 100);
    let fields = Rtp { payload_type: 101, ..audio(turn, turn * 1_000, place + 1) };
    let fields = if turn < 6 { Rtp { payload_type: 0, ..fields } } else { fields };
    let payload: &[u8] = if turn < 6 { &[0; 160] } else { &[(turn % 12) as u8, 0x8a, 3, 0x20] };
    rtp_frame(n, (A.0, 4000 + place as u16 * 2), fields, payload)
}

fn rtcp(n: u64) -> Frame {
    if n < 10 || n.is_multiple_of(50) {
        return rtp_frame(n, (A.0, 4000), audio(n, n * 160, 77), &[0; 160]);
    }
    if n.is_multiple_of(3) {
        let report = wire::sender_report(77, 78, n as u32, n as u32);
        return Frame::ethernet(at(n), wire::udp((A.0, 4001), (MEDIA.0, 4001), &report));
    }
    let mut report = vec![0x80, 201, 0, 1];
    report.extend((n as u32).to_be_bytes());
    report.extend([0x80, 207, 0, 10]);
    report.extend((n as u32).to_be_bytes());
    report.extend([7, 0, 0, 8]);
    report.extend(77_u32.to_be_bytes());
    report.extend([n as u8; 28]);
    Frame::ethernet(at(n), wire::udp((MEDIA.0, 4001), (A.0, 4001), &report))
}

fn fragment(n: u64) -> Frame {
    let (offset, id) = ([60_000, 0, 32_000][(n % 3) as usize], (n % 65_536) as u16);
    Frame::ethernet(at(n), wire::fragment((host(n >> 16), B.0), 17, id, (offset, true), &[0; 1_000]))
}

/// Every second eight bytes of one datagram: as many holes as there can be.
fn one_datagram(n: u64) -> Frame {
    let id = (n / 4_000) as u16;
    let offset = (n % 4_000) as u16 * 16;
    Frame::ethernet(at(n), wire::fragment((A.0, B.0), 17, id, (offset, true), &[0; 8]))
}

fn tcp(n: u64) -> Frame {
    let head = b"INVITE sip:b@example.com SIP/2.0\r\nX: never ends";
    Frame::ethernet(at(n), wire::tcp((host(n), 40_000), B, 1, 0x18, head))
}

/// A long message in pieces, to its end, in connection after connection: buffers must be given back.
fn tcp_body(n: u64) -> Frame {
    body_in_pieces(n, 41 * 1_460)
}

/// The same without its end.
fn tcp_body_cut(n: u64) -> Frame {
    body_in_pieces(n, 41 * 1_460 + 1)
}

fn body_in_pieces(n: u64, length: usize) -> Frame {
    let (connection, piece) = (n / 42, n % 42);
    let payload = match piece {
        0 => format!("INFO sip:b@example.com SIP/2.0\r\nContent-Length: {length}\r\n\r\n").into_bytes(),
        _ => vec![b'x'; 1_460],
    };
    let sequence = if piece == 0 { 1 } else { 58 + (piece as u32 - 1) * 1_460 };
    Frame::ethernet(at(n), wire::tcp((host(connection), 40_000), B, sequence, 0x18, &payload))
}

fn tcp_hole(n: u64) -> Frame {
    let sequence = 1_000 + (n as u32 % 30_000) * 2;
    Frame::ethernet(START, wire::tcp((host(n / 30_000), 40_000), B, sequence, 0x18, b"x"))
}

fn gre(n: u64) -> Frame {
    let inner = wire::udp((A.0, 4000), MEDIA, &wire::rtp(audio(n, n * 160, 77), &[0; 20]));
    Frame::ethernet(at(n), wire::gre((A.0, B.0), n as u32, &inner))
}

fn vxlan(n: u64) -> Frame {
    let inner = wire::udp((A.0, 4000), MEDIA, &wire::rtp(audio(n, n * 160, 77), &[0; 20]));
    Frame::ethernet(at(n), wire::vxlan((host(n), 50_000), n as u32 & 0xff_ffff, &inner))
}

fn nested(n: u64) -> Frame {
    let mut inner = wire::udp((A.0, 4000), MEDIA, &wire::rtp(audio(n, n * 160, 77), &[0; 20]));
    for depth in 0..1 + n % 20 {
        inner = wire::gre((A.0, B.0), (n * 20 + depth) as u32, &inner);
    }
    Frame::ethernet(at(n), inner)
}

fn interface(n: u64) -> Frame {
    Frame { interface: n as u32 * 4_001, ..rtp_frame(n, (A.0, 4000), audio(n, n * 160, 77), &[0; 20]) }
}

fn mac(n: u64) -> [u8; 6] {
    let [_, _, _, a, b, c, d, e] = n.to_be_bytes();
    [2, a, b, c, d, e]
}

fn air(n: u64, bytes: Vec<u8>) -> Frame {
    Frame::new(at(n), LinkType::RADIOTAP, bytes)
}

fn bssid(n: u64) -> Frame {
    air(n, wire::beacon(mac(n), n * 1_000, &[b'x'; 32]))
}

fn station(n: u64) -> Frame {
    air(n, wire::station_frame(mac(n), mac(1), false))
}

/// A hundred stations that change their BSS with every second frame.
fn roaming(n: u64) -> Frame {
    air(n, wire::station_frame(mac(n % 100), mac(1_000 + n / 200), false))
}

/// A hundred BSSs with an outage between any two beacons, which change their name each time.
fn outage(n: u64) -> Frame {
    let turn = n / 100;
    let frame = air(n, wire::beacon(mac(n % 100), turn * 10 * 102_400, &turn.to_be_bytes()));
    Frame { at: START + turn as i64 * 1_024 * MS + (n % 100) as i64, ..frame }
}
