//! The other door of `cargo xtask run`: the plugin installed for this user, and the same calls out of tshark.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell::{build_extcap, has, root, status};

/// Installs the plugin for this user, and shows the calls of a capture as tshark and as `tshark-post` print them.
/// One line where there is no tshark, or where it cannot run the plugin.
pub(crate) fn show(tshark_post: &Path, capture: &Path) -> Result<()> {
    if !has("tshark") {
        println!(
            "\ntshark is not on the PATH: the plugin is not shown (Debian: sudo apt-get install tshark)."
        );
        return Ok(());
    }
    eprintln!(
        "\nBuilding libairtone, the library of the Wireshark plugin, and airtone-extcap, its live sources..."
    );
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--quiet", "--package", "airtone-cdylib"]).current_dir(root());
    status(cargo, "cargo build")?;
    build_extcap()?;

    println!("\nIn Wireshark and tshark: $ tshark-post install\n");
    let installed =
        Command::new(tshark_post).arg("install").status().context("tshark-post cannot be started")?;
    if !installed.success() {
        println!("The plugin is not installed: the sentence above says why.");
        return Ok(());
    }
    println!("(tshark-post uninstall takes all of it back.)");
    let from_plugin = through_tshark(capture)?;
    if from_plugin.trim().is_empty() {
        println!("\ntshark printed no calls: tshark-post doctor says why.");
        return Ok(());
    }
    println!("\n$ tshark -q -r {} -z airtone,calls\n\n{from_plugin}", capture.display());
    println!("$ tshark-post calls --width 120 {}\n", capture.display());
    let mut command = Command::new(tshark_post);
    // The plugin writes 120 columns.
    command.args(["calls", "--width", "120"]).arg(capture).current_dir(root());
    status(command, "tshark-post")?;
    live(capture)
}

/// Captures live: the file, played by airtone-extcap into tshark.
fn live(capture: &Path) -> Result<()> {
    let option = |value: String| format!("extcap.airtone_replay.{value}");
    let shown =
        format!("-o {} -o {}", option(format!("file:{}", capture.display())), option("speed:0".into()));
    println!("\nCaptured live:\n\n$ tshark -q -i airtone_replay {shown} -z airtone,calls\n");
    let mut command = Command::new("tshark");
    command.args(["-q", "-i", "airtone_replay", "-z", "airtone,calls"]);
    command.args(["-o".into(), option(format!("file:{}", root().join(capture).display()))]);
    command.args(["-o".into(), option("speed:0".into())]);
    let output = command.output().context("tshark cannot be started")?;
    match String::from_utf8_lossy(&output.stdout).trim() {
        "" => println!("tshark captured nothing: tshark-post doctor says why."),
        calls => println!("{calls}"),
    }
    Ok(())
}

/// What the plugin prints; nothing where tshark does not know it, as for root's personal scripts from 4.2 on.
fn through_tshark(capture: &Path) -> Result<String> {
    let mut command = Command::new("tshark");
    command.args(["-q", "-z", "airtone,calls", "-r"]).arg(capture).current_dir(root());
    let output = command.output().context("tshark cannot be started")?;
    if !output.status.success() {
        return Ok(String::new());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
