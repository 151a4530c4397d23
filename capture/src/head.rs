//! The record at the front of one file: owned and small, so that several files can be merged by it.

use std::io;

use airtone_engine::{LinkType, Nanos, Packet};

use crate::buffer::Buffer;
use crate::warnings::Warnings;

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

/// How many bytes a record has, as far as is known yet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Needed {
    Exactly(usize),
    /// Up to its length, and that is not here yet.
    AtLeast(usize),
}

/// Reads until the record at the front is there. False when the stream ends before, with a warning if it ends inside
/// the record.
#[inline]
pub(crate) fn is_whole(needed: Needed, buffer: &mut Buffer, warnings: &mut Warnings) -> io::Result<bool> {
    let (Needed::Exactly(size) | Needed::AtLeast(size)) = needed;
    if buffer.unread().len() >= size || buffer.fill(size)? {
        return Ok(true);
    }
    let has = buffer.unread().len();
    if has > 0 {
        warnings.add(|| cut_short(buffer.arrived(), has, needed));
    }
    Ok(false)
}

fn cut_short(arrived: u64, has: usize, needed: Needed) -> String {
    let needed = match needed {
        Needed::Exactly(bytes) => bytes.to_string(),
        Needed::AtLeast(bytes) => format!("{bytes} or more"),
    };
    format!("file cut short at byte {arrived}: the last record has {has} of its {needed} bytes")
}
