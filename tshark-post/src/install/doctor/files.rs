//! Checks of our files in the folders of one Wireshark.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::Scope;
use super::super::assets::{self, PLUGIN, PLUGIN_NAME, PROFILE};
use super::super::manifest::{self, Manifest, hash};
use super::super::place::path_of;
use super::super::user;
use super::super::wireshark::Wireshark;
use super::check::{Check, Checks};

/// The copy of the plugin that Wireshark loads.
pub(super) struct Copy {
    pub(super) path: PathBuf,
    pub(super) scope: Scope,
}

impl Copy {
    /// The plugin looks for it beside itself.
    pub(super) fn library(&self) -> PathBuf {
        self.path.with_file_name(assets::library_name())
    }
}

/// Finds the copies of the plugin and adds what is to be said about them.
pub(super) fn plugin(wireshark: &Wireshark, checks: &mut Checks) -> Option<Copy> {
    let folders = &wireshark.folders;
    let old_style = folders.personal_config.join("plugins");
    let personal =
        [folders.personal_lua.clone(), Some(old_style)].into_iter().flatten().map(|f| (f, Scope::User));
    let global = folders.global_lua.clone().map(|folder| (folder, Scope::System));
    let mut copies: Vec<Copy> = Vec::new();
    for (folder, scope) in personal.chain(global) {
        let path = folder.join(PLUGIN_NAME);
        if path.is_file() && !copies.iter().any(|copy| copy.path == path) {
            copies.push(Copy { path, scope });
        }
    }
    // A personal script hides a global one of the same name, unless it is skipped.
    let skipped = user::is_root() && wireshark.skips_personal_scripts_of_root();
    let at = copies.iter().position(|copy| copy.scope == Scope::System || !skipped).unwrap_or(0);
    if copies.is_empty() {
        checks.add(Check::amiss("plugin", "not installed", "run tshark-post install"));
        return None;
    }
    let copy = copies.remove(at);
    checks.add(currency(&copy));
    if let Some(other) = copies.first() {
        let (used, other) = (copy.path.display(), other.path.display());
        let remedy = "remove one of them (tshark-post uninstall, or uninstall --system)";
        checks.add(Check::note("plugin", format!("also at {other}; {used} is the one that counts"), remedy));
    }
    Some(copy)
}

fn currency(copy: &Copy) -> Check {
    let name = copy.path.display();
    match fs::read(&copy.path) {
        Ok(bytes) if bytes == PLUGIN.as_bytes() => Check::ok("plugin", format!("{name} is current")),
        Ok(_) => {
            Check::amiss("plugin", format!("{name} is of another version, or was changed"), again(copy.scope))
        }
        Err(_) => Check::amiss("plugin", format!("{name} cannot be read"), "make it readable for this user"),
    }
}

fn again(scope: Scope) -> String {
    format!("run tshark-post install{} (--force for a changed file)", scope.option())
}

/// The library beside the plugin.
pub(super) fn library(copy: &Copy) -> Check {
    let path = copy.library();
    let name = path.display();
    if !path.is_file() {
        return Check::amiss("library", format!("{name} is missing"), again(copy.scope));
    }
    let own = assets::find_library();
    match own.as_deref().map(|own| same(own, &path)) {
        None => Check::ok("library", format!("{name} is in place")),
        Some(true) => Check::ok("library", format!("{name} is current")),
        Some(false) => Check::amiss(
            "library",
            format!("{name} is not the one that lies with tshark-post"),
            again(copy.scope),
        ),
    }
}

fn same(a: &Path, b: &Path) -> bool {
    fs::read(a).ok().zip(fs::read(b).ok()).is_some_and(|(a, b)| a == b)
}

/// The profile: what its user changed is his.
pub(super) fn profile(wireshark: &Wireshark) -> Check {
    let scopes = [Scope::User, Scope::System];
    let places = scopes.map(|scope| {
        let paths = assets::profile()
            .filter_map(|asset| Some((path_of(&asset, scope, wireshark).ok()?, asset.bytes)));
        (scope, paths.collect::<Vec<_>>())
    });
    let found = places.iter().find(|(_, files)| files.iter().any(|(path, _)| path.is_file()));
    let Some((scope, files)) = found else {
        return Check::amiss("profile", format!("{PROFILE} is not installed"), "run tshark-post install");
    };
    let folder = files.first().and_then(|(path, _)| path.parent()).unwrap_or(Path::new("")).display();
    if let Some((path, _)) = files.iter().find(|(path, _)| !path.is_file()) {
        return Check::amiss("profile", format!("{} is missing", path.display()), again(*scope));
    }
    let record = manifest::path(*scope).and_then(|path| Manifest::load(&path)).unwrap_or_default();
    let mut is_changed = false;
    for (path, wanted) in files {
        let there = fs::read(path).unwrap_or_default();
        if there == **wanted {
            continue;
        }
        // As it was put by an earlier version; what the user changed stays without complaint.
        if record.entry(path).is_some_and(|entry| entry.sha256 == hash(&there)) {
            return Check::amiss(
                "profile",
                format!("{} is of an earlier version", path.display()),
                again(*scope),
            );
        }
        is_changed = true;
    }
    let state = if is_changed { "in place, with changes of yours" } else { "current" };
    Check::ok("profile", format!("{folder} is {state}"))
}

/// The extcap, where this installation has one.
pub(super) fn extcap(wireshark: &Wireshark) -> Option<Check> {
    let asset = assets::extcap().ok()??;
    let paths = [Scope::User, Scope::System].map(|scope| path_of(&asset, scope, wireshark).ok());
    let Some(path) = paths.into_iter().flatten().find(|path| path.is_file()) else {
        return Some(Check::amiss("extcap", "not installed", "run tshark-post install"));
    };
    Some(match fs::read(&path).is_ok_and(|bytes| bytes == *asset.bytes) {
        true => Check::ok("extcap", format!("{} is current", path.display())),
        false => Check::amiss(
            "extcap",
            format!("{} is of another version", path.display()),
            "run tshark-post install",
        ),
    })
}
