//! The time of a packet: the mirror's own where it has a clock that can be used, else its arrival here.

use airtone_engine::Nanos;
use airtone_engine::decode::peel::Stamp;

/// A clock of the calendar that is off by more is not believed: the capture would be out of order beyond use.
const MAX_OFF: i64 = 10 * 60 * Nanos::SECOND;
/// A counter that departs from the arrival times by more has been restarted.
const MAX_DRIFT: i64 = Nanos::SECOND;

/// The clock of one mirror.
#[derive(Debug, Default)]
pub struct Clock {
    /// Arrival and counter of the first packet since the counter started.
    start: Option<(Nanos, u32)>,
    /// Time given to the packet before.
    last: Nanos,
}

impl Clock {
    /// The time of a packet that arrived at `arrival` and that the mirror stamped.
    pub fn time(&mut self, stamp: Option<Stamp>, arrival: Nanos) -> Nanos {
        let time = match stamp {
            Some(Stamp::Absolute(at)) if at.0.abs_diff(arrival.0) <= MAX_OFF as u64 => at,
            Some(Stamp::Ticks { value, nanos }) => self.ticks(value, nanos, arrival),
            _ => arrival,
        };
        self.last = time;
        time
    }

    /// The counter says only how far apart packets were; which of its rounds it is in, the arrival tells.
    fn ticks(&mut self, value: u32, nanos: u32, arrival: Nanos) -> Nanos {
        let (start, first) = *self.start.get_or_insert((arrival, value));
        let round = (1_i64 << 32) * i64::from(nanos);
        let since = i64::from(value.wrapping_sub(first)) * i64::from(nanos);
        let rounds = (arrival.0 - start.0 - since + round / 2).div_euclid(round);
        let time = Nanos(start.0 + since + rounds * round);
        if time.0.abs_diff(arrival.0) <= MAX_DRIFT as u64 {
            return time;
        }
        self.start = Some((arrival, value));
        arrival
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = Nanos::SECOND;

    #[test]
    fn the_probes_time_unless_it_is_absurd() {
        let mut clock = Clock::default();
        let arrival = Nanos(1_800_000_000 * S);
        let at = |off: i64| Some(Stamp::Absolute(Nanos(arrival.0 + off)));
        assert_eq!(clock.time(at(-2_000), arrival), Nanos(arrival.0 - 2_000));
        assert_eq!(clock.time(at(-3600 * S), arrival), arrival);
        assert_eq!(clock.time(None, arrival), arrival);
    }

    #[test]
    fn a_counter_gives_distances_and_wraps() {
        let mut clock = Clock::default();
        let tick = |value| Some(Stamp::Ticks { value, nanos: 100 });
        let start = Nanos(50 * S);
        assert_eq!(clock.time(tick(u32::MAX - 99_999), start), start);
        // 20 ms by the mirror, 35 ms by arrival: the counter wraps in between.
        assert_eq!(clock.time(tick(100_000), Nanos(start.0 + 35_000_000)), Nanos(start.0 + 20_000_000));
        // Two rounds of 429 s later.
        let later = start.0 + 2 * (1_i64 << 32) * 100 + 20_000_000;
        assert_eq!(clock.time(tick(100_000), Nanos(later + 1_000)), Nanos(later));
    }

    #[test]
    fn a_restarted_counter_starts_over() {
        let mut clock = Clock::default();
        let tick = |value| Some(Stamp::Ticks { value, nanos: 100_000 });
        assert_eq!(clock.time(tick(1_000_000), Nanos(0)), Nanos(0));
        assert_eq!(clock.time(tick(5), Nanos(S)), Nanos(S));
        assert_eq!(clock.time(tick(205), Nanos(S + 21_000_000)), Nanos(S + 20_000_000));
    }
}
