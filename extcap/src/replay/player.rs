//! Plays a file: packet after packet when it is due, round after round.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use airtone_capture::{Input, Interface, Record};
use airtone_engine::Nanos;

use super::open;
use super::pace::{Clock, Speed};
use crate::failure::Failure;
#[cfg(target_os = "linux")]
use crate::filter::Program;
use crate::source::{Counters, Flow, Note, Received, Sink, Source};

/// Between the last packet of one round and the first of the next.
const PAUSE: i64 = Nanos::SECOND;

/// Packets between two looks at the clock, when they go at once.
const STRIDE: u32 = 64;

/// How long to wait for a slow reader before asking again.
const FULL: Duration = Duration::from_millis(2);

/// One passage through the file.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    /// Added to the times of the file, so that each round comes after the one before.
    offset: i64,
    first: Option<Nanos>,
    last: Option<Nanos>,
}

/// Notes that wait for a packet; of more the last are kept.
const NOTES: usize = 1000;

/// The packet that comes next, once it has been read.
#[derive(Debug, Default)]
struct Next {
    is_there: bool,
    interface: usize,
    at: Nanos,
    orig_len: u32,
    bytes: Vec<u8>,
    /// What the file says in front of it on where its radios listened.
    notes: Vec<(Nanos, Note)>,
}

pub(super) struct Player {
    path: PathBuf,
    input: Input,
    speed: Speed,
    is_looped: bool,
    clock: Clock,
    round: Round,
    interfaces: Vec<Interface>,
    counters: Vec<Counters>,
    /// Per interface: drops of the sensor that the file tells, to be told with the next packet.
    untold: Vec<u64>,
    filter: String,
    /// Per interface: the filter for its link type.
    #[cfg(target_os = "linux")]
    programs: Vec<Program>,
    next: Next,
    is_first_round: bool,
}

impl Source for Player {
    fn comment(&self) -> String {
        let speed = match self.speed {
            Speed::AtOnce => "at once".to_owned(),
            Speed::Times(times) => format!("at speed {times}"),
        };
        let name = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy();
        let looped = if self.is_looped { ", looped" } else { "" };
        let times = if self.clock.is_shifted() {
            "times shifted to the replay"
        } else {
            "with the times of the file"
        };
        let filter = match self.filter.as_str() {
            "" => String::new(),
            filter => format!("; capture filter {filter:?}"),
        };
        format!("Replay of {name} {speed}{looped}, {times}{filter}")
    }

    fn is_live(&self) -> bool {
        false
    }

    fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    fn read(&mut self, sink: &mut dyn Sink, wait: Duration) -> Result<Flow, Failure> {
        let until = Instant::now() + wait;
        let mut untimed = 0;
        loop {
            if !self.next.is_there && !self.advance(sink)? {
                self.tell_notes(sink);
                self.count_the_rest();
                return Ok(Flow::Ended);
            }
            if self.speed != Speed::AtOnce {
                let due = self.clock.due(self.next.at, self.speed);
                let now = Instant::now();
                if due > now {
                    thread::sleep(due.min(until).saturating_duration_since(now));
                }
                if due > until {
                    return Ok(Flow::Open);
                }
            }
            while sink.is_full() {
                if Instant::now() >= until {
                    return Ok(Flow::Open);
                }
                thread::sleep(FULL);
            }
            let is_new = self.hand_over(sink);
            untimed += 1;
            // A new interface is described between two reads.
            if is_new || (untimed % STRIDE == 0 && Instant::now() >= until) {
                return Ok(Flow::Open);
            }
        }
    }

    fn counters(&mut self) -> Vec<Counters> {
        self.counters.clone()
    }

    fn control(&mut self, _: u8, _: &[u8]) -> Result<(), Failure> {
        Ok(())
    }
}

impl Player {
    /// At the beginning of a file.
    pub fn new(
        path: PathBuf,
        input: Input,
        (speed, clock): (Speed, Clock),
        is_looped: bool,
        filter: &str,
    ) -> Self {
        Self {
            path,
            input,
            speed,
            is_looped,
            clock,
            round: Round::default(),
            interfaces: Vec::new(),
            counters: Vec::new(),
            untold: Vec::new(),
            filter: filter.to_owned(),
            #[cfg(target_os = "linux")]
            programs: Vec::new(),
            next: Next::default(),
            is_first_round: true,
        }
    }

    /// Reads the next packet; false at the end of the last round.
    fn advance(&mut self, sink: &mut dyn Sink) -> Result<bool, Failure> {
        loop {
            let record = self.input.next().map_err(|error| Failure::new(error.to_string()))?;
            match record {
                Some(Record::Packet(packet)) => {
                    let next = &mut self.next;
                    next.is_there = true;
                    next.interface = packet.interface as usize;
                    next.at = Nanos(packet.at.0.saturating_add(self.round.offset));
                    next.orig_len = packet.orig_len;
                    next.bytes.clear();
                    next.bytes.extend_from_slice(packet.bytes);
                    self.note_next();
                    return Ok(true);
                }
                Some(Record::Dropped { packets, interface, .. }) => {
                    self.know_interfaces(interface as usize);
                    if let Some(untold) = self.untold.get_mut(interface as usize) {
                        *untold = untold.saturating_add(packets);
                    }
                }
                Some(Record::Listening { interface, at, channel }) => {
                    let interface = interface as usize;
                    let at = Nanos(at.0.saturating_add(self.round.offset));
                    self.know_interfaces(interface);
                    if self.next.notes.len() == NOTES {
                        self.next.notes.remove(0);
                    }
                    self.next.notes.push((at, Note::Listening { interface, channel }));
                }
                Some(Record::Observed(_)) => {}
                None => {
                    if !self.begin_again(sink)? {
                        return Ok(false);
                    }
                }
            }
        }
    }

    /// Takes note of the packet that was read, and begins the clock with the first one.
    fn note_next(&mut self) {
        let (interface, at) = (self.next.interface, self.next.at);
        self.know_interfaces(interface);
        self.round.first.get_or_insert(at);
        self.round.last = self.round.last.max(Some(at));
        if self.clock.first.is_none() {
            self.clock.start(at);
        }
    }

    /// The interfaces of the file up to one. In later rounds they are the same again.
    fn know_interfaces(&mut self, up_to: usize) {
        let known = self.interfaces.len();
        if up_to >= known {
            let new = self.input.interfaces().iter().take(up_to + 1).skip(known);
            self.interfaces.extend(new.cloned());
            self.counters.resize(self.interfaces.len(), Counters::default());
            self.untold.resize(self.interfaces.len(), 0);
            #[cfg(target_os = "linux")]
            for interface in &self.interfaces[known..] {
                self.programs.push(Program::new(&self.filter, interface.link));
            }
        }
    }

    /// Hands over the packet; true for the first of its interface.
    fn hand_over(&mut self, sink: &mut dyn Sink) -> bool {
        self.tell_notes(sink);
        let Next { interface, at, orig_len, ref bytes, .. } = self.next;
        self.next.is_there = false;
        let (Some(counters), Some(untold)) =
            (self.counters.get_mut(interface), self.untold.get_mut(interface))
        else {
            return false;
        };
        counters.received += 1;
        let is_first = counters.received == 1;
        #[cfg(target_os = "linux")]
        if !self.programs.get(interface).is_some_and(|program| program.passes(bytes, orig_len)) {
            return is_first;
        }
        let dropped = std::mem::take(untold);
        counters.dropped = counters.dropped.saturating_add(dropped);
        sink.packet(Received { interface, at: self.clock.stamp(at), orig_len, bytes, dropped });
        is_first
    }

    /// Hands over what the file says on its radios.
    fn tell_notes(&mut self, sink: &mut dyn Sink) {
        for (at, note) in self.next.notes.drain(..) {
            sink.note(self.clock.stamp(at), note);
        }
    }

    /// Drops that the file tells behind the last packet.
    fn count_the_rest(&mut self) {
        for (counters, untold) in self.counters.iter_mut().zip(&mut self.untold) {
            counters.dropped = counters.dropped.saturating_add(std::mem::take(untold));
        }
    }

    /// Tells what was wrong with the file, and begins the next round, if there is one.
    fn begin_again(&mut self, sink: &mut dyn Sink) -> Result<bool, Failure> {
        if std::mem::take(&mut self.is_first_round) {
            for warning in self.input.files().into_iter().flat_map(|file| file.warnings) {
                sink.log(&format!("{}: {warning}", self.path.display()));
            }
        }
        let Round { offset, first: Some(first), last: Some(last) } = self.round else { return Ok(false) };
        if !self.is_looped {
            return Ok(false);
        }
        let offset = offset.saturating_add(last.0.saturating_sub(first.0)).saturating_add(PAUSE);
        self.round = Round { offset, first: None, last: None };
        self.input = open(&self.path)?;
        Ok(true)
    }
}
