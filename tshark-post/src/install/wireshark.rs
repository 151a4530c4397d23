//! The Wiresharks of this machine, and what each says about itself.

use std::env::{self, consts::EXE_SUFFIX};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::folders::Folders;

/// One Wireshark, known by its tshark.
#[derive(Clone, Debug)]
pub(crate) struct Wireshark {
    /// The program that was asked.
    pub(crate) tshark: PathBuf,
    pub(crate) version: Version,
    /// Version of its Lua; `None` when it was built without.
    pub(crate) lua: Option<String>,
    pub(crate) folders: Folders,
}

/// `4.0.17`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// For comparison: major and minor.
    pub(crate) line: (u32, u32),
    text: String,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Version {
    /// Reads the first line of `--version`.
    fn parse(text: &str) -> Option<Self> {
        let is_version = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
        let first =
            text.lines().next().filter(|line| line.contains("Shark") || line.contains("Wireshark"))?;
        let word = first.split_whitespace().find(is_version)?.trim_end_matches('.');
        let mut numbers = word.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        let line = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        Some(Self { line, text: word.to_owned() })
    }
}

impl Wireshark {
    /// Runs `tshark` for its version and folders. The error is a sentence.
    pub(crate) fn ask(tshark: &Path) -> Result<Self, String> {
        let about = output(tshark, &["--version"])?;
        let version = Version::parse(&about).ok_or_else(|| format!("{}: is no tshark", tshark.display()))?;
        let folders = output(tshark, &["-G", "folders"])?;
        let folders = Folders::parse(&folders)
            .ok_or_else(|| format!("{}: `-G folders` names no folders", tshark.display()))?;
        Ok(Self { tshark: tshark.to_owned(), version, lua: lua(&about), folders })
    }

    /// From 4.2 on, scripts of the user are left out for root, without a word.
    pub(crate) fn skips_personal_scripts_of_root(&self) -> bool {
        self.version.line >= (4, 2)
    }

    /// Another program of the same Wireshark, where it lies beside tshark.
    pub(crate) fn sibling(&self, name: &str) -> Option<PathBuf> {
        let path = self.tshark.with_file_name(format!("{name}{EXE_SUFFIX}"));
        path.is_file().then_some(path)
    }
}

impl fmt::Display for Wireshark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wireshark {} ({})", self.version, self.tshark.display())
    }
}

/// `with Lua 5.2.4`, wherever the lines break, or in a list of its own as `+Lua 5.4.9`.
fn lua(about: &str) -> Option<String> {
    let words: Vec<&str> = about.split_whitespace().map(|word| word.trim_end_matches([',', '.'])).collect();
    let listed = words.iter().position(|word| *word == "+Lua");
    let place =
        listed.or_else(|| words.windows(2).position(|pair| pair == ["with", "Lua"]).map(|at| at + 1))?;
    let version = words.get(place + 1).filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    Some(version.map_or("of unknown version", |version| version).to_owned())
}

/// Standard output of a run that ended well; the error is a sentence.
fn output(program: &Path, args: &[&str]) -> Result<String, String> {
    let name = program.display();
    let output = Command::new(program).args(args).output();
    let output = output.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("{name}: no such program"),
        std::io::ErrorKind::PermissionDenied => format!("{name}: may not be run"),
        _ => format!("{name}: cannot be run: {error}"),
    })?;
    if !output.status.success() {
        return Err(format!("{name} {}: {}", args.join(" "), output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Every tshark on the PATH and where installers put it otherwise; each once.
pub(crate) fn find() -> Vec<PathBuf> {
    let name = format!("tshark{EXE_SUFFIX}");
    let path = env::var_os("PATH").unwrap_or_default();
    let usual: &[&str] = if cfg!(windows) {
        &["C:\\Program Files\\Wireshark"]
    } else if cfg!(target_os = "macos") {
        &["/Applications/Wireshark.app/Contents/MacOS"]
    } else {
        &[]
    };
    let folders = env::split_paths(&path).chain(usual.iter().map(PathBuf::from));
    let mut found: Vec<(PathBuf, PathBuf)> = Vec::new();
    for tshark in folders.map(|folder| folder.join(&name)).filter(|path| path.is_file()) {
        let Ok(real) = tshark.canonicalize() else { continue };
        // /bin is often a link to /usr/bin.
        if !found.iter().any(|(_, other)| *other == real) {
            found.push((tshark, real));
        }
    }
    found.into_iter().map(|(tshark, _)| tshark).collect()
}

/// The tshark that a user means who names it, its folder, or the Wireshark beside it.
pub(crate) fn named(path: &Path) -> PathBuf {
    let tshark = format!("tshark{EXE_SUFFIX}");
    if path.is_dir() {
        return path.join(tshark);
    }
    let is_wireshark = path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case("wireshark"));
    if is_wireshark { path.with_file_name(tshark) } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let debian = "TShark (Wireshark) 4.0.17 (Git v4.0.17 packaged as 4.0.17-0+deb12u1).\n\nCopyright";
        let version = Version::parse(debian).unwrap();
        assert_eq!((version.line, version.to_string().as_str()), ((4, 0), "4.0.17"));
        assert_eq!(Version::parse("TShark (Wireshark) 4.6.4.\n").unwrap().line, (4, 6));
        assert_eq!(Version::parse("TShark 4.7.0rc0-12-gabc (v4.7)\n").unwrap().line, (4, 7));
        assert_eq!(Version::parse("bash: no job control\n"), None);
        assert_eq!(Version::parse("true (GNU coreutils) 9.1\n"), None);
    }

    #[test]
    fn lua_is_found_across_lines() {
        assert_eq!(lua("with libnl 3, with Lua\n5.2.4, with GnuTLS").as_deref(), Some("5.2.4"));
        assert_eq!(lua("with Lua 5.4.7 (with UfW patches), with").as_deref(), Some("5.4.7"));
        assert_eq!(lua("with Lua, with GnuTLS").as_deref(), Some("of unknown version"));
        assert_eq!(
            lua(" With:\n  +libxml2 2.15.4              +zlib 1.3.2\n  +Lua 5.4.9      +LZ4 1.10").as_deref(),
            Some("5.4.9")
        );
        assert_eq!(lua("with libnl 3, without Lua, with GnuTLS"), None);
        assert_eq!(lua(" Without:\n  -Lua 5.4\n  -zlib-ng"), None);
    }
}
