//! Stretches in which the sender sends no sound: pauses, comfort noise, telephone events.

use airtone_engine::rtp::{FormatKind, HeardPacket};

use super::{ANCHOR, Absent, LONGEST_PAUSE, MARKED_JUMP, Stage};
use crate::noise::Noise;
use crate::run::{MarkKind, Run};
use crate::voices::{format, kind};

/// Timestamps that miss by more than this how long a pause was have been moved, ns.
const DRIFT: i64 = 20_000_000;

impl Stage<'_> {
    /// Comfort noise from here on. That which was heard so far ends here.
    pub(super) fn comfort(&mut self, packet: &HeardPacket, payload: Option<&Vec<u8>>) {
        let is_next =
            self.before.is_some_and(|before| kind(self.heard, before.payload_type) == FormatKind::Noise);
        self.no_sound(packet, MarkKind::Silence);
        if let (true, Some(before)) = (is_next && !self.is_seamless, self.before) {
            let clock =
                i64::from(format(self.heard, packet.payload_type).map_or(8_000, |f| f.clock_hz).max(1));
            let ticks = |from: u32| i64::from(packet.timestamp.wrapping_sub(from).cast_signed());
            let media = ticks(before.timestamp) * 1_000_000_000 / clock;
            let passed = packet.at.0.saturating_sub(before.at.0);
            if (0..=LONGEST_PAUSE).contains(&media) && media.abs_diff(passed) < MARKED_JUMP.unsigned_abs() {
                let due = |run: &Run| ticks(self.origin) * i64::from(run.rate) / clock;
                let gap = self.run.as_ref().map_or(0, |(run, _)| due(run) - run.samples.len() as i64);
                // The first of them may have had timestamps far from those of the sound: no time between.
                let rate = self.run.as_ref().map_or(0, |(run, _)| i64::from(run.rate));
                if gap <= LONGEST_PAUSE / 1_000_000_000 * rate {
                    self.quiet(gap.max(0) as usize);
                    self.stretch_silence();
                }
            }
        }
        self.noise = Some(Noise::read(payload.map_or(&[], Vec::as_slice)));
    }

    /// An event or comfort noise: what was lost before it is made up for, what follows is silence.
    pub(super) fn no_sound(&mut self, packet: &HeardPacket, kind: MarkKind) {
        self.conceal(None, None);
        let at = self.run.as_ref().map_or(packet.at.0, |(run, _)| run.end());
        if !self.is_silent_until(at) || self.track.marks.last().is_some_and(|mark| mark.kind != kind) {
            self.mark(kind, at, 0, Absent::default());
        }
    }

    /// Nothing was sent for so long: comfort noise where the sender or the codec described one, else silence.
    pub(super) fn quiet(&mut self, samples: usize) {
        let Some((run, number)) = &mut self.run else { return };
        let end = run.samples.len() + samples;
        let decoder = self.voices.by_type.get_mut(number).and_then(|found| found.as_mut().ok());
        match (&mut self.noise, decoder.filter(|decoder| decoder.is_resting())) {
            (Some(noise), _) => noise.fill(samples, &mut run.samples),
            (None, Some(decoder)) => _ = decoder.conceal(samples, &mut run.samples),
            (None, None) => {}
        }
        run.samples.resize(end, 0);
    }

    /// The sender was silent for `gap` samples of its clock.
    pub(super) fn pause(&mut self, packet: &HeardPacket, clock: i64, gap: i64) {
        let Some((run, _)) = &mut self.run else { return };
        let from = run.end();
        if !self.is_silent_until(from) {
            self.mark(MarkKind::Silence, from, 0, Absent::default());
        }
        if self.has_moved(packet, clock, gap) {
            self.begin(packet, clock);
        } else {
            self.quiet(gap as usize);
        }
        self.stretch_silence();
    }

    /// After a pause of `gap` samples, the timestamps of `packet` do not tell how long it was.
    fn has_moved(&self, packet: &HeardPacket, clock: i64, gap: i64) -> bool {
        let Some((run, _)) = self.run.as_ref().filter(|_| packet.at.is_known()) else { return false };
        let after = self.anchor(packet, clock).saturating_sub(run.time_of(run.samples.len() + gap as usize));
        let newest = self.places.last().map_or(0, |place| place.sample);
        let lately = newest - ANCHOR / 1_000_000 * i64::from(run.rate) / 1_000;
        let near = self.places.iter().rev().take_while(|place| place.sample >= lately);
        let before =
            near.map(|place| place.at.saturating_sub(run.time_of(place.sample.max(0) as usize))).min();
        before.is_some_and(|before| after.abs_diff(before) > DRIFT.unsigned_abs())
    }

    /// The last mark is one of silence, comfort noise or an event, and ends there.
    pub(super) fn is_silent_until(&self, time: i64) -> bool {
        let last = self.track.marks.last();
        last.is_some_and(|mark| {
            mark.kind != MarkKind::Concealed && mark.at.saturating_add(mark.length) == time
        })
    }

    /// The last mark goes on to the end of the run.
    pub(super) fn stretch_silence(&mut self) {
        if let (Some((run, _)), Some(mark)) = (&self.run, self.track.marks.last_mut()) {
            mark.length = run.end().saturating_sub(mark.at).max(0);
        }
    }
}
