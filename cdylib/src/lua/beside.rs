//! The file that the host is reading, read once more beside it: each frame that the host dissects is taken from
//! there, which costs the host nothing, and says more than Lua is told (interfaces, exact times, drops).
//!
//! Only on Linux, where an open file can be opened again by its descriptor. Everywhere else, and where the file is a pipe,
//! there is nothing to read beside, and frames are fed one by one.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use airtone_capture::{Input, Record};
use airtone_engine::{LinkType, Nanos, Packet};

use super::header::{self, Header};
use super::riddle::{Owned, Riddle, Scout, Seen, Unsolved};
use crate::session::Session;

/// Bytes that a file is recognised by, at least: the header of a pcap and that of its first record.
const MIN_HEADER: usize = 40;

/// Packets that are read ahead of the host, at most: as many as it may let pass without a word.
const AHEAD: u64 = 64;

/// A second reading of the host's file.
#[derive(Debug)]
pub(super) struct Beside {
    input: Input,
    /// The file, and its length when it was opened.
    file: File,
    length: u64,
    /// Number in the file of the frame that was taken last.
    place: u64,
    /// What has been read, as its turn has not come.
    waiting: VecDeque<Waiting>,
    pub(super) last: Last,
    /// What the file says before its first packet.
    pub(super) header: Header,
}

/// Bytes of a file that are looked at for that.
const LONGEST_HEADER: usize = 1 << 20;

/// The packet that was taken last.
#[derive(Debug)]
pub(super) struct Last {
    pub(super) link: Option<LinkType>,
    pub(super) unsolved: Unsolved,
}

impl Last {
    /// Gives the engine a packet, if it is the host's.
    fn give(
        &mut self,
        session: &mut Session,
        packet: &Packet<'_>,
        seen: Seen,
        captured: Option<usize>,
    ) -> Option<Option<Riddle>> {
        if !is_same(packet, captured) {
            return None;
        }
        *self = Self { link: Some(packet.link), unsolved: Unsolved::of(packet, &seen) };
        session.packet(packet);
        Some(seen.riddle)
    }
}

/// What stands in the file.
#[derive(Debug)]
enum Waiting {
    Packet(Owned, Seen),
    Dropped { interface: u32, at: Nanos, packets: u64 },
    Listening { interface: u32, at: Nanos, channel: Option<(u32, u32)> },
}

impl Waiting {
    fn of(record: &Record<'_>, scout: &mut Scout) -> Option<Self> {
        match *record {
            Record::Packet(ref packet) => Some(Self::Packet(Owned::new(packet), scout.look(packet))),
            Record::Dropped { interface, at, packets } => Some(Self::Dropped { interface, at, packets }),
            Record::Listening { interface, at, channel } => Some(Self::Listening { interface, at, channel }),
            Record::Observed(_) => None,
        }
    }
}

/// The engine's side of a reading.
#[derive(Debug)]
pub(super) struct Side<'a> {
    pub(super) session: &'a mut Session,
    pub(super) scout: &'a mut Scout,
}

impl Beside {
    /// Finds the capture that begins with `header` among the open files of this process.
    pub(super) fn find(header: &[u8]) -> Option<Self> {
        if header.len() < MIN_HEADER || !cfg!(target_os = "linux") {
            return None;
        }
        let mut files: Vec<(u32, PathBuf)> = fs::read_dir("/proc/self/fd")
            .ok()?
            .flatten()
            .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
            .collect();
        // What was opened last has, as a rule, the highest number.
        files.sort_unstable_by(|a, b| b.cmp(a));
        let path = files.into_iter().map(|(_, path)| path).find(|path| begins_with(path, header))?;
        let file = File::open(&path).ok()?;
        let length = file.metadata().ok()?.len();
        let header = header::read(&airtone_capture::head(&path, LONGEST_HEADER).ok()?);
        let input = Input::open(&[path]).ok()?;
        input.is_packets_only().then_some(Self {
            input,
            file,
            length,
            place: 0,
            waiting: VecDeque::new(),
            header,
            last: Last { link: None, unsolved: Unsolved::default() },
        })
    }

    /// Gives the engine what belongs to the host's next frame, as number `number`; `captured` bytes of it are there.
    /// What it holds that only the host may read, if anything. `None` when this is not the host's frame: then the file is
    /// not what the host reads.
    pub(super) fn take(
        &mut self,
        side: &mut Side<'_>,
        number: u64,
        captured: Option<usize>,
    ) -> Option<Option<Riddle>> {
        // The host may number a frame lower than its place (refused ones are not counted); higher means that
        // the script has let frames pass.
        while self.place + 1 < number {
            let place = self.place + 1;
            self.step(side, place, None)?;
        }
        self.step(side, number, captured)
    }

    fn step(&mut self, side: &mut Side<'_>, number: u64, captured: Option<usize>) -> Option<Option<Riddle>> {
        self.place += 1;
        self.last.unsolved = Unsolved::default();
        loop {
            let place = self.place;
            let is_due =
                |waiting: &Waiting| !matches!(waiting, Waiting::Packet(packet, _) if packet.frame > place);
            match self.waiting.front() {
                Some(first) if is_due(first) => {}
                // Either taken already, or the host's frame is a record that holds no packet.
                Some(_) => return Some(None),
                None => {
                    if let Some(done) = self.read_on(side, number, captured) {
                        return done;
                    }
                    continue;
                }
            }
            match self.waiting.pop_front() {
                Some(Waiting::Packet(packet, seen)) => {
                    let packet = Packet { frame: number, ..packet.packet() };
                    return self.last.give(side.session, &packet, seen, captured);
                }
                Some(note) => heed(side.session, &note),
                None => {}
            }
        }
    }

    /// Reads on. What waits is taken later; a packet whose turn has come is taken at once, without a copy. `None`
    /// where something waits now.
    fn read_on(
        &mut self,
        side: &mut Side<'_>,
        number: u64,
        captured: Option<usize>,
    ) -> Option<Option<Option<Riddle>>> {
        let place = self.place;
        match self.input.next() {
            Ok(Some(Record::Packet(packet))) if packet.frame == place => {
                let seen = side.scout.look(&packet);
                let packet = Packet { frame: number, ..packet };
                Some(self.last.give(side.session, &packet, seen, captured))
            }
            Ok(Some(record)) => {
                self.waiting.extend(Waiting::of(&record, side.scout));
                None
            }
            // The host counts records without a packet as frames, also behind the last packet.
            Ok(None) => Some(self.is_whole().then_some(None)),
            Err(_) => Some(None),
        }
    }

    /// The next frame after `number` that the host has to be asked about, or that is compared with the host's: all before it may
    /// pass without a word.
    pub(super) fn ahead(&mut self, side: &mut Side<'_>, number: u64) -> u64 {
        let last = number + AHEAD;
        let riddle = |waiting: &Waiting| match waiting {
            Waiting::Packet(packet, seen) => seen.riddle.map(|_| packet.frame),
            _ => None,
        };
        let mut checked = 0;
        loop {
            if let Some(frame) = self.waiting.iter().skip(checked).find_map(riddle) {
                return frame.clamp(number + 1, last);
            }
            checked = self.waiting.len();
            let is_far =
                matches!(self.waiting.back(), Some(Waiting::Packet(packet, _)) if packet.frame >= last);
            if is_far {
                return last;
            }
            match self.input.next() {
                Ok(Some(record)) => self.waiting.extend(Waiting::of(&record, side.scout)),
                // The end, or damage: whoever takes what is there finds out.
                Ok(None) | Err(_) => return last,
            }
        }
    }

    /// Whether the file has been read to its end, so that no packet can be left.
    fn is_whole(&self) -> bool {
        let is_same_length = self.file.metadata().is_ok_and(|about| about.len() == self.length);
        is_same_length && self.input.files().iter().all(|file| file.warnings.is_empty())
    }

    /// Heeds what stands in the file before the next packet: what the sensor says last comes after all packets.
    pub(super) fn settle(&mut self, side: &mut Side<'_>) {
        loop {
            match self.waiting.front() {
                Some(Waiting::Packet(..)) => return,
                Some(_) => {}
                None => match self.input.next() {
                    Ok(Some(record)) => {
                        self.waiting.extend(Waiting::of(&record, side.scout));
                        continue;
                    }
                    Ok(None) | Err(_) => return,
                },
            }
            if let Some(note) = self.waiting.pop_front() {
                heed(side.session, &note);
            }
        }
    }
}

fn heed(session: &mut Session, note: &Waiting) {
    match *note {
        Waiting::Dropped { interface, at, packets } => session.sensor_dropped(interface, at, packets),
        Waiting::Listening { interface, at, channel } => session.listening(interface, at, channel),
        Waiting::Packet(..) => {}
    }
}

/// A regular file that has been read from and begins so, behind its compression. (A device or a pipe would lose what is read
/// here.)
fn begins_with(path: &Path, header: &[u8]) -> bool {
    let is_file = fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() > 0);
    is_file && airtone_capture::head(path, header.len()).is_ok_and(|head| head == header)
}

/// Whether the host captured as much of its frame. It takes headers off some link types, none of which is read here.
fn is_same(packet: &Packet<'_>, captured: Option<usize>) -> bool {
    let Some(captured) = captured else { return true };
    captured == packet.bytes.len() || (captured < packet.bytes.len() && !is_read(packet.link))
}

fn is_read(link: LinkType) -> bool {
    [
        LinkType::ETHERNET,
        LinkType::RAW,
        LinkType::NULL,
        LinkType::LOOP,
        LinkType::LINUX_SLL,
        LinkType::LINUX_SLL2,
        LinkType::IPV4,
        LinkType::IPV6,
        LinkType::IEEE802_11,
        LinkType::RADIOTAP,
        LinkType::PPI,
        LinkType::PRISM,
        LinkType::AVS,
    ]
    .contains(&link)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use airtone_engine::Config;
    use std::io::Write;

    const CAPTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/captures/relay-loss.pcapng");

    /// Captured bytes of each frame.
    fn lengths() -> Vec<usize> {
        let mut input = Input::open(&[PathBuf::from(CAPTURE)]).unwrap();
        let mut lengths = Vec::new();
        while let Some(record) = input.next().unwrap() {
            if let Record::Packet(packet) = record {
                lengths.push(packet.bytes.len());
            }
        }
        lengths
    }

    #[test]
    fn frames_of_an_open_file_are_taken_until_they_differ() {
        let header = fs::read(CAPTURE).unwrap()[..1024].to_vec();
        let mut other = header.clone();
        other[1000] ^= 1;
        let open = File::open(CAPTURE).unwrap();
        assert!(Beside::find(&other).is_none(), "no open file begins so");
        assert!(Beside::find(&header[..MIN_HEADER - 1]).is_none(), "too little to tell files apart");
        let mut beside = Beside::find(&header).unwrap();
        drop(open);

        let lengths = lengths();
        let (mut session, mut scout) = (Session::new(Config::default()), Scout::new(&Config::default()));
        let mut side = Side { session: &mut session, scout: &mut scout };
        // One by one, then several at once, and what was passed over is checked by the next one alone.
        for (number, length) in (1..=9).zip(&lengths) {
            assert_eq!(beside.take(&mut side, number, Some(*length)), Some(None), "frame {number}");
        }
        assert_eq!(beside.ahead(&mut side, 9), 9 + AHEAD, "no riddles");
        beside.settle(&mut side);
        assert_eq!(side.session.report().capture.packets, 9, "what was read ahead has not come yet");
        assert!(beside.take(&mut side, 50, Some(lengths[49])).is_some());
        assert_eq!(side.session.report().capture.packets, 50);
        // A read filter of the first of two passes: another frame under the same number.
        assert!(beside.take(&mut side, 50, Some(lengths[50])).is_some());
        assert!(beside.take(&mut side, 51, Some(lengths[51] + 1)).is_none(), "not the host's frame");
        assert_eq!(side.session.frames(), 51);
    }

    #[test]
    fn the_host_is_asked_about_riddles_in_time() {
        // A port that carries sound here, declared to be a tunnel: every frame of it is a riddle.
        let header = fs::read(CAPTURE).unwrap()[..1024].to_vec();
        let open = File::open(CAPTURE).unwrap();
        let mut beside = Beside::find(&header).unwrap();
        drop(open);
        let (mut session, mut scout) = (Session::new(Config::default()), Scout::new(&Config::default()));
        scout.tunnel(20_002);
        let mut side = Side { session: &mut session, scout: &mut scout };
        let (mut asked, mut number) = (0, 1);
        while number <= lengths().len() as u64 {
            asked += u64::from(beside.take(&mut side, number, None) == Some(Some(Riddle::Tunnel)));
            number = beside.ahead(&mut side, number);
        }
        let streams = &side.session.report().streams;
        assert_eq!(streams.len(), 2);
        assert!(asked >= streams.iter().map(|stream| stream.packets).sum(), "{asked}");
    }

    #[test]
    fn a_file_that_grows_is_fed_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("growing.pcapng");
        let mut bytes = fs::read(CAPTURE).unwrap();
        // A mark of its own in the name of the program, as the other test has the original open.
        bytes[0x20] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let open = File::open(&path).unwrap();
        let mut beside = Beside::find(&bytes[..1024]).unwrap();
        drop(open);
        let (mut session, mut scout) = (Session::new(Config::default()), Scout::new(&Config::default()));
        let mut side = Side { session: &mut session, scout: &mut scout };
        let last = lengths().len() as u64;
        assert!(beside.take(&mut side, last, None).is_some());
        assert!(beside.take(&mut side, last + 1, None).is_some(), "a record without a packet");
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(&bytes[28..40]).unwrap();
        assert!(beside.take(&mut side, last + 2, None).is_none(), "something has been added");
        assert_eq!(side.session.frames(), last);
    }
}
