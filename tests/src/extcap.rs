//! The built `airtone-extcap`: alone, with a FIFO of our own, and in tshark.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use airtone_capture::{Input, Interface, Record};
use tempfile::TempDir;

/// The program, built on first use; `AIRTONE_EXTCAP` names another one.
///
/// # Panics
/// When it cannot be built.
pub fn program() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| match std::env::var_os("AIRTONE_EXTCAP") {
        Some(path) => path.into(),
        None => {
            crate::build("airtone-extcap").join(format!("airtone-extcap{}", std::env::consts::EXE_SUFFIX))
        }
    })
}

/// Runs it and waits for it.
///
/// # Panics
/// When it cannot be started.
pub fn run(args: &[&str]) -> Output {
    Command::new(program()).args(args).stdin(Stdio::null()).output().expect("airtone-extcap can be started")
}

/// A FIFO in a folder of its own.
#[derive(Debug)]
pub struct Fifo {
    folder: TempDir,
}

impl Fifo {
    /// Makes it.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let fifo = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        fifo.make("fifo");
        fifo
    }

    /// Makes another one beside it.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn make(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo can be started");
        assert!(made.success());
        path
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("fifo")
    }

    /// Starts a capture into it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn capture(&self, interface: &str, args: &[&str]) -> Child {
        let mut command = Command::new(program());
        command.args(["--capture", "--extcap-interface", interface, "--fifo"]).arg(self.path()).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("airtone-extcap can be started")
    }
}

impl Default for Fifo {
    fn default() -> Self {
        Self::new()
    }
}

/// Waits for the end of a child, which is killed when it does not come.
///
/// # Panics
/// When it did not end by itself.
#[track_caller]
pub fn end_of(mut child: Child) -> Output {
    let give_up = Instant::now() + Duration::from_secs(30);
    while child.try_wait().expect("a child can be waited for").is_none() {
        if Instant::now() > give_up {
            let _ = child.kill();
            panic!("it did not end");
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().expect("a child can be waited for")
}

/// Sends a signal to a child of our own, e.g. `TERM`.
///
/// # Panics
/// As [`signal_id`].
pub fn signal(child: &Child, name: &str) {
    signal_id(child.id(), name);
}

/// Sends a signal to a process that a child of our own started.
///
/// # Panics
/// When it cannot be sent.
pub fn signal_id(pid: u32, name: &str) {
    // The shell's own `kill`: not every machine has it as a program.
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status();
    assert!(sent.expect("sh can be started").success());
}

/// A packet with all that a capture keeps of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Nanoseconds since 1970.
    pub at: i64,
    /// Link type, name and description.
    pub interface: Interface,
    /// On the wire.
    pub orig_len: u32,
    /// As captured.
    pub bytes: Vec<u8>,
}

/// Every packet of a capture, the sum of the drops that it tells, and the warnings.
///
/// # Panics
/// When it cannot be read.
#[must_use]
#[track_caller]
pub fn content(path: &Path) -> (Vec<Kept>, u64, Vec<String>) {
    let mut input = Input::open(&[path.to_owned()]).unwrap_or_else(|error| panic!("{error}"));
    let (mut heads, mut dropped) = (Vec::new(), 0);
    while let Some(record) = input.next().expect("readable") {
        match record {
            Record::Packet(packet) => {
                let interface = packet.interface as usize;
                heads.push((packet.at.0, interface, packet.orig_len, packet.bytes.to_vec()));
            }
            Record::Dropped { packets, .. } => dropped += packets,
            Record::Observed(_) | Record::Listening { .. } => {}
        }
    }
    let interfaces = input.interfaces().to_vec();
    let kept = |(at, interface, orig_len, bytes): (i64, usize, u32, Vec<u8>)| Kept {
        at,
        interface: interfaces[interface].clone(),
        orig_len,
        bytes,
    };
    let warnings = input.files().into_iter().flat_map(|file| file.warnings).collect();
    (heads.into_iter().map(kept).collect(), dropped, warnings)
}

/// A home in which the installed tshark finds the program, whichever its version.
///
/// # Panics
/// When it cannot be made.
#[must_use]
pub fn home() -> TempDir {
    let home = tempfile::tempdir().expect("a temporary folder");
    // The folder of 4.0 and that of later versions.
    for folder in [".config/wireshark/extcap", ".local/lib/wireshark/extcap"] {
        let folder = home.path().join(folder);
        fs::create_dir_all(&folder).expect("writable");
        fs::copy(program(), folder.join("airtone-extcap")).expect("writable");
    }
    home
}

/// tshark in such a home.
///
/// # Panics
/// When tshark cannot be started.
#[must_use]
pub fn tshark<I, S>(home: &Path, args: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new("tshark");
    command.args(args).env("HOME", home).stdin(Stdio::null());
    for variable in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "WIRESHARK_CONFIG_DIR", "WIRESHARK_EXTCAP_DIR"] {
        command.env_remove(variable);
    }
    command
}
