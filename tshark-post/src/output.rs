//! Where results go, and how wide and colourful they are.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use airtone_report::text::Style;

use crate::cli::{Colour, OutputArgs};
use crate::failure::Failure;

/// Bytes of a result that are written at once.
const BUFFER: usize = 64 << 10;

/// Columns where there is no terminal to ask.
const WIDTH: u16 = 80;

/// Writes a result to standard output, or to `path`.
pub(crate) fn write(
    path: Option<&Path>,
    result: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let written = match path {
        None => into(io::stdout().lock(), result),
        Some(path) => File::create(path).and_then(|file| into(file, result)),
    };
    written.map_err(|error| Failure::writing(path, &error))
}

fn into(out: impl Write, result: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER, out);
    result(&mut out)?;
    out.flush()
}

/// Refuses, before hours of reading, to write the result where it cannot go or over a capture that is to be read.
pub(crate) fn check_target(output: Option<&Path>, inputs: &[PathBuf]) -> Result<(), Failure> {
    let Some(output) = output else { return Ok(()) };
    let refuse = |why: &str| Err(Failure::new(format!("{}: {why}", output.display())));
    if output.is_dir() {
        return refuse("a directory; name a file in it with -o");
    }
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return refuse("cannot write: its folder is not there; create it or choose another with -o");
    }
    let Ok(target) = output.canonicalize() else { return Ok(()) };
    match inputs.iter().any(|input| input.canonicalize().is_ok_and(|input| input == target)) {
        true => refuse("is an input as well; choose another file for -o"),
        false => Ok(()),
    }
}

/// The style of text output.
pub(crate) fn style(args: &OutputArgs) -> Style {
    let is_terminal = args.output.is_none() && io::stdout().is_terminal();
    let colour = match args.color {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => is_terminal && terminal_wants_colour(),
    };
    Style { width: args.width.unwrap_or_else(|| width(is_terminal)), colour }
}

/// <https://no-color.org>, and terminals that cannot.
fn terminal_wants_colour() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Only standard output is asked: what a script reads must not depend on who started it.
fn width(is_terminal: bool) -> u16 {
    let terminal = is_terminal.then(|| terminal_size::terminal_size_of(io::stdout())).flatten();
    terminal.map_or(WIDTH, |(width, _)| width.0)
}
