//! The wireless radios of the machine as sysfs lists them: nothing is asked of the hardware.

use std::fs;
use std::path::{Path, PathBuf};

const RADIOS: &str = "/sys/class/ieee80211";

/// A radio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Phy {
    /// The kernel's number, which nl80211 goes by.
    pub index: u32,
    /// `phy0` and so on, unless somebody renamed it.
    pub name: String,
    /// Name of its driver.
    pub driver: String,
    path: PathBuf,
}

impl Phy {
    /// All, by number.
    pub(crate) fn all() -> Vec<Self> {
        Self::below(Path::new(RADIOS))
    }

    /// A radio that is nowhere.
    #[cfg(test)]
    pub(crate) fn pretended() -> Self {
        let path = PathBuf::from("/nowhere/phy7");
        Self { index: 7, name: "phy7".into(), driver: "none".into(), path }
    }

    fn below(radios: &Path) -> Vec<Self> {
        let entries = fs::read_dir(radios).into_iter().flatten().flatten();
        let mut all: Vec<Self> = entries.filter_map(|entry| Self::read(entry.path())).collect();
        all.sort_by_key(|phy| phy.index);
        all
    }

    fn read(path: PathBuf) -> Option<Self> {
        let index = fs::read_to_string(path.join("index")).ok()?.trim().parse().ok()?;
        let name = path.file_name()?.to_str()?.to_owned();
        let driver = fs::read_link(path.join("device/driver")).ok();
        let driver = driver.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
        let driver = driver.unwrap_or("unknown driver").to_owned();
        Some(Self { index, name, driver, path })
    }

    /// Why the radio is switched off, if it is: `Some(true)` by a switch of the machine.
    pub(crate) fn switched_off(&self) -> Option<bool> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let switches = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("rfkill"));
        let is_set = |path: PathBuf| fs::read_to_string(path).is_ok_and(|state| state.trim() == "1");
        let mut off = None;
        for switch in switches {
            if is_set(switch.path().join("hard")) {
                return Some(true);
            }
            if is_set(switch.path().join("soft")) {
                off = Some(false);
            }
        }
        off
    }

    /// Whether it is still there.
    pub(crate) fn is_there(&self) -> bool {
        self.path.exists()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn radio(folder: &Path, name: &str, index: &str, driver: Option<&str>) {
        let path = folder.join(name);
        fs::create_dir_all(path.join("device")).unwrap();
        fs::write(path.join("index"), index).unwrap();
        if let Some(driver) = driver {
            symlink(format!("../../drivers/{driver}"), path.join("device/driver")).unwrap();
        }
    }

    #[test]
    fn radios_by_number_with_their_drivers() {
        let folder = tempfile::tempdir().unwrap();
        radio(folder.path(), "phy10", "10\n", Some("iwlwifi"));
        radio(folder.path(), "phy2", "2\n", None);
        radio(folder.path(), "odd", "x", None);
        let found: Vec<_> =
            Phy::below(folder.path()).into_iter().map(|phy| (phy.index, phy.name, phy.driver)).collect();
        let expected = [
            (2, "phy2".to_owned(), "unknown driver".to_owned()),
            (10, "phy10".to_owned(), "iwlwifi".to_owned()),
        ];
        assert_eq!(found, expected);
        assert_eq!(Phy::below(Path::new("/nowhere")), []);
    }

    #[test]
    fn who_switched_it_off() {
        let folder = tempfile::tempdir().unwrap();
        radio(folder.path(), "phy0", "0", None);
        let off = || Phy::below(folder.path())[0].switched_off();
        assert_eq!(off(), None);
        let switch = folder.path().join("phy0/rfkill3");
        fs::create_dir(&switch).unwrap();
        fs::write(switch.join("hard"), "0\n").unwrap();
        fs::write(switch.join("soft"), "1\n").unwrap();
        assert_eq!(off(), Some(false));
        fs::write(switch.join("hard"), "1\n").unwrap();
        assert_eq!(off(), Some(true));
    }
}
