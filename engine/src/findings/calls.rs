//! Rules about signalling and about both directions of a call: one-way audio, no media, SDP without an answer,
//! calls that failed, registrations that were refused.

use std::collections::BTreeMap;

use crate::model::{
    About, Call, CallOutcome, EndedBy, Finding, Registration, RegistrationOutcome, Severity, Stream,
};
use crate::packet::{Endpoint, Nanos};
use crate::sip::CallSummary;

use super::wording::{call_filter, frames_filter, is_as_sent, quoted};
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
    if finding.frames.is_empty() {
        finding.frames.clone_from(&summary.frames);
    }
    finding.filter = call_filter(&summary.call, &finding.frames);
    finding
}

/// Both sides agreed to send, one did not (or its packets never came here).
fn one_way_audio(facts: &Facts<'_>, summary: &CallSummary) -> Option<Finding> {
    let call = &summary.call;
    let from = call.answer.or(call.start)?;
    let end = call.end.or(facts.report.capture.last)?;
    let talk_s = end.seconds_since(from);
    if call.outcome != CallOutcome::Answered || talk_s < MIN_TALK_S || !summary.both_ways {
        return None;
    }
    let audio = sound_after(facts, call, from);
    let sent = |direction: &str| audio.iter().any(|s| s.direction.as_deref() == Some(direction));
    let (silent, heard) = match (sent("caller_to_callee"), sent("callee_to_caller")) {
        (true, false) => ("callee", "caller"),
        (false, true) => ("caller", "callee"),
        _ => return None,
    };
    let title = format!("One-way audio: call {}, nothing from the {silent}", call.id);
    let mut detail = format!(
        "Answered for {talk_s:.0} s and both sides agreed to send, but only the {heard}'s RTP was captured: the \
         {heard} hears nothing, or the sensor sees one direction only."
    );
    let mut severity = Severity::Critical;
    let known = |end: &Endpoint| summary.media.iter().any(|media| media.ip() == end.ip());
    let strange =
        |end: fn(&Stream) -> Option<Endpoint>| audio.iter().filter_map(|s| end(s)).find(|e| !known(e));
    if let Some(relay) = strange(|s| s.destination) {
        severity = Severity::Warning;
        detail +=
            &format!(" It goes to {relay}, which no SDP here names: the way back may be out of sight, too.");
    } else if let Some(nat) = strange(|s| s.source) {
        detail +=
            &format!(" It comes from {nat}, which no SDP here names: NAT, and the way back goes astray.");
    }
    Some(finding(severity, "one_way_audio", title, detail))
}

/// Audio streams of a call that reach beyond its answer; sound before it is the network's, not the callee's.
fn sound_after<'a>(facts: &Facts<'a>, call: &'a Call, answer: Nanos) -> Vec<&'a Stream> {
    let reaches =
        |s: &&Stream| s.duration_s.is_none_or(|length| s.start.seconds_since(answer) + length > 0.0);
    let is_audio = |s: &&Stream| matches!(s.media.as_deref(), Some("audio") | None);
    let own = facts.streams_of(call).filter(|s| s.packets > 10);
    own.filter(is_audio).filter(reaches).collect()
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
        CallOutcome::AuthFailed => "failed its authentication",
        CallOutcome::Rejected => "was rejected",
        _ => return None,
    };
    let title = format!("Call {} {what}{}", call.id, code(call.outcome_code));
    // somebody who does not want to talk is no trouble
    let by_choice = call.ended_by == EndedBy::Callee && matches!(call.outcome_code, Some(480 | 603));
    let severity = if by_choice { Severity::Note } else { Severity::Warning };
    Some(finding(severity, "call_failed", title, reason(call)))
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
        RegistrationOutcome::AuthFailed if last.credentials => {
            "the credentials were refused: the password or the user name is wrong"
        }
        RegistrationOutcome::AuthFailed if matches!(last.code, Some(401 | 407)) => {
            "no credentials followed the registrar's challenge"
        }
        RegistrationOutcome::AuthFailed => "the registrar forbids it",
        RegistrationOutcome::NoReply => "no reply came",
        _ => "the registrar refused",
    };
    let recovered = attempts.last().is_some_and(|a| !refused(&a));
    let severity = if recovered { Severity::Note } else { Severity::Warning };
    let title = format!("Registration failed{}: {aor}", code(last.code));
    let share = match (failures.len(), attempts.len()) {
        (_, 1) => "It failed".to_owned(),
        (1, all) => format!("1 of {all} attempts failed"),
        (failed, all) if failed == all => format!("All {all} attempts failed, the last"),
        (failed, all) => format!("{failed} of {all} attempts failed, the last"),
    };
    let later = if recovered { ", but it was registered later" } else { "" };
    let detail = format!("{share} because {why}{later}.");
    let mut found = finding(severity, "registration_failure", title, detail);
    found.frames = failures.iter().map(|r| r.frame).collect();
    found.filter = if !is_as_sent(aor) {
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
    use crate::rtp::StreamSummary;

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
            credentials: true,
        }
    }

    /// Sender, receiver, direction, start and length in seconds.
    type Leg<'a> = ([u8; 4], [u8; 4], &'a str, i64, f64);

    /// A call between 192.0.2.1 and 192.0.2.2 that was answered at 10 s and talked for 30 s, with its streams.
    fn one_way(legs: &[Leg<'_>]) -> Option<Finding> {
        let at = |seconds: i64| Some(Nanos(seconds * Nanos::SECOND));
        let stream = |(n, &(from, to, direction, start, duration_s)): (usize, &Leg<'_>)| Stream {
            id: n as u32 + 1,
            source: Some(Endpoint::v4(from, 4000)),
            destination: Some(Endpoint::v4(to, 4000)),
            call: Some(1),
            direction: Some(direction.to_owned().into()),
            media: Some("audio".into()),
            packets: 500,
            start: Nanos(start * Nanos::SECOND),
            duration_s: Some(duration_s),
            ..Stream::default()
        };
        let call =
            Call { id: 1, outcome: CallOutcome::Answered, answer: at(10), end: at(40), ..Call::default() };
        let call = Call { streams: (1..=legs.len() as u32).collect(), ..call };
        let media = vec![Endpoint::v4(A, 4000), Endpoint::v4(B, 4000)];
        let summary = CallSummary { call, media, both_ways: true, ..CallSummary::default() };
        let report = crate::Engine::new(crate::Config::default()).report(crate::SourceInfo::default());
        let summarised = |stream| StreamSummary { stream, ..StreamSummary::default() };
        let streams: Vec<StreamSummary> = legs.iter().enumerate().map(stream).map(summarised).collect();
        let calls = [summary];
        let facts = Facts {
            report: &report,
            calls: &calls,
            streams: &streams,
            dropped: &crate::dropped::Dropped::default(),
        };
        one_way_audio(&facts, &calls[0])
    }

    const A: [u8; 4] = [192, 0, 2, 1];
    const B: [u8; 4] = [192, 0, 2, 2];
    const ELSEWHERE: [u8; 4] = [198, 51, 100, 9];
    const OUT: &str = "caller_to_callee";
    const BACK: &str = "callee_to_caller";

    #[test]
    fn sound_one_way_is_critical_unless_the_other_way_may_be_out_of_sight() {
        assert!(one_way(&[(A, B, OUT, 10, 30.0), (B, A, BACK, 10, 30.0)]).is_none());
        assert!(one_way(&[]).is_none(), "nothing seen is no one-way audio");
        let silent = one_way(&[(A, B, OUT, 10, 30.0)]).unwrap();
        assert_eq!(silent.severity, Severity::Critical);
        assert!(silent.title.ends_with("nothing from the callee"), "{}", silent.title);
        let early = one_way(&[(A, B, OUT, 10, 30.0), (B, A, BACK, 4, 5.9)]).unwrap();
        assert_eq!(early.severity, Severity::Critical, "a ring tone before the answer is no talk");
        let nat = one_way(&[(ELSEWHERE, B, OUT, 10, 30.0)]).unwrap();
        assert_eq!(nat.severity, Severity::Critical);
        assert!(nat.detail.contains("NAT"), "{}", nat.detail);
        let relay = one_way(&[(A, ELSEWHERE, OUT, 10, 30.0)]).unwrap();
        assert_eq!(relay.severity, Severity::Warning);
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
