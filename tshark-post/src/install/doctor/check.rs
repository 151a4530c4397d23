//! What a check found, and how all of them are printed.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Ok,
    /// Something to know that keeps nothing from working.
    Note,
    /// Something does not work.
    Amiss,
}

/// One line.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    /// What was looked at: one word.
    name: &'static str,
    status: Status,
    /// What was found.
    found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    /// The tshark that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    wireshark: Option<PathBuf>,
}

impl Check {
    pub(super) fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, found: found.into(), remedy: None, wireshark: None }
    }

    pub(super) fn note(name: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: Status::Note, remedy: Some(remedy.into()), ..Self::ok(name, found) }
    }

    pub(super) fn amiss(name: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: Status::Amiss, ..Self::note(name, found, remedy) }
    }
}

/// All of them, in order.
#[derive(Debug, Default, Serialize)]
pub(super) struct Checks {
    checks: Vec<Check>,
    #[serde(skip)]
    about: Option<PathBuf>,
}

impl Checks {
    /// What follows is about this tshark.
    pub(super) fn begin(&mut self, tshark: &Path) {
        self.about = Some(tshark.to_owned());
    }

    pub(super) fn add(&mut self, check: Check) {
        self.checks.push(Check { wireshark: self.about.clone(), ..check });
    }

    /// Nothing is amiss.
    pub(super) fn is_well(&self) -> bool {
        self.checks.iter().all(|check| check.status != Status::Amiss)
    }

    /// For people: one line per check.
    pub(super) fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        for check in &self.checks {
            let status = match check.status {
                Status::Ok => "ok",
                Status::Note => "note",
                Status::Amiss => "amiss",
            };
            write!(out, "{status:<5}  {:<10} {}", check.name, check.found)?;
            match &check.remedy {
                Some(remedy) => writeln!(out, "; {remedy}")?,
                None => writeln!(out)?,
            }
        }
        let amiss = self.checks.iter().filter(|check| check.status == Status::Amiss).count();
        match amiss {
            0 => writeln!(out, "All is well."),
            1 => writeln!(out, "1 thing is amiss."),
            n => writeln!(out, "{n} things are amiss."),
        }
    }

    /// For programs.
    pub(super) fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        #[derive(Serialize)]
        struct Document<'a> {
            schema: &'static str,
            airtone_version: &'static str,
            ok: bool,
            checks: &'a [Check],
        }
        let document = Document {
            schema: "airtone.doctor/1",
            airtone_version: env!("CARGO_PKG_VERSION"),
            ok: self.is_well(),
            checks: &self.checks,
        };
        serde_json::to_writer_pretty(&mut *out, &document)?;
        writeln!(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_does_not_make_ill_and_something_amiss_does() {
        let mut checks = Checks::default();
        checks.add(Check::ok("a", "fine"));
        checks.add(Check::note("b", "no capturing", "ask"));
        assert!(checks.is_well());
        checks.begin(Path::new("/x/tshark"));
        checks.add(Check::amiss("c", "gone", "put it back"));
        assert!(!checks.is_well());
        let mut text = Vec::new();
        checks.text(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.contains("amiss  c          gone; put it back"), "{text}");
        let mut json = Vec::new();
        checks.json(&mut json).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["ok"], false);
        assert_eq!(json["checks"][2]["wireshark"], "/x/tshark");
        assert_eq!(json["checks"][0].get("remedy"), None);
    }
}
