//! `airtone-extcap` as Wireshark drives it: every step of the conversation, the FIFO, the end of a capture whichever way it
//! comes, and what a person sees who starts it by hand.
#![cfg(unix)]

mod endings;
mod replay;
mod steps;
mod toolbar;

use std::fs::File;
use std::path::PathBuf;
use std::process::Output;

use airtone_tests::extcap::{Fifo, end_of, run};
use airtone_tests::fixtures_dir;

fn fixture(name: &str) -> String {
    fixtures_dir().join(name).display().to_string()
}

#[track_caller]
fn said(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{args:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// One sentence on standard error and exit code 1.
#[track_caller]
fn sentence(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    said
}

/// Captures into a file by way of the FIFO; a reader of our own.
fn captured(args: &[&str]) -> (Output, tempfile::TempDir, PathBuf) {
    let fifo = Fifo::new();
    let child = fifo.capture("airtone_replay", args);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("captured.pcapng");
    std::io::copy(&mut File::open(fifo.path()).unwrap(), &mut File::create(&path).unwrap()).unwrap();
    (end_of(child), folder, path)
}

#[track_caller]
fn ended_well(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*said, output.stdout.len()), (Some(0), "", 0));
}
