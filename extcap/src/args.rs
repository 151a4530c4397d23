//! The command line as Wireshark writes it, of this and of later versions: nothing in it is an error.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::dialog::HostVersion;
use crate::host;
use crate::source::Options;

/// The version that is assumed where none is given: the oldest that is known, whose grammar all later ones read.
pub const OLDEST: HostVersion = HostVersion { major: 4, minor: 0 };

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `--extcap-interfaces`: which interfaces there are.
    Interfaces,
    /// `--extcap-dlts`: which link types an interface has.
    LinkTypes,
    /// `--extcap-config`: which arguments it has; with `--extcap-reload-option` the values of one.
    Config,
    /// `--extcap-capture-filter` alone: whether a filter is right.
    CheckFilter,
    /// `--capture`
    Capture,
    /// `--extcap-cleanup-postkill`
    Cleanup,
    /// `--extcap-version` alone, or `--version`.
    Version,
    /// `--man`: the manual page.
    Manual,
    /// `--help`, or nothing at all: a person.
    Help,
}

/// The command line, taken apart.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// Names without dashes of everything given.
    flags: Vec<String>,
    /// `--extcap-interface`
    pub interface: String,
    /// `--fifo`
    pub fifo: Option<PathBuf>,
    /// `--extcap-control-in`: read by this program.
    pub control_in: Option<PathBuf>,
    /// `--extcap-control-out`: written by this program.
    pub control_out: Option<PathBuf>,
    /// `--log-file`
    pub log_file: Option<PathBuf>,
    /// The rest.
    pub options: Options,
}

impl Args {
    /// Reads `--name` (which is `true`), `--name value` and `--name=value`; the last one of a name counts. A value that
    /// begins with `--` and a letter must be written with `=`.
    #[must_use]
    pub fn parse(given: impl IntoIterator<Item = OsString>) -> Self {
        let mut args = Self::default();
        let mut given = given.into_iter().peekable();
        while let Some(token) = given.next() {
            let text = token.to_string_lossy().into_owned();
            let Some(option) = text.strip_prefix("--") else {
                args.flags.extend((text == "-h").then(|| "help".to_owned()));
                continue;
            };
            match option.split_once('=') {
                Some((name, _)) => {
                    let value = after_equals(&token);
                    args.set(name, Some(value));
                }
                None => args.set(option, given.next_if(|next| !is_option(next))),
            }
        }
        args
    }

    fn set(&mut self, name: &str, value: Option<OsString>) {
        self.flags.push(name.to_owned());
        let Some(value) = value else {
            if !name.starts_with("extcap-") {
                self.options.values.insert(name.to_owned(), "true".to_owned());
            }
            return;
        };
        let text = value.to_string_lossy().into_owned();
        let path = Some(PathBuf::from(value)).filter(|path| !path.as_os_str().is_empty());
        match name {
            "fifo" => self.fifo = path,
            "extcap-control-in" => self.control_in = path,
            "extcap-control-out" => self.control_out = path,
            "log-file" => self.log_file = path,
            "extcap-interface" => self.interface = text,
            "extcap-capture-filter" => self.options.capture_filter = text,
            _ => {
                self.options.values.insert(name.to_owned(), text);
            }
        }
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|given| given == flag)
    }

    /// What is asked for.
    #[must_use]
    pub fn step(&self) -> Step {
        const STEPS: [(&str, Step); 10] = [
            ("help", Step::Help),
            ("man", Step::Manual),
            ("capture", Step::Capture),
            ("extcap-interfaces", Step::Interfaces),
            ("extcap-dlts", Step::LinkTypes),
            ("extcap-config", Step::Config),
            ("extcap-cleanup-postkill", Step::Cleanup),
            ("extcap-capture-filter", Step::CheckFilter),
            ("extcap-version", Step::Version),
            ("version", Step::Version),
        ];
        STEPS.iter().find(|(flag, _)| self.has(flag)).map_or(Step::Help, |(_, step)| *step)
    }

    /// The argument whose values `--extcap-reload-option` asks for, without dashes.
    #[must_use]
    pub fn reload(&self) -> Option<&str> {
        let name = self.options.values.get("extcap-reload-option")?.trim_start_matches('-');
        Some(name).filter(|name| !name.is_empty())
    }

    /// The Wireshark that asks: of `--extcap-version`, else as the parent looks, else the oldest.
    #[must_use]
    pub fn host(&self) -> HostVersion {
        self.version().or_else(host::of_parent).unwrap_or(OLDEST)
    }

    fn version(&self) -> Option<HostVersion> {
        parse_version(self.options.values.get("extcap-version")?)
    }

    /// How much is logged.
    #[must_use]
    pub fn is_debug(&self) -> bool {
        let level = self.options.values.get("log-level").map(|level| level.to_ascii_lowercase());
        matches!(level.as_deref(), Some("debug" | "noisy"))
    }
}

fn parse_version(text: &str) -> Option<HostVersion> {
    let mut numbers = text.trim().split('.').map(|number| number.parse().ok());
    Some(HostVersion { major: numbers.next()??, minor: numbers.next().flatten().unwrap_or(0) })
}

/// `--x`, but not `--`, `-` or `-5`.
fn is_option(token: &OsString) -> bool {
    let bytes = token.as_encoded_bytes();
    bytes.starts_with(b"--") && bytes.get(2).is_some_and(u8::is_ascii_lowercase)
}

/// The value of `--name=value`, bytes and all: a path need not be UTF-8.
fn after_equals(token: &OsString) -> OsString {
    use std::os::unix::ffi::OsStrExt;
    let bytes = token.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=').map_or(bytes.len(), |at| at + 1);
    std::ffi::OsStr::from_bytes(&bytes[at..]).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Args {
        Args::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn steps_as_wireshark_asks_for_them() {
        for (line, step) in [
            ("--extcap-interfaces --extcap-version=4.4", Step::Interfaces),
            ("--extcap-interfaces", Step::Interfaces),
            ("--extcap-config --extcap-interface airtone_replay", Step::Config),
            ("--extcap-dlts --extcap-interface=airtone_replay", Step::LinkTypes),
            ("--extcap-capture-filter udp --extcap-interface x", Step::CheckFilter),
            ("--capture --extcap-interface x --extcap-capture-filter udp --fifo /tmp/f", Step::Capture),
            ("--extcap-cleanup-postkill", Step::Cleanup),
            ("--extcap-version", Step::Version),
            ("--extcap-version=4.6", Step::Version),
            ("--version", Step::Version),
            ("", Step::Help),
            ("-h", Step::Help),
            ("--capture --help", Step::Help),
            ("capture.pcap", Step::Help),
        ] {
            assert_eq!(parse(line).step(), step, "{line}");
        }
    }

    #[test]
    fn both_ways_of_a_value() {
        for line in
            ["--capture --file a=b.pcap --loop --speed -1", "--capture --file=a=b.pcap --loop --speed=-1"]
        {
            let args = parse(line);
            let value = |name: &str| args.options.values.get(name).map(String::as_str);
            assert_eq!(
                (value("file"), value("speed"), value("loop")),
                (Some("a=b.pcap"), Some("-1"), Some("true"))
            );
        }
    }

    #[test]
    fn versions_with_and_without_a_value() {
        assert_eq!(parse("--extcap-version --extcap-interfaces").host(), OLDEST);
        assert_eq!(parse("--extcap-version=4.6").host(), HostVersion { major: 4, minor: 6 });
        assert_eq!(parse("--extcap-version 5").host(), HostVersion { major: 5, minor: 0 });
        assert_eq!(parse("--extcap-version=newest").host(), OLDEST);
    }

    #[test]
    fn options_of_the_future_are_passed_over() {
        let args = parse("--extcap-colour=blue --capture --extcap-quiet --fifo - --extcap-interface x stray");
        assert_eq!((args.step(), args.interface.as_str()), (Step::Capture, "x"));
        assert_eq!(args.fifo, Some(PathBuf::from("-")));
    }

    #[test]
    fn a_path_that_is_no_utf8_stays_as_it_is() {
        use std::os::unix::ffi::OsStringExt;
        let path = OsString::from_vec(b"/tmp/\xff".to_vec());
        let equals = OsString::from_vec(b"--fifo=/tmp/\xff".to_vec());
        assert_eq!(Args::parse(["--fifo".into(), path.clone()]).fifo, Some(PathBuf::from(&path)));
        assert_eq!(Args::parse([equals]).fifo, Some(PathBuf::from(&path)));
    }
}
