//! `airtone_replay`: a capture file into Wireshark, at its own pace, faster or at once.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use airtone_capture::{Input, Interface, Record};
use airtone_engine::{LinkType, Nanos};

use crate::dialog::{Arg, Ask, Control, HostVersion, Value};
use crate::failure::Failure;
#[cfg(target_os = "linux")]
use crate::filter::{self, Program};
use crate::source::{Counters, Flow, Kind, Offered, Options, Received, Sink, Source};

const NAME: &str = "airtone_replay";

/// Between the last packet of one round and the first of the next.
const PAUSE: i64 = Nanos::SECOND;

/// Packets between two looks at the clock, when they go at once.
const STRIDE: u32 = 64;

/// How long to wait for a slow reader before asking again.
const FULL: Duration = Duration::from_millis(2);

/// Link types that a capture filter may be meant for; those of the file are known only when it is read.
#[cfg(target_os = "linux")]
const FILTERED: [LinkType; 6] = [
    LinkType::ETHERNET,
    LinkType::RAW,
    LinkType::LINUX_SLL,
    LinkType::LINUX_SLL2,
    LinkType::RADIOTAP,
    LinkType::IEEE802_11,
];

/// The kind.
#[derive(Clone, Copy, Debug)]
pub struct Replay;

impl Kind for Replay {
    fn interfaces(&self) -> Vec<Offered> {
        vec![Offered { name: NAME.to_owned(), display: "Airtone: replay".to_owned() }]
    }

    fn link_types(&self, _: &str) -> Vec<LinkType> {
        vec![LinkType::ETHERNET, LinkType::RADIOTAP, LinkType::IEEE802_11, LinkType::RAW]
    }

    fn arguments(&self, _: &str, _: HostVersion) -> Vec<Arg> {
        let arg = |name, display, ask, default: &str, tooltip, placeholder| Arg {
            name,
            display,
            ask,
            default: default.to_owned(),
            tooltip,
            placeholder,
            group: "Source",
            validation: "",
            values: Vec::new(),
            reload: false,
        };
        let file = "Any capture that Airtone reads: pcap, pcapng, also compressed with gzip, zstd or lz4.";
        let speed = "1 is the pace of the capture, 10 is ten times faster, 0 is all at once.";
        let again =
            "Begin again a second after the last packet, with later times, until the capture is stopped.";
        let shift = "The first packet is captured now; the time between packets stays, whatever the speed.";
        let speeds = "^[0-9]*[.]?[0-9]+$";
        vec![
            arg("file", "Capture file", Ask::File(true), "", file, "capture.pcapng"),
            Arg { validation: speeds, ..arg("speed", "Speed", Ask::Double, "1", speed, "1") },
            arg("loop", "Loop", Ask::Boolean, "false", again, ""),
            arg("shifttime", "Shift times to now", Ask::Boolean, "false", shift, ""),
        ]
    }

    fn reload(&self, _: &str, _: &str, _: &Options) -> Vec<Value> {
        Vec::new()
    }

    fn controls(&self, _: &str) -> Vec<Control> {
        Vec::new()
    }

    fn open(&self, interface: &str, options: &Options) -> Result<Box<dyn Source>, Failure> {
        let Some(file) = options.text("file") else {
            return Err(Failure::new(
                "no capture file is chosen: set it in the options of the interface, or with -o extcap.airtone_replay.file:FILE",
            ));
        };
        let path = PathBuf::from(file);
        let input = open(&path)?;
        self.check_filter(interface, &options.capture_filter)?;
        let is_shifted = options.is_on("shifttime", false);
        Ok(Box::new(Player {
            path,
            input,
            speed: Speed::parse(options.text("speed").unwrap_or("1"))?,
            is_looped: options.is_on("loop", false),
            clock: Clock { first: None, began: Instant::now(), wall: is_shifted.then(wall_clock) },
            round: Round::default(),
            interfaces: Vec::new(),
            counters: Vec::new(),
            untold: Vec::new(),
            filter: options.capture_filter.trim().to_owned(),
            #[cfg(target_os = "linux")]
            programs: Vec::new(),
            next: Next::default(),
            is_first_round: true,
        }))
    }

    #[cfg(target_os = "linux")]
    fn check_filter(&self, _: &str, filter: &str) -> Result<(), Failure> {
        filter::check(filter, &FILTERED)
    }

    fn cleanup(&self) {}
}

/// Opens a capture; an export holds no packets to be replayed.
fn open(path: &Path) -> Result<Input, Failure> {
    // Standard input is Wireshark's.
    if path == Path::new("-") {
        return Err(Failure::new("a replay needs a file, not standard input"));
    }
    let input = Input::open(&[path.to_owned()]).map_err(|error| Failure::new(sentence(&error)))?;
    if !input.is_packets_only() {
        let path = path.display();
        return Err(Failure::new(format!(
            "{path}: is an export of tshark, not a capture; replay the capture it came from"
        )));
    }
    Ok(input)
}

fn sentence(error: &airtone_capture::Error) -> String {
    match error {
        airtone_capture::Error::Io { path, source } if source.kind() == io::ErrorKind::NotFound => {
            format!("{path}: there is no such file; choose another one in the options of the interface")
        }
        airtone_capture::Error::Io { path, source } if source.kind() == io::ErrorKind::PermissionDenied => {
            format!("{path}: you may not read it; choose another one in the options of the interface")
        }
        other => other.to_string(),
    }
}

/// How much faster than it was captured.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Speed {
    Times(f64),
    AtOnce,
}

impl Speed {
    fn parse(text: &str) -> Result<Self, Failure> {
        match text.trim().parse::<f64>() {
            Ok(0.0) => Ok(Self::AtOnce),
            Ok(times) if times > 0.0 && times.is_finite() => Ok(Self::Times(times)),
            _ => Err(Failure::new(format!(
                "speed {text}: give 1 for the pace of the capture, 10 for ten times faster, 0 for all at once"
            ))),
        }
    }
}

/// When the replay began.
#[derive(Clone, Copy, Debug)]
struct Clock {
    /// Time of the first packet.
    first: Option<Nanos>,
    /// When it was due.
    began: Instant,
    /// Its new time, when times are shifted.
    wall: Option<Nanos>,
}

impl Clock {
    /// When a packet is due. The times of all packets count from the first, so that no error adds up.
    fn due(&self, at: Nanos, speed: Speed) -> Instant {
        let (Speed::Times(times), Some(first)) = (speed, self.first) else { return self.began };
        let after = at.seconds_since(first) / times;
        let after = Duration::try_from_secs_f64(after).unwrap_or_default();
        self.began.checked_add(after).unwrap_or(self.began)
    }

    /// The time that is written.
    fn stamp(&self, at: Nanos) -> Nanos {
        match (self.wall, self.first) {
            (Some(wall), Some(first)) => Nanos(wall.0.saturating_add(at.0.saturating_sub(first.0))),
            _ => at,
        }
    }
}

/// One passage through the file.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    /// Added to the times of the file, so that each round comes after the one before.
    offset: i64,
    first: Option<Nanos>,
    last: Option<Nanos>,
}

/// The packet that comes next, once it has been read.
#[derive(Debug, Default)]
struct Next {
    is_there: bool,
    interface: usize,
    at: Nanos,
    orig_len: u32,
    bytes: Vec<u8>,
}

struct Player {
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
        let times = if self.clock.wall.is_some() {
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
                Some(Record::Observed(_) | Record::Listening { .. }) => {}
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
            self.clock =
                Clock { first: Some(at), began: Instant::now(), wall: self.clock.wall.map(|_| wall_clock()) };
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

fn wall_clock() -> Nanos {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
