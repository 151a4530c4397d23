//! The plugin in the installed tshark: the same figures as `tshark-post` on every capture, one clear line where
//! the library is missing, and no Lua error whatever a capture holds.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use airtone_tests::plugin::{complaints, library, tshark_command, tshark_with, tshark_with_plugin};
use airtone_tests::{captures, captures_in, fixtures_dir, json, run, tshark};
use serde_json::Value;

/// Fixtures, and the captures of the outside world where they are. Compressed ones too: tshark reads them.
fn all() -> Vec<PathBuf> {
    if tshark().is_none() {
        eprintln!("skipped: no tshark here");
        return Vec::new();
    }
    let mut all = captures_in(&fixtures_dir());
    all.extend(captures().into_iter().filter(|path| !path.ends_with("sip-protos-fuzz.cap")));
    all
}

/// tshark's `-z airtone,json`.
fn of_plugin(path: &Path) -> Result<Value, String> {
    let output = tshark_with_plugin(["-q", "-r", &path.display().to_string(), "-z", "airtone,json"]);
    let complaints = complaints(&output);
    if !complaints.is_empty() {
        return Err(format!("{}: {complaints:?}", path.display()));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|e| format!("{}: {e}: {}", path.display(), String::from_utf8_lossy(&output.stderr)))
}

/// What a Lua plugin cannot know: the files.
fn comparable(mut report: Value) -> Value {
    report["capture"]["files"] = Value::Null;
    report
}

#[test]
fn the_report_is_that_of_the_command() {
    let mut failures = Vec::new();
    let mut compared = 0;
    for path in all() {
        let ours = json(["report", "--format", "json", &path.display().to_string()]);
        compared += 1;
        match of_plugin(&path) {
            Ok(theirs) => {
                let (ours, theirs) = (comparable(ours), comparable(theirs));
                if ours != theirs {
                    failures.push(format!("{}: {}", path.display(), first_difference(&ours, &theirs, "")));
                }
            }
            Err(failure) => failures.push(failure),
        }
    }
    assert!(failures.is_empty(), "{} of {compared} differ:\n{}", failures.len(), failures.join("\n"));
    assert!(compared > 10 || tshark().is_none(), "only {compared} compared");
}

/// A pipe cannot be read beside tshark: frames are fed one by one. So is nothing read of a file that tshark leaves unread.
#[test]
fn pipes_and_parts_give_the_same_report() {
    if tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["relay-burst.pcapng", "sipp-hold.pcapng", "wifi-outages.pcapng"] {
        let path = fixtures_dir().join(name).display().to_string();
        let report = |arguments: &[&str], from: Stdio| -> Value {
            let output = tshark_command(library())
                .args(["-q", "-z", "airtone,json"])
                .args(arguments)
                .stdin(from)
                .output()
                .unwrap();
            assert_eq!(complaints(&output), Vec::<String>::new(), "{name} {arguments:?}");
            serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|e| panic!("{name} {arguments:?}: {e}: {output:?}"))
        };
        for count in ["1", "100", "1000000"] {
            let whole = report(&["-c", count, "-r", &path], Stdio::null());
            let mut cat = Command::new("cat").arg(&path).stdout(Stdio::piped()).spawn().unwrap();
            let piped = report(&["-c", count, "-r", "-"], cat.stdout.take().unwrap().into());
            let _ = cat.wait();
            // Also when only a part of it is decompressed.
            let gz = folder.path().join(format!("{name}.gz"));
            let zipped = Command::new("gzip").arg("-c").arg(&path).output().unwrap();
            std::fs::write(&gz, zipped.stdout).unwrap();
            let compressed = report(&["-c", count, "-r", &gz.display().to_string()], Stdio::null());
            assert!(whole == compressed, "{name} {count}: {}", first_difference(&whole, &compressed, ""));
            assert!(whole["capture"]["packets"].as_u64() <= count.parse().ok(), "{name} {count}");
            assert!(whole == piped, "{name} {count}: {}", first_difference(&whole, &piped, ""));
        }
    }
}

fn first_difference(a: &Value, b: &Value, place: &str) -> String {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let differing = a.iter().find(|(key, value)| b.get(*key) != Some(value));
            differing.map_or_else(
                || format!("{place}: keys differ"),
                |(key, value)| {
                    first_difference(value, b.get(key).unwrap_or(&Value::Null), &format!("{place}.{key}"))
                },
            )
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let at = a.iter().zip(b).position(|(a, b)| a != b).unwrap_or(0);
            first_difference(&a[at], &b[at], &format!("{place}[{at}]"))
        }
        _ => format!("{place}: command {a}, plugin {b}"),
    }
}

/// One row per frame of `-T fields`.
fn columns(path: &Path, extra: &[&str], fields: &[&str]) -> Vec<Vec<String>> {
    let mut args = vec!["-r".to_owned(), path.display().to_string(), "-T".to_owned(), "fields".to_owned()];
    args.extend(extra.iter().map(|arg| (*arg).to_owned()));
    for field in fields {
        args.extend(["-e".to_owned(), (*field).to_owned()]);
    }
    let output = tshark_with_plugin(&args);
    assert_eq!(complaints(&output), Vec::<String>::new(), "{}", path.display());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn near(text: &str, value: f64) -> bool {
    text.parse::<f64>().is_ok_and(|figure| (figure - value).abs() <= value.abs().max(1e-3) * 1e-5)
}

#[test]
fn columns_hold_the_figures_of_the_report() {
    let fields = [
        "frame.number",
        "airtone.stream",
        "airtone.rtp.mos",
        "airtone.rtp.r_factor",
        "airtone.rtp.jitter",
        "airtone.rtp.lost_before",
        "airtone.call",
        "airtone.call.outcome",
        "airtone.call.mos",
        "airtone.rtp.duplicate",
    ];
    let mut rated = 0;
    for path in all().into_iter().filter(|path| path.starts_with(fixtures_dir())) {
        let name = path.display();
        let report = json(["report", "--format", "json", &path.display().to_string()]);
        let (one_pass, two_passes) = (columns(&path, &[], &fields), columns(&path, &["-2"], &fields));
        assert_eq!(one_pass.len(), two_passes.len(), "{name}");
        for stream in report["streams"].as_array().unwrap() {
            let id = stream["id"].to_string();
            let of = |rows: &[Vec<String>]| -> Vec<Vec<String>> {
                rows.iter().filter(|row| row[1] == id).cloned().collect()
            };
            let (live, whole) = (of(&one_pass), of(&two_passes));
            let duplicates = live.iter().filter(|row| row[9] == "1" || row[9] == "True").count() as u64;
            assert_eq!(duplicates, stream["duplicates"].as_u64().unwrap(), "{name} {id}");
            if let Some(mos) = stream["mos"]["lq"].as_f64() {
                rated += 1;
                let last = live.last().unwrap();
                assert!(near(&last[2], mos), "{name} {id}: at the end {last:?}, not {mos}");
                for row in &whole {
                    assert!(near(&row[2], mos), "{name} {id}: {row:?}, not {mos}");
                    assert!(near(&row[3], stream["mos"]["r_lq"].as_f64().unwrap()), "{name} {id}: {row:?}");
                }
            }
            if let Some(jitter) = stream["jitter_ms"]["last"].as_f64() {
                let last = live.iter().rev().find(|row| !row[4].is_empty()).unwrap();
                assert!(near(&last[4], jitter), "{name} {id}: {last:?}, not {jitter}");
            }
        }
        for call in report["calls"].as_array().unwrap() {
            let id = call["id"].to_string();
            for row in two_passes.iter().filter(|row| row[6] == id) {
                assert_eq!(row[7], call["outcome"], "{name} call {id}");
                let mos = call["mos"]["worst"].as_f64();
                assert!(mos.map_or(row[8].is_empty(), |mos| near(&row[8], mos)), "{name} call {id}: {row:?}");
            }
            assert!(two_passes.iter().any(|row| row[6] == id), "{name}: no frame of call {id}");
        }
    }
    assert!(rated >= 10 || tshark().is_none(), "only {rated} rated streams");
}

#[test]
fn beacons_have_columns() {
    let path = fixtures_dir().join("wifi-outages.pcapng");
    if tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    let report = json(["report", "--format", "json", &path.display().to_string()]);
    let rows = columns(&path, &["-2"], &["airtone.bss", "airtone.beacon.lost", "airtone.beacon.lost_before"]);
    for bss in report["wifi"]["bss"].as_array().unwrap() {
        let own: Vec<_> = rows.iter().filter(|row| bss["bssid"] == row[0]).collect();
        assert!(!own.is_empty(), "{bss}");
        let lost = bss["beacons"]["lost"].to_string();
        assert!(own.iter().all(|row| row[1] == lost), "{bss}");
        let live = columns(&path, &[], &["airtone.bss", "airtone.beacon.lost_before"]);
        assert_eq!(live.iter().filter(|row| bss["bssid"] == row[0]).count(), own.len());
    }
    assert!(!report["wifi"]["bss"].as_array().unwrap().is_empty());
}

#[test]
fn display_filters_find_bad_streams_and_findings() {
    if tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    let path = fixtures_dir().join("relay-loss.pcapng").display().to_string();
    let report = json(["report", "--format", "json", &path]);
    let count = |args: &[&str]| {
        let output = tshark_with_plugin([&["-2", "-r", &path, "-Y"], args].concat());
        assert_eq!(complaints(&output), Vec::<String>::new());
        String::from_utf8(output.stdout).unwrap().lines().count() as u64
    };
    let packets = |bad: &dyn Fn(f64) -> bool| -> u64 {
        let streams = report["streams"].as_array().unwrap().iter();
        let bad = streams.filter(|stream| bad(stream["mos"]["lq"].as_f64().unwrap()));
        bad.map(|stream| stream["packets"].as_u64().unwrap()).sum()
    };
    assert_eq!(count(&["airtone.rtp.mos < 4"]), packets(&|mos| mos < 4.0));
    assert!(packets(&|mos| mos < 4.0) > 100, "the fixture has a bad stream");
    assert_eq!(count(&["airtone.rtp.mos < 3.5"]), packets(&|mos| mos < 3.5));
    let named = report["findings"][0]["frames"].as_array().unwrap().len() as u64;
    assert_eq!(count(&["airtone.finding"]), named);
    assert_eq!(count(&["airtone.finding.critical"]), named);
}

#[test]
fn a_read_filter_of_two_passes_leaves_the_figures_alone() {
    if tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    let path = fixtures_dir().join("relay-loss.pcapng");
    let fields = ["airtone.stream", "airtone.rtp.jitter", "airtone.rtp.lost_before", "airtone.rtp.mos"];
    let all = columns(&path, &["-2"], &fields);
    let rtp: Vec<_> = all.into_iter().filter(|row| !row[0].is_empty()).collect();
    assert_eq!(columns(&path, &["-2", "-R", "rtp"], &fields), rtp);
    assert!(rtp.len() > 500);
}

#[test]
fn every_view_is_that_of_the_command() {
    if tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    for name in ["relay-burst.pcapng", "sipp-hold.pcapng", "wifi-outages.pcapng"] {
        let path = fixtures_dir().join(name).display().to_string();
        for view in ["calls", "streams", "wifi", "findings"] {
            let output = tshark_with_plugin(["-q", "-r", &path, "-z", &format!("airtone,{view}")]);
            assert_eq!(complaints(&output), Vec::<String>::new(), "{name} {view}");
            let ours =
                run([view, "--format", "text", "--width", "120", "--color", "never", "--quiet", &path]);
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(text(&output.stdout), text(&ours.stdout), "{name} {view}");
        }
        let output = tshark_with_plugin(["-q", "-r", &path, "-z", "airtone,report"]);
        assert!(String::from_utf8_lossy(&output.stdout).lines().count() > 5, "{name}");
    }
}

#[test]
fn a_missing_library_is_one_line() {
    if tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    let path = fixtures_dir().join("relay-loss.pcapng").display().to_string();
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("libairtone.so");
    std::fs::write(&broken, b"no library").unwrap();
    for library in [&broken, &folder.path().join("absent.so")] {
        let output = tshark_with(library, ["-r", &path]);
        assert!(output.status.success());
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 596, "packets are still shown");
        let complaints = complaints(&output);
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints[0].starts_with("airtone: libairtone cannot be loaded"), "{complaints:?}");
    }
    assert!(library().is_file());
}
