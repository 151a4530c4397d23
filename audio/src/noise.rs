//! Comfort noise of RFC 3389: what a listener hears while the other side sends no speech.

/// Noise of one level. Its spectrum, which the payload may describe, is taken as flat.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    /// Root mean square.
    level: f64,
    random: u32,
}

/// No background is louder, -dBov; a payload of 0 would be as loud as sound can be.
const LOUDEST: u8 = 30;

impl Noise {
    /// The level is the first byte, -dBov (section 3.1); without one there is silence.
    pub fn read(payload: &[u8]) -> Self {
        let level = payload.first().map_or(0.0, |byte| {
            let below = (byte & 0x7f).max(LOUDEST);
            32_768.0 * 10f64.powf(-f64::from(below) / 20.0)
        });
        Self { level, random: 1 }
    }

    /// Appends `count` samples.
    pub fn fill(&mut self, count: usize, sound: &mut Vec<i16>) {
        let peak = self.level * 3f64.sqrt();
        sound.extend((0..count).map(|_| {
            self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let even = f64::from(self.random >> 8) / f64::from(1 << 23) - 1.0;
            (even * peak).round() as i16
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_as_loud_as_the_payload_says() {
        for (payload, dbov) in [(&[50u8, 127, 130][..], 50.0), (&[70], 70.0), (&[0], 30.0)] {
            let mut sound = Vec::new();
            Noise::read(payload).fill(16_000, &mut sound);
            let power: f64 = sound.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / 16_000.0;
            let level = -10.0 * (power / 32_768.0f64.powi(2)).log10();
            assert!((level - dbov).abs() < 0.5, "{level} dBov for {dbov}");
        }
        let mut sound = vec![1];
        Noise::read(&[]).fill(3, &mut sound);
        assert_eq!(sound, [1, 0, 0, 0]);
    }
}
