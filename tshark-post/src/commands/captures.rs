//! The commands that read captures: the report and its parts.

use std::borrow::Cow;
use std::io::{self, Write};
use std::num::NonZero;
use std::process::ExitCode;
use std::thread;

use airtone_engine::Report;
use airtone_engine::flow::Flow;
use airtone_engine::model::{File, Severity};
use airtone_report::html::Inserts;
use airtone_report::json::Layout;
use airtone_report::{View, csv, html, json, jsonl, text};

use crate::analysis::{analyse, analyse_with_tones};
use crate::cli::{Common, Compat, FindingsArgs, Format, OutputArgs, ReportArgs, StreamsArgs, ViewArgs};
use crate::failure::{Failure, tell};
use crate::progress::Progress;
use crate::{loaded, output};

/// `tshark-post report`
pub(crate) fn report(args: &ReportArgs) -> Result<ExitCode, Failure> {
    match (&args.with_audio, args.format) {
        (None, _) => show(View::Report, args.format, &args.common, None).map(|shown| shown.code),
        (Some(calls), Format::Html) => super::sounds::report(&args.common, calls, args.decrypt),
        (Some(_), _) => Err(Failure::new("--with-audio puts sound into a page; add --format html")),
    }
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
    let has_failed = args.fail_on.is_some_and(|level| shown.worst >= Some(level.severity()));
    // Damage under --strict is the graver news.
    match has_failed && shown.code == ExitCode::SUCCESS {
        true => Ok(ExitCode::from(1)),
        false => Ok(shown.code),
    }
}

/// What a report that has been written says of the exit code.
struct Shown {
    /// Severity of the worst finding.
    worst: Option<Severity>,
    /// As far as the input decides it.
    code: ExitCode,
}

fn show(view: View, format: Format, common: &Common, compat: Option<Compat>) -> Result<Shown, Failure> {
    let target = common.output.output.as_deref();
    output::check_target(target, &common.files)?;
    let (worst, is_damaged) = match &common.analysis.engine {
        None => {
            let mut progress = Progress::new(common.output.quiet);
            let (files, config) = (&common.files, common.analysis.config(compat, format));
            let (report, flows) = match common.analysis.tones {
                true => analyse_with_tones(files, config, &mut progress)?,
                false => analyse(files, config, common.analysis.threads, &mut progress)?,
            };
            let has_two = has_two_threads(common.analysis.threads);
            output::write(target, |out| match format {
                Format::Html => page(out, &report, &flows, &common.output),
                _ => write(out, view, format, &report, &common.output, has_two),
            })?;
            let worst = report.findings.iter().map(|finding| finding.severity).max();
            let is_damaged = warn(&report.capture.files, common.output.quiet);
            // The process ends here: the system takes a long report back at once, piece by piece takes longer.
            std::mem::forget(report);
            (worst, is_damaged)
        }
        Some(_) if common.analysis.tones || common.output.show_digits => {
            return Err(Failure::new(
                "--tones and --show-digits are for the engine built in; leave out --engine",
            ));
        }
        Some(path) => {
            let loaded = loaded::analyse(path, view, format, common, compat)?;
            output::write(target, |out| out.write_all(loaded.text.as_bytes()))?;
            (loaded.worst, warn(&loaded.source.files, common.output.quiet))
        }
    };
    let code = if is_damaged && common.analysis.strict { ExitCode::from(2) } else { ExitCode::SUCCESS };
    Ok(Shown { worst, code })
}

fn write(
    mut out: &mut dyn Write,
    view: View,
    format: Format,
    report: &Report,
    args: &OutputArgs,
    has_two: bool,
) -> io::Result<()> {
    let layout = if args.compact { Layout::Compact } else { Layout::Pretty };
    let for_people = for_people(report, args);
    match format {
        Format::Text => text::write(&mut out, &for_people, view, output::style(args)),
        Format::Json if has_two && view == View::Report => {
            json::write_on_two_threads(&mut out, report, layout)
        }
        Format::Json => json::write(&mut out, report, view, layout),
        Format::Jsonl => jsonl::write(&mut out, report),
        Format::Csv => csv::write(&mut out, &for_people, view),
        Format::Html => html::write(&mut out, &for_people),
    }
}

/// What people read is passed on; programs get what the contract says.
pub(crate) fn for_people<'a>(report: &'a Report, args: &OutputArgs) -> Cow<'a, Report> {
    if args.show_digits { Cow::Borrowed(report) } else { report.with_masked_digits() }
}

fn page(mut out: &mut dyn Write, report: &Report, flows: &[Flow], args: &OutputArgs) -> io::Result<()> {
    let report = for_people(report, args);
    html::write_with(&mut out, &report, &Inserts::default().with_ladders(&report, flows))
}

/// As many as wanted; else there are two.
fn has_two_threads(wanted: Option<NonZero<usize>>) -> bool {
    let threads = wanted.map_or_else(thread::available_parallelism, Ok);
    threads.is_ok_and(|threads| threads.get() > 1)
}

/// Says on standard error what was wrong with the files; true when anything was.
pub(crate) fn warn(files: &[File], quiet: bool) -> bool {
    let mut is_damaged = false;
    for file in files {
        for warning in &file.warnings {
            is_damaged = true;
            if !quiet {
                tell(&airtone_report::escape::printable(&format!("{}: warning: {warning}", file.path)));
            }
        }
    }
    is_damaged
}
