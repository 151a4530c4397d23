//! One read buffer over a stream that may end early, and the meter behind it.
//!
//! A plain `read` into a large buffer is faster than a memory map for a single scan and works on pipes.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Size of the first read: enough to tell a format, cheap when only the head of a file is wanted.
const FIRST: usize = 64 << 10;
/// Usual size of the buffer: what is read stays in the processor's second cache until it has been looked at.
/// It grows beyond only for a larger record, and only as data really arrives.
const USUAL: usize = 256 << 10;

/// What was read from disk, shared with the thread that decompresses.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    bytes: AtomicU64,
    failed: AtomicBool,
}

impl Meter {
    /// Bytes read from the file, before decompression.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// True when the file itself could not be read, as opposed to a compressed stream that is damaged.
    pub(crate) fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Back to the start of the file.
    pub(crate) fn reset(&self) {
        self.bytes.store(0, Ordering::Relaxed);
    }
}

/// A reader that counts.
pub(crate) struct Metered<R> {
    inner: R,
    meter: Arc<Meter>,
}

impl<R: Read> Metered<R> {
    pub(crate) fn new(inner: R, meter: Arc<Meter>) -> Self {
        Self { inner, meter }
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(into) {
            Ok(count) => {
                self.meter.bytes.fetch_add(count as u64, Ordering::Relaxed);
                Ok(count)
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::Interrupted {
                    self.meter.failed.store(true, Ordering::Relaxed);
                }
                Err(error)
            }
        }
    }
}

/// Bytes of a stream, contiguous as far as they were asked for.
pub(crate) struct Buffer {
    reader: Box<dyn Read + Send>,
    meter: Arc<Meter>,
    data: Vec<u8>,
    start: usize,
    end: usize,
    base: u64,
    ended: bool,
    damage: Option<String>,
}

impl Buffer {
    pub(crate) fn new(reader: Box<dyn Read + Send>, meter: Arc<Meter>) -> Self {
        let data = vec![0; FIRST];
        Self { reader, meter, data, start: 0, end: 0, base: 0, ended: false, damage: None }
    }

    /// What was read and not yet consumed.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.data[self.start..self.end]
    }

    /// Offset in the (decompressed) stream of the first unread byte.
    pub(crate) fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// Offset in the (decompressed) stream up to which bytes have arrived.
    pub(crate) fn arrived(&self) -> u64 {
        self.base + self.end as u64
    }

    /// Why the stream ended, when a compressed stream is damaged or cut. Told once.
    pub(crate) fn take_damage(&mut self) -> Option<String> {
        self.damage.take()
    }

    /// Consumes `count` unread bytes and returns where they lie; they stay there until the next [`Self::fill`].
    pub(crate) fn consume(&mut self, count: usize) -> usize {
        let at = self.start;
        self.start = (self.start + count).min(self.end);
        at
    }

    /// Bytes at a place that [`Self::consume`] gave out.
    pub(crate) fn at(&self, start: usize, end: usize) -> &[u8] {
        self.data.get(start..end).unwrap_or_default()
    }

    /// Reads until `need` unread bytes are there. False when the stream ends before.
    ///
    /// # Errors
    /// When the file itself cannot be read. Damage in a compressed stream is an end, see [`Self::take_damage`].
    pub(crate) fn fill(&mut self, need: usize) -> io::Result<bool> {
        while self.end - self.start < need {
            if self.ended {
                return Ok(false);
            }
            self.make_room();
            match self.reader.read(&mut self.data[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.meter.failed() => return Err(error),
                Err(error) => {
                    self.ended = true;
                    self.damage = Some(error.to_string());
                }
            }
        }
        Ok(true)
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.data.copy_within(self.start..self.end, 0);
            self.base += self.start as u64;
            self.end -= self.start;
            self.start = 0;
        }
        let more_than_a_head = self.arrived() >= FIRST as u64;
        if self.end == self.data.len() || (more_than_a_head && self.data.len() < USUAL) {
            let size = (self.data.len() * 2).max(USUAL);
            self.data.resize(size, 0);
        }
    }

    /// The rest of the stream as a reader.
    pub(crate) fn into_reader(self) -> Box<dyn Read + Send> {
        let Self { reader, mut data, start, end, damage, .. } = self;
        data.truncate(end);
        let mut unread = Cursor::new(data);
        unread.set_position(start as u64);
        match damage {
            None => Box::new(unread.chain(reader)),
            Some(damage) => Box::new(unread.chain(Damaged(Some(damage)))),
        }
    }
}

/// Hands on the damage that was met while the head of the stream was looked at.
struct Damaged(Option<String>);

impl Read for Damaged {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), |damage| Err(io::Error::new(io::ErrorKind::InvalidData, damage)))
    }
}
