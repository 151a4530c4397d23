//! A bounded list of sentences about damage in one file.

/// Sentences that are kept word for word; the rest is counted.
const KEPT: usize = 20;

/// Damage and oddities of one file.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    kept: Vec<String>,
    more: u64,
    note: &'static str,
}

impl Warnings {
    /// With a note that is put behind every sentence.
    pub(crate) fn with_note(note: &'static str) -> Self {
        Self { note, ..Self::default() }
    }

    /// Adds one; the sentence is only made when it is kept.
    pub(crate) fn add(&mut self, sentence: impl FnOnce() -> String) {
        if self.kept.len() < KEPT {
            self.kept.push(sentence() + self.note);
        } else {
            self.more += 1;
        }
    }

    /// The sentences, the last one saying how many were left out.
    pub(crate) fn list(&self) -> Vec<String> {
        let mut list = self.kept.clone();
        if self.more > 0 {
            list.push(format!("and {} more warnings like these", self.more));
        }
        list
    }
}
