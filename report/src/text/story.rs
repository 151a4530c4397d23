//! The story of a call in a line or two, from its events: challenged, trying, early media, answered, ended, and
//! after how long. Before the answer times count from the INVITE that was not challenged, then from the answer.

use airtone_engine::Nanos;
use airtone_engine::model::{Call, CallOutcome, EndedBy, Event};

use super::page::UNBROKEN;
use super::units::{duration, foreign, party};
use crate::flow::labels::{self, By};

/// Said until it is known which call it was.
const IN_PLACE: &str = "in place of another call";
const SENT_HERE: &str = "sent here by a transfer";

/// Changes told between answer and end; a session timer can make hundreds.
const MOST_CHANGES: usize = 6;

/// What happened in `call`, e.g. `challenged (401), trying, early media (183) after 6.82 s, answered after 15.6 s,
/// ended by the callee (BYE) after 4.08 s`.
pub(crate) fn told(call: &Call) -> String {
    let mut teller = Teller::new(call);
    let mut events = call.events.iter().peekable();
    while let Some(event) = events.next() {
        let early = events.next_if(|next| next.kind == "early_media" && next.frame == event.frame).is_some();
        teller.event(event, early);
    }
    teller.close();
    teller.steps.join(", ")
}

struct Teller<'a> {
    call: &'a Call,
    steps: Vec<String>,
    /// The INVITE in force, then the answer.
    clock: Option<Nanos>,
    /// Steps before the INVITE in force.
    before: usize,
    /// The last INVITE was challenged or refused: the next one is another attempt.
    over: bool,
    credentials: bool,
    answered: bool,
    changes: usize,
    ended: bool,
}

impl<'a> Teller<'a> {
    fn new(call: &'a Call) -> Self {
        Self {
            call,
            steps: Vec::new(),
            clock: call.start,
            before: 0,
            over: true,
            credentials: false,
            answered: false,
            changes: 0,
            ended: false,
        }
    }

    fn event(&mut self, event: &Event, early: bool) {
        if self.answered {
            self.change(event);
        } else {
            self.set_up(event, early);
        }
        if event.kind == "bye" && Some(event.at) == self.call.end {
            self.end("BYE", event);
        }
    }

    /// An event before the answer.
    fn set_up(&mut self, event: &Event, early: bool) {
        let media = if early { " with early media" } else { "" };
        match event.kind.as_ref() {
            "invite" => self.invite(event),
            "begun_before" => self.say("begun before the capture"),
            "retry" => self.say("tried again"),
            "trying" => self.once("trying"),
            "ringing" => self.timed(event, &format!("ringing{}{media}", code(event))),
            "queued" => self.timed(event, &format!("queued{}", code(event))),
            "progress" if early => self.timed(event, &format!("early media{}", code(event))),
            "progress" => self.timed(event, &format!("progress{}", code(event))),
            "early_media" => self.timed(event, "early media"),
            "forwarded" if code(event).is_empty() => self.diverted(event),
            "forwarded" => self.timed(event, &format!("forwarded{}", code(event))),
            "forked" => self.once("forked"),
            "replaces" => self.once(IN_PLACE),
            "related" => self.related(event),
            // that it was forwarded tells why
            "branch_cancelled" if !self.steps.iter().any(|step| step.starts_with("forwarded")) => {
                self.timed(event, "one branch cancelled by the server");
            }
            "referred" => self.once(SENT_HERE),
            "challenged" | "session_interval" => self.challenged(event),
            "redirected" | "busy" | "declined" | "refused" | "terminated" => self.refused(event),
            "cancel" => self.end("CANCEL", event),
            "call_waiting" => self.once("call waiting"),
            "conference" => self.once("conference"),
            "unreachable" => {
                self.ended |= Some(event.at) == self.call.end;
                self.timed(event, "not delivered (ICMP)");
            }
            "answered" => self.answer(event.at),
            _ => {}
        }
    }

    fn invite(&mut self, event: &Event) {
        if self.over {
            self.clock = Some(event.at);
            self.before = self.steps.len();
            self.over = false;
            self.credentials = event.detail.ends_with("with credentials");
        }
    }

    /// The reason of a forwarding that was told, or that there was one.
    fn diverted(&mut self, event: &Event) {
        let why = event.detail.split_once(": ").map(|(_, why)| foreign(why));
        let told = self.steps.iter_mut().rev().find(|step| step.starts_with("forwarded (181)"));
        match (told, why) {
            (Some(told), Some(why)) => *told = told.replacen("(181)", &format!("(181, {why})"), 1),
            (Some(_), None) => {}
            (None, Some(why)) => self.once(&format!("diverted on its way here ({why})")),
            (None, None) => self.once("diverted on its way here"),
        }
    }

    /// Another call: what became of this one there, or where this one comes from.
    fn related(&mut self, event: &Event) {
        if let Some(step) = labels::related(&event.detail, By::Later) {
            self.steps.retain(|told| told != IN_PLACE && told != SENT_HERE);
            self.say(&step);
        } else if let Some(step) = labels::related(&event.detail, By::Earlier) {
            self.timed(event, &step);
        }
    }

    fn challenged(&mut self, event: &Event) {
        // that the server had it says nothing beside its challenge
        if self.steps.len() > self.before && self.steps.last().is_some_and(|step| step == "trying") {
            self.steps.pop();
        }
        self.over = true;
        let what = if event.kind == "challenged" { "challenged" } else { "session interval too small" };
        let step = format!("{what}{}", code(event));
        let again = self.steps.last().is_some_and(|last| *last == step);
        self.say(&if again { format!("{step} again") } else { step });
    }

    fn refused(&mut self, event: &Event) {
        self.over = true;
        if self.ended && event.kind == "terminated" {
            return;
        }
        let what = match (event.kind.as_ref(), code(event)) {
            (_, code) if code == " (408)" => format!("timed out{code}"),
            (kind, code) => format!("{kind}{code}"),
        };
        let target = event.detail.split_once(" elsewhere: ").map(|(_, target)| party(target));
        let to = target.filter(|to| event.kind == "redirected" && !to.is_empty());
        let to = to.map_or_else(String::new, |to| format!(" to {to}"));
        if Some(event.at) == self.call.end {
            self.ended = true;
            let by = by(self.call.ended_by).map_or_else(String::new, |by| format!(" by the {by}"));
            return self.timed(event, &format!("{what}{to}{by}"));
        }
        self.timed(event, &format!("{what}{to}"));
    }

    fn answer(&mut self, at: Nanos) {
        self.say(&format!("answered{}", self.after(at)));
        self.answered = true;
        self.clock = Some(at);
    }

    /// An event of a call that is answered.
    fn change(&mut self, event: &Event) {
        let who = if event.detail.starts_with("the caller") { "caller" } else { "callee" };
        let step = match event.kind.as_ref() {
            "hold" => format!("put on hold by the {who}"),
            "resume" => format!("resumed by the {who}"),
            "reinvite_refused" => format!("change refused{}", code(event)),
            "glare" => "glare (491)".to_owned(),
            "overlap" => "overlapping change (500)".to_owned(),
            "music_on_hold" => "music on hold".to_owned(),
            "conference" => "conference".to_owned(),
            "session_expired" => return self.expired(),
            "joined" | "left" if self.is_caller(&event.detail) => return,
            "joined" | "left" => labels::member(&event.detail),
            "connected" => labels::connected(&event.detail),
            "related" => match labels::related(&event.detail, By::Earlier) {
                Some(step) => step,
                None => return,
            },
            "fax" if event.detail.contains("refused") => "T.38 refused".to_owned(),
            "fax" if event.detail.contains("G.711") => "fax as sound (G.711)".to_owned(),
            "fax" => "T.38 fax".to_owned(),
            "fax_end" => match event.detail.split_once(": ") {
                Some(("fax ended", how)) => foreign(how),
                Some(("fax failed", _)) => "the fax failed".to_owned(),
                _ => return,
            },
            "refer" => transfer(&event.detail, who),
            "refer_refused" => format!("transfer refused{}", code(event)),
            "transfer_progress" => match event.detail.split_once(" answers ") {
                Some((_, status)) if !status.starts_with('1') => {
                    format!("transfer target: {}", foreign(status))
                }
                _ => return,
            },
            _ => return,
        };
        // a refused offer of T.38 is told once
        let refusal = self.steps.last().is_some_and(|last| last.starts_with("change refused"));
        if step == "T.38 refused" && refusal {
            self.steps.pop();
            self.changes -= 1;
        }
        self.changes += 1;
        if self.changes <= MOST_CHANGES {
            self.timed(event, &step);
        }
    }

    /// Why the BYE that was just told came.
    fn expired(&mut self) {
        let bye = self.steps.last_mut().filter(|step| step.contains("(BYE"));
        match bye {
            Some(bye) => *bye = bye.replacen("(BYE", "(BYE, session timer expired", 1),
            None => self.say("session timer expired"),
        }
    }

    /// What a conference says of the caller of this call.
    fn is_caller(&self, detail: &str) -> bool {
        detail.strip_prefix(&self.call.from).is_some_and(|rest| rest.starts_with(' '))
    }

    /// BYE or CANCEL.
    fn end(&mut self, how: &str, event: &Event) {
        if self.ended || event.detail.starts_with("a change") {
            return;
        }
        self.tell_changes();
        self.ended = true;
        let why =
            event.detail.split_once(": ").map_or_else(String::new, |(_, why)| format!(", {}", foreign(why)));
        let who = by(self.call.ended_by).unwrap_or("caller");
        let step = match how {
            "CANCEL" => format!("cancelled by the {who}{}", why.replacen(", ", ": ", 1)),
            _ => format!("ended by the {who} ({how}{why})"),
        };
        self.timed(event, &step);
    }

    /// What the events left unsaid.
    fn close(&mut self) {
        if let Some(at) = self.call.answer.filter(|_| !self.answered) {
            self.answer(at);
        }
        self.tell_changes();
        if self.ended {
            return;
        }
        let last = match (self.call.outcome, self.call.ended_by) {
            (CallOutcome::AuthFailed, _) if self.credentials => "the credentials were refused".to_owned(),
            (CallOutcome::AuthFailed, _) => "the challenge was never met".to_owned(),
            (CallOutcome::Answered, EndedBy::Open) => {
                let open =
                    self.call.duration_s.map_or_else(String::new, |s| format!(" after {}", unbroken(s)));
                format!("still open{open} when the capture ended")
            }
            (CallOutcome::Ringing, _) => "still ringing when the capture ended".to_owned(),
            (_, EndedBy::Open) if self.steps.is_empty() => "no reply before the capture ended".to_owned(),
            (_, EndedBy::Open) => "no answer yet when the capture ended".to_owned(),
            (_, EndedBy::Timeout) if self.call.outcome_code.is_none() => "no reply".to_owned(),
            (_, EndedBy::Timeout) => "timed out".to_owned(),
            (_, who) => {
                let who = by(who).unwrap_or("network");
                format!("ended by the {who}{}", self.call.end.map_or_else(String::new, |at| self.after(at)))
            }
        };
        self.say(&last);
    }

    fn tell_changes(&mut self) {
        let more = self.changes.saturating_sub(MOST_CHANGES);
        self.changes = 0;
        if more > 0 {
            self.say(&format!("{more} more changes"));
        }
    }

    fn say(&mut self, step: &str) {
        self.steps.push(step.to_owned());
    }

    /// Says it unless it was said of this attempt.
    fn once(&mut self, step: &str) {
        if !self.steps[self.before..].iter().any(|said| said == step) {
            self.say(step);
        }
    }

    /// Says it with its time, unless it was said of this attempt before the answer.
    fn timed(&mut self, event: &Event, step: &str) {
        let said = |told: &String| told.strip_prefix(step).is_some_and(|rest| rest.starts_with(" after "));
        if self.answered || !self.steps[self.before..].iter().any(said) {
            self.say(&format!("{step}{}", self.after(event.at)));
        }
    }

    fn after(&self, at: Nanos) -> String {
        self.clock.map_or_else(String::new, |clock| format!(" after {}", unbroken(at.seconds_since(clock))))
    }
}

/// A duration that stays on one line.
fn unbroken(seconds: f64) -> String {
    duration(seconds).replace(' ', UNBROKEN.encode_utf8(&mut [0; 4]))
}

/// ` (183)` of `183 Session Progress: ...`.
fn code(event: &Event) -> String {
    let digits = event.detail.get(..3).filter(|code| code.bytes().all(|b| b.is_ascii_digit()));
    digits.map_or_else(String::new, |code| format!(" ({code})"))
}

fn by(who: EndedBy) -> Option<&'static str> {
    match who {
        EndedBy::Caller => Some("caller"),
        EndedBy::Callee => Some("callee"),
        EndedBy::Network => Some("network"),
        EndedBy::Timeout | EndedBy::Open => None,
    }
}

/// `the caller transfers the other side to sip:x, without asking there` in short.
fn transfer(detail: &str, who: &str) -> String {
    let how = if detail.ends_with("already there") { "attended" } else { "blind" };
    let target = detail.split_once(" to ").map_or("", |(_, rest)| rest);
    let target = target.rsplit_once(", ").map_or(target, |(target, _)| target);
    format!("{how} transfer by the {who} to {}", party(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(call: &Call) -> String {
        super::told(call).replace(UNBROKEN, " ")
    }

    /// Events as `ms kind|detail`, one frame each; a kind that begins with `+` shares the frame before it.
    fn call(
        outcome: CallOutcome,
        ended_by: EndedBy,
        end_ms: Option<i64>,
        events: &[(i64, &str, &str)],
    ) -> Call {
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
        use CallOutcome::{
            AnsweredElsewhere, AuthFailed, Busy, Cancelled, Failed, Redirected, Ringing, Setup,
        };
        let invite = (0, "invite", "sip:a calls sip:b");
        let again = (900, "invite", "sip:a calls sip:b, with credentials");
        let trying = (10, "trying", "100 Trying: the next hop works on it");
        let ringing = (500, "ringing", "180 Ringing: the phone rings");
        let challenged = (20, "challenged", "401 Unauthorized: the server asks for credentials");
        let refused = (1000, "challenged", "401 Unauthorized: the server asks for credentials");
        let busy = (2000, "busy", "486 Busy Here: the called side is busy");
        let late = (2000, "refused", "408 Request Timeout: the call is refused");
        let moved =
            (2000, "redirected", "302 Moved Temporarily: the call is sent elsewhere: sip:c@example.com");
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
            (
                Setup,
                EndedBy::Open,
                None,
                vec![invite, trying],
                "trying, no answer yet when the capture ended",
            ),
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
        let expected = "ringing (180) after 20.0 ms, picked up by call 2 after 700 ms, cancelled by the caller after 900 ms";
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
}
