//! Text against committed expectations at two widths. `UPDATE_EXPECTED=1 cargo test -p airtone-report` writes
//! the files anew; read the difference before committing it.

use std::path::Path;

use airtone_engine::Report;
use airtone_engine::model::{Call, Outage, OutageCause, Severity};
use airtone_report::View;
use airtone_report::text::{Style, write};
use unicode_width::UnicodeWidthChar;

use crate::sample;

pub fn render(report: &Report, view: View, width: u16, colour: bool) -> String {
    let mut out = Vec::new();
    write(&mut out, report, view, Style { width, colour }).expect("writing to memory");
    String::from_utf8(out).expect("UTF-8")
}

const VIEWS: [(&str, View); 6] = [
    ("report", View::Report),
    ("calls", View::Calls),
    ("streams", View::Streams),
    ("sip", View::Sip),
    ("wifi", View::Wifi),
    ("findings", View::Findings),
];

fn compare(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expected").join(name);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, actual).expect("expected files can be written");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{name}\n--- expected\n{expected}\n--- actual\n{actual}");
}

#[test]
fn every_view_is_as_expected_at_80_and_200_columns() {
    for (name, view) in VIEWS {
        for width in [80, 200] {
            compare(&format!("{name}-{width}.txt"), &render(&sample::rich(), view, width, false));
        }
    }
    let compat = sample::with_wireshark();
    compare("streams-wireshark-80.txt", &render(&compat, View::Streams, 80, false));
    compare("streams-wireshark-200.txt", &render(&compat, View::Streams, 200, false));
    compare("report-colour-80.txt", &render(&sample::rich(), View::Report, 80, true));
}

#[test]
fn silences_that_nobody_can_explain_are_one_line_and_no_outages() {
    let mut report = sample::rich();
    let silence = |n: u32| Outage {
        from: sample::at(f64::from(n)),
        to: sample::at(f64::from(n) + 0.8),
        lost: 7,
        severity: Severity::Note,
        cause: OutageCause::Unknown,
        after_frame: 100 + u64::from(n),
    };
    report.wifi.bss[1].outages = (0..61).map(silence).collect();
    let text = render(&report, View::Report, 200, false);
    let line = "61 silences, cause unknown, 800 ms each, not counted as loss: tshark-post wifi shows when.";
    assert_eq!(text.matches(line).count(), 1, "{text}");
    let row = text.lines().find(|line| line.contains("02:00:00:00:00:02  (hidden)")).expect("a row");
    let head = text.lines().find(|line| line.contains("Outages")).expect("a column");
    let end = head.find("Outages").expect("a column") + "Outages".len();
    assert_eq!(row[..end].split(' ').next_back(), Some("0"), "{text}");
    assert!(!text.contains("unknown  02:"), "{text}");
    let all = render(&report, View::Wifi, 120, false);
    assert!(
        all.contains("\nSILENCES\n61 silences, cause unknown, 800 ms each, not counted as loss.\n"),
        "{all}"
    );
    assert_eq!(all.matches("unknown  02:00:00:00:00:02").count(), 61, "{all}");
}

#[test]
fn an_empty_report_says_so_in_each_view() {
    let all: Vec<_> = VIEWS.iter().map(|(_, view)| render(&sample::empty(), *view, 80, false)).collect();
    assert_eq!(
        all.join("--\n"),
        "\
capture: 0 packets
No calls, no RTP, no Wi-Fi beacons.
No findings.
--
No SIP call in this capture.
--
No RTP stream in this capture.
--
No SIP in this capture.
--
No Wi-Fi beacons and no Wi-Fi stations in this capture.
--
No findings.
"
    );
}

#[test]
fn no_line_is_longer_than_the_width_or_ends_in_a_blank() {
    for report in [sample::rich(), sample::with_wireshark()] {
        for (name, view) in VIEWS {
            for width in 40..=240 {
                for line in render(&report, view, width, false).lines() {
                    let columns: usize = line.chars().map(|c| c.width().unwrap_or(0)).sum();
                    assert!(columns <= width.into(), "{name} at {width}: {columns} columns in {line:?}");
                    assert_eq!(line.trim_end(), line, "{name} at {width}");
                }
            }
        }
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    for (name, view) in VIEWS {
        for width in [40, 80, 200] {
            let coloured = render(&sample::rich(), view, width, true);
            let mut bare = coloured.clone();
            for code in ["1;31", "1", "2", "31", "32", "33", "0"] {
                bare = bare.replace(&format!("\x1b[{code}m"), "");
            }
            assert_eq!(bare, render(&sample::rich(), view, width, false), "{name} at {width}");
            assert!(coloured.contains('\x1b'), "{name} at {width} has no colour");
        }
    }
}

#[test]
fn what_matters_is_in_full_at_every_width() {
    for width in [40, 60, 80, 120, 200] {
        let squeezed = |view| render(&sample::rich(), view, width, false).replace(['\n', ' '], "");
        let streams = squeezed(View::Streams);
        for what in ["[2001:db8:85a3:8d3:1319:8a2e:370:7301]:40000", "192.0.2.1:4000", "2.31nb", "3.72wb"] {
            assert!(
                streams.contains(what),
                "{what} at {width}:\n{}",
                render(&sample::rich(), View::Streams, width, false)
            );
        }
        let calls = squeezed(View::Calls);
        for what in ["alice@example.com", "+15550100@example.net", "answered", "tel:+15550123"] {
            assert!(calls.contains(what), "{what} at {width}");
        }
        assert!(
            squeezed(View::Findings)
                .contains("rtp.ssrc==0x3456789a&&ip.src==198.51.100.7&&udp.srcport==20000")
        );
    }
}

#[test]
fn a_report_of_many_calls_shows_those_with_findings_and_counts_the_rest() {
    let mut report = sample::rich();
    let call = |id| Call { id, from: format!("sip:user{id}@example.com"), ..Call::default() };
    report.calls = (1..=1000).map(call).collect();
    report.findings[0].about.call = Some(777);
    let text = render(&report, View::Report, 80, false);
    assert!(text.contains("Call 777 "), "{text}");
    assert!(text.contains("975 more calls: tshark-post calls shows all of them."), "{text}");
    assert_eq!(render(&report, View::Calls, 80, false).matches("@example.com").count(), 1000);
}

#[test]
fn a_fax_is_told_below_its_call() {
    let mut report = sample::rich();
    report.calls[0].fax = Some(Box::new(sample::fax()));
    let text = render(&report, View::Report, 120, false);
    let block = "  Fax (T.38): failed, page 1 broke off, 14400 bit/s (V.17, error correction), from +1 555 0100\n    \
                 caller > callee: 493 packets in 30.0 s, 7 lost (4 repaired)\n    \
                 callee > caller: 498 packets in 30.0 s, 2 lost (all repaired)\n";
    assert!(text.contains(block), "{text}");
}
