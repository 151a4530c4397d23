//! Every string of a report made hostile: nothing of it is obeyed by a terminal or a spreadsheet.

use airtone_engine::Report;
use airtone_report::View;
use airtone_report::json::{self, Layout};

use crate::{csv, sample, text};

pub const EVIL: &str =
    "=cmd|'/c calc'!A1\x1b[2J\x1b]0;pwned\x07\r\nInjected: 1\u{202e}\u{9b}31m\u{200b}\u{2028}";

pub fn hostile() -> Report {
    let mut report = sample::with_wireshark();
    let evil = || EVIL.to_owned();
    for file in &mut report.capture.files {
        file.path = evil();
        file.warnings.push(evil());
    }
    report.capture.missing_fields.push(evil());
    report.capture.paths[0].label = evil();
    for call in &mut report.calls {
        (call.from, call.to, call.outcome_reason) = (evil(), evil(), Some(evil()));
        call.call_ids.push(evil());
        call.features.push(evil());
        let mut fax = sample::fax();
        (fax.detail, fax.caller_station, fax.callee_station) = (evil(), Some(evil()), Some(evil()));
        (fax.modulation, fax.sender) = (Some(evil().into()), Some(evil().into()));
        call.fax = Some(Box::new(fax));
        for digit in &mut call.dtmf {
            (digit.digit, digit.from, digit.method) = (evil(), evil(), evil());
        }
    }
    for stream in &mut report.streams {
        stream.codec = Some(evil());
        stream.direction = Some(evil().into());
        stream.mos.reason = Some(evil());
        stream.copies.iter_mut().for_each(|copies| copies.path = evil());
    }
    report.sip.requests.insert(evil(), 1);
    report.sip.responses.insert(evil(), 1);
    for one in &mut report.sip.registrations {
        (one.aor, one.contact) = (evil(), Some(evil()));
    }
    for bss in &mut report.wifi.bss {
        bss.ssid = Some(evil());
        for event in &mut bss.events {
            (event.kind, event.detail) = (evil().into(), evil());
        }
    }
    for finding in &mut report.findings {
        (finding.title, finding.detail, finding.filter) = (evil(), evil(), evil());
    }
    report
}

const VIEWS: [View; 6] = [View::Report, View::Calls, View::Streams, View::Sip, View::Wifi, View::Findings];

#[test]
fn text_holds_no_control_character() {
    for view in VIEWS {
        for width in [40, 80, 200, 1000] {
            let text = text::render(&hostile(), view, width, false);
            let bad = text
                .chars()
                .find(|&c| (c.is_control() && c != '\n') || ('\u{200b}'..'\u{2070}').contains(&c));
            assert_eq!(bad, None, "{view:?} at {width}");
            assert!(
                text.lines().all(|line| line.chars().count() <= usize::from(width)),
                "{view:?} at {width}"
            );
        }
    }
}

#[test]
fn csv_holds_no_control_character_and_no_formula() {
    for view in VIEWS {
        let text = csv::render(&hostile(), view);
        assert_eq!(text.chars().find(|&c| c.is_control() && c != '\n'), None, "{view:?}");
        let mut reader =
            ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        for record in reader.records() {
            for cell in &record.expect("a record") {
                let is_number = cell.parse::<f64>().is_ok();
                assert!(is_number || !cell.starts_with(['=', '+', '-', '@']), "{view:?}: {cell}");
            }
        }
    }
}

#[test]
fn json_keeps_the_bytes_as_they_were() {
    let mut out = Vec::new();
    json::write(&mut out, &hostile(), View::Calls, Layout::Compact).expect("writing to memory");
    assert!(!out.contains(&0x1b));
    let value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    assert_eq!(value["calls"][0]["from"], EVIL);
}

#[test]
fn a_very_long_name_does_not_flood_the_page() {
    let mut report = sample::rich();
    report.calls[0].from = "x".repeat(100_000);
    assert!(text::render(&report, View::Report, 80, false).len() < 10_000);
}
