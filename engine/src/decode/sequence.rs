//! Sequence numbers that a mirror gives its packets (RFC 2890 section 2.2): how many never arrived.

/// How far behind the highest number one may be to count as overtaken; further back is a restart.
const WINDOW: u32 = 1024;
/// A jump ahead beyond this is taken as a restart.
const MAX_JUMP: u32 = 65_536;

/// The sequence numbers of one mirror: may start anywhere, wrap around, be reordered or duplicated within a window.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Highest number of the current run; `None` before the first.
    highest: Option<u32>,
    /// Numbers from the lowest to the highest of the current run.
    span: u64,
    /// Distinct ones of them that arrived.
    received: u64,
    /// Lost in runs that ended by a restart.
    lost_before: u64,
    /// One bit per number of the window, at number modulo the window.
    seen: [u64; (WINDOW / 64) as usize],
}

impl Default for Sequence {
    fn default() -> Self {
        Self { highest: None, span: 0, received: 0, lost_before: 0, seen: [0; (WINDOW / 64) as usize] }
    }
}

impl Sequence {
    /// Takes the next number; returns how many were lost so far.
    pub fn arrived(&mut self, number: u32) -> u64 {
        match self.highest {
            None => self.restart(number),
            Some(highest) => {
                let ahead = number.wrapping_sub(highest);
                let behind = highest.wrapping_sub(number);
                if ahead != 0 && ahead <= MAX_JUMP {
                    self.advance(highest, number);
                } else if behind < WINDOW {
                    self.late(number, behind);
                } else {
                    self.restart(number);
                }
            }
        }
        self.lost()
    }

    fn lost(&self) -> u64 {
        self.lost_before + self.span.saturating_sub(self.received)
    }

    fn restart(&mut self, number: u32) {
        *self =
            Self { highest: Some(number), span: 1, received: 1, lost_before: self.lost(), ..Self::default() };
        self.mark(number);
    }

    fn advance(&mut self, highest: u32, number: u32) {
        let ahead = number.wrapping_sub(highest);
        if ahead >= WINDOW {
            self.seen.fill(0);
        } else {
            for step in 1..=ahead {
                let (word, bit) = Self::place(highest.wrapping_add(step));
                self.seen[word] &= !bit;
            }
        }
        self.mark(number);
        self.highest = Some(number);
        self.span += u64::from(ahead);
        self.received += 1;
    }

    /// A number within the window behind the highest: overtaken, before the first one, or a duplicate.
    fn late(&mut self, number: u32, behind: u32) {
        let (word, bit) = Self::place(number);
        if self.seen[word] & bit != 0 {
            return;
        }
        self.mark(number);
        self.received += 1;
        self.span = self.span.max(u64::from(behind) + 1);
    }

    fn place(number: u32) -> (usize, u64) {
        ((number % WINDOW / 64) as usize, 1 << (number % 64))
    }

    fn mark(&mut self, number: u32) {
        let (word, bit) = Self::place(number);
        self.seen[word] |= bit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(numbers: impl IntoIterator<Item = u32>) -> u64 {
        let mut sequence = Sequence::default();
        numbers.into_iter().map(|number| sequence.arrived(number)).last().unwrap_or(0)
    }

    #[test]
    fn gaps_count_and_reordering_does_not() {
        assert_eq!(lost(5..100), 0);
        assert_eq!(lost([5, 6, 9]), 2);
        assert_eq!(lost([5, 7, 6, 8]), 0);
        assert_eq!(lost([7, 5, 6, 8]), 0);
        assert_eq!(lost([7, 5, 8]), 1);
    }

    #[test]
    fn duplicates_do_not_hide_a_loss() {
        assert_eq!(lost([5, 5, 7, 7, 7]), 1);
        assert_eq!(lost([5, 7, 5, 7, 5]), 1);
    }

    #[test]
    fn wraps_around() {
        assert_eq!(lost([u32::MAX - 1, u32::MAX, 0, 1]), 0);
        assert_eq!(lost([u32::MAX - 1, 1, u32::MAX]), 1);
    }

    #[test]
    fn a_restart_is_no_loss_and_keeps_what_was_lost() {
        assert_eq!(lost([1_000_000, 1_000_002, 0, 1, 2]), 1);
        assert_eq!(lost([10, 11, 900_000_000, 12, 13]), 0);
    }

    #[test]
    fn a_long_outage_is_a_loss() {
        assert_eq!(lost([10, 5010, 5011]), 4999);
    }
}
