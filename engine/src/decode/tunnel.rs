//! Tunnels: GRE and what it carries, VXLAN, VXLAN-GPE, GENEVE, GTP-U.

use super::bytes::{limit, u8_at, u16_at, u32_at};
use super::paths::{Kind, Part};
use super::peel::{self, Inner, Layer};
use super::walk::{IpHeader, Walk};
use super::{mirror, reason};
use crate::packet::LinkType;

/// UDP ports that tunnels and mirrors are sent to.
pub(super) mod port {
    pub const GTP_U: u16 = 2152;
    pub const VXLAN: u16 = 4789;
    pub const VXLAN_GPE: u16 = 4790;
    pub const PEEKREMOTE: u16 = 5000;
    pub const ARUBA_ERM: u16 = 5555;
    pub const GENEVE: u16 = 6081;
    /// VXLAN before its port was assigned.
    pub const VXLAN_LINUX: u16 = 8472;
    pub const HEP: u16 = 9060;
    pub const TZSP: u16 = 37008;
}

/// True when [`Walk::udp_tunnel`] has to look at a datagram. Cheap; never false for a tunnel.
///
/// Besides the ports, the first byte of HEP3, TZSP and PEEKREMOTE-NG tells: RTP, RTCP and SIP start otherwise.
#[inline]
pub(super) fn may_be_tunnel(destination: u16, payload: &[u8]) -> bool {
    is_port(destination) || matches!(payload, [0 | 1 | b'H', ..])
}

/// A port that tunnels and mirrors are sent to.
#[inline(always)]
pub(super) fn is_port(destination: u16) -> bool {
    matches!(
        destination,
        port::GTP_U
            | port::VXLAN
            | port::VXLAN_GPE
            | port::PEEKREMOTE
            | port::ARUBA_ERM
            | port::GENEVE
            | port::VXLAN_LINUX
            | port::HEP
            | port::TZSP
    )
}

/// The protocols that GRE and GENEVE name by EtherType.
mod ethertype {
    pub const IPV4: u16 = 0x0800;
    pub const IPV6: u16 = 0x86dd;
    pub const MPLS: u16 = 0x8847;
    pub const MPLS_MULTICAST: u16 = 0x8848;
    /// Transparent Ethernet bridging; also NVGRE.
    pub const BRIDGED: u16 = 0x6558;
    /// PPP of PPTP (RFC 2637).
    pub const PPP: u16 = 0x880b;
    pub const ERSPAN: u16 = 0x88be;
    pub const ERSPAN_III: u16 = 0x22eb;
}

impl Walk<'_> {
    /// Decodes a datagram that is a tunnel. False when it is none, whatever its port: media may use any.
    pub(super) fn udp_tunnel(
        &mut self,
        ip: &IpHeader,
        destination: u16,
        payload: &[u8],
        wire_len: usize,
    ) -> bool {
        if !may_be_tunnel(destination, payload) {
            return false;
        }
        if destination == port::GTP_U && self.gtp(ip, payload, wire_len) {
            return true;
        }
        let layer = peel::datagram(destination, payload, wire_len);
        layer.map(|layer| self.layer(ip, &layer)).is_some()
    }

    /// GRE (RFC 2784, 2890): checksum, key and sequence number where the flags say so.
    pub(super) fn gre(&mut self, ip: &IpHeader, bytes: &[u8]) {
        match peel::gre(bytes) {
            Ok(layer) => self.layer(ip, &layer),
            Err(reason) => self.skip(reason),
        }
    }

    /// Descends through a layer that was taken off.
    fn layer(&mut self, ip: &IpHeader, layer: &Layer<'_>) {
        if !self.enter(Part::tunnel(layer.kind, layer.id, ip.source, ip.destination)) {
            return;
        }
        if let Some(number) = layer.sequence {
            self.state.paths.sequence(number);
        }
        self.inner(&layer.inner);
    }

    /// Descends into what a layer holds.
    pub(super) fn inner(&mut self, inner: &Inner<'_>) {
        match inner {
            Inner::Packet { link: LinkType::RAW, bytes, .. } => self.ip(bytes),
            Inner::Packet { link, bytes, .. } => self.link(*link, bytes),
            Inner::Typed { ethertype, bytes } => self.ethertype(*ethertype, bytes),
            Inner::Air { radio, frame, fcs, orig_len } => {
                let end = orig_len.map(|len| len.saturating_sub(fcs.unwrap_or(0)));
                self.dot11(*radio, end.map_or(frame, |end| limit(frame, end)));
            }
            Inner::Datagram { source, destination, payload, wire_len, .. } => {
                let header = IpHeader {
                    source: source.with_port(0),
                    destination: destination.with_port(0),
                    ..IpHeader::none()
                };
                self.give_udp(&header, (source.port, destination.port), payload, *wire_len);
            }
            Inner::Ppp(bytes) => self.ppp(bytes),
            Inner::Nothing(reason) => self.skip(reason),
        }
    }

    /// GTP-U (3GPP TS 29.281): version 1 and a user packet; the length has to fit the datagram.
    fn gtp(&mut self, ip: &IpHeader, payload: &[u8], wire_len: usize) -> bool {
        let (Some(flags), Some(kind), Some(len), Some(teid)) =
            (u8_at(payload, 0), u8_at(payload, 1), u16_at(payload, 2), u32_at(payload, 4))
        else {
            return false;
        };
        if flags & 0xf0 != 0x30 || kind != 255 || usize::from(len) + 8 > wire_len {
            return false;
        }
        if !self.enter(Part::tunnel(Kind::Gtp, teid, ip.source, ip.destination)) {
            return true;
        }
        match gtp_payload(flags, limit(&payload[8..], len.into())) {
            None => self.skip(reason::CUT_TUNNEL),
            Some(inner) if matches!(inner.first().map(|b| b >> 4), Some(4 | 6)) => self.ip(inner),
            Some(_) => self.skip(reason::TUNNEL_PAYLOAD),
        }
        true
    }
}

/// What GRE carries. PPTP's key is payload length and call id; NVGRE's is subnet and flow, all of which tell paths apart.
pub(super) fn gre<'a>(gre: &Gre, payload: &'a [u8]) -> Result<Layer<'a>, &'static str> {
    if gre.flags & 0x4007 > 1 || (gre.version() == 1) != (gre.protocol == ethertype::PPP) {
        // Routing (withdrawn by RFC 2784) or a version that nobody defined.
        return Err(reason::BAD_TUNNEL);
    }
    let (kind, id, inner) = match gre.protocol {
        ethertype::ERSPAN | ethertype::ERSPAN_III => return mirror::erspan(gre, payload),
        ethertype::BRIDGED => (Kind::GreTeb, gre.key, Inner::ethernet(payload)),
        ethertype::PPP => return Ok(pptp(gre, payload)),
        ethertype::IPV4 | ethertype::IPV6 => (Kind::Gre, gre.key, Inner::ip(payload)),
        ethertype::MPLS | ethertype::MPLS_MULTICAST => {
            (Kind::Gre, gre.key, Inner::Typed { ethertype: gre.protocol, bytes: payload })
        }
        _ => return Err(reason::TUNNEL_PAYLOAD),
    };
    Ok(Layer { sequence: gre.sequence, ..Layer::new(kind, id, inner) })
}

/// PPTP numbers only what carries data, so its numbers say nothing about a mirror.
fn pptp<'a>(gre: &Gre, payload: &'a [u8]) -> Layer<'a> {
    let inner = match gre.sequence {
        None => Inner::Nothing(reason::TUNNEL_PAYLOAD),
        Some(_) => Inner::Ppp(payload.strip_prefix(&[0xff, 0x03]).unwrap_or(payload)),
    };
    Layer::new(Kind::Pptp, gre.key & 0xffff, inner)
}

/// VXLAN (RFC 7348) and its generic protocol extension. The I flag and the last reserved byte tell it.
pub(super) fn vxlan(payload: &[u8]) -> Option<Layer<'_>> {
    let (flags, word) = (u8_at(payload, 0)?, u32_at(payload, 4)?);
    // 0x80: group policy. 0x04: the header's fourth byte names the protocol. 0x01: OAM.
    if flags & 0x72 != 0 || flags & 0x08 == 0 || word & 0xff != 0 {
        return None;
    }
    let protocol = if flags & 0x04 != 0 { payload[3] } else { 3 };
    let kind = if flags & 0x04 != 0 { Kind::VxlanGpe } else { Kind::Vxlan };
    let bytes = &payload[8..];
    let inner = match protocol {
        1 | 2 => Inner::ip(bytes),
        3 => Inner::ethernet(bytes),
        5 => Inner::Typed { ethertype: ethertype::MPLS, bytes },
        _ => Inner::Nothing(reason::TUNNEL_PAYLOAD),
    };
    Some(Layer::new(kind, word >> 8, inner))
}

/// GENEVE (RFC 8926): version 0, options of four-byte words.
pub(super) fn geneve(payload: &[u8]) -> Option<Layer<'_>> {
    let (first, flags) = (u8_at(payload, 0)?, u8_at(payload, 1)?);
    let (protocol, word) = (u16_at(payload, 2)?, u32_at(payload, 4)?);
    if first >> 6 != 0 || flags & 0x3f != 0 || word & 0xff != 0 {
        return None;
    }
    let inner = match (payload.get(8 + 4 * usize::from(first & 0x3f)..), protocol) {
        (None, _) => Inner::Nothing(reason::CUT_TUNNEL),
        (Some(bytes), ethertype::BRIDGED) => Inner::ethernet(bytes),
        (Some(bytes), ethertype::IPV4 | ethertype::IPV6) => Inner::ip(bytes),
        (Some(bytes), ethertype::MPLS) => Inner::Typed { ethertype: protocol, bytes },
        _ => Inner::Nothing(reason::TUNNEL_PAYLOAD),
    };
    Some(Layer::new(Kind::Geneve, word >> 8, inner))
}

/// Passes the optional word (when one of E, S, PN is set) and the chain of extension headers.
fn gtp_payload(flags: u8, bytes: &[u8]) -> Option<&[u8]> {
    if flags & 0x07 == 0 {
        return Some(bytes);
    }
    let (optional, mut rest) = bytes.split_first_chunk::<4>()?;
    let mut next = if flags & 0x04 != 0 { optional[3] } else { 0 };
    while next != 0 {
        let len = 4 * usize::from(*rest.first()?).max(1);
        next = *rest.get(len - 1)?;
        rest = &rest[len..];
    }
    Some(rest)
}

/// A GRE header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gre {
    flags: u16,
    pub protocol: u16,
    /// 0 without one.
    key: u32,
    pub sequence: Option<u32>,
}

impl Gre {
    pub fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let flags = u16_at(bytes, 0)?;
        let mut gre = Self { flags, protocol: u16_at(bytes, 2)?, key: 0, sequence: None };
        let mut at = 4;
        if flags & 0xc000 != 0 {
            at += 4;
        }
        if flags & 0x2000 != 0 {
            gre.key = u32_at(bytes, at)?;
            at += 4;
        }
        if flags & 0x1000 != 0 {
            gre.sequence = Some(u32_at(bytes, at)?);
            at += 4;
        }
        if gre.version() == 1 && flags & 0x0080 != 0 {
            at += 4;
        }
        Some((gre, bytes.get(at..)?))
    }

    fn version(self) -> u16 {
        self.flags & 0x0007
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gre_fields_follow_the_flags() {
        let (gre, payload) = Gre::parse(&[0xb0, 0, 8, 0, 1, 1, 0, 0, 0, 0, 0, 7, 0, 0, 0, 9, 0x45]).unwrap();
        assert_eq!((gre.key, gre.sequence, payload), (7, Some(9), &[0x45][..]));
        let (gre, payload) = Gre::parse(&[0x10, 0, 8, 0, 0, 0, 0, 9]).unwrap();
        assert_eq!((gre.key, gre.sequence, payload.len()), (0, Some(9), 0));
        assert!(Gre::parse(&[0x10, 0, 8, 0, 0, 0, 0]).is_none());
    }

    #[test]
    fn gtp_extension_chain() {
        // A PDU session container (0x85), one word long, between the optional word and the packet.
        let bytes = [0, 0, 0, 0x85, 1, 0x10, 0, 0, 0x45];
        assert_eq!(gtp_payload(0x34, &bytes), Some(&[0x45][..]));
        assert_eq!(gtp_payload(0x30, &[0x45]), Some(&[0x45][..]));
        // The sequence number alone brings the optional word; what it says of extensions does not count.
        assert_eq!(gtp_payload(0x32, &[0, 1, 0, 0x85, 0x45]), Some(&[0x45][..]));
        assert_eq!(gtp_payload(0x34, &bytes[..7]), None);
    }
}
