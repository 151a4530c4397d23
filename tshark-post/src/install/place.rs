//! Puts files where they belong: first decides about all of them, then writes.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::assets::{Asset, Kind, PROFILE};
use super::manifest::{Entry, Manifest, hash};
use super::wireshark::Wireshark;
use super::{Failed, Scope};

/// What is to be done with one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing is there yet.
    Put,
    /// There is what an earlier install put.
    Upgrade,
    /// Something else is there, and `--force` was given.
    Replace,
    /// It is there as it should be.
    Keep,
    /// It is there as it should be, but somebody else put it.
    Foreign,
    /// The user changed it: it stays.
    Leave,
    /// Something else is there that must not be lost.
    Refuse,
}

/// A file with its place.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) asset: Asset,
    pub(crate) path: PathBuf,
    pub(crate) step: Step,
}

/// Where a file belongs in this Wireshark. The error is a sentence.
pub(crate) fn path_of(asset: &Asset, scope: Scope, wireshark: &Wireshark) -> Result<PathBuf, String> {
    let folders = &wireshark.folders;
    let is_user = scope == Scope::User;
    let folder = match asset.kind {
        // The plugin looks for the library beside itself; Wireshark loads only *.lua from there.
        Kind::Plugin | Kind::Library if is_user => folders.personal_lua.clone(),
        Kind::Plugin | Kind::Library => folders.global_lua.clone(),
        Kind::Extcap if is_user => Some(folders.personal_extcap.clone()),
        Kind::Extcap => folders.global_extcap.clone(),
        Kind::Profile => {
            let config = if is_user { &folders.personal_config } else { &folders.global_config };
            Some(config.join("profiles").join(PROFILE))
        }
    };
    let folder = folder.ok_or_else(|| match wireshark.lua {
        None => format!("{wireshark} was built without Lua and cannot load the plugin"),
        Some(_) => format!("{wireshark} names no folder for {:?}", asset.kind),
    })?;
    Ok(folder.join(&asset.name))
}

/// Decides about every file; touches none.
pub(crate) fn plan(
    assets: Vec<Asset>,
    scope: Scope,
    wireshark: &Wireshark,
    manifest: &Manifest,
    force: bool,
) -> Result<Vec<Planned>, String> {
    let planned = |asset: Asset| {
        let path = path_of(&asset, scope, wireshark)?;
        let step = step(&asset, &path, manifest.entry(&path), force);
        Ok(Planned { asset, path, step })
    };
    assets.into_iter().map(planned).collect()
}

fn step(asset: &Asset, path: &Path, entry: Option<&Entry>, force: bool) -> Step {
    let Ok(meta) = fs::symlink_metadata(path) else { return Step::Put };
    // A link may lead into somebody's sources: its target is none of ours.
    let there = if meta.is_file() { fs::read(path).ok() } else { None };
    if there.as_deref() == Some(&*asset.bytes) {
        return if entry.is_some() { Step::Keep } else { Step::Foreign };
    }
    if there.zip(entry).is_some_and(|(bytes, entry)| hash(&bytes) == entry.sha256) {
        return Step::Upgrade;
    }
    match (force && !meta.is_dir(), asset.kind.is_for_the_user_to_change()) {
        (true, _) => Step::Replace,
        (false, true) => Step::Leave,
        (false, false) => Step::Refuse,
    }
}

/// Writes what was planned. Each file is recorded before it is written, so that nothing is ever there which the
/// record does not know; one that could not be written is struck out again.
pub(crate) fn apply(plan: &[Planned], manifest: &mut Manifest, record: &Path) -> Result<(), Failed> {
    for planned in plan {
        if !matches!(planned.step, Step::Put | Step::Upgrade | Step::Replace) {
            continue;
        }
        let path = &planned.path;
        let before = (manifest.files.clone(), manifest.folders.clone());
        let sha256 = hash(&planned.asset.bytes);
        manifest.record(Entry { path: path.clone(), kind: planned.asset.kind, sha256 });
        let folder = path.parent().unwrap_or(path);
        manifest.folders.extend(missing_folders(folder));
        manifest.save(record).map_err(|error| Failed { path: record.to_owned(), error })?;
        let written = fs::create_dir_all(folder)
            .and_then(|()| write_file(path, &planned.asset.bytes, planned.asset.kind.is_executable()));
        if let Err(error) = written {
            manifest.files = before.0;
            // Folders that were made all the same are still to be taken back.
            manifest.folders.retain(|folder| before.1.contains(folder) || folder.is_dir());
            // The first failure is the one to tell.
            let _ = manifest.save(record);
            return Err(Failed { path: path.clone(), error });
        }
    }
    Ok(())
}

/// The folders that would have to be made for this one, outer ones first.
fn missing_folders(folder: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<PathBuf> =
        folder.ancestors().take_while(|path| !path.exists()).map(Path::to_owned).collect();
    missing.reverse();
    missing
}

/// Writes beside the place and moves over it: a running Wireshark keeps the library it has mapped, and nobody
/// ever sees half a file.
pub(crate) fn write_file(path: &Path, bytes: &[u8], executable: bool) -> io::Result<()> {
    let Some(name) = path.file_name() else { return Err(ErrorKind::InvalidInput.into()) };
    let mut new_name = name.to_owned();
    new_name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(new_name);
    let written = fs::write(&new, bytes)
        .and_then(|()| set_mode(&new, executable))
        .and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// Readable for everybody whatever the umask is: a system installation serves other users.
#[cfg(unix)]
fn set_mode(path: &Path, executable: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = if executable { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: bool) -> io::Result<()> {
    Ok(())
}
