//! `cargo xtask bindings`: the C header of libairtone and the Rust client of that header, written or checked.
//!
//! Both are committed; no build script runs a generator. The generators (cbindgen, bindgen) are in the package
//! `packaging/bindings`, outside of the workspace, and cost a machine that has never built them about a minute of
//! one core (53 s of CPU time in 49 crates, measured), which only this command and `cargo xtask docs` pay. That
//! is little enough for continuous integration to generate both anew and compare.
//!
//! bindgen needs libclang with its headers (Debian: libclang-dev). Without it the client is left as it is, and a
//! message says so.

use std::path::PathBuf;

use anyhow::Result;

use crate::shell::{command, root, status};

const MANIFEST: &str = "packaging/bindings/Cargo.toml";

/// Arguments of `bindings`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Change nothing; fail when something is out of date.
    #[arg(long)]
    pub(crate) check: bool,
}

/// Writes or checks both files.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut fmt = command("cargo", &["fmt", "--manifest-path", MANIFEST]);
    // Of its own target folder: another lock file, other flags.
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let mut generate = command("cargo", &["run", "--quiet", "--locked", "--manifest-path", MANIFEST]);
    generate.arg("--target-dir").arg(target.join("bindings")).arg("--").arg(root());
    if args.check {
        fmt.arg("--check");
        generate.arg("--check");
    }
    status(fmt, "cargo fmt of the generators")?;
    status(generate, "the generators of the header and its client")
}
