//! The command line of the E-model calculator.

use airtone_engine::quality::codec::Scale;
use clap::{Args, ValueEnum};

use super::values::{delay, impairment, percent, positive};

#[derive(Debug, Args)]
pub(crate) struct MosArgs {
    /// Codec by name, e.g. g711, g729a, g722, amr-wb-12.65; --list shows all
    #[arg(long, value_name = "NAME", required_unless_present_any = ["list", "ie"], conflicts_with_all = ["ie", "bpl", "scale"])]
    pub(crate) codec: Option<String>,
    /// Equipment impairment factor Ie of a codec that is not listed
    #[arg(long, value_name = "IE", value_parser = impairment, requires_all = ["bpl", "scale"])]
    pub(crate) ie: Option<f64>,
    /// Packet-loss robustness Bpl of it
    #[arg(long, value_name = "BPL", value_parser = positive, requires = "ie")]
    pub(crate) bpl: Option<f64>,
    /// The scale that its Ie and Bpl are on
    #[arg(long, value_enum, value_name = "SCALE", requires = "ie")]
    pub(crate) scale: Option<ScaleName>,
    /// Packets lost or late, percent
    #[arg(long, value_name = "PERCENT", value_parser = percent, default_value = "0")]
    pub(crate) loss: f64,
    /// Mean length of loss runs against that of random loss; 1 is random
    #[arg(long, value_name = "B", value_parser = positive, default_value = "1")]
    pub(crate) burst_ratio: f64,
    /// One-way mouth-to-ear delay, ms
    #[arg(long, value_name = "MS", value_parser = delay, default_value = "0")]
    pub(crate) delay: f64,
    /// With talker and listener echo over that delay (narrowband only)
    #[arg(long)]
    pub(crate) echo: bool,
    /// Advantage factor A: what users forgive for being mobile, 0 to 20
    #[arg(long, value_name = "A", value_parser = impairment, default_value = "0")]
    pub(crate) advantage: f64,
    /// List the codecs with their figures and where these are from
    #[arg(long, conflicts_with_all = ["codec", "ie"])]
    pub(crate) list: bool,
    /// How the result is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = MosFormat::Text)]
    pub(crate) format: MosFormat,
}

/// Formats of the calculator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MosFormat {
    /// Every term with its name
    Text,
    /// The same as an object
    Json,
}

/// Scales by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScaleName {
    /// Narrowband, ITU-T G.107
    Nb,
    /// Wideband, ITU-T G.107.1
    Wb,
    /// Fullband, ITU-T G.107.2
    Fb,
}

impl ScaleName {
    pub(crate) fn scale(self) -> Scale {
        match self {
            Self::Nb => Scale::Nb,
            Self::Wb => Scale::Wb,
            Self::Fb => Scale::Fb,
        }
    }
}
