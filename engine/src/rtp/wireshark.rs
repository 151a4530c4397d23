//! Wireshark's RTP stream arithmetic (`--compat`), reproduced bit for bit: floating point in its order of
//! operations, integer division of the clock, and what it makes of late packets, duplicates and wraps.
//!
//! Behaviour as observed: 4.0 extends sequence numbers by counting cycles and takes timestamps relative to
//! the first packet; 4.2 takes timestamp steps without regard to their wrap; 4.4 extends both properly.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::plain::Key;
use super::{Header, clock};
use crate::config::WiresharkVersion;
use crate::media::PayloadType;
use crate::model::WiresharkFigures;
use crate::packet::Nanos;

/// Half of the timestamp space.
const HALF: u32 = 1 << 31;

/// The figures of every stream, by addresses and SSRC.
#[derive(Debug)]
pub(super) struct Table {
    version: WiresharkVersion,
    capture_start: Option<Nanos>,
    streams: HashMap<Key, State, RandomState>,
    limit: usize,
}

impl Table {
    pub fn new(version: WiresharkVersion, limit: usize) -> Self {
        Self { version, capture_start: None, streams: HashMap::default(), limit }
    }

    /// Times count from the first frame of the file.
    pub fn capture_started(&mut self, at: Nanos) {
        self.capture_start.get_or_insert(at);
    }

    /// Any RTP packet, duplicates and copies too. `format`: what SDP says about its payload type.
    pub fn packet(&mut self, key: Key, at: Nanos, header: &Header, format: Option<&PayloadType>) {
        let start = *self.capture_start.get_or_insert(at);
        let since = at.0.wrapping_sub(start.0);
        // Seconds and nanoseconds apart, as the rounding depends on it.
        let (seconds, nanos) = (since / Nanos::SECOND, since % Nanos::SECOND);
        let time = seconds as f64 * 1000.0 + nanos as f64 / 1_000_000.0;
        let clock_hz = clock_hz(self.version, header.payload_type, format);
        if let Some(state) = self.streams.get_mut(&key) {
            state.packet(self.version, time, header, clock_hz);
        } else if self.streams.len() < self.limit {
            self.streams.insert(key, State::new(time, header));
        }
    }

    /// As Wireshark prints them.
    pub fn figures(&self, key: &Key) -> Option<WiresharkFigures> {
        self.streams.get(key).map(|state| state.figures(self.version))
    }
}

/// The clock that Wireshark computes with; 0 where it knows none.
fn clock_hz(version: WiresharkVersion, payload_type: u8, format: Option<&PayloadType>) -> u32 {
    if payload_type < 96 {
        return match payload_type {
            // Tables differ from RFC 3551 here and there.
            19 => 0,
            14 | 25 | 26 | 28 | 31..=34 => 90_000,
            known => clock::static_type(known).map_or(0, |known| known.clock_hz),
        };
    }
    let Some(format) = format else { return 0 };
    if starts_with(&format.encoding, "telephone-event") {
        return 0;
    }
    if format.clock_hz != 0 {
        return format.clock_hz;
    }
    match () {
        () if starts_with(&format.encoding, "opus") && version == WiresharkVersion::V4_4 => 48_000,
        () => by_name(&format.encoding),
    }
}

/// Names whose clock is known without SDP telling it.
fn by_name(encoding: &str) -> u32 {
    const NAMES: [(&str, u32); 16] = [
        ("AMR-WB", 16_000),
        ("AMR", 8_000),
        ("G722", 8_000),
        ("G723", 8_000),
        ("G726", 8_000),
        ("G728", 8_000),
        ("G729", 8_000),
        ("GSM", 8_000),
        ("iLBC", 8_000),
        ("PCMA", 8_000),
        ("PCMU", 8_000),
        ("H261", 90_000),
        ("H263", 90_000),
        ("H264", 90_000),
        ("VP8", 90_000),
        ("VP9", 90_000),
    ];
    NAMES.iter().find(|(name, _)| starts_with(encoding, name)).map_or(0, |&(_, clock)| clock)
}

fn starts_with(encoding: &str, name: &str) -> bool {
    encoding.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

/// One stream, times in ms since the first frame.
#[derive(Clone, Debug)]
struct State {
    start_sequence: u64,
    stop_sequence: u64,
    sequence: u16,
    cycles: i64,
    under: bool,
    first_timestamp: u32,
    /// Timestamp of the last packet in time; extended in 4.4.
    timestamp: u64,
    /// Extended numbers of the last packet that arrived, for 4.4.
    extended_sequence: u64,
    extended_timestamp: u64,
    time: f64,
    nominal: f64,
    jitter: f64,
    payload_type: u8,
    total: u64,
    problem: bool,
    delta: Spread,
    jitters: Spread,
}

/// Lowest, mean and highest as Wireshark keeps them: the mean weighs by all packets, skipped ones too.
#[derive(Clone, Copy, Debug)]
struct Spread {
    min: f64,
    mean: f64,
    max: f64,
}

impl Spread {
    const NONE: Self = Self { min: -1.0, mean: 0.0, max: 0.0 };

    fn add(&mut self, value: f64, total: u64) {
        if value > self.max {
            self.max = value;
        }
        if self.min == -1.0 || value < self.min {
            self.min = value;
        }
        let n = total as f64;
        self.mean = (self.mean * (n - 1.0) + value) / n;
    }
}

impl State {
    fn new(time: f64, header: &Header) -> Self {
        let sequence = u64::from(header.sequence);
        let timestamp = u64::from(header.timestamp);
        Self {
            start_sequence: 0x1_0000 + sequence,
            stop_sequence: 0x1_0000 + sequence,
            sequence: header.sequence,
            cycles: 0,
            under: false,
            first_timestamp: header.timestamp,
            timestamp: (1 << 32) + timestamp,
            extended_sequence: 0x1_0000 + sequence,
            extended_timestamp: (1 << 32) + timestamp,
            time,
            nominal: 0.0,
            jitter: 0.0,
            payload_type: header.payload_type,
            total: 1,
            problem: false,
            delta: Spread::NONE,
            jitters: Spread::NONE,
        }
    }

    fn packet(&mut self, version: WiresharkVersion, time: f64, header: &Header, clock_hz: u32) {
        self.extended_sequence = extend(self.extended_sequence, u64::from(header.sequence), 1 << 16);
        self.extended_timestamp = extend(self.extended_timestamp, u64::from(header.timestamp), 1 << 32);
        let in_time = self.in_time(version, header.timestamp);
        if version != WiresharkVersion::V4_4 {
            self.count_cycles(header.sequence, in_time);
        }
        self.check_sequence(header.sequence, in_time);
        let is_noise = |payload_type| matches!(payload_type, 13 | 19);
        let quiet = is_noise(header.payload_type) || is_noise(self.payload_type);
        self.payload_type = header.payload_type;

        let delta = self.advance(version, time, header.timestamp, clock_hz, in_time);
        if !header.marker && !quiet && in_time {
            self.delta.add(delta, self.total);
            if clock_hz != 0 {
                self.jitters.add(self.jitter, self.total);
            }
        }
        self.finish(version, time, header.sequence, in_time);
    }

    fn in_time(&mut self, version: WiresharkVersion, timestamp: u32) -> bool {
        let in_time = if version == WiresharkVersion::V4_4 {
            self.timestamp <= self.extended_timestamp
        } else if self.first_timestamp <= timestamp {
            timestamp - self.first_timestamp < HALF
        } else {
            u64::from(u32::MAX - self.first_timestamp) + u64::from(timestamp) < u64::from(HALF)
        };
        self.problem |= !in_time;
        in_time
    }

    fn count_cycles(&mut self, sequence: u16, in_time: bool) {
        let start = self.start_sequence as u16;
        let stop = self.stop_sequence as u16;
        if in_time && !self.under && (sequence < start || (sequence == 0 && stop == u16::MAX)) {
            self.cycles += 1;
            self.under = true;
        } else if in_time && self.under && sequence > start {
            self.under = false;
        }
    }

    fn check_sequence(&mut self, sequence: u16, in_time: bool) {
        let (last, this) = (i32::from(self.sequence), i32::from(sequence));
        if in_time && (last + 1 == this || (last == 65_535 && this == 0)) {
            self.sequence = sequence;
        } else if in_time && (last + 1 < this || last - this > 0xff00) {
            self.sequence = sequence;
            self.problem = true;
        } else if last + 1 > this {
            self.problem = true;
        }
    }

    /// Jitter and the time since the last packet in time, which it returns.
    fn advance(
        &mut self,
        version: WiresharkVersion,
        time: f64,
        timestamp: u32,
        clock_hz: u32,
        in_time: bool,
    ) -> f64 {
        let delta = time - self.time;
        let per_ms = f64::from(clock_hz / 1000);
        if clock_hz < 1000 || (version == WiresharkVersion::V4_0 && !in_time) {
            return delta;
        }
        let (nominal, difference) = match version {
            WiresharkVersion::V4_0 => {
                let nominal = f64::from(timestamp.wrapping_sub(self.first_timestamp)) / per_ms;
                let expected = self.time + (nominal - self.nominal);
                (nominal, (time - expected).abs())
            }
            WiresharkVersion::V4_2 => {
                let step = i64::from(timestamp) - i64::from(self.timestamp as u32);
                let step = step as f64 / per_ms;
                (self.nominal + step, (delta - step).abs())
            }
            WiresharkVersion::V4_4 => {
                let step = self.extended_timestamp.wrapping_sub(self.timestamp).cast_signed();
                let step = step as f64 / per_ms;
                (self.nominal + step, (delta - step).abs())
            }
        };
        self.jitter = (15.0 * self.jitter + difference) / 16.0;
        self.nominal = nominal;
        delta
    }

    fn finish(&mut self, version: WiresharkVersion, time: f64, sequence: u16, in_time: bool) {
        if in_time {
            self.time = time;
            self.timestamp = self.extended_timestamp;
        }
        if version == WiresharkVersion::V4_4 {
            self.start_sequence = self.start_sequence.min(self.extended_sequence);
            self.stop_sequence = self.stop_sequence.max(self.extended_sequence);
        } else {
            self.stop_sequence = 0x1_0000 + u64::from(sequence);
        }
        self.total += 1;
    }

    fn figures(&self, version: WiresharkVersion) -> WiresharkFigures {
        let span = self.stop_sequence.wrapping_sub(self.start_sequence).cast_signed();
        let expected = span.wrapping_add(self.cycles * 65_536 + 1);
        let lost = expected.wrapping_sub(self.total.cast_signed());
        let lost_percent = if expected == 0 { 0.0 } else { 100.0 * lost as f64 / expected as f64 };
        WiresharkFigures {
            version: version.as_str().to_owned(),
            packets: self.total,
            lost,
            expected,
            lost_percent,
            min_delta_ms: self.delta.min,
            mean_delta_ms: self.delta.mean,
            max_delta_ms: self.delta.max,
            min_jitter_ms: self.jitters.min,
            mean_jitter_ms: self.jitters.mean,
            max_jitter_ms: self.jitters.max,
            problem: self.problem,
        }
    }
}

/// The number nearest to `previous` whose low part is `raw`. Goes round below zero, as unsigned numbers do.
fn extend(previous: u64, raw: u64, modulus: u64) -> u64 {
    let value = (previous & !(modulus - 1)) | raw;
    if value.wrapping_add(modulus / 2) < previous {
        value.wrapping_add(modulus)
    } else if previous.wrapping_add(modulus / 2) < value {
        value.wrapping_sub(modulus)
    } else {
        value
    }
}
