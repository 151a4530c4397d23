//! `audio`: the sound of a call against what was said and what the relay did to it.

mod clock;
mod codecs;
mod encrypted;
mod relay;
mod statistics;

use std::fs;
use std::path::{Path, PathBuf};

use airtone_engine::rtp::g711::ULAW;
use airtone_tests::{fixtures_dir, json};
use serde_json::Value;

/// Samples of a packet of 20 ms.
const PACKET: usize = 160;
/// The report's default buffer, ns.
const BUFFER_NS: i64 = 60_000_000;

/// A WAV file as it is on disk.
struct Wav {
    rate: u32,
    channels: Vec<Vec<i16>>,
}

/// Read by hand: 44 bytes of header as every player expects them, then samples.
fn wav(path: &Path) -> Wav {
    let bytes = fs::read(path).expect("a WAV file");
    assert_eq!((&bytes[..4], &bytes[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
    let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let long = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let channels = usize::from(word(22));
    let begin = bytes.windows(4).position(|four| four == b"data").expect("a data chunk") + 8;
    assert_eq!(long(begin - 4) as usize, bytes.len() - begin);
    let samples: Vec<i16> =
        bytes[begin..].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    let channel = |n: usize| samples.iter().skip(n).step_by(channels).copied().collect();
    Wav { rate: long(24), channels: (0..channels).map(channel).collect() }
}

/// Runs `audio`; gives the sound and what was said about it.
fn audio(capture: &Path, more: &[&str]) -> (Wav, Value) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().join("call.wav");
    let mut args: Vec<PathBuf> = vec!["audio".into(), capture.into(), "-o".into(), to.clone()];
    args.extend(["--format", "json"].iter().chain(more).map(PathBuf::from));
    let told = json(args);
    (wav(&to), told)
}

/// What the relay did to each packet: true where it arrived in time for `buffer_ns`.
fn relayed(buffer_ns: i64) -> Vec<(u16, bool)> {
    let log = fs::read_to_string(fixtures_dir().join("relay-speech.csv")).expect("the relay's log");
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |n: usize| fields[n].parse::<i64>().ok();
        let waited = number(3).zip(number(2)).map(|(sent, received)| sent - received);
        (fields[0].parse().expect("a sequence number"), waited.is_some_and(|waited| waited < buffer_ns))
    };
    log.lines().skip(1).map(row).collect()
}

fn said() -> Vec<i16> {
    let words = fs::read(fixtures_dir().join("relay-speech.ulaw")).expect("what was said");
    words.into_iter().map(|word| ULAW[usize::from(word)]).collect()
}

fn stretches(told: &Value, channel: usize) -> Vec<Value> {
    let streams = told["channels"][channel]["streams"].as_array().cloned().unwrap_or_default();
    streams.iter().flat_map(|stream| stream["stretches"].as_array().cloned().unwrap_or_default()).collect()
}

/// Runs of packets that were not played: first sequence number, place of the first one, length.
fn runs(relayed: &[(u16, bool)]) -> Vec<(u16, usize, usize)> {
    let mut runs: Vec<(u16, usize, usize)> = Vec::new();
    for (place, &(sequence, _)) in relayed.iter().enumerate().filter(|(_, packet)| !packet.1) {
        match runs.last_mut().filter(|run| run.1 + run.2 == place) {
            Some(run) => run.2 += 1,
            None => runs.push((sequence, place, 1)),
        }
    }
    runs
}

/// Where the speech begins in a channel: the first packets were not harmed, and are not silent.
fn begin_of(heard: &[i16], said: &[i16]) -> usize {
    let voiced =
        said.windows(2 * PACKET).position(|part| part.iter().filter(|s| s.abs() > 500).count() > PACKET);
    let part = voiced.expect("speech").next_multiple_of(PACKET);
    let pattern = &said[part..part + PACKET];
    let found: Vec<usize> = heard
        .windows(PACKET)
        .enumerate()
        .filter(|(_, window)| window == &pattern)
        .map(|(place, _)| place)
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0] - part
}

/// Loudness of a channel from one second of the sound to another.
fn loudness(wav: &Wav, channel: usize, seconds: std::ops::Range<f64>) -> f64 {
    let place = |s: f64| ((s * f64::from(wav.rate)) as usize).min(wav.channels[channel].len());
    let part = &wav.channels[channel][place(seconds.start)..place(seconds.end)];
    let power: f64 = part.iter().map(|&sample| f64::from(sample) * f64::from(sample)).sum();
    (power / part.len().max(1) as f64).sqrt()
}
