//! One file per family of commands; [`run`] only chooses.

mod audio;
mod captures;
mod extract;
mod flow;
mod mos;
mod reference;
mod sounds;

use std::process::ExitCode;

use airtone_report::View;

pub(crate) use captures::warn;

use crate::cli::{Cli, Command};
use crate::failure::Failure;
use crate::install;

/// Runs the command that was asked for.
pub(crate) fn run(cli: &Cli) -> Result<ExitCode, Failure> {
    match &cli.command {
        Command::Report(args) => captures::report(args),
        Command::Calls(args) => captures::view(View::Calls, args),
        Command::Flow(args) => flow::run(args),
        Command::Streams(args) => captures::streams(args),
        Command::Sip(args) => captures::view(View::Sip, args),
        Command::Wifi(args) => captures::view(View::Wifi, args),
        Command::Findings(args) => captures::findings(args),
        Command::Audio(args) => audio::run(args),
        Command::Extract(args) => extract::run(args),
        Command::Mos(args) => mos::run(args),
        Command::Install(args) => install::install(args),
        Command::Uninstall(args) => install::uninstall(args),
        Command::Doctor(args) => install::doctor(args),
        Command::Schema => reference::schema(),
        Command::Completions { shell } => reference::completions(*shell),
        Command::ExportFields => reference::export_fields(),
    }
}
