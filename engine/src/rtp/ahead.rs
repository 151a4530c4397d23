//! Plain RTP many datagrams at a time: their streams are looked up together, and then followed one by one.

use super::plain::Plain;
use super::stream::Stream;
use super::tracker::Tracker;

/// Datagrams of which the streams are looked up together: what their streams hold fits the processor's first cache.
pub(crate) const AHEAD: usize = 32;

/// No slot of a stream.
const NOWHERE: u32 = u32::MAX;

/// Slots of the streams of the next [`AHEAD`] datagrams.
#[derive(Debug)]
pub(crate) struct Ahead {
    slots: [u32; AHEAD],
    /// [`Tracker::openings`] when they were looked up.
    openings: u64,
}

impl Default for Ahead {
    fn default() -> Self {
        Self { slots: [NOWHERE; AHEAD], openings: 0 }
    }
}

impl Tracker {
    /// Finds the streams of datagrams that come soon, and brings them near: the searches do not wait for each
    /// other, as they would between the packets.
    #[inline(always)]
    pub(crate) fn look_ahead<'a>(&self, soon: impl Iterator<Item = Option<&'a Plain>>, found: &mut Ahead) {
        found.openings = self.openings;
        let mut touched = 0;
        for (plain, slot) in soon.zip(&mut found.slots) {
            let known = plain.and_then(|plain| self.by_key.get(&plain.key));
            *slot = known.map_or(NOWHERE, |&slot| slot);
            touched ^= self.slots.get(*slot as usize).map_or(0, Stream::touch);
        }
        std::hint::black_box(touched);
    }

    /// Takes the `index`-th of the datagrams of which [`Self::look_ahead`] has `found` the streams. As
    /// [`Self::plain`] where nobody asks what became of it. False for what no stream has taken.
    #[inline(always)]
    pub(crate) fn follow(&mut self, plain: &Plain, index: usize, found: &Ahead) -> bool {
        // A stream that was opened meanwhile may be the one, or have driven it out.
        let slot = if found.openings == self.openings { found.slots[index % AHEAD] } else { NOWHERE };
        let followed = match self.slots.get_mut(slot as usize) {
            Some(stream) if !stream.stale && self.compat.is_none() => {
                stream.follow(&plain.arrival, &self.settings)
            }
            _ => false,
        };
        followed || self.plain_again(plain)
    }

    /// [`Self::plain`] for the rarer callers, not inlined.
    #[inline(never)]
    fn plain_again(&mut self, plain: &Plain) -> bool {
        !matches!(self.plain(plain), super::Verdict::NotMedia)
    }
}
