//! What this decoder cannot reach by itself and somebody else can: packets in a tunnel that it does not know, found in the
//! frame by the ports that another dissector tells, and packets that somebody else has decrypted.

use super::paths::{Kind, Part};
use super::walk::Walk;
use super::{Decoder, Item};
use crate::config::Config;
use crate::packet::{Context, Endpoint, LinkType, Packet};

/// How a packet lay in its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    /// In a tunnel that the decoder does not know: a way to the sensor of its own.
    Tunnel,
    /// Encrypted.
    Encryption,
}

/// Places in a frame that are looked at, at most, from its end.
const MAX_PLACES: usize = 8;

impl Decoder {
    /// Whether the packet that was decoded last, which was that of `frame`, or a part of it, was given up and may hold what
    /// others can read. Not so for damage, for ICMP, ARP and others that carry no traffic, and for fragments, which may be
    /// completed yet.
    #[must_use]
    pub fn gave_up(&self, frame: u64) -> bool {
        self.state.given_up.is_some_and(|given_up| given_up.0 == frame)
    }

    /// As [`Self::decode`] for an IP packet that lay in the packet which was decoded last, and which therefore
    /// has been decoded after all.
    pub fn decode_inside(&mut self, packet: &Packet<'_>, how: Wrapping, mut sink: impl FnMut(Item<'_>)) {
        if let Some((_, reason)) = self.state.given_up.take_if(|(frame, _)| *frame == packet.frame) {
            self.state.forgive(reason);
        }
        let mut walk = Walk::new(&mut self.state, packet, &mut sink);
        match how {
            Wrapping::Tunnel if walk.push(Part::new(Kind::Other, 0)) => walk.packet(packet),
            Wrapping::Tunnel => {}
            Wrapping::Encryption => walk.ip(packet.bytes),
        }
    }
}

/// The IP packet in `packet` that carries UDP or TCP from the first to the second of `ports` and that a [`Decoder`] does not
/// find there by itself: the one nearest to the end of the frame. It must lie there in one piece, readable.
#[must_use]
pub fn find<'a>(packet: &Packet<'a>, ports: (u16, u16)) -> Option<&'a [u8]> {
    let known = datagrams(packet);
    let [a, b] = ports.0.to_be_bytes();
    let [c, d] = ports.1.to_be_bytes();
    let pattern = [a, b, c, d];
    let places = packet.bytes.windows(4).enumerate().rev().filter(|(_, bytes)| *bytes == pattern);
    places.take(MAX_PLACES).find_map(|(place, _)| {
        let start = header_before(packet.bytes, place)?;
        let bytes = packet.bytes.get(start..)?;
        let inner = Packet { link: LinkType::RAW, bytes, orig_len: rest(packet, start), ..*packet };
        let [ends] = datagrams(&inner)[..] else { return None };
        let is_wanted = (ends.0.port, ends.1.port) == ports && !known.contains(&ends);
        (is_wanted && !is_quoted(packet.bytes, start)).then_some(bytes)
    })
}

/// Length on the wire from `start` on.
fn rest(packet: &Packet<'_>, start: usize) -> u32 {
    packet.orig_len.saturating_sub(u32::try_from(start).unwrap_or(u32::MAX))
}

/// Ends of the datagrams and segments that a decoder finds.
fn datagrams(packet: &Packet<'_>) -> Vec<(Endpoint, Endpoint)> {
    let mut ends = Vec::new();
    let mut note = |cx: Context| ends.push((cx.source, cx.destination));
    Decoder::new(&Config::default()).decode(packet, |item| match item {
        Item::Udp { cx, .. } | Item::Tcp { cx, .. } => note(cx),
        Item::Dot11 { .. } => {}
    });
    ends
}

const TRANSPORTS: [u8; 2] = [6, 17];

/// Where the IP header starts that ends at `end` and announces UDP or TCP.
fn header_before(bytes: &[u8], end: usize) -> Option<usize> {
    header_of(bytes, end, &TRANSPORTS, &TRANSPORTS)
}

/// Where the IP header starts that ends at `end`, by the protocols that it may announce: IPv4 with any options, IPv6 with
/// none.
fn header_of(bytes: &[u8], end: usize, v4: &[u8], v6: &[u8]) -> Option<usize> {
    let is_v4 = |start: usize, words: usize| {
        let header = bytes.get(start..end);
        header.is_some_and(|header| usize::from(header[0]) == 0x40 + words && v4.contains(&header[9]))
    };
    let is_v6 = |start: usize| {
        bytes.get(start..end).is_some_and(|header| header[0] >> 4 == 6 && v6.contains(&header[6]))
    };
    let at_v4 = (5..=15).find_map(|words| end.checked_sub(4 * words).filter(|&start| is_v4(start, words)));
    at_v4.or_else(|| end.checked_sub(40).filter(|&start| is_v6(start)))
}

/// Whether the packet that starts here is quoted by ICMP: its header of 8 bytes, and an IP header that announces it.
fn is_quoted(bytes: &[u8], start: usize) -> bool {
    start.checked_sub(8).is_some_and(|end| header_of(bytes, end, &[1], &[58]).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Nanos;

    /// IPv4 with this protocol and payload.
    fn ipv4(protocol: u8, last: u8, payload: &[u8]) -> Vec<u8> {
        let len = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
        let mut bytes =
            vec![0x45, 0, len[0], len[1], 0, 1, 0, 0, 64, protocol, 0, 0, 192, 0, 2, last, 192, 0, 2, 9];
        bytes.extend(payload);
        bytes
    }

    fn udp(ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
        let len = u16::try_from(8 + payload.len()).unwrap();
        let mut bytes: Vec<u8> = [ports.0, ports.1, len, 0].into_iter().flat_map(u16::to_be_bytes).collect();
        bytes.extend(payload);
        bytes
    }

    fn raw(bytes: &[u8]) -> Packet<'_> {
        let orig_len = u32::try_from(bytes.len()).unwrap();
        Packet { frame: 1, at: Nanos(0), link: LinkType::RAW, interface: 0, orig_len, bytes }
    }

    const PORTS: (u16, u16) = (6000, 7000);

    #[test]
    fn what_a_tunnel_carries_is_found() {
        let inner = ipv4(17, 5, &udp(PORTS, b"sound"));
        // L2TPv3 over IP, and anything in UDP.
        for outer in [
            ipv4(115, 1, &[&[0; 8][..], &inner].concat()),
            ipv4(17, 1, &udp((1111, 2222), &[&[0, 0, 9][..], &inner].concat())),
        ] {
            assert_eq!(find(&raw(&outer), PORTS), Some(&inner[..]));
            assert_eq!(find(&raw(&outer), (6000, 7001)), None);
            assert_eq!(find(&raw(&outer), (1111, 2222)), None, "the tunnel itself");
        }
    }

    #[test]
    fn what_the_decoder_reads_itself_is_not_inside() {
        let plain = ipv4(17, 5, &udp(PORTS, b"sound"));
        assert_eq!(find(&raw(&plain), PORTS), None);
        assert_eq!(find(&raw(&ipv4(4, 1, &plain)), PORTS), None, "IP in IP is known");
        for len in 0..plain.len() {
            assert_eq!(find(&raw(&plain[..len]), PORTS), None);
        }
    }

    #[test]
    fn what_icmp_quotes_is_no_traffic() {
        let quoted = ipv4(17, 5, &udp(PORTS, b"sound"));
        let icmp = ipv4(1, 9, &[&[3, 3, 0, 0, 0, 0, 0, 0][..], &quoted].concat());
        let outer = ipv4(115, 1, &[&[0; 8][..], &icmp].concat());
        assert_eq!(find(&raw(&outer), PORTS), None);
        let mut decoder = Decoder::new(&Config::default());
        decoder.decode(&raw(&icmp), |_| {});
        assert!(!decoder.gave_up(1));
    }

    #[test]
    fn what_was_read_after_all_is_not_counted_as_given_up() {
        let inner = ipv4(17, 5, &udp(PORTS, b"sound"));
        let outer = ipv4(115, 1, &[&[0; 8][..], &inner].concat());
        let mut decoder = Decoder::new(&Config::default());
        for how in [Wrapping::Tunnel, Wrapping::Encryption] {
            decoder.decode(&raw(&outer), |_| panic!("cannot be read"));
            assert!(decoder.gave_up(1) && decoder.not_decoded().len() == 1);
            let mut found = Vec::new();
            decoder.decode_inside(&raw(&inner), how, |item| match item {
                Item::Udp { cx, payload, .. } => found.push((cx.path, payload.to_vec())),
                _ => panic!("{item:?}"),
            });
            let [(path, payload)] = &found[..] else { panic!("{found:?}") };
            assert_eq!(payload, b"sound");
            let label = &decoder.path(*path).unwrap().label;
            assert_eq!(label, if how == Wrapping::Tunnel { "other tunnel" } else { "interface 0" });
            assert!(!decoder.gave_up(1) && decoder.not_decoded().is_empty());
        }
    }
}
