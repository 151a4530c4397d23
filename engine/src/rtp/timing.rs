//! Arrival against the media clock: jitter (RFC 3550 section 6.4.1), skew, drift, and the fastest recent
//! packet, against which a jitter buffer measures lateness.

use crate::model;
use crate::packet::Nanos;

/// A transit time that jumps by more than this did not come from the network: the sender moved its
/// timestamps. Jitter and drift start over.
const DISCONTINUITY_MS: f64 = 1_000.0;

/// After a pause with a marker, a smaller jump is enough.
const MARKED_DISCONTINUITY_MS: f64 = 200.0;

/// The reference is the fastest packet of the last one to two of these, so that it follows clock drift.
const BUCKET_MS: f64 = 5_000.0;

/// A drift is told from this much media on.
const DRIFT_SPAN_MS: f64 = 10_000.0;

/// What one packet's arrival told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    /// Jitter after this packet, ms.
    pub jitter_ms: f64,
    /// Transit time behind the fastest recent packet, ms; 0 or more.
    pub behind_ms: f64,
    /// Transit time on this stream's scale, ms.
    pub transit_ms: f64,
    /// The sender moved its timestamps here.
    pub discontinuity: bool,
}

/// Where arrival stands against the media clock. Times are ms since the first packet of the segment, a
/// stretch without discontinuity.
#[derive(Clone, Debug)]
pub(super) struct Timing {
    /// Milliseconds per timestamp tick; 0 while the clock is unknown.
    ms_per_tick: f64,
    base: Nanos,
    ticks: i64,
    timestamp: u32,
    previous: f64,
    jitter: f64,
    jitter_min: f64,
    jitter_max: f64,
    jitter_sum: f64,
    jitters: u64,
    skew: f64,
    bucket_min: f64,
    older_min: f64,
    bucket_end: f64,
    line: Line,
    started: bool,
}

impl Timing {
    /// Without a clock.
    pub fn new() -> Self {
        Self {
            ms_per_tick: 0.0,
            base: Nanos(0),
            ticks: 0,
            timestamp: 0,
            previous: 0.0,
            jitter: 0.0,
            jitter_min: f64::INFINITY,
            jitter_max: 0.0,
            jitter_sum: 0.0,
            jitters: 0,
            skew: 0.0,
            bucket_min: f64::INFINITY,
            older_min: f64::INFINITY,
            bucket_end: 0.0,
            line: Line::default(),
            started: false,
        }
    }

    /// The clock becomes known or changes; 0 makes it unknown.
    pub fn set_clock(&mut self, clock_hz: u32) {
        let ms_per_tick = if clock_hz == 0 { 0.0 } else { 1000.0 / f64::from(clock_hz) };
        if ms_per_tick != self.ms_per_tick {
            self.ms_per_tick = ms_per_tick;
            self.started = false;
        }
    }

    /// A clock is known.
    pub fn has_clock(&self) -> bool {
        self.ms_per_tick > 0.0
    }

    /// The next packet in order of arrival. `resumed`: it carries a marker and came after a pause.
    #[inline(always)]
    pub fn packet(&mut self, at: Nanos, timestamp: u32, resumed: bool) -> Step {
        if !self.started {
            return self.begin(at, timestamp);
        }
        self.ticks += i64::from(timestamp.wrapping_sub(self.timestamp).cast_signed());
        self.timestamp = timestamp;
        let arrival = at.0.wrapping_sub(self.base.0) as f64 * 1e-6;
        let media = self.ticks as f64 * self.ms_per_tick;
        let transit = arrival - media;
        let difference = (transit - self.previous).abs();
        if difference > MARKED_DISCONTINUITY_MS && (resumed || difference > DISCONTINUITY_MS) {
            return self.begin(at, timestamp);
        }
        self.previous = transit;
        self.jitter += (difference - self.jitter) / 16.0;
        // Comparisons, not f64::min: nothing here is NaN, and a value that stays need not be written.
        if self.jitter < self.jitter_min {
            self.jitter_min = self.jitter;
        }
        if self.jitter > self.jitter_max {
            self.jitter_max = self.jitter;
        }
        self.jitter_sum += self.jitter;
        self.jitters += 1;
        if transit.abs() > self.skew.abs() {
            self.skew = transit;
        }
        self.line.add(media, transit);
        if arrival >= self.bucket_end {
            self.next_bucket(arrival);
        }
        if transit < self.bucket_min {
            self.bucket_min = transit;
        }
        let reference = if self.older_min < self.bucket_min { self.older_min } else { self.bucket_min };
        Step {
            jitter_ms: self.jitter,
            behind_ms: transit - reference,
            transit_ms: transit,
            discontinuity: false,
        }
    }

    /// See `Stream::touch`.
    #[inline(always)]
    pub fn touch(&self) -> u64 {
        self.previous.to_bits() ^ self.line.n.to_bits() ^ u64::from(self.timestamp)
    }

    #[cold]
    fn begin(&mut self, at: Nanos, timestamp: u32) -> Step {
        let discontinuity = self.started;
        self.started = true;
        self.base = at;
        self.ticks = 0;
        self.timestamp = timestamp;
        self.previous = 0.0;
        self.line.next_segment();
        self.line.add(0.0, 0.0);
        self.bucket_end = BUCKET_MS;
        self.rebase(0.0);
        Step { jitter_ms: self.jitter, behind_ms: 0.0, transit_ms: 0.0, discontinuity }
    }

    #[cold]
    fn next_bucket(&mut self, arrival: f64) {
        let stale = arrival >= self.bucket_end + BUCKET_MS;
        self.older_min = if stale { f64::INFINITY } else { self.bucket_min };
        self.bucket_min = f64::INFINITY;
        self.bucket_end = arrival + BUCKET_MS;
    }

    /// Lateness counts from `transit_ms` on, as when a receiver fills its buffer anew.
    pub fn rebase(&mut self, transit_ms: f64) {
        self.bucket_min = transit_ms;
        self.older_min = f64::INFINITY;
    }

    /// Jitter figures; `None` before there were two packets on a known clock.
    pub fn jitter(&self) -> Option<model::Jitter> {
        (self.jitters > 0).then(|| model::Jitter {
            min: self.jitter_min,
            mean: self.jitter_sum / self.jitters as f64,
            max: self.jitter_max,
            last: self.jitter,
        })
    }

    /// Sum of the jitter after each packet, ms, and how many.
    pub fn jitter_sum(&self) -> (f64, u64) {
        (self.jitter_sum, self.jitters)
    }

    /// Largest deviation of arrival from the media clock since the first packet, ms; positive is late.
    pub fn skew_ms(&self) -> Option<f64> {
        (self.jitters > 0).then_some(self.skew)
    }

    /// By how much the sender's clock is fast against the sensor's, parts per million.
    pub fn drift_ppm(&self) -> Option<f64> {
        self.line.drift_ppm()
    }
}

/// Least squares of transit over media time; keeps the longest segment.
#[derive(Clone, Debug, Default)]
struct Line {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    last_x: f64,
    longest: Option<(f64, f64)>,
}

impl Line {
    #[inline]
    fn add(&mut self, x: f64, y: f64) {
        self.n += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
        self.last_x = x;
    }

    fn next_segment(&mut self) {
        let longest = self.best();
        *self = Self { longest, ..Self::default() };
    }

    /// The longer of this segment and the longest before: span in ms and drift.
    fn best(&self) -> Option<(f64, f64)> {
        let spread = self.n * self.xx - self.x * self.x;
        if self.last_x < self.longest.map_or(DRIFT_SPAN_MS, |(span, _)| span) || spread <= 0.0 {
            return self.longest;
        }
        // Packets that arrive ever later in media time mean a sender that counts too slowly.
        let slope = (self.n * self.xy - self.x * self.y) / spread;
        Some((self.last_x, -slope * 1e6))
    }

    fn drift_ppm(&self) -> Option<f64> {
        self.best().map(|(_, ppm)| ppm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: f64) -> Nanos {
        Nanos((ms * 1e6) as i64)
    }

    fn clocked(hz: u32) -> Timing {
        let mut timing = Timing::new();
        timing.set_clock(hz);
        timing
    }

    #[test]
    fn jitter_of_the_worked_example() {
        let arrivals = [0.0, 20.0, 45.0, 60.0, 80.0, 110.0, 120.0];
        let in_ticks = [0.0, 0.0, 2.5, 4.84375, 4.541016, 9.257202, 13.678627];
        let mut timing = clocked(8_000);
        for (n, (arrival, expected)) in arrivals.into_iter().zip(in_ticks).enumerate() {
            let step = timing.packet(ms(arrival), n as u32 * 160, false);
            assert!((step.jitter_ms * 8.0 - expected).abs() < 1e-6, "packet {n}: {}", step.jitter_ms * 8.0);
        }
        let jitter = timing.jitter().unwrap();
        assert_eq!(jitter.min, 0.0);
        assert_eq!(jitter.last, jitter.max);
    }

    #[test]
    fn drift_and_its_sign() {
        let mut timing = clocked(8_000);
        for n in 0..1000u32 {
            // The sender believes that 20 ms have passed after 19.998: 100 ppm fast.
            timing.packet(ms(f64::from(n) * 19.998), n * 160, false);
        }
        assert!((timing.drift_ppm().unwrap() - 100.0).abs() < 1.0, "{:?}", timing.drift_ppm());
        assert!(timing.skew_ms().unwrap() < -1.9);
    }

    #[test]
    fn no_drift_from_short_streams() {
        let mut timing = clocked(8_000);
        for n in 0..499u32 {
            timing.packet(ms(f64::from(n) * 20.0), n * 160, false);
        }
        assert_eq!(timing.drift_ppm(), None);
    }

    #[test]
    fn timestamp_wrap_is_no_discontinuity() {
        let mut timing = clocked(8_000);
        for n in 0..10u32 {
            let step = timing.packet(ms(f64::from(n) * 20.0), (n * 160).wrapping_sub(800), false);
            assert!(step.jitter_ms.abs() < 1e-9 && !step.discontinuity);
        }
    }

    #[test]
    fn moved_timestamps_start_over_and_leave_no_jitter() {
        let mut timing = clocked(8_000);
        for n in 0..10u32 {
            timing.packet(ms(f64::from(n) * 20.0), n * 160, false);
        }
        let step = timing.packet(ms(5_000.0), 0x8000_0000, true);
        assert!(step.discontinuity);
        assert_eq!((step.jitter_ms, step.behind_ms), (0.0, 0.0));
        assert_eq!(timing.packet(ms(5_020.0), 0x8000_00a0, false).jitter_ms, 0.0);
    }

    #[test]
    fn silence_with_running_timestamps_is_neither_jitter_nor_late() {
        let mut timing = clocked(8_000);
        timing.packet(ms(0.0), 0, false);
        timing.packet(ms(20.0), 160, false);
        let step = timing.packet(ms(4_020.0), 32_160, true);
        assert_eq!((step.jitter_ms, step.behind_ms, step.discontinuity), (0.0, 0.0, false));
    }

    #[test]
    fn the_reference_follows_drift() {
        let mut timing = clocked(8_000);
        let mut worst: f64 = 0.0;
        for n in 0..30_000u32 {
            worst = worst.max(timing.packet(ms(f64::from(n) * 20.004), n * 160, false).behind_ms);
        }
        assert!(worst < 2.1, "200 ppm over ten minutes make 120 ms, over ten seconds 2: {worst}");
    }
}
