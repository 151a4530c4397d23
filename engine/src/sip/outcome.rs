//! What became of a call, from its state: outcome, who ended it, times.

use super::CallSummary;
use super::attempt::{Cancel, Final};
use super::call::Call;
use super::dtmf::Digit;
use crate::media::Party;
use crate::model::{self, CallOutcome, EndedBy};
use crate::packet::Nanos;

/// Timer B and F, 64 x T1 (RFC 3261 section 17): a request without any reply has failed.
pub(super) const NO_REPLY_S: f64 = 32.0;
/// A device that has credentials sends them within a round trip; a challenge this young may still be met.
pub(super) const CHALLENGE_GRACE: i64 = 2 * Nanos::SECOND;
/// Ringing as long as this before the caller gives up means that nobody picked up.
const LONG_RING_S: f64 = 15.0;

/// What became of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Verdict {
    pub(super) outcome: CallOutcome,
    pub(super) code: Option<u16>,
    pub(super) reason: Option<String>,
    pub(super) ended_by: EndedBy,
    pub(super) end: Option<Nanos>,
}

impl Call {
    /// The verdict at `end`, the time of the capture's last packet.
    pub(super) fn verdict(&self, end: Nanos) -> Verdict {
        if self.answer.is_some() || self.began_answered() {
            return self.answered_verdict();
        }
        match (self.settled(), &self.attempt.cancel, &self.bye) {
            (Some(result), ..) if self.may_be_met(result, end) => Verdict::default(),
            (Some(result), cancel, _) => self.refused_verdict(result, cancel.as_ref()),
            (None, Some(cancel), _) if cancel.hops <= self.attempt.nearest() => self.cancelled(cancel, None),
            (None, _, Some(bye)) => Verdict {
                // a BYE inside an early dialog (RFC 3261 section 15)
                outcome: CallOutcome::Cancelled,
                ended_by: ended_by(bye.by),
                end: Some(bye.at),
                reason: some(&bye.why.text),
                code: None,
            },
            _ => self.open_verdict(end),
        }
    }

    /// An INVITE inside a dialog: the call was answered before the capture, whatever becomes of this change,
    /// unless the other side knows no such dialog.
    fn began_answered(&self) -> bool {
        let unknown = self.attempt.result.as_ref().is_some_and(|result| result.code == 481);
        self.began_before && (self.alive || !unknown)
    }

    /// A challenge just before the end of the capture is no failure yet, unless it refuses credentials.
    fn may_be_met(&self, result: &Final, end: Nanos) -> bool {
        let young = end.0.saturating_sub(result.at.0) < CHALLENGE_GRACE;
        young && matches!(result.code, 401 | 407 | 422) && !self.attempt.credentials
    }

    fn answered_verdict(&self) -> Verdict {
        let result = self.attempt.result.as_ref();
        let phrase = result.and_then(|result| some(&result.phrase));
        let bye = self.bye.as_ref();
        Verdict {
            outcome: CallOutcome::Answered,
            code: result.map(|result| result.code).filter(|code| (200..300).contains(code)),
            reason: bye.and_then(|bye| some(&bye.why.text)).or(phrase),
            ended_by: bye.map_or(EndedBy::Open, |bye| ended_by(bye.by)),
            end: bye.map(|bye| bye.at),
        }
    }

    /// The final response, unless it is that of one branch while another may still answer.
    fn settled(&self) -> Option<&Final> {
        let attempt = &self.attempt;
        attempt.result.as_ref().filter(|result| {
            let is_branch = result.hops > attempt.nearest();
            let other = attempt.forks.iter().any(|fork| Some(*fork) != result.tag);
            !(is_branch && other)
        })
    }

    fn refused_verdict(&self, result: &Final, cancel: Option<&Cancel>) -> Verdict {
        let by_caller =
            cancel.filter(|cancel| cancel.hops <= self.attempt.nearest() || cancel.why.is_elsewhere());
        if let (487, Some(cancel)) = (result.code, by_caller) {
            return self.cancelled(cancel, Some(result));
        }
        let rang = self.has_rung(result.at);
        let why = &result.why;
        let outcome = match result.code {
            _ if why.is_busy() => CallOutcome::Busy,
            486 | 600 => CallOutcome::Busy,
            401 | 407 => CallOutcome::AuthFailed,
            300..=399 => CallOutcome::Redirected,
            _ if why.is_elsewhere() => CallOutcome::AnsweredElsewhere,
            487 if self.attempt.taken => CallOutcome::AnsweredElsewhere,
            408 | 480 | 487 if rang || why.is_no_answer() => CallOutcome::NoAnswer,
            487 => CallOutcome::Cancelled,
            _ if why.is_network() => CallOutcome::Failed,
            408 | 481 | 482 | 483 | 500 | 502 | 503 | 504 | 580 => CallOutcome::Failed,
            _ => CallOutcome::Rejected,
        };
        Verdict {
            outcome,
            code: Some(result.code),
            reason: some(&why.text).or_else(|| some(&result.phrase)),
            ended_by: self.refuser(result, outcome),
            end: Some(result.at),
        }
    }

    /// A 180 was seen, or a 183 stood long enough for a ring tone.
    fn has_rung(&self, until: Nanos) -> bool {
        let early_s = self.attempt.ring.and_then(|ring| until.known_seconds_since(ring)).unwrap_or(0.0);
        self.attempt.rang || early_s >= 5.0
    }

    fn refuser(&self, result: &Final, outcome: CallOutcome) -> EndedBy {
        let stopped_on_the_way = result.deepest < self.attempt.farthest();
        let rang_there = result.tag.is_some_and(|tag| self.attempt.forks.contains(&tag));
        match outcome {
            CallOutcome::Cancelled => EndedBy::Caller,
            CallOutcome::Failed | CallOutcome::NoAnswer if result.code == 408 => EndedBy::Timeout,
            CallOutcome::AuthFailed | CallOutcome::Failed | CallOutcome::AnsweredElsewhere => {
                EndedBy::Network
            }
            CallOutcome::NoAnswer if result.code == 487 => EndedBy::Network,
            _ if stopped_on_the_way => EndedBy::Network,
            _ if rang_there => EndedBy::Callee,
            _ if result.code == 403 && self.attempt.credentials => EndedBy::Network,
            // what a server decides from the address alone
            _ if matches!(result.code, 404 | 416 | 420 | 421 | 484 | 485 | 501 | 505 | 513 | 604) => {
                EndedBy::Network
            }
            _ => EndedBy::Callee,
        }
    }

    fn cancelled(&self, cancel: &Cancel, result: Option<&Final>) -> Verdict {
        let why = &cancel.why;
        let rang_s = self.attempt.ring.and_then(|ring| cancel.at.known_seconds_since(ring)).unwrap_or(0.0);
        let (outcome, by) = if self.attempt.taken {
            (CallOutcome::AnsweredElsewhere, EndedBy::Caller)
        } else if why.is_elsewhere() {
            (CallOutcome::AnsweredElsewhere, EndedBy::Network)
        } else if why.is_busy() {
            (CallOutcome::Busy, EndedBy::Network)
        } else if why.is_no_answer() || rang_s >= LONG_RING_S {
            (CallOutcome::NoAnswer, EndedBy::Caller)
        } else {
            (CallOutcome::Cancelled, EndedBy::Caller)
        };
        Verdict {
            outcome,
            code: result.map(|result| result.code),
            reason: some(&why.text).or_else(|| result.and_then(|result| some(&result.phrase))),
            ended_by: by,
            end: Some(cancel.at),
        }
    }

    fn open_verdict(&self, end: Nanos) -> Verdict {
        if let (false, Some((at, what))) = (self.attempt.replied, self.attempt.unreachable) {
            let what = if what == "administratively" { "administratively prohibited" } else { what };
            return Verdict {
                outcome: CallOutcome::Failed,
                reason: Some(format!("ICMP: {what}{}", if what.len() < 12 { " unreachable" } else { "" })),
                ended_by: EndedBy::Network,
                end: Some(at),
                ..Verdict::default()
            };
        }
        let waited = end.known_seconds_since(self.attempt.at);
        if !self.attempt.replied && waited.is_some_and(|waited| waited >= NO_REPLY_S) {
            return Verdict {
                outcome: CallOutcome::Failed,
                reason: Some("no reply to the INVITE".into()),
                ended_by: EndedBy::Timeout,
                ..Verdict::default()
            };
        }
        let outcome = if self.attempt.ring.is_some() { CallOutcome::Ringing } else { CallOutcome::Setup };
        Verdict { outcome, ..Verdict::default() }
    }

    /// The call as the report shows it.
    pub(super) fn summary(&self, end: Nanos) -> CallSummary {
        let verdict = self.verdict(end);
        let no_reply = verdict.ended_by == EndedBy::Timeout && verdict.code.is_none();
        let ring_end = self.answer.or(verdict.end).unwrap_or(end);
        let seconds = |from: Nanos, to: Nanos| to.known_seconds_since(from).map(|s| s.max(0.0));
        let known = |at: Option<Nanos>| at.and_then(Nanos::known);
        let talk_end = verdict.end.unwrap_or(end);
        let call = model::Call {
            id: self.id,
            call_ids: vec![self.call_id.to_string()],
            from: self.from.to_string(),
            to: self.to.to_string(),
            outcome: verdict.outcome,
            outcome_code: verdict.code,
            outcome_reason: verdict.reason,
            ended_by: verdict.ended_by,
            start: self.start.known(),
            answer: known(self.answer.filter(|_| !self.began_before)),
            end: known(verdict.end),
            post_dial_delay_s: self.pdd_s,
            ring_s: self.attempt.ring.filter(|_| !self.began_before).and_then(|ring| seconds(ring, ring_end)),
            setup_s: self.answer.filter(|_| !self.began_before).and_then(|at| seconds(self.start, at)),
            duration_s: self.answer.filter(|_| !self.began_before).and_then(|at| seconds(at, talk_end)),
            features: self.features.names(),
            events: self.story.events(),
            dtmf: self.digits.iter().copied().map(Digit::report).collect(),
            streams: Vec::new(),
            fax: None,
            mos: None,
            related: self.related.clone(),
        };
        CallSummary {
            call,
            unanswered_offer: self
                .session
                .unanswered
                .or_else(|| self.session.open_offer().filter(|_| no_reply)),
            frames: self.frames.clone(),
            agreed_codecs: self.session.agreed.clone(),
            media: self.session.endpoints.clone(),
            both_ways: self.session.both_ways,
            hang_up_reason: self.bye.as_ref().and_then(|bye| some(&bye.why.text)),
        }
    }
}

fn ended_by(party: Party) -> EndedBy {
    match party {
        Party::Caller => EndedBy::Caller,
        Party::Callee => EndedBy::Callee,
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
