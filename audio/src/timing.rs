//! By which clock sound is laid out. What a listener heard is decided by arrival; where a capture has no honest
//! times of arrival, or a stream no honest timestamps, one of the two can be left out.

use std::collections::BTreeMap;

use airtone_engine::Nanos;
use airtone_engine::rtp::Heard;

/// Which clock counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timing {
    /// Arrival and timestamps: what a phone with the analysis's jitter buffer played.
    #[default]
    Buffer,
    /// Timestamps alone: everything that was received, where the sender's clock puts it.
    Timestamps,
    /// Neither: everything that was received, one packet behind the other, without pauses and without concealment.
    Uninterrupted,
}

/// Timestamps that go on by more than this, or back, do not count time, ns.
const LONGEST: i64 = 60_000_000_000;
/// A stream may last so much longer by its timestamps than the capture of it did, ns.
const MOST: i64 = 2 * 3_600_000_000_000;
/// Media time of a packet where nothing tells it, ns.
const USUAL_STEP: i64 = 20_000_000;

/// The stream as if each packet had come when its timestamp was due.
pub(crate) fn by_timestamps(heard: &Heard) -> Heard {
    let clocks: BTreeMap<u8, i64> =
        heard.formats.iter().map(|format| (format.number, i64::from(format.clock_hz.max(1)))).collect();
    let clock_of = |number| clocks.get(&number).copied().unwrap_or(8_000);
    let mut packets = heard.packets.clone();
    let arrivals = || heard.packets.iter().map(|packet| packet.at.0);
    let (begin, end) = (arrivals().min().unwrap_or(0), arrivals().max().unwrap_or(0));
    let latest = end.saturating_add(end.saturating_sub(begin)).saturating_add(MOST);
    let mut before: Option<(u32, i64)> = None;
    for packet in &mut packets {
        let clock = clock_of(packet.payload_type);
        let step = heard.step.map_or(USUAL_STEP, |step| i64::from(step) * 1_000_000_000 / clock);
        let at = before.map_or(packet.at.0, |(timestamp, at)| {
            let ticks = i64::from(packet.timestamp.wrapping_sub(timestamp).cast_signed());
            let media = ticks * 1_000_000_000 / clock;
            let counts = (0..=LONGEST).contains(&media) && at.saturating_add(media) <= latest;
            at.saturating_add(if counts { media } else { step })
        });
        before = Some((packet.timestamp, at));
        (packet.at, packet.late) = (Nanos(at), false);
    }
    Heard { packets, ..heard.clone() }
}

/// The stream with everything that was received.
pub(crate) fn all(heard: &Heard) -> Heard {
    let mut heard = heard.clone();
    heard.packets.iter_mut().for_each(|packet| packet.late = false);
    heard
}
