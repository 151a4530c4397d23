//! From the packets of a stream to its sound.
//!
//! Time: within a run of continuous timestamps samples follow the sender's clock, one behind the other. A run is
//! laid on the capture's clock by its fastest packet, as a receiver's buffer does, less the buffer's own delay, and
//! then follows that clock ([`crate::drift`]). Where the sender moves its timestamps, a new run begins.

mod pauses;
#[cfg(test)]
mod tests;

use airtone_engine::rtp::{FormatKind, Heard, HeardPacket};

use crate::conceal::Concealer;
use crate::drift::{Course, Place};
use crate::noise::Noise;
use crate::run::{Mark, MarkKind, Payloads, Run, Track};
use crate::timing::{self, Timing};
use crate::voices::{Voices, format, kind};

/// The sender moved its timestamps when media and arrival part by more than this, ns; less with a marker.
const JUMP: i64 = 1_000_000_000;
const MARKED_JUMP: i64 = 200_000_000;
/// A pause, ns.
const PAUSE: i64 = 200_000_000;
/// Media from which a stretch is laid on the capture's clock, ns.
const ANCHOR: i64 = 5_000_000_000;
/// The longest pause within a run, ns; longer ones end it.
const LONGEST_PAUSE: i64 = 60_000_000_000;
/// Media time of a packet where nothing tells it, ns.
const USUAL_STEP: i64 = 20_000_000;

/// Why a stream cannot be heard, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

/// Decodes a stream.
///
/// # Errors
/// When it is encrypted, holds no sound, or none of its codecs can be decoded here.
pub fn render(heard: &Heard, payloads: &Payloads, timing: Timing) -> Result<Track, Refusal> {
    if heard.encrypted {
        return Err(Refusal(
            "it is encrypted (SRTP), and without its keys there is nothing to hear".to_owned(),
        ));
    }
    let mut voices = Voices::default();
    let audible = |packet: &&HeardPacket| kind(heard, packet.payload_type) == FormatKind::Audio;
    for packet in heard.packets.iter().filter(audible) {
        voices.prepare(heard, packet.payload_type);
    }
    if voices.by_type.is_empty() {
        return Err(Refusal("it holds no sound".to_owned()));
    }
    if voices.by_type.values().all(Result::is_err)
        && let Some(Err(missing)) = voices.by_type.values().next()
    {
        return Err(Refusal(missing.0.clone()));
    }
    let changed = match timing {
        Timing::Buffer => None,
        Timing::Timestamps => Some(timing::by_timestamps(heard)),
        Timing::Uninterrupted => Some(timing::all(heard)),
    };
    let heard = changed.as_ref().unwrap_or(heard);
    let mut stage = Stage::new(heard, voices, timing == Timing::Uninterrupted);
    for packet in &heard.packets {
        stage.packet(packet, payloads);
    }
    Ok(stage.finish())
}

/// Packets that are not there.
#[derive(Clone, Copy, Default)]
struct Absent {
    lost: u64,
    late: u64,
    first: u64,
}

impl Absent {
    fn add(&mut self, sequence: u64, lost: u64, late: u64) {
        if self.lost + self.late == 0 {
            self.first = sequence;
        }
        self.lost += lost;
        self.late += late;
    }
}

struct Stage<'a> {
    heard: &'a Heard,
    voices: Voices,
    track: Track,
    /// The run in the making and the payload type that it is in.
    run: Option<(Run, u8)>,
    /// Timestamp of the run's begin.
    origin: u32,
    /// Packets of the run.
    places: Vec<Place>,
    /// Marks that were made before it.
    marked: usize,
    /// Sequence number expected next.
    next: u64,
    absent: Absent,
    /// The packet before, whatever it was.
    before: Option<HeardPacket>,
    /// The packet with sound before.
    sound_before: Option<HeardPacket>,
    /// Made-up samples at the end of the run begin here, where the next packet may have to be joined to them.
    made_up_from: Option<usize>,
    /// Media time of the last decoded packet, ns.
    step: i64,
    /// What is heard until the next packet with sound.
    noise: Option<Noise>,
    /// Packets one behind the other, whatever their times.
    is_seamless: bool,
}

impl<'a> Stage<'a> {
    fn new(heard: &'a Heard, voices: Voices, is_seamless: bool) -> Self {
        Self {
            heard,
            voices,
            track: Track::default(),
            run: None,
            origin: 0,
            places: Vec::new(),
            marked: 0,
            next: heard.first,
            absent: Absent::default(),
            before: None,
            sound_before: None,
            made_up_from: None,
            step: USUAL_STEP,
            noise: None,
            is_seamless,
        }
    }

    fn packet(&mut self, packet: &HeardPacket, payloads: &Payloads) {
        self.absent.add(self.next, packet.sequence.saturating_sub(self.next), 0);
        self.next = packet.sequence + 1;
        if packet.late {
            return self.absent.add(packet.sequence, 0, 1);
        }
        match kind(self.heard, packet.payload_type) {
            FormatKind::Audio => self.audio(packet, payloads),
            FormatKind::Event => self.no_sound(packet, MarkKind::Event),
            FormatKind::Noise => self.comfort(packet, payloads.get(&packet.frame)),
            FormatKind::Video => {}
        }
        self.before = Some(*packet);
        if kind(self.heard, packet.payload_type) == FormatKind::Audio {
            self.sound_before = Some(*packet);
        }
    }

    fn audio(&mut self, packet: &HeardPacket, payloads: &Payloads) {
        let clock = i64::from(format(self.heard, packet.payload_type).map_or(8_000, |f| f.clock_hz).max(1));
        let goes_on = self.run.as_ref().is_some_and(|(_, number)| *number == packet.payload_type)
            && !self.has_jumped(packet, clock);
        if !goes_on {
            self.conceal(None, None);
            self.begin(packet, clock);
        }
        let Some((run, _)) = &self.run else { return };
        let rate = i64::from(run.rate);
        let ticks = i64::from(packet.timestamp.wrapping_sub(self.origin).cast_signed());
        let due = ticks * rate / clock;
        let gap = if self.is_seamless { 0 } else { due - run.samples.len() as i64 };
        if gap > 0 && self.absent.lost + self.absent.late == 0 && gap * 1_000_000_000 / rate >= PAUSE {
            self.pause(packet, clock, gap);
        } else {
            self.conceal(Some(gap.max(0)), payloads.get(&packet.frame));
        }
        if packet.at.is_known() && !self.is_seamless {
            // A pause may have begun a new run.
            let sample = if self.origin == packet.timestamp { 0 } else { due };
            self.places.push(Place { sample, at: packet.at.0 });
        }
        self.decode(packet, payloads, (-gap).max(0));
    }

    /// The timestamps no longer tell the time that has passed.
    fn has_jumped(&self, packet: &HeardPacket, clock: i64) -> bool {
        // Packets between, of an event, bear the timestamp of its begin.
        let Some(before) = self.sound_before.filter(|_| !self.is_seamless) else { return false };
        let ticks = i64::from(packet.timestamp.wrapping_sub(before.timestamp).cast_signed());
        let media = ticks * 1_000_000_000 / clock;
        if !packet.at.is_known() || !before.at.is_known() {
            // Whether it is a pause or no time at all, nobody knows; a pause of hours would have to be filled.
            return !(-JUMP..=LONGEST_PAUSE).contains(&media);
        }
        let passed = packet.at.0.saturating_sub(before.at.0);
        let apart = media.abs_diff(passed);
        let is_marked = packet.marker && passed > MARKED_JUMP / 2;
        media > LONGEST_PAUSE
            || apart > JUMP.unsigned_abs()
            || (is_marked && apart > MARKED_JUMP.unsigned_abs())
    }

    /// A new run from here on.
    fn begin(&mut self, packet: &HeardPacket, clock: i64) {
        self.close();
        self.marked = self.track.marks.len();
        let end = self.track.runs.last().map(Run::end);
        let decoder = self.voices.by_type.get(&packet.payload_type).and_then(|found| found.as_ref().ok());
        let rate = decoder.map_or(8_000, |decoder| decoder.rate());
        let at = match end {
            Some(end) if self.is_seamless => end,
            end => self.anchor(packet, clock).max(end.unwrap_or(i64::MIN)),
        };
        self.run = Some((Run { at, rate, samples: Vec::new() }, packet.payload_type));
        self.origin = packet.timestamp;
    }

    /// Where a packet's sound lies on the capture's clock, by the fastest packet of what follows.
    fn anchor(&self, packet: &HeardPacket, clock: i64) -> i64 {
        if !packet.at.is_known() {
            return 0;
        }
        let first = self.heard.packets.partition_point(|other| other.sequence < packet.sequence);
        let mut best = packet.at.0;
        for other in &self.heard.packets[first..] {
            let ticks = i64::from(other.timestamp.wrapping_sub(packet.timestamp).cast_signed());
            let media = ticks * 1_000_000_000 / clock;
            let at = other.at.0.saturating_sub(media);
            if media > ANCHOR
                || best.abs_diff(at) > JUMP.unsigned_abs()
                || other.payload_type != packet.payload_type
            {
                break;
            }
            best = best.min(at);
        }
        best
    }

    /// Makes up for absent packets, at most `room` samples where the packet with the payload `next` sets a limit, and
    /// is silent for the rest of the room.
    fn conceal(&mut self, room: Option<i64>, next: Option<&Vec<u8>>) {
        let absent = std::mem::take(&mut self.absent);
        let count = absent.lost + absent.late;
        self.track.lost += absent.lost;
        self.track.late += absent.late;
        let Some((run, number)) = &mut self.run else { return };
        let (from, at) = (run.samples.len(), run.end());
        let owed =
            (count as i128 * i128::from(self.step) * i128::from(run.rate) + 500_000_000) / 1_000_000_000;
        let owed = i64::try_from(owed).unwrap_or(i64::MAX).min(i64::from(run.rate) * 60);
        let owed = if self.is_seamless { 0 } else { owed };
        let fill = room.unwrap_or(owed).min(owed) as usize;
        let room = room.unwrap_or(owed).max(0) as usize;
        let is_sound =
            self.before.is_none_or(|before| kind(self.heard, before.payload_type) == FormatKind::Audio);
        if count > 0 && is_sound {
            let decoder = self.voices.by_type.get_mut(number).and_then(|found| found.as_mut().ok());
            let last = (self.step * i64::from(run.rate) / 1_000_000_000) as usize;
            let by_codec = decoder.map(|decoder| match next.filter(|_| fill == room) {
                Some(next) => decoder.conceal_before(next, last, fill, &mut run.samples),
                None => decoder.conceal(fill, &mut run.samples),
            });
            if by_codec == Some(false) {
                Concealer::new(run.rate).conceal(&mut run.samples, fill);
                self.made_up_from = (fill == room).then_some(from);
            }
            run.samples.resize(from + fill, 0);
        }
        let made = run.samples.len() - from;
        let end = run.time_of(from + fill);
        self.quiet(room - made);
        if count > 0 {
            self.mark(MarkKind::Concealed, at, end.saturating_sub(at), absent);
        } else if room > 0 && self.is_silent_until(at) {
            self.stretch_silence();
        }
    }

    fn decode(&mut self, packet: &HeardPacket, payloads: &Payloads, skip: i64) {
        self.noise = None;
        let Some((run, number)) = &mut self.run else { return };
        let from = run.samples.len();
        let mut sound = Vec::new();
        let decoder = self.voices.by_type.get_mut(number).and_then(|found| found.as_mut().ok());
        let payload = payloads.get(&packet.frame);
        let is_read = match (decoder, payload) {
            (Some(decoder), Some(payload)) => decoder.decode(payload, &mut sound),
            _ => false,
        };
        if is_read && !sound.is_empty() {
            self.track.played += 1;
            self.step = sound.len() as i64 * 1_000_000_000 / i64::from(run.rate);
        } else {
            self.track.unreadable += 1;
            let clock = format(self.heard, *number).map_or(8_000, |format| format.clock_hz).max(1);
            // No packet holds more than a second; a step beyond that is none.
            let ticks = i64::from(self.heard.step.filter(|&step| step <= clock).unwrap_or(clock / 50));
            sound.resize((ticks * i64::from(run.rate) / i64::from(clock)) as usize, 0);
        }
        run.samples.extend(sound.get(skip as usize..).unwrap_or_default());
        if let Some(made_up_from) = self.made_up_from.take() {
            Concealer::new(run.rate).rejoin(&mut run.samples, made_up_from, from);
        }
    }

    fn mark(&mut self, kind: MarkKind, at: i64, length: i64, absent: Absent) {
        let Absent { lost, late, first } = absent;
        self.track.marks.push(Mark { kind, at, length, lost, late, sequence: first as u16 });
    }

    /// The run ends, and comes to lie on the capture's clock.
    fn close(&mut self) {
        self.made_up_from = None;
        let places = std::mem::take(&mut self.places);
        let Some((mut run, _)) = self.run.take().filter(|(run, _)| !run.samples.is_empty()) else { return };
        if let Some(course) = Course::of(&run, &places) {
            for mark in &mut self.track.marks[self.marked..] {
                let end = course.time(&run, mark.at.saturating_add(mark.length));
                mark.at = course.time(&run, mark.at);
                mark.length = end.saturating_sub(mark.at);
            }
            let drift = course.drift(&run);
            if self.track.drift.is_none_or(|longest| longest.length < drift.length) {
                self.track.drift = Some(drift);
            }
            let end = self.track.runs.last().map_or(i64::MIN, Run::end);
            run = course.follow(&run);
            run.at = run.at.max(end);
        }
        self.track.runs.push(run);
    }

    fn finish(mut self) -> Track {
        self.absent.add(self.next, (self.heard.last + 1).saturating_sub(self.next), 0);
        self.conceal(None, None);
        self.close();
        self.track.decoders = self.voices.names;
        self.track
    }
}
