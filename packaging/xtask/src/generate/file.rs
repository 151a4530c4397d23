//! Capture files: classic pcap and pcapng, Ethernet, time in µs.

use std::io::{self, Write};

/// Capture formats that can be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Classic pcap.
    #[default]
    Pcap,
    /// pcapng with one interface.
    Pcapng,
}

const ETHERNET: u32 = 1;
const SNAPLEN: u32 = 262_144;

/// Writes packets one after the other.
pub struct Writer<W> {
    out: W,
    format: Format,
    packets: u64,
    bytes: u64,
}

impl<W: Write> Writer<W> {
    /// Writes the file's head.
    pub fn new(out: W, format: Format) -> io::Result<Self> {
        let mut writer = Self { out, format, packets: 0, bytes: 0 };
        writer.head()?;
        Ok(writer)
    }

    pub fn packet(&mut self, at_us: u64, frame: &[u8]) -> io::Result<()> {
        self.packets += 1;
        let length = frame.len() as u32;
        match self.format {
            Format::Pcap => {
                let (second, micros) = ((at_us / 1_000_000) as u32, (at_us % 1_000_000) as u32);
                self.put_words(&[second, micros, length, length])?;
                self.put(frame)
            }
            Format::Pcapng => {
                let padding = frame.len().next_multiple_of(4) - frame.len();
                let total = 32 + (frame.len() + padding) as u32;
                // Enhanced packet block.
                self.put_words(&[6, total, 0, (at_us >> 32) as u32, at_us as u32, length, length])?;
                self.put(frame)?;
                self.put(&[0; 3][..padding])?;
                self.put_words(&[total])
            }
        }
    }

    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Flushes; how many bytes were written.
    pub fn finish(mut self) -> io::Result<u64> {
        self.out.flush()?;
        Ok(self.bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn put_words(&mut self, words: &[u32]) -> io::Result<()> {
        words.iter().try_for_each(|word| self.put(&word.to_le_bytes()))
    }

    fn head(&mut self) -> io::Result<()> {
        match self.format {
            Format::Pcap => self.put_words(&[0xa1b2_c3d4, 2 | 4 << 16, 0, 0, SNAPLEN, ETHERNET]),
            Format::Pcapng => {
                // Section header block and interface description block, both without options.
                self.put_words(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28])?;
                self.put_words(&[1, 20, ETHERNET, SNAPLEN, 20])
            }
        }
    }
}
