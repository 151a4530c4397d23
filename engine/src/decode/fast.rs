//! The common frame in a few nanoseconds: Ethernet with at most one VLAN tag, IPv4 without options or IPv6
//! without extensions, UDP, not a fragment, not a tunnel. Anything else is left to the general path,
//! which gives the same items for these frames too.

use super::{Item, tunnel};
use crate::packet::{Context, Endpoint, Packet, PathId};

/// A UDP datagram in an ordinary frame.
#[derive(Debug)]
pub(crate) struct Datagram<'a> {
    /// VLAN id, 0 without a tag.
    pub vlan: u16,
    /// The way to the sensor, once it is known.
    pub path: PathId,
    pub source: Endpoint,
    pub destination: Endpoint,
    dscp: u8,
    ip_id: Option<u16>,
    pub payload: &'a [u8],
    pub wire_len: usize,
}

impl<'a> Datagram<'a> {
    /// The item, with what only the packet knows.
    #[inline(always)]
    pub fn item(&self, packet: &Packet<'_>) -> Item<'a> {
        let cx = Context {
            frame: packet.frame,
            at: packet.at,
            source: self.source,
            destination: self.destination,
            path: self.path,
            dscp: self.dscp,
            ip_id: self.ip_id,
            fragmented: false,
        };
        Item::Udp { cx, payload: self.payload, wire_len: self.wire_len }
    }
}

/// The datagram of an ordinary frame; `None` for all that is not.
#[inline(always)]
pub(super) fn datagram(bytes: &[u8]) -> Option<Datagram<'_>> {
    let (ethernet, rest) = bytes.split_first_chunk::<14>()?;
    match [ethernet[12], ethernet[13]] {
        [0x08, 0x00] => ipv4(0, rest),
        [0x86, 0xdd] => ipv6(0, rest),
        [0x81, 0x00] => {
            let ([high, low, ethertype @ ..], rest) = rest.split_first_chunk::<4>()?;
            let vlan = u16::from_be_bytes([high & 0x0f, *low]);
            match ethertype {
                [0x08, 0x00] => ipv4(vlan, rest),
                [0x86, 0xdd] => ipv6(vlan, rest),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What [`rtp`] looks at: the headers of Ethernet, IPv4, UDP and RTP, and four bytes of payload.
const RTP_FRAME: usize = 14 + 20 + 8 + RTP_HEAD;
/// An RTP header without CSRCs, and four bytes of payload.
const RTP_HEAD: usize = 12 + 4;

/// The commonest frame of all: what [`datagram`] gives where Ethernet has no tag, IP is IPv4, and the payload may be
/// RTP without CSRCs, extension and padding, of which the front is enough. `None` for all that is not.
#[inline(always)]
pub(super) fn rtp(bytes: &[u8]) -> Option<RtpHead> {
    let frame: &[u8; RTP_FRAME] = bytes.first_chunk()?;
    let word = |at: usize| u32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]]);
    let half = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
    let (ip_len, udp_len, destination) = (half(16), half(38), half(36));
    let ipv4_without_options = word(12) & 0xffff_ff00 == 0x0800_4500;
    let udp_whole = word(20) & 0x3fff_00ff == 17;
    let fits = usize::from(ip_len) >= 20 + 8 + RTP_HEAD && usize::from(udp_len) >= 8 + RTP_HEAD;
    let front = frame.last_chunk::<RTP_HEAD>()?;
    if !ipv4_without_options || !udp_whole || !fits || front[0] != 0x80 || tunnel::is_port(destination) {
        return None;
    }
    Some(RtpHead {
        source: Endpoint::v4([frame[26], frame[27], frame[28], frame[29]], half(34)),
        destination: Endpoint::v4([frame[30], frame[31], frame[32], frame[33]], destination),
        front: *front,
        wire_len: udp_len - 8,
    })
}

/// The front of a datagram that may be RTP.
pub(crate) struct RtpHead {
    pub source: Endpoint,
    pub destination: Endpoint,
    pub front: [u8; RTP_HEAD],
    /// Of the payload of UDP.
    pub wire_len: u16,
}

#[inline(always)]
fn ipv4(vlan: u16, bytes: &[u8]) -> Option<Datagram<'_>> {
    let (ip, rest) = bytes.split_first_chunk::<20>()?;
    let whole = ip[6] & 0x3f == 0 && ip[7] == 0;
    if ip[0] != 0x45 || ip[9] != 17 || !whole {
        return None;
    }
    // Less than the headers is what segmentation offload leaves, or damage.
    let len = usize::from(u16::from_be_bytes([ip[2], ip[3]])).checked_sub(20)?;
    let (source, destination) = ([ip[12], ip[13], ip[14], ip[15]], [ip[16], ip[17], ip[18], ip[19]]);
    let mut found = udp(rest, len)?;
    found.vlan = vlan;
    found.source = Endpoint::v4(source, found.source.port);
    found.destination = Endpoint::v4(destination, found.destination.port);
    found.dscp = ip[1] >> 2;
    found.ip_id = Some(u16::from_be_bytes([ip[4], ip[5]]));
    Some(found)
}

#[inline]
fn ipv6(vlan: u16, bytes: &[u8]) -> Option<Datagram<'_>> {
    let (ip, rest) = bytes.split_first_chunk::<40>()?;
    if ip[0] >> 4 != 6 || ip[6] != 17 {
        return None;
    }
    let mut found = udp(rest, usize::from(u16::from_be_bytes([ip[4], ip[5]])))?;
    found.vlan = vlan;
    found.source.octets = *ip[8..].first_chunk()?;
    found.destination.octets = *ip[24..].first_chunk()?;
    found.dscp = (ip[0] & 0x0f) << 2 | ip[1] >> 6;
    Some(found)
}

/// `len`: of header and payload by the IP header.
#[inline(always)]
fn udp(bytes: &[u8], len: usize) -> Option<Datagram<'_>> {
    if len < 8 {
        return None;
    }
    let (udp, payload) = bytes.get(..len).unwrap_or(bytes).split_first_chunk::<8>()?;
    let source = u16::from_be_bytes([udp[0], udp[1]]);
    let destination = u16::from_be_bytes([udp[2], udp[3]]);
    let wire_len = usize::from(u16::from_be_bytes([udp[4], udp[5]])).checked_sub(8)?;
    let payload = payload.get(..wire_len).unwrap_or(payload);
    if tunnel::may_be_tunnel(destination, payload) {
        return None;
    }
    let (source, destination) = (Endpoint::v6([0; 16], source), Endpoint::v6([0; 16], destination));
    let path = PathId::default();
    Some(Datagram { vlan: 0, path, source, destination, dscp: 0, ip_id: None, payload, wire_len })
}
