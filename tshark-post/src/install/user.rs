//! Who runs this: Wireshark treats root differently.

#[cfg(unix)]
use std::process::Command;

/// Wireshark's own rule for special privileges: the real user or the real group is 0.
#[cfg(unix)]
pub(crate) fn is_root() -> bool {
    let number =
        |option| Command::new("id").arg(option).output().is_ok_and(|out| out.stdout.trim_ascii() == b"0");
    number("-ru") || number("-rg")
}

/// There is no such rule on other systems.
#[cfg(not(unix))]
pub(crate) fn is_root() -> bool {
    false
}
