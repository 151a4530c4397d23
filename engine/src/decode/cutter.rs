//! Cuts the bytes of a TCP direction into SIP messages (RFC 3261 sections 7.5 and 18.3), or into the messages of HEP that
//! a SIP server's agent sends of what it saw.

use memchr::memchr;

use crate::sip::looks_like_sip;

/// A start line that has not ended after so many bytes is none.
const MAX_LINE: usize = 2048;
/// A Content-Length beyond this is not believed: the message is taken to end with its headers.
const MAX_BODY: usize = 1 << 20;

/// First bytes of a HEP message.
pub(super) const HEP: &[u8] = b"HEP3";

/// Room that is kept between messages.
const IDLE_CAPACITY: usize = 4096;

/// Bytes in order, and where in a message they are.
#[derive(Debug)]
pub(super) struct Cutter {
    buffer: Vec<u8>,
    /// Bytes of the buffer that are done with.
    done: usize,
    /// Not at a message boundary: a start line has to be found first.
    searching: bool,
    /// A start line was seen. What is skipped before is not ours to count.
    is_sip: bool,
    /// How far the message has been searched for the end of its headers.
    scanned: usize,
    /// Length of the headers and of the whole message, once known.
    message: Option<(usize, usize)>,
}

impl Cutter {
    /// `synchronised`: the first byte is the first of a message.
    pub fn new(synchronised: bool) -> Self {
        Self {
            buffer: Vec::new(),
            done: 0,
            searching: !synchronised,
            is_sip: false,
            scanned: 0,
            message: None,
        }
    }

    /// Bytes buffered.
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    /// A message has started in this direction at some time.
    pub fn is_sip(&self) -> bool {
        self.is_sip
    }

    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Gives the buffer back; what follows starts anywhere.
    pub fn close(&mut self) {
        *self = Self { is_sip: self.is_sip, ..Self::new(false) };
    }

    /// A long message must not leave its room behind in every direction that ever carried one.
    fn give_back(&mut self) {
        if self.buffer.capacity() > IDLE_CAPACITY && self.buffer.len() < self.buffer.capacity() / 4 {
            self.buffer.shrink_to(IDLE_CAPACITY);
        }
    }

    fn rest(&self) -> &[u8] {
        &self.buffer[self.done..]
    }

    fn consume(&mut self, len: usize) {
        self.done += len;
        self.scanned = 0;
        self.message = None;
    }

    /// Calls `sink` for each whole message. `max`: bytes that may wait for the rest of one. Returns the
    /// bytes that belonged to none.
    pub fn cut(&mut self, max: usize, mut sink: impl FnMut(&[u8])) -> u64 {
        let mut skipped = 0;
        loop {
            if self.searching {
                skipped += self.search();
                if self.searching {
                    break;
                }
            }
            // Keep-alives (RFC 5626 section 3.5.1) and what some senders put behind a body.
            let blank = self.rest().iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            if blank > 0 {
                self.consume(blank);
            }
            match self.next(max) {
                Next::Wait => break,
                Next::NotSip => skipped += self.pass_line(),
                Next::Message(len) => {
                    sink(&self.rest()[..len]);
                    self.consume(len);
                }
            }
        }
        self.buffer.drain(..self.done);
        self.done = 0;
        self.give_back();
        skipped
    }

    /// Hands over a message that has its headers but not its end; drops what is left and searches on.
    /// Returns the bytes that belonged to no message.
    pub fn finish(&mut self, mut sink: impl FnMut(&[u8])) -> u64 {
        let left = self.rest().len();
        let cut_short = self.message.is_some();
        if cut_short {
            sink(self.rest());
        }
        let skipped = if self.is_sip && !cut_short { left as u64 } else { 0 };
        self.buffer.clear();
        self.give_back();
        self.consume(0);
        self.searching = true;
        skipped
    }

    fn next(&mut self, max: usize) -> Next {
        if self.message.is_none() {
            match self.headers(max) {
                Headers::Whole(head, body) if head + body <= max => self.message = Some((head, head + body)),
                // More than may wait: the signalling is what counts.
                Headers::Whole(head, _) => self.message = Some((head, head)),
                Headers::Wait => return Next::Wait,
                Headers::NotSip => return Next::NotSip,
            }
        }
        match self.message {
            Some((_, len)) if len <= self.rest().len() => Next::Message(len),
            _ => Next::Wait,
        }
    }

    fn headers(&mut self, max: usize) -> Headers {
        let rest = &self.buffer[self.done..];
        if let Some(found) = hep(rest) {
            self.is_sip = true;
            return found;
        }
        if !looks_like_sip(rest) {
            let unfinished = rest.len() < MAX_LINE && memchr(b'\n', rest).is_none();
            return if unfinished { Headers::Wait } else { Headers::NotSip };
        }
        self.is_sip = true;
        let Some(head) = headers_end(rest, self.scanned.saturating_sub(3)) else {
            self.scanned = rest.len();
            return if rest.len() > max { Headers::NotSip } else { Headers::Wait };
        };
        let body = content_length(&rest[..head]).filter(|len| *len <= MAX_BODY).unwrap_or(0);
        Headers::Whole(head, body)
    }

    /// Gives up a line that looked like a start, and searches on behind it.
    fn pass_line(&mut self) -> u64 {
        let len = memchr(b'\n', self.rest()).map_or(self.rest().len(), |end| end + 1);
        self.consume(len);
        self.searching = true;
        if self.is_sip { len as u64 } else { 0 }
    }

    /// Passes lines up to one that starts a message. Returns the bytes passed.
    fn search(&mut self) -> u64 {
        let rest = self.rest();
        let mut at = 0;
        loop {
            let line = &rest[at..];
            if looks_like_sip(line) || line.starts_with(HEP) {
                self.searching = false;
                break;
            }
            match memchr(b'\n', line) {
                Some(end) => at += end + 1,
                None if line.len() < MAX_LINE => break,
                None => at = rest.len(),
            }
        }
        self.consume(at);
        if self.is_sip { at as u64 } else { 0 }
    }
}

enum Next {
    Wait,
    NotSip,
    Message(usize),
}

enum Headers {
    Wait,
    NotSip,
    /// Length of the headers with the empty line, and of the body.
    Whole(usize, usize),
}

/// A message of HEP version 3: its magic, then its length. `None` for all else.
fn hep(bytes: &[u8]) -> Option<Headers> {
    let known = bytes.len().min(HEP.len());
    if known == 0 || bytes[..known] != HEP[..known] {
        return None;
    }
    match bytes {
        [_, _, _, _, high, low, ..] => match usize::from(u16::from_be_bytes([*high, *low])) {
            len @ 6.. => Some(Headers::Whole(len, 0)),
            _ => Some(Headers::NotSip),
        },
        _ => Some(Headers::Wait),
    }
}

/// Where the body starts: behind the first empty line at or after `from`, ended by CRLF or a bare LF.
fn headers_end(bytes: &[u8], from: usize) -> Option<usize> {
    memchr::memchr_iter(b'\n', &bytes[from..]).map(|at| from + at).find_map(|at| match &bytes[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

/// The first Content-Length (`l` in compact form). In TCP a missing one means no body.
fn content_length(head: &[u8]) -> Option<usize> {
    head.split(|b| *b == b'\n').skip(1).find_map(|line| {
        let colon = memchr(b':', line)?;
        let name = line[..colon].trim_ascii_end();
        if !name.eq_ignore_ascii_case(b"content-length") && !name.eq_ignore_ascii_case(b"l") {
            return None;
        }
        let digits = line[colon + 1..].trim_ascii();
        std::str::from_utf8(digits).ok()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(cutter: &mut Cutter, bytes: &[u8]) -> (Vec<String>, u64) {
        let mut messages = Vec::new();
        cutter.push(bytes);
        let skipped =
            cutter.cut(4096, |message| messages.push(String::from_utf8_lossy(message).into_owned()));
        (messages, skipped)
    }

    const OK: &str = "SIP/2.0 200 OK\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n";
    const INFO: &str = "INFO sip:a SIP/2.0\r\nl : 5\r\n\r\nhello";

    #[test]
    fn messages_back_to_back_and_byte_by_byte() {
        let stream = format!("\r\n\r\n{OK}{INFO}\r\n\r\n{OK}");
        let all = vec![OK.to_owned(), INFO.to_owned(), OK.to_owned()];
        assert_eq!(cut(&mut Cutter::new(true), stream.as_bytes()), (all.clone(), 0));
        let mut cutter = Cutter::new(true);
        let single: Vec<_> = stream.bytes().flat_map(|byte| cut(&mut cutter, &[byte]).0).collect();
        assert_eq!(single, all);
        assert_eq!(cutter.held(), 0);
    }

    #[test]
    fn content_length_in_any_dress() {
        for (header, len) in [
            ("Content-Length: 7", Some(7)),
            ("CONTENT-length:7", Some(7)),
            ("L:  7  ", Some(7)),
            ("l\t: 7", Some(7)),
            ("Content-Length: seven", None),
            ("Content-Length: -1", None),
            ("X-Content-Length: 7", None),
        ] {
            for end in ["\r\n", "\n"] {
                let head = format!("INFO sip:a SIP/2.0{end}Via: x{end}{header}{end}{end}");
                assert_eq!(content_length(head.as_bytes()), len, "{header}");
                assert_eq!(headers_end(head.as_bytes(), 0), Some(head.len()));
            }
        }
    }

    #[test]
    fn a_wrong_length_costs_no_more_than_a_message() {
        let short = "INFO sip:a SIP/2.0\r\nl: 2\r\n\r\nhello\r\n";
        let (messages, skipped) = cut(&mut Cutter::new(true), format!("{short}{OK}").as_bytes());
        assert_eq!(messages, [&short[..short.len() - 5], OK]);
        assert_eq!(skipped, 5);
        let absurd = "INFO sip:a SIP/2.0\r\nl: 99999999\r\n\r\n";
        assert_eq!(cut(&mut Cutter::new(true), format!("{absurd}{OK}").as_bytes()).0, [absurd, OK]);
    }

    #[test]
    fn a_body_beyond_the_buffer_leaves_the_headers() {
        let head = "INFO sip:a SIP/2.0\r\nl: 5000\r\n\r\n";
        let mut cutter = Cutter::new(true);
        assert_eq!(cut(&mut cutter, head.as_bytes()).0, [head]);
        assert_eq!(cut(&mut cutter, &[b'x'; 4000]), (vec![], 4000));
        assert_eq!(cut(&mut cutter, &[b'x'; 1000]), (vec![], 0));
        assert_eq!(cut(&mut cutter, format!("\r\n{OK}").as_bytes()), (vec![OK.to_owned()], 1002));
    }

    #[test]
    fn a_start_in_the_middle_finds_the_next_message() {
        let (messages, skipped) =
            cut(&mut Cutter::new(false), format!("tent-Length: 0\r\n\r\n{OK}").as_bytes());
        assert_eq!((messages, skipped), (vec![OK.to_owned()], 0));
    }

    #[test]
    fn hep_is_cut_by_its_length() {
        let hep = |payload: &str| {
            let len = 6 + payload.len() as u8;
            [b"HEP3\0", &[len][..], payload.as_bytes()].concat()
        };
        let stream = [hep("one\r\n\r\n"), hep("INFO sip:a SIP/2.0"), hep("three")].concat();
        let mut cutter = Cutter::new(true);
        let mut messages = 0;
        for byte in stream {
            cutter.push(&[byte]);
            assert_eq!(cutter.cut(4096, |message| messages += usize::from(message.starts_with(HEP))), 0);
        }
        assert_eq!((messages, cutter.held()), (3, 0));
    }

    #[test]
    fn headers_without_end_are_given_up() {
        let mut cutter = Cutter::new(true);
        assert_eq!(cut(&mut cutter, b"INFO sip:a SIP/2.0\r\n").0, [""; 0]);
        for _ in 0..100 {
            cut(&mut cutter, "X: endless\r\n".repeat(50).as_bytes());
            assert!(cutter.held() < 5000);
        }
        assert_eq!(cut(&mut cutter, OK.as_bytes()).0, [OK]);
    }

    #[test]
    fn what_is_not_sip_is_not_kept() {
        let mut cutter = Cutter::new(true);
        for _ in 0..100 {
            assert_eq!(cut(&mut cutter, &[0x17; 1000]), (vec![], 0));
        }
        assert!(cutter.held() <= MAX_LINE + 1000);
    }
}
