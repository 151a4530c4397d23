//! A scratch machine: a home, a system, and a stand-in for tshark that prints the folders of its version.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use airtone_tests::{extcap, tshark_post};
use tempfile::TempDir;

pub const ELF: &[u8] = b"\x7fELF a stand-in for the library, version 1";
pub const NEWER: &[u8] = b"\x7fELF a stand-in for the library, version 2";

/// A home, a system, a tshark that names folders in them, and a library to install.
pub struct Place {
    pub folder: TempDir,
    pub version: &'static str,
}

impl Place {
    /// A blank and an umlaut in every path.
    pub fn new(version: &'static str) -> Self {
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

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub fn write_tshark(&self) {
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
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(tshark_post());
        command.args(args).env("HOME", self.path("home")).env("PATH", self.path("bin"));
        command.env("AIRTONE_STATE", self.path("state"));
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Ends with 0; its standard output.
    #[track_caller]
    pub fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Ends with 2; its one sentence.
    #[track_caller]
    pub fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let sentence = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), sentence.lines().count()), (Some(2), 1), "{sentence}");
        sentence
    }

    pub fn install(&self, more: &[&str]) -> String {
        let library = self.path("libairtone").display().to_string();
        self.done(&[&["install", "--library", &library], more].concat())
    }

    /// Every file and folder below, with the content of the files.
    pub fn content(&self) -> BTreeMap<String, Option<Vec<u8>>> {
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

    pub fn plugin(&self) -> PathBuf {
        self.path("home/.local/lib/wireshark/plugins/airtone.lua")
    }

    pub fn library(&self) -> PathBuf {
        self.plugin().with_file_name(format!("libairtone{}", std::env::consts::DLL_SUFFIX))
    }

    pub fn colours(&self) -> PathBuf {
        self.path("home/.config/wireshark/profiles/Airtone/colorfilters")
    }
}
