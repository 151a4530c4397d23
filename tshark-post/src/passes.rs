//! Captures that are read more than once: the report first, then the packets that it led to.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use airtone_capture::{Input, Record};
use airtone_engine::flow::Flow;
use airtone_engine::model::Call;
use airtone_engine::traffic::Traffic;
use airtone_engine::{Config, Engine, Report};
use tempfile::TempPath;

use crate::analysis::{analyse, analyse_with_tones};
use crate::cli::{AnalysisArgs, CallArgs, Format};
use crate::commands::warn;
use crate::failure::Failure;
use crate::progress::Progress;

/// Files that can be read again and again, and the report on them.
pub(crate) struct Passes {
    files: Vec<PathBuf>,
    config: Config,
    quiet: bool,
    pub(crate) report: Report,
    /// Messages of calls, as far as the format shows them.
    pub(crate) flows: Vec<Flow>,
    /// A file was damaged.
    pub(crate) is_damaged: bool,
    /// Holds what came from standard input.
    _spool: Option<TempPath>,
}

impl Passes {
    /// The first pass: the report. Standard input is copied to a temporary file first.
    pub(crate) fn begin(files: &[PathBuf], analysis: &AnalysisArgs, quiet: bool) -> Result<Self, Failure> {
        Self::begin_as(files, analysis, Format::Json, quiet)
    }

    /// As [`Self::begin`], with what this format shows.
    pub(crate) fn begin_as(
        files: &[PathBuf],
        analysis: &AnalysisArgs,
        format: Format,
        quiet: bool,
    ) -> Result<Self, Failure> {
        if analysis.engine.is_some() {
            return Err(Failure::new("--engine gives reports, not packets; leave it out here"));
        }
        let mut files = files.to_vec();
        let mut spool = None;
        for file in &mut files {
            if file.as_os_str() == "-" {
                let copy = spool_input()?;
                *file = copy.to_path_buf();
                spool = Some(copy);
            }
        }
        if !Input::open(&files)?.is_packets_only() {
            return Err(Failure::new(
                "an export of tshark holds no packets; name the capture that it was made from",
            ));
        }
        let mut config = analysis.config(None, format);
        let mut progress = Progress::new(quiet);
        let (mut report, flows) = match analysis.tones && format == Format::Html {
            true => analyse_with_tones(&files, config.clone(), &mut progress)?,
            false => analyse(&files, config.clone(), analysis.threads, &mut progress)?,
        };
        // The next passes look for other things.
        config.flows = None;
        if let Some(spool) = spool.as_deref() {
            name_input(&mut report, spool);
        }
        let is_damaged = warn(&report.capture.files, quiet);
        Ok(Self { files, config, quiet, report, flows, is_damaged, _spool: spool })
    }

    /// Another pass through an engine; `sink` sees every piece of traffic. `watched`: streams to be heard.
    pub(crate) fn through_engine(
        &self,
        watched: &[u32],
        mut sink: impl FnMut(&Traffic<'_>),
    ) -> Result<Engine, Failure> {
        let mut engine = Engine::new(self.config.clone());
        engine.watch(watched.iter().copied());
        self.records(|_, record| {
            match record {
                Record::Packet(packet) => _ = engine.packet_with(&packet, &mut sink),
                other => other.give_to(&mut engine),
            }
            Ok(())
        })?;
        Ok(engine)
    }

    /// Another pass over the bare records.
    pub(crate) fn records(
        &self,
        mut sink: impl FnMut(&[airtone_capture::Interface], Record<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut input = Input::open(&self.files)?;
        let mut progress = Progress::new(self.quiet);
        // The interfaces known when a record comes are told once it is gone.
        let mut interfaces = Vec::new();
        loop {
            let mut outcome = Ok(());
            {
                let Some(record) = input.next()? else { break };
                let interface = match &record {
                    Record::Packet(packet) => Some(packet.interface as usize),
                    _ => None,
                };
                if interface.is_none_or(|interface| interface < interfaces.len()) {
                    outcome = sink(&interfaces, record);
                } else if let Record::Packet(packet) = record {
                    let owned = packet.bytes.to_vec();
                    let airtone_engine::Packet { frame, at, link, interface, orig_len, .. } = packet;
                    interfaces = input.interfaces().to_vec();
                    let packet =
                        airtone_engine::Packet { frame, at, link, interface, orig_len, bytes: &owned };
                    outcome = sink(&interfaces, Record::Packet(packet));
                }
            }
            outcome?;
            progress.tick(|| input.progress());
        }
        progress.finish();
        Ok(())
    }

    /// The call that was asked for.
    pub(crate) fn call(&self, args: &CallArgs) -> Result<&Call, Failure> {
        let calls = &self.report.calls;
        let found = match (args.call, &args.call_id) {
            (Some(id), _) => calls.iter().find(|call| call.id == id),
            (None, Some(id)) => calls.iter().find(|call| call.call_ids.contains(id)),
            (None, None) => None,
        };
        found.ok_or_else(|| match calls.as_slice() {
            [] => Failure::new("there is no call in this capture; 'tshark-post report' shows what there is"),
            [_] => Failure::new("there is no such call: this capture has one, --call 1"),
            many => Failure::new(format!(
                "there is no such call: this capture has calls 1 to {}; 'tshark-post calls' lists them",
                many.len()
            )),
        })
    }

    /// The input in words.
    pub(crate) fn name(&self) -> String {
        match self.report.capture.files.as_slice() {
            [file] => file_name(&file.path),
            files => format!("{} files", files.len()),
        }
    }
}

fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

fn spool_input() -> Result<TempPath, Failure> {
    let copied = tempfile::NamedTempFile::new().and_then(|file| {
        let (file, path): (File, TempPath) = file.into_parts();
        io::copy(&mut io::stdin().lock(), &mut BufWriter::new(file))?;
        Ok(path)
    });
    copied.map_err(|error| {
        Failure::new(format!("standard input cannot be copied to a temporary file: {error}; name a file"))
    })
}

/// Nobody knows the temporary file.
fn name_input(report: &mut Report, spool: &Path) {
    for file in &mut report.capture.files {
        if Path::new(&file.path) == spool {
            file.path = "-".to_owned();
        }
    }
}
