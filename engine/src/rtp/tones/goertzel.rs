//! One frequency in a block of samples (Goertzel): its amplitude and phase.

use std::f64::consts::{PI, TAU};

/// Samples per second that all detectors work at.
pub(super) const RATE: f64 = 8_000.0;

/// One bin at any frequency.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bin {
    /// Hz.
    pub frequency: f64,
    coefficient: f64,
    s1: f64,
    s2: f64,
}

/// What a bin has found in a block.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    /// Squared amplitude: a tone of amplitude A gives A² whatever the block's length.
    pub power: f64,
    /// At the end of the block, radians.
    pub phase: f64,
}

impl Bin {
    pub fn new(frequency: f64) -> Self {
        Self { frequency, coefficient: 2.0 * (TAU * frequency / RATE).cos(), s1: 0.0, s2: 0.0 }
    }

    #[inline]
    pub fn sample(&mut self, sample: f64) {
        let s0 = sample + self.coefficient * self.s1 - self.s2;
        self.s2 = self.s1;
        self.s1 = s0;
    }

    /// Ends a block of `samples`.
    pub fn take(&mut self, samples: usize) -> Found {
        let angle = TAU * self.frequency / RATE;
        let (real, imaginary) = (self.s1 - self.s2 * angle.cos(), self.s2 * angle.sin());
        (self.s1, self.s2) = (0.0, 0.0);
        let scale = 2.0 / samples.max(1) as f64;
        let power = (real * real + imaginary * imaginary) * scale * scale;
        Found { power, phase: imaginary.atan2(real) }
    }

    pub fn reset(&mut self) {
        (self.s1, self.s2) = (0.0, 0.0);
    }
}

/// By how much a tone lies beside the frequency of its bin, Hz, by the phases at the ends of two blocks `samples`
/// apart. Told apart up to half a turn per block.
pub(super) fn offset_hz(frequency: f64, before: f64, after: f64, samples: usize) -> f64 {
    let turn = after - before - TAU * frequency * samples as f64 / RATE;
    let turn = (turn + PI).rem_euclid(TAU) - PI;
    turn / TAU * RATE / samples as f64
}

/// What a block of `samples` shows of the power of a tone `offset` Hz beside the bin.
pub(super) fn share_seen(offset: f64, samples: usize) -> f64 {
    let angle = PI * offset * samples as f64 / RATE;
    if angle.abs() < 1e-6 { 1.0 } else { (angle.sin() / angle).powi(2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bin: &mut Bin, hz: f64, from: usize, samples: usize) -> Found {
        for n in from..from + samples {
            bin.sample(1_000.0 * (TAU * hz * n as f64 / RATE + 0.7).cos());
        }
        bin.take(samples)
    }

    #[test]
    fn a_tone_gives_its_amplitude() {
        let mut bin = Bin::new(1_000.0);
        let tone = found(&mut bin, 1_000.0, 0, 160);
        assert!((tone.power.sqrt() - 1_000.0).abs() < 1.0, "{}", tone.power.sqrt());
        assert!(found(&mut bin, 1_500.0, 0, 160).power.sqrt() < 10.0);
    }

    #[test]
    fn phases_tell_how_far_beside_a_tone_lies() {
        for beside in [-20.0, -3.0, 0.0, 8.0, 25.0] {
            let mut bin = Bin::new(770.0);
            let before = found(&mut bin, 770.0 + beside, 0, 102);
            let after = found(&mut bin, 770.0 + beside, 102, 102);
            let told = offset_hz(770.0, before.phase, after.phase, 102);
            assert!((told - beside).abs() < 1.0, "{beside}: {told}");
        }
    }
}
