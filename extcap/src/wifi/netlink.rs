//! Netlink messages: written attribute by attribute, read with every length checked.
//!
//! All numbers are in host byte order (RFC 3549; `linux/netlink.h`, `linux/genetlink.h`).

use std::io;
use std::time::{Duration, Instant};

use crate::sys::netlink::{Family, Socket};

/// Flags of a request.
pub(crate) const REQUEST: u16 = 1;
/// The kernel is to answer even where nothing is wrong.
pub(crate) const ACK: u16 = 4;
/// All of a kind.
pub(crate) const DUMP: u16 = 0x300;
/// Marks an attribute that holds attributes.
const NESTED: u16 = 0x8000;
/// The bits of an attribute's type that are its type.
const TYPE: u16 = 0x3fff;
/// Types of messages: an error or ACK, and the end of a dump.
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// Flags of an ACK: the request is not echoed; attributes follow.
const CAPPED: u16 = 0x100;
const ACK_TLVS: u16 = 0x200;
/// The attribute of an ACK that says in words what was wrong.
const ATTR_MSG: u16 = 1;

const HEADER: usize = 16;
/// The kernel answers at once; a driver may take its time for a firmware command.
const PATIENCE: Duration = Duration::from_secs(5);

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_ne_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

/// A request being written.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// A message of a type, with the bytes of the family's own header.
    pub(crate) fn new(kind: u16, flags: u16, header: &[u8]) -> Self {
        let mut bytes = vec![0; HEADER];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&(flags | REQUEST).to_ne_bytes());
        bytes.extend_from_slice(header);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        Self { bytes }
    }

    /// Appends an attribute.
    pub(crate) fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
        let value = &value[..usize::from(length) - 4];
        self.bytes.extend_from_slice(&length.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    pub(crate) fn u32(self, kind: u16, value: u32) -> Self {
        self.attribute(kind, &value.to_ne_bytes())
    }

    pub(crate) fn text(self, kind: u16, text: &str) -> Self {
        let mut value = text.as_bytes().to_vec();
        value.push(0);
        self.attribute(kind, &value)
    }

    pub(crate) fn flag(self, kind: u16) -> Self {
        self.attribute(kind, &[])
    }

    /// Appends a nest of flags.
    pub(crate) fn flags(self, kind: u16, flags: &[u16]) -> Self {
        let mut nest = Vec::with_capacity(flags.len() * 4);
        for flag in flags {
            nest.extend_from_slice(&4_u16.to_ne_bytes());
            nest.extend_from_slice(&flag.to_ne_bytes());
        }
        self.attribute(kind | NESTED, &nest)
    }

    /// The whole message under its number.
    pub(crate) fn finish(mut self, sequence: u32) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes[..4].copy_from_slice(&length.to_ne_bytes());
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        self.bytes
    }
}

/// One message of a datagram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Message<'a> {
    pub kind: u16,
    pub flags: u16,
    pub sequence: u32,
    pub body: &'a [u8],
}

/// The messages of a datagram, up to the first that does not fit.
pub(crate) fn messages(mut rest: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let length = u32_at(rest, 0)? as usize;
        let body = rest.get(HEADER..length)?;
        let message =
            Message { kind: u16_at(rest, 4)?, flags: u16_at(rest, 6)?, sequence: u32_at(rest, 8)?, body };
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    })
}

/// An attribute of a message or nest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Attribute<'a> {
    pub kind: u16,
    pub value: &'a [u8],
}

impl<'a> Attribute<'a> {
    pub(crate) fn u16(&self) -> Option<u16> {
        u16_at(self.value, 0)
    }

    pub(crate) fn u32(&self) -> Option<u32> {
        u32_at(self.value, 0)
    }

    /// Text without its closing zero; what is no UTF-8 is replaced.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.value).trim_end_matches('\0').to_owned()
    }

    pub(crate) fn nested(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        attributes(self.value)
    }
}

/// Attributes, up to the first that does not fit.
pub(crate) fn attributes(mut rest: &[u8]) -> impl Iterator<Item = Attribute<'_>> {
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(rest, 0)?);
        let value = rest.get(4..length)?;
        let attribute = Attribute { kind: u16_at(rest, 2)? & TYPE, value };
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(attribute)
    })
}

/// The first attribute of a kind.
pub(crate) fn find(bytes: &[u8], kind: u16) -> Option<Attribute<'_>> {
    attributes(bytes).find(|attribute| attribute.kind == kind)
}

/// The kernel said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Its number, as in `errno`.
    pub errno: i32,
    /// Its own words, where it has any.
    pub text: Option<String>,
}

impl Refusal {
    pub(crate) fn of_io(error: &io::Error) -> Self {
        Self { errno: error.raw_os_error().unwrap_or(0), text: None }
    }

    /// In words: the kernel's own, else what the number means.
    pub(crate) fn words(&self) -> String {
        let number = || match self.errno {
            0 => "no answer from the kernel".to_owned(),
            errno => io::Error::from_raw_os_error(errno).to_string(),
        };
        self.text.clone().unwrap_or_else(number)
    }
}

/// What an ACK says.
pub(crate) fn verdict(message: &Message<'_>) -> Result<(), Refusal> {
    let number = u32_at(message.body, 0).map_or(0, u32::cast_signed);
    if number == 0 && message.body.len() >= 4 {
        return Ok(());
    }
    let echoed = if message.flags & CAPPED != 0 {
        Some(HEADER)
    } else {
        u32_at(message.body, 4).map(|length| length as usize)
    };
    let told = echoed
        .filter(|_| message.flags & ACK_TLVS != 0)
        .and_then(|length| message.body.get(length.checked_add(4)?.checked_next_multiple_of(4)?..))
        .and_then(|bytes| find(bytes, ATTR_MSG));
    let text = told.map(|attribute| attribute.text()).filter(|text| !text.is_empty());
    Err(Refusal { errno: number.checked_neg().unwrap_or(0), text })
}

/// A socket on which requests are answered one after the other.
#[derive(Debug)]
pub(crate) struct Channel {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Channel {
    pub(crate) fn open(family: Family) -> io::Result<Self> {
        Ok(Self { socket: Socket::open(family)?, sequence: 0, buffer: vec![0; 64 << 10] })
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Sends a request and hands each answer to `answer`, until the ACK or the end of the dump.
    pub(crate) fn ask(&mut self, request: Request, mut answer: impl FnMut(&[u8])) -> Result<(), Refusal> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = request.finish(self.sequence);
        self.socket.send(&request).map_err(|error| Refusal::of_io(&error))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let received = self.socket.receive(&mut self.buffer, left);
            let datagram = match received {
                Ok(Some(datagram)) => datagram,
                Ok(None) if left.is_zero() => return Err(Refusal { errno: libc::ETIMEDOUT, text: None }),
                Ok(None) => continue,
                Err(error) => return Err(Refusal::of_io(&error)),
            };
            for message in messages(datagram).filter(|message| message.sequence == self.sequence) {
                match message.kind {
                    ERROR => return verdict(&message),
                    // A dump that broke off says so at its end.
                    DONE if message.body.len() >= 4 => return verdict(&message),
                    DONE => return Ok(()),
                    _ => answer(message.body),
                }
            }
        }
    }

    /// The next events, without waiting.
    pub(crate) fn events(&mut self, mut event: impl FnMut(u16, &[u8])) -> io::Result<()> {
        while let Some(datagram) = self.socket.receive(&mut self.buffer, Duration::ZERO)? {
            messages(datagram).for_each(|message| event(message.kind, message.body));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acknowledgement(errno: i32, flags: u16, rest: &[u8]) -> Vec<u8> {
        let echoed = Request::new(30, ACK, &[7, 1, 0, 0]).u32(1, 5).finish(9);
        let mut body = (-errno).to_ne_bytes().to_vec();
        body.extend_from_slice(if flags & CAPPED != 0 { &echoed[..HEADER] } else { &echoed });
        body.extend_from_slice(rest);
        let mut message = Request::new(ERROR, flags & !REQUEST, &body).finish(9);
        message[6..8].copy_from_slice(&flags.to_ne_bytes());
        message
    }

    fn words(text: &str) -> Vec<u8> {
        Request::new(0, 0, &[]).text(ATTR_MSG, text).finish(0)[HEADER..].to_vec()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let request = Request::new(0x1c, DUMP, &[5, 1, 0, 0])
            .u32(1, 0xdead_beef)
            .text(4, "mon0")
            .flags(23, &[1, 3])
            .flag(204);
        let bytes = request.finish(42);
        let all: Vec<Message<'_>> = messages(&bytes).collect();
        assert_eq!((all.len(), all[0].kind, all[0].flags, all[0].sequence), (1, 0x1c, DUMP | REQUEST, 42));
        let found: Vec<_> = attributes(&all[0].body[4..]).collect();
        let kinds: Vec<u16> = found.iter().map(|attribute| attribute.kind).collect();
        assert_eq!(kinds, [1, 4, 23, 204]);
        assert_eq!((found[0].u32(), found[1].text().as_str()), (Some(0xdead_beef), "mon0"));
        let flags: Vec<u16> = found[2].nested().map(|attribute| attribute.kind).collect();
        assert_eq!((flags, found[3].value), (vec![1, 3], &[][..]));
        assert_eq!(bytes.len() % 4, 0);
    }

    #[test]
    fn the_kernels_own_words() {
        for flags in [ACK_TLVS, ACK_TLVS | CAPPED] {
            let bytes = acknowledgement(libc::EINVAL, flags, &words("Channel is disabled"));
            let message = messages(&bytes).next().unwrap();
            let refusal = verdict(&message).unwrap_err();
            assert_eq!((refusal.errno, refusal.words().as_str()), (libc::EINVAL, "Channel is disabled"));
        }
        let silent = acknowledgement(libc::EBUSY, CAPPED, &[]);
        let refusal = verdict(&messages(&silent).next().unwrap()).unwrap_err();
        assert_eq!((refusal.errno, refusal.text.as_deref()), (libc::EBUSY, None));
        assert!(refusal.words().contains("busy"));
        let done = acknowledgement(0, CAPPED, &[]);
        assert_eq!(verdict(&messages(&done).next().unwrap()), Ok(()));
    }

    #[test]
    fn no_reply_harms() {
        let good = acknowledgement(libc::EINVAL, ACK_TLVS, &words("a reason"));
        let mut seed = 7_u32;
        let mut random = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as usize
        };
        for _ in 0..20_000 {
            let mut bytes = good.clone();
            bytes.truncate(random() % (good.len() + 1));
            for _ in 0..random() % 4 {
                let at = random() % good.len();
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random() as u8;
                }
            }
            for message in messages(&bytes).take(1_000) {
                let _ = verdict(&message).map_err(|refusal| refusal.words());
                attributes(message.body).take(1_000).for_each(|attribute| {
                    let _ = (attribute.u32(), attribute.text(), attribute.nested().count());
                });
            }
        }
        // Lengths that lie end the reading.
        assert_eq!(messages(&[0; 64]).count(), 0);
        assert_eq!(attributes(&[0, 0, 1, 0, 9, 9]).count(), 0);
        assert_eq!(attributes(&[255, 255, 1, 0, 9, 9]).count(), 0);
    }
}
