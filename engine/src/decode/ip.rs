//! IPv4 and IPv6, their extension headers and fragments, UDP and TCP.
//!
//! Headers come from etherparse's slices. Its own walk over extension headers is not used: it goes on
//! into the payload of later fragments, where there are none.

use etherparse::{
    IpAuthHeaderSlice, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice,
    TcpSlice, UdpSlice, err,
};

use super::bytes::limit;
use super::fragments::{Key, Piece};
use super::paths::{Kind, Part};
use super::reason;
use super::walk::{IpHeader, Walk};
use crate::packet::Endpoint;

/// IP protocol numbers.
mod protocol {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ICMP: u8 = 1;
    pub const IGMP: u8 = 2;
    pub const IPV4: u8 = 4;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const IPV6: u8 = 41;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const GRE: u8 = 47;
    pub const AUTHENTICATION: u8 = 51;
    pub const ICMP_V6: u8 = 58;
    pub const DESTINATION: u8 = 60;
    pub const OSPF: u8 = 89;
    pub const PIM: u8 = 103;
    pub const VRRP: u8 = 112;
    pub const SCTP: u8 = 132;
    pub const MPLS: u8 = 137;
}

/// Where a fragment belongs.
#[derive(Clone, Copy, Debug)]
struct Fragment {
    id: u32,
    offset: usize,
    more: bool,
}

/// What follows the IP header, as far as it was captured.
#[derive(Clone, Copy, Debug)]
struct Body<'a> {
    number: u8,
    bytes: &'a [u8],
    /// The capture cut it.
    cut: bool,
}

impl Walk<'_> {
    /// An IP packet of the version that its first byte says.
    pub(super) fn ip(&mut self, bytes: &[u8]) {
        match bytes.first().map(|first| first >> 4) {
            Some(4) => self.ipv4(bytes),
            Some(6) => self.ipv6(bytes),
            Some(_) => self.skip(reason::NOT_IP),
            None => self.skip(reason::CUT_IP),
        }
    }

    fn ipv4(&mut self, bytes: &[u8]) {
        let ip = match Ipv4HeaderSlice::from_slice(bytes) {
            Ok(ip) => ip,
            Err(err::ipv4::HeaderSliceError::Len(_)) => return self.skip(reason::CUT_IP),
            Err(_) => return self.skip(reason::BAD_IP),
        };
        let header = IpHeader {
            source: Endpoint::v4(ip.source(), 0),
            destination: Endpoint::v4(ip.destination(), 0),
            dscp: ip.dcp().value(),
            id: Some(ip.identification()),
            fragmented: false,
        };
        let rest = &bytes[ip.slice().len()..];
        // Segmentation offload leaves 0: the packet is what was captured.
        let len = usize::from(ip.total_len()).checked_sub(ip.slice().len());
        let body = Body {
            number: ip.protocol().0,
            bytes: len.map_or(rest, |len| limit(rest, len)),
            cut: len.is_some_and(|len| len > rest.len()),
        };
        if !ip.is_fragmenting_payload() {
            return self.upper(&header, body);
        }
        let offset = usize::from(ip.fragments_offset().byte_offset());
        let id = u32::from(ip.identification());
        self.fragment(&header, body, Fragment { id, offset, more: ip.more_fragments() });
    }

    fn ipv6(&mut self, bytes: &[u8]) {
        let Ok(ip) = Ipv6HeaderSlice::from_slice(bytes) else { return self.skip(reason::CUT_IP) };
        let header = IpHeader {
            source: Endpoint::v6(ip.source(), 0),
            destination: Endpoint::v6(ip.destination(), 0),
            dscp: ip.dscp().value(),
            id: None,
            fragmented: false,
        };
        let rest = &bytes[ip.slice().len()..];
        // 0 is a jumbogram or segmentation offload: the packet is what was captured.
        let len = Some(usize::from(ip.payload_length())).filter(|len| *len != 0);
        let body = Body {
            number: ip.next_header().0,
            bytes: len.map_or(rest, |len| limit(rest, len)),
            cut: len.is_some_and(|len| len > rest.len()),
        };
        self.upper(&header, body);
    }

    /// Extension headers, up to a transport or a fragment header.
    fn upper(&mut self, ip: &IpHeader, mut body: Body<'_>) {
        loop {
            let (next, len) = match body.number {
                protocol::HOP_BY_HOP | protocol::ROUTING | protocol::DESTINATION => {
                    let Ok(header) = Ipv6RawExtHeaderSlice::from_slice(body.bytes) else {
                        return self.skip(reason::CUT_IP);
                    };
                    (header.next_header(), header.slice().len())
                }
                protocol::AUTHENTICATION => match IpAuthHeaderSlice::from_slice(body.bytes) {
                    Ok(header) => (header.next_header(), header.slice().len()),
                    Err(err::ip_auth::HeaderSliceError::Len(_)) => return self.skip(reason::CUT_IP),
                    Err(_) => return self.skip(reason::BAD_IP),
                },
                protocol::FRAGMENT => {
                    let Ok(header) = Ipv6FragmentHeaderSlice::from_slice(body.bytes) else {
                        return self.skip(reason::CUT_IP);
                    };
                    let offset = usize::from(header.fragment_offset().byte_offset());
                    let place =
                        Fragment { id: header.identification(), offset, more: header.more_fragments() };
                    let rest = &body.bytes[header.slice().len()..];
                    if header.is_fragmenting_payload() {
                        let body = Body { number: header.next_header().0, bytes: rest, ..body };
                        return self.fragment(ip, body, place);
                    }
                    (header.next_header(), header.slice().len())
                }
                _ => return self.transport(ip, body),
            };
            body = Body { number: next.0, bytes: &body.bytes[len..], ..body };
        }
    }

    fn fragment(&mut self, ip: &IpHeader, body: Body<'_>, place: Fragment) {
        if ip.fragmented {
            // A fragment header inside a reassembled datagram: nobody sends that in good faith.
            return self.skip(reason::BAD_IP);
        }
        if body.cut {
            return self.skip(reason::CUT_FRAGMENT);
        }
        // In IPv6 only the first fragment's next header counts (RFC 8200 section 4.5).
        let protocol = if ip.source.is_v6() { 0 } else { body.number };
        let path = self.state.paths.current();
        let key = Key {
            source: ip.source.octets,
            destination: ip.destination.octets,
            id: place.id,
            protocol,
            path,
        };
        let (frame, at) = self.place();
        let piece = Piece {
            frame,
            at,
            offset: place.offset,
            more: place.more,
            number: body.number,
            bytes: body.bytes,
        };
        let whole = self.state.fragments.insert(key, &piece);
        self.state.count_incomplete();
        match whole {
            Ok(None) => {}
            Err(reason) => self.skip(reason),
            Ok(Some((number, bytes))) => {
                let header = IpHeader { fragmented: true, ..*ip };
                self.upper(&header, Body { number, bytes: &bytes, cut: false });
            }
        }
    }

    fn transport(&mut self, ip: &IpHeader, body: Body<'_>) {
        match body.number {
            protocol::UDP => self.udp(ip, body.bytes),
            protocol::TCP => self.tcp(ip, body.bytes),
            protocol::IPV4 => self.ip_in_ip(Kind::IpIp, ip, body.bytes),
            protocol::IPV6 => self.ip_in_ip(Kind::SixInFour, ip, body.bytes),
            protocol::GRE => self.gre(ip, body.bytes),
            protocol::MPLS => self.mpls(body.bytes),
            protocol::ICMP | protocol::ICMP_V6 => {
                // the packets that its errors quote are no traffic
                self.icmp(ip, body.number == protocol::ICMP_V6, body.bytes);
                self.skip_neighbour(reason::IP_PROTOCOL);
            }
            protocol::IGMP | protocol::OSPF | protocol::PIM | protocol::VRRP | protocol::SCTP => {
                self.skip_neighbour(reason::IP_PROTOCOL);
            }
            _ => self.skip(reason::IP_PROTOCOL),
        }
    }

    fn ip_in_ip(&mut self, kind: Kind, ip: &IpHeader, bytes: &[u8]) {
        if self.enter(Part::tunnel(kind, 0, ip.source, ip.destination)) {
            self.ip(bytes);
        }
    }

    fn udp(&mut self, ip: &IpHeader, bytes: &[u8]) {
        let Ok(udp) = UdpSlice::from_slice_lax(bytes) else { return self.skip(reason::CUT_UDP) };
        let payload = udp.payload();
        let wire_len = usize::from(udp.length()).checked_sub(8).unwrap_or(payload.len());
        let ports = (udp.source_port(), udp.destination_port());
        if !self.udp_tunnel(ip, ports.1, payload, wire_len) {
            self.give_udp(ip, ports, payload, wire_len);
        }
    }

    fn tcp(&mut self, ip: &IpHeader, bytes: &[u8]) {
        let tcp = match TcpSlice::from_slice(bytes) {
            Ok(tcp) => tcp,
            Err(err::tcp::HeaderSliceError::Len(_)) => return self.skip(reason::CUT_TCP),
            Err(_) => return self.skip(reason::BAD_TCP),
        };
        // A SYN takes one number before the first payload byte (RFC 9293 section 3.4).
        let sequence = tcp.sequence_number().wrapping_add(u32::from(tcp.syn()));
        let flags = tcp.header_slice()[13];
        self.give_tcp(ip, (tcp.source_port(), tcp.destination_port()), sequence, flags, tcp.payload());
    }
}
