//! The frame of a pcapng block: its type and both its lengths.
//!
//! Blocks are framed as Wireshark frames them: a total length that is not a multiple of four is rounded up, which
//! pcap-file's parser refuses (see also `options.rs`).

use std::io;

use pcap_file::pcapng::blocks::SECTION_HEADER_BLOCK;

use crate::buffer::Buffer;
use crate::bytes::{Endianness, u32_at};
use crate::head::{Needed, is_whole};
use crate::warnings::Warnings;

/// The largest block that is believed.
pub(super) const MAX_BLOCK: u32 = 64 << 20;

/// A block without its two lengths, in the buffer.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub kind: u32,
    /// Offset in the file.
    pub offset: u64,
    /// Body, in the buffer.
    pub start: usize,
    pub end: usize,
}

/// Frames the next block and consumes it.
pub(super) fn next(
    order: &mut Endianness,
    buffer: &mut Buffer,
    warnings: &mut Warnings,
) -> io::Result<Option<Block>> {
    const HEAD: usize = 12;
    if !is_whole(Needed::AtLeast(HEAD), buffer, warnings)? {
        return Ok(None);
    }
    let offset = buffer.offset();
    let Some((kind, length)) = kind_and_length(order, buffer.unread(), offset, warnings) else {
        return Ok(None);
    };
    if length < HEAD as u32 || length > MAX_BLOCK {
        warnings.add(|| {
            format!(
                "damage at byte {offset}: a block cannot be {length} bytes long; nothing behind it was read"
            )
        });
        return Ok(None);
    }
    let size = (length as usize).next_multiple_of(4);
    if !is_whole(Needed::Exactly(size), buffer, warnings)? {
        return Ok(None);
    }
    let trailer = u32_at(buffer.unread(), size - 4, *order).unwrap_or(0);
    if u64::from(trailer).next_multiple_of(4) != size as u64 {
        warnings.add(|| {
            format!(
                "damage at byte {offset}: the block there is {length} bytes long by its start and {trailer} \
                 by its end; nothing behind it was read"
            )
        });
        return Ok(None);
    }
    let start = buffer.consume(size);
    Ok(Some(Block { kind, offset, start: start + 8, end: start + size - 4 }))
}

/// Type and total length; a section header sets the byte order first.
fn kind_and_length(
    order: &mut Endianness,
    head: &[u8],
    offset: u64,
    warnings: &mut Warnings,
) -> Option<(u32, u32)> {
    let kind = u32_at(head, 0, *order)?;
    if kind == SECTION_HEADER_BLOCK {
        let Some(told) = byte_order(head) else {
            warnings.add(|| format!("damage at byte {offset}: a section starts without a byte-order magic"));
            return None;
        };
        *order = told;
    }
    Some((kind, u32_at(head, 4, *order)?))
}

/// True for a section header with a byte-order magic.
pub(crate) fn is_pcapng(head: &[u8]) -> bool {
    head.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) && (head.len() < 12 || byte_order(head).is_some())
}

fn byte_order(head: &[u8]) -> Option<Endianness> {
    match head.get(8..12)? {
        [0x1a, 0x2b, 0x3c, 0x4d] => Some(Endianness::Big),
        [0x4d, 0x3c, 0x2b, 0x1a] => Some(Endianness::Little),
        _ => None,
    }
}
