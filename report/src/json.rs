//! The report as JSON: the contract `airtone.report/1`. A view other than the whole report is an object with
//! `schema` and that one section under the name that it has in the report.

mod parallel;

use std::io::{self, BufWriter, Write};

use airtone_engine::Report;
use serde::Serialize;
use serde_json::ser::Formatter;

use crate::View;
pub use parallel::write_on_two_threads;

/// Bytes that are gathered before they go to a writer: what is called for each word had better be known to the
/// compiler.
const BUFFER: usize = 128 << 10;

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

/// A value beside the report under the report's schema.
pub(crate) fn named<T: Serialize>(
    out: &mut impl Write,
    name: &'static str,
    value: &T,
    layout: Layout,
) -> io::Result<()> {
    object(out, &Section { schema: airtone_engine::model::SCHEMA, name, value }, layout)
}

fn object<T: Serialize>(out: &mut impl Write, of: &T, layout: Layout) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER, out);
    value(&mut out, of, layout, 0)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// A value within so many objects and lists.
fn value<T: Serialize>(out: &mut impl Write, of: &T, layout: Layout, depth: usize) -> io::Result<()> {
    match layout {
        Layout::Pretty => {
            let indented = Indented { depth, has_value: false };
            let mut pretty = serde_json::Serializer::with_formatter(out, indented);
            of.serialize(&mut pretty)?;
        }
        Layout::Compact => serde_json::to_writer(out, of)?,
    }
    Ok(())
}

/// The layout of [`serde_json::ser::PrettyFormatter`] with each line break in one piece: a report has a hundred
/// thousands of them.
#[derive(Debug)]
struct Indented {
    depth: usize,
    has_value: bool,
}

impl Indented {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.has_value = false;
        out.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if self.has_value {
            self.line(out, true)?;
        }
        out.write_all(bracket)
    }

    /// A new line, after a comma unless it is the first.
    fn line<W: ?Sized + Write>(&self, out: &mut W, first: bool) -> io::Result<()> {
        const LINE: &[u8; 66] = b",\n                                                                ";
        match LINE.get(usize::from(first)..2 + 2 * self.depth) {
            Some(line) => out.write_all(line),
            None => {
                out.write_all(&LINE[usize::from(first)..2])?;
                (0..self.depth).try_for_each(|_| out.write_all(b"  "))
            }
        }
    }
}

impl Formatter for Indented {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.line(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.line(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pretty_is_what_serde_json_calls_pretty() {
        let mut deep = serde_json::json!([]);
        for n in 0..40 {
            deep =
                serde_json::json!({ "deeper": [deep, { "n": n, "none": null, "empty": {} }, []], "s": "\n" });
        }
        let mut ours = Vec::new();
        object(&mut ours, &deep, Layout::Pretty).expect("a vector takes everything");
        assert_eq!(String::from_utf8_lossy(&ours), serde_json::to_string_pretty(&deep).expect("JSON") + "\n");
    }
}
