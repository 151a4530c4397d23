//! The capture on a TUN device that looks like a monitor interface (link type 803, radiotap), with a radio that only
//! pretends to tune: everything behind "the interface exists".

use std::io::Write;
use std::process::Child;

use airtone_engine::{Config, Engine, Packet, SourceInfo};

use super::*;
use crate::wifi::settings::Settings;

#[path = "../../../tests/common/mod.rs"]
mod common;

const SSID: &[u8] = b"office";
/// Beacon interval, and the pace of the test: an interval of the AP's clock is 10 ms of ours.
const T: u64 = 102_400;

/// A radio that is where it was told to be.
struct Pretended {
    radio: Radio,
    tuned: Vec<u32>,
    refuse: Option<(u32, bool)>,
    news: Vec<News>,
}

impl Tuner for Pretended {
    fn name(&self) -> &str {
        "mon0"
    }

    fn device(&self) -> String {
        "phy9 (none)".into()
    }

    fn radio(&self) -> &Radio {
        &self.radio
    }

    fn tune(&mut self, to: &Tuning) -> Result<(), Refused> {
        if let Some((mhz, busy)) = self.refuse.filter(|(mhz, _)| *mhz == to.mhz) {
            return Err(Refused { busy, failure: Failure::new(format!("not {mhz}.")) });
        }
        self.tuned.push(to.mhz);
        Ok(())
    }

    fn shared_tuning(&mut self) -> Option<Tuning> {
        Some(Tuning::narrow(2412))
    }

    fn plan(&self, settings: &Settings) -> Result<Plan, Failure> {
        let Wanted::Channels(list) = &settings.wanted else { return Err(Failure::new("no channels")) };
        Ok(Plan::hop(list.iter().map(|&mhz| Tuning::narrow(mhz)).collect(), settings.dwell))
    }

    fn news(&mut self) -> Result<Vec<News>, Failure> {
        Ok(std::mem::take(&mut self.news))
    }

    fn lost(&self) -> Failure {
        Failure::new("mon0 is gone.")
    }
}

/// A sink that feeds the engine.
struct Judge {
    engine: Engine,
    frames: Vec<Vec<u8>>,
    notes: Vec<(Nanos, Option<u32>)>,
    last: Nanos,
    log: Vec<String>,
}

impl Judge {
    fn new() -> Self {
        let engine = Engine::new(Config::default());
        Self { engine, frames: Vec::new(), notes: Vec::new(), last: Nanos(0), log: Vec::new() }
    }
}

impl Sink for Judge {
    fn packet(&mut self, packet: Received<'_>) {
        assert!(self.notes.last().is_none_or(|(at, _)| *at <= packet.at), "notes stand before later packets");
        self.frames.push(packet.bytes.to_vec());
        self.last = packet.at;
        let frame = self.frames.len() as u64;
        let Received { at, orig_len, bytes, .. } = packet;
        self.engine.packet(&Packet { frame, at, link: LinkType::RADIOTAP, interface: 0, orig_len, bytes });
    }

    fn log(&mut self, line: &str) {
        self.log.push(line.to_owned());
    }

    fn note(&mut self, at: Nanos, note: Note) {
        let Note::Listening { interface, channel } = note;
        self.notes.push((at, channel.map(|(mhz, _)| mhz)));
        self.engine.listening(interface as u32, at, channel);
    }

    fn is_full(&self) -> bool {
        false
    }
}

/// A device whose other end is a program that sends frames, each given as a line in hexadecimal.
fn device() -> Option<Child> {
    // TUN with packet information (protocol 4, 802.2): TAP would take bytes of radiotap for a VLAN tag. The link type can be
    // set while it is down.
    let program = "import fcntl,os,struct,subprocess,sys\n\
        tun=os.open('/dev/net/tun',os.O_RDWR)\n\
        fcntl.ioctl(tun,0x400454ca,struct.pack('16sH22x',b'mon0',1))\n\
        fcntl.ioctl(tun,0x400454cd,803)\n\
        subprocess.check_call(['ip','link','set','mon0','mtu','9000','up'])\n\
        print('up',flush=True)\n\
        for line in sys.stdin: os.write(tun,bytes([0,0,0,4])+bytes.fromhex(line))\n";
    let mut child = std::process::Command::new("python3")
        .args(["-c", program])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .ok()?;
    let mut line = String::new();
    let mut output = std::io::BufReader::new(child.stdout.take()?);
    std::io::BufRead::read_line(&mut output, &mut line).ok()?;
    (line == "up\n").then_some(child)
}

fn send(device: &mut Child, frame: &[u8]) {
    let hex: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
    let input = device.stdin.as_mut().unwrap();
    writeln!(input, "{hex}").unwrap();
    input.flush().unwrap();
}

/// A beacon of channel 6. Its radiotap time has 81 00 where an Ethernet header would have the type of a VLAN.
fn beacon(tsf: u64) -> Vec<u8> {
    let mut frame = vec![0, 0, 20, 0, 0x09, 0, 0, 0, 0, 0, 0, 0, 0x81, 0, 0, 0];
    frame.extend(2437_u16.to_le_bytes());
    frame.extend([0xa0, 0]);
    frame.extend([0x80, 0, 0, 0]);
    frame.extend([0xff; 6]);
    frame.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0, 0]);
    frame.extend(tsf.to_le_bytes());
    frame.extend([100, 0, 1, 0, 0, SSID.len() as u8]);
    frame.extend(SSID);
    frame.extend([3, 1, 6]);
    frame
}

fn open(pairs: &[(&str, &str)], refuse: Option<(u32, bool)>) -> WifiSource {
    let values = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let options = crate::source::Options { values, capture_filter: String::new() };
    let settings = Settings::of(&options).unwrap();
    let tuner = Pretended { radio: Radio::default(), tuned: Vec::new(), refuse, news: Vec::new() };
    let course = Course::Own(tuner.plan(&settings).unwrap());
    WifiSource::open(Box::new(tuner), course, settings, &[]).unwrap()
}

fn read_for(source: &mut WifiSource, judge: &mut Judge, time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        assert_eq!(source.read(judge, Duration::from_millis(10)), Ok(Flow::Open));
    }
}

/// Runs with a device, in a network namespace; says so where that is not permitted.
fn with_device(test: &str, body: impl FnOnce(Child)) {
    common::in_namespace(&format!("wifi::source::tests::{test}"), || match device() {
        Some(device) => body(device),
        None => println!("skipped: a TUN device is not permitted here"),
    });
}

#[test]
fn frames_arrive_untouched_and_only_those_that_are_kept() {
    with_device("frames_arrive_untouched_and_only_those_that_are_kept", |mut device| {
        let mut source = open(&[("channels", "6"), ("keep", "beacons")], None);
        assert_eq!(source.interfaces()[0].link, LinkType::RADIOTAP);
        let mut judge = Judge::new();
        let frames: Vec<Vec<u8>> = (1..=50).map(|n| beacon(n * T)).collect();
        let mut probe = beacon(7);
        probe[20] = 0x40;
        for frame in &frames {
            send(&mut device, frame);
            send(&mut device, &probe);
        }
        let patience = Instant::now() + Duration::from_secs(20);
        while judge.frames.len() < 50 && Instant::now() < patience {
            source.read(&mut judge, Duration::from_millis(50)).unwrap();
        }
        assert!(judge.frames == frames, "{} of 50, or not as they were sent", judge.frames.len());
        assert_eq!(source.counters()[0].dropped, 0);
        assert!(source.comment().contains("on channel 6 (2437 MHz); kept: beacons"), "{}", source.comment());
        assert_eq!(judge.notes.len(), 1);
        device.kill().unwrap();
        device.wait().unwrap();
        let ended = std::iter::repeat_with(|| source.read(&mut judge, Duration::from_millis(50)));
        let ended = ended.take(100).find_map(Result::err);
        assert_eq!(ended, Some(Failure::new("mon0 is gone.")), "the device went");
    });
}

#[test]
fn hopping_is_noted_and_is_no_loss() {
    with_device("hopping_is_noted_and_is_no_loss", |mut device| {
        let mut source = open(&[("channels", "6,36"), ("dwell", "300")], None);
        let mut judge = Judge::new();
        let start = Instant::now();
        for n in 1..40_u64 {
            let due = Duration::from_micros(n * T);
            read_for(&mut source, &mut judge, due.saturating_sub(start.elapsed()));
            // The air of channel 6, as far as this radio is there.
            if source.tuned == Some(Tuning::narrow(2437)) {
                send(&mut device, &beacon(n * T));
            }
        }
        source.control(CHANNELS_CONTROL, b"6").unwrap();
        send(&mut device, &beacon(40 * T));
        read_for(&mut source, &mut judge, Duration::from_millis(300));
        let channels: Vec<u32> = judge.notes.iter().filter_map(|(_, mhz)| *mhz).collect();
        assert!(channels.len() >= 6 && channels.windows(2).all(|pair| pair[0] != pair[1]), "{channels:?}");
        assert!(judge.notes.iter().any(|(_, mhz)| mhz.is_none()), "deaf in between");
        assert!(judge.notes.windows(2).all(|pair| pair[0].0 <= pair[1].0), "{:?}", judge.notes);
        let bss = &judge.engine.report(SourceInfo::default()).wifi.bss[0];
        assert_eq!(bss.ssid.as_deref(), Some("office"));
        assert!(bss.beacons.not_observed > 5, "{:?}", bss.beacons);
        // A busy machine sends late what this test sends; the engine must not blame more than the edges of a dwell.
        assert!(bss.beacons.lost <= bss.beacons.not_observed / 4, "{:?}", bss.beacons);
    });
}

#[test]
fn what_cannot_be_tuned_is_left_out_or_shared() {
    with_device("what_cannot_be_tuned_is_left_out_or_shared", |_device| {
        let mut judge = Judge::new();
        let mut source = open(&[("channels", "6,36,40"), ("dwell", "30")], Some((5180, false)));
        read_for(&mut source, &mut judge, Duration::from_millis(400));
        assert_eq!(judge.log, ["not 5180. Left out."]);
        drop(source);
        let (mut judge, busy) = (Judge::new(), Some((5180, true)));
        let mut source = open(&[("channels", "6,36"), ("dwell", "30")], busy);
        read_for(&mut source, &mut judge, Duration::from_millis(400));
        assert_eq!(judge.log, ["not 5180. Listening on the channel in use from now on."]);
        assert_eq!(judge.notes.last().unwrap().1, Some(2412));
        assert!(source.control(CHANNELS_CONTROL, b"6").is_err(), "it is not ours to tune");
        assert!(source.control(DWELL_CONTROL, b"soon").is_err());
    });
}

#[test]
fn while_another_interface_scans_nothing_is_heard() {
    with_device("while_another_interface_scans_nothing_is_heard", |_device| {
        let settings = Settings::of(&crate::source::Options::default()).unwrap();
        let news = vec![News::Told("a line".into()), News::Away(true), News::Away(false), News::Moved];
        let tuner = Pretended { radio: Radio::default(), tuned: Vec::new(), refuse: None, news };
        let mut source = WifiSource::open(Box::new(tuner), Course::Shared, settings, &[]).unwrap();
        let mut judge = Judge::new();
        read_for(&mut source, &mut judge, Duration::from_millis(300));
        let channels: Vec<_> = judge.notes.iter().map(|(_, mhz)| *mhz).collect();
        assert_eq!(channels, [Some(2412), None, Some(2412)]);
        assert_eq!(judge.log, ["a line"]);
    });
}
