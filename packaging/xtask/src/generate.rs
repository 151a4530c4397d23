//! Writes captures of SIP calls with two G.711 streams each, whose every figure is known beforehand.
//!
//! Deterministic: the same arguments give the same bytes. Memory holds the calls in progress and one small
//! truth record per stream, so a capture of any size can be piped.

mod call;
mod file;
mod frame;
mod sip;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use call::{Call, SIGNALLING_FRAMES};
pub use file::Format;

/// Start of every capture: 2026-01-01 00:00:00 UTC, in µs.
const EPOCH_US: u64 = 1_767_225_600_000_000;
/// Media time of one packet.
const PTIME_US: u64 = 20_000;
/// Calls do not begin all at once: so far apart, unless they are too short for it.
const STAGGER_US: u64 = 13_000;
/// Between the end of a call and the next one in its place.
const PAUSE_US: u64 = 500_000;

/// Two of `--packets`, `--calls` and `--call-seconds` give the third.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Frames to generate, signalling and RTP, before the lost ones are taken out.
    #[arg(long)]
    packets: Option<u64>,
    /// Calls.
    #[arg(long)]
    calls: Option<u64>,
    /// Seconds of media in each call.
    #[arg(long)]
    call_seconds: Option<u64>,
    /// RTP packets lost at random, percent; never the first or last of a stream.
    #[arg(long, default_value_t = 0.0)]
    loss: f64,
    /// Codec of every stream.
    #[arg(long, value_enum, default_value_t = Codec::G711)]
    codec: Codec,
    /// Calls at a time, at most.
    #[arg(long, default_value_t = 100)]
    concurrent: u64,
    /// Other seeds give other losses, SSRCs and sequence numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Capture format.
    #[arg(long, value_enum, default_value_t = Format::Pcap)]
    format: Format,
    /// File to write; `-` is standard output.
    #[arg(short, long)]
    output: PathBuf,
    /// Write the truth here rather than on standard error.
    #[arg(long)]
    truth: Option<PathBuf>,
}

/// Codecs that can be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Codec {
    /// PCMU, 160 octets every 20 ms.
    G711,
}

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Calls, all answered.
    pub calls: u64,
    /// Frames before loss.
    pub packets: u64,
    /// Share of RTP packets lost, 0..1.
    pub loss: f64,
    /// Calls at a time.
    pub concurrent: u64,
    /// Of the random numbers.
    pub seed: u64,
}

impl Plan {
    /// A plan from any two of frames, calls and seconds per call.
    pub fn new(packets: Option<u64>, calls: Option<u64>, call_seconds: Option<u64>) -> anyhow::Result<Self> {
        let frames_per_call = |seconds: u64| SIGNALLING_FRAMES + 2 * seconds * (1_000_000 / PTIME_US);
        let (packets, calls) = match (packets, calls, call_seconds) {
            (Some(packets), Some(calls), None) => (packets, calls),
            (Some(packets), None, Some(seconds)) => (packets, packets.div_ceil(frames_per_call(seconds))),
            (None, Some(calls), Some(seconds)) => (calls * frames_per_call(seconds), calls),
            _ => bail!("give two of --packets, --calls and --call-seconds"),
        };
        let plan = Self { calls, packets, loss: 0.0, concurrent: 100, seed: 1 };
        ensure!((1..=call::MOST_CALLS).contains(&calls), "between 1 and {} calls", call::MOST_CALLS);
        ensure!(
            packets >= calls * (SIGNALLING_FRAMES + 2),
            "a call has at least {} frames",
            SIGNALLING_FRAMES + 2
        );
        Ok(plan)
    }

    /// RTP packets that stream number `stream` sends: an even share.
    fn sent(&self, stream: u64) -> u64 {
        let rtp = self.packets - self.calls * SIGNALLING_FRAMES;
        let streams = 2 * self.calls;
        rtp / streams + u64::from(stream < rtp % streams)
    }

    fn stagger_us(&self) -> u64 {
        STAGGER_US.min(self.sent(0) * PTIME_US / self.concurrent)
    }
}

/// What a correct analysis of the capture finds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// Calls, all answered.
    pub calls: u64,
    /// Frames in the file.
    pub packets: u64,
    /// RTP packets in the file.
    pub rtp_packets: u64,
    /// RTP packets that were sent and are not in the file.
    pub lost: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Streams, in order of call and direction.
    pub streams: Vec<StreamTruth>,
}

/// What is true of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamTruth {
    /// Call, from 1.
    pub call: u64,
    /// Its source.
    pub ssrc: u32,
    /// Packets in the file.
    pub packets: u64,
    /// Packets taken out.
    pub lost: u64,
}

impl Truth {
    /// For people and scripts.
    pub fn json(&self) -> Value {
        let stream = |s: &StreamTruth| json!({ "call": s.call, "ssrc": format!("{:#010x}", s.ssrc), "packets": s.packets, "lost": s.lost });
        json!({
            "calls": self.calls,
            "streams": self.streams.len(),
            "packets": self.packets,
            "rtp_packets": self.rtp_packets,
            "lost": self.lost,
            "bytes": self.bytes,
            "per_stream": self.streams.iter().map(stream).collect::<Vec<_>>(),
        })
    }
}

/// The `generate` command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let Codec::G711 = args.codec;
    ensure!((0.0..100.0).contains(&args.loss), "--loss is a percentage below 100");
    ensure!(args.concurrent > 0, "--concurrent is at least 1");
    let plan = Plan {
        loss: args.loss / 100.0,
        concurrent: args.concurrent,
        seed: args.seed,
        ..Plan::new(args.packets, args.calls, args.call_seconds)?
    };
    let truth = if args.output == Path::new("-") {
        generate(&plan, args.format, io::stdout().lock()).context("writing to standard output")?
    } else {
        to_file(&plan, args.format, &args.output)?
    };
    let text = serde_json::to_string_pretty(&truth.json())?;
    match &args.truth {
        Some(path) => std::fs::write(path, text).with_context(|| format!("writing {}", path.display())),
        None => Ok(writeln!(io::stderr(), "{text}")?),
    }
}

/// Generates into a new file.
pub fn to_file(plan: &Plan, format: Format, path: &Path) -> anyhow::Result<Truth> {
    let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
    generate(plan, format, file).with_context(|| format!("writing {}", path.display()))
}

/// Generates into anything, in time order.
pub fn generate<W: Write>(plan: &Plan, format: Format, out: W) -> io::Result<Truth> {
    let mut file = file::Writer::new(BufWriter::with_capacity(1 << 20, out), format)?;
    let mut random = Random::new(plan.seed);
    let mut truth = Truth { calls: plan.calls, ..Truth::default() };
    let silent = StreamTruth { call: 0, ssrc: 0, packets: 0, lost: 0 };
    truth.streams.resize(2 * plan.calls as usize, silent);

    let mut due = BinaryHeap::new();
    let mut active = Vec::new();
    for place in 0..plan.concurrent.min(plan.calls) {
        let call = Call::new(plan, place, EPOCH_US + place * plan.stagger_us(), &mut random);
        due.push(Reverse((call.due_us(), place)));
        active.push(call);
    }
    while let Some(Reverse((at_us, place))) = due.pop() {
        let call = &mut active[place as usize];
        file.packet(at_us, call.frame())?;
        if call.advance(&mut random) {
            due.push(Reverse((call.due_us(), place)));
            continue;
        }
        let first = 2 * call.number() as usize;
        truth.streams[first..first + 2].copy_from_slice(&call.truth());
        let next = call.number() + plan.concurrent;
        if next < plan.calls {
            *call = Call::new(plan, next, at_us + PAUSE_US, &mut random);
            due.push(Reverse((call.due_us(), place)));
        }
    }
    truth.packets = file.packets();
    truth.rtp_packets = truth.streams.iter().map(|stream| stream.packets).sum();
    truth.lost = truth.streams.iter().map(|stream| stream.lost).sum();
    truth.bytes = file.finish()?;
    Ok(truth)
}

/// Marsaglia's xorshift64*: small, fast and the same everywhere.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        // Zero is the one state that never changes.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Less than `bound`, which must not be 0.
    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 32) % bound
    }

    /// True with probability `share`.
    fn chance(&mut self, share: f64) -> bool {
        const STEPS: f64 = (1u64 << 53) as f64;
        ((self.next() >> 11) as f64) < share * STEPS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(packets: u64, calls: u64, loss: f64, concurrent: u64) -> Plan {
        Plan { loss, concurrent, ..Plan::new(Some(packets), Some(calls), None).expect("plan") }
    }

    fn capture(plan: &Plan) -> (Truth, Vec<u8>) {
        let mut bytes = Vec::new();
        let truth = generate(plan, Format::Pcap, &mut bytes).expect("a Vec takes everything");
        (truth, bytes)
    }

    /// Time and bytes of every frame of a classic pcap.
    fn frames(capture: &[u8]) -> Vec<(u64, &[u8])> {
        let field =
            |at: usize| u64::from(u32::from_le_bytes(capture[at..at + 4].try_into().expect("4 bytes")));
        let mut frames = Vec::new();
        let mut at = 24;
        while at < capture.len() {
            let length = field(at + 8) as usize;
            frames.push((field(at) * 1_000_000 + field(at + 4), &capture[at + 16..at + 16 + length]));
            at += 16 + length;
        }
        frames
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let plan = plan(3_000, 10, 0.02, 4);
        assert_eq!(capture(&plan), capture(&plan));
        assert_ne!(capture(&plan).1, capture(&Plan { seed: 2, ..plan }).1);
    }

    #[test]
    fn frames_add_up_and_are_in_time_order() {
        let (truth, bytes) = capture(&plan(5_003, 7, 0.1, 3));
        let frames = frames(&bytes);
        assert_eq!(frames.len() as u64, truth.packets);
        assert_eq!(truth.packets + truth.lost, 5_003);
        assert_eq!(truth.packets - truth.rtp_packets, 7 * SIGNALLING_FRAMES);
        assert_eq!(truth.bytes, bytes.len() as u64);
        assert_eq!(truth.streams.len(), 14);
        assert!(frames.windows(2).all(|pair| pair[0].0 <= pair[1].0), "out of time order");
        assert!(truth.lost > 350 && truth.lost < 650, "about a tenth: {}", truth.lost);
    }

    #[test]
    fn ip_headers_are_correct() {
        let (truth, bytes) = capture(&plan(2_000, 5, 0.05, 5));
        let mut rtp = 0;
        for (_, frame) in frames(&bytes) {
            let ip = &frame[14..34];
            let words = ip.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]));
            let sum: u32 = words.sum();
            assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "header checksum");
            assert_eq!(ip[6..8], [0, 0], "no fragment bits");
            assert_eq!(usize::from(ip[2]) << 8 | usize::from(ip[3]), frame.len() - 14);
            rtp += u64::from(frame.len() == 214);
        }
        assert_eq!(rtp, truth.rtp_packets);
    }

    /// Counts the gaps in the sequence numbers of every SSRC, apart from how the truth is counted.
    #[test]
    fn sequence_numbers_show_the_loss() {
        let (truth, bytes) = capture(&plan(40_000, 3, 0.03, 3));
        let mut seen = std::collections::BTreeMap::<u32, (u16, u64, u64)>::new();
        for (_, frame) in frames(&bytes).into_iter().filter(|(_, frame)| frame.len() == 214) {
            let sequence = u16::from_be_bytes([frame[44], frame[45]]);
            let ssrc = u32::from_be_bytes([frame[50], frame[51], frame[52], frame[53]]);
            let entry = seen.entry(ssrc).or_insert((sequence.wrapping_sub(1), 0, 0));
            entry.2 += u64::from(sequence.wrapping_sub(entry.0)) - 1;
            entry.1 += 1;
            entry.0 = sequence;
        }
        assert_eq!(seen.len(), truth.streams.len());
        for stream in truth.streams {
            let (_, packets, lost) = seen[&stream.ssrc];
            assert_eq!((packets, lost), (stream.packets, stream.lost));
        }
    }

    #[test]
    fn plans() {
        assert_eq!(Plan::new(None, Some(10), Some(3)).expect("plan").packets, 10 * (7 + 300));
        assert_eq!(Plan::new(Some(3_000), None, Some(3)).expect("plan").calls, 10);
        assert!(Plan::new(Some(80), Some(9), None).is_err(), "too few for nine calls");
        assert!(Plan::new(Some(80), None, None).is_err());
    }
}
