//! DTMF in the sound: tones by ITU-T Q.23, received by the rules of Q.24.
//!
//! Blocks of 12.75 ms. A block shows a digit when one tone of each group stands out from its group and both
//! together hold nearly all of the block's power, with no more twist than Q.24 allows. Two such blocks in a row
//! make a digit if the tones keep their phase, which tells their frequency to within a few Hz: speech and music
//! seldom hold two pure tones for that long, and hardly ever these.

use super::block::{Block, Filter};
use super::goertzel::{Found, offset_hz, share_seen};

/// Samples of a block.
pub(super) const BLOCK: usize = 102;

const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const KEYS: [u8; 16] = *b"123A456B789C*0#D";

/// The faintest tone: amplitude 175 of 32768, about -42 dBm0. Q.24: -25 dBm is a digit, -55 dBm is none.
const FAINTEST: f64 = 175.0 * 175.0;
/// The lower tone may be 8 dB stronger than the higher one, the higher one 4 dB stronger.
const TWIST: f64 = 6.31;
const REVERSE_TWIST: f64 = 2.51;
/// By how much a tone stands out from the others of its group: 8 dB.
const STANDS_OUT: f64 = 6.31;
/// Share of the block's power that the two tones hold. Pure tones 1.5 % beside their frequencies, which Q.24 wants
/// taken, show 0.8 of theirs in a block.
const PURITY: f64 = 0.77;
/// The same once it is known how far beside they are, and what a block shows of such a tone.
const TRUE_PURITY: f64 = 0.86;
/// A tone may lie this far beside its frequency; Q.24: 1.5 % is a digit, 3.5 % is none.
const MAX_OFFSET: f64 = 0.025;
/// Further than this and phases are ambiguous, Hz.
const MAX_OFFSET_HZ: f64 = 36.0;
/// Blocks without the digit that end it; an interruption of 10 ms (Q.24) spoils two.
const MISSES: u8 = 3;

/// A digit that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digit {
    /// `0`-`9`, `*`, `#`, `A`-`D`
    pub key: u8,
    /// First sample, on the clock of the detector.
    pub start: i64,
    /// Length in samples, to the block.
    pub length: i64,
}

/// A block that shows two tones.
#[derive(Clone, Copy, Debug)]
struct Hit {
    row: usize,
    column: usize,
    phases: [f64; 2],
    powers: [f64; 2],
    /// Of the whole block.
    power: f64,
}

/// Finds digits in sound of 8 kHz.
#[derive(Clone, Debug)]
pub(super) struct Detector {
    filter: Filter<8, BLOCK>,
    /// Of the block before.
    before: Option<Hit>,
    /// Digit in the making, and blocks without it since.
    digit: Option<(Digit, u8)>,
}

impl Detector {
    pub fn new() -> Self {
        let [a, b, c, d] = ROWS;
        let [e, f, g, h] = COLUMNS;
        Self { filter: Filter::new([a, b, c, d, e, f, g, h]), before: None, digit: None }
    }

    /// Sound that follows on what came before; digits that end in it go to `sink`.
    pub fn sound(&mut self, samples: impl Iterator<Item = i16>, mut sink: impl FnMut(Digit)) {
        for sample in samples {
            if let Some(block) = self.filter.sample(sample) {
                self.block(&block, &mut sink);
            }
        }
    }

    /// `samples` are missing. A short gap is bridged: what was lost in the middle of a digit does not make it two.
    pub fn gap(&mut self, samples: i64, mut sink: impl FnMut(Digit)) {
        const BRIDGED: i64 = 480;
        self.filter.skip(samples);
        self.before = None;
        if samples > BRIDGED {
            self.end(&mut sink);
        }
    }

    /// Nothing follows.
    pub fn end(&mut self, sink: &mut impl FnMut(Digit)) {
        if let Some((digit, _)) = self.digit.take() {
            sink(digit);
        }
        self.before = None;
    }

    fn block(&mut self, block: &Block<8>, sink: &mut impl FnMut(Digit)) {
        let hit = hit(&block.found, block.power);
        let before = std::mem::replace(&mut self.before, hit);
        let is_steady = hit.zip(before).is_some_and(|(hit, before)| is_one_tone(&before, &hit));
        let key = hit.map(|hit| KEYS[4 * hit.row + hit.column]);
        match (&mut self.digit, key) {
            (Some((digit, misses)), Some(key))
                if digit.key == key && (is_steady || *misses > 0 || before.is_none()) =>
            {
                digit.length = block.end - digit.start;
                *misses = 0;
            }
            (None, Some(key)) if is_steady => self.begin(key, block.end),
            (Some(_), Some(key)) if is_steady => {
                self.end(sink);
                self.before = hit;
                self.begin(key, block.end);
            }
            (Some((_, misses)), _) => {
                *misses += 1;
                if *misses >= MISSES {
                    self.end(sink);
                    self.before = hit;
                }
            }
            (None, _) => {}
        }
    }

    fn begin(&mut self, key: u8, end: i64) {
        let length = 2 * BLOCK as i64;
        self.digit = Some((Digit { key, start: end - length, length }, 0));
    }
}

fn hit(found: &[Found; 8], power: f64) -> Option<Hit> {
    let (rows, columns) = found.split_at(4);
    let (row, column) = (strongest(rows)?, strongest(columns)?);
    let (low, high) = (rows[row].power, columns[column].power);
    let fits = low >= FAINTEST
        && high >= FAINTEST
        && low <= high * TWIST
        && high <= low * REVERSE_TWIST
        && low + high >= PURITY * power;
    fits.then_some(Hit {
        row,
        column,
        phases: [rows[row].phase, columns[column].phase],
        powers: [low, high],
        power,
    })
}

/// The tone of a group that stands out from the others.
fn strongest(group: &[Found]) -> Option<usize> {
    let best = (0..group.len()).max_by(|&a, &b| group[a].power.total_cmp(&group[b].power))?;
    let others = group.iter().enumerate().filter(|(n, _)| *n != best);
    others.into_iter().all(|(_, other)| other.power * STANDS_OUT <= group[best].power).then_some(best)
}

/// The same two tones in neighbouring blocks, near their frequencies, and little else.
fn is_one_tone(before: &Hit, hit: &Hit) -> bool {
    if (before.row, before.column) != (hit.row, hit.column) {
        return false;
    }
    let mut held = 0.0;
    for (n, frequency) in [ROWS[hit.row], COLUMNS[hit.column]].into_iter().enumerate() {
        let offset = offset_hz(frequency, before.phases[n], hit.phases[n], BLOCK);
        if offset.abs() > (frequency * MAX_OFFSET).min(MAX_OFFSET_HZ) {
            return false;
        }
        held += hit.powers[n] / share_seen(offset, BLOCK);
    }
    held >= TRUE_PURITY * hit.power
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// Two tones: frequency and amplitude each, ms.
    fn tones(pair: [(f64, f64); 2], ms: usize) -> Vec<i16> {
        let sample = |n: usize| {
            let t = n as f64 / 8_000.0;
            pair.iter().map(|(hz, amplitude)| amplitude * (TAU * hz * t).sin()).sum::<f64>() as i16
        };
        (0..ms * 8).map(sample).collect()
    }

    fn digits(parts: &[Vec<i16>]) -> String {
        // At every phase of the block: nothing may depend on where a digit begins.
        let all: Vec<String> = (0..BLOCK)
            .step_by(17)
            .map(|shift| {
                let mut detector = Detector::new();
                let mut found = String::new();
                let sound = std::iter::repeat_n(0, shift).chain(parts.concat()).chain([0; 800]);
                detector.sound(sound, |digit| found.push(char::from(digit.key)));
                detector.end(&mut |digit| found.push(char::from(digit.key)));
                found
            })
            .collect();
        assert!(all.iter().all(|found| *found == all[0]), "{all:?}");
        all[0].clone()
    }

    fn key(row: usize, column: usize, ms: usize) -> Vec<i16> {
        tones([(ROWS[row], 4_000.0), (COLUMNS[column], 4_000.0)], ms)
    }

    fn pause(ms: usize) -> Vec<i16> {
        vec![0; ms * 8]
    }

    #[test]
    fn every_digit_at_the_shortest_that_q24_asks_for() {
        let mut parts = Vec::new();
        for n in 0..16 {
            parts.extend([key(n / 4, n % 4, 40), pause(40)]);
        }
        assert_eq!(digits(&parts), "123A456B789C*0#D");
    }

    #[test]
    fn the_same_key_twice_is_two_digits_and_an_interruption_is_none() {
        assert_eq!(digits(&[key(1, 1, 45), pause(40), key(1, 1, 45)]), "55");
        assert_eq!(digits(&[key(1, 1, 60), pause(10), key(1, 1, 60)]), "5");
    }

    #[test]
    fn too_short_too_faint_and_beside_the_frequency_are_no_digits() {
        assert_eq!(digits(&[key(0, 0, 20)]), "");
        assert_eq!(digits(&[tones([(697.0, 40.0), (1209.0, 40.0)], 100)]), "");
        for beside in [0.965, 1.035] {
            assert_eq!(digits(&[tones([(697.0 * beside, 4e3), (1209.0, 4e3)], 100)]), "", "{beside}");
            assert_eq!(digits(&[tones([(941.0, 4e3), (1633.0 * beside, 4e3)], 100)]), "", "{beside}");
        }
        for beside in [0.985, 1.015] {
            assert_eq!(
                digits(&[tones([(697.0 * beside, 4e3), (1209.0 * beside, 4e3)], 100)]),
                "1",
                "{beside}"
            );
            assert_eq!(
                digits(&[tones([(941.0 * beside, 4e3), (1633.0 * beside, 4e3)], 100)]),
                "D",
                "{beside}"
            );
        }
    }

    #[test]
    fn levels_and_twist() {
        let pair = |low: f64, high: f64| vec![tones([(770.0, low), (1336.0, high)], 60)];
        // -25 dBm0 is amplitude 1279 on the scale of 16 bits.
        assert_eq!(digits(&pair(1_279.0, 1_279.0)), "5");
        assert_eq!(digits(&pair(14_000.0, 14_000.0)), "5");
        let db = |db: f64| 4_000.0 * 10f64.powf(db / 20.0);
        assert_eq!(digits(&pair(db(7.5), 4_000.0)), "5");
        assert_eq!(digits(&pair(4_000.0, db(3.5))), "5");
        assert_eq!(digits(&pair(db(10.0), 4_000.0)), "");
        assert_eq!(digits(&pair(4_000.0, db(6.0))), "");
    }

    #[test]
    fn one_tone_noise_and_a_third_tone_are_no_digits() {
        assert_eq!(digits(&[tones([(770.0, 8_000.0), (770.0, 1.0)], 200)]), "");
        let mut state = 1u32;
        let noise = (0..16_000).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) as i16) / 4
        });
        assert_eq!(digits(&[noise.collect()]), "");
        let mut three = key(1, 1, 200);
        for (sample, third) in three.iter_mut().zip(tones([(1_000.0, 3_000.0), (0.0, 0.0)], 200)) {
            *sample += third;
        }
        assert_eq!(digits(&[three]), "");
    }

    #[test]
    fn a_lost_packet_inside_a_digit_does_not_make_it_two() {
        let sound = key(2, 2, 120);
        let mut detector = Detector::new();
        let mut found = Vec::new();
        detector.sound(sound[..400].iter().copied(), |digit| found.push(digit));
        detector.gap(160, |digit| found.push(digit));
        detector.sound(sound[560..].iter().copied().chain([0; 800]), |digit| found.push(digit));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].key, b'9');
        assert!((600..1_000).contains(&found[0].length), "{found:?}");
    }
}
