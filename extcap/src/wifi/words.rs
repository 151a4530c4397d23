//! What the kernel refused, in one sentence for the person in front of Wireshark.

use super::channels::Tuning;
use super::netlink::Refusal;
use super::phys::Phy;
use crate::failure::Failure;
use crate::sys;

/// What was tried.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tried<'a> {
    /// To ask about the radio.
    Ask,
    /// To create the monitor interface of this name.
    Create(&'a str),
    /// To set it up.
    SetUp(&'a str),
    /// To tune; with the interfaces that are up besides.
    Tune(&'a Tuning, &'a [String]),
}

/// The sentence for a radio that is gone.
pub(crate) fn gone(phy: &Phy) -> Failure {
    Failure::new(format!(
        "{} ({}) is gone: the adapter was unplugged or its driver removed; what was captured before is kept.",
        phy.name, phy.driver
    ))
}

/// The sentence for a radio that is switched off. `hard`: by a switch of the machine.
pub(crate) fn switched_off(phy: &Phy, hard: bool) -> Failure {
    let cure = if hard {
        "by the machine's own switch or key; switch Wi-Fi on there"
    } else {
        "by software; run `rfkill unblock wifi`"
    };
    Failure::new(format!("{} ({}) is switched off {cure}.", phy.name, phy.driver))
}

/// The sentence for radio interfaces that are in use, where the user wants to tune.
pub(crate) fn in_use(phy: &Phy, users: &[String]) -> Failure {
    let (users, verb) = (users.join(", "), if users.len() == 1 { "is" } else { "are" });
    Failure::new(format!(
        "{} ({}) cannot be tuned while {users} {verb} up; leave the channels empty to listen on the channel in use, or \
         choose to take {users} down while capturing.",
        phy.name, phy.driver
    ))
}

/// The sentence for a refusal.
pub(crate) fn refused(phy: &Phy, tried: Tried<'_>, refusal: &Refusal) -> Failure {
    let radio = format!("{} ({})", phy.name, phy.driver);
    if matches!(refusal.errno, libc::ENODEV) && !phy.is_there() {
        return gone(phy);
    }
    let sentence = match (tried, refusal.errno) {
        (_, libc::EPERM | libc::EACCES) => sys::permission(&format!("Monitor mode on {radio}")),
        (_, libc::ERFKILL) => return switched_off(phy, phy.switched_off().unwrap_or(false)),
        (Tried::Create(name), libc::ENFILE | libc::EEXIST) => format!(
            "{radio} has an interface named {name} already: another capture of Airtone is running on it; stop that \
             one first, or remove the interface with `iw dev {name} del`."
        ),
        (Tried::Create(_), libc::EOPNOTSUPP) => {
            format!(
                "The driver of {radio} offers no monitor mode beside its other interfaces: {}.",
                refusal.words()
            )
        }
        (Tried::Tune(_, users), libc::EBUSY) if !users.is_empty() => return in_use(phy, users),
        (Tried::Tune(to, _), libc::EBUSY) => {
            format!("{radio} cannot be tuned to channel {}: another program uses the radio.", to.name())
        }
        (Tried::Tune(to, _), libc::EINVAL) => {
            format!("{radio} cannot be tuned to channel {}: {}.", to.name(), lower(&refusal.words()))
        }
        (Tried::Ask, _) => format!("{radio} does not say what it can do: {}.", refusal.words()),
        (Tried::Create(name), _) => {
            format!("No monitor interface {name} can be made on {radio}: {}.", refusal.words())
        }
        (Tried::SetUp(name), _) => format!("{name} on {radio} cannot be set up: {}.", refusal.words()),
        (Tried::Tune(to, _), _) => {
            format!("{radio} cannot be tuned to channel {}: {}.", to.name(), refusal.words())
        }
    };
    Failure::new(sentence)
}

/// The kernel's words within a sentence.
fn lower(words: &str) -> String {
    let mut letters = words.chars();
    match letters.next() {
        Some(first) if letters.clone().next().is_some_and(char::is_lowercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(tried: Tried<'_>, errno: i32, text: Option<&str>) -> String {
        refused(&Phy::pretended(), tried, &Refusal { errno, text: text.map(str::to_owned) }).0
    }

    #[test]
    fn each_refusal_says_what_was_wrong_and_what_to_do() {
        let to = Tuning::narrow(2437);
        let users = ["wlan0".to_owned(), "wlan1".to_owned()];
        let cases = [
            (told(Tried::Create("atmon7"), libc::ENFILE, None), "iw dev atmon7 del"),
            (told(Tried::Create("atmon7"), libc::EPERM, None), "setcap"),
            (told(Tried::Create("atmon7"), libc::EOPNOTSUPP, None), "no monitor mode beside"),
            (told(Tried::Tune(&to, &users), libc::EBUSY, None), "while wlan0, wlan1 are up"),
            (told(Tried::Tune(&to, &[]), libc::EBUSY, None), "another program uses the radio"),
            (
                told(Tried::Tune(&to, &[]), libc::EINVAL, Some("Channel is disabled")),
                "6 (2437 MHz): channel is disabled.",
            ),
            (told(Tried::Tune(&to, &[]), libc::EIO, None), "6 (2437 MHz): Input/output error"),
            (told(Tried::SetUp("atmon7"), libc::ERFKILL, None), "rfkill unblock wifi"),
            (told(Tried::Ask, libc::ENODEV, None), "unplugged"),
            (told(Tried::Ask, 0, None), "no answer from the kernel"),
        ];
        for (sentence, words) in cases {
            assert!(sentence.contains(words) && sentence.contains("phy7 (none)"), "{sentence}");
            assert!(sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
        }
        assert!(switched_off(&Phy::pretended(), true).0.contains("own switch"));
    }
}
