//! G.711: the 256 words of each law as linear samples of 16 bits (ITU-T G.711, tables 1 and 2).

/// A-law words.
pub const ALAW: [i16; 256] = table(true);
/// µ-law words.
pub const ULAW: [i16; 256] = table(false);

/// The table of an encoding by its name in SDP; `None` for all but `PCMA` and `PCMU`.
#[must_use]
pub fn table_of(encoding: &str) -> Option<&'static [i16; 256]> {
    if encoding.eq_ignore_ascii_case("PCMA") {
        Some(&ALAW)
    } else if encoding.eq_ignore_ascii_case("PCMU") {
        Some(&ULAW)
    } else {
        None
    }
}

const fn table(is_alaw: bool) -> [i16; 256] {
    let mut out = [0; 256];
    let mut word = 0;
    while word < 256 {
        out[word] = if is_alaw { alaw(word as u8) } else { ulaw(word as u8) };
        word += 1;
    }
    out
}

const fn alaw(word: u8) -> i16 {
    // Even bits are inverted on the line.
    let word = word ^ 0x55;
    let (segment, step) = ((word >> 4) & 7, (word & 15) as i16);
    let magnitude = match segment {
        0 => (step << 4) + 8,
        _ => ((step << 4) + 0x108) << (segment - 1),
    };
    if word & 0x80 != 0 { magnitude } else { -magnitude }
}

const fn ulaw(word: u8) -> i16 {
    // All bits are inverted on the line.
    let word = !word;
    let (segment, step) = ((word >> 4) & 7, (word & 15) as i16);
    let magnitude = (((step << 3) + 0x84) << segment) - 0x84;
    if word & 0x80 != 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_and_the_middle_of_the_tables() {
        // G.711 table 2: decision value 8159 of 14 bits is 32124 as 16 bits with the usual scale.
        assert_eq!((ULAW[0x80], ULAW[0x00], ULAW[0xff], ULAW[0x7f]), (32_124, -32_124, 0, 0));
        // Table 1: the outputs next to zero are half a step, ±1 of 13 bits; the largest is 4032.
        assert_eq!((ALAW[0xd5], ALAW[0x55], ALAW[0xaa], ALAW[0x2a]), (8, -8, 32_256, -32_256));
    }

    #[test]
    fn both_laws_are_symmetric_and_monotonous() {
        for table in [&ALAW, &ULAW] {
            for word in 0..128 {
                assert_eq!(table[word], -table[word + 128]);
            }
            let mut levels = table.to_vec();
            levels.sort_unstable();
            levels.dedup();
            assert!(levels.len() >= 255);
        }
    }
}
