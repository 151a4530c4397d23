//! What a source hands over: a frame number, a time, a link type and the captured bytes.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Serialize, Serializer};

/// A point in capture time: nanoseconds since the Unix epoch, UTC. Also used for differences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub i64);

impl Nanos {
    /// The time of a frame in an export that holds no times: figures made of times are then `null`.
    pub const UNKNOWN: Self = Self(i64::MIN);
    /// Nanoseconds in a second.
    pub const SECOND: i64 = 1_000_000_000;
    /// Nanoseconds in a millisecond.
    pub const MILLI: i64 = 1_000_000;

    /// True but for [`Self::UNKNOWN`].
    #[must_use]
    pub fn is_known(self) -> bool {
        self != Self::UNKNOWN
    }

    /// `None` for [`Self::UNKNOWN`].
    #[must_use]
    pub fn known(self) -> Option<Self> {
        self.is_known().then_some(self)
    }

    /// [`Self::seconds_since`]; `None` where one of the two times is unknown.
    #[must_use]
    pub fn known_seconds_since(self, earlier: Nanos) -> Option<f64> {
        Some(self.known()?.seconds_since(earlier.known()?))
    }

    /// [`Self::millis_since`]; `None` where one of the two times is unknown.
    #[must_use]
    pub fn known_millis_since(self, earlier: Nanos) -> Option<f64> {
        Some(self.known()?.millis_since(earlier.known()?))
    }

    /// `self - earlier` in seconds; negative when `earlier` is later. Times further apart than 292 years,
    /// which only damaged captures hold, are that far apart.
    #[must_use]
    pub fn seconds_since(self, earlier: Nanos) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / 1e9
    }

    /// `self - earlier` in milliseconds; as [`Self::seconds_since`].
    #[must_use]
    pub fn millis_since(self, earlier: Nanos) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / 1e6
    }
}

impl fmt::Display for Nanos {
    /// RFC 3339 in UTC with nine decimals, e.g. `2026-11-21T20:30:00.000000000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(at) => write!(f, "{at:.9}"),
            Err(_) => write!(f, "{}ns", self.0),
        }
    }
}

impl Serialize for Nanos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_known() { serializer.collect_str(self) } else { serializer.serialize_none() }
    }
}

impl schemars::JsonSchema for Nanos {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "null"], "format": "date-time",
            "description": "RFC 3339, UTC, nanoseconds; null in an export without times" })
    }
}

/// A link type by its number in the tcpdump registry (`LINKTYPE_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: address family in the byte order of the capturing host.
    pub const NULL: Self = Self(0);
    /// Ethernet II or 802.3.
    pub const ETHERNET: Self = Self(1);
    /// PPP, with or without HDLC framing.
    pub const PPP: Self = Self(9);
    /// Raw IP as some systems number it (DLT 12).
    pub const RAW_DLT12: Self = Self(12);
    /// Raw IP as OpenBSD numbers it (DLT 14).
    pub const RAW_DLT14: Self = Self(14);
    /// PPP in HDLC-like framing.
    pub const PPP_HDLC: Self = Self(50);
    /// PPP over Ethernet session, starting with the PPPoE header.
    pub const PPP_ETHER: Self = Self(51);
    /// Raw IPv4 or IPv6.
    pub const RAW: Self = Self(101);
    /// IEEE 802.11 without a radio header.
    pub const IEEE802_11: Self = Self(105);
    /// OpenBSD loopback: address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture v1.
    pub const LINUX_SLL: Self = Self(113);
    /// 802.11 behind a Prism header.
    pub const PRISM: Self = Self(119);
    /// 802.11 behind a radiotap header.
    pub const RADIOTAP: Self = Self(127);
    /// TZSP without UDP.
    pub const TZSP: Self = Self(128);
    /// 802.11 behind an AVS header.
    pub const AVS: Self = Self(163);
    /// Per-packet information header (PPI), then the link type that it names.
    pub const PPI: Self = Self(192);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux cooked capture v2.
    pub const LINUX_SLL2: Self = Self(276);
}

impl LinkType {
    /// By Wireshark's own number of an encapsulation (`frame.encap_type`); `None` for those that the engine
    /// does not read.
    #[must_use]
    pub fn of_wireshark(encap: u32) -> Option<Self> {
        Some(match encap {
            1 => Self::ETHERNET,
            4 | 19 => Self::PPP,
            7 => Self::RAW,
            15 => Self::NULL,
            20 | 22 => Self::IEEE802_11,
            21 => Self::PRISM,
            23 => Self::RADIOTAP,
            24 => Self::AVS,
            25 => Self::LINUX_SLL,
            97 => Self::PPI,
            129 => Self::IPV4,
            130 => Self::IPV6,
            139 => Self::PPP_ETHER,
            174 => Self::LOOP,
            210 => Self::LINUX_SLL2,
            _ => return None,
        })
    }
}

/// One captured packet, borrowed from its source.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Number of the frame in the capture, from 1.
    pub frame: u64,
    /// Capture time.
    pub at: Nanos,
    /// What `bytes` starts with.
    pub link: LinkType,
    /// Interface of the capture, from 0; interfaces of several files are numbered through.
    pub interface: u32,
    /// Length on the wire; more than `bytes.len()` when the capture cut the packet.
    pub orig_len: u32,
    /// The captured bytes.
    pub bytes: &'a [u8],
}

/// An IP address and port; IPv4 is kept in its IPv4-mapped form. 18 bytes, cheap to copy and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// Address octets; `::ffff:a.b.c.d` for IPv4.
    pub octets: [u8; 16],
    /// UDP or TCP port.
    pub port: u16,
}

impl Endpoint {
    /// An IPv4 endpoint.
    #[must_use]
    pub fn v4(octets: [u8; 4], port: u16) -> Self {
        let [a, b, c, d] = octets;
        Self { octets: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d], port }
    }

    /// An IPv6 endpoint.
    #[must_use]
    pub fn v6(octets: [u8; 16], port: u16) -> Self {
        Self { octets, port }
    }

    /// From a standard address.
    #[must_use]
    pub fn new(ip: IpAddr, port: u16) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::v4(ip.octets(), port),
            IpAddr::V6(ip) => Self::v6(ip.octets(), port),
        }
    }

    /// The address, IPv4 when it is one.
    #[must_use]
    pub fn ip(self) -> IpAddr {
        let ip = Ipv6Addr::from(self.octets);
        ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4)
    }

    /// True for IPv6.
    #[must_use]
    pub fn is_v6(self) -> bool {
        self.ip().is_ipv6()
    }

    /// The same address with another port.
    #[must_use]
    pub fn with_port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// True for 0.0.0.0 and `::`, which in SDP means "send nothing here" (RFC 3264 section 8.4).
    #[must_use]
    pub fn is_unspecified(self) -> bool {
        self.octets == [0; 16] || self.ip() == IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SocketAddr::new(self.ip(), self.port).fmt(f)
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl schemars::JsonSchema for Endpoint {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Endpoint".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "192.0.2.1:4000 or [2001:db8::1]:4000" })
    }
}

/// Which way a packet took to the sensor: interface, VLANs and tunnels. An index into
/// [`crate::decode::Decoder::paths`]; the same datagram on two paths is one datagram seen twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PathId(pub u16);

/// The transport that carried a SIP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS, decrypted by somebody else.
    Tls,
    /// WebSocket (RFC 7118), plain or decrypted.
    WebSocket,
    /// SCTP.
    Sctp,
}

/// Where and when a piece of traffic was seen; what every tracker gets beside the payload.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Frame number; for what spans several frames, the frame that completed it.
    pub frame: u64,
    /// Capture time of that frame.
    pub at: Nanos,
    /// Sender.
    pub source: Endpoint,
    /// Receiver.
    pub destination: Endpoint,
    /// The way to the sensor.
    pub path: PathId,
    /// DSCP of the innermost IP header, 0..=63.
    pub dscp: u8,
    /// IPv4 identification of the innermost header, when there is one.
    pub ip_id: Option<u16>,
    /// The datagram came in IP fragments.
    pub fragmented: bool,
}
