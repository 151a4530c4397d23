//! Writes captures: pcapng with nanosecond times, and classic pcap.
//!
//! Both write through whatever they are given and buffer nothing; wrap files in a `BufWriter`.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use airtone_engine::{LinkType, Nanos};
use pcap_file::pcap::{PcapHeader, PcapTsResolution, PcapWriteError, PcapWriter, RawPcapPacket};
use pcap_file::pcapng::blocks::block_common::Block;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use pcap_file::pcapng::blocks::interface_statistics::{InterfaceStatisticsBlock, InterfaceStatisticsOption};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{PcapNgWriteError, PcapNgWriter};
use pcap_file::{DataLink, Endianness};

use crate::head::Interface;

/// Longest text of an option in bytes; its length field has 16 bits.
const MAX_TEXT: usize = 65_000;

/// What the section header tells.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// The program that writes, e.g. `Airtone 0.1.0`.
    pub application: String,
    /// A comment on the whole capture; empty for none.
    pub comment: String,
}

/// Counters of an interface at one time, from the start of the capture.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Packets that the interface received, where that is known.
    pub received: Option<u64>,
    /// Packets dropped by the interface or the operating system.
    pub dropped: u64,
    /// A comment; empty for none.
    pub comment: String,
}

/// Writes one pcapng section in the byte order of the machine, times in nanoseconds.
pub struct PcapNgOut<W: Write> {
    out: PcapNgWriter<W>,
    interfaces: u32,
}

impl<W: Write> PcapNgOut<W> {
    /// Writes the section header.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn new(out: W, section: &Section) -> io::Result<Self> {
        let mut options = Vec::new();
        if !section.application.is_empty() {
            options.push(SectionHeaderOption::UserApplication(clip(&section.application)));
        }
        if !section.comment.is_empty() {
            options.push(SectionHeaderOption::Common(CommonOption::Comment(clip(&section.comment))));
        }
        let header = SectionHeaderBlock { endianness: Endianness::native(), options, ..Default::default() };
        let out = PcapNgWriter::with_section_header(out, header).map_err(pcapng_error)?;
        Ok(Self { out, interfaces: 0 })
    }

    /// Describes an interface and returns its number. `snaplen` is the most bytes of a packet that are captured,
    /// 0 for no limit.
    ///
    /// # Errors
    /// When the writer does not take it.
    pub fn interface(&mut self, interface: &Interface, snaplen: u32) -> io::Result<u32> {
        self.interface_with_filter(interface, snaplen, "")
    }

    /// As [`Self::interface`], with the capture filter of the interface in the language of libpcap; empty for none.
    ///
    /// # Errors
    /// As [`Self::interface`].
    pub fn interface_with_filter(
        &mut self,
        interface: &Interface,
        snaplen: u32,
        filter: &str,
    ) -> io::Result<u32> {
        let mut options = Vec::new();
        if !interface.name.is_empty() {
            options.push(InterfaceDescriptionOption::IfName(clip(&interface.name)));
        }
        if !interface.description.is_empty() {
            options.push(InterfaceDescriptionOption::IfDescription(clip(&interface.description)));
        }
        if !filter.is_empty() {
            // The first byte says in which language: 0 is a string of libpcap.
            let filter = [&[0], clip(filter).as_bytes()].concat();
            options.push(InterfaceDescriptionOption::IfFilter(filter.into()));
        }
        options.push(InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO));
        let linktype = DataLink::from(u32::from(interface.link.0));
        self.block(&Block::InterfaceDescription(InterfaceDescriptionBlock { linktype, snaplen, options }))?;
        self.interfaces += 1;
        Ok(self.interfaces - 1)
    }

    /// Writes a packet. `dropped` is how many packets the sensor dropped since the one before on this interface.
    ///
    /// # Errors
    /// When the writer does not take it, the interface was never described, or the time is before 1970.
    pub fn packet(
        &mut self,
        interface: u32,
        at: Nanos,
        orig_len: u32,
        bytes: &[u8],
        dropped: u64,
    ) -> io::Result<()> {
        self.packet_with_comment(interface, at, orig_len, bytes, dropped, "")
    }

    /// As [`Self::packet`], with a comment; empty for none.
    ///
    /// # Errors
    /// As [`Self::packet`].
    pub fn packet_with_comment(
        &mut self,
        interface: u32,
        at: Nanos,
        orig_len: u32,
        bytes: &[u8],
        dropped: u64,
        comment: &str,
    ) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let mut options = Vec::new();
        if dropped > 0 {
            options.push(EnhancedPacketOption::DropCount(dropped));
        }
        if !comment.is_empty() {
            options.push(EnhancedPacketOption::Common(CommonOption::Comment(clip(comment))));
        }
        self.block(&Block::EnhancedPacket(EnhancedPacketBlock {
            interface_id: interface,
            timestamp: since_1970(at)?,
            original_len: orig_len.max(length),
            data: Cow::Borrowed(bytes),
            options,
        }))
    }

    /// Writes the counters of an interface.
    ///
    /// # Errors
    /// When the writer does not take it, the interface was never described, or the time is before 1970.
    pub fn statistics(&mut self, interface: u32, at: Nanos, counters: &Statistics) -> io::Result<()> {
        let mut options: Vec<_> =
            counters.received.map(InterfaceStatisticsOption::IsbIfRecv).into_iter().collect();
        options.push(InterfaceStatisticsOption::IsbIfDrop(counters.dropped));
        if !counters.comment.is_empty() {
            options.push(InterfaceStatisticsOption::Common(CommonOption::Comment(clip(&counters.comment))));
        }
        let (interface_id, timestamp) = (interface, since_1970(at)?);
        self.block(&Block::InterfaceStatistics(InterfaceStatisticsBlock { interface_id, timestamp, options }))
    }

    /// Hands on what the writer holds.
    ///
    /// # Errors
    /// When the writer cannot.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.get_mut().flush()
    }

    /// The writer, for one that collects blocks: only whole blocks may be taken out of it.
    pub fn get_mut(&mut self) -> &mut W {
        self.out.get_mut()
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.out.into_inner()
    }

    fn block(&mut self, block: &Block<'_>) -> io::Result<()> {
        self.out.write_block(block).map(drop).map_err(pcapng_error)
    }
}

/// Writes a classic pcap file with nanosecond times, in the byte order of the machine.
pub struct PcapOut<W: Write> {
    out: PcapWriter<W>,
}

impl<W: Write> PcapOut<W> {
    /// Writes the file header.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn new(out: W, link: LinkType) -> io::Result<Self> {
        let header = PcapHeader {
            datalink: DataLink::from(u32::from(link.0)),
            ts_resolution: PcapTsResolution::NanoSecond,
            snaplen: 262_144,
            endianness: Endianness::native(),
            ..PcapHeader::default()
        };
        let out = PcapWriter::with_header(out, header).map_err(pcap_error)?;
        Ok(Self { out })
    }

    /// Writes a packet.
    ///
    /// # Errors
    /// When the writer does not take it, or the time is before 1970 or after 2106.
    pub fn packet(&mut self, at: Nanos, orig_len: u32, bytes: &[u8]) -> io::Result<()> {
        let since = since_1970(at)?;
        let incl_len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let record = RawPcapPacket {
            ts_sec: u32::try_from(since.as_secs()).map_err(io::Error::other)?,
            ts_frac: since.subsec_nanos(),
            incl_len,
            orig_len: orig_len.max(incl_len),
            data: Cow::Borrowed(bytes),
        };
        self.out.write_raw_packet(&record).map(drop).map_err(pcap_error)
    }

    /// Hands on what the writer holds.
    ///
    /// # Errors
    /// When the writer cannot.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush().map_err(pcap_error)
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.out.into_inner()
    }
}

fn since_1970(at: Nanos) -> io::Result<Duration> {
    let nanos = u64::try_from(at.0).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, "a capture cannot hold a time before 1970")
    })?;
    Ok(Duration::from_nanos(nanos))
}

/// As much of a text as an option can hold.
fn clip(text: &str) -> Cow<'_, str> {
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Borrowed(&text[..end])
}

/// The error beneath, so that a broken pipe stays one.
fn pcapng_error(error: PcapNgWriteError) -> io::Error {
    match error {
        PcapNgWriteError::Io(error) => error,
        PcapNgWriteError::Validation { field, source } => {
            io::Error::new(io::ErrorKind::InvalidInput, format!("{field}: {source}"))
        }
        other => io::Error::new(io::ErrorKind::InvalidInput, other),
    }
}

/// The error beneath, so that a broken pipe stays one.
fn pcap_error(error: PcapWriteError) -> io::Error {
    match error {
        PcapWriteError::Io(error) | PcapWriteError::FieldWriteFailed(_, error) => error,
        PcapWriteError::Validation(error) => io::Error::new(io::ErrorKind::InvalidInput, error),
    }
}
