//! The analysis behind one engine of Lua: a session, the clock of its frames, texts on their way to Lua.

use std::time::{Duration, Instant};

use airtone_engine::{Config, FrameFacts, LinkType, Nanos, Packet};
use airtone_report::json::Layout;
use airtone_report::{View, json, text};

use super::beside::{Beside, Side};
use super::door::Value;
use super::finals::{self, Finals};
use super::header::{self, Header};
use super::riddle::{Riddle, Scout, Unsolved};
use super::{link, page_file};
use crate::session::Session;

/// Texts of one answer.
const TEXTS: usize = 2;

#[derive(Debug)]
pub(super) struct Analysis {
    session: Session,
    scout: Scout,
    /// Of the last frame, unless it was taken from the file.
    unsolved: Unsolved,
    /// Time since the epoch at which relative time is zero, ns.
    origin: i64,
    /// Of frames whose link type the host does not tell.
    link: Option<LinkType>,
    /// The host's file, as long as its frames are taken from there.
    beside: Option<Beside>,
    /// Of the last report that was asked for, and how long it may serve while frames go on coming.
    finals: Option<(Finals, Instant, Duration)>,
    texts: [String; TEXTS],
}

/// Between two doubles that count seconds since 1970, until 2038.
const STEP_NS: f64 = 239.0;

/// While frames come in, a report made for columns serves this many times as long as it took to make.
const PATIENCE: u32 = 10;

impl Analysis {
    pub(super) fn new(config: Config) -> Self {
        Self {
            scout: Scout::new(&config),
            session: Session::new(config),
            unsolved: Unsolved::default(),
            origin: 0,
            link: None,
            beside: None,
            finals: None,
            texts: Default::default(),
        }
    }

    pub(super) fn reset(&mut self) {
        self.session.reset();
        self.scout = Scout::new(self.session.engine().config());
        self.unsolved = Unsolved::default();
        self.finals = None;
        self.link = None;
        self.beside = None;
    }

    /// Reads the capture that begins with `start` beside the host; false where that cannot be. And what the capture says
    /// before its first packet.
    pub(super) fn beside(&mut self, start: &[u8]) -> (bool, Header) {
        self.beside = Beside::find(start);
        let header = self.beside.as_ref().map_or_else(|| header::read(start), |beside| beside.header);
        (self.beside.is_some(), header)
    }

    /// Takes the host's next frame from there, and gives what it holds that only the host may read. `None` when it has to be
    /// fed, as all after it.
    pub(super) fn take(&mut self, number: u64, captured: Option<usize>) -> Option<Option<Riddle>> {
        let Self { beside, session, scout, .. } = self;
        let reading = beside.as_mut()?;
        let taken = reading.take(&mut Side { session, scout }, number, captured);
        if taken.is_none() {
            self.link = reading.last.link.or(self.link);
            self.beside = None;
        }
        taken
    }

    /// The next frame that has to be taken by its own number.
    pub(super) fn ahead(&mut self, number: u64) -> u64 {
        let Self { beside, session, scout, .. } = self;
        beside.as_mut().map_or(number + 1, |reading| reading.ahead(&mut Side { session, scout }, number))
    }

    /// What stands in the file before the next frame belongs to those so far.
    fn settle(&mut self) {
        let Self { beside, session, scout, .. } = self;
        if let Some(reading) = beside {
            reading.settle(&mut Side { session, scout });
        }
    }

    /// The host sees RTP in what a UDP port sends and receives.
    pub(super) fn rtp_port(&mut self, port: u16) {
        self.session.declare_rtp(port);
    }

    /// The host sees a tunnel there.
    pub(super) fn tunnel_port(&mut self, port: u16) {
        self.scout.tunnel(port);
    }

    /// The host may have keys.
    pub(super) fn has_keys(&mut self) {
        self.scout.has_keys = true;
    }

    /// What the last frame left to the host.
    fn unsolved(&mut self) -> (&Unsolved, &mut Session) {
        let unsolved = self.beside.as_ref().map_or(&self.unsolved, |beside| &beside.last.unsolved);
        (unsolved, &mut self.session)
    }

    /// The host sees a packet between two ports in the last frame.
    pub(super) fn between(&mut self, ports: (u16, u16)) {
        let (unsolved, session) = self.unsolved();
        unsolved.find(session, ports);
    }

    /// The host has decrypted an IP packet in the last frame.
    pub(super) fn decrypted(&mut self, bytes: &[u8]) {
        let (unsolved, session) = self.unsolved();
        unsolved.decrypted(session, bytes);
    }

    /// The host has decrypted a SIP message in the last frame.
    pub(super) fn message(&mut self, bytes: &[u8]) {
        let (unsolved, session) = self.unsolved();
        unsolved.message(session, bytes);
    }

    /// Relative time `relative` (s) is `seconds` and `nanoseconds` since the epoch.
    pub(super) fn clock(&mut self, seconds: f64, nanoseconds: f64, relative: f64) {
        let at = (seconds as i64).saturating_mul(Nanos::SECOND).saturating_add(nanoseconds as i64);
        self.origin = at.saturating_sub(nanos(relative));
    }

    /// The same from a double: whole microseconds, which most captures have, when it is one of them or cannot be
    /// told from one.
    pub(super) fn clock_about(&mut self, seconds: f64, relative: f64) {
        let whole = seconds.floor();
        let nanoseconds = (seconds - whole) * 1e9;
        let microseconds = (nanoseconds / 1e3).round() * 1e3;
        let is_close = (nanoseconds - microseconds).abs() <= STEP_NS / 2.0;
        self.clock(whole, if is_close { microseconds } else { nanoseconds.round() }, relative);
    }

    /// What a frame begins with when the host does not tell: the first one that leaves no doubt speaks for all.
    pub(super) fn link(&mut self, bytes: &[u8]) -> LinkType {
        self.link = self.link.or_else(|| link::guess(bytes));
        self.link.unwrap_or(LinkType(u16::MAX))
    }

    /// What all frames begin with whose link type the host does not tell.
    pub(super) fn set_link(&mut self, link: LinkType) {
        self.link = Some(link);
    }

    /// The time of a frame, exact to the nanosecond up to 104 days from the reference (2^53 ns).
    pub(super) fn time(&self, relative: f64) -> Nanos {
        Nanos(self.origin.saturating_add(nanos(relative)))
    }

    /// Takes the next frame, and gives what it holds that only the host may read.
    pub(super) fn packet(&mut self, packet: &Packet<'_>) -> Option<Riddle> {
        let seen = self.scout.look(packet);
        self.unsolved = Unsolved::of(packet, &seen);
        self.session.packet(packet);
        seen.riddle
    }

    pub(super) fn facts(&self, frame: u64) -> Option<FrameFacts> {
        self.session.facts(frame).copied()
    }

    pub(super) fn bssid(&mut self, place: u32) -> Value {
        let Some([a, b, c, d, e, f]) = self.session.engine().bssid(place) else { return Value::Nil };
        self.keep(0, format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}"))
    }

    pub(super) fn so_far(&self, facts: &FrameFacts) -> [Value; 3] {
        let engine = self.session.engine();
        let quality = facts.stream.filter(|_| facts.rtp.is_some()).and_then(|id| engine.stream_so_far(id));
        let outcome = facts.call.and_then(|id| engine.call_so_far(id));
        [
            quality.map(|quality| quality.mos).into(),
            quality.map(|quality| quality.r).into(),
            outcome.map_or(Value::Nil, |outcome| Value::Fixed(finals::outcome(outcome))),
        ]
    }

    pub(super) fn whole(&mut self, frame: u64) -> [Value; 6] {
        let facts = self.facts(frame).unwrap_or_default();
        self.finals().of(frame, &facts)
    }

    pub(super) fn finding(&mut self, frame: u64, place: usize) -> Option<(Value, Value)> {
        let (severity, text) = self.finals().finding(frame, place)?;
        let text = text.to_owned();
        Some((Value::Fixed(severity), self.keep(0, text)))
    }

    /// Figures of the report. It is made anew when frames have come since, though in a live capture not for
    /// every row that is drawn.
    fn finals(&mut self) -> &Finals {
        self.settle();
        let frames = self.session.frames();
        let serves = |(finals, made, patience): &(Finals, Instant, Duration)| {
            finals.frames == frames || made.elapsed() < *patience
        };
        let current = self.finals.take().filter(serves);
        let (finals, ..) = self.finals.insert(current.unwrap_or_else(|| {
            let began = Instant::now();
            let finals = Finals::new(self.session.report(), frames);
            (finals, Instant::now(), began.elapsed() * PATIENCE)
        }));
        finals
    }

    pub(super) fn json(&mut self, view: View) -> Value {
        self.settle();
        let mut out = Vec::new();
        // Writing to memory does not fail.
        let _ = json::write(&mut out, self.session.report(), view, Layout::Pretty);
        self.keep(0, String::from_utf8_lossy(&out).into_owned())
    }

    pub(super) fn html(&mut self) -> Value {
        let mut out = Vec::new();
        let _ = self.session.write_html(&mut out);
        self.keep(0, String::from_utf8_lossy(&out).into_owned())
    }

    /// Path of a file with that page, or why there is none.
    pub(super) fn html_file(&mut self) -> Result<Value, Value> {
        let mut out = Vec::new();
        let _ = self.session.write_html(&mut out);
        match page_file::write(&out) {
            Ok(path) => Ok(self.keep(0, path.to_string_lossy().into_owned())),
            Err(error) => Err(self.keep(0, format!("the report cannot be written: {error}"))),
        }
    }

    pub(super) fn text_report(&mut self, view: View, width: u16) -> Value {
        self.settle();
        let mut out = Vec::new();
        let _ = text::write(
            &mut out,
            &self.session.report().with_masked_digits(),
            view,
            text::Style { width, colour: false },
        );
        self.keep(0, String::from_utf8_lossy(&out).into_owned())
    }

    pub(super) fn counts(&mut self) -> [Value; 5] {
        self.settle();
        let report = self.session.report();
        let count = |n: usize| Value::Number(n as f64);
        [
            Value::Number(report.capture.packets as f64),
            count(report.calls.len()),
            count(report.streams.len()),
            count(report.wifi.bss.len()),
            count(report.findings.len()),
        ]
    }

    /// A kept text, for the host to push.
    pub(super) fn text(&self, slot: u8) -> &str {
        self.texts.get(usize::from(slot)).map_or("", String::as_str)
    }

    fn keep(&mut self, slot: u8, text: String) -> Value {
        match self.texts.get_mut(usize::from(slot)) {
            Some(place) => {
                *place = text;
                Value::Kept(slot)
            }
            None => Value::Nil,
        }
    }
}

/// Seconds as nanoseconds, to the nearest.
fn nanos(seconds: f64) -> i64 {
    (seconds * 1e9).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact_to_the_nanosecond() {
        let mut analysis = Analysis::new(Config::default());
        analysis.clock(1_700_000_000.0, 123_456_789.0, 0.0);
        // A day of relative time as Wireshark computes it: whole seconds plus nanoseconds / 1e9.
        for (seconds, part) in [(0, 0), (0, 1), (3_599, 999_999_999), (86_400, 123_456_789)] {
            let relative = f64::from(seconds) + f64::from(part) / 1e9;
            let expected = 1_700_000_000_123_456_789 + i64::from(seconds) * Nanos::SECOND + i64::from(part);
            assert_eq!(analysis.time(relative), Nanos(expected));
        }
        analysis.clock(1_700_000_100.0, 5.0, 2.5);
        assert_eq!(analysis.time(2.5), Nanos(1_700_000_100_000_000_005));
        for nonsense in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            analysis.clock(nonsense, nonsense, nonsense);
            let _ = analysis.time(nonsense);
        }
    }
}
