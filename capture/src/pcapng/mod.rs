//! pcapng: sections and interfaces, packets of all three kinds, drop counts; everything else is passed over.

mod block;
mod fields;

use std::collections::{HashMap, VecDeque};
use std::io;

use airtone_engine::{LinkType, Nanos, Packet};
use pcap_file::pcapng::blocks::{
    CUSTOM_BLOCK_COPIABLE, CUSTOM_BLOCK_NON_COPIABLE, ENHANCED_PACKET_BLOCK, INTERFACE_DESCRIPTION_BLOCK,
    INTERFACE_STATISTIC_BLOCK, NAME_RESOLUTION_BLOCK, PACKET_BLOCK, SECTION_HEADER_BLOCK,
    SIMPLE_PACKET_BLOCK, SYSTEMD_JOURNAL_EXPORT_BLOCK,
};

use crate::buffer::Buffer;
use crate::bytes::{Endianness, u16_at, u32_at, u64_at};
use crate::head::{Head, Interface, NO_PACKET, RUN, What};
use crate::notes::Listening;
use crate::options::{Options, Scale};
use crate::pcap::lengths_disagree;
use crate::warnings::Warnings;

pub(crate) use block::is_pcapng;
use block::{Block, MAX_BLOCK};
use fields::{PacketFields, enhanced, listening, obsolete, simple};

/// Interfaces of one file; packets of further ones are counted to the last.
const MAX_INTERFACES: usize = 4096;
/// Interfaces of one section; packets of further ones are passed over.
const MAX_IN_SECTION: usize = 65_536;
/// Characters of a name or description that are kept.
const MAX_NAME: usize = 256;

/// What packets of an interface need.
#[derive(Clone, Copy, Debug)]
struct Local {
    id: u32,
    link: LinkType,
    snaplen: u32,
    scale: Scale,
    /// Dropped packets that were told so far.
    dropped: u64,
}

/// Reads one pcapng file.
#[derive(Debug)]
pub(crate) struct PcapNg {
    order: Endianness,
    section: Vec<Local>,
    interfaces: Vec<Interface>,
    /// Interfaces by place in the section and description: a further section of the same sensor reuses them.
    known: HashMap<(usize, Interface), u32>,
    last: Option<Nanos>,
    numbered: u32,
    /// What was found together with the record before.
    pending: VecDeque<Head>,
    ended: bool,
}

impl PcapNg {
    /// Starts in front of the first section header.
    pub(crate) fn new() -> Self {
        Self {
            order: Endianness::Little,
            section: Vec::new(),
            interfaces: Vec::new(),
            known: HashMap::new(),
            last: None,
            numbered: 0,
            pending: VecDeque::new(),
            ended: false,
        }
    }

    /// The interfaces that were described so far, over all sections.
    pub(crate) fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// The next packet or drop count, or `None` at the end or at damage.
    pub(crate) fn advance(
        &mut self,
        buffer: &mut Buffer,
        warnings: &mut Warnings,
    ) -> io::Result<Option<Head>> {
        if let Some(head) = self.pending.pop_front() {
            return Ok(Some(head));
        }
        while !self.ended {
            let Some(block) = block::next(&mut self.order, buffer, warnings)? else { break };
            if let Some(head) = self.content(block, buffer, warnings) {
                return Ok(Some(head));
            }
        }
        self.ended = true;
        Ok(None)
    }

    /// Hands over the enhanced packet blocks at the front of `unread` with nothing odd about them and no options,
    /// not numbered yet, with the interfaces, and gives their length. All else is left to [`Self::advance`].
    #[inline]
    pub(crate) fn ordinary(
        &mut self,
        unread: &[u8],
        mut sink: impl FnMut(&mut [Packet<'_>], &[Interface]),
    ) -> usize {
        if self.ended || self.numbered > 0 || !self.pending.is_empty() {
            return 0;
        }
        let mut rest = unread;
        loop {
            let mut run = [NO_PACKET; RUN];
            let mut length = 0;
            for place in &mut run {
                let Some((packet, size)) = self.ordinary_block(rest) else { break };
                self.last = Some(packet.at);
                *place = packet;
                rest = &rest[size..];
                length += 1;
            }
            sink(&mut run[..length], &self.interfaces);
            if length < RUN {
                return unread.len() - rest.len();
            }
        }
    }

    /// The ordinary packet at the front, and the length of its block.
    #[inline]
    fn ordinary_block<'a>(&self, unread: &'a [u8]) -> Option<(Packet<'a>, usize)> {
        /// Of an enhanced packet block: up to its data, and its second length.
        const HEAD: usize = 28;
        const TRAILER: usize = 4;
        let head: &[u8; HEAD] = unread.first_chunk()?;
        let field = |at| u32_at(head, at, self.order);
        let (length, captured, orig_len) = (field(4)?, field(20)?, field(24)?);
        let size = HEAD + (captured as usize).next_multiple_of(4) + TRAILER;
        let usual = field(0)? == ENHANCED_PACKET_BLOCK
            && (1..=orig_len).contains(&captured)
            && length <= MAX_BLOCK
            && length as usize == size;
        if !usual || u32_at(unread, size - TRAILER, self.order)? != length {
            return None;
        }
        let local = self.section.get(field(8)? as usize)?;
        let bytes = unread.get(HEAD..HEAD + captured as usize)?;
        let at = local.scale.time(field(12)?, field(16)?);
        let (interface, link) = (local.id, local.link);
        Some((Packet { frame: 0, at, link, interface, orig_len, bytes }, size))
    }

    fn content(&mut self, block: Block, buffer: &Buffer, warnings: &mut Warnings) -> Option<Head> {
        let body = buffer.at(block.start, block.end);
        let fields = match block.kind {
            ENHANCED_PACKET_BLOCK => enhanced(body, self.order),
            SIMPLE_PACKET_BLOCK => {
                self.section.first().and_then(|local| simple(body, self.order, local.snaplen))
            }
            PACKET_BLOCK => obsolete(body, self.order),
            INTERFACE_STATISTIC_BLOCK => return self.statistics(body, block.offset, warnings),
            other => {
                self.other(other, body, block.offset, warnings);
                return None;
            }
        };
        let head = fields.and_then(|fields| self.packet(&fields, block, buffer, warnings));
        if head.is_none() {
            // Its number stays taken: the frames behind it keep theirs.
            self.numbered += 1;
            warnings.add(|| {
                format!(
                    "the packet at byte {} contradicts itself or names no interface; passed over",
                    block.offset
                )
            });
        }
        head
    }

    /// Blocks that hold no packet.
    fn other(&mut self, kind: u32, body: &[u8], offset: u64, warnings: &mut Warnings) {
        /// Decryption secrets; events of Sysdig in its versions.
        const SECRETS: u32 = 0x0a;
        const SYSDIG: [u32; 6] = [0x204, 0x208, 0x216, 0x217, 0x221, 0x222];
        match kind {
            SECTION_HEADER_BLOCK => self.section_header(body, offset, warnings),
            INTERFACE_DESCRIPTION_BLOCK => self.interface(body),
            NAME_RESOLUTION_BLOCK | SECRETS => {}
            // Wireshark gives these a frame number, and frame numbers are what people compare.
            CUSTOM_BLOCK_COPIABLE | CUSTOM_BLOCK_NON_COPIABLE | SYSTEMD_JOURNAL_EXPORT_BLOCK => {
                self.numbered += 1;
            }
            _ if SYSDIG.contains(&kind) => self.numbered += 1,
            _ => warnings.add(|| format!("unknown block type {kind:#010x} at byte {offset}; passed over")),
        }
    }

    fn section_header(&mut self, body: &[u8], offset: u64, warnings: &mut Warnings) {
        self.section.clear();
        let major = u16_at(body, 4, self.order).unwrap_or(0);
        if major != 1 {
            self.ended = true;
            warnings.add(|| {
                format!(
                    "the section at byte {offset} is of pcapng version {major}; only version 1 can be read"
                )
            });
        }
    }

    fn interface(&mut self, body: &[u8]) {
        let link = u16_at(body, 0, self.order);
        let (Some(link), Some(snaplen)) = (link, u32_at(body, 4, self.order)) else { return };
        if self.section.len() == MAX_IN_SECTION {
            return;
        }
        let value = |code| Options::new(body.get(8..).unwrap_or_default(), self.order).value(code);
        let resolution = value(9).and_then(|value| value.first().copied());
        let offset = value(14).and_then(|value| u64_at(value, 0, self.order)).unwrap_or(0);
        let interface = Interface { link: LinkType(link), name: text(value(2)), description: text(value(3)) };
        let id = self.identify(interface);
        let scale = Scale::new(resolution, offset.cast_signed());
        self.section.push(Local { id, link: LinkType(link), snaplen, scale, dropped: 0 });
    }

    /// The number of an interface within the file.
    fn identify(&mut self, interface: Interface) -> u32 {
        let key = (self.section.len(), interface);
        if let Some(id) = self.known.get(&key) {
            return *id;
        }
        if self.interfaces.len() == MAX_INTERFACES {
            return MAX_INTERFACES as u32 - 1;
        }
        let id = self.interfaces.len() as u32;
        self.interfaces.push(key.1.clone());
        self.known.insert(key, id);
        id
    }

    fn packet(
        &mut self,
        fields: &PacketFields,
        block: Block,
        buffer: &Buffer,
        warnings: &mut Warnings,
    ) -> Option<Head> {
        let local = *self.section.get(fields.interface as usize)?;
        let start = block.start + fields.data;
        let end = start + fields.captured as usize;
        if end > block.end {
            return None;
        }
        let at = match fields.time {
            Some((high, low)) => local.scale.time(high, low),
            None => self.last.or_else(|| self.next_time(buffer)).unwrap_or_default(),
        };
        self.last = Some(at);
        if fields.captured == 0 {
            warnings.add(|| format!("zero-length packet at byte {}", block.offset));
        } else if fields.captured > fields.original {
            warnings.add(|| lengths_disagree(block.offset, fields.captured, fields.original));
        }
        let orig_len = fields.original.max(fields.captured);
        let what = What::Packet { link: local.link, orig_len, start, end };
        let numbered_before = std::mem::take(&mut self.numbered);
        let head = Head { at, interface: local.id, numbered_before, what };
        if fields.dropped == 0 && fields.notes.is_empty() {
            return Some(head);
        }
        self.note(&fields.notes, local.id);
        if fields.dropped > 0 {
            self.section[fields.interface as usize].dropped = local.dropped.saturating_add(fields.dropped);
            self.pending.push_back(Head { numbered_before: 0, what: What::Dropped(fields.dropped), ..head });
        }
        self.pending.push_back(head);
        self.pending.pop_front()
    }

    /// Queues what a comment says about the radio of an interface.
    fn note(&mut self, notes: &[Listening], interface: u32) {
        self.pending.extend(notes.iter().map(|note| Head {
            at: note.at,
            interface,
            numbered_before: 0,
            what: What::Listening(note.channel),
        }));
    }

    /// The time of the first packet ahead that has one: for simple packets in front of it.
    fn next_time(&self, buffer: &Buffer) -> Option<Nanos> {
        let mut ahead = buffer.unread();
        loop {
            let length = (u32_at(ahead, 4, self.order)? as usize).next_multiple_of(4);
            match u32_at(ahead, 0, self.order)? {
                ENHANCED_PACKET_BLOCK => {
                    let field = |at| u32_at(ahead, at, self.order);
                    let local = self.section.get(field(8)? as usize)?;
                    return Some(local.scale.time(field(12)?, field(16)?));
                }
                SECTION_HEADER_BLOCK => return None,
                _ if length < 12 => return None,
                _ => ahead = ahead.get(length..)?,
            }
        }
    }

    /// Drop counters run from the start of the capture; what is handed over is the increment.
    fn statistics(&mut self, body: &[u8], offset: u64, warnings: &mut Warnings) -> Option<Head> {
        let field = |at| u32_at(body, at, self.order);
        let (index, high, low) = (field(0)?, field(4)?, field(8)?);
        let count = |code| {
            let value = Options::new(body.get(12..).unwrap_or_default(), self.order).value(code);
            value.and_then(|value| u64_at(value, 0, self.order)).unwrap_or(0)
        };
        let total = count(5_u16).saturating_add(count(7));
        let notes = listening(Options::new(body.get(12..).unwrap_or_default(), self.order).value(1));
        let Some(local) = self.section.get_mut(index as usize) else {
            warnings.add(|| format!("the statistics at byte {offset} name no interface; passed over"));
            return None;
        };
        let at = match (high, low) {
            (0, 0) => self.last.unwrap_or_default(),
            _ => local.scale.time(high, low),
        };
        let dropped = total.saturating_sub(local.dropped);
        local.dropped = local.dropped.max(total);
        let id = local.id;
        self.note(&notes, id);
        if dropped > 0 {
            let what = What::Dropped(dropped);
            self.pending.push_back(Head { at, interface: id, numbered_before: 0, what });
        }
        self.pending.pop_front()
    }
}

/// An option that is text, also where it is no UTF-8 or ends in zeros.
fn text(value: Option<&[u8]>) -> String {
    let text = String::from_utf8_lossy(value.unwrap_or_default());
    text.trim_end_matches('\0').chars().take(MAX_NAME).collect()
}
