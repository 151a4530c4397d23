//! Checked integer reads in either byte order.

pub(crate) use pcap_file::Endianness;

/// Two bytes at `at`.
#[inline]
pub(crate) fn u16_at(bytes: &[u8], at: usize, order: Endianness) -> Option<u16> {
    let raw = *bytes.get(at..)?.first_chunk()?;
    Some(if order.is_big() { u16::from_be_bytes(raw) } else { u16::from_le_bytes(raw) })
}

/// Four bytes at `at`.
#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize, order: Endianness) -> Option<u32> {
    let raw = *bytes.get(at..)?.first_chunk()?;
    Some(if order.is_big() { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) })
}

/// Eight bytes at `at`.
#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize, order: Endianness) -> Option<u64> {
    let raw = *bytes.get(at..)?.first_chunk()?;
    Some(if order.is_big() { u64::from_be_bytes(raw) } else { u64::from_le_bytes(raw) })
}
