//! Values of options, and what they are in the engine's terms.

use airtone_engine::config::{JitterBuffer, WiresharkVersion};
use airtone_engine::model::Severity;
use clap::ValueEnum;

/// Formats of the whole report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// One object, format airtone.report/1
    Json,
    /// One object per line, each with its type
    Jsonl,
    /// Several tables, each below a line with its name
    Csv,
    /// One page for a browser that needs no network and no other file
    Html,
}

/// Formats of a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// For people
    Text,
    /// That section of the report
    Json,
    /// For spreadsheets
    Csv,
}

impl From<TableFormat> for Format {
    fn from(format: TableFormat) -> Self {
        match format {
            TableFormat::Text => Self::Text,
            TableFormat::Json => Self::Json,
            TableFormat::Csv => Self::Csv,
        }
    }
}

/// Wireshark versions whose RTP arithmetic is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compat {
    /// Wireshark and tshark 4.0
    #[value(name = "wireshark-4.0")]
    V4_0,
    /// 4.2
    #[value(name = "wireshark-4.2")]
    V4_2,
    /// 4.4 and 4.6
    #[value(name = "wireshark-4.4", alias = "wireshark-4.6")]
    V4_4,
}

impl Compat {
    pub(crate) fn version(self) -> WiresharkVersion {
        match self {
            Self::V4_0 => WiresharkVersion::V4_0,
            Self::V4_2 => WiresharkVersion::V4_2,
            Self::V4_4 => WiresharkVersion::V4_4,
        }
    }
}

/// Severities by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// Worth knowing
    Note,
    /// Users notice
    Warning,
    /// Users complain
    Critical,
}

impl Level {
    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::Note => Severity::Note,
            Self::Warning => Severity::Warning,
            Self::Critical => Severity::Critical,
        }
    }
}

/// When text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Also into files and pipes
    Always,
    /// Not at all
    Never,
}

/// `MS`, `adaptive` or `none`.
pub(crate) fn buffer(text: &str) -> Result<JitterBuffer, String> {
    match text {
        "adaptive" => Ok(JitterBuffer::Adaptive),
        "none" => Ok(JitterBuffer::None),
        _ => match text.parse::<u16>() {
            Ok(ms) if ms <= 1000 => Ok(JitterBuffer::Fixed(ms)),
            _ => Err("give a depth from 0 to 1000 ms, 'adaptive' or 'none'".to_owned()),
        },
    }
}

/// A delay in ms.
pub(crate) fn delay(text: &str) -> Result<f64, String> {
    within(text, 0.0, 60_000.0)
}

/// A share in percent.
pub(crate) fn percent(text: &str) -> Result<f64, String> {
    within(text, 0.0, 100.0)
}

/// An impairment or an advantage on the R scale.
pub(crate) fn impairment(text: &str) -> Result<f64, String> {
    within(text, 0.0, 200.0)
}

/// A figure that divides: above zero.
pub(crate) fn positive(text: &str) -> Result<f64, String> {
    within(text, 1e-6, 1e6)
}

fn within(text: &str, least: f64, most: f64) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (least..=most).contains(&value) => Ok(value),
        _ => Err(format!("give a number from {least} to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers() {
        assert_eq!(buffer("0"), Ok(JitterBuffer::Fixed(0)));
        assert_eq!(buffer("1000"), Ok(JitterBuffer::Fixed(1000)));
        assert_eq!(buffer("adaptive"), Ok(JitterBuffer::Adaptive));
        assert_eq!(buffer("none"), Ok(JitterBuffer::None));
        assert!(buffer("60ms").is_err());
    }

    #[test]
    fn figures_are_finite_and_in_range() {
        assert_eq!(percent("2.5"), Ok(2.5));
        for text in ["nan", "inf", "-1", "100.1", "", "5%"] {
            assert!(percent(text).is_err(), "{text}");
        }
        assert!(positive("0").is_err());
    }
}
