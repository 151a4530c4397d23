//! The report as one HTML page that needs nothing else: no network, no second file. Everything is there without
//! JavaScript; the script adds sorting, filtering, pages, copy buttons and the choice of light or dark.
//!
//! What a capture holds is hostile. It gets into the page by way of [`Markup`] only, which escapes every
//! string that is no literal of this crate; and the page's content security policy runs no script but its own, by
//! hash, and loads nothing.

mod calls;
mod capture;
mod charts;
mod figures;
mod findings;
mod head;
mod inserts;
mod ladders;
mod points;
mod room;
mod sip;
mod streams;
mod wifi;

use std::collections::HashSet;
use std::io::{self, Write};

use airtone_engine::flow::FlowRequest;
use airtone_engine::{Config, Report};

pub use self::inserts::Inserts;
pub use self::ladders::worth_drawing;
use crate::markup::Markup;
use crate::{flow, wave};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// SHA-256 of [`SCRIPT`] in base64, for the content security policy; a test compares it.
const SCRIPT_HASH: &str = include_str!("html/page.js.sha256");

/// Points in time that a stream is shown at.
const INTERVAL_POINTS: u16 = 60;

/// Calls whose messages are kept for ladders, messages of each, and of all: at most about 14 MB.
const MESSAGES: (usize, usize, usize) = (2_000, 200, 20_000);

/// Lets an engine keep what the page shows beyond figures: streams over time, and the messages of the first calls.
/// The page is whole without it.
pub fn prepare(config: &mut Config) {
    let (calls, each, in_all) = MESSAGES;
    config.interval_points = INTERVAL_POINTS;
    config.flows = Some(FlowRequest::first(calls, each).within(in_all));
}

/// What every part of the page knows.
struct Page<'a> {
    report: &'a Report,
    inserts: &'a Inserts,
    /// Streams that have charts.
    charted: HashSet<u32>,
}

/// Writes the whole report as a page.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut impl Write, report: &Report) -> io::Result<()> {
    write_with(out, report, &Inserts::default())
}

/// As [`write()`], with ladders and sounds.
///
/// # Errors
/// Those of `out`.
pub fn write_with(out: &mut impl Write, report: &Report, inserts: &Inserts) -> io::Result<()> {
    let page = Page { report, inserts, charted: room::charted(report) };
    let mut m = Markup::new();
    begin(&mut m, report);
    head::header(&mut m, report);
    head::navigation(&mut m, report);
    m.put("<main id=main>\n");
    findings::section(&mut m, report);
    calls::section(&mut m, &page);
    streams::section(&mut m, &page);
    wifi::section(&mut m, report);
    sip::section(&mut m, report);
    capture::section(&mut m, report);
    m.put("</main>\n<footer><p>Made by Airtone ").text(&report.airtone_version).put(", report format ");
    m.text(&report.schema)
        .put(". MOS on the scale of ITU-T G.107 (nb, narrowband), G.107.1 (wb, wideband) or G.107.2 (fb, fullband); bands of G.109.</p></footer>\n");
    m.put("<script>").put(SCRIPT).put("</script>\n</body>\n</html>\n");
    out.write_all(m.as_str().as_bytes())
}

fn begin(m: &mut Markup, report: &Report) {
    m.put("<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n");
    m.put("<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-");
    m.put(SCRIPT_HASH.trim_ascii_end());
    m.put("'; img-src data:; media-src data:; base-uri 'none'; form-action 'none'\">\n");
    m.put("<meta name=viewport content=\"width=device-width, initial-scale=1\">\n<meta name=referrer content=no-referrer>\n");
    m.put("<meta name=color-scheme content=\"light dark\">\n<title>").text(&head::title(report));
    m.put(" – Airtone report</title>\n<style>")
        .put(STYLE)
        .put(flow::svg::STYLE)
        .put(wave::STYLE)
        .put("</style>\n</head>\n<body>\n");
    m.put("<a class=skip href=\"#main\">Skip to the findings</a>\n");
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    #[test]
    fn the_policy_names_the_script() {
        let digest = Sha256::digest(super::SCRIPT);
        let expected = base64(&digest);
        assert_eq!(
            super::SCRIPT_HASH.trim_ascii_end(),
            expected,
            "write this into report/src/html/page.js.sha256"
        );
        assert!(!super::SCRIPT.contains("</"), "would end the script early");
        assert!(!super::STYLE.contains("</"), "would end the style early");
    }

    fn base64(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let group = |three: &[u8]| {
            let bits =
                three.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - three.len()));
            let digit = |n: usize| match n <= three.len() {
                true => DIGITS[(bits >> (18 - 6 * n)) as usize & 63] as char,
                false => '=',
            };
            (0..4).map(digit).collect::<String>()
        };
        bytes.chunks(3).map(group).collect()
    }
}
