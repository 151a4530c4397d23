//! `cargo xtask run`: the main job, first on a bundled recording, then on the user's own files.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{build_tshark_post, has, root, sh, status};
use crate::wireshark;

/// The recording that shows most in one screen.
const BUNDLED: &str = "tests/captures/relay-loss.pcapng";

/// Arguments of `run`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Captures of your own to report on instead of the bundled one.
    files: Vec<PathBuf>,
}

/// Arguments of `fixtures`.
#[derive(clap::Args)]
pub(crate) struct FixtureArgs {
    /// Which recordings; `all` for every one.
    #[arg(default_value = "all")]
    names: Vec<String>,
}

/// Builds, then reports.
pub(crate) fn run(args: &Args) -> Result<()> {
    eprintln!("Building tshark-post (the first time takes a minute or two)...");
    let program = build_tshark_post()?;
    if args.files.is_empty() {
        report(&program, &[Path::new(BUNDLED)])?;
        wireshark::show(&program, Path::new(BUNDLED))?;
        println!("\nNow your own capture:\n\n  cargo xtask run FILE...\n");
        println!("or, without cargo:\n\n  {} report FILE...", program.display());
        return Ok(());
    }
    let files: Vec<&Path> = args.files.iter().map(PathBuf::as_path).collect();
    report(&program, &files)
}

fn report(program: &Path, files: &[&Path]) -> Result<()> {
    let names: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
    println!("\n$ tshark-post report {}\n", names.join(" "));
    let mut command = Command::new(program);
    command.arg("report").args(files);
    if files == [Path::new(BUNDLED)] {
        command.current_dir(root());
    }
    status(command, "tshark-post")
}

/// Runs the recording scripts.
pub(crate) fn fixtures(args: &FixtureArgs) -> Result<()> {
    if !cfg!(target_os = "linux") || !has("bash") {
        bail!(
            "recording needs Linux with bash, network namespaces, SIPp, baresip and QEMU; see tests/record/README.md"
        );
    }
    let mut line = vec!["tests/record/record.sh"];
    line.extend(args.names.iter().map(String::as_str));
    sh("bash", &line)
}
