//! The E-model: ITU-T G.107 (06/2015), G.107.1 (06/2019) and G.107.2 (03/2023).

use std::f64::consts::PI;
use std::sync::LazyLock;

use serde::Serialize;

use super::codec::Scale;
use super::narrowband::{self, Terms, Transmission};

/// Ro of G.107.1 (7-2): the best R of a wideband connection.
pub const RO_WIDEBAND: f64 = 129.0;
/// Ro of G.107.2: the best R of a fullband connection.
pub const RO_FULLBAND: f64 = 148.0;
/// Ie,eff at total loss in G.107 (7-29) and, unchanged, in G.107.1 (7-15).
pub const IE_CEILING: f64 = 95.0;
/// Ie,eff at total loss in G.107.2.
pub const IE_CEILING_FULLBAND: f64 = 132.0;
/// Bpl of G.107 Table 3 where nothing is known of a codec: G.711 without concealment.
pub const DEFAULT_BPL: f64 = 4.3;
/// Longest one-way delay Ta of G.107 Table 3, ms.
pub const VALID_DELAY_MS: f64 = 500.0;
/// Highest packet loss of G.107 Table 3, percent.
pub const VALID_PPL_PERCENT: f64 = 20.0;
/// Highest burst ratio of G.107 Table 3.
pub const VALID_BURST_RATIO: f64 = 8.0;

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
    /// Burst ratio; 1 is random loss. G.107.1 has no place for it and ignores it.
    pub burst_ratio: f64,
    /// One-way absolute delay Ta, ms.
    pub delay_ms: f64,
    /// Echo at the far end: T = Ta, Tr = 2 Ta instead of T = Tr = 0 (narrowband only).
    pub with_echo: bool,
    /// Advantage factor A (narrowband only: G.107.1 and G.107.2 set it to 0).
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

/// How much delay the talkers' task bears (G.107 06/2015, delay sensitivity classes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DelaySensitivity {
    /// Ordinary telephony, the default: sT = 1, mT = 100 ms.
    #[default]
    Default,
    /// sT = 0.55, mT = 120 ms.
    Low,
    /// sT = 0.4, mT = 150 ms.
    VeryLow,
}

impl DelaySensitivity {
    /// Delay sensitivity sT and minimal perceivable delay mT in ms.
    #[must_use]
    pub fn parameters(self) -> (f64, f64) {
        match self {
            Self::Default => (1.0, 100.0),
            Self::Low => (0.55, 120.0),
            Self::VeryLow => (0.4, 150.0),
        }
    }
}

/// Terms of the default path without echo: most ratings need no others.
static DEFAULT_TERMS: LazyLock<Terms> = LazyLock::new(|| narrowband::terms(&Transmission::DEFAULT));

/// Rates a connection.
///
/// Never fails: loss is clamped to 0..=100 %, delay to at least 0, and an input that is no number counts as
/// its default; `extrapolated` tells of all of these.
#[must_use]
pub fn rate(inputs: &Inputs) -> Rating {
    let extrapolated = outside_validity(inputs);
    let inputs = sane(inputs);
    let (terms, advantage) = match inputs.scale {
        Scale::Nb => (narrowband_terms(&inputs), inputs.advantage),
        Scale::Wb => (without_line(RO_WIDEBAND), 0.0),
        Scale::Fb => (without_line(RO_FULLBAND), 0.0),
    };
    let idd = stretch(inputs.scale) * idd(inputs.delay_ms, DelaySensitivity::Default);
    let ie_eff = effective_impairment(&inputs);
    let r = terms.ro - terms.is - (terms.idte + terms.idle + idd) - ie_eff + advantage;
    Rating {
        scale: inputs.scale,
        ro: terms.ro,
        is: terms.is,
        idte: terms.idte,
        idle: terms.idle,
        idd,
        ie_eff,
        r,
        mos: mos_on_scale(r, inputs.scale),
        extrapolated,
    }
}

/// How much longer than G.107's the R scale of a model is: 1, 1.29 or 1.48.
#[must_use]
pub fn stretch(scale: Scale) -> f64 {
    match scale {
        Scale::Nb => 1.0,
        Scale::Wb => 1.29,
        Scale::Fb => 1.48,
    }
}

/// Impairment by absolute delay, Idd of G.107 (7-27, 7-28), for one-way delay `delay_ms`.
#[must_use]
pub fn idd(delay_ms: f64, sensitivity: DelaySensitivity) -> f64 {
    let (st, mt) = sensitivity.parameters();
    if delay_ms <= mt || delay_ms.is_nan() {
        return 0.0;
    }
    let x = (delay_ms.min(f64::MAX) / mt).log2();
    let order = 6.0 * st;
    let knee = |x: f64| (1.0 + x.powf(order)).powf(1.0 / order);
    25.0 * (knee(x) - 3.0 * knee(x / 3.0) + 2.0)
}

/// MOS of an R-factor on the 0..100 scale (G.107 Annex B), never below 1.
#[must_use]
pub fn mos_from_r(r: f64) -> f64 {
    if r >= 100.0 {
        return 4.5;
    }
    if r.is_nan() || r <= 0.0 {
        return 1.0;
    }
    // The cubic dips below 1 for 0 < R < 6.5.
    (1.0 + 0.035 * r + 7e-6 * r * (r - 60.0) * (100.0 - r)).max(1.0)
}

/// MOS of an R-factor on the scale of its model (G.107 Annex B, G.107.1 Annex A and G.107.2).
#[must_use]
pub fn mos_on_scale(r: f64, scale: Scale) -> f64 {
    mos_from_r(r / stretch(scale))
}

/// R-factor on the 0..100 scale of a MOS (G.107 Appendix I), which is clamped to 1..=4.5.
///
/// Annex B maps every R below 6.5 to MOS 1; this returns the highest of them.
#[must_use]
pub fn r_from_mos(mos: f64) -> f64 {
    let mos = if mos.is_nan() { 1.0 } else { mos.clamp(1.0, 4.5) };
    let y = 15.0 * (-903_522.0 + 1_113_960.0 * mos - 202_500.0 * mos * mos).sqrt();
    let h = y.atan2(18_566.0 - 6_750.0 * mos) / 3.0;
    20.0 / 3.0 * (8.0 - 226f64.sqrt() * (h + PI / 3.0).cos())
}

/// Ie,eff of G.107 (7-29), G.107.1 (7-15) and G.107.2: the codec and what loss does to it.
fn effective_impairment(inputs: &Inputs) -> f64 {
    let Inputs { ie, bpl, ppl_percent: ppl, .. } = *inputs;
    if ppl == 0.0 {
        return ie;
    }
    let (ceiling, burst_ratio) = match inputs.scale {
        Scale::Nb => (IE_CEILING, inputs.burst_ratio),
        // G.107.1 was validated with random loss and has no BurstR.
        Scale::Wb => (IE_CEILING, 1.0),
        Scale::Fb => (IE_CEILING_FULLBAND, inputs.burst_ratio),
    };
    ie + (ceiling - ie) * ppl / (ppl / burst_ratio + bpl)
}

/// Terms of the narrowband path, with echo from the far end where it is asked for.
fn narrowband_terms(inputs: &Inputs) -> Terms {
    if !inputs.with_echo {
        return *DEFAULT_TERMS;
    }
    let path = Transmission { t: inputs.delay_ms, tr: 2.0 * inputs.delay_ms, ..Transmission::DEFAULT };
    narrowband::terms(&path)
}

/// G.107.1 and G.107.2 set Is to 0. Their echo terms are left out: the wideband talker echo needs a noise
/// sum that G.107.1 (06/2019) does not define, so T = Tr = 0.
fn without_line(ro: f64) -> Terms {
    Terms { no: 0.0, ro, iolr: 0.0, ist: 0.0, iq: 0.0, is: 0.0, idte: 0.0, idle: 0.0 }
}

/// Inputs with which no equation divides by zero or meets a NaN.
fn sane(inputs: &Inputs) -> Inputs {
    let number = |value: f64, default: f64| if value.is_finite() { value } else { default };
    let positive = |value: f64, default: f64| if value.is_finite() && value > 0.0 { value } else { default };
    Inputs {
        scale: inputs.scale,
        ie: number(inputs.ie, 0.0),
        bpl: positive(inputs.bpl, DEFAULT_BPL),
        ppl_percent: number(inputs.ppl_percent, 0.0).clamp(0.0, 100.0),
        burst_ratio: positive(inputs.burst_ratio, 1.0),
        delay_ms: number(inputs.delay_ms, 0.0).max(0.0),
        with_echo: inputs.with_echo,
        advantage: number(inputs.advantage, 0.0),
    }
}

/// Outside the ranges of Table 3, or of its note 6 (bursts above 2 only below 2 % of loss). A burst ratio
/// without loss, or in a model that does not use it, is not outside of anything.
fn outside_validity(inputs: &Inputs) -> bool {
    let within = |value: f64, low: f64, high: f64| value >= low && value <= high;
    let (ppl, bursts) = (inputs.ppl_percent, inputs.burst_ratio);
    let uses_bursts = inputs.scale != Scale::Wb && ppl > 0.0;
    !within(inputs.delay_ms, 0.0, VALID_DELAY_MS)
        || !within(ppl, 0.0, VALID_PPL_PERCENT)
        || (uses_bursts && !within(bursts, 1.0, VALID_BURST_RATIO))
        || (uses_bursts && bursts > 2.0 && ppl >= 2.0)
        || !inputs.ie.is_finite()
        || !(inputs.bpl.is_finite() && inputs.bpl > 0.0)
        || !inputs.advantage.is_finite()
}

#[cfg(test)]
#[path = "emodel_tests.rs"]
mod tests;
