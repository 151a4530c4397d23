//! From a captured packet to what it carries: link layers, IP and fragments, tunnels and mirrors.
//!
//! [`Decoder::decode`] hands every UDP datagram, TCP segment and 802.11 frame of a packet to the caller;
//! what cannot be decoded is counted by reason, never an error.
//!
//! The common frame (Ethernet with at most one VLAN tag, IP, UDP, no tunnel) takes `fast`; all others
//! take `walk`, which descends layer by layer. Both give the same items.

mod bytes;
mod cutter;
mod fast;
mod fragments;
mod hep;
mod icmp;
pub mod inside;
mod ip;
mod link;
mod mirror;
mod paths;
pub mod peel;
mod reason;
mod sequence;
pub mod tcp;
mod tunnel;
mod tzsp;
mod walk;

#[cfg(test)]
mod tests;

pub use icmp::Unreachable;

use std::collections::BTreeMap;

use crate::config::Config;
use crate::packet::{Context, LinkType, Packet, PathId};
use crate::wifi::Radio;

/// A piece of traffic that one tracker owns.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// A UDP datagram, reassembled if it came in fragments.
    Udp {
        /// Place and time.
        cx: Context,
        /// Captured part of the UDP payload.
        payload: &'a [u8],
        /// Payload length on the wire by the UDP (or IP) header; more than `payload.len()` when cut.
        wire_len: usize,
    },
    /// A TCP segment.
    Tcp {
        /// Place and time.
        cx: Context,
        /// Sequence number of the first payload byte.
        sequence: u32,
        /// TCP flags byte (FIN 1, SYN 2, RST 4, ACK 16).
        flags: u8,
        /// Captured part of the payload.
        payload: &'a [u8],
    },
    /// An 802.11 frame; its data payload, when readable, follows as further items.
    Dot11 {
        /// Frame number, time and path; the endpoints are meaningless and zero.
        cx: Context,
        /// What the radio header said.
        radio: Radio,
        /// The MAC frame, FCS removed.
        frame: &'a [u8],
    },
}

/// Packets that were not understood, for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotDecoded {
    /// How many.
    pub packets: u64,
    /// The first of them.
    pub first_frame: u64,
}

/// One way to the sensor: interface, VLANs, tunnels; with what a mirror's own sequence numbers tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PathInfo {
    /// For people: `interface 0`, `ERSPAN II 10.9.0.1 > 10.9.0.2 session 100`, `VLAN 12`.
    pub label: String,
    /// Packets that came this way. A packet counts for its innermost path, and for the mirror on its way
    /// whose sequence number it carries.
    pub packets: u64,
    /// Mirrored packets lost on the way to the sensor by the mirror's sequence numbers; `None` where
    /// the encapsulation has none. A path that leads on from a mirror (a VLAN inside it) repeats the
    /// mirror's figure: do not add them up.
    pub mirror_lost: Option<u64>,
}

/// Decodes packets; owns the reassembly of IP fragments and the table of paths.
#[derive(Debug)]
pub struct Decoder {
    state: walk::State,
}

impl Decoder {
    /// A decoder with the bounds of `config`.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self { state: walk::State::new(config) }
    }

    /// The datagram of an ordinary frame whose payload is `wanted`. `None`, with nothing counted: this packet is
    /// for [`Self::decode`].
    #[inline(always)]
    pub(crate) fn ordinary<'a>(
        &mut self,
        packet: &Packet<'a>,
        wanted: impl FnOnce(&[u8]) -> bool,
    ) -> Option<fast::Datagram<'a>> {
        let mut found = fast::datagram(packet.bytes)?;
        if packet.link != LinkType::ETHERNET || !wanted(found.payload) {
            return None;
        }
        found.path = self.state.paths.plain(packet.interface, found.vlan);
        Some(found)
    }

    /// The front of a datagram that may be RTP, in a frame of the commonest form, and the path of the frame. `None`,
    /// with nothing counted: this packet is for [`Self::ordinary`].
    #[inline(always)]
    pub(crate) fn rtp(
        &mut self,
        packet: &Packet<'_>,
        wanted: impl FnOnce(&[u8; 2]) -> bool,
    ) -> Option<(fast::RtpHead, PathId)> {
        let found = fast::rtp(packet.bytes)?;
        if packet.link != LinkType::ETHERNET || !wanted(found.front.first_chunk()?) {
            return None;
        }
        Some((found, self.state.paths.plain(packet.interface, 0)))
    }

    /// The datagram that did not arrive, where the last packet was ICMP that says so.
    pub fn unreachable(&mut self) -> Option<Unreachable> {
        self.state.unreachable.take()
    }

    /// Decodes one packet and calls `sink` for each item in it, outermost first.
    ///
    /// A tunnel that was recognised gives what is inside it, not its own datagram. Packets that ICMP
    /// errors quote are no traffic and are never looked into.
    #[inline]
    pub fn decode(&mut self, packet: &Packet<'_>, mut sink: impl FnMut(Item<'_>)) {
        if packet.link == LinkType::ETHERNET
            && let Some(mut found) = fast::datagram(packet.bytes)
        {
            found.path = self.state.paths.plain(packet.interface, found.vlan);
            sink(found.item(packet));
            return;
        }
        self.decode_general(packet, &mut sink);
    }

    /// The general path, for what the fast one leaves.
    #[inline(never)]
    fn decode_general(&mut self, packet: &Packet<'_>, sink: &mut dyn FnMut(Item<'_>)) {
        walk::Walk::new(&mut self.state, packet, sink).packet(packet);
    }

    /// What was not understood, by reason. Fragments of datagrams that are not complete yet count too,
    /// until the rest of them arrives.
    #[must_use]
    pub fn not_decoded(&self) -> &BTreeMap<&'static str, NotDecoded> {
        &self.state.not_decoded
    }

    /// The frames that the IP fragments of the datagram lay in that was put together last.
    #[must_use]
    pub(crate) fn fragments(&self) -> &[u64] {
        self.state.fragments.completed()
    }

    /// The ways to the sensor, indexed by [`PathId`]. At most 1024; packets of further ones are filed
    /// under the first.
    #[must_use]
    pub fn paths(&self) -> &[PathInfo] {
        self.state.paths.infos()
    }

    /// The path of packets that come straight from an interface, without VLAN or tunnel.
    pub(crate) fn path_of_interface(&mut self, interface: u32) -> PathId {
        self.state.paths.of_interface(interface)
    }

    /// Packets whose path is not told apart because there are too many.
    #[must_use]
    pub fn paths_refused(&self) -> u64 {
        self.state.paths.refused()
    }

    /// The path of an id that this decoder gave out.
    #[must_use]
    pub fn path(&self, id: PathId) -> Option<&PathInfo> {
        self.paths().get(usize::from(id.0))
    }
}
