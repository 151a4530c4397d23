//! `tshark-post doctor`: is everything in place, and does it work?

mod check;
mod files;
mod programs;
mod works;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::{DoctorArgs, DoctorFormat};
use crate::failure::Failure;
use crate::output;

use super::wireshark::{self, Wireshark};
use check::{Check, Checks};

/// Runs every check; exit code 1 when something is amiss.
pub(crate) fn run(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let mut checks = Checks::default();
    checks.add(programs::own());
    let programs: Vec<PathBuf> = match args.wireshark.as_slice() {
        [] => wireshark::find(),
        named => named.iter().map(|path| wireshark::named(path)).collect(),
    };
    if programs.is_empty() {
        checks.add(Check::amiss(
            "wireshark",
            "tshark is not on the PATH",
            "install it with Wireshark (Debian: sudo apt-get install wireshark tshark), or name it with --wireshark",
        ));
    }
    for program in &programs {
        checks.begin(program);
        match Wireshark::ask(program) {
            Ok(wireshark) => examine(&wireshark, &mut checks),
            Err(sentence) => {
                checks.add(Check::amiss(
                    "wireshark",
                    sentence,
                    "install it again, or name another with --wireshark",
                ));
            }
        }
    }
    output::write(None, |out| match args.format {
        DoctorFormat::Text => checks.text(out),
        DoctorFormat::Json => checks.json(out),
    })?;
    Ok(if checks.is_well() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// One Wireshark: its programs, our files in it, and whether they work.
fn examine(wireshark: &Wireshark, checks: &mut Checks) {
    checks.add(programs::wireshark(wireshark));
    checks.add(programs::gui(wireshark));
    checks.add(programs::lua(wireshark));
    checks.add(programs::folders(wireshark));
    let Some(copy) = files::plugin(wireshark, checks) else {
        checks.add(files::profile(wireshark));
        return checks.add(programs::capturing(wireshark));
    };
    checks.add(programs::root_rule(wireshark, copy.scope));
    checks.add(files::library(&copy));
    checks.add(files::profile(wireshark));
    if let Some(check) = files::extcap(wireshark) {
        checks.add(check);
        checks.add(programs::sources(wireshark));
    }
    checks.add(programs::capturing(wireshark));
    works::add(wireshark, &copy.library(), checks);
}
