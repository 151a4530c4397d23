//! The same packets between other addresses: a media relay, a NAT device or a second leg of the network.

use super::stream::Stream;
use crate::packet::Nanos;

/// A relay forwards the first packet within this.
const START_WITHIN: i64 = 2 * Nanos::SECOND;

/// By how many packets the first ones seen before and after the relay may differ.
const SEQUENCE_WITHIN: i16 = 128;

/// Earlier streams with the same SSRC that one is compared with; a sender may open any number.
const MAX_CANDIDATES: usize = 64;

/// For each stream, the id of the earlier one that it continues.
pub(super) fn relayed_from(streams: &[&Stream]) -> Vec<Option<u32>> {
    let mut found = vec![None; streams.len()];
    let mut order: Vec<usize> = (0..streams.len()).collect();
    order.sort_by_key(|&n| (streams[n].rest.ssrc, streams[n].rest.start, streams[n].rest.first_frame, n));
    for (place, &later) in order.iter().enumerate() {
        let start = streams[later].rest.start;
        let candidates = order[..place].iter().rev().take_while(|&&earlier| {
            streams[earlier].rest.ssrc == streams[later].rest.ssrc
                && start.0.wrapping_sub(streams[earlier].rest.start.0) <= START_WITHIN
        });
        // The nearest one before names the last relay of a chain.
        found[later] = candidates
            .take(MAX_CANDIDATES)
            .map(|&earlier| streams[earlier])
            .find(|earlier| continues(earlier, streams[later]))
            .map(|earlier| earlier.id);
    }
    found
}

fn continues(earlier: &Stream, later: &Stream) -> bool {
    let (before, after) = (&earlier.rest, &later.rest);
    // A sender that moves to another receiver is no relay, nor is one that echoes.
    let same_sender = before.source == after.source;
    let echo = before.source == after.destination && before.destination == after.source;
    let sequence = (later.rest.first as u16).wrapping_sub(earlier.rest.first as u16).cast_signed();
    let overlaps = i64::from(sequence) <= (earlier.newest - earlier.rest.first).cast_signed();
    if same_sender || echo || !overlaps || sequence.unsigned_abs() > SEQUENCE_WITHIN.unsigned_abs() {
        return false;
    }
    // The timestamps must tell the same distance as the sequence numbers, silence apart.
    let ticks = i64::from(after.first_timestamp.wrapping_sub(before.first_timestamp).cast_signed());
    let step = i64::from(earlier.frequent_step().unwrap_or(0));
    match sequence {
        0 => ticks == 0,
        n => ticks.signum() == i64::from(n.signum()) && ticks.abs() >= i64::from(n.abs()) * step,
    }
}
