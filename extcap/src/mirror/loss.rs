//! Packets that were lost between a mirror and here, by the mirror's own sequence numbers.

use std::collections::VecDeque;

use airtone_engine::decode::peel::Sequence;

/// A gap is told after so many further packets: until then an overtaken one may still fill it.
const PATIENCE: usize = 16;

/// The sequence of one mirror.
#[derive(Debug, Default)]
pub struct Loss {
    sequence: Sequence,
    /// Lost as it looked at each of the latest packets.
    recent: VecDeque<u64>,
    told: u64,
}

impl Loss {
    /// Takes the number of the next packet. Returns how many packets are known by now to be lost, beyond those that
    /// were returned before.
    pub fn arrived(&mut self, number: u32) -> u64 {
        self.recent.push_back(self.sequence.arrived(number));
        if self.recent.len() <= PATIENCE {
            return 0;
        }
        self.recent.pop_front();
        let certain = self.recent.iter().copied().min().unwrap_or(0);
        let news = certain.saturating_sub(self.told);
        self.told += news;
        news
    }

    /// What was returned so far.
    pub fn told(&self) -> u64 {
        self.told
    }

    /// Lost in all; never less than was returned.
    pub fn total(&self) -> u64 {
        self.recent.back().copied().unwrap_or(0).max(self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overtaken_packets_are_not_told_as_lost() {
        let mut loss = Loss::default();
        let told: u64 = (0..100).flat_map(|n| [2 * n + 1, 2 * n]).map(|n| loss.arrived(n)).sum();
        assert_eq!((told, loss.total()), (0, 0));
    }

    #[test]
    fn gaps_are_told_once() {
        let mut loss = Loss::default();
        let numbers = (0..1000_u32).filter(|n| n % 10 != 5);
        let told: u64 = numbers.map(|n| loss.arrived(n)).sum();
        assert_eq!(loss.total(), 100);
        assert!((98..=100).contains(&told), "{told}");
    }
}
