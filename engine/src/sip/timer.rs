//! Session timers (RFC 4028): what keeps a session alive, and what ends it when nothing does.

use super::call::{Call, Seen, Timer};
use super::message::Name;
use super::story::Feature;

impl Call {
    /// A 2xx to an INVITE or UPDATE begins the interval that it names, or ends the timer.
    pub(super) fn renew_timer(&mut self, seen: &Seen<'_>) {
        if let Some(interval_s) = seen.message.session_expires() {
            self.features.add(Feature::SessionTimer);
            self.timer = Some(Timer { interval_s, since: seen.cx.at });
        } else if seen.to_tag.is_some() {
            self.timer = None;
        }
    }

    /// A request inside the dialog that changes nothing: a session timer is on, and its SDP is the one that its
    /// sender sent before, or there is none.
    pub(super) fn is_refresh(&mut self, seen: &Seen<'_>) -> bool {
        let is_timed = self.timer.is_some() && seen.message.has(Name::SessionExpires);
        let version = seen.sdp.as_ref().map(|sdp| sdp.version);
        let known = &self.session.versions[self.sender(seen) as usize];
        is_timed && version.is_none_or(|version| version.is_some() && version == *known)
    }

    /// A BYE about when the interval ends, with no refresh since it began (section 10).
    pub(super) fn expired(&mut self, seen: &Seen<'_>) {
        let Some(Timer { interval_s, since }) = self.timer else { return };
        let Some(passed) = seen.cx.at.known_seconds_since(since) else { return };
        let interval = f64::from(interval_s);
        let early = interval - (interval / 3.0).min(32.0);
        if passed >= early - 1.0 && passed <= interval + 32.0 {
            let detail = format!("no refresh came within {interval_s} s: the session timer ends the call");
            self.story.turn(seen.cx, "session_expired", &detail);
        }
    }
}
