//! `tshark-post flow`: the ladder of one call.

use std::path::Path;
use std::process::ExitCode;

use airtone_engine::Report;
use airtone_engine::flow::{Flow, FlowRequest};
use airtone_engine::model::Call;
use airtone_report::flow;

use super::captures::{for_people, warn};
use crate::analysis::{analyse, analyse_with_tones};
use crate::cli::{FlowArgs, FlowFormat, Format};
use crate::failure::Failure;
use crate::output;
use crate::progress::Progress;

/// Of what can be read but once, calls and messages of each that are kept until it is known which are wanted.
const KEPT: (usize, usize) = (2_000, 1_000);

/// Draws the ladder.
pub(crate) fn run(args: &FlowArgs) -> Result<ExitCode, Failure> {
    let target = args.common.output.output.as_deref();
    output::check_target(target, &args.common.files)?;
    if args.common.analysis.engine.is_some() {
        return Err(Failure::new("--engine gives reports, not messages; leave it out here"));
    }
    let is_once = args.common.files.iter().any(|file| !is_file(file));
    let request = match args.call {
        _ if is_once => FlowRequest::first(KEPT.0, KEPT.1),
        Some(call) => FlowRequest::of(vec![call]),
        None => FlowRequest::of(vec![1]),
    };
    let (report, mut flows) = read(args, request)?;
    let call = chosen(args, &report)?;
    let others = if args.alone { Vec::new() } else { flow::story_of(call.id, &report) };
    if !is_once && others.iter().chain([&call.id]).any(|id| flows.iter().all(|flow| flow.call != *id)) {
        let wanted = others.iter().copied().chain([call.id]).collect();
        flows = read(args, FlowRequest::of(wanted))?.1;
    }
    let flow = join(flows, call.id, &others).ok_or_else(|| {
        Failure::new(format!("call {} is beyond what is kept of a pipe; read from a file", call.id))
    })?;
    let report = for_people(&report, &args.common.output);
    output::write(target, |mut out| match args.format {
        FlowFormat::Text => flow::write(&mut out, &report, &flow, output::style(&args.common.output)),
        FlowFormat::Svg => writeln!(out, "{}", flow::svg(&report, &flow)),
        FlowFormat::Html => out.write_all(flow::html(&report, &flow).as_bytes()),
        FlowFormat::Json => flow::json(&mut out, &flow, args.common.output.compact),
    })?;
    let is_damaged = warn(&report.capture.files, args.common.output.quiet);
    let failed = is_damaged && args.common.analysis.strict;
    Ok(if failed { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// A pipe cannot be read again.
fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file())
}

fn read(args: &FlowArgs, request: FlowRequest) -> Result<(Report, Vec<Flow>), Failure> {
    let analysis = &args.common.analysis;
    let mut config = analysis.config(None, Format::Json);
    config.flows = Some(request);
    let mut progress = Progress::new(args.common.output.quiet);
    match analysis.tones {
        true => analyse_with_tones(&args.common.files, config, &mut progress),
        false => analyse(&args.common.files, config, analysis.threads, &mut progress),
    }
}

fn chosen<'a>(args: &FlowArgs, report: &'a Report) -> Result<&'a Call, Failure> {
    let calls = &report.calls;
    let (Some(first), Some(last)) = (calls.first(), calls.last()) else {
        return Err(Failure::new("no SIP call in this capture, so there is no ladder to draw"));
    };
    let there = match calls.len() {
        1 => format!("the only call is {}", first.id),
        _ => format!("there are calls {} to {}; `tshark-post calls` lists them", first.id, last.id),
    };
    match args.call {
        None if calls.len() == 1 => Ok(first),
        None => Err(Failure::new(format!("which call? Name it with --call: {there}"))),
        Some(id) => calls
            .iter()
            .find(|call| call.id == id)
            .ok_or_else(|| Failure::new(format!("no call {id}: {there}"))),
    }
}

fn join(flows: Vec<Flow>, call: u32, others: &[u32]) -> Option<Flow> {
    let (mut own, rest): (Vec<Flow>, Vec<Flow>) = flows.into_iter().partition(|flow| flow.call == call);
    let related = rest.into_iter().filter(|flow| others.contains(&flow.call)).collect();
    Some(own.pop()?.with(related))
}
