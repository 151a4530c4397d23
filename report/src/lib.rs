//! Airtone's report as text, JSON, JSON Lines, CSV and HTML: one module per format over the same model.
//!
//! Every format offers the same [`View`]s, so that a door only chooses a format and a view:
//!
//! * [`text`]: for a person; columns are chosen by the width of the terminal, colour is on request.
//! * [`json`]: the contract `airtone.report/1`, whole or one section of it.
//! * [`jsonl`]: one object per line, each with its `type`.
//! * [`flow`]: the ladder of one call, as text and SVG.
//! * [`csv`]: flat tables for spreadsheets and scripts.
//! * [`html`]: one page for a browser, always the whole report.
//!
//! Text that came from the wire (SIP headers, network names) is made harmless on its way out: see [`escape`].

pub mod csv;
pub mod escape;
pub mod flow;
pub mod html;
pub mod json;
pub mod jsonl;
pub mod markup;
mod silences;
pub mod text;
pub mod wave;
mod words;

/// Which part of a report is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Everything.
    Report,
    /// One row per call.
    Calls,
    /// One row per RTP stream.
    Streams,
    /// SIP statistics and registrations.
    Sip,
    /// BSSs, outages, stations and roams.
    Wifi,
    /// What to look at first.
    Findings,
}
