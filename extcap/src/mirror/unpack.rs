//! From a datagram of a mirror to the packet in it: recognised, taken out, given an interface, a time and its loss.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use airtone_engine::decode::peel::{self, Format, Inner, Kind, Layer};
use airtone_engine::packet::Endpoint;
use airtone_engine::wifi::Radio;
use airtone_engine::{LinkType, Nanos, rtp, sip, wifi};

use super::clock::Clock;
use super::frame;
use super::loss::Loss;
use super::outlet::Outlet;
use super::settings::Expected;
use crate::source::{Received, Sink};

/// What arrived, however it came.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    /// When.
    pub at: Nanos,
    /// Who sent it.
    pub source: SocketAddr,
    /// To which address of ours, or group.
    pub destination: SocketAddr,
    /// Type of service or traffic class.
    pub traffic_class: u8,
    /// Payload of UDP or TCP, or from GRE on.
    pub bytes: &'a [u8],
}

/// One mirror: what sends with the same encapsulation, session and address.
#[derive(Debug, Default)]
struct Mirror {
    loss: Loss,
    clock: Clock,
    /// Its interfaces by link type.
    interfaces: Vec<(LinkType, usize)>,
}

/// Tells mirrors apart.
type Key = (Kind, u32, IpAddr);

/// Unpacks what one input receives.
#[derive(Debug)]
pub struct Unpack {
    /// The input, e.g. `udp:4789`.
    label: String,
    expected: Expected,
    /// Whether packets are taken out; else the datagrams themselves are handed on.
    decapsulate: bool,
    /// The interface of what came here as it is.
    plain: usize,
    mirrors: HashMap<Key, Mirror>,
    scratch: Vec<u8>,
    garbage: u64,
    empty: u64,
}

impl Unpack {
    /// For the input `label`, whose own interface is added.
    pub fn new(label: &str, expected: Expected, decapsulate: bool, outlet: &mut Outlet) -> Self {
        let description = if decapsulate {
            format!("{label}: what came without encapsulation; drops of the listener")
        } else {
            format!("{label}: as it came, with IP and UDP headers rebuilt from the socket's addresses")
        };
        let plain = outlet.add(label, description, LinkType::RAW, false);
        Self {
            label: label.to_owned(),
            expected,
            decapsulate,
            plain,
            mirrors: HashMap::new(),
            scratch: Vec::new(),
            garbage: 0,
            empty: 0,
        }
    }

    /// Datagrams of the listener that nobody took in time.
    pub fn dropped(&mut self, packets: u64, outlet: &mut Outlet) {
        outlet.dropped(self.plain, packets);
    }

    /// The next datagram, or message of a byte stream.
    pub fn datagram(&mut self, arrived: &Arrived<'_>, outlet: &mut Outlet, sink: &mut dyn Sink) {
        let layer = self.recognise(arrived);
        let plain = layer.is_none() && self.expected.takes_plain() && is_media(arrived.bytes);
        match layer {
            None if !plain => self.garbage(arrived, sink),
            Some(layer) if self.decapsulate => self.layer(arrived, &layer, outlet, sink),
            _ => self.rebuilt(arrived, outlet, sink),
        }
    }

    /// The next GRE packet.
    pub fn gre(&mut self, arrived: &Arrived<'_>, outlet: &mut Outlet, sink: &mut dyn Sink) {
        match peel::gre(arrived.bytes) {
            Err(_) => self.garbage(arrived, sink),
            Ok(layer) if self.decapsulate => self.layer(arrived, &layer, outlet, sink),
            Ok(_) => self.rebuilt(arrived, outlet, sink),
        }
    }

    fn recognise<'a>(&self, arrived: &Arrived<'a>) -> Option<Layer<'a>> {
        let (port, bytes) = (arrived.destination.port(), arrived.bytes);
        match self.expected {
            Expected::Media => None,
            Expected::Format(format) => peel::datagram_as(format, bytes, bytes.len()),
            Expected::Any => {
                peel::datagram(port, bytes, bytes.len()).or_else(|| peel::guess(bytes, bytes.len()))
            }
        }
    }

    fn layer(&mut self, arrived: &Arrived<'_>, layer: &Layer<'_>, outlet: &mut Outlet, sink: &mut dyn Sink) {
        let key = (layer.kind, layer.id, arrived.source.ip());
        let mut scratch = std::mem::take(&mut self.scratch);
        let taken = take_out(&layer.inner, &mut scratch);
        match taken {
            None => self.empty(layer, sink),
            Some((link, bytes, orig_len)) => {
                let at_hand = self.mirrors.contains_key(&key) || !outlet.is_full();
                if at_hand {
                    let label = &self.label;
                    let mirror = self.mirrors.entry(key).or_default();
                    let interface = mirror.interface(label, key, link, outlet);
                    let at = mirror.clock.time(layer.stamp, arrived.at);
                    let dropped = layer.sequence.map_or(0, |number| mirror.loss.arrived(number));
                    outlet.packet(Received { interface, at, orig_len, bytes, dropped }, sink);
                } else {
                    // Too many mirrors to tell apart: nothing is lost, but they are seen as they came.
                    self.rebuilt(arrived, outlet, sink);
                }
            }
        }
        self.scratch = scratch;
    }

    /// Hands the datagram on as it came, behind headers with the addresses that the socket told.
    fn rebuilt(&mut self, arrived: &Arrived<'_>, outlet: &mut Outlet, sink: &mut dyn Sink) {
        let ends = (arrived.source, arrived.destination);
        let mut scratch = std::mem::take(&mut self.scratch);
        let done = if arrived.destination.port() == 0 {
            scratch.clear();
            let ips = (ends.0.ip(), ends.1.ip());
            let len = u16::try_from(arrived.bytes.len()).unwrap_or(u16::MAX);
            let done = frame::ip(&mut scratch, ips, arrived.traffic_class, 47, len);
            scratch.extend_from_slice(arrived.bytes);
            done
        } else {
            frame::udp(&mut scratch, ends, arrived.traffic_class, arrived.bytes)
        };
        if done {
            let (interface, orig_len) = (self.plain, scratch.len() as u32);
            let packet = Received { interface, at: arrived.at, orig_len, bytes: &scratch, dropped: 0 };
            outlet.packet(packet, sink);
        }
        self.scratch = scratch;
    }

    fn garbage(&mut self, arrived: &Arrived<'_>, sink: &mut dyn Sink) {
        self.garbage += 1;
        if is_round(self.garbage) {
            sink.log(&format!(
                "{}: {} left out that are no {}; the latest came from {} with {} bytes.",
                self.label,
                datagrams(self.garbage),
                self.expected.name(),
                arrived.source.ip(),
                arrived.bytes.len()
            ));
        }
    }

    /// Keep-alives, logs, and messages of a mirror that hold no packet.
    fn empty(&mut self, layer: &Layer<'_>, sink: &mut dyn Sink) {
        self.empty += 1;
        if is_round(self.empty) {
            let name = layer.kind.name();
            sink.log(&format!("{}: {} of {name} hold no packet.", self.label, datagrams(self.empty)));
        }
    }

    /// Mirrored packets that were lost on the way here, by interface: beyond what was told with packets.
    pub fn settle(&mut self, counters: &mut [crate::source::Counters]) {
        for mirror in self.mirrors.values() {
            let Some(counters) = mirror.interfaces.first().and_then(|(_, at)| counters.get_mut(*at)) else {
                continue;
            };
            let others = mirror.loss.told();
            counters.dropped += mirror.loss.total().saturating_sub(others);
        }
    }
}

impl Mirror {
    fn interface(&mut self, label: &str, key: Key, link: LinkType, outlet: &mut Outlet) -> usize {
        if let Some((_, place)) = self.interfaces.iter().find(|(known, _)| *known == link) {
            return *place;
        }
        let (kind, id, source) = key;
        let number = if id == 0 { String::new() } else { format!(" {id}") };
        let name = format!("{label} {}{number} {source}", kind.name());
        let description = format!(
            "{}{number} mirror from {source}, decapsulated; drops are those on the mirror's way",
            kind.name()
        );
        let place = outlet.add(&name, description, link, false);
        self.interfaces.push((link, place));
        place
    }
}

fn datagrams(count: u64) -> String {
    if count == 1 { "1 datagram".into() } else { format!("{count} datagrams") }
}

/// 1, 10, 100 and so on: what is worth a line in the log.
fn is_round(count: u64) -> bool {
    10_u64.pow(count.ilog10()) == count
}

/// RTP, RTCP or SIP.
fn is_media(bytes: &[u8]) -> bool {
    let rtcp = bytes.len() >= 8 && bytes[0] >> 6 == 2 && matches!(bytes[1], 192..=223);
    rtcp || sip::looks_like_sip(bytes)
        || rtp::header::parse(bytes, bytes.len()).is_some_and(|rtp| rtp.consistent)
}

/// The packet in a layer: link type, bytes, and length on the wire; headers that it lacks are made in `scratch`. `None`
/// when there is none.
fn take_out<'a>(inner: &'a Inner<'a>, scratch: &'a mut Vec<u8>) -> Option<(LinkType, &'a [u8], u32)> {
    let whole = |bytes: &[u8], orig_len: Option<usize>| orig_len.unwrap_or(0).max(bytes.len()) as u32;
    match inner {
        Inner::Packet { bytes: [], .. } | Inner::Nothing(_) => None,
        Inner::Packet { link, bytes, orig_len } => Some((*link, *bytes, whole(bytes, *orig_len))),
        Inner::Typed { ethertype, bytes } => {
            frame::ethernet(scratch, *ethertype, bytes);
            Some((LinkType::ETHERNET, &scratch[..], scratch.len() as u32))
        }
        Inner::Air { radio, frame, fcs, orig_len } => {
            Some(air(radio, frame, *fcs, whole(frame, *orig_len), scratch))
        }
        Inner::Datagram { source, destination, payload, wire_len, .. } => {
            let ends = (socket(*source), socket(*destination));
            if !frame::udp(scratch, ends, 0, payload) {
                return None;
            }
            let cut = wire_len.saturating_sub(payload.len());
            Some((LinkType::RAW, &scratch[..], (scratch.len() + cut) as u32))
        }
        Inner::Ppp(bytes) => Some((LinkType::PPP, *bytes, bytes.len() as u32)),
    }
}

/// An 802.11 frame gets a radiotap header. Whether it ends with its check sequence the layer says, or the sequence itself.
fn air<'a>(
    radio: &Radio,
    frame: &[u8],
    fcs: Option<usize>,
    orig_len: u32,
    scratch: &'a mut Vec<u8>,
) -> (LinkType, &'a [u8], u32) {
    let checks =
        || wifi::strip_radio(LinkType::IEEE802_11, frame).is_some_and(|(_, body)| body.len() < frame.len());
    let fcs_at_end = match fcs {
        Some(len) => len > 0,
        None => orig_len as usize == frame.len() && checks(),
    };
    let header = frame::radiotap(scratch, radio, fcs_at_end, frame);
    (LinkType::RADIOTAP, &scratch[..], orig_len + header as u32)
}

fn socket(endpoint: Endpoint) -> SocketAddr {
    SocketAddr::new(endpoint.ip(), endpoint.port)
}

impl Expected {
    /// Whether RTP and SIP may come without a mirror around them.
    fn takes_plain(self) -> bool {
        matches!(self, Self::Any | Self::Media)
    }

    /// For the log.
    fn name(self) -> &'static str {
        match self {
            Self::Any => "mirror of a known kind and neither RTP nor SIP",
            Self::Media => "RTP, RTCP or SIP",
            Self::Format(Format::Vxlan) => "VXLAN",
            Self::Format(Format::Geneve) => "GENEVE",
            Self::Format(Format::Tzsp) => "TZSP",
            Self::Format(Format::Hep) => "HEP",
            Self::Format(Format::PeekRemote) => "PEEKREMOTE",
            Self::Format(Format::ArubaErm) => "Aruba ERM",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::keep::Keep;
    use super::super::settings::{FORMATS, Kept};
    use super::*;
    use crate::source::Note;

    #[derive(Default)]
    struct Counted {
        packets: usize,
        lines: usize,
    }

    impl Sink for Counted {
        fn packet(&mut self, packet: Received<'_>) {
            assert!(packet.orig_len as usize >= packet.bytes.len() && !packet.bytes.is_empty());
            self.packets += 1;
        }

        fn log(&mut self, line: &str) {
            assert!(!line.contains('\n'));
            self.lines += 1;
        }

        fn note(&mut self, _at: Nanos, _note: Note) {}
    }

    /// Beginnings of every encapsulation with chance behind them: nothing panics, memory stays bounded, the log short.
    #[test]
    fn whatever_comes_is_taken_or_counted() {
        let starts: [&[u8]; 12] = [
            &[],
            &[8, 0, 0, 0, 0, 0],
            &[2, 0, 0x65, 0x58],
            &[1, 0, 0, 1],
            &[1, 1, 0, 18],
            b"HEP3",
            &[1, 16, 2, 17],
            &[2, 28, 2, 17],
            &[0, 0xff, 0xab, 0xcd, 3, 0, 0, 0, 55],
            &[0, 0, 8, 0, 105, 0, 0, 0, 0x80],
            &[0x10, 0, 0x88, 0xbe],
            &[0x10, 0, 0x22, 0xeb],
        ];
        let mut outlet = Outlet::new("", Keep::new(&Kept { calls: false, headers: true, call: None }));
        let mut inputs = FORMATS.map(|(name, _, expected)| Unpack::new(name, expected, true, &mut outlet));
        let mut sink = Counted::default();
        let mut state = 1_u64;
        let mut chance = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u32
        };
        for number in 0..40_000_u32 {
            let mut bytes = starts[chance() as usize % starts.len()].to_vec();
            let len = chance() % 120;
            bytes.extend((0..len).map(|_| (chance() % if number % 2 == 0 { 256 } else { 4 }) as u8));
            let source = SocketAddr::new([10, 0, (chance() % 8) as u8, 1].into(), 1000);
            let destination = SocketAddr::new([10, 0, 0, 2].into(), 4789);
            let at = Nanos(i64::from(number) * 1_000_000);
            let arrived = Arrived { at, source, destination, traffic_class: 0, bytes: &bytes };
            for input in &mut inputs {
                input.datagram(&arrived, &mut outlet, &mut sink);
                input.gre(&arrived, &mut outlet, &mut sink);
            }
        }
        // A mirror may have a second link type beyond the bound, but no further mirrors are told apart.
        assert!(outlet.interfaces().len() <= 2 * super::super::outlet::MAX_INTERFACES);
        assert!(sink.lines < 150, "{} lines", sink.lines);
        let received: u64 = outlet.counters().iter().map(|counters| counters.received).sum();
        assert!(received > 1000 && sink.packets > 0, "{received} and {}", sink.packets);
    }
}
