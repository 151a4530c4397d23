//! The ladder of a call: its parties as columns, its SIP messages as arrows in the order of frames, RTP as bars
//! between them, digits and holds where they happened.
//!
//! [`Ladder`] says what is to be drawn; [`text`] and [`svg`] draw it. The messages come from the engine on
//! request (`Config::flows`), everything else from the report.

mod columns;
mod html;
mod labels;
mod ladder;
mod svg;
mod text;

use std::collections::BTreeMap;
use std::io::{self, Write};

use airtone_engine::Report;
use airtone_engine::flow::Flow;

use self::ladder::Ladder;
use crate::text::Style;

/// Writes the ladder for a terminal.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut impl Write, report: &Report, flow: &Flow, style: Style) -> io::Result<()> {
    out.write_all(text::page(report, &Ladder::new(report, flow), style).as_bytes())
}

/// The ladder as one `<svg>` element without outside references, light or dark as its reader prefers. Ids in it
/// begin with `flow` and the call's number, so that many fit into one page.
#[must_use]
pub fn svg(report: &Report, flow: &Flow) -> String {
    svg::draw(&Ladder::new(report, flow))
}

/// The ladder as a page of its own.
#[must_use]
pub fn html(report: &Report, flow: &Flow) -> String {
    html::page(&Ladder::new(report, flow))
}

/// Writes the messages themselves, with `schema` as in the report.
///
/// # Errors
/// Those of `out`.
pub fn json(out: &mut impl Write, flow: &Flow, compact: bool) -> io::Result<()> {
    let layout = if compact { crate::json::Layout::Compact } else { crate::json::Layout::Pretty };
    crate::json::named(out, "flow", flow, layout)
}

/// The ladders of many calls as [`svg`] draws them, by call: for a page that shows all of them.
#[must_use]
pub fn drawings(report: &Report, flows: &[Flow]) -> BTreeMap<u32, String> {
    flows.iter().map(|flow| (flow.call, svg(report, flow))).collect()
}

/// The calls that are worth a ladder in a report of many: those with findings first, then the others, at most
/// `most`, by id.
#[must_use]
pub fn worth_drawing(report: &Report, most: usize) -> Vec<u32> {
    let named = |id: u32| report.findings.iter().any(|finding| finding.about.call == Some(id));
    let mut chosen: Vec<(bool, u32)> = report.calls.iter().map(|call| (!named(call.id), call.id)).collect();
    chosen.sort_unstable();
    chosen.truncate(most);
    let mut ids: Vec<u32> = chosen.into_iter().map(|(_, id)| id).collect();
    ids.sort_unstable();
    ids
}
