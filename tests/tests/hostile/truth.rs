//! Streams with random loss, bursts of loss, duplicates, reordering and late packets: the report gives exactly
//! what was done to them.

use std::collections::BTreeSet;

use airtone_engine::model::Stream;
use airtone_engine::{Config, Engine};
use airtone_tests::wire::{self, End, Frame, Random, Rtp};

use super::{corpus, in_parallel};

const SENDER: End = ([192, 0, 2, 1], 4000);
const RECEIVER: End = ([192, 0, 2, 2], 6000);
const START: i64 = 1_767_225_600_000_000_000;
const MS: i64 = 1_000_000;
/// The default jitter buffer.
const BUFFER_MS: i64 = 60;
/// Packets at the beginning to which nothing is done: before the fastest packet has been seen, nobody can say
/// which ones are late, and a stream that nobody announced has to be recognised.
const CALM: u64 = 8;

/// What was done to a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Truth {
    packets: u64,
    lost: u64,
    duplicates: u64,
    out_of_order: u64,
    late: u64,
}

/// A packet on its way: number, arrival in ms after the start, delay in ms.
type Sent = (u64, i64, i64);

#[test]
fn figures_are_those_of_the_generator() {
    in_parallel(super::scale(1_500, 100_000), |seed| {
        let mut random = Random::new(seed);
        let arrivals = arrivals(&mut random);
        let truth = truth(&arrivals);
        let report = analyse(&arrivals, &mut random, seed);
        let [stream] = report.as_slice() else { panic!("seed {seed}: {} streams", report.len()) };
        let got = Truth {
            packets: stream.packets,
            lost: stream.lost,
            duplicates: stream.duplicates,
            out_of_order: stream.out_of_order,
            late: serde_json::to_value(stream).expect("JSON")["late"].as_u64().expect("times are known"),
        };
        assert_eq!(got, truth, "seed {seed}");
    });
}

#[test]
fn the_generator_does_everything() {
    let truths: Vec<Truth> = (0..200).map(|seed| truth(&arrivals(&mut Random::new(seed)))).collect();
    let figures = |t: &Truth| [t.lost, t.duplicates, t.out_of_order, t.late];
    for place in 0..4 {
        assert!(truths.iter().filter(|truth| figures(truth)[place] > 0).count() > 40);
    }
}

fn arrivals(random: &mut Random) -> Vec<Sent> {
    let count = 40 + random.below(400) as u64;
    // One of three streams suffers from each.
    let odds = |random: &mut Random| if random.once_in(3) { 4 + random.below(60) } else { usize::MAX };
    let [loss, burst, copy, jitter, late] = std::array::from_fn(|_| odds(random));
    let mut out: Vec<Sent> = Vec::new();
    let mut lost_until = 0;
    for n in 0..count {
        let sent_ms = n as i64 * 20;
        if n < CALM {
            out.push((n, sent_ms, 0));
            continue;
        }
        if random.once_in(burst.saturating_mul(4)) {
            lost_until = n + random.below(40) as u64;
        }
        if n < lost_until || random.once_in(loss) {
            continue;
        }
        let delay = match () {
            () if random.once_in(late) => BUFFER_MS + 1 + random.below(100) as i64,
            () if random.once_in(jitter) => random.below(BUFFER_MS as usize - 5) as i64,
            () => 0,
        };
        out.push((n, sent_ms + delay, delay));
        if random.once_in(copy) {
            out.push((n, sent_ms + delay + random.below(200) as i64, delay));
        }
    }
    // Stable: what arrives at the same time keeps its order.
    out.sort_by_key(|&(_, at, _)| at);
    out
}

/// Counted from the list of arrivals, by the definitions of the report.
fn truth(arrivals: &[Sent]) -> Truth {
    let mut truth = Truth::default();
    let mut seen = BTreeSet::new();
    for &(n, at, _) in arrivals {
        if !seen.insert(n) {
            truth.duplicates += 1;
            continue;
        }
        truth.packets += 1;
        truth.out_of_order += u64::from(seen.last() != Some(&n));
        truth.late += u64::from(at - n as i64 * 20 > BUFFER_MS);
    }
    let expected = seen.last().map_or(0, |last| last + 1);
    truth.lost = expected - truth.packets;
    truth
}

fn analyse(arrivals: &[Sent], random: &mut Random, seed: u64) -> Vec<Stream> {
    let mut engine = Engine::new(Config::default());
    let mut frames = Vec::new();
    if random.once_in(2) {
        let body = wire::sdp(RECEIVER, "0", "");
        let invite = wire::sip("INVITE sip:b@example.com SIP/2.0", "c", "1 INVITE", "", "", &body);
        let (from, to) = ((RECEIVER.0, 5060), (SENDER.0, 5060));
        frames.push(Frame::ethernet(START, wire::udp(from, to, &invite)));
    }
    let (first, timestamp) = (random.any(), random.any());
    for &(n, at, _) in arrivals {
        let fields = Rtp {
            payload_type: 0,
            sequence: first.wrapping_add(n) as u16,
            timestamp: timestamp.wrapping_add(n * 160) as u32,
            ssrc: 0xfeed,
        };
        let packet = wire::udp(SENDER, RECEIVER, &wire::rtp(fields, &[0xff; 160]));
        frames.push(Frame::ethernet(START + at * MS, packet));
    }
    corpus::feed(&mut engine, &frames);
    corpus::sound_report(&engine, &|| format!("seed {seed}")).streams
}
