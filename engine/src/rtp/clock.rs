//! RTP clocks: the static payload types of RFC 3551, and the clock of a stream that nobody announced,
//! read off its timestamps against capture time.

use crate::packet::Nanos;

/// A payload type with a fixed meaning (RFC 3551 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Static {
    /// Encoding name as in SDP.
    pub encoding: &'static str,
    /// Clock in Hz.
    pub clock_hz: u32,
    /// Video rather than audio.
    pub video: bool,
}

/// The meaning of a static payload type; `None` for dynamic, reserved and unassigned ones.
pub(super) fn static_type(payload_type: u8) -> Option<Static> {
    let audio = |encoding, clock_hz| Some(Static { encoding, clock_hz, video: false });
    let video = |encoding| Some(Static { encoding, clock_hz: 90_000, video: true });
    match payload_type {
        0 => audio("PCMU", 8_000),
        3 => audio("GSM", 8_000),
        4 => audio("G723", 8_000),
        5 => audio("DVI4", 8_000),
        6 => audio("DVI4", 16_000),
        7 => audio("LPC", 8_000),
        8 => audio("PCMA", 8_000),
        9 => audio("G722", 8_000),
        10 | 11 => audio("L16", 44_100),
        12 => audio("QCELP", 8_000),
        // 19 was comfort noise in drafts of RFC 1890 and some gateways still send it.
        13 | 19 => audio("CN", 8_000),
        14 => audio("MPA", 90_000),
        15 => audio("G728", 8_000),
        16 => audio("DVI4", 11_025),
        17 => audio("DVI4", 22_050),
        18 => audio("G729", 8_000),
        25 => video("CelB"),
        26 => video("JPEG"),
        28 => video("nv"),
        31 => video("H261"),
        32 => video("MPV"),
        33 => video("MP2T"),
        34 => video("H263"),
        _ => None,
    }
}

/// Clocks that audio and video codecs use.
const CLOCKS: [u32; 7] = [8_000, 16_000, 24_000, 32_000, 44_100, 48_000, 90_000];

/// 44.1 and 48 kHz lie 8.8 % apart; half of that tells any two clocks apart.
const TOLERANCE: f64 = 0.04;

/// Enough where the timestamp step confirms the clock, since network delay blurs a short stretch.
const LOOSE_TOLERANCE: f64 = 0.2;

/// Media has to run this long before its clock can be told from network delay; with a step that fits
/// the clock, and without.
const SPAN_MS: [f64; 2] = [400.0, 1_000.0];

/// Packets needed for the same reason.
const PACKETS: u32 = 16;

/// The clock in Hz by which `ticks` passed between two packets. `step`: the most frequent timestamp step.
/// `None`: too early, or no known clock.
pub(super) fn infer(ticks: i64, step: u32, first: Nanos, last: Nanos, packets: u32) -> Option<u32> {
    let span_ms = last.millis_since(first);
    if packets < PACKETS || span_ms < SPAN_MS[0] || ticks <= 0 {
        return None;
    }
    let rate = ticks as f64 * 1000.0 / span_ms;
    let error = |clock: u32| (rate / f64::from(clock) - 1.0).abs();
    let nearest = |a: &u32, b: &u32| error(*a).total_cmp(&error(*b));
    let fits = |clock: &u32| fits(step, *clock) && error(*clock) < LOOSE_TOLERANCE;
    let by_step = CLOCKS.into_iter().filter(fits).min_by(nearest);
    let by_rate = || CLOCKS.into_iter().find(|&clock| span_ms >= SPAN_MS[1] && error(clock) < TOLERANCE);
    by_step.or_else(by_rate)
}

/// Codecs cut speech into multiples of 2.5 ms.
fn fits(step: u32, clock_hz: u32) -> bool {
    step > 0 && (u64::from(step) * 400).is_multiple_of(u64::from(clock_hz))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_of_rfc_3551() {
        assert_eq!(static_type(9).unwrap().clock_hz, 8_000, "G.722 counts at 8 kHz by an old mistake");
        assert_eq!(static_type(34).unwrap(), Static { encoding: "H263", clock_hz: 90_000, video: true });
        assert!([1, 2, 20, 24, 72, 95, 96, 127].into_iter().all(|pt| static_type(pt).is_none()));
    }

    #[test]
    fn inference_tells_neighbours_apart() {
        let last = Nanos(1_000 * Nanos::MILLI);
        for clock in CLOCKS {
            assert_eq!(infer(i64::from(clock), 0, Nanos(0), last, 50), Some(clock));
            assert_eq!(infer(i64::from(clock) * 102 / 100, 0, Nanos(0), last, 50), Some(clock));
        }
        assert_eq!(infer(12_000, 0, Nanos(0), last, 50), None, "no known clock");
        assert_eq!(infer(8_000, 160, Nanos(0), last, 15), None, "too few packets");
        assert_eq!(infer(800, 160, Nanos(0), Nanos(100 * Nanos::MILLI), 50), None, "too short");
        assert_eq!(infer(-8_000, 160, Nanos(0), last, 50), None);
    }

    #[test]
    fn the_step_settles_what_jitter_blurs() {
        let last = Nanos(480 * Nanos::MILLI);
        assert_eq!(infer(21_120, 960, Nanos(0), last, 23), Some(48_000), "44 kHz by the rate alone");
        assert_eq!(infer(21_168, 882, Nanos(0), last, 25), Some(44_100));
        assert_eq!(infer(3_700, 160, Nanos(0), last, 25), Some(8_000));
        assert_eq!(infer(3_700, 0, Nanos(0), last, 25), None);
    }
}
