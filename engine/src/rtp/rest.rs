//! The part of a stream that only some packets touch.

use std::sync::Arc;

use super::arrival::Arrival;
use super::events::Digits;
use super::feedback::Feedback;
use super::held::Stretch;
use super::interval::History;
use super::paths::Paths;
use super::payloads::{Steps, Types};
use super::stream::{Provisional, Settings};
use super::unclocked::Unclocked;
use super::untimed::MediaTime;
use crate::media::Announcement;
use crate::packet::{Endpoint, Nanos};

/// Frames kept that show the trouble.
const MAX_TROUBLE: usize = 16;

/// What only some packets touch.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    pub source: Endpoint,
    pub destination: Endpoint,
    pub ssrc: u32,
    pub start: Nanos,
    /// Extended sequence number of the first packet.
    pub first: u64,
    pub first_frame: u64,
    pub first_timestamp: u32,
    pub duplicates: u64,
    pub out_of_order: u64,
    pub late: u64,
    /// Late packets from beyond the reorder window.
    pub stragglers: u64,
    pub types: Types,
    pub steps: Steps,
    pub paths: Paths,
    pub digits: Digits,
    pub history: History,
    pub trouble: Vec<u64>,
    pub pending: Vec<(Arrival, Provisional)>,
    pub unclocked: Option<Box<Unclocked>>,
    /// Only where times are unknown.
    pub media: Option<Box<MediaTime>>,
    pub late_run: LateRun,
    /// Extended sequence numbers of late packets, where the stream is watched.
    pub late_log: Option<Vec<u64>>,
    pub feedback: Option<Box<Feedback>>,
    /// What the receiver announced, and what the sender did.
    pub announced: [Option<Arc<Announcement>>; 2],
    pub encrypted: bool,
    /// What came while the sender held the other side.
    pub stretch: Option<Box<Stretch>>,
}

/// Late packets in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LateRun {
    pub first: u64,
    pub fastest_ms: f64,
    pub slowest_ms: f64,
    pub trouble: usize,
}

impl Rest {
    pub fn new((source, destination): (Endpoint, Endpoint), arrival: &Arrival, settings: &Settings) -> Self {
        Self {
            source,
            destination,
            ssrc: arrival.header.ssrc,
            start: arrival.at,
            first: 0x1_0000 + u64::from(arrival.header.sequence),
            first_frame: arrival.frame,
            first_timestamp: arrival.header.timestamp,
            duplicates: 0,
            out_of_order: 0,
            late: 0,
            stragglers: 0,
            types: Types::default(),
            steps: Steps::default(),
            paths: Paths::default(),
            digits: Digits::new(settings.digits.clone()),
            history: History::new(arrival.at, settings.interval_points),
            trouble: Vec::new(),
            pending: Vec::new(),
            unclocked: None,
            media: None,
            late_run: LateRun::default(),
            late_log: None,
            feedback: None,
            announced: [None, None],
            encrypted: false,
            stretch: None,
        }
    }

    pub fn trouble(&mut self, frame: u64) {
        if self.trouble.len() < MAX_TROUBLE && self.trouble.last() != Some(&frame) {
            self.trouble.push(frame);
        }
    }
}
