//! The state of one call: attempts, dialogs, what each message changes.
//!
//! A call is what one Call-ID names. Its attempts are the INVITEs of the caller that begin it: after a
//! challenge, a redirection or a refusal the caller may try again, and the last attempt decides.

use super::attempt::Attempt;
use super::conference::Members;
use super::dtmf::Digit;
use super::legs::User;
use super::message::{Message, Start};
use super::offer::Session;
use super::params::text;
use super::reason::Why;
use super::sdp::Sdp;
use super::story::{Feature, Features, Story};
use crate::decode::Unreachable;
use crate::media::Party;
use crate::packet::{Context, Nanos, Transport};

/// Identities of messages remembered per call, to know the same message on another leg.
const MAX_STEPS: usize = 48;
/// Tags, branches and forks remembered per call.
const MAX_TAGS: usize = 16;
/// Frames that tell the call.
const MAX_FRAMES: usize = 16;
/// Bytes kept of a Call-ID or URI.
pub(super) const MAX_TEXT: usize = 200;

/// A message with what the tracker has found out about it.
pub(super) struct Seen<'a> {
    pub(super) cx: &'a Context,
    pub(super) message: &'a Message<'a>,
    pub(super) transport: Transport,
    pub(super) sdp: Option<Sdp>,
    /// CSeq number and method.
    pub(super) number: u32,
    pub(super) method: &'a [u8],
    /// Hashes that name the dialog ends and the transaction.
    pub(super) from_tag: u64,
    /// `None` without a To-tag.
    pub(super) to_tag: Option<u64>,
    pub(super) branch: u64,
    /// The same message on any leg.
    pub(super) step: u64,
}

/// A dialog that a 2xx confirmed.
#[derive(Clone, Debug)]
pub(super) struct Dialog {
    pub(super) tag: u64,
    /// The caller's side took it: an ACK was seen.
    pub(super) acknowledged: bool,
    pub(super) ended: bool,
}

/// A BYE.
#[derive(Clone, Debug)]
pub(super) struct Bye {
    pub(super) at: Nanos,
    pub(super) by: Party,
    pub(super) number: u32,
    pub(super) why: Why,
    /// A 2xx to it was seen.
    pub(super) confirmed: bool,
    /// BYE to its 2xx in ms.
    pub(super) disconnect_ms: Option<f64>,
}

/// A session interval in force.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer {
    pub(super) interval_s: u32,
    /// The 2xx that began the interval.
    pub(super) since: Nanos,
}

/// A call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) id: u32,
    /// Key in the tracker's table.
    pub(super) key: u64,
    pub(super) call_id: Box<str>,
    pub(super) from: Box<str>,
    pub(super) to: Box<str>,
    /// Its first INVITE seen was one inside a dialog.
    pub(super) began_before: bool,
    pub(super) start: Nanos,
    pub(super) attempt: Attempt,
    pub(super) pdd_s: Option<f64>,
    pub(super) answer: Option<Nanos>,
    pub(super) bye: Option<Bye>,
    /// A 2xx to any request inside a dialog.
    pub(super) alive: bool,
    pub(super) session: Session,
    pub(super) features: Features,
    pub(super) story: Story,
    pub(super) digits: Vec<Digit>,
    pub(super) frames: Vec<u64>,
    caller_tags: Vec<u64>,
    /// Other calls of the same story.
    pub(super) related: Vec<u32>,
    /// The called user talks in this call already.
    pub(super) waits_for: Option<u32>,
    /// Counted among those who talk.
    pub(super) is_talking: bool,
    /// The session timer (RFC 4028).
    pub(super) timer: Option<Timer>,
    pub(super) dialogs: Vec<Dialog>,
    /// Who caller and callee last said that they are.
    pub(super) identities: Option<Box<[Option<User>; 2]>>,
    /// Who takes part, where it is a conference that tells.
    pub(super) members: Option<Box<Members>>,
    steps: Vec<u64>,
    next_step: usize,
}

impl Call {
    /// A call begins with this INVITE.
    pub(super) fn new(id: u32, key: u64, seen: &Seen<'_>) -> Self {
        let message = seen.message;
        let mut call = Self {
            id,
            key,
            call_id: text(message.call_id(), MAX_TEXT).into(),
            from: text(message.from().aor(), MAX_TEXT).into(),
            to: text(message.to().aor(), MAX_TEXT).into(),
            began_before: seen.to_tag.is_some(),
            start: seen.cx.at,
            attempt: Attempt::default(),
            pdd_s: None,
            answer: None,
            bye: None,
            alive: false,
            session: Session::default(),
            features: Features::default(),
            story: Story::default(),
            digits: Vec::new(),
            frames: Vec::new(),
            caller_tags: vec![seen.from_tag],
            related: Vec::new(),
            waits_for: None,
            is_talking: false,
            timer: None,
            dialogs: Vec::new(),
            identities: None,
            members: None,
            steps: Vec::new(),
            next_step: 0,
        };
        call.begin(seen);
        call
    }

    /// Who sent this message.
    pub(super) fn sender(&self, seen: &Seen<'_>) -> Party {
        let from_caller = self.caller_tags.contains(&seen.from_tag);
        let is_request = matches!(seen.message.start, Start::Request { .. });
        if from_caller == is_request { Party::Caller } else { Party::Callee }
    }

    /// Gives back the room that lists and texts were growing into: little more will come.
    pub(super) fn shrink(&mut self) {
        self.story.shrink();
        self.frames.shrink_to_fit();
        self.digits.shrink_to_fit();
        self.caller_tags.shrink_to_fit();
        self.dialogs.shrink_to_fit();
        self.session.shrink();
    }

    /// The caller waits for an answer.
    pub(super) fn is_dialling(&self) -> bool {
        self.answer.is_none() && !self.began_before && !self.is_finished()
    }

    /// ICMP says that the INVITE did not arrive.
    pub(super) fn unreachable(&mut self, told: &Unreachable) {
        if self.attempt.unreachable.replace((told.at, told.what)).is_some() {
            return;
        }
        let what = match told.what {
            "administratively" => "may not be reached (ICMP: administratively prohibited)".to_owned(),
            what => format!("is not reached (ICMP: {what} unreachable)"),
        };
        let reporter = told.reporter.ip();
        self.story.turn_at(
            told.frame,
            told.at,
            "unreachable",
            &format!("{reporter} says: {} {what}", told.destination),
        );
        self.mark(told.frame);
    }

    /// One of the dialogs of this call, early ones too, has this tag.
    pub(super) fn has_tag(&self, tag: u64) -> bool {
        self.caller_tags.contains(&tag)
            || self.attempt.forks.contains(&tag)
            || self.dialogs.iter().any(|dialog| dialog.tag == tag)
    }

    /// This is another leg of a call that was there before.
    pub(super) fn next_leg(&mut self, seen: &Seen<'_>, proof: &str) {
        let detail =
            format!("{} calls on to {} under another Call-ID: {proof}", seen.cx.source, seen.cx.destination);
        self.story.turn(seen.cx, "leg", &detail);
    }

    /// Another call of the same story.
    pub(super) fn relate(&mut self, seen: &Seen<'_>, other: u32, how: &str) {
        if self.related.len() < MAX_TAGS && !self.related.contains(&other) {
            self.related.push(other);
            self.story.turn(seen.cx, "related", &format!("call {other} {how}"));
        }
    }

    /// The call has ended for good as far as the capture tells.
    pub(super) fn is_finished(&self) -> bool {
        let refused = self.answer.is_none() && self.attempt.result.is_some() && !self.attempt.is_challenged();
        self.bye.is_some() || refused
    }

    /// A fresh INVITE under the same Call-ID after the end: another call. The caller itself may come
    /// again after a refusal; that is the same call.
    pub(super) fn is_reused_by(&self, seen: &Seen<'_>) -> bool {
        let is_request = matches!(seen.message.start, Start::Request { .. });
        if !is_request || seen.method != b"INVITE" || seen.to_tag.is_some() || !self.is_finished() {
            return false;
        }
        let is_stranger = !self.caller_tags.contains(&seen.from_tag);
        is_stranger || (self.bye.is_some() && !self.attempt.owns(seen.from_tag, seen.number))
    }

    /// Takes a message of this call that is no retransmission and no copy. True when it is seen for the
    /// first time on any leg.
    pub(super) fn take(&mut self, seen: &Seen<'_>, is_first: bool) -> bool {
        // the INVITE that made the call has told its story already
        let fresh = self.is_fresh(seen.step) || is_first;
        if matches!(seen.transport, Transport::Tcp | Transport::Tls) {
            self.features.add(Feature::SipTcp);
        }
        if seen.cx.fragmented {
            self.features.add(Feature::Fragmented);
        }
        match seen.message.start {
            Start::Request { .. } if is_first => {}
            Start::Request { .. } => self.request(seen, fresh),
            Start::Response { code, .. } => self.response(seen, code, fresh),
        }
        if fresh {
            self.conference_signs(seen);
            self.identify(seen);
        }
        self.negotiate(seen);
        fresh
    }

    /// The same message came again on its leg.
    pub(super) fn repeated(&mut self, seen: &Seen<'_>) {
        if self.features.add(Feature::Retransmissions) {
            let what = match seen.message.start {
                Start::Request { method, .. } => text(method, 20),
                Start::Response { code, .. } => format!("{code} to {}", text(seen.method, 20)),
            };
            let detail = format!("{what} is sent again by {}: nothing answered it in time", seen.cx.source);
            self.story.tell(seen.cx, "retransmission", &detail);
        }
    }

    fn is_fresh(&mut self, step: u64) -> bool {
        if self.steps.contains(&step) {
            return false;
        }
        if self.steps.len() < MAX_STEPS {
            self.steps.push(step);
        } else {
            self.steps[self.next_step] = step;
            self.next_step = (self.next_step + 1) % MAX_STEPS;
        }
        true
    }

    pub(super) fn mark(&mut self, frame: u64) {
        if self.frames.len() < MAX_FRAMES {
            self.frames.push(frame);
        }
    }

    fn request(&mut self, seen: &Seen<'_>, fresh: bool) {
        match seen.method {
            b"INVITE" if seen.to_tag.is_none() => self.initial_invite(seen, fresh),
            b"CANCEL" => self.cancel(seen, fresh),
            b"BYE" if fresh => self.bye(seen),
            _ if fresh => self.in_dialog(seen),
            _ => {}
        }
    }

    /// The first INVITE of an attempt on the first leg on which it was seen.
    fn begin(&mut self, seen: &Seen<'_>) {
        let credentials = seen.message.has_credentials();
        self.attempt = Attempt { at: seen.cx.at, credentials, ..Attempt::default() };
        self.join(seen);
        self.is_fresh(seen.step);
        self.mark(seen.cx.frame);
        let detail = if self.began_before {
            "INVITE inside a dialog: the call began before the capture".to_owned()
        } else {
            let with = if credentials { ", with credentials" } else { "" };
            format!("{} calls {}{with}", self.from, self.to)
        };
        self.story.turn(seen.cx, if self.began_before { "begun_before" } else { "invite" }, &detail);
        self.invite_headers(seen);
    }

    /// A dialog of the caller beside that of the call has this tag.
    pub(super) fn speaks_as_caller(&mut self, tag: u64) {
        remember(&mut self.caller_tags, tag);
    }

    /// Another leg or another INVITE of the current attempt.
    fn join(&mut self, seen: &Seen<'_>) {
        let attempt = &mut self.attempt;
        attempt.at = attempt.at.min(seen.cx.at);
        remember(&mut attempt.keys, (seen.from_tag, seen.number));
        remember(&mut attempt.legs, (seen.branch, seen.message.hops()));
        remember(&mut self.caller_tags, seen.from_tag);
    }

    fn initial_invite(&mut self, seen: &Seen<'_>, fresh: bool) {
        let known = self.attempt.owns(seen.from_tag, seen.number);
        let again = !known && fresh && self.attempt.result.is_some() && self.answer.is_none();
        if again {
            let start = self.start;
            remember(&mut self.caller_tags, seen.from_tag);
            if !self.attempt.is_challenged() {
                self.story.tell(seen.cx, "retry", "the caller tries again");
            }
            self.begin(seen);
            self.start = start;
            return;
        }
        if fresh && !known && self.caller_tags.contains(&seen.from_tag) {
            self.story.tell(seen.cx, "invite", "the caller tries another way at the same time");
        }
        if !self.attempt.diverted {
            self.diverted(seen, "the call was diverted on its way here");
            self.attempt.forwarded |= self.attempt.diverted;
        }
        let first = self.attempt.at == self.start;
        self.join(seen);
        if first {
            self.start = self.attempt.at;
        }
    }

    /// To-tags that a 2xx confirmed.
    pub(super) fn confirm(&mut self, tag: u64) {
        if self.dialogs.len() < MAX_TAGS && !self.dialogs.iter().any(|dialog| dialog.tag == tag) {
            self.dialogs.push(Dialog { tag, acknowledged: false, ended: false });
        }
    }

    pub(super) fn first_caller_tag(&self) -> u64 {
        self.caller_tags.first().copied().unwrap_or(0)
    }

    pub(super) fn owns_attempt(&self, seen: &Seen<'_>) -> bool {
        self.attempt.owns(seen.from_tag, seen.number)
    }

    pub(super) fn bye_answered(&mut self, seen: &Seen<'_>) {
        if let Some(bye) = self.bye.as_mut().filter(|bye| bye.number == seen.number) {
            bye.confirmed = true;
            bye.disconnect_ms = bye.disconnect_ms.or(seen.cx.at.known_millis_since(bye.at));
        }
    }
}

pub(super) fn party_name(party: Party) -> &'static str {
    match party {
        Party::Caller => "caller",
        Party::Callee => "callee",
    }
}

/// Adds to a small set that stays small.
pub(super) fn remember<T: PartialEq>(set: &mut Vec<T>, value: T) {
    if !set.contains(&value) {
        if set.len() >= MAX_TAGS {
            set.remove(1);
        }
        set.push(value);
    }
}
