//! What is installed: the plugin and the profile lie in this program, the library and the extcap beside it.

use std::borrow::Cow;
use std::env::{self, consts};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The Lua plugin.
pub(crate) const PLUGIN: &str = include_str!("../../../lua/airtone.lua");
/// Its file name.
pub(crate) const PLUGIN_NAME: &str = "airtone.lua";
/// Name of the Wireshark profile, and of its folder.
pub(crate) const PROFILE: &str = "Airtone";

/// Files of the profile.
pub(crate) const PROFILE_FILES: &[(&str, &str)] = &[
    ("preferences", include_str!("../../../packaging/profile/preferences")),
    ("colorfilters", include_str!("../../../packaging/profile/colorfilters")),
    ("dfilter_buttons", include_str!("../../../packaging/profile/dfilter_buttons")),
];

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Plugin,
    Library,
    Profile,
    Extcap,
}

impl Kind {
    /// Wireshark itself writes into a profile when its user changes a column or a colour.
    pub(crate) fn is_for_the_user_to_change(self) -> bool {
        self == Self::Profile
    }

    /// Programs and libraries.
    pub(crate) fn is_executable(self) -> bool {
        matches!(self, Self::Library | Self::Extcap)
    }
}

/// One file to install.
#[derive(Clone, Debug)]
pub(crate) struct Asset {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) bytes: Cow<'static, [u8]>,
}

/// Name of the library on this system.
pub(crate) fn library_name() -> String {
    format!("{}airtone{}", consts::DLL_PREFIX, consts::DLL_SUFFIX)
}

fn extcap_name() -> String {
    format!("airtone-extcap{}", consts::EXE_SUFFIX)
}

/// Everything there is to install. The error is a sentence.
pub(crate) fn all(library: Option<&Path>) -> Result<Vec<Asset>, String> {
    let mut all =
        vec![Asset { kind: Kind::Plugin, name: PLUGIN_NAME.to_owned(), bytes: PLUGIN.as_bytes().into() }];
    let path = match library {
        Some(path) => path.to_owned(),
        None => find_library().ok_or_else(no_library)?,
    };
    let bytes = read(&path)?;
    if !is_shared_library(&bytes) {
        return Err(format!("{}: is no shared library of this system", path.display()));
    }
    all.push(Asset { kind: Kind::Library, name: library_name(), bytes: bytes.into() });
    all.extend(extcap()?);
    all.extend(profile());
    Ok(all)
}

/// The extcap program, where one lies with this program.
pub(crate) fn extcap() -> Result<Option<Asset>, String> {
    let Some(path) = beside(&extcap_name()).into_iter().find(|path| path.is_file()) else { return Ok(None) };
    Ok(Some(Asset { kind: Kind::Extcap, name: extcap_name(), bytes: read(&path)?.into() }))
}

/// The files of the profile.
pub(crate) fn profile() -> impl Iterator<Item = Asset> {
    let asset = |(name, text): &(&str, &'static str)| Asset {
        kind: Kind::Profile,
        name: (*name).to_owned(),
        bytes: text.as_bytes().into(),
    };
    PROFILE_FILES.iter().map(asset)
}

/// The library that lies with this program.
pub(crate) fn find_library() -> Option<PathBuf> {
    beside(&library_name()).into_iter().find(|path| path.is_file())
}

/// Where a file that belongs to this program may lie: beside it (an archive, or cargo's target folder), or in the
/// `lib` folder of the prefix that it was installed to.
fn beside(name: &str) -> Vec<PathBuf> {
    let Ok(program) = env::current_exe() else { return Vec::new() };
    let program = program.canonicalize().unwrap_or(program);
    let Some(folder) = program.parent() else { return Vec::new() };
    ["", "../lib/airtone", "../lib", "../libexec/airtone"]
        .iter()
        .map(|place| folder.join(place).join(name))
        .collect()
}

fn no_library() -> String {
    format!(
        "{} does not lie beside this program; name it with --library PATH \
         (in the repository: cargo build --release -p airtone-cdylib)",
        library_name()
    )
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("{}: no such file", path.display()),
        io::ErrorKind::PermissionDenied => format!("{}: permission denied", path.display()),
        _ => format!("{}: cannot be read", path.display()),
    })
}

/// By its first bytes: ELF, Mach-O (also for several processors), or PE.
fn is_shared_library(bytes: &[u8]) -> bool {
    let magics: &[&[u8]] = if cfg!(windows) {
        &[b"MZ"]
    } else if cfg!(target_vendor = "apple") {
        &[b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"]
    } else {
        &[b"\x7fELF"]
    };
    magics.iter().any(|magic| bytes.starts_with(magic))
}
