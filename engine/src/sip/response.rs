//! What responses change in a call.

use super::attempt::Final;
use super::call::{Call, Seen, remember};
use super::message::Name;
use super::params::text;
use super::reason::Why;
use super::story::Feature;

/// Bytes kept of a reason phrase.
const MAX_PHRASE: usize = 100;

impl Call {
    pub(super) fn response(&mut self, seen: &Seen<'_>, code: u16, fresh: bool) {
        let accepted = (200..300).contains(&code);
        match seen.method {
            b"INVITE" if self.owns_attempt(seen) => self.attempt_response(seen, code, fresh),
            b"INVITE" => self.reinvite_response(seen, code, fresh),
            b"UPDATE" if code == 491 && fresh => self.glare(seen),
            b"UPDATE" if code == 500 && fresh => _ = self.overlap(seen),
            b"BYE" if accepted => self.bye_answered(seen),
            b"REFER" if fresh => self.refer_response(seen, code),
            _ => {}
        }
        if accepted && matches!(seen.method, b"INVITE" | b"UPDATE") {
            self.renew_timer(seen);
        }
        let inside = !matches!(seen.method, b"INVITE" | b"CANCEL") || !self.owns_attempt(seen);
        self.alive |= accepted && inside && seen.to_tag.is_some();
    }

    fn attempt_response(&mut self, seen: &Seen<'_>, code: u16, fresh: bool) {
        self.attempt.replied = true;
        match code {
            0..=100 => self.trying(seen),
            101..=199 => self.provisional(seen, code, fresh),
            _ => self.final_response(seen, code, fresh),
        }
    }

    /// Told once per attempt: the next hop has the INVITE.
    fn trying(&mut self, seen: &Seen<'_>) {
        if !std::mem::replace(&mut self.attempt.trying, true) && self.attempt.result.is_none() {
            self.story.tell(seen.cx, "trying", "100 Trying: the next hop works on it");
        }
    }

    fn provisional(&mut self, seen: &Seen<'_>, code: u16, fresh: bool) {
        let at = seen.cx.at;
        let is_early =
            seen.sdp.as_ref().is_some_and(|sdp| sdp.media.iter().any(|m| m.receives_at().is_some()));
        earliest(&mut self.attempt.status, at);
        // a proxy that forwards the call says so in a dialog of its own: no device
        if code != 181 {
            self.fork(seen);
        }
        if matches!(code, 180 | 183) {
            if self.attempt.ring.is_none() {
                self.mark(seen.cx.frame);
                self.dialled(seen);
            }
            earliest(&mut self.attempt.ring, at);
            self.attempt.rang |= code == 180;
        }
        let phrase = text(seen.message.subject(), MAX_PHRASE);
        let (kind, words) = match code {
            180 => ("ringing", "the phone rings"),
            181 => ("forwarded", "the call is being forwarded"),
            182 => ("queued", "the call waits in a queue"),
            183 => ("progress", "the call proceeds"),
            _ => ("progress", "the call proceeds"),
        };
        if code == 181 {
            self.features.add(Feature::Forwarded);
            self.attempt.forwarded = true;
        }
        if fresh {
            self.story.tell(seen.cx, kind, &format!("{code} {phrase}: {words}"));
        }
        if is_early && self.answer.is_none() && self.features.add(Feature::EarlyMedia) {
            self.story.tell(seen.cx, "early_media", "the called side may send sound before the answer");
        }
    }

    fn final_response(&mut self, seen: &Seen<'_>, code: u16, fresh: bool) {
        let is_challenge = matches!(code, 401 | 407 | 422);
        if !is_challenge {
            self.dialled(seen);
        }
        let phrase = text(seen.message.subject(), MAX_PHRASE);
        if (200..300).contains(&code) {
            self.answered(seen, code, &phrase, fresh);
        } else if self.began_before {
            self.reinvite_response(seen, code, fresh);
        } else if fresh {
            self.refused(seen, code, &phrase);
        }
        let hops = seen.message.hops();
        let result = Final {
            code,
            at: seen.cx.at,
            hops,
            deepest: hops,
            tag: seen.to_tag,
            phrase: phrase.into(),
            why: Why::of(seen.message),
        };
        match &mut self.attempt.result {
            Some(known) if known.code == code && known.tag == result.tag => {
                known.at = known.at.min(result.at);
                known.hops = known.hops.min(hops);
                known.deepest = known.deepest.max(hops);
            }
            Some(known) if !is_better(&result, known) => {}
            known => *known = Some(result),
        }
    }

    fn answered(&mut self, seen: &Seen<'_>, code: u16, phrase: &str, fresh: bool) {
        earliest(&mut self.attempt.status, seen.cx.at);
        self.fork(seen);
        if let Some(tag) = seen.to_tag {
            self.confirm(tag);
        }
        if self.began_before {
            if fresh {
                self.story.tell(seen.cx, "reinvite_accepted", &format!("{code} {phrase}"));
            }
        } else if self.answer.is_none() {
            if !self.features.has(Feature::Forwarded) {
                self.diverted(seen, "the answer comes from where the call was diverted to");
            }
            self.mark(seen.cx.frame);
            self.story.turn(seen.cx, "answered", &format!("{code} {phrase}: the call is answered"));
        } else if fresh {
            self.story.tell(seen.cx, "answered", &format!("{code} {phrase}: answered once more"));
        }
        earliest(&mut self.answer, seen.cx.at);
    }

    fn refused(&mut self, seen: &Seen<'_>, code: u16, phrase: &str) {
        let why = Why::of(seen.message);
        let because = if why.text.is_empty() { String::new() } else { format!(" ({})", why.text) };
        let hops = self.attempt.hops_of(seen.branch).unwrap_or_default();
        let (kind, words) = match code {
            487 if hops > self.attempt.nearest() => ("branch_ended", "the branch that was cancelled".into()),
            401 | 407 => ("challenged", "the server asks for credentials".to_owned()),
            422 => {
                self.features.add(Feature::SessionTimer);
                ("session_interval", "the session interval is too small, the caller may ask for more".into())
            }
            300..=399 => {
                self.features.add(Feature::Forwarded);
                let target = seen.message.contacts().next().map_or(String::new(), |to| text(to.uri, 100));
                ("redirected", format!("the call is sent elsewhere: {target}"))
            }
            486 | 600 => ("busy", "the called side is busy".into()),
            487 => ("terminated", "the request was terminated".into()),
            603 => ("declined", "the called side declines".into()),
            _ => ("refused", "the call is refused".into()),
        };
        self.story.turn(seen.cx, kind, &format!("{code} {phrase}{because}: {words}"));
        self.mark(seen.cx.frame);
    }

    fn fork(&mut self, seen: &Seen<'_>) {
        let Some(tag) = seen.to_tag else { return };
        let forks = &mut self.attempt.forks;
        let is_other = !forks.is_empty() && !forks.contains(&tag);
        remember(forks, tag);
        // a server that rewrites tags on the next leg also rewrites the From-tag: no fork
        let is_device = is_other && !self.attempt.forwarded;
        if is_device && seen.from_tag == self.first_caller_tag() && self.features.add(Feature::Forked) {
            self.story.tell(seen.cx, "forked", "more than one device answers for the called side");
        }
    }

    /// First sign of life: ends the post-dial delay.
    fn dialled(&mut self, seen: &Seen<'_>) {
        let delay = seen.cx.at.known_seconds_since(self.attempt.at);
        if self.pdd_s.is_none() && !self.began_before {
            self.pdd_s = delay.map(|delay| delay.max(0.0));
        }
    }

    fn reinvite_response(&mut self, seen: &Seen<'_>, code: u16, fresh: bool) {
        if !fresh || code < 200 {
            return;
        }
        let phrase = text(seen.message.subject(), MAX_PHRASE);
        match code {
            200..=299 => self.story.tell(seen.cx, "reinvite_accepted", &format!("{code} {phrase}")),
            491 => self.glare(seen),
            500 if self.overlap(seen) => {}
            401 | 407 => self.story.tell(seen.cx, "challenged", &format!("{code} {phrase}")),
            _ => {
                let detail = format!("{code} {phrase}: the change of the session is refused");
                self.story.tell(seen.cx, "reinvite_refused", &detail);
            }
        }
    }

    fn glare(&mut self, seen: &Seen<'_>) {
        self.features.add(Feature::Glare);
        self.story.tell(seen.cx, "glare", "491: both sides asked to change the session at the same time");
    }

    /// RFC 3261 section 14.2: a second change before the first one was answered is refused for a while.
    fn overlap(&mut self, seen: &Seen<'_>) -> bool {
        let overlaps = seen.message.has(Name::RetryAfter) && self.session.has_open_change(seen.number);
        if overlaps {
            self.features.add(Feature::Glare);
            let detail = "500 with Retry-After: a change was asked for before the last one was answered";
            self.story.tell(seen.cx, "overlap", detail);
        }
        overlaps
    }

    fn refer_response(&mut self, seen: &Seen<'_>, code: u16) {
        let Some((number, attended)) = self.session.transfer else { return };
        if number != seen.number || code < 200 {
            return;
        }
        let phrase = text(seen.message.subject(), MAX_PHRASE);
        if (200..300).contains(&code) {
            self.features.add(if attended { Feature::AttendedTransfer } else { Feature::BlindTransfer });
            self.story.tell(seen.cx, "refer_accepted", &format!("{code} {phrase}"));
        } else if !matches!(code, 401 | 407) {
            self.story.tell(seen.cx, "refer_refused", &format!("{code} {phrase}"));
        }
    }
}

fn earliest(known: &mut Option<crate::packet::Nanos>, at: crate::packet::Nanos) {
    *known = Some(known.map_or(at, |known| known.min(at)));
}

/// Of two final responses the one that decides: a 2xx, else what came nearer to the caller, else the
/// choice that RFC 3261 section 16.7 makes for a forking proxy.
fn is_better(new: &Final, old: &Final) -> bool {
    let is_answer = |result: &Final| (200..300).contains(&result.code);
    let rank = |result: &Final| match result.code {
        600.. => 0,
        // a refusal by somebody tells more than the end of a cancelled branch
        487 => 9,
        code => code / 100,
    };
    match (is_answer(old), is_answer(new)) {
        (true, _) => false,
        (false, true) => true,
        _ if new.hops != old.hops => new.hops < old.hops,
        _ => rank(new) < rank(old),
    }
}
