//! The known truths of captures from the outside world.

use airtone_tests::{captures_dir, manifest, try_json};
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
