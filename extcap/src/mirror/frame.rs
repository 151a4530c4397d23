//! Headers for packets that came without: the mirror told what would stand in them.

use std::net::{IpAddr, SocketAddr};

use airtone_engine::wifi::Radio;

/// IP protocol number of UDP.
const UDP: u8 = 17;
/// Hops left in headers that are rebuilt.
const HOPS: u8 = 64;

/// Radiotap fields, by their bits.
mod present {
    pub const TSFT: u32 = 1;
    pub const FLAGS: u32 = 1 << 1;
    pub const RATE: u32 = 1 << 2;
    pub const CHANNEL: u32 = 1 << 3;
    pub const SIGNAL: u32 = 1 << 5;
    pub const NOISE: u32 = 1 << 6;
}

/// A UDP datagram in IP, written to `out`. False when it is too long for one, or the addresses are of two versions.
pub fn udp(out: &mut Vec<u8>, ends: (SocketAddr, SocketAddr), traffic_class: u8, payload: &[u8]) -> bool {
    let Ok(len) = u16::try_from(payload.len() + 8) else { return false };
    out.clear();
    if !ip(out, (ends.0.ip(), ends.1.ip()), traffic_class, UDP, len) {
        return false;
    }
    let start = out.len();
    out.extend(ends.0.port().to_be_bytes());
    out.extend(ends.1.port().to_be_bytes());
    out.extend(len.to_be_bytes());
    out.extend([0, 0]);
    out.extend_from_slice(payload);
    let sum = match checksum(pseudo(ends.0.ip(), ends.1.ip(), len) + sum(&out[start..])) {
        // 0 would mean that there is none (RFC 768).
        0 => u16::MAX,
        sum => sum,
    };
    out[start + 6..start + 8].copy_from_slice(&sum.to_be_bytes());
    true
}

/// An IP header for a payload of `len` bytes, appended to `out`. False as for [`udp`].
pub fn ip(out: &mut Vec<u8>, ends: (IpAddr, IpAddr), traffic_class: u8, protocol: u8, len: u16) -> bool {
    match ends {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let Some(total) = len.checked_add(20) else { return false };
            let start = out.len();
            out.extend([0x45, traffic_class]);
            out.extend(total.to_be_bytes());
            out.extend([0, 0, 0x40, 0, HOPS, protocol, 0, 0]);
            out.extend(source.octets());
            out.extend(destination.octets());
            let sum = checksum(sum(&out[start..]));
            out[start + 10..start + 12].copy_from_slice(&sum.to_be_bytes());
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            out.extend((0x6000_0000 | u32::from(traffic_class) << 20).to_be_bytes());
            out.extend(len.to_be_bytes());
            out.extend([protocol, HOPS]);
            out.extend(source.octets());
            out.extend(destination.octets());
        }
        _ => return false,
    }
    true
}

fn pseudo(source: IpAddr, destination: IpAddr, len: u16) -> u32 {
    let address = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => sum(&ip.octets()),
        IpAddr::V6(ip) => sum(&ip.octets()),
    };
    address(source) + address(destination) + u32::from(UDP) + u32::from(len)
}

/// Sum of 16-bit words; a datagram has too few of them to overflow.
fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0))).sum()
}

fn checksum(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}

/// An 802.11 frame behind a radiotap header with what the mirror said of its reception, written to `out`. Returns the
/// length of the header.
pub fn radiotap(out: &mut Vec<u8>, radio: &Radio, fcs_at_end: bool, frame: &[u8]) -> usize {
    out.clear();
    out.extend([0; 8]);
    let mut fields = present::FLAGS;
    if let Some(tsft) = radio.tsft {
        fields |= present::TSFT;
        out.extend(tsft.to_le_bytes());
    }
    out.push(if fcs_at_end { 0x10 } else { 0 } | if radio.bad_fcs { 0x40 } else { 0 });
    // In units of 500 kbit/s, as far as they fit a byte.
    if let Some(rate) = radio.rate_kbps.and_then(|kbps| u8::try_from(kbps / 500).ok()) {
        fields |= present::RATE;
        out.push(rate);
    }
    if let Some(mhz) = radio.frequency() {
        fields |= present::CHANNEL;
        out.resize(out.len().next_multiple_of(2), 0);
        out.extend(mhz.to_le_bytes());
        out.extend((if mhz < 3000 { 0x0080_u16 } else { 0x0100 }).to_le_bytes());
    }
    if let Some(dbm) = radio.signal_dbm {
        fields |= present::SIGNAL;
        out.push(dbm.cast_unsigned());
    }
    if let Some(dbm) = radio.noise_dbm {
        fields |= present::NOISE;
        out.push(dbm.cast_unsigned());
    }
    let len = out.len();
    out[2..4].copy_from_slice(&(len as u16).to_le_bytes());
    out[4..8].copy_from_slice(&fields.to_le_bytes());
    out.extend_from_slice(frame);
    len
}

/// A frame without addresses for what only an EtherType names, written to `out`.
pub fn ethernet(out: &mut Vec<u8>, ethertype: u16, bytes: &[u8]) {
    out.clear();
    out.extend([0; 12]);
    out.extend(ethertype.to_be_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use airtone_engine::decode::{Decoder, Item};
    use airtone_engine::{Config, LinkType, Nanos, Packet};

    use super::*;

    fn decode(link: LinkType, bytes: &[u8], mut each: impl FnMut(Item<'_>)) {
        let packet =
            Packet { frame: 1, at: Nanos(0), link, interface: 0, orig_len: bytes.len() as u32, bytes };
        Decoder::new(&Config::default()).decode(&packet, &mut each);
    }

    #[test]
    fn datagrams_decode_to_what_they_were_made_of() {
        for (source, destination) in
            [("192.0.2.1:5060", "192.0.2.2:5062"), ("[2001:db8::1]:1", "[2001:db8::2]:2")]
        {
            let ends = (source.parse().unwrap(), destination.parse().unwrap());
            let mut out = Vec::new();
            assert!(udp(&mut out, ends, 46 << 2, b"hello"));
            let mut seen = 0;
            decode(LinkType::RAW, &out, |item| {
                let Item::Udp { cx, payload, wire_len } = item else { panic!("{item:?}") };
                assert_eq!(
                    (cx.source.to_string(), cx.destination.to_string()),
                    (source.into(), destination.into())
                );
                assert_eq!((cx.dscp, payload, wire_len), (46, &b"hello"[..], 5));
                seen += 1;
            });
            assert_eq!(seen, 1);
            // With its own checksum in it, the sum over all is all ones.
            let start = if ends.0.is_ipv4() { 20 } else { 40 };
            let whole = pseudo(ends.0.ip(), ends.1.ip(), 13) + sum(&out[start..]);
            assert_eq!(checksum(whole), 0);
        }
        let mixed = ("192.0.2.1:1".parse().unwrap(), "[::1]:2".parse().unwrap());
        assert!(!udp(&mut Vec::new(), mixed, 0, b""));
        let ends = ("192.0.2.1:1".parse().unwrap(), "192.0.2.1:2".parse().unwrap());
        assert!(!udp(&mut Vec::new(), ends, 0, &[0; 65_510]));
    }

    #[test]
    fn radiotap_says_what_the_mirror_said() {
        let said = Radio {
            tsft: Some(7_000_000_001),
            frequency_mhz: Some(5180),
            channel: None,
            signal_dbm: Some(-61),
            noise_dbm: Some(-95),
            rate_kbps: Some(24_000),
            bad_fcs: false,
        };
        for radio in [said, Radio { tsft: None, noise_dbm: None, rate_kbps: None, ..said }, Radio::default()]
        {
            let mut out = Vec::new();
            let frame = [0x80, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
            let len = radiotap(&mut out, &radio, false, &frame);
            let (read, rest) = airtone_engine::wifi::strip_radio(LinkType::RADIOTAP, &out).unwrap();
            assert_eq!((read, rest), (radio, &frame[..]));
            assert_eq!(out.len(), len + frame.len());
        }
    }
}
