//! Text in UTF-16, as Windows PowerShell 5 writes it for `>`, read as UTF-8.

use std::io::{self, Read};

/// Bytes decoded at once.
const CHUNK: usize = 64 << 10;

/// Byte order, told by the mark at the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

impl Order {
    /// By the first bytes; UTF-32 has the same mark before two zeros.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xfe, 0, 0, ..] => None,
            [0xff, 0xfe, ..] => Some(Self::Little),
            [0xfe, 0xff, ..] => Some(Self::Big),
            _ => None,
        }
    }
}

/// Decodes a stream; what is no UTF-16 becomes U+FFFD.
pub(crate) struct Utf16<R> {
    inner: R,
    order: Order,
    raw: Vec<u8>,
    decoded: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl<R: Read> Utf16<R> {
    pub(crate) fn new(inner: R, order: Order) -> Self {
        Self { inner, order, raw: Vec::new(), decoded: Vec::new(), taken: 0, ended: false }
    }

    fn refill(&mut self) -> io::Result<()> {
        let before = self.raw.len();
        self.raw.resize(before + CHUNK, 0);
        let read = self.inner.read(&mut self.raw[before..]);
        self.raw.truncate(before + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        self.decoded.clear();
        self.taken = 0;
        let whole = self.raw.len() & !1;
        let mut units: Vec<u16> = self.raw[..whole]
            .chunks_exact(2)
            .map(|pair| match self.order {
                Order::Little => u16::from_le_bytes([pair[0], pair[1]]),
                Order::Big => u16::from_be_bytes([pair[0], pair[1]]),
            })
            .collect();
        // The other half of a pair comes with the next bytes.
        let split = !self.ended && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit));
        if split {
            units.pop();
        }
        self.raw.drain(..units.len() * 2);
        let mut utf8 = [0; 4];
        for decoded in char::decode_utf16(units) {
            let character = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
            self.decoded.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
        }
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.decoded.len() {
            if self.ended {
                return Ok(0);
            }
            self.refill()?;
        }
        let ready = &self.decoded[self.taken..];
        let count = ready.len().min(into.len());
        into[..count].copy_from_slice(&ready[..count]);
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(into.len()).min(self.0.len());
            into[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn both_orders_and_any_chunks() {
        let text = "\u{feff}[{\"a\": \"caf\u{e9} \u{1f600}\"}]\r\n";
        for (order, bytes) in [
            (Order::Little, text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
            (Order::Big, text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ] {
            assert_eq!(Order::of(&bytes), Some(order));
            for size in [1, 2, 3, 5, 1000] {
                let mut out = String::new();
                Utf16::new(Slow(&bytes, size), order).read_to_string(&mut out).unwrap();
                assert_eq!(out, text, "{order:?} {size}");
            }
        }
    }

    #[test]
    fn half_a_character_at_the_end_is_dropped() {
        let mut out = String::new();
        Utf16::new(&b"a\0b"[..], Order::Little).read_to_string(&mut out).unwrap();
        assert_eq!(out, "a");
        assert_eq!(Order::of(b"\xff\xfe\0\0"), None);
        assert_eq!(Order::of(b"[ {"), None);
    }
}
