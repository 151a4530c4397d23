//! The arguments of `flow`.

use clap::{Args, ValueEnum};

use super::Common;

#[derive(Debug, Args)]
pub(crate) struct FlowArgs {
    /// Number of the call, as `calls` shows it; may be left out when there is only one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) call: Option<u32>,
    /// Leave out the calls that a transfer or a pickup connects with it
    #[arg(long)]
    pub(crate) alone: bool,
    /// How the ladder is drawn
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = FlowFormat::Text)]
    pub(crate) format: FlowFormat,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Formats of a ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FlowFormat {
    /// For a terminal
    Text,
    /// A picture, light or dark as its reader prefers
    Svg,
    /// A page with the picture
    Html,
    /// The messages, one object
    Json,
}
