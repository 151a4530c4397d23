//! Commands that read nothing.

use crate::run;

#[test]
fn the_schema_describes_the_report_as_it_is_written() {
    let schema = run(["schema"]).json();
    assert_eq!(schema["title"], "Report");
    assert_eq!(schema["properties"]["calls"]["items"]["$ref"], "#/$defs/Call");
    // What is unknown is null, not absent, so every field is required.
    let required = schema["$defs"]["Call"]["required"].as_array().expect("a list");
    for field in ["id", "outcome_code", "answer", "mos"] {
        assert!(required.contains(&field.into()), "{field}: {required:?}");
    }
}

#[test]
fn completions_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(["completions", shell]);
        assert!(script.assert_done().contains("tshark-post"), "{shell}");
        assert!(script.out.contains("no-heuristic"), "{shell}");
    }
    assert_eq!(run(["completions", "tcsh"]).code, Some(2));
}

#[test]
fn export_commands_are_tshark_commands() {
    let ran = run(["export-fields"]);
    let commands: Vec<&str> = ran.assert_done().lines().filter(|line| line.starts_with("tshark ")).collect();
    for format in ["-T json ", "-T ek ", "-T pdml ", "-T fields -E header=y "] {
        assert!(commands.iter().any(|command| command.contains(format)), "{format} is not in\n{}", ran.out);
    }
    assert!(commands.iter().any(|command| command.contains("-e rtp.timestamp")));
}
