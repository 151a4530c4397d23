//! Channels: numbers, bands, widths, and where the centre of a wide channel lies.

use airtone_engine::wifi::channel::{Band, channel_of, frequency_of};

/// Width of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Width {
    /// 20 MHz.
    #[default]
    Mhz20,
    /// 40 MHz.
    Mhz40,
    /// 80 MHz.
    Mhz80,
    /// 160 MHz.
    Mhz160,
    /// 320 MHz.
    Mhz320,
}

impl Width {
    /// All, the narrowest first.
    pub const ALL: [Self; 5] = [Self::Mhz20, Self::Mhz40, Self::Mhz80, Self::Mhz160, Self::Mhz320];

    /// In MHz.
    #[must_use]
    pub fn mhz(self) -> u32 {
        match self {
            Self::Mhz20 => 20,
            Self::Mhz40 => 40,
            Self::Mhz80 => 80,
            Self::Mhz160 => 160,
            Self::Mhz320 => 320,
        }
    }

    /// From MHz.
    #[must_use]
    pub fn of_mhz(mhz: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|width| width.mhz() == mhz)
    }

    /// `NL80211_CHAN_WIDTH_*`.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Mhz20 => 1,
            Self::Mhz40 => 2,
            Self::Mhz80 => 3,
            Self::Mhz160 => 5,
            Self::Mhz320 => 13,
        }
    }

    /// From `NL80211_CHAN_WIDTH_*`; narrower than 20 MHz and 80+80 count as what a radio makes of them.
    pub(crate) fn of_number(number: u32) -> Self {
        match number {
            2 => Self::Mhz40,
            3 | 4 => Self::Mhz80,
            5 => Self::Mhz160,
            13 => Self::Mhz320,
            _ => Self::Mhz20,
        }
    }
}

/// Where a radio listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tuning {
    /// Centre of the primary channel, MHz.
    pub mhz: u32,
    /// Width.
    pub width: Width,
    /// Centre of the whole channel, MHz.
    pub centre: u32,
}

impl Tuning {
    /// The 20 MHz channel at a frequency.
    #[must_use]
    pub fn narrow(mhz: u32) -> Self {
        Self { mhz, width: Width::Mhz20, centre: mhz }
    }

    /// A channel of `width` with its primary at `mhz`; `None` where the band has none (IEEE 802.11-2020 Annex E,
    /// 802.11be for 320 MHz). `above`: of the two 40 MHz channels at 2.4 GHz, the one whose secondary is above.
    #[must_use]
    pub fn wide(mhz: u32, width: Width, above: bool) -> Option<Self> {
        let (band, number) = channel_of(u16::try_from(mhz).ok()?)?;
        let centre = match (band, width) {
            (_, Width::Mhz20) => mhz,
            (Band::Ghz2, Width::Mhz40) if number == 14 => return None,
            (Band::Ghz2, Width::Mhz40) if above => (number <= 9).then_some(mhz + 10)?,
            (Band::Ghz2, Width::Mhz40) => (number >= 5).then_some(mhz - 10)?,
            (Band::Ghz5, width) if width <= Width::Mhz160 => centre_5(number, width)?,
            (Band::Ghz6, width) => {
                // Number 2 (5935 MHz) stands alone; the others are blocks from channel 1 on.
                let from_first = u32::from(number).checked_sub(1).filter(|_| mhz >= 5955)?;
                let block = from_first * 5 / width.mhz();
                let centre = 5945 + block * width.mhz() + width.mhz() / 2;
                (centre + width.mhz() / 2 <= 7125).then_some(centre)?
            }
            _ => return None,
        };
        Some(Self { mhz, width, centre })
    }

    /// E.g. `36 (5180 MHz, 80 MHz wide)`.
    #[must_use]
    pub fn name(&self) -> String {
        let wide = if self.width == Width::Mhz20 {
            String::new()
        } else {
            format!(", {} MHz wide", self.width.mhz())
        };
        format!("{} ({} MHz{wide})", label(self.mhz), self.mhz)
    }
}

/// Blocks of a width at 5 GHz: channels 36 to 64, 100 to 144, 149 to 177.
fn centre_5(number: u8, width: Width) -> Option<u32> {
    let first = match number {
        36..=64 => 36,
        100..=144 => 100,
        149..=177 => 149,
        _ => return None,
    };
    let last = [(36, 64), (100, 144), (149, 177)].into_iter().find(|(from, _)| *from == first)?.1;
    let low_edge = 5000 + 5 * first - 10;
    let block = (5 * (u32::from(number) - first)) / width.mhz();
    let centre = low_edge + block * width.mhz() + width.mhz() / 2;
    (centre + width.mhz() / 2 <= 5000 + 5 * last + 10).then_some(centre)
}

/// Number of the channel as people write it: `6`, `36`, and `6g5` for channel 5 at 6 GHz.
#[must_use]
pub fn label(mhz: u32) -> String {
    match u16::try_from(mhz).ok().and_then(channel_of) {
        Some((Band::Ghz6, number)) => format!("6g{number}"),
        Some((_, number)) => number.to_string(),
        None => format!("{mhz} MHz"),
    }
}

/// A channel as written: `6`, `36`, `6g5`, or a frequency in MHz.
#[must_use]
pub fn frequency(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Some(number) = text.strip_prefix("6g").or_else(|| text.strip_prefix("6G")) {
        return frequency_of(Band::Ghz6, number.parse().ok()?).map(u32::from);
    }
    let number: u32 = text.parse().ok()?;
    match number {
        1..=14 => frequency_of(Band::Ghz2, number as u8).map(u32::from),
        15..=196 => frequency_of(Band::Ghz5, number as u8).map(u32::from),
        2_000..=7_125 => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_as_people_write_them() {
        let written = ["6", "14", "36", "177", "6g5", "6G233", " 5180 ", "2412"].map(frequency);
        assert_eq!(written, [2437, 2484, 5180, 5885, 5975, 7115, 5180, 2412].map(Some));
        assert_eq!(["", "0", "6g0", "6g", "200", "x", "7200", "-6"].map(frequency), [None; 8]);
        assert_eq!([2437, 5180, 5975, 1].map(label), ["6", "36", "6g5", "1 MHz"]);
    }

    #[test]
    fn centres_of_wide_channels() {
        let centre = |mhz, width, above| Tuning::wide(mhz, width, above).map(|tuning| tuning.centre);
        assert_eq!((centre(2412, Width::Mhz40, true), centre(2412, Width::Mhz40, false)), (Some(2422), None));
        assert_eq!((centre(2462, Width::Mhz40, true), centre(2462, Width::Mhz40, false)), (None, Some(2452)));
        assert_eq!(centre(2437, Width::Mhz80, true), None);
        let five = [(5200, Width::Mhz40), (5240, Width::Mhz80), (5320, Width::Mhz160), (5580, Width::Mhz80)];
        assert_eq!(five.map(|(mhz, width)| centre(mhz, width, true)), [5190, 5210, 5250, 5610].map(Some));
        assert_eq!(centre(5720, Width::Mhz160, true), None, "no block of 160 MHz there");
        let six = [(5955, Width::Mhz320), (6435, Width::Mhz160), (5935, Width::Mhz40), (7115, Width::Mhz40)];
        assert_eq!(six.map(|(mhz, width)| centre(mhz, width, true)), [Some(6105), Some(6505), None, None]);
    }
}
