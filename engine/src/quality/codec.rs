//! Equipment impairment factors of codecs, each with where the figures come from.

use serde::Serialize;

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

/// By the name that `tshark-post mos --codec` takes.
#[must_use]
pub fn by_name(_name: &str) -> Option<&'static Codec> {
    None
}

/// Every codec of the table.
#[must_use]
pub fn all() -> &'static [Codec] {
    &[]
}

/// By what SDP and the stream itself tell: encoding name (any case), `a=fmtp`, clock rate, and the mean
/// payload bit rate in bit/s where it was measured. `Err` says in words why no figures can be given.
///
/// # Errors
/// A sentence for people: the codec is unknown, is no speech codec, or its mode is not known.
pub fn for_stream(_encoding: &str, _fmtp: &str, _bit_rate: Option<f64>) -> Result<&'static Codec, String> {
    Err("not built".to_owned())
}
