//! The thread that writes batches to the FIFO, so that a slow reader never slows the source.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::life::Life;
use crate::pipe::{Pipe, Wrote};

/// How often an idle FIFO is looked at.
const IDLE: Duration = Duration::from_millis(50);

/// How long what was received is still offered to a slow reader after the end: Wireshark expects the program to be gone
/// within a second.
const GRACE: Duration = Duration::from_millis(700);

/// What both threads know.
#[derive(Debug, Default)]
struct Shared {
    /// Bytes that wait for the reader.
    queued: AtomicUsize,
    closed: AtomicBool,
    deadline: OnceLock<Instant>,
}

/// The source's end of the queue.
#[derive(Clone, Debug)]
pub struct Queue {
    batches: Sender<Vec<u8>>,
    shared: Arc<Shared>,
}

impl Queue {
    /// Hands over whole blocks.
    pub fn push(&self, batch: Vec<u8>) {
        self.shared.queued.fetch_add(batch.len(), Ordering::Relaxed);
        // The thread ends early only when the reader has gone; then there is nobody to miss it.
        let _ = self.batches.send(batch);
    }

    /// Bytes that wait for the reader.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.queued.load(Ordering::Relaxed)
    }

    /// Whether the reader has gone, or nothing can be written any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Relaxed)
    }
}

/// The thread.
#[derive(Debug)]
pub struct Writer {
    thread: JoinHandle<Result<(), Failure>>,
    shared: Arc<Shared>,
}

impl Writer {
    /// Starts it.
    #[must_use]
    pub fn start(pipe: Pipe) -> (Self, Queue) {
        let shared = Arc::new(Shared::default());
        let (batches, taken) = mpsc::channel();
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let result = write(pipe, &taken, &theirs);
            theirs.closed.store(true, Ordering::Relaxed);
            result
        });
        (Self { thread, shared: Arc::clone(&shared) }, Queue { batches, shared })
    }

    /// Waits until all is written. Once the end has come a reader that is too slow is given up.
    ///
    /// # Errors
    /// One sentence, when it could not be written.
    pub fn finish(self, queue: Queue, life: &Life) -> Result<(), Failure> {
        drop(queue);
        while !self.thread.is_finished() {
            if life.is_over() {
                self.shared.deadline.get_or_init(|| Instant::now() + GRACE);
            }
            thread::sleep(Duration::from_millis(2));
        }
        self.thread.join().unwrap_or_else(|_| Err(Failure::new("the writing thread ended unexpectedly")))
    }
}

fn write(mut pipe: Pipe, batches: &Receiver<Vec<u8>>, shared: &Shared) -> Result<(), Failure> {
    loop {
        match batches.recv_timeout(IDLE) {
            Ok(batch) => {
                let wrote = pipe.write(&batch, || shared.deadline.get().copied())?;
                shared.queued.fetch_sub(batch.len(), Ordering::Relaxed);
                if wrote != Wrote::All {
                    return Ok(());
                }
            }
            Err(RecvTimeoutError::Timeout) if pipe.is_closed() => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}
