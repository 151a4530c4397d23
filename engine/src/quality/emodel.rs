//! The E-model: ITU-T G.107 (06/2015), G.107.1 (06/2019) and G.107.2 (03/2023).

use serde::Serialize;

use super::codec::Scale;

/// What the E-model is asked about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inputs {
    /// Which model.
    pub scale: Scale,
    /// Equipment impairment factor.
    pub ie: f64,
    /// Packet-loss robustness.
    pub bpl: f64,
    /// Packet loss as the decoder meets it (network loss plus late), percent.
    pub ppl_percent: f64,
    /// Burst ratio; 1 is random loss.
    pub burst_ratio: f64,
    /// One-way absolute delay Ta, ms.
    pub delay_ms: f64,
    /// Echo at the far end: T = Ta, Tr = 2 Ta instead of T = Tr = 0 (narrowband only).
    pub with_echo: bool,
    /// Advantage factor A.
    pub advantage: f64,
}

/// Every term of the result.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Rating {
    /// Which scale `r` and `mos` are on.
    pub scale: Scale,
    /// Basic signal-to-noise ratio.
    pub ro: f64,
    /// Simultaneous impairments.
    pub is: f64,
    /// Talker echo.
    pub idte: f64,
    /// Listener echo.
    pub idle: f64,
    /// Absolute delay.
    pub idd: f64,
    /// Equipment, with loss.
    pub ie_eff: f64,
    /// Transmission rating.
    pub r: f64,
    /// Mean opinion score, 1 to 4.5, on `scale`.
    pub mos: f64,
    /// Outside the ranges for which the recommendation was validated.
    pub extrapolated: bool,
}

/// Rates a connection.
#[must_use]
pub fn rate(_inputs: &Inputs) -> Rating {
    unimplemented!("written by the quality work")
}

/// MOS of an R-factor on the 0..100 scale (G.107 Annex B), never below 1.
#[must_use]
pub fn mos_from_r(_r: f64) -> f64 {
    unimplemented!("written by the quality work")
}
