//! What was put where: the record that `install` keeps and `uninstall` goes by.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Scope;
use super::assets::Kind;
use super::place::write_file;

const SCHEMA: &str = "airtone.install/1";
const NAME: &str = "install.json";

/// The record of one scope. Several Wiresharks may share it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    schema: String,
    /// Version of this program that wrote it.
    airtone_version: String,
    /// Files as they were put.
    pub(crate) files: Vec<Entry>,
    /// Folders that did not exist before, outer ones first.
    pub(crate) folders: Vec<PathBuf>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    pub(crate) kind: Kind,
    pub(crate) sha256: String,
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            airtone_version: env!("CARGO_PKG_VERSION").to_owned(),
            files: Vec::new(),
            folders: Vec::new(),
        }
    }
}

impl Manifest {
    /// The record at `path`; an empty one where there is none. The error is a sentence.
    pub(crate) fn load(path: &Path) -> Result<Self, String> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(_) => {
                return Err(format!("{}: the record of what is installed cannot be read", path.display()));
            }
        };
        let manifest: Self = serde_json::from_slice(&text).map_err(|error| {
            format!("{}: the record of what is installed is damaged: {error}", path.display())
        })?;
        match manifest.schema == SCHEMA {
            true => Ok(manifest),
            false => Err(format!(
                "{}: written by another version of tshark-post ({})",
                path.display(),
                manifest.airtone_version
            )),
        }
    }

    /// Writes the record, or removes it when nothing is left to remember.
    pub(crate) fn save(&mut self, path: &Path) -> io::Result<()> {
        if self.files.is_empty() && self.folders.is_empty() {
            return match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        self.airtone_version = env!("CARGO_PKG_VERSION").to_owned();
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        write_file(path, &serde_json::to_vec_pretty(self)?, false)
    }

    pub(crate) fn entry(&self, path: &Path) -> Option<&Entry> {
        self.files.iter().find(|entry| entry.path == path)
    }

    /// Remembers a file as it is now.
    pub(crate) fn record(&mut self, entry: Entry) {
        match self.files.iter_mut().find(|old| old.path == entry.path) {
            Some(old) => *old = entry,
            None => self.files.push(entry),
        }
    }
}

/// SHA-256 in hexadecimal, as `sha256sum` prints it.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the record of a scope lies. `AIRTONE_STATE` names another folder.
pub(crate) fn path(scope: Scope) -> Result<PathBuf, String> {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if let Some(folder) = variable("AIRTONE_STATE") {
        let scope = if scope == Scope::System { "system" } else { "user" };
        return Ok(folder.join(scope).join(NAME));
    }
    let folder = match (scope, cfg!(windows)) {
        (Scope::User, true) => variable("LOCALAPPDATA"),
        (Scope::User, false) => {
            variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local").join("state")))
        }
        (Scope::System, true) => variable("ProgramData"),
        (Scope::System, false) => Some(PathBuf::from("/var/lib")),
    };
    let folder = folder.ok_or("the environment names no home folder (HOME)")?;
    Ok(folder.join("airtone").join(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_what_sha256sum_prints() {
        assert_eq!(hash(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_record_survives_its_file_and_an_empty_one_leaves_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join(NAME);
        assert!(Manifest::load(&path).unwrap().files.is_empty());
        let mut manifest = Manifest::default();
        let entry = |sha256: &str| Entry { path: "/a b".into(), kind: Kind::Plugin, sha256: sha256.into() };
        manifest.record(entry("1"));
        manifest.record(entry("2"));
        manifest.save(&path).unwrap();
        let mut back = Manifest::load(&path).unwrap();
        assert_eq!(back.files, [entry("2")]);
        back.files.clear();
        back.save(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn damage_and_the_future_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        fs::write(&path, "{").unwrap();
        assert!(Manifest::load(&path).unwrap_err().contains("damaged"));
        let future = r#"{"schema":"airtone.install/9","airtone_version":"7.0.0","files":[],"folders":[]}"#;
        fs::write(&path, future).unwrap();
        assert!(Manifest::load(&path).unwrap_err().contains("7.0.0"));
    }
}
