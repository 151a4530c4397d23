//! The ladder of a call: its parties as columns, its SIP messages as arrows in the order of frames, RTP as bars
//! between them, digits and holds where they happened.
//!
//! A ladder says what is to be drawn; text and SVG draw it. The messages come from the engine on
//! request (`Config::flows`), everything else from the report.

mod columns;
mod fax;
mod html;
pub(crate) mod labels;
pub(crate) mod ladder;
mod lanes;
pub(crate) mod svg;
mod text;

use std::io::{self, Write};

use airtone_engine::Report;
use airtone_engine::flow::Flow;

use self::ladder::Ladder;
use crate::text::Style;

/// Calls of one story that are drawn.
const MOST_CALLS: usize = 16;

/// The calls related with this one, and those related with them, in order: the call that asked the target of a
/// transfer is related only with the one that the transfer made.
#[must_use]
pub fn story_of(call: u32, report: &Report) -> Vec<u32> {
    let mut story = vec![call];
    let mut next = 0;
    while let Some(&id) = story.get(next).filter(|_| story.len() < MOST_CALLS) {
        next += 1;
        let Ok(place) = report.calls.binary_search_by_key(&id, |call| call.id) else { continue };
        for &other in &report.calls[place].related {
            if !story.contains(&other) {
                story.push(other);
            }
        }
    }
    story.retain(|&id| id != call);
    story.sort_unstable();
    story
}

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
