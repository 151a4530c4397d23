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
mod tests;
