//! Registrations: REGISTER and its challenges merged into attempts with one result.

use std::collections::{BTreeMap, HashMap};

use super::message::{Message, Start};
use super::outcome::CHALLENGE_GRACE;
use super::params::text;
use crate::model::{Registration, RegistrationOutcome};
use crate::packet::{Context, Nanos};

/// A challenge that is not met within this time (a person may type a password) ends the attempt.
const CHALLENGE_WAIT: i64 = 60 * Nanos::SECOND;
/// A REGISTER this young at the end of the capture may still be answered: two retransmissions of timer E
/// (RFC 3261 section 17.1.2.2) falls into it.
const REPLY_GRACE: i64 = 2 * Nanos::SECOND;
/// Bytes kept of an address.
const MAX_TEXT: usize = 200;

/// One attempt.
#[derive(Clone, Debug)]
struct Attempt {
    key: u64,
    binding: u64,
    record: Registration,
    /// CSeq and time of the last REGISTER.
    number: u32,
    sent: Nanos,
    last: Nanos,
    /// Asks for the end of the binding.
    removes: bool,
    /// Asks which bindings there are: has no Contact.
    queries: bool,
    /// The last REGISTER carried credentials.
    credentials: bool,
    done: bool,
}

impl Attempt {
    /// The capture ended before the reply, or the next REGISTER, could come.
    fn is_pending(&self, end: Nanos) -> bool {
        let waited = end.0.saturating_sub(self.last.0);
        match self.record.code {
            _ if self.done => false,
            None => end.0.saturating_sub(self.record.at.0) < REPLY_GRACE,
            // credentials under way, or refused
            Some(401 | 407) if self.credentials => self.last == self.sent && waited < REPLY_GRACE,
            Some(_) => waited < CHALLENGE_GRACE,
        }
    }
}

/// The registrations of a capture.
#[derive(Debug)]
pub(super) struct Registrations {
    attempts: BTreeMap<u32, Attempt>,
    current: HashMap<u64, u32, foldhash::fast::RandomState>,
    /// Bindings that a 200 granted, by AoR and contact, with the attempt that did.
    bound: HashMap<u64, u32, foldhash::fast::RandomState>,
    next: u32,
    limit: usize,
    pub(super) evicted: u64,
    /// REGISTER to 200, in ms, summed, and how many.
    delay_ms: f64,
    delays: u64,
}

/// Hashes of what names a registration.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    /// Call-ID and AoR.
    pub(super) attempt: u64,
    /// AoR and contact.
    pub(super) binding: u64,
}

impl Registrations {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            attempts: BTreeMap::new(),
            current: HashMap::default(),
            bound: HashMap::default(),
            next: 0,
            limit: limit.max(1),
            evicted: 0,
            delay_ms: 0.0,
            delays: 0,
        }
    }

    /// Takes a REGISTER or a response to one; no retransmission, no copy.
    pub(super) fn take(&mut self, cx: &Context, message: &Message<'_>, number: u32, keys: Keys) {
        match message.start {
            Start::Request { .. } => self.request(cx, message, number, keys),
            Start::Response { code, .. } => self.response(cx, message, number, code, keys.attempt),
        }
    }

    fn request(&mut self, cx: &Context, message: &Message<'_>, number: u32, keys: Keys) {
        let removes = removes(message);
        let credentials = message.has_credentials();
        let id = self.current.get(&keys.attempt).copied();
        if let Some(attempt) = id.and_then(|id| self.attempts.get_mut(&id)) {
            if attempt.number == number && !attempt.done {
                // another leg, or once more under the same number after a refusal
                if attempt.record.code.is_some() {
                    attempt.sent = cx.at;
                    attempt.last = cx.at;
                }
                return;
            }
            let waited = cx.at.0.saturating_sub(attempt.last.0);
            // a REGISTER without credentials after one with them starts over
            let goes_on = attempt.removes == removes && (credentials || !attempt.credentials);
            if !attempt.done && goes_on && waited < CHALLENGE_WAIT {
                attempt.number = number;
                attempt.sent = cx.at;
                attempt.last = cx.at;
                attempt.credentials = credentials;
                attempt.record.credentials |= credentials;
                return;
            }
            if attempt.done && attempt.number >= number {
                // the same REGISTER on another leg, behind its own answer
                return;
            }
        }
        self.begin(cx, message, number, keys);
    }

    fn begin(&mut self, cx: &Context, message: &Message<'_>, number: u32, keys: Keys) {
        self.make_room();
        let contact = message.contacts().next();
        let record = Registration {
            aor: text(message.to().aor(), MAX_TEXT),
            contact: contact.map(|contact| text(contact.uri, MAX_TEXT)),
            outcome: RegistrationOutcome::NoReply,
            expires_s: None,
            code: None,
            at: cx.at,
            frame: cx.frame,
            round_trip_ms: None,
            credentials: message.has_credentials(),
        };
        let attempt = Attempt {
            key: keys.attempt,
            binding: keys.binding,
            record,
            number,
            sent: cx.at,
            last: cx.at,
            removes: removes(message),
            queries: contact.is_none(),
            credentials: message.has_credentials(),
            done: false,
        };
        self.attempts.insert(self.next, attempt);
        self.current.insert(keys.attempt, self.next);
        self.next = self.next.wrapping_add(1);
    }

    fn make_room(&mut self) {
        while self.attempts.len() >= self.limit {
            let Some((id, attempt)) = self.attempts.pop_first() else { return };
            self.forget(id, &attempt);
            self.evicted += 1;
        }
    }

    fn forget(&mut self, id: u32, attempt: &Attempt) {
        if self.current.get(&attempt.key) == Some(&id) {
            self.current.remove(&attempt.key);
        }
        if self.bound.get(&attempt.binding) == Some(&id) {
            self.bound.remove(&attempt.binding);
        }
    }

    fn response(&mut self, cx: &Context, message: &Message<'_>, number: u32, code: u16, key: u64) {
        let Some(&id) = self.current.get(&key) else { return };
        let Some(attempt) = self.attempts.get_mut(&id) else { return };
        if attempt.done || attempt.number != number {
            return;
        }
        attempt.last = cx.at;
        if code < 200 {
            return;
        }
        attempt.record.code = Some(code);
        attempt.record.round_trip_ms = cx.at.known_millis_since(attempt.record.at).map(|ms| ms.max(0.0));
        match code {
            200..=299 => self.granted(cx, message, id),
            401 | 407 => attempt.record.outcome = RegistrationOutcome::AuthFailed,
            // 423: comes again with a longer time
            423 => attempt.record.outcome = RegistrationOutcome::Rejected,
            _ => {
                let denied = code == 403;
                attempt.record.outcome =
                    if denied { RegistrationOutcome::AuthFailed } else { RegistrationOutcome::Rejected };
                attempt.done = true;
            }
        }
    }

    fn granted(&mut self, cx: &Context, message: &Message<'_>, id: u32) {
        let Some(attempt) = self.attempts.get_mut(&id) else { return };
        attempt.done = true;
        if let Some(delay) = cx.at.known_millis_since(attempt.sent) {
            self.delay_ms += delay.max(0.0);
            self.delays += 1;
        }
        if attempt.queries {
            // an answered question about bindings is no registration
            let attempt = attempt.clone();
            self.attempts.remove(&id);
            self.forget(id, &attempt);
            return;
        }
        let record = &mut attempt.record;
        if attempt.removes {
            record.outcome = RegistrationOutcome::Deregistered;
            record.expires_s = Some(0);
            self.bound.remove(&attempt.binding);
            return;
        }
        let own = record.contact.as_deref().unwrap_or_default();
        let granted = message.contacts().find(|contact| text(contact.uri, MAX_TEXT) == own);
        let expires = granted.and_then(|contact| contact.expires).or(message.expires());
        record.expires_s = expires.map(u64::from);
        let known = self.bound.insert(attempt.binding, id).is_some();
        record.outcome = match expires {
            Some(0) => RegistrationOutcome::Deregistered,
            _ if known => RegistrationOutcome::Refreshed,
            _ => RegistrationOutcome::Registered,
        };
    }

    /// In order of their first REGISTER, as they stand at `end`, the time of the capture's last packet.
    pub(super) fn records(&self, end: Nanos) -> Vec<Registration> {
        let standing = |attempt: &Attempt| {
            let mut record = attempt.record.clone();
            if attempt.is_pending(end) {
                record.outcome = RegistrationOutcome::Pending;
            }
            record
        };
        self.attempts.values().map(standing).collect()
    }

    /// Registration request delay (RFC 6076 section 4.1): mean of REGISTER to its 2xx, ms.
    pub(super) fn delay_ms(&self) -> Option<f64> {
        (self.delays > 0).then(|| self.delay_ms / self.delays as f64)
    }
}

/// All bindings named (or `*`) end: expires 0 by the contact's parameter, else by the header.
fn removes(message: &Message<'_>) -> bool {
    let header = message.expires();
    let mut contacts = message.contacts().take(32).peekable();
    contacts.peek().is_some() && contacts.all(|contact| contact.expires.or(header) == Some(0))
}
