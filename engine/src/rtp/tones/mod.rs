//! Tones in the sound of G.711 streams: DTMF, ringback, busy, and what fax machines send.
//!
//! Looking for them means decoding every sample, which costs more than everything else that is done for an RTP
//! packet. So it is no part of [`crate::Engine::packet`]: who wants tones shows the traffic to [`Tones`] and has
//! them added to the report.

mod block;
mod cadence;
mod dtmf;
mod goertzel;
mod signal;

use std::collections::BTreeMap;

use super::g711::{ALAW, ULAW};
use crate::model::{Call, Dtmf, Event, Report, Stream};
use crate::packet::Nanos;
use crate::traffic::{Traffic, What};

/// Samples per second of G.711.
const RATE: i64 = 8_000;
/// Streams listened to at once.
const MAX_STREAMS: usize = 4_096;
/// Digits and bursts kept per stream.
const MAX_FOUND: usize = 512;
/// A pause without packets up to this, in samples, is silence; a longer one or a jump starts anew.
const MAX_PAUSE: i64 = 10 * RATE;
/// Packets whose places are remembered: a digit begins up to two blocks before it is found.
const RECENT: usize = 8;
/// The same digit by two methods lies within this, beyond its own length.
const SAME: i64 = 200 * Nanos::MILLI;

/// An echo comes back within this.
const ECHO: i64 = 500 * Nanos::MILLI;

/// Where a piece of sound came from.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    /// Its first sample.
    sample: i64,
    frame: u64,
    at: Nanos,
}

impl Place {
    fn time_of(&self, sample: i64) -> Nanos {
        let ns = (sample - self.sample) * (Nanos::SECOND / RATE);
        self.at.known().map_or(self.at, |at| Nanos(at.0.saturating_add(ns)))
    }
}

/// Something found: with the frame where it began and its time.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Found<T> {
    what: T,
    frame: u64,
    at: Nanos,
}

/// Listens to one stream.
#[derive(Debug)]
struct Ear {
    dtmf: dtmf::Detector,
    signal: signal::Detector,
    /// Sequence number and timestamp that come next.
    next: Option<(u16, u32)>,
    samples: i64,
    recent: Vec<Place>,
    digits: Vec<Found<dtmf::Digit>>,
    bursts: Vec<Found<signal::Burst>>,
}

impl Ear {
    fn new() -> Self {
        Self {
            dtmf: dtmf::Detector::new(),
            signal: signal::Detector::new(),
            next: None,
            samples: 0,
            recent: Vec::new(),
            digits: Vec::new(),
            bursts: Vec::new(),
        }
    }

    fn packet(
        &mut self,
        traffic: &Traffic<'_>,
        sequence: u16,
        timestamp: u32,
        sound: &[u8],
        law: &[i16; 256],
    ) {
        if let Some((expected, due)) = self.next {
            if sequence.wrapping_sub(expected) > 0x8000 {
                // Late, or seen before.
                return;
            }
            let gap = i64::from(timestamp.wrapping_sub(due).cast_signed());
            if gap != 0 {
                self.gap(if (0..=MAX_PAUSE).contains(&gap) { gap } else { MAX_PAUSE });
            }
        }
        self.next = Some((sequence.wrapping_add(1), timestamp.wrapping_add(sound.len() as u32)));
        if self.recent.len() >= RECENT {
            self.recent.remove(0);
        }
        self.recent.push(Place { sample: self.samples, frame: traffic.cx.frame, at: traffic.cx.at });
        let samples = || sound.iter().map(|&word| law[usize::from(word)]);
        let Self { dtmf, signal, recent, digits, bursts, .. } = self;
        dtmf.sound(samples(), |digit| keep(digits, digit, digit.start, recent));
        signal.sound(samples(), |burst| keep(bursts, burst, burst.start, recent));
        self.samples += sound.len() as i64;
    }

    fn gap(&mut self, samples: i64) {
        let Self { dtmf, signal, recent, digits, bursts, .. } = self;
        dtmf.gap(samples, |digit| keep(digits, digit, digit.start, recent));
        signal.gap(samples, |burst| keep(bursts, burst, burst.start, recent));
        self.samples += samples;
    }

    fn end(&mut self) {
        let Self { dtmf, signal, recent, digits, bursts, .. } = self;
        dtmf.end(&mut |digit| keep(digits, digit, digit.start, recent));
        signal.end(&mut |burst| keep(bursts, burst, burst.start, recent));
    }
}

/// Keeps what has ended, at the packet that it began in or the first one still remembered.
fn keep<T>(found: &mut Vec<Found<T>>, what: T, start: i64, recent: &[Place]) {
    let place = recent.iter().rev().find(|place| place.sample <= start).or(recent.first());
    if let Some(place) = place.filter(|_| found.len() < MAX_FOUND) {
        found.push(Found { what, frame: place.frame, at: place.time_of(start) });
    }
}

/// Listens to every G.711 stream that it is shown.
#[derive(Debug, Default)]
pub struct Tones {
    ears: BTreeMap<u32, Ear>,
}

impl Tones {
    /// Takes notice of a piece of traffic; only RTP of a stream in G.711 (payload types 0 and 8) is listened to.
    pub fn traffic(&mut self, traffic: &Traffic<'_>) {
        let (What::Rtp(parsed), Some(stream)) = (traffic.what, traffic.facts.stream) else { return };
        let law = match parsed.header.payload_type {
            0 => &ULAW,
            8 => &ALAW,
            _ => return,
        };
        // Copies that a mirror shows are told by the facts.
        if traffic.facts.rtp.is_some_and(|facts| facts.duplicate) {
            return;
        }
        if self.ears.len() >= MAX_STREAMS && !self.ears.contains_key(&stream) {
            return;
        }
        let ear = self.ears.entry(stream).or_insert_with(Ear::new);
        ear.packet(traffic, parsed.header.sequence, parsed.header.timestamp, parsed.payload, law);
    }

    /// Adds what was heard to the calls of the report on the same packets: digits that no telephone event and no
    /// INFO told, and events for the tones.
    pub fn add_to(mut self, report: &mut Report) {
        self.ears.values_mut().for_each(Ear::end);
        let Report { calls, streams, .. } = report;
        for call in calls {
            let id = Some(call.id);
            let own = streams.iter().filter(|stream| stream.call == id);
            // What a relay sends on are the same tones again, and encrypted sound holds none.
            for stream in own.filter(|stream| stream.relayed_from.is_none() && !stream.encrypted) {
                if let Some(ear) = self.ears.get(&stream.id) {
                    add(call, stream, ear);
                }
            }
            call.dtmf.sort_by_key(|digit| (digit.at, digit.frame));
            drop_echoes(&mut call.dtmf);
            call.events.sort_by_key(|event| (event.at, event.frame));
        }
    }
}

fn add(call: &mut Call, stream: &Stream, ear: &Ear) {
    let from = match stream.direction.as_deref() {
        Some("callee_to_caller") => "callee",
        Some(_) => "caller",
        None => "unknown",
    };
    for digit in &ear.digits {
        let told = Dtmf {
            frame: digit.frame,
            at: digit.at,
            from: from.to_owned(),
            digit: char::from(digit.what.key).to_string(),
            duration_ms: Some(digit.what.length as f64 * 1000.0 / RATE as f64),
            method: "inband".to_owned(),
        };
        if !call.dtmf.iter().any(|other| other.method != "inband" && is_same(other, &told)) {
            call.dtmf.push(told);
            feature(call, "dtmf_inband");
        }
    }
    let bursts: Vec<_> = ear.bursts.iter().map(|burst| burst.what).collect();
    for signal in cadence::signals(&bursts) {
        let Some(burst) = ear.bursts.get(signal.first) else { continue };
        let seconds = signal.length as f64 / RATE as f64;
        let detail = format!("{} in the sound of the {from}, {seconds:.1} s", signal.kind.words());
        call.events.push(Event { frame: burst.frame, at: burst.at, kind: signal.kind.name().into(), detail });
        if let Some(name) = signal.kind.feature() {
            feature(call, name);
        }
    }
}

/// A digit in the sound that the other side sends back at once is an echo of its line.
fn drop_echoes(digits: &mut Vec<Dtmf>) {
    let mut kept: Vec<Dtmf> = Vec::with_capacity(digits.len());
    for digit in digits.drain(..) {
        let is_echo = |before: &&Dtmf| {
            before.digit == digit.digit
                && before.from != digit.from
                && digit.at.0.saturating_sub(before.at.0) <= ECHO
        };
        let recent = kept.iter().rev().take(RECENT).find(is_echo).is_some();
        if digit.method != "inband" || !recent {
            kept.push(digit);
        }
    }
    *digits = kept;
}

fn feature(call: &mut Call, name: &str) {
    if !call.features.iter().any(|feature| feature == name) {
        call.features.push(name.to_owned());
    }
}

/// One press of a key told by two methods: the same digit from the same side at the same time. INFO may come once
/// the key is up again.
pub(crate) fn is_same(a: &Dtmf, b: &Dtmf) -> bool {
    let length = |digit: &Dtmf| (digit.duration_ms.unwrap_or(0.0) * 1e6) as i64;
    let ends = |digit: &Dtmf| digit.at.0.saturating_add(length(digit)).saturating_add(SAME);
    a.digit == b.digit
        && a.from == b.from
        && a.at.is_known()
        && b.at.is_known()
        && a.at.0 <= ends(b)
        && b.at.0 <= ends(a)
}
