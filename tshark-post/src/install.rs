//! `install`, `uninstall` and `doctor`: the plugin, its library and the profile where this Wireshark looks.
//!
//! Wireshark itself is asked for its folders, because they differ between versions and distributions. A record of
//! every file with its hash makes `uninstall` exact. Nothing of the user's is overwritten without `--force`.

mod assets;
mod doctor;
mod folders;
mod manifest;
mod place;
mod remove;
mod rights;
mod user;
mod wireshark;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::{InstallArgs, UninstallArgs};
use crate::failure::Failure;
use crate::output;
use manifest::Manifest;
use place::Planned;
use wireshark::Wireshark;

pub(crate) use doctor::run as doctor;

/// For whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// This user.
    User,
    /// Everybody on this machine.
    System,
}

impl Scope {
    fn option(self) -> &'static str {
        if self == Self::System { " --system" } else { "" }
    }
}

/// A file or folder that could not be written or removed.
#[derive(Debug)]
struct Failed {
    path: PathBuf,
    error: io::Error,
}

impl Failed {
    fn failure(&self, verb: &str, scope: Scope) -> Failure {
        let path = self.path.display();
        let denied =
            matches!(self.error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem);
        Failure::new(match (denied, scope) {
            (true, Scope::System) => format!(
                "{path}: permission denied; run this as root (sudo tshark-post {verb} --system), or leave --system out"
            ),
            (true, Scope::User) => format!("{path}: permission denied; make it writable and run this again"),
            (false, _) => format!("{path}: {}; mend that and run this again", self.error),
        })
    }
}

/// `tshark-post install`
pub(crate) fn install(args: &InstallArgs) -> Result<ExitCode, Failure> {
    let scope = args.whom.scope();
    let wireshark = Wireshark::ask(&which(args.wireshark.as_deref())?).map_err(Failure::new)?;
    let record = manifest::path(scope).map_err(Failure::new)?;
    let mut manifest = Manifest::load(&record).map_err(Failure::new)?;
    let assets = assets::all(args.library.as_deref()).map_err(Failure::new)?;
    let plan = place::plan(assets, scope, &wireshark, &manifest, args.force).map_err(Failure::new)?;
    if let Some(refused) = plan.iter().find(|planned| planned.step == place::Step::Refuse) {
        return Err(Failure::new(format!(
            "{}: another file is there that install has not put, or that was changed since; \
             move it away, or replace it with --force (nothing was changed)",
            refused.path.display()
        )));
    }
    if !args.dry_run {
        place::apply(&plan, &mut manifest, &record).map_err(|failed| failed.failure("install", scope))?;
    }
    let rights = if args.dry_run { None } else { rights::grant(&plan, scope, &wireshark) };
    output::write(None, |out| {
        tell_install(out, &wireshark, &plan, scope, args.dry_run)?;
        rights.iter().try_for_each(|said| writeln!(out, "{said}"))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The tshark that was named, or the first there is.
fn which(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(path) = named {
        return Ok(wireshark::named(path));
    }
    let first = wireshark::find().into_iter().next();
    first.ok_or_else(|| {
        Failure::new(
            "tshark is not on the PATH; install it with Wireshark, or name it with --wireshark TSHARK",
        )
    })
}

fn tell_install(
    out: &mut dyn Write,
    wireshark: &Wireshark,
    plan: &[Planned],
    scope: Scope,
    is_dry: bool,
) -> io::Result<()> {
    writeln!(out, "{wireshark}, Lua {}", wireshark.lua.as_deref().unwrap_or("missing"))?;
    for planned in plan {
        let (done, would, remark) = match planned.step {
            place::Step::Put => ("put", "would put", ""),
            place::Step::Upgrade => ("upgraded", "would upgrade", ""),
            place::Step::Replace => ("replaced", "would replace", ""),
            place::Step::Keep => ("current", "current", ""),
            place::Step::Foreign => ("current", "current", " (not put by install: uninstall will leave it)"),
            place::Step::Leave => ("left", "would leave", " (changed since; --force replaces it)"),
            // Planned installs that hold one never get here.
            place::Step::Refuse => ("refused", "would refuse", ""),
        };
        writeln!(out, "  {:<13} {}{remark}", if is_dry { would } else { done }, planned.path.display())?;
    }
    if scope == Scope::User && wireshark.skips_personal_scripts_of_root() && user::is_root() {
        writeln!(
            out,
            "Wireshark {} skips the personal scripts of root without a word: \
             run Wireshark as another user, or install with --system.",
            wireshark.version
        )?;
    }
    if is_dry {
        return writeln!(out, "Nothing was changed.");
    }
    writeln!(
        out,
        "Start Wireshark again and choose the profile {profile} (Edit > Configuration Profiles).\n\
         tshark -q -r FILE -z airtone,report prints the report; tshark-post doctor checks the installation.",
        profile = assets::PROFILE
    )
}

/// `tshark-post uninstall`
pub(crate) fn uninstall(args: &UninstallArgs) -> Result<ExitCode, Failure> {
    let scope = args.whom.scope();
    let record = manifest::path(scope).map_err(Failure::new)?;
    let mut manifest = Manifest::load(&record).map_err(Failure::new)?;
    let steps: Vec<_> =
        manifest.files.iter().map(|entry| (entry.path.clone(), remove::step(entry))).collect();
    let profiles = profiles(&manifest);
    if !args.dry_run {
        remove::apply(&mut manifest, &record).map_err(|failed| failed.failure("uninstall", scope))?;
    }
    output::write(None, |out| {
        tell_uninstall(out, &steps, scope, args.dry_run)?;
        for profile in profiles.iter().filter(|profile| !args.dry_run && profile.is_dir()) {
            writeln!(
                out,
                "  {:<13} {} (holds other files, such as Wireshark's own)",
                "left",
                profile.display()
            )?;
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The folders of profiles: Wireshark keeps files of its own in one that was used.
fn profiles(manifest: &Manifest) -> Vec<PathBuf> {
    let files = manifest.files.iter().filter(|entry| entry.kind.is_for_the_user_to_change());
    let mut folders: Vec<PathBuf> = files.filter_map(|entry| Some(entry.path.parent()?.to_owned())).collect();
    folders.dedup();
    folders
}

fn tell_uninstall(
    out: &mut dyn Write,
    steps: &[(PathBuf, remove::Step)],
    scope: Scope,
    is_dry: bool,
) -> io::Result<()> {
    if steps.is_empty() {
        return match scope {
            Scope::User => writeln!(out, "Nothing is installed for this user (for everybody: --system)."),
            Scope::System => {
                writeln!(out, "Nothing is installed for everybody (for this user: without --system).")
            }
        };
    }
    for (path, step) in steps {
        let (done, would, remark) = match step {
            remove::Step::Remove => ("removed", "would remove", ""),
            remove::Step::Gone => ("gone", "gone", ""),
            remove::Step::Leave => {
                ("left", "would leave", " (changed since it was installed; remove it by hand)")
            }
        };
        writeln!(out, "  {:<13} {}{remark}", if is_dry { would } else { done }, path.display())?;
    }
    if is_dry {
        writeln!(out, "Nothing was changed.")?;
    }
    Ok(())
}
