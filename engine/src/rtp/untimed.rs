//! How long a stream was by its own timestamps, for packets of which nobody noted when they came.

/// A step of timestamps beyond this many ticks, a minute of the fastest clock, is a new beginning and no pause.
const LONGEST_STEP: u32 = 60 * 90_000;

/// Media time from the first packet to the last one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MediaTime {
    timestamp: Option<u32>,
    packets: u64,
    clock_hz: u32,
    /// On the current clock, or on a clock that is not known yet.
    ticks: i64,
    /// On clocks before.
    seconds: f64,
}

impl MediaTime {
    /// The next packet, in order of the capture; 0 is an unknown clock.
    pub fn packet(&mut self, timestamp: u32, clock_hz: u32) {
        let before = self.timestamp.replace(timestamp);
        self.packets += 1;
        if clock_hz != self.clock_hz {
            let changes = self.clock_hz != 0;
            self.seconds = self.seconds().unwrap_or(0.0);
            self.ticks = if changes { 0 } else { self.ticks };
            self.clock_hz = clock_hz;
            if changes {
                // The step between two clocks belongs to neither.
                return;
            }
        }
        let step = before.map_or(0, |before| timestamp.wrapping_sub(before).cast_signed());
        if step.unsigned_abs() <= LONGEST_STEP {
            self.ticks += i64::from(step);
        }
    }

    /// `None` without a clock that runs.
    pub fn seconds(&self) -> Option<f64> {
        let current = if self.clock_hz == 0 { 0.0 } else { self.ticks as f64 / f64::from(self.clock_hz) };
        let seconds = self.seconds + current.max(0.0);
        let single = self.packets == 1 && self.clock_hz != 0;
        (single || seconds > 0.0).then_some(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(packets: &[(u32, u32)]) -> Option<f64> {
        let mut media = MediaTime::default();
        packets.iter().for_each(|&(timestamp, clock_hz)| media.packet(timestamp, clock_hz));
        media.seconds()
    }

    #[test]
    fn order_pauses_and_wrapping_do_not_matter() {
        assert_eq!(
            of(&[(0u32.wrapping_sub(8_000), 8_000), (320, 8_000), (160, 8_000), (16_000, 8_000)]),
            Some(3.0)
        );
        assert_eq!(of(&[(7, 8_000)]), Some(0.0));
        assert_eq!(of(&[(7, 8_000), (7, 8_000)]), None, "it stands");
    }

    #[test]
    fn timestamps_that_start_over_count_on_both_sides() {
        assert_eq!(of(&[(0, 8_000), (8_000, 8_000), (0x7000_0000, 8_000), (0x7000_1f40, 8_000)]), Some(2.0));
    }

    #[test]
    fn clocks_come_late_and_change() {
        assert_eq!(of(&[(0, 0), (8_000, 0)]), None);
        assert_eq!(of(&[(0, 0), (8_000, 0), (16_000, 8_000)]), Some(2.0), "SDP came after the first packets");
        assert_eq!(of(&[(0, 8_000), (8_000, 8_000), (99, 16_000), (16_099, 16_000)]), Some(2.0));
    }
}
