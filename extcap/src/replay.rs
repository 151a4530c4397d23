//! `airtone_replay`: a capture file into Wireshark, at its own pace, faster or at once.

mod pace;
mod player;

use std::io;
use std::path::{Path, PathBuf};

use airtone_capture::Input;
use airtone_engine::LinkType;

use crate::dialog::{Arg, Ask, Control, HostVersion, Value};
use crate::failure::Failure;
#[cfg(target_os = "linux")]
use crate::filter;
use crate::source::{Kind, Offered, Options, Source};

use pace::{Clock, Speed};
use player::Player;

const NAME: &str = "airtone_replay";

/// Link types that a capture filter may be meant for; those of the file are known only when it is read.
#[cfg(target_os = "linux")]
const FILTERED: [LinkType; 6] = [
    LinkType::ETHERNET,
    LinkType::RAW,
    LinkType::LINUX_SLL,
    LinkType::LINUX_SLL2,
    LinkType::RADIOTAP,
    LinkType::IEEE802_11,
];

/// The kind.
#[derive(Clone, Copy, Debug)]
pub struct Replay;

impl Kind for Replay {
    fn interfaces(&self) -> Vec<Offered> {
        vec![Offered { name: NAME.to_owned(), display: "Airtone: replay".to_owned() }]
    }

    fn link_types(&self, _: &str) -> Vec<LinkType> {
        vec![LinkType::ETHERNET, LinkType::RADIOTAP, LinkType::IEEE802_11, LinkType::RAW]
    }

    fn arguments(&self, _: &str, _: HostVersion) -> Vec<Arg> {
        let arg = |name, display, ask, default: &str, tooltip, placeholder| Arg {
            ask,
            default: default.to_owned(),
            tooltip,
            placeholder,
            ..Arg::new(name, display, "Source")
        };
        let file = "Any capture that Airtone reads: pcap, pcapng, also compressed with gzip, zstd or lz4.";
        let speed = "1 is the pace of the capture, 10 is ten times faster, 0 is all at once.";
        let again =
            "Begin again a second after the last packet, with later times, until the capture is stopped.";
        let shift = "The first packet is captured now; the time between packets stays, whatever the speed.";
        let speeds = "^[0-9]*[.]?[0-9]+$";
        vec![
            arg("file", "Capture file", Ask::File(true), "", file, "capture.pcapng"),
            Arg { validation: speeds, ..arg("speed", "Speed", Ask::Double, "1", speed, "1") },
            arg("loop", "Loop", Ask::Boolean, "false", again, ""),
            arg("shifttime", "Shift times to now", Ask::Boolean, "false", shift, ""),
        ]
    }

    fn reload(&self, _: &str, _: &str, _: &Options) -> Vec<Value> {
        Vec::new()
    }

    fn controls(&self, _: &str) -> Vec<Control> {
        Vec::new()
    }

    fn open(&self, interface: &str, options: &Options) -> Result<Box<dyn Source>, Failure> {
        let Some(file) = options.text("file") else {
            return Err(Failure::new(
                "no capture file is chosen: set it in the options of the interface, or with -o extcap.airtone_replay.file:FILE",
            ));
        };
        let path = PathBuf::from(file);
        let input = open(&path)?;
        self.check_filter(interface, &options.capture_filter)?;
        let speed = Speed::parse(options.text("speed").unwrap_or("1"))?;
        let clock = Clock::new(options.is_on("shifttime", false));
        let (filter, is_looped) = (options.capture_filter.trim(), options.is_on("loop", false));
        Ok(Box::new(Player::new(path, input, (speed, clock), is_looped, filter)))
    }

    #[cfg(target_os = "linux")]
    fn check_filter(&self, _: &str, filter: &str) -> Result<(), Failure> {
        filter::check(filter, &FILTERED)
    }

    fn cleanup(&self) {}
}

/// Opens a capture; an export holds no packets to be replayed.
fn open(path: &Path) -> Result<Input, Failure> {
    // Standard input is Wireshark's.
    if path == Path::new("-") {
        return Err(Failure::new("a replay needs a file, not standard input"));
    }
    let input = Input::open(&[path.to_owned()]).map_err(|error| Failure::new(sentence(&error)))?;
    if !input.is_packets_only() {
        let path = path.display();
        return Err(Failure::new(format!(
            "{path}: is an export of tshark, not a capture; replay the capture it came from"
        )));
    }
    Ok(input)
}

fn sentence(error: &airtone_capture::Error) -> String {
    match error {
        airtone_capture::Error::Io { path, source } if source.kind() == io::ErrorKind::NotFound => {
            format!("{path}: there is no such file; choose another one in the options of the interface")
        }
        airtone_capture::Error::Io { path, source } if source.kind() == io::ErrorKind::PermissionDenied => {
            format!("{path}: you may not read it; choose another one in the options of the interface")
        }
        other => other.to_string(),
    }
}
