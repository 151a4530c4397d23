//! Interfaces that were taken down come up again, whatever becomes of this process.
//!
//! Before anything is taken down, what is to be restored is written to a file and handed to a second process, the
//! guardian. It waits on a pipe that only this process holds: when that closes without the word that all is restored,
//! this process died, and the guardian restores. Should the guardian be killed too, the file remains, and the next
//! start or `--extcap-cleanup-postkill` does it.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::channels::{Tuning, Width};
use super::nl80211::{Nl80211, Vif};
use super::routes;
use crate::failure::Failure;
use crate::sys::{self, link, power};

/// The argument by which the program becomes a guardian.
pub const ARGUMENT: &str = "--restore-guard";
/// The last line when there is nothing left to restore.
const DONE: &str = "done";

/// An interface as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sibling {
    name: String,
    index: u32,
    /// Where a monitor interface listened; others find their channel themselves.
    tuning: Option<Tuning>,
    /// What `keep_addr_on_down` was.
    keeps_addresses: Option<String>,
    /// Routes that leave by it, as the kernel describes them.
    routes: Vec<Vec<u8>>,
}

impl Sibling {
    pub(crate) fn of(vif: &Vif) -> Self {
        Self {
            name: vif.name.clone(),
            index: vif.index,
            tuning: vif.tuning.filter(|_| vif.is_monitor()),
            keeps_addresses: fs::read_to_string(keep_addresses(&vif.name))
                .ok()
                .map(|value| value.trim().to_owned()),
            routes: routes::of(vif.index),
        }
    }

    fn take_down(&self) -> io::Result<()> {
        // Without this the kernel forgets IPv6 addresses.
        let _ = fs::write(keep_addresses(&self.name), "1");
        power::set_up(&self.name, false)
    }

    /// True when the interface is as it was, or is no longer the same.
    fn restore(&self) -> bool {
        if link::index(&self.name).and_then(|index| u32::try_from(index).ok()) != Some(self.index) {
            return true;
        }
        let up = link::is_up(&self.name) || power::set_up(&self.name, true).is_ok();
        if let Some(value) = &self.keeps_addresses {
            let _ = fs::write(keep_addresses(&self.name), value);
        }
        if let (Some(tuning), Ok(mut nl)) = (self.tuning, Nl80211::open()) {
            let _ = nl.tune(self.index, &tuning);
        }
        routes::restore(&self.routes);
        up
    }

    /// A line that [`Self::read`] understands.
    fn write(&self) -> String {
        let tuning = self.tuning.map_or("-".to_owned(), |tuning| {
            format!("{}/{}/{}", tuning.mhz, tuning.width.mhz(), tuning.centre)
        });
        let keeps = self.keeps_addresses.as_deref().unwrap_or("-");
        let mut line = format!("{} {} {tuning} {keeps}", self.index, self.name);
        for route in &self.routes {
            line.push(' ');
            route.iter().for_each(|byte| line.push_str(&format!("{byte:02x}")));
        }
        line
    }

    fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let index = words.next()?.parse().ok()?;
        let name = words.next().filter(|name| !name.contains('/'))?.to_owned();
        let tuning = match words.next()? {
            "-" => None,
            text => {
                let mut numbers = text.split('/').map(|number| number.parse::<u32>().ok());
                let (mhz, width, centre) = (numbers.next()??, numbers.next()??, numbers.next()??);
                Some(Tuning { mhz, width: Width::of_mhz(width)?, centre })
            }
        };
        let keeps_addresses = Some(words.next()?.to_owned()).filter(|value| value != "-");
        let routes = words.map(bytes).collect::<Option<Vec<_>>>()?;
        Some(Self { name, index, tuning, keeps_addresses, routes })
    }
}

fn keep_addresses(name: &str) -> String {
    format!("/proc/sys/net/ipv6/conf/{name}/keep_addr_on_down")
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks_exact(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// What was taken down, with those who bring it back.
#[derive(Debug)]
pub(crate) struct Guard {
    siblings: Vec<Sibling>,
    record: Option<PathBuf>,
    guardian: Option<(Child, ChildStdin)>,
}

impl Guard {
    /// Takes interfaces down.
    pub(crate) fn take_down(siblings: Vec<Sibling>) -> Result<Self, Failure> {
        let mut guard = Self { siblings, record: None, guardian: None };
        let text: String = guard.siblings.iter().map(|sibling| sibling.write() + "\n").collect();
        guard.record = write_record(&text);
        let first = guard.record.as_ref().map_or_else(String::new, |path| path.display().to_string());
        guard.guardian = start_guardian(&format!("{first}\n{text}")).ok();
        if guard.record.is_none() && guard.guardian.is_none() {
            return Err(Failure::new(
                "Nothing was taken down: neither a guardian process nor a record in /run could be made that would \
                 bring the interfaces back if the capture were killed.",
            ));
        }
        for sibling in &guard.siblings {
            if let Err(error) = sibling.take_down() {
                let what = format!("Taking {} down", sibling.name);
                let failure = match error.raw_os_error() {
                    Some(libc::EPERM | libc::EACCES) => Failure::new(sys::permission(&what)),
                    _ => Failure::new(format!("{what}: {error}.")),
                };
                guard.restore();
                return Err(failure);
            }
        }
        Ok(guard)
    }

    /// Brings everything back.
    pub(crate) fn restore(self) {
        let restored =
            self.siblings.iter().rev().filter(|sibling| sibling.restore()).count() == self.siblings.len();
        // Otherwise the guardian tries once more, and leaves the record if it fails, too.
        if restored && let Some(path) = &self.record {
            let _ = fs::remove_file(path);
        }
        if let Some((mut child, mut pipe)) = self.guardian {
            if restored {
                let _ = pipe.write_all(DONE.as_bytes());
            }
            drop(pipe);
            let _ = child.wait();
        }
    }
}

/// Where records lie: a directory that nobody else can write to.
fn folder() -> Option<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let parent = runtime.unwrap_or_else(|| PathBuf::from("/run"));
    let path = parent.join("airtone");
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&path);
    made.is_ok().then_some(path)
}

fn write_record(text: &str) -> Option<PathBuf> {
    let path = folder()?.join(format!("wifi-{}", std::process::id()));
    fs::write(&path, text).ok()?;
    Some(path)
}

fn start_guardian(text: &str) -> io::Result<(Child, ChildStdin)> {
    let program = std::env::current_exe()?;
    let mut command = Command::new(program);
    // A group of its own: Ctrl-C in a terminal is not for it. No output: Wireshark waits until ours is closed.
    command.arg(ARGUMENT).process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.current_dir("/").spawn()?;
    let mut pipe = child.stdin.take().ok_or_else(|| io::Error::other("no pipe"))?;
    pipe.write_all(text.as_bytes())?;
    Ok((child, pipe))
}

/// The guardian's whole life: waits for the other process to end, and restores what that has not.
pub fn run() {
    let mut told = String::new();
    // Interfaces are only named in text that we wrote; whatever else comes in is not understood and skipped.
    if io::stdin().read_to_string(&mut told).is_err() || told.lines().last() == Some(DONE) {
        return;
    }
    let Some((record, siblings)) = told.split_once('\n') else { return };
    if restore(siblings) && !record.is_empty() {
        let _ = fs::remove_file(record);
    }
}

fn restore(text: &str) -> bool {
    let siblings: Vec<Sibling> = text.lines().filter_map(Sibling::read).collect();
    siblings.iter().rev().filter(|sibling| sibling.restore()).count() == siblings.len()
}

/// Restores from the records of processes that are no more.
pub(crate) fn clean_up() {
    let entries = folder().map(fs::read_dir).into_iter().flatten().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if owner(&path).is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists())
            && fs::read_to_string(&path).is_ok_and(|text| restore(&text))
        {
            let _ = fs::remove_file(&path);
        }
    }
}

fn owner(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.strip_prefix("wifi-")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_all_and_damage_is_not_believed() {
        let sibling = Sibling {
            name: "wlan0".into(),
            index: 3,
            tuning: Some(Tuning { mhz: 5180, width: Width::Mhz80, centre: 5210 }),
            keeps_addresses: Some("0".into()),
            routes: vec![vec![1, 0xff], vec![]],
        };
        assert_eq!(Sibling::read(&sibling.write()), Some(sibling.clone()));
        let plain = Sibling { tuning: None, keeps_addresses: None, routes: Vec::new(), ..sibling };
        assert_eq!(Sibling::read(&plain.write()), Some(plain));
        for line in
            ["", "x wlan0 - -", "3 ../etc - -", "3 wlan0 5180/81/5210 -", "3 wlan0 5180 -", "3 wlan0 - - xx"]
        {
            assert_eq!(Sibling::read(line), None, "{line:?}");
        }
    }

    #[test]
    fn an_interface_that_is_another_now_is_left_alone() {
        let gone = Sibling {
            name: "airtone-none".into(),
            index: 77,
            tuning: None,
            keeps_addresses: None,
            routes: vec![],
        };
        assert!(gone.restore());
        // The number is not the loopback's: nothing is touched.
        assert!(Sibling { name: "lo".into(), ..gone }.restore());
    }
}
