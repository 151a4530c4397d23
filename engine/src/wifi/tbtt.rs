//! Target beacon transmission times on the AP's own clock: which beacon is this, and how late is it?
//!
//! A beacon holds the TSF at its transmission, so `(tsf - phase) mod T` is how long it waited for the
//! channel. Beacons are indexed by floor, not by rounding differences: one that is 95 ms late is late,
//! not a loss followed by a duplicate.

/// The clock of one BSS between two breaks.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// Beacon interval, µs.
    period: i64,
    /// TSF of the first beacon.
    origin: u64,
    /// Index of the beacon before.
    index: i64,
    /// TSF of the beacon before, from the origin.
    since: i64,
    phase: Phase,
}

/// What one beacon says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    /// Target times since the beacon before; 0 when two fell into one.
    pub steps: i64,
    /// Offset from the grid of the first beacon, µs; its distance from [`Clock::phase`] is the delay.
    pub offset: i64,
}

/// Running minimum of the offsets over the last 32 to 64 beacons. The minimum is what an undelayed beacon
/// shows; an old one is forgotten so that a drifting timer is followed.
#[derive(Clone, Copy, Debug)]
struct Phase {
    current: i64,
    previous: i64,
    seen: u32,
}

const WINDOW: u32 = 32;

impl Clock {
    /// Starts with a first beacon of the given interval.
    pub(super) fn start(tsf: u64, interval_tu: u16) -> Self {
        let phase = Phase { current: 0, previous: 0, seen: 1 };
        Self { period: i64::from(interval_tu) * 1_024, origin: tsf, index: 0, since: 0, phase }
    }

    /// Takes the next beacon; `None` when its TSF is out of all proportion.
    pub(super) fn step(&mut self, tsf: u64) -> Option<Step> {
        let since = i64::try_from(i128::from(tsf) - i128::from(self.origin)).ok()?;
        // A beacon a little before the phase so far is on time and shows a lower phase; T/8 would be too much.
        let guard = self.period / 16;
        let shifted = since.checked_sub(self.phase())?.checked_add(guard)?;
        let mut index = shifted.div_euclid(self.period);
        // More than half an interval after the beacon before, and yet no further: the beacons by which the
        // phase was set were late themselves. This one shows where the target times really are.
        let apart = since.checked_sub(self.since)? > self.period / 2;
        index += i64::from(apart && index == self.index);
        let step = Step { steps: index.checked_sub(self.index)?, offset: since - index * self.period };
        (self.index, self.since) = (index, since);
        self.phase.note(step.offset);
        Some(step)
    }

    /// Offset of an undelayed beacon, µs.
    pub(super) fn phase(&self) -> i64 {
        self.phase.current.min(self.phase.previous)
    }

    /// Delay of a beacon by its offset, µs.
    pub(super) fn delay(&self, offset: i64) -> u64 {
        u64::try_from(offset - self.phase()).unwrap_or(0)
    }
}

impl Phase {
    fn note(&mut self, offset: i64) {
        if self.seen >= WINDOW {
            *self = Self { current: offset, previous: self.current, seen: 0 };
        }
        self.current = self.current.min(offset);
        self.seen += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: u64 = 102_400;

    #[test]
    fn losses_are_whole_intervals() {
        let mut clock = Clock::start(1_000, 100);
        assert_eq!(clock.step(1_000 + T), Some(Step { steps: 1, offset: 0 }));
        assert_eq!(clock.step(1_300 + 22 * T).map(|step| step.steps), Some(21));
    }

    #[test]
    fn a_beacon_95_ms_late_is_neither_loss_nor_duplicate() {
        let mut clock = Clock::start(400, 100);
        let steps: Vec<i64> = [400 + T, 400 + 2 * T + 95_000, 400 + 3 * T, 400 + 4 * T]
            .into_iter()
            .map(|tsf| clock.step(tsf).unwrap().steps)
            .collect();
        assert_eq!(steps, [1, 1, 1, 1]);
    }

    #[test]
    fn a_late_first_beacon_is_forgotten() {
        let mut clock = Clock::start(5_000, 100);
        assert_eq!(clock.step(T + 400).map(|step| step.steps), Some(1));
        assert_eq!(clock.phase(), -4_600);
        for n in 2..80 {
            assert_eq!(clock.step(n * T + 500).map(|step| step.steps), Some(1));
        }
        assert_eq!(clock.phase(), -4_500, "the phase follows upward after a window");
    }

    /// A first beacon 10 ms late, the next ones early against it by more than the guard.
    #[test]
    fn target_times_set_by_a_late_beacon_are_set_again() {
        let mut clock = Clock::start(0, 100);
        for at in [94_717, 194_285, 299_758, 398_917, 507_955] {
            assert_eq!(clock.step(at).map(|step| step.steps), Some(1), "{at}");
        }
        assert_eq!(clock.phase(), -10_683);
    }

    #[test]
    fn hostile_values_do_not_overflow() {
        let mut clock = Clock::start(u64::MAX, 65_535);
        assert_eq!(clock.step(0), None);
        let mut clock = Clock::start(0, 1);
        assert!(clock.step(i64::MAX.cast_unsigned()).is_none_or(|step| step.steps > 0));
    }
}
