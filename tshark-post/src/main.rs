//! `tshark-post`: reads captures and tshark exports and says which call was bad, why, and where.
//!
//! A thin front: the command line becomes values ([`cli`]), one command runs ([`commands`]), its outcome becomes
//! the exit code. 0: done; 1: findings at or above `--fail-on`; 2: wrong use or unreadable input.

mod analysis;
mod cli;
mod commands;
mod failure;
mod install;
mod loaded;
mod output;
mod passes;
mod progress;

use std::process::ExitCode;

use clap::Parser;

use crate::failure::{Failure, tell};

fn main() -> ExitCode {
    match commands::run(&cli::Cli::parse()) {
        Ok(code) => code,
        // Whoever read our output has seen enough.
        Err(Failure::BrokenPipe) => ExitCode::SUCCESS,
        Err(Failure::Sentence(sentence)) => {
            tell(&sentence);
            ExitCode::from(2)
        }
    }
}
