//! Checks of the programs: ours, Wireshark's, its Lua, and what they may do.

use std::io;
use std::process::Command;

use super::super::Scope;
use super::super::assets;
use super::super::user;
use super::super::wireshark::Wireshark;
use super::check::Check;

/// This program and the library that lies with it.
pub(super) fn own() -> Check {
    let version = env!("CARGO_PKG_VERSION");
    match assets::find_library() {
        Some(path) => Check::ok("airtone", format!("{version}, with {}", path.display())),
        None => Check::note(
            "airtone",
            format!("{version}; {} does not lie with it", assets::library_name()),
            "install will need --library PATH",
        ),
    }
}

pub(super) fn wireshark(wireshark: &Wireshark) -> Check {
    match wireshark.version.line >= (4, 0) {
        true => Check::ok("wireshark", wireshark.to_string()),
        false => Check::amiss("wireshark", wireshark.to_string(), "the plugin needs 4.0 or later"),
    }
}

pub(super) fn gui(wireshark: &Wireshark) -> Check {
    let names = ["wireshark", "Wireshark"];
    match names.iter().find_map(|name| wireshark.sibling(name)) {
        Some(path) => Check::ok("window", path.display().to_string()),
        None => Check::note(
            "window",
            "Wireshark itself is not beside tshark",
            "install it to see columns, menus and the profile (Debian: sudo apt-get install wireshark)",
        ),
    }
}

pub(super) fn lua(wireshark: &Wireshark) -> Check {
    match &wireshark.lua {
        Some(version) => Check::ok("lua", format!("Lua {version}")),
        None => Check::amiss(
            "lua",
            "this Wireshark was built without Lua",
            "the plugin cannot run in it; use a build with Lua (tshark -v says)",
        ),
    }
}

pub(super) fn folders(wireshark: &Wireshark) -> Check {
    let folders = &wireshark.folders;
    let lua = folders.personal_lua.iter().chain(&folders.global_lua);
    let lua: Vec<String> = lua.map(|path| path.display().to_string()).collect();
    let extcap = folders.personal_extcap.display();
    Check::ok(
        "folders",
        format!("Lua {}; extcap {extcap}; profiles {}", lua.join(" and "), folders.personal_config.display()),
    )
}

/// From 4.2 on root's personal scripts are skipped in silence.
pub(super) fn root_rule(wireshark: &Wireshark, scope: Scope) -> Check {
    match (user::is_root(), wireshark.skips_personal_scripts_of_root(), scope) {
        (false, ..) => Check::ok("user", "not root: personal scripts are run"),
        (true, false, _) => Check::ok("user", "root, whose personal scripts this version runs"),
        (true, true, Scope::System) => Check::ok("user", "root; scripts for everybody are run"),
        (true, true, Scope::User) => Check::amiss(
            "user",
            format!("root, whose personal scripts Wireshark {} skips without a word", wireshark.version),
            "run Wireshark as another user, or install with --system",
        ),
    }
}

/// Captures from files need none of it, so nothing here is amiss.
pub(super) fn capturing(wireshark: &Wireshark) -> Check {
    const REMEDY: &str = "files can be analysed all the same; to capture as an ordinary user (Debian): \
                          sudo dpkg-reconfigure wireshark-common && sudo usermod -aG wireshark $USER, then log in again";
    let Some(dumpcap) = wireshark.sibling("dumpcap") else {
        return Check::note("capture", "dumpcap is not beside tshark", "live capture needs it");
    };
    let name = dumpcap.display();
    match Command::new(&dumpcap).arg("-D").output() {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Check::note("capture", format!("{name} may not be run by this user"), REMEDY)
        }
        Err(error) => Check::note("capture", format!("{name} cannot be run: {error}"), "install it again"),
        Ok(output) => {
            let interfaces =
                output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
            match (output.status.success(), interfaces) {
                (true, 1..) => {
                    Check::ok("capture", format!("{name} sees {interfaces} interfaces{}", rights(&dumpcap)))
                }
                _ => Check::note("capture", format!("{name} sees no interface that it may open"), REMEDY),
            }
        }
    }
}

/// The live sources of the extcap, as this tshark lists them.
pub(super) fn sources(wireshark: &Wireshark) -> Check {
    let output = Command::new(&wireshark.tshark).arg("-D").output();
    let list = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    // `12. airtone_replay (Airtone: replay)`
    let names: Vec<&str> = list.split_whitespace().filter(|word| word.starts_with("airtone_")).collect();
    match names.as_slice() {
        [] => Check::amiss("sources", "tshark -D lists no interface of Airtone", "run tshark-post install"),
        names => Check::ok("sources", format!("tshark -D lists {}", names.join(", "))),
    }
}

/// The capabilities of the file, where `getcap` tells them.
fn rights(dumpcap: &std::path::Path) -> String {
    let output = ["getcap", "/usr/sbin/getcap"]
        .iter()
        .find_map(|getcap| Command::new(getcap).arg(dumpcap).output().ok());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    match text.split_whitespace().find(|word| word.contains("cap_")) {
        Some(capabilities) => format!(", with {capabilities}"),
        None if user::is_root() => ", as root".to_owned(),
        None => String::new(),
    }
}
