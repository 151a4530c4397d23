//! Tones that networks and fax machines send: ringback and busy (ITU-T E.180 supplement 2: 425 Hz in most of the
//! world, 440+480 and 480+620 Hz in North America, 400+450 Hz where Britain laid the lines), CNG and CED (T.30).

use super::block::{Block, Filter};
use super::goertzel::Found;

/// Samples of a block: 50 ms, for a resolution of 20 Hz.
const BLOCK: usize = 400;

const FREQUENCIES: [f64; 8] = [400.0, 425.0, 440.0, 450.0, 480.0, 620.0, 1100.0, 2100.0];

/// Faintest tone: amplitude 120 of 32768, about -46 dBm0.
const FAINTEST: f64 = 120.0 * 120.0;
/// Share of the power that the tone or tones hold.
const PURITY: f64 = 0.85;
/// Two tones differ by no more than this in power: 6 dB.
const TWIST: f64 = 4.0;
/// Blocks of something else that a tone outlasts.
const MISSES: u8 = 1;

/// The sounds told apart, by what they consist of: places in `FREQUENCIES`, the last ones for single tones equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pitch {
    /// 425 Hz
    Europe,
    /// 440+480 Hz
    RingAmerica,
    /// 480+620 Hz
    BusyAmerica,
    /// 400+450 Hz
    Britain,
    /// 1100 Hz
    Calling,
    /// 2100 Hz
    Answer,
}

const PITCHES: [(Pitch, usize, usize); 6] = [
    (Pitch::RingAmerica, 2, 4),
    (Pitch::BusyAmerica, 4, 5),
    (Pitch::Britain, 0, 3),
    (Pitch::Europe, 1, 1),
    (Pitch::Calling, 6, 6),
    (Pitch::Answer, 7, 7),
];

/// One burst of a tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Burst {
    pub pitch: Pitch,
    /// First sample.
    pub start: i64,
    /// Samples, to the block.
    pub length: i64,
}

/// Finds bursts of tones in sound of 8 kHz.
#[derive(Clone, Debug)]
pub(super) struct Detector {
    filter: Filter<8, BLOCK>,
    burst: Option<(Burst, u8)>,
}

impl Detector {
    pub fn new() -> Self {
        Self { filter: Filter::new(FREQUENCIES), burst: None }
    }

    pub fn sound(&mut self, samples: impl Iterator<Item = i16>, mut sink: impl FnMut(Burst)) {
        for sample in samples {
            if let Some(block) = self.filter.sample(sample) {
                self.block(&block, &mut sink);
            }
        }
    }

    pub fn gap(&mut self, samples: i64, mut sink: impl FnMut(Burst)) {
        self.filter.skip(samples);
        if samples > BLOCK as i64 {
            self.end(&mut sink);
        }
    }

    pub fn end(&mut self, sink: &mut impl FnMut(Burst)) {
        if let Some((burst, _)) = self.burst.take() {
            sink(burst);
        }
    }

    fn block(&mut self, block: &Block<8>, sink: &mut impl FnMut(Burst)) {
        let pitch = pitch(&block.found, block.power);
        match (&mut self.burst, pitch) {
            (Some((burst, misses)), Some(pitch)) if burst.pitch == pitch => {
                burst.length = block.end - burst.start;
                *misses = 0;
            }
            (Some((_, misses)), None) if *misses < MISSES => *misses += 1,
            (_, pitch) => {
                self.end(sink);
                let (length, start) = (BLOCK as i64, block.end - BLOCK as i64);
                self.burst = pitch.map(|pitch| (Burst { pitch, start, length }, 0));
            }
        }
    }
}

fn pitch(found: &[Found; 8], power: f64) -> Option<Pitch> {
    let fits = |&(_, one, two): &(Pitch, usize, usize)| {
        let (a, b) = (found[one].power, found[two].power);
        let both = if one == two { a } else { a + b };
        let range = PURITY * power..=1.3 * power;
        a.min(b) >= FAINTEST && a <= b * TWIST && b <= a * TWIST && range.contains(&both)
    };
    PITCHES.iter().find(|pitch| fits(pitch)).map(|pitch| pitch.0)
}
