//! Why a packet gave no item. People read this table, so ordinary neighbours of voice traffic (ARP, STP,
//! ICMP) are named as what they are, not as damage. The set is fixed: an attacker cannot grow it.

/// A captured packet of no bytes.
pub(super) const EMPTY: &str = "empty packet";
/// A link type that is not supported.
pub(super) const LINK_TYPE: &str = "unsupported link type";
/// Cut inside Ethernet, VLAN, PPP, cooked or similar headers.
pub(super) const CUT_LINK: &str = "truncated link header";
/// Cut inside the IP header or its extensions.
pub(super) const CUT_IP: &str = "truncated ip header";
/// Cut inside the UDP header.
pub(super) const CUT_UDP: &str = "truncated udp header";
/// Cut inside the TCP header.
pub(super) const CUT_TCP: &str = "truncated tcp header";
/// Cut inside the header of a tunnel.
pub(super) const CUT_TUNNEL: &str = "truncated tunnel header";
/// A fragment of which the capture kept only a part.
pub(super) const CUT_FRAGMENT: &str = "truncated ip fragment";
/// IP header lengths or extensions that make no sense.
pub(super) const BAD_IP: &str = "malformed ip header";
/// TCP header length that makes no sense.
pub(super) const BAD_TCP: &str = "malformed tcp header";
/// Tunnel header that makes no sense.
pub(super) const BAD_TUNNEL: &str = "malformed tunnel header";
/// Radio header that makes no sense.
pub(super) const BAD_RADIO: &str = "malformed radio header";
/// Fragments that reach beyond 65,535 bytes.
pub(super) const BAD_FRAGMENT: &str = "ip fragment beyond 64 KiB";
/// Fragments whose datagram is not complete.
pub(super) const INCOMPLETE: &str = "ip fragment incomplete";
/// Neither version 4 nor 6 where IP was announced.
pub(super) const NOT_IP: &str = "not ip";
/// ARP, LLDP, PPPoE discovery and the like.
pub(super) const ETHERTYPE: &str = "other ethertype";
/// STP, CDP, IS-IS and the like.
pub(super) const LLC: &str = "other llc frame";
/// LCP, IPCP and the like.
pub(super) const PPP: &str = "other ppp protocol";
/// An address family that is not IP, on a loopback link.
pub(super) const FAMILY: &str = "other address family";
/// ICMP, IGMP, SCTP, ESP and the like.
pub(super) const IP_PROTOCOL: &str = "other ip protocol";
/// A payload or message of a tunnel that carries no packet for us.
pub(super) const TUNNEL_PAYLOAD: &str = "other tunnel payload";
/// ERSPAN III frame types other than Ethernet and IP.
pub(super) const ERSPAN_FRAME: &str = "other erspan frame type";
/// More layers than the decoder follows.
pub(super) const TOO_DEEP: &str = "encapsulation too deep";

/// Whether a packet given up for this reason may hold what others can read: damage, and what is no tunnel, cannot.
pub(super) fn may_carry(reason: &'static str) -> bool {
    [
        LINK_TYPE,
        ETHERTYPE,
        FAMILY,
        PPP,
        IP_PROTOCOL,
        NOT_IP,
        BAD_TUNNEL,
        TUNNEL_PAYLOAD,
        ERSPAN_FRAME,
        TOO_DEEP,
    ]
    .contains(&reason)
}
