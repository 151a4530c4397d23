//! What ends a run early, and how it is said: one sentence with the file, what is wrong and what to do.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use airtone_capture::Error;

/// Why a command could not finish.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody reads the output any more; not an error.
    BrokenPipe,
    /// For the user, without the program's name in front. Exit code 2.
    Sentence(String),
}

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self::Sentence(sentence.into())
    }

    /// Writing the result to `path` (`None`: standard output) failed.
    pub(crate) fn writing(path: Option<&Path>, error: &io::Error) -> Self {
        if error.kind() == ErrorKind::BrokenPipe {
            return Self::BrokenPipe;
        }
        let name = path.map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
        Self::Sentence(format!("{name}: cannot write: {}", reason(error)))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match &error {
            Error::Io { path, source } => Self::Sentence(format!("{path}: {}", reason(source))),
            other => Self::Sentence(other.to_string()),
        }
    }
}

/// An I/O error in words, with what to do where that is known.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file; check the path".to_owned(),
        ErrorKind::PermissionDenied => "permission denied; change its mode or run as its owner".to_owned(),
        ErrorKind::IsADirectory => "a directory; name the capture files in it".to_owned(),
        ErrorKind::StorageFull => "no space left; free some or choose another place with -o".to_owned(),
        _ => without_number(&error.to_string()),
    }
}

/// `Is a directory (os error 21)` less the parenthesis, which helps nobody.
fn without_number(message: &str) -> String {
    message.split_once(" (os error").map_or(message, |(words, _)| words).to_owned()
}

/// Says a sentence on standard error; a closed standard error is no reason to fail.
pub(crate) fn tell(sentence: &str) {
    let _ = writeln!(io::stderr().lock(), "tshark-post: {sentence}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_name_the_file_and_what_to_do() {
        let missing = Error::Io { path: "a.pcap".to_owned(), source: ErrorKind::NotFound.into() };
        let Failure::Sentence(text) = Failure::from(missing) else { panic!("a sentence") };
        assert_eq!(text, "a.pcap: no such file; check the path");
        let other = io::Error::from_raw_os_error(5);
        assert!(!reason(&other).contains("os error"), "{}", reason(&other));
    }

    #[test]
    fn a_broken_pipe_is_no_sentence() {
        assert!(matches!(Failure::writing(None, &ErrorKind::BrokenPipe.into()), Failure::BrokenPipe));
    }
}
