//! `install`, `uninstall` and `doctor` in scratch homes, with a stand-in for tshark that prints the folders of each
//! version, and with the real one where there is one.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use airtone_tests::{extcap, tshark_post};
use serde_json::Value;
use tempfile::TempDir;

const ELF: &[u8] = b"\x7fELF a stand-in for the library, version 1";
const NEWER: &[u8] = b"\x7fELF a stand-in for the library, version 2";

/// A home, a system, a tshark that names folders in them, and a library to install.
struct Place {
    folder: TempDir,
    version: &'static str,
}

impl Place {
    /// A blank and an umlaut in every path.
    fn new(version: &'static str) -> Self {
        let place = Self { folder: TempDir::with_prefix("a ü ").unwrap(), version };
        for folder in ["home", "usr/lib/wireshark/plugins", "usr/share/wireshark", "bin"] {
            fs::create_dir_all(place.path(folder)).unwrap();
        }
        fs::write(place.path("libairtone"), ELF).unwrap();
        // Install takes it along where it lies beside tshark-post.
        assert_eq!(extcap::program().parent(), tshark_post().parent());
        place.write_tshark();
        // All that the stand-in and the command need of the machine, and no other tshark.
        for program in ["sh", "cat", "id"] {
            symlink(Path::new("/bin").join(program), place.path("bin").join(program)).unwrap();
        }
        place
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn write_tshark(&self) {
        let (home, usr) = (self.path("home"), self.path("usr"));
        let (home, usr) = (home.display(), usr.display());
        let lua = match self.version {
            "4.0.17" => "with libnl 3, with Lua\n5.2.4, with GnuTLS",
            "4.4.18" => "with libnl 3, with Lua 5.4.7, with GnuTLS",
            "4.6.9" => " With:\n  +libxml2 2.15.4              +zlib 1.3.2\n  +Lua 5.4.9",
            _ => "with libnl 3, without Lua",
        };
        let extcap = match self.version {
            "4.0.17" => format!("Extcap path:         \t{usr}/lib/wireshark/extcap"),
            "4.6.9" => format!(
                "Personal Extcap path:\t{home}/.local/lib/wireshark/extcap\n\
                 Global Extcap path:  \t{usr}/libexec/wireshark/extcap"
            ),
            _ => format!(
                "Personal Extcap path:\t{home}/.local/lib/wireshark/extcap\n\
                 Global Extcap path:  \t{usr}/lib/wireshark/extcap"
            ),
        };
        let lua_folders = match self.version {
            "4.1.0" => String::new(),
            _ => format!(
                "Personal Lua Plugins:\t{home}/.local/lib/wireshark/plugins\n\
                 Global Lua Plugins:  \t{usr}/lib/wireshark/plugins\n"
            ),
        };
        let script = format!(
            "#!/bin/sh\n\
             case $1 in\n\
             --version) cat <<'END'\nTShark (Wireshark) {version} (Git v{version}).\n\n{lua}\nEND\n;;\n\
             -G) cat <<'END'\n\
             Temp:                \t/tmp\n\
             Personal configuration:\t{home}/.config/wireshark\n\
             Global configuration:\t{usr}/share/wireshark\n\
             Program:             \t/usr/bin\n\
             {lua_folders}{extcap}\n\
             MaxMind database path:\t/usr/share/GeoIP\nEND\n;;\n\
             -z) echo '     rtp,streams' >&2 ;;\n\
             -D) echo '12. airtone_replay (Airtone: replay)' ;;\n\
             esac\n",
            version = self.version,
        );
        let tshark = self.path("bin/tshark");
        fs::write(&tshark, script).unwrap();
        fs::set_permissions(&tshark, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// `tshark-post` in this home, with this tshark alone on the PATH.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(tshark_post());
        command.args(args).env("HOME", self.path("home")).env("PATH", self.path("bin"));
        command.env("AIRTONE_STATE", self.path("state"));
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Ends with 0; its standard output.
    #[track_caller]
    fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Ends with 2; its one sentence.
    #[track_caller]
    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let sentence = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), sentence.lines().count()), (Some(2), 1), "{sentence}");
        sentence
    }

    fn install(&self, more: &[&str]) -> String {
        let library = self.path("libairtone").display().to_string();
        self.done(&[&["install", "--library", &library], more].concat())
    }

    /// Every file and folder below, with the content of the files.
    fn content(&self) -> BTreeMap<String, Option<Vec<u8>>> {
        let mut content = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(self.folder.path()).unwrap().display().to_string();
                if path.is_dir() {
                    content.insert(name, None);
                    folders.push(path);
                } else {
                    content.insert(name, Some(fs::read(path).unwrap_or_default()));
                }
            }
        }
        content
    }

    fn plugin(&self) -> PathBuf {
        self.path("home/.local/lib/wireshark/plugins/airtone.lua")
    }

    fn library(&self) -> PathBuf {
        self.plugin().with_file_name(format!("libairtone{}", std::env::consts::DLL_SUFFIX))
    }

    fn colours(&self) -> PathBuf {
        self.path("home/.config/wireshark/profiles/Airtone/colorfilters")
    }
}

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

/// The checks of `doctor --format json`, by name, and its exit code.
fn doctor(command: &mut Command) -> (BTreeMap<String, Value>, Option<i32>) {
    let output = command.output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["schema"], "airtone.doctor/1");
    assert_eq!(document["ok"], output.status.code() == Some(0));
    let checks = document["checks"].as_array().unwrap();
    let by_name = checks.iter().map(|check| (check["name"].as_str().unwrap().to_owned(), check.clone()));
    (by_name.collect(), output.status.code())
}

#[test]
fn doctor_says_what_is_amiss_and_what_to_do() {
    for version in VERSIONS {
        let place = Place::new(version);
        let (checks, code) = doctor(&mut place.command(&["doctor", "--format", "json"]));
        assert_eq!(code, Some(1));
        assert_eq!(checks["plugin"]["status"], "amiss");
        assert!(checks["plugin"]["remedy"].as_str().unwrap().contains("tshark-post install"));
        assert_eq!(checks["lua"]["status"], "ok", "{:?}", checks["lua"]);

        place.install(&[]);
        let (checks, code) = doctor(&mut place.command(&["doctor", "--format", "json"]));
        assert_eq!(checks["plugin"]["status"], "ok", "{checks:?}");
        assert_eq!(checks["profile"]["status"], "ok");
        // This tshark is none: it does not load the plugin.
        assert_eq!((checks["loads"]["status"].as_str(), code), (Some("amiss"), Some(1)));
        let root = &checks["user"]["status"];
        assert_eq!(root, if is_root() && *version != "4.0.17" { "amiss" } else { "ok" }, "{checks:?}");

        fs::write(place.plugin(), "-- changed").unwrap();
        fs::remove_file(place.library()).unwrap();
        let (checks, _) = doctor(&mut place.command(&["doctor", "--format", "json"]));
        assert_eq!(checks["plugin"]["status"], "amiss");
        assert!(checks["library"]["found"].as_str().unwrap().contains("missing"));
    }
}

#[test]
fn doctor_text_is_one_line_per_check() {
    let place = Place::new("4.4.18");
    let output = place.run(&["doctor"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let is_check = |line: &str| ["ok ", "note ", "amiss "].iter().any(|status| line.starts_with(status));
    let lines: Vec<&str> = text.lines().collect();
    let (last, checks) = lines.split_last().unwrap();
    assert!(checks.iter().all(|line| is_check(line)), "{text}");
    assert!(last.ends_with("amiss."), "{text}");
}

#[test]
fn doctor_without_wireshark_says_so() {
    let place = Place::new("4.4.18");
    let mut command = place.command(&["doctor", "--format", "json"]);
    let (checks, code) = doctor(command.env("PATH", "/nowhere"));
    assert_eq!((checks["wireshark"]["status"].as_str(), code), (Some("amiss"), Some(1)));
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
