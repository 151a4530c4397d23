//! Packets far from the expected sequence number: loss, stragglers, or a sender that has started anew.

use super::{Outcome, Stream};
use crate::facts::RtpFacts;
use crate::packet::Nanos;
use crate::rtp::arrival::Arrival;
use crate::rtp::playout::WINDOW;

/// A sequence number may run ahead by this much and still be loss (RFC 3550 appendix A.1).
const MAX_DROPOUT: u16 = 3_000;

/// By how much timestamps and arrival may disagree over such a jump.
const RESTART_MS: f64 = 2_000.0;

/// Two packets of a restarted sequence follow each other within this.
const CONFIRMED_WITHIN: i64 = 5 * Nanos::SECOND;

/// Packets of a sequence that may have restarted, kept until the next one confirms it.
const MAX_PENDING: usize = 8;

/// How a packet far from the expected sequence number was counted until more is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::rtp) enum Provisional {
    Late,
    Duplicate,
    Nothing,
}

impl Stream {
    #[cold]
    pub(super) fn unusual(&mut self, a: &Arrival, ahead: u16) -> Outcome {
        let back = u32::from(ahead.wrapping_neg());
        if back < WINDOW {
            return Outcome::Taken(self.behind(a, back));
        }
        if ahead <= MAX_DROPOUT && !self.timestamps_moved(a) {
            return Outcome::Taken(self.far_ahead(a, u32::from(ahead)));
        }
        self.far(a, back)
    }

    fn timestamps_moved(&self, a: &Arrival) -> bool {
        let clock_hz = self.rest.types.get(a.header.payload_type).map_or(0, |known| known.clock_hz);
        if clock_hz == 0 || !self.neighbour || !a.at.is_known() {
            return false;
        }
        let ticks = a.header.timestamp.wrapping_sub(self.timestamp).cast_signed();
        let media_ms = f64::from(ticks) * 1000.0 / f64::from(clock_hz);
        (media_ms - a.at.millis_since(self.last_at)).abs() > RESTART_MS
    }

    /// A packet far from the expected sequence number: a straggler, or the first one after a restart.
    fn far(&mut self, a: &Arrival, back: u32) -> Outcome {
        let rest = &mut *self.rest;
        let sequence = a.header.sequence;
        let recent =
            rest.pending.last().filter(|(last, _)| a.at.0.wrapping_sub(last.at.0) < CONFIRMED_WITHIN);
        let after = recent.map(|(last, _)| sequence.wrapping_sub(last.header.sequence));
        if after == Some(1) {
            return Outcome::Restart;
        }
        if after != Some(0) || rest.pending.len() >= MAX_PENDING {
            rest.pending.clear();
        }
        let counted = if back > u32::from(MAX_DROPOUT) {
            Provisional::Nothing
        } else if self.slots.given_up() > rest.stragglers {
            rest.stragglers += 1;
            rest.late += 1;
            rest.out_of_order += 1;
            self.packets += 1;
            Provisional::Late
        } else {
            rest.duplicates += 1;
            Provisional::Duplicate
        };
        rest.pending.push((*a, counted));
        Outcome::Taken(RtpFacts { late: counted == Provisional::Late, ..RtpFacts::default() })
    }

    /// Gives up the packets of the restarted sequence, for the stream that they begin.
    pub fn release_pending(&mut self, next: &Arrival) -> Vec<Arrival> {
        let pending = std::mem::take(&mut self.rest.pending);
        let last = pending.last().map(|(last, _)| last.header.sequence);
        if last != Some(next.header.sequence.wrapping_sub(1)) {
            return Vec::new();
        }
        for (_, counted) in &pending {
            match counted {
                Provisional::Nothing => {}
                Provisional::Duplicate => self.rest.duplicates -= 1,
                Provisional::Late => {
                    self.rest.stragglers -= 1;
                    self.rest.late -= 1;
                    self.rest.out_of_order -= 1;
                    self.packets -= 1;
                }
            }
        }
        pending.into_iter().map(|(arrival, _)| arrival).collect()
    }
}
