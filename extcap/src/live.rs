//! The live line: the engine on copies of the packets, in a thread of its own. It never slows the capture: when it does
//! not keep up packets are left out of it; the engine takes them as drops, and the line and the log say so.

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
    /// Packets in front of these that the engine was too slow for, one entry an interface.
    skipped: Vec<Skipped>,
}

/// Packets of an interface that were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Skipped {
    interface: usize,
    /// The last of them.
    at: Nanos,
    packets: u64,
    /// What the sensor dropped in front of them.
    dropped: u64,
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
    skipped: u64,
}

impl Feed {
    /// Starts the engine, which writes its line to `toolbar`.
    #[must_use]
    pub fn start(toolbar: Toolbar) -> Self {
        let (batches, taken) = mpsc::sync_channel(WAITING);
        thread::spawn(move || analyse(&taken, &toolbar));
        Self::new(batches)
    }

    fn new(batches: SyncSender<Batch>) -> Self {
        Self { links: Vec::new(), batch: Batch::default(), batches, skipped: 0 }
    }

    /// Packets that the engine was too slow for: they are in the file, not in the line.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
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
        let interface = number(interface);
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
            ..Batch::default()
        };
        let batch = std::mem::replace(&mut self.batch, next);
        if let Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) =
            self.batches.try_send(batch)
        {
            self.skipped += batch.heads.len() as u64;
            self.batch.skip(batch);
        }
    }
}

impl Batch {
    /// The one before was left out: the engine hears of it, and of what its notes said, with this one.
    fn skip(&mut self, before: Self) {
        let notes = before.notes.into_iter().map(|(_, interface, note)| (0, interface, note));
        self.notes.extend(notes);
        self.skipped = before.skipped;
        for &Head { interface, at, dropped, .. } in &before.heads {
            match self.skipped.iter_mut().find(|skipped| skipped.interface == interface) {
                Some(skipped) => {
                    skipped.at = at;
                    skipped.packets += 1;
                    skipped.dropped += dropped;
                }
                None => self.skipped.push(Skipped { interface, at, packets: 1, dropped }),
            }
        }
    }
}

/// The engine and what it was fed.
struct Analysis {
    engine: Engine,
    frame: u64,
    skipped: u64,
}

fn analyse(batches: &Receiver<Batch>, toolbar: &Toolbar) {
    let mut analysis = Analysis::new();
    let mut next = Instant::now() + EVERY;
    let mut is_new = true;
    loop {
        match batches.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(batch) => {
                analysis.feed(&batch);
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
            toolbar.live(&analysis.line());
        }
        // Where a report takes long, ten times as long is left for packets.
        next = Instant::now() + EVERY.max(now.elapsed() * 10);
    }
}

impl Analysis {
    fn new() -> Self {
        Self { engine: Engine::new(Config::default()), frame: 0, skipped: 0 }
    }

    fn feed(&mut self, batch: &Batch) {
        // To the engine these are drops like any: what is missing because of them is no fault of the network.
        for &Skipped { interface, at, packets, dropped } in &batch.skipped {
            self.skipped += packets;
            self.engine.sensor_dropped(number(interface), at, packets + dropped);
        }
        feed(&mut self.engine, batch, &mut self.frame);
    }

    fn line(&self) -> String {
        line(&self.engine.report(SourceInfo::default()), self.skipped)
    }
}

fn number(interface: usize) -> u32 {
    u32::try_from(interface).unwrap_or(u32::MAX)
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
        let interface = number(head.interface);
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
        report.capture.dropped_by_sensor.unwrap_or(0).saturating_sub(skipped),
    );
    if let Some(air) = wifi::line(&report.wifi) {
        line = if report.streams.is_empty() { air } else { format!("{line} | {air}") };
    }
    if skipped > 0 {
        line += &format!(" | {skipped} packets not judged for want of time: loss and MOS may be theirs");
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

#[cfg(test)]
mod tests {
    use super::*;

    const TU: i64 = 1_024_000;

    /// A beacon of an AP, 100 TU after the one before.
    fn beacon(n: i64) -> Vec<u8> {
        const BSSID: [u8; 6] = [2, 0, 0, 0, 0, 1];
        let tsf = (1_000_000 + n * 102_400).to_le_bytes();
        let radiotap = [0, 0, 8, 0, 0, 0, 0, 0];
        let head = [&[0x80, 0, 0, 0], [0xff; 6].as_slice(), &BSSID, &BSSID, &[0, 0]].concat();
        [&radiotap, head.as_slice(), &tsf, &[100, 0, 1, 0], &[0, 2, b'a', b'p', 3, 1, 6]].concat()
    }

    /// Hands over the beacons one batch at a time.
    fn hand_over(feed: &mut Feed, beacons: std::ops::Range<i64>, dropped: u64) {
        for n in beacons {
            let (bytes, at) = (beacon(n), Nanos(n * 100 * TU));
            let orig_len = bytes.len() as u32;
            feed.packet(&Received { interface: 0, at, orig_len, bytes: &bytes, dropped });
            feed.hand_over();
        }
    }

    #[test]
    fn packets_that_the_engine_is_too_slow_for_are_drops_and_no_loss() {
        let (batches, taken) = mpsc::sync_channel(WAITING);
        let mut feed = Feed::new(batches);
        feed.interface(LinkType::RADIOTAP);
        let room = WAITING as i64;
        hand_over(&mut feed, 0..room, 0);
        assert_eq!(feed.skipped(), 0);
        hand_over(&mut feed, room..room + 20, 1);
        assert_eq!(feed.skipped(), 20);

        let mut analysis = Analysis::new();
        taken.try_iter().for_each(|batch| analysis.feed(&batch));
        assert!(!analysis.line().contains("not judged"), "{}", analysis.line());
        hand_over(&mut feed, room + 20..room + 30, 0);
        let next = taken.try_recv().unwrap();
        let at = Nanos((room + 19) * 100 * TU);
        assert_eq!(next.skipped, [Skipped { interface: 0, at, packets: 20, dropped: 20 }]);
        analysis.feed(&next);
        taken.try_iter().for_each(|batch| analysis.feed(&batch));

        let report = analysis.engine.report(SourceInfo::default());
        assert_eq!(report.capture.dropped_by_sensor, Some(40));
        let beacons = &report.wifi.bss[0].beacons;
        assert_eq!((beacons.received, beacons.lost, beacons.not_observed), (room as u64 + 10, 0, 20));
        let line = analysis.line();
        assert!(line.contains("beacons lost 0 of ") && line.contains("20 packets not judged"), "{line}");
        assert!(super::line(&report, 20).ends_with("for want of time: loss and MOS may be theirs"), "{line}");
    }
}
