//! HEP, the Homer encapsulation: a SIP server or probe sends what it saw, with the addresses it saw it
//! between. Version 3 in chunks, versions 1 and 2 with a fixed header.
//!
//! The inner addresses become the datagram's endpoints. The time stays the capture's: the probe's own clock
//! would not compare with other packets of the capture. A message that the probe saw over TCP or TLS comes
//! out as a datagram too, since HEP carries it whole.

use std::io::Read;

use super::bytes::{array, limit, u8_at, u16_at, u32_at};
use super::paths::{Kind, Part};
use super::reason;
use super::walk::{IpHeader, Walk};
use crate::packet::Endpoint;

/// Most that a compressed payload may expand to: what a datagram can hold.
const MAX_INFLATED: u64 = 65_535;

/// What the chunks of version 3 say.
#[derive(Clone, Copy, Debug, Default)]
struct Chunks<'a> {
    source: Option<Endpoint>,
    destination: Option<Endpoint>,
    ports: (u16, u16),
    agent: u32,
    /// Kind of the payload: 1 SIP, 5 RTCP, 34 RTP; logs and reports have others.
    kind: u8,
    /// The payload and its length on the wire.
    payload: Option<(&'a [u8], usize)>,
    compressed: bool,
}

impl<'a> Chunks<'a> {
    /// `None` when the chunks do not fill `len` bytes, of which the capture may have cut some.
    fn parse(bytes: &'a [u8], len: usize) -> Option<Self> {
        let mut chunks = Self::default();
        let (mut rest, mut left) = (limit(bytes.get(6..)?, len.checked_sub(6)?), len - 6);
        while left > 0 && !rest.is_empty() {
            let (vendor, kind) = (u16_at(rest, 0)?, u16_at(rest, 2)?);
            let size = usize::from(u16_at(rest, 4)?);
            if size < 6 || size > left {
                return None;
            }
            let value = limit(&rest[6..], size - 6);
            if vendor == 0 {
                chunks.take(kind, value, size - 6);
            }
            left -= size;
            rest = rest.get(size..).unwrap_or_default();
        }
        Some(chunks)
    }

    fn take(&mut self, kind: u16, value: &'a [u8], wire_len: usize) {
        match kind {
            3 => self.source = array(value, 0).map(|ip| Endpoint::v4(ip, 0)),
            4 => self.destination = array(value, 0).map(|ip| Endpoint::v4(ip, 0)),
            5 => self.source = array(value, 0).map(|ip| Endpoint::v6(ip, 0)),
            6 => self.destination = array(value, 0).map(|ip| Endpoint::v6(ip, 0)),
            7 => self.ports.0 = u16_at(value, 0).unwrap_or(0),
            8 => self.ports.1 = u16_at(value, 0).unwrap_or(0),
            11 => self.kind = u8_at(value, 0).unwrap_or(0),
            12 => self.agent = u32_at(value, 0).unwrap_or(0),
            15 | 16 => (self.payload, self.compressed) = (Some((value, wire_len)), kind == 16),
            _ => {}
        }
    }
}

fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let mut reader = flate2::read::ZlibDecoder::new(bytes).take(MAX_INFLATED + 1);
    reader.read_to_end(&mut plain).ok()?;
    (plain.len() as u64 <= MAX_INFLATED).then_some(plain)
}

impl Walk<'_> {
    /// HEP version 3 on any port: its magic, and a length that is the datagram's.
    pub(super) fn hep3(&mut self, ip: &IpHeader, payload: &[u8], wire_len: usize) -> bool {
        if !payload.starts_with(b"HEP3") || u16_at(payload, 4).map(usize::from) != Some(wire_len) {
            return false;
        }
        let Some(chunks) = Chunks::parse(payload, wire_len) else { return false };
        if !self.enter(Part::tunnel(Kind::Hep, chunks.agent, ip.source, ip.destination)) {
            return true;
        }
        let Chunks {
            source: Some(source), destination: Some(destination), payload: Some((bytes, len)), ..
        } = chunks
        else {
            self.skip(reason::TUNNEL_PAYLOAD);
            return true;
        };
        // Agents turn RTCP into JSON, and send their logs under other kinds: no datagrams of the wire.
        if !matches!(chunks.kind, 0 | 1 | 5 | 34) || (chunks.kind == 5 && bytes.starts_with(b"{")) {
            self.skip(reason::TUNNEL_PAYLOAD);
            return true;
        }
        let inner = IpHeader { source, destination, ..IpHeader::none() };
        if !chunks.compressed {
            self.give_udp(&inner, chunks.ports, bytes, len);
            return true;
        }
        match inflate(bytes) {
            Some(plain) => self.give_udp(&inner, chunks.ports, &plain, plain.len()),
            None => self.skip(reason::BAD_TUNNEL),
        }
        true
    }

    /// HEP versions 1 and 2, on their own port: version, length, family, protocol, ports, addresses; in
    /// version 2 then seconds, microseconds and capture id, padded to twelve bytes.
    pub(super) fn hep1(&mut self, ip: &IpHeader, payload: &[u8], wire_len: usize) -> bool {
        let Some(&[version @ (1 | 2), len, family, _]) = payload.first_chunk() else { return false };
        let (v4, addresses) = match family {
            2 => (true, 8),
            10 | 24 | 28 | 30 => (false, 32),
            _ => return false,
        };
        let time = if version == 2 { 12 } else { 0 };
        let header = 8 + addresses + time;
        // Senders differ in whether the length of version 2 includes the time.
        if ![header, header - time].contains(&usize::from(len)) {
            return false;
        }
        let Some((head, inner)) = payload.split_at_checked(header) else { return false };
        let endpoints = match v4 {
            true => [8, 12].map(|at| array(head, at).map(|ip| Endpoint::v4(ip, 0))),
            false => [8, 24].map(|at| array(head, at).map(|ip| Endpoint::v6(ip, 0))),
        };
        let [Some(source), Some(destination)] = endpoints else { return false };
        let agent = u16_at(head, 8 + addresses + 8).map_or(0, u32::from);
        if !self.enter(Part::tunnel(Kind::Hep, agent, ip.source, ip.destination)) {
            return true;
        }
        let header_ip = IpHeader { source, destination, ..IpHeader::none() };
        let ports = (u16_at(head, 4).unwrap_or(0), u16_at(head, 6).unwrap_or(0));
        self.give_udp(&header_ip, ports, inner, wire_len.saturating_sub(header));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflation_is_bounded() {
        use flate2::{Compression, read::ZlibEncoder};
        let compress = |len: usize| {
            let mut out = Vec::new();
            ZlibEncoder::new(&vec![b'a'; len][..], Compression::best()).read_to_end(&mut out).unwrap();
            out
        };
        assert_eq!(inflate(&compress(65_535)).map(|plain| plain.len()), Some(65_535));
        assert_eq!(inflate(&compress(65_536)), None);
        assert_eq!(inflate(b"not zlib"), None);
    }

    #[test]
    fn chunks_have_to_fit() {
        let packet = |size: u16, len: u16| {
            let mut bytes = b"HEP3".to_vec();
            bytes.extend(len.to_be_bytes());
            bytes.extend([0, 0, 0, 15]);
            bytes.extend(size.to_be_bytes());
            bytes.extend(b"abcd");
            bytes
        };
        assert_eq!(Chunks::parse(&packet(10, 16), 16).unwrap().payload, Some((&b"abcd"[..], 4)));
        assert!(Chunks::parse(&packet(5, 16), 16).is_none());
        assert!(Chunks::parse(&packet(11, 16), 16).is_none());
        // Cut by the capture: the payload that is there, and how long it was.
        assert_eq!(Chunks::parse(&packet(110, 116), 116).unwrap().payload, Some((&b"abcd"[..], 104)));
    }
}
