//! The outcome of one call while reading.

use super::Tracker;
use crate::model::CallOutcome;
use crate::packet::Nanos;

impl Tracker {
    /// As the report would have it if the capture ended at `now`.
    pub(crate) fn outcome_so_far(&self, id: u32, now: Nanos) -> Option<CallOutcome> {
        self.calls.get(&(id, 0)).map(|call| call.verdict(now).outcome)
    }
}
