//! Link layers: Ethernet and its tags, Linux cooked, loopback, PPP, raw IP, 802.11 kinds.

use super::bytes::{array, limit, u16_at, u32_at};
use super::paths::{Kind, Part};
use super::reason;
use super::walk::Walk;
use crate::packet::LinkType;
use crate::wifi;

/// ARPHRD numbers of the cooked formats.
mod hardware {
    pub const IEEE80211: u16 = 801;
    pub const PRISM: u16 = 802;
    pub const RADIOTAP: u16 = 803;
}

impl Walk<'_> {
    /// What a capture file calls a link type.
    pub(super) fn link(&mut self, link: LinkType, bytes: &[u8]) {
        match link {
            LinkType::ETHERNET => self.ethernet(bytes),
            LinkType::LINUX_SLL => self.cooked(bytes),
            LinkType::LINUX_SLL2 => self.cooked2(bytes),
            LinkType::RAW | LinkType::RAW_DLT12 | LinkType::RAW_DLT14 | LinkType::IPV4 | LinkType::IPV6 => {
                self.ip(bytes);
            }
            LinkType::NULL | LinkType::LOOP => self.loopback(bytes),
            LinkType::PPP | LinkType::PPP_HDLC => self.ppp_link(bytes),
            LinkType::PPP_ETHER => self.pppoe(bytes),
            LinkType::TZSP => self.tzsp_link(bytes),
            LinkType::PPI => self.ppi(bytes),
            LinkType::IEEE802_11 | LinkType::PRISM | LinkType::RADIOTAP | LinkType::AVS => {
                self.air(link, bytes);
            }
            _ => self.skip(reason::LINK_TYPE),
        }
    }

    /// 802.11 with or without a radio header.
    pub(super) fn air(&mut self, link: LinkType, bytes: &[u8]) {
        let on_air = u32::try_from(bytes.len() + self.cut).unwrap_or(u32::MAX);
        match wifi::strip_captured(link, bytes, on_air) {
            Some((radio, frame)) => self.dot11(radio, frame),
            None => self.skip(reason::BAD_RADIO),
        }
    }

    /// PPI: version, flags, length (little endian), then the link type of what follows.
    fn ppi(&mut self, bytes: &[u8]) {
        let (Some(len), Some(link)) = (array::<2>(bytes, 2), array::<4>(bytes, 4)) else {
            return self.skip(reason::CUT_LINK);
        };
        let link = LinkType(u16::try_from(u32::from_le_bytes(link)).unwrap_or(u16::MAX));
        if link == LinkType::IEEE802_11 {
            return self.air(LinkType::PPI, bytes);
        }
        match bytes.get(usize::from(u16::from_le_bytes(len)).max(8)..) {
            Some(rest) if self.deeper() => self.link(link, rest),
            Some(_) => {}
            None => self.skip(reason::CUT_LINK),
        }
    }

    /// Ethernet II, or 802.3 with LLC.
    pub(super) fn ethernet(&mut self, bytes: &[u8]) {
        let Some((header, rest)) = bytes.split_first_chunk::<14>() else {
            return self.skip(reason::CUT_LINK);
        };
        self.ethertype(u16::from_be_bytes([header[12], header[13]]), rest);
    }

    /// What an EtherType (or, up to 1500, an 802.3 length) announces.
    pub(super) fn ethertype(&mut self, mut ethertype: u16, mut bytes: &[u8]) {
        while matches!(ethertype, 0x8100 | 0x88a8 | 0x9100) {
            let (Some(tag), Some(inner)) = (u16_at(bytes, 0), u16_at(bytes, 2)) else {
                return self.skip(reason::CUT_LINK);
            };
            // VLAN 0 is a priority mark on untagged traffic. The path bounds the tags of a packet.
            let vlan = tag & 0x0fff;
            if vlan != 0 && !self.push(Part::new(Kind::Vlan, vlan.into())) {
                return;
            }
            (ethertype, bytes) = (inner, &bytes[4..]);
        }
        match ethertype {
            0x0800 | 0x86dd => self.ip(bytes),
            0x8847 | 0x8848 => self.mpls(bytes),
            0x8864 => self.pppoe(bytes),
            0x8926 => self.vn_tag(bytes),
            0x6558 if self.deeper() => self.ethernet(bytes),
            0x6558 => {}
            0..=1500 => self.llc(limit(bytes, ethertype.into())),
            // ARP, PPPoE discovery, EAPOL, LLDP
            0x0806 | 0x8863 | 0x888e | 0x88cc => self.skip_neighbour(reason::ETHERTYPE),
            _ => self.skip(reason::ETHERTYPE),
        }
    }

    /// LLC: SNAP with an EtherType (also of a bridge, RFC 1042 and 802.1H), or IP by its own SAP.
    fn llc(&mut self, bytes: &[u8]) {
        match bytes {
            [0xaa, 0xaa, 0x03, 0, 0, 0 | 0xf8, high, low, rest @ ..] if self.deeper() => {
                self.ethertype(u16::from_be_bytes([*high, *low]), rest);
            }
            [0xaa, 0xaa, 0x03, 0, 0, 0 | 0xf8, _, _, ..] => {}
            [0x06, 0x06, 0x03, rest @ ..] => self.ip(rest),
            [_, _, _, ..] => self.skip(reason::LLC),
            _ => self.skip(reason::CUT_LINK),
        }
    }

    /// Cisco VN-Tag: four bytes, then an EtherType.
    fn vn_tag(&mut self, bytes: &[u8]) {
        match u16_at(bytes, 4) {
            Some(inner) if self.deeper() => self.ethertype(inner, &bytes[6..]),
            Some(_) => {}
            None => self.skip(reason::CUT_LINK),
        }
    }

    fn cooked(&mut self, bytes: &[u8]) {
        let (Some(hardware), Some(protocol)) = (u16_at(bytes, 2), u16_at(bytes, 14)) else {
            return self.skip(reason::CUT_LINK);
        };
        self.cooked_payload(hardware, protocol, &bytes[16..]);
    }

    /// Version 2 names the interface: a capture on "any" sees a bridged packet on each of them.
    fn cooked2(&mut self, bytes: &[u8]) {
        let (Some(protocol), Some(device), Some(hardware), Some(payload)) =
            (u16_at(bytes, 0), u32_at(bytes, 4), u16_at(bytes, 8), bytes.get(20..))
        else {
            return self.skip(reason::CUT_LINK);
        };
        if self.push(Part::new(Kind::Device, device)) {
            self.cooked_payload(hardware, protocol, payload);
        }
    }

    fn cooked_payload(&mut self, hardware: u16, protocol: u16, payload: &[u8]) {
        match (hardware, protocol) {
            (hardware::IEEE80211, _) => self.air(LinkType::IEEE802_11, payload),
            (hardware::PRISM, _) => self.air(LinkType::PRISM, payload),
            (hardware::RADIOTAP, _) => self.air(LinkType::RADIOTAP, payload),
            // Numbers below 0x600 are the kernel's own: 4 is LLC, 1 raw 802.3.
            (_, 4) => self.llc(payload),
            (_, 0..0x600) => self.skip(reason::ETHERTYPE),
            _ => self.ethertype(protocol, payload),
        }
    }

    /// The address family, in either byte order; the number of IPv6 differs from system to system.
    fn loopback(&mut self, bytes: &[u8]) {
        let Some((family, rest)) = bytes.split_first_chunk::<4>() else {
            return self.skip(reason::CUT_LINK);
        };
        let family = u32::from_le_bytes(*family);
        match if family > 0xffff { family.swap_bytes() } else { family } {
            2 | 10 | 23 | 24 | 28 | 30 => self.ip(rest),
            _ => self.skip(reason::FAMILY),
        }
    }

    /// PPP as a link: with HDLC's address and control or without, or Cisco HDLC with an EtherType.
    fn ppp_link(&mut self, bytes: &[u8]) {
        match bytes {
            [0xff, 0x03, rest @ ..] => self.ppp(rest),
            [0x0f | 0x8f, 0x00, high, low, rest @ ..] => {
                self.ethertype(u16::from_be_bytes([*high, *low]), rest);
            }
            rest => self.ppp(rest),
        }
    }

    /// PPPoE session (RFC 2516): version and type, code, session, length, then PPP.
    pub(super) fn pppoe(&mut self, bytes: &[u8]) {
        let (Some(code), Some(session), Some(len)) = (u16_at(bytes, 0), u16_at(bytes, 2), u16_at(bytes, 4))
        else {
            return self.skip(reason::CUT_LINK);
        };
        if code != 0x1100 {
            return self.skip(reason::ETHERTYPE);
        }
        if self.enter(Part::new(Kind::Pppoe, session.into())) {
            self.ppp(limit(&bytes[6..], len.into()));
        }
    }

    /// PPP from its protocol number on, which may be compressed to one (odd) byte.
    pub(super) fn ppp(&mut self, bytes: &[u8]) {
        let (protocol, rest) = match bytes {
            [low, rest @ ..] if low & 1 == 1 => (u16::from(*low), rest),
            [high, low, rest @ ..] => (u16::from_be_bytes([*high, *low]), rest),
            _ => return self.skip(reason::CUT_LINK),
        };
        match protocol {
            0x0021 | 0x0057 => self.ip(rest),
            0x0281 | 0x0283 => self.mpls(rest),
            _ => self.skip(reason::PPP),
        }
    }

    /// MPLS (RFC 3032): entries up to the bottom of the stack, then what only its first bytes tell.
    pub(super) fn mpls(&mut self, mut bytes: &[u8]) {
        let label = loop {
            let Some(entry) = u32_at(bytes, 0) else { return self.skip(reason::CUT_LINK) };
            bytes = &bytes[4..];
            if entry & 0x100 != 0 {
                break entry >> 12;
            }
        };
        if !self.enter(Part::new(Kind::Mpls, label)) {
            return;
        }
        match mpls_payload(bytes) {
            Payload::Ip => self.ip(bytes),
            Payload::Ethernet => self.ethernet(bytes),
            Payload::ControlWord => self.ethernet(&bytes[4..]),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Payload {
    Ip,
    Ethernet,
    ControlWord,
}

/// IP by its version. A frame whose address starts with the same nibble is told by what follows, and a
/// control word (RFC 4385), which starts with 0, by where an EtherType makes sense.
fn mpls_payload(bytes: &[u8]) -> Payload {
    let frame = is_ethernet(bytes);
    match bytes.first().map_or(0, |b| b >> 4) {
        4 if !frame || u16_at(bytes, 2).is_some_and(|len| usize::from(len) == bytes.len()) => Payload::Ip,
        6 if !frame || u16_at(bytes, 4).is_some_and(|len| usize::from(len) + 40 == bytes.len()) => {
            Payload::Ip
        }
        0 if bytes.len() > 4 && (is_ethernet(&bytes[4..]) || !frame) => Payload::ControlWord,
        _ => Payload::Ethernet,
    }
}

/// True when the bytes have the EtherType of a common protocol in place, and its first byte after it.
pub(super) fn is_ethernet(bytes: &[u8]) -> bool {
    let first = bytes.get(14).map_or(0, |b| b >> 4);
    match u16_at(bytes, 12) {
        Some(0x0800) => first == 4,
        Some(0x86dd) => first == 6,
        Some(0x0806 | 0x8100 | 0x88a8 | 0x9100 | 0x8847 | 0x8848 | 0x8863 | 0x8864 | 0x888e | 0x88cc) => true,
        Some(len @ 3..=1500) => {
            bytes.len() >= 14 + usize::from(len) && matches!(bytes[14], 0x42 | 0xaa | 0xfe | 0xe0)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mpls_payload_is_told_by_its_bytes() {
        let frame = |first: u8, ethertype: [u8; 2], then: u8| {
            let mut frame = vec![first; 12];
            frame.extend(ethertype);
            frame.extend([then; 40]);
            frame
        };
        assert_eq!(mpls_payload(&[0x45, 0, 0, 20]), Payload::Ip);
        assert_eq!(mpls_payload(&[0x60, 0, 0, 0]), Payload::Ip);
        assert_eq!(mpls_payload(&frame(0x44, [0x08, 0x00], 0x45)), Payload::Ethernet);
        assert_eq!(mpls_payload(&frame(0x00, [0x08, 0x06], 0)), Payload::Ethernet);
        assert_eq!(mpls_payload(&frame(0xa4, [0x12, 0x34], 0)), Payload::Ethernet);
        let with_word = [&[0; 4][..], &frame(0x02, [0x08, 0x00], 0x45)].concat();
        assert_eq!(mpls_payload(&with_word), Payload::ControlWord);
    }
}
