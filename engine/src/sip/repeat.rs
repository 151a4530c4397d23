//! Knows a message again: a retransmission on its leg, or a copy that the sensor got twice.

use std::collections::{HashMap, VecDeque};

use crate::packet::{Context, Nanos, PathId};

/// Messages remembered; retransmissions end after 32 s.
const MAX_MESSAGES: usize = 65_536;
/// Nobody retransmits sooner (T1 is 500 ms): a copy by the sensor or its switch.
const COPY: i64 = 20 * Nanos::MILLI;
/// The same datagram, by IP identification, within this time is a copy as well.
const SAME_ID: i64 = 2 * Nanos::SECOND;

/// How a message relates to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sighting {
    /// Not seen before on this leg.
    First,
    /// Sent again on this leg.
    Again,
    /// The same datagram seen twice.
    Copy,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    at: Nanos,
    path: PathId,
    ip_id: Option<u16>,
}

/// The last messages of a capture by the hash of leg, transaction and kind.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    last: HashMap<u64, Last, foldhash::fast::RandomState>,
    order: VecDeque<u64>,
}

impl Repeats {
    /// `key` names the leg, branch, CSeq, method or status, and body of the message.
    pub(super) fn sight(&mut self, key: u64, cx: &Context) -> Sighting {
        let now = Last { at: cx.at, path: cx.path, ip_id: cx.ip_id.filter(|&id| id != 0) };
        let Some(last) = self.last.get_mut(&key) else {
            self.remember(key, now);
            return Sighting::First;
        };
        if last.path != now.path {
            return Sighting::Copy;
        }
        let gap = now.at.0.saturating_sub(last.at.0).saturating_abs();
        let timed = now.at.is_known() && last.at.is_known();
        let is_copy = match (last.ip_id, now.ip_id) {
            (Some(a), Some(b)) if !timed => a == b,
            (Some(a), Some(b)) if a == b => gap < SAME_ID,
            // without times only two datagrams prove that it was sent twice
            _ => gap < COPY || !timed,
        };
        *last = now;
        if is_copy { Sighting::Copy } else { Sighting::Again }
    }

    fn remember(&mut self, key: u64, now: Last) {
        if self.order.len() >= MAX_MESSAGES
            && let Some(oldest) = self.order.pop_front()
        {
            self.last.remove(&oldest);
        }
        self.order.push_back(key);
        self.last.insert(key, now);
    }
}
