//! The frame check sequence: CRC-32 over the MAC frame, sent least significant byte first
//! (IEEE 802.11-2020 section 9.2.4.8).

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ 0xedb8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ byte)])
}

/// The frame without its FCS, when the last four bytes are the FCS of what is before them.
pub(super) fn split(frame: &[u8]) -> Option<&[u8]> {
    let (body, fcs) = frame.split_last_chunk::<4>()?;
    (body.len() >= 10 && crc32(body) == u32::from_le_bytes(*fcs)).then_some(body)
}

#[cfg(test)]
pub(super) fn append(frame: &mut Vec<u8>) {
    let fcs = crc32(frame);
    frame.extend(fcs.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_of_the_usual_check_string() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn only_a_right_sequence_is_split_off() {
        let mut frame = vec![0xd4, 0, 0, 0, 2, 0, 0, 0, 0, 1];
        append(&mut frame);
        assert_eq!(split(&frame).map(<[u8]>::len), Some(10));
        frame[4] ^= 1;
        assert_eq!(split(&frame), None);
        assert_eq!(split(&[]), None);
    }
}
