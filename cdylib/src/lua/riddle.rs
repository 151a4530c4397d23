//! Frames that hold what the engine cannot read by itself and the host perhaps can: which they are, so that the script
//! asks about them alone.

use std::collections::BTreeSet;

use airtone_engine::decode::inside::{self, Wrapping};
use airtone_engine::decode::{Decoder, Item};
use airtone_engine::observation::{Observation, Observed};
use airtone_engine::packet::{Endpoint, Transport};
use airtone_engine::{Config, LinkType, Nanos, Packet};

use crate::session::Session;

/// What may be in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Riddle {
    /// A tunnel that the engine does not know.
    Tunnel,
    /// An encrypted frame of 802.11.
    Air,
    /// TCP, in which there may be TLS.
    Stream,
}

impl Riddle {
    /// As the script knows it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tunnel => "tunnel",
            Self::Air => "air",
            Self::Stream => "stream",
        }
    }
}

/// What the scout saw in a frame.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) riddle: Option<Riddle>,
    /// Ends of the last datagram or segment.
    ends: Option<(Endpoint, Endpoint)>,
}

/// Looks at each frame before the engine does.
#[derive(Debug)]
pub(super) struct Scout {
    decoder: Decoder,
    /// UDP ports on which the host sees a tunnel.
    tunnels: BTreeSet<u16>,
    /// The host may have keys for what is encrypted.
    pub(super) has_keys: bool,
}

impl Scout {
    pub(super) fn new(config: &Config) -> Self {
        Self { decoder: Decoder::new(config), tunnels: BTreeSet::new(), has_keys: false }
    }

    /// The host sees a tunnel in what this port sends and receives.
    pub(super) fn tunnel(&mut self, port: u16) {
        self.tunnels.insert(port);
    }

    pub(super) fn look(&mut self, packet: &Packet<'_>) -> Seen {
        let Self { decoder, tunnels, has_keys } = self;
        let mut seen = Seen::default();
        decoder.decode(packet, |item| match item {
            Item::Udp { cx, .. } => {
                let ends = [cx.source, cx.destination];
                let is_tunnel = !tunnels.is_empty() && ends.iter().any(|end| tunnels.contains(&end.port));
                seen.riddle = is_tunnel.then_some(Riddle::Tunnel);
            }
            Item::Tcp { cx, payload, .. } => {
                seen.ends = Some((cx.source, cx.destination));
                seen.riddle = (*has_keys && !payload.is_empty()).then_some(Riddle::Stream);
            }
            Item::Dot11 { frame, .. } => {
                seen.riddle = (*has_keys && is_encrypted(frame)).then_some(Riddle::Air);
            }
        });
        if seen.riddle.is_none() && decoder.gave_up(packet.frame) {
            seen.riddle = Some(Riddle::Tunnel);
        }
        seen
    }
}

/// A protected data frame.
fn is_encrypted(frame: &[u8]) -> bool {
    matches!(frame, [kind, flags, ..] if kind & 0x0c == 0x08 && flags & 0x40 != 0)
}

/// A packet with bytes of its own.
#[derive(Debug)]
pub(super) struct Owned {
    pub(super) frame: u64,
    at: Nanos,
    link: LinkType,
    interface: u32,
    orig_len: u32,
    bytes: Vec<u8>,
}

impl Owned {
    pub(super) fn new(packet: &Packet<'_>) -> Self {
        let Packet { frame, at, link, interface, orig_len, bytes } = *packet;
        Self { frame, at, link, interface, orig_len, bytes: bytes.to_vec() }
    }

    pub(super) fn packet(&self) -> Packet<'_> {
        let Self { frame, at, link, interface, orig_len, ref bytes } = *self;
        Packet { frame, at, link, interface, orig_len, bytes }
    }
}

/// The frame that was taken last, as far as a riddle in it needs it.
#[derive(Debug, Default)]
pub(super) struct Unsolved {
    frame: Option<Owned>,
    /// Of TCP, whose bytes are not needed.
    segment: Option<Segment>,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    frame: u64,
    at: Nanos,
    ends: Option<(Endpoint, Endpoint)>,
}

impl Unsolved {
    /// Of a packet in which the scout has seen this.
    pub(super) fn of(packet: &Packet<'_>, seen: &Seen) -> Self {
        match seen.riddle {
            Some(Riddle::Tunnel | Riddle::Air) => Self { frame: Some(Owned::new(packet)), segment: None },
            Some(Riddle::Stream) => {
                let segment = Segment { frame: packet.frame, at: packet.at, ends: seen.ends };
                Self { frame: None, segment: Some(segment) }
            }
            None => Self::default(),
        }
    }

    /// The packet between two ports that the host sees in the frame.
    pub(super) fn find(&self, session: &mut Session, ports: (u16, u16)) {
        let Some(packet) = self.frame.as_ref().map(Owned::packet) else { return };
        if let Some(bytes) = inside::find(&packet, ports) {
            session.inside(&Packet { bytes, ..packet }, Wrapping::Tunnel);
        }
    }

    /// An IP packet that the host has decrypted in the frame.
    pub(super) fn decrypted(&self, session: &mut Session, bytes: &[u8]) {
        let Some(packet) = self.frame.as_ref().map(Owned::packet) else { return };
        let orig_len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        session.inside(&Packet { bytes, orig_len, ..packet }, Wrapping::Encryption);
    }

    /// A SIP message that the host has decrypted in the segment.
    pub(super) fn message(&self, session: &mut Session, message: &[u8]) {
        let Some(Segment { frame, at, ends }) = self.segment else { return };
        let what = Observation::Sip { transport: Transport::Tls, message };
        let (source, destination) = ends.unzip();
        session.observe(&Observed { frame, at, source, destination, what });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: [u8; 33] = [
        0x45, 0, 0, 33, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0x17, 0x70, 0x1b, 0x58, 0, 13,
        0, 0, b's', b'o', b'u', b'n', b'd',
    ];

    fn raw(bytes: &[u8]) -> Packet<'_> {
        let orig_len = bytes.len() as u32;
        Packet { frame: 1, at: Nanos(0), link: LinkType::RAW, interface: 0, orig_len, bytes }
    }

    #[test]
    fn a_tunnel_is_a_riddle_where_the_host_sees_one() {
        let mut scout = Scout::new(&Config::default());
        assert_eq!(scout.look(&raw(&INNER)).riddle, None);
        scout.tunnel(7000);
        assert_eq!(scout.look(&raw(&INNER)).riddle, Some(Riddle::Tunnel));
        let mut other = INNER;
        other[9] = 115;
        assert_eq!(scout.look(&raw(&other)).riddle, Some(Riddle::Tunnel), "nobody knows what this is");
        other[9] = 1;
        assert_eq!(scout.look(&raw(&other)).riddle, None, "ICMP carries nothing");
    }

    #[test]
    fn encrypted_air_is_a_riddle_where_the_host_has_keys() {
        let frame: Vec<u8> = [0x08, 0x41].into_iter().chain([0; 40]).collect();
        let packet = Packet { link: LinkType::IEEE802_11, ..raw(&frame) };
        let mut scout = Scout::new(&Config::default());
        assert_eq!(scout.look(&packet).riddle, None);
        scout.has_keys = true;
        assert_eq!(scout.look(&packet).riddle, Some(Riddle::Air));
    }
}
