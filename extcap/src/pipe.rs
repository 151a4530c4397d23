//! Where the capture is written: Wireshark's FIFO, or for a person a file or standard output.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::failure::Failure;
use crate::life::Life;

/// How often the FIFO is looked at while nobody reads it.
const RETRY: Duration = Duration::from_millis(10);

/// What a pipe takes without blocking once it is writable (POSIX `PIPE_BUF`, on Linux a page).
const PIPE_BUF: usize = 4096;

/// The way out.
#[derive(Debug)]
pub struct Pipe {
    out: File,
    /// The most that is written at once.
    chunk: usize,
    name: String,
}

/// How far writing came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    /// All of it.
    All,
    /// The reader has gone.
    Closed,
    /// Not all of it in the time that there was.
    GaveUp,
}

/// True for a FIFO, which belongs to Wireshark, false for a file of a person.
#[must_use]
pub fn is_fifo(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.file_type().is_fifo())
}

impl Pipe {
    /// Opens the FIFO as soon as somebody reads it; creates a file where there is none; `-` is standard output.
    /// `None` when the end came before a reader did.
    ///
    /// # Errors
    /// One sentence.
    pub fn open(path: &Path, life: &Life) -> Result<Option<Self>, Failure> {
        let name = path.display().to_string();
        if name == "-" {
            let out = rustix::io::dup(rustix::stdio::stdout());
            let out =
                out.map_err(|error| Failure::new(format!("standard output cannot be written: {error}")))?;
            return Ok(Some(Self { out: out.into(), chunk: PIPE_BUF, name: "standard output".to_owned() }));
        }
        // Without a reader a FIFO does not open this way, rather than to block where no signal is seen.
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let is_fifo = is_fifo(path);
        loop {
            let out = OpenOptions::new()
                .write(true)
                .create(!is_fifo)
                .truncate(!is_fifo)
                .custom_flags(flags)
                .open(path);
            match out {
                Ok(out) => return Ok(Some(Self { out, chunk: usize::MAX, name })),
                Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::new(format!("{name}: cannot be written: {error}"))),
            }
            if life.is_over() {
                return Ok(None);
            }
            thread::sleep(RETRY);
        }
    }

    /// Writes all of `bytes`; asks `deadline` again and again until when to try.
    ///
    /// # Errors
    /// One sentence, for a file whose disk is full.
    pub fn write(
        &mut self,
        mut bytes: &[u8],
        deadline: impl Fn() -> Option<Instant>,
    ) -> Result<Wrote, Failure> {
        while !bytes.is_empty() {
            match self.out.write(&bytes[..bytes.len().min(self.chunk)]) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Wrote::Closed),
                Err(error) => return Err(Failure::new(format!("{}: cannot be written: {error}", self.name))),
            }
            while !bytes.is_empty() && !self.is_writable(Duration::from_millis(20)) {
                if deadline().is_some_and(|deadline| Instant::now() >= deadline) {
                    return Ok(Wrote::GaveUp);
                }
            }
        }
        Ok(Wrote::All)
    }

    /// Waits until something can be written, or an error is there to be met.
    fn is_writable(&self, wait: Duration) -> bool {
        !self.poll(PollFlags::OUT, wait).is_empty()
    }

    /// Whether the reader has gone; an idle FIFO shows it only so.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.poll(PollFlags::empty(), Duration::ZERO).intersects(PollFlags::ERR | PollFlags::HUP)
    }

    fn poll(&self, events: PollFlags, wait: Duration) -> PollFlags {
        let mut fds = [PollFd::new(&self.out, events)];
        let wait = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) };
        match poll(&mut fds, Some(&wait)) {
            Ok(1..) => fds[0].revents(),
            _ => PollFlags::empty(),
        }
    }
}
