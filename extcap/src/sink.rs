//! Packets of the source as pcapng, in batches for the writer.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use airtone_capture::Interface;
use airtone_capture::write::{PcapNgOut, Section, Statistics};
use airtone_engine::Nanos;

use crate::live::Feed;
use crate::log::Log;
use crate::source::{Counters, Note, Received, Sink};
use crate::writer::Queue;

/// A batch is handed to the writer when it has this size ...
const BATCH: usize = 64 << 10;
/// ... or this age.
const AGE: Duration = Duration::from_millis(20);
/// What waits for a slow reader at most; packets beyond it are dropped and counted.
const QUEUE: usize = 64 << 20;
/// What waits at most when the source can wait.
const LOSSLESS_QUEUE: usize = 1 << 20;

/// What is kept of an interface.
#[derive(Clone, Copy, Debug, Default)]
struct Local {
    /// Dropped here, since the reader was too slow.
    dropped: u64,
    /// Of those, not yet told with a packet.
    untold: u64,
    /// Drops told by the last statistics.
    told: u64,
}

/// The sink of a capture.
pub struct Outlet {
    out: PcapNgOut<Vec<u8>>,
    queue: Queue,
    interfaces: Vec<Local>,
    /// Of an interface that was met inside a `read`: its description comes with the return.
    held: Held,
    oldest: Option<Instant>,
    last: Option<Nanos>,
    log: Log,
    feed: Option<Feed>,
}

/// Packets and notes in their order.
#[derive(Debug, Default)]
struct Held {
    items: Vec<HeldItem>,
    bytes: Vec<u8>,
}

#[derive(Debug)]
enum HeldItem {
    Packet { interface: usize, at: Nanos, orig_len: u32, dropped: u64, length: usize },
    Note(Nanos, Note),
}

impl Outlet {
    /// Writes the section header.
    ///
    /// # Errors
    /// Never in practice: it is written to memory.
    pub fn new(section: &Section, queue: Queue, log: Log, feed: Option<Feed>) -> io::Result<Self> {
        let out = PcapNgOut::new(Vec::with_capacity(2 * BATCH), section)?;
        let held = Held::default();
        Ok(Self { out, queue, interfaces: Vec::new(), held, oldest: None, last: None, log, feed })
    }

    /// Describes the interfaces that are new, writes what waited for that, and hands all to the writer: after each
    /// `read` of the source.
    ///
    /// # Errors
    /// When an interface cannot be described.
    pub fn advance(&mut self, interfaces: &[Interface], filter: &str) -> io::Result<()> {
        for interface in interfaces.iter().skip(self.interfaces.len()) {
            self.out.interface_with_filter(interface, 0, filter)?;
            self.interfaces.push(Local::default());
            if let Some(feed) = &mut self.feed {
                feed.interface(interface.link);
            }
        }
        let held = std::mem::take(&mut self.held);
        let mut bytes = held.bytes.as_slice();
        for item in held.items {
            match item {
                HeldItem::Packet { interface, at, orig_len, dropped, length } => {
                    let (packet, rest) = bytes.split_at(length);
                    bytes = rest;
                    if interface < self.interfaces.len() {
                        self.write(Received { interface, at, orig_len, bytes: packet, dropped });
                    }
                }
                HeldItem::Note(at, note) => self.write_note(at, &note),
            }
        }
        self.hand_over();
        Ok(())
    }

    /// Writes the counters of the interfaces: of those with new drops, or of all at the end.
    pub fn statistics(&mut self, counters: &[Counters], is_last: bool) {
        let at = self.last.unwrap_or_else(now);
        for (place, local) in self.interfaces.iter_mut().enumerate() {
            let counters = counters.get(place).copied();
            let dropped = counters.unwrap_or_default().dropped + local.dropped;
            if !is_last && dropped == local.told {
                continue;
            }
            local.told = dropped;
            let received = counters.map(|counters| counters.received);
            let number = u32::try_from(place).unwrap_or(u32::MAX);
            let written = self.out.statistics(number, at, Statistics { received, dropped });
            if let Err(error) = written {
                self.log.line(&format!("statistics of interface {place}: {error}"));
            }
        }
        self.hand_over();
    }

    /// Packets dropped since the reader was too slow, over all interfaces.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.interfaces.iter().map(|local| local.dropped).sum()
    }

    fn hand_over(&mut self) {
        self.oldest = None;
        if let Some(feed) = &mut self.feed {
            feed.hand_over();
        }
        let batch = self.out.get_mut();
        if !batch.is_empty() {
            let batch = std::mem::replace(batch, Vec::with_capacity(2 * BATCH));
            self.queue.push(batch);
        }
    }

    fn write(&mut self, packet: Received<'_>) {
        let Received { interface, at, orig_len, bytes, dropped } = packet;
        let Some(local) = self.interfaces.get_mut(interface) else { return };
        if let Some(feed) = &mut self.feed {
            feed.packet(&packet);
        }
        if self.queue.waiting() + bytes.len() > QUEUE {
            local.dropped += 1;
            local.untold += 1 + dropped;
            return;
        }
        let dropped = dropped + std::mem::take(&mut local.untold);
        let number = u32::try_from(interface).unwrap_or(u32::MAX);
        if let Err(error) = self.out.packet(number, at, orig_len, bytes, dropped) {
            self.log.line(&format!("a packet was left out: {error}"));
            return;
        }
        self.last = Some(at);
        let now = Instant::now();
        let oldest = *self.oldest.get_or_insert(now);
        if self.out.get_mut().len() >= BATCH || now - oldest >= AGE {
            self.hand_over();
        }
    }

    fn write_note(&mut self, at: Nanos, note: &Note) {
        let Note::Listening { interface, channel } = note;
        let number = u32::try_from(*interface).unwrap_or(u32::MAX);
        if *interface < self.interfaces.len()
            && let Err(error) = self.out.listening(number, at, *channel)
        {
            self.log.line(&format!("a note was left out: {error}"));
        }
    }
}

impl Sink for Outlet {
    fn packet(&mut self, packet: Received<'_>) {
        // Once one packet waits, those behind it wait too: the file keeps their order.
        if packet.interface < self.interfaces.len() && self.held.items.is_empty() {
            return self.write(packet);
        }
        let Received { interface, at, orig_len, bytes, dropped } = packet;
        self.held.bytes.extend_from_slice(bytes);
        self.held.items.push(HeldItem::Packet { interface, at, orig_len, dropped, length: bytes.len() });
    }

    fn log(&mut self, line: &str) {
        self.log.line(line);
    }

    fn note(&mut self, at: Nanos, note: Note) {
        let Note::Listening { interface, .. } = note;
        if interface < self.interfaces.len() && self.held.items.is_empty() {
            return self.write_note(at, &note);
        }
        self.held.items.push(HeldItem::Note(at, note));
    }

    fn is_full(&self) -> bool {
        self.queue.waiting() > LOSSLESS_QUEUE || !self.held.items.is_empty()
    }
}

fn now() -> Nanos {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
