//! Packets that never reached the capture: how many, and between when and when.

use crate::packet::Nanos;

/// Interfaces whose last report is remembered.
const MAX_INTERFACES: usize = 512;
/// Spans of time that are kept apart.
const MAX_SPANS: usize = 1024;
/// Reports closer together are one span.
const NEAR: i64 = Nanos::SECOND;

/// Drops that were reported at one time, and that happened since the report before.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: Nanos,
    to: Nanos,
    packets: u64,
}

/// What the sensors say they dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dropped {
    total: Option<u64>,
    spans: Vec<Span>,
    /// When an interface last reported.
    reported: Vec<(u32, Nanos)>,
}

impl Dropped {
    /// `interface` says at `at` that it dropped `packets` since it last said so, or since the capture began at `start`.
    pub fn add(&mut self, interface: u32, start: Option<Nanos>, at: Nanos, packets: u64) {
        self.total = Some(self.total.unwrap_or(0).saturating_add(packets));
        let from = match self.reported.iter_mut().find(|(known, _)| *known == interface) {
            Some((_, last)) => std::mem::replace(last, at),
            None => {
                if self.reported.len() < MAX_INTERFACES {
                    self.reported.push((interface, at));
                }
                start.unwrap_or(at)
            }
        };
        match self.spans.last_mut() {
            Some(last) if last.to.0 >= from.0 && at.0.saturating_sub(last.to.0) <= NEAR => {
                last.from = last.from.min(from);
                last.to = last.to.max(at);
                last.packets = last.packets.saturating_add(packets);
            }
            _ => {
                self.thin();
                self.spans.push(Span { from, to: at, packets });
            }
        }
    }

    /// Joins neighbours when there are too many spans: what is said of a time gets coarser, not wrong.
    fn thin(&mut self) {
        if self.spans.len() < MAX_SPANS {
            return;
        }
        let join = |pair: &[Span]| Span {
            from: pair.iter().map(|span| span.from).min().unwrap_or_default(),
            to: pair.iter().map(|span| span.to).max().unwrap_or_default(),
            packets: pair.iter().fold(0, |sum, span| sum.saturating_add(span.packets)),
        };
        self.spans = self.spans.chunks(2).map(join).collect();
    }

    /// In all; `None` when no sensor said anything.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// At most so many between these times, for all that is known of when they were dropped.
    pub fn during(&self, from: Nanos, to: Nanos) -> u64 {
        let touching = self.spans.iter().filter(|span| span.from <= to && span.to >= from);
        touching.fold(0, |sum, span| sum.saturating_add(span.packets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = Nanos::SECOND;

    #[test]
    fn drops_lie_between_two_reports() {
        let mut dropped = Dropped::default();
        assert_eq!(dropped.total(), None);
        dropped.add(0, Some(Nanos(0)), Nanos(10 * S), 0);
        dropped.add(0, Some(Nanos(0)), Nanos(20 * S), 7);
        assert_eq!(dropped.total(), Some(7));
        assert_eq!(dropped.during(Nanos(11 * S), Nanos(12 * S)), 7);
        assert_eq!(dropped.during(Nanos(S), Nanos(9 * S)), 0);
        assert_eq!(dropped.during(Nanos(21 * S), Nanos(30 * S)), 0);
    }

    #[test]
    fn many_reports_stay_few_spans() {
        let mut dropped = Dropped::default();
        for report in 0..10_000 {
            dropped.add(0, Some(Nanos(0)), Nanos(report * 5 * S), 1);
        }
        assert!(dropped.spans.len() <= MAX_SPANS);
        assert_eq!(dropped.during(Nanos(0), Nanos(i64::MAX)), 10_000);
    }
}
