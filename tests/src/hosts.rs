//! Every tshark that is here, installed or unpacked, with a home in which it finds `airtone-extcap`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::extcap::{home, tshark};
use crate::fixtures_dir;
use crate::wiresharks::Unpacked;

/// A tshark with a home of its own.
#[derive(Debug)]
pub struct Host {
    /// Its version, for messages.
    pub name: String,
    home: TempDir,
    unpacked: Option<Unpacked>,
}

impl Host {
    /// The installed one, where there is one.
    #[must_use]
    pub fn installed() -> Option<Self> {
        let name = crate::tshark();
        if name.is_none() {
            eprintln!("skipped: no tshark here");
        }
        name.map(|name| Self { name, home: home(), unpacked: None })
    }

    /// All that are here.
    ///
    /// # Panics
    /// When a temporary folder cannot be written.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut hosts: Vec<Self> = Self::installed().into_iter().collect();
        for unpacked in Unpacked::all() {
            let home = home();
            // Inside, another user writes here.
            fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).expect("writable");
            let unpacked =
                unpacked.with(home.path(), "/scratch").with(&fixtures_dir(), "/captures").at_home("/scratch");
            hosts.push(Self { name: unpacked.line.to_owned(), home, unpacked: Some(unpacked) });
        }
        hosts
    }

    /// Whether it runs as an ordinary user in a file system of its own.
    #[must_use]
    pub fn is_unpacked(&self) -> bool {
        self.unpacked.is_some()
    }

    /// Its home, as this process sees it.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// tshark with arguments, to be started.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        match &self.unpacked {
            Some(unpacked) => unpacked.command(&[&["tshark"], args].concat()),
            None => tshark(self.home.path(), args),
        }
    }

    /// Runs tshark and waits for it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("tshark can be started")
    }

    /// A recorded capture, as this tshark sees it.
    #[must_use]
    pub fn fixture(&self, name: &str) -> String {
        let folder = if self.is_unpacked() { Path::new("/captures").to_owned() } else { fixtures_dir() };
        folder.join(name).display().to_string()
    }

    /// A file in the home, as this tshark sees it.
    #[must_use]
    pub fn inside(&self, name: &str) -> String {
        let folder = if self.is_unpacked() { Path::new("/scratch") } else { self.home.path() };
        folder.join(name).display().to_string()
    }

    /// The same file, as this process sees it.
    #[must_use]
    pub fn outside(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Lets the program open raw sockets also where tshark runs as an ordinary user; false where that cannot be had.
    #[must_use]
    pub fn allow_raw_sockets(&self) -> bool {
        let folders = [".config/wireshark/extcap", ".local/lib/wireshark/extcap"];
        let allow = |folder: &&str| {
            let program = self.home.path().join(folder).join("airtone-extcap");
            let set = Command::new("setcap").arg("cap_net_raw+ep").arg(program).output();
            set.is_ok_and(|set| set.status.success())
        };
        !self.is_unpacked() || folders.iter().all(allow)
    }
}

/// Standard error of tshark without the lines of every capture.
#[must_use]
pub fn complaints(output: &Output) -> Vec<String> {
    let said = String::from_utf8_lossy(&output.stderr);
    let usual = [
        "Running as user",
        "Capturing on",
        "packets captured",
        "packet captured",
        "Capture started",
        "File: ",
    ];
    let lines = said.lines().map(|line| line.trim().trim_start_matches("tshark:").trim());
    let unusual = |line: &&str| !line.is_empty() && !usual.iter().any(|usual| line.contains(usual));
    lines.filter(unusual).map(str::to_owned).collect()
}
