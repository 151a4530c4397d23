//! SIP (RFC 3261): messages, dialogs, calls, registrations, and the media that SDP announces.

mod attempt;
mod call;
mod conference;
mod connect;
mod dtmf;
mod flows;
mod identity;
mod legs;
mod live;
pub mod message;
mod offer;
mod outcome;
pub mod params;
mod reason;
mod register;
mod repeat;
mod request;
mod response;
pub mod sdp;
mod statistics;
mod story;
mod summary;
mod talking;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod timer;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};

use crate::config::Config;
use crate::decode::Unreachable;
use crate::flow::Flow;
use crate::media::Announcement;
use crate::model;
use crate::packet::{Context, Nanos, Transport};
use call::{Call, Seen};
use conference::Rooms;
use flows::Flows;
use legs::{Legs, Place};
use message::{Message, Start};
use register::{Keys, Registrations};
use repeat::{Repeats, Sighting};
use statistics::{Counts, Rates};
pub use summary::CallSummary;
use talking::Talking;

/// What one message belonged to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Id of the call, from 1, in order of the first INVITE.
    pub call: Option<u32>,
    /// Media that the message announced; the RTP tracker wants to know.
    pub announcements: Vec<Announcement>,
}

/// Follows every SIP dialog of a capture.
#[derive(Debug)]
pub struct Tracker {
    /// Seeded by chance: the texts that are hashed come from strangers. Nothing is reported in hash order.
    hasher: RandomState,
    /// By id of the call and number of the leg.
    calls: BTreeMap<Place, Box<Call>>,
    by_call_id: HashMap<u64, Place, foldhash::fast::RandomState>,
    finished: BTreeSet<Place>,
    legs: Legs,
    rooms: Rooms,
    /// Answered calls that go on, by AoR.
    talking: Talking,
    next_call: u32,
    max_calls: usize,
    registrations: Registrations,
    repeats: Repeats,
    counts: Counts,
    /// Of calls that were evicted.
    past: Rates,
    evicted: u64,
    last: Nanos,
    flows: Option<Box<Flows>>,
}

impl Tracker {
    /// With the bounds of `config`.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            hasher: RandomState::new(),
            calls: BTreeMap::new(),
            by_call_id: HashMap::default(),
            finished: BTreeSet::new(),
            legs: Legs::default(),
            rooms: Rooms::default(),
            talking: Talking::default(),
            next_call: 1,
            max_calls: config.max_calls.max(1),
            registrations: Registrations::new(config.max_registrations),
            repeats: Repeats::default(),
            counts: Counts::default(),
            past: Rates::default(),
            evicted: 0,
            last: Nanos::default(),
            flows: config.flows.as_ref().map(|request| Box::new(Flows::new(request))),
        }
    }

    /// Takes one whole message (a UDP payload, or one message cut from a TCP stream).
    /// Returns `None` when it is not SIP after all.
    pub fn message(&mut self, cx: &Context, transport: Transport, raw: &[u8]) -> Option<Outcome> {
        let message = Message::parse(raw)?;
        self.last = self.last.max(cx.at);
        self.counts.count(&message);
        let key = self.leg_key(cx, &message);
        let sighting = self.repeats.sight(key, cx);
        if sighting == Sighting::Again {
            self.counts.retransmissions += 1;
        }
        let (Some(cseq), false) = (message.cseq(), message.call_id().is_empty()) else {
            return Some(Outcome::default());
        };
        if message.method() == b"REGISTER" {
            if sighting == Sighting::First {
                let keys = self.registration_keys(&message);
                self.registrations.take(cx, &message, cseq.number, keys);
            }
            return Some(Outcome::default());
        }
        let seen = self.seen(cx, &message, transport, cseq.number);
        let outcome = self.call_message(&seen, sighting);
        if let (Some(flows), Some(call)) = (&mut self.flows, outcome.call) {
            flows.take(call, &seen, sighting, key);
        }
        Some(outcome)
    }

    /// Names a message on its leg: a second one with this key is a retransmission or a copy.
    fn leg_key(&self, cx: &Context, message: &Message<'_>) -> u64 {
        let cseq = message.cseq().map(|cseq| cseq.number);
        let ends = (cx.source, cx.destination, message.call_id(), message.branch());
        let tags = (message.from().tag, message.to().tag);
        self.hasher.hash_one((
            ends,
            tags,
            cseq,
            message.method(),
            message.code(),
            message.rseq(),
            message.body,
        ))
    }

    fn registration_keys(&self, message: &Message<'_>) -> Keys {
        let aor = message.to().aor();
        let contact = message.contacts().next().map(|contact| contact.uri);
        Keys {
            attempt: self.hasher.hash_one((message.call_id(), aor)),
            binding: self.hasher.hash_one((aor, contact)),
        }
    }

    fn seen<'a>(
        &self,
        cx: &'a Context,
        message: &'a Message<'a>,
        transport: Transport,
        number: u32,
    ) -> Seen<'a> {
        let (from, to) = (message.from(), message.to());
        let method = message.method();
        let sdp = message.sdp().map(sdp::parse);
        // devices of RFC 2543 have no tags: the address has to do
        let from_tag = self.hasher.hash_one(if from.tag.is_empty() { from.uri } else { from.tag });
        let to_tag = (!to.tag.is_empty()).then(|| self.hasher.hash_one(to.tag));
        let kind = (number, method, message.code(), message.rseq(), sdp.is_some());
        let step = self.hasher.hash_one((from_tag, to_tag, kind));
        let branch = self.hasher.hash_one(message.branch());
        Seen { cx, message, transport, sdp, number, method, from_tag, to_tag, branch, step }
    }

    fn call_message(&mut self, seen: &Seen<'_>, sighting: Sighting) -> Outcome {
        let key = self.hasher.hash_one(seen.message.call_id());
        let mut place = self.by_call_id.get(&key).copied();
        if let Some(call) = place.and_then(|place| self.calls.get(&place))
            && sighting == Sighting::First
            && call.is_reused_by(seen)
        {
            place = None;
        }
        let is_invite = matches!(seen.message.start, Start::Request { .. }) && seen.method == b"INVITE";
        if place.is_none() && !is_invite {
            place = self.subscription(key, seen);
        }
        let is_new = place.is_none();
        if is_new && !is_invite {
            return Outcome::default();
        }
        let place = place.unwrap_or_else(|| self.begin(key, seen));
        let digest = seen.message.sdp().map(|body| self.hasher.hash_one((seen.from_tag, seen.to_tag, body)));
        let Some(call) = self.calls.get_mut(&place) else { return Outcome::default() };
        let mut outcome = Outcome { call: Some(place.0), announcements: Vec::new() };
        match sighting {
            Sighting::Copy => return outcome,
            Sighting::Again => call.repeated(seen),
            Sighting::First => {
                let fresh = call.take(seen, is_new);
                if let Some(digest) = digest {
                    outcome.announcements = call.announce(seen, digest, fresh);
                }
            }
        }
        self.settle(place, seen, sighting);
        outcome
    }

    /// What the message means for other calls.
    fn settle(&mut self, place: Place, seen: &Seen<'_>, sighting: Sighting) {
        let Some(call) = self.calls.get_mut(&place) else { return };
        if sighting == Sighting::First {
            if place.1 == 0 {
                self.talking.follow(place.0, call, seen);
            }
            if matches!((seen.method, seen.message.code()), (b"REFER", None) | (b"INVITE", Some(300..=399))) {
                self.legs.refer(place.0, seen, [&call.from, &call.to]);
            }
        }
        if !call.is_finished() {
            self.finished.remove(&place);
        } else if self.finished.insert(place) {
            call.shrink();
        }
        if let (Sighting::First, Some(room)) = (sighting, conference::focus(seen.message)) {
            self.gather(place.0, room, seen);
        }
    }

    /// A new Call-ID: a call, or the next leg of one.
    fn begin(&mut self, key: u64, seen: &Seen<'_>) -> Place {
        while self.calls.len() >= self.max_calls {
            self.evict();
        }
        let is_initial = seen.to_tag.is_none();
        let is_open = |place| self.calls.get(&place).is_some_and(|call| call.is_dialling());
        let origin = if is_initial { self.legs.origin(seen, &self.hasher, is_open) } else { None };
        let place = match origin {
            Some((id, _)) => {
                let last =
                    self.calls.range((id, 0)..=(id, u16::MAX)).next_back().map_or(0, |(place, _)| place.1);
                (id, last.saturating_add(1))
            }
            None => {
                self.next_call = self.next_call.saturating_add(1);
                (self.next_call - 1, 0)
            }
        };
        let mut call = Box::new(Call::new(place.0, key, seen));
        if let Some((_, proof)) = origin {
            call.next_leg(seen, proof);
        }
        self.calls.insert(place, call);
        self.by_call_id.insert(key, place);
        if is_initial {
            self.legs.remember(place, seen, &self.hasher);
            self.connect(place, seen);
        }
        place
    }

    /// Drops the oldest finished leg, else the oldest of all; its share in the statistics stays.
    fn evict(&mut self) {
        let place = self.finished.pop_first().or_else(|| self.calls.keys().next().copied());
        let Some((place, mut call)) = place.and_then(|place| Some((place, self.calls.remove(&place)?)))
        else {
            return;
        };
        let subscriptions = call.members.iter().flat_map(|members| &members.subscriptions);
        for key in std::iter::once(&call.key).chain(subscriptions) {
            if self.by_call_id.get(key) == Some(&place) {
                self.by_call_id.remove(key);
            }
        }
        self.talking.forget(&mut call);
        if place.1 == 0 {
            self.past.add(&call, self.last);
        }
        self.evicted += 1;
    }

    /// The calls as far as signalling tells them (`streams`, `mos` and RTP digits are the engine's to add),
    /// with what the findings need beside the report. `end`: time of the capture's last packet.
    #[must_use]
    pub fn calls(&self, end: Nanos) -> Vec<CallSummary> {
        let mut calls: Vec<CallSummary> = Vec::with_capacity(self.calls.len());
        for ((id, _), leg) in &self.calls {
            let summary = leg.summary(end);
            match calls.last_mut().filter(|call| call.call.id == *id) {
                Some(call) => call.join(summary),
                None => calls.push(summary),
            }
        }
        calls
    }

    /// ICMP says that a datagram did not arrive: the call whose INVITE it was.
    pub fn unreachable(&mut self, told: &Unreachable) -> Option<u32> {
        let is_open = |place| self.calls.get(&place).is_some_and(|call| call.is_dialling());
        let place = self.legs.sent(told, is_open)?;
        self.calls.get_mut(&place)?.unreachable(told);
        Some(place.0)
    }

    /// The messages that [`Config::flows`] asked for, by call.
    #[must_use]
    pub fn flows(&self) -> Vec<Flow> {
        self.flows.as_ref().map_or_else(Vec::new, |flows| flows.flows())
    }

    /// Methods, responses, retransmissions, registrations, RFC 6076 figures. `end`: time of the capture's
    /// last packet.
    #[must_use]
    pub fn statistics(&self, end: Nanos) -> model::Sip {
        let mut rates = self.past.clone();
        for (_, call) in self.calls.iter().filter(|((_, leg), _)| *leg == 0) {
            rates.add(call, end);
        }
        model::Sip {
            requests: self.counts.requests(),
            responses: self.counts.responses(),
            retransmissions: self.counts.retransmissions,
            registrations: self.registrations.records(end),
            rfc6076: rates.figures(self.registrations.delay_ms()),
        }
    }

    /// Calls, dialogs and registrations that were dropped because a table was full.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted + self.registrations.evicted
    }
}

/// True when `bytes` starts like a SIP request or response. Cheap, for every UDP datagram that is no known RTP.
#[must_use]
pub fn looks_like_sip(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"SIP/2.0 ") {
        return true;
    }
    let line = &bytes[..bytes.len().min(2048)];
    let Some(end) = memchr::memchr(b'\n', line) else { return false };
    let line = line[..end].strip_suffix(b"\r").unwrap_or(&line[..end]);
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(b);
    let method = line.iter().take_while(|b| is_token(b)).count();
    method > 0 && line.get(method) == Some(&b' ') && line.ends_with(b" SIP/2.0")
}
