//! Helpers of the black-box tests: the built command, the recordings, the peers.

pub mod expect;
pub mod invariants;
pub mod wire;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The built `tshark-post`; cargo builds it first when it is not current.
///
/// # Panics
/// When it cannot be built.
pub fn tshark_post() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let build = ["build", "--quiet", "--package", "tshark-post"];
        let status = Command::new(cargo).args(build).current_dir(root()).status().expect("cargo runs");
        assert!(status.success(), "tshark-post does not build");
        // target/debug/deps/this-test
        let test = std::env::current_exe().expect("a test has a path");
        let folder = test.ancestors().nth(2).expect("target/debug").to_owned();
        folder.join(format!("tshark-post{}", std::env::consts::EXE_SUFFIX))
    })
}

/// Runs `tshark-post` in the repository's root.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn run(args: &[&str]) -> Output {
    Command::new(tshark_post()).args(args).current_dir(root()).output().expect("tshark-post runs")
}

/// Runs `tshark-post`, which must succeed and print JSON.
///
/// # Panics
/// When it does not.
#[must_use]
pub fn json(args: &[&str]) -> Value {
    let output = run(args);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {error}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}"))
}

fn folder(variable: &str, default: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map_or_else(|| root().join(default), PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// The folder of captures from the outside world, where there is one (`AIRTONE_CAPTURES`).
#[must_use]
pub fn captures_dir() -> Option<PathBuf> {
    folder("AIRTONE_CAPTURES", "../shared/captures")
}

/// Every capture of the outside world; none, with a message, where the folder is absent.
#[must_use]
pub fn captures() -> Vec<PathBuf> {
    let Some(folder) = captures_dir() else {
        eprintln!("skipped: the shared captures are not here (AIRTONE_CAPTURES)");
        return Vec::new();
    };
    let mut all = files(&folder);
    all.extend(files(&folder.join("mirrors-and-air")));
    all
}

/// The project's own recordings.
#[must_use]
pub fn fixtures() -> Vec<PathBuf> {
    files(&root().join("tests/captures"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let capture = |p: &PathBuf| {
        let name = p.file_name().unwrap_or_default().to_string_lossy().into_owned();
        [".pcap", ".cap", ".pcapng", ".gz"].iter().any(|end| name.ends_with(end))
    };
    let mut files: Vec<PathBuf> = entries.map(|e| e.path()).filter(capture).collect();
    files.sort();
    files
}

/// The folder of reference figures, where there is one (`AIRTONE_REFERENCE`).
#[must_use]
pub fn reference() -> Option<PathBuf> {
    folder("AIRTONE_REFERENCE", "../shared/reference")
}

/// Version of the installed tshark.
#[must_use]
pub fn tshark() -> Option<String> {
    let output = Command::new("tshark").arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().find(|w| w.starts_with(|c: char| c.is_ascii_digit())).map(str::to_owned)
}

/// Compares the report of each capture that `manifest` lists with what it says about it; every difference
/// is printed.
///
/// # Panics
/// When a report differs.
pub fn check_manifest(manifest: &Value, folder: &Path) {
    let mut failures = Vec::new();
    for entry in manifest["captures"].as_array().expect("captures") {
        let file = entry["file"].as_str().expect("file");
        let report = json(&["report", "--format", "json", &folder.join(file).display().to_string()]);
        let mut expected = entry.clone();
        let fields = expected.as_object_mut().expect("an object");
        for note in ["file", "why", "how"] {
            fields.remove(note);
        }
        let differences = expect::differences(&expected, &report);
        failures.extend(differences.into_iter().map(|d| format!("{file}{d}")));
    }
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
}
