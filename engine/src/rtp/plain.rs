//! The plainest RTP datagram, taken out of its packet: what nearly all media is.

use std::hash::{Hash, Hasher};

use super::arrival::Arrival;
use super::header;
use crate::decode::Decoder;
use crate::packet::{Context, Endpoint, Nanos, Packet, PathId};

/// What tells streams apart: addresses, ports and SSRC as five words.
#[derive(Clone, Copy, Debug, Eq)]
pub(super) struct Key([u64; 5]);

impl Key {
    #[inline]
    pub fn new(source: Endpoint, destination: Endpoint, ssrc: u32) -> Self {
        let words = |endpoint: Endpoint| {
            let address = u128::from_ne_bytes(endpoint.octets);
            [address as u64, (address >> 64) as u64]
        };
        let ([a, b], [c, d]) = (words(source), words(destination));
        let ports = u64::from(source.port) << 48 | u64::from(destination.port) << 32;
        Self([a, b, c, d, ports | u64::from(ssrc)])
    }

    /// Sender and receiver.
    pub fn ends(self) -> (Endpoint, Endpoint) {
        let Self([a, b, c, d, rest]) = self;
        let octets = |low: u64, high: u64| (u128::from(low) | u128::from(high) << 64).to_ne_bytes();
        let ports = [(rest >> 48) as u16, (rest >> 32) as u16];
        (Endpoint::v6(octets(a, b), ports[0]), Endpoint::v6(octets(c, d), ports[1]))
    }
}

impl PartialEq for Key {
    /// Without the call and the branches of a comparison word by word.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let (Self([a, b, c, d, e]), Self([v, w, x, y, z])) = (self, other);
        (a ^ v) | (b ^ w) | (c ^ x) | (d ^ y) | (e ^ z) == 0
    }
}

impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self([a, b, c, d, rest]) = *self;
        let pair = |low: u64, high: u64| u128::from(low) | u128::from(high) << 64;
        state.write_u128(pair(a, b));
        state.write_u128(pair(c, d));
        state.write_u64(rest);
    }
}

/// A datagram that is RTP of the plainest form if it is RTP at all: all that its stream asks for, in one piece
/// and without the packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain {
    pub(super) key: Key,
    pub(super) arrival: Arrival,
}

impl Plain {
    /// False for payloads that need a closer look: with CSRCs, extension or padding, RTCP, and no RTP at all.
    #[inline(always)]
    pub fn is(payload: &[u8]) -> bool {
        let head = payload.first_chunk::<{ header::FIXED }>();
        head.is_some_and(|&[flags, kind, ..]| Self::begins(&[flags, kind]))
    }

    #[inline(always)]
    fn begins(&[flags, kind]: &[u8; 2]) -> bool {
        flags == 0x80 && !(192..=223).contains(&kind)
    }

    /// A datagram of such a payload between `ends`, with frame, time and path.
    #[inline(always)]
    pub fn new(
        place: (u64, Nanos, PathId),
        ends: (Endpoint, Endpoint),
        payload: &[u8],
        wire_len: usize,
    ) -> Option<Self> {
        let parsed = header::parse(payload, wire_len)?;
        let arrival = Arrival::at(place, parsed.header, Some(parsed.payload_len), parsed.payload);
        Some(Self { key: Key::new(ends.0, ends.1, parsed.header.ssrc), arrival })
    }

    /// Place and first octets of the payload, for another protocol on the same port; and its length on the wire.
    pub fn beginning(&self) -> (Context, [u8; header::FIXED + 4], usize) {
        let Self { key, arrival } = self;
        let (source, destination) = key.ends();
        let cx = Context {
            frame: arrival.frame,
            at: arrival.at,
            source,
            destination,
            path: arrival.path,
            dscp: 0,
            ip_id: None,
            fragmented: false,
        };
        let header = &arrival.header;
        let mut octets = [0; header::FIXED + 4];
        octets[0] = 0x80;
        octets[1] = u8::from(header.marker) << 7 | header.payload_type;
        octets[2..4].copy_from_slice(&header.sequence.to_be_bytes());
        octets[4..8].copy_from_slice(&header.timestamp.to_be_bytes());
        octets[8..12].copy_from_slice(&header.ssrc.to_be_bytes());
        octets[12..].iter_mut().zip(arrival.head()).for_each(|(to, from)| *to = *from);
        (cx, octets, header::FIXED + usize::from(arrival.payload_len.unwrap_or(0)))
    }

    /// The next packet of a capture, where it is one.
    #[inline(always)]
    pub fn decode(packet: &Packet<'_>, decoder: &mut Decoder) -> Option<Self> {
        Self::decode_common(packet, decoder).or_else(|| Self::decode_ordinary(packet, decoder))
    }

    /// The same where its frame has the commonest form of all.
    #[inline(always)]
    pub fn decode_common(packet: &Packet<'_>, decoder: &mut Decoder) -> Option<Self> {
        let (found, path) = decoder.rtp(packet, Self::begins)?;
        let (front, head) = found.front.split_first_chunk::<{ header::FIXED }>()?;
        let header = header::fixed(front);
        let place = (packet.frame, packet.at, path);
        let payload_len = found.wire_len - header::FIXED as u16;
        let arrival = Arrival::with_head(place, header, payload_len, *head.first_chunk()?);
        Some(Self { key: Key::new(found.source, found.destination, header.ssrc), arrival })
    }

    /// The same for frames of less common forms.
    #[inline(never)]
    pub fn decode_ordinary(packet: &Packet<'_>, decoder: &mut Decoder) -> Option<Self> {
        let found = decoder.ordinary(packet, Self::is)?;
        let place = (packet.frame, packet.at, found.path);
        Self::new(place, (found.source, found.destination), found.payload, found.wire_len)
    }
}
