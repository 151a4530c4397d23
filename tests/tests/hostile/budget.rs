//! The budgets of memory: at most 2 KB per stream and 8 KB per call, tables and heap included; and what the
//! report adds at the end.

use airtone_engine::{Config, Engine, SourceInfo};
use airtone_tests::wire::{self, End, Frame, Random, Rtp};
use serde_json::json;

use super::memory;

const START: i64 = 1_767_225_600_000_000_000;
const MS: i64 = 1_000_000;
/// Of the two counts that are compared, so that everything constant drops out.
const COUNTS: [u64; 2] = [2_000, 6_000];

#[test]
fn state_of_a_stream_is_at_most_2_kb() {
    let test = "budget::state_of_a_stream_is_at_most_2_kb";
    // Resident memory comes in pages and in what the allocator keeps: the least of several readings is the state.
    let readings = std::iter::repeat_with(|| growth(test, |engine, n| stream(engine, n, None))).take(5);
    let Some((state, report)) = readings.map_while(|reading| reading).min() else { return };
    println!("{state} bytes of state per stream, {report} more for its report");
    assert!(state <= 2_048, "{state} bytes");
}

#[test]
fn state_of_a_call_is_at_most_8_kb() {
    let test = "budget::state_of_a_call_is_at_most_8_kb";
    let Some((state, report)) = growth(test, call) else { return };
    println!("{state} bytes of state per call without media, {report} more for its report");
    assert!(state <= 8_192, "{state} bytes");
}

#[test]
fn fourteen_thousand_streams_of_seven_thousand_calls_stay_below_100_mb() {
    let test = "budget::fourteen_thousand_streams_of_seven_thousand_calls_stay_below_100_mb";
    let Some((state, report)) = growth(test, |engine, n| {
        call(engine, n);
        stream(engine, 2 * n, Some(n));
        stream(engine, 2 * n + 1, Some(n));
    }) else {
        return;
    };
    println!("{state} bytes of state per call with media, {report} more for its report");
    // 10 GB of 1,000 calls at a time are 7,000 calls of about a minute.
    let total = 7_000 * (state + report) + (12 << 20);
    assert!(total < 100_000_000, "{total} bytes for 7,000 calls");
}

/// Every table of the default `Config` full, with streams that all look like one another's relays. Only in a
/// long run.
#[test]
fn full_tables_stay_inside_the_defaults() {
    let test = "budget::full_tables_stay_inside_the_defaults";
    if memory::flood_of_child().is_some() {
        return memory::measured(|| {
            let mut engine = Engine::new(Config::default());
            let start = std::time::Instant::now();
            for n in 0..120_000_u64 {
                call(&mut engine, n);
                for packet in 0..3_u16 {
                    let fields = Rtp { payload_type: 0, sequence: packet, timestamp: 0, ssrc: 7 };
                    let (from, to) = media(n, 0);
                    let packet = wire::udp(from, to, &wire::rtp(fields, &[0xff; 20]));
                    engine.packet(&Frame::ethernet(START, packet).packet(n + 1));
                }
            }
            let fed = start.elapsed();
            let report = engine.into_report(SourceInfo::default());
            json!({ "calls": report.calls.len(), "streams": report.streams.len(), "evicted": report.capture.evicted,
                    "fed_ms": fed.as_millis(), "report_ms": (start.elapsed() - fed).as_millis() })
        });
    }
    if super::scale(0, 1) == 0 {
        return eprintln!("skipped: a full table takes a long run");
    }
    let Some(outcome) = memory::in_child(test, "full") else { return };
    println!("{} MB {}", outcome.grown >> 20, outcome.told);
    let defaults = Config::default();
    let bound = defaults.max_streams * 2 * 2_048 + defaults.max_calls * 8_192;
    assert!(outcome.grown < bound as u64, "{} bytes", outcome.grown);
    assert_eq!(outcome.told["calls"], defaults.max_calls);
}

/// Bytes per thing that `add` makes an engine follow: state, and what a report adds at its peak.
fn growth(test: &str, add: fn(&mut Engine, u64)) -> Option<(u64, u64)> {
    if let Some(count) = memory::flood_of_child() {
        let count: u64 = count.parse().expect("a count");
        memory::measured(|| {
            let mut engine = Engine::new(Config::default());
            (0..count).for_each(|n| add(&mut engine, n));
            let state = memory::resident();
            let report = engine.into_report(SourceInfo::default());
            json!({ "state": state, "streams": report.streams.len() })
        });
        return None;
    }
    let [few, many] = COUNTS.map(|count| memory::in_child(test, &count.to_string()));
    let (few, many) = (few?, many?);
    let between = COUNTS[1] - COUNTS[0];
    let state = |outcome: &memory::Outcome| outcome.told["state"].as_u64().expect("bytes");
    let state_each = state(&many).saturating_sub(state(&few)) / between;
    let peak_each = many.grown.saturating_sub(few.grown) / between;
    Some((state_each, peak_each.saturating_sub(state_each)))
}

fn ends(n: u64) -> (End, End) {
    let [_, a, b, c] = ((n / 2) as u32).to_be_bytes();
    let (caller, callee) = (([10, a, b, c], 4000), ([172, 16, 0, 1], 6000 + (n % 2_000) as u16 * 2));
    if n.is_multiple_of(2) { (caller, callee) } else { (callee, caller) }
}

/// A minute's worth of trouble in fewer packets: loss, reordering, duplicates, late packets, a digit, RTCP.
fn stream(engine: &mut Engine, n: u64, call: Option<u64>) {
    let mut random = Random::new(n);
    let (from, to) = if call.is_some() { media(n / 2, n % 2) } else { ends(n) };
    let mut frames = Vec::new();
    for packet in 0..60_u64 {
        if packet > 6 && random.once_in(20) {
            continue;
        }
        let late = if packet > 6 && random.once_in(20) { 90 } else { 0 };
        let digit = call.is_some() && (30..36).contains(&packet);
        let fields = Rtp {
            payload_type: if digit { 101 } else { 0 },
            sequence: packet as u16,
            timestamp: if digit { 4_800 } else { packet as u32 * 160 },
            ssrc: n as u32 + 1,
        };
        let payload: &[u8] = if digit { &[1, 10, 0, 160] } else { &[0xff; 160] };
        let at = START + (packet as i64 * 200 + late) * MS;
        frames.push(Frame::ethernet(at, wire::udp(from, to, &wire::rtp(fields, payload))));
    }
    frames.sort_by_key(|frame| frame.at);
    frames.iter().enumerate().for_each(|(number, frame)| _ = engine.packet(&frame.packet(number as u64 + 1)));
    let report = wire::sender_report(n as u32 + 1, 5, 7, 59);
    let rtcp = wire::udp((from.0, from.1 + 1), (to.0, to.1 + 1), &report);
    engine.packet(&Frame::ethernet(START + 6_000 * MS, rtcp).packet(100));
}

fn media(call: u64, way: u64) -> (End, End) {
    let (caller, callee) = (ends(2 * call).0, ends(2 * call).1);
    if way == 0 { (caller, callee) } else { (callee, caller) }
}

fn call(engine: &mut Engine, n: u64) {
    let (caller, callee) = ((ends(2 * n).0.0, 5060), ([172, 16, 0, 1], 5060));
    let formats = "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
                   a=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n";
    let (offer, answer) =
        (wire::sdp(media(n, 0).0, "0 8 101", formats), wire::sdp(media(n, 0).1, "0 101", formats));
    let id = format!("a-usual-call-id-of-a-telephone-{n:08}@192.0.2.17");
    let messages = [
        (true, wire::sip("INVITE sip:b@example.com SIP/2.0", &id, "1 INVITE", "", "", &offer)),
        (false, wire::sip("SIP/2.0 100 Trying", &id, "1 INVITE", "", "", "")),
        (false, wire::sip("SIP/2.0 180 Ringing", &id, "1 INVITE", "t", "", "")),
        (false, wire::sip("SIP/2.0 200 OK", &id, "1 INVITE", "t", "", &answer)),
        (true, wire::sip("ACK sip:b@example.com SIP/2.0", &id, "1 ACK", "t", "", "")),
        (true, wire::sip("BYE sip:b@example.com SIP/2.0", &id, "2 BYE", "t", "", "")),
        (false, wire::sip("SIP/2.0 200 OK", &id, "2 BYE", "t", "", "")),
    ];
    for (step, (from_caller, message)) in messages.iter().enumerate() {
        let (from, to) = if *from_caller { (caller, callee) } else { (callee, caller) };
        // The media lies between answer and BYE in time; order of arrival does not matter to the sizes.
        let at = START - 1_000 * MS + step as i64 * 50 * MS;
        engine.packet(&Frame::ethernet(at, wire::udp(from, to, message)).packet(step as u64 + 1));
    }
}
