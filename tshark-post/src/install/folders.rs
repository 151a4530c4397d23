//! Where one Wireshark looks for things: what `tshark -G folders` prints, in the words of every version.

use std::path::PathBuf;

/// The folders that matter here. A Wireshark without Lua names no Lua folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Folders {
    /// Preferences; profiles lie below it.
    pub(crate) personal_config: PathBuf,
    /// The same for every user.
    pub(crate) global_config: PathBuf,
    /// Lua scripts of this user.
    pub(crate) personal_lua: Option<PathBuf>,
    /// Lua scripts for every user.
    pub(crate) global_lua: Option<PathBuf>,
    /// Extcap programs of this user.
    pub(crate) personal_extcap: PathBuf,
    /// Extcap programs for every user.
    pub(crate) global_extcap: Option<PathBuf>,
}

impl Folders {
    /// Reads the output of `tshark -G folders`; `None` when it names no configuration folders.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let find = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(':'));
            let (_, value) = lines.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
            Some(value.trim()).filter(|value| !value.is_empty()).map(PathBuf::from)
        };
        let personal_config = find("Personal configuration")?;
        Some(Self {
            global_config: find("Global configuration")?,
            personal_lua: find("Personal Lua Plugins"),
            global_lua: find("Global Lua Plugins"),
            // Before 4.2 only the global folder is printed, and the personal one lies with the preferences.
            personal_extcap: find("Personal Extcap path").unwrap_or_else(|| personal_config.join("extcap")),
            global_extcap: find("Global Extcap path").or_else(|| find("Extcap path")),
            personal_config,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wireshark_4_0() {
        let text = "Temp:                \t/tmp\n\
                    Personal configuration:\t/home/a user/.config/wireshark\n\
                    Global configuration:\t/usr/share/wireshark\n\
                    System:              \t/etc\n\
                    Personal Plugins:    \t/home/a user/.local/lib/wireshark/plugins/4.0\n\
                    Personal Lua Plugins:\t/home/a user/.local/lib/wireshark/plugins\n\
                    Global Lua Plugins:  \t/usr/lib/wireshark/plugins\n\
                    Extcap path:         \t/usr/lib/wireshark/extcap\n\
                    MaxMind database path:\t/usr/share/GeoIP\n";
        let folders = Folders::parse(text).unwrap();
        assert_eq!(folders.personal_config, PathBuf::from("/home/a user/.config/wireshark"));
        assert_eq!(folders.personal_lua, Some("/home/a user/.local/lib/wireshark/plugins".into()));
        assert_eq!(folders.personal_extcap, PathBuf::from("/home/a user/.config/wireshark/extcap"));
        assert_eq!(folders.global_extcap, Some("/usr/lib/wireshark/extcap".into()));
    }

    #[test]
    fn wireshark_4_2_and_later_name_both_extcap_folders() {
        let text = "Personal configuration:\t/home/u/.config/wireshark\n\
                    Global configuration:\t/usr/share/wireshark\n\
                    Personal Lua Plugins:\t/home/u/.local/lib/wireshark/plugins\n\
                    Global Lua Plugins:\t/usr/lib/wireshark/plugins\n\
                    Personal Extcap path:\t/home/u/.local/lib/wireshark/extcap\n\
                    Global Extcap path:\t/usr/libexec/wireshark/extcap\n";
        let folders = Folders::parse(text).unwrap();
        assert_eq!(folders.personal_extcap, PathBuf::from("/home/u/.local/lib/wireshark/extcap"));
        assert_eq!(folders.global_extcap, Some("/usr/libexec/wireshark/extcap".into()));
    }

    #[test]
    fn a_drive_letter_is_part_of_the_path() {
        let text = "Personal configuration: \tC:\\Users\\u\\AppData\\Roaming\\Wireshark\r\n\
                    Global configuration:\tC:\\Program Files\\Wireshark\r\n";
        let folders = Folders::parse(text).unwrap();
        assert_eq!(folders.global_config, PathBuf::from("C:\\Program Files\\Wireshark"));
        assert_eq!((folders.personal_lua, folders.global_extcap), (None, None));
    }

    #[test]
    fn what_names_no_folders_is_refused() {
        assert_eq!(Folders::parse("tshark: unknown option\n"), None);
        assert_eq!(Folders::parse(""), None);
    }
}
