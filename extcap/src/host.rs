//! Which Wireshark asks. It tells its version when it asks for the interfaces, but not when it asks for the arguments,
//! where it matters; so the library that the parent has loaded is looked at.

use crate::dialog::HostVersion;

/// The version of the parent, where it is a Wireshark and shows its libraries.
#[must_use]
#[cfg(target_os = "linux")]
pub fn of_parent() -> Option<HostVersion> {
    let maps = format!("/proc/{}/maps", std::os::unix::process::parent_id());
    of_maps(&std::fs::read_to_string(maps).ok()?)
}

/// Elsewhere the oldest is assumed.
#[must_use]
#[cfg(not(target_os = "linux"))]
pub fn of_parent() -> Option<HostVersion> {
    None
}

/// By the number of `libwireshark.so`, which every line of versions raises.
#[cfg(any(target_os = "linux", test))]
fn of_maps(maps: &str) -> Option<HostVersion> {
    let (_, number) = maps.split_once("/libwireshark.so.")?;
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    let minor = match number[..end].parse::<u32>().ok()? {
        ..=16 => 0,
        17 => 2,
        18 => 4,
        19.. => 6,
    };
    Some(HostVersion { major: 4, minor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_versions() {
        let minor = |name: &str| {
            let maps = format!("7f00-7f01 r-xp 00000000 08:01 42   /usr/lib/{name}\n7f02 rw-p 0 [heap]\n");
            of_maps(&maps).map(|host| host.minor)
        };
        assert_eq!(minor("libwireshark.so.16.0.17"), Some(0));
        assert_eq!(minor("libwireshark.so.18"), Some(4));
        assert_eq!(minor("libwireshark.so.19.0.4"), Some(6));
        assert_eq!(minor("libwireshark.so.23.0.1"), Some(6));
        assert_eq!(minor("libc.so.6"), None);
    }
}
