//! Tracks side by side on one clock, and the WAV file of them.

use std::io::{self, Seek, Write};

use crate::resample::resample;
use crate::run::Track;

/// What is heard on one channel.
#[derive(Clone, Debug)]
pub struct Channel<'a> {
    /// For people: `caller to callee`.
    pub name: String,
    /// Streams in it; where two sound at once, both are heard.
    pub tracks: Vec<&'a Track>,
}

/// Sound of one or two channels, equally long.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixed {
    /// Capture time of the first sample, ns since 1970.
    pub at: i64,
    /// Samples per second.
    pub rate: u32,
    /// Samples by channel.
    pub channels: Vec<Vec<i16>>,
}

/// Samples of all channels together, 2 GiB: 18 hours of a call in G.711. Clocks of damaged captures may be years
/// apart.
const MOST_SAMPLES: i128 = 1 << 30;

/// Lays the channels on one clock, at the highest rate among them.
///
/// # Errors
/// A sentence, when there is no sound or more of it than memory should hold.
pub fn mix(channels: &[Channel<'_>]) -> Result<Mixed, String> {
    let runs = || channels.iter().flat_map(|channel| &channel.tracks).flat_map(|track| &track.runs);
    let rate = runs().map(|run| run.rate).max().ok_or("there is no sound")?;
    let at = runs().map(|run| run.at).min().unwrap_or(0);
    let end = runs().map(crate::run::Run::end).max().unwrap_or(0);
    let samples = i128::from(end.saturating_sub(at)) * i128::from(rate) / 1_000_000_000;
    if samples * channels.len().max(1) as i128 > MOST_SAMPLES {
        let hours = (end.saturating_sub(at)) as f64 / 3.6e12;
        return Err(format!(
            "the sound would last for {hours:.1} h, which is too much at once; cut the capture with editcap -A and -B, \
             or take one stream with --ssrc"
        ));
    }
    let place = |time: i64| {
        let samples = i128::from(time - at) * i128::from(rate) + 500_000_000;
        (samples / 1_000_000_000) as usize
    };
    let mut length = 0;
    let mut sounds = Vec::with_capacity(channels.len());
    for channel in channels {
        let mut sound: Vec<i16> = Vec::new();
        for run in channel.tracks.iter().flat_map(|track| &track.runs) {
            let (from, samples) = (place(run.at), resample(&run.samples, run.rate, rate));
            if sound.len() < from + samples.len() {
                sound.resize(from + samples.len(), 0);
            }
            for (to, sample) in sound[from..].iter_mut().zip(samples) {
                *to = to.saturating_add(sample);
            }
        }
        length = length.max(sound.len());
        sounds.push(sound);
    }
    sounds.iter_mut().for_each(|sound| sound.resize(length, 0));
    Ok(Mixed { at, rate, channels: sounds })
}

impl Mixed {
    /// Length, s.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.channels.first().map_or(0, Vec::len) as f64 / f64::from(self.rate.max(1))
    }

    /// The stretch from `from_s` to `to_s`, at no more than `rate` samples per second.
    #[must_use]
    pub fn part(&self, from_s: f64, to_s: f64, rate: u32) -> Self {
        let place = |seconds: f64| (seconds.max(0.0) * f64::from(self.rate)) as usize;
        let rate = rate.min(self.rate);
        let cut = |sound: &Vec<i16>| {
            let from = place(from_s).min(sound.len());
            resample(&sound[from..place(to_s).clamp(from, sound.len())], self.rate, rate)
        };
        let at = self.at.saturating_add((from_s.max(0.0) * 1e9) as i64);
        Self { at, rate, channels: self.channels.iter().map(cut).collect() }
    }

    /// The WAV file as bytes, for a page that carries its sound.
    ///
    /// # Errors
    /// As [`Self::write_wav`].
    pub fn wav(&self) -> io::Result<Vec<u8>> {
        let mut bytes = io::Cursor::new(Vec::new());
        self.write_wav(&mut bytes)?;
        Ok(bytes.into_inner())
    }

    /// Writes a WAV file of 16 bits per sample.
    ///
    /// # Errors
    /// When `out` does not take it, or the sound is longer than such a file can be (4 GiB).
    pub fn write_wav(&self, out: impl Write + Seek) -> io::Result<()> {
        let channels = u16::try_from(self.channels.len()).map_err(io::Error::other)?;
        let spec = hound::WavSpec {
            channels,
            sample_rate: self.rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let length = self.channels.first().map_or(0, Vec::len);
        if u32::try_from(length as u64 * u64::from(channels) * 2 + 44).is_err() {
            return Err(io::Error::other("a WAV file cannot be longer than 4 GiB"));
        }
        let mut wav = hound::WavWriter::new(out, spec).map_err(error)?;
        for n in 0..length {
            for channel in &self.channels {
                wav.write_sample(channel[n]).map_err(error)?;
            }
        }
        wav.finalize().map_err(error)
    }
}

fn error(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Run;

    fn track(at_ms: i64, rate: u32, samples: Vec<i16>) -> Track {
        Track { runs: vec![Run { at: at_ms * 1_000_000, rate, samples }], ..Track::default() }
    }

    #[test]
    fn channels_share_the_clock_of_the_capture() {
        let (a, b) = (track(1_000, 8_000, vec![7; 80]), track(1_005, 8_000, vec![9; 80]));
        let name = String::new();
        let channels =
            [Channel { name: name.clone(), tracks: vec![&a] }, Channel { name, tracks: vec![&b, &a] }];
        let mixed = mix(&channels).unwrap();
        assert_eq!((mixed.at, mixed.rate), (1_000_000_000, 8_000));
        assert_eq!(mixed.channels[0], [vec![7; 80], vec![0; 40]].concat());
        assert_eq!(mixed.channels[1], [vec![7; 40], vec![16; 40], vec![9; 40]].concat());
    }

    #[test]
    fn a_part_is_cut_and_slowed_down() {
        let mixed = Mixed { at: 7, rate: 16_000, channels: vec![vec![500; 32_000]; 2] };
        let part = mixed.part(0.5, 1.5, 8_000);
        assert_eq!((part.at, part.rate, part.channels[1].len()), (500_000_007, 8_000, 8_000));
        assert_eq!(mixed.part(1.0, 9.0, 48_000).channels[0].len(), 16_000);
        assert_eq!(mixed.part(5.0, 1.0, 8_000).seconds(), 0.0);
    }

    #[test]
    fn a_wav_is_read_as_it_was_written() {
        let mixed = Mixed { at: 0, rate: 8_000, channels: vec![vec![1, -2, 3], vec![-4, 5, -6]] };
        let wav = hound::WavReader::new(io::Cursor::new(mixed.wav().unwrap())).unwrap();
        assert_eq!((wav.spec().channels, wav.spec().sample_rate), (2, 8_000));
        assert_eq!(wav.into_samples::<i16>().map(Result::unwrap).collect::<Vec<_>>(), [1, -4, -2, 5, 3, -6]);
    }

    #[test]
    fn clocks_years_apart_are_refused() {
        let (a, b) = (track(0, 8_000, vec![1]), track(1 << 40, 8_000, vec![1]));
        assert!(mix(&[Channel { name: String::new(), tracks: vec![&a, &b] }]).is_err());
        assert!(mix(&[]).is_err());
    }
}
