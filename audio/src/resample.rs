//! Sound at another rate: band-limited interpolation with a windowed sinc.

use std::f64::consts::PI;

/// Zero crossings of the sinc on either side.
const CROSSINGS: f64 = 16.0;

/// `sound` of `from` Hz at `to` Hz. The first samples of both fall together.
pub(crate) fn resample(sound: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to || from == 0 || to == 0 {
        return sound.to_vec();
    }
    // Going down, what the lower rate cannot hold is filtered out.
    let cutoff = (f64::from(to) / f64::from(from)).min(1.0);
    let reach = CROSSINGS / cutoff;
    let count = (sound.len() as u64 * u64::from(to)).div_ceil(u64::from(from)) as usize;
    // The places of output samples between input samples repeat: one set of weights for each.
    let common = gcd(from, to);
    let (steps, phases) = (u64::from(from / common), u64::from(to / common));
    let half = reach.ceil() as i64;
    let weights: Vec<Vec<f64>> = (0..phases)
        .map(|phase| {
            let beside = (phase * steps % phases) as f64 / phases as f64;
            (-half..=half).map(|tap| kernel(beside - tap as f64, cutoff, reach)).collect()
        })
        .collect();
    (0..count as u64)
        .map(|n| {
            let place = (n * steps / phases) as i64;
            let taps = weights[(n % phases) as usize].iter().zip(place - half..);
            let near = |(weight, at): (&f64, i64)| {
                let sample = usize::try_from(at).ok().and_then(|at| sound.get(at));
                weight * f64::from(sample.copied().unwrap_or(0))
            };
            let sum: f64 = taps.map(near).sum();
            sum.round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
        })
        .collect()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A windowed sinc that ends `reach` samples from its middle; `cutoff` against half the rate.
pub(crate) fn kernel(distance: f64, cutoff: f64, reach: f64) -> f64 {
    if distance.abs() < 1e-9 {
        return cutoff;
    }
    if distance.abs() > reach {
        return 0.0;
    }
    let phase = PI * distance * cutoff;
    let window = 0.5 + 0.5 * (PI * distance / reach).cos();
    cutoff * phase.sin() / phase * window
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: f64, count: usize) -> Vec<i16> {
        (0..count).map(|n| (8_000.0 * (2.0 * PI * hz * n as f64 / rate).sin()) as i16).collect()
    }

    #[test]
    fn a_tone_stays_a_tone_at_any_rate() {
        for (from, to) in
            [(8_000, 48_000), (8_000, 16_000), (16_000, 48_000), (48_000, 8_000), (44_100, 48_000)]
        {
            let got = resample(&tone(1_000.0, f64::from(from), from as usize / 10), from, to);
            let expected = tone(1_000.0, f64::from(to), to as usize / 10);
            assert_eq!(got.len(), expected.len());
            let middle = expected.len() / 4..expected.len() * 3 / 4;
            let worst = middle.map(|n| (i32::from(got[n]) - i32::from(expected[n])).abs()).max();
            assert!(worst < Some(80), "{from} to {to}: {worst:?}");
        }
    }
}
