//! SIP statistics: methods, codes, the figures of RFC 6076, registrations.

use std::collections::BTreeMap;

use airtone_engine::Report;
use airtone_engine::model::{RegistrationOutcome, Rfc6076};

use super::figures::{ms, number_cell, percent, relative};
use crate::markup::Markup;
use crate::text::units::{dash, grouped, or_dash, party};
use crate::words::words;

pub(super) fn is_there(report: &Report) -> bool {
    let sip = &report.sip;
    !(sip.requests.is_empty() && sip.responses.is_empty() && sip.registrations.is_empty())
}

pub(super) fn section(m: &mut Markup, report: &Report) {
    if !is_there(report) {
        return;
    }
    m.put("<section id=sip aria-labelledby=h-sip><h2 id=h-sip>SIP</h2>\n<div class=columns>");
    counts(m, "<caption>Requests</caption>", "Method", &report.sip.requests);
    counts(m, "<caption>Responses</caption>", "Code", &report.sip.responses);
    metrics(m, &report.sip.rfc6076);
    m.put("</div>\n");
    if report.sip.retransmissions > 0 {
        m.put("<p>")
            .text(&grouped(report.sip.retransmissions))
            .put(" messages were sent again on the same leg.</p>\n");
    }
    registrations(m, report);
    m.put("</section>\n");
}

fn counts(m: &mut Markup, caption: &'static str, what: &'static str, counts: &BTreeMap<String, u64>) {
    if counts.is_empty() {
        return;
    }
    m.put("<table class=small>").put(caption).put("<thead><tr><th scope=col>").put(what);
    m.put("</th><th scope=col class=n>Count</th></tr></thead><tbody>");
    for (name, n) in counts {
        m.put("<tr><th scope=row>").text(name).put("</th><td class=n>").text(&grouped(*n)).put("</td></tr>");
    }
    m.put("</tbody></table>\n");
}

fn metrics(m: &mut Markup, figures: &Rfc6076) {
    let rows: [(&'static str, Option<String>); 7] = [
        ("Registration request delay (RRD)", figures.rrd_ms.map(ms)),
        ("Session request delay (SRD)", figures.srd_ms.map(ms)),
        ("Session disconnect delay (SDD)", figures.sdd_ms.map(ms)),
        ("Session establishment ratio (SER)", figures.ser_percent.map(percent)),
        ("Establishment effectiveness (SEER)", figures.seer_percent.map(percent)),
        ("Ineffective session attempts (ISA)", figures.isa_percent.map(percent)),
        ("Session completion ratio (SCR)", figures.scr_percent.map(percent)),
    ];
    if rows.iter().all(|row| row.1.is_none()) {
        return;
    }
    m.put("<table class=small><caption>Performance, RFC 6076</caption><thead><tr><th scope=col>Metric</th>");
    m.put("<th scope=col class=n>Value</th></tr></thead><tbody>");
    for (name, value) in &rows {
        let Some(value) = value else { continue };
        m.put("<tr><th scope=row>").put(name).put("</th><td class=n>").text(value).put("</td></tr>");
    }
    m.put("</tbody></table>\n");
}

fn registrations(m: &mut Markup, report: &Report) {
    if report.sip.registrations.is_empty() {
        return;
    }
    m.put("<div class=scroll tabindex=0><table class=sortable data-page=100 data-find=registrations><caption>Registrations</caption>");
    m.put("<thead><tr><th scope=col class=n>At s</th><th scope=col>Of</th><th scope=col>Contact</th><th scope=col>Outcome</th>");
    m.put(
        "<th scope=col class=n>Code</th><th scope=col class=n>Granted s</th><th scope=col class=n>Took</th>",
    );
    m.put("<th scope=col class=n>Frame</th></tr></thead>\n");
    for one in &report.sip.registrations {
        use RegistrationOutcome::{AuthFailed, NoReply, Rejected};
        let class = if matches!(one.outcome, AuthFailed | NoReply | Rejected) { "bad" } else { "good" };
        m.put("<tbody><tr>");
        let since = report.capture.first.and_then(|first| one.at.known_seconds_since(first));
        number_cell(m, &relative(report.capture.first, one.at), since, "");
        m.put("<td>").text(&party(&one.aor)).put("</td><td>").text(one.contact.as_deref().unwrap_or("–"));
        m.put("</td><td><span class=\"outcome ")
            .put(class)
            .put("\">")
            .show(words(&one.outcome))
            .put("</span></td>");
        number_cell(m, &or_dash(one.code, |code| code.to_string()), one.code.map(f64::from), "");
        number_cell(m, &or_dash(one.expires_s, |s| s.to_string()), one.expires_s.map(|s| s as f64), "");
        number_cell(m, &one.round_trip_ms.map_or_else(dash, ms), one.round_trip_ms, "");
        number_cell(m, &one.frame.to_string(), Some(one.frame as f64), "");
        m.put("</tr></tbody>\n");
    }
    m.put("</table></div>\n");
}
