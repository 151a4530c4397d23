//! Classic pcap: microseconds and nanoseconds, both byte orders, and the variants that old systems wrote.
//!
//! pcap-file reads the file header. The records are walked here: its parser knows neither the 24-byte record
//! headers of patched Linux systems nor swapped lengths, and refuses what Wireshark accepts (captured
//! length above the snapshot length or above the original length).

use std::io;

use airtone_engine::{LinkType, Nanos, Packet};
use pcap_file::pcap::{PcapHeader, PcapTsResolution};

use crate::buffer::Buffer;
use crate::bytes::{Endianness, u32_at};
use crate::head::{Head, Interface, NO_PACKET, Needed, RUN, What, is_whole};
use crate::warnings::Warnings;

/// Size of the file header.
const HEADER: usize = 24;
/// The largest captured length that is believed whatever the header says; Wireshark's limit as well.
const USUAL_MAX: u32 = 262_144;
/// The largest that is believed when the header announces it.
const MAX: u32 = 64 << 20;
/// Magic of the variant with interface index, protocol and packet type in each record header, both orders.
const MODIFIED: [[u8; 4]; 2] = [[0xa1, 0xb2, 0xcd, 0x34], [0x34, 0xcd, 0xb2, 0xa1]];

/// True for the magic of a pcap file that this module reads.
pub(crate) fn is_pcap(head: &[u8]) -> bool {
    let plain = [
        [0xa1, 0xb2, 0xc3, 0xd4],
        [0xd4, 0xc3, 0xb2, 0xa1],
        [0xa1, 0xb2, 0x3c, 0x4d],
        [0x4d, 0x3c, 0xb2, 0xa1],
    ];
    head.first_chunk::<4>().is_some_and(|magic| plain.contains(magic) || MODIFIED.contains(magic))
}

/// In which order a record header holds its two lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    /// Version 2.3 was written by systems of both persuasions.
    Either,
    OriginalFirst,
}

/// Reads one pcap file.
#[derive(Debug)]
pub(crate) struct Pcap {
    order: Endianness,
    unit: i64,
    /// Units in a second.
    fractions: u32,
    link: LinkType,
    record_header: usize,
    lengths: Lengths,
    max: u32,
    ended: bool,
    interfaces: Vec<Interface>,
}

impl Pcap {
    /// Reads the file header. `None` when the file ends within it, which leaves a warning.
    pub(crate) fn open(buffer: &mut Buffer, warnings: &mut Warnings) -> io::Result<Option<Self>> {
        if !buffer.fill(HEADER)? {
            let (has, at) = (buffer.unread().len(), buffer.arrived());
            warnings.add(|| {
                format!("file cut short at byte {at}: the file header has {has} of its {HEADER} bytes")
            });
            return Ok(None);
        }
        let Some(mut raw) = buffer.unread().first_chunk::<HEADER>().copied() else { return Ok(None) };
        let magic = [raw[0], raw[1], raw[2], raw[3]];
        let modified = MODIFIED.contains(&magic);
        if magic == MODIFIED[0] {
            raw[2..4].copy_from_slice(&[0xc3, 0xd4]);
        } else if magic == MODIFIED[1] {
            raw[0..2].copy_from_slice(&[0xd4, 0xc3]);
        }
        let Ok((_, header)) = PcapHeader::from_slice(&raw) else { return Ok(None) };
        buffer.consume(HEADER);
        Ok(Some(Self::new(&header, modified)))
    }

    fn new(header: &PcapHeader, modified: bool) -> Self {
        // The upper half of the field tells the length of the frame check sequence.
        let link = LinkType((u32::from(header.datalink) & 0xffff) as u16);
        let nano = header.ts_resolution == PcapTsResolution::NanoSecond;
        let unit = if nano { 1 } else { 1000 };
        let lengths = match (header.version_major, header.version_minor) {
            (2, 0..=2) | (543, 0) => Lengths::OriginalFirst,
            (2, 3) => Lengths::Either,
            _ => Lengths::CapturedFirst,
        };
        Self {
            order: header.endianness,
            unit,
            fractions: (Nanos::SECOND / unit) as u32,
            link,
            record_header: if modified { 24 } else { 16 },
            lengths,
            max: header.snaplen.clamp(USUAL_MAX, MAX),
            ended: false,
            interfaces: vec![Interface { link, name: String::new(), description: String::new() }],
        }
    }

    /// The one interface.
    pub(crate) fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// The next packet, or `None` at the end or at damage.
    pub(crate) fn advance(
        &mut self,
        buffer: &mut Buffer,
        warnings: &mut Warnings,
    ) -> io::Result<Option<Head>> {
        if self.ended {
            return Ok(None);
        }
        if !is_whole(Needed::AtLeast(self.record_header), buffer, warnings)? {
            return Ok(self.end());
        }
        let Some(record) = self.record(buffer.unread()) else { return Ok(None) };
        if record.captured > self.max {
            warnings.add(|| absurd(&record, buffer.offset(), self.max));
            return Ok(self.end());
        }
        let size = self.record_header + record.captured as usize;
        if !is_whole(Needed::Exactly(size), buffer, warnings)? {
            return Ok(self.end());
        }
        if record.captured == 0 || record.captured > record.original || record.fraction >= self.fractions {
            self.odd(&record, buffer.offset(), warnings);
        }
        let start = buffer.consume(size) + self.record_header;
        let at = i64::from(record.seconds) * Nanos::SECOND + i64::from(record.fraction) * self.unit;
        let orig_len = record.original.max(record.captured);
        let what = What::Packet { link: self.link, orig_len, start, end: start + record.captured as usize };
        Ok(Some(Head { at: Nanos(at), interface: 0, numbered_before: 0, what }))
    }

    /// Hands over the packets at the front of `unread` with nothing odd about them, not numbered yet, and gives
    /// their length. What is left to [`Self::advance`] may as well be an ordinary packet whose rest has not been read.
    #[inline]
    pub(crate) fn ordinary(&self, unread: &[u8], mut sink: impl FnMut(&mut [Packet<'_>])) -> usize {
        let mut rest = unread;
        loop {
            let mut run = [NO_PACKET; RUN];
            let mut length = 0;
            for place in &mut run {
                let Some((packet, behind)) = self.ordinary_record(rest) else { break };
                *place = packet;
                rest = behind;
                length += 1;
            }
            sink(&mut run[..length]);
            if length < RUN {
                return unread.len() - rest.len();
            }
        }
    }

    /// The ordinary packet at the front, and what lies behind it.
    #[inline(always)]
    fn ordinary_record<'a>(&self, unread: &'a [u8]) -> Option<(Packet<'a>, &'a [u8])> {
        let (head, behind) = unread.split_at_checked(self.record_header)?;
        let Record { seconds, fraction, captured, original } = self.record(head)?;
        let usual = captured.wrapping_sub(1) < self.max && captured <= original && fraction < self.fractions;
        let (bytes, behind) = behind.split_at_checked(captured as usize)?;
        if !usual || self.ended || self.lengths != Lengths::CapturedFirst {
            return None;
        }
        let at = i64::from(seconds) * Nanos::SECOND + i64::from(fraction) * self.unit;
        let (link, orig_len) = (self.link, original);
        Some((Packet { frame: 0, at: Nanos(at), link, interface: 0, orig_len, bytes }, behind))
    }

    #[inline]
    fn record(&self, bytes: &[u8]) -> Option<Record> {
        let field = |at| u32_at(bytes, at, self.order);
        let (seconds, fraction, first, second) = (field(0)?, field(4)?, field(8)?, field(12)?);
        let swapped = match self.lengths {
            Lengths::CapturedFirst => false,
            Lengths::Either => first > second,
            Lengths::OriginalFirst => true,
        };
        let (captured, original) = if swapped { (second, first) } else { (first, second) };
        Some(Record { seconds, fraction, captured, original })
    }

    fn end(&mut self) -> Option<Head> {
        self.ended = true;
        None
    }

    fn odd(&self, record: &Record, at: u64, warnings: &mut Warnings) {
        let Record { fraction, captured, original, .. } = *record;
        if captured == 0 {
            warnings.add(|| format!("zero-length packet at byte {at}"));
        } else if captured > original {
            warnings.add(|| lengths_disagree(at, captured, original));
        }
        if fraction >= self.fractions {
            let unit = if self.unit == 1 { "nanoseconds" } else { "microseconds" };
            warnings.add(|| {
                format!(
                    "the packet at byte {at} has a time with {fraction} {unit} in its fraction of a second"
                )
            });
        }
    }
}

/// The sentence for a packet with more bytes captured than there were.
pub(crate) fn lengths_disagree(at: u64, captured: u32, original: u32) -> String {
    format!(
        "the packet at byte {at} has {captured} bytes captured of {original} on the wire; all captured bytes are used"
    )
}

/// The fields of a record header.
struct Record {
    seconds: u32,
    fraction: u32,
    captured: u32,
    original: u32,
}

fn absurd(record: &Record, at: u64, max: u32) -> String {
    format!(
        "damage at byte {at}: the record there claims {} captured bytes and this file can hold at most {max} per packet; \
         nothing behind it was read",
        record.captured
    )
}
