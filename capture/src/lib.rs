//! Packets and observations from capture files, compressed files, pipes and tshark exports.
//!
//! [`Input::open`] tells the format by content, never by name, and [`Input::next`] yields borrowed records
//! in time order, however many files there are.

mod buffer;
mod bytes;
mod decompress;
mod export;
mod format;
mod head;
mod held;
mod interfaces;
mod notes;
mod options;
mod pcap;
mod pcapng;
mod source;
mod utf16;
mod warnings;
pub mod write;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::path::PathBuf;

use airtone_engine::model::File;
use airtone_engine::observation::Observed;
use airtone_engine::{Engine, Nanos, Packet};

pub use decompress::head;
pub use head::Interface;
use head::What;
use interfaces::Interfaces;
pub use notes::Listening;
use source::Source;

pub use export::export_commands;

/// What a source yields.
#[derive(Debug)]
pub enum Record<'a> {
    /// A captured packet.
    Packet(Packet<'a>),
    /// Something that an export tells.
    Observed(Observed<'a>),
    /// The sensor says that it dropped packets on an interface since it last said so.
    Dropped {
        /// Interface, as in [`Packet::interface`].
        interface: u32,
        /// When it said so.
        at: airtone_engine::Nanos,
        /// How many.
        packets: u64,
    },
    /// From now on the radio of an interface listens to a channel: what Airtone's own Wi-Fi captures say.
    Listening {
        /// Interface, as in [`Packet::interface`].
        interface: u32,
        /// Since when.
        at: airtone_engine::Nanos,
        /// Centre of the primary channel and width in MHz; `None` while it is being tuned.
        channel: Option<(u32, u32)>,
    },
}

impl Record<'_> {
    /// Gives it to an engine, whatever it is.
    pub fn give_to(&self, engine: &mut Engine) {
        match self {
            Self::Packet(packet) => _ = engine.packet(packet),
            Self::Observed(observed) => _ = engine.observe(observed),
            Self::Dropped { interface, at, packets } => engine.sensor_dropped(*interface, *at, *packets),
            Self::Listening { interface, at, channel } => engine.listening(*interface, *at, *channel),
        }
    }
}

/// What [`Input::next_runs`] yields.
#[derive(Debug)]
pub enum Run<'a> {
    /// Packets that follow each other, perhaps none.
    Packets(&'a [Packet<'a>]),
    /// The next record.
    One(Record<'a>),
}

/// Why nothing can be read. Damage inside a file is no error but a warning in [`Input::files`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be opened or read.
    #[error("{path}: {source}")]
    Io {
        /// As given.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Not a capture, and what to do about it.
    #[error("{path}: {what}")]
    Format {
        /// As given.
        path: String,
        /// A sentence: what it is instead, and which command converts it.
        what: String,
    },
}

/// One or several files read as one capture.
pub struct Input {
    sources: Vec<Source>,
    interfaces: Interfaces,
    /// The files that have a record, by its time and then by their order.
    queue: BinaryHeap<Reverse<(Nanos, usize)>>,
    /// The file whose record was handed over last.
    current: Option<usize>,
    frame: u64,
    /// File, own frame number and number in the capture of the last record of an export.
    exported: Option<(usize, u64, u64)>,
}

impl Input {
    /// Opens files; `-` is standard input. Frames are numbered through in time order from 1, the records that
    /// Wireshark numbers and that hold no packet (custom blocks) included. A single export keeps the numbers
    /// that it was exported with.
    ///
    /// # Errors
    /// When a file cannot be opened or holds no capture or export.
    pub fn open(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut sources = Vec::with_capacity(paths.len());
        let mut queue = BinaryHeap::new();
        for path in paths {
            let mut source = Source::open(path)?;
            if paths.len() > 1 && source.advance()? {
                queue.extend(source.time().map(|at| Reverse((at, sources.len()))));
                source.put_aside();
            }
            sources.push(source);
        }
        let interfaces = Interfaces::new(sources.len());
        Ok(Self { sources, interfaces, queue, current: None, frame: 0, exported: None })
    }

    /// The next record, or `None` at the end. (A lending iterator: the record borrows the input.)
    ///
    /// # Errors
    /// When reading fails for another reason than the content of the file.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Record<'_>>, Error> {
        let Some(index) = self.advance()? else { return Ok(None) };
        let Some(source) = self.sources.get(index) else { return Ok(None) };
        let Some(head) = source.head() else { return Ok(None) };
        let interface = self.interfaces.number(index, head.interface, source.interfaces());
        match head.what {
            What::Packet { .. } => self.frame += u64::from(head.numbered_before) + 1,
            What::Export { frame } => self.number_exported(index, frame),
            What::Dropped(_) | What::Listening(_) => {}
        }
        Ok(self.sources[index].record(self.frame, interface))
    }

    /// Hands over the next records: all that need no further reading, or the next one. False at the end. The same
    /// records as from [`Self::next`], in less time.
    ///
    /// # Errors
    /// As [`Self::next`].
    #[inline]
    pub fn next_records(&mut self, mut sink: impl FnMut(Record<'_>)) -> Result<bool, Error> {
        self.next_runs(|run| match run {
            Run::Packets(packets) => packets.iter().for_each(|packet| sink(Record::Packet(*packet))),
            Run::One(record) => sink(record),
        })
    }

    /// As [`Self::next_records`], with packets that follow each other in one piece: faster still.
    ///
    /// # Errors
    /// As [`Self::next`].
    #[inline]
    pub fn next_runs(&mut self, mut sink: impl FnMut(Run<'_>)) -> Result<bool, Error> {
        if let [source] = self.sources.as_mut_slice() {
            source.ordinary(|run, interfaces| {
                for packet in &mut *run {
                    self.frame += 1;
                    packet.frame = self.frame;
                    packet.interface = self.interfaces.number(0, packet.interface, interfaces);
                }
                sink(Run::Packets(run));
            });
        }
        let next = self.next()?;
        Ok(next.map(|record| sink(Run::One(record))).is_some())
    }

    /// Finds the file whose record comes next.
    fn advance(&mut self) -> Result<Option<usize>, Error> {
        if let [source] = self.sources.as_mut_slice() {
            return Ok(source.advance()?.then_some(0));
        }
        if let Some(index) = self.current.take() {
            let source = &mut self.sources[index];
            if source.advance()? {
                self.queue.extend(source.time().map(|at| Reverse((at, index))));
            } else {
                self.interfaces.release(index);
            }
        }
        while let Some(Reverse((_, index))) = self.queue.pop() {
            if self.sources[index].resume()? {
                self.current = Some(index);
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// Several records of an export may come from one frame.
    fn number_exported(&mut self, index: usize, own: u64) {
        self.frame = match self.exported {
            _ if self.sources.len() == 1 => own,
            Some((file, frame, number)) if (file, frame, number) == (index, own, self.frame) => number,
            _ => self.frame + 1,
        };
        self.exported = Some((index, own, self.frame));
    }

    /// The files with what was read of them so far, and their warnings.
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        self.sources.iter().map(Source::file).collect()
    }

    /// The interfaces that records came from so far, by their numbers.
    #[must_use]
    pub fn interfaces(&self) -> &[Interface] {
        self.interfaces.all()
    }

    /// True when every file is a capture, so that there will be no [`Record::Observed`].
    #[must_use]
    pub fn is_packets_only(&self) -> bool {
        self.sources.iter().all(|source| !source.is_export())
    }

    /// Bytes read from disk so far and in all; `None` in all for pipes.
    #[must_use]
    pub fn progress(&self) -> (u64, Option<u64>) {
        self.sources.iter().map(Source::progress).fold((0, Some(0)), |(read, total), (more, size)| {
            (read + more, total.zip(size).map(|(total, size)| total + size))
        })
    }

    /// What exports lacked and which figures are missing for it.
    #[must_use]
    pub fn missing_fields(&self) -> Vec<String> {
        let mut missing: Vec<String> = Vec::new();
        for field in self.sources.iter().flat_map(Source::missing_fields) {
            if !missing.contains(&field) {
                missing.push(field);
            }
        }
        missing
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<String> = self.sources.iter().map(|source| source.file().path).collect();
        f.debug_struct("Input").field("files", &paths).field("frame", &self.frame).finish_non_exhaustive()
    }
}
