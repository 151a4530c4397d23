//! Fax by T.38 over UDPTL: packets to and from the ports that SDP announced for it, whether they came, and what the two
//! machines said in them.

mod hdlc;
mod ifp;
mod leg;
mod report;
mod sequence;
mod t30;
mod udptl;

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

use self::ifp::Notation;
use self::leg::Leg;
use crate::config::Config;
use crate::media::{Announcement, MediaKind, Party};
use crate::model::{Call, Fax};
use crate::packet::{Context, Endpoint, Nanos};
use crate::rtp::Plain;

/// Legs of one call that are told apart: more only a loop of gateways has.
const MAX_LEGS: usize = 3;

/// Ports announced at once, per call that may be open.
const PORTS_PER_CALL: usize = 2;

/// Where a party of a call wants its fax.
#[derive(Clone, Copy, Debug)]
struct Port {
    call: u32,
    party: Party,
    version: Option<u8>,
    touched: Nanos,
}

/// The fax of one call.
#[derive(Debug, Default)]
struct Session {
    legs: Vec<Leg>,
    version: Option<u8>,
    touched: Nanos,
}

/// Follows the fax of every call. Bounded; the longest untouched are dropped.
#[derive(Debug)]
pub(crate) struct Tracker {
    ports: HashMap<Endpoint, Port, RandomState>,
    sessions: BTreeMap<u32, Box<Session>>,
    max_calls: usize,
    dropped: u64,
}

impl Tracker {
    /// With the bounds of `config`.
    pub(crate) fn new(config: &Config) -> Self {
        let max_calls = config.max_calls.clamp(8, u32::MAX as usize);
        Self { ports: HashMap::default(), sessions: BTreeMap::new(), max_calls, dropped: 0 }
    }

    /// SDP has announced media.
    pub(crate) fn announce(&mut self, announced: &Announcement) {
        let endpoint = announced.endpoint;
        if announced.kind != MediaKind::Fax {
            // a call that goes back to sound on the same port may still have fax on its way
            if self.ports.get(&endpoint).is_some_and(|port| port.call != announced.call) {
                self.ports.remove(&endpoint);
            }
            return;
        }
        if endpoint.port == 0 || endpoint.is_unspecified() {
            return;
        }
        if self.ports.len() >= self.max_calls.saturating_mul(PORTS_PER_CALL) {
            let before = self.ports.len();
            let median = median(self.ports.values().map(|port| port.touched));
            self.ports.retain(|_, port| port.touched > median);
            self.dropped += (before - self.ports.len()) as u64;
        }
        let Announcement { call, party, at, .. } = *announced;
        self.ports.insert(endpoint, Port { call, party, version: announced.fax_version, touched: at });
    }

    /// Takes one UDP payload; the call that it belongs to, where it is fax.
    #[inline]
    pub(crate) fn datagram(&mut self, cx: &Context, payload: &[u8], wire_len: usize) -> Option<u32> {
        if self.ports.is_empty() {
            return None;
        }
        self.closely(cx, payload, wire_len)
    }

    #[inline(never)]
    fn closely(&mut self, cx: &Context, payload: &[u8], wire_len: usize) -> Option<u32> {
        let (port, sender) = self.port(cx)?;
        let datagram = udptl::datagram(payload, wire_len)?;
        if payload.len() < wire_len && payload[0] >> 6 == 2 && !self.goes_on(cx, port.call, datagram.seq) {
            return None;
        }
        self.take(cx, port, sender, &datagram);
        Some(port.call)
    }

    /// A datagram that looks like RTP but is none, and of which only the first octets are left: a UDPTL number from
    /// 0x8000 to 0x80ff, where it follows others.
    #[inline]
    pub(crate) fn plain(&mut self, plain: &Plain) -> Option<u32> {
        if self.ports.is_empty() { None } else { self.beginning(plain) }
    }

    #[cold]
    fn beginning(&mut self, plain: &Plain) -> Option<u32> {
        let (cx, head, wire_len) = plain.beginning();
        let (port, sender) = self.port(&cx)?;
        let datagram = udptl::datagram(head.get(..wire_len).unwrap_or(&head), wire_len)?;
        if !self.goes_on(&cx, port.call, datagram.seq) {
            return None;
        }
        self.take(&cx, port, sender, &datagram);
        Some(port.call)
    }

    /// The number is close to those before it in this direction.
    fn goes_on(&self, cx: &Context, call: u32, seq: u16) -> bool {
        let legs = self.sessions.get(&call).map_or(&[][..], |session| &session.legs);
        let way = legs.iter().find_map(|leg| leg.ways[usize::from(leg.side_of(cx)?)].as_ref());
        way.is_some_and(|way| way.numbers.is_near(seq))
    }

    /// Whose port it comes to or from, and who sends it.
    fn port(&mut self, cx: &Context) -> Option<(Port, Party)> {
        let (end, is_receiver) = match self.ports.contains_key(&cx.destination) {
            true => (cx.destination, true),
            false => (cx.source, false),
        };
        let port = self.ports.get_mut(&end)?;
        port.touched = port.touched.max(cx.at);
        let sender = if is_receiver { other(port.party) } else { port.party };
        Some((*port, sender))
    }

    fn take(&mut self, cx: &Context, port: Port, sender: Party, datagram: &udptl::Datagram<'_>) {
        if self.sessions.len() >= self.max_calls && !self.sessions.contains_key(&port.call) {
            let before = self.sessions.len();
            let median = median(self.sessions.values().map(|session| session.touched));
            self.sessions.retain(|_, session| session.touched > median);
            self.dropped += (before - self.sessions.len()) as u64;
        }
        let session = self.sessions.entry(port.call).or_default();
        session.touched = session.touched.max(cx.at);
        session.version = port.version.or(session.version);
        let notation = Notation::of_version(port.version.unwrap_or(0));
        let known = session.legs.iter().enumerate().find_map(|(at, leg)| Some((at, leg.side_of(cx)?)));
        let (at, side) = match known {
            Some(known) => known,
            None if session.legs.len() < MAX_LEGS => {
                session.legs.push(Leg::new());
                (session.legs.len() - 1, false)
            }
            None => return,
        };
        session.legs[at].take(cx, side, datagram, (sender, notation));
    }

    /// Faxes, and ports for them, that were forgotten for lack of room.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Adds to a call what its fax tells, if it has one.
    pub(crate) fn tell(&self, call: &mut Call) {
        if let Some(session) = self.sessions.get(&call.id) {
            report::tell(session, call);
        }
    }
}

fn other(party: Party) -> Party {
    match party {
        Party::Caller => Party::Callee,
        Party::Callee => Party::Caller,
    }
}

fn median(times: impl Iterator<Item = Nanos>) -> Nanos {
    let mut times: Vec<Nanos> = times.collect();
    let middle = times.len() / 2;
    if times.is_empty() { Nanos::default() } else { *times.select_nth_unstable(middle).1 }
}

/// The fax of a call as the report has it, beside its events.
type Told = Box<Fax>;

#[cfg(test)]
mod tests;
