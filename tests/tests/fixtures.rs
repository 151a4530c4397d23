//! The recorded fixtures: `tshark-post` must find in each what its manifest says.

use std::collections::BTreeSet;

use airtone_tests::{fixtures_dir, manifest, try_json};
use serde_json::Value;

fn fixtures() -> Vec<Value> {
    let path = fixtures_dir().join("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let manifest: Value = serde_json::from_str(&text).expect("the manifest is JSON");
    manifest["fixtures"].as_array().expect("a list of fixtures").clone()
}

fn file_of(fixture: &Value) -> &str {
    fixture["file"].as_str().expect("every fixture names its file")
}

#[test]
fn every_file_is_in_the_manifest_and_every_entry_has_its_file() {
    let mut named = BTreeSet::from(["manifest.json".to_owned()]);
    for fixture in fixtures() {
        assert!(named.insert(file_of(&fixture).to_owned()), "{} is there twice", file_of(&fixture));
        named
            .extend(["log", "said"].iter().filter_map(|beside| fixture[*beside].as_str()).map(str::to_owned));
    }
    let there: BTreeSet<String> = std::fs::read_dir(fixtures_dir())
        .expect("the folder of fixtures")
        .map(|entry| entry.expect("a file"))
        // a folder holds what other tests need
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(there, named);
}

#[test]
fn every_expectation_says_something() {
    for fixture in fixtures() {
        let expect = fixture["expect"].as_object().expect("an expectation tree");
        assert!(!expect.is_empty(), "{} expects nothing", file_of(&fixture));
    }
}

#[test]
fn reports_tell_the_truth_about_every_fixture() {
    let mut wrong = Vec::new();
    for fixture in fixtures() {
        let file = file_of(&fixture);
        let path = fixtures_dir().join(file);
        let path = path.to_string_lossy();
        let options = fixture["options"].as_array().map_or(&[][..], Vec::as_slice);
        let options = options.iter().filter_map(Value::as_str);
        match try_json(["report", "--format", "json"].into_iter().chain(options).chain([&*path])) {
            Ok(report) => {
                let found = manifest::compare(&fixture["expect"], &report);
                wrong.extend(found.iter().map(|m| format!("{file}: {m}")));
            }
            Err(e) => wrong.push(format!("{file}: {e}")),
        }
    }
    assert!(wrong.is_empty(), "{} expectations not met:\n{}", wrong.len(), wrong.join("\n"));
}
