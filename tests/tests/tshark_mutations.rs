//! Damaged captures through tshark with the plugin: no crash, no Lua error, and tshark ends as it does without it.
//!
//! `AIRTONE_MUTATIONS` sets how many (ordinarily a few hundred; ten thousand take some minutes). Most of them lie as
//! sections of one pcapng, a hundred in one run of tshark: each section is a whole capture of its own, with its
//! interface and all frames that were kept of the original, damaged. Every twentieth is a file that is damaged
//! as a file, headers and all, and has a run of its own. The seed is fixed; a failure leaves its file behind.

use std::path::{Path, PathBuf};
use std::process::Output;

use airtone_capture::{Input, Record};
use airtone_tests::plugin::{complaints, tshark_with_plugin};
use airtone_tests::wire::Frame;
use airtone_tests::{captures, captures_in, fixtures_dir, tshark};

/// Captures in one file.
const SECTIONS: usize = 100;
/// Up to this much of an original is kept, so that thousands of them are read in minutes.
const KEPT_FRAMES: usize = 120;
const KEPT_BYTES: usize = 60_000;

/// `splitmix64`: the same mutations on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Bytes changed, runs of bytes repeated or taken out, the end cut off. The first `sacred` bytes are left alone.
fn damage(bytes: &mut Vec<u8>, sacred: usize, random: &mut Random) {
    let at = sacred + random.below(bytes.len().saturating_sub(sacred));
    let end = (at + random.below(64)).min(bytes.len());
    match random.below(8) {
        0 => bytes.truncate(at.max(sacred)),
        1 => drop(bytes.drain(at.min(end)..end)),
        2 => {
            let again = bytes[at.min(end)..end].to_vec();
            bytes.splice(end..end, again);
        }
        n => {
            let value = [0, 0xff, 0x80, random.next() as u8, random.next() as u8][n - 3];
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
    }
}

/// A file with some of its bytes damaged; the first ones name the format, without which nothing is dissected.
fn damaged_file(original: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = original[..original.len().min(KEPT_BYTES)].to_vec();
    for _ in 0..=random.below(24) {
        damage(&mut bytes, 24, random);
    }
    bytes
}

/// A capture in which about every fourth frame is damaged, and times may jump.
fn damaged_frames(original: &[Frame], random: &mut Random) -> Vec<Frame> {
    let first = random.below(original.len().saturating_sub(KEPT_FRAMES) + 1);
    let mut frames = original[first..].iter().take(KEPT_FRAMES).cloned().collect::<Vec<_>>();
    for frame in &mut frames {
        if random.below(4) != 0 {
            continue;
        }
        for _ in 0..=random.below(6) {
            damage(&mut frame.bytes, 0, random);
        }
        match random.below(16) {
            0 => frame.orig_len = random.next() as u32,
            1 => frame.at = (random.next() >> 2) as i64,
            _ => frame.orig_len = frame.orig_len.max(frame.bytes.len() as u32),
        }
    }
    frames
}

/// A block of pcapng with its two lengths.
fn block(out: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let padding = body.len().next_multiple_of(4) - body.len();
    let total = (12 + body.len() + padding) as u32;
    out.extend([kind, total].iter().flat_map(|word| word.to_le_bytes()));
    out.extend(body);
    out.extend(std::iter::repeat_n(0, padding));
    out.extend(total.to_le_bytes());
}

/// One capture as a section of pcapng: header, one interface for each link type, frames.
fn section(out: &mut Vec<u8>, frames: &[Frame]) {
    let header = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    block(out, 0x0a0d_0d0a, &header);
    let mut links = Vec::new();
    for frame in frames {
        if !links.contains(&frame.link) {
            links.push(frame.link);
            // if_tsresol 9: nanoseconds
            let [low, high] = frame.link.0.to_le_bytes();
            block(out, 1, &[low, high, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
        }
    }
    for frame in frames {
        let interface = links.iter().position(|link| *link == frame.link).unwrap_or(0) as u32;
        let (high, low) = ((frame.at as u64 >> 32) as u32, frame.at as u32);
        let words = [interface, high, low, frame.bytes.len() as u32, frame.orig_len];
        let mut body: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        body.extend(&frame.bytes);
        block(out, 6, &body);
    }
}

/// The first frames of a capture; empty when it holds none that the command reads.
fn frames_of(path: &Path) -> Vec<Frame> {
    let mut frames = Vec::new();
    let Ok(mut input) = Input::open(&[path.to_owned()]) else { return frames };
    while let Ok(Some(record)) = input.next() {
        if let Record::Packet(packet) = record {
            let frame = Frame::new(packet.at.0, packet.link, packet.bytes.to_vec());
            frames.push(Frame { orig_len: packet.orig_len, ..frame });
        }
        if frames.len() == 20 * KEPT_FRAMES {
            break;
        }
    }
    frames
}

/// So that what only tshark can read is damaged, too: keys, and sound that it takes for a tunnel. (Ports of the fixtures.)
const HELP: [&str; 6] = [
    "-o",
    "uat:80211_keys:\"wpa-pwd\",\"spoken in the air:office\"",
    "-d",
    "udp.port==6000,rtp",
    "-d",
    "udp.port==20002,vxlan",
];

/// tshark on a file in one of the ways in which the plugin is used; without the plugin it says how it ends.
fn look(n: usize, path: &str) -> Output {
    let fields = ["-T", "fields", "-e", "airtone.rtp.mos", "-e", "airtone.finding"];
    match n % 4 {
        0 => tshark_with_plugin([&["-q", "-r", path, "-z", "airtone,report"][..], &HELP].concat()),
        1 => tshark_with_plugin([&["-r", path, "-V", "-O", "airtone"][..], &HELP].concat()),
        2 => tshark_with_plugin([&["-2", "-r", path][..], &fields, &HELP].concat()),
        _ => tshark_with_plugin([&["-2", "-r", path, "-Y", "frame"][..], &fields, &HELP].concat()),
    }
}

/// Ends as without the plugin, and nobody complains.
fn check(n: usize, path: &Path) -> Result<(), String> {
    let text = path.display().to_string();
    let output = look(n, &text);
    let plain =
        std::process::Command::new("tshark").args(["-q", "-r", &text, "-z", "io,stat,0"]).args(HELP).output();
    let plain = plain.map_err(|e| e.to_string())?.status;
    let mut complaints = complaints(&output);
    // In damage, tshark may find more frames than the library: said once, and those are fed.
    complaints.retain(|line| !line.starts_with("airtone: from frame "));
    // 2: the file is damaged, which tshark says itself.
    if output.status == plain && matches!(plain.code(), Some(0..=2)) && complaints.is_empty() {
        return Ok(());
    }
    let kept = std::env::temp_dir().join(format!("airtone-mutation-{n}.pcapng"));
    std::fs::copy(path, &kept).map_err(|e| e.to_string())?;
    let complaints = &complaints[..complaints.len().min(3)];
    Err(format!("{}: {:?}, without the plugin {plain:?}: {complaints:?}", kept.display(), output.status))
}

fn originals() -> Vec<PathBuf> {
    let mut all = captures_in(&fixtures_dir());
    all.extend(captures_in(&fixtures_dir().join("encrypted")));
    all.extend(captures());
    all
}

#[test]
fn no_capture_makes_an_error() {
    if tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    let wanted: usize = std::env::var("AIRTONE_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let mut random = Random(20_261_121);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mutated.pcapng");

    let whole: Vec<Vec<Frame>> =
        originals().iter().map(|path| frames_of(path)).filter(|frames| !frames.is_empty()).collect();
    let files: Vec<Vec<u8>> = originals().iter().filter_map(|path| std::fs::read(path).ok()).collect();
    let (alone, mut left) = (wanted / 20, wanted - wanted / 20);
    let mut runs = 0;
    while left > 0 {
        let mut bytes = Vec::new();
        for _ in 0..left.min(SECTIONS) {
            let original = &whole[random.below(whole.len())];
            section(&mut bytes, &damaged_frames(original, &mut random));
        }
        left -= left.min(SECTIONS);
        std::fs::write(&path, &bytes).unwrap();
        check(runs, &path).unwrap();
        runs += 1;
    }
    for n in 0..alone {
        let original = &files[random.below(files.len())];
        std::fs::write(&path, damaged_file(original, &mut random)).unwrap();
        check(runs + n, &path).unwrap();
    }
    eprintln!("{wanted} damaged captures in {} runs of tshark", runs + alone);
}
