//! Who is in a call already: what makes a second one wait.

use std::collections::HashMap;
use std::hash::BuildHasher;

use super::call::{Call, Seen};
use super::message::{Name, Start};
use super::story::Feature;

/// Answered calls that go on, by the hash of each party's AoR: how many, and the last of them.
#[derive(Debug, Default)]
pub(super) struct Talking {
    users: HashMap<u64, (u32, u32), std::hash::RandomState>,
}

impl Talking {
    /// Follows a call through its messages.
    pub(super) fn follow(&mut self, id: u32, call: &mut Call, seen: &Seen<'_>) {
        let is_request = matches!(seen.message.start, Start::Request { .. });
        match (seen.method, seen.message.code()) {
            // who takes over a call does not wait
            (b"INVITE", None) if seen.message.has(Name::Replaces) => call.waits_for = None,
            (b"INVITE", None) if seen.to_tag.is_none() && call.answer.is_none() => {
                let other = self.users.get(&self.key(&call.to)).filter(|(calls, _)| *calls == 1);
                call.waits_for = other.map(|&(_, other)| other).filter(|&other| other != id);
            }
            (b"INVITE", Some(180 | 182)) => call.waiting(seen),
            (b"INVITE", Some(200..=299)) if !call.is_talking => {
                call.is_talking = true;
                self.count(id, call);
            }
            (b"BYE", None) if is_request && call.bye.is_some() => self.forget(call),
            _ => {}
        }
    }

    /// The call is over, or no longer followed.
    pub(super) fn forget(&mut self, call: &mut Call) {
        if !std::mem::take(&mut call.is_talking) {
            return;
        }
        for key in [self.key(&call.from), self.key(&call.to)] {
            if let Some(user) = self.users.get_mut(&key) {
                user.0 = user.0.saturating_sub(1);
                if user.0 == 0 {
                    self.users.remove(&key);
                }
            }
        }
    }

    fn count(&mut self, id: u32, call: &Call) {
        for key in [self.key(&call.from), self.key(&call.to)] {
            let user = self.users.entry(key).or_default();
            *user = (user.0.saturating_add(1), id);
        }
    }

    fn key(&self, aor: &str) -> u64 {
        self.users.hasher().hash_one(aor)
    }
}

impl Call {
    /// The phone rings: does its user talk already?
    fn waiting(&mut self, seen: &Seen<'_>) {
        // a conference takes everybody
        if self.features.has(Feature::Conference) {
            return;
        }
        let alert = seen.message.header(Name::AlertInfo).unwrap_or_default().to_ascii_lowercase();
        let says_so = memchr::memmem::find(&alert, b"call-waiting").is_some();
        let detail = match self.waits_for {
            Some(other) => format!("the called side is in call {other} already: this one waits"),
            None if says_so => "the called side hears that another call waits (Alert-Info)".to_owned(),
            None => return,
        };
        if self.features.add(Feature::CallWaiting) {
            self.story.tell(seen.cx, "call_waiting", &detail);
            if let Some(other) = self.waits_for.filter(|other| !self.related.contains(other)) {
                self.related.push(other);
            }
        }
    }
}
