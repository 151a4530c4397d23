//! The report as CSV tables (RFC 4180 quoting, UTF-8, `\n` line ends, one header row each).
//!
//! The views calls, streams and findings are one table and nothing else. The whole report, SIP and Wi-Fi are
//! several tables: each begins with a `# name` line, and an empty line stands between two of them.
//! No cell holds a line break (see [`crate::escape`]), so an empty line is always such a separator.
//!
//! Spreadsheets take a cell that begins with `=`, `+`, `-` or `@` for a formula, and a SIP header may hold one:
//! such text gets a leading `'`. Numbers never do. What is not known is an empty cell.

mod calls;
mod sip;
mod streams;
mod wifi;

use std::io::{self, Write};

use airtone_engine::Report;

use crate::View;
use crate::escape::printable;

/// Writes a view of `report`.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut impl Write, report: &Report, view: View) -> io::Result<()> {
    let tables = tables_of(view);
    for (at, (name, table)) in tables.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        if tables.len() > 1 {
            writeln!(out, "# {name}")?;
        }
        table(report).write(&mut *out)?;
    }
    Ok(())
}

/// A table's name, and how it is made.
type Named = (&'static str, fn(&Report) -> Table);

fn tables_of(view: View) -> &'static [Named] {
    match view {
        View::Report => &[
            ("calls", calls::calls),
            ("streams", streams::streams),
            ("registrations", sip::registrations),
            ("bss", wifi::bss),
            ("stations", wifi::stations),
            ("findings", calls::findings),
        ],
        View::Calls => &[("calls", calls::calls)],
        View::Streams => &[("streams", streams::streams)],
        View::Sip => &[("statistics", sip::statistics), ("registrations", sip::registrations)],
        View::Wifi => &[
            ("bss", wifi::bss),
            ("outages", wifi::outages),
            ("stations", wifi::stations),
            ("roams", wifi::roams),
        ],
        View::Findings => &[("findings", calls::findings)],
    }
}

/// A header and rows of cells that are ready to be quoted.
struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut csv = ::csv::Writer::from_writer(out);
        csv.write_record(&self.header).map_err(into_io)?;
        for row in &self.rows {
            csv.write_record(row).map_err(into_io)?;
        }
        csv.flush()
    }
}

/// Keeps the kind of an I/O error, so that a broken pipe stays one.
fn into_io(error: ::csv::Error) -> io::Error {
    match error.into_kind() {
        ::csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Text that may come from the wire: harmless to terminals and to spreadsheets.
fn text(value: &str) -> String {
    let safe = printable(value);
    // Full-width forms of the four signs are formula starts to some spreadsheets as well.
    match safe.trim_start().chars().next() {
        Some('=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}') => format!("'{safe}"),
        _ => safe.into_owned(),
    }
}

/// A number, or nothing.
fn number<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Text, or nothing.
fn optional(value: Option<&str>) -> String {
    value.map(text).unwrap_or_default()
}

/// A list in one cell, separated by spaces.
fn list<T: ToString>(values: &[T]) -> String {
    text(&values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::{number, text};

    #[test]
    fn formulas_are_disarmed_and_numbers_are_not() {
        assert_eq!(text("=HYPERLINK(\"http://x\")"), "'=HYPERLINK(\"http://x\")");
        assert_eq!(text("+1-555"), "'+1-555");
        assert_eq!(text("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(text("  -2+3"), "'  -2+3");
        assert_eq!(text("\t=1"), "\\t=1");
        assert_eq!(text("sip:+1555@example.com"), "sip:+1555@example.com");
        assert_eq!(number(Some(-71.5)), "-71.5");
        assert_eq!(number(None::<u8>), "");
    }
}
