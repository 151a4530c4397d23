//! Calls and findings, one row each. Column names follow the JSON report.

use airtone_engine::Report;
use airtone_engine::model::{Call, Finding};

use super::{Table, list, number, optional, text};
use crate::words::name;

const CALLS: &[&str] = &[
    "id",
    "from",
    "to",
    "outcome",
    "outcome_code",
    "outcome_reason",
    "ended_by",
    "start",
    "answer",
    "end",
    "post_dial_delay_s",
    "ring_s",
    "setup_s",
    "duration_s",
    "mos_worst",
    "mos_average",
    "mos_scale",
    "streams",
    "features",
    "dtmf",
    "call_ids",
];

pub(super) fn calls(report: &Report) -> Table {
    let mut table = Table::new(CALLS);
    table.rows = report.calls.iter().map(call).collect();
    table
}

fn call(call: &Call) -> Vec<String> {
    let digits: String = call.dtmf.iter().map(|digit| digit.digit.as_str()).collect();
    vec![
        call.id.to_string(),
        text(&call.from),
        text(&call.to),
        name(&call.outcome),
        number(call.outcome_code),
        optional(call.outcome_reason.as_deref()),
        name(&call.ended_by),
        number(call.start),
        number(call.answer),
        number(call.end),
        number(call.post_dial_delay_s),
        number(call.ring_s),
        number(call.setup_s),
        number(call.duration_s),
        number(call.mos.map(|mos| mos.worst)),
        number(call.mos.map(|mos| mos.average)),
        call.mos.map(|mos| name(&mos.scale)).unwrap_or_default(),
        list(&call.streams),
        list(&call.features),
        text(&digits),
        list(&call.call_ids),
    ]
}

pub(super) fn findings(report: &Report) -> Table {
    let mut table =
        Table::new(&["severity", "kind", "title", "detail", "call", "stream", "bssid", "frames", "filter"]);
    let row = |finding: &Finding| {
        vec![
            name(&finding.severity),
            text(&finding.kind),
            text(&finding.title),
            text(&finding.detail),
            number(finding.about.call),
            number(finding.about.stream),
            optional(finding.about.bssid.as_deref()),
            list(&finding.frames),
            text(&finding.filter),
        ]
    };
    table.rows = report.findings.iter().map(row).collect();
    table
}
