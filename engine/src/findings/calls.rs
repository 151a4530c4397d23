//! Rules about signalling and about both directions of a call: one-way audio, no media, SDP without an answer,
//! calls that failed, registrations that were refused.

use std::collections::BTreeMap;

use crate::model::{About, Call, CallOutcome, Finding, Registration, RegistrationOutcome, Severity};
use crate::sip::CallSummary;

use super::wording::{call_filter, count, frames_filter, quoted};
use super::{Facts, finding};

/// A talk time below this may end before the first packet of one side.
const MIN_TALK_S: f64 = 2.0;

pub(super) fn find(facts: &Facts<'_>, out: &mut Vec<Finding>) {
    for summary in facts.calls {
        let rules = [one_way_audio(facts, summary), unanswered_sdp(summary), failed(summary)];
        out.extend(rules.into_iter().flatten().map(|f| about(f, summary)));
    }
    registrations(facts, out);
}

fn about(mut finding: Finding, summary: &CallSummary) -> Finding {
    finding.about.call = Some(summary.call.id);
    finding.filter = call_filter(&summary.call);
    if finding.frames.is_empty() {
        finding.frames.clone_from(&summary.frames);
    }
    finding
}

/// Both sides agreed to send, one did not (or its packets never came here).
fn one_way_audio(facts: &Facts<'_>, summary: &CallSummary) -> Option<Finding> {
    let call = &summary.call;
    let talked = call.outcome == CallOutcome::Answered && call.duration_s.is_some_and(|s| s >= MIN_TALK_S);
    if !talked || !summary.both_ways {
        return None;
    }
    let audio = || {
        facts
            .streams_of(call)
            .filter(|s| s.packets > 10 && matches!(s.media.as_deref(), Some("audio") | None))
    };
    let sent = |direction: &str| audio().any(|s| s.direction.as_deref() == Some(direction));
    let (silent, heard) = match (sent("caller_to_callee"), sent("callee_to_caller")) {
        (true, false) => ("callee", "caller"),
        (false, true) => ("caller", "callee"),
        _ => return None,
    };
    let title = format!("One-way audio: call {}, nothing from the {silent}", call.id);
    let detail = format!(
        "Answered for {:.0} s and both sides agreed to send, but only the {heard}'s RTP was captured: the {heard} \
         hears nothing, or the sensor sees one direction only.",
        call.duration_s.unwrap_or_default()
    );
    Some(finding(Severity::Critical, "one_way_audio", title, detail))
}

fn unanswered_sdp(summary: &CallSummary) -> Option<Finding> {
    let call = &summary.call;
    let offer = summary.unanswered_offer.filter(|_| call.outcome == CallOutcome::Answered)?;
    let title = format!("SDP offer without an answer: call {}", call.id);
    let detail = "The call was answered, but no answer to its SDP was seen: the two sides may not agree on where \
                  to send and in which codec.";
    let mut found = finding(Severity::Warning, "unanswered_sdp", title, detail.to_owned());
    found.frames.push(offer);
    Some(found)
}

fn failed(summary: &CallSummary) -> Option<Finding> {
    let call = &summary.call;
    let what = match call.outcome {
        CallOutcome::Failed => "failed",
        CallOutcome::AuthFailed => "was refused for its credentials",
        CallOutcome::Rejected => "was rejected",
        _ => return None,
    };
    let title = format!("Call {} {what}{}", call.id, code(call.outcome_code));
    Some(finding(Severity::Warning, "call_failed", title, reason(call)))
}

fn code(code: Option<u16>) -> String {
    code.map_or_else(String::new, |code| format!(" ({code})"))
}

fn reason(call: &Call) -> String {
    match (&call.outcome_reason, call.outcome_code) {
        (Some(reason), Some(code)) => format!("{code} {reason}."),
        (Some(reason), None) => format!("{reason}."),
        (None, Some(code)) => format!("Final response {code}."),
        (None, None) => "No final response came.".to_owned(),
    }
}

/// One finding per AoR, however often it was tried.
fn registrations(facts: &Facts<'_>, out: &mut Vec<Finding>) {
    let mut by_aor: BTreeMap<&str, Vec<&Registration>> = BTreeMap::new();
    for registration in &facts.report.sip.registrations {
        by_aor.entry(&registration.aor).or_default().push(registration);
    }
    for (aor, attempts) in by_aor {
        out.extend(registration_failure(aor, &attempts));
    }
}

fn registration_failure(aor: &str, attempts: &[&Registration]) -> Option<Finding> {
    let refused = |r: &&&Registration| {
        use RegistrationOutcome::{AuthFailed, NoReply, Rejected};
        matches!(r.outcome, AuthFailed | Rejected | NoReply)
    };
    let failures: Vec<&&Registration> = attempts.iter().filter(refused).collect();
    let last = failures.last()?;
    let why = match last.outcome {
        RegistrationOutcome::AuthFailed => "the credentials were not accepted",
        RegistrationOutcome::NoReply => "no reply came",
        _ => "the registrar refused",
    };
    let recovered = attempts.last().is_some_and(|a| !refused(&a));
    let severity = if recovered { Severity::Note } else { Severity::Warning };
    let title = format!("Registration failed{}: {aor}", code(last.code));
    let detail = format!(
        "{} of {} failed; the last of them because {why}{}.",
        failures.len(),
        count(attempts.len() as u64, "attempt"),
        if recovered { ", but it was registered later" } else { "" }
    );
    let mut found = finding(severity, "registration_failure", title, detail);
    found.frames = failures.iter().map(|r| r.frame).collect();
    found.filter = if aor.is_empty() {
        frames_filter(&found.frames)
    } else {
        format!("sip.CSeq.method == \"REGISTER\" && sip.to.addr contains {}", quoted(without_scheme(aor)))
    };
    found.about = About::default();
    Some(found)
}

fn without_scheme(aor: &str) -> &str {
    aor.split_once(':').map_or(aor, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Nanos;

    fn registration(outcome: RegistrationOutcome, frame: u64) -> Registration {
        Registration {
            aor: "sip:alice@example.com".into(),
            contact: None,
            outcome,
            expires_s: None,
            code: Some(403),
            at: Nanos(0),
            frame,
            round_trip_ms: None,
        }
    }

    #[test]
    fn many_refusals_of_one_user_are_one_finding() {
        let (a, b) = (
            registration(RegistrationOutcome::Rejected, 4),
            registration(RegistrationOutcome::AuthFailed, 9),
        );
        let found = registration_failure("sip:alice@example.com", &[&a, &b]).unwrap();
        assert_eq!((found.severity, found.frames), (Severity::Warning, vec![4, 9]));
        assert!(found.filter.ends_with("contains \"alice@example.com\""), "{}", found.filter);
    }

    #[test]
    fn a_user_that_got_in_later_is_only_a_note() {
        let (a, b) = (
            registration(RegistrationOutcome::AuthFailed, 4),
            registration(RegistrationOutcome::Registered, 9),
        );
        assert_eq!(registration_failure("x", &[&a, &b]).unwrap().severity, Severity::Note);
        assert!(registration_failure("x", &[&b]).is_none());
    }
}
