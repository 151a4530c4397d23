//! `install`, `uninstall` and `doctor` in scratch homes, with a stand-in for tshark that prints the folders of each
//! version, and with the real one where there is one.
#![cfg(unix)]

mod doctor;
mod place;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use airtone_tests::tshark_post;
use place::{ELF, NEWER, Place};

const VERSIONS: &[&str] = &["4.0.17", "4.4.18", "4.6.9"];

#[test]
fn files_go_where_each_version_looks_and_uninstall_leaves_nothing() {
    for version in VERSIONS {
        let place = Place::new(version);
        let before = place.content();
        let said = place.install(&[]);
        assert!(said.starts_with(&format!("Wireshark {version} (")), "{said}");
        assert!(place.plugin().is_file() && place.colours().is_file(), "{said}");
        assert_eq!(fs::read(place.library()).unwrap(), ELF);
        assert!(said.contains(&place.plugin().display().to_string()), "{said}");
        let mode = fs::metadata(place.library()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);

        place.done(&["uninstall"]);
        let mut after = place.content();
        // The state folder itself was named by us and may stay.
        after.retain(|name, _| name != "state");
        assert_eq!(after, before, "{version}");
    }
}

#[test]
fn a_system_installation_goes_to_the_global_folders() {
    for version in VERSIONS {
        let place = Place::new(version);
        place.install(&["--system"]);
        assert!(place.path("usr/lib/wireshark/plugins/airtone.lua").is_file());
        assert!(place.path("usr/share/wireshark/profiles/Airtone/preferences").is_file());
        assert!(!place.plugin().exists());
        let said = place.done(&["uninstall"]);
        assert!(said.contains("--system"), "the other scope is told: {said}");
        assert!(place.path("usr/lib/wireshark/plugins/airtone.lua").is_file());
        place.done(&["uninstall", "--system"]);
        assert!(!place.path("usr/lib/wireshark/plugins/airtone.lua").exists());
        assert!(place.path("usr/lib/wireshark/plugins").is_dir(), "it was there before");
    }
}

#[test]
fn the_extcap_is_put_alone_where_each_version_runs_programs() {
    for (version, folder) in [
        ("4.0.17", "home/.config/wireshark/extcap"),
        ("4.4.18", "home/.local/lib/wireshark/extcap"),
        ("4.6.9", "home/.local/lib/wireshark/extcap"),
    ] {
        let place = Place::new(version);
        place.install(&[]);
        let names: Vec<_> =
            fs::read_dir(place.path(folder)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["airtone-extcap"], "Wireshark runs whatever lies there");
        place.done(&["uninstall"]);
        assert!(!place.path(folder).exists());
    }
}

#[test]
fn those_may_capture_who_may_with_dumpcap() {
    if !is_root() || !Path::new("/usr/sbin/setcap").exists() {
        return eprintln!("skipped: needs root and setcap");
    }
    let place = Place::new("4.6.9");
    let extcap = place.path("usr/libexec/wireshark/extcap/airtone-extcap");
    let said = place.install(&["--system"]);
    assert!(said.contains("Root alone may capture"), "{said}");
    assert_eq!((mode(&extcap), capabilities(&extcap).as_str()), (0o755, ""));

    // As Debian sets it up when asked to let a group capture.
    let dumpcap = place.path("bin/dumpcap");
    fs::copy("/bin/true", &dumpcap).unwrap();
    std::os::unix::fs::chown(&dumpcap, None, Some(12)).unwrap();
    fs::set_permissions(&dumpcap, fs::Permissions::from_mode(0o750)).unwrap();
    let set = Command::new("/usr/sbin/setcap").arg("cap_net_raw=ep").arg(&dumpcap).status().unwrap();
    assert!(set.success());
    let said = place.install(&["--system"]);
    assert!(said.contains("members of group 12"), "{said}");
    assert_eq!(mode(&extcap), 0o754);
    assert!(capabilities(&extcap).contains("cap_net_admin,cap_net_raw=eip"), "{}", capabilities(&extcap));
    assert!(place.install(&["--system"]).contains("current"), "rights do not change what was put");

    place.done(&["uninstall", "--system"]);
    assert!(!extcap.exists());
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn capabilities(path: &Path) -> String {
    let output = Command::new("/usr/sbin/getcap").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_dry_run_changes_nothing() {
    let place = Place::new("4.4.18");
    let before = place.content();
    let said = place.install(&["--dry-run"]);
    assert!(said.contains(&format!("would put     {}", place.plugin().display())), "{said}");
    assert!(said.contains("Nothing was changed."), "{said}");
    assert_eq!(place.content(), before);
    place.install(&[]);
    let before = place.content();
    assert!(place.done(&["uninstall", "--dry-run"]).contains("would remove"));
    assert_eq!(place.content(), before);
}

#[test]
fn again_is_the_same_and_a_newer_library_is_an_upgrade() {
    let place = Place::new("4.4.18");
    place.install(&[]);
    let before = place.content();
    let said = place.install(&[]);
    assert!(!said.contains("  put ") && said.contains("  current "), "{said}");
    assert_eq!(place.content(), before);

    fs::write(place.path("libairtone"), NEWER).unwrap();
    let said = place.install(&[]);
    assert_eq!(said.matches("upgraded").count(), 1, "{said}");
    assert_eq!(fs::read(place.library()).unwrap(), NEWER);
    place.done(&["uninstall"]);
    assert!(!place.library().exists());
}

#[test]
fn what_the_user_changed_is_left_and_said() {
    let place = Place::new("4.0.17");
    place.install(&[]);
    fs::write(place.colours(), "@mine@rtp@[0,0,0][65535,65535,65535]\n").unwrap();
    fs::write(place.plugin().with_file_name("other.lua"), "-- another plugin").unwrap();
    let said = place.install(&[]);
    assert!(said.contains("changed since; --force replaces it"), "{said}");
    assert!(fs::read_to_string(place.colours()).unwrap().starts_with("@mine@"));

    let said = place.done(&["uninstall"]);
    let line = said.lines().find(|line| line.contains("colorfilters")).unwrap();
    assert!(line.trim_start().starts_with("left"), "{said}");
    assert!(place.colours().is_file() && !place.plugin().exists());
    assert!(!place.colours().with_file_name("preferences").exists());
    assert!(place.plugin().with_file_name("other.lua").is_file());
    assert!(place.done(&["uninstall"]).starts_with("Nothing is installed"));
}

#[test]
fn a_stranger_in_the_place_is_not_overwritten() {
    let place = Place::new("4.4.18");
    let (plugin, sources) = (place.plugin(), place.path("sources.lua"));
    fs::create_dir_all(plugin.parent().unwrap()).unwrap();
    fs::write(&sources, "-- somebody's sources").unwrap();
    symlink(&sources, &plugin).unwrap();
    let before = place.content();
    let library = place.path("libairtone").display().to_string();
    let sentence = place.refused(&["install", "--library", &library]);
    assert!(sentence.contains("--force") && sentence.contains("airtone.lua"), "{sentence}");
    assert_eq!(place.content(), before, "nothing at all was put");

    place.install(&["--force"]);
    assert_eq!(fs::read_to_string(&sources).unwrap(), "-- somebody's sources", "the link was replaced");
    assert!(fs::symlink_metadata(&plugin).unwrap().is_file());
    place.done(&["uninstall"]);
    assert!(!plugin.exists());
}

#[test]
fn an_identical_file_of_somebody_else_is_not_taken_away() {
    let place = Place::new("4.4.18");
    fs::create_dir_all(place.library().parent().unwrap()).unwrap();
    fs::write(place.library(), ELF).unwrap();
    assert!(place.install(&[]).contains("uninstall will leave it"));
    place.done(&["uninstall"]);
    assert!(place.library().is_file() && !place.plugin().exists());
}

#[test]
fn two_wiresharks_share_one_record() {
    let place = Place::new("4.0.17");
    place.install(&[]);
    let other = Place::new("4.4.18");
    let tshark = other.path("bin").display().to_string();
    place.install(&["--wireshark", &tshark]);
    assert!(place.plugin().is_file() && other.plugin().is_file());
    place.done(&["uninstall"]);
    assert!(!place.plugin().exists() && !other.plugin().exists());
}

#[test]
fn what_cannot_work_is_one_sentence() {
    let without_lua = Place::new("4.1.0");
    let library = without_lua.path("libairtone").display().to_string();
    let sentence = without_lua.refused(&["install", "--library", &library]);
    assert!(sentence.contains("built without Lua"), "{sentence}");

    let place = Place::new("4.4.18");
    for (args, words) in [
        (&["install", "--library", "/nowhere/libairtone.so"][..], "no such file"),
        (&["install", "--wireshark", "/nowhere/tshark"], "no such program"),
        (&["install", "--wireshark", "/bin/true"], "is no tshark"),
        (&["install", "--library", "/etc/passwd"], "no shared library"),
    ] {
        let sentence = place.refused(args);
        assert!(sentence.contains(words), "{sentence}");
    }
    assert_eq!(place.run(&["install", "--user", "--system"]).status.code(), Some(2));
}

#[test]
fn a_folder_that_cannot_be_made_is_said_and_what_was_put_is_remembered() {
    let place = Place::new("4.4.18");
    // A file where the profiles belong.
    fs::create_dir_all(place.path("home/.config/wireshark")).unwrap();
    fs::write(place.path("home/.config/wireshark/profiles"), "in the way").unwrap();
    let before = place.content();
    let library = place.path("libairtone").display().to_string();
    let sentence = place.refused(&["install", "--library", &library]);
    assert!(sentence.contains("profiles"), "{sentence}");
    assert!(place.plugin().is_file(), "put before the failure");
    place.done(&["uninstall"]);
    let mut after = place.content();
    after.retain(|name, _| name != "state");
    assert_eq!(after, before);
}

#[test]
fn a_system_installation_without_permission_is_one_sentence() {
    if is_root() && !has_setpriv() {
        return eprintln!("skipped: root may write everywhere, and there is no setpriv");
    }
    let place = Place::new("4.4.18");
    fs::create_dir(place.path("state")).unwrap();
    for path in ["", "state", "home"] {
        fs::set_permissions(place.path(path), fs::Permissions::from_mode(0o777)).unwrap();
    }
    let read_only = ["usr/lib/wireshark/plugins", "usr/share/wireshark"];
    for path in read_only {
        fs::set_permissions(place.path(path), fs::Permissions::from_mode(0o555)).unwrap();
    }
    // The program may lie where only root can go.
    let program = place.path("bin/tshark-post");
    fs::copy(tshark_post(), &program).unwrap();
    let mut command = match is_root() {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(program);
            command
        }
        false => Command::new(program),
    };
    command.args(["install", "--system", "--library"]).arg(place.path("libairtone"));
    command.args(["--wireshark"]).arg(place.path("bin")).env("AIRTONE_STATE", place.path("state"));
    let output = command.output().unwrap();
    let sentence = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), sentence.lines().count()), (Some(2), 1), "{sentence}");
    assert!(sentence.contains("permission denied") && sentence.contains("sudo"), "{sentence}");
    assert!(!place.path("usr/lib/wireshark/plugins/airtone.lua").exists());
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

fn has_setpriv() -> bool {
    Command::new("setpriv").arg("--version").output().is_ok()
}

/// Columns, colours and buttons of the profile name fields that the contract has.
#[test]
fn the_profile_names_known_fields() {
    let folder = airtone_tests::workspace_dir().join("packaging/profile");
    let plugin = fs::read_to_string(airtone_tests::workspace_dir().join("lua/airtone.lua")).unwrap();
    for name in ["preferences", "colorfilters", "dfilter_buttons"] {
        for field in fields(&fs::read_to_string(Path::new(&folder).join(name)).unwrap()) {
            assert!(plugin.contains(&format!("\"{field}\"")), "{name}: the plugin has no field {field}");
        }
    }
}

/// Every `airtone.x.y` in a text.
fn fields(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
    let starts = text.match_indices("airtone.").map(|(at, _)| &text[at..]);
    let field = |rest: &str| rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())].to_owned();
    starts.map(field).collect()
}
