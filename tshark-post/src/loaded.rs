//! `--engine PATH`: the same input through a libairtone that is loaded at run time, and what it writes.

use std::path::Path;

use airtone_capture::{Input, Record};
use airtone_client::{Engine, Error, Format, Library};
use airtone_engine::SourceInfo;
use airtone_engine::model::Severity;
use airtone_report::View;
use serde_json::Value;

use crate::cli::{self, Common, Compat};
use crate::failure::Failure;
use crate::output;
use crate::progress::Progress;

/// What came of it, as far as the command goes on with it.
pub(crate) struct Loaded {
    /// The view in the format that was asked for.
    pub(crate) text: String,
    /// Severity of the worst finding.
    pub(crate) worst: Option<Severity>,
    /// The files that were read.
    pub(crate) source: SourceInfo,
}

/// Analyses the input in the libairtone at `path`.
pub(crate) fn analyse(
    path: &Path,
    view: View,
    format: cli::Format,
    common: &Common,
    compat: Option<Compat>,
) -> Result<Loaded, Failure> {
    let failure = |error: Error| Failure::new(format!("--engine {}: {error}", path.display()));
    let mut input = Input::open(&common.files)?;
    let library = Library::open(path).map_err(failure)?;
    let mut engine = library.engine(&common.analysis.config(compat, format)).map_err(failure)?;
    let mut progress = Progress::new(common.output.quiet);
    while let Some(record) = input.next()? {
        take(&mut engine, &record).map_err(failure)?;
        progress.tick(|| input.progress());
    }
    progress.finish();
    let source = SourceInfo { files: input.files(), missing_fields: input.missing_fields() };
    engine.set_source(&source).map_err(failure)?;
    let findings = engine.report(View::Findings, Format::Json { compact: true }).map_err(failure)?;
    let text = engine.report(view, layout(format, common)).map_err(failure)?;
    Ok(Loaded { text, worst: worst(&findings), source })
}

fn take(engine: &mut Engine<'_>, record: &Record<'_>) -> Result<(), Error> {
    match record {
        Record::Packet(packet) => engine.packet(packet),
        Record::Observed(observed) => engine.observe(observed),
        Record::Dropped { interface, at, packets } => engine.sensor_dropped(*interface, *at, *packets),
        Record::Listening { interface, at, channel } => engine.listening(*interface, *at, *channel),
    }
}

fn layout(format: cli::Format, common: &Common) -> Format {
    match format {
        cli::Format::Text => Format::Text(output::style(&common.output)),
        cli::Format::Json => Format::Json { compact: common.output.compact },
        cli::Format::Jsonl => Format::Jsonl,
        cli::Format::Csv => Format::Csv,
        cli::Format::Html => Format::Html,
    }
}

/// The gravest severity in the findings of a JSON report.
fn worst(findings: &str) -> Option<Severity> {
    let report: Value = serde_json::from_str(findings).ok()?;
    let severity = |finding: &Value| match finding["severity"].as_str()? {
        "note" => Some(Severity::Note),
        "warning" => Some(Severity::Warning),
        "critical" => Some(Severity::Critical),
        _ => None,
    };
    report["findings"].as_array()?.iter().filter_map(severity).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_counts() {
        let findings = r#"{"findings":[{"severity":"note"},{"severity":"critical"},{"severity":"warning"}]}"#;
        assert_eq!(worst(findings), Some(Severity::Critical));
        assert_eq!(worst(r#"{"findings":[]}"#), None);
        assert_eq!(worst(""), None);
    }
}
