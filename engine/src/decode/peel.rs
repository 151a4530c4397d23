//! One layer of a mirror or tunnel taken off: what it says about the packet in it, and the packet.
//!
//! The decoder descends through these layers; a live source takes the outermost off and hands on what is inside.

use std::borrow::Cow;

use super::link::is_ethernet;
pub use super::paths::Kind;
pub use super::sequence::Sequence;
use super::{hep, mirror, reason, tunnel, tzsp};
use crate::packet::{Endpoint, LinkType, Nanos};
use crate::wifi::Radio;

/// A layer of a mirror or tunnel.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer<'a> {
    /// Which encapsulation.
    pub kind: Kind,
    /// Its session, VNI, key or agent; 0 without one.
    pub id: u32,
    /// The number that the mirror gave this packet: gaps are packets lost on the way from the mirror.
    pub sequence: Option<u32>,
    /// When the mirror saw the packet.
    pub stamp: Option<Stamp>,
    /// What is inside.
    pub inner: Inner<'a>,
}

/// A mirror's own time of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// On the calendar.
    Absolute(Nanos),
    /// A counter of 32 bits that starts anywhere and wraps.
    Ticks {
        /// Its value.
        value: u32,
        /// Nanoseconds of a tick.
        nanos: u32,
    },
}

/// What a layer holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Inner<'a> {
    /// A packet that starts as `link` says.
    Packet {
        /// Ethernet, raw IP, PPI, radiotap, Prism or AVS.
        link: LinkType,
        /// The packet, as far as the mirror gave it.
        bytes: &'a [u8],
        /// Its length before the mirror cut it, where the layer tells.
        orig_len: Option<usize>,
    },
    /// What an EtherType names other than IP, such as MPLS.
    Typed {
        /// The EtherType.
        ethertype: u16,
        /// From behind it.
        bytes: &'a [u8],
    },
    /// An 802.11 frame of which the layer says how it was received.
    Air {
        /// That.
        radio: Radio,
        /// The frame.
        frame: &'a [u8],
        /// How many bytes of a check sequence end the frame on the wire; `None` where the layer does not say.
        fcs: Option<usize>,
        /// The frame's length on the air with its check sequence, where the layer tells.
        orig_len: Option<usize>,
    },
    /// A datagram without headers: the layer tells its addresses.
    Datagram {
        /// Sender.
        source: Endpoint,
        /// Receiver.
        destination: Endpoint,
        /// IP protocol that carried it: 17 for UDP, 6 for TCP; 0 where the layer does not say.
        protocol: u8,
        /// Its payload, as far as the layer gave it.
        payload: Cow<'a, [u8]>,
        /// Length of the whole payload.
        wire_len: usize,
    },
    /// PPP from its protocol number on.
    Ppp(&'a [u8]),
    /// No packet for us, for this reason.
    Nothing(&'static str),
}

impl<'a> Inner<'a> {
    pub(super) fn ethernet(bytes: &'a [u8]) -> Self {
        Self::Packet { link: LinkType::ETHERNET, bytes, orig_len: None }
    }

    pub(super) fn ip(bytes: &'a [u8]) -> Self {
        Self::Packet { link: LinkType::RAW, bytes, orig_len: None }
    }
}

impl<'a> Layer<'a> {
    pub(super) fn new(kind: Kind, id: u32, inner: Inner<'a>) -> Self {
        Self { kind, id, sequence: None, stamp: None, inner }
    }
}

/// Encapsulations in UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// VXLAN and VXLAN-GPE.
    Vxlan,
    /// GENEVE.
    Geneve,
    /// TZSP.
    Tzsp,
    /// HEP, versions 1 to 3.
    Hep,
    /// PEEKREMOTE, old and NG.
    PeekRemote,
    /// Aruba's encapsulated remote mirroring.
    ArubaErm,
}

/// Takes the layer off a datagram that was sent to `port`. `wire_len`: length of its payload, of which the capture may
/// have cut some. `None` when it is no mirror: media may use any port.
#[must_use]
pub fn datagram(port: u16, payload: &[u8], wire_len: usize) -> Option<Layer<'_>> {
    let by_content = hep::version3(payload, wire_len).or_else(|| mirror::peekremote_ng(payload));
    by_content.or_else(|| match format_of_port(port) {
        Some(format) => datagram_as(format, payload, wire_len),
        None => tzsp::layer(payload, false),
    })
}

/// The same for a datagram that is known to be of `format`.
#[must_use]
pub fn datagram_as(format: Format, payload: &[u8], wire_len: usize) -> Option<Layer<'_>> {
    match format {
        Format::Vxlan => tunnel::vxlan(payload),
        Format::Geneve => tunnel::geneve(payload),
        Format::Tzsp => tzsp::layer(payload, true),
        Format::Hep => hep::version3(payload, wire_len).or_else(|| hep::version1(payload, wire_len)),
        Format::PeekRemote => {
            mirror::peekremote_ng(payload).or_else(|| mirror::peekremote(payload, wire_len))
        }
        Format::ArubaErm => mirror::aruba(payload, wire_len),
    }
}

/// The same for a port that somebody chose: by content alone, which has to make sense beyond the layer's own header.
#[must_use]
pub fn guess(payload: &[u8], wire_len: usize) -> Option<Layer<'_>> {
    let plausible = |format| {
        datagram_as(format, payload, wire_len).filter(|layer| match layer.inner {
            Inner::Packet { link: LinkType::ETHERNET, bytes, .. } => is_ethernet(bytes),
            Inner::Packet { link: LinkType::RAW, bytes, .. } => is_ip(bytes),
            // Their own headers leave little to chance.
            Inner::Packet { .. } | Inner::Air { .. } | Inner::Datagram { .. } => true,
            _ => false,
        })
    };
    let formats =
        [Format::Hep, Format::Vxlan, Format::Geneve, Format::PeekRemote, Format::ArubaErm, Format::Tzsp];
    datagram(0, payload, wire_len).or_else(|| formats.into_iter().find_map(plausible))
}

/// An IP header whose length says what is there, or more where it was cut.
fn is_ip(bytes: &[u8]) -> bool {
    match bytes {
        [0x45..=0x4f, _, high, low, ..] => {
            usize::from(u16::from_be_bytes([*high, *low])) >= bytes.len().min(20)
        }
        [0x60..=0x6f, ..] => bytes.len() >= 40,
        _ => false,
    }
}

/// The encapsulation that is sent to `port` by default.
#[must_use]
pub fn format_of_port(port: u16) -> Option<Format> {
    match port {
        tunnel::port::VXLAN | tunnel::port::VXLAN_LINUX | tunnel::port::VXLAN_GPE => Some(Format::Vxlan),
        tunnel::port::GENEVE => Some(Format::Geneve),
        tunnel::port::HEP => Some(Format::Hep),
        tunnel::port::PEEKREMOTE => Some(Format::PeekRemote),
        tunnel::port::ARUBA_ERM => Some(Format::ArubaErm),
        tunnel::port::TZSP => Some(Format::Tzsp),
        _ => None,
    }
}

/// Takes GRE, and ERSPAN in it, off the payload of an IP packet.
///
/// # Errors
/// Why it is none, in the words of the report.
pub fn gre(bytes: &[u8]) -> Result<Layer<'_>, &'static str> {
    let (gre, payload) = tunnel::Gre::parse(bytes).ok_or(reason::CUT_TUNNEL)?;
    tunnel::gre(&gre, payload)
}
