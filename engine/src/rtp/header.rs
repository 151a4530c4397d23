//! The RTP header on the wire: fixed part, CSRC list, extension and padding (RFC 3550 section 5.1).

use super::Header;

/// Length of the fixed header.
pub(super) const FIXED: usize = 12;

/// An RTP packet taken apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parsed<'a> {
    /// The fixed header.
    pub header: Header,
    /// The captured part of the payload, without CSRCs, extension and padding.
    pub payload: &'a [u8],
    /// The payload's length on the wire; more than `payload.len()` when the capture cut the packet.
    pub payload_len: u16,
    /// Everything the header says fits the packet. Encrypted padding makes this false in SRTP.
    pub consistent: bool,
}

/// Takes an RTP packet apart. `wire_len`: its length on the wire. `None` when it is too short, of another
/// version, or when CSRCs or extension reach beyond its end.
#[must_use]
#[inline]
pub fn parse(bytes: &[u8], wire_len: usize) -> Option<Parsed<'_>> {
    let front: &[u8; FIXED] = bytes.first_chunk()?;
    let flags = front[0];
    if flags >> 6 != 2 {
        return None;
    }
    let header = fixed(front);
    let wire_len = wire_len.max(bytes.len());
    if flags == 0x80 {
        let payload = &bytes[FIXED..];
        return Some(Parsed { header, payload, payload_len: clamp(wire_len - FIXED), consistent: true });
    }
    body(bytes, wire_len, flags, header)
}

/// The fixed header, whatever its version.
#[inline(always)]
pub(super) fn fixed(bytes: &[u8; FIXED]) -> Header {
    let [_, kind, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *bytes;
    Header {
        payload_type: kind & 0x7f,
        marker: kind & 0x80 != 0,
        sequence: u16::from_be_bytes([s0, s1]),
        timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
    }
}

/// The rarer packets: with CSRCs, extension or padding.
#[inline(never)]
fn body(bytes: &[u8], wire_len: usize, flags: u8, header: Header) -> Option<Parsed<'_>> {
    let mut start = FIXED + 4 * usize::from(flags & 0x0f);
    if flags & 0x10 != 0 {
        // A cut capture may hide the extension's length; then it counts as payload.
        if let Some(&[_, _, l0, l1]) = bytes.get(start..start + 4) {
            start += 4 + 4 * usize::from(u16::from_be_bytes([l0, l1]));
        } else if bytes.len() >= wire_len {
            return None;
        }
    }
    let mut len = wire_len.checked_sub(start)?;
    let mut consistent = true;
    if flags & 0x20 != 0 && bytes.len() >= wire_len {
        let padding = usize::from(*bytes.last()?);
        consistent = (1..=len).contains(&padding);
        len -= if consistent { padding } else { 0 };
    }
    let captured = bytes.get(start..).unwrap_or_default();
    let payload = &captured[..captured.len().min(len)];
    Some(Parsed { header, payload, payload_len: clamp(len), consistent })
}

fn clamp(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(flags: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![flags, 0x80, 0x12, 0x34, 0, 0, 0, 160, 0xde, 0xad, 0xbe, 0xef];
        bytes.extend_from_slice(rest);
        bytes
    }

    #[test]
    fn plain_packet() {
        let bytes = packet(0x80, &[7; 160]);
        let parsed = parse(&bytes, bytes.len()).unwrap();
        let expected =
            Header { payload_type: 0, marker: true, sequence: 0x1234, timestamp: 160, ssrc: 0xdead_beef };
        assert_eq!(parsed.header, expected);
        assert_eq!((parsed.payload.len(), parsed.payload_len), (160, 160));
    }

    #[test]
    fn csrc_extension_and_padding_are_not_payload() {
        let mut rest = vec![0; 4];
        rest.extend_from_slice(&[0xbe, 0xde, 0, 1, 1, 2, 3, 4]);
        rest.extend_from_slice(&[9; 20]);
        rest.extend_from_slice(&[0, 0, 0, 4]);
        let bytes = packet(0x80 | 0x20 | 0x10 | 1, &rest);
        let parsed = parse(&bytes, bytes.len()).unwrap();
        assert_eq!(parsed.payload, &[9; 20]);
        assert_eq!(parsed.payload_len, 20);
        assert!(parsed.consistent);
    }

    #[test]
    fn a_cut_packet_keeps_its_true_length() {
        let bytes = packet(0x80, &[1, 2, 3, 4]);
        let parsed = parse(&bytes, 172).unwrap();
        assert_eq!((parsed.payload.len(), parsed.payload_len), (4, 160));
        let bytes = packet(0x80 | 0x20, &[1, 2, 3, 4]);
        assert_eq!(parse(&bytes, 172).unwrap().payload_len, 160);
    }

    #[test]
    fn what_cannot_be_rtp() {
        assert_eq!(parse(&[0x80; 11], 11), None);
        assert_eq!(parse(&packet(0x40, &[]), 12), None);
        assert_eq!(parse(&packet(0x80 | 3, &[0; 8]), 20), None);
        assert_eq!(parse(&packet(0x80 | 0x10, &[0, 0, 0, 9]), 16), None);
        assert!(!parse(&packet(0x80 | 0x20, &[1, 2, 200]), 15).unwrap().consistent);
    }
}
