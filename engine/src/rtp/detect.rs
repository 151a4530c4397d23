//! RTP that nobody announced: flows on probation until several packets in a row behave like one stream.
//! Only headers are kept, so that an accepted stream is counted from its first packet on.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::arrival::Arrival;
use super::clock;
use super::plain::Key;
use crate::packet::{Endpoint, Nanos};

/// Distinct sequence numbers needed where the payload type has a fixed meaning, and where it has none.
const NEEDED: [usize; 2] = [4, 5];

/// Packets kept of one flow; copies of mirrors are among them.
const MAX_HELD: usize = 40;

/// Sequence numbers may miss this many per packet seen.
const MAX_SPREAD: u16 = 16;

/// A flow that pauses longer starts over.
const MAX_PAUSE: i64 = 5 * Nanos::SECOND;

/// No clock runs faster than this.
const MAX_CLOCK_HZ: f64 = 200_000.0;

/// Media timestamps may be this far ahead of capture time: packets sent in a bunch.
const BUNCH_S: f64 = 2.0;

/// Flows on probation.
#[derive(Debug)]
pub(super) struct Probation {
    flows: HashMap<Key, Vec<Arrival>, RandomState>,
    limit: usize,
    dropped: u64,
}

impl Probation {
    /// At most `limit` flows at once.
    pub fn new(limit: usize) -> Self {
        Self { flows: HashMap::default(), limit: limit.max(1), dropped: 0 }
    }

    /// Takes the next packet of a flow. When it is RTP after all, gives every packet so far, this one included.
    pub fn packet(&mut self, key: Key, arrival: &Arrival) -> Option<Vec<Arrival>> {
        if !self.flows.contains_key(&key) && self.flows.len() >= self.limit {
            self.drop_older_half();
        }
        let held = self.flows.entry(key).or_default();
        let paused = held.last().is_some_and(|last| arrival.at.0.wrapping_sub(last.at.0) > MAX_PAUSE);
        if paused || held.len() >= MAX_HELD {
            held.clear();
        }
        held.push(*arrival);
        match verdict(held) {
            Some(true) => self.flows.remove(&key),
            Some(false) => {
                // Whatever it was, this packet may still begin a stream.
                held.drain(..held.len() - 1);
                None
            }
            None => None,
        }
    }

    /// Flows that were forgotten for lack of room.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn drop_older_half(&mut self) {
        let before = self.flows.len();
        let last = |held: &Vec<Arrival>| held.last().map_or(Nanos(i64::MIN), |last| last.at);
        let mut times: Vec<Nanos> = self.flows.values().map(last).collect();
        let middle = times.len() / 2;
        let (_, &mut median, _) = times.select_nth_unstable(middle);
        self.flows.retain(|_, held| last(held) > median);
        self.dropped += (before - self.flows.len()) as u64;
    }
}

/// A single packet could be RTP.
pub(super) fn is_plausible((source, destination): (Endpoint, Endpoint), arrival: &Arrival) -> bool {
    let number = arrival.header.payload_type;
    let ports = [source.port, destination.port];
    let known_type = number >= 96 || clock::static_type(number).is_some();
    known_type
        && arrival.header.ssrc != 0
        && arrival.payload_len.is_some_and(|len| (1..=1_500).contains(&len))
        && ports.into_iter().all(|port| port >= 1_024 && !other_protocol(port))
}

/// Ports on which other protocols carry numbers that count up.
fn other_protocol(port: u16) -> bool {
    // RADIUS, SSDP, STUN, IPsec NAT traversal, VXLAN (old and new), SIP, mDNS, LLMNR, GENEVE, HEP, TZSP, GTP.
    const PORTS: [u16; 18] = [
        1812, 1813, 1900, 2123, 2152, 3478, 4500, 4789, 5060, 5061, 5353, 5355, 6081, 8472, 9060, 37008,
        51820, 1194,
    ];
    PORTS.contains(&port)
}

/// `Some(true)`: this is RTP. `Some(false)`: it is not. `None`: not enough packets.
fn verdict(held: &[Arrival]) -> Option<bool> {
    let first = held.first()?;
    let offset =
        |arrival: &Arrival| arrival.header.sequence.wrapping_sub(first.header.sequence).cast_signed();
    let mut order: Vec<&Arrival> = held.iter().collect();
    order.sort_by_key(|arrival| offset(arrival));
    order.dedup_by_key(|arrival| offset(arrival));
    let spread = offset(order[order.len() - 1]).abs_diff(offset(order[0]));
    if spread > MAX_SPREAD * order.len() as u16 {
        return Some(false);
    }
    let mut types: Vec<u8> = order.iter().map(|arrival| arrival.header.payload_type).collect();
    types.sort_unstable();
    types.dedup();
    if types.len() > 3 || !timestamps_fit(&order) {
        return Some(false);
    }
    let fixed = types.iter().any(|&number| clock::static_type(number).is_some());
    let advancing = order.windows(2).filter(|pair| offset(pair[1]) - offset(pair[0]) == 1).count();
    // Most neighbours follow each other directly, or the numbers are random within the spread.
    let in_sequence = advancing * 3 >= (order.len() - 1) * 2;
    // One timestamp for all is a part of a video frame at best: wait for its end.
    let moves = order.iter().any(|a| a.header.marker || a.header.timestamp != first.header.timestamp);
    (order.len() >= NEEDED[usize::from(!fixed)] && in_sequence && moves).then_some(true)
}

/// Timestamps never go back in sequence order and run no faster than a media clock can.
fn timestamps_fit(order: &[&Arrival]) -> bool {
    let steps = || {
        order.windows(2).map(|pair| {
            let step = pair[1].header.timestamp.wrapping_sub(pair[0].header.timestamp).cast_signed();
            // A telephone event keeps the timestamp of its beginning, so audio may resume before or after.
            let same_type = pair[1].header.payload_type == pair[0].header.payload_type;
            (i64::from(step), same_type)
        })
    };
    let seconds = order.iter().map(|a| a.at).max().zip(order.iter().map(|a| a.at).min());
    let seconds = seconds.map_or(0.0, |(last, first)| last.seconds_since(first));
    let total: i64 = steps().map(|(step, _)| step).sum();
    steps().all(|(step, same_type)| step >= 0 || (!same_type && step > -90_000))
        && (total as f64) <= (seconds + BUNCH_S) * MAX_CLOCK_HZ
}
