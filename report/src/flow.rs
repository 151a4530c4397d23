//! The ladder of a call: its parties as columns, its SIP messages as arrows in the order of frames, RTP as bars
//! between them, digits and holds where they happened.
//!
//! A ladder says what is to be drawn; text and SVG draw it. The messages come from the engine on
//! request (`Config::flows`), everything else from the report.

mod columns;
mod fax;
mod html;
mod labels;
pub(crate) mod ladder;
pub(crate) mod svg;
mod text;

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

/// The ladder as one `<svg>` element without outside references, light or dark as its reader prefers.
#[must_use]
pub fn svg(report: &Report, flow: &Flow) -> String {
    svg::draw(&Ladder::new(report, flow), svg::Place::Alone).into_string()
}

/// The ladder as a page of its own.
#[must_use]
pub fn html(report: &Report, flow: &Flow) -> String {
    html::page(&Ladder::new(report, flow)).into_string()
}

/// Writes the messages themselves, with `schema` as in the report.
///
/// # Errors
/// Those of `out`.
pub fn json(out: &mut impl Write, flow: &Flow, compact: bool) -> io::Result<()> {
    let layout = if compact { crate::json::Layout::Compact } else { crate::json::Layout::Pretty };
    crate::json::named(out, "flow", flow, layout)
}
