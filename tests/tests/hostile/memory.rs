//! Peak memory of one flood: measured in a process of its own, by the system's accounting (Linux).

use std::process::Command;

use serde_json::{Value, json};

/// Names the flood that a child process runs.
const FLOOD: &str = "AIRTONE_FLOOD";

/// What a child process found.
pub struct Outcome {
    /// Growth of the resident set at its peak, bytes.
    pub grown: u64,
    /// What the child says beside.
    pub told: Value,
}

/// The flood that this process was started for.
pub fn flood_of_child() -> Option<String> {
    std::env::var(FLOOD).ok()
}

/// Runs `test` of this program in a process of its own for `flood`. `None` where memory cannot be measured.
///
/// # Panics
/// When the child fails.
pub fn in_child(test: &str, flood: &str) -> Option<Outcome> {
    status("VmHWM:")?;
    let program = std::env::current_exe().expect("a test has a path");
    let run = Command::new(program).args(["--exact", test, "--nocapture"]).env(FLOOD, flood).output();
    let run = run.expect("the test starts itself");
    let text = String::from_utf8_lossy(&run.stdout);
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{flood}: {text}{errors}");
    let line = text.lines().find_map(|line| line.split_once("FLOOD ")).expect("the child reports").1;
    let told: Value = serde_json::from_str(line).expect("JSON");
    Some(Outcome { grown: told["grown"].as_u64().expect("bytes"), told })
}

/// Runs `flood` in a child and prints by how much the process grew, with what `flood` returns.
pub fn measured(flood: impl FnOnce() -> Value) {
    let before = status("VmRSS:").unwrap_or(0);
    let mut told = flood();
    told["grown"] = json!(status("VmHWM:").unwrap_or(0).saturating_sub(before));
    println!("FLOOD {told}");
}

/// Resident memory of this process now, bytes.
pub fn resident() -> u64 {
    status("VmRSS:").unwrap_or(0)
}

fn status(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
