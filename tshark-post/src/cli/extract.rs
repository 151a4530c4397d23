//! `extract`: which call, and where its packets go.

use std::path::PathBuf;

use clap::Args;

use super::AnalysisArgs;

/// Which call of a capture.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct CallArgs {
    /// The call by its number in the report
    #[arg(long, value_name = "N")]
    pub(crate) call: Option<u32>,
    /// The call by one of its Call-IDs
    #[arg(long, value_name = "ID")]
    pub(crate) call_id: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ExtractArgs {
    /// Captures; `-` is standard input, which is first copied to a temporary file
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) call: CallArgs,
    /// Write the packets to this file
    #[arg(short, long, value_name = "PATH", required = true)]
    pub(crate) output: PathBuf,
    /// No progress bar and no warnings on standard error
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) analysis: AnalysisArgs,
}
