//! Ten thousand damaged captures: frames with flipped bits, cut, stretched, swapped, repeated; files with
//! flipped bits, cut and stretched. Every one of them by its seed, which a failure names.

use std::io::Write;

use airtone_capture::Input;
use airtone_engine::config::{JitterBuffer, WiresharkVersion};
use airtone_engine::{Config, Engine, LinkType};
use airtone_tests::wire::{self, Frame, Random};

use super::{corpus, in_parallel};

/// Frames of one case, at most.
const WINDOW: usize = 150;
/// Bytes of a file that is damaged as a file, at most.
const FILE: usize = 60_000;

#[test]
fn damaged_frames_do_no_harm() {
    let corpora = corpora();
    in_parallel(super::scale(8_000, 200_000), |seed| {
        let mut random = Random::new(seed);
        let corpus = &corpora[random.below(corpora.len())];
        let mut frames = window(corpus, &mut random);
        for _ in 0..=random.below(12) {
            mutate(&mut frames, &mut random);
        }
        let mut engine = Engine::new(config(&mut random));
        corpus::feed(&mut engine, &frames);
        corpus::sound_report(&engine, &|| format!("seed {seed}"));
    });
}

#[test]
fn damaged_files_do_no_harm() {
    let originals = originals();
    in_parallel(super::scale(2_000, 50_000), |seed| {
        let mut random = Random::new(seed ^ 0xf11e);
        let mut bytes = originals[random.below(originals.len())].clone();
        for _ in 0..=random.below(8) {
            damage(&mut bytes, &mut random);
        }
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(&bytes).expect("written");
        let Ok(mut input) = Input::open(&[file.path().to_owned()]) else { return };
        let mut engine = Engine::new(config(&mut random));
        let mut records = 0;
        while let Some(record) = input.next().expect("the file can be read") {
            records += 1;
            // The smallest record of any format has more than two bytes; compressed ones may be anything.
            assert!(records < 5_000_000, "seed {seed}: reading does not end");
            record.give_to(&mut engine);
        }
        let warnings = input.files().iter().map(|file| file.warnings.len()).sum::<usize>();
        assert!(warnings <= 50, "seed {seed}: {warnings} warnings");
        corpus::sound_report(&engine, &|| format!("file, seed {seed}"));
    });
}

fn corpora() -> Vec<Vec<Frame>> {
    let mut all = vec![corpus::call(), corpus::odds_and_ends(), corpus::air()];
    let recorded = corpus::files().into_iter().map(|file| corpus::packets(&file, 2_000));
    all.extend(recorded.filter(|frames| !frames.is_empty()));
    all
}

/// The heads of files of every format, so that every reader is met.
fn originals() -> Vec<Vec<u8>> {
    let made = [corpus::call(), corpus::odds_and_ends(), corpus::air()].map(|frames| {
        let mut bytes = Vec::new();
        wire::pcap(&mut bytes, &frames).expect("memory");
        bytes
    });
    let compressed: Vec<Vec<u8>> =
        made.iter().map(|bytes| zstd::stream::encode_all(&bytes[..], 1).expect("memory")).collect();
    let recorded = corpus::files().into_iter().filter_map(|file| {
        let mut bytes = std::fs::read(file).ok()?;
        bytes.truncate(FILE);
        Some(bytes)
    });
    made.into_iter().chain(compressed).chain(recorded).collect()
}

/// Other settings take other ways.
fn config(random: &mut Random) -> Config {
    let mut config = Config::default();
    match random.below(6) {
        0 => config.jitter_buffer = JitterBuffer::Adaptive,
        1 => config.jitter_buffer = JitterBuffer::None,
        2 => config.compat = Some(WiresharkVersion::V4_4),
        3 => {
            config.max_streams = 2;
            config.max_candidates = 2;
            config.max_calls = 1;
            config.max_registrations = 1;
            config.max_bss = 1;
            config.max_stations = 1;
            config.max_reassemblies = 1;
            config.max_tcp_streams = 1;
            config.max_tcp_buffer = 100;
        }
        _ => {}
    }
    config
}

fn window(corpus: &[Frame], random: &mut Random) -> Vec<Frame> {
    let from = random.below(corpus.len().saturating_sub(WINDOW) + 1);
    corpus[from..].iter().take(WINDOW).cloned().collect()
}

/// One change to the frames of a capture.
fn mutate(frames: &mut Vec<Frame>, random: &mut Random) {
    let at = random.below(frames.len());
    let other = random.below(frames.len());
    let room = frames.len() < 2 * WINDOW;
    match random.below(12) {
        0 if room => frames.insert(other, frames[at].clone()),
        1 => frames.swap(at, other),
        2 if frames.len() > 1 => _ = frames.remove(at),
        3 => frames[at].orig_len = random.any() as u32,
        4 => frames[at].at = odd_time(frames[at].at, random),
        5 => frames[at].interface = random.any() as u32,
        6 => {
            frames[at].link =
                LinkType([0, 1, 9, 12, 50, 101, 105, 113, 119, 127, 163, 192, 228, 276][random.below(14)]);
        }
        7 => {
            let donor = frames[other].bytes.clone();
            frames[at].bytes.extend(donor);
        }
        // The same damage again and again meets what a single one does not.
        8 => {
            let (place, value) = (random.below(frames[at].bytes.len()), random.any() as u8);
            frames.iter_mut().filter_map(|frame| frame.bytes.get_mut(place)).for_each(|byte| *byte = value);
        }
        _ => damage(&mut frames[at].bytes, random),
    }
}

fn odd_time(at: i64, random: &mut Random) -> i64 {
    match random.below(5) {
        0 => random.any() as i64,
        1 => [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX][random.below(5)],
        2 => at.saturating_sub(60_000_000_000),
        3 => at.saturating_add(3_600_000_000_000),
        _ => at.saturating_add(random.below(1_000_000_000) as i64),
    }
}

/// One change to bytes.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    if bytes.is_empty() {
        return;
    }
    let place = random.below(bytes.len());
    // Headers come first: half of the damage goes there.
    let place = if random.once_in(2) { place.min(random.below(80)) } else { place };
    match random.below(7) {
        0 => bytes.truncate(place),
        1 => bytes[place] ^= 1 << random.below(8),
        2 => bytes[place] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
        // A length of two or four bytes.
        3 => bytes.iter_mut().skip(place).take(2 + 2 * random.below(2)).for_each(|byte| *byte = 0xff),
        4 => {
            let more: Vec<u8> = (0..=random.below(20)).map(|_| random.any() as u8).collect();
            bytes.splice(place..place, more);
        }
        5 => {
            let end = (place + 1 + random.below(20)).min(bytes.len());
            bytes.drain(place..end);
        }
        _ => {
            let from = random.below(bytes.len());
            let copied = bytes[from..(from + 16).min(bytes.len())].to_vec();
            bytes.splice(place..place, copied);
        }
    }
}
