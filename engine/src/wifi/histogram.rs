//! A log-linear histogram of microseconds: 16 buckets per octave, so a percentile is off by 3 % at most.

/// Counts by magnitude; grows to the largest value seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    counts: Vec<u32>,
    total: u64,
    max: u64,
}

const SUB: u64 = 16;

fn bucket(value: u64) -> usize {
    if value < SUB {
        return value as usize;
    }
    let octave = u64::from(value.ilog2()) - 3;
    (octave * SUB + (value >> (octave - 1)) - SUB) as usize
}

/// Middle of a bucket.
fn middle(bucket: usize) -> f64 {
    let bucket = bucket as u64;
    if bucket < SUB {
        return bucket as f64;
    }
    let (octave, step) = (bucket / SUB, bucket % SUB);
    let width = 1_u64 << (octave - 1);
    ((SUB + step) * width) as f64 + (width as f64 - 1.0) / 2.0
}

impl Histogram {
    pub(super) fn add(&mut self, value: u64) {
        let at = bucket(value);
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        self.counts[at] = self.counts[at].saturating_add(1);
        self.total += 1;
        self.max = self.max.max(value);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.total == 0
    }

    pub(super) fn max(&self) -> f64 {
        self.max as f64
    }

    /// The value below which `share` (0 to 1) of all values lie.
    pub(super) fn percentile(&self, share: f64) -> f64 {
        let rank = (share * self.total as f64).ceil().max(1.0) as u64;
        let mut below = 0;
        for (at, &count) in self.counts.iter().enumerate() {
            below += u64::from(count);
            if below >= rank {
                return middle(at).min(self.max as f64);
            }
        }
        self.max as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_contiguous_and_within_three_percent() {
        let mut last = 0;
        for value in 0..200_000_u64 {
            let at = bucket(value);
            assert!(at == last || at == last + 1, "{value}");
            last = at;
            let error = (middle(at) - value as f64).abs();
            assert!(error <= 0.5 || error / value as f64 <= 0.032, "{value} {error}");
        }
    }

    #[test]
    fn percentiles_of_a_ramp() {
        let mut histogram = Histogram::default();
        (1..=1_000).for_each(|value| histogram.add(value));
        assert!((histogram.percentile(0.5) - 500.0).abs() < 16.0);
        assert!((histogram.percentile(0.95) - 950.0).abs() < 30.0);
        assert!((histogram.max() - 1_000.0).abs() < f64::EPSILON);
    }
}
