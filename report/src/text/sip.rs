//! SIP statistics, the figures of RFC 6076, and registrations.

use std::collections::BTreeMap;

use airtone_engine::Report;
use airtone_engine::model::{Registration, RegistrationOutcome, Sip};

use super::page::Page;
use super::paint::Tone;
use super::select::{tell_rest, worst};
use super::table::{Cell, Column, Table};
use super::units::{dash, foreign, foreign_or_dash, grouped, millis, or_dash, party, share, time_of_day};
use crate::words::words;

pub(crate) fn section(page: &mut Page, report: &Report) {
    if is_empty(&report.sip) {
        return;
    }
    page.heading("SIP");
    statistics(page, 2, &report.sip);
    let all = &report.sip.registrations;
    if all.is_empty() {
        return;
    }
    let shown = worst(all, |one| u32::from(!is_failure(one.outcome)));
    page.gap();
    table(page, 2, &shown);
    tell_rest(page, 2, all.len(), shown.len(), "registrations", "sip");
}

pub(crate) fn view(page: &mut Page, report: &Report) {
    if is_empty(&report.sip) {
        page.paragraph(0, "No SIP in this capture.");
        return;
    }
    statistics(page, 0, &report.sip);
    if !report.sip.registrations.is_empty() {
        page.heading("REGISTRATIONS");
        table(page, 0, &report.sip.registrations.iter().collect::<Vec<_>>());
    }
}

fn is_empty(sip: &Sip) -> bool {
    sip.requests.is_empty() && sip.responses.is_empty() && sip.registrations.is_empty()
}

fn is_failure(outcome: RegistrationOutcome) -> bool {
    use RegistrationOutcome::{AuthFailed, NoReply, Rejected};
    matches!(outcome, AuthFailed | NoReply | Rejected)
}

fn statistics(page: &mut Page, indent: usize, sip: &Sip) {
    let mut line = |label: &str, text: String| {
        if !text.is_empty() {
            page.labelled(indent, indent + 11, &format!("{label:<11}"), Tone::Dim, &text);
        }
    };
    line("Requests", tally(&sip.requests));
    line("Responses", tally(&sip.responses));
    if sip.retransmissions > 0 {
        line("Sent again", grouped(sip.retransmissions));
    }
    let figures = &sip.rfc6076;
    line(
        "Delays",
        named(
            &[
                ("registration", figures.rrd_ms),
                ("session set-up", figures.srd_ms),
                ("disconnect", figures.sdd_ms),
            ],
            |ms| format!("{} ms", millis(ms)),
        ),
    );
    line(
        "Ratios",
        named(
            &[
                ("established (SER)", figures.ser_percent),
                ("effective (SEER)", figures.seer_percent),
                ("ineffective (ISA)", figures.isa_percent),
                ("completed (SCR)", figures.scr_percent),
            ],
            |percent| format!("{} %", share(percent)),
        ),
    );
}

/// `ACK 3, INVITE 4`.
fn tally(counts: &BTreeMap<String, u64>) -> String {
    counts.iter().map(|(what, n)| format!("{} {}", foreign(what), grouped(*n))).collect::<Vec<_>>().join(", ")
}

fn named(figures: &[(&str, Option<f64>)], text: impl Fn(f64) -> String) -> String {
    let known =
        figures.iter().filter_map(|(name, value)| value.map(|value| format!("{name} {}", text(value))));
    known.collect::<Vec<_>>().join(", ")
}

fn table(page: &mut Page, indent: usize, registrations: &[&Registration]) {
    let mut table = Table::new(&[
        Column::figure(1, "At s"),
        Column::text(5, "Time of day"),
        Column::text(0, "Registration of").spill(""),
        Column::text(4, "Contact"),
        Column::text(0, "Outcome"),
        Column::figure(0, "Code"),
        Column::figure(2, "Expires s"),
        Column::figure(2, "Took ms"),
        Column::figure(3, "Frame"),
    ]);
    for one in registrations {
        let tone = if is_failure(one.outcome) { Tone::Bad } else { Tone::Plain };
        table.row(vec![
            page.relative(one.at).into(),
            time_of_day(one.at).into(),
            party(&one.aor).into(),
            foreign_or_dash(one.contact.as_deref()).into(),
            Cell::new(words(&one.outcome), tone),
            or_dash(one.code, |code| code.to_string()).into(),
            or_dash(one.expires_s, |seconds| seconds.to_string()).into(),
            one.round_trip_ms.map_or_else(dash, millis).into(),
            one.frame.to_string().into(),
        ]);
    }
    page.table(indent, &table);
}
