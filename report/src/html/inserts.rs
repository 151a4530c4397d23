//! What others contribute to the page: ladders of calls, and their sound. Without them the page is whole all the same.

use std::collections::BTreeMap;

use airtone_engine::Report;
use airtone_engine::flow::Flow;

use super::ladders;
use crate::markup::Markup;
use crate::wave::{self, Sound};

/// Pieces by call id, each made with the escaping [`Markup`] writer.
#[derive(Clone, Debug, Default)]
pub struct Inserts {
    /// The ladder of a call (SVG), shown above its events.
    pub ladders: BTreeMap<u32, Markup>,
    /// The waveform of a call (SVG) and its sound (`<audio>` with a `data:` source), shown above its streams.
    pub sounds: BTreeMap<u32, Markup>,
}

/// What the marks of a picture are.
const KEYS: &str = "<ul class=legend><li><span class=\"k lost\"></span>lost<li><span class=\"k late\"></span>too late\
    <li><span class=\"k silence\"></span>nothing sent<li><span class=\"k event\"></span>telephone event</ul>";

impl Inserts {
    /// Adds the ladders of calls whose messages are at hand: of those with findings first, as many as a page holds.
    #[must_use]
    pub fn with_ladders(mut self, report: &Report, flows: &[Flow]) -> Self {
        self.ladders = ladders::of(report, flows);
        self
    }

    /// Adds what was heard of a call: a picture, the sound itself as a WAV file, and words about it.
    pub fn add_sound(&mut self, call: u32, sound: &Sound, wav: Option<&[u8]>, words: &str) {
        let mut m = Markup::new();
        m.put("<div class=scroll tabindex=0").attr("data-s", &format!("{:.3}", sound.seconds)).put(">");
        wave::in_page(&mut m, sound);
        m.put("</div>");
        if let Some(wav) = wav {
            let from = sound.part.map_or(0.0, |part| part.0);
            // Behind the picture, where the script looks for it.
            m.put("<audio controls preload=metadata")
                .attr("data-from", &format!("{from:.3}"))
                .wav_source(wav);
            m.put("></audio>");
        }
        m.put(if sound.channels.is_empty() { "" } else { KEYS });
        m.put("<p class=quiet>").text(words).put("</p>");
        self.sounds.insert(call, m);
    }
}

pub(super) fn ladder(m: &mut Markup, inserts: &Inserts, call: u32) {
    if let Some(ladder) = inserts.ladders.get(&call) {
        m.put("<figure class=ladder><figcaption>Who sent what to whom</figcaption><div class=scroll tabindex=0>");
        m.append(ladder).put("</div></figure>\n");
    }
}

pub(super) fn sound(m: &mut Markup, inserts: &Inserts, call: u32) {
    if let Some(sound) = inserts.sounds.get(&call) {
        m.put("<figure class=sound><figcaption>What the listener heard</figcaption>");
        m.append(sound).put("</figure>\n");
    }
}
