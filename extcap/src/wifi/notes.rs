//! Keeps what a capture says about itself in order with its packets, which the kernel hands over a little later.

use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};

use airtone_engine::Nanos;

use crate::source::{Note, Sink};

/// The ring hands packets over 20 ms after the first of a block; on a busy machine later.
const LATEST: i64 = 100 * Nanos::MILLI;

/// Notes whose time the packets have not reached.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    waiting: VecDeque<(Nanos, Note)>,
}

impl Notes {
    pub(crate) fn push(&mut self, at: Nanos, note: Note) {
        self.waiting.push_back((at, note));
    }

    /// Tells those before `at`.
    pub(crate) fn tell(&mut self, at: Nanos, sink: &mut dyn Sink) {
        while let Some((when, note)) = self.waiting.pop_front_if(|(when, _)| *when <= at) {
            sink.note(when, note);
        }
    }

    /// Tells those that no packet can come before any more.
    pub(crate) fn settle(&mut self, now: Nanos, sink: &mut dyn Sink) {
        self.tell(Nanos(now.0.saturating_sub(LATEST)), sink);
    }
}

/// The clock that packets are stamped with.
pub(crate) fn now() -> Nanos {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    Nanos(i64::try_from(since).unwrap_or(i64::MAX))
}
