//! gzip, Zstandard and LZ4, told by magic and decompressed on a thread of their own.
//!
//! Decompression is slower than everything behind it, so it runs beside the analysis. The channel is
//! bounded: a slow reader stops the thread, and memory stays at a few chunks.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lz4_flex::frame::FrameDecoder;

/// Decompressed bytes that are handed over at once.
const CHUNK: usize = 128 << 10;
/// Chunks that may wait.
const WAITING: usize = 4;
/// How long the end of the thread is waited for.
const PATIENCE: Duration = Duration::from_millis(200);

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    /// RFC 1952, any number of members.
    Gzip,
    /// RFC 8878, any number of frames.
    Zstd,
    /// The LZ4 frame format, any number of frames.
    Lz4,
}

impl Compression {
    /// By the first bytes.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [0x04, 0x22, 0x4d, 0x18, ..] | [0x02, 0x21, 0x4c, 0x18, ..] => Some(Self::Lz4),
            _ => None,
        }
    }

    /// For people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
        }
    }

    fn decoder(self, input: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Gzip => {
                Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(CHUNK, input)))
            }
            Self::Zstd => Box::new(zstd::stream::read::Decoder::new(input)?),
            Self::Lz4 => Box::new(Lz4::new(BufReader::with_capacity(CHUNK, input))),
        })
    }

    /// Decompresses `input` on a thread.
    pub(crate) fn decompress(self, input: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
        let decoder = self.decoder(input)?;
        let (sender, receiver) = sync_channel(WAITING);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name(self.name().into());
        let thread = thread.spawn(move || pump(decoder, &sender, &stopped))?;
        Ok(Box::new(Chunks { receiver, chunk: Vec::new(), at: 0, ended: false, stop, thread: Some(thread) }))
    }
}

/// The first bytes of a file, `length` at most, as they are behind its compression.
///
/// # Errors
/// When it cannot be opened, read or decompressed.
pub fn head(path: &Path, length: usize) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut magic = Vec::new();
    (&mut file).take(4).read_to_end(&mut magic)?;
    file.rewind()?;
    let file: Box<dyn Read + Send> = match Compression::of(&magic) {
        Some(compression) => compression.decoder(Box::new(file))?,
        None => Box::new(file),
    };
    let mut head = Vec::new();
    file.take(length as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Reads until the end, an error, or nobody listens. An empty chunk is the end.
fn pump(mut decoder: Box<dyn Read + Send>, sender: &SyncSender<io::Result<Vec<u8>>>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let mut chunk = vec![0; CHUNK];
        let result = match decoder.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(count) => {
                chunk.truncate(count);
                Ok(chunk)
            }
            Err(error) => Err(error),
        };
        let last = result.as_ref().map_or(true, Vec::is_empty);
        if sender.send(result).is_err() || last {
            return;
        }
    }
}

/// The reading end of the thread.
struct Chunks {
    receiver: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    at: usize,
    ended: bool,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The thread ends with its reader: one that went on while a host's process ends might still run its code then. Only one
/// that waits for a pipe is left behind.
impl Drop for Chunks {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        loop {
            match self.receiver.recv_timeout(PATIENCE) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => return,
            }
        }
        if let Some(thread) = self.thread.take() {
            // a panic of the decoder has been told as an error
            let _ = thread.join();
        }
    }
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.chunk.len() && !self.ended {
            let next =
                self.receiver.recv().unwrap_or_else(|_| Err(io::Error::other("decompression stopped")));
            self.ended = next.as_ref().map_or(true, Vec::is_empty);
            self.chunk = next?;
            self.at = 0;
        }
        let waiting = self.chunk.get(self.at..).unwrap_or_default();
        let count = waiting.len().min(into.len());
        into[..count].copy_from_slice(&waiting[..count]);
        self.at += count;
        Ok(count)
    }
}

/// LZ4 frames one after the other, with a cut frame told from a complete one.
///
/// The decoder returns `Ok(0)` both at the end of a frame and when its input ends between two blocks, so
/// the input is watched: an end inside a frame is damage. Frames of the legacy format have no end mark.
struct Lz4<R: Read> {
    decoder: FrameDecoder<Watched<R>>,
    inside: bool,
}

impl<R: Read> Lz4<R> {
    fn new(input: R) -> Self {
        let input = Watched { inner: input, ended: false, legacy: false, first: true };
        Self { decoder: FrameDecoder::new(input), inside: false }
    }
}

impl<R: Read> Read for Lz4<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.decoder.read(into)?;
            let input = self.decoder.get_ref();
            if count > 0 {
                self.inside = true;
                return Ok(count);
            }
            if input.ended && self.inside && !input.legacy {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the last LZ4 frame has no end mark",
                ));
            }
            if input.ended {
                return Ok(0);
            }
            self.inside = false;
        }
    }
}

/// Remembers whether the end was met, and the first byte, which tells the legacy format.
struct Watched<R> {
    inner: R,
    ended: bool,
    legacy: bool,
    first: bool,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.ended |= count == 0 && !into.is_empty();
        if self.first && count > 0 {
            self.first = false;
            self.legacy = into[0] == 0x02;
        }
        Ok(count)
    }
}
