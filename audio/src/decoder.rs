//! Which codec is decoded by whom.

use airtone_engine::rtp::{Format, g711};

use crate::amr;
use crate::native;

/// Decodes the payloads of one payload type of one stream, in order.
pub trait Decoder {
    /// Samples per second of what it gives.
    fn rate(&self) -> u32;

    /// Appends the sound of a payload; false when it cannot be read.
    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) -> bool;

    /// Appends about `samples` samples in place of what is absent, by the codec's own means; false, with nothing
    /// appended, where it has none.
    fn conceal(&mut self, _samples: usize, _sound: &mut Vec<i16>) -> bool {
        false
    }

    /// As [`Self::conceal`], with the payload that comes behind what is absent and may bear a copy of it (forward
    /// error correction). The packet right before it had `_last` samples.
    fn conceal_before(&mut self, _next: &[u8], _last: usize, samples: usize, sound: &mut Vec<i16>) -> bool {
        self.conceal(samples, sound)
    }

    /// The last payload began a pause, in which [`Self::conceal`] gives comfort noise (discontinuous transmission).
    fn is_resting(&self) -> bool {
        false
    }

    /// Who decodes: `built in`, or the library.
    fn by(&self) -> &'static str {
        "built in"
    }
}

/// Why there is no decoder, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub String);

/// The decoder for a payload type of a stream whose timestamps go on by `step` from packet to packet.
///
/// # Errors
/// When the codec is not known, or its library is not installed; the sentence names it.
pub fn decoder_for(format: &Format, step: Option<u32>) -> Result<Box<dyn Decoder>, Missing> {
    let Some(encoding) = format.encoding.as_deref() else {
        return Err(Missing(format!("nobody says which codec payload type {} is", format.number)));
    };
    if let Some(table) = g711::table_of(encoding) {
        return Ok(Box::new(G711(table)));
    }
    let parameter = |name: &str| parameter(&format.fmtp, name);
    match encoding.to_ascii_uppercase().as_str() {
        "L16" if (8_000..=192_000).contains(&format.clock_hz) => {
            let channels = if format.number == 10 { 2 } else { 1 };
            Ok(Box::new(L16 { rate: format.clock_hz, step: step.unwrap_or(0) as usize, channels }))
        }
        "L16" => Err(Missing(format!("L16 with {} samples per second: no sound has that", format.clock_hz))),
        "G722" => native::g722(),
        "G726-40" => native::g726(40_000, false),
        "G726-32" => native::g726(32_000, false),
        "G726-24" => native::g726(24_000, false),
        "G726-16" => native::g726(16_000, false),
        "AAL2-G726-40" => native::g726(40_000, true),
        "AAL2-G726-32" => native::g726(32_000, true),
        "AAL2-G726-24" => native::g726(24_000, true),
        "AAL2-G726-16" => native::g726(16_000, true),
        "GSM" => native::gsm(),
        "G729" => native::g729(),
        "OPUS" => native::opus(),
        "AMR" | "AMR-WB" => {
            // RFC 4867 sections 4.4.1 and 8.1: each changes what a payload looks like.
            let mut hard = ["crc", "robust-sorting", "interleaving"].into_iter();
            match hard.find(|name| parameter(name).is_some_and(|value| value != "0")) {
                Some(name) => {
                    Err(Missing(format!("{encoding}: this program cannot take payloads with {name} apart")))
                }
                None => {
                    let is_aligned = parameter("octet-align") == Some("1");
                    native::amr(amr::Packing::new(encoding.eq_ignore_ascii_case("AMR-WB"), is_aligned))
                }
            }
        }
        "ILBC" => native::ilbc(parameter("mode")),
        "SPEEX" => native::speex(format.clock_hz),
        _ => Err(Missing(format!("{encoding}: this program cannot decode it"))),
    }
}

/// A parameter of an `a=fmtp` line.
fn parameter<'a>(fmtp: &'a str, name: &str) -> Option<&'a str> {
    let pairs = fmtp.split(';').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| (key.trim(), value.trim()))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|p| p.1)
}

/// G.711, either law.
struct G711(&'static [i16; 256]);

impl Decoder for G711 {
    fn rate(&self) -> u32 {
        8_000
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) -> bool {
        sound.extend(payload.iter().map(|&word| self.0[usize::from(word)]));
        !payload.is_empty()
    }
}

/// Linear samples of 16 bits in network byte order (RFC 3551 section 4.5.11), their channels made one.
struct L16 {
    rate: u32,
    /// Samples of each channel in a packet; 0 where it is not known.
    step: usize,
    channels: usize,
}

/// RFC 3551 section 4.1 knows no more than six channels.
const MOST_CHANNELS: usize = 8;

impl Decoder for L16 {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) -> bool {
        // Timestamps count the samples of one channel, so they tell how many channels there are.
        let by_step = (payload.len() / 2).checked_div(self.step).unwrap_or(0);
        if (1..=MOST_CHANNELS).contains(&by_step) && by_step * self.step * 2 == payload.len() {
            self.channels = by_step;
        }
        let sample = |pair: &[u8]| i32::from(i16::from_be_bytes([pair[0], pair[1]]));
        let together = |all: &[u8]| all.chunks_exact(2).map(sample).sum::<i32>() / self.channels as i32;
        sound.extend(payload.chunks_exact(2 * self.channels).map(|all| together(all) as i16));
        payload.len() >= 2 * self.channels
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use airtone_engine::rtp::FormatKind;

    fn format(encoding: &str) -> Format {
        Format {
            number: 96,
            encoding: Some(encoding.to_owned()),
            clock_hz: 8_000,
            fmtp: String::new(),
            kind: FormatKind::Audio,
        }
    }

    #[test]
    fn parameters_are_found_by_name() {
        let fmtp = "mode-set=0,2,4; octet-align=1;robust-sorting=0";
        assert_eq!(parameter(fmtp, "octet-align"), Some("1"));
        assert_eq!(parameter(fmtp, "mode-set"), Some("0,2,4"));
        assert_eq!(parameter("", "octet-align"), None);
    }

    #[test]
    fn own_decoders() {
        let mut sound = Vec::new();
        assert!(decoder_for(&format("pcmu"), None).unwrap().decode(&[0xff, 0x80], &mut sound));
        assert!(decoder_for(&format("L16"), Some(2)).unwrap().decode(&[0x12, 0x34, 0xff, 0xfe], &mut sound));
        assert_eq!(sound, [0, 32_124, 0x1234, -2]);
    }

    #[test]
    fn linear_channels_are_told_by_the_timestamps_and_heard_as_one() {
        let stereo = Format { number: 10, clock_hz: 44_100, ..format("L16") };
        let (mut sound, payload) = (Vec::new(), [0, 10, 0, 20, 0xff, 0xf0, 0xff, 0xf2]);
        assert!(decoder_for(&stereo, None).unwrap().decode(&payload, &mut sound));
        assert!(decoder_for(&format("L16"), Some(2)).unwrap().decode(&payload, &mut sound));
        assert!(decoder_for(&stereo, Some(4)).unwrap().decode(&payload, &mut sound));
        assert_eq!(sound, [15, -15, 15, -15, 10, 20, -16, -14]);
    }

    #[test]
    fn what_cannot_be_decoded_is_named() {
        let missing = decoder_for(&format("G723"), None).err().unwrap();
        assert!(missing.0.contains("G723"), "{}", missing.0);
        let fmtp = "octet-align=1; interleaving=4; crc=0".to_owned();
        let missing = decoder_for(&Format { fmtp, ..format("AMR-WB") }, None).err().unwrap();
        assert!(missing.0.contains("interleaving"), "{}", missing.0);
    }
}
