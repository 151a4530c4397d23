//! RTCP on the wire (RFC 3550 section 6, RFC 3611): compound packets, report blocks, VoIP metrics.
//! Strict about lengths, since much that is not RTCP, SRTCP among it, starts like it.

/// Reports in one packet at most: the count has five bits.
const BLOCK: usize = 24;

/// An RTCP packet that says something about a stream.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Packet<'a> {
    /// SR: the sender's clock, then blocks about what it receives.
    Sender {
        ssrc: u32,
        /// Middle 32 bits of the NTP time, as LSR quotes them.
        ntp_middle: u32,
        blocks: &'a [u8],
    },
    /// RR.
    Receiver { blocks: &'a [u8] },
    /// XR VoIP metrics block.
    Voip(VoipMetrics),
}

/// A report block (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Whom it is about.
    pub ssrc: u32,
    /// Lost since the beginning; negative with duplicates.
    pub lost: i32,
    /// Extended highest sequence number received.
    pub highest: u32,
    /// In timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the last SR received; 0 without.
    pub last_sender_report: u32,
    /// Since then, in 1/65536 s.
    pub delay: u32,
}

/// VoIP metrics (RFC 3611 section 4.7), as far as they are shown; 127 and nonsense are `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct VoipMetrics {
    /// Whom it is about; some devices name themselves.
    pub ssrc: u32,
    /// Who reports.
    pub reporter: u32,
    pub r_factor: Option<u8>,
    pub mos_lq: Option<f64>,
    pub mos_cq: Option<f64>,
}

/// True when the payload is a compound RTCP packet from end to end, as far as it was captured.
pub(super) fn is_compound(bytes: &[u8], wire_len: usize) -> bool {
    let mut at = 0;
    let mut first = true;
    while at < bytes.len() {
        let Some(len) = packet_len(&bytes[at..], first) else {
            return !first && bytes.len() < wire_len && bytes.len() - at < 4;
        };
        if at + len > bytes.len() {
            return bytes.len() < wire_len && at + len <= wire_len;
        }
        // Only the last packet may be padded.
        if bytes[at] & 0x20 != 0 && at + len != wire_len {
            return false;
        }
        at += len;
        first = false;
    }
    !first && at == bytes.len() && at <= wire_len.max(bytes.len())
}

/// True when the payload begins like RTCP; encrypted RTCP does, too.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    let Some(&[flags, kind, l0, l1]) = bytes.first_chunk() else { return false };
    let len = 4 + 4 * usize::from(u16::from_be_bytes([l0, l1]));
    flags >> 6 == 2 && (200..=207).contains(&kind) && bytes.len() >= 8 && len <= bytes.len()
}

/// Length of the RTCP packet that `bytes` starts with, when its header makes sense.
fn packet_len(bytes: &[u8], first: bool) -> Option<usize> {
    let &[flags, kind, l0, l1] = bytes.first_chunk()?;
    let words = usize::from(u16::from_be_bytes([l0, l1]));
    let count = usize::from(flags & 0x1f);
    let least = match kind {
        200 => 6 + 6 * count,
        201 => 1 + 6 * count,
        // Any of these may come first when reports are left out (RFC 5506).
        202 => usize::from(count > 0) * 2,
        203 => count,
        204..=206 => 2,
        207 => 1,
        192..=195 | 208..=213 if !first => 0,
        _ => return None,
    };
    (flags >> 6 == 2 && words >= least).then_some(4 + 4 * words)
}

/// The packets of a compound that say something about a stream. Stops at the first that makes no sense.
pub(super) fn packets(bytes: &[u8]) -> impl Iterator<Item = Packet<'_>> {
    let mut rest = bytes;
    let mut first = true;
    let whole = std::iter::from_fn(move || {
        let len = packet_len(rest, first)?;
        let (packet, after) = rest.split_at_checked(len)?;
        rest = after;
        first = false;
        Some(packet)
    });
    whole.flat_map(read)
}

fn read(packet: &[u8]) -> Vec<Packet<'_>> {
    let count = usize::from(packet[0] & 0x1f);
    match packet[1] {
        200 => sender_report(packet, count).into_iter().collect(),
        201 => {
            packet.get(8..8 + BLOCK * count).map(|blocks| Packet::Receiver { blocks }).into_iter().collect()
        }
        207 => extended(packet),
        _ => Vec::new(),
    }
}

fn sender_report(packet: &[u8], count: usize) -> Option<Packet<'_>> {
    let blocks = packet.get(28..28 + BLOCK * count)?;
    Some(Packet::Sender { ssrc: be32(packet, 4)?, ntp_middle: be32(packet, 10)?, blocks })
}

/// Report blocks of an SR or RR.
pub(super) fn blocks(bytes: &[u8]) -> impl Iterator<Item = Block> {
    bytes.chunks_exact(BLOCK).filter_map(|block| {
        let fraction_and_lost = be32(block, 4)?;
        Some(Block {
            ssrc: be32(block, 0)?,
            // 24 bits with sign.
            lost: (fraction_and_lost << 8).cast_signed() >> 8,
            highest: be32(block, 8)?,
            jitter: be32(block, 12)?,
            last_sender_report: be32(block, 16)?,
            delay: be32(block, 20)?,
        })
    })
}

/// Blocks of an XR packet: each a type, a byte of its own, and a length in words.
fn extended(packet: &[u8]) -> Vec<Packet<'_>> {
    let mut found = Vec::new();
    let mut rest = packet.get(8..).unwrap_or_default();
    while let Some(&[kind, _, l0, l1]) = rest.first_chunk() {
        let len = 4 + 4 * usize::from(u16::from_be_bytes([l0, l1]));
        let Some((block, after)) = rest.split_at_checked(len) else { break };
        if kind == 7 && len == 36 {
            found.extend(be32(packet, 4).and_then(|from| voip_metrics(block, from)).map(Packet::Voip));
        }
        rest = after;
    }
    found
}

fn voip_metrics(block: &[u8], reporter: u32) -> Option<VoipMetrics> {
    let &[r, _, lq, cq] = block.get(24..)?.first_chunk()?;
    let mos = |tenths: u8| (10..=50).contains(&tenths).then(|| f64::from(tenths) / 10.0);
    // A device without an estimate may send zeros in all three.
    let blank = r == 0 && lq == 0 && cq == 0;
    Some(VoipMetrics {
        ssrc: be32(block, 4)?,
        reporter,
        r_factor: (r <= 100 && !blank).then_some(r),
        mos_lq: mos(lq),
        mos_cq: mos(cq),
    })
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receiver_report(block: Option<[u32; 6]>) -> Vec<u8> {
        let count = u8::from(block.is_some());
        let mut bytes = vec![0x80 | count, 201, 0, 1 + 6 * count, 0, 0, 0, 9];
        block.into_iter().flatten().for_each(|word| bytes.extend_from_slice(&word.to_be_bytes()));
        bytes
    }

    #[test]
    fn report_blocks() {
        let bytes = receiver_report(Some([7, 0x40ff_fffe, 0x0001_0203, 80, 0x1234_5678, 65_536]));
        assert!(is_compound(&bytes, bytes.len()));
        let found: Vec<_> = packets(&bytes).collect();
        let [Packet::Receiver { blocks: raw }] = &found[..] else { panic!("{found:?}") };
        let block = blocks(raw).next().unwrap();
        assert_eq!((block.ssrc, block.lost, block.highest, block.jitter), (7, -2, 0x1_0203, 80));
        assert_eq!((block.last_sender_report, block.delay), (0x1234_5678, 65_536));
    }

    #[test]
    fn lengths_are_checked() {
        let whole = receiver_report(Some([1; 6]));
        assert!(!is_compound(&whole[..28], 28), "cut by the sender");
        assert!(is_compound(&whole[..28], 32), "cut by the capture");
        let mut trailing = whole.clone();
        trailing.extend_from_slice(&[0x80, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]);
        assert!(!is_compound(&trailing, trailing.len()), "index and tag of SRTCP");
        assert!(looks_like(&trailing));
        let mut more_blocks_than_length = whole;
        more_blocks_than_length[0] = 0x82;
        assert!(!is_compound(&more_blocks_than_length, 32));
        assert_eq!(packets(&more_blocks_than_length).count(), 0);
    }

    #[test]
    fn compounds() {
        let mut bytes = receiver_report(None);
        bytes.extend_from_slice(&[0x81, 202, 0, 3, 0, 0, 0, 9, 1, 2, b'a', b'b', 0, 0, 0, 0]);
        bytes.extend_from_slice(&[0x81, 203, 0, 1, 0, 0, 0, 9]);
        assert!(is_compound(&bytes, bytes.len()));
        assert!(!is_compound(&[], 0));
        assert!(!is_compound(&[0x80, 0, 0, 0, 0, 0, 0, 0], 8));
    }

    fn extended_report(r: u8, lq: u8, cq: u8) -> Vec<u8> {
        let mut bytes = vec![0x80, 207, 0, 10, 0, 0, 0, 9, 7, 0, 0, 8, 0, 0, 0, 5];
        bytes.extend_from_slice(&[0; 16]);
        bytes.extend_from_slice(&[r, 127, lq, cq, 0, 0, 0, 40, 0, 80, 0, 120]);
        bytes
    }

    #[test]
    fn voip_metrics_and_unavailable_ones() {
        let read = |bytes: &[u8]| match packets(bytes).next() {
            Some(Packet::Voip(metrics)) => (metrics.ssrc, metrics.r_factor, metrics.mos_lq, metrics.mos_cq),
            other => panic!("{other:?}"),
        };
        assert_eq!(read(&extended_report(92, 41, 41)), (5, Some(92), Some(4.1), Some(4.1)));
        assert_eq!(read(&extended_report(127, 127, 127)), (5, None, None, None));
        assert_eq!(read(&extended_report(0, 0, 0)), (5, None, None, None));
    }
}
