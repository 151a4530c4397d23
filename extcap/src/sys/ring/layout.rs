//! What stands in a block of the ring: packets behind headers of the kernel's, in the machine's byte order.

use airtone_engine::{LinkType, Nanos};

use crate::sys::link::Framing;

/// The word of a block (`tpacket_block_desc`) that tells whose it is.
pub(super) const BLOCK_STATUS: usize = 8;

/// Places in the header of a block (`tpacket_block_desc`).
mod block {
    pub const PACKETS: usize = 12;
    pub const FIRST: usize = 16;
}

/// Places in the header of a packet (`tpacket3_hdr`, then `sockaddr_ll`).
mod header {
    pub const NEXT: usize = 0;
    pub const SECONDS: usize = 4;
    pub const NANOS: usize = 8;
    pub const CAPTURED: usize = 12;
    pub const LENGTH: usize = 16;
    pub const STATUS: usize = 20;
    pub const MAC: usize = 24;
    pub const VLAN_TCI: usize = 32;
    pub const VLAN_TPID: usize = 36;
    /// Of `sockaddr_ll`: whether the packet came, went, or was for somebody else.
    pub const DIRECTION: usize = 48 + 10;
}

/// A packet in the ring.
#[derive(Clone, Copy, Debug)]
pub struct Captured<'a> {
    /// When the kernel or the interface saw it.
    pub at: Nanos,
    /// Length on the wire, with a VLAN tag that the interface took off.
    pub orig_len: u32,
    /// As captured; a VLAN tag that the interface took off is back in its place.
    pub bytes: &'a [u8],
    /// Packets dropped for want of room since the one before, as far as is known by now.
    pub dropped: u64,
}

/// The packets of a block, each from its header to the end of the block.
pub(super) fn packets(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut left = u32_at(bytes, block::PACKETS);
    let mut next = bytes.get(u32_at(bytes, block::FIRST) as usize..);
    std::iter::from_fn(move || {
        let packet = next.filter(|_| left > 0)?;
        left -= 1;
        next = match u32_at(packet, header::NEXT) {
            0 => None,
            by => packet.get(by as usize..),
        };
        Some(packet)
    })
}

/// What a packet is, with a VLAN tag that the interface took off put back by way of `scratch`; `None` for what is not
/// handed on.
pub(super) fn captured<'a>(
    packet: &'a [u8],
    framing: Framing,
    scratch: &'a mut Vec<u8>,
) -> Option<Captured<'a>> {
    let start = u16_at(packet, header::MAC) as usize;
    let bytes = packet.get(start..start + u32_at(packet, header::CAPTURED) as usize)?;
    // On the loopback each packet is seen leaving and arriving: the arrival is enough.
    let direction = packet.get(header::DIRECTION).copied();
    if framing.loopback && direction == Some(libc::PACKET_OUTGOING) {
        return None;
    }
    if framing.from_network_header && !matches!(bytes.first().map(|b| b >> 4), Some(4 | 6)) {
        return None;
    }
    let seconds = i64::from(u32_at(packet, header::SECONDS));
    let at = Nanos(seconds * Nanos::SECOND + i64::from(u32_at(packet, header::NANOS)));
    let orig_len = u32_at(packet, header::LENGTH);
    let status = u32_at(packet, header::STATUS);
    let untagged = Captured { at, orig_len, bytes, dropped: 0 };
    if status & libc::TP_STATUS_VLAN_VALID == 0 || framing.link != LinkType::ETHERNET {
        return Some(untagged);
    }
    let Some((addresses, rest)) = bytes.split_at_checked(12) else { return Some(untagged) };
    let protocol = match status & libc::TP_STATUS_VLAN_TPID_VALID {
        0 => 0x8100,
        _ => u16_at(packet, header::VLAN_TPID),
    };
    scratch.clear();
    scratch.extend_from_slice(addresses);
    scratch.extend(protocol.to_be_bytes());
    scratch.extend((u32_at(packet, header::VLAN_TCI) as u16).to_be_bytes());
    scratch.extend_from_slice(rest);
    Some(Captured { orig_len: orig_len + 4, bytes: scratch, ..untagged })
}

/// 32 bits in the machine's byte order; 0 beyond the end, which no header of the kernel's reaches.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u32::from_ne_bytes(*word))
}

/// 16 bits, likewise.
fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u16::from_ne_bytes(*word))
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn places_are_those_of_the_kernels_structures() {
        assert_eq!(BLOCK_STATUS, offset_of!(libc::tpacket_block_desc, hdr));
        assert_eq!(block::PACKETS - BLOCK_STATUS, offset_of!(libc::tpacket_hdr_v1, num_pkts));
        assert_eq!(block::FIRST - BLOCK_STATUS, offset_of!(libc::tpacket_hdr_v1, offset_to_first_pkt));
        assert_eq!(header::NANOS, offset_of!(libc::tpacket3_hdr, tp_nsec));
        assert_eq!(header::LENGTH, offset_of!(libc::tpacket3_hdr, tp_len));
        assert_eq!(header::STATUS, offset_of!(libc::tpacket3_hdr, tp_status));
        assert_eq!(header::MAC, offset_of!(libc::tpacket3_hdr, tp_mac));
        let vlan = offset_of!(libc::tpacket3_hdr, hv1);
        assert_eq!(header::VLAN_TCI, vlan + offset_of!(libc::tpacket_hdr_variant1, tp_vlan_tci));
        assert_eq!(header::VLAN_TPID, vlan + offset_of!(libc::tpacket_hdr_variant1, tp_vlan_tpid));
        assert_eq!(
            header::DIRECTION,
            size_of::<libc::tpacket3_hdr>() + offset_of!(libc::sockaddr_ll, sll_pkttype)
        );
    }

    /// A packet behind its header, which says how far the next one is.
    fn stored(bytes: &[u8], status: u32, next: u32) -> Vec<u8> {
        const MAC: usize = 80;
        let mut all = vec![0; MAC];
        let words = [
            (header::NEXT, next),
            (header::SECONDS, 7),
            (header::NANOS, 9),
            (header::CAPTURED, bytes.len() as u32),
            (header::LENGTH, bytes.len() as u32 + 100),
            (header::STATUS, status),
            (header::VLAN_TCI, 0x2005),
        ];
        for (at, word) in words {
            all[at..at + 4].copy_from_slice(&word.to_ne_bytes());
        }
        all[header::MAC..header::MAC + 2].copy_from_slice(&(MAC as u16).to_ne_bytes());
        all.extend(bytes);
        all
    }

    fn block_of(count: u32, packets: &[Vec<u8>]) -> Vec<u8> {
        let mut all = vec![0; 48];
        all[block::PACKETS..block::PACKETS + 4].copy_from_slice(&count.to_ne_bytes());
        all[block::FIRST..block::FIRST + 4].copy_from_slice(&48_u32.to_ne_bytes());
        [all, packets.concat()].concat()
    }

    #[test]
    fn packets_are_found_and_no_more_than_there_are() {
        let two = [stored(&[1; 14], 0, 94), stored(&[2; 20], 0, 0)];
        let lengths = |count| -> Vec<u32> {
            let block = block_of(count, &two);
            packets(&block).map(|packet| u32_at(packet, header::CAPTURED)).collect()
        };
        assert_eq!(
            (lengths(0), lengths(1), lengths(2), lengths(9)),
            (vec![], vec![14], vec![14, 20], vec![14, 20])
        );
        let beyond = block_of(2, &[stored(&[1; 14], 0, 5_000)]);
        assert_eq!(packets(&beyond).count(), 1);
    }

    #[test]
    fn a_tag_that_the_interface_took_off_is_put_back() {
        let ethernet = Framing::of_hardware_type(1);
        let frame: Vec<u8> = (0..20).collect();
        let mut scratch = Vec::new();
        let plain = stored(&frame, 0, 0);
        let seen = captured(&plain, ethernet, &mut scratch).unwrap();
        assert_eq!((seen.at, seen.orig_len, seen.bytes), (Nanos(7_000_000_009), 120, &frame[..]));
        let tagged = stored(&frame, libc::TP_STATUS_VLAN_VALID, 0);
        let seen = captured(&tagged, ethernet, &mut scratch).unwrap();
        assert_eq!(seen.orig_len, 124);
        assert_eq!(seen.bytes, [&frame[..12], &[0x81, 0, 0x20, 0x05], &frame[12..]].concat());
    }
}
