//! Calls only, or one call only: the engine itself says what belongs to a call.
//!
//! RTP may come before the SDP that announces it, and without SDP takes some packets to be recognised. Packets that may
//! turn out to belong to a call wait, for 5 s at most, and are handed on as soon as the engine knows. Pieces of IP
//! datagrams are always kept: they are few, and what they are part of is known only with the last.

use std::collections::{HashMap, HashSet, VecDeque};

use airtone_engine::decode::{Decoder, Item};
use airtone_engine::packet::Endpoint;
use airtone_engine::sip::message::Message;
use airtone_engine::{Config, Engine, FrameFacts, LinkType, Nanos, Packet, sip};

use crate::source::Received;

/// Packets of one flow that wait.
const MAX_OF_FLOW: usize = 64;
/// Packets and bytes of all flows that wait.
const MAX_WAITING: usize = 16_384;
const MAX_BYTES: usize = 32 << 20;
/// How long a packet waits.
const PATIENCE: i64 = 5 * Nanos::SECOND;
/// Flows that are remembered.
const MAX_FLOWS: usize = 65_536;
/// A flow that was silent for longer is forgotten when there are too many.
const IDLE: i64 = 60 * Nanos::SECOND;

/// Two ends and whether they speak TCP. The ends of TCP are in order: both directions are one flow.
type Key = (Endpoint, Endpoint, bool);

/// What is known of a flow.
#[derive(Debug, Default)]
struct Flow {
    /// It belongs to what is kept.
    kept: bool,
    last: Nanos,
    waiting: VecDeque<Waiting>,
}

/// A packet that waits.
#[derive(Debug)]
struct Waiting {
    link: LinkType,
    interface: usize,
    at: Nanos,
    orig_len: u32,
    bytes: Box<[u8]>,
}

/// What a packet is, apart from what the engine says.
#[derive(Debug)]
enum Piece {
    /// SIP, whether it names the wanted call, and its flow.
    Sip { named: bool, key: Key },
    /// May be media, or a part of SIP over TCP.
    Candidate(Key),
    /// A fragment that completes nothing yet, or 802.11.
    Part,
    /// Something else.
    Other,
}

/// Selects packets of calls.
#[derive(Debug)]
pub struct Calls {
    engine: Engine,
    decoder: Decoder,
    frame: u64,
    /// Part of a number or address, or a Call-ID.
    wanted: Option<String>,
    /// Calls that are wanted, by the engine's ids.
    ids: HashSet<u32>,
    flows: HashMap<Key, Flow>,
    waiting: usize,
    bytes: usize,
    swept: Nanos,
}

impl Calls {
    /// All calls, or those that `wanted` names.
    pub fn new(wanted: Option<String>) -> Self {
        // A capture may go on for weeks, on a small machine.
        let bounds = Config { max_streams: 10_000, max_calls: 10_000, ..Config::default() };
        Self {
            engine: Engine::new(bounds.clone()),
            decoder: Decoder::new(&bounds),
            frame: 0,
            wanted,
            ids: HashSet::new(),
            flows: HashMap::new(),
            waiting: 0,
            bytes: 0,
            swept: Nanos(0),
        }
    }

    /// Takes the next packet; hands over what is known to be kept.
    pub fn packet(
        &mut self,
        link: LinkType,
        packet: Received<'_>,
        out: &mut dyn FnMut(LinkType, Received<'_>),
    ) {
        self.frame += 1;
        let interface = u32::try_from(packet.interface).unwrap_or(u32::MAX);
        let Received { at, orig_len, bytes, .. } = packet;
        let seen = Packet { frame: self.frame, at, link, interface, orig_len, bytes };
        let facts = self.engine.packet(&seen);
        let piece = self.piece(&seen);
        self.sweep(at);
        match piece {
            Piece::Part => out(link, packet),
            Piece::Other => {}
            Piece::Sip { named, key } => {
                if let Some(call) = facts.call.filter(|_| named) {
                    self.ids.insert(call);
                }
                let kept = self.wanted.is_none() || self.is_wanted(&facts);
                self.decide(key, Some(kept), link, packet, out);
            }
            Piece::Candidate(key) => {
                let verdict = self.verdict(key, &facts);
                self.decide(key, verdict, link, packet, out);
            }
        }
    }

    fn is_wanted(&self, facts: &FrameFacts) -> bool {
        facts.call.is_some_and(|call| self.ids.contains(&call))
    }

    /// Whether a packet of a flow is kept; `None` when that is not known yet.
    fn verdict(&self, key: Key, facts: &FrameFacts) -> Option<bool> {
        if self.wanted.is_some() {
            return facts.call.map(|_| self.is_wanted(facts)).or_else(|| self.rtcp(key));
        }
        let known = facts.call.is_some() || facts.stream.is_some();
        let flow = self.flows.get(&key).is_some_and(|flow| flow.kept);
        if known || flow { Some(true) } else { self.rtcp(key) }
    }

    /// RTCP goes with the RTP of the ports below (RFC 3550 section 11).
    fn rtcp(&self, (source, destination, tcp): Key) -> Option<bool> {
        let below = |end: Endpoint| end.with_port(end.port.wrapping_sub(1));
        let flow = self.flows.get(&(below(source), below(destination), tcp))?;
        flow.kept.then_some(true)
    }

    fn piece(&mut self, packet: &Packet<'_>) -> Piece {
        let Self { decoder, wanted, .. } = self;
        let mut piece = None;
        let incomplete = |decoder: &Decoder| {
            decoder.not_decoded().get("ip fragment incomplete").map_or(0, |count| count.packets)
        };
        let before = incomplete(decoder);
        decoder.decode(packet, |item| match item {
            Item::Udp { cx, payload, .. } => {
                let key = (cx.source, cx.destination, false);
                piece = Some(match payload {
                    sip if sip::looks_like_sip(sip) => {
                        Piece::Sip { named: names(sip, wanted.as_deref()), key }
                    }
                    [first, _, ..] if first >> 6 == 2 && payload.len() >= 8 => Piece::Candidate(key),
                    _ => Piece::Other,
                });
            }
            Item::Tcp { cx, payload, .. } => {
                let key = (cx.source.min(cx.destination), cx.source.max(cx.destination), true);
                piece = Some(match payload {
                    sip if sip::looks_like_sip(sip) => {
                        Piece::Sip { named: names(sip, wanted.as_deref()), key }
                    }
                    _ => Piece::Candidate(key),
                });
            }
            Item::Dot11 { .. } => {}
        });
        let part = incomplete(decoder) > before;
        piece.unwrap_or(if part { Piece::Part } else { Piece::Other })
    }

    /// Keeps, drops or holds back a packet, and with it those of its flow that wait.
    fn decide(
        &mut self,
        key: Key,
        verdict: Option<bool>,
        link: LinkType,
        packet: Received<'_>,
        out: &mut dyn FnMut(LinkType, Received<'_>),
    ) {
        // A flood of flows must not fill the memory: those of calls are handed on without being remembered, after a
        // while, and others do not wait.
        let room = if verdict == Some(true) { 2 * MAX_FLOWS } else { MAX_FLOWS };
        if self.flows.len() >= room && !self.flows.contains_key(&key) {
            if verdict == Some(true) {
                out(link, packet);
            }
            return;
        }
        let flow = self.flows.entry(key).or_default();
        flow.last = packet.at;
        match verdict {
            Some(kept) => {
                // One connection may carry many calls, of which one is wanted: it is decided anew for each message.
                flow.kept = kept;
                for held in std::mem::take(&mut flow.waiting) {
                    self.waiting -= 1;
                    self.bytes -= held.bytes.len();
                    if kept {
                        held.give(out);
                    }
                }
                if kept {
                    out(link, packet);
                }
            }
            None => {
                let Received { interface, at, orig_len, bytes, .. } = packet;
                if flow.waiting.len() < MAX_OF_FLOW && self.waiting < MAX_WAITING && self.bytes < MAX_BYTES {
                    flow.waiting.push_back(Waiting { link, interface, at, orig_len, bytes: bytes.into() });
                    self.waiting += 1;
                    self.bytes += bytes.len();
                }
            }
        }
    }

    /// Once a second of the capture: gives up packets that waited long enough, and forgets silent flows.
    fn sweep(&mut self, at: Nanos) {
        if at.0.abs_diff(self.swept.0) < Nanos::SECOND as u64 {
            return;
        }
        self.swept = at;
        let Self { flows, waiting, bytes, .. } = self;
        let crowded = flows.len() > MAX_FLOWS;
        flows.retain(|_, flow| {
            while flow.waiting.front().is_some_and(|held| at.0 - held.at.0 > PATIENCE) {
                let held = flow.waiting.pop_front();
                *waiting -= 1;
                *bytes -= held.map_or(0, |held| held.bytes.len());
            }
            let idle = at.0 - flow.last.0;
            let of_use = flow.kept && (!crowded || idle < IDLE);
            of_use || !flow.waiting.is_empty() || idle < PATIENCE
        });
    }
}

impl Waiting {
    fn give(&self, out: &mut dyn FnMut(LinkType, Received<'_>)) {
        let Self { interface, at, orig_len, ref bytes, .. } = *self;
        out(self.link, Received { interface, at, orig_len, bytes, dropped: 0 });
    }
}

/// Whether a SIP message names the wanted call: by its Call-ID, or in From, To or the request's address.
fn names(raw: &[u8], wanted: Option<&str>) -> bool {
    let Some(wanted) = wanted else { return false };
    let Some(message) = Message::parse(raw) else { return false };
    let first = raw.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let holds =
        |text: &[u8]| text.windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted.as_bytes()));
    message.call_id() == wanted.as_bytes()
        || [first, message.from().uri, message.to().uri].into_iter().any(holds)
}

#[cfg(test)]
mod tests {
    use super::super::super::frame;
    use super::*;

    /// UDP that looks like RTP at first sight, from ever new ports, at one time and over time.
    #[test]
    fn a_flood_of_flows_stays_in_bounds() {
        let mut calls = Calls::new(None);
        let mut bytes = Vec::new();
        let mut kept = 0;
        for number in 0..150_000_u32 {
            let port = 1024 + (number % 60_000) as u16;
            let source = std::net::SocketAddr::new([10, 0, (number >> 16) as u8, 1].into(), port);
            let ends = (source, "192.0.2.2:4002".parse().unwrap());
            let noise = number.wrapping_mul(2_654_435_761).to_be_bytes();
            let payload = [&[0x80, noise[0] & 0x3f, noise[1], noise[2]][..], &[noise[3]; 40]].concat();
            assert!(frame::udp(&mut bytes, ends, 0, &payload));
            // A minute at the end, after a flood within one second.
            let at = Nanos(if number < 140_000 {
                i64::from(number)
            } else {
                i64::from(number - 139_999) * 6_000_000
            });
            let received =
                Received { interface: 0, at, orig_len: bytes.len() as u32, bytes: &bytes, dropped: 0 };
            calls.packet(LinkType::RAW, received, &mut |_, _| kept += 1);
            assert!(
                calls.flows.len() <= MAX_FLOWS
                    && calls.waiting <= MAX_WAITING
                    && calls.bytes <= MAX_BYTES + 2048
            );
        }
        assert_eq!(kept, 0);
        assert!(calls.flows.len() < 2000, "{} flows after a minute", calls.flows.len());
        let held: usize = calls.flows.values().map(|flow| flow.waiting.len()).sum();
        assert_eq!(held, calls.waiting);
    }
}
