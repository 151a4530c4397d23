//! The report for a person: what was read and the worst of it first, then findings, calls with their streams,
//! streams without a call, Wi-Fi, SIP, and what the capture itself lacks. Empty sections are left out.
//!
//! Times are seconds after the first frame, as Wireshark's default time column shows them, with the time of
//! day (UTC) beside them where there is room. Every MOS carries its scale: `nb` (G.107), `wb` (G.107.1) or
//! `fb` (G.107.2). `-` is a figure that is not known; the reason stands below the table.

pub(crate) mod calls;
pub(crate) mod capture;
pub(crate) mod fax;
mod findings;
pub(crate) mod page;
pub(crate) mod paint;
pub(crate) mod select;
mod sip;
pub(crate) mod story;
pub(crate) mod streams;
mod table;
pub(crate) mod units;
mod wifi;
pub(crate) mod wrap;

use std::io::{self, Write};

use airtone_engine::Report;

use self::page::Page;
use crate::View;

/// How text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal; no line is longer. Less than 40 counts as 40.
    pub width: u16,
    /// Severities and MOS in colour (SGR sequences).
    pub colour: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { width: 80, colour: false }
    }
}

/// Writes a view of `report`.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut impl Write, report: &Report, view: View, style: Style) -> io::Result<()> {
    let mut page = Page::new(style, report.capture.first);
    match view {
        View::Report => whole(&mut page, report),
        View::Calls => calls::table(&mut page, report),
        View::Streams => streams::view(&mut page, report),
        View::Sip => sip::view(&mut page, report),
        View::Wifi => wifi::view(&mut page, report),
        View::Findings => findings::view(&mut page, report),
    }
    out.write_all(page.finish().as_bytes())
}

fn whole(page: &mut Page, report: &Report) {
    capture::headline(page, report);
    findings::section(page, report);
    calls::section(page, report);
    streams::without_call(page, report);
    wifi::section(page, report);
    sip::section(page, report);
    capture::section(page, report);
}
