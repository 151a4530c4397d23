//! The newer Wiresharks that `tests/wiresharks/get.sh` unpacks, and the library that their plugin needs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::{tshark_post, workspace_dir};

/// The lines of versions that the scripts know.
pub const LINES: &[&str] = &["4.4", "4.6"];

/// Builds libairtone in the profile of the running test, beside `tshark-post`, and says where it is.
///
/// # Panics
/// When it cannot be built.
pub fn library() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let folder = tshark_post().parent().expect("a program lies in a folder");
        let profile = match folder.file_name().and_then(OsStr::to_str) {
            Some("debug") | None => "dev",
            Some(name) => name,
        };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "airtone-cdylib", "--profile", profile, "--target-dir"]);
        build.arg(folder.parent().expect("PROFILE lies in target")).current_dir(workspace_dir());
        assert!(build.status().expect("cargo can be started").success(), "libairtone does not build");
        folder.join(format!("{}airtone{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX))
    })
}

/// One unpacked Wireshark; its programs run as an ordinary user in a file system of their own.
#[derive(Clone, Debug)]
pub struct Unpacked {
    /// `4.4`
    pub line: &'static str,
    folders: Vec<(PathBuf, &'static str)>,
    home: &'static str,
}

impl Unpacked {
    /// Those that are there; each other one with a message. Nothing is ever fetched.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let there = |line: &&&'static str| {
            let output = script().args([line, "true"]).output();
            let is_there = output.as_ref().is_ok_and(|output| output.status.success());
            if !is_there {
                eprintln!("skipped: no Wireshark {line} here (as root: tests/wiresharks/get.sh {line})");
            }
            is_there
        };
        let unpacked = |line: &&'static str| Self { line, folders: Vec::new(), home: "/home/user" };
        LINES.iter().filter(there).map(unpacked).collect()
    }

    /// Shows a folder of this machine inside.
    #[must_use]
    pub fn with(mut self, folder: &Path, inside: &'static str) -> Self {
        self.folders.push((folder.to_owned(), inside));
        self
    }

    /// Sets HOME inside.
    #[must_use]
    pub fn at_home(mut self, home: &'static str) -> Self {
        self.home = home;
        self
    }

    /// Runs a program inside.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("bash can be started")
    }

    /// A program inside, to be started.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = script();
        command.arg(self.line).env("AIRTONE_PASS", format!("HOME={}", self.home));
        for (folder, inside) in &self.folders {
            command.arg("-b").arg(format!("{}:{inside}", folder.display()));
        }
        command.args(args);
        command
    }
}

fn script() -> Command {
    let mut command = Command::new("bash");
    command.arg(workspace_dir().join("tests/wiresharks/run.sh"));
    command
}
