//! Equipment impairment factors of codecs, each with where the figures come from.

use serde::Serialize;

use super::codec_stream;
use super::codec_table::CODECS;

/// The scale of an R-factor and of the MOS made from it. Figures of different scales do not compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Narrowband, ITU-T G.107; R up to 93.2.
    Nb,
    /// Wideband, ITU-T G.107.1; R up to 129.
    Wb,
    /// Fullband, ITU-T G.107.2; R up to 148.
    Fb,
}

/// How well founded a codec's figures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Grounding {
    /// Published by the ITU-T.
    Published,
    /// From a peer-reviewed measurement.
    Literature,
    /// Given by the user.
    Declared,
    /// By analogy, until somebody measures it.
    Provisional,
}

/// A codec as the E-model sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Codec {
    /// Name on the command line, e.g. `g711`, `amr-wb-12.65`.
    pub name: &'static str,
    /// Which E-model applies.
    pub scale: Scale,
    /// Equipment impairment factor at zero loss.
    pub ie: f64,
    /// Packet-loss robustness.
    pub bpl: f64,
    /// Look-ahead in ms, part of the one-way delay.
    pub lookahead_ms: f64,
    /// How sure.
    pub grounding: Grounding,
    /// Where from, for people.
    pub source: &'static str,
}

/// By the name that `tshark-post mos --codec` takes, in any case.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Codec> {
    CODECS.iter().find(|codec| codec.name.eq_ignore_ascii_case(name))
}

/// Every codec of the table.
#[must_use]
pub fn all() -> &'static [Codec] {
    &CODECS
}

/// By what SDP and the stream itself tell: encoding name (any case), `a=fmtp`, and the mean payload bit rate
/// of its speech packets in bit/s where it was measured. `Err` says in words why no figures can be given.
///
/// G.711 is rated with packet-loss concealment, which phones have and SDP does not tell. A codec with modes is
/// rated by the measured rate where the modes differ in it, else by a parameter that allows one mode only.
///
/// # Errors
/// A sentence for people: the codec is unknown, is no speech codec, or its mode is not known.
pub fn for_stream(encoding: &str, fmtp: &str, bit_rate: Option<f64>) -> Result<&'static Codec, String> {
    let name = codec_stream::name_for(encoding, fmtp, bit_rate)?;
    by_name(name).ok_or_else(|| format!("No impairment figures are known for {name}."))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_found_in_any_case() {
        let names: HashSet<_> = all().iter().map(|codec| codec.name).collect();
        assert_eq!(names.len(), all().len());
        for codec in all() {
            assert_eq!(by_name(&codec.name.to_uppercase()), Some(codec));
        }
        assert_eq!(by_name("g711 "), None);
        assert_eq!(by_name(""), None);
    }

    #[test]
    fn figures_are_within_their_scale() {
        for codec in all() {
            let highest = if codec.scale == Scale::Fb { 132.0 } else { 95.0 };
            assert!((0.0..highest).contains(&codec.ie), "{codec:?}");
            assert!(codec.bpl >= 4.3 && codec.bpl < 40.0, "{codec:?}");
            assert!((0.0..=20.0).contains(&codec.lookahead_ms), "{codec:?}");
            assert!(!codec.source.is_empty() && codec.grounding != Grounding::Declared, "{codec:?}");
        }
    }

    #[test]
    fn published_figures() {
        let published = [
            ("g711", Scale::Nb, 0.0, 25.1),
            ("g711-noplc", Scale::Nb, 0.0, 4.3),
            ("g729a", Scale::Nb, 11.0, 19.0),
            ("g723.1-6.3", Scale::Nb, 15.0, 16.1),
            ("gsm-efr", Scale::Nb, 5.0, 10.0),
            ("amr-wb-12.65", Scale::Wb, 20.0, 4.3),
            ("amr-wb-23.05", Scale::Wb, 8.0, 4.6),
            ("amr-wb-23.85", Scale::Wb, 10.0, 4.9),
            ("evs-9.6", Scale::Fb, 22.7, 13.0),
            ("evs-13.2", Scale::Fb, 17.1, 11.7),
            ("evs-16.4", Scale::Fb, 10.8, 10.3),
            ("evs-24.4", Scale::Fb, 7.2, 11.4),
            ("evs-32", Scale::Fb, 8.7, 9.3),
            ("evs-48", Scale::Fb, 10.2, 9.6),
        ];
        for (name, scale, ie, bpl) in published {
            let codec = by_name(name).expect(name);
            assert_eq!((codec.scale, codec.ie, codec.bpl), (scale, ie, bpl), "{name}");
            assert_eq!(codec.grounding, Grounding::Published, "{name}");
        }
        let count = all().iter().filter(|codec| codec.grounding == Grounding::Published).count();
        assert_eq!(count, published.len(), "a published row without its figures here");
    }
}
