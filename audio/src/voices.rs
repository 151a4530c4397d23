//! The decoders of one stream.

use std::collections::BTreeMap;

use airtone_engine::rtp::{Format, FormatKind, Heard};

use crate::decoder::{Decoder, Missing, decoder_for};

/// What a payload type carries.
pub(crate) fn kind(heard: &Heard, number: u8) -> FormatKind {
    format(heard, number).map_or(FormatKind::Audio, |format| format.kind)
}

/// What is known about a payload type.
pub(crate) fn format(heard: &Heard, number: u8) -> Option<&Format> {
    heard.formats.iter().find(|format| format.number == number)
}

/// The decoders of a stream by payload type.
#[derive(Default)]
pub(crate) struct Voices {
    pub by_type: BTreeMap<u8, Result<Box<dyn Decoder>, Missing>>,
    /// Codecs as named in SDP, and who decodes them.
    pub names: Vec<(String, String)>,
}

impl Voices {
    pub fn prepare(&mut self, heard: &Heard, number: u8) {
        if self.by_type.contains_key(&number) {
            return;
        }
        let found = match format(heard, number) {
            Some(format) => decoder_for(format, heard.step),
            None => Err(Missing(format!("payload type {number} is not known"))),
        };
        if let Some(encoding) = format(heard, number).and_then(|format| format.encoding.clone()) {
            let by =
                found.as_ref().map_or_else(|missing| missing.0.clone(), |decoder| decoder.by().to_owned());
            self.names.push((encoding, by));
        }
        self.by_type.insert(number, found);
    }
}
