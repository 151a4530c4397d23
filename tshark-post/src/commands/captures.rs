//! The commands that read captures: the report and its parts.

use std::io::{self, Write};
use std::process::ExitCode;

use airtone_engine::Report;
use airtone_report::json::Layout;
use airtone_report::{View, csv, json, jsonl, text};

use crate::analysis::analyse;
use crate::cli::{Common, Compat, FindingsArgs, Format, OutputArgs, ReportArgs, StreamsArgs, ViewArgs};
use crate::failure::{Failure, tell};
use crate::output;
use crate::progress::Progress;

/// `tshark-post report`
pub(crate) fn report(args: &ReportArgs) -> Result<ExitCode, Failure> {
    show(View::Report, args.format, &args.common, None).map(|shown| shown.code)
}

/// `tshark-post calls`, `sip`, `wifi`
pub(crate) fn view(view: View, args: &ViewArgs) -> Result<ExitCode, Failure> {
    show(view, args.format.into(), &args.common, None).map(|shown| shown.code)
}

/// `tshark-post streams`
pub(crate) fn streams(args: &StreamsArgs) -> Result<ExitCode, Failure> {
    show(View::Streams, args.view.format.into(), &args.view.common, args.compat).map(|shown| shown.code)
}

/// `tshark-post findings`
pub(crate) fn findings(args: &FindingsArgs) -> Result<ExitCode, Failure> {
    let shown = show(View::Findings, args.view.format.into(), &args.view.common, None)?;
    let has_failed = args.fail_on.is_some_and(|level| {
        shown.report.findings.iter().any(|finding| finding.severity >= level.severity())
    });
    // Damage under --strict is the graver news.
    match has_failed && shown.code == ExitCode::SUCCESS {
        true => Ok(ExitCode::from(1)),
        false => Ok(shown.code),
    }
}

/// A report that has been written, and the exit code as far as the input decides it.
struct Shown {
    report: Report,
    code: ExitCode,
}

fn show(view: View, format: Format, common: &Common, compat: Option<Compat>) -> Result<Shown, Failure> {
    let target = common.output.output.as_deref();
    output::spare_inputs(target, &common.files)?;
    let mut progress = Progress::new(common.output.quiet);
    let report =
        analyse(&common.files, common.analysis.config(compat), common.analysis.threads, &mut progress)?;
    output::write(target, |out| write(out, view, format, &report, &common.output))?;
    let is_damaged = warn(&report, common.output.quiet);
    let code = if is_damaged && common.analysis.strict { ExitCode::from(2) } else { ExitCode::SUCCESS };
    Ok(Shown { report, code })
}

fn write(
    mut out: &mut dyn Write,
    view: View,
    format: Format,
    report: &Report,
    args: &OutputArgs,
) -> io::Result<()> {
    let layout = if args.compact { Layout::Compact } else { Layout::Pretty };
    match format {
        Format::Text => text::write(&mut out, report, view, output::style(args)),
        Format::Json => json::write(&mut out, report, view, layout),
        Format::Jsonl => jsonl::write(&mut out, report),
        Format::Csv => csv::write(&mut out, report, view),
    }
}

/// Says on standard error what was wrong with the files; true when anything was.
fn warn(report: &Report, quiet: bool) -> bool {
    let mut is_damaged = false;
    for file in &report.capture.files {
        for warning in &file.warnings {
            is_damaged = true;
            if !quiet {
                tell(&airtone_report::escape::printable(&format!("{}: warning: {warning}", file.path)));
            }
        }
    }
    is_damaged
}
