//! TCP streams that carry SIP: reassembled within bounds and cut into messages by Content-Length.

use crate::config::Config;
use crate::packet::Context;

/// Follows the TCP directions that start like SIP; all others cost one table look-up.
#[derive(Debug)]
pub struct SipStreams {}

impl SipStreams {
    /// With the bounds of `config`.
    #[must_use]
    pub fn new(_config: &Config) -> Self {
        Self {}
    }

    /// Takes one segment and calls `sink` for each SIP message that it completes. The context of a
    /// message is that of the segment that completed it.
    pub fn segment(
        &mut self,
        _cx: &Context,
        _sequence: u32,
        _flags: u8,
        _payload: &[u8],
        _sink: impl FnMut(&Context, &[u8]),
    ) {
    }

    /// Bytes that were given up because a segment was missing for too long or a buffer was full.
    #[must_use]
    pub fn bytes_skipped(&self) -> u64 {
        0
    }
}
