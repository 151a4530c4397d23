//! From loss, bursts and delay of a stream to its MOS: which codec applies, or why none does.

use super::payloads::{Kind, Type};
use super::playout::{DEPTHS, Ledger};
use super::stream::Stream;
use crate::model::{BufferPoint, Intervals, StreamMos, WorstInterval};
use crate::quality::codec::{self, Codec};
use crate::quality::emodel::{self, Inputs, Rating};

/// Shorter streams are not rated.
const LEAST_PACKETS: u64 = 10;
const LEAST_S: f64 = 1.0;

/// Depths whose MOS differs by no more than this are equally good.
const INDISTINCT: f64 = 0.01;

/// One-way delay from mouth to ear, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Delay {
    /// From RTCP: half the round trip; `partial` when only one side of the sensor was seen.
    RoundTrip {
        half_ms: f64,
        partial: bool,
    },
    /// From the configuration, as a whole.
    Declared(f64),
    Unknown,
}

/// A stream's main payload type and media time per packet, as the report shows them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Media<'a> {
    pub main: Option<&'a Type>,
    pub ptime_ms: Option<f64>,
    pub encrypted: bool,
}

/// The codec by which a stream is rated, or why it is not.
pub(super) fn codec_of(stream: &Stream, media: Media<'_>, packets: u64) -> Result<&'static Codec, String> {
    let Some(main) = media.main else { return Err("There are no media packets.".to_owned()) };
    match main.kind {
        Kind::Video => return Err("Video: the E-model rates speech.".to_owned()),
        Kind::Event => return Err("There are telephone events only.".to_owned()),
        Kind::Noise => return Err("There is comfort noise only.".to_owned()),
        Kind::Audio | Kind::Unknown => {}
    }
    let seconds = stream.seconds();
    if stream.packets < LEAST_PACKETS || seconds.is_some_and(|seconds| seconds < LEAST_S) {
        let span = seconds.map_or_else(String::new, |seconds| format!(" in {seconds:.1} s"));
        return Err(format!("Too short to rate: {} packets{span}.", stream.packets));
    }
    let Some(encoding) = main.encoding() else {
        let number = main.number;
        return Err(if media.encrypted {
            format!("Encrypted, and no SDP names the codec of payload type {number}.")
        } else {
            format!("No SDP names the codec of payload type {number}.")
        });
    };
    let media_s = media.ptime_ms.unwrap_or(0.0) / 1000.0 * packets as f64;
    let bit_rate = (media_s > 0.0 && stream.octets > 0).then(|| stream.octets as f64 * 8.0 / media_s);
    codec::for_stream(encoding, main.format().map_or("", |format| &format.fmtp), bit_rate)
}

fn rate(codec: &Codec, loss_percent: f64, burst_ratio: f64, delay_ms: f64) -> Rating {
    emodel::rate(&Inputs {
        scale: codec.scale,
        ie: codec.ie,
        bpl: codec.bpl,
        ppl_percent: loss_percent,
        burst_ratio,
        delay_ms,
        with_echo: false,
        advantage: 0.0,
    })
}

/// MOS of the whole stream, with its lost and late packets.
pub(super) fn of_stream(
    codec: Result<&'static Codec, String>,
    stream: &Stream,
    ledger: &Ledger,
    ptime_ms: Option<f64>,
    delay: &Delay,
) -> StreamMos {
    let codec = match codec {
        Ok(codec) => codec,
        Err(reason) => return StreamMos { reason: Some(reason), ..StreamMos::default() },
    };
    let loss_percent = percent(bad(stream), stream.expected());
    let burst_ratio = ledger.bursts().burst_ratio();
    let lq = rate(codec, loss_percent, burst_ratio, 0.0);
    let buffered = stream.depth.delay_ms() + ptime_ms.unwrap_or(0.0) + codec.lookahead_ms;
    let (one_way, source, reason) = match *delay {
        Delay::RoundTrip { half_ms, partial } => {
            let limit = "The round trip is that between the sensor and one end only.";
            (Some(half_ms + buffered), Some("rtcp"), partial.then_some(limit))
        }
        Delay::Declared(ms) => (Some(ms), Some("declared"), None),
        Delay::Unknown => {
            let missing = "No conversational quality: neither RTCP nor the settings tell the delay.";
            (None, None, Some(missing))
        }
    };
    let cq = one_way.map(|ms| rate(codec, loss_percent, burst_ratio, ms));
    StreamMos {
        lq: Some(lq.mos),
        cq: cq.map(|cq| cq.mos),
        r_lq: Some(lq.r),
        r_cq: cq.map(|cq| cq.r),
        scale: Some(codec.scale),
        grounding: Some(codec.grounding),
        ie: Some(codec.ie),
        bpl: Some(codec.bpl),
        one_way_delay_ms: one_way,
        delay_source: source.map(str::to_owned),
        reason: limits(stream, reason),
    }
}

/// What limits the figures.
fn limits(stream: &Stream, of_delay: Option<&str>) -> Option<String> {
    let untimed = "Loss only: the export holds no times, so packets that came too late cannot be told.";
    let parts: Vec<&str> = (!stream.is_timed()).then_some(untimed).into_iter().chain(of_delay).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// MOS of the worst interval; `None` without a codec or for a stream below a second.
pub(super) fn of_worst_interval(codec: &Codec, stream: &Stream) -> Option<WorstInterval> {
    let (worst, interval_s) = stream.rest.history.worst(&stream.interval, stream.last_at)?;
    let rating = rate(codec, worst.loss_percent(), worst.burst_ratio(), 0.0);
    Some(WorstInterval { lq: rating.mos, at: worst.start, interval_s })
}

/// How it went over time, where that was asked for.
pub(super) fn intervals(codec: Option<&Codec>, stream: &Stream) -> Option<Intervals> {
    let series = stream.rest.history.series(&stream.interval, stream.timing.jitter_sum())?;
    series.report(|one| Some(rate(codec?, one.loss_percent(), one.burst_ratio(), 0.0).mos))
}

/// What other depths would have given, and the smallest of the best.
pub(super) fn buffer_curve(
    codec: Option<&Codec>,
    stream: &Stream,
    ledger: &Ledger,
) -> (Vec<BufferPoint>, Option<u16>) {
    let expected = stream.expected();
    let lost = expected.saturating_sub(stream.packets);
    let points: Vec<BufferPoint> = DEPTHS
        .iter()
        .enumerate()
        .map(|(depth, &buffer_ms)| {
            let (bad, burst_ratio) = ledger.at_depth(depth, expected);
            let late_percent = percent(bad.saturating_sub(lost), expected);
            let lq = codec.map(|codec| rate(codec, percent(bad, expected), burst_ratio, 0.0).mos);
            BufferPoint { buffer_ms, late_percent, lq }
        })
        .collect();
    let best = points.iter().filter_map(|point| point.lq).fold(f64::NEG_INFINITY, f64::max);
    let enough = |point: &&BufferPoint| point.lq.is_some_and(|lq| lq >= best - INDISTINCT);
    let best_buffer = points.iter().find(enough).map(|point| point.buffer_ms);
    (points, best_buffer)
}

/// Lost and late packets.
fn bad(stream: &Stream) -> u64 {
    stream.expected().saturating_sub(stream.packets) + stream.rest.late
}

/// `part` of `whole` in percent; 0 of nothing.
pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}
