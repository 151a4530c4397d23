//! Data rates from HT, VHT and HE modulation and coding (IEEE 802.11-2020 clauses 19 and 21, 802.11ax
//! clause 27). Best effort: `None` where a header leaves something open.

/// Bits per subcarrier, and coding rate as numerator and denominator, of MCS 0 to 11.
const MCS: [(u32, u32, u32); 12] = [
    (1, 1, 2),
    (2, 1, 2),
    (2, 3, 4),
    (4, 1, 2),
    (4, 3, 4),
    (6, 2, 3),
    (6, 3, 4),
    (6, 5, 6),
    (8, 3, 4),
    (8, 5, 6),
    (10, 3, 4),
    (10, 5, 6),
];

/// kbit/s from MCS index, spatial streams, data subcarriers and symbol time in ns.
fn kbps(mcs: usize, streams: u32, subcarriers: u32, symbol_ns: u32) -> Option<u32> {
    let &(bits, numerator, denominator) = MCS.get(mcs)?;
    let per_symbol = subcarriers * bits * streams * numerator / denominator;
    Some(u32::try_from(u64::from(per_symbol) * 1_000_000 / u64::from(symbol_ns)).unwrap_or(u32::MAX))
}

/// Radiotap's MCS field (known, flags, index).
pub(super) fn ht([known, flags, index]: [u8; 3]) -> Option<u32> {
    if known & 0x02 == 0 || index > 31 {
        return None;
    }
    let wide = known & 0x01 != 0 && flags & 0x03 == 1;
    let short_guard = known & 0x04 != 0 && flags & 0x04 != 0;
    let subcarriers = if wide { 108 } else { 52 };
    kbps(usize::from(index % 8), u32::from(index / 8) + 1, subcarriers, symbol(short_guard))
}

fn symbol(short_guard: bool) -> u32 {
    if short_guard { 3_600 } else { 4_000 }
}

/// Radiotap's VHT field.
pub(super) fn vht(field: [u8; 12]) -> Option<u32> {
    let (flags, bandwidth, user) = (field[2], field[3] & 0x1f, field[4]);
    let streams = u32::from(user & 0x0f);
    if streams == 0 {
        return None;
    }
    let subcarriers = match bandwidth {
        0 => 52,
        1..=3 => 108,
        4..=10 => 234,
        11..=25 => 468,
        _ => return None,
    };
    kbps(usize::from(user >> 4), streams, subcarriers, symbol(flags & 0x04 != 0))
}

/// Radiotap's HE field.
pub(super) fn he(field: [u8; 12]) -> Option<u32> {
    let word = |n: usize| u16::from_le_bytes([field[2 * n], field[2 * n + 1]]);
    let (data1, data3, data5, data6) = (word(0), word(2), word(4), word(5));
    let (mcs_known, bandwidth_known) = (data1 & 0x20 != 0, data1 & 0x4000 != 0);
    if !mcs_known || !bandwidth_known {
        return None;
    }
    let subcarriers = match data5 & 0x0f {
        0 => 234,
        1 => 468,
        2 => 980,
        3 => 1_960,
        4 => 24,
        5 => 48,
        6 => 102,
        7 => 234,
        8 => 468,
        9 => 980,
        _ => return None,
    };
    let symbol_ns = match (data5 >> 4) & 0x03 {
        0 => 13_600,
        1 => 14_400,
        2 => 16_000,
        _ => return None,
    };
    let streams = u32::from(data6 & 0x0f).max(1);
    kbps(usize::from((data3 >> 8) & 0x0f), streams, subcarriers, symbol_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_of_the_standards_tables() {
        assert_eq!(ht([0x07, 0x00, 7]), Some(65_000));
        assert_eq!(ht([0x07, 0x05, 15]), Some(300_000));
        assert_eq!(ht([0x00, 0x00, 7]), None);
        let mut field = [0; 12];
        (field[2], field[3], field[4]) = (0x04, 4, 0x92);
        assert_eq!(vht(field), Some(866_666));
        field[4] = 0;
        assert_eq!(vht(field), None);
        let he80 = [0x20, 0x40, 0, 0, 0x00, 0x0b, 0, 0, 0x02, 0, 0x02, 0];
        assert_eq!(he(he80), Some(1_200_955), "HE80, 2 streams, MCS 11, 0.8 us: the table says 1201.0 Mb/s");
    }
}
