//! Wrong use and broken input: exit codes and sentences.

use std::fs;

use crate::{run, stream_pcap, text, tshark_post};

#[test]
fn wrong_use_is_exit_2_with_usage() {
    for args in [
        &["report"][..],
        &["nonsense", "a.pcap"],
        &["report", "--format", "yaml", "a.pcap"],
        &["calls", "--buffer", "5000", "a.pcap"],
        &["mos"],
    ] {
        let ran = run(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.err);
        assert_eq!(ran.out, "");
        assert!(ran.err.contains("error:"), "{args:?}: {}", ran.err);
    }
}

#[test]
fn help_and_version_are_exit_0() {
    assert!(run(["--help"]).assert_done().contains("export-fields"));
    assert!(run(["streams", "--help"]).assert_done().contains("wireshark-4.2"));
    assert_eq!(run(["--version"]).assert_done(), format!("tshark-post {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_missing_file_is_one_sentence() {
    for command in ["report", "calls", "streams", "sip", "wifi", "findings"] {
        run([command, "no-such-file.pcap"]).assert_sentence("no-such-file.pcap: no such file; ");
    }
}

#[test]
fn a_directory_is_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = text(folder.path());
    run(["report", name]).assert_sentence(&format!("{name}: a directory; name the capture files in it"));
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_reading() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = text(folder.path());
    let missing = format!("{name}/missing/report.txt");
    // the input does not exist: the target is looked at first
    let run_to = |target: &str| run(["report", "-o", target, "no-such-file.pcap"]);
    run_to(&missing).assert_sentence(&format!("{missing}: cannot write: its folder is not there; "));
    run_to(name).assert_sentence(&format!("{name}: a directory; name a file in it with -o"));
}

#[test]
fn what_is_no_capture_is_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in [("note.txt", &b"this is a note, not a capture\n"[..]), ("empty", b"")] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("a file");
        run(["report", text(&path)]).assert_sentence(&format!("{}: ", path.display()));
    }
}

#[test]
fn a_network_monitor_file_is_told_to_be_converted() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("old.cap");
    let mut bytes = b"GMBU\x00\x02\x01\x00".to_vec();
    bytes.resize(256, 0);
    fs::write(&path, bytes).expect("a file");
    let ran = run(["report", text(&path)]);
    ran.assert_sentence(&format!("{}: ", path.display()));
    assert!(ran.err.contains("editcap"), "{}", ran.err);
}

#[test]
fn a_damaged_file_gives_results_a_warning_and_exit_0_or_2_when_strict() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cut.pcap");
    let whole = stream_pcap(200, |_| false);
    fs::write(&path, &whole[..whole.len() - 50]).expect("a file");
    let ran = run(["streams", "--format", "json", text(&path)]);
    assert_eq!(ran.json()["streams"][0]["packets"], 199);
    assert!(ran.err.starts_with(&format!("tshark-post: {}: warning: ", path.display())), "{}", ran.err);
    let report = run(["report", "--format", "json", text(&path)]).json();
    assert_eq!(report["capture"]["files"][0]["warnings"].as_array().map(Vec::len), Some(1));
    let strict = run(["streams", "--strict", text(&path)]);
    assert_eq!(strict.code, Some(2), "{}", strict.err);
    assert!(strict.out.contains("192.0.2.1:4000"), "the results are there all the same: {}", strict.out);
    assert_eq!(run(["streams", "--quiet", text(&path)]).err, "");
}

#[test]
fn the_capture_is_not_overwritten_by_its_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.pcap");
    let bytes = stream_pcap(10, |_| false);
    fs::write(&path, &bytes).expect("a file");
    run(["report", "-o", text(&path), text(&path)])
        .assert_sentence(&format!("{}: is an input", path.display()));
    assert_eq!(fs::read(&path).expect("still there"), bytes);
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.pcap");
    fs::write(&path, stream_pcap(200, |_| false)).expect("a file");
    let program = tshark_post(["report"]).get_program().to_owned();
    let args = ["report", "--format", "json", text(&path)];
    let mut child = Command::new(program)
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    // Closed before anything can have been written.
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the command ends");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_report_is_the_same_on_one_thread_and_on_two() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/captures");
    let Ok(entries) = fs::read_dir(folder) else {
        eprintln!("skipped: no {folder}");
        return;
    };
    let mut captures: Vec<String> = entries
        .map(|entry| text(&entry.expect("an entry").path()).to_owned())
        .filter(|path| path.ends_with(".pcapng"))
        .collect();
    captures.sort();
    assert!(captures.len() > 10, "{captures:?}");
    let mut inputs: Vec<Vec<&str>> = captures.iter().map(|path| vec![path.as_str()]).collect();
    inputs.push(captures.iter().map(String::as_str).collect());
    for files in inputs {
        let report = |threads| {
            run([&["report", "--format", "json", "--quiet", "--threads", threads], &files[..]].concat())
        };
        let (one, two) = (report("1"), report("2"));
        assert!(one.assert_done() == two.assert_done(), "{files:?}");
    }
}
