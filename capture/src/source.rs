//! One input file: opened by content, read record by record, put aside while its time has not come.

use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use airtone_engine::model::File;
use airtone_engine::{Nanos, Packet};

use crate::buffer::{Buffer, Meter, Metered};
use crate::decompress::Compression;
use crate::export::{self, ExportReader};
use crate::head::{Head, Interface, What};
use crate::held::Held;
use crate::pcap::{self, Pcap};
use crate::pcapng::{self, PcapNg};
use crate::utf16::{Order, Utf16};
use crate::warnings::Warnings;
use crate::{Error, Record, format};

/// Bytes that an export may need to be recognised by.
const SNIFF: usize = 64 << 10;

/// Reads the records of one format.
enum Reader {
    Pcap(Pcap, Buffer),
    PcapNg(PcapNg, Buffer),
    Export(ExportReader, Option<Held>),
}

/// One file.
pub(crate) struct Source {
    path: PathBuf,
    /// Size on disk; `None` for pipes.
    size: Option<u64>,
    meter: Arc<Meter>,
    compression: Option<Compression>,
    utf16: bool,
    reader: Option<Reader>,
    head: Option<Head>,
    ended: bool,
    // What is known of the file, also when its reader is gone.
    format: &'static str,
    packets: u64,
    last_frame: u64,
    bytes: u64,
    warnings: Warnings,
    export_warnings: Vec<String>,
    missing_fields: Vec<String>,
    interfaces: Vec<Interface>,
}

impl Source {
    /// Opens a file and tells its format; `-` is standard input.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let mut source = Self {
            path: path.to_owned(),
            size: None,
            meter: Arc::default(),
            compression: None,
            utf16: false,
            reader: None,
            head: None,
            ended: false,
            format: "",
            packets: 0,
            last_frame: 0,
            bytes: 0,
            warnings: Warnings::default(),
            export_warnings: Vec::new(),
            missing_fields: Vec::new(),
            interfaces: Vec::new(),
        };
        source.start()?;
        Ok(source)
    }

    fn start(&mut self) -> Result<(), Error> {
        let file = self.stream().map_err(|source| self.io(source))?;
        let Some(file) = file else {
            return Err(self.not_a_capture(format::directory(&self.path)));
        };
        let mut buffer = Buffer::new(file, Arc::clone(&self.meter));
        buffer.fill(4).map_err(|source| self.io(source))?;
        self.compression = Compression::of(buffer.unread());
        if let Some(compression) = self.compression {
            self.warnings = Warnings::with_note(" (bytes counted after decompression)");
            let decoder = compression.decompress(buffer.into_reader()).map_err(|source| self.io(source))?;
            buffer = Buffer::new(decoder, Arc::clone(&self.meter));
            buffer.fill(4).map_err(|source| self.io(source))?;
        }
        if let Some(order) = Order::of(buffer.unread()) {
            self.utf16 = true;
            let text = Utf16::new(buffer.into_reader(), order);
            buffer = Buffer::new(Box::new(text), Arc::clone(&self.meter));
        }
        self.reader = self.recognise(buffer)?;
        Ok(())
    }

    /// The bytes as they are on disk; `None` for a directory.
    fn stream(&mut self) -> io::Result<Option<Box<dyn Read + Send>>> {
        self.meter.reset();
        let meter = Arc::clone(&self.meter);
        if self.path.as_os_str() == "-" {
            return Ok(Some(Box::new(Metered::new(io::stdin(), meter))));
        }
        let file = fs::File::open(&self.path)?;
        let about = file.metadata()?;
        self.size = about.is_file().then_some(about.len());
        Ok(if about.is_dir() { None } else { Some(Box::new(Metered::new(file, meter))) })
    }

    /// Tells the format. `None` is a capture that ends within its file header.
    fn recognise(&mut self, mut buffer: Buffer) -> Result<Option<Reader>, Error> {
        if pcap::is_pcap(buffer.unread()) {
            self.format = "pcap";
            let opened = Pcap::open(&mut buffer, &mut self.warnings).map_err(|source| self.io(source))?;
            self.bytes = buffer.arrived();
            return Ok(opened.map(|pcap| Reader::Pcap(pcap, buffer)));
        }
        buffer.fill(12).map_err(|source| self.io(source))?;
        if pcapng::is_pcapng(buffer.unread()) {
            self.format = "pcapng";
            return Ok(Some(Reader::PcapNg(PcapNg::new(), buffer)));
        }
        buffer.fill(SNIFF).map_err(|source| self.io(source))?;
        if let Some(kind) = export::sniff(buffer.unread()) {
            let input = BufReader::with_capacity(SNIFF, buffer.into_reader());
            let reader = ExportReader::new(kind, Box::new(input));
            self.format = reader.format();
            return Ok(Some(Reader::Export(reader, None)));
        }
        let damage = buffer.take_damage();
        Err(self.not_a_capture(format::sentence(
            &self.path,
            buffer.unread(),
            self.compression,
            damage.as_deref(),
        )))
    }

    /// Reads on; false at the end.
    pub(crate) fn advance(&mut self) -> Result<bool, Error> {
        if self.ended {
            return Ok(false);
        }
        let next = match &mut self.reader {
            Some(Reader::Pcap(pcap, buffer)) => pcap.advance(buffer, &mut self.warnings),
            Some(Reader::PcapNg(pcapng, buffer)) => pcapng.advance(buffer, &mut self.warnings),
            Some(Reader::Export(reader, held)) => match reader.next() {
                Ok(next) => {
                    *held = next;
                    Ok(held.as_ref().map(Held::head))
                }
                Err(error) if self.meter.failed() => Err(error),
                Err(error) => {
                    let at = reader.bytes();
                    self.warnings.add(|| format!("damage at byte {at}: {error}; nothing behind it was read"));
                    Ok(None)
                }
            },
            None => Ok(None),
        };
        self.head = next.map_err(|source| self.io(source))?;
        match self.head.map(|head| head.what) {
            None => self.finish(),
            Some(What::Packet { .. }) => self.packets += 1,
            Some(What::Export { frame }) => {
                self.packets += u64::from(frame != self.last_frame);
                self.last_frame = frame;
            }
            Some(What::Dropped(_) | What::Listening(_)) => {}
        }
        Ok(self.head.is_some())
    }

    /// Hands over the ordinary packets at the front as far as they have been read: the bulk of every capture,
    /// without the ceremony of [`Self::advance`]. They come in runs, not numbered yet and with the interfaces of
    /// the file, of which those described so far come with each run.
    #[inline]
    pub(crate) fn ordinary(&mut self, mut sink: impl FnMut(&mut [Packet<'_>], &[Interface])) {
        let mut packets = 0;
        match &mut self.reader {
            Some(Reader::Pcap(pcap, buffer)) => {
                let length = pcap.ordinary(buffer.unread(), |run| {
                    packets += run.len() as u64;
                    sink(run, pcap.interfaces());
                });
                buffer.consume(length);
            }
            Some(Reader::PcapNg(pcapng, buffer)) => {
                let length = pcapng.ordinary(buffer.unread(), |run, interfaces| {
                    packets += run.len() as u64;
                    sink(run, interfaces);
                });
                buffer.consume(length);
            }
            Some(Reader::Export(..)) | None => {}
        }
        self.packets += packets;
    }

    /// Notes what is known at the end and closes the file.
    fn finish(&mut self) {
        self.ended = true;
        self.note();
        if let Some(Reader::Pcap(_, buffer) | Reader::PcapNg(_, buffer)) = &mut self.reader
            && let Some(damage) = buffer.take_damage()
        {
            let (name, at) = (self.compression.map_or("file", Compression::name), buffer.arrived());
            self.warnings.add(|| format!("the {name} stream is damaged or cut short at byte {at}: {damage}"));
        }
        self.reader = None;
    }

    /// Copies what the reader knows of the file.
    fn note(&mut self) {
        match &self.reader {
            Some(Reader::Pcap(pcap, buffer)) => {
                self.bytes = buffer.arrived();
                self.interfaces = pcap.interfaces().to_vec();
            }
            Some(Reader::PcapNg(pcapng, buffer)) => {
                self.bytes = buffer.arrived();
                self.interfaces = pcapng.interfaces().to_vec();
            }
            Some(Reader::Export(reader, _)) => {
                self.bytes = reader.bytes();
                self.export_warnings = reader.warnings().to_vec();
                self.missing_fields = reader.missing_fields();
            }
            None => {}
        }
    }

    /// Closes a file that was opened only to see when it begins. It starts anew with [`Self::resume`].
    pub(crate) fn put_aside(&mut self) {
        if self.size.is_none() || self.ended {
            return;
        }
        self.reader = None;
        self.packets = 0;
        self.last_frame = 0;
        self.warnings = Warnings::default();
        self.meter.reset();
    }

    /// Opens a file again that was put aside, up to its first record. True when there is one.
    pub(crate) fn resume(&mut self) -> Result<bool, Error> {
        if self.reader.is_some() || self.ended {
            return Ok(self.head.is_some());
        }
        self.start()?;
        self.advance()
    }

    /// The record at the front.
    pub(crate) fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// The interfaces that are known so far.
    pub(crate) fn interfaces(&self) -> &[Interface] {
        match &self.reader {
            Some(Reader::Pcap(pcap, _)) => pcap.interfaces(),
            Some(Reader::PcapNg(pcapng, _)) => pcapng.interfaces(),
            _ => &self.interfaces,
        }
    }

    /// The record at the front under its numbers in the whole capture.
    pub(crate) fn record(&self, frame: u64, interface: u32) -> Option<Record<'_>> {
        let head = self.head.as_ref()?;
        match (head.what, self.reader.as_ref()?) {
            (What::Dropped(packets), _) => Some(Record::Dropped { interface, at: head.at, packets }),
            (What::Listening(channel), _) => Some(Record::Listening { interface, at: head.at, channel }),
            (What::Export { .. }, Reader::Export(_, held)) => Some(held.as_ref()?.record(frame, interface)),
            (
                What::Packet { link, orig_len, start, end },
                Reader::Pcap(_, buffer) | Reader::PcapNg(_, buffer),
            ) => {
                let bytes = buffer.at(start, end);
                Some(Record::Packet(Packet { frame, at: head.at, link, interface, orig_len, bytes }))
            }
            _ => None,
        }
    }

    /// When the record at the front was captured.
    pub(crate) fn time(&self) -> Option<Nanos> {
        self.head.map(|head| head.at)
    }

    /// What the report says of this file.
    pub(crate) fn file(&self) -> File {
        let (bytes, export_warnings) = match &self.reader {
            Some(Reader::Pcap(_, buffer) | Reader::PcapNg(_, buffer)) => (buffer.offset(), Vec::new()),
            Some(Reader::Export(reader, _)) => (reader.bytes(), reader.warnings().to_vec()),
            None => (self.bytes, self.export_warnings.clone()),
        };
        let mut warnings = self.warnings.list();
        warnings.extend(export_warnings);
        let format = match self.compression {
            Some(compression) => format!("{} ({})", self.format, compression.name()),
            None if self.utf16 => format!("{} (UTF-16)", self.format),
            None => self.format.to_string(),
        };
        File { path: self.path.display().to_string(), format, packets: self.packets, bytes, warnings }
    }

    /// A tshark export rather than a capture.
    pub(crate) fn is_export(&self) -> bool {
        self.format.starts_with("tshark")
    }

    /// What an export lacks.
    pub(crate) fn missing_fields(&self) -> Vec<String> {
        match &self.reader {
            Some(Reader::Export(reader, _)) => reader.missing_fields(),
            _ => self.missing_fields.clone(),
        }
    }

    /// Bytes read from disk and in all. A file that ended in damage counts as read.
    pub(crate) fn progress(&self) -> (u64, Option<u64>) {
        match self.size {
            Some(size) if self.ended => (size, Some(size)),
            size => (self.meter.bytes(), size),
        }
    }

    fn io(&self, source: io::Error) -> Error {
        Error::Io { path: self.path.display().to_string(), source }
    }

    fn not_a_capture(&self, what: String) -> Error {
        Error::Format { path: self.path.display().to_string(), what }
    }
}
