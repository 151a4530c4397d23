//! The older radio headers: PPI, Prism (wlan-ng) and AVS.

use super::Radio;
use super::bytes::{be32, be64, le16, le32, le64};
use crate::packet::LinkType;

/// A header in front of a MAC frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Header {
    pub radio: Radio,
    /// Length of the header.
    pub len: usize,
    /// What follows.
    pub inner: LinkType,
    /// Whether the frame ends with an FCS; `None` where the header does not say.
    pub fcs_at_end: Option<bool>,
}

/// Per-packet information (CACE Technologies, PPI 1.0.7): little-endian fields, then the link type it names.
pub(super) fn ppi(bytes: &[u8]) -> Option<Header> {
    let len = usize::from(le16(bytes, 2)?);
    let inner = LinkType(u16::try_from(le32(bytes, 4)?).ok()?);
    let header = bytes.get(..len)?;
    if header.len() < 8 || bytes[0] != 0 {
        return None;
    }
    let align = if bytes[1] & 1 != 0 { 4 } else { 1 };
    let mut out = Header { radio: Radio::default(), len, inner, fcs_at_end: None };
    let mut at = 8_usize;
    while at < len {
        let (kind, size) = (le16(header, at)?, usize::from(le16(header, at + 2)?));
        let field = header.get(at + 4..at + 4 + size)?;
        if kind == 2 {
            ppi_common(field, &mut out)?;
        }
        at = (at + 4 + size).next_multiple_of(align);
    }
    Some(out)
}

/// The "802.11-Common" field.
fn ppi_common(field: &[u8], out: &mut Header) -> Option<()> {
    let flags = le16(field, 8)?;
    let ms = flags & 0x02 != 0;
    out.radio.tsft = le64(field, 0)
        .filter(|&tsft| tsft != 0)
        .map(|tsft| if ms { tsft.saturating_mul(1_000) } else { tsft });
    out.fcs_at_end = Some(flags & 0x01 != 0);
    out.radio.bad_fcs = flags & 0x04 != 0;
    out.radio.rate_kbps = Some(u32::from(le16(field, 10)?) * 500).filter(|&rate| rate != 0);
    out.radio.frequency_mhz = le16(field, 12).filter(|&mhz| mhz != 0);
    out.radio.signal_dbm = dbm(i32::from(field.get(18)?.cast_signed()));
    out.radio.noise_dbm = dbm(i32::from(field.get(19)?.cast_signed()));
    Some(())
}

/// Prism: 144 bytes in the byte order of the capturing host; on the same link type some drivers send AVS.
pub(super) fn prism(bytes: &[u8]) -> Option<Header> {
    if be32(bytes, 0)? & 0xffff_f000 == AVS_MAGIC {
        return avs(bytes);
    }
    let big = bytes[0] == 0;
    let word = |at: usize| if big { be32(bytes, at) } else { le32(bytes, at) };
    let len = usize::try_from(word(4)?).ok()?;
    if !matches!(word(0)?, 0x41 | 0x44) || len < 24 || len > bytes.len() {
        return None;
    }
    let mut radio = Radio::default();
    let mut at = 24;
    while at + 12 <= len {
        // The status is 0 for "supplied"; some drivers write 1 there and mean it, so unknown ids alone are skipped.
        let (id, value) = (word(at)?, word(at + 8)?);
        prism_item(prism_number(id), value, &mut radio);
        at += 12;
    }
    Some(Header { radio, len, inner: LinkType::IEEE802_11, fcs_at_end: None })
}

/// wlan-ng numbers its items in bits 16 to 19, its predecessor in bits 12 to 15.
fn prism_number(id: u32) -> u32 {
    if id & 0xf_0000 != 0 { (id >> 16) & 0xf } else { (id >> 12) & 0xf }
}

fn prism_item(number: u32, value: u32, radio: &mut Radio) {
    match number {
        2 => radio.tsft = Some(u64::from(value)).filter(|&tsft| tsft != 0),
        3 => set_channel(value, radio),
        6 => radio.signal_dbm = dbm(value.cast_signed()),
        7 => radio.noise_dbm = dbm(value.cast_signed()),
        8 => radio.rate_kbps = value.checked_mul(500).filter(|rate| (1_000..1_000_000).contains(rate)),
        _ => {}
    }
}

const AVS_MAGIC: u32 = 0x8021_1000;

/// AVS ("WLAN capture header", versions 1 and 2): big-endian.
pub(super) fn avs(bytes: &[u8]) -> Option<Header> {
    let len = usize::try_from(be32(bytes, 4)?).ok()?;
    if be32(bytes, 0)? & 0xffff_f000 != AVS_MAGIC || !(64..=bytes.len()).contains(&len) {
        return None;
    }
    let in_dbm = be32(bytes, 44)? == 2;
    let level = |at| be32(bytes, at).filter(|_| in_dbm).and_then(|value| dbm(value.cast_signed()));
    let mut radio = Radio {
        tsft: be64(bytes, 8).filter(|&tsft| tsft != 0),
        signal_dbm: level(48),
        noise_dbm: level(52),
        rate_kbps: be32(bytes, 32)?.checked_mul(100).filter(|&rate| rate != 0),
        ..Radio::default()
    };
    set_channel(be32(bytes, 28)?, &mut radio);
    Some(Header { radio, len, inner: LinkType::IEEE802_11, fcs_at_end: None })
}

/// A channel number, or a frequency where a driver writes that instead.
fn set_channel(value: u32, radio: &mut Radio) {
    radio.channel = u8::try_from(value).ok().filter(|&channel| channel != 0);
    radio.frequency_mhz = u16::try_from(value).ok().filter(|&mhz| mhz > 255);
}

/// A plausible level; other units and "unknown" come as numbers from 0 up.
fn dbm(value: i32) -> Option<i8> {
    i8::try_from(value).ok().filter(|&dbm| dbm < 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ppi_common_field() {
        let mut bytes = vec![0, 0, 32, 0, 105, 0, 0, 0, 2, 0, 20, 0];
        bytes.extend(7_u64.to_le_bytes());
        bytes.extend([0x05, 0, 22, 0, 0x6c, 0x09, 0, 0, 0, 0, 0xce, 0xa0, 0xaa]);
        let header = ppi(&bytes).unwrap();
        assert_eq!((header.len, header.inner), (32, LinkType::IEEE802_11));
        assert_eq!(header.radio.tsft, Some(7));
        assert_eq!(header.radio.frequency_mhz, Some(2412));
        assert_eq!(header.radio.rate_kbps, Some(11_000));
        assert_eq!((header.radio.signal_dbm, header.radio.noise_dbm), (Some(-50), Some(-96)));
        assert_eq!(header.fcs_at_end, Some(true));
        assert!(header.radio.bad_fcs);
        bytes[10] = 200;
        assert_eq!(ppi(&bytes), None, "a field past the header");
    }

    #[test]
    fn avs_and_prism_in_both_byte_orders() {
        let mut bytes = vec![0; 64];
        bytes[..8].copy_from_slice(&[0x80, 0x21, 0x10, 0x01, 0, 0, 0, 64]);
        bytes[31] = 11;
        bytes[35] = 20;
        bytes[47] = 2;
        bytes[48..52].copy_from_slice(&(-81_i32).to_be_bytes());
        let header = avs(&bytes).unwrap();
        assert_eq!((header.radio.channel, header.radio.signal_dbm), (Some(11), Some(-81)));
        assert_eq!(header.radio.rate_kbps, Some(2_000));
        assert_eq!(prism(&bytes), Some(header), "AVS on the Prism link type");
        bytes[7] = 65;
        assert_eq!(avs(&bytes), None);

        for big in [false, true] {
            let word = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
            let mut bytes = Vec::new();
            bytes.extend(word(0x44));
            bytes.extend(word(48));
            bytes.extend([0; 16]);
            bytes.extend([word(0x0003_0044), [0; 4], word(6)].concat());
            bytes.extend([word(0x0006_0044), [0; 4], word((-70_i32).cast_unsigned())].concat());
            let header = prism(&bytes).unwrap();
            assert_eq!((header.radio.channel, header.radio.signal_dbm), (Some(6), Some(-70)));
            assert_eq!(header.len, 48);
        }
    }
}
