//! Streams with known clocks, losses and pauses, from packets to sound.

use airtone_engine::Nanos;
use airtone_engine::rtp::Format;

use super::*;
use crate::mix::{Channel, mix};

mod absurd;

/// Samples of a packet of 20 ms.
const PACKET: usize = 160;
/// When the captures begin, ns.
const BEGIN: i64 = 1_700_000_000_000_000_000;
/// PCMU of silence and of 16,764.
const SILENT: u8 = 0xff;
const LOUD: u8 = 0x8f;
/// A pulse of 2 ms at the begin of every 250th packet: once in 5 s.
const PULSE: usize = 16;
const EACH: u64 = 250;

/// A sender whose clock is fast by `ppm`.
struct Sender {
    ppm: f64,
    /// By which its packets are delayed at most, ns.
    jitter: u64,
    /// Per mille.
    loss: u64,
    late: u64,
    seed: u64,
}

impl Sender {
    fn at(ppm: f64) -> Self {
        Self { ppm, jitter: 0, loss: 0, late: 0, seed: 7 }
    }

    fn random(&mut self) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.seed >> 33
    }

    /// Capture time at which packet `n` leaves, ns from the begin.
    fn leaves(&self, n: u64) -> f64 {
        n as f64 * 20e6 / (1.0 + self.ppm * 1e-6)
    }

    fn talk(mut self, seconds: u64) -> (Heard, Payloads) {
        let mut payloads = Payloads::new();
        let mut packets = Vec::new();
        for n in 0..seconds * 50 {
            let is_pulse = n % EACH == 0;
            if !is_pulse && n + 1 < seconds * 50 && self.random() % 1_000 < self.loss {
                continue;
            }
            let late = !is_pulse && self.random() % 1_000 < self.late;
            let delay = if self.jitter > 0 { self.random() % self.jitter } else { 0 };
            let delay = delay + if late { 90_000_000 } else { 0 };
            packets.push(HeardPacket {
                frame: n + 1,
                at: Nanos(BEGIN + self.leaves(n) as i64 + delay as i64),
                sequence: 65_000 + n,
                timestamp: 0xffff_0000_u32.wrapping_add(n as u32 * PACKET as u32),
                payload_type: 0,
                marker: n == 0,
                late,
            });
            let mut payload = vec![SILENT; PACKET];
            if is_pulse {
                payload[..PULSE].fill(LOUD);
            }
            payloads.insert(n + 1, payload);
        }
        (heard(packets), payloads)
    }
}

fn heard(packets: Vec<HeardPacket>) -> Heard {
    let format = |number, encoding: &str, kind| Format {
        number,
        encoding: Some(encoding.to_owned()),
        clock_hz: 8_000,
        fmtp: String::new(),
        kind,
    };
    Heard {
        stream: 1,
        encrypted: false,
        first: packets.first().map_or(0, |packet| packet.sequence),
        last: packets.last().map_or(0, |packet| packet.sequence),
        step: Some(PACKET as u32),
        formats: vec![
            format(0, "PCMU", FormatKind::Audio),
            format(13, "CN", FormatKind::Noise),
            format(101, "telephone-event", FormatKind::Event),
        ],
        packets,
    }
}

/// Capture times of the middles of pulses, ns from the begin.
fn pulses(track: &Track) -> Vec<f64> {
    let mut found = Vec::new();
    for run in &track.runs {
        let is_loud = |n: usize| run.samples.get(n).is_some_and(|sample| sample.abs() > 8_000);
        let mut n = 0;
        while n < run.samples.len() {
            if !is_loud(n) {
                n += 1;
                continue;
            }
            let end = (n..).find(|&n| !is_loud(n)).unwrap_or(n);
            found.push((run.time_of(n) + run.time_of(end)) as f64 / 2.0 - BEGIN as f64);
            n = end;
        }
    }
    found
}

/// Where each pulse should be heard, by the capture's clock, ns.
fn due(sender: &Sender, seconds: u64) -> Vec<f64> {
    let middle = PULSE as f64 / 2.0 * 125_000.0;
    (0..seconds * 50).step_by(EACH as usize).map(|n| sender.leaves(n) + middle).collect()
}

fn worst(found: &[f64], due: &[f64]) -> f64 {
    assert_eq!(found.len(), due.len());
    found.iter().zip(due).map(|(found, due)| (found - due).abs() / 1e6).fold(0.0, f64::max)
}

#[test]
fn half_an_hour_stays_on_the_clock_of_the_capture() {
    let seconds = 31 * 60;
    for (ppm, jitter) in [(100.0, 4_000_000), (-100.0, 25_000_000), (500.0, 25_000_000), (-500.0, 4_000_000)]
    {
        let sender = || Sender { jitter, loss: 20, late: 10, ..Sender::at(ppm) };
        let due = due(&sender(), seconds);
        let (heard, payloads) = sender().talk(seconds);
        let track = render(&heard, &payloads, Timing::Buffer).unwrap();
        let off = worst(&pulses(&track), &due);
        assert!(off < 3.0, "{ppm} ppm: {off} ms");
        let drift = track.drift.unwrap();
        assert!((drift.ppm - ppm).abs() < 3.0, "{ppm}: {drift:?}");
        let length = heard.packets.iter().map(|packet| packet.sequence).max().unwrap() + 1 - heard.first;
        equals_the_statistics(&track, &heard, length);
        // Marks lie where their packets are missing.
        for mark in &track.marks {
            let n = u64::from(mark.sequence.wrapping_sub(65_000));
            let whole = (0..3).map(|wraps| n + wraps * 65_536);
            let at = (mark.at - BEGIN) as f64;
            let off = whole.map(|n| (sender().leaves(n) - at).abs() / 1e6).fold(f64::INFINITY, f64::min);
            assert!(off < 3.0, "{ppm} ppm: {off} ms, {mark:?}");
        }
    }
}

fn equals_the_statistics(track: &Track, heard: &Heard, expected: u64) {
    let late = heard.packets.iter().filter(|packet| packet.late).count() as u64;
    assert_eq!(track.late, late);
    assert_eq!(track.lost, expected - heard.packets.len() as u64);
    assert_eq!(track.played, heard.packets.len() as u64 - late);
    let in_marks: u64 = track.marks.iter().map(|mark| mark.lost + mark.late).sum();
    assert_eq!(in_marks, track.concealed());
}

#[test]
fn both_directions_stay_together() {
    let seconds = 30 * 60;
    let (there, back) = (Sender::at(100.0).talk(seconds), Sender::at(-100.0).talk(seconds));
    let tracks = [
        render(&there.0, &there.1, Timing::Buffer).unwrap(),
        render(&back.0, &back.1, Timing::Buffer).unwrap(),
    ];
    let channel = |n: usize| Channel { name: String::new(), tracks: vec![&tracks[n]] };
    let mixed = mix(&[channel(0), channel(1)]).unwrap();
    // The last pulses of both left their senders 100 ppm before and behind the same place.
    let last =
        |n: usize| mixed.channels[n].iter().rposition(|sample| sample.abs() > 8_000).unwrap() as f64 / 8.0;
    let apart = 2.0 * 1e-4 * (seconds as f64 - 5.0) * 1e3;
    assert!((last(1) - last(0) - apart).abs() < 1.0, "{} against {apart}", last(1) - last(0));
}

#[test]
fn what_keeps_time_is_left_sample_by_sample() {
    for ppm in [0.0, 1.0] {
        let (heard, mut payloads) = Sender { jitter: 8_000_000, ..Sender::at(ppm) }.talk(600);
        for (frame, payload) in &mut payloads {
            payload.iter_mut().enumerate().for_each(|(n, byte)| *byte = (*frame as usize * 31 + n * 7) as u8);
        }
        let track = render(&heard, &payloads, Timing::Buffer).unwrap();
        assert_eq!((track.runs.len(), track.drift), (1, None));
        let table = airtone_engine::rtp::g711::ULAW;
        let sent = heard.packets.iter().flat_map(|packet| &payloads[&packet.frame]);
        assert!(track.runs[0].samples.iter().eq(sent.map(|&word| &table[usize::from(word)])));
    }
}

#[test]
fn a_tone_stays_a_tone() {
    let (heard, mut payloads) = Sender::at(300.0).talk(60);
    let table = airtone_engine::rtp::g711::ULAW;
    let nearest = |value: f64| {
        let off = |word: &u8| (f64::from(table[usize::from(*word)]) - value).abs();
        (0..=255u8).min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(SILENT)
    };
    // 1,000 Hz repeat after eight samples.
    let wave: Vec<u8> =
        (0..8).map(|n| nearest(8_000.0 * (f64::from(n) * std::f64::consts::TAU / 8.0).sin())).collect();
    payloads.values_mut().for_each(|payload| {
        payload.iter_mut().enumerate().for_each(|(n, byte)| *byte = wave[n % 8]);
    });
    let track = render(&heard, &payloads, Timing::Buffer).unwrap();
    assert!(track.drift.is_some());
    let sound = &track.runs[0].samples[4_000..];
    // 1,000.3 Hz now, and nothing else: what a recursion of the tone foretells is what comes.
    let turn = 2.0 * (std::f64::consts::TAU * 1_000.3 / 8_000.0).cos();
    let (mut rest, mut power) = (0.0, 0.0);
    for three in sound[..400_000].windows(3) {
        let [a, b, c] = [0, 1, 2].map(|n| f64::from(three[n]));
        rest += (turn * b - a - c).powi(2);
        power += b * b;
    }
    assert!(rest < 1e-3 * power, "{} dB", 10.0 * (rest / power).log10());
}

#[test]
fn another_way_through_the_network_is_followed_gently() {
    let (mut heard, payloads) = Sender::at(0.0).talk(900);
    for packet in &mut heard.packets[15_000..] {
        packet.at = Nanos(packet.at.0 + 30_000_000);
    }
    let track = render(&heard, &payloads, Timing::Buffer).unwrap();
    let found = pulses(&track);
    let due = due(&Sender::at(0.0), 900);
    assert!((found[30] - due[30]).abs() < 5e6 && (found[150] - due[150] - 30e6).abs() < 5e6);
    let steps = found.windows(2).map(|pair| (pair[1] - pair[0] - 5e9).abs());
    assert!(steps.fold(0.0, f64::max) < 2.5e6, "no more than 300 ppm and half a sample");
}

#[test]
fn moved_timestamps_are_taken_up_in_the_pause() {
    // Half a second of silence that the timestamps call 0.3 s, then one that they tell as it was.
    let packet = |n: u64, ms: i64, ticks: u32| HeardPacket {
        frame: n + 1,
        at: Nanos(BEGIN + ms * 1_000_000),
        sequence: n,
        timestamp: ticks,
        payload_type: 0,
        marker: false,
        late: false,
    };
    let mut packets: Vec<HeardPacket> = (0..100).map(|n| packet(n, n as i64 * 20, n as u32 * 160)).collect();
    packets.extend((100..200).map(|n| packet(n, n as i64 * 20 + 500, n as u32 * 160 + 2_400)));
    packets.extend((200..300).map(|n| packet(n, n as i64 * 20 + 900, n as u32 * 160 + 5_600)));
    let payloads: Payloads = (1..=300).map(|frame| (frame, vec![LOUD; PACKET])).collect();
    let track = render(&heard(packets), &payloads, Timing::Buffer).unwrap();
    let times: Vec<(i64, i64)> = track
        .runs
        .iter()
        .map(|run| ((run.at - BEGIN) / 1_000_000, (run.end() - BEGIN) / 1_000_000))
        .collect();
    assert_eq!(times, [(0, 2_000), (2_500, 6_900)]);
    let marks: Vec<(i64, i64)> =
        track.marks.iter().map(|mark| ((mark.at - BEGIN) / 1_000_000, mark.length / 1_000_000)).collect();
    assert_eq!(marks, [(2_000, 500), (4_500, 400)]);
}

/// A packet of 20 ms that comes when it is due: number, ms from the begin, payload type.
fn on_time(n: u64, ms: i64, payload_type: u8) -> HeardPacket {
    HeardPacket {
        frame: n + 1,
        at: Nanos(BEGIN + ms * 1_000_000),
        sequence: n,
        timestamp: ms as u32 * 8,
        payload_type,
        marker: false,
        late: false,
    }
}

/// Root mean square of a stretch in ms from the begin.
fn level(track: &Track, ms: std::ops::Range<usize>) -> f64 {
    let part = &track.runs[0].samples[ms.start * 8..ms.end * 8];
    (part.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() / part.len() as f64).sqrt()
}

#[test]
fn comfort_noise_is_as_loud_as_it_was_described_and_nothing_is_concealed_in_it() {
    // One second of sound, comfort noise at 1 s and a louder one at 2 s, sound again at 3 s. The noise at 1.5 s is lost.
    let mut packets: Vec<HeardPacket> = (0..50).map(|n| on_time(n, n as i64 * 20, 0)).collect();
    packets.extend([on_time(50, 1_000, 13), on_time(52, 2_000, 13)]);
    packets.extend((53..100).map(|n| on_time(n, 3_000 + (n as i64 - 53) * 20, 0)));
    let mut payloads: Payloads = (1..=100).map(|frame| (frame, vec![LOUD; PACKET])).collect();
    payloads.insert(51, vec![66]);
    payloads.insert(53, vec![46, 127]);
    let track = render(&heard(packets), &payloads, Timing::Buffer).unwrap();
    assert_eq!(track.runs.len(), 1);
    let dbov = |ms| -20.0 * (level(&track, ms) / 32_768.0).log10();
    assert!((dbov(1_000..2_000) - 66.0).abs() < 1.0, "{}", dbov(1_000..2_000));
    assert!((dbov(2_000..3_000) - 46.0).abs() < 1.0, "{}", dbov(2_000..3_000));
    assert!(level(&track, 3_000..3_900) > 8_000.0);
    assert_eq!((track.lost, track.concealed()), (1, 1));
    let silence: i64 =
        track.marks.iter().filter(|mark| mark.kind == MarkKind::Silence).map(|mark| mark.length).sum();
    // But for the packet that was lost.
    assert_eq!(silence, 1_980_000_000);
}

#[test]
fn keys_and_pauses_are_silent() {
    let mut packets: Vec<HeardPacket> = (0..50).map(|n| on_time(n, n as i64 * 20, 0)).collect();
    // A key for 100 ms: all its packets bear the timestamp of its begin. Then sound, a pause of 400 ms, sound.
    packets.extend((50..55).map(|n| HeardPacket { timestamp: 8_000, ..on_time(n, n as i64 * 20, 101) }));
    packets.extend((55..70).map(|n| on_time(n, n as i64 * 20, 0)));
    packets.extend((70..90).map(|n| on_time(n, n as i64 * 20 + 400, 0)));
    let payloads: Payloads = (1..=100).map(|frame| (frame, vec![LOUD; PACKET])).collect();
    let track = render(&heard(packets), &payloads, Timing::Buffer).unwrap();
    assert_eq!(level(&track, 1_000..1_100), 0.0);
    assert_eq!(level(&track, 1_400..1_800), 0.0);
    assert!(level(&track, 1_100..1_400) > 8_000.0);
    let marks: Vec<(MarkKind, i64, i64)> = track
        .marks
        .iter()
        .map(|mark| (mark.kind, (mark.at - BEGIN) / 1_000_000, mark.length / 1_000_000))
        .collect();
    assert_eq!(marks, [(MarkKind::Event, 1_000, 100), (MarkKind::Silence, 1_400, 400)]);
    assert_eq!(track.concealed(), 0);
}

#[test]
fn the_clock_that_counts_can_be_chosen() {
    // Every tenth packet is late, the 25th is lost, and from the 50th on everything comes 300 ms later.
    let arrives = |n: u64| n as i64 * 20 + if n >= 50 { 300 } else { 0 };
    let packets: Vec<HeardPacket> = (0..100)
        .filter(|n| *n != 25)
        .map(|n| HeardPacket { late: n % 10 == 7, timestamp: n as u32 * 160, ..on_time(n, arrives(n), 0) })
        .collect();
    let payloads: Payloads = (1..=100).map(|frame| (frame, vec![LOUD; PACKET])).collect();
    let heard = heard(packets);
    let rendered = |timing| render(&heard, &payloads, timing).unwrap();
    let told = |track: &Track| (track.played, track.lost, track.late, track.runs[0].samples.len() / 8);
    assert_eq!(told(&rendered(Timing::Buffer)), (89, 1, 10, 2_000));
    let by_timestamps = rendered(Timing::Timestamps);
    assert_eq!(told(&by_timestamps), (99, 1, 0, 2_000));
    assert_eq!(by_timestamps.runs[0].at, BEGIN);
    let seamless = rendered(Timing::Uninterrupted);
    assert_eq!(told(&seamless), (99, 1, 0, 1_980));
    assert!(seamless.runs[0].samples.iter().all(|&sample| sample.abs() > 8_000));
    assert_eq!((seamless.marks.len(), seamless.marks[0].length, seamless.marks[0].lost), (1, 0, 1));
}

#[test]
fn timestamps_that_jump_do_not_make_days_of_silence() {
    let packets = (0..100u64).map(|n| HeardPacket {
        timestamp: (n as u32 * 160).wrapping_add(if n < 50 { 0 } else { 0x9000_0000 }),
        ..on_time(n, n as i64 * 20, 0)
    });
    let heard = heard(packets.collect());
    let payloads: Payloads = (1..=100).map(|frame| (frame, vec![LOUD; PACKET])).collect();
    for timing in [Timing::Buffer, Timing::Timestamps, Timing::Uninterrupted] {
        let track = render(&heard, &payloads, timing).unwrap();
        let ends = (track.runs[0].at - BEGIN, track.runs.last().unwrap().end() - BEGIN);
        assert_eq!((ends, track.played), ((0, 2_000_000_000), 100), "{timing:?}");
    }
}

#[test]
fn neither_keys_nor_timestamps_make_more_silence_than_there_was_time() {
    // Each packet with sound is a minute behind the one before by its timestamp, and 20 ms in truth.
    let packets = (0..2_000u64).map(|n| HeardPacket {
        timestamp: n as u32 * 480_000,
        payload_type: if n % 2 == 0 { 0 } else { 101 },
        ..on_time(n, n as i64 * 20, 0)
    });
    let heard = heard(packets.collect());
    let payloads: Payloads = (1..=2_000).map(|frame| (frame, vec![LOUD; PACKET])).collect();
    for timing in [Timing::Buffer, Timing::Timestamps, Timing::Uninterrupted] {
        let track = render(&heard, &payloads, timing).unwrap();
        let seconds = (track.runs.last().unwrap().end() - BEGIN) / 1_000_000_000;
        assert!(seconds < if timing == Timing::Timestamps { 7_400 } else { 60 }, "{timing:?}: {seconds} s");
    }
}
