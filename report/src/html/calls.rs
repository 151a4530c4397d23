//! Calls: a table to sort and filter; below the figures of each call its story, which opens to events and streams.

use airtone_engine::model::{Call, CallOutcome, Stream};
use airtone_engine::{Nanos, Report};

use super::Page;
use super::figures::{mos_badge, number_cell, relative};
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
    if report.streams.len() > room::CHARTS {
        m.put("<p class=quiet>In a report of this size only the ").show(room::CHARTS);
        m.put(" worst streams have charts; figures are there for all.</p>\n");
    }
    m.put("<div class=scroll tabindex=0><table class=\"calls sortable\" data-page=50 data-find=\"calls\">");
    m.put(
        "<caption>Start: seconds after the first frame. MOS-LQ: of the worst stream of the call.</caption>\n",
    );
    m.put(COLUMNS);
    for call in &report.calls {
        row(m, page, call);
    }
    m.put("</table></div></section>\n");
}

fn row(m: &mut Markup, page: &Page<'_>, call: &Call) {
    let origin = page.report.capture.first;
    let talked = call.duration_s.filter(|_| call.answer.is_some());
    m.put("<tbody><tr class=head><td class=n>").show(call.id).put("</td>");
    let start = call.start.map_or(Nanos::UNKNOWN, |at| at);
    let since = origin.and_then(|origin| start.known_seconds_since(origin));
    number_cell(m, &relative(origin, start), since, "");
    m.put("<td>").text(&party(&call.from)).put("</td><td>").text(&party(&call.to)).put("</td>");
    outcome(m, call);
    m.put("<td class=n")
        .attr("data-v", &call.mos.map_or_else(String::new, |mos| format!("{:.3}", mos.worst)));
    m.put(">");
    mos_badge(m, call.mos.map(|mos| mos.worst), call.mos.map(|mos| mos.scale));
    m.put("</td>");
    number_cell(m, &or_dash(call.ring_s, duration), call.ring_s, "");
    number_cell(m, &or_dash(talked, duration), talked, "");
    m.put("</tr>\n<tr class=more><td colspan=8><details><summary>").text(&story::told(call));
    m.put("</summary><div class=body").attr("id", &format!("call-{}", call.id)).put(">");
    body(m, page, call);
    m.put("</div></details></td></tr></tbody>\n");
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
    m.put("</td>");
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
    m.put("<dl class=facts>");
    let mut fact = |name: &'static str, value: &str| {
        if !value.is_empty() && value != "-" {
            m.put("<div><dt>").put(name).put("</dt><dd>").text(value).put("</dd></div>");
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
    m.put("</dl>");
}

fn events(m: &mut Markup, report: &Report, call: &Call) {
    if call.events.is_empty() {
        return;
    }
    let origin = report.capture.first;
    m.put("<table class=events><caption>Events</caption><thead><tr><th scope=col class=n>Frame<th scope=col class=n>At s");
    m.put("<th scope=col>Event<th scope=col>What</tr></thead><tbody>");
    for event in call.events.iter().take(MOST_EVENTS) {
        m.put("<tr><td class=n>").show(event.frame).put("<td class=n>").text(&relative(origin, event.at));
        m.put("<td>").text(&event.kind.replace('_', " ")).put("<td>").text(&event.detail).put("</tr>");
    }
    m.put("</tbody></table>");
    let rest = call.events.len().saturating_sub(MOST_EVENTS);
    if rest > 0 {
        m.put("<p class=quiet>").show(rest).put(" more events are in the JSON report.</p>");
    }
}
