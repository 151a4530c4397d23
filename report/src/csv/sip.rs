//! SIP statistics as rows of kind, name and value; registrations, one row each.

use airtone_engine::Report;
use airtone_engine::model::Registration;

use super::{Table, number, optional, text};
use crate::words::name;

/// Every SIP statistic as kind, name and value.
pub(super) fn statistics(report: &Report) -> Table {
    let sip = &report.sip;
    let mut table = Table::new(&["kind", "name", "value"]);
    for (method, count) in &sip.requests {
        table.rows.push(vec!["request".to_owned(), text(method), count.to_string()]);
    }
    for (code, count) in &sip.responses {
        table.rows.push(vec!["response".to_owned(), text(code), count.to_string()]);
    }
    table.rows.push(vec!["total".to_owned(), "retransmissions".to_owned(), sip.retransmissions.to_string()]);
    let figures = &sip.rfc6076;
    for (name, value) in [
        ("rrd_ms", figures.rrd_ms),
        ("srd_ms", figures.srd_ms),
        ("sdd_ms", figures.sdd_ms),
        ("ser_percent", figures.ser_percent),
        ("seer_percent", figures.seer_percent),
        ("isa_percent", figures.isa_percent),
        ("scr_percent", figures.scr_percent),
    ] {
        table.rows.push(vec!["rfc6076".to_owned(), name.to_owned(), number(value)]);
    }
    table
}

pub(super) fn registrations(report: &Report) -> Table {
    let mut table =
        Table::new(&["aor", "contact", "outcome", "expires_s", "code", "at", "frame", "round_trip_ms"]);
    let row = |one: &Registration| {
        vec![
            text(&one.aor),
            optional(one.contact.as_deref()),
            name(&one.outcome),
            number(one.expires_s),
            number(one.code),
            number(one.at.known()),
            one.frame.to_string(),
            number(one.round_trip_ms),
        ]
    };
    table.rows = report.sip.registrations.iter().map(row).collect();
    table
}
