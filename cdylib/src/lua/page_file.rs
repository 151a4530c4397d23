//! The HTML report as a file for the browser: in the folder for temporary files, readable by its owner alone.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Names tried before giving up.
const TRIES: u32 = 1_000;

/// Writes `page` to a new file and tells where. It stays there, as a browser reads it later and again.
pub(super) fn write(page: &[u8]) -> io::Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..TRIES {
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("airtone-report-{}-{n}.html", std::process::id()));
        match create(&path) {
            Ok(mut file) => return file.write_all(page).map(|()| path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// A file that was not there: neither another's nor what another's link points to.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn the_page_is_its_owners() {
        use std::os::unix::fs::PermissionsExt;
        let [first, second] = [super::write(b"one").unwrap(), super::write(b"two").unwrap()];
        assert_ne!(first, second);
        for (path, text) in [(first, b"one"), (second, b"two")] {
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(std::fs::read(&path).unwrap(), text);
            std::fs::remove_file(path).unwrap();
        }
    }
}
