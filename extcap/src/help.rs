//! What a person reads who starts the program by hand, and the manual page; both from the arguments themselves.

use std::fmt::Write as _;

use crate::args::OLDEST;
use crate::dialog::{Arg, Ask};
use crate::source::Kind;

const ABOUT: &str = "Wireshark starts this program for its capture dialog. `tshark-post install` puts it where Wireshark looks.";

/// Of the text, in columns.
const WIDTH: usize = 80;
/// Where the explanation of an option begins.
const INDENT: usize = 28;

/// `--help`
#[must_use]
pub fn text(kinds: &[Box<dyn Kind>]) -> String {
    let mut text = format!(
        "airtone-extcap {}: live sources for Wireshark\n\n{}\n\n\
         In tshark:\n  tshark -i airtone_replay -o extcap.airtone_replay.file:FILE\n\
         \x20 tshark -i airtone_mirror -o extcap.airtone_mirror.source:eth1\n\n\
         By hand, pcapng to a file, a FIFO, or with - to standard output:\n\
         \x20 airtone-extcap --capture --extcap-interface INTERFACE --fifo FILE [OPTIONS]\n\n\
         Also: --extcap-interfaces, --extcap-config, --extcap-dlts,\n\
         \x20 --extcap-cleanup-postkill, --log-file FILE, --log-level message|debug,\n\
         \x20 --version, --man\n",
        env!("CARGO_PKG_VERSION"),
        wrapped(ABOUT, WIDTH).join("\n"),
    );
    for (name, display, arguments) in interfaces(kinds) {
        let _ = writeln!(text, "\n{name}    {display}");
        for arg in arguments {
            let mut usage = usage(&arg);
            if usage.len() > INDENT - 3 {
                let _ = writeln!(text, "  {usage}");
                usage.clear();
            }
            for line in wrapped(&about(&arg), WIDTH - INDENT) {
                let _ = writeln!(text, "  {usage:<width$} {line}", width = INDENT - 3);
                usage.clear();
            }
        }
    }
    text
}

/// Lines of at most `width` characters; a longer word has one of its own.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > 0 && last + 1 + word.chars().count() > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.extend((!line.is_empty()).then_some(' '));
            line.push_str(word);
        }
    }
    lines
}

/// Every interface with its arguments.
fn interfaces(kinds: &[Box<dyn Kind>]) -> Vec<(String, String, Vec<Arg>)> {
    let mut all = Vec::new();
    for kind in kinds {
        for offered in kind.interfaces() {
            let arguments = kind.arguments(&offered.name, OLDEST);
            all.push((offered.name, offered.display, arguments));
        }
    }
    all
}

/// `--speed NUMBER`
fn usage(arg: &Arg) -> String {
    let value = match arg.ask {
        Ask::Integer { .. } | Ask::Double => "NUMBER",
        Ask::Boolean => "true|false",
        Ask::File(_) => "FILE",
        Ask::MultiCheck => "A,B,...",
        _ => "VALUE",
    };
    format!("--{} {value}", arg.name)
}

fn about(arg: &Arg) -> String {
    let mut about = arg.tooltip.to_owned();
    if matches!(arg.ask, Ask::Selector | Ask::Radio) {
        let values: Vec<&str> = arg.values.iter().map(|value| value.value.as_str()).collect();
        let _ = write!(about, " One of {}.", values.join(", "));
    }
    if !arg.default.is_empty() {
        let _ = write!(about, " Default: {}.", arg.default);
    }
    about
}

/// `--man`: the manual page in roff.
#[must_use]
pub fn manual(kinds: &[Box<dyn Kind>]) -> String {
    let mut page = format!(
        ".TH AIRTONE-EXTCAP 1 \"\" \"Airtone {}\"\n\
         .SH NAME\nairtone-extcap \\- live sources for Wireshark\n\
         .SH SYNOPSIS\n\
         .B tshark \\-i airtone_replay \\-o extcap.airtone_replay.file:\\fIFILE\\fR\n.br\n\
         .B tshark \\-i airtone_mirror \\-o extcap.airtone_mirror.source:\\fISOURCE\\fR\n.br\n\
         .B airtone-extcap \\-\\-capture \\-\\-extcap\\-interface \\fIINTERFACE\\fR \\fB\\-\\-fifo \\fIFILE\\fR [\\fIOPTIONS\\fR]\n\
         .SH DESCRIPTION\n{}\n\
         It writes pcapng with times in nanoseconds, a comment that says how it was captured, and how many packets\n\
         were received and dropped. Started by hand it writes to a file, a FIFO, or with \\- to standard output.\n",
        env!("CARGO_PKG_VERSION"),
        roff(ABOUT),
    );
    for (name, display, arguments) in interfaces(kinds) {
        let _ = writeln!(page, ".SH {}\n{}.", roff(&name.to_uppercase()), roff(&display));
        for arg in arguments {
            let _ = writeln!(page, ".TP\n.B {}\n{}", roff(&usage(&arg)), roff(&about(&arg)));
        }
    }
    page += MANUAL_END;
    page
}

const MANUAL_END: &str = ".SH OTHER OPTIONS\n\
    .TP\n.B \\-\\-extcap\\-interfaces\nThe interfaces, as Wireshark reads them.\n\
    .TP\n.B \\-\\-extcap\\-config \\-\\-extcap\\-interface INTERFACE\nThe options of an interface.\n\
    .TP\n.B \\-\\-extcap\\-dlts \\-\\-extcap\\-interface INTERFACE\nThe link types that its packets can have.\n\
    .TP\n.B \\-\\-extcap\\-capture\\-filter FILTER\nWith \\-\\-capture the capture filter; alone, prints what is wrong with it.\n\
    .TP\n.B \\-\\-extcap\\-cleanup\\-postkill\nTakes back what a killed capture left.\n\
    .TP\n.B \\-\\-log\\-file FILE\nAppends what the capture tells about itself to a file.\n\
    .TP\n.B \\-\\-log\\-level message|debug\nHow much it tells.\n\
    .SH EXIT STATUS\n0 when the source ended, the reader went or a signal came; 1 after a failure, which is told in one\n\
    sentence on standard error.\n\
    .SH SEE ALSO\n.BR tshark\\-post (1),\n.BR wireshark (1),\n.BR extcap (4)\n";

/// Text with what roff would read as its own taken away.
fn roff(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-");
    // A line that begins so would be a request.
    if escaped.starts_with(['.', '\'']) { format!("\\&{escaped}") } else { escaped }
}
