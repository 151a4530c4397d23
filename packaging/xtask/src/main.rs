//! The project's own commands: `cargo xtask run`, `test`, `docs`, `bindings`, `fixtures`, `generate`, `bench`.

mod bench;
mod bindings;
mod check;
mod docs;
mod generate;
mod run;
mod shell;
mod wireshark;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Commands of the Airtone repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build and do the main job: a bundled recording first, then your own files.
    Run(run::Args),
    /// Everything that must hold: format, lints, tests, docs, generated files.
    Test(check::Args),
    /// Write what is generated: outputs in README.md, the report's JSON schema, the C header and its client.
    Docs(docs::Args),
    /// Write the C header of libairtone and the Rust client of it.
    Bindings(bindings::Args),
    /// Record the test fixtures again from real peers (root, Linux).
    Fixtures(run::FixtureArgs),
    /// Write a capture of G.711 calls with known loss.
    Generate(generate::Args),
    /// Measure speed and memory, and check that the report is right.
    Bench(bench::Args),
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Test(args) => check::run(&args),
        Command::Docs(args) => docs::run(&args),
        Command::Bindings(args) => bindings::run(&args),
        Command::Fixtures(args) => run::fixtures(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Bench(args) => bench::run(&args),
    }
}
