//! Packets and observations from capture files, compressed files, pipes and tshark exports.
//!
//! [`Input::open`] tells the format by content, never by name, and [`Input::next`] yields borrowed records
//! in time order, however many files there are.

mod export;

use std::path::PathBuf;

use airtone_engine::Packet;
use airtone_engine::model::File;
use airtone_engine::observation::Observed;

pub use export::export_commands;

/// What a source yields.
#[derive(Debug)]
pub enum Record<'a> {
    /// A captured packet.
    Packet(Packet<'a>),
    /// Something that an export tells.
    Observed(Observed<'a>),
    /// The sensor says that it dropped packets on an interface since it last said so.
    Dropped {
        /// Interface, as in [`Packet::interface`].
        interface: u32,
        /// When it said so.
        at: airtone_engine::Nanos,
        /// How many.
        packets: u64,
    },
}

/// Why nothing can be read. Damage inside a file is no error but a warning in [`Input::files`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be opened or read.
    #[error("{path}: {source}")]
    Io {
        /// As given.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Not a capture, and what to do about it.
    #[error("{path}: {what}")]
    Format {
        /// As given.
        path: String,
        /// A sentence: what it is instead, and which command converts it.
        what: String,
    },
}

/// One or several files read as one capture.
#[derive(Debug)]
pub struct Input {}

impl Input {
    /// Opens files; `-` is standard input. Frames are numbered through in time order from 1.
    ///
    /// # Errors
    /// When a file cannot be opened or holds no capture or export.
    pub fn open(_paths: &[PathBuf]) -> Result<Self, Error> {
        Ok(Self {})
    }

    /// The next record, or `None` at the end. (A lending iterator: the record borrows the input.)
    ///
    /// # Errors
    /// When reading fails for another reason than the content of the file.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Record<'_>>, Error> {
        Ok(None)
    }

    /// The files with what was read of them so far, and their warnings.
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        Vec::new()
    }

    /// Bytes read from disk so far and in all; `None` in all for pipes.
    #[must_use]
    pub fn progress(&self) -> (u64, Option<u64>) {
        (0, None)
    }

    /// What exports lacked and which figures are missing for it.
    #[must_use]
    pub fn missing_fields(&self) -> Vec<String> {
        Vec::new()
    }
}
