//! What others contribute to the page: a ladder for a call, a waveform with sound for a stream. Without them the page
//! is whole all the same.

use std::collections::BTreeMap;

use airtone_engine::Report;
use airtone_engine::flow::Flow;

use super::ladders;
use crate::markup::Markup;

/// Pieces by call and stream id, each made with the escaping [`Markup`] writer.
#[derive(Clone, Debug, Default)]
pub struct Inserts {
    /// The ladder of a call (SVG), by call id. It is shown in the call's section above its events.
    pub ladders: BTreeMap<u32, Markup>,
    /// Waveform (SVG) and sound (`<audio>` with a `data:` source) of a stream, by stream id. Shown below its charts.
    pub sounds: BTreeMap<u32, Markup>,
}

impl Inserts {
    /// Adds the ladders of calls whose messages are at hand: of those with findings first, as many as a page holds.
    #[must_use]
    pub fn with_ladders(mut self, report: &Report, flows: &[Flow]) -> Self {
        self.ladders = ladders::of(report, flows);
        self
    }
}

pub(super) fn ladder(m: &mut Markup, inserts: &Inserts, call: u32) {
    if let Some(ladder) = inserts.ladders.get(&call) {
        m.put("<figure class=ladder><figcaption>Who sent what to whom</figcaption><div class=scroll tabindex=0>");
        m.append(ladder).put("</div></figure>\n");
    }
}

pub(super) fn sound(m: &mut Markup, inserts: &Inserts, stream: u32) {
    if let Some(sound) = inserts.sounds.get(&stream) {
        m.put("<figure class=sound><figcaption>What the listener heard</figcaption>");
        m.append(sound).put("</figure>\n");
    }
}
