//! The file that the host is reading, read once more beside it: each frame that the host dissects is taken from
//! there, which costs the host nothing, and says more than Lua is told (interfaces, exact times, drops).
//!
//! Only on Linux, where an open file can be opened again by its descriptor. Everywhere else, and where the file is a pipe,
//! there is nothing to read beside, and frames are fed one by one.

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

use airtone_capture::{Input, Record};
use airtone_engine::{LinkType, Nanos, Packet};

use crate::session::Session;

/// Bytes that a file is recognised by, at least: the header of a pcap and that of its first record.
const MIN_HEADER: usize = 40;

/// A second reading of the host's file.
#[derive(Debug)]
pub(super) struct Beside {
    input: Input,
    /// The file, and its length when it was opened.
    file: File,
    length: u64,
    /// Number in the file of the frame that was taken last.
    place: u64,
    /// A packet that was read, as its turn has not come.
    waiting: Option<Waiting>,
    /// Of the packet that was taken last.
    pub(super) at: Nanos,
    pub(super) link: Option<LinkType>,
}

#[derive(Debug)]
struct Waiting {
    frame: u64,
    at: Nanos,
    link: LinkType,
    interface: u32,
    orig_len: u32,
    bytes: Vec<u8>,
}

impl Waiting {
    fn new(packet: &Packet<'_>) -> Self {
        let Packet { frame, at, link, interface, orig_len, bytes } = *packet;
        Self { frame, at, link, interface, orig_len, bytes: bytes.to_vec() }
    }

    fn packet(&self) -> Packet<'_> {
        let Self { frame, at, link, interface, orig_len, ref bytes } = *self;
        Packet { frame, at, link, interface, orig_len, bytes }
    }
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
        let input = Input::open(&[path]).ok()?;
        input.is_packets_only().then_some(Self {
            input,
            file,
            length,
            place: 0,
            waiting: None,
            at: Nanos::UNKNOWN,
            link: None,
        })
    }

    /// Gives the engine what belongs to the host's next frame, as number `number`; `captured` bytes of it are there.
    /// False when this is not the host's frame: then the file is not what the host reads.
    pub(super) fn take(&mut self, session: &mut Session, number: u64, captured: Option<usize>) -> bool {
        // The host may number a frame lower than its place (refused ones are not counted); higher means that
        // the script has let frames pass.
        while self.place + 1 < number {
            let place = self.place + 1;
            if !self.step(session, place, None) {
                return false;
            }
        }
        self.step(session, number, captured)
    }

    fn step(&mut self, session: &mut Session, number: u64, captured: Option<usize>) -> bool {
        self.place += 1;
        if self.waiting.is_none() && !self.read_on(session, number, captured) {
            return false;
        }
        let Some(waiting) = self.waiting.take_if(|waiting| waiting.frame <= self.place) else {
            // Either taken already, or the host's frame is a record that holds no packet.
            return true;
        };
        let packet = waiting.packet();
        let fits = is_same(&packet, captured);
        if fits {
            self.at = packet.at;
            self.link = Some(packet.link);
            session.packet(&Packet { frame: number, ..packet });
        }
        fits
    }

    /// Reads up to the next packet and takes it when its turn has come; otherwise it waits. False at an end behind which
    /// packets may be.
    fn read_on(&mut self, session: &mut Session, number: u64, captured: Option<usize>) -> bool {
        loop {
            match self.input.next() {
                Ok(Some(Record::Packet(packet))) if packet.frame == self.place => {
                    if !is_same(&packet, captured) {
                        return false;
                    }
                    self.at = packet.at;
                    self.link = Some(packet.link);
                    session.packet(&Packet { frame: number, ..packet });
                    return true;
                }
                Ok(Some(Record::Packet(packet))) => {
                    self.waiting = Some(Waiting::new(&packet));
                    return true;
                }
                Ok(Some(note)) => heed(session, &note),
                // The host counts records without a packet as frames, also behind the last packet.
                Ok(None) => return self.is_whole(),
                Err(_) => return false,
            }
        }
    }

    /// Whether the file has been read to its end, so that no packet can be left.
    fn is_whole(&self) -> bool {
        let is_same_length = self.file.metadata().is_ok_and(|about| about.len() == self.length);
        is_same_length && self.input.files().iter().all(|file| file.warnings.is_empty())
    }

    /// Reads what stands in the file before the next packet: what the sensor says last comes after all packets.
    pub(super) fn settle(&mut self, session: &mut Session) {
        while self.waiting.is_none() {
            match self.input.next() {
                Ok(Some(Record::Packet(packet))) => self.waiting = Some(Waiting::new(&packet)),
                Ok(Some(note)) => heed(session, &note),
                Ok(None) | Err(_) => return,
            }
        }
    }
}

fn heed(session: &mut Session, note: &Record<'_>) {
    match *note {
        Record::Dropped { interface, at, packets } => session.sensor_dropped(interface, at, packets),
        Record::Listening { interface, at, channel } => session.listening(interface, at, channel),
        Record::Packet(_) | Record::Observed(_) => {}
    }
}

/// A regular file that has been read from and begins so. (A device or a pipe would lose what is read here.)
fn begins_with(path: &PathBuf, header: &[u8]) -> bool {
    let long_enough =
        fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() >= header.len() as u64);
    let mut bytes = vec![0; header.len()];
    long_enough
        && File::open(path).and_then(|mut file| file.read_exact(&mut bytes)).is_ok()
        && bytes == header
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
        let mut session = Session::new(Config::default());
        // One by one, then several at once, and what was passed over is checked by the next one alone.
        for (number, length) in (1..=9).zip(&lengths) {
            assert!(beside.take(&mut session, number, Some(*length)), "frame {number}");
        }
        beside.settle(&mut session);
        assert_eq!(session.report().capture.packets, 9, "what was read ahead has not come yet");
        assert!(beside.take(&mut session, 50, Some(lengths[49])));
        assert_eq!(session.report().capture.packets, 50);
        // A read filter of the first of two passes: another frame under the same number.
        assert!(beside.take(&mut session, 50, Some(lengths[50])));
        assert!(!beside.take(&mut session, 51, Some(lengths[51] + 1)), "not the host's frame");
        assert_eq!(session.frames(), 51);
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
        let mut session = Session::new(Config::default());
        let last = lengths().len() as u64;
        assert!(beside.take(&mut session, last, None));
        assert!(beside.take(&mut session, last + 1, None), "a record without a packet");
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(&bytes[28..40]).unwrap();
        assert!(!beside.take(&mut session, last + 2, None), "something has been added");
        assert_eq!(session.frames(), last);
    }
}
