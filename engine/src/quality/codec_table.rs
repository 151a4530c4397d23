//! The figures: Ie and Bpl of every codec, with where they come from.
//!
//! The ITU-T publishes Ie for many codecs, Bpl for few, and nothing for some that are in daily use. A row is
//! `Published` only when both of its figures are; one figure by analogy makes it `Provisional`.

use super::codec::Codec;
use super::codec::Grounding::{self, Literature, Provisional, Published};
use super::codec::Scale::{self, Fb, Nb, Wb};

const APP_I: &str = "ITU-T G.113 App. I (11/2007): the 2024 edition gives Ie but no Bpl";
const PLC: &str = "ITU-T G.113 App. I (11/2007), with concealment as in G.711 App. I, which phones have; \
                   the 2024 edition gives no Bpl";
const G729: &str = "Ie: ITU-T G.113 App. I Table I.1; Bpl of G.729A with VAD by analogy";
const G723: &str = "Ie: ITU-T G.113 App. I Table I.1; Bpl of the 6.3 kbit/s mode by analogy";
const WAVEFORM: &str = "Ie: ITU-T G.113 App. I Table I.1; Bpl of G.711 without concealment by analogy: \
                        the codec brings none of its own";
const MOBILE: &str = "Ie: ITU-T G.113 App. I Table I.1; Bpl of GSM-EFR by analogy";
const AMR: &str = "No ITU-T value. Ie from the delay at which R falls to 70 (Janssen et al., Telektronikk, \
                   Table 3), a method that gives G.113's Ie for the codecs that have one; Bpl of GSM-EFR by analogy";
const ILBC: &str = "No ITU-T value: figures in use in the field";
const SPEEX: &str = "No ITU-T value: taken to be like other CELP codecs near 15 kbit/s";
const AMR_WB: &str = "ITU-T G.113 (09/2024) App. IV, diotic listening: Tables IV.3 and IV.4";
const AMR_WB_IE: &str =
    "Ie: ITU-T G.113 (09/2024) App. IV Table IV.3, diotic; Bpl of 12.65 kbit/s by analogy";
const AMR_WB_BETWEEN: &str = "No diotic value: Ie between its neighbours in ITU-T G.113 (09/2024) App. IV \
                              Table IV.3; Bpl of 12.65 kbit/s by analogy";
const G722: &str = "Ie: ITU-T G.113 App. IV Table IV.1, monotic, there is no diotic value; \
                    Bpl of AMR-WB 12.65 by analogy";
const G722_1: &str = "Ie: ITU-T G.113 App. IV Table IV.1, monotic, there is no diotic value; \
                      Bpl as commonly assumed";
const EVS: &str = "ITU-T G.113 (09/2024) App. V with Erratum 1 (01/2026): EVS-SWB, diotic";
const OPUS_VBR: &str = "No ITU-T value: Al-Ahmadi et al., super-wideband VBR, Bpl for random loss";
const OPUS_CBR: &str = "No ITU-T value: Al-Ahmadi et al., super-wideband CBR, Bpl for random loss";
const OPUS: &str = "No ITU-T value: Al-Ahmadi et al., super-wideband VBR at 34 kbit/s, the middle of what \
                    RFC 7587 section 3.1.1 advises for fullband speech";

const fn row(
    scale: Scale,
    name: &'static str,
    [ie, bpl, lookahead_ms]: [f64; 3],
    grounding: Grounding,
    source: &'static str,
) -> Codec {
    Codec { name, scale, ie, bpl, lookahead_ms, grounding, source }
}

/// Narrowband by family, then wideband, then fullband; Ie, Bpl, look-ahead in ms.
pub(super) static CODECS: [Codec; 60] = [
    row(Nb, "g711", [0.0, 25.1, 0.25], Published, PLC),
    row(Nb, "g711-noplc", [0.0, 4.3, 0.25], Published, APP_I),
    row(Nb, "g729", [10.0, 19.0, 5.0], Provisional, G729),
    row(Nb, "g729a", [11.0, 19.0, 5.0], Published, APP_I),
    row(Nb, "g723.1-6.3", [15.0, 16.1, 7.5], Published, APP_I),
    row(Nb, "g723.1-5.3", [19.0, 16.1, 7.5], Provisional, G723),
    row(Nb, "g726-16", [50.0, 4.3, 0.25], Provisional, WAVEFORM),
    row(Nb, "g726-24", [25.0, 4.3, 0.25], Provisional, WAVEFORM),
    row(Nb, "g726-32", [7.0, 4.3, 0.25], Provisional, WAVEFORM),
    row(Nb, "g726-40", [2.0, 4.3, 0.25], Provisional, WAVEFORM),
    row(Nb, "g728", [7.0, 4.3, 0.0], Provisional, WAVEFORM),
    row(Nb, "g728-12.8", [20.0, 4.3, 0.0], Provisional, WAVEFORM),
    row(Nb, "gsm-fr", [20.0, 10.0, 0.0], Provisional, MOBILE),
    row(Nb, "gsm-hr", [23.0, 10.0, 4.4], Provisional, MOBILE),
    row(Nb, "gsm-efr", [5.0, 10.0, 0.0], Published, APP_I),
    row(Nb, "is-54", [20.0, 10.0, 0.0], Provisional, MOBILE),
    row(Nb, "is-641", [10.0, 10.0, 5.0], Provisional, MOBILE),
    row(Nb, "is-96a", [21.0, 10.0, 0.0], Provisional, MOBILE),
    row(Nb, "is-127", [6.0, 10.0, 10.0], Provisional, MOBILE),
    row(Nb, "amr-4.75", [21.3, 10.0, 5.0], Provisional, AMR),
    row(Nb, "amr-5.15", [19.5, 10.0, 5.0], Provisional, AMR),
    row(Nb, "amr-5.9", [16.5, 10.0, 5.0], Provisional, AMR),
    row(Nb, "amr-6.7", [13.7, 10.0, 5.0], Provisional, AMR),
    row(Nb, "amr-7.4", [11.6, 10.0, 5.0], Provisional, AMR),
    row(Nb, "amr-7.95", [10.1, 10.0, 5.0], Provisional, AMR),
    row(Nb, "amr-10.2", [6.0, 10.0, 5.0], Provisional, AMR),
    row(Nb, "amr-12.2", [5.0, 10.0, 0.0], Provisional, AMR),
    row(Nb, "ilbc-13.3", [11.0, 32.0, 10.0], Provisional, ILBC),
    row(Nb, "ilbc-15.2", [10.0, 32.0, 5.0], Provisional, ILBC),
    row(Nb, "speex", [11.0, 10.0, 10.0], Provisional, SPEEX),
    row(Wb, "g722", [13.0, 4.3, 1.5], Provisional, G722),
    row(Wb, "g722-56", [20.0, 4.3, 1.5], Provisional, G722),
    row(Wb, "g722-48", [31.0, 4.3, 1.5], Provisional, G722),
    row(Wb, "g722.1-32", [13.0, 7.0, 20.0], Provisional, G722_1),
    row(Wb, "g722.1-24", [19.0, 7.0, 20.0], Provisional, G722_1),
    row(Wb, "amr-wb-6.6", [56.0, 4.3, 5.0], Provisional, AMR_WB_IE),
    row(Wb, "amr-wb-8.85", [41.0, 4.3, 5.0], Provisional, AMR_WB_IE),
    row(Wb, "amr-wb-12.65", [20.0, 4.3, 5.0], Published, AMR_WB),
    row(Wb, "amr-wb-14.25", [18.5, 4.3, 5.0], Provisional, AMR_WB_BETWEEN),
    row(Wb, "amr-wb-15.85", [17.0, 4.3, 5.0], Provisional, AMR_WB_IE),
    row(Wb, "amr-wb-18.25", [14.0, 4.3, 5.0], Provisional, AMR_WB_BETWEEN),
    row(Wb, "amr-wb-19.85", [12.0, 4.3, 5.0], Provisional, AMR_WB_BETWEEN),
    row(Wb, "amr-wb-23.05", [8.0, 4.6, 5.0], Published, AMR_WB),
    row(Wb, "amr-wb-23.85", [10.0, 4.9, 5.0], Published, AMR_WB),
    row(Fb, "evs-9.6", [22.7, 13.0, 12.0], Published, EVS),
    row(Fb, "evs-13.2", [17.1, 11.7, 12.0], Published, EVS),
    row(Fb, "evs-16.4", [10.8, 10.3, 12.0], Published, EVS),
    row(Fb, "evs-24.4", [7.2, 11.4, 12.0], Published, EVS),
    row(Fb, "evs-32", [8.7, 9.3, 12.0], Published, EVS),
    row(Fb, "evs-48", [10.2, 9.6, 12.0], Published, EVS),
    row(Fb, "opus", [14.76, 10.12, 6.5], Literature, OPUS),
    row(Fb, "opus-14", [38.06, 16.51, 6.5], Literature, OPUS_VBR),
    row(Fb, "opus-16", [30.16, 11.83, 6.5], Literature, OPUS_VBR),
    row(Fb, "opus-22", [20.22, 10.47, 6.5], Literature, OPUS_VBR),
    row(Fb, "opus-28", [18.48, 10.63, 6.5], Literature, OPUS_VBR),
    row(Fb, "opus-34", [14.76, 10.12, 6.5], Literature, OPUS_VBR),
    row(Fb, "opus-40", [10.67, 9.79, 6.5], Literature, OPUS_VBR),
    row(Fb, "opus-cbr-16", [36.88, 13.3, 6.5], Literature, OPUS_CBR),
    row(Fb, "opus-cbr-28", [23.65, 11.67, 6.5], Literature, OPUS_CBR),
    row(Fb, "opus-cbr-40", [15.9, 11.35, 6.5], Literature, OPUS_CBR),
];
