//! Calls that belong to one story and stay calls of their own: a transfer, a pickup, a conference, one server behind
//! both.

use std::hash::BuildHasher;

use super::call::Seen;
use super::legs::Place;
use super::message::Name;
use super::{Tracker, conference, legs};

impl Tracker {
    /// Relates the calls that reach the same conference.
    pub(super) fn gather(&mut self, id: u32, room: &[u8], seen: &Seen<'_>) {
        let goes_on = |id| self.calls.get(&(id, 0)).is_some_and(|call| !call.is_finished());
        let Some(other) = self.rooms.enter(self.hasher.hash_one(room), id, goes_on) else { return };
        for (id, other) in [(id, other), (other, id)] {
            if let Some(call) = self.calls.get_mut(&(id, 0)) {
                call.relate(seen, other, "is in the same conference");
            }
        }
    }

    /// The call to which a subscription to the events of its conference belongs, by a dialog of its own.
    pub(super) fn subscription(&mut self, key: u64, seen: &Seen<'_>) -> Option<Place> {
        let room = conference::subscribes(seen.message)?;
        let calls = self.rooms.calls(self.hasher.hash_one(room));
        let is_of = |id: &&u32| {
            let (from, call) = (seen.message.from().aor(), self.calls.get(&(**id, 0)));
            call.is_some_and(|call| [&call.from, &call.to].into_iter().any(|party| party.as_bytes() == from))
        };
        let place = (*calls.iter().find(is_of)?, 0);
        let subscribed = self.calls.get_mut(&place)?.subscribed(seen, key);
        subscribed.then(|| {
            self.by_call_id.insert(key, place);
            place
        })
    }

    /// The calls that a transfer or a pickup connects with this new one.
    pub(super) fn connect(&mut self, place: Place, seen: &Seen<'_>) {
        if let Some((call_id, to_tag, from_tag)) = legs::replaced(seen.message) {
            let tags = [to_tag, from_tag].map(|tag| self.hasher.hash_one(tag));
            let other = self.by_call_id.get(&self.hasher.hash_one(call_id)).copied();
            let Some(old) = other.and_then(|other| self.calls.get_mut(&other)) else { return };
            if old.id != place.0 && tags.iter().any(|&tag| old.has_tag(tag)) {
                let (id, is_early) = (old.id, old.answer.is_none() && !old.began_before);
                old.relate(seen, place.0, taken_over(seen, is_early));
                old.attempt.taken = is_early;
                if let Some(call) = self.calls.get_mut(&place) {
                    call.takes_over(seen, id, is_early);
                }
            }
        }
        self.share(place, seen);
        let Some((id, redirects)) = self.legs.referrer(seen).filter(|&(id, _)| id != place.0) else { return };
        let (made, asked) = match redirects {
            true => ("goes where this one was sent", "was sent here (3xx)"),
            false => ("is what the transfer made", "asked for this one: a transfer"),
        };
        if let Some(old) = self.calls.get_mut(&(id, 0)) {
            old.relate(seen, place.0, made);
        }
        if let Some(call) = self.calls.get_mut(&place) {
            call.relate(seen, id, asked);
        }
    }

    /// Relates a call to the one that goes on with the same media address: one server connects both.
    fn share(&mut self, place: Place, seen: &Seen<'_>) {
        let goes_on = |place: Place| {
            self.calls.get(&place).is_some_and(|call| call.answer.is_some() && !call.is_finished())
        };
        let Some(other) = self.legs.shares_media(seen, place.0, goes_on) else { return };
        for (id, other) in [(place.0, other), (other, place.0)] {
            if let Some(call) = self.calls.get_mut(&(id, 0)) {
                call.relate(seen, other, "has the same media address: one server connects both");
            }
        }
    }
}

/// What this INVITE with Replaces does to a call, which `is_early`: still rings.
fn taken_over(seen: &Seen<'_>, is_early: bool) -> &'static str {
    match (is_early, seen.message.has(Name::ReferredBy)) {
        (true, false) => "picks this one up while it rings (Replaces)",
        (true, true) => "takes the place of this one before its answer (Replaces)",
        (false, _) => "takes the place of this one (Replaces)",
    }
}
