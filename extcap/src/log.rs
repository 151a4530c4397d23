//! What the program tells while it captures: to the log file and to the log window of the toolbar, never to standard
//! error, which Wireshark shows as a failure.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::time::SystemTime;

use airtone_engine::Nanos;

use crate::failure::Failure;
use crate::toolbar::Toolbar;

/// The log of a capture. Copies write to the same.
#[derive(Clone, Debug, Default)]
pub struct Log {
    file: Rc<RefCell<Option<File>>>,
    toolbar: Option<Toolbar>,
    is_debug: bool,
}

impl Log {
    /// Appends to `file`, where one is named.
    ///
    /// # Errors
    /// One sentence, when it cannot be written.
    pub fn open(file: Option<&Path>, toolbar: Option<Toolbar>, is_debug: bool) -> Result<Self, Failure> {
        let open = |path: &Path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.map_err(|error| Failure::new(format!("the log file {}: {error}", path.display())))
        };
        let file = file.map(open).transpose()?;
        Ok(Self { file: Rc::new(RefCell::new(file)), toolbar, is_debug })
    }

    /// One line, with the time.
    pub fn line(&self, line: &str) {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = Nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)).to_string();
        let now = now.get(..23).unwrap_or(&now).replace('T', " ");
        if let Some(toolbar) = &self.toolbar {
            toolbar.log(&format!("{now}  {line}"));
        }
        if let Some(file) = self.file.borrow_mut().as_mut() {
            // A full disk must not end the capture.
            let _ = writeln!(file, "{now}  {line}");
        }
    }

    /// One line for those who look for an error in this program.
    pub fn debug(&self, line: impl FnOnce() -> String) {
        if self.is_debug {
            self.line(&line());
        }
    }
}
