//! Frames made by hand: Ethernet, IPv4, UDP, TCP, tunnels, SIP, RTP, RTCP, beacons; and the pcap around them.

use std::io::{self, Write};

use airtone_engine::{LinkType, Nanos, Packet};

/// A captured frame that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Capture time, ns since 1970.
    pub at: i64,
    /// What the bytes start with.
    pub link: LinkType,
    /// Interface of the capture.
    pub interface: u32,
    /// Length on the wire.
    pub orig_len: u32,
    /// The captured bytes.
    pub bytes: Vec<u8>,
}

impl Frame {
    /// A whole Ethernet frame.
    #[must_use]
    pub fn ethernet(at: i64, bytes: Vec<u8>) -> Self {
        Self::new(at, LinkType::ETHERNET, bytes)
    }

    /// A whole frame.
    #[must_use]
    pub fn new(at: i64, link: LinkType, bytes: Vec<u8>) -> Self {
        Self { at, link, interface: 0, orig_len: bytes.len() as u32, bytes }
    }

    /// As the engine takes it.
    #[must_use]
    pub fn packet(&self, frame: u64) -> Packet<'_> {
        let Self { at, link, interface, orig_len, ref bytes } = *self;
        Packet { frame, at: Nanos(at), link, interface, orig_len, bytes }
    }
}

/// An IPv4 address and a port.
pub type End = ([u8; 4], u16);

/// Ethernet and IPv4 around a payload.
#[must_use]
pub fn ipv4(ends: ([u8; 4], [u8; 4]), protocol: u8, payload: &[u8]) -> Vec<u8> {
    fragment(ends, protocol, 0, (0, false), payload)
}

/// As [`ipv4`], one fragment: identification, offset in bytes and whether more follow.
#[must_use]
pub fn fragment(
    (source, destination): ([u8; 4], [u8; 4]),
    protocol: u8,
    id: u16,
    (offset, more): (u16, bool),
    payload: &[u8],
) -> Vec<u8> {
    let mut out = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0];
    out.extend((payload.len() as u16 + 20).to_be_bytes());
    out.extend(id.to_be_bytes());
    out.extend(((offset / 8) | if more { 0x2000 } else { 0 }).to_be_bytes());
    out.extend([64, protocol, 0, 0]);
    out.extend(source);
    out.extend(destination);
    let sum: u32 = out[14..].chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !(((folded & 0xffff) + (folded >> 16)) as u16);
    out[24..26].copy_from_slice(&checksum.to_be_bytes());
    out.extend(payload);
    out
}

/// A UDP datagram with its header, without IP.
#[must_use]
pub fn udp_bytes(ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 + payload.len());
    out.extend(ports.0.to_be_bytes());
    out.extend(ports.1.to_be_bytes());
    out.extend((payload.len() as u16).saturating_add(8).to_be_bytes());
    out.extend([0, 0]);
    out.extend(payload);
    out
}

/// A UDP datagram in IPv4 on Ethernet.
#[must_use]
pub fn udp(source: End, destination: End, payload: &[u8]) -> Vec<u8> {
    ipv4((source.0, destination.0), 17, &udp_bytes((source.1, destination.1), payload))
}

/// A TCP segment in IPv4 on Ethernet.
#[must_use]
pub fn tcp(source: End, destination: End, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(20 + payload.len());
    out.extend(source.1.to_be_bytes());
    out.extend(destination.1.to_be_bytes());
    out.extend(sequence.to_be_bytes());
    out.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    out.extend(payload);
    ipv4((source.0, destination.0), 6, &out)
}

/// A whole Ethernet frame in VXLAN.
#[must_use]
pub fn vxlan(source: End, vni: u32, inner: &[u8]) -> Vec<u8> {
    let mut out = vec![8, 0, 0, 0];
    out.extend((vni << 8).to_be_bytes());
    out.extend(inner);
    udp(source, ([198, 51, 100, 9], 4789), &out)
}

/// An IPv4 packet (Ethernet header of `inner` taken off) in GRE with a key.
#[must_use]
pub fn gre(ends: ([u8; 4], [u8; 4]), key: u32, inner: &[u8]) -> Vec<u8> {
    let mut out = vec![0x20, 0, 8, 0];
    out.extend(key.to_be_bytes());
    out.extend(&inner[14..]);
    ipv4(ends, 47, &out)
}

/// The fields of an RTP packet that tests vary.
#[derive(Clone, Copy, Debug)]
pub struct Rtp {
    /// Payload type.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Media timestamp.
    pub timestamp: u32,
    /// Synchronization source.
    pub ssrc: u32,
}

/// An RTP packet.
#[must_use]
pub fn rtp(fields: Rtp, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x80, fields.payload_type];
    out.extend(fields.sequence.to_be_bytes());
    out.extend(fields.timestamp.to_be_bytes());
    out.extend(fields.ssrc.to_be_bytes());
    out.extend(payload);
    out
}

/// A sender report with one report block about `about`, and an empty SDES.
#[must_use]
pub fn sender_report(ssrc: u32, about: u32, ntp_middle: u32, highest: u32) -> Vec<u8> {
    let mut out = vec![0x81, 200, 0, 12];
    for word in [ssrc, ntp_middle >> 16, ntp_middle << 16, 0, 50, 8_000] {
        out.extend(word.to_be_bytes());
    }
    for word in [about, 3, highest, 40, ntp_middle.wrapping_sub(1), 6_553] {
        out.extend(word.to_be_bytes());
    }
    out.extend([0x81, 202, 0, 2]);
    out.extend(ssrc.to_be_bytes());
    out.extend([1, 1, b'a', 0]);
    out
}

/// An SDP body with one audio line.
#[must_use]
pub fn sdp(at: End, formats: &str, attributes: &str) -> String {
    let [a, b, c, d] = at.0;
    format!(
        "v=0\r\no=- 1 1 IN IP4 {a}.{b}.{c}.{d}\r\ns=-\r\nc=IN IP4 {a}.{b}.{c}.{d}\r\nt=0 0\r\n\
         m=audio {} RTP/AVP {formats}\r\n{attributes}",
        at.1
    )
}

/// A SIP message: start line, the headers of a dialog, more headers, body.
#[must_use]
pub fn sip(start: &str, call: &str, cseq: &str, to_tag: &str, more: &str, body: &str) -> Vec<u8> {
    let tag = if to_tag.is_empty() { String::new() } else { format!(";tag={to_tag}") };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{start}\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{call}{cseq}\r\nMax-Forwards: 70\r\n\
         From: <sip:{call}-a@example.com>;tag=f{call}\r\nTo: <sip:b@example.com>{tag}\r\nCall-ID: {call}\r\n\
         CSeq: {cseq}\r\nContact: <sip:a@192.0.2.1>\r\n{more}{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A beacon behind a short radiotap header.
#[must_use]
pub fn beacon(bssid: [u8; 6], tsf: u64, ssid: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 13, 0, 0x28, 0, 0, 0, 0x6c, 0x09, 0xa0, 0, 0xc4];
    out.extend([0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    out.extend(bssid);
    out.extend(bssid);
    out.extend([0x10, 0]);
    out.extend(tsf.to_le_bytes());
    out.extend([100, 0, 0x31, 4, 0, ssid.len() as u8]);
    out.extend(ssid);
    out.extend([1, 4, 0x82, 0x84, 0x8b, 0x96, 3, 1, 1, 5, 4, 0, 1, 0, 0]);
    out
}

/// A QoS data frame from a station to its access point, voice priority, with an empty payload.
#[must_use]
pub fn station_frame(station: [u8; 6], bssid: [u8; 6], retry: bool) -> Vec<u8> {
    let mut out = vec![0, 0, 13, 0, 0x28, 0, 0, 0, 0x6c, 0x09, 0xa0, 0, 0xc0];
    out.extend([0x88, 1 | if retry { 8 } else { 0 }, 0, 0]);
    out.extend(bssid);
    out.extend(station);
    out.extend(bssid);
    out.extend([0x20, 0, 6, 0, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0, 0x45]);
    out
}

/// Writes a pcap with nanosecond times. All frames have the link type of the first one; times before 1970 and
/// after 2106 wrap around, as the format has no others.
///
/// # Errors
/// Those of `out`.
pub fn pcap(mut out: impl Write, frames: &[Frame]) -> io::Result<()> {
    let link = frames.first().map_or(1, |frame| u32::from(frame.link.0));
    for word in [0xa1b2_3c4d_u32, 0x0004_0002, 0, 0, 262_144, link] {
        out.write_all(&word.to_le_bytes())?;
    }
    for frame in frames {
        let seconds = frame.at.div_euclid(1_000_000_000) as u32;
        let nanos = frame.at.rem_euclid(1_000_000_000) as u32;
        for word in [seconds, nanos, frame.bytes.len() as u32, frame.orig_len] {
            out.write_all(&word.to_le_bytes())?;
        }
        out.write_all(&frame.bytes)?;
    }
    Ok(())
}

/// The same numbers for the same seed, everywhere (xorshift64*).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Less than `bound`; 0 for 0.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { ((self.any() >> 32) as usize) % bound }
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}
