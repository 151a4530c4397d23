//! Running other programs from the repository's root, loudly.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// A command that runs in the root.
pub(crate) fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// Runs it, with its output on the terminal; fails when it does.
pub(crate) fn sh(program: &str, args: &[&str]) -> Result<()> {
    eprintln!("\n$ {program} {}", args.join(" "));
    status(command(program, args), program)
}

/// As [`sh`] for a command that was made ready by hand.
pub(crate) fn status(mut command: Command, name: &str) -> Result<()> {
    let status = command.status().with_context(|| format!("{name} cannot be started"))?;
    if !status.success() {
        bail!("{name} failed: {status}");
    }
    Ok(())
}

/// True when a program is on the PATH.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// Builds the release binary of `tshark-post` and says where it is.
pub(crate) fn build_tshark_post() -> Result<PathBuf> {
    build("tshark-post")
}

/// Builds the release binary of `airtone-extcap` beside it.
pub(crate) fn build_extcap() -> Result<PathBuf> {
    build("airtone-extcap")
}

fn build(package: &str) -> Result<PathBuf> {
    status(command("cargo", &["build", "--release", "--quiet", "--package", package]), "cargo build")?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join("release").join(format!("{package}{}", std::env::consts::EXE_SUFFIX)))
}
