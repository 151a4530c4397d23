//! Sound in blocks: how much of a block lies at each of some frequencies, and how much there is in all.

use super::goertzel::{Bin, Found};

/// Cuts sound into blocks of `LENGTH` samples and measures `N` frequencies in each.
#[derive(Clone, Debug)]
pub(super) struct Filter<const N: usize, const LENGTH: usize> {
    bins: [Bin; N],
    power: f64,
    filled: usize,
    /// Number of the next sample.
    clock: i64,
}

/// What a block has shown.
#[derive(Clone, Debug)]
pub(super) struct Block<const N: usize> {
    /// By frequency.
    pub found: [Found; N],
    /// Of the whole block, on the scale of [`Found::power`].
    pub power: f64,
    /// Number of the sample behind it.
    pub end: i64,
}

impl<const N: usize, const LENGTH: usize> Filter<N, LENGTH> {
    /// For frequencies in Hz.
    pub fn new(frequencies: [f64; N]) -> Self {
        Self { bins: frequencies.map(Bin::new), power: 0.0, filled: 0, clock: 0 }
    }

    /// The next sample, and the block if it was the last of one.
    #[inline]
    pub fn sample(&mut self, sample: i16) -> Option<Block<N>> {
        let sample = f64::from(sample);
        self.bins.iter_mut().for_each(|bin| bin.sample(sample));
        self.power += sample * sample;
        self.filled += 1;
        self.clock += 1;
        (self.filled == LENGTH).then(|| self.take())
    }

    /// `samples` are missing: the block begun is given up.
    pub fn skip(&mut self, samples: i64) {
        self.clock += samples;
        (self.filled, self.power) = (0, 0.0);
        self.bins.iter_mut().for_each(Bin::reset);
    }

    fn take(&mut self) -> Block<N> {
        self.filled = 0;
        // Σx² of a tone of amplitude A is N·A²/2.
        let power = std::mem::take(&mut self.power) * 2.0 / LENGTH as f64;
        Block { found: self.bins.each_mut().map(|bin| bin.take(LENGTH)), power, end: self.clock }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn a_gap_gives_up_the_block_begun_and_moves_the_clock() {
        let tone = |n: i32| (1_000.0 * (TAU * 1_000.0 * f64::from(n) / 8_000.0).sin()) as i16;
        let mut filter = Filter::<2, 80>::new([1_000.0, 3_000.0]);
        assert!((0..79).all(|n| filter.sample(tone(n)).is_none()));
        filter.skip(160);
        let blocks: Vec<_> = (0..160).filter_map(|n| filter.sample(tone(n))).collect();
        assert_eq!(blocks.iter().map(|block| block.end).collect::<Vec<_>>(), [319, 399]);
        for block in blocks {
            assert!((block.power.sqrt() - 1_000.0).abs() < 2.0, "{}", block.power);
            assert!((block.found[0].power - block.power).abs() < 0.01 * block.power, "{block:?}");
            assert!(block.found[1].power < 0.01 * block.power, "{block:?}");
        }
    }
}
