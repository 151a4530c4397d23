//! Every equation of ITU-T G.107 (06/2015) clause 7 but the equipment impairment, with its Table 3 defaults.

/// Shortest talker echo path that matters, ms (text of 7-19): below it Idte is 0.
const ECHO_FROM_MS: f64 = 1.0;

/// The transmission parameters of G.107 Table 3. Levels in dB, dBm or dBm0p as the table gives them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transmission {
    /// Send loudness rating SLR, dB.
    pub slr: f64,
    /// Receive loudness rating RLR, dB.
    pub rlr: f64,
    /// Sidetone masking rating STMR, dB.
    pub stmr: f64,
    /// Listener sidetone rating LSTR, dB.
    pub lstr: f64,
    /// D-value of the telephone at the send side, Ds.
    pub ds: f64,
    /// Talker echo loudness rating TELR, dB.
    pub telr: f64,
    /// Weighted echo path loss WEPL, dB.
    pub wepl: f64,
    /// Mean one-way delay of the echo path T, ms.
    pub t: f64,
    /// Round-trip delay in the four-wire loop Tr, ms.
    pub tr: f64,
    /// Quantization distortion units qdu.
    pub qdu: f64,
    /// Circuit noise at the 0 dBr point Nc, dBm0p.
    pub nc: f64,
    /// Noise floor at the receive side Nfor, dBmp.
    pub nfor: f64,
    /// Room noise at the send side Ps, dB(A).
    pub ps: f64,
    /// Room noise at the receive side Pr, dB(A).
    pub pr: f64,
}

impl Transmission {
    /// Table 3 defaults: R = 93.2 with no codec, no loss and no delay. (Dr only serves to set LSTR from
    /// STMR, so it has no field.)
    pub const DEFAULT: Self = Self {
        slr: 8.0,
        rlr: 2.0,
        stmr: 15.0,
        lstr: 18.0,
        ds: 3.0,
        telr: 65.0,
        wepl: 110.0,
        t: 0.0,
        tr: 0.0,
        qdu: 1.0,
        nc: -70.0,
        nfor: -64.0,
        ps: 35.0,
        pr: 35.0,
    };
}

impl Default for Transmission {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The terms of R that do not depend on codec, loss or absolute delay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// Sum of the noise sources No, dBm0p (7-3).
    pub no: f64,
    /// Basic signal-to-noise ratio Ro (7-2).
    pub ro: f64,
    /// Too low an overall loudness rating, Iolr (7-9).
    pub iolr: f64,
    /// Sidetone, Ist (7-11).
    pub ist: f64,
    /// Quantization, Iq (7-13).
    pub iq: f64,
    /// Simultaneous impairments Is (7-8).
    pub is: f64,
    /// Talker echo Idte, or Idtes where the sidetone masks it (7-19, 7-24).
    pub idte: f64,
    /// Listener echo Idle (7-25).
    pub idle: f64,
}

/// Works out the terms of a transmission path.
#[must_use]
pub fn terms(path: &Transmission) -> Terms {
    let no = noise(path);
    let ro = 15.0 - 1.5 * (path.slr + no);
    let iolr = loudness_impairment(path, no);
    let ist = sidetone_impairment(path);
    let iq = quantizing_impairment(path, ro);
    let idte = talker_echo(path, no, ist);
    let idle = listener_echo(path, ro);
    Terms { no, ro, iolr, ist, iq, is: iolr + ist + iq, idte, idle }
}

/// Power of a level in dB.
fn power(db: f64) -> f64 {
    10f64.powf(db / 10.0)
}

/// No (7-3) from circuit noise, room noise at both ends and the noise floor (7-4 to 7-7).
fn noise(path: &Transmission) -> f64 {
    let olr = path.slr + path.rlr;
    let nos = path.ps - path.slr - path.ds - 100.0 + 0.004 * (path.ps - olr - path.ds - 14.0).powi(2);
    let pre = path.pr + 10.0 * (1.0 + power(10.0 - path.lstr)).log10();
    let nor = path.rlr - 121.0 + pre + 0.008 * (pre - 35.0).powi(2);
    let nfo = path.nfor + path.rlr;
    10.0 * (power(path.nc) + power(nos) + power(nor) + power(nfo)).log10()
}

/// Iolr (7-9, 7-10).
fn loudness_impairment(path: &Transmission, no: f64) -> f64 {
    let xolr = (path.slr + path.rlr + 0.2 * (64.0 + no - path.rlr)) / 8.0;
    20.0 * ((1.0 + xolr.powi(8)).powf(1.0 / 8.0) - xolr)
}

/// Ist (7-11, 7-12).
fn sidetone_impairment(path: &Transmission) -> f64 {
    let stmro = -10.0 * (power(-path.stmr) + (-path.t / 4.0).exp() * power(-path.telr)).log10();
    let knee = |offset: f64, width: f64, order: i32| {
        (1.0 + ((stmro + offset) / width).powi(order)).powf(1.0 / f64::from(order))
    };
    12.0 * knee(-13.0, 6.0, 8) - 28.0 * knee(1.0, 19.4, 35) - 13.0 * knee(-3.0, 33.0, 13) + 29.0
}

/// Iq (7-13 to 7-17).
fn quantizing_impairment(path: &Transmission, ro: f64) -> f64 {
    let q = 37.0 - 15.0 * path.qdu.log10();
    let g = 1.07 + 0.258 * q + 0.0602 * q * q;
    let y = (ro - 100.0) / 15.0 + 46.0 / 8.4 - g / 9.0;
    let z = 46.0 / 30.0 - g / 40.0;
    15.0 * (1.0 + 10f64.powf(y) + 10f64.powf(z)).log10()
}

/// Idte (7-19 to 7-22), with the corrections for strong and weak sidetone (7-23, 7-24).
fn talker_echo(path: &Transmission, no: f64, ist: f64) -> f64 {
    let t = path.t;
    let mut idte = 0.0;
    if t >= ECHO_FROM_MS {
        let mut terv =
            path.telr - 40.0 * ((1.0 + t / 10.0) / (1.0 + t / 150.0)).log10() + 6.0 * (-0.3 * t * t).exp();
        if path.stmr < 9.0 {
            terv += ist / 2.0;
        }
        let roe = -1.5 * (no - path.rlr);
        let half = (roe - (80.0 + 2.5 * (terv - 14.0))) / 2.0;
        idte = (half + (half * half + 100.0).sqrt() - 1.0) * (1.0 - (-t).exp());
    }
    if path.stmr > 20.0 { idte.hypot(ist) } else { idte }
}

/// Idle (7-25, 7-26).
fn listener_echo(path: &Transmission, ro: f64) -> f64 {
    let rle = 10.5 * (path.wepl + 7.0) * (path.tr + 1.0).powf(-0.25);
    let half = (ro - rle) / 2.0;
    half + (half * half + 169.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, want: f64, within: f64) {
        assert!((got - want).abs() <= within, "{got} is not {want}");
    }

    #[test]
    fn default_intermediates() {
        let terms = terms(&Transmission::DEFAULT);
        near(terms.no, -61.179_214_386, 5e-10);
        near(terms.ro, 94.768_821_579, 5e-10);
        near(terms.iolr, 0.440_178, 5e-7);
        near(terms.ist, -0.000_715_133, 5e-10);
        near(terms.iq, 0.974_105, 5e-7);
        near(terms.is, 1.413_568_131, 5e-10);
        near(terms.idte, 0.0, 0.0);
        near(terms.idle, 0.149_045_725, 5e-10);
    }

    #[test]
    fn echo_below_a_millisecond_is_sidetone() {
        let short = Transmission { t: 0.99, ..Transmission::DEFAULT };
        assert_eq!(terms(&short).idte, 0.0);
        let longer = Transmission { t: 1.0, telr: 20.0, ..Transmission::DEFAULT };
        assert!(terms(&longer).idte > 1.0);
    }

    #[test]
    fn sidetone_changes_the_weight_of_echo() {
        let plain = Transmission { t: 100.0, telr: 50.0, ..Transmission::DEFAULT };
        let weak = Transmission { stmr: 25.0, ..plain };
        let (before, after) = (terms(&plain), terms(&weak));
        near(after.idte, before.idte.hypot(after.ist), 1e-12);
        assert!(after.ist > 0.1, "weak sidetone is an impairment of its own: {}", after.ist);

        let strong = Transmission { stmr: 5.0, ..plain };
        let strong = terms(&strong);
        assert!(strong.ist > 1.0 && strong.idte < before.idte, "loud sidetone masks echo: {strong:?}");
    }

    #[test]
    fn one_more_quantization_unit_costs() {
        let more = Transmission { qdu: 4.0, ..Transmission::DEFAULT };
        assert!(terms(&more).iq > terms(&Transmission::DEFAULT).iq + 1.0);
    }
}
