//! libairtone in the interpreters of Lua 5.1 to 5.4: one library for all, the same figures as the command, and
//! wrong use that neither raises nor harms.

use std::path::Path;
use std::process::Command;

use airtone_tests::plugin::library;
use airtone_tests::{fixtures_dir, json, workspace_dir};
use serde_json::Value;

const INTERPRETERS: [&str; 4] = ["lua5.1", "lua5.2", "lua5.3", "lua5.4"];

/// The fixture as a classic pcap, which a script can read in a few lines.
fn classic(folder: &Path) -> Option<std::path::PathBuf> {
    let target = folder.join("loss.pcap");
    let source = fixtures_dir().join("relay-loss.pcapng");
    let status = Command::new("editcap").args(["-F", "nsecpcap"]).arg(source).arg(&target).status().ok()?;
    status.success().then_some(target)
}

#[test]
fn one_library_for_lua_5_1_to_5_4() {
    let folder = tempfile::tempdir().unwrap();
    let Some(capture) = classic(folder.path()) else {
        return eprintln!("skipped: no editcap here");
    };
    let mut report = json(["report", "--format", "json", &capture.display().to_string()]);
    report["capture"]["files"] = Value::Array(Vec::new());
    let worst = report["streams"].as_array().unwrap().iter().map(|s| s["mos"]["lq"].as_f64().unwrap());
    let worst = worst.fold(f64::INFINITY, f64::min);
    let mut outputs = Vec::new();
    for interpreter in INTERPRETERS {
        let script = workspace_dir().join("tests/lua/check.lua");
        let run = Command::new(interpreter).arg(script).arg(library()).arg(&capture).output();
        let Ok(output) = run else {
            eprintln!("skipped: no {interpreter} here");
            continue;
        };
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{interpreter}: {}\n{error}", output.status);
        assert_eq!(error, "", "{interpreter}");
        outputs.push((interpreter, String::from_utf8(output.stdout).unwrap()));
    }
    for (interpreter, output) in &outputs {
        let (columns, text) = output.split_once("json\n").unwrap();
        let theirs: Value = serde_json::from_str(text).unwrap();
        assert_eq!(theirs, report, "{interpreter}");
        assert!(columns.contains(&format!("mos {worst:.3} answered {worst:.3}")), "{interpreter}: {columns}");
        assert!(columns.lines().filter(|l| l.starts_with("frame ")).count() > 500, "{interpreter}");
        assert_eq!(output, &outputs[0].1, "{interpreter} against {}", outputs[0].0);
    }
}
