//! The fields of the three kinds of packet blocks.

use crate::bytes::{Endianness, u16_at, u32_at, u64_at};
use crate::notes::Listening;
use crate::options::Options;

/// The fields that the packet blocks share.
pub(super) struct PacketFields {
    pub interface: u32,
    /// High and low half of the ticks; simple packets have none.
    pub time: Option<(u32, u32)>,
    pub captured: u32,
    pub original: u32,
    /// Where in the body the bytes begin.
    pub data: usize,
    /// Dropped since the packet before; from its own field or option.
    pub dropped: u64,
    /// Where the radio listened up to this packet, from its comment.
    pub notes: Vec<Listening>,
}

/// Of an enhanced packet block.
pub(super) fn enhanced(body: &[u8], order: Endianness) -> Option<PacketFields> {
    let field = |at| u32_at(body, at, order);
    let captured = field(12)?;
    let behind = 20 + (captured as usize).next_multiple_of(4);
    let options = body.get(behind..).filter(|options| !options.is_empty());
    let option = |code| Options::new(options?, order).value(code);
    let dropped = option(4).and_then(|value| u64_at(value, 0, order));
    Some(PacketFields {
        interface: field(0)?,
        time: Some((field(4)?, field(8)?)),
        captured,
        original: field(16)?,
        data: 20,
        dropped: dropped.unwrap_or(0),
        notes: listening(option(1)),
    })
}

/// Of a simple packet block, whose packets are of the first interface and cut at its snapshot length.
pub(super) fn simple(body: &[u8], order: Endianness, snaplen: u32) -> Option<PacketFields> {
    let original = u32_at(body, 0, order)?;
    let limit = if snaplen == 0 { u32::MAX } else { snaplen };
    // Writers that forgot the snapshot length still end the block where the bytes end.
    let captured = original.min(limit).min(body.len() as u32 - 4);
    Some(PacketFields {
        interface: 0,
        time: None,
        captured,
        original,
        data: 4,
        dropped: 0,
        notes: Vec::new(),
    })
}

/// Of the packet block that the enhanced one has replaced.
pub(super) fn obsolete(body: &[u8], order: Endianness) -> Option<PacketFields> {
    let field = |at| u32_at(body, at, order);
    let dropped = u16_at(body, 2, order)?;
    Some(PacketFields {
        interface: u32::from(u16_at(body, 0, order)?),
        time: Some((field(4)?, field(8)?)),
        captured: field(12)?,
        original: field(16)?,
        data: 20,
        // All ones: not known.
        dropped: if dropped == u16::MAX { 0 } else { u64::from(dropped) },
        notes: Vec::new(),
    })
}

/// The notes in a comment.
pub(super) fn listening(comment: Option<&[u8]>) -> Vec<Listening> {
    let comment = comment.and_then(|comment| std::str::from_utf8(comment).ok()).unwrap_or_default();
    Listening::all_in(comment).collect()
}
