//! What was read: the report's `capture`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::packet::Nanos;

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
