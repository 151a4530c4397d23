//! The toolbar in Wireshark: messages over two FIFOs, each opened and served in a thread of its own, since opening one
//! waits for the other side and the other side may never come.
//!
//! A message is `T`, the length of the rest in three bytes, the control's number, a command and the payload.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use crate::dialog::{Control, ControlKind};

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

/// Reads what the user changes from the FIFO `path`.
#[must_use]
pub fn changes(path: &Path) -> Receiver<Change> {
    let (changes, taken) = mpsc::channel();
    let path = path.to_owned();
    thread::spawn(move || -> io::Result<()> {
        let mut input = File::open(path)?;
        while let Some(change) = next_change(&mut input)? {
            if changes.send(change).is_err() {
                break;
            }
        }
        Ok(())
    });
    taken
}

/// The next change; other messages, also those of later versions, are passed over.
fn next_change(input: &mut impl Read) -> io::Result<Option<Change>> {
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
        if let (b'T', [number, SET, payload @ ..]) = (indicator, rest.as_slice()) {
            return Ok(Some(Change { number: *number, payload: payload.to_vec() }));
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
        let change = next_change(&mut input).unwrap();
        assert_eq!(change, Some(Change { number: 10, payload: b"on".to_vec() }));
        assert_eq!(next_change(&mut input).unwrap(), None);
        assert!(next_change(&mut &b"T\x00\x00\x09"[..]).is_err());
    }
}
