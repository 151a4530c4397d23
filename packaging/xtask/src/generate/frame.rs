//! Ethernet, IPv4, UDP and RTP bytes.

/// An IPv4 address and a UDP port.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    pub address: u32,
    pub port: u16,
}

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const UDP: usize = 8;
const RTP: usize = 12;
const PAYLOAD: usize = 160;
const HEADERS: usize = ETHERNET + IPV4 + UDP;
/// DSCP EF, as phones mark voice.
const EXPEDITED: u8 = 0xb8;

/// A whole frame around `payload`. The UDP checksum is 0: not used (RFC 768).
pub fn udp_frame(from: Endpoint, to: Endpoint, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; HEADERS];
    frame.extend_from_slice(payload);
    // Locally administered addresses made of the IP address.
    frame[..2].copy_from_slice(&[0x02, 0]);
    frame[2..6].copy_from_slice(&to.address.to_be_bytes());
    frame[6..8].copy_from_slice(&[0x02, 0]);
    frame[8..12].copy_from_slice(&from.address.to_be_bytes());
    frame[12..14].copy_from_slice(&[0x08, 0x00]);

    let udp_length = (UDP + payload.len()) as u16;
    let ip = &mut frame[ETHERNET..HEADERS];
    ip[0] = 0x45;
    ip[2..4].copy_from_slice(&(IPV4 as u16 + udp_length).to_be_bytes());
    ip[8] = 64;
    ip[9] = 17;
    ip[12..16].copy_from_slice(&from.address.to_be_bytes());
    ip[16..20].copy_from_slice(&to.address.to_be_bytes());
    ip[20..22].copy_from_slice(&from.port.to_be_bytes());
    ip[22..24].copy_from_slice(&to.port.to_be_bytes());
    ip[24..26].copy_from_slice(&udp_length.to_be_bytes());
    write_checksum(&mut frame);
    frame
}

/// The Internet checksum of the IPv4 header (RFC 791).
fn write_checksum(frame: &mut [u8]) {
    let ip = &mut frame[ETHERNET..ETHERNET + IPV4];
    ip[10..12].fill(0);
    let sum: u32 = ip.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    ip[10..12].copy_from_slice(&(!sum as u16).to_be_bytes());
}

/// A PCMU stream's frame, of which only the counters and the sound change.
pub struct RtpFrame {
    bytes: Vec<u8>,
    first_sequence: u16,
    first_timestamp: u32,
}

impl RtpFrame {
    /// `random` chooses the first sequence number and timestamp.
    pub fn new(from: Endpoint, to: Endpoint, ssrc: u32, random: u64) -> Self {
        let mut bytes = udp_frame(from, to, &[0; RTP + PAYLOAD]);
        bytes[ETHERNET + 1] = EXPEDITED;
        bytes[HEADERS] = 0x80;
        bytes[HEADERS + 8..HEADERS + 12].copy_from_slice(&ssrc.to_be_bytes());
        Self { bytes, first_sequence: random as u16, first_timestamp: (random >> 16) as u32 }
    }

    pub fn ssrc(&self) -> u32 {
        let at = HEADERS + 8;
        u32::from_be_bytes([self.bytes[at], self.bytes[at + 1], self.bytes[at + 2], self.bytes[at + 3]])
    }

    /// Packet `index` of the stream, from 0.
    pub fn at(&mut self, index: u64) -> &[u8] {
        let sequence = self.first_sequence.wrapping_add(index as u16);
        let timestamp = self.first_timestamp.wrapping_add((index as u32).wrapping_mul(PAYLOAD as u32));
        let bytes = &mut self.bytes;
        bytes[ETHERNET + 4..ETHERNET + 6].copy_from_slice(&sequence.to_be_bytes());
        write_checksum(bytes);
        let rtp = &mut bytes[HEADERS..];
        rtp[1] = if index == 0 { 0x80 } else { 0 };
        rtp[2..4].copy_from_slice(&sequence.to_be_bytes());
        rtp[4..8].copy_from_slice(&timestamp.to_be_bytes());
        // A different stretch of noise in each packet, so that no two are equal.
        let from = (timestamp >> 5) as usize % (NOISE.len() - PAYLOAD);
        rtp[RTP..].copy_from_slice(&NOISE[from..from + PAYLOAD]);
        bytes
    }
}

/// Quiet noise in µ-law: small values of both signs.
static NOISE: [u8; 4096] = noise();

const fn noise() -> [u8; 4096] {
    let mut noise = [0; 4096];
    let mut state: u32 = 0x1234_5678;
    let mut index = 0;
    while index < noise.len() {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        noise[index] = 0x70 | (state >> 9) as u8 & 0x8f;
        index += 1;
    }
    noise
}
