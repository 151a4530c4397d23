//! Which Call-IDs are legs of one call, and which calls belong to one story.
//!
//! A back-to-back agent begins a leg of its own, with another Call-ID, for the call that it has got. Such a leg
//! is joined when its INVITE proves where it comes from; a wrong join is worse than none. A call that a transfer
//! or a pickup makes stays a call of its own, related to the one before it.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use super::call::Seen;
use super::message::{Message, Name};
use super::params;
use crate::decode::Unreachable;
use crate::packet::{Endpoint, Nanos};

/// INVITEs remembered that may get another leg, and REFERs that may make another call.
const MAX_RECENT: usize = 64;
/// A server sends the next leg on within this time, screening and database included.
const WITHIN: i64 = 4 * Nanos::SECOND;
/// The same between addresses that nothing connects.
const WITHIN_STRANGE: i64 = 500 * Nanos::MILLI;
/// A REFER makes its call within this time: 64 x T1.
const REFER_WITHIN: i64 = 32 * Nanos::SECOND;
/// Bytes of a number or name that are compared.
const MAX_USER: usize = 32;
/// Equal digits at the end that make two numbers the same subscriber behind different prefixes.
const MIN_DIGITS: usize = 6;
/// A tag of fewer bytes is no chance number.
const MIN_TAG: usize = 8;

/// Place of a leg: id of its call, and number within it.
pub(super) type Place = (u32, u16);

/// A user part or a tag: its end, in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct User {
    bytes: [u8; MAX_USER],
    len: u8,
}

impl User {
    pub(super) fn new(user: &[u8]) -> Self {
        let mut bytes = [0; MAX_USER];
        let user = user.strip_prefix(b"+").unwrap_or(user);
        // the end of a number tells more than its beginning
        let user = &user[user.len().saturating_sub(MAX_USER)..];
        bytes[..user.len()].copy_from_slice(user);
        bytes.make_ascii_lowercase();
        Self { bytes, len: user.len() as u8 }
    }

    fn text(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn is_number(&self) -> bool {
        self.text().iter().all(u8::is_ascii_digit)
    }

    /// Somebody in particular.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self.text(), b"" | b"anonymous" | b"unavailable" | b"unknown" | b"restricted")
    }

    /// Whether both are names, or numbers of the same length: an extension tells nothing of the number that was dialled for it.
    pub(super) fn is_of_kind(&self, other: &Self) -> bool {
        self.is_number() == other.is_number() && (!self.is_number() || self.len == other.len)
    }

    /// The same name, or the same number behind another prefix.
    pub(super) fn is(&self, other: &Self) -> bool {
        let (long, short) = if self.len >= other.len { (self, other) } else { (other, self) };
        let (long, short) = (long.text(), short.text());
        let has_prefix = self.is_number() && other.is_number() && short.len() >= MIN_DIGITS;
        self.is_known() && other.is_known() && (long == short || (has_prefix && long.ends_with(short)))
    }
}

/// What an INVITE shows of its origin.
#[derive(Clone, Debug)]
struct Marks {
    at: Nanos,
    source: Endpoint,
    destination: Endpoint,
    from: User,
    to: User,
    /// Request-URI.
    target: User,
    /// Hashes; `None` without the header.
    session: Option<u64>,
    charging: Option<u64>,
    cross: Option<u64>,
    /// From-tag.
    tag: User,
    /// Where audio is to go.
    media: Option<Endpoint>,
    call_id: u64,
}

#[derive(Clone, Debug)]
struct Recent {
    place: Place,
    marks: Marks,
}

#[derive(Clone, Debug)]
struct Referral {
    call: u32,
    /// A 3xx, not a REFER.
    redirects: bool,
    at: Nanos,
    target: User,
    parties: [User; 2],
}

/// The INVITEs and REFERs that the next INVITE may come from.
#[derive(Debug, Default)]
pub(super) struct Legs {
    recent: VecDeque<Recent>,
    referrals: VecDeque<Referral>,
}

impl Legs {
    /// The call whose next leg this initial INVITE is, and what proves it. `is_open`: that the leg waits for its
    /// answer.
    pub(super) fn origin(
        &self,
        seen: &Seen<'_>,
        hasher: &impl BuildHasher,
        is_open: impl Fn(Place) -> bool,
    ) -> Option<(u32, &'static str)> {
        let marks = Marks::new(seen, hasher);
        // most INVITEs match none: the table of calls is asked last
        let proof = |recent: &Recent| Some((recent.place.0, marks.proof(&recent.marks)?));
        let open = |recent: &&Recent| is_open(recent.place);
        let proven = self.recent.iter().filter_map(|recent| Some((recent, proof(recent)?)));
        if let Some((_, proof)) = proven.filter(|(recent, _)| open(recent)).min_by_key(|(_, (call, _))| *call)
        {
            return Some(proof);
        }
        let likeness = |recent: &Recent| Some((recent.place.0, marks.likeness(&recent.marks)?));
        let alike = self.recent.iter().filter_map(|recent| Some((recent, likeness(recent)?)));
        let mut likely: Vec<(u32, &'static str)> =
            alike.filter(|(recent, _)| open(recent)).map(|(_, likeness)| likeness).collect();
        likely.dedup_by_key(|one| one.0);
        // two calls between the same people at the same time: nobody knows which
        (likely.len() == 1).then(|| likely.remove(0))
    }

    /// The call that has been answered and goes on (`goes_on`) with the media address that this INVITE of somebody else
    /// offers: who sends both controls both (third-party call control, RFC 3725).
    pub(super) fn shares_media(
        &self,
        seen: &Seen<'_>,
        call: u32,
        goes_on: impl Fn(Place) -> bool,
    ) -> Option<u32> {
        let media = seen.sdp.as_ref()?.media.iter().find_map(super::sdp::Media::receives_at)?;
        let is_it = |recent: &&Recent| {
            let marks = &recent.marks;
            let is_elsewhere = marks.source.ip() != seen.cx.source.ip();
            let is_other = recent.place.0 != call && is_elsewhere && marks.media == Some(media);
            // the leg behind the server ends when the call is moved
            is_other && goes_on((recent.place.0, 0))
        };
        self.recent.iter().rev().find(is_it).map(|recent| recent.place.0)
    }

    /// The leg whose INVITE went between these ends last.
    pub(super) fn sent(&self, told: &Unreachable, is_open: impl Fn(Place) -> bool) -> Option<Place> {
        let is_it = |recent: &&Recent| {
            let waited = told.at.0.saturating_sub(recent.marks.at.0);
            let ends = (recent.marks.source, recent.marks.destination);
            ends == (told.source, told.destination) && waited < REFER_WITHIN && is_open(recent.place)
        };
        self.recent.iter().rev().find(is_it).map(|recent| recent.place)
    }

    /// An initial INVITE at its place.
    pub(super) fn remember(&mut self, place: Place, seen: &Seen<'_>, hasher: &impl BuildHasher) {
        if self.recent.len() >= MAX_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent { place, marks: Marks::new(seen, hasher) });
    }

    /// A REFER or a redirection (3xx) inside a call between `parties`.
    pub(super) fn refer(&mut self, call: u32, seen: &Seen<'_>, parties: [&str; 2]) {
        let redirects = seen.message.code().is_some();
        let header = if redirects { Name::Contact } else { Name::ReferTo };
        let target = params::Address::new(seen.message.header(header).unwrap_or_default());
        if self.referrals.len() >= MAX_RECENT {
            self.referrals.pop_front();
        }
        let parties = parties.map(|party| User::new(params::Address::new(party.as_bytes()).user()));
        self.referrals.push_back(Referral {
            call,
            redirects,
            at: seen.cx.at,
            target: User::new(target.user()),
            parties,
        });
    }

    /// The call in which somebody was asked to send this INVITE, and whether it was by a redirection.
    pub(super) fn referrer(&self, seen: &Seen<'_>) -> Option<(u32, bool)> {
        let message = seen.message;
        let from = User::new(message.from().user());
        let target = User::new(params::Address::new(message.subject()).user());
        let asked = |referral: &&Referral| {
            let waited = seen.cx.at.0.saturating_sub(referral.at.0);
            let is_party = referral.parties.iter().any(|party| party.is(&from));
            referral.target == target && waited < REFER_WITHIN && (message.has(Name::ReferredBy) || is_party)
        };
        self.referrals.iter().rev().find(asked).map(|referral| (referral.call, referral.redirects))
    }
}

impl Marks {
    fn new(seen: &Seen<'_>, hasher: &impl BuildHasher) -> Self {
        let message = seen.message;
        let hashed = |value: &[u8]| (!value.is_empty()).then(|| hasher.hash_one(value));
        let (from, to) = (message.from(), message.to());
        let target = params::Address::new(message.subject());
        let media =
            seen.sdp.as_ref().and_then(|sdp| sdp.media.iter().find_map(super::sdp::Media::receives_at));
        Self {
            at: seen.cx.at,
            source: seen.cx.source,
            destination: seen.cx.destination,
            from: User::new(from.user()),
            to: User::new(to.user()),
            target: User::new(target.user()),
            session: session_id(message).and_then(hashed),
            charging: charging_id(message).and_then(hashed),
            cross: message.header(Name::XCallId).or(message.header(Name::XCid)).and_then(hashed),
            tag: User::new(from.tag),
            media,
            call_id: hasher.hash_one(message.call_id()),
        }
    }

    /// The same host; where all parties are on one, the same port.
    fn is_same(&self, a: Endpoint, b: Endpoint) -> bool {
        let is_local = self.source.ip() == self.destination.ip();
        if is_local { a == b } else { a.ip() == b.ip() }
    }

    /// Headers that say so.
    fn proof(&self, before: &Self) -> Option<&'static str> {
        // who calls twice has two calls, whatever its headers say
        let is_elsewhere = !before.is_same(self.source, before.source);
        let same = |a: Option<u64>, b: Option<u64>| a.is_some() && a == b && is_elsewhere;
        let names_it = self.cross == Some(before.call_id) || before.cross == Some(self.call_id);
        match () {
            () if same(self.session, before.session) => Some("the same Session-ID"),
            () if same(self.charging, before.charging) => Some("the same charging identifier"),
            () if names_it => Some("a header that names the other Call-ID"),
            () if same(self.cross, before.cross) => Some("the same X-Call-ID"),
            () if is_elsewhere && self.has_tag_of(before) => Some("the From-tag of the leg before"),
            () => None,
        }
    }

    /// The same From-tag, perhaps behind a prefix of the server's own.
    fn has_tag_of(&self, before: &Self) -> bool {
        let (own, old) = (self.tag.text(), before.tag.text());
        let is_kept = own
            .strip_suffix(old)
            .is_some_and(|prefix| prefix.last().is_none_or(|last| !last.is_ascii_alphanumeric()));
        old.len() >= MIN_TAG && is_kept && self.from.text() == before.from.text()
    }

    /// The same people at the same time, or the same place for the media.
    fn likeness(&self, before: &Self) -> Option<&'static str> {
        let is_back = self.destination == before.source;
        let calls_twice = before.is_same(self.source, before.source);
        if calls_twice || is_back {
            return None;
        }
        let goes_on = before.is_same(self.source, before.destination);
        let is_soon = match self.at.is_known() && before.at.is_known() {
            true => {
                let limit = if goes_on { WITHIN } else { WITHIN_STRANGE };
                (0..limit).contains(&self.at.0.saturating_sub(before.at.0))
            }
            // that the call still waits for its answer has to do
            false => goes_on,
        };
        if !is_soon {
            return None;
        }
        if goes_on && self.media.is_some() && self.media == before.media {
            return Some("the same media address, sent on by the server that got it");
        }
        let called = [self.to, self.target];
        let callee = called.iter().any(|to| to.is(&before.target) || to.is(&before.to));
        let has_numbers = self.from.is_number() && self.to.is_number() && self.to.len as usize >= MIN_DIGITS;
        match (self.from.is(&before.from) && callee, goes_on) {
            (true, true) => Some("the same parties, sent on by the server that got the call"),
            (true, false) if has_numbers && self.from.len as usize >= MIN_DIGITS => {
                Some("the same two numbers at the same time")
            }
            _ => None,
        }
    }
}

/// RFC 7989, RFC 7329: the caller's half.
fn session_id<'a>(message: &Message<'a>) -> Option<&'a [u8]> {
    let value = message.header(Name::SessionId)?;
    let id = params::List::new(value, b';').next()?;
    (id.len() >= 16 && id.iter().any(|&b| b != b'0')).then_some(id)
}

/// RFC 7315 section 4.6.
fn charging_id<'a>(message: &Message<'a>) -> Option<&'a [u8]> {
    let value = message.header(Name::ChargingVector)?;
    let find = |element: &'a [u8]| {
        let equals = memchr::memchr(b'=', element)?;
        let name = element[..equals].trim_ascii();
        name.eq_ignore_ascii_case(b"icid-value").then(|| element[equals + 1..].trim_ascii())
    };
    params::List::new(value, b';').find_map(find)
}

/// The dialog that an INVITE with Replaces takes over (RFC 3891): Call-ID, to-tag, from-tag.
pub(super) fn replaced<'a>(message: &Message<'a>) -> Option<(&'a [u8], &'a [u8], &'a [u8])> {
    let value = message.header(Name::Replaces)?;
    let call_id = params::List::new(value, b';').next()?;
    let tag = |name| params::param(value, name).unwrap_or_default();
    Some((call_id, tag("to-tag"), tag("from-tag")))
}
