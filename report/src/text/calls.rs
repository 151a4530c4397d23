//! Calls: a block each with its streams in the whole report, a row each in their own view.

use airtone_engine::Report;
use airtone_engine::model::{Call, CallOutcome, Stream};

use super::page::Page;
use super::paint::Tone;
use super::select::{Named, tell_rest, worst};
use super::table::{Cell, Column, Table};
use super::units::{dash, duration, foreign, ids, mos, or_dash, party, time_of_day};
use super::{fax, story, streams};
use crate::words::words;

pub(crate) fn section(page: &mut Page, report: &Report) {
    if report.calls.is_empty() {
        return;
    }
    page.heading("CALLS");
    let named = Named::new(report);
    let shown = worst(&report.calls, |call| {
        let is_named =
            named.calls.contains(&call.id) || call.streams.iter().any(|id| named.streams.contains(id));
        match call.outcome {
            _ if is_named => 0,
            CallOutcome::Failed | CallOutcome::Rejected | CallOutcome::AuthFailed => 1,
            _ => 2,
        }
    });
    for (at, call) in shown.iter().enumerate() {
        if at > 0 {
            page.gap();
        }
        block(page, report, call);
    }
    tell_rest(page, 0, report.calls.len(), shown.len(), "calls", "calls");
}

fn block(page: &mut Page, report: &Report, call: &Call) {
    let label = format!("Call {}  {}", call.id, outcome(call));
    page.labelled(0, 2, &label, tone(call), &format!("  {} > {}", party(&call.from), party(&call.to)));
    page.hanging(2, 2, &story(page, call));
    if let Some(figures) = call.mos {
        let (low, mean) =
            (mos(figures.worst, Some(figures.scale)), mos(figures.average, Some(figures.scale)));
        page.toned(2, Tone::of_mos(figures.worst), &format!("MOS-LQ: worst {low}, average {mean}"));
    }
    extras(page, call);
    fax::of_call(page, call);
    let own: Vec<&Stream> = call.streams.iter().filter_map(|&id| find(report, id)).collect();
    if own.is_empty() {
        if call.outcome == CallOutcome::Answered && call.fax.is_none() {
            page.toned(2, Tone::Poor, "No RTP stream of it was seen.");
        }
        return;
    }
    streams::of_call(page, &own);
}

/// Streams have ids from 1 in their order; a report that says otherwise is searched.
fn find(report: &Report, id: u32) -> Option<&Stream> {
    let guess = report.streams.get((id as usize).wrapping_sub(1)).filter(|stream| stream.id == id);
    guess.or_else(|| report.streams.iter().find(|stream| stream.id == id))
}

fn extras(page: &mut Page, call: &Call) {
    if !call.features.is_empty() {
        let features: Vec<_> =
            call.features.iter().map(|feature| foreign(&feature.replace('_', " "))).collect();
        page.hanging(2, 4, &format!("With {}", features.join(", ")));
    }
    if !call.dtmf.is_empty() {
        page.hanging(2, 4, &format!("DTMF: {}", digits(call)));
    }
    if call.call_ids.len() > 1 {
        let mut why: Vec<String> = Vec::new();
        for event in call.events.iter().filter(|event| event.kind == "leg") {
            let proof = event.detail.split_once("Call-ID: ").map(|(_, proof)| foreign(proof));
            why.extend(proof.filter(|proof| !why.contains(proof)));
        }
        let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
        page.hanging(2, 4, &format!("Joined from {} Call-IDs{why}", call.call_ids.len()));
    }
}

/// `1234# from the caller (rfc4733)`, one part per sender and method in order of their first digit.
pub(crate) fn digits(call: &Call) -> String {
    let mut parts: Vec<(&str, &str, String)> = Vec::new();
    for digit in &call.dtmf {
        let text =
            if digit.digit.chars().count() > 1 { format!("({})", digit.digit) } else { digit.digit.clone() };
        match parts.iter_mut().find(|part| part.0 == digit.from && part.1 == digit.method) {
            Some(part) => part.2.push_str(&text),
            None => parts.push((&digit.from, &digit.method, text)),
        }
    }
    let one = |(from, method, digits): &(&str, &str, String)| {
        format!("{} from {} ({})", foreign(digits), foreign(from), foreign(method))
    };
    parts.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// When it began, and what happened then.
fn story(page: &Page, call: &Call) -> String {
    let told = story::told(call);
    match call.start {
        Some(start) => format!("At {} s ({}): {told}", page.relative(start), time_of_day(start)),
        None => told,
    }
}

/// `busy (486 Busy Here)`; the reason of an answered call is that of its end, which its story tells.
fn outcome(call: &Call) -> String {
    let reason = call.outcome_reason.as_deref().map(foreign);
    let detail = match (call.outcome_code, reason) {
        _ if call.outcome == CallOutcome::Answered => return words(&call.outcome),
        (None, None) => return words(&call.outcome),
        (Some(code), Some(reason)) => format!("{code} {reason}"),
        (Some(code), None) => code.to_string(),
        (None, Some(reason)) => reason,
    };
    format!("{} ({detail})", words(&call.outcome))
}

fn tone(call: &Call) -> Tone {
    match call.outcome {
        CallOutcome::Answered | CallOutcome::AnsweredElsewhere => Tone::Good,
        CallOutcome::Failed | CallOutcome::AuthFailed => Tone::Bad,
        CallOutcome::Rejected => Tone::Poor,
        _ => Tone::Strong,
    }
}

const COLUMNS: &[Column] = &[
    Column::figure(0, "#"),
    Column::figure(3, "Start s"),
    Column::text(5, "Time of day"),
    Column::text(0, "From").spill(""),
    Column::text(0, "To").spill(" > "),
    Column::text(0, "Outcome"),
    Column::figure(1, "Code"),
    Column::text(4, "Reason"),
    Column::text(3, "Ended by"),
    Column::figure(5, "First reply"),
    Column::figure(5, "Rang"),
    Column::figure(2, "Talked"),
    Column::figure(0, "MOS-LQ"),
    Column::figure(6, "Average"),
    Column::text(4, "Streams"),
    Column::text(6, "DTMF"),
    Column::text(7, "With"),
];

pub(crate) fn table(page: &mut Page, report: &Report) {
    if report.calls.is_empty() {
        page.paragraph(0, "No SIP call in this capture.");
        return;
    }
    let mut table = Table::new(COLUMNS);
    for call in &report.calls {
        table.row(row(page, call));
    }
    page.table(0, &table);
    if report.calls.iter().any(|call| call.mos.is_some()) {
        page.gap();
        page.toned(0, Tone::Dim, "MOS-LQ: of the worst stream of the call, on its scale (nb, wb, fb).");
    }
}

fn row(page: &Page, call: &Call) -> Vec<Cell> {
    let digits: String = call.dtmf.iter().map(|digit| foreign(&digit.digit)).collect();
    let features: Vec<_> = call.features.iter().map(|feature| foreign(feature)).collect();
    let rating = |value: f64, scale| Cell::new(mos(value, Some(scale)), Tone::of_mos(value));
    vec![
        call.id.to_string().into(),
        or_dash(call.start, |at| page.relative(at)).into(),
        or_dash(call.start, time_of_day).into(),
        party(&call.from).into(),
        party(&call.to).into(),
        Cell::new(words(&call.outcome), tone(call)),
        or_dash(call.outcome_code, |code| code.to_string()).into(),
        call.outcome_reason.as_deref().map_or_else(dash, foreign).into(),
        words(&call.ended_by).into(),
        or_dash(call.post_dial_delay_s, duration).into(),
        or_dash(call.ring_s, duration).into(),
        or_dash(call.duration_s.filter(|_| call.answer.is_some()), duration).into(),
        call.mos.map_or_else(|| dash().into(), |figures| rating(figures.worst, figures.scale)),
        call.mos.map_or_else(|| dash().into(), |figures| rating(figures.average, figures.scale)),
        ids(&call.streams).into(),
        digits.into(),
        features.join(" ").into(),
    ]
}
