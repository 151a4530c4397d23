//! What a capture says before its first packet, so that the script asks the host for no more than it may need.

use airtone_engine::LinkType;

/// That.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The link type of a classic pcap whose times are microseconds: of all its frames.
    pub(super) link: Option<u16>,
    /// There may be frames of 802.11.
    pub(super) air: bool,
    /// There are keys.
    pub(super) keys: bool,
}

/// Nothing is known, so anything may come.
const UNKNOWN: Header = Header { link: None, air: true, keys: true };

/// Blocks of a pcapng.
mod block {
    pub const INTERFACE: u32 = 1;
    pub const SECRETS: u32 = 10;
    /// Packets in the three forms that there have been.
    pub const PACKETS: [u32; 3] = [2, 3, 6];
}

/// Reads the beginning of a file.
pub(super) fn read(bytes: &[u8]) -> Header {
    match bytes.first_chunk::<4>() {
        Some([0xa1, 0xb2, 0xc3, 0xd4]) => pcap(word(bytes, 20, u32::from_be_bytes), true),
        Some([0xd4, 0xc3, 0xb2, 0xa1]) => pcap(word(bytes, 20, u32::from_le_bytes), true),
        Some([0xa1, 0xb2, 0x3c, 0x4d]) => pcap(word(bytes, 20, u32::from_be_bytes), false),
        Some([0x4d, 0x3c, 0xb2, 0xa1]) => pcap(word(bytes, 20, u32::from_le_bytes), false),
        Some([0x0a, 0x0d, 0x0d, 0x0a]) => {
            let is_big = bytes.get(8..12) == Some(&[0x1a, 0x2b, 0x3c, 0x4d]);
            pcapng(bytes, if is_big { u32::from_be_bytes } else { u32::from_le_bytes }).unwrap_or(UNKNOWN)
        }
        _ => UNKNOWN,
    }
}

fn word(bytes: &[u8], at: usize, order: fn([u8; 4]) -> u32) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| order(*bytes))
}

fn pcap(link: Option<u32>, is_coarse: bool) -> Header {
    // The upper bits say how long the checksum is.
    let Some(link) = link.map(|link| link as u16) else { return UNKNOWN };
    Header { link: is_coarse.then_some(link), air: is_air(link), keys: false }
}

/// `None` where the first packet lies beyond what is there.
fn pcapng(bytes: &[u8], order: fn([u8; 4]) -> u32) -> Option<Header> {
    let mut header = Header { link: None, air: false, keys: false };
    let mut at = 0_usize;
    loop {
        let kind = word(bytes, at, order)?;
        if block::PACKETS.contains(&kind) {
            return Some(header);
        }
        header.keys |= kind == block::SECRETS;
        if kind == block::INTERFACE {
            // The link type is the half word that comes first.
            let half = bytes.get(at + 8..)?.first_chunk::<2>()?;
            let [a, b] = *half;
            header.air |= is_air(order([a, b, a, b]) as u16);
        }
        let length = usize::try_from(word(bytes, at + 4, order)?).ok().filter(|length| *length >= 12)?;
        at = at.checked_add(length)?;
    }
}

fn is_air(link: u16) -> bool {
    [LinkType::IEEE802_11, LinkType::PRISM, LinkType::RADIOTAP, LinkType::AVS, LinkType::PPI]
        .contains(&LinkType(link))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(kind: u32, body: &[u8]) -> Vec<u8> {
        let length = (12 + body.len() as u32).to_le_bytes();
        [&kind.to_le_bytes()[..], &length, body, &length].concat()
    }

    fn file(blocks: &[(u32, &[u8])]) -> Vec<u8> {
        let mut bytes = block(0x0a0d_0d0a, &[&[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0][..], &[0xff; 8]].concat());
        blocks.iter().for_each(|(kind, body)| bytes.extend(block(*kind, body)));
        bytes
    }

    #[test]
    fn a_pcapng_tells_its_interfaces_and_secrets() {
        const ETHERNET: (u32, &[u8]) = (1, &[1, 0, 0, 0, 0, 0, 0, 0]);
        const RADIO: (u32, &[u8]) = (1, &[127, 0, 0, 0, 0, 0, 0, 0]);
        const SECRETS: (u32, &[u8]) = (10, &[0; 8]);
        const PACKET: (u32, &[u8]) = (6, &[0; 20]);
        let plain = Header { link: None, air: false, keys: false };
        assert_eq!(read(&file(&[ETHERNET, PACKET])), plain);
        assert_eq!(read(&file(&[ETHERNET, RADIO, PACKET])), Header { air: true, ..plain });
        assert_eq!(read(&file(&[ETHERNET, SECRETS, PACKET])), Header { keys: true, ..plain });
        let whole = file(&[ETHERNET, PACKET]);
        for len in 0..52 {
            assert_eq!(read(&whole[..len]), UNKNOWN, "{len}");
        }
    }

    #[test]
    fn a_pcap_tells_its_link_type() {
        let file = |magic: u32, link: u32| {
            [magic, 0x0004_0002, 0, 0, 65_535, link]
                .into_iter()
                .flat_map(u32::to_le_bytes)
                .collect::<Vec<_>>()
        };
        assert_eq!(read(&file(0xa1b2_c3d4, 1)), Header { link: Some(1), air: false, keys: false });
        assert_eq!(read(&file(0xa1b2_3c4d, 105)), Header { link: None, air: true, keys: false });
        assert_eq!(read(&file(0xa1b2_c3d4, 1)[..23]), UNKNOWN);
        assert_eq!(read(b"text"), UNKNOWN);
    }
}
