//! Beacons of a BSS over time: seconds at first, merged pairwise whenever there are too many, as for streams. Kept
//! only where [`crate::Config::interval_points`] asks for it.

use crate::model::BeaconIntervals;
use crate::packet::Nanos;

/// Counts without gaps from the first beacon on, each as long as the others.
#[derive(Clone, Debug)]
pub(super) struct Series {
    start: Nanos,
    length: i64,
    most: u16,
    received: Vec<u32>,
}

impl Series {
    /// With the first beacon; `None` where nobody asked for it, or without times.
    pub(super) fn new(start: Nanos, most: u16) -> Option<Box<Self>> {
        let start = start.known().filter(|_| most > 0)?;
        Some(Box::new(Self { start, length: Nanos::SECOND, most: most.max(2), received: vec![1] }))
    }

    /// One more beacon. What is older than the first one is counted with it.
    pub(super) fn add(&mut self, at: Nanos) {
        let Some(at) = at.known() else { return };
        let since = at.0.saturating_sub(self.start.0).max(0);
        while since / self.length >= i64::from(self.most) {
            self.length = self.length.saturating_mul(2);
            let sum = |pair: &[u32]| pair.iter().fold(0_u32, |sum, n| sum.saturating_add(*n));
            self.received = self.received.chunks(2).map(sum).collect();
        }
        let place = (since / self.length) as usize;
        if self.received.len() <= place {
            self.received.resize(place + 1, 0);
        }
        self.received[place] = self.received[place].saturating_add(1);
    }

    pub(super) fn report(&self) -> Option<BeaconIntervals> {
        let interval_s = self.length as f64 / 1e9;
        (self.received.len() > 1).then(|| BeaconIntervals { interval_s, received: self.received.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Nanos {
        Nanos(seconds * Nanos::SECOND)
    }

    #[test]
    fn seconds_are_merged_when_there_are_too_many_and_none_is_lost() {
        let mut series = Series::new(at(100), 4).unwrap();
        assert!(series.report().is_none(), "one point is no series");
        for second in [100, 101, 103, 99, 104, 130] {
            series.add(at(second));
        }
        let report = series.report().unwrap();
        assert_eq!((report.interval_s, report.received), (8.0, vec![6, 0, 0, 1]));
        series.add(Nanos::UNKNOWN);
        series.add(Nanos(i64::MAX));
        assert_eq!(series.report().unwrap().received.iter().sum::<u32>(), 8);
    }

    #[test]
    fn it_is_kept_on_request_only() {
        assert!(Series::new(at(1), 0).is_none() && Series::new(Nanos::UNKNOWN, 9).is_none());
    }
}
