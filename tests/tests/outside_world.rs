//! The known truths of captures from the outside world.

use airtone_tests::{captures_dir, check_manifest};

#[test]
fn what_is_known_about_captures_of_others_holds() {
    let Some(folder) = captures_dir() else {
        return eprintln!("skipped: the shared captures are not here (AIRTONE_CAPTURES)");
    };
    let manifest = serde_json::from_str(include_str!("../outside-world.json")).expect("outside-world.json");
    check_manifest(&manifest, &folder);
}
