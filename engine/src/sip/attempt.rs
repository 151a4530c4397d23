//! One try of the caller to begin the call, and what came of it.

use super::reason::Why;
use crate::packet::Nanos;

/// A final response to an attempt.
#[derive(Clone, Debug)]
pub(super) struct Final {
    pub(super) code: u16,
    pub(super) at: Nanos,
    pub(super) hops: u8,
    /// Deepest leg on which this response was seen: how near to its origin.
    pub(super) deepest: u8,
    pub(super) tag: Option<u64>,
    pub(super) phrase: Box<str>,
    pub(super) why: Why,
}

/// A CANCEL of an attempt.
#[derive(Clone, Debug)]
pub(super) struct Cancel {
    pub(super) at: Nanos,
    /// Hops of the INVITE that it cancels: 1 from the caller itself, more from a proxy.
    pub(super) hops: u8,
    pub(super) why: Why,
}

/// One try of the caller to begin the call.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempt {
    pub(super) at: Nanos,
    /// From-tag and CSeq of its INVITEs; several when legs differ or the caller tries in parallel.
    pub(super) keys: Vec<(u64, u32)>,
    /// Branch and hops of each leg.
    pub(super) legs: Vec<(u64, u8)>,
    /// To-tags that rang or answered.
    pub(super) forks: Vec<u64>,
    pub(super) replied: bool,
    /// A 100 was among the replies.
    pub(super) trying: bool,
    /// Its INVITE carried credentials: a 403 comes from the server that asked for them.
    pub(super) credentials: bool,
    /// ICMP said that it did not arrive: when, and what.
    pub(super) unreachable: Option<(Nanos, &'static str)>,
    /// First 180 or 183.
    pub(super) ring: Option<Nanos>,
    /// A 180 was among them.
    pub(super) rang: bool,
    /// A server has sent it to somebody else: another To-tag is no other device of the same user.
    pub(super) forwarded: bool,
    /// A Diversion or History-Info was told.
    pub(super) diverted: bool,
    /// Another call took its place before the answer (Replaces).
    pub(super) taken: bool,
    /// First provisional response but 100, or 2xx (RFC 6076 section 4.3.1).
    pub(super) status: Option<Nanos>,
    pub(super) result: Option<Final>,
    pub(super) cancel: Option<Cancel>,
}

impl Attempt {
    /// Fewest hops of its INVITE seen: the leg nearest to the caller.
    pub(super) fn nearest(&self) -> u8 {
        self.legs.iter().map(|&(_, hops)| hops).min().unwrap_or(0)
    }

    pub(super) fn farthest(&self) -> u8 {
        self.legs.iter().map(|&(_, hops)| hops).max().unwrap_or(0)
    }

    /// Hops of the INVITE that began the transaction of this branch.
    pub(super) fn hops_of(&self, branch: u64) -> Option<u8> {
        self.legs.iter().find(|(known, _)| *known == branch).map(|&(_, hops)| hops)
    }

    pub(super) fn owns(&self, tag: u64, number: u32) -> bool {
        self.keys.contains(&(tag, number))
    }

    /// Challenged, or asked to come again with a longer session interval: no result of its own.
    pub(super) fn is_challenged(&self) -> bool {
        self.result.as_ref().is_some_and(|result| matches!(result.code, 401 | 407 | 422))
    }
}
