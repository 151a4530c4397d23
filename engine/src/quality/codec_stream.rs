//! From SDP and a measured bit rate to a row of the codec table.

/// Bits of one 20 ms speech frame of AMR by mode (3GPP TS 26.101) and the table's name for it.
const AMR_MODES: [(u32, &str); 8] = [
    (95, "amr-4.75"),
    (103, "amr-5.15"),
    (118, "amr-5.9"),
    (134, "amr-6.7"),
    (148, "amr-7.4"),
    (159, "amr-7.95"),
    (204, "amr-10.2"),
    (244, "amr-12.2"),
];

/// The same for AMR-WB (3GPP TS 26.201).
const AMR_WB_MODES: [(u32, &str); 9] = [
    (132, "amr-wb-6.6"),
    (177, "amr-wb-8.85"),
    (253, "amr-wb-12.65"),
    (285, "amr-wb-14.25"),
    (317, "amr-wb-15.85"),
    (365, "amr-wb-18.25"),
    (397, "amr-wb-19.85"),
    (461, "amr-wb-23.05"),
    (477, "amr-wb-23.85"),
];

type Rates = &'static [(f64, &'static str)];

const OPUS_VBR: Rates = &[
    (14e3, "opus-14"),
    (16e3, "opus-16"),
    (22e3, "opus-22"),
    (28e3, "opus-28"),
    (34e3, "opus-34"),
    (40e3, "opus-40"),
];
const OPUS_CBR: Rates = &[(16e3, "opus-cbr-16"), (28e3, "opus-cbr-28"), (40e3, "opus-cbr-40")];
const EVS: Rates = &[
    (9.6e3, "evs-9.6"),
    (13.2e3, "evs-13.2"),
    (16.4e3, "evs-16.4"),
    (24.4e3, "evs-24.4"),
    (32e3, "evs-32"),
    (48e3, "evs-48"),
];
const G723: Rates = &[(5.333e3, "g723.1-5.3"), (6.4e3, "g723.1-6.3")];
const ILBC: Rates = &[(13.333e3, "ilbc-13.3"), (15.2e3, "ilbc-15.2")];
const G722_1: Rates = &[(24e3, "g722.1-24"), (32e3, "g722.1-32")];

/// Highest payload rate of narrowband Speex: above it the stream is wideband.
const SPEEX_NARROWBAND: f64 = 26e3;

/// Encodings that carry no speech of their own.
const NO_SPEECH: [&str; 12] = [
    "telephone-event",
    "tone",
    "cn",
    "red",
    "rtx",
    "ulpfec",
    "parityfec",
    "flexfec",
    "flexfec-03",
    "t38",
    "clearmode",
    "t140",
];

const VIDEO: [&str; 22] = [
    "h261",
    "h263",
    "h263-1998",
    "h263-2000",
    "h264",
    "h264-svc",
    "h265",
    "h266",
    "vp8",
    "vp9",
    "av1",
    "jpeg",
    "jpeg2000",
    "mpv",
    "mp2t",
    "mp4v-es",
    "theora",
    "raw",
    "celb",
    "nv",
    "bt656",
    "vc1",
];

/// The table's name for what a stream carries.
pub(super) fn name_for(encoding: &str, fmtp: &str, bit_rate: Option<f64>) -> Result<&'static str, String> {
    let encoding = encoding.trim();
    let rate = bit_rate.filter(|rate| rate.is_finite() && *rate > 0.0);
    let fmtp = Fmtp(fmtp);
    match encoding.to_ascii_lowercase().as_str() {
        "" => Err("The codec is not known.".to_owned()),
        "pcmu" | "pcma" | "g711" | "g711u" | "g711a" => Ok("g711"),
        "g729" | "g729a" | "g729ab" => Ok(if fmtp.is("annexb", "no") { "g729" } else { "g729a" }),
        "g723" | "g7231" | "g723.1" => g723(&fmtp, rate),
        "g726-16" | "aal2-g726-16" => Ok("g726-16"),
        "g726-24" | "aal2-g726-24" => Ok("g726-24"),
        "g726-32" | "aal2-g726-32" | "g721" => Ok("g726-32"),
        "g726-40" | "aal2-g726-40" => Ok("g726-40"),
        "g728" => Ok("g728"),
        "gsm" => Ok("gsm-fr"),
        "gsm-hr-08" => Ok("gsm-hr"),
        "gsm-efr" => Ok("gsm-efr"),
        "evrc" | "evrc0" | "evrc1" => Ok("is-127"),
        "amr" => adaptive("AMR", &AMR_MODES, &fmtp, rate),
        "amr-wb" => adaptive("AMR-WB", &AMR_WB_MODES, &fmtp, rate),
        "ilbc" => Ok(ilbc(&fmtp, rate)),
        "g722" => Ok("g722"),
        "g7221" => g722_1(&fmtp, rate),
        "evs" => evs(&fmtp, rate),
        "opus" => Ok(opus(&fmtp, rate)),
        "speex" => speex(rate),
        other => Err(refusal(encoding, other)),
    }
}

fn refusal(encoding: &str, lower: &str) -> String {
    // The name comes from a packet: keep a hostile one short and on one line.
    let shown: String = encoding.chars().filter(|c| !c.is_control()).take(32).collect();
    if NO_SPEECH.contains(&lower) {
        return format!("{shown} is no speech codec.");
    }
    if VIDEO.contains(&lower) {
        return format!("{shown} is video; the E-model rates speech.");
    }
    format!("No impairment figures are known for {shown}.")
}

fn g723(fmtp: &Fmtp<'_>, rate: Option<f64>) -> Result<&'static str, String> {
    if let Some(rate) = rate {
        return Ok(nearest(G723, rate));
    }
    match fmtp.get("bitrate") {
        Some("5.3") => Ok("g723.1-5.3"),
        Some("6.3") => Ok("g723.1-6.3"),
        _ => Err("G.723.1 at 5.3 or 6.3 kbit/s: the bit rate was not measured.".to_owned()),
    }
}

fn ilbc(fmtp: &Fmtp<'_>, rate: Option<f64>) -> &'static str {
    // RFC 3952 section 4.2: frames of 30 ms when no mode is given.
    let said = if fmtp.is("mode", "20") { "ilbc-15.2" } else { "ilbc-13.3" };
    rate.map_or(said, |rate| nearest(ILBC, rate))
}

fn g722_1(fmtp: &Fmtp<'_>, rate: Option<f64>) -> Result<&'static str, String> {
    match fmtp.number("bitrate").or(rate) {
        Some(rate) if rate < 40e3 => Ok(nearest(G722_1, rate)),
        Some(_) => Err("No impairment figures are known for G.722.1 above 32 kbit/s (Annex C).".to_owned()),
        None => Err("G.722.1 at 24 or 32 kbit/s: the bit rate is not known.".to_owned()),
    }
}

fn evs(fmtp: &Fmtp<'_>, rate: Option<f64>) -> Result<&'static str, String> {
    if ["nb", "wb", "nb-wb"].iter().any(|band| fmtp.is("bw", band)) {
        return Err("No impairment figures are known for EVS in narrowband or wideband.".to_owned());
    }
    match rate.or_else(|| fmtp.number("br").map(|kbit| kbit * 1e3)) {
        Some(rate) if (9e3..52e3).contains(&rate) => Ok(nearest(EVS, rate)),
        Some(rate) => Err(format!("No impairment figures are known for EVS at {:.1} kbit/s.", rate / 1e3)),
        None => Err("EVS has many modes: the bit rate is not known.".to_owned()),
    }
}

fn opus(fmtp: &Fmtp<'_>, rate: Option<f64>) -> &'static str {
    let rows = if fmtp.is("cbr", "1") { OPUS_CBR } else { OPUS_VBR };
    rate.map_or("opus", |rate| nearest(rows, rate))
}

fn speex(rate: Option<f64>) -> Result<&'static str, String> {
    if rate.is_some_and(|rate| rate > SPEEX_NARROWBAND) {
        return Err("No impairment figures are known for wideband Speex.".to_owned());
    }
    Ok("speex")
}

/// AMR and AMR-WB: the one mode that `mode-set` allows, else the allowed one whose RFC 4867 payload comes
/// nearest to the measured rate.
fn adaptive(
    codec: &str,
    modes: &[(u32, &'static str)],
    fmtp: &Fmtp<'_>,
    rate: Option<f64>,
) -> Result<&'static str, String> {
    let mode_set = fmtp.get("mode-set").unwrap_or_default();
    let listed: Vec<_> =
        mode_set.split(',').filter_map(|mode| modes.get(mode.trim().parse::<usize>().ok()?)).collect();
    let allowed = if listed.is_empty() { modes.iter().collect() } else { listed };
    if let [(_, name)] = allowed[..] {
        return Ok(name);
    }
    let Some(rate) = rate else {
        return Err(format!(
            "The mode of {codec} is not known: several are allowed and no bit rate was measured."
        ));
    };
    let octet_aligned = ["octet-align", "crc", "robust-sorting"].iter().any(|key| fmtp.is(key, "1"))
        || fmtp.get("interleaving").is_some();
    let distance = |bits: u32| (payload_rate(bits, octet_aligned) - rate).abs();
    let nearest = allowed.iter().min_by(|a, b| distance(a.0).total_cmp(&distance(b.0)));
    nearest.map(|mode| mode.1).ok_or_else(|| format!("The mode of {codec} is not known."))
}

/// Bit rate of an RTP payload with one 20 ms frame of `bits` speech bits (RFC 4867 sections 4.3 and 4.4).
fn payload_rate(bits: u32, octet_aligned: bool) -> f64 {
    const PACKETS_PER_SECOND: u32 = 50;
    let octets = if octet_aligned { 2 + bits.div_ceil(8) } else { (4 + 6 + bits).div_ceil(8) };
    f64::from(octets * 8 * PACKETS_PER_SECOND)
}

fn nearest(rows: Rates, rate: f64) -> &'static str {
    let distance = |row: &&(f64, &'static str)| (row.0 - rate).abs();
    rows.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).map_or("", |row| row.1)
}

/// The parameters of an `a=fmtp` line: `key=value` with `;` between them, keys in any case.
struct Fmtp<'a>(&'a str);

impl<'a> Fmtp<'a> {
    fn get(&self, key: &str) -> Option<&'a str> {
        let mut parameters = self.0.split(';').filter_map(|parameter| parameter.split_once('='));
        parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case(key)).map(|(_, value)| value.trim())
    }

    fn is(&self, key: &str, value: &str) -> bool {
        self.get(key).is_some_and(|found| found.eq_ignore_ascii_case(value))
    }

    /// A value that is one positive number; `None` for a range.
    fn number(&self, key: &str) -> Option<f64> {
        self.get(key)?.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::codec::{by_name, for_stream};
    use super::*;

    fn check(encoding: &str, fmtp: &str, rate: Option<f64>, want: &str) {
        let got = for_stream(encoding, fmtp, rate).map(|codec| codec.name);
        assert_eq!(got, Ok(want), "{encoding} {fmtp} {rate:?}");
    }

    fn refused(encoding: &str, fmtp: &str, rate: Option<f64>, word: &str) {
        let reason = for_stream(encoding, fmtp, rate).expect_err(encoding);
        assert!(reason.contains(word) && reason.ends_with('.'), "{encoding}: {reason}");
    }

    #[test]
    fn codecs_without_modes() {
        check("PCMU", "", None, "g711");
        check("pcma", "", Some(64e3), "g711");
        check("G722", "", Some(64e3), "g722");
        check("GSM", "", None, "gsm-fr");
        check("G726-32", "", None, "g726-32");
        check("AAL2-G726-24", "", None, "g726-24");
        check("GSM-EFR", "", None, "gsm-efr");
        check("speex", "", Some(15e3), "speex");
        check("G729", "", Some(8e3), "g729a");
        check("G729", "annexb=yes", None, "g729a");
        check("G729", "foo=1; AnnexB = NO", None, "g729");
    }

    #[test]
    fn codecs_with_modes() {
        check("G723", "", Some(6_400.0), "g723.1-6.3");
        check("G723", "bitrate=6.3", Some(5_333.3), "g723.1-5.3");
        check("G723", "bitrate=5.3;annexa=no", None, "g723.1-5.3");
        check("iLBC", "mode=20", None, "ilbc-15.2");
        check("iLBC", "mode=30", None, "ilbc-13.3");
        check("iLBC", "", None, "ilbc-13.3");
        check("iLBC", "mode=30", Some(15_200.0), "ilbc-15.2");
        check("G7221", "bitrate=24000", None, "g722.1-24");
        check("G7221", "", Some(32e3), "g722.1-32");
        check("EVS", "br=5.9-24.4;bw=nb-swb", Some(24.4e3), "evs-24.4");
        check("EVS", "br=13.2;bw=swb", None, "evs-13.2");
        check("opus", "useinbandfec=1", None, "opus");
        check("OPUS", "", Some(30e3), "opus-28");
        check("opus", "", Some(96e3), "opus-40");
        check("opus", "stereo=0;cbr=1", Some(20e3), "opus-cbr-16");
    }

    #[test]
    fn every_amr_mode_by_its_payload() {
        for (modes, encoding) in [(&AMR_MODES[..], "AMR"), (&AMR_WB_MODES[..], "AMR-WB")] {
            for (index, &(bits, name)) in modes.iter().enumerate() {
                check(encoding, "", Some(payload_rate(bits, false)), name);
                check(encoding, "octet-align=1; max-red=0", Some(payload_rate(bits, true)), name);
                check(encoding, &format!("mode-set={index}"), None, name);
            }
        }
        check("AMR", "", Some(32.0 * 400.0), "amr-12.2");
        check("AMR-WB", "octet-align=1", Some(34.0 * 400.0), "amr-wb-12.65");
        check("AMR-WB", "mode-set=0,1,2", Some(60.0 * 400.0), "amr-wb-12.65");
        check("AMR", "mode-set=99,x", Some(12_800.0), "amr-12.2");
    }

    #[test]
    fn reasons() {
        refused("telephone-event", "0-16", None, "no speech codec");
        refused("CN", "", None, "no speech codec");
        refused("red", "", None, "no speech codec");
        refused("H264", "", Some(1e6), "video");
        refused("AMR", "", None, "mode of AMR is not known");
        refused("AMR-WB", "mode-set=0,2", None, "several are allowed");
        refused("G723", "", Some(f64::NAN), "not measured");
        refused("EVS", "bw=wb", Some(13.2e3), "wideband");
        refused("EVS", "", Some(5_900.0), "5.9 kbit/s");
        refused("speex", "", Some(42e3), "wideband Speex");
        refused("G7221", "bitrate=48000", None, "Annex C");
        refused("", "", None, "not known");
        refused("X-ROT13\r\n", "", None, "X-ROT13.");
    }

    #[test]
    fn every_name_is_in_the_table() {
        let rates = [OPUS_VBR, OPUS_CBR, EVS, G723, ILBC, G722_1].concat();
        let modes = AMR_MODES.iter().chain(&AMR_WB_MODES).map(|mode| mode.1);
        for name in modes.chain(rates.iter().map(|row| row.1)) {
            assert!(by_name(name).is_some(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(encoding in ".*", fmtp in ".*", rate in prop::option::of(any::<f64>())) {
            let _ = for_stream(&encoding, &fmtp, rate);
            for known in ["AMR", "amr-wb", "EVS", "opus", "G7221", "G723", "iLBC"] {
                let _ = for_stream(known, &fmtp, rate);
            }
        }
    }
}
