//! The report as JSON Lines: one object per line, so that a long report can be searched with line tools and
//! read without holding it. Each object has a `type`: one `capture` line first (with `schema`), then `call`,
//! `stream`, one `sip` line (the statistics without registrations), `registration`, `bss`, `station`, `finding`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use airtone_engine::Report;
use airtone_engine::model::{Capture, Rfc6076};
use serde::Serialize;

#[derive(Serialize)]
struct CaptureLine<'a> {
    schema: &'a str,
    airtone_version: &'a str,
    #[serde(flatten)]
    capture: &'a Capture,
}

#[derive(Serialize)]
struct SipLine<'a> {
    requests: &'a BTreeMap<String, u64>,
    responses: &'a BTreeMap<String, u64>,
    retransmissions: u64,
    rfc6076: &'a Rfc6076,
}

#[derive(Serialize)]
struct Line<'a, T> {
    r#type: &'a str,
    #[serde(flatten)]
    value: &'a T,
}

/// Writes the whole report.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let Report { schema, airtone_version, capture, calls, streams, sip, wifi, findings } = report;
    line(out, "capture", &CaptureLine { schema, airtone_version, capture })?;
    lines(out, "call", calls)?;
    lines(out, "stream", streams)?;
    let statistics = SipLine {
        requests: &sip.requests,
        responses: &sip.responses,
        retransmissions: sip.retransmissions,
        rfc6076: &sip.rfc6076,
    };
    line(out, "sip", &statistics)?;
    lines(out, "registration", &sip.registrations)?;
    lines(out, "bss", &wifi.bss)?;
    lines(out, "station", &wifi.stations)?;
    lines(out, "finding", findings)
}

fn lines<T: Serialize>(out: &mut impl Write, kind: &str, values: &[T]) -> io::Result<()> {
    values.iter().try_for_each(|value| line(out, kind, value))
}

fn line<T: Serialize>(out: &mut impl Write, kind: &str, value: &T) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Line { r#type: kind, value })?;
    out.write_all(b"\n")
}
