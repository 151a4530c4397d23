//! The RTP payload of AMR and AMR-WB taken apart into the frames that decoders read (RFC 4867 sections 4.3, 4.4).

/// Speech bits by frame type; the last one is the silence descriptor (RFC 4867 tables 1a and 2 of 3GPP TS 26.101,
/// 26.201).
const NARROW: [u16; 9] = [95, 103, 118, 134, 148, 159, 204, 244, 39];
const WIDE: [u16; 10] = [132, 177, 253, 285, 317, 365, 397, 461, 477, 40];

/// Nothing was sent, or nothing could be received.
pub(crate) const NO_DATA: u8 = 15;

/// A frame as in a file of RFC 4867 section 5.3: a byte with the type, then its bits, padded with zeros far beyond
/// the longest one.
pub(crate) type Frame = [u8; 64];

/// How frames are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packing {
    pub wide: bool,
    octet_aligned: bool,
}

impl Packing {
    pub fn new(wide: bool, octet_aligned: bool) -> Self {
        Self { wide, octet_aligned }
    }

    /// A frame without speech.
    pub fn nothing() -> Frame {
        let mut frame = [0; 64];
        frame[0] = NO_DATA << 3 | 4;
        frame
    }

    /// Speech bits of a frame type; `None` for those that no decoder takes.
    fn bits(self, kind: u8) -> Option<usize> {
        let table: &[u16] = if self.wide { &WIDE } else { &NARROW };
        match table.get(usize::from(kind)) {
            Some(&bits) => Some(usize::from(bits)),
            None if kind == NO_DATA || (self.wide && kind == 14) => Some(0),
            None => None,
        }
    }

    /// Whether a frame is a silence descriptor; `None` for one that says nothing.
    pub fn is_rest(self, frame: &Frame) -> Option<bool> {
        let kind = frame[0] >> 3;
        (kind != NO_DATA).then_some(kind == if self.wide { 9 } else { 8 })
    }

    /// The frames of a payload; `None` where it is none.
    pub fn frames(self, payload: &[u8]) -> Option<Vec<Frame>> {
        let mut bits = Bits { bytes: payload, at: 0 };
        bits.take(if self.octet_aligned { 8 } else { 4 })?;
        let mut heads = Vec::new();
        loop {
            let (more, kind, quality) = (bits.take(1)? == 1, bits.take(4)?, bits.take(1)?);
            if self.octet_aligned {
                bits.take(2)?;
            }
            heads.push((kind, quality));
            if !more {
                break;
            }
        }
        let frame = |(kind, quality): (u8, u8)| {
            let mut frame = [0; 64];
            let count = self.bits(kind)?;
            // A damaged frame is as good as none.
            frame[0] = if quality == 1 { kind << 3 | 4 } else { NO_DATA << 3 | 4 };
            for n in 0..count {
                frame[1 + n / 8] |= bits.take(1)? << (7 - n % 8);
            }
            if self.octet_aligned {
                bits.at = bits.at.next_multiple_of(8);
            }
            Some(frame)
        };
        heads.into_iter().map(frame).collect()
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next at most eight bits.
    fn take(&mut self, count: usize) -> Option<u8> {
        let mut value = 0u16;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value = value << 1 | u16::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octet_aligned_frames() {
        // Two frames of 4.75 kbit/s: 95 bits are 12 bytes.
        let mut payload = vec![0xf0, 0x84, 0x04];
        payload.extend([0xaa; 12]);
        payload.extend([0x55; 12]);
        let frames = Packing::new(false, true).frames(&payload).unwrap();
        assert_eq!(frames.len(), 2);
        assert_eq!((frames[0][0], frames[0][1], frames[0][12]), (0x04, 0xaa, 0xaa));
        assert_eq!((frames[1][0], frames[1][1], frames[1][12]), (0x04, 0x55, 0x54));
        assert!(frames[1][13..].iter().all(|&byte| byte == 0));
    }

    #[test]
    fn bandwidth_efficient_frames() {
        // 12.2 kbit/s: 4 bits of mode request, 6 of contents, 244 of speech, 2 of padding are 32 bytes.
        let mut payload = vec![0xff; 32];
        payload[0] = 0xf3;
        payload[1] = 0xff;
        let frames = Packing::new(false, false).frames(&payload).unwrap();
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0][0], 7 << 3 | 4);
        assert_eq!((frames[0][30], frames[0][31], frames[0][32]), (0xff, 0xf0, 0));
    }

    #[test]
    fn what_does_not_fit_is_no_payload() {
        for payload in [&[][..], &[0xf0], &[0xf0, 0x04], &[0xf0, 0x54, 0, 0], &[0xf0, 0x84]] {
            assert_eq!(Packing::new(false, true).frames(payload), None, "{payload:?}");
        }
        assert_eq!(Packing::new(true, true).frames(&[0xf0, 0x7c]).unwrap()[0][0], 0x7c);
    }
}
