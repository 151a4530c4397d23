//! tshark exports (`-T json|jsonraw|ek|fields|pdml`): told apart by content, read as observations.

use std::io::{self, BufRead};

use crate::Record;

/// Which export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExportKind {}

/// Tells an export by its first bytes.
pub(crate) fn sniff(_head: &[u8]) -> Option<ExportKind> {
    None
}

/// Reads the records of an export.
pub(crate) struct ExportReader {
    kind: ExportKind,
}

impl ExportReader {
    /// Starts at the first byte of the export.
    pub(crate) fn new(kind: ExportKind, _input: Box<dyn BufRead + Send>) -> Self {
        Self { kind }
    }

    /// The next record.
    pub(crate) fn next(&mut self) -> Result<Option<Record<'_>>, io::Error> {
        match self.kind {}
    }

    /// For people.
    pub(crate) fn format(&self) -> &'static str {
        match self.kind {}
    }

    /// Damage and oddities so far.
    pub(crate) fn warnings(&self) -> &[String] {
        match self.kind {}
    }

    /// What the export lacks.
    pub(crate) fn missing_fields(&self) -> Vec<String> {
        match self.kind {}
    }

    /// Bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        match self.kind {}
    }
}
