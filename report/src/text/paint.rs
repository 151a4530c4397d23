//! Colour, when it is asked for, and the meaning of each.

use airtone_engine::model::Severity;

/// What a piece of text means; the terminal's own palette decides how it looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// Headings.
    Strong,
    /// Column titles and asides.
    Dim,
    /// In order.
    Good,
    /// Users notice.
    Poor,
    /// Users complain.
    Bad,
}

impl Tone {
    /// The user satisfaction bands of ITU-T G.109: satisfied from 4.03, some dissatisfied from 3.60,
    /// many dissatisfied from 3.10.
    pub(crate) fn of_mos(mos: f64) -> Self {
        match mos {
            m if m >= 4.03 => Self::Good,
            m if m >= 3.60 => Self::Plain,
            m if m >= 3.10 => Self::Poor,
            _ => Self::Bad,
        }
    }

    pub(crate) fn of_severity(severity: Severity) -> Self {
        match severity {
            Severity::Note => Self::Plain,
            Severity::Warning => Self::Poor,
            Severity::Critical => Self::Bad,
        }
    }

    /// A share of packets or beacons that is missing, percent: 1 % is heard with most codecs, 3 % annoys.
    pub(crate) fn of_loss(percent: f64) -> Self {
        match percent {
            p if p >= 3.0 => Self::Bad,
            p if p >= 1.0 => Self::Poor,
            _ => Self::Plain,
        }
    }

    /// `text` in this tone: SGR sequences around it, or nothing added without `colour`.
    pub(crate) fn paint(self, text: &str, colour: bool) -> String {
        let code = match self {
            _ if !colour || text.is_empty() => return text.to_owned(),
            Self::Plain => return text.to_owned(),
            Self::Strong => "1",
            Self::Dim => "2",
            Self::Good => "32",
            Self::Poor => "33",
            Self::Bad => "1;31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}
