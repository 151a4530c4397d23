//! The toolbar in Wireshark: messages over two FIFOs, each opened and served in a thread of its own, since opening one
//! waits for the other side and the other side may never come.
//!
//! Wireshark's window in turn waits in the opening of its side: an extcap that ends before it came leaves the window
//! hanging for ever (4.0), and one that ends before it wrote its first message may kill it. See [`Changes::await_window`].
//!
//! A message is `T`, the length of the rest in three bytes, the control's number, a command and the payload.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use crate::dialog::{Control, ControlKind};
use crate::life::Life;

/// Number of the log window.
pub const LOG: u8 = 0;
/// Number of the live line.
pub const LIVE: u8 = 1;
/// The first number of a source's own controls.
pub const FIRST_OWN: u8 = 10;

/// Messages that wait for a slow Wireshark; further ones are left out.
const WAITING: usize = 1024;
/// The most that a text control takes.
const MAX_TEXT: usize = 32_767;

/// How long the window may take to come.
const WINDOW: Duration = Duration::from_secs(5);

const INITIALIZED: u8 = 0;
const SET: u8 = 1;
const ADD: u8 = 2;
const STATUS_BAR: u8 = 6;

/// The controls that every interface has.
#[must_use]
pub fn common_controls() -> Vec<Control> {
    let log = "What the capture tells about itself";
    let live = "Worst MOS of the streams that run, active calls, loss of RTP packets, packets that the sensor dropped";
    vec![
        Control { number: LIVE, display: "Airtone", tooltip: live, kind: ControlKind::Text },
        Control { number: LOG, display: "Log", tooltip: log, kind: ControlKind::Logger },
    ]
}

/// The user changed a control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub number: u8,
    /// As in [`crate::source::Source::control`].
    pub payload: Vec<u8>,
}

/// The way to Wireshark's toolbar.
#[derive(Clone, Debug)]
pub struct Toolbar {
    messages: SyncSender<Vec<u8>>,
}

impl Toolbar {
    /// Writes to the FIFO `out`.
    #[must_use]
    pub fn open(out: PathBuf) -> Self {
        let (messages, waiting) = mpsc::sync_channel::<Vec<u8>>(WAITING);
        thread::spawn(move || -> io::Result<()> {
            let mut out = OpenOptions::new().write(true).open(out)?;
            waiting.iter().try_for_each(|message| out.write_all(&message))
        });
        Self { messages }
    }

    /// A line for the log window.
    pub fn log(&self, line: &str) {
        self.send(LOG, ADD, &format!("{}\n", one_line(line)));
    }

    /// The live line.
    pub fn live(&self, line: &str) {
        self.send(LIVE, SET, &one_line(line));
    }

    /// A sentence in the status bar.
    pub fn status(&self, line: &str) {
        self.send(0, STATUS_BAR, &one_line(line));
    }

    /// Left out when Wireshark does not keep up: the capture never waits for the toolbar.
    fn send(&self, number: u8, command: u8, text: &str) {
        let _ = self.messages.try_send(message(number, command, text));
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn message(number: u8, command: u8, text: &str) -> Vec<u8> {
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let payload = &text.as_bytes()[..end];
    // At most 32,769: three bytes hold it.
    let length = (payload.len() as u32 + 2).to_be_bytes();
    [&[b'T', length[1], length[2], length[3], number, command], payload].concat()
}

/// What the user changes.
#[derive(Debug)]
pub struct Changes {
    taken: Receiver<Change>,
    is_initialized: Arc<AtomicBool>,
}

impl Changes {
    /// Reads from the FIFO `path`.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        let (changes, taken) = mpsc::channel();
        let is_initialized = Arc::new(AtomicBool::new(false));
        let (path, initialized) = (path.to_owned(), Arc::clone(&is_initialized));
        thread::spawn(move || -> io::Result<()> {
            let mut input = File::open(path)?;
            while let Some((number, command, payload)) = next_message(&mut input)? {
                match command {
                    INITIALIZED => initialized.store(true, Ordering::Relaxed),
                    // Whether anybody listens any more does not matter: what the window writes is to be read.
                    SET => drop(changes.send(Change { number, payload })),
                    _ => {}
                }
            }
            Ok(())
        });
        Self { taken, is_initialized }
    }

    /// Those since the last time.
    pub fn take(&self) -> impl Iterator<Item = Change> + '_ {
        self.taken.try_iter()
    }

    /// Waits, before the program ends by itself, until the window has opened its side and said so; not for ever, and not
    /// when told to stop.
    pub fn await_window(&self, life: &Life) {
        let give_up = Instant::now() + WINDOW;
        while !self.is_initialized.load(Ordering::Relaxed) && Instant::now() < give_up && !life.is_over() {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Number, command and payload of the next message; those of later versions are passed over.
fn next_message(input: &mut impl Read) -> io::Result<Option<(u8, u8, Vec<u8>)>> {
    loop {
        let mut head = [0; 4];
        match input.read_exact(&mut head) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            result => result?,
        }
        let [indicator, length @ ..] = head;
        let length = u32::from_be_bytes([0, length[0], length[1], length[2]]) as usize;
        let mut rest = vec![0; length];
        input.read_exact(&mut rest)?;
        if let (b'T', [number, command, payload @ ..]) = (indicator, rest.as_slice()) {
            return Ok(Some((*number, *command, payload.to_vec())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_length_in_front() {
        assert_eq!(message(LIVE, SET, "MOS 4.1"), b"T\x00\x00\x09\x01\x01MOS 4.1");
        let long = message(LOG, ADD, &"ü".repeat(40_000));
        assert_eq!(long.len(), 6 + 32_766);
        assert_eq!(long[..4], [b'T', 0, 0x80, 0x00]);
    }

    #[test]
    fn changes_are_read_and_the_unknown_is_passed_over() {
        let bytes = b"T\x00\x00\x02\x00\x00Q\x00\x00\x01xT\x00\x00\x04\x0a\x01on";
        let mut input = bytes.as_slice();
        assert_eq!(next_message(&mut input).unwrap(), Some((0, INITIALIZED, Vec::new())));
        assert_eq!(next_message(&mut input).unwrap(), Some((10, SET, b"on".to_vec())));
        assert_eq!(next_message(&mut input).unwrap(), None);
        assert!(next_message(&mut &b"T\x00\x00\x09"[..]).is_err());
    }
}
