//! Decoded sound on the capture's clock.

use std::collections::HashMap;

use serde::Serialize;

/// Payloads of one stream by the frame that brought them.
pub type Payloads = HashMap<u64, Vec<u8>>;

/// A stretch of sound without a break in the sender's clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// Capture time at which its first sample would have been heard without a buffer, ns since 1970.
    pub at: i64,
    /// Samples per second.
    pub rate: u32,
    /// Linear, mono.
    pub samples: Vec<i16>,
}

impl Run {
    /// Capture time behind its last sample.
    #[must_use]
    pub fn end(&self) -> i64 {
        self.time_of(self.samples.len())
    }

    /// Capture time of a sample.
    #[must_use]
    pub fn time_of(&self, sample: usize) -> i64 {
        let ns = sample as i128 * 1_000_000_000 / i128::from(self.rate.max(1));
        self.at.saturating_add(i64::try_from(ns).unwrap_or(i64::MAX))
    }
}

/// Why a stretch is not what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// Packets that were lost or late, made up for.
    Concealed,
    /// The sender sent nothing (silence suppression, hold), or comfort noise.
    Silence,
    /// Telephone events instead of sound: silence here.
    Event,
}

/// A stretch that is not what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Why.
    pub kind: MarkKind,
    /// Capture time, ns since 1970.
    pub at: i64,
    /// Length, ns.
    pub length: i64,
    /// Packets never received.
    pub lost: u64,
    /// Packets received too late to be played.
    pub late: u64,
    /// RTP sequence number of the first of them.
    pub sequence: u16,
}

/// How the sender's clock went against the capture's, and what was done about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// By how much the sender's clock is fast against the capture's, parts per million.
    pub ppm: f64,
    /// By how much the sound was made longer (shorter where negative), ns.
    pub moved: i64,
    /// Sound that was corrected, ns.
    pub length: i64,
}

/// The sound of one stream.
#[derive(Clone, Debug, Default)]
pub struct Track {
    /// In order of time, apart from each other.
    pub runs: Vec<Run>,
    /// In order of time.
    pub marks: Vec<Mark>,
    /// Packets that were decoded.
    pub played: u64,
    /// Packets never received.
    pub lost: u64,
    /// Packets received too late.
    pub late: u64,
    /// Packets that the codec could not read; silence in their place.
    pub unreadable: u64,
    /// The codecs as named in SDP, in order of appearance, with who decodes them.
    pub decoders: Vec<(String, String)>,
    /// Correction of the sender's clock, of the longest run; `None` where the sound was left as it was decoded.
    pub drift: Option<Drift>,
}

impl Track {
    /// Slots of the stream in whose place something was made up: lost and late ones.
    #[must_use]
    pub fn concealed(&self) -> u64 {
        self.lost + self.late
    }
}
