//! What a caller may decide about an analysis. Every table of the engine is bounded here.

use crate::flow::FlowRequest;
use crate::packet::Nanos;

/// How deep the receiver's jitter buffer is assumed to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum JitterBuffer {
    /// A fixed playout delay in milliseconds (0..=1000).
    Fixed(u16),
    /// Adapts its delay to the observed jitter, between 20 ms and 500 ms.
    Adaptive,
    /// None: every packet that arrives is played.
    None,
}

/// The Wireshark whose RTP arithmetic is reproduced (`--compat`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WiresharkVersion {
    /// 4.0
    V4_0,
    /// 4.2
    V4_2,
    /// 4.4 and 4.6
    V4_4,
}

impl WiresharkVersion {
    /// `4.0`, `4.2` or `4.4`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V4_0 => "4.0",
            Self::V4_2 => "4.2",
            Self::V4_4 => "4.4",
        }
    }
}

/// Settings of an [`crate::Engine`]; the defaults suit a capture of any size on a small machine.
#[derive(Clone, Debug)]
pub struct Config {
    /// The receiver's buffer that decides which packets are late.
    pub jitter_buffer: JitterBuffer,
    /// Reproduce Wireshark's figures beside our own.
    pub compat: Option<WiresharkVersion>,
    /// Find RTP without SDP.
    pub rtp_heuristic: bool,
    /// UDP ports whose datagrams are RTP because somebody says so; sorted.
    pub rtp_ports: Vec<u16>,
    /// One-way mouth-to-ear delay in ms where RTCP does not tell it; `None`: report MOS-LQ only.
    pub declared_delay_ms: Option<f64>,
    /// RTP streams kept at once; the oldest idle one is closed early beyond this.
    pub max_streams: usize,
    /// Unannounced flows under observation at once before they are accepted as RTP.
    pub max_candidates: usize,
    /// SIP calls kept.
    pub max_calls: usize,
    /// SIP registrations kept.
    pub max_registrations: usize,
    /// BSSs kept.
    pub max_bss: usize,
    /// Wi-Fi stations kept.
    pub max_stations: usize,
    /// IP datagrams under reassembly at once.
    pub max_reassemblies: usize,
    /// TCP streams followed for SIP at once.
    pub max_tcp_streams: usize,
    /// Bytes buffered of one TCP direction while a segment or the rest of a message is missing.
    pub max_tcp_buffer: usize,
    /// Points in time for each RTP stream's [`crate::model::Intervals`] and each BSS's
    /// [`crate::model::BeaconIntervals`], at most; 0 keeps none. Each costs 24 bytes of state (4 for a BSS), which come
    /// on top of the budget of a stream.
    pub interval_points: u16,
    /// An RTP stream silent for longer starts anew as another stream.
    pub stream_idle: Nanos,
    /// Keep the messages of calls for ladders; `None`: keep none.
    pub flows: Option<FlowRequest>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            jitter_buffer: JitterBuffer::Fixed(60),
            compat: None,
            rtp_heuristic: true,
            rtp_ports: Vec::new(),
            declared_delay_ms: None,
            max_streams: 100_000,
            max_candidates: 16_384,
            max_calls: 100_000,
            max_registrations: 100_000,
            max_bss: 20_000,
            max_stations: 20_000,
            max_reassemblies: 1_024,
            max_tcp_streams: 4_096,
            max_tcp_buffer: 256 * 1024,
            interval_points: 0,
            stream_idle: Nanos(60 * Nanos::SECOND),
            flows: None,
        }
    }
}
