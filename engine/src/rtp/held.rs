//! A stream that goes on while its sender holds the other side (RFC 3264 sections 5.1 and 8.4): the sender announces
//! `sendonly`, or the receiver `recvonly`, and packets keep coming under the same SSRC.

use std::sync::Arc;

use super::arrival::Arrival;
use super::rest::Rest;
use crate::media::{Announcement, Direction};
use crate::packet::Nanos;

/// A stretch this short is what was on its way when the sides agreed: the next announcement begins it anew.
const ON_ITS_WAY: u64 = 10;

/// What a stream brought while its sender held, the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// First packet after the sides had spoken.
    pub frame: u64,
    /// Its time.
    pub at: Nanos,
    /// Packets until the sides spoke otherwise, or until the end.
    pub packets: u64,
}

/// The same while it lasts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    frame: u64,
    at: Nanos,
    /// Packets of the stream before it.
    before: u64,
    /// Packets of it, once it is over.
    over: Option<u64>,
}

/// What the receiver and the sender announced has the sender speak alone.
fn is_one_way([receiver, sender]: &[Option<Arc<Announcement>>; 2]) -> bool {
    let is = |end: &Option<Arc<Announcement>>, direction| {
        end.as_ref().is_some_and(|announced| announced.direction == direction)
    };
    is(sender, Direction::SendOnly) || is(receiver, Direction::RecvOnly)
}

impl Rest {
    /// SDP has spoken before this packet, which comes after `packets` of the stream.
    pub fn spoken(&mut self, arrival: &Arrival, packets: u64) {
        let one_way = is_one_way(&self.announced);
        let begin = || Stretch { frame: arrival.frame, at: arrival.at, before: packets, over: None };
        match &mut self.stretch {
            None if one_way => self.stretch = Some(Box::new(begin())),
            Some(held) if held.over.is_none() => {
                let came = packets.saturating_sub(held.before);
                match (one_way, came <= ON_ITS_WAY) {
                    (true, true) => **held = begin(),
                    (false, true) => self.stretch = None,
                    (false, false) => held.over = Some(came),
                    (true, false) => {}
                }
            }
            _ => {}
        }
    }

    /// What came while the sender held, of `packets` so far.
    pub fn held(&self, packets: u64) -> Option<Held> {
        let &Stretch { frame, at, before, over } = self.stretch.as_deref()?;
        // Packets of a sender that started anew were counted here first, and taken back.
        Some(Held { frame, at, packets: over.unwrap_or(packets.saturating_sub(before)) })
    }
}
