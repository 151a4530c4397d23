//! The known truths of captures from the outside world.

use airtone_tests::{captures_dir, json, manifest, run, try_json};
use serde_json::Value;

#[test]
fn what_is_known_about_captures_of_others_holds() {
    let Some(folder) = captures_dir() else {
        return eprintln!("skipped: the collection of public captures is not here (AIRTONE_CAPTURES)");
    };
    let truths: Value =
        serde_json::from_str(include_str!("../outside-world.json")).expect("outside-world.json");
    let mut wrong = Vec::new();
    for entry in truths["captures"].as_array().expect("captures") {
        let file = entry["file"].as_str().expect("file");
        let mut expected = entry.as_object().expect("an object").clone();
        expected.retain(|name, _| name != "file" && name != "why");
        match try_json(["report", "--format", "json", &folder.join(file).to_string_lossy()]) {
            Ok(report) => {
                let found = manifest::compare(&expected.into(), &report);
                wrong.extend(found.iter().map(|m| format!("{file}: {m}")));
            }
            Err(e) => wrong.push(format!("{file}: {e}")),
        }
    }
    assert!(wrong.is_empty(), "{} truths do not hold:\n{}", wrong.len(), wrong.join("\n"));
}

/// A client's own capture: it slept and scanned, and 61 times nobody can tell why no beacon came.
#[test]
fn silences_of_a_client_are_one_line_for_people_and_all_there_for_programs() {
    let Some(file) = captures_dir().map(|folder| folder.join("wifi-avs-heavy-loss.cap")) else {
        return eprintln!("skipped: the collection of public captures is not here (AIRTONE_CAPTURES)");
    };
    let file = file.to_string_lossy();
    let report = json(["report", "--format", "json", &file]);
    let outages = report["wifi"]["bss"][0]["outages"].as_array().expect("outages");
    assert_eq!(outages.iter().filter(|outage| outage["cause"] == "unknown").count(), 61);
    let kinds: Vec<_> = report["findings"].as_array().expect("findings").iter().map(|f| &f["kind"]).collect();
    assert_eq!(kinds, ["beacon_silence"]);
    for (arguments, line) in [
        (
            ["report", "--format", "text"],
            "61 silences, cause unknown, 410 ms to 3.28 s each, not counted as loss",
        ),
        (
            ["report", "--format", "html"],
            "<summary>61 silences, cause unknown, 410 ms to 3.28 s each, not counted",
        ),
    ] {
        let output = run(arguments.into_iter().chain([&*file]));
        let page = String::from_utf8_lossy(&output.stdout);
        assert_eq!(page.matches(line).count(), 1, "{arguments:?}");
        assert!(!page.contains("more outages"), "{arguments:?}");
    }
}
