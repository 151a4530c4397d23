//! `cargo xtask docs`: writes what is generated, or checks that it is current.
//!
//! In README.md a block
//!
//! ````text
//! <!-- output: tshark-post mos --codec g711 -->
//! ```text
//! ...
//! ```
//! ````
//!
//! holds what the command of its comment prints today; `docs/report.schema.json` holds the report's schema;
//! `packaging/man/airtone-extcap.1` is the manual page that the extcap prints of its own options; the C header and
//! its client are those of [`bindings`].

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::bindings;
use crate::shell::{build_extcap, build_tshark_post, root};

const MARK: &str = "<!-- output: tshark-post ";

/// Arguments of `docs`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Change nothing; fail when something is out of date.
    #[arg(long)]
    pub(crate) check: bool,
}

/// Writes or checks every generated file.
pub(crate) fn run(args: &Args) -> Result<()> {
    bindings::run(&bindings::Args { check: args.check })?;
    let program = build_tshark_post()?;
    let schema = output(&program, &["schema"])?;
    settle("docs/report.schema.json", &schema, args.check)?;
    settle("packaging/man/airtone-extcap.1", &output(&build_extcap()?, &["--man"])?, args.check)?;
    let readme = fs::read_to_string(root().join("README.md")).context("README.md")?;
    settle("README.md", &refresh(&readme, |line| output(&program, &line))?, args.check)
}

fn output(program: &Path, args: &[&str]) -> Result<String> {
    let output = Command::new(program).args(args).current_dir(root()).output()?;
    if !output.status.success() {
        bail!("{} {}: {}", program.display(), args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Writes `text`, or with `check` compares it with what is there.
fn settle(name: &str, text: &str, check: bool) -> Result<()> {
    let path = root().join(name);
    if fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if check {
        bail!("{name} is out of date; run: cargo xtask docs");
    }
    fs::write(&path, text).with_context(|| name.to_owned())
}

/// Replaces the block behind each mark by the output of its command.
fn refresh(text: &str, run: impl Fn(Vec<&str>) -> Result<String>) -> Result<String> {
    let mut fresh = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(MARK) {
        let (before, marked) = rest.split_at(at);
        let line = marked.lines().next().unwrap_or_default();
        let args = line[MARK.len()..].trim_end_matches("-->").split_whitespace().collect();
        let open = marked.find("```text\n").context("a mark without a ```text block")? + "```text\n".len();
        let close = open + marked[open..].find("```").context("a ```text block without an end")?;
        fresh += before;
        fresh += &marked[..open];
        fresh += run(args)?.trim_end();
        fresh.push('\n');
        rest = &marked[close..];
    }
    Ok(fresh + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_marked_blocks_change() {
        let text = "a\n<!-- output: tshark-post mos --list -->\n```text\nold\n```\nb\n```text\nkept\n```\n";
        let fresh = refresh(text, |args| Ok(format!("new {}\n", args.join("+")))).unwrap();
        assert_eq!(fresh, text.replace("old", "new mos+--list"));
    }
}
