//! Stories of made-up events.

use super::*;

fn told(call: &Call) -> String {
    super::told(call).replace(UNBROKEN, " ")
}

/// Events as `ms kind|detail`, one frame each; a kind that begins with `+` shares the frame before it.
fn call(outcome: CallOutcome, ended_by: EndedBy, end_ms: Option<i64>, events: &[(i64, &str, &str)]) -> Call {
    let at = |ms: i64| Nanos(ms * 1_000_000);
    let mut frame = 0;
    let mut tell = |&(ms, kind, detail): &(i64, &str, &str)| {
        frame += u64::from(!kind.starts_with('+'));
        Event {
            frame,
            at: at(ms),
            kind: kind.trim_start_matches('+').to_owned().into(),
            detail: detail.into(),
        }
    };
    let events: Vec<Event> = events.iter().map(&mut tell).collect();
    let answer = events.iter().find(|event| event.kind == "answered").map(|event| event.at);
    let duration_s = answer.map(|from| at(end_ms.unwrap_or(60_000)).seconds_since(from));
    let (start, end) = (Some(at(0)), end_ms.map(at));
    Call { outcome, ended_by, start, answer, end, duration_s, events, ..Call::default() }
}

#[test]
fn challenged_answered_after_early_media_and_ended() {
    let events = [
        (0, "invite", "sip:a calls sip:b"),
        (40, "trying", "100 Trying: the next hop works on it"),
        (60, "challenged", "407 Proxy Authentication Required: the server asks for credentials"),
        (180, "invite", "sip:a calls sip:b, with credentials"),
        (220, "trying", "100 Trying: the next hop works on it"),
        (7000, "progress", "183 Session Progress: the call proceeds"),
        (7000, "+early_media", "the called side may send sound before the answer"),
        (7100, "retransmission", "183 to INVITE is sent again"),
        (15_680, "answered", "200 OK: the call is answered"),
        (15_900, "ack", "the caller confirms the answer"),
        (19_780, "bye", "the callee hangs up"),
    ];
    let told = told(&call(CallOutcome::Answered, EndedBy::Callee, Some(19_780), &events));
    let expected = "challenged (407), trying, early media (183) after 6.82 s, answered after 15.5 s, \
                    ended by the callee (BYE) after 4.10 s";
    assert_eq!(told, expected);
}

#[test]
fn ways_not_to_be_answered() {
    use CallOutcome::{AnsweredElsewhere, AuthFailed, Busy, Cancelled, Failed, Redirected, Ringing, Setup};
    let invite = (0, "invite", "sip:a calls sip:b");
    let again = (900, "invite", "sip:a calls sip:b, with credentials");
    let trying = (10, "trying", "100 Trying: the next hop works on it");
    let ringing = (500, "ringing", "180 Ringing: the phone rings");
    let challenged = (20, "challenged", "401 Unauthorized: the server asks for credentials");
    let refused = (1000, "challenged", "401 Unauthorized: the server asks for credentials");
    let busy = (2000, "busy", "486 Busy Here: the called side is busy");
    let late = (2000, "refused", "408 Request Timeout: the call is refused");
    let moved = (2000, "redirected", "302 Moved Temporarily: the call is sent elsewhere: sip:c@example.com");
    let cancel = (9000, "cancel", "the caller's side gives up");
    let elsewhere = (9000, "cancel", "the caller's side gives up: Call completed elsewhere");
    let gone = (9040, "terminated", "487 Request Terminated: the request was terminated");
    let cases = [
        (
            Busy,
            EndedBy::Callee,
            Some(2000),
            vec![invite, ringing, busy],
            "ringing (180) after 500 ms, busy (486) by the callee after 2.00 s",
        ),
        (
            Failed,
            EndedBy::Timeout,
            Some(2000),
            vec![invite, trying, late],
            "trying, timed out (408) after 2.00 s",
        ),
        (Failed, EndedBy::Timeout, None, vec![invite], "no reply"),
        (
            Redirected,
            EndedBy::Callee,
            Some(2000),
            vec![invite, moved],
            "redirected (302) to c@example.com by the callee after 2.00 s",
        ),
        (
            Cancelled,
            EndedBy::Caller,
            Some(9000),
            vec![invite, ringing, cancel, gone],
            "ringing (180) after 500 ms, cancelled by the caller after 9.00 s",
        ),
        (
            AnsweredElsewhere,
            EndedBy::Network,
            Some(9000),
            vec![invite, ringing, elsewhere, gone],
            "ringing (180) after 500 ms, cancelled by the network: Call completed elsewhere after 9.00 s",
        ),
        (
            AuthFailed,
            EndedBy::Network,
            Some(20),
            vec![invite, trying, challenged],
            "challenged (401), the challenge was never met",
        ),
        (
            AuthFailed,
            EndedBy::Network,
            Some(1000),
            vec![invite, challenged, again, refused],
            "challenged (401), challenged (401) again, the credentials were refused",
        ),
        (
            Ringing,
            EndedBy::Open,
            None,
            vec![invite, ringing],
            "ringing (180) after 500 ms, still ringing when the capture ended",
        ),
        (Setup, EndedBy::Open, None, vec![invite, trying], "trying, no answer yet when the capture ended"),
        (Setup, EndedBy::Open, None, vec![invite], "no reply before the capture ended"),
    ];
    for (outcome, by, end, events, expected) in cases {
        assert_eq!(told(&call(outcome, by, end, &events)), expected);
    }
}

#[test]
fn changes_inside_a_call_are_told_up_to_a_bound() {
    let mut events = vec![
        (0, "begun_before", "INVITE inside a dialog: the call began before the capture"),
        (0, "answered", "200 OK: the call is answered"),
        (1000, "reinvite_refused", "488 Not Acceptable Here: the change of the session is refused"),
        (1000, "+fax", "T.38 is refused: the fax has to pass as sound"),
        (2000, "refer", "the callee transfers the other side to sip:c@example.com, without asking there"),
        (2100, "transfer_progress", "the transfer's target answers 100 Trying"),
    ];
    for _ in 0..4 {
        events.push((3000, "hold", "the caller puts the other side on hold"));
        events.push((4000, "resume", "the caller takes the call back from hold"));
    }
    let told = told(&call(CallOutcome::Answered, EndedBy::Open, None, &events));
    let hold = "put on hold by the caller after 3.00 s, resumed by the caller after 4.00 s, ";
    let expected = format!(
        "begun before the capture, answered after 0 s, T.38 refused after 1.00 s, blind transfer by the callee \
         to c@example.com after 2.00 s, {hold}{hold}4 more changes, still open after 1 min 00 s when the capture ended"
    );
    assert_eq!(told, expected);
}

#[test]
fn forwarded_because_nobody_answered() {
    let mut events = vec![
        (0, "invite", "sip:a calls sip:b"),
        (20, "ringing", "180 Ringing: the phone rings"),
        (9000, "forwarded", "181 Call Is Being Forwarded: the call is being forwarded"),
        (9001, "forwarded", "the call was diverted on its way here: no-answer"),
        (9002, "branch_cancelled", "a server stops the ringing on one branch"),
        (9010, "branch_ended", "487 Request Terminated: the branch that was cancelled"),
        (9500, "answered", "200 OK: the call is answered"),
        (9900, "bye", "the caller hangs up"),
    ];
    let tell = |events: &[(i64, &str, &str)]| {
        told(&call(CallOutcome::Answered, EndedBy::Caller, Some(9900), events))
    };
    let told = tell(&events);
    let expected = "ringing (180) after 20.0 ms, forwarded (181, no-answer) after 9.00 s, answered after 9.50 s, \
                    ended by the caller (BYE) after 400 ms";
    assert_eq!(told, expected);
    events.remove(2);
    let told = tell(&events);
    assert!(
        told.contains("ringing (180) after 20.0 ms, diverted on its way here (no-answer), one branch"),
        "{told}"
    );
}

#[test]
fn why_a_bye_came_and_how_a_fax_passed() {
    let events = [
        (0, "invite", "sip:a calls sip:b"),
        (100, "answered", "200 OK: the call is answered"),
        (900, "fax", "the sides agree on G.711 for a fax or modem (voice-band data, V.152)"),
        (60_100, "bye", "the callee hangs up"),
        (60_100, "+session_expired", "no refresh came within 90 s: the session timer ends the call"),
    ];
    let told = told(&call(CallOutcome::Answered, EndedBy::Callee, Some(60_100), &events));
    let expected = "answered after 100 ms, fax as sound (G.711) after 800 ms, ended by the callee (BYE, session timer \
                    expired) after 1 min 00 s";
    assert_eq!(told, expected);
}

#[test]
fn another_call_is_named() {
    let events = [
        (0, "invite", "sip:a calls sip:b"),
        (20, "ringing", "180 Ringing: the phone rings"),
        (700, "related", "call 2 picks this one up while it rings (Replaces)"),
        (900, "cancel", "the caller's side gives up"),
    ];
    let picked = told(&call(CallOutcome::AnsweredElsewhere, EndedBy::Caller, Some(900), &events));
    let expected =
        "ringing (180) after 20.0 ms, picked up by call 2 after 700 ms, cancelled by the caller after 900 ms";
    assert_eq!(picked, expected);
    let events = [
        (0, "invite", "sip:c calls sip:a"),
        (0, "replaces", "this call takes the place of another one (Replaces)"),
        (0, "related", "call 1 is picked up by this one while it rings"),
        (10, "answered", "200 OK: the call is answered"),
        (500, "joined", "sip:d@example.com joins the conference"),
        (600, "related", "call 3 is in the same conference"),
        (900, "left", "sip:d@example.com leaves the conference"),
    ];
    let picking = told(&call(CallOutcome::Answered, EndedBy::Open, None, &events));
    let expected = "picks up call 1, answered after 10.0 ms, d@example.com joins after 490 ms, d@example.com leaves \
                    after 890 ms, still open";
    assert!(picking.starts_with(expected), "{picking}");
}

#[test]
fn without_events_the_figures_tell_it() {
    let mut bare = call(CallOutcome::Answered, EndedBy::Caller, Some(8000), &[]);
    bare.answer = Some(Nanos(3_000_000_000));
    assert_eq!(told(&bare), "answered after 3.00 s, ended by the caller after 5.00 s");
}
