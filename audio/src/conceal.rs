//! Packet-loss concealment for codecs that have none of their own, after the method of ITU-T G.711 Appendix I:
//! the last pitch period is repeated, more periods of it the longer the loss lasts, faded by 20 % per 10 ms and
//! silent after 60 ms.
//!
//! Other than there, what was received is never altered: the seam before the loss is smoothed within the
//! made-up stretch, and so is the one behind it, by the period that the next packet begins with (a receiver with
//! a jitter buffer has it at hand).

/// Pitch periods looked for, ms: 66 to 200 Hz.
const PERIOD_MS: [f64; 2] = [5.0, 15.0];
/// Length of the stretches that are compared, ms.
const WINDOW_MS: f64 = 20.0;
/// From here on it fades, ms.
const FULL_MS: f64 = 10.0;
/// From here on it is silent, ms.
const SILENT_MS: f64 = 60.0;
/// Seams, ms.
const SEAM_MS: f64 = 2.5;

/// Sound before a loss, in samples at `rate`; makes up what follows.
#[derive(Clone, Debug)]
pub(crate) struct Concealer {
    rate: u32,
}

impl Concealer {
    pub fn new(rate: u32) -> Self {
        Self { rate }
    }

    fn samples(&self, ms: f64) -> usize {
        (f64::from(self.rate) * ms / 1000.0).round() as usize
    }

    /// Appends `count` made-up samples to `sound`, which ends where the loss begins.
    pub fn conceal(&self, sound: &mut Vec<i16>, count: usize) {
        let end = sound.len();
        let Some(period) = self.period(sound) else {
            sound.resize(end + count, 0);
            return;
        };
        let seam = self.samples(SEAM_MS).min(period / 2);
        let (full, silent) = (self.samples(FULL_MS), self.samples(SILENT_MS));
        for n in 0..count {
            if n >= silent {
                sound.push(0);
                continue;
            }
            // One, two, then three periods, so that long losses do not hum.
            let periods = (1 + n / full.max(1)).min(3).min(end / period).max(1);
            let span = period * periods;
            let repeated = f64::from(sound[end - span + n % span]);
            // At the end of each repetition, over to what stood before the repeated stretch.
            let left = span - n % span;
            let before = (end - span).checked_sub(left).filter(|_| left <= seam);
            let value = before.map_or(repeated, |at| {
                let share = left as f64 / seam as f64;
                repeated * share + f64::from(sound[at]) * (1.0 - share)
            });
            sound.push((value * self.gain(n)).round() as i16);
        }
    }

    fn gain(&self, n: usize) -> f64 {
        let ms = n as f64 * 1000.0 / f64::from(self.rate);
        (1.0 - ((ms - FULL_MS) / (SILENT_MS - FULL_MS)).max(0.0)).max(0.0)
    }

    /// Smooths the seam behind a made-up stretch that ends at `seam_at`, where a decoded packet begins.
    pub fn rejoin(&self, sound: &mut [i16], made_up_from: usize, seam_at: usize) {
        let Some(period) = self.period_ahead(&sound[seam_at..]) else { return };
        let seam = self.samples(SEAM_MS).min(seam_at - made_up_from).min(period);
        for n in 0..seam {
            let at = seam_at - seam + n;
            let share = (n + 1) as f64 / (seam + 1) as f64;
            // A period later it sounds alike.
            let foretold = f64::from(sound[at + period]);
            sound[at] = (f64::from(sound[at]) * (1.0 - share) + foretold * share).round() as i16;
        }
    }

    /// The lag at which the end of `sound` is most like what went before.
    fn period(&self, sound: &[i16]) -> Option<usize> {
        let (low, high) = (self.samples(PERIOD_MS[0]), self.samples(PERIOD_MS[1]));
        let window = self.samples(WINDOW_MS).min(sound.len().checked_sub(high)?);
        if window < low.max(1) {
            return None;
        }
        let last = &sound[sound.len() - window..];
        best_lag(low..=high, |lag| (last, &sound[sound.len() - window - lag..sound.len() - lag]))
    }

    /// The same at the beginning of `sound`.
    fn period_ahead(&self, sound: &[i16]) -> Option<usize> {
        let (low, high) = (self.samples(PERIOD_MS[0]), self.samples(PERIOD_MS[1]));
        let window = low.max(1);
        if sound.len() < high + window {
            return None;
        }
        best_lag(low..=high, |lag| (&sound[..window], &sound[lag..lag + window]))
    }
}

/// The lag with the highest normalised correlation; `None` in silence.
fn best_lag<'a>(
    lags: impl Iterator<Item = usize>,
    pair: impl Fn(usize) -> (&'a [i16], &'a [i16]),
) -> Option<usize> {
    let mut best: Option<(f64, usize)> = None;
    for lag in lags {
        let (a, b) = pair(lag);
        let (mut cross, mut energy) = (0.0, 0.0);
        for (&x, &y) in a.iter().zip(b) {
            cross += f64::from(x) * f64::from(y);
            energy += f64::from(y) * f64::from(y);
        }
        if energy > 0.0 {
            let score = cross / energy.sqrt();
            if best.is_none_or(|(highest, _)| score > highest) {
                best = Some((score, lag));
            }
        }
    }
    best.map(|(_, lag)| lag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, samples: std::ops::Range<usize>) -> Vec<i16> {
        let sample = |n| (10_000.0 * (2.0 * std::f64::consts::PI * hz * n as f64 / 8_000.0).sin()) as i16;
        samples.map(sample).collect()
    }

    #[test]
    fn a_steady_tone_goes_on_through_a_short_loss() {
        let mut sound = tone(160.0, 0..800);
        Concealer::new(8_000).conceal(&mut sound, 80);
        let expected = tone(160.0, 800..880);
        let worst = sound[800..].iter().zip(&expected).map(|(a, b)| (a - b).abs()).max();
        assert!(worst < Some(700), "{worst:?}");
    }

    #[test]
    fn a_long_loss_fades_to_silence_and_what_was_received_stays() {
        let before = tone(160.0, 0..800);
        let mut sound = before.clone();
        Concealer::new(8_000).conceal(&mut sound, 960);
        assert_eq!(sound[..800], before);
        let peak = |range: std::ops::Range<usize>| sound[range].iter().map(|s| s.abs()).max().unwrap_or(0);
        assert!(peak(800..880) > 9_000);
        assert!(peak(1_040..1_120) < 6_500 && peak(1_200..1_280) < 2_500);
        assert_eq!(peak(800 + 480..1_760), 0);
    }

    #[test]
    fn the_seam_behind_a_loss_touches_the_made_up_part_only() {
        let concealer = Concealer::new(8_000);
        let mut sound = tone(160.0, 0..800);
        concealer.conceal(&mut sound, 330);
        let next = tone(160.0, 1_130..1_290);
        sound.extend(&next);
        let jump = |sound: &[i16]| (i32::from(sound[1_130]) - i32::from(sound[1_129])).abs();
        let before = jump(&sound);
        concealer.rejoin(&mut sound, 800, 1_130);
        assert_eq!(sound[1_130..], next);
        assert!(jump(&sound) < 1_500 && jump(&sound) <= before, "{before} {}", jump(&sound));
    }

    #[test]
    fn silence_and_too_little_sound_give_silence() {
        for mut sound in [vec![0; 400], vec![5; 10], Vec::new()] {
            let length = sound.len();
            Concealer::new(8_000).conceal(&mut sound, 50);
            assert_eq!(sound.len(), length + 50);
            assert!(sound[length..].iter().all(|&sample| sample == 0));
        }
    }
}
