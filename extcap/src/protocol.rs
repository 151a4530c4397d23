//! The steps of Wireshark's conversation with an extcap, but for the capture itself.

use std::io::{self, Write};

use crate::args::{Args, Step};
use crate::capture;
use crate::dialog::{Arg, Ask, Value};
use crate::failure::Failure;
use crate::grammar;
use crate::help;
use crate::source::Kind;
use crate::toolbar;

/// The project's page; Wireshark's Help button opens it. Empty, and then no button, where the package names none.
const HELP: &str = env!("CARGO_PKG_REPOSITORY");

/// Does what the command line asks for.
///
/// # Errors
/// One sentence.
pub fn run(args: &Args, kinds: &[Box<dyn Kind>]) -> Result<(), Failure> {
    let said = match args.step() {
        Step::Capture => return capture::run(args, kinds),
        Step::Cleanup => {
            kinds.iter().for_each(|kind| kind.cleanup());
            return Ok(());
        }
        Step::Interfaces => interfaces(kinds),
        Step::LinkTypes => link_types(args, kinds)?,
        Step::Config => config(args, kinds)?,
        Step::CheckFilter => check_filter(args, kinds)?,
        Step::Version => format!("airtone-extcap {}\n", env!("CARGO_PKG_VERSION")),
        Step::Manual => help::manual(kinds),
        Step::Help => help::text(kinds),
    };
    match io::stdout().lock().write_all(said.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// The kind that offers an interface.
///
/// # Errors
/// One sentence, when none does.
pub fn kind_of<'a>(interface: &str, kinds: &'a [Box<dyn Kind>]) -> Result<&'a dyn Kind, Failure> {
    for kind in kinds {
        if kind.interfaces().iter().any(|offered| offered.name == interface) {
            return Ok(kind.as_ref());
        }
    }
    let names: Vec<String> =
        kinds.iter().flat_map(|kind| kind.interfaces()).map(|offered| offered.name).collect();
    Err(Failure::new(match interface {
        "" => format!("no --extcap-interface was given: choose {}", names.join(", ")),
        _ => format!("there is no interface {interface}: choose {}", names.join(", ")),
    }))
}

fn interfaces(kinds: &[Box<dyn Kind>]) -> String {
    let mut said = format!("{}\n", grammar::extcap(env!("CARGO_PKG_VERSION"), HELP, "Airtone"));
    for kind in kinds {
        let offered = kind.interfaces();
        for interface in &offered {
            said += &format!("{}\n", grammar::interface(interface));
        }
        // A control belongs to all interfaces of the program, whichever prints it: kinds use numbers of their own.
        let controls = offered.first().map(|first| kind.controls(&first.name)).unwrap_or_default();
        for sentence in controls.iter().flat_map(grammar::control) {
            said += &format!("{sentence}\n");
        }
    }
    for sentence in toolbar::common_controls().iter().flat_map(grammar::control) {
        said += &format!("{sentence}\n");
    }
    said
}

fn link_types(args: &Args, kinds: &[Box<dyn Kind>]) -> Result<String, Failure> {
    let links = kind_of(&args.interface, kinds)?.link_types(&args.interface);
    Ok(links.into_iter().map(|link| format!("{}\n", grammar::link_type(link))).collect())
}

/// All arguments of an interface: the source's, and those that every interface has.
#[must_use]
pub fn arguments(args: &Args, kind: &dyn Kind) -> Vec<Arg> {
    let mut arguments = kind.arguments(&args.interface, args.host());
    arguments.extend(debug_arguments());
    arguments
}

fn debug_arguments() -> [Arg; 2] {
    let level = |value: &str, display: &str| Value {
        value: value.to_owned(),
        display: display.to_owned(),
        enabled: true,
        parent: String::new(),
    };
    let arg = |name, display, ask, default: &str, tooltip| Arg {
        name,
        display,
        ask,
        default: default.to_owned(),
        tooltip,
        placeholder: "",
        group: "Debug",
        validation: "",
        values: Vec::new(),
        reload: false,
    };
    [
        Arg {
            values: vec![level("message", "Message"), level("debug", "Debug")],
            ..arg("log-level", "Log level", Ask::Selector, "message", "How much the log tells.")
        },
        arg(
            "log-file",
            "Log file",
            Ask::File(false),
            "",
            "What the log window shows is appended to this file as well.",
        ),
    ]
}

fn config(args: &Args, kinds: &[Box<dyn Kind>]) -> Result<String, Failure> {
    let kind = kind_of(&args.interface, kinds)?;
    let arguments = arguments(args, kind);
    let mut said = String::new();
    for (number, arg) in arguments.iter().enumerate() {
        let Some(wanted) = args.reload() else {
            for sentence in grammar::argument(number, arg, args.host()) {
                said += &format!("{sentence}\n");
            }
            continue;
        };
        if arg.name == wanted {
            let values = kind.reload(&args.interface, wanted, &args.options);
            let values =
                values.iter().filter_map(|value| grammar::argument_value(number, value, &arg.default));
            said.extend(values.map(|sentence| format!("{sentence}\n")));
        }
    }
    Ok(said)
}

/// Nothing for a filter that is right, else what is wrong with it.
fn check_filter(args: &Args, kinds: &[Box<dyn Kind>]) -> Result<String, Failure> {
    let checked =
        kind_of(&args.interface, kinds)?.check_filter(&args.interface, &args.options.capture_filter);
    Ok(checked.err().map(|failure| format!("{failure}\n")).unwrap_or_default())
}
