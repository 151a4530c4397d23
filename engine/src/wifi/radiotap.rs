//! The radiotap header: a chain of present bitmaps, then fields aligned relative to the header's start
//! (radiotap.org; field sizes as listed there).

use super::Radio;
use super::bytes::{array, le16, le32, le64};
use super::rate;

/// What radiotap tells beside [`Radio`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Header {
    pub radio: Radio,
    /// Length of the header.
    pub len: usize,
    /// The frame ends with an FCS.
    pub fcs_at_end: bool,
}

const FLAGS_FCS_AT_END: u8 = 0x10;
const FLAGS_BAD_FCS: u8 = 0x40;

/// Alignment and size of fields 0 to 27.
const FIELDS: [(usize, usize); 28] = [
    (8, 8),  // TSFT
    (1, 1),  // flags
    (1, 1),  // rate
    (2, 4),  // channel
    (2, 2),  // FHSS
    (1, 1),  // dBm signal
    (1, 1),  // dBm noise
    (2, 2),  // lock quality
    (2, 2),  // TX attenuation
    (2, 2),  // dB TX attenuation
    (1, 1),  // dBm TX power
    (1, 1),  // antenna
    (1, 1),  // dB signal
    (1, 1),  // dB noise
    (2, 2),  // RX flags
    (2, 2),  // TX flags
    (1, 1),  // RTS retries
    (1, 1),  // data retries
    (4, 8),  // XChannel
    (1, 3),  // MCS
    (4, 8),  // A-MPDU status
    (2, 12), // VHT
    (8, 12), // timestamp
    (2, 12), // HE
    (2, 12), // HE-MU
    (2, 6),  // HE-MU other user
    (1, 1),  // 0-length PSDU
    (2, 4),  // L-SIG
];

/// Reads the header; `None` when it is malformed.
pub(super) fn parse(bytes: &[u8]) -> Option<Header> {
    if *bytes.first()? != 0 {
        return None;
    }
    let len = usize::from(le16(bytes, 2)?);
    let header = bytes.get(..len)?;
    let mut words = 1;
    while le32(header, 4 * words)? & (1 << 31) != 0 {
        words += 1;
    }
    let mut walk = Walk { header, at: 4 + 4 * words, out: Fields::default() };
    walk.all(words)?;
    Some(walk.out.finish(len))
}

#[derive(Default)]
struct Fields {
    radio: Radio,
    flags: u8,
    antenna_signal: Option<i8>,
}

impl Fields {
    fn finish(mut self, len: usize) -> Header {
        // The first namespace holds the value for the frame; those of single antennas follow it.
        self.radio.signal_dbm = self.radio.signal_dbm.or(self.antenna_signal);
        self.radio.bad_fcs = self.flags & FLAGS_BAD_FCS != 0;
        Header { radio: self.radio, len, fcs_at_end: self.flags & FLAGS_FCS_AT_END != 0 }
    }
}

struct Walk<'a> {
    header: &'a [u8],
    at: usize,
    out: Fields,
}

impl Walk<'_> {
    fn all(&mut self, words: usize) -> Option<()> {
        // `None`: bits that continue the radiotap namespace past 31 or belong to a vendor; their sizes are unknown.
        let mut namespace = Some(0_usize);
        let mut vendor_next = 0;
        for word in 0..words {
            let present = le32(self.header, 4 + 4 * word)?;
            match namespace {
                Some(number) => {
                    if !self.word(present, number == 0)? {
                        return Some(());
                    }
                }
                None => self.at = self.at.checked_add(vendor_next)?,
            }
            vendor_next = 0;
            if present & (1 << 29) != 0 {
                namespace = Some(namespace.map_or(1, |number| number + 1));
            } else if present & (1 << 30) != 0 {
                self.align(2);
                vendor_next = usize::from(le16(self.header, self.at.checked_add(4)?)?);
                self.at = self.at.checked_add(6)?;
                namespace = None;
            } else if present & (1 << 31) != 0 && namespace.is_some() {
                return Some(());
            }
        }
        (self.at <= self.header.len()).then_some(())
    }

    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    /// The fields of one present word; false when the rest cannot be located.
    fn word(&mut self, present: u32, first: bool) -> Option<bool> {
        for (bit, &(alignment, size)) in FIELDS.iter().enumerate() {
            if present & (1 << bit) == 0 {
                continue;
            }
            self.align(alignment);
            let end = self.at.checked_add(size)?;
            if end > self.header.len() {
                return None;
            }
            self.field(bit, first);
            self.at = end;
        }
        Some(present & (1 << 28) == 0)
    }

    fn field(&mut self, bit: usize, first: bool) {
        let (header, at) = (self.header, self.at);
        let radio = &mut self.out.radio;
        match bit {
            0 => radio.tsft = radio.tsft.or(le64(header, at)),
            1 if first => self.out.flags = header.get(at).copied().unwrap_or(0),
            2 => radio.rate_kbps = radio.rate_kbps.or(header.get(at).map(|&rate| u32::from(rate) * 500)),
            3 => radio.frequency_mhz = radio.frequency_mhz.or(le16(header, at).filter(|&mhz| mhz != 0)),
            5 if first => radio.signal_dbm = signed(header, at),
            5 => self.out.antenna_signal = self.out.antenna_signal.max(signed(header, at)),
            6 => radio.noise_dbm = radio.noise_dbm.or(signed(header, at)),
            18 => {
                radio.frequency_mhz = radio.frequency_mhz.or(le16(header, at + 4).filter(|&mhz| mhz != 0));
            }
            19 => radio.rate_kbps = array(header, at).and_then(rate::ht).or(radio.rate_kbps),
            21 => radio.rate_kbps = array(header, at).and_then(rate::vht).or(radio.rate_kbps),
            23 => radio.rate_kbps = array(header, at).and_then(rate::he).or(radio.rate_kbps),
            _ => {}
        }
    }
}

/// A dBm figure; 0 stands for "unknown" in drivers that always write the field.
fn signed(header: &[u8], at: usize) -> Option<i8> {
    header.get(at).map(|&byte| byte.cast_signed()).filter(|&dbm| dbm != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(words: &[u32], fields: &[u8]) -> Vec<u8> {
        let len = u16::try_from(4 + 4 * words.len() + fields.len()).unwrap();
        let mut out = vec![0, 0];
        out.extend(len.to_le_bytes());
        for word in words {
            out.extend(word.to_le_bytes());
        }
        out.extend(fields);
        out
    }

    #[test]
    fn fields_are_aligned_from_the_start_of_the_header() {
        // flags, rate, then the channel needs no padding; signal; present 0x2e.
        let bytes = header(&[0x2e], &[0x10, 2, 0x6c, 0x09, 0xa0, 0, 0xd8]);
        let parsed = parse(&bytes).unwrap();
        assert_eq!(parsed.radio.rate_kbps, Some(1_000));
        assert_eq!(parsed.radio.frequency_mhz, Some(2_412));
        assert_eq!(parsed.radio.signal_dbm, Some(-40));
        assert!(parsed.fcs_at_end && !parsed.radio.bad_fcs);
        // flags, then a byte of padding before the channel; present 0x0a.
        let bytes = header(&[0x0a], &[0x40, 0xff, 0x6c, 0x09, 0xa0, 0]);
        let parsed = parse(&bytes).unwrap();
        assert_eq!(parsed.radio.frequency_mhz, Some(2_412));
        assert!(parsed.radio.bad_fcs);
    }

    #[test]
    fn a_second_bitmap_moves_the_timestamp_to_a_multiple_of_eight() {
        // Two words end at byte 12, so the TSFT starts at 16.
        let first = 1 | (1 << 5) | (1 << 29) | (1 << 31);
        let second = (1 << 5) | (1 << 11);
        let mut fields = vec![0; 4];
        fields.extend(0x0102_0304_0506_0708_u64.to_le_bytes());
        fields.extend([(-60_i8).cast_unsigned(), (-50_i8).cast_unsigned(), 0]);
        let parsed = parse(&header(&[first, second], &fields)).unwrap();
        assert_eq!(parsed.radio.tsft, Some(0x0102_0304_0506_0708));
        assert_eq!(parsed.radio.signal_dbm, Some(-60), "the frame's own value, not an antenna's");
    }

    #[test]
    fn the_strongest_antenna_counts_where_the_frame_has_no_value() {
        let first = 2 | (1 << 29) | (1 << 31);
        let antenna = (1 << 5) | (1 << 11) | (1 << 29);
        let last = (1 << 5) | (1 << 11);
        let fields = [0, (-70_i8).cast_unsigned(), 0, (-55_i8).cast_unsigned(), 1];
        let parsed = parse(&header(&[first, antenna | (1 << 31), last], &fields)).unwrap();
        assert_eq!(parsed.radio.signal_dbm, Some(-55));
    }

    #[test]
    fn vendor_data_is_skipped_by_its_length() {
        let first = 2 | (1 << 30) | (1 << 31);
        let vendor = 1 | (1 << 29) | (1 << 31);
        let last = 1 << 5;
        // flags; padding to 2; OUI, sub-namespace, length 3; data; signal.
        let fields = [0x10, 0, 1, 2, 3, 4, 3, 0, 9, 9, 9, (-33_i8).cast_unsigned()];
        assert_eq!(parse(&header(&[first, vendor, last], &fields)).unwrap().radio.signal_dbm, Some(-33));
    }

    #[test]
    fn fields_past_the_end_are_malformed() {
        assert_eq!(parse(&header(&[0x01], &[0; 7])), None);
        assert_eq!(parse(&header(&[1 << 31], &[])), None, "a bitmap that never ends");
        assert_eq!(parse(&[0, 0, 9, 0, 0, 0, 0, 0]), None);
        assert_eq!(parse(&[1, 0, 8, 0, 0, 0, 0, 0]), None, "version 1");
        assert_eq!(parse(&[]), None);
    }
}
