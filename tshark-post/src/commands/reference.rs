//! Commands that read nothing: schema, completions, and the tshark commands that make exports.

use std::process::ExitCode;

use airtone_engine::Report;
use clap::CommandFactory;
use schemars::generate::SchemaSettings;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::output;

/// `tshark-post schema`
pub(crate) fn schema() -> Result<ExitCode, Failure> {
    // As it is written: every field is there, unknown ones as null.
    let schema =
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Report>();
    output::write(None, |out| {
        serde_json::to_writer_pretty(&mut *out, &schema)?;
        writeln!(out)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// `tshark-post completions`
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    clap_complete::generate(shell, &mut command, "tshark-post", &mut script);
    output::write(None, |out| out.write_all(&script))?;
    Ok(ExitCode::SUCCESS)
}

/// `tshark-post export-fields`
pub(crate) fn export_fields() -> Result<ExitCode, Failure> {
    let commands = airtone_capture::export_commands();
    output::write(None, |out| out.write_all(commands.as_bytes()))?;
    Ok(ExitCode::SUCCESS)
}
