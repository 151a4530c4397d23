//! What a radio can do, put together from the parts in which the kernel tells it.

use super::{MONITOR, attr};
use crate::wifi::channels::{Tuning, Width};
use crate::wifi::netlink::{attributes, find};

/// A channel of a radio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Channel {
    /// Centre, MHz.
    pub mhz: u32,
    pub disabled: bool,
    /// Transmitting first is not allowed here; listening is.
    pub no_ir: bool,
    /// Shared with radar.
    pub radar: bool,
    no_40_below: bool,
    no_40_above: bool,
    no_80: bool,
    no_160: bool,
    no_320: bool,
}

/// What a band's hardware can do, as far as widths go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Band {
    ht40: bool,
    vht: bool,
    vht160: bool,
    /// HE PHY capabilities, first byte: 40 MHz at 2.4 GHz, 40 and 80, 160.
    he: u8,
    eht320: bool,
}

/// A radio as its driver describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Radio {
    pub monitors: bool,
    channels: Vec<(Channel, u16)>,
    bands: Vec<(u16, Band)>,
}

impl Radio {
    pub(crate) fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels.iter().map(|(channel, _)| channel)
    }

    pub(crate) fn channel(&self, mhz: u32) -> Option<&Channel> {
        self.channels().find(|channel| channel.mhz == mhz)
    }

    /// The widest that hardware and regulation allow at a channel.
    pub(crate) fn offers(&self, mhz: u32, width: Width) -> Option<Tuning> {
        let (channel, number) = self.channels.iter().find(|(channel, _)| channel.mhz == mhz)?;
        let band = self.bands.iter().find(|(known, _)| known == number)?.1;
        let six = *number == 3;
        let able = match width {
            Width::Mhz20 => true,
            Width::Mhz40 => {
                !(channel.no_40_above && channel.no_40_below) && (band.ht40 || band.he & 0x06 != 0)
            }
            Width::Mhz80 => !channel.no_80 && (band.vht || (band.he & 0x04 != 0 && *number != 0)),
            Width::Mhz160 => !channel.no_160 && (band.vht160 || (band.he & 0x08 != 0 && *number != 0)),
            Width::Mhz320 => !channel.no_320 && band.eht320 && six,
        };
        if !able {
            return None;
        }
        let above = Tuning::wide(mhz, width, true).filter(|_| !channel.no_40_above || width != Width::Mhz40);
        above.or_else(|| Tuning::wide(mhz, width, false))
    }

    /// Takes one message of the dump in.
    pub(super) fn merge(&mut self, message: &[u8]) {
        if let Some(types) = find(message, attr::SUPPORTED_IFTYPES) {
            self.monitors |= types.nested().any(|kind| u32::from(kind.kind) == MONITOR);
        }
        let Some(bands) = find(message, attr::WIPHY_BANDS) else { return };
        for band in bands.nested() {
            let place = self.bands.iter().position(|(number, _)| *number == band.kind).unwrap_or_else(|| {
                self.bands.push((band.kind, Band::default()));
                self.bands.len() - 1
            });
            for part in band.nested() {
                match part.kind {
                    1 => self.channels.extend(
                        part.nested()
                            .filter_map(|entry| channel(entry.value))
                            .map(|channel| (channel, band.kind)),
                    ),
                    kind => self.bands[place].1.learn(kind, part.value),
                }
            }
        }
    }
}

impl Band {
    fn learn(&mut self, kind: u16, value: &[u8]) {
        let number = |at: usize| {
            value.get(at..).and_then(|rest| rest.first_chunk()).map(|bytes| u32::from_le_bytes(*bytes))
        };
        match kind {
            4 => self.ht40 |= value.first().is_some_and(|low| low & 0x02 != 0),
            8 => {
                self.vht = true;
                self.vht160 |= number(0).is_some_and(|capabilities| capabilities & 0x0c != 0);
            }
            9 => attributes(value).flat_map(|entry| entry.nested()).for_each(|part| match part.kind {
                3 => self.he |= part.value.first().copied().unwrap_or(0),
                // IEEE 802.11be: bit 1 of the first byte, 320 MHz at 6 GHz.
                9 => self.eht320 |= part.value.first().is_some_and(|first| first & 0x02 != 0),
                _ => {}
            }),
            _ => {}
        }
    }
}

/// A frequency of a band.
fn channel(entry: &[u8]) -> Option<Channel> {
    let mut channel = Channel::default();
    for part in attributes(entry) {
        match part.kind {
            1 => channel.mhz = part.u32()?,
            2 => channel.disabled = true,
            3 => channel.no_ir = true,
            5 => channel.radar = true,
            9 => channel.no_40_below = true,
            10 => channel.no_40_above = true,
            11 => channel.no_80 = true,
            12 => channel.no_160 = true,
            26 => channel.no_320 = true,
            _ => {}
        }
    }
    (channel.mhz > 0).then_some(channel)
}
