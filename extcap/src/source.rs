//! What a source of packets is: how it is offered, and how it hands over packets while capturing.

use std::collections::BTreeMap;
use std::time::Duration;

use airtone_capture::Interface;
use airtone_engine::{LinkType, Nanos};

use crate::dialog::{Arg, Control, HostVersion, Value};
use crate::failure::Failure;

/// Arguments as given, names without dashes. Unknown ones are there too and ignored.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--name value` and `--name=value`.
    pub values: BTreeMap<String, String>,
    /// `--extcap-capture-filter`; empty for none.
    pub capture_filter: String,
}

impl Options {
    /// The value of an argument; `None` where it was not given or is empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A yes or no, `default` where it was not given. As in Wireshark a `y`, a `t` or a digit but 0 is a yes.
    #[must_use]
    pub fn is_on(&self, name: &str, default: bool) -> bool {
        let is_yes =
            |value: &str| value.contains(['y', 'Y', 't', 'T', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
        self.text(name).map_or(default, is_yes)
    }
}

/// An interface as Wireshark's list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// `[a-z0-9_]` only, e.g. `airtone_mirror`.
    pub name: String,
    /// E.g. `Airtone: RTP/SIP mirror`.
    pub display: String,
}

/// A kind of sources: mirror, Wi-Fi monitor, replay.
pub trait Kind {
    /// The interfaces that it offers here. Touches no hardware and no network, and takes milliseconds.
    fn interfaces(&self) -> Vec<Offered>;

    /// Link types that packets of the interface can have, the usual one first.
    fn link_types(&self, interface: &str) -> Vec<LinkType>;

    /// What can be set. Takes milliseconds.
    fn arguments(&self, interface: &str, host: HostVersion) -> Vec<Arg>;

    /// The values of one argument, asked for anew with the others as they are now.
    fn reload(&self, interface: &str, argument: &str, options: &Options) -> Vec<Value>;

    /// Controls of the toolbar besides the log and the live line, which every interface has; numbers from 10.
    fn controls(&self, interface: &str) -> Vec<Control>;

    /// Opens the source: everything that can fail for want of permission, ports or hardware.
    ///
    /// # Errors
    /// One sentence for the user.
    fn open(&self, interface: &str, options: &Options) -> Result<Box<dyn Source>, Failure>;

    /// Checks a capture filter, in the dialog and before [`Self::open`]. Touches no hardware.
    ///
    /// # Errors
    /// One sentence: what is wrong with it. Without an implementation of its own a kind takes no filter but the empty one.
    fn check_filter(&self, interface: &str, filter: &str) -> Result<(), Failure> {
        if filter.trim().is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "{interface} takes no capture filter: leave it empty and use a display filter"
        )))
    }

    /// Takes back what a killed capture left, where the kernel does not do it.
    fn cleanup(&self);
}

/// An open source.
pub trait Source {
    /// How it captures, for the comment of the section: source, filter, what is kept.
    fn comment(&self) -> String;

    /// Whether packets come whether or not they are read: what has come by the end of the capture is then still taken.
    fn is_live(&self) -> bool {
        true
    }

    /// Whether it goes on to configure network interfaces while capturing, and may not give the right to that back.
    fn configures_network(&self) -> bool {
        false
    }

    /// The interfaces known by now. The list may grow while capturing and never shrinks; packets name a place in it.
    fn interfaces(&self) -> &[Interface];

    /// Hands packets to `sink`: what is there, or waits up to `wait` for the first. Returns at the latest after `wait`
    /// plus a few milliseconds, packets or not.
    ///
    /// # Errors
    /// When the source is gone: one sentence for the user. What was handed over before is written.
    fn read(&mut self, sink: &mut dyn Sink, wait: Duration) -> Result<Flow, Failure>;

    /// Counters of each interface since the start, in the order of [`Source::interfaces`].
    fn counters(&mut self) -> Vec<Counters>;

    /// The user changed a control of the toolbar.
    ///
    /// # Errors
    /// One sentence, shown in the status bar; the capture goes on.
    fn control(&mut self, number: u8, payload: &[u8]) -> Result<(), Failure>;
}

/// Whether there will be more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// There may be more.
    Open,
    /// The source has ended, as a file does.
    Ended,
}

/// Packets of an interface since the capture began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Received by the interface, those that a filter left out included.
    pub received: u64,
    /// Dropped because nobody took them in time.
    pub dropped: u64,
}

/// A packet on its way to Wireshark.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// Place in [`Source::interfaces`].
    pub interface: usize,
    /// When.
    pub at: Nanos,
    /// Length on the wire.
    pub orig_len: u32,
    /// As captured.
    pub bytes: &'a [u8],
    /// Sensor drops since the packet before on this interface, where known; [`Counters::dropped`] holds them too.
    pub dropped: u64,
}

/// Where a source hands its packets.
pub trait Sink {
    /// The next packet. Never blocks on the reader of the FIFO.
    fn packet(&mut self, packet: Received<'_>);

    /// A line for the log window and the log file.
    fn log(&mut self, line: &str);

    /// Something about the capture that must be in the file at its place in time, such as the channel that the radio listens to:
    /// written as a comment of the next packet of that interface, which the engine reads again (`docs/pcapng.md`).
    fn note(&mut self, at: Nanos, note: Note);

    /// Whether a source that can wait should: packets handed over now might be dropped soon. A file waits, a radio does
    /// not.
    fn is_full(&self) -> bool {
        false
    }
}

/// What a capture says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// From now on the radio of an interface listens here; `None` while it retunes or is deaf.
    Listening {
        /// Place in [`Source::interfaces`].
        interface: usize,
        /// Centre of the primary channel in MHz and the width in MHz.
        channel: Option<(u32, u32)>,
    },
}
