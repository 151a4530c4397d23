//! Packets of a stream whose clock nobody announced: kept by header until the clock can be inferred, so
//! that jitter and lateness count from the first packet on.

use super::clock;
use crate::packet::Nanos;

/// Packets kept. Streams that do not show their clock within these have it counted from then on.
const MAX_QUEUED: usize = 64;

/// What of a packet jitter and lateness need.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queued {
    pub frame: u64,
    pub at: Nanos,
    pub timestamp: u32,
    pub ext: u64,
    pub resumed: bool,
}

/// The packets so far.
#[derive(Clone, Debug)]
pub(super) struct Unclocked {
    packets: Vec<Queued>,
    first: Nanos,
    timestamp: Option<u32>,
    ticks: i64,
    count: u32,
    next_try: u32,
}

impl Unclocked {
    pub fn new(first: Nanos) -> Self {
        Self { packets: Vec::new(), first, timestamp: None, ticks: 0, count: 0, next_try: 0 }
    }

    /// Takes the next one; gives the clock in Hz once it is told.
    pub fn push(&mut self, packet: Queued, step: u32) -> Option<u32> {
        let before = self.timestamp.replace(packet.timestamp).unwrap_or(packet.timestamp);
        self.ticks += i64::from(packet.timestamp.wrapping_sub(before).cast_signed());
        self.count = self.count.saturating_add(1);
        if self.packets.len() < MAX_QUEUED {
            self.packets.push(packet);
        } else {
            // The oldest no longer count, but what is kept must be one stretch.
            self.packets.clear();
            self.packets.push(packet);
        }
        if self.count < self.next_try {
            return None;
        }
        if self.count as usize > MAX_QUEUED {
            self.next_try = self.count.saturating_mul(2);
        }
        clock::infer(self.ticks, step, self.first, packet.at, self.count)
    }

    pub fn into_packets(self) -> Vec<Queued> {
        self.packets
    }
}
