//! Checks by running: tshark with the installed plugin against the built-in engine, on a small call.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use airtone_engine::Config;
use serde_json::Value;

use super::super::wireshark::Wireshark;
use super::check::{Check, Checks};
use crate::analysis::analyse;
use crate::failure::Failure;
use crate::progress::Progress;

/// A call with two lost packets.
const CALL: &[u8] = include_bytes!("../../../../packaging/doctor/call.pcap");
/// The parts of the report that both doors must agree on.
const PARTS: &[&str] = &["calls", "streams", "sip", "wifi", "correlations", "findings"];

/// Adds whether the plugin loads, and if it does, whether its figures are right.
pub(super) fn add(wireshark: &Wireshark, checks: &mut Checks) {
    let loaded = loads(wireshark);
    let goes_on = loaded.is_ok();
    checks.add(loaded.map_or_else(|amiss| amiss, |()| Check::ok("loads", "tshark lists -z airtone")));
    if goes_on {
        checks.add(agrees(wireshark));
    }
}

/// tshark lists the reports of a plugin that has started, which it does only with its library.
fn loads(wireshark: &Wireshark) -> Result<(), Check> {
    let output = tshark(wireshark, &["-z", "help"])
        .map_err(|found| Check::amiss("loads", found, "install it again"))?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    if text.lines().any(|line| line.trim_start().starts_with("airtone,")) {
        return Ok(());
    }
    let remedy = "run tshark-post install, then see the checks above";
    Err(match complaint(&text) {
        Some(line) => Check::amiss("loads", format!("the plugin does not start: {line}"), remedy),
        None => Check::amiss("loads", "tshark does not list -z airtone and says nothing about it", remedy),
    })
}

/// The line in which Wireshark or the plugin says what is wrong.
fn complaint(text: &str) -> Option<&str> {
    let lines = || text.lines().map(str::trim);
    lines()
        .find(|line| line.to_lowercase().contains("airtone"))
        .or_else(|| lines().find(|line| line.contains("Lua:")))
}

fn agrees(wireshark: &Wireshark) -> Check {
    match compare(wireshark) {
        Ok(None) => Check::ok("figures", "the plugin and tshark-post find the same in a test call"),
        Ok(Some(part)) => Check::amiss(
            "figures",
            format!("the plugin and tshark-post differ in `{part}` of a test call"),
            "their versions differ: run tshark-post install --force",
        ),
        Err(found) => Check::amiss("figures", found, "run tshark-post install --force"),
    }
}

/// The first part in which the two differ. The error says what could not be done.
fn compare(wireshark: &Wireshark) -> Result<Option<&'static str>, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no folder for a test call: {error}"))?;
    let path = folder.path().join("call.pcap");
    fs::write(&path, CALL).map_err(|error| format!("{}: {error}", path.display()))?;
    let theirs = through_tshark(wireshark, &path)?;
    let report = analyse(std::slice::from_ref(&path), Config::default(), &mut Progress::new(true));
    let report = report.map_err(|failure| match failure {
        Failure::Sentence(sentence) => sentence,
        Failure::BrokenPipe => "the test call cannot be read".to_owned(),
    })?;
    let ours = serde_json::to_value(&report).map_err(|error| error.to_string())?;
    Ok(PARTS.iter().find(|part| ours.get(**part) != theirs.get(**part)).copied())
}

fn through_tshark(wireshark: &Wireshark, path: &Path) -> Result<Value, String> {
    let path = path.to_str().ok_or("the folder for temporary files has no plain name")?;
    let output = tshark(wireshark, &["-q", "-r", path, "-z", "airtone,json"])?;
    let text = String::from_utf8_lossy(&output.stdout);
    let json = text.find('{').map(|at| &text[at..]).unwrap_or_default();
    // Other taps of a user's preferences may print after it.
    let value = serde_json::Deserializer::from_str(json).into_iter().next();
    match value {
        Some(Ok(value)) => Ok(value),
        _ => {
            let error = String::from_utf8_lossy(&output.stderr);
            let why = complaint(&error).unwrap_or("it prints no JSON");
            Err(format!("tshark -z airtone,json gives no report of a test call: {why}"))
        }
    }
}

fn tshark(wireshark: &Wireshark, args: &[&str]) -> Result<Output, String> {
    let name = wireshark.tshark.display();
    Command::new(&wireshark.tshark)
        .args(args)
        .output()
        .map_err(|error| format!("{name} cannot be run: {error}"))
}
