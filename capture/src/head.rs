//! The record at the front of one file: owned and small, so that several files can be merged by it.

use airtone_engine::{LinkType, Nanos, Packet};

/// The record that comes next in a file. Its bytes stay in the buffer of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    /// Time of the record; merging goes by it.
    pub at: Nanos,
    /// Interface within the file, from 0.
    pub interface: u32,
    /// Records before this one that Wireshark numbers and that hold no packet (custom blocks).
    pub numbered_before: u32,
    /// What it is.
    pub what: What,
}

/// Kinds of records.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// A packet; its bytes lie at `start..end` of the buffer.
    Packet {
        /// Link type of its interface.
        link: LinkType,
        /// Length on the wire, never less than what was captured.
        orig_len: u32,
        /// First byte.
        start: usize,
        /// Behind the last byte.
        end: usize,
    },
    /// The sensor dropped packets.
    Dropped(u64),
    /// From now on the radio listens here (MHz and width in MHz), or nowhere.
    Listening(Option<(u32, u32)>),
    /// A record of an export, held in [`crate::held::Held`], with the frame number that the export gives.
    Export {
        /// As exported.
        frame: u64,
    },
}

/// Packets with nothing odd about them that are handed over together.
pub(crate) const RUN: usize = 32;

/// What the places of a run hold before there is a packet in them.
pub(crate) const NO_PACKET: Packet<'static> =
    Packet { frame: 0, at: Nanos(0), link: LinkType(0), interface: 0, orig_len: 0, bytes: &[] };

/// An interface of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Interface {
    /// What its packets start with.
    pub link: LinkType,
    /// Name, e.g. `eth0`; empty where the file has none.
    pub name: String,
    /// Description; empty where the file has none.
    pub description: String,
}

/// How many bytes the record has that the stream ended in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Needed {
    Exactly(u64),
    /// The stream ended before the length.
    AtLeast(u64),
}

/// The sentence for a stream that ended inside a record.
pub(crate) fn cut_short(arrived: u64, has: usize, needed: Needed) -> String {
    let needed = match needed {
        Needed::Exactly(bytes) => bytes.to_string(),
        Needed::AtLeast(bytes) => format!("{bytes} or more"),
    };
    format!("file cut short at byte {arrived}: the last record has {has} of its {needed} bytes")
}
