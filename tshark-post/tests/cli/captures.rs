//! Small captures made on the spot, through every command and format.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::{run, stream_pcap, text, tshark_post};

/// A folder with `good.pcap` (no loss) and `bad.pcap` (every fifth packet lost).
fn folder() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let (good, bad) = (folder.path().join("good.pcap"), folder.path().join("bad.pcap"));
    fs::write(&good, stream_pcap(1000, |_| false)).expect("a file");
    fs::write(&bad, stream_pcap(1000, |at| at % 5 == 4)).expect("a file");
    (folder, good, bad)
}

#[test]
fn the_same_stream_in_every_format() {
    let (_folder, _, bad) = folder();
    let json = run(["streams", "--format", "json", text(&bad)]).json();
    let stream = &json["streams"][0];
    assert_eq!(json["schema"], "airtone.report/1");
    assert_eq!(stream["ssrc"], "0x1a2b3c4d");
    assert_eq!(stream["source"], "192.0.2.1:4000");
    // The last of the 1000 is lost too, which nothing tells.
    assert_eq!((stream["packets"].as_u64(), stream["lost"].as_u64()), (Some(800), Some(199)));
    assert_eq!(stream["mos"]["scale"], "nb");
    let csv = run(["streams", "--format", "csv", text(&bad)]);
    assert!(
        csv.assert_done().lines().nth(1).is_some_and(|row| row.starts_with("1,0x1a2b3c4d,192.0.2.1:4000,"))
    );
    let lines = run(["report", "--format", "jsonl", text(&bad)]);
    assert!(
        lines.assert_done().lines().any(|line| line.starts_with("{\"type\":\"stream\"")),
        "{}",
        lines.out
    );
    let page = run(["report", "--format", "html", text(&bad)]);
    assert!(
        page.assert_done().contains("<figcaption>Over time, a second each")
            && page.out.contains("0x1a2b3c4d")
    );
    let shown = run(["streams", text(&bad)]);
    assert!(shown.assert_done().contains("192.0.2.1:4000"), "{}", shown.out);
    let report = run(["report", text(&bad)]);
    assert!(report.assert_done().contains("STREAMS WITHOUT A CALL"), "{}", report.out);
}

#[test]
fn text_keeps_to_the_width() {
    let (_folder, _, bad) = folder();
    for width in ["40", "80", "200"] {
        let ran = run(["report", "--width", width, text(&bad)]);
        let most = ran.assert_done().lines().map(|line| line.chars().count()).max();
        assert!(most <= width.parse().ok(), "{width}: {}", ran.out);
    }
}

#[test]
fn colour_is_for_terminals_or_on_request() {
    let (_folder, _, bad) = folder();
    assert!(!run(["report", text(&bad)]).assert_done().contains('\x1b'));
    assert!(run(["report", "--color", "always", text(&bad)]).assert_done().contains("\x1b["));
    assert!(!run(["report", "--color", "never", text(&bad)]).assert_done().contains('\x1b'));
}

#[test]
fn findings_decide_the_exit_code_only_when_asked() {
    let (_folder, good, bad) = folder();
    assert!(run(["findings", text(&bad)]).assert_done().contains("filter: rtp.ssrc == 0x1a2b3c4d"));
    assert_eq!(run(["findings", "--fail-on", "note", text(&bad)]).code, Some(1));
    assert_eq!(run(["findings", "--fail-on", "critical", text(&good)]).code, Some(0));
}

#[test]
fn a_report_goes_to_a_file() {
    let (folder, good, _) = folder();
    let target = folder.path().join("report.json");
    let ran = run(["report", "--format", "json", "-o", text(&target), text(&good)]);
    assert_eq!(ran.assert_done(), "");
    let json: serde_json::Value = serde_json::from_slice(&fs::read(&target).expect("written")).expect("JSON");
    assert_eq!(json["capture"]["packets"], 1000);
    let lost = folder.path().join("no/such/folder/report.json");
    run(["report", "-o", text(&lost), text(&good)])
        .assert_sentence(&format!("{}: cannot write: ", lost.display()));
}

#[test]
fn standard_input_is_a_file_like_others() {
    let (_folder, good, _) = folder();
    let mut command = tshark_post(["streams", "--format", "json", "-"]);
    let ran = crate::ran(command.write_stdin(fs::read(&good).expect("a file")));
    assert_eq!(ran.json()["streams"][0]["packets"], 1000);
}

#[test]
fn compact_json_is_one_line_with_the_same_content() {
    let (_folder, good, _) = folder();
    let pretty = run(["report", "--format", "json", text(&good)]);
    let compact = run(["report", "--format", "json", "--compact", text(&good)]);
    assert_eq!(compact.assert_done().lines().count(), 1);
    assert_eq!(pretty.json(), compact.json());
}

#[test]
fn wireshark_figures_come_when_asked_for() {
    let (_folder, _, bad) = folder();
    let ran = run(["streams", "--compat", "wireshark-4.0", "--format", "json", text(&bad)]).json();
    assert_eq!(ran["streams"][0]["wireshark"]["version"], "4.0");
    assert_eq!(ran["streams"][0]["wireshark"]["lost"], 199);
    let without = run(["streams", "--format", "json", text(&bad)]).json();
    assert!(without["streams"][0]["wireshark"].is_null());
}
