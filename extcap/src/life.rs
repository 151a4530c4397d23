//! When to stop: the signals of Wireshark and of a terminal, and the end of the parent.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

/// Told when the capture is to end. What is received by then is still written.
///
/// Linux could signal the death of the parent (`PR_SET_PDEATHSIG`), but means by it the thread that started this
/// program, which in Wireshark need not live as long as the capture. So the parent is looked at.
#[derive(Clone, Debug)]
pub struct Life {
    stop: Arc<AtomicBool>,
    parent: Option<u32>,
}

impl Life {
    /// Watches SIGTERM, SIGINT and SIGHUP, and with `with_parent` the parent too. SIGPIPE is ignored by every Rust
    /// program: a reader that has gone shows when writing.
    ///
    /// # Errors
    /// When the system refuses the handlers.
    pub fn watch(with_parent: bool) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            flag::register(signal, Arc::clone(&stop))?;
        }
        Ok(Self { stop, parent: with_parent.then(std::os::unix::process::parent_id) })
    }

    /// Whether to stop.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
            || self.parent.is_some_and(|parent| std::os::unix::process::parent_id() != parent)
    }
}
