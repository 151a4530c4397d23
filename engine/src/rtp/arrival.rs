//! One packet on its way into a stream: the header and what little of the payload anybody asks for.

use super::Header;
use crate::packet::{Context, Nanos, PathId};

/// One packet on its way into a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub frame: u64,
    pub at: Nanos,
    pub path: PathId,
    pub header: Header,
    /// On the wire, where known.
    pub payload_len: Option<u16>,
    /// The first payload bytes; zero beyond `head_len`.
    head: [u8; 4],
    head_len: u8,
}

impl Arrival {
    #[inline]
    pub fn new(cx: &Context, header: Header, payload_len: Option<u16>, payload: &[u8]) -> Self {
        Self::at((cx.frame, cx.at, cx.path), header, payload_len, payload)
    }

    /// With frame, time and path.
    #[inline(always)]
    pub fn at(
        (frame, at, path): (u64, Nanos, PathId),
        header: Header,
        payload_len: Option<u16>,
        payload: &[u8],
    ) -> Self {
        let (head, head_len) = match payload.first_chunk() {
            Some(head) => (*head, 4),
            None => short_head(payload),
        };
        Self { frame, at, path, header, payload_len, head, head_len }
    }

    /// With the first four payload bytes.
    #[inline(always)]
    pub fn with_head(
        (frame, at, path): (u64, Nanos, PathId),
        header: Header,
        payload_len: u16,
        head: [u8; 4],
    ) -> Self {
        Self { frame, at, path, header, payload_len: Some(payload_len), head, head_len: 4 }
    }

    /// At most the first four payload bytes.
    pub fn head(&self) -> &[u8] {
        &self.head[..usize::from(self.head_len)]
    }
}

/// The first bytes of a payload that has fewer than four.
#[cold]
fn short_head(payload: &[u8]) -> ([u8; 4], u8) {
    let mut head = [0; 4];
    head.iter_mut().zip(payload).for_each(|(to, from)| *to = *from);
    (head, payload.len().min(4) as u8)
}
