//! What a frame begins with, by its bytes: for the first of two passes (`tshark -2`), in which Wireshark
//! builds no tree and so does not tell its own number of the encapsulation.

use airtone_engine::LinkType;

/// The link type that the bytes leave no doubt about; `None` for a frame that could be several.
pub(super) fn guess(bytes: &[u8]) -> Option<LinkType> {
    let word = |at: usize| -> Option<u16> {
        bytes.get(at..)?.first_chunk().map(|octets| u16::from_be_bytes(*octets))
    };
    let first = bytes.first_chunk::<4>().map(|octets| u32::from_be_bytes(*octets))?;
    let carries = |at: usize, ethertype: Option<u16>| match ethertype {
        Some(0x0800) => is_ip(bytes.get(at..), 4),
        Some(0x86dd) => is_ip(bytes.get(at..), 6),
        _ => false,
    };
    if carries(14, word(12)) {
        return Some(LinkType::ETHERNET);
    }
    if first >> 16 <= 4 && carries(16, word(14)) {
        return Some(LinkType::LINUX_SLL);
    }
    if first & 0xffff == 0 && carries(20, word(0)) {
        return Some(LinkType::LINUX_SLL2);
    }
    if is_ip(Some(bytes), 4) || is_ip(Some(bytes), 6) {
        return Some(LinkType::RAW);
    }
    if let Some(link) = radio(bytes, first) {
        return Some(link);
    }
    let family = if first > 0xffff { first.swap_bytes() } else { first };
    let loopback = match family {
        2 => is_ip(bytes.get(4..), 4),
        10 | 24 | 28 | 30 => is_ip(bytes.get(4..), 6),
        _ => false,
    };
    if loopback {
        return Some(if first > 0xffff { LinkType::NULL } else { LinkType::LOOP });
    }
    let ppp = |at: usize| match word(at) {
        Some(0x0021) => is_ip(bytes.get(at + 2..), 4),
        Some(0x0057) => is_ip(bytes.get(at + 2..), 6),
        _ => false,
    };
    if ppp(0) || (first >> 16 == 0xff03 && ppp(2)) {
        return Some(LinkType::PPP);
    }
    other_ethernet(word(12)).or_else(|| is_beacon(bytes).then_some(LinkType::IEEE802_11))
}

/// An IP header of this version whose length fits: padding may follow, and a cut may be missing.
fn is_ip(bytes: Option<&[u8]>, version: u8) -> bool {
    let Some(bytes) = bytes else { return false };
    let word = |at: usize| bytes.get(at..).and_then(|b| b.first_chunk()).map(|b| u16::from_be_bytes(*b));
    match (version, bytes.first()) {
        (4, Some(first @ 0x45..=0x4f)) => {
            word(2).is_some_and(|total| total >= u16::from(first & 15) * 4) && bytes.len() >= 20
        }
        (6, Some(0x60..=0x6f)) => bytes.len() >= 40 && word(4).is_some(),
        _ => false,
    }
}

fn radio(bytes: &[u8], first: u32) -> Option<LinkType> {
    match first {
        0x8021_1001 | 0x8021_1002 => return Some(LinkType::AVS),
        0x0000_0041 | 0x4100_0000 | 0x0000_0044 | 0x4400_0000 => return Some(LinkType::PRISM),
        _ => {}
    }
    let length = usize::from((first as u16).swap_bytes());
    if first >> 16 != 0 || length < 8 || length > bytes.len() {
        return None;
    }
    // PPI names a link type where radiotap has the bits of its fields; 802.11 is 105.
    match bytes.get(4..8)? {
        [105, 0, 0, 0] => Some(LinkType::PPI),
        _ => Some(LinkType::RADIOTAP),
    }
}

fn other_ethernet(ethertype: Option<u16>) -> Option<LinkType> {
    matches!(ethertype?, 0x0806 | 0x8100 | 0x88a8 | 0x8847 | 0x8863 | 0x8864 | 0x88cc)
        .then_some(LinkType::ETHERNET)
}

/// A beacon to everybody, from its BSS.
fn is_beacon(bytes: &[u8]) -> bool {
    bytes.len() >= 36
        && bytes.starts_with(&[0x80, 0])
        && bytes.get(4..10) == Some(&[0xff; 6])
        && bytes.get(10..16) == bytes.get(16..22)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip() -> Vec<u8> {
        let mut bytes = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
        bytes.extend([0, 7, 0, 7, 0, 8, 0, 0]);
        bytes
    }

    fn behind(header: &[u8]) -> Option<LinkType> {
        guess(&[header, &ip()].concat())
    }

    #[test]
    fn ip_behind_each_header() {
        assert_eq!(behind(&[]), Some(LinkType::RAW));
        assert_eq!(behind(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]), Some(LinkType::ETHERNET));
        assert_eq!(behind(&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0]), Some(LinkType::LINUX_SLL));
        let cooked = [8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
        assert_eq!(behind(&cooked), Some(LinkType::LINUX_SLL2));
        assert_eq!(behind(&[2, 0, 0, 0]), Some(LinkType::NULL));
        assert_eq!(behind(&[0, 0, 0, 2]), Some(LinkType::LOOP));
        assert_eq!(behind(&[0xff, 3, 0, 0x21]), Some(LinkType::PPP));
    }

    #[test]
    fn radio_headers() {
        let beacon =
            [&[0x80, 0, 0, 0][..], &[0xff; 6], &[2, 0, 0, 0, 0, 1], &[2, 0, 0, 0, 0, 1], &[0; 20]].concat();
        assert_eq!(guess(&beacon), Some(LinkType::IEEE802_11));
        assert_eq!(guess(&[&[0, 0, 8, 0, 0, 0, 0, 0][..], &beacon].concat()), Some(LinkType::RADIOTAP));
        assert_eq!(guess(&[&[0, 0, 8, 0, 105, 0, 0, 0][..], &beacon].concat()), Some(LinkType::PPI));
        assert_eq!(guess(&[&[0x80, 0x21, 0x10, 1][..], &beacon].concat()), Some(LinkType::AVS));
        assert_eq!(guess(&[&[0, 0, 0, 0x44][..], &beacon].concat()), Some(LinkType::PRISM));
    }

    #[test]
    fn nothing_is_made_of_nothing() {
        for len in 0..80 {
            assert_eq!(guess(&vec![0xaa; len]), None);
        }
    }
}
