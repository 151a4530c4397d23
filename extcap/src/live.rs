//! The live line: the engine on copies of the packets, in a thread of its own. It never slows the capture: when it does
//! not keep up packets are left out of it, and the line says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use airtone_capture::Listening;
use airtone_engine::model::{Call, Report, Stream};
use airtone_engine::{Config, Engine, LinkType, Nanos, Packet, SourceInfo};

use crate::source::Received;
use crate::toolbar::Toolbar;
use crate::wifi;

/// Batches that wait for the engine.
const WAITING: usize = 64;
/// A batch is handed over when it has this size at the latest.
const BATCH: usize = 256 << 10;
/// Notes that wait for a packet; of more the last are kept.
const NOTES: usize = 1000;
/// How often the line is written.
const EVERY: Duration = Duration::from_secs(1);
/// A stream runs while its last packet is no older.
const RUNS: f64 = 5.0;

/// Copies of packets.
#[derive(Debug, Default)]
struct Batch {
    heads: Vec<Head>,
    bytes: Vec<u8>,
    /// Where radios listen, each with the number of packets before it.
    notes: Vec<(usize, u32, Listening)>,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    interface: usize,
    link: LinkType,
    at: Nanos,
    orig_len: u32,
    dropped: u64,
    length: usize,
}

/// The capture's end.
#[derive(Debug)]
pub struct Feed {
    links: Vec<LinkType>,
    batch: Batch,
    batches: SyncSender<Batch>,
    skipped: Arc<AtomicU64>,
}

impl Feed {
    /// Starts the engine, which writes its line to `toolbar`.
    #[must_use]
    pub fn start(toolbar: Toolbar) -> Self {
        let (batches, taken) = mpsc::sync_channel(WAITING);
        let skipped = Arc::new(AtomicU64::new(0));
        let theirs = Arc::clone(&skipped);
        thread::spawn(move || analyse(&taken, &toolbar, &theirs));
        Self { links: Vec::new(), batch: Batch::default(), batches, skipped }
    }

    /// The next interface.
    pub fn interface(&mut self, link: LinkType) {
        self.links.push(link);
    }

    /// A copy of a packet.
    pub fn packet(&mut self, packet: &Received<'_>) {
        let Received { interface, at, orig_len, bytes, dropped } = *packet;
        let Some(&link) = self.links.get(interface) else { return };
        self.batch.bytes.extend_from_slice(bytes);
        self.batch.heads.push(Head { interface, link, at, orig_len, dropped, length: bytes.len() });
        if self.batch.bytes.len() >= BATCH {
            self.hand_over();
        }
    }

    /// Where a radio listens from now on.
    pub fn note(&mut self, interface: usize, note: Listening) {
        let interface = u32::try_from(interface).unwrap_or(u32::MAX);
        if self.batch.notes.len() == NOTES {
            self.batch.notes.remove(0);
        }
        self.batch.notes.push((self.batch.heads.len(), interface, note));
    }

    /// Hands the copies to the engine, if it keeps up.
    pub fn hand_over(&mut self) {
        // Notes wait for a packet: the engine must not miss one.
        if self.batch.heads.is_empty() {
            return;
        }
        // With room for as many again: growing would copy each packet twice more.
        let next = Batch {
            heads: Vec::with_capacity(self.batch.heads.len()),
            bytes: Vec::with_capacity(self.batch.bytes.len()),
            notes: Vec::new(),
        };
        let batch = std::mem::replace(&mut self.batch, next);
        if let Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) =
            self.batches.try_send(batch)
        {
            self.skipped.fetch_add(batch.heads.len() as u64, Ordering::Relaxed);
            let notes = batch.notes.into_iter().map(|(_, interface, note)| (0, interface, note));
            self.batch.notes.extend(notes);
        }
    }
}

fn analyse(batches: &Receiver<Batch>, toolbar: &Toolbar, skipped: &AtomicU64) {
    let mut engine = Engine::new(Config::default());
    let mut frame = 0;
    let mut next = Instant::now() + EVERY;
    let mut is_new = true;
    loop {
        match batches.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(batch) => {
                feed(&mut engine, &batch, &mut frame);
                is_new = true;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = Instant::now();
        if now < next {
            continue;
        }
        if std::mem::take(&mut is_new) {
            let report = engine.report(SourceInfo::default());
            toolbar.live(&line(&report, skipped.load(Ordering::Relaxed)));
        }
        // Where a report takes long, ten times as long is left for packets.
        next = Instant::now() + EVERY.max(now.elapsed() * 10);
    }
}

fn feed(engine: &mut Engine, batch: &Batch, frame: &mut u64) {
    let mut rest = batch.bytes.as_slice();
    let mut notes = batch.notes.iter().peekable();
    for (place, head) in batch.heads.iter().enumerate() {
        while let Some((_, interface, note)) = notes.next_if(|(before, ..)| *before <= place) {
            engine.listening(*interface, note.at, note.channel);
        }
        let (bytes, behind) = rest.split_at(head.length);
        rest = behind;
        *frame += 1;
        let interface = u32::try_from(head.interface).unwrap_or(u32::MAX);
        if head.dropped > 0 {
            engine.sensor_dropped(interface, head.at, head.dropped);
        }
        let Head { link, at, orig_len, .. } = *head;
        engine.packet(&Packet { frame: *frame, at, link, interface, orig_len, bytes });
    }
    notes.for_each(|(_, interface, note)| engine.listening(*interface, note.at, note.channel));
}

/// `MOS 3.42 worst of 4 streams | 2 calls | loss 0.31 % | sensor drops 0`
fn line(report: &Report, skipped: u64) -> String {
    let running: Vec<&Stream> = report.streams.iter().filter(|stream| is_running(stream, report)).collect();
    let worst = running.iter().filter_map(|stream| stream.mos.lq).min_by(f64::total_cmp);
    let calls = report.calls.iter().filter(|call| is_active(call)).count();
    let (lost, expected) = running
        .iter()
        .fold((0, 0), |(lost, expected), stream| (lost + stream.lost, expected + stream.expected));
    let mos = worst.map_or_else(|| "MOS -".to_owned(), |mos| format!("MOS {mos:.2}"));
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let mut line = format!(
        "{mos} worst of {} | {} | loss {:.2} % | sensor drops {}",
        plural(running.len(), "stream"),
        plural(calls, "active call"),
        if expected == 0 { 0.0 } else { 100.0 * lost as f64 / expected as f64 },
        report.capture.dropped_by_sensor.unwrap_or(0),
    );
    if let Some(air) = wifi::line(&report.wifi) {
        line = if report.streams.is_empty() { air } else { format!("{line} | {air}") };
    }
    if skipped > 0 {
        line += &format!(" | {skipped} packets not judged, for want of time");
    }
    line
}

fn is_running(stream: &Stream, report: &Report) -> bool {
    let age = report.capture.last.and_then(|last| last.known_seconds_since(stream.start));
    age.zip(stream.duration_s).is_some_and(|(age, duration)| age - duration <= RUNS)
}

fn is_active(call: &Call) -> bool {
    call.end.is_none() && call.outcome_code.is_none_or(|code| code < 300)
}
