//! An RTP stream's figures: the report's `streams`.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use crate::packet::{Endpoint, Nanos};
use crate::quality::codec::{Grounding, Scale};

/// One RTP stream: one SSRC from one sender to one receiver, until it restarts.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Stream {
    /// From 1.
    pub id: u32,
    /// `0x1a2b3c4d`
    pub ssrc: String,
    /// Sender.
    pub source: Option<Endpoint>,
    /// Receiver.
    pub destination: Option<Endpoint>,
    /// Call id.
    pub call: Option<u32>,
    /// `caller_to_callee` or `callee_to_caller`.
    pub direction: Option<Cow<'static, str>>,
    /// Payload types in order of appearance.
    pub payload_types: Vec<u8>,
    /// Codec of most packets, as SDP or RFC 3551 names it.
    pub codec: Option<String>,
    /// Its RTP clock.
    pub clock_hz: Option<u32>,
    /// `sdp`, `static`, `inferred`.
    pub clock_source: Option<Cow<'static, str>>,
    /// Media time per packet, ms: the most frequent timestamp step.
    pub ptime_ms: Option<f64>,
    /// `audio`, `video`, `fax`, `event`; `null` when unknown.
    pub media: Option<Cow<'static, str>>,
    /// SDP says that the payload is encrypted, or DTLS or ZRTP was seen beside it.
    pub encrypted: bool,
    /// First frame.
    pub first_frame: u64,
    /// Last frame.
    pub last_frame: u64,
    /// Time of the first frame.
    pub start: Nanos,
    /// First to last packet; by the media clock (timestamps, pauses of up to a minute included) where the export
    /// holds no times, and `null` where the clock is not known either.
    pub duration_s: Option<f64>,
    /// Received, duplicates and copies not counted.
    pub packets: u64,
    /// Highest less lowest sequence number plus one.
    pub expected: u64,
    /// Never seen.
    pub lost: u64,
    /// Of expected.
    pub lost_percent: f64,
    /// Seen again on the same path.
    pub duplicates: u64,
    /// Arrived after a packet with a higher sequence number.
    pub out_of_order: u64,
    /// Seen after their playout time in the jitter buffer; `null` in an export without times.
    pub late: Option<u64>,
    /// Of expected.
    pub late_percent: Option<f64>,
    /// RFC 3550 jitter; `null` when the clock or the times are unknown.
    pub jitter_ms: Option<Jitter>,
    /// Time between packets.
    pub delta_ms: Option<Delta>,
    /// Largest deviation of arrival from the media clock, with its sign.
    pub skew_ms: Option<f64>,
    /// The sender's clock against the sensor's, from at least 10 s; parts per million.
    pub clock_drift_ppm: Option<f64>,
    /// Bursts and gaps of lost and late packets.
    pub bursts: Bursts,
    /// Quality of the whole stream.
    pub mos: StreamMos,
    /// The worst interval.
    pub mos_worst_interval: Option<WorstInterval>,
    /// How it went from its first to its last packet; only where it was asked for (as for the HTML report).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intervals: Option<Intervals>,
    /// What other buffer depths would have given.
    pub buffer_curve: Vec<BufferPoint>,
    /// The smallest depth that gives the best MOS to within 0.01; `null` without a curve.
    pub best_buffer_ms: Option<u16>,
    /// What RTCP told.
    pub rtcp: Option<Rtcp>,
    /// The same sequence of packets seen between other addresses: id of the stream before the relay.
    pub relayed_from: Option<u32>,
    /// Copies of these packets on other ways to the sensor; not counted anywhere else.
    pub copies: Vec<Copies>,
    /// Wireshark's own figures (`--compat`).
    pub wireshark: Option<WiresharkFigures>,
}

/// Interarrival jitter, RFC 3550 section 6.4.1, in ms.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Jitter {
    /// Lowest.
    pub min: f64,
    /// Mean over packets.
    pub mean: f64,
    /// Highest.
    pub max: f64,
    /// At the last packet.
    pub last: f64,
}

/// Time between successive packets in ms.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Delta {
    /// Lowest.
    pub min: f64,
    /// Mean.
    pub mean: f64,
    /// Highest.
    pub max: f64,
}

/// RFC 3611 section 4.7.2 with Gmin 16, and G.107's burst ratio. Lost and late packets both count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Bursts {
    /// Loss within bursts, percent; 0 without bursts.
    pub burst_density_percent: f64,
    /// Loss within gaps, percent.
    pub gap_density_percent: f64,
    /// Mean length of bursts.
    pub burst_duration_ms: f64,
    /// Mean length of gaps.
    pub gap_duration_ms: f64,
    /// Mean loss run against that of random loss; 1 is random.
    pub burst_ratio: f64,
    /// Packets in the longest run of losses.
    pub longest_loss: u64,
}

/// Quality of a stream on the E-model.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct StreamMos {
    /// Listening quality: no delay.
    pub lq: Option<f64>,
    /// Conversational quality: with delay.
    pub cq: Option<f64>,
    /// R-factor of `lq`.
    pub r_lq: Option<f64>,
    /// R-factor of `cq`.
    pub r_cq: Option<f64>,
    /// Scale of all four.
    pub scale: Option<Scale>,
    /// How well founded `ie` and `bpl` are.
    pub grounding: Option<Grounding>,
    /// Equipment impairment factor.
    pub ie: Option<f64>,
    /// Packet-loss robustness.
    pub bpl: Option<f64>,
    /// Mouth to ear, ms.
    pub one_way_delay_ms: Option<f64>,
    /// `rtcp`, `declared`.
    pub delay_source: Option<String>,
    /// Why a figure is missing, or what limits it.
    pub reason: Option<String>,
}

/// The interval of ten seconds with the lowest MOS-LQ; of a shorter stream all of it. A rest of less than eight seconds is no
/// interval: where only that was bad, the whole stream has a lower MOS-LQ than its worst interval.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct WorstInterval {
    /// Its MOS-LQ.
    pub lq: f64,
    /// Where it begins.
    pub at: Nanos,
    /// How long it is.
    pub interval_s: f64,
}

/// A stream over time: stretches of equal length without gaps from its first packet on, one value of each list for
/// every stretch. A loss belongs to the stretch of the packet that ends it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Intervals {
    /// Length of each; a power of two. The last one may have been cut short.
    pub interval_s: f64,
    /// Packets that should have come; 0 in silence.
    pub expected: Vec<u32>,
    /// Never seen.
    pub lost: Vec<u32>,
    /// Seen after their playout time.
    pub late: Vec<u32>,
    /// Mean RFC 3550 jitter, to 0.001 ms; `null` without packets or clock.
    pub jitter_ms: Vec<Option<f32>>,
    /// MOS-LQ on the stream's scale, to 0.01; `null` in silence or without a codec.
    pub lq: Vec<Option<f32>>,
}

/// MOS with another jitter buffer.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct BufferPoint {
    /// Depth.
    pub buffer_ms: u16,
    /// Late packets of expected.
    pub late_percent: f64,
    /// MOS-LQ; `null` without a codec.
    pub lq: Option<f64>,
}

/// What RTCP reported about a stream.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Rtcp {
    /// Sender and receiver report blocks about it.
    pub reports: u64,
    /// Median round trip from LSR and DLSR, as far as the sensor's place allows.
    pub round_trip_ms: Option<f64>,
    /// Cumulative loss that the receiver reported last, of what it expected.
    pub peer_lost_percent: Option<f64>,
    /// Jitter that the receiver reported last.
    pub peer_jitter_ms: Option<f64>,
    /// MOS-LQ of the last XR VoIP metrics block (RFC 3611 section 4.7) that had one.
    pub xr_mos_lq: Option<f64>,
    /// MOS-CQ of the same.
    pub xr_mos_cq: Option<f64>,
    /// R-factor of the same.
    pub xr_r_factor: Option<u8>,
    /// Frames with XR VoIP metrics about it, at most 64.
    pub xr_frames: Vec<u64>,
}

/// Copies of a stream on another way to the sensor.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Copies {
    /// Label of the path.
    pub path: String,
    /// Packets of the stream that came this way, first or not.
    pub packets: u64,
    /// Packets of the stream's span that did not.
    pub missing: u64,
}

/// What Wireshark prints for the stream.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct WiresharkFigures {
    /// `4.0`, `4.2`, `4.4`.
    pub version: String,
    /// Packets as Wireshark counts them, duplicates too.
    pub packets: u64,
    /// Expected less packets; may be negative.
    pub lost: i64,
    /// Expected.
    pub expected: i64,
    /// Of expected.
    pub lost_percent: f64,
    /// Lowest.
    pub min_delta_ms: f64,
    /// Mean.
    pub mean_delta_ms: f64,
    /// Highest.
    pub max_delta_ms: f64,
    /// Lowest; -1 when none was computed.
    pub min_jitter_ms: f64,
    /// Mean.
    pub mean_jitter_ms: f64,
    /// Highest.
    pub max_jitter_ms: f64,
    /// The `X` of the list.
    pub problem: bool,
}
