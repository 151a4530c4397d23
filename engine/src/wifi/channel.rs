//! Channels, centre frequencies and bands of 802.11 (IEEE 802.11-2020 annex E, clause 27 for 6 GHz).

/// A band; channel numbers mean something only within one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Band {
    /// Neither frequency nor channel is known.
    #[default]
    Unknown,
    /// 2.4 GHz, channels 1 to 14.
    Ghz2,
    /// 5 GHz (and 4.9 GHz), channels 7 to 196.
    Ghz5,
    /// 6 GHz, channels 1 to 233.
    Ghz6,
    /// 60 GHz, channels 1 to 4 (those whose frequency fits in 16 bits).
    Ghz60,
}

impl Band {
    /// Number of bands, for tables indexed by [`Band::slot`].
    pub(super) const COUNT: usize = 5;

    /// Index of the band in a table.
    pub(super) fn slot(self) -> usize {
        self as usize
    }
}

/// Band and channel number of a centre frequency in MHz; `None` outside of the channel grid.
#[must_use]
pub fn channel_of(mhz: u16) -> Option<(Band, u8)> {
    let (band, number) = match mhz {
        2484 => (Band::Ghz2, 14),
        2412..=2472 => (Band::Ghz2, on_grid(mhz, 2407)?),
        4910..=4980 => (Band::Ghz5, on_grid(mhz, 4000)?),
        5035..=5920 => (Band::Ghz5, on_grid(mhz, 5000)?),
        5935 => (Band::Ghz6, 2),
        5955..=7115 => (Band::Ghz6, on_grid(mhz, 5950)?),
        58_320..=64_800 => {
            let from = mhz - 56_160;
            (Band::Ghz60, from.is_multiple_of(2_160).then_some(from / 2_160)?)
        }
        _ => return None,
    };
    Some((band, u8::try_from(number).ok()?))
}

fn on_grid(mhz: u16, base: u16) -> Option<u16> {
    let from = mhz - base;
    from.is_multiple_of(5).then_some(from / 5)
}

/// Centre frequency in MHz of a channel; `None` when the band has no such channel.
#[must_use]
pub fn frequency_of(band: Band, channel: u8) -> Option<u16> {
    let number = u16::from(channel);
    match (band, channel) {
        (Band::Ghz2, 14) => Some(2484),
        (Band::Ghz2, 1..=13) => Some(2407 + 5 * number),
        (Band::Ghz5, 182..=196) => Some(4000 + 5 * number),
        (Band::Ghz5, 7..=181) => Some(5000 + 5 * number),
        (Band::Ghz6, 2) => Some(5935),
        (Band::Ghz6, 1..=233) => Some(5950 + 5 * number),
        (Band::Ghz60, 1..=4) => Some(56_160 + 2_160 * number),
        _ => None,
    }
}

/// Band of a channel number that comes without a frequency. 6 GHz numbers cannot be told from the others,
/// so the older bands win.
#[must_use]
pub fn band_guess(channel: u8) -> Band {
    match channel {
        1..=14 => Band::Ghz2,
        32..=196 => Band::Ghz5,
        _ => Band::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_band_maps_both_ways() {
        let known = [
            (Band::Ghz2, 1, 2412),
            (Band::Ghz2, 13, 2472),
            (Band::Ghz2, 14, 2484),
            (Band::Ghz5, 36, 5180),
            (Band::Ghz5, 165, 5825),
            (Band::Ghz5, 177, 5885),
            (Band::Ghz5, 184, 4920),
            (Band::Ghz6, 1, 5955),
            (Band::Ghz6, 2, 5935),
            (Band::Ghz6, 233, 7115),
            (Band::Ghz60, 1, 58_320),
        ];
        for (band, channel, mhz) in known {
            assert_eq!(frequency_of(band, channel), Some(mhz), "{band:?} {channel}");
            assert_eq!(channel_of(mhz), Some((band, channel)), "{mhz}");
        }
    }

    #[test]
    fn what_is_off_the_grid_has_no_channel() {
        for mhz in [0, 2411, 2413, 2485, 5181, 5930, 5956, 7120, 65_535] {
            assert_eq!(channel_of(mhz), None, "{mhz}");
        }
        assert_eq!(frequency_of(Band::Ghz2, 15), None);
        assert_eq!(frequency_of(Band::Unknown, 1), None);
    }
}
