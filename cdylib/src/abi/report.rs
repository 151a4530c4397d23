//! The report in the format that a host asked for, into the buffer that it is lent from.

use airtone_report::json::Layout;
use airtone_report::text::Style;
use airtone_report::{View, csv, json, jsonl, text};

use super::guard::{Fault, airtone_engine};
use super::input::flags;
use super::types::*;

/// How a report is written, checked.
pub(super) struct Options {
    view: View,
    layout: Layout,
    style: Style,
}

impl Options {
    pub(super) fn new(from: Option<airtone_report_options>) -> Result<Self, Fault> {
        let from = from.unwrap_or(airtone_report_options { size: 0, flags: 0, view: 0, width: 0 });
        flags(from.flags, AIRTONE_REPORT_COMPACT | AIRTONE_REPORT_COLOUR)?;
        let view = match from.view {
            AIRTONE_VIEW_REPORT => View::Report,
            AIRTONE_VIEW_CALLS => View::Calls,
            AIRTONE_VIEW_STREAMS => View::Streams,
            AIRTONE_VIEW_SIP => View::Sip,
            AIRTONE_VIEW_WIFI => View::Wifi,
            AIRTONE_VIEW_FINDINGS => View::Findings,
            _ => return Err(Fault::arg("view is no AIRTONE_VIEW_*")),
        };
        let is_compact = from.flags & AIRTONE_REPORT_COMPACT != 0;
        let mut style = Style { colour: from.flags & AIRTONE_REPORT_COLOUR != 0, ..Style::default() };
        if from.width != 0 {
            style.width = u16::try_from(from.width).map_err(|_| Fault::arg("width is above 65535"))?;
        }
        let layout = if is_compact { Layout::Compact } else { Layout::Pretty };
        Ok(Self { view, layout, style })
    }

    /// Into the handle's buffer.
    pub(super) fn write(&self, engine: &mut airtone_engine, format: u32) -> Result<(), Fault> {
        let airtone_engine { session, output, .. } = engine;
        output.clear();
        let written = match format {
            AIRTONE_FORMAT_TEXT => {
                text::write(output, &session.report().with_masked_digits(), self.view, self.style)
            }
            AIRTONE_FORMAT_JSON => json::write(output, session.report(), self.view, self.layout),
            AIRTONE_FORMAT_JSONL | AIRTONE_FORMAT_HTML if self.view != View::Report => {
                let text = "JSON Lines and HTML hold the whole report only";
                return Err(Fault::new(airtone_status::AIRTONE_E_FORMAT, text));
            }
            AIRTONE_FORMAT_JSONL => jsonl::write(output, session.report()),
            AIRTONE_FORMAT_HTML => session.write_html(output),
            AIRTONE_FORMAT_CSV => csv::write(output, &session.report().with_masked_digits(), self.view),
            _ => return Err(Fault::arg("format is no AIRTONE_FORMAT_*")),
        };
        // Memory does not fail to be written to; what is left are values that a format cannot hold.
        written.map_err(|error| Fault::new(airtone_status::AIRTONE_E_FORMAT, error.to_string()))
    }
}
