//! The command lines of `install`, `uninstall` and `doctor`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::install::Scope;

#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    #[command(flatten)]
    pub(crate) whom: WhomArgs,
    /// Say what would be done and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The tshark of the Wireshark to install for, or the folder it is in [default: the first on the PATH]
    #[arg(long, value_name = "TSHARK")]
    pub(crate) wireshark: Option<PathBuf>,
    /// The libairtone to install [default: the one that lies with this program]
    #[arg(long, value_name = "PATH")]
    pub(crate) library: Option<PathBuf>,
    /// Replace files that install has not put there, or that were changed since
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct UninstallArgs {
    #[command(flatten)]
    pub(crate) whom: WhomArgs,
    /// Say what would be done and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WhomArgs {
    /// For this user only; needs no permissions (the default)
    #[arg(long, conflicts_with = "system")]
    user: bool,
    /// For every user, root included
    #[arg(long)]
    system: bool,
}

impl WhomArgs {
    pub(crate) fn scope(&self) -> Scope {
        if self.system { Scope::System } else { Scope::User }
    }
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The tshark of the Wireshark to look at, or the folder it is in; several are allowed [default: all on the PATH]
    #[arg(long, value_name = "TSHARK")]
    pub(crate) wireshark: Vec<PathBuf>,
    /// How the checks are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = DoctorFormat::Text)]
    pub(crate) format: DoctorFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DoctorFormat {
    Text,
    Json,
}
