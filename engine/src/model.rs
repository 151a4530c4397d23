//! The report: the only thing that leaves the engine beside per-frame facts. Names are a contract
//! (`airtone.report/1`); units are in the names; `None` is written as `null`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::packet::{Endpoint, Nanos};
use crate::quality::codec::{Grounding, Scale};

/// The version of this format.
pub const SCHEMA: &str = "airtone.report/1";

/// Everything known about a capture.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// `airtone.report/1`
    pub schema: String,
    /// Version of the engine.
    pub airtone_version: String,
    /// What was read.
    pub capture: Capture,
    /// In order of the first INVITE.
    pub calls: Vec<Call>,
    /// In order of the first packet.
    pub streams: Vec<Stream>,
    /// SIP statistics.
    pub sip: Sip,
    /// Wi-Fi.
    pub wifi: Wifi,
    /// What to look at first, most severe first.
    pub findings: Vec<Finding>,
}

/// What was read.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Capture {
    /// One per file.
    pub files: Vec<File>,
    /// Frames read.
    pub packets: u64,
    /// Time of the first frame; `null` in an export without times.
    pub first: Option<Nanos>,
    /// Time of the last frame.
    pub last: Option<Nanos>,
    /// From first to last; 0 without frames, `null` without times.
    pub duration_s: Option<f64>,
    /// Packets that the sensor says it dropped; `null` when it does not say.
    pub dropped_by_sensor: Option<u64>,
    /// Packets that were not understood, by reason.
    pub not_decoded: BTreeMap<String, NotDecoded>,
    /// Ways to the sensor, when there is more than one or a mirror's sequence numbers tell of loss.
    pub paths: Vec<Path>,
    /// What was given up because a table was full, by kind; empty in ordinary captures.
    pub evicted: BTreeMap<String, u64>,
    /// What a tshark export lacked, and which figures are missing for it.
    pub missing_fields: Vec<String>,
}

/// One input file.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct File {
    /// As given.
    pub path: String,
    /// `pcap`, `pcapng`, `tshark json`, ...; with the compression, e.g. `pcap (gzip)`.
    pub format: String,
    /// Packets read.
    pub packets: u64,
    /// Bytes read, after decompression.
    pub bytes: u64,
    /// Damage and oddities, each a sentence with its byte offset or frame.
    pub warnings: Vec<String>,
}

/// Packets not understood for one reason.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct NotDecoded {
    /// How many.
    pub packets: u64,
    /// The first.
    pub first_frame: u64,
}

/// One way to the sensor.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Path {
    /// For people.
    pub label: String,
    /// Packets that came this way.
    pub packets: u64,
    /// Lost between mirror and sensor by the mirror's own sequence numbers; `null` where it has none.
    pub mirror_lost: Option<u64>,
}

/// How a call ended up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// A 2xx to the INVITE.
    Answered,
    /// 486 or 600, or Q.850 cause 17.
    Busy,
    /// Rang until the caller or the network gave up.
    NoAnswer,
    /// The caller gave up.
    Cancelled,
    /// Another fork took it.
    AnsweredElsewhere,
    /// 4xx, 5xx, 6xx that says no.
    Rejected,
    /// 3xx.
    Redirected,
    /// No reply, or a network failure.
    Failed,
    /// The challenge was never met.
    AuthFailed,
    /// Still ringing at the end of the capture.
    Ringing,
    /// Neither ringing nor a final response by the end of the capture.
    #[default]
    Setup,
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// BYE or CANCEL of the side that called.
    Caller,
    /// BYE or final refusal of the side that was called.
    Callee,
    /// A server between them.
    Network,
    /// Nobody answered in time.
    Timeout,
    /// The capture ended first.
    #[default]
    Open,
}

/// One call: every dialog and leg that belongs to it.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Call {
    /// From 1.
    pub id: u32,
    /// Every Call-ID that was joined into it.
    pub call_ids: Vec<String>,
    /// AoR of the From header as written.
    pub from: String,
    /// AoR of the To header as written.
    pub to: String,
    /// What became of it.
    pub outcome: CallOutcome,
    /// Final status code of the INVITE (never 401 or 407 that was met).
    pub outcome_code: Option<u16>,
    /// Reason phrase, or the text of a Reason header.
    pub outcome_reason: Option<String>,
    /// Who ended it.
    pub ended_by: EndedBy,
    /// First INVITE.
    pub start: Option<Nanos>,
    /// The 2xx.
    pub answer: Option<Nanos>,
    /// BYE, CANCEL or final refusal.
    pub end: Option<Nanos>,
    /// First INVITE that was not challenged to the first 180, 183 or final response.
    pub post_dial_delay_s: Option<f64>,
    /// First 180 or 183 to the answer or end.
    pub ring_s: Option<f64>,
    /// First INVITE to the 2xx.
    pub setup_s: Option<f64>,
    /// 2xx to the end (of the capture when open).
    pub duration_s: Option<f64>,
    /// What happened in it, e.g. `hold`, `early_media`, `retransmissions`.
    pub features: Vec<String>,
    /// The story, message by message where something changed.
    pub events: Vec<Event>,
    /// Digits.
    pub dtmf: Vec<Dtmf>,
    /// Ids of its streams.
    pub streams: Vec<u32>,
    /// MOS over its streams.
    pub mos: Option<CallMos>,
    /// Ids of other calls that belong to the same story: a transfer's, a pickup's; its events say why.
    pub related: Vec<u32>,
}

/// Something that changed a call.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Event {
    /// Frame.
    pub frame: u64,
    /// Time.
    pub at: Nanos,
    /// `invite`, `challenged`, `ringing`, `early_media`, `answered`, `ack`, `reinvite`, `hold`, `resume`, `bye`, ...
    pub kind: Cow<'static, str>,
    /// In words.
    pub detail: String,
}

/// One digit.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Dtmf {
    /// Frame where it began.
    pub frame: u64,
    /// Time of that frame.
    pub at: Nanos,
    /// `caller` or `callee`; an endpoint when the stream has no call.
    pub from: String,
    /// `0`-`9`, `*`, `#`, `A`-`D`, `flash`.
    pub digit: String,
    /// How long, ms.
    pub duration_ms: Option<f64>,
    /// `rfc4733`, `info`, `inband`.
    pub method: String,
}

/// MOS of a call over its audio streams.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct CallMos {
    /// Of the worst stream.
    pub worst: f64,
    /// Weighted by duration.
    pub average: f64,
    /// Of both figures; `null` in place of the whole object when the streams differ in scale.
    pub scale: Scale,
}

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

/// The interval with the lowest MOS-LQ.
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

/// SIP statistics.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Sip {
    /// Requests by method, retransmissions and copies on other legs included as Wireshark counts them.
    pub requests: BTreeMap<String, u64>,
    /// Responses by status code, likewise.
    pub responses: BTreeMap<String, u64>,
    /// Messages sent again on the same leg.
    pub retransmissions: u64,
    /// Registrations.
    pub registrations: Vec<Registration>,
    /// RFC 6076 figures.
    pub rfc6076: Rfc6076,
}

/// What became of a registration attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationOutcome {
    /// 200, a new binding.
    Registered,
    /// 200 to expires 0.
    Deregistered,
    /// 200 to a binding that was there.
    Refreshed,
    /// 401, 407 or 403 at the end.
    AuthFailed,
    /// Another refusal.
    Rejected,
    /// Nothing came back.
    NoReply,
    /// The capture ended before a reply, or credentials after a challenge, could come.
    Pending,
}

/// One registration attempt, challenges included.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Registration {
    /// AoR.
    pub aor: String,
    /// Contact that was offered.
    pub contact: Option<String>,
    /// Result.
    pub outcome: RegistrationOutcome,
    /// Granted time.
    pub expires_s: Option<u64>,
    /// Final status code.
    pub code: Option<u16>,
    /// First REGISTER.
    pub at: Nanos,
    /// Its frame.
    pub frame: u64,
    /// First REGISTER to final response, ms.
    pub round_trip_ms: Option<f64>,
    /// Credentials were sent: an `auth_failed` with them is a wrong password or user, one without is a challenge
    /// that nobody met.
    pub credentials: bool,
}

/// SIP performance metrics (RFC 6076); `null` where nothing was there to measure.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Rfc6076 {
    /// Registration request delay, mean, ms (section 4.1).
    pub rrd_ms: Option<f64>,
    /// Session request delay of successful set-ups, mean, ms (4.3.1).
    pub srd_ms: Option<f64>,
    /// Session disconnect delay, mean, ms (4.4).
    pub sdd_ms: Option<f64>,
    /// Session establishment ratio (4.6).
    pub ser_percent: Option<f64>,
    /// Session establishment effectiveness ratio (4.7).
    pub seer_percent: Option<f64>,
    /// Ineffective session attempts (4.8).
    pub isa_percent: Option<f64>,
    /// Session completion ratio (4.9).
    pub scr_percent: Option<f64>,
}

/// Wi-Fi.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Wifi {
    /// In order of the first beacon.
    pub bss: Vec<Bss>,
    /// In order of the first frame.
    pub stations: Vec<Station>,
}

/// One BSS.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Bss {
    /// `02:00:00:00:00:01`
    pub bssid: String,
    /// Network name; `null` when hidden. Bytes that are no UTF-8 are escaped.
    pub ssid: Option<String>,
    /// Last channel.
    pub channel: Option<u16>,
    /// Last centre frequency of the primary channel.
    pub frequency_mhz: Option<u16>,
    /// Last beacon interval.
    pub beacon_interval_tu: u16,
    /// First beacon.
    pub first_frame: u64,
    /// Last beacon.
    pub last_frame: u64,
    /// Time of the first beacon; `null` in an export without times.
    pub first: Option<Nanos>,
    /// Time of the last beacon.
    pub last: Option<Nanos>,
    /// First to last beacon; on the AP's clock (restarts not counted) where the export holds no times, and
    /// `null` where there is no such clock either.
    pub duration_s: Option<f64>,
    /// Counts.
    pub beacons: Beacons,
    /// At least three beacons lost in a row, or an unknown number.
    pub outages: Vec<Outage>,
    /// Of beacons.
    pub signal_dbm: Option<Signal>,
    /// Behind the target beacon transmission time, on the AP's clock.
    pub beacon_delay_us: Option<BeaconDelay>,
    /// Restarts, interval changes, channel switches.
    pub events: Vec<Event>,
    /// Beacons from the first to the last one; only where it was asked for (as for the HTML report).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intervals: Option<BeaconIntervals>,
}

/// Beacons of a BSS over time, in intervals of one length from its first beacon on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct BeaconIntervals {
    /// Length of each; a power of two. The last one was cut short by the last beacon.
    pub interval_s: f64,
    /// Distinct beacons received.
    pub received: Vec<u32>,
}

/// Beacons of one BSS. `expected = received + lost` (duplicates apart).
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Beacons {
    /// Distinct beacons received.
    pub received: u64,
    /// Target transmission times while the sensor listened.
    pub expected: u64,
    /// Not received.
    pub lost: u64,
    /// Of expected; `null` with fewer than two beacons, and without any clock.
    pub lost_percent: Option<f64>,
    /// Target transmission times while the sensor was elsewhere or deaf.
    pub not_observed: u64,
    /// Received again.
    pub duplicates: u64,
    /// Longest run of lost ones.
    pub longest_run: u64,
    /// `tsf`, `capture_time`, or `none`: neither is known, so beacons are only counted.
    pub basis: String,
}

/// Why beacons were missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutageCause {
    /// The sensor listened and heard others, not this AP.
    Air,
    /// The AP stopped or restarted.
    ApRestart,
    /// Around an announced channel switch.
    ChannelSwitch,
    /// The sensor dropped packets or was deaf.
    Sensor,
    /// The sensor was on another channel.
    OffChannel,
    /// Cannot be told.
    Unknown,
}

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Users notice.
    Warning,
    /// Users complain.
    Critical,
}

/// Beacons missing in a row.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Outage {
    /// Last beacon before.
    pub from: Nanos,
    /// First beacon after.
    pub to: Nanos,
    /// Beacons lost; by capture time where the AP's clock broke.
    pub lost: u64,
    /// By length.
    pub severity: Severity,
    /// Why, as far as the capture tells.
    pub cause: OutageCause,
    /// Frame of the last beacon before.
    pub after_frame: u64,
}

/// Signal strength in dBm.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Signal {
    /// Weakest.
    pub min: f64,
    /// Mean of the dBm figures.
    pub mean: f64,
    /// Strongest.
    pub max: f64,
}

/// Beacon delay in µs.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct BeaconDelay {
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Largest.
    pub max: f64,
}

/// One station.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Station {
    /// Address.
    pub mac: String,
    /// Last BSS that it used.
    pub bssid: Option<String>,
    /// Frames that it sent.
    pub frames: u64,
    /// Of its data and management frames, sent again.
    pub retry_percent: Option<f64>,
    /// Of frames that it sent.
    pub signal_dbm: Option<Signal>,
    /// QoS data of access category voice (TID 6 and 7).
    pub voice: VoiceFrames,
    /// Moves from one BSS to another.
    pub roams: Vec<Roam>,
}

/// Voice frames of a station.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct VoiceFrames {
    /// Sent.
    pub frames: u64,
    /// Sent again.
    pub retries: u64,
}

/// A move of a station.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Roam {
    /// Frame of the (re)association or authentication that began it.
    pub frame: u64,
    /// Its time.
    pub at: Nanos,
    /// Old BSS.
    pub from: Option<String>,
    /// New BSS.
    pub to: String,
    /// Last data frame in the old to the first in the new, ms.
    pub gap_ms: Option<f64>,
}

/// Something that a person should look at.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Kind, stable for scripts: `bad_mos`, `one_way_audio`, `high_loss`, ...
    pub kind: String,
    /// One line.
    pub title: String,
    /// One or two sentences: what, why, how bad.
    pub detail: String,
    /// Frames to look at, at most 16.
    pub frames: Vec<u64>,
    /// A Wireshark display filter that shows them.
    pub filter: String,
    /// What it is about.
    pub about: About,
}

/// What a finding is about.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct About {
    /// Call id.
    pub call: Option<u32>,
    /// Stream id.
    pub stream: Option<u32>,
    /// BSSID.
    pub bssid: Option<String>,
}
