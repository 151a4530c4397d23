//! What a Lua script may ask for: arguments in, a short answer out. Safe code; nothing here computes a figure.

use airtone_engine::config::JitterBuffer;
use airtone_engine::{Config, LinkType, Packet};
use airtone_report::View;
use airtone_report::html;

use super::analysis::Analysis;
use super::host::{Arguments, FirstArguments};
use super::riddle::Riddle;

/// A value for Lua. Texts are fixed or kept by the analysis, as an answer must own nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Nil,
    Number(f64),
    Truth(bool),
    Fixed(&'static str),
    /// A text in this slot of the analysis.
    Kept(u8),
}

impl From<Option<Riddle>> for Value {
    fn from(riddle: Option<Riddle>) -> Self {
        riddle.map_or(Self::Nil, |riddle| Self::Fixed(riddle.name()))
    }
}

impl<T: Into<f64>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nil, |value| Self::Number(value.into()))
    }
}

/// Values at most: fewer than the 20 for which Lua guarantees room.
const MAX_VALUES: usize = 12;

/// What a method returns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    values: [Value; MAX_VALUES],
    len: usize,
}

impl Answer {
    /// No value.
    pub(super) const NOTHING: Self = Self { values: [Value::Nil; MAX_VALUES], len: 0 };

    pub(super) fn of(values: &[Value]) -> Self {
        let mut answer = Self::NOTHING;
        for (place, value) in answer.values.iter_mut().zip(values) {
            *place = *value;
            answer.len += 1;
        }
        answer
    }

    pub(super) fn values(&self) -> &[Value] {
        &self.values[..self.len]
    }

    fn refuse(why: &'static str) -> Self {
        Self::of(&[Value::Nil, Value::Fixed(why)])
    }
}

/// `airtone.new(buffer, announced_only, delay, over_time)`: buffer in ms, `"adaptive"` or `"none"` (nil: the default);
/// true to take only RTP that SDP announced; one-way delay in ms where RTCP does not tell it, or nil;
/// true to keep each stream over time, for the HTML report.
pub(super) fn new(arguments: &FirstArguments<'_>) -> Result<Analysis, &'static str> {
    let mut config = Config::default();
    match (arguments.number(1), arguments.bytes(1)) {
        (Some(ms), _) if (0.0..=1000.0).contains(&ms) => {
            config.jitter_buffer = JitterBuffer::Fixed(ms as u16)
        }
        (None, Some(b"adaptive")) => config.jitter_buffer = JitterBuffer::Adaptive,
        (None, Some(b"none")) => config.jitter_buffer = JitterBuffer::None,
        (None, None) => {}
        _ => return Err("airtone.new: the buffer is 0 to 1000 (ms), \"adaptive\" or \"none\""),
    }
    config.rtp_heuristic = !arguments.truth(2);
    if arguments.truth(4) {
        html::prepare(&mut config);
    }
    config.declared_delay_ms = arguments.number(3).filter(|ms| ms.is_finite() && *ms >= 0.0);
    Ok(Analysis::new(config))
}

/// `engine:clock(seconds, nanoseconds, relative)`: the frame `relative` seconds after the reference was
/// captured at this time since the Unix epoch. With nil for nanoseconds, `seconds` is all of it, a double, whose
/// steps are 238 ns today.
pub(super) fn clock(analysis: &mut Analysis, arguments: &Arguments<'_>) -> Answer {
    let number = |n| arguments.number(n).unwrap_or(0.0);
    match arguments.number(2) {
        Some(nanoseconds) => analysis.clock(number(1), nanoseconds, number(3)),
        None => analysis.clock_about(number(1), number(3)),
    }
    Answer::NOTHING
}

/// `engine:feed(bytes, number, relative, length, interface, encapsulation)`: the next frame. `relative` is its
/// time in seconds after the reference, `length` that on the wire, `encapsulation` Wireshark's number, nil where
/// it is not known. Answers what the frame holds that the host may read better: `tunnel` (see `between`), `air` (see
/// `decrypted`) or `stream` (see `message`).
pub(super) fn feed(analysis: &mut Analysis, arguments: &Arguments<'_>) -> Answer {
    let (Some(bytes), Some(frame), Some(relative)) =
        (arguments.bytes(1), arguments.number(2), arguments.number(3))
    else {
        return Answer::refuse("airtone: feed(bytes, number, relative, length, interface, encapsulation)");
    };
    // Casts of floats saturate.
    let whole = |n| arguments.number(n).map(|value| value as u32);
    let captured = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let packet = Packet {
        frame: frame as u64,
        at: analysis.time(relative),
        link: match whole(6) {
            Some(encapsulation) => LinkType::of_wireshark(encapsulation).unwrap_or(LinkType(u16::MAX)),
            None => analysis.link(bytes),
        },
        interface: whole(5).unwrap_or(0),
        orig_len: whole(4).unwrap_or(captured).max(captured),
        bytes,
    };
    match analysis.packet(&packet) {
        None => Answer::NOTHING,
        riddle => Answer::of(&[riddle.into()]),
    }
}

/// `engine:beside(start)`: reads the capture that begins with these bytes, which the host has open, beside the host; true when
/// it can be done. Then `take` replaces `feed`. Also answers what the capture says before its first packet: the link type of a
/// classic pcap with microseconds or nil, whether there may be frames of 802.11, and whether there are keys.
pub(super) fn beside(analysis: &mut Analysis, arguments: &Arguments<'_>) -> Answer {
    let Some(start) = arguments.bytes(1) else { return Answer::refuse("airtone: beside(start)") };
    let (found, header) = analysis.beside(start);
    Answer::of(&[
        Value::Truth(found),
        header.link.into(),
        Value::Truth(header.air),
        Value::Truth(header.keys),
    ])
}

/// `engine:take(number, captured)`: takes the next frame, and those before it that have not been taken, from the file that is
/// read beside the host. `captured` bytes of it are there; nil where that is not to be checked. Answers true and, as `feed`,
/// what the frame holds; false when it is not the host's frame: that one and all after it have to be fed.
pub(super) fn take(analysis: &mut Analysis, arguments: &Arguments<'_>) -> Answer {
    let Some(frame) = arguments.number(1) else {
        return Answer::refuse("airtone: take(number, captured)");
    };
    let captured = arguments.number(2).map(|captured| captured as usize);
    match analysis.take(frame as u64, captured) {
        Some(riddle) => Answer::of(&[Value::Truth(true), riddle.into()]),
        None => Answer::of(&[Value::Truth(false)]),
    }
}

/// `engine:ahead(number)`: the next frame after this one that has to be taken by its own number; those before it may pass.
pub(super) fn ahead(analysis: &mut Analysis, arguments: &Arguments<'_>) -> Answer {
    let Some(frame) = arguments.number(1) else { return Answer::refuse("airtone: ahead(number)") };
    // A number of a frame is far below 2^53.
    let frame = (frame as u64).min(1 << 53);
    Answer::of(&[Value::Number(analysis.ahead(frame) as f64)])
}

/// `engine:link(number)`: frames come with this link type of pcap (the number in the header of the file) where
/// `feed` does not tell their encapsulation.
pub(super) fn link(analysis: &mut Analysis, arguments: &Arguments<'_>) -> Answer {
    // The upper bits say how long the checksum is.
    if let Some(number) = arguments.number(1) {
        analysis.set_link(LinkType((number as u32 & 0xffff) as u16));
    }
    Answer::NOTHING
}

/// `engine:port(port, kind)`: the host sees `rtp` or a `tunnel` in what this UDP port sends and receives.
pub(super) fn port(analysis: &mut Analysis, arguments: &Arguments<'_>) -> Answer {
    let port = arguments.number(1).filter(|port| (1.0..=65_535.0).contains(port));
    match (port, arguments.bytes(2)) {
        (Some(port), Some(b"rtp")) => analysis.rtp_port(port as u16),
        (Some(port), Some(b"tunnel")) => analysis.tunnel_port(port as u16),
        _ => return Answer::refuse("airtone: port(1 to 65535, \"rtp\" or \"tunnel\")"),
    }
    Answer::NOTHING
}

/// `engine:keys()`: the host may have keys, so that encrypted frames are told by `feed` and `take`.
pub(super) fn keys(analysis: &mut Analysis, _: &Arguments<'_>) -> Answer {
    analysis.has_keys();
    Answer::NOTHING
}

/// `engine:between(source port, destination port)`: the innermost ports that the host sees in the last frame.
pub(super) fn between(analysis: &mut Analysis, arguments: &Arguments<'_>) -> Answer {
    let (Some(source), Some(destination)) = (arguments.number(1), arguments.number(2)) else {
        return Answer::refuse("airtone: between(source port, destination port)");
    };
    // Casts of floats saturate.
    analysis.between((source as u16, destination as u16));
    Answer::NOTHING
}

/// `engine:decrypted(bytes)`: an IP packet, from its header on, that the host has decrypted in the last frame.
pub(super) fn decrypted(analysis: &mut Analysis, arguments: &Arguments<'_>) -> Answer {
    let Some(bytes) = arguments.bytes(1) else { return Answer::refuse("airtone: decrypted(bytes)") };
    analysis.decrypted(bytes);
    Answer::NOTHING
}

/// `engine:message(bytes)`: a SIP message that the host has decrypted in the last frame, a segment of TCP.
pub(super) fn message(analysis: &mut Analysis, arguments: &Arguments<'_>) -> Answer {
    let Some(bytes) = arguments.bytes(1) else { return Answer::refuse("airtone: message(bytes)") };
    analysis.message(bytes);
    Answer::NOTHING
}

/// `engine:facts(number)`: call, stream, jitter, delta, lost_before, late, duplicate, bssid, beacons lost
/// before, beacon delay in ms; nil for each that does not apply, nothing when none does.
pub(super) fn facts(analysis: &mut Analysis, arguments: &Arguments<'_>) -> Answer {
    let Some(facts) = frame(arguments).and_then(|frame| analysis.facts(frame)) else {
        return Answer::NOTHING;
    };
    let (rtp, beacon) = (facts.rtp, facts.beacon);
    let bssid = beacon.map_or(Value::Nil, |beacon| analysis.bssid(beacon.bss));
    Answer::of(&[
        facts.call.into(),
        facts.stream.into(),
        rtp.and_then(|rtp| rtp.jitter_ms).into(),
        rtp.and_then(|rtp| rtp.delta_ms).into(),
        rtp.map(|rtp| rtp.lost_before).into(),
        rtp.map_or(Value::Nil, |rtp| Value::Truth(rtp.late)),
        rtp.map_or(Value::Nil, |rtp| Value::Truth(rtp.duplicate)),
        bssid,
        beacon.map(|beacon| beacon.lost_before).into(),
        beacon.and_then(|beacon| beacon.delay_us).map(|us| f64::from(us) / 1000.0).into(),
    ])
}

/// `engine:so_far(number)`: MOS and R of the frame's stream and the outcome of its call, as of now.
pub(super) fn so_far(analysis: &mut Analysis, arguments: &Arguments<'_>) -> Answer {
    let Some(facts) = frame(arguments).and_then(|frame| analysis.facts(frame)) else {
        return Answer::NOTHING;
    };
    Answer::of(&analysis.so_far(&facts))
}

/// `engine:whole(number)`: from the report: MOS and R of the frame's stream, outcome and worst MOS of its call,
/// beacons that its BSS lost, and how many findings name the frame.
pub(super) fn whole(analysis: &mut Analysis, arguments: &Arguments<'_>) -> Answer {
    match frame(arguments) {
        Some(frame) => Answer::of(&analysis.whole(frame)),
        None => Answer::NOTHING,
    }
}

/// `engine:finding(number, k)`: severity (`note`, `warning`, `critical`) and text of the k-th finding, from 1,
/// that names the frame.
pub(super) fn finding(analysis: &mut Analysis, arguments: &Arguments<'_>) -> Answer {
    let place = arguments.number(2).map_or(0, |k| (k as usize).saturating_sub(1));
    match frame(arguments).and_then(|frame| analysis.finding(frame, place)) {
        Some((severity, text)) => Answer::of(&[severity, text]),
        None => Answer::NOTHING,
    }
}

/// `engine:report(view, format, width)`: view `report`, `calls`, `streams`, `sip`, `wifi` or `findings`; format
/// `text`, `json` or `html` (whatever the view, the whole report); width in columns.
pub(super) fn report(analysis: &mut Analysis, arguments: &Arguments<'_>) -> Answer {
    let view = match arguments.bytes(1) {
        Some(b"report") | None => View::Report,
        Some(b"calls") => View::Calls,
        Some(b"streams") => View::Streams,
        Some(b"sip") => View::Sip,
        Some(b"wifi") => View::Wifi,
        Some(b"findings") => View::Findings,
        Some(_) => return Answer::refuse("airtone: report, calls, streams, sip, wifi or findings"),
    };
    match arguments.bytes(2) {
        Some(b"json") => Answer::of(&[analysis.json(view)]),
        Some(b"html") => Answer::of(&[analysis.html()]),
        Some(b"text") | None => {
            let width = arguments.number(3).map_or(80, |width| width as u16);
            Answer::of(&[analysis.text_report(view, width)])
        }
        Some(_) => Answer::refuse("airtone: text, json or html"),
    }
}

/// `engine:html_file()`: writes the HTML report to a temporary file that only its owner can read; its path, or nil
/// and why not.
pub(super) fn html_file(analysis: &mut Analysis, _: &Arguments<'_>) -> Answer {
    match analysis.html_file() {
        Ok(path) => Answer::of(&[path]),
        Err(why) => Answer::of(&[Value::Nil, why]),
    }
}

/// `engine:counts()`: frames, calls, streams, BSSs and findings so far.
pub(super) fn counts(analysis: &mut Analysis, _: &Arguments<'_>) -> Answer {
    Answer::of(&analysis.counts())
}

/// `engine:reset()`: forgets everything but the settings.
pub(super) fn reset(analysis: &mut Analysis, _: &Arguments<'_>) -> Answer {
    analysis.reset();
    Answer::NOTHING
}

fn frame(arguments: &Arguments<'_>) -> Option<u64> {
    arguments.number(1).map(|frame| frame as u64)
}
