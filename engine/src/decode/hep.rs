//! HEP, the Homer encapsulation: a SIP server or probe sends what it saw, with the addresses it saw it
//! between. Version 3 in chunks, versions 1 and 2 with a fixed header.
//!
//! The inner addresses become the datagram's endpoints. The decoder keeps the capture's time: the probe's own clock
//! would not compare with other packets of the capture. A message that the probe saw over TCP or TLS comes
//! out as a datagram too, since HEP carries it whole.

use std::borrow::Cow;
use std::io::Read;

use super::bytes::{array, limit, u8_at, u16_at, u32_at};
use super::paths::Kind;
use super::peel::{Inner, Layer, Stamp};
use super::reason;
use crate::packet::{Endpoint, Nanos};

/// Most that a compressed payload may expand to: what a datagram can hold.
const MAX_INFLATED: u64 = 65_535;

/// What the chunks of version 3 say.
#[derive(Clone, Copy, Debug, Default)]
struct Chunks<'a> {
    source: Option<Endpoint>,
    destination: Option<Endpoint>,
    ports: (u16, u16),
    agent: u32,
    protocol: u8,
    /// Seconds and microseconds of the probe's clock.
    time: (u32, u32),
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
            2 => self.protocol = u8_at(value, 0).unwrap_or(0),
            3 => self.source = array(value, 0).map(|ip| Endpoint::v4(ip, 0)),
            4 => self.destination = array(value, 0).map(|ip| Endpoint::v4(ip, 0)),
            5 => self.source = array(value, 0).map(|ip| Endpoint::v6(ip, 0)),
            6 => self.destination = array(value, 0).map(|ip| Endpoint::v6(ip, 0)),
            7 => self.ports.0 = u16_at(value, 0).unwrap_or(0),
            8 => self.ports.1 = u16_at(value, 0).unwrap_or(0),
            9 => self.time.0 = u32_at(value, 0).unwrap_or(0),
            10 => self.time.1 = u32_at(value, 0).unwrap_or(0),
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

/// A time of day; `None` for none.
fn stamp(seconds: u32, micros: u32) -> Option<Stamp> {
    let known = seconds != 0 && micros < 1_000_000;
    known.then(|| Stamp::Absolute(Nanos(i64::from(seconds) * Nanos::SECOND + i64::from(micros) * 1_000)))
}

/// HEP version 3 on any port: its magic, and a length that is the datagram's.
pub(super) fn version3(payload: &[u8], wire_len: usize) -> Option<Layer<'_>> {
    if !payload.starts_with(b"HEP3") || u16_at(payload, 4).map(usize::from) != Some(wire_len) {
        return None;
    }
    let chunks = Chunks::parse(payload, wire_len)?;
    let layer = Layer::new(Kind::Hep, chunks.agent, chunks.inner());
    Some(Layer { stamp: stamp(chunks.time.0, chunks.time.1), ..layer })
}

impl<'a> Chunks<'a> {
    fn inner(&self) -> Inner<'a> {
        let (Some(source), Some(destination), Some((bytes, len))) =
            (self.source, self.destination, self.payload)
        else {
            return Inner::Nothing(reason::TUNNEL_PAYLOAD);
        };
        // Agents turn RTCP into JSON, and send their logs under other kinds: no datagrams of the wire.
        if !matches!(self.kind, 0 | 1 | 5 | 34) || (self.kind == 5 && bytes.starts_with(b"{")) {
            return Inner::Nothing(reason::TUNNEL_PAYLOAD);
        }
        let (payload, wire_len) = match self.compressed {
            false => (Cow::Borrowed(bytes), len),
            true => match inflate(bytes) {
                Some(plain) => (Cow::Owned(plain), 0),
                None => return Inner::Nothing(reason::BAD_TUNNEL),
            },
        };
        Inner::Datagram {
            source: source.with_port(self.ports.0),
            destination: destination.with_port(self.ports.1),
            protocol: self.protocol,
            wire_len: wire_len.max(payload.len()),
            payload,
        }
    }
}

/// HEP versions 1 and 2, on their own port: version, length, family, protocol, ports, addresses; in
/// version 2 then seconds, microseconds and capture id, padded to twelve bytes.
pub(super) fn version1(payload: &[u8], wire_len: usize) -> Option<Layer<'_>> {
    let &[version @ (1 | 2), len, family, protocol] = payload.first_chunk()? else { return None };
    let (v4, addresses) = match family {
        2 => (true, 8),
        10 | 24 | 28 | 30 => (false, 32),
        _ => return None,
    };
    let time = if version == 2 { 12 } else { 0 };
    let header = 8 + addresses + time;
    // Senders differ in whether the length of version 2 includes the time.
    if ![header, header - time].contains(&usize::from(len)) {
        return None;
    }
    let (head, inner) = payload.split_at_checked(header)?;
    let ports = [u16_at(head, 4)?, u16_at(head, 6)?];
    let [source, destination] = match v4 {
        true => [Endpoint::v4(array(head, 8)?, ports[0]), Endpoint::v4(array(head, 12)?, ports[1])],
        false => [Endpoint::v6(array(head, 8)?, ports[0]), Endpoint::v6(array(head, 24)?, ports[1])],
    };
    let agent = u16_at(head, 8 + addresses + 8).map_or(0, u32::from);
    let wire_len = wire_len.saturating_sub(header);
    let inner = Inner::Datagram { source, destination, protocol, payload: Cow::Borrowed(inner), wire_len };
    Some(Layer { stamp: version2_stamp(head, 8 + addresses), ..Layer::new(Kind::Hep, agent, inner) })
}

/// Seconds and microseconds at `at`. They are not a network format: probes send them in the byte order of their host,
/// most of which is little endian, so the order that gives a microsecond and a year since 2000 is taken.
fn version2_stamp(head: &[u8], at: usize) -> Option<Stamp> {
    const YEAR_2000: u32 = 946_684_800;
    let (seconds, micros) = (array::<4>(head, at)?, array::<4>(head, at + 4)?);
    let orders = [
        (u32::from_le_bytes(seconds), u32::from_le_bytes(micros)),
        (u32::from_be_bytes(seconds), u32::from_be_bytes(micros)),
    ];
    let (seconds, micros) = orders.into_iter().find(|(s, us)| *s > YEAR_2000 && *us < 1_000_000)?;
    stamp(seconds, micros)
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
