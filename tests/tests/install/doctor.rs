//! What `doctor` says of an installation.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::place::Place;
use super::{VERSIONS, is_root};

/// The checks of `doctor --format json`, by name, and its exit code.
fn doctor(command: &mut Command) -> (BTreeMap<String, Value>, Option<i32>) {
    let output = command.output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["schema"], "airtone.doctor/1");
    assert_eq!(document["ok"], output.status.code() == Some(0));
    let checks = document["checks"].as_array().unwrap();
    let by_name = checks.iter().map(|check| (check["name"].as_str().unwrap().to_owned(), check.clone()));
    (by_name.collect(), output.status.code())
}

#[test]
fn doctor_says_what_is_amiss_and_what_to_do() {
    for version in VERSIONS {
        let place = Place::new(version);
        let (checks, code) = doctor(&mut place.command(&["doctor", "--format", "json"]));
        assert_eq!(code, Some(1));
        assert_eq!(checks["plugin"]["status"], "amiss");
        assert!(checks["plugin"]["remedy"].as_str().unwrap().contains("tshark-post install"));
        assert_eq!(checks["lua"]["status"], "ok", "{:?}", checks["lua"]);

        place.install(&[]);
        let (checks, code) = doctor(&mut place.command(&["doctor", "--format", "json"]));
        assert_eq!(checks["plugin"]["status"], "ok", "{checks:?}");
        assert_eq!(checks["profile"]["status"], "ok");
        // This tshark is none: it does not load the plugin.
        assert_eq!((checks["loads"]["status"].as_str(), code), (Some("amiss"), Some(1)));
        let root = &checks["user"]["status"];
        assert_eq!(root, if is_root() && *version != "4.0.17" { "amiss" } else { "ok" }, "{checks:?}");

        fs::write(place.plugin(), "-- changed").unwrap();
        fs::remove_file(place.library()).unwrap();
        let (checks, _) = doctor(&mut place.command(&["doctor", "--format", "json"]));
        assert_eq!(checks["plugin"]["status"], "amiss");
        assert!(checks["library"]["found"].as_str().unwrap().contains("missing"));
    }
}

#[test]
fn doctor_text_is_one_line_per_check() {
    let place = Place::new("4.4.18");
    let output = place.run(&["doctor"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let is_check = |line: &str| ["ok ", "note ", "amiss "].iter().any(|status| line.starts_with(status));
    let lines: Vec<&str> = text.lines().collect();
    let (last, checks) = lines.split_last().unwrap();
    assert!(checks.iter().all(|line| is_check(line)), "{text}");
    assert!(last.ends_with("amiss."), "{text}");
}

#[test]
fn doctor_without_wireshark_says_so() {
    let place = Place::new("4.4.18");
    let mut command = place.command(&["doctor", "--format", "json"]);
    let (checks, code) = doctor(command.env("PATH", "/nowhere"));
    assert_eq!((checks["wireshark"]["status"].as_str(), code), (Some("amiss"), Some(1)));
}
