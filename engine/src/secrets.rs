//! Digits that may be secrets: what was pressed once a call was answered may be a PIN, an account or a passcode.

use std::borrow::Cow;

use crate::model::{Call, Dtmf, Report};

/// Stands for a digit that is not shown.
pub const MASK: &str = "\u{2022}";

impl Report {
    /// The report for people to read and pass on: digits pressed after the answer are [`MASK`]; how many there
    /// were, when, and by which method stays. Digits before the answer (overlap dialling) and hook flashes are
    /// no secrets.
    #[must_use]
    pub fn with_masked_digits(&self) -> Cow<'_, Self> {
        if !self.calls.iter().any(|call| call.dtmf.iter().any(|digit| call.may_be_secret(digit))) {
            return Cow::Borrowed(self);
        }
        let mut report = self.clone();
        for call in &mut report.calls {
            let mut digits = std::mem::take(&mut call.dtmf);
            for digit in &mut digits {
                if call.may_be_secret(digit) {
                    digit.digit = MASK.to_owned();
                }
            }
            call.dtmf = digits;
        }
        Cow::Owned(report)
    }
}

impl Call {
    /// True for a key pressed after the answer; where either time is not known, it may have been.
    #[must_use]
    pub fn may_be_secret(&self, digit: &Dtmf) -> bool {
        let is_before = |answer: crate::Nanos| answer.is_known() && digit.at.is_known() && digit.at < answer;
        digit.digit != "flash" && !self.answer.is_some_and(is_before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Engine, Nanos, SourceInfo};

    #[test]
    fn only_digits_after_the_answer_are_masked() {
        let digit = |at, digit: &str| Dtmf {
            frame: 1,
            at: Nanos(at),
            from: "caller".to_owned(),
            digit: digit.to_owned(),
            duration_ms: None,
            method: "rfc4733".to_owned(),
        };
        let mut report = Engine::new(Config::default()).report(SourceInfo::default());
        assert!(matches!(report.with_masked_digits(), Cow::Borrowed(_)));
        let dtmf = vec![digit(5, "1"), digit(20, "2"), digit(30, "flash"), digit(40, "#")];
        report.calls.push(Call { answer: Some(Nanos(10)), dtmf, ..Call::default() });
        let shown = report.with_masked_digits();
        let digits: Vec<&str> = shown.calls[0].dtmf.iter().map(|digit| digit.digit.as_str()).collect();
        assert_eq!(digits, ["1", MASK, "flash", MASK]);
    }
}
