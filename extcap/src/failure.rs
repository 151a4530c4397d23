//! What went wrong, in one sentence for the person in front of Wireshark.

/// One sentence: what was wrong, where, and what to do. Wireshark shows it in a dialog.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Failure(pub String);

impl Failure {
    /// A failure told by `sentence`.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}
