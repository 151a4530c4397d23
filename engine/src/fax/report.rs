//! What a fax adds to its call in the report: figures, how it ended, and its events.

use super::hdlc::Command;
use super::leg::{Leg, Way};
use super::t30::{Moment, Side, T30, What};
use super::{Session, Told};
use crate::media::Party;
use crate::model::{Call, Event, Fax, FaxDirection, FaxResult};

/// Adds it. The leg with most packets tells the story, all of them their figures.
pub(super) fn tell(session: &Session, call: &mut Call) {
    let most = session.legs.iter().map(Leg::packets).max();
    let Some(leg) = session.legs.iter().find(|leg| Some(leg.packets()) == most) else { return };
    let teller = Teller { leg, t30: &leg.t30, has_ended: call.end.is_some() };
    let (result, detail) = teller.result();
    let t30 = &leg.t30;
    let command = t30.command;
    let station = |party| {
        let side = [false, true]
            .into_iter()
            .find(|&side| teller.way(side).and_then(|way| way.sender) == Some(party))?;
        t30.stations[usize::from(side)].as_deref().map(str::to_owned)
    };
    let fax = Fax {
        result,
        detail: detail.clone(),
        pages: t30.taken.into(),
        pages_refused: t30.refused.into(),
        sender: t30.sender.and_then(|side| teller.way(side)?.sender).map(|party| name(party).into()),
        rate_bps: command.map(Command::rate_bps),
        modulation: command.map(|command| command.modulation().into()),
        error_correction: command.map(|command| command.ecm),
        caller_station: station(Party::Caller),
        callee_station: station(Party::Callee),
        version: session.version,
        directions: session.legs.iter().flat_map(|leg| leg.ways.iter().flatten()).map(direction).collect(),
    };
    call.events.extend(teller.events(&detail, result));
    call.events.sort_by_key(|event| (event.at, event.frame));
    call.fax = Some(Told::new(fax));
}

fn name(party: Party) -> &'static str {
    match party {
        Party::Caller => "caller",
        Party::Callee => "callee",
    }
}

fn direction(way: &Way) -> FaxDirection {
    let numbers = &way.numbers;
    let lost = numbers.lost();
    FaxDirection {
        source: way.source,
        destination: way.destination,
        direction: way.sender.map(|sender| match sender {
            Party::Caller => "caller_to_callee".into(),
            Party::Callee => "callee_to_caller".into(),
        }),
        first_frame: way.first_frame,
        last_frame: way.last_frame,
        start: way.start,
        duration_s: way.last.known_seconds_since(way.start),
        packets: numbers.came_once,
        expected: numbers.expected(),
        lost,
        repaired: numbers.repaired,
        unrepaired: lost.saturating_sub(numbers.repaired).saturating_sub(way.unclear),
        repeats: numbers.repeats,
        out_of_order: numbers.out_of_order,
        unread: way.unread,
        repair: way.repair.map(Into::into),
    }
}

struct Teller<'a> {
    leg: &'a Leg,
    t30: &'a T30,
    /// The call has.
    has_ended: bool,
}

impl<'a> Teller<'a> {
    fn way(&self, side: Side) -> Option<&'a Way> {
        self.leg.ways[usize::from(side)].as_ref()
    }

    fn who(&self, side: Side) -> &'static str {
        match self.way(side).and_then(|way| way.sender) {
            Some(party) => name(party),
            None => "other side",
        }
    }

    /// The result, in a word and in a few.
    fn result(&self) -> (FaxResult, String) {
        let t30 = self.t30;
        if t30.is_finished {
            let result = if t30.refused > 0 { FaxResult::PartlyConfirmed } else { FaxResult::Confirmed };
            return (result, self.pages());
        }
        let is_over = self.has_ended || t30.disconnected.is_some();
        let is_half = self.leg.ways.iter().any(Option::is_none);
        let (result, place) = match (is_over, is_half) {
            (_, true) => (FaxResult::Unknown, "only one direction was captured".to_owned()),
            (true, _) => (FaxResult::Failed, self.broke_off()),
            (false, _) => (FaxResult::Open, "the capture ended first".to_owned()),
        };
        let detail = if t30.taken > 0 { format!("{}, then {place}", self.pages()) } else { place };
        (result, detail)
    }

    /// `2 pages confirmed, 1 refused`.
    fn pages(&self) -> String {
        let t30 = self.t30;
        let refused = if t30.refused > 0 { format!(", {} refused", t30.refused) } else { String::new() };
        format!("{} confirmed{refused}", count(t30.taken, "page"))
    }

    /// Where it broke off.
    fn broke_off(&self) -> String {
        let t30 = self.t30;
        let page = t30.page();
        if let Some(end) = t30.unanswered() {
            return match t30.tries {
                0 | 1 => format!("page {page} was not confirmed: {end} had no answer"),
                tries => format!("page {page} was not confirmed: {tries} times {end} had no answer"),
            };
        }
        if t30.is_in_page {
            return format!("page {page} broke off");
        }
        if let Some(answer) = t30.refusal() {
            return format!("page {} was refused ({answer})", page.saturating_sub(1));
        }
        match (t30.is_identified, t30.command, t30.is_trained) {
            (_, Some(_), true) => format!("page {page} was never sent"),
            (_, Some(command), false) => {
                let tries = count(t30.commands, "attempt");
                format!("training at {} bit/s was not confirmed after {tries}", command.rate_bps())
            }
            (true, None, _) => "nobody answered the called machine (no DCS after its DIS)".to_owned(),
            (false, None, _) if t30.has_begun() => format!("page {page} was not confirmed"),
            (false, None, _) => "the called machine did not say what it can receive (no DIS)".to_owned(),
        }
    }

    fn events(&self, detail: &str, result: FaxResult) -> Vec<Event> {
        let mut events: Vec<Event> = self.t30.moments.iter().map(|moment| self.event(moment)).collect();
        let last = self.leg.ways.iter().flatten().max_by_key(|way| (way.last, way.last_frame));
        if let Some(way) = last.filter(|_| result != FaxResult::Open) {
            let end = self.t30.moments.iter().find(|m| matches!(m.what, What::Disconnected { .. }));
            let (frame, at) = end.map_or((way.last_frame, way.last), |moment| (moment.frame, moment.at));
            let how = match result {
                FaxResult::Confirmed | FaxResult::PartlyConfirmed => "fax ended",
                FaxResult::Failed => "fax failed",
                FaxResult::Open | FaxResult::Unknown => "fax",
            };
            events.push(event(frame, at, "fax_end", format!("{how}: {detail}")));
        }
        if self.t30.left_out > 0
            && let Some(last) = events.last()
        {
            let detail = format!("{} more moments of the fax are not kept", self.t30.left_out);
            events.push(event(last.frame, last.at, "more", detail));
        }
        events
    }

    fn event(&self, moment: &Moment) -> Event {
        let (kind, detail) = match moment.what {
            What::Tone { side, is_called: false } => {
                ("fax_tone", format!("the {} is a calling fax machine (CNG)", self.who(side)))
            }
            What::Tone { side, is_called: true } => {
                ("fax_tone", format!("the {} is an answering fax machine (CED)", self.who(side)))
            }
            What::Identified { side } => {
                ("fax_session", format!("the {} says what it can receive (DIS)", self.who(side)))
            }
            What::Commanded { side, command } => {
                let how = command.map_or_else(String::new, |c| {
                    let ecm = if c.ecm { " with error correction" } else { "" };
                    format!(" at {} bit/s, {}{ecm}", c.rate_bps(), c.modulation())
                });
                ("fax_session", format!("the {} wants to send{how} (DCS)", self.who(side)))
            }
            What::Trained { is_heard: true } => ("fax_session", "the training is heard (CFR)".to_owned()),
            What::Trained { is_heard: false } => ("fax_session", "the training failed (FTT)".to_owned()),
            What::PageEnd { number, end, is_again } => {
                let again = if is_again { " once more" } else { "" };
                ("fax_page", format!("page {number} ends{again} ({})", end.name()))
            }
            What::Page { number, end, answer, is_taken } => {
                let fate = if is_taken { "confirmed" } else { "refused" };
                ("fax_page", format!("page {number} is {fate} ({}, {})", end.name(), answer.name()))
            }
            What::Again { number } => {
                ("fax_page", format!("parts of page {number} are to be sent again (PPR)"))
            }
            What::Gap { side, packets } => {
                let lost = if packets == 1 { "is lost" } else { "are lost" };
                let packets = count(packets, "packet");
                ("fax_loss", format!("{packets} of the {} {lost} and not repaired", self.who(side)))
            }
            What::Disconnected { side } => {
                ("fax_session", format!("the {} disconnects (DCN)", self.who(side)))
            }
        };
        event(moment.frame, moment.at, kind, detail)
    }
}

fn event(frame: u64, at: crate::Nanos, kind: &'static str, detail: String) -> Event {
    Event { frame, at, kind: kind.into(), detail }
}

fn count(n: impl Into<u64>, one: &str) -> String {
    match n.into() {
        1 => format!("1 {one}"),
        n => format!("{n} {one}s"),
    }
}
