//! Helpers of the black-box tests: the built command, the recorded captures, the installed tshark.

pub mod extcap;
#[cfg(unix)]
pub mod hosts;
pub mod invariants;
pub mod manifest;
pub mod plugin;
pub mod wire;
pub mod wiresharks;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

/// The `tshark-post` of the same profile as the running test, built on first use.
///
/// `AIRTONE_TSHARK_POST` names another one, for instance an installed package's.
///
/// # Panics
/// When it cannot be built: no black-box test has a meaning then.
pub fn tshark_post() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| match std::env::var_os("AIRTONE_TSHARK_POST") {
        Some(path) => path.into(),
        None => build("tshark-post").join(format!("tshark-post{}", std::env::consts::EXE_SUFFIX)),
    })
}

/// Builds a package in the profile of the running test and returns the folder of what was built.
pub(crate) fn build(package: &str) -> PathBuf {
    // target/PROFILE/deps/TEST-HASH; the directory `debug` belongs to the profile `dev`.
    let test = std::env::current_exe().expect("path of the running test");
    let profile_dir = test.ancestors().nth(2).expect("a test lies in target/PROFILE/deps");
    let target_dir = profile_dir.parent().expect("PROFILE lies in target");
    let profile = match profile_dir.file_name().and_then(OsStr::to_str) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--package", package, "--profile", profile, "--target-dir"])
        .arg(target_dir)
        .current_dir(workspace_dir())
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "{package} does not build");
    profile_dir.to_path_buf()
}

/// Runs `tshark-post` and waits for it.
///
/// # Panics
/// When it cannot be started.
pub fn run<I, S>(args: I) -> Output
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let path = tshark_post();
    Command::new(path).args(args).output().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Runs `tshark-post`, which must end with 0, and reads its standard output as JSON.
///
/// # Panics
/// When it ends otherwise or prints no JSON.
pub fn json<I, S>(args: I) -> Value
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    try_json(args).unwrap_or_else(|e| panic!("{e}"))
}

/// As [`json`], for tests that go on after a failure.
///
/// # Errors
/// What went wrong, with the command line and its standard error.
pub fn try_json<I, S>(args: I) -> Result<Value, String>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let args: Vec<_> = args.into_iter().map(|a| a.as_ref().to_owned()).collect();
    let out = run(&args);
    let stderr = String::from_utf8_lossy(&out.stderr);
    if !out.status.success() {
        return Err(format!("tshark-post {args:?}: {}\n{stderr}", out.status));
    }
    serde_json::from_slice(&out.stdout).map_err(|e| format!("tshark-post {args:?}: no JSON: {e}\n{stderr}"))
}

/// The root of the workspace.
#[must_use]
pub fn workspace_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the workspace")
}

/// The fixtures that `tests/record` made, and their manifest.
#[must_use]
pub fn fixtures_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures")
}

/// The collection of public captures that lies beside the repository and is no part of it: the folder that
/// `AIRTONE_CAPTURES` names, else `../shared/captures`. `None` where there is none; such tests then skip.
#[must_use]
pub fn captures_dir() -> Option<PathBuf> {
    let dir = match std::env::var_os("AIRTONE_CAPTURES") {
        Some(dir) => dir.into(),
        None => workspace_dir().join("../shared/captures"),
    };
    dir.is_dir().then_some(dir)
}

/// Every capture of that collection; none, with a message, where the folder is absent.
#[must_use]
pub fn captures() -> Vec<PathBuf> {
    let Some(folder) = captures_dir() else {
        eprintln!("skipped: the collection of public captures is not here (AIRTONE_CAPTURES)");
        return Vec::new();
    };
    let mut all = captures_in(&folder);
    all.extend(captures_in(&folder.join("mirrors-and-air")));
    all
}

/// The project's own recordings.
#[must_use]
pub fn fixtures() -> Vec<PathBuf> {
    captures_in(&fixtures_dir())
}

/// The capture files of a folder, by name.
#[must_use]
pub fn captures_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_capture = |path: &PathBuf| {
        let name = path.to_string_lossy();
        [".pcap", ".cap", ".pcapng", ".gz"].iter().any(|end| name.ends_with(end))
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_capture).collect();
    files.sort();
    files
}

/// The folder of reference figures that lies beside the repository (`AIRTONE_REFERENCE`).
#[must_use]
pub fn reference_dir() -> Option<PathBuf> {
    let dir = match std::env::var_os("AIRTONE_REFERENCE") {
        Some(dir) => dir.into(),
        None => workspace_dir().join("../shared/reference"),
    };
    dir.is_dir().then_some(dir)
}

/// Version of the installed tshark, e.g. `4.0.17`; `None` without one.
#[must_use]
pub fn tshark() -> Option<String> {
    let out = Command::new("tshark").arg("--version").output().ok()?;
    version_in(&String::from_utf8_lossy(&out.stdout))
}

fn version_in(text: &str) -> Option<String> {
    let is_version = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
    let line = text.lines().next()?;
    let word = line.split_whitespace().find(is_version)?;
    Some(word.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_of_tshark_is_the_number_in_its_first_line() {
        let debian = "TShark (Wireshark) 4.0.17 (Git v4.0.17 packaged as 4.0.17-0+deb12u1)\n\nCopyright 1998";
        assert_eq!(version_in(debian).as_deref(), Some("4.0.17"));
        assert_eq!(version_in("TShark (Wireshark) 4.4.9.\n").as_deref(), Some("4.4.9"));
        assert_eq!(version_in(""), None);
    }

    #[test]
    fn fixtures_lie_in_the_workspace() {
        assert!(fixtures_dir().starts_with(workspace_dir()));
        assert!(workspace_dir().join("Cargo.toml").is_file());
    }
}
