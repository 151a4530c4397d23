//! Tests of the decoder: layer by layer, on recorded captures, and by properties.

mod captures;
mod layers;
mod properties;
mod tcp;
mod tunnels;

use super::{Decoder, Item, NotDecoded};
use crate::config::Config;
use crate::packet::{Context, LinkType, Nanos, Packet};
use crate::wifi::Radio;

/// An item with its bytes.
#[derive(Clone, Debug)]
enum Owned {
    Udp { cx: Context, payload: Vec<u8>, wire_len: usize },
    Tcp { cx: Context, sequence: u32, flags: u8, payload: Vec<u8> },
    Dot11 { cx: Context, radio: Radio, frame: Vec<u8> },
}

impl From<Item<'_>> for Owned {
    fn from(item: Item<'_>) -> Self {
        match item {
            Item::Udp { cx, payload, wire_len } => Self::Udp { cx, payload: payload.to_vec(), wire_len },
            Item::Tcp { cx, sequence, flags, payload } => {
                Self::Tcp { cx, sequence, flags, payload: payload.to_vec() }
            }
            Item::Dot11 { cx, radio, frame } => Self::Dot11 { cx, radio, frame: frame.to_vec() },
        }
    }
}

impl Owned {
    fn cx(&self) -> Context {
        match self {
            Self::Udp { cx, .. } | Self::Tcp { cx, .. } | Self::Dot11 { cx, .. } => *cx,
        }
    }

    fn payload(&self) -> &[u8] {
        match self {
            Self::Udp { payload, .. } | Self::Tcp { payload, .. } => payload,
            Self::Dot11 { frame, .. } => frame,
        }
    }

    /// `source > destination payload`, the payload as text; `+n` when n bytes were cut.
    fn line(&self) -> String {
        let (cx, text) = (self.cx(), String::from_utf8_lossy(self.payload()));
        let cut = match self {
            Self::Udp { payload, wire_len, .. } if *wire_len != payload.len() => {
                format!(" +{}", *wire_len as i64 - payload.len() as i64)
            }
            _ => String::new(),
        };
        format!("{} > {} {text}{cut}", cx.source, cx.destination)
    }
}

/// A decoder that numbers packets by itself.
struct Bench {
    decoder: Decoder,
    frame: u64,
}

impl Bench {
    fn new() -> Self {
        Self { decoder: Decoder::new(&Config::default()), frame: 0 }
    }

    fn decode(&mut self, link: LinkType, bytes: &[u8]) -> Vec<Owned> {
        self.frame += 1;
        let at = Nanos(self.frame as i64 * Nanos::MILLI);
        let orig_len = bytes.len() as u32;
        self.packet(&Packet { frame: self.frame, at, link, interface: 0, orig_len, bytes })
    }

    fn packet(&mut self, packet: &Packet<'_>) -> Vec<Owned> {
        let mut items = Vec::new();
        self.decoder.decode(packet, |item| items.push(item.into()));
        items
    }

    /// Reasons and counts.
    fn reasons(&self) -> Vec<(&'static str, u64)> {
        self.decoder.not_decoded().iter().map(|(reason, count)| (*reason, count.packets)).collect()
    }

    fn labels(&self) -> Vec<&str> {
        self.decoder.paths().iter().map(|path| path.label.as_str()).collect()
    }
}

/// Items of one packet as lines, and the reasons.
fn decode(link: LinkType, bytes: &[u8]) -> (Vec<String>, Vec<(&'static str, u64)>) {
    let mut bench = Bench::new();
    let lines = bench.decode(link, bytes).iter().map(Owned::line).collect();
    (lines, bench.reasons())
}

/// Label of the innermost path of one packet.
fn label(link: LinkType, bytes: &[u8]) -> String {
    let mut bench = Bench::new();
    let items = bench.decode(link, bytes);
    bench.decoder.path(items[0].cx().path).unwrap().label.clone()
}

/// Bytes of a hex literal; spaces and line ends do not count.
fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// 192.0.2.1:4000 > 192.0.2.2:4002 with `payload`, IPv4 identification 0x1234, DSCP 46.
fn ipv4_udp(payload: &[u8]) -> Vec<u8> {
    ipv4(17, &udp(4000, 4002, payload))
}

fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let len = payload.len() as u16 + 8;
    let header = [source, destination, len, 0].map(u16::to_be_bytes).concat();
    [&header, payload].concat()
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_part(protocol, 0x4000, payload)
}

/// `part`: flags and fragment offset.
fn ipv4_part(protocol: u8, part: u16, payload: &[u8]) -> Vec<u8> {
    let mut header = hex("45b80000 12340000 40000000 c0000201 c0000202");
    header[2..4].copy_from_slice(&(payload.len() as u16 + 20).to_be_bytes());
    header[6..8].copy_from_slice(&part.to_be_bytes());
    header[9] = protocol;
    [&header, payload].concat()
}

/// 2001:db8::1 > 2001:db8::2, DSCP 46.
fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut header =
        hex("6b800000 00000040 20010db8000000000000000000000001 20010db8000000000000000000000002");
    header[4..6].copy_from_slice(&(payload.len() as u16).to_be_bytes());
    header[6] = next;
    [&header, payload].concat()
}

fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&hex("0200 0000 0002 0200 0000 0001")[..], &ethertype.to_be_bytes(), payload].concat()
}

const HELLO: &str = "192.0.2.1:4000 > 192.0.2.2:4002 hello";

/// What a packet with one hello in it gives.
fn hello() -> (Vec<String>, Vec<(&'static str, u64)>) {
    (vec![HELLO.to_owned()], vec![])
}

/// What a packet without an item gives.
fn nothing(reason: &'static str) -> (Vec<String>, Vec<(&'static str, u64)>) {
    (vec![], vec![(reason, 1)])
}

#[test]
fn an_item_carries_its_place() {
    let mut bench = Bench::new();
    assert!(bench.decode(LinkType::ETHERNET, &ethernet(0x0806, &[0; 46])).is_empty());
    let items = bench.decode(LinkType::ETHERNET, &ethernet(0x0800, &ipv4_udp(b"hello")));
    let cx = items[0].cx();
    assert_eq!(
        (cx.frame, cx.at, cx.dscp, cx.ip_id, cx.fragmented),
        (2, Nanos(2_000_000), 46, Some(0x1234), false)
    );
    let counted = NotDecoded { packets: 1, first_frame: 1 };
    assert_eq!(bench.decoder.not_decoded().get("other ethertype"), Some(&counted));
    assert_eq!(bench.labels(), ["interface 0"]);
    assert_eq!(bench.decoder.paths()[0].packets, 2);
}
