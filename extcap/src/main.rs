//! `airtone-extcap`: started by Wireshark for each step of a live capture.

use std::io::Write;
use std::process;

#[cfg(unix)]
fn main() {
    use airtone_extcap::args::Args;
    use airtone_extcap::{kinds, protocol, wifi};

    if std::env::args_os().nth(1).is_some_and(|first| first == wifi::guard::ARGUMENT) {
        return wifi::guard::run();
    }
    let args = Args::parse(std::env::args_os().skip(1));
    let code = match protocol::run(&args, &kinds()) {
        Ok(()) => 0,
        Err(failure) => {
            // Wireshark shows it in a dialog; a closed standard error is no second failure.
            let _ = writeln!(std::io::stderr(), "{failure}");
            1
        }
    };
    // Threads that wait for the toolbar's FIFOs may never return.
    process::exit(code);
}

#[cfg(not(unix))]
fn main() {
    let _ = writeln!(std::io::stderr(), "airtone-extcap captures on Linux and other Unix systems only");
    process::exit(1);
}
