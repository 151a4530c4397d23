//! Which UDPTL numbers of one direction came, which were repaired, and which are missing for good.

/// How far back a number can still be told apart from one that is new.
const WINDOW: u64 = 128;

/// What becomes of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Ahead of all others, with this many missing before it.
    Ahead { missing: u64 },
    /// Behind another one, and not seen before.
    Behind,
    /// Known already: machines repeat indicators.
    Repeat,
    /// Far from everything: the sender counts anew.
    Restart,
}

/// The numbers of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    /// Without wraps; the first one is at least [`WINDOW`].
    highest: u64,
    first: u64,
    /// Bit `n`: `highest - n` came.
    came: u128,
    /// Likewise: its content is known, from itself or from a later datagram.
    known: u128,
    pub(super) came_once: u64,
    pub(super) repeats: u64,
    pub(super) out_of_order: u64,
    pub(super) repaired: u64,
    /// Expected numbers of earlier counts, before a restart.
    before: u64,
    pub(super) restarts: u32,
}

impl Numbers {
    /// Numbers from the first to the highest.
    pub(super) fn expected(&self) -> u64 {
        let now = if self.came_once == 0 { 0 } else { self.highest - self.first + 1 };
        self.before + now
    }

    /// Never came.
    pub(super) fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.came_once)
    }

    /// True for a number that no break lies before.
    pub(super) fn is_near(&self, seq: u16) -> bool {
        let ahead = seq.wrapping_sub(self.highest as u16);
        self.came_once > 0 && u64::from(ahead.min(ahead.wrapping_neg())) < WINDOW
    }

    /// Takes the number of a datagram.
    pub(super) fn take(&mut self, seq: u16) -> Arrival {
        if self.came_once == 0 {
            self.begin(seq);
            return Arrival::Ahead { missing: 0 };
        }
        let ahead = seq.wrapping_sub(self.highest as u16);
        let behind = u64::from(ahead.wrapping_neg());
        match u64::from(ahead) {
            0 => {
                self.repeats += 1;
                Arrival::Repeat
            }
            // half a second of pages at most is lost in one go, longer silences have no packets to lose
            step @ 1..4096 => {
                self.shift(step);
                self.came_once += 1;
                Arrival::Ahead { missing: step - 1 }
            }
            _ if behind < WINDOW => self.take_behind(behind),
            _ => {
                self.before = self.expected();
                self.restarts = self.restarts.saturating_add(1);
                self.begin(seq);
                Arrival::Restart
            }
        }
    }

    fn begin(&mut self, seq: u16) {
        self.highest = u64::from(seq) + (1 << 16);
        self.first = self.highest;
        (self.came, self.known) = (1, 1);
        self.came_once += 1;
    }

    fn shift(&mut self, step: u64) {
        self.highest += step;
        let shifted = |bits: u128| if step < WINDOW { bits << step } else { 0 };
        (self.came, self.known) = (shifted(self.came) | 1, shifted(self.known) | 1);
    }

    fn take_behind(&mut self, behind: u64) -> Arrival {
        let bit = 1_u128 << behind;
        // what the sender sent first may be overtaken as anything else
        self.first = self.first.min(self.highest - behind);
        if self.came & bit != 0 {
            self.repeats += 1;
            return Arrival::Repeat;
        }
        self.came |= bit;
        self.came_once += 1;
        self.out_of_order += 1;
        // what had been repaired was only late
        self.repaired -= u64::from(self.known & bit != 0);
        self.known |= bit;
        Arrival::Behind
    }

    /// The number so far behind the highest is missing.
    pub(super) fn misses(&self, behind: u64) -> bool {
        (1..WINDOW).contains(&behind) && behind <= self.highest - self.first && self.known >> behind & 1 == 0
    }

    /// Its content was found in a later datagram.
    pub(super) fn repair(&mut self, behind: u64) {
        if self.misses(behind) {
            self.known |= 1 << behind;
            self.repaired += u64::from(self.came >> behind & 1 == 0);
        }
    }

    /// Repairs what parity gives back: an entry helps where exactly one of its numbers is missing. Entry `m` of
    /// `entries` covers every `entries`th number, `span` of them, from `entries - m` behind the highest on.
    pub(super) fn repair_by_parity(&mut self, span: u16, entries: u16) -> bool {
        let mut repaired = false;
        let (span, entries) = (u64::from(span), u64::from(entries).min(WINDOW));
        for nearest in 1..=entries {
            let covered = (0..span).map(|n| nearest + n * entries).take_while(|&behind| behind < WINDOW);
            let is_before = |behind: u64| behind > self.highest - self.first;
            let mut missing = covered.filter(|&behind| self.misses(behind) || is_before(behind));
            if let (Some(only), None) = (missing.next(), missing.next()) {
                repaired |= self.misses(only);
                self.repair(only);
            }
        }
        repaired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(numbers: &[u16]) -> (Numbers, Vec<Arrival>) {
        let mut known = Numbers::default();
        let told = numbers.iter().map(|&seq| known.take(seq)).collect();
        (known, told)
    }

    #[test]
    fn loss_repeats_and_disorder() {
        let (numbers, told) = fed(&[65_534, 65_535, 65_535, 2, 0, 3]);
        let missing = Arrival::Ahead { missing: 2 };
        let next = Arrival::Ahead { missing: 0 };
        assert_eq!(told, [next, next, Arrival::Repeat, missing, Arrival::Behind, next]);
        assert_eq!((numbers.expected(), numbers.lost(), numbers.repeats, numbers.out_of_order), (6, 1, 1, 1));
    }

    #[test]
    fn what_was_repaired_and_comes_after_all_was_late() {
        let (mut numbers, _) = fed(&[1, 2, 5]);
        numbers.repair(1);
        numbers.repair(2);
        numbers.repair(2);
        assert_eq!((numbers.repaired, numbers.lost()), (2, 2));
        assert_eq!(numbers.take(4), Arrival::Behind);
        assert_eq!((numbers.repaired, numbers.lost()), (1, 1));
        numbers.repair(9);
        assert_eq!(numbers.repaired, 1, "before the first");
    }

    #[test]
    fn parity_gives_back_one_of_each_entry() {
        let (mut numbers, _) = fed(&[1, 2, 3, 6]);
        assert!(!numbers.repair_by_parity(3, 1), "4 and 5 of 3, 4, 5");
        assert!(numbers.repair_by_parity(2, 2), "5 of 5 and 3, 4 of 4 and 2");
        assert_eq!(numbers.repaired, 2);
        let (mut numbers, _) = fed(&[3, 5]);
        assert!(!numbers.repair_by_parity(3, 1), "2 was never here to help");
        assert!(numbers.repair_by_parity(u16::MAX, u16::MAX), "what covers one packet only is that packet");
    }

    #[test]
    fn the_first_one_may_be_overtaken() {
        let (numbers, told) = fed(&[1, 0, 65_535, 2]);
        assert_eq!(told[1..3], [Arrival::Behind; 2]);
        assert_eq!(
            (numbers.expected(), numbers.lost(), numbers.out_of_order, numbers.restarts),
            (4, 0, 2, 0)
        );
        let (numbers, _) = fed(&[5, 2, 4]);
        assert_eq!((numbers.expected(), numbers.lost()), (4, 1), "3 is missing");
    }

    #[test]
    fn a_sender_that_counts_anew() {
        let (numbers, told) = fed(&[30_000, 30_001, 0, 1]);
        assert_eq!(told[2], Arrival::Restart);
        assert_eq!((numbers.expected(), numbers.lost(), numbers.restarts), (4, 0, 1));
    }

    proptest::proptest! {
        #[test]
        fn figures_stay_consistent(steps in proptest::collection::vec((0_u16.., 0_u64..200, 0_u16..9, 0_u16..9), 1..200)) {
            let mut numbers = Numbers::default();
            for (seq, behind, span, entries) in steps {
                numbers.take(seq);
                numbers.repair(behind);
                numbers.repair_by_parity(span, entries);
                proptest::prop_assert!(numbers.repaired <= numbers.lost() && numbers.came_once <= numbers.expected());
            }
        }
    }
}
