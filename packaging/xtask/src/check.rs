//! `cargo xtask test`: everything that must hold before a change lands, in the order in which it fails fastest.

use std::process::Command;

use anyhow::Result;

use crate::docs;
use crate::shell::{command, has, sh, status};

/// Arguments of `test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave out what needs programs that are not installed by cargo (tshark).
    #[arg(long)]
    no_install: bool,
}

/// Runs every check.
pub(crate) fn run(args: &Args) -> Result<()> {
    if !args.no_install {
        install_peers();
    }
    sh("cargo", &["fmt", "--all", "--check"])?;
    sh("cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    sh("cargo", &["test", "--workspace"])?;
    document()?;
    docs::run(&docs::Args { check: true })?;
    println!("\nAll checks passed.");
    Ok(())
}

/// Rustdoc with warnings as errors.
fn document() -> Result<()> {
    eprintln!("\n$ RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps");
    let mut doc = command("cargo", &["doc", "--workspace", "--no-deps", "--quiet"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    status(doc, "cargo doc")
}

/// tshark is the peer that many tests compare with; they skip with a message where it is absent.
fn install_peers() {
    if has("tshark") {
        return;
    }
    let root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.starts_with(b"0\n"));
    if !root || !has("apt-get") {
        eprintln!(
            "tshark is not installed: comparisons with it are skipped (Debian: sudo apt-get install tshark)"
        );
        return;
    }
    let script = "export DEBIAN_FRONTEND=noninteractive; apt-get update -qq && \
                  apt-get install -y -qq --no-install-recommends tshark";
    if let Err(error) = sh("sh", &["-c", script]) {
        eprintln!("{error}: comparisons with tshark are skipped");
    }
}
