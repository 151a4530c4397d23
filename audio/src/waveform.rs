//! Sound as a picture: highest and lowest sample per column, with what was made up marked.

use crate::mix::{Channel, Mixed};
use crate::run::{Mark, MarkKind};

/// One channel of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Wave {
    /// For people.
    pub name: String,
    /// Lowest and highest sample of each column.
    pub peaks: Vec<(i16, i16)>,
    /// What was made up, silent or an event: kind, first and last column, seconds from the start, length in s.
    pub marks: Vec<Strip>,
}

/// A mark in columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strip {
    /// Why.
    pub kind: MarkKind,
    /// Columns, from 0, not rounded.
    pub from: f64,
    /// See `from`.
    pub to: f64,
    /// Seconds from the start of the sound.
    pub at_s: f64,
    /// The mark itself.
    pub mark: Mark,
}

/// The channels of a sound in `columns` columns.
#[must_use]
pub fn waves(mixed: &Mixed, channels: &[Channel<'_>], columns: usize) -> Vec<Wave> {
    let length = mixed.channels.first().map_or(0, Vec::len).max(1);
    let columns = columns.max(1);
    let per_s = columns as f64 / (length as f64 / f64::from(mixed.rate.max(1)));
    let strip = |mark: &Mark| {
        let at_s = (mark.at - mixed.at) as f64 / 1e9;
        let to = (at_s + mark.length as f64 / 1e9) * per_s;
        Strip { kind: mark.kind, from: at_s * per_s, to, at_s, mark: *mark }
    };
    let wave = |(channel, sound): (&Channel<'_>, &Vec<i16>)| Wave {
        name: channel.name.clone(),
        peaks: peaks(sound, columns),
        marks: channel.tracks.iter().flat_map(|track| &track.marks).map(strip).collect(),
    };
    channels.iter().zip(&mixed.channels).map(wave).collect()
}

/// Lowest and highest sample of each of `columns` columns.
#[must_use]
pub fn peaks(sound: &[i16], columns: usize) -> Vec<(i16, i16)> {
    let place = |column: usize| (column as u64 * sound.len() as u64 / columns.max(1) as u64) as usize;
    let extremes = |column: usize| {
        let from = place(column).min(sound.len());
        let part = &sound[from..place(column + 1).max(from + 1).min(sound.len())];
        (part.iter().copied().min().unwrap_or(0), part.iter().copied().max().unwrap_or(0))
    };
    (0..columns).map(extremes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Run, Track};

    #[test]
    fn peaks_keep_the_extremes() {
        let mut sound = vec![0; 1_000];
        (sound[250], sound[999]) = (500, -700);
        assert_eq!(peaks(&sound, 4), [(0, 0), (0, 500), (0, 0), (-700, 0)]);
        assert_eq!(peaks(&[], 2), [(0, 0), (0, 0)]);
        assert_eq!(peaks(&[3], 3).len(), 3);
    }

    #[test]
    fn marks_stand_where_they_are_heard() {
        let mark = Mark {
            kind: MarkKind::Concealed,
            at: 500_000_000,
            length: 20_000_000,
            lost: 1,
            late: 0,
            sequence: 7,
        };
        let track = Track {
            runs: vec![Run { at: 0, rate: 8_000, samples: vec![100; 8_000] }],
            marks: vec![mark],
            ..Track::default()
        };
        let channels = [Channel { name: "<a>".to_owned(), tracks: vec![&track] }];
        let mixed = crate::mix(&channels).unwrap();
        let waves = waves(&mixed, &channels, 100);
        assert_eq!((waves[0].marks[0].from, waves[0].marks[0].to), (50.0, 52.0));
    }
}
