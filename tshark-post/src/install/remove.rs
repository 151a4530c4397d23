//! Takes back what the record says was put, and nothing else.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::Failed;
use super::assets::Kind;
use super::manifest::{Entry, Manifest, hash};
use super::rights;

/// What is to be done with a file of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is as it was put.
    Remove,
    /// It is not there any more.
    Gone,
    /// It was changed since: it stays.
    Leave,
}

/// Decides about one file; touches nothing.
pub(crate) fn step(entry: &Entry) -> Step {
    match fs::symlink_metadata(&entry.path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Step::Gone,
        Ok(meta) if meta.is_file() => match fs::read(&entry.path) {
            Ok(bytes) if hash(&bytes) == entry.sha256 => Step::Remove,
            _ => Step::Leave,
        },
        _ => Step::Leave,
    }
}

/// Removes the files to be removed, then folders of ours that are empty, then the record. After a failure the
/// record holds what is still to be taken back.
pub(crate) fn apply(manifest: &mut Manifest, record: &Path) -> Result<(), Failed> {
    let fail = |path: &Path, error| Failed { path: path.to_owned(), error };
    while let Some(entry) = manifest.files.last() {
        if step(entry) == Step::Remove
            && let Err(error) = fs::remove_file(&entry.path)
        {
            let path = entry.path.clone();
            // The first failure is the one to tell.
            let _ = manifest.save(record);
            return Err(fail(&path, error));
        }
        if entry.kind == Kind::Extcap && step(entry) == Step::Leave {
            rights::revoke(&entry.path);
        }
        manifest.files.pop();
    }
    while let Some(folder) = manifest.folders.pop() {
        match fs::remove_dir(&folder) {
            Ok(()) => {}
            Err(error) if is_in_use_or_gone(&error) => {}
            Err(error) => return Err(fail(&folder, error)),
        }
    }
    manifest.save(record).map_err(|error| fail(record, error))?;
    if let Some(folder) = record.parent() {
        // Ours by its name; another scope's record may lie in it.
        let _ = fs::remove_dir(folder);
    }
    Ok(())
}

fn is_in_use_or_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::NotFound | ErrorKind::NotADirectory)
}
