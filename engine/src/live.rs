//! Figures while reading: what a stream, a call or a BSS is by now, one at a time and without a whole report.

use crate::analysis::Engine;
use crate::model::CallOutcome;
use crate::quality::codec::Scale;

/// Listening quality of a stream up to its last packet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// MOS-LQ on `scale`, 1 to 4.5.
    pub mos: f64,
    /// Its R-factor.
    pub r: f64,
    /// Which E-model.
    pub scale: Scale,
}

impl Engine {
    /// MOS of stream `id` up to now: as [`crate::model::StreamMos`] would have it if the capture ended here.
    /// `None` where no MOS can be given yet or at all. Costs a look at one stream, not a report.
    #[must_use]
    pub fn stream_so_far(&self, id: u32) -> Option<Quality> {
        self.trackers.rtp.quality_so_far(id)
    }

    /// What would be said of call `id` if the capture ended here; `None` without such a call.
    #[must_use]
    pub fn call_so_far(&self, id: u32) -> Option<CallOutcome> {
        self.trackers.sip.outcome_so_far(id, self.span.last)
    }

    /// Address of the BSS at `place` of the report, from 0.
    #[must_use]
    pub fn bssid(&self, place: u32) -> Option<[u8; 6]> {
        self.trackers.wifi.bssid(place)
    }
}
