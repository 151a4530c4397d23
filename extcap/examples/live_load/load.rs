//! Offering, taking and counting packets.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use airtone_capture::write::{PcapNgOut, Section, Statistics};
use airtone_capture::{Input, Record};
use airtone_engine::Nanos;
use airtone_extcap::mirror::Mirror;
use airtone_extcap::source::{Kind, Note, Options, Received, Sink};

/// Ethernet, IPv4 and UDP headers.
const HEADERS: usize = 14 + 20 + 8;

/// Does what the arguments say.
pub fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["offer", to, rate, bytes, seconds] => offer(to, rate.parse()?, bytes.parse()?, seconds.parse()?),
        ["take", interface, seconds] => take(interface, seconds.parse()?, ""),
        ["take", interface, seconds, filter] => take(interface, seconds.parse()?, filter),
        ["count"] => count(),
        _ => Err("live_load offer | take | count: see the head of its source".into()),
    }
}

/// Sends in steps of a millisecond, and catches up when it was late.
fn offer(to: &str, rate: u64, bytes: usize, seconds: f64) -> Result<(), Box<dyn Error>> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect(to)?;
    let payload = vec![0x55; bytes.checked_sub(HEADERS).ok_or("a frame has more bytes than its headers")?];
    let start = Instant::now();
    let (mut sent, mut refused) = (0_u64, 0_u64);
    loop {
        let elapsed = start.elapsed().as_secs_f64().min(seconds);
        let due = if rate == 0 { sent + 1000 } else { (elapsed * rate as f64) as u64 };
        while sent < due {
            match socket.send(&payload) {
                Ok(_) => sent += 1,
                // The queue of the interface is full.
                Err(_) => refused += 1,
            }
        }
        if elapsed >= seconds {
            break;
        }
        if rate != 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    let rate = sent as f64 / start.elapsed().as_secs_f64();
    println!("sent={sent} refused={refused} rate={rate:.0} cpu_s={:.2}", cpu_seconds());
    Ok(())
}

/// Writes what comes as the extcap does, and counts it.
struct Writer {
    out: PcapNgOut<io::Sink>,
    written: u64,
}

impl Sink for Writer {
    fn packet(&mut self, packet: Received<'_>) {
        let interface = u32::try_from(packet.interface).unwrap_or_default();
        let written = self.out.packet(interface, packet.at, packet.orig_len, packet.bytes, packet.dropped);
        self.written += u64::from(written.is_ok());
    }

    fn log(&mut self, line: &str) {
        eprintln!("{line}");
    }

    fn note(&mut self, _at: Nanos, _note: Note) {}
}

fn take(interface: &str, seconds: f64, filter: &str) -> Result<(), Box<dyn Error>> {
    let values = BTreeMap::from([("source".to_owned(), interface.to_owned())]);
    let mut source = Mirror.open("airtone_mirror", &Options { values, capture_filter: filter.to_owned() })?;
    let mut writer = Writer { out: PcapNgOut::new(io::sink(), &Section::default())?, written: 0 };
    for interface in source.interfaces() {
        writer.out.interface(interface, 0)?;
    }
    eprintln!("ready");
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    while Instant::now() < end {
        source.read(&mut writer, Duration::from_millis(100))?;
    }
    let counters = source.counters()[0];
    let at = airtone_extcap::sys::datagram::now();
    writer.out.statistics(
        0,
        at,
        &Statistics { received: Some(counters.received), dropped: counters.dropped, ..Statistics::default() },
    )?;
    let Writer { written, .. } = writer;
    println!("packets={written} dropped={} cpu_s={:.2}", counters.dropped, cpu_seconds());
    Ok(())
}

fn count() -> Result<(), Box<dyn Error>> {
    let mut input = Input::open(&["-".into()])?;
    let (mut packets, mut dropped) = (0_u64, 0_u64);
    while input.next_records(|record| match record {
        Record::Packet(_) => packets += 1,
        Record::Dropped { packets: more, .. } => dropped += more,
        Record::Listening { .. } | Record::Observed(_) => {}
    })? {}
    println!("packets={packets} dropped={dropped}");
    Ok(())
}

/// User and system time of this process.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold spaces: fields 14 and 15, in ticks of 10 ms.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}
