//! The report as JSON: the contract `airtone.report/1`. A view other than the whole report is an object with
//! `schema` and that one section under the name that it has in the report.

use std::io::{self, Write};

use airtone_engine::Report;
use serde::Serialize;

use crate::View;

/// Layout of the JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Indented by two spaces.
    Pretty,
    /// On one line.
    Compact,
}

/// Writes a view of `report`, ended by a newline.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut impl Write, report: &Report, view: View, layout: Layout) -> io::Result<()> {
    match view {
        View::Report => object(out, report, layout),
        View::Calls => section(out, report, "calls", &report.calls, layout),
        View::Streams => section(out, report, "streams", &report.streams, layout),
        View::Sip => section(out, report, "sip", &report.sip, layout),
        View::Wifi => section(out, report, "wifi", &report.wifi, layout),
        View::Findings => section(out, report, "findings", &report.findings, layout),
    }
}

fn section<T: Serialize>(
    out: &mut impl Write,
    report: &Report,
    name: &'static str,
    value: &T,
    layout: Layout,
) -> io::Result<()> {
    object(out, &Section { schema: &report.schema, name, value }, layout)
}

fn object<T: Serialize>(out: &mut impl Write, value: &T, layout: Layout) -> io::Result<()> {
    match layout {
        Layout::Pretty => serde_json::to_writer_pretty(&mut *out, value)?,
        Layout::Compact => serde_json::to_writer(&mut *out, value)?,
    }
    out.write_all(b"\n")
}

/// One section with the version of its format.
struct Section<'a, T> {
    schema: &'a str,
    name: &'static str,
    value: &'a T,
}

impl<T: Serialize> Serialize for Section<'_, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("schema", self.schema)?;
        map.serialize_entry(self.name, self.value)?;
        map.end()
    }
}
