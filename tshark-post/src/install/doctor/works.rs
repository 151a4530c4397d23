//! Checks by running: the installed library, and tshark with the installed plugin, against the built-in engine on a
//! small call.

use std::env;
use std::fs;
use std::num::NonZero;
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

/// Adds whether the library does what it should, whether the plugin loads, and whether its figures are right.
pub(super) fn add(wireshark: &Wireshark, library: &Path, checks: &mut Checks) {
    if library.is_file() {
        checks.add(compared("engine", "the library", &through_library(library)));
    }
    match loads(wireshark) {
        Err(amiss) => checks.add(amiss),
        Ok(()) => {
            checks.add(Check::ok("loads", "tshark lists -z airtone"));
            checks.add(compared("figures", "the plugin", &through_tshark(wireshark)));
        }
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

/// What another way gives for the test call, or why it gives nothing, against the built-in engine.
fn compared(name: &'static str, who: &str, theirs: &Result<Value, String>) -> Check {
    const REMEDY: &str = "run tshark-post install --force";
    let differs = theirs.as_ref().map_err(Clone::clone).and_then(|theirs| {
        let ours = with_call(built_in)?;
        Ok(PARTS.iter().find(|part| ours.get(**part) != theirs.get(**part)))
    });
    match differs {
        Ok(None) => Check::ok(name, format!("{who} finds in a test call what tshark-post finds")),
        Ok(Some(part)) => {
            Check::amiss(name, format!("{who} and tshark-post differ in `{part}` of a test call"), REMEDY)
        }
        Err(found) => Check::amiss(name, found, REMEDY),
    }
}

/// Calls `analyse` with the test call as a file.
fn with_call<T>(analyse: impl FnOnce(&Path) -> Result<T, String>) -> Result<T, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no folder for a test call: {error}"))?;
    let path = folder.path().join("call.pcap");
    fs::write(&path, CALL).map_err(|error| format!("{}: {error}", path.display()))?;
    analyse(&path)
}

fn built_in(call: &Path) -> Result<Value, String> {
    let report = analyse(&[call.to_owned()], Config::default(), NonZero::new(1), &mut Progress::new(true));
    let (report, _) = report.map_err(|failure| match failure {
        Failure::Sentence(sentence) => sentence,
        Failure::BrokenPipe => "the test call cannot be read".to_owned(),
    })?;
    // As text and back, like the others: `to_value` widens f32 where text rounds it.
    let text = serde_json::to_string(&report).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// In a process of its own, which a broken library may crash.
fn through_library(library: &Path) -> Result<Value, String> {
    let name = library.display();
    let program =
        env::current_exe().map_err(|error| format!("this program does not know its path: {error}"))?;
    let output = with_call(|call| {
        let mut command = Command::new(&program);
        command.args(["report", "--quiet", "--format", "json", "--engine"]).arg(library).arg(call);
        command.output().map_err(|error| format!("{}: {error}", program.display()))
    })?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let error = String::from_utf8_lossy(&output.stderr);
        let why =
            error.lines().next().unwrap_or("it ends without a word").trim_start_matches("tshark-post: ");
        format!("{name} gives no report of a test call: {why}")
    })
}

fn through_tshark(wireshark: &Wireshark) -> Result<Value, String> {
    let output = with_call(|call| {
        let call = call.to_str().ok_or("the folder for temporary files has no plain name")?;
        tshark(wireshark, &["-q", "-r", call, "-z", "airtone,json"])
    })?;
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
