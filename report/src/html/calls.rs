//! Calls: a table to sort and filter; below the figures of each call its story, which opens to events and streams.

use airtone_engine::model::{Call, CallOutcome, Stream};
use airtone_engine::{Nanos, Report};

use super::Page;
use super::figures::{mos_badge, plain_cell, relative, trimmed};
use super::{inserts, room, streams};
use crate::markup::Markup;
use crate::text::calls::digits;
use crate::text::units::{dash, duration, or_dash, party, time_of_day};
use crate::text::{fax, story};
use crate::words::words;

/// Events of one call that are shown; a session timer can make thousands.
const MOST_EVENTS: usize = 200;

/// Titles of the columns: text, or figures (`n`).
const COLUMNS: &str = "<thead><tr><th scope=col class=n>#</th><th scope=col class=n>Start s</th><th scope=col>From</th>\
    <th scope=col>To</th><th scope=col>Outcome</th><th scope=col class=n>Worst MOS-LQ</th>\
    <th scope=col class=n>Rang</th><th scope=col class=n>Talked</th></tr></thead>\n";

pub(super) fn section(m: &mut Markup, page: &Page<'_>) {
    let report = page.report;
    if report.calls.is_empty() {
        return;
    }
    m.put("<section id=calls aria-labelledby=h-calls><h2 id=h-calls>Calls</h2>\n");
    room::remark(m, report);
    m.put("<div class=scroll tabindex=0><table class=\"calls sortable\" data-page=50 data-find=\"calls\">");
    m.put("<caption>Start: seconds after the first frame. MOS-LQ: of the worst stream of the call, on the ");
    m.put("narrowband (nb), wideband (wb) or fullband (fb) scale.</caption>\n");
    m.put(COLUMNS);
    for call in &report.calls {
        row(m, page, call);
    }
    m.put("</table></div></section>\n");
}

fn row(m: &mut Markup, page: &Page<'_>, call: &Call) {
    let origin = page.report.capture.first;
    let talked = call.duration_s.filter(|_| call.answer.is_some());
    m.put("<tbody><tr class=head><td>").show(call.id);
    let start = call.start.map_or(Nanos::UNKNOWN, |at| at);
    let since = origin.and_then(|origin| start.known_seconds_since(origin));
    plain_cell(m, &relative(origin, start), since);
    m.put("<td>").text(&party(&call.from)).put("<td>").text(&party(&call.to));
    outcome(m, call);
    m.put("<td").attr("data-v", &call.mos.map_or_else(String::new, |mos| trimmed(mos.worst))).put(">");
    mos_badge(m, call.mos.map(|mos| mos.worst), call.mos.map(|mos| mos.scale));
    plain_cell(m, &or_dash(call.ring_s, duration), call.ring_s);
    plain_cell(m, &or_dash(talked, duration), talked);
    m.put("\n<tr class=more><td colspan=8><details><summary>").text(&story::told(call));
    m.put("</summary><div class=body").attr("id", &format!("call-{}", call.id)).put(">");
    body(m, page, call);
    m.put("</div></details>\n");
}

fn outcome(m: &mut Markup, call: &Call) {
    let class = match call.outcome {
        CallOutcome::Answered | CallOutcome::AnsweredElsewhere => "good",
        CallOutcome::Failed | CallOutcome::AuthFailed => "bad",
        CallOutcome::Rejected => "poor",
        _ => "",
    };
    m.put("<td><span class=\"outcome ").put(class).put("\">").show(words(&call.outcome)).put("</span>");
    if let Some(code) = call.outcome_code.filter(|_| call.outcome != CallOutcome::Answered) {
        m.put(" <span class=quiet>").show(code).put("</span>");
    }
}

fn body(m: &mut Markup, page: &Page<'_>, call: &Call) {
    facts(m, call);
    inserts::ladder(m, page.inserts, call.id);
    events(m, page.report, call);
    let mut own: Vec<&Stream> = call.streams.iter().filter_map(|&id| find(page.report, id)).collect();
    // In the same order in every call, so that the eye finds the one direction or the other.
    own.sort_by_key(|stream| match stream.direction.as_deref() {
        Some("caller_to_callee") => 0,
        Some("callee_to_caller") => 1,
        _ => 2,
    });
    if own.is_empty() && call.outcome == CallOutcome::Answered && call.fax.is_none() {
        m.put("<p>No RTP stream of this call was seen.</p>");
    }
    inserts::sound(m, page.inserts, call.id);
    own.into_iter().for_each(|stream| streams::card(m, page, stream, streams::Level::Call));
}

/// Streams have ids from 1 in their order; a report that says otherwise is searched.
fn find(report: &Report, id: u32) -> Option<&Stream> {
    let guess = report.streams.get((id as usize).wrapping_sub(1)).filter(|stream| stream.id == id);
    guess.or_else(|| report.streams.iter().find(|stream| stream.id == id))
}

fn facts(m: &mut Markup, call: &Call) {
    m.put("<ul class=facts>");
    let mut fact = |name: &'static str, value: &str| {
        if !value.is_empty() && value != "-" {
            m.put("<li><i>").put(name).put("</i> ").text(value);
        }
    };
    fact("Time of day", &or_dash(call.start, time_of_day));
    fact("Ended by", &words(&call.ended_by));
    fact("Reason", call.outcome_reason.as_deref().unwrap_or_default());
    fact("Post-dial delay", &call.post_dial_delay_s.map_or_else(dash, duration));
    fact("Set-up", &call.setup_s.map_or_else(dash, duration));
    fact("With", &call.features.join(", ").replace('_', " "));
    fact("DTMF", &digits(call));
    fact("Fax", &call.fax.as_deref().map_or_else(dash, fax::told));
    fact(if call.call_ids.len() > 1 { "Call-IDs" } else { "Call-ID" }, &call.call_ids.join(", "));
    m.put("</ul>");
}

fn events(m: &mut Markup, report: &Report, call: &Call) {
    if call.events.is_empty() {
        return;
    }
    let origin = report.capture.first;
    m.put("<table class=events><caption>Events</caption><thead><tr><th scope=col>Frame<th scope=col>At s");
    m.put("<th scope=col>Event<th scope=col>What<tbody>");
    for event in call.events.iter().take(MOST_EVENTS) {
        m.put("<tr><td>").show(event.frame).put("<td>").text(&relative(origin, event.at));
        m.put("<td>").text(&event.kind.replace('_', " ")).put("<td>").text(&event.detail);
    }
    m.put("</table>");
    let rest = call.events.len().saturating_sub(MOST_EVENTS);
    if rest > 0 {
        m.put("<p class=quiet>").show(rest).put(" more events are in the JSON report.</p>");
    }
}
