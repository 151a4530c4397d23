//! The descent through one packet: where it stands, what it hands over, what it counts.

use std::collections::BTreeMap;

use super::fragments::Fragments;
use super::icmp::Unreachable;
use super::paths::{Part, Paths};
use super::{Item, NotDecoded, reason};
use crate::config::Config;
use crate::packet::{Context, Endpoint, Nanos, Packet};
use crate::wifi::Radio;

/// Tunnels, mirrors and label stacks that are followed into one another.
const MAX_TUNNELS: u8 = 8;

/// What outlives a packet.
#[derive(Debug)]
pub(super) struct State {
    pub not_decoded: BTreeMap<&'static str, NotDecoded>,
    pub paths: Paths,
    pub fragments: Fragments,
    /// What an ICMP message in the packet said.
    pub unreachable: Option<Unreachable>,
    /// The frame of the last packet that was given up, and why.
    pub given_up: Option<(u64, &'static str)>,
}

impl State {
    pub fn new(config: &Config) -> Self {
        Self {
            not_decoded: BTreeMap::new(),
            paths: Paths::default(),
            fragments: Fragments::new(config.max_reassemblies),
            unreachable: None,
            given_up: None,
        }
    }

    /// Takes back that the last packet was given up for this reason.
    pub fn forgive(&mut self, reason: &'static str) {
        let Some(entry) = self.not_decoded.get_mut(reason) else { return };
        entry.packets = entry.packets.saturating_sub(1);
        if entry.packets == 0 {
            self.not_decoded.remove(reason);
        }
    }

    /// Keeps the entry of incomplete datagrams equal to what the reassembly knows.
    pub fn count_incomplete(&mut self) {
        match self.fragments.incomplete() {
            Some(count) => _ = self.not_decoded.insert(reason::INCOMPLETE, count),
            None => _ = self.not_decoded.remove(reason::INCOMPLETE),
        }
    }
}

/// What an IP header says about the datagram in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct IpHeader {
    /// Sender; the port is 0.
    pub source: Endpoint,
    /// Receiver; the port is 0.
    pub destination: Endpoint,
    pub dscp: u8,
    pub id: Option<u16>,
    pub fragmented: bool,
}

impl IpHeader {
    /// For what has no IP header: 802.11 frames, and mirrors that tell the addresses otherwise.
    pub fn none() -> Self {
        let nobody = Endpoint::v6([0; 16], 0);
        Self { source: nobody, destination: nobody, dscp: 0, id: None, fragmented: false }
    }
}

/// One packet on its way through the layers. Each layer has its methods in its own file.
pub(super) struct Walk<'d> {
    pub state: &'d mut State,
    frame: u64,
    at: Nanos,
    /// Bytes that the capture cut off the end of the packet.
    pub cut: usize,
    sink: &'d mut dyn FnMut(Item<'_>),
    tunnels: u8,
}

impl<'d> Walk<'d> {
    pub fn new(state: &'d mut State, packet: &Packet<'_>, sink: &'d mut dyn FnMut(Item<'_>)) -> Self {
        state.paths.start(packet.interface);
        let cut = (packet.orig_len as usize).saturating_sub(packet.bytes.len());
        Self { state, frame: packet.frame, at: packet.at, cut, sink, tunnels: 0 }
    }

    /// Decodes the packet, to the end.
    pub fn packet(mut self, packet: &Packet<'_>) {
        if packet.bytes.is_empty() {
            self.skip(reason::EMPTY);
        } else {
            self.link(packet.link, packet.bytes);
        }
        self.state.paths.arrived();
    }

    /// Gives the packet up.
    pub fn skip(&mut self, reason: &'static str) {
        let entry = NotDecoded { packets: 0, first_frame: self.frame };
        self.state.not_decoded.entry(reason).or_insert(entry).packets += 1;
        if reason::may_carry(reason) {
            self.state.given_up = Some((self.frame, reason));
        }
    }

    /// Gives up a packet that is an ordinary neighbour of traffic and carries none.
    pub fn skip_neighbour(&mut self, reason: &'static str) {
        self.skip(reason);
        self.state.given_up = None;
    }

    /// Steps into a tunnel or a mirror. False when that is one too many; the packet is given up then.
    #[must_use]
    pub fn enter(&mut self, part: Part) -> bool {
        self.deeper() && self.push(part)
    }

    /// As [`enter`](Self::enter) for layers that make no path of their own.
    #[must_use]
    pub fn deeper(&mut self) -> bool {
        self.tunnels += 1;
        let fits = self.tunnels <= MAX_TUNNELS;
        if !fits {
            self.skip(reason::TOO_DEEP);
        }
        fits
    }

    /// Adds a part to the path. False when the path is full; the packet is given up then.
    #[must_use]
    pub fn push(&mut self, part: Part) -> bool {
        let fits = self.state.paths.push(part);
        if !fits {
            self.skip(reason::TOO_DEEP);
        }
        fits
    }

    fn context(&mut self, ip: &IpHeader, source: u16, destination: u16) -> Context {
        Context {
            frame: self.frame,
            at: self.at,
            source: ip.source.with_port(source),
            destination: ip.destination.with_port(destination),
            path: self.state.paths.current(),
            dscp: ip.dscp,
            ip_id: ip.id,
            fragmented: ip.fragmented,
        }
    }

    /// Frame number and time.
    pub fn place(&self) -> (u64, Nanos) {
        (self.frame, self.at)
    }

    /// Hands over a UDP datagram. `ports`: source, destination.
    pub fn give_udp(&mut self, ip: &IpHeader, ports: (u16, u16), payload: &[u8], wire_len: usize) {
        let cx = self.context(ip, ports.0, ports.1);
        (self.sink)(Item::Udp { cx, payload, wire_len });
    }

    /// Hands over a TCP segment. `ports`: source, destination.
    pub fn give_tcp(&mut self, ip: &IpHeader, ports: (u16, u16), sequence: u32, flags: u8, payload: &[u8]) {
        let cx = self.context(ip, ports.0, ports.1);
        (self.sink)(Item::Tcp { cx, sequence, flags, payload });
    }

    /// Hands over an 802.11 frame, then what is readable inside it.
    pub fn dot11(&mut self, radio: Radio, frame: &[u8]) {
        let cx = self.context(&IpHeader::none(), 0, 0);
        (self.sink)(Item::Dot11 { cx, radio, frame });
        if let Some((ethertype, payload)) = crate::wifi::network_payload(frame) {
            self.ethertype(ethertype, payload);
        }
    }
}
