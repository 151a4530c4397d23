//! What went wrong, in one sentence for the person in front of Wireshark.

/// One sentence: what was wrong, where, and what to do. Wireshark shows it in a dialog.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Failure(pub String);

impl Failure {
    /// A failure told by `sentence`, which gets its full stop where it has none.
    pub fn new(sentence: impl Into<String>) -> Self {
        let mut sentence = sentence.into();
        if !sentence.ends_with(['.', '!', '?']) {
            sentence.push('.');
        }
        Self(sentence)
    }
}
