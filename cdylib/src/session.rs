//! One analysis of a host program: packets in, facts per frame, the report. Safe Rust; the C ABI and the Lua
//! entry are two ways in.

use std::io;

use airtone_engine::decode::inside::Wrapping;
use airtone_engine::observation::Observed;
use airtone_engine::{Config, Engine, FrameFacts, Nanos, Packet, Report, SourceInfo};
use airtone_report::html::{self, Inserts};

/// An engine with what its host asks for again: the facts of frames that were read, and the report.
#[derive(Debug)]
pub struct Session {
    engine: Engine,
    facts: Facts,
    source: SourceInfo,
    /// Made when first asked for, dropped by the next packet.
    report: Option<Box<Report>>,
    /// Packets and observations taken.
    frames: u64,
}

/// Facts by frame number. Frames without facts cost nothing but their place.
#[derive(Debug, Default)]
struct Facts {
    /// Index into `kept` plus one, by frame number; 0 is nothing.
    by_frame: Vec<u32>,
    kept: Vec<FrameFacts>,
}

/// Frames whose facts are remembered at most: a capture of this size fills the host's memory first.
const MAX_FRAMES: usize = 100_000_000;

impl Facts {
    fn keep(&mut self, frame: u64, facts: FrameFacts) {
        let Ok(frame) = usize::try_from(frame) else { return };
        if frame >= MAX_FRAMES {
            return;
        }
        if facts == FrameFacts::default() {
            // Under a read filter, tshark gives the number of a refused frame to the next one as well.
            if let Some(place) = self.by_frame.get_mut(frame) {
                *place = 0;
            }
            return;
        }
        if self.by_frame.len() <= frame {
            self.by_frame.resize(frame + 1, 0);
        }
        self.kept.push(facts);
        self.by_frame[frame] = u32::try_from(self.kept.len()).unwrap_or(0);
    }

    fn of(&self, frame: u64) -> Option<&FrameFacts> {
        let place = *self.by_frame.get(usize::try_from(frame).ok()?)?;
        self.kept.get(usize::try_from(place).ok()?.checked_sub(1)?)
    }
}

impl Session {
    /// A new analysis.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            engine: Engine::new(config),
            facts: Facts::default(),
            source: SourceInfo::default(),
            report: None,
            frames: 0,
        }
    }

    /// Forgets everything but the settings.
    pub fn reset(&mut self) {
        *self = Self::new(self.engine.config().clone());
    }

    /// Takes the next packet; its facts are also kept under its frame number.
    pub fn packet(&mut self, packet: &Packet<'_>) -> FrameFacts {
        self.report = None;
        self.frames += 1;
        let facts = self.engine.packet(packet);
        self.facts.keep(packet.frame, facts);
        facts
    }

    /// Takes what the host dissected.
    pub fn observe(&mut self, observed: &Observed<'_>) -> FrameFacts {
        self.report = None;
        self.frames += 1;
        let facts = self.engine.observe(observed);
        self.facts.keep(observed.frame, facts);
        facts
    }

    /// Takes a packet that the host found or decrypted in the packet taken last.
    pub fn inside(&mut self, packet: &Packet<'_>, how: Wrapping) {
        self.report = None;
        self.frames += 1;
        let facts = self.engine.inside(packet, how);
        if facts != FrameFacts::default() {
            self.facts.keep(packet.frame, facts);
        }
    }

    /// The host says that what a UDP port sends and receives is RTP.
    pub fn declare_rtp(&mut self, port: u16) {
        self.engine.declare_rtp(port);
    }

    /// The sensor says that it dropped packets.
    pub fn sensor_dropped(&mut self, interface: u32, at: Nanos, packets: u64) {
        self.report = None;
        self.engine.sensor_dropped(interface, at, packets);
    }

    /// From now on the radio of an interface listens to a channel (centre and width in MHz), or to none.
    pub fn listening(&mut self, interface: u32, at: Nanos, channel: Option<(u32, u32)>) {
        self.report = None;
        self.engine.listening(interface, at, channel);
    }

    /// Where the packets came from, for the report.
    pub fn set_source(&mut self, source: SourceInfo) {
        self.report = None;
        self.source = source;
    }

    /// What was known about a frame when it was read.
    #[must_use]
    pub fn facts(&self, frame: u64) -> Option<&FrameFacts> {
        self.facts.of(frame)
    }

    /// The report of everything so far.
    pub fn report(&mut self) -> &Report {
        let Self { engine, source, report, .. } = self;
        report.get_or_insert_with(|| Box::new(engine.report(source.clone())))
    }

    /// Writes the report as a page, with the ladders of calls whose messages were kept.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_html(&mut self, out: &mut impl io::Write) -> io::Result<()> {
        let flows = self.engine.flows();
        let report = self.report().with_masked_digits();
        html::write_with(out, &report, &Inserts::default().with_ladders(&report, &flows))
    }

    /// Packets and observations taken so far: tells whether a report is still current.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// The engine, for figures of a stream or call while reading.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_found_by_frame_and_ordinary_frames_cost_nothing() {
        let mut facts = Facts::default();
        facts.keep(1, FrameFacts::default());
        facts.keep(9, FrameFacts { stream: Some(3), ..FrameFacts::default() });
        assert_eq!(facts.kept.len(), 1);
        assert_eq!(facts.of(9).and_then(|f| f.stream), Some(3));
        assert_eq!(facts.of(1), None);
        assert_eq!(facts.of(1_000), None);
    }
}
