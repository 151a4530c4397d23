//! Options of pcapng blocks and the time scale of an interface.
//!
//! pcap-file's own block parsers are not used for reading: one option that is not UTF-8, a resolution finer
//! than a nanosecond or a reserved field that is not zero makes them refuse the whole interface and
//! with it every packet of it, where Wireshark reads on.

use airtone_engine::Nanos;

use crate::bytes::{Endianness, u16_at};

/// Options as (code, value), up to the end mark, the end of the block or the first that does not fit.
pub(crate) struct Options<'a> {
    bytes: &'a [u8],
    order: Endianness,
}

impl<'a> Options<'a> {
    pub(crate) fn new(bytes: &'a [u8], order: Endianness) -> Self {
        Self { bytes, order }
    }

    /// The first value of an option.
    pub(crate) fn value(mut self, code: u16) -> Option<&'a [u8]> {
        self.find(|(found, _)| *found == code).map(|(_, value)| value)
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let code = u16_at(self.bytes, 0, self.order)?;
        let length = usize::from(u16_at(self.bytes, 2, self.order)?);
        let value = self.bytes.get(4..4 + length)?;
        if code == 0 {
            self.bytes = &[];
            return None;
        }
        self.bytes = self.bytes.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    }
}

/// How the ticks of an interface become nanoseconds (`if_tsresol`, `if_tsoffset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    unit: Unit,
    /// Added to every time.
    offset: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// Nanoseconds per tick.
    Times(u64),
    /// Ticks per nanosecond.
    Per(u64),
    /// 2^-n seconds per tick.
    Binary(u8),
}

impl Scale {
    /// From the option values: resolution (default: microseconds) and offset in seconds.
    pub(crate) fn new(resolution: Option<u8>, offset_s: i64) -> Self {
        let resolution = resolution.unwrap_or(6);
        let exponent = u32::from(resolution & 0x7f);
        let unit = match exponent {
            _ if resolution & 0x80 != 0 => Unit::Binary(resolution & 0x7f),
            0..=9 => Unit::Times(10_u64.pow(9 - exponent)),
            // Beyond 10^-28 s a 64-bit count stays below a nanosecond.
            _ => Unit::Per(10_u64.checked_pow(exponent - 9).unwrap_or(u64::MAX)),
        };
        Self { unit, offset: offset_s.saturating_mul(Nanos::SECOND) }
    }

    /// The time of a tick count, at the ends of the representable years (1677, 2262) when it lies beyond.
    #[inline]
    pub(crate) fn time(self, high: u32, low: u32) -> Nanos {
        let ticks = (u64::from(high) << 32) | u64::from(low);
        if let Unit::Times(factor) = self.unit
            && let Some(nanos) = ticks.checked_mul(factor).and_then(|nanos| i64::try_from(nanos).ok())
            && let Some(at) = nanos.checked_add(self.offset)
        {
            return Nanos(at);
        }
        self.wide(ticks)
    }

    /// The same for every scale, without overflow.
    fn wide(self, ticks: u64) -> Nanos {
        let nanos = match self.unit {
            Unit::Times(factor) => u128::from(ticks) * u128::from(factor),
            Unit::Per(divisor) => u128::from(ticks / divisor),
            Unit::Binary(shift) => (u128::from(ticks) * 1_000_000_000) >> shift,
        };
        let total = i128::try_from(nanos).unwrap_or(i128::MAX).saturating_add(i128::from(self.offset));
        let limit = if total < 0 { i64::MIN } else { i64::MAX };
        Nanos(i64::try_from(total).unwrap_or(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(ticks: u64) -> (u32, u32) {
        ((ticks >> 32) as u32, ticks as u32)
    }

    #[test]
    fn ticks_of_every_resolution() {
        let time = |resolution, offset, ticks| {
            let (high, low) = split(ticks);
            Scale::new(resolution, offset).time(high, low).0
        };
        assert_eq!(time(None, 0, 1_700_000_000_123_456), 1_700_000_000_123_456_000);
        assert_eq!(time(Some(9), 0, 1_700_000_000_123_456_789), 1_700_000_000_123_456_789);
        assert_eq!(time(Some(0), 0, 1_700_000_000), 1_700_000_000_000_000_000);
        assert_eq!(time(Some(12), 0, 1_999), 1);
        assert_eq!(time(Some(0x80 | 10), 0, 1_024 + 512), 1_500_000_000);
        assert_eq!(time(Some(0x80 | 32), 0, (5 << 32) | (1 << 31)), 5_500_000_000);
        assert_eq!(time(Some(6), 1_700_000_000, 5), 1_700_000_000_000_005_000);
        assert_eq!(time(Some(6), -2, 1_000_000), -1_000_000_000);
    }

    #[test]
    fn no_tick_count_overflows() {
        for resolution in 0..=255 {
            for offset in [i64::MIN, -1, 0, 1, i64::MAX] {
                for ticks in [0, 1, u64::MAX] {
                    let (high, low) = split(ticks);
                    let _ = Scale::new(Some(resolution), offset).time(high, low);
                }
            }
        }
        assert_eq!(Scale::new(Some(0), 0).time(u32::MAX, u32::MAX), Nanos(i64::MAX));
    }

    #[test]
    fn options_end_at_the_first_that_does_not_fit() {
        let bytes = [0, 1, 0, 2, b'h', b'i', 0, 0, 0, 9, 0, 1, 6, 0, 0, 0, 0, 2, 0, 99, 1];
        let found: Vec<_> = Options::new(&bytes, Endianness::Big).collect();
        assert_eq!(found, [(1, &b"hi"[..]), (9, &[6][..])]);
        assert_eq!(Options::new(&bytes, Endianness::Big).value(9), Some(&[6][..]));
        assert_eq!(Options::new(&bytes, Endianness::Big).value(2), None);
    }
}
