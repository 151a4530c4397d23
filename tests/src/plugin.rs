//! The library and the plugin in the hosts that load them: Lua interpreters and tshark.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The built libairtone of the running test's profile; `AIRTONE_LIBRARY` names another one.
///
/// # Panics
/// When it cannot be built.
pub fn library() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| match std::env::var_os("AIRTONE_LIBRARY") {
        Some(path) => path.into(),
        None => {
            let name = format!("{}airtone{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
            crate::build("airtone-cdylib").join(name)
        }
    })
}

/// The plugin's script; `AIRTONE_SCRIPT` names another one.
#[must_use]
pub fn script() -> PathBuf {
    std::env::var_os("AIRTONE_SCRIPT")
        .map_or_else(|| crate::workspace_dir().join("lua/airtone.lua"), PathBuf::from)
}

/// Runs tshark with the plugin loaded and nothing else of the user's.
///
/// # Panics
/// When tshark cannot be started.
pub fn tshark_with_plugin<I, S>(args: I) -> Output
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    tshark_with(library(), args)
}

/// The same with `library` in place of the built one.
///
/// # Panics
/// When tshark cannot be started.
pub fn tshark_with<I, S>(library: &Path, args: I) -> Output
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    tshark_command(library).args(args).output().expect("tshark can be started")
}

/// tshark with the plugin loaded and nothing else of the user's, to be given arguments.
#[must_use]
pub fn tshark_command(library: &Path) -> Command {
    let mut command = Command::new("tshark");
    command
        .arg("-X")
        .arg(format!("lua_script:{}", script().display()))
        .env("AIRTONE_LIBRARY", library)
        // An empty profile: no preferences of the user, no plugin installed twice.
        .env("WIRESHARK_CONFIG_DIR", empty_folder())
        .env("WIRESHARK_PLUGIN_DIR", empty_folder());
    command
}

fn empty_folder() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().expect("a temporary folder")).path()
}

/// What tshark or Lua said that is no ordinary remark; empty when all is well.
#[must_use]
pub fn complaints(output: &Output) -> Vec<String> {
    let all = [&output.stdout[..], &output.stderr[..]];
    let bad = ["Lua", "airtone:", "panicked", "CRITICAL", "Segmentation"];
    let lines = all
        .iter()
        .flat_map(|text| String::from_utf8_lossy(text).lines().map(str::to_owned).collect::<Vec<_>>());
    lines.filter(|line| bad.iter().any(|word| line.contains(word))).collect()
}
