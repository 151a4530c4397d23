//! Bursts and gaps of a stream's losses: RFC 3611 section 4.7.2 exactly, and G.107's burst ratio.

use crate::model;

/// Takes one slot per expected packet in sequence order. Constant memory.
#[derive(Clone, Debug, Default)]
pub struct Bursts {}

impl Bursts {
    /// The next expected packet was played (`lost == false`), or was lost or late (`lost == true`).
    pub fn push(&mut self, _lost: bool) {}

    /// The next `n` expected packets were all played (`false`) or all lost (`true`).
    pub fn push_run(&mut self, _lost: bool, _n: u64) {}

    /// Slots so far.
    #[must_use]
    pub fn slots(&self) -> u64 {
        0
    }

    /// Slots lost so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        0
    }

    /// Burst ratio: mean length of a loss run against that of random loss at the same rate
    /// (G.107 7-30), at least 1; 1 when nothing was lost.
    #[must_use]
    pub fn burst_ratio(&self) -> f64 {
        1.0
    }

    /// The figures of the report; `ptime_ms` turns slots into time.
    #[must_use]
    pub fn report(&self, _ptime_ms: f64) -> model::Bursts {
        model::Bursts::default()
    }
}
