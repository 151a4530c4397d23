//! Who may capture with the extcap: those who may with Wireshark's own dumpcap, and nobody else.
//!
//! On Linux the extcap needs two capabilities of its file for a mirror or a radio. Given to a file that everybody may
//! run they would let everybody listen; so its group and mode become those of dumpcap first.

use std::path::Path;

use super::Scope;
use super::assets::Kind;
use super::place::{Planned, Step};
use super::wireshark::Wireshark;

/// What the extcap is given.
#[cfg(target_os = "linux")]
const CAPABILITIES: &str = "cap_net_raw,cap_net_admin+eip";

/// Gives the rights to an extcap that was installed for everybody; the sentence says what was done, or what can be.
/// `None` where there is nothing to say.
pub(crate) fn grant(plan: &[Planned], scope: Scope, wireshark: &Wireshark) -> Option<String> {
    let is_there = |planned: &&Planned| {
        planned.asset.kind == Kind::Extcap && !matches!(planned.step, Step::Leave | Step::Refuse)
    };
    let path = &plan.iter().find(is_there)?.path;
    match scope {
        Scope::User => None,
        Scope::System => linux::grant(path, wireshark),
    }
}

/// Takes the rights from an extcap that uninstall leaves, since it was changed.
pub(crate) fn revoke(path: &Path) {
    linux::revoke(path);
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::io;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    use std::path::Path;
    use std::process::{Command, Output};

    use super::super::user;
    use super::super::wireshark::Wireshark;
    use super::CAPABILITIES;

    /// Whom dumpcap lets capture.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Whom {
        /// Root alone.
        Root,
        /// Members of a group, by its number.
        Group(u32),
        /// Everybody.
        Everybody,
    }

    pub(super) fn grant(path: &Path, wireshark: &Wireshark) -> Option<String> {
        if !user::is_root() {
            return None;
        }
        let name = path.display();
        let whom = wireshark.sibling("dumpcap").map_or(Whom::Root, |dumpcap| allowed(&dumpcap));
        let said = match whom {
            Whom::Root => {
                return Some(format!(
                    "Root alone may capture with this Wireshark, and with {name}. To let others: sudo dpkg-reconfigure \
                     wireshark-common (Debian) and install again, or sudo setcap {CAPABILITIES} {name}"
                ));
            }
            Whom::Group(group) => format!("members of group {group}, as with dumpcap"),
            Whom::Everybody => "everybody, as with dumpcap".to_owned(),
        };
        Some(match apply(path, whom) {
            Ok(()) => format!("{name} may be used to capture by {said} ({CAPABILITIES})"),
            Err(error) => format!(
                "{name} got no rights to capture: {error}; give them with: sudo setcap {CAPABILITIES} {name}"
            ),
        })
    }

    fn apply(path: &Path, whom: Whom) -> io::Result<()> {
        // The group first: a change of owner takes capabilities away.
        if let Whom::Group(group) = whom {
            chown(path, None, Some(group))?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o754))?;
        }
        let output = run("setcap", &[CAPABILITIES.as_ref(), path.as_os_str()])?;
        match output.status.success() {
            true => Ok(()),
            false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
        }
    }

    pub(super) fn revoke(path: &Path) {
        // Where there were none, or is no setcap, there is nothing to take.
        let _ = run("setcap", &["-r".as_ref(), path.as_os_str()]);
    }

    pub(super) fn allowed(dumpcap: &Path) -> Whom {
        const SET_USER: u32 = 0o4000;
        const OTHERS_RUN: u32 = 0o001;
        let Ok(meta) = fs::metadata(dumpcap) else { return Whom::Root };
        let capabilities =
            run("getcap", &[dumpcap.as_os_str()]).map(|output| output.stdout).unwrap_or_default();
        let is_able = String::from_utf8_lossy(&capabilities).contains("cap_net_raw")
            || (meta.uid() == 0 && meta.mode() & SET_USER != 0);
        match (is_able, meta.mode() & OTHERS_RUN != 0) {
            (true, true) => Whom::Everybody,
            (true, false) if meta.gid() != 0 => Whom::Group(meta.gid()),
            _ => Whom::Root,
        }
    }

    /// Runs a program of the administrator, which an ordinary PATH may not name.
    fn run(program: &str, args: &[&std::ffi::OsStr]) -> io::Result<Output> {
        match Command::new(program).args(args).output() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Command::new(Path::new("/usr/sbin").join(program)).args(args).output()
            }
            output => output,
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod linux {
    use std::path::Path;

    use super::super::wireshark::Wireshark;

    pub(super) fn grant(_: &Path, _: &Wireshark) -> Option<String> {
        None
    }

    pub(super) fn revoke(_: &Path) {}
}
