//! What of the captured packets is kept: calls only, one call only, headers only.

mod calls;
mod cut;

use airtone_engine::LinkType;

use super::settings::Kept;
use crate::source::Received;
use calls::Calls;
use cut::Cut;

/// Where kept packets go.
pub type Out<'o> = dyn FnMut(Received<'_>) + 'o;

/// The choice.
#[derive(Debug)]
pub struct Keep {
    calls: Option<Box<Calls>>,
    cut: Option<Box<Cut>>,
}

impl Keep {
    /// As the settings say.
    pub fn new(kept: &Kept) -> Self {
        Self {
            calls: kept.calls.then(|| Box::new(Calls::new(kept.call.clone()))),
            cut: kept.headers.then(Box::default),
        }
    }

    /// Takes the next packet; hands over what is to be kept, which may be packets that were held back before.
    pub fn packet(&mut self, link: LinkType, packet: Received<'_>, out: &mut Out<'_>) {
        let Self { calls, cut } = self;
        let mut last = |link, packet: Received<'_>| match cut {
            Some(cut) => out(Received { bytes: cut.cut(link, &packet), ..packet }),
            None => out(packet),
        };
        match calls {
            Some(calls) => calls.packet(link, packet, &mut last),
            None => last(link, packet),
        }
    }
}
