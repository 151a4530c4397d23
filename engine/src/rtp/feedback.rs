//! What RTCP told about one stream: loss and jitter at the receiver, round trip, XR VoIP metrics.

use super::rtcp::{Block, VoipMetrics};
use crate::model;
use crate::packet::Nanos;

/// Sender reports remembered to recognise the LSR of the answer.
const SENDER_REPORTS: usize = 8;

/// Round trips kept; beyond, every second one is dropped, and so on.
const ROUND_TRIPS: usize = 64;

/// Frames with VoIP metrics kept.
const XR_FRAMES: usize = 64;

/// The same report again within this is a copy on another way to the sensor.
const COPY_WITHIN: i64 = Nanos::SECOND / 2;

/// A round trip beyond this is a mistake.
const LONGEST_MS: f64 = 10_000.0;

/// A receiver cannot lag further behind, nor run further ahead, of what the sensor saw.
const SEQUENCE_LAG: std::ops::RangeInclusive<i16> = -3_000..=200;

/// What RTCP told about one stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Feedback {
    reports: u64,
    sent: [Option<(u32, Nanos)>; SENDER_REPORTS],
    next: usize,
    round_trips: Vec<f64>,
    stride: u32,
    skipped: u32,
    last: Option<(Block, Nanos)>,
    lost_percent: Option<f64>,
    jitter_ticks: Option<u32>,
    xr: Option<VoipMetrics>,
    xr_frames: Vec<u64>,
}

impl Feedback {
    /// The stream's sender reported.
    pub fn sender_report(&mut self, ntp_middle: u32, at: Nanos) {
        if ntp_middle == 0
            || !at.is_known()
            || self.sent.iter().flatten().any(|&(known, _)| known == ntp_middle)
        {
            return;
        }
        self.sent[self.next] = Some((ntp_middle, at));
        self.next = (self.next + 1) % SENDER_REPORTS;
    }

    /// The stream's receiver reported; `first` and `newest` are the stream's extended sequence numbers.
    /// Reports that do not fit the stream are passed over.
    pub fn block(&mut self, block: Block, at: Nanos, first: u64, newest: u64) {
        let lag = (block.highest as u16).wrapping_sub(newest as u16).cast_signed();
        let copy =
            self.last.is_some_and(|(last, when)| last == block && at.0.wrapping_sub(when.0) < COPY_WITHIN);
        if copy || !SEQUENCE_LAG.contains(&lag) {
            return;
        }
        self.last = Some((block, at));
        self.reports += 1;
        self.jitter_ticks = Some(block.jitter);
        let expected = newest.saturating_add_signed(i64::from(lag)).saturating_sub(first) + 1;
        if u64::from(block.lost.unsigned_abs()) <= expected {
            self.lost_percent = Some(100.0 * f64::from(block.lost.max(0)) / expected as f64);
        }
        self.round_trip(&block, at);
    }

    /// Sensor to receiver and back: from the sender report as it passed here to the answer, less the time
    /// that the receiver kept it (RFC 3550 section 6.4.1).
    fn round_trip(&mut self, block: &Block, at: Nanos) {
        let sent = self.sent.iter().flatten().find(|(ntp, _)| *ntp == block.last_sender_report);
        let Some((_, sent)) = sent else { return };
        let ms = at.millis_since(*sent) - f64::from(block.delay) * 1000.0 / 65_536.0;
        // Rounding to 1/65536 s and a coarse capture clock may give a little less than nothing.
        if !(-5.0..LONGEST_MS).contains(&ms) {
            return;
        }
        self.skipped += 1;
        if self.skipped <= self.stride {
            return;
        }
        self.skipped = 0;
        if self.round_trips.len() >= ROUND_TRIPS {
            let mut index = 0u32;
            self.round_trips.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.stride = self.stride * 2 + 1;
        }
        self.round_trips.push(ms.max(0.0));
    }

    /// An XR VoIP metrics block about the stream.
    pub fn voip_metrics(&mut self, metrics: VoipMetrics, frame: u64) {
        if self.xr_frames.len() < XR_FRAMES {
            self.xr_frames.push(frame);
        }
        let known = self.xr.get_or_insert(metrics);
        known.r_factor = metrics.r_factor.or(known.r_factor);
        known.mos_lq = metrics.mos_lq.or(known.mos_lq);
        known.mos_cq = metrics.mos_cq.or(known.mos_cq);
    }

    /// Median round trip from the sensor to the receiver, ms.
    pub fn sensor_to_receiver_ms(&self) -> Option<f64> {
        let mut sorted = self.round_trips.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }

    /// For the report; `round_trip_ms` joins both sides of the sensor. `None` when nothing fitted.
    pub fn report(&self, clock_hz: Option<u32>, round_trip_ms: Option<f64>) -> Option<model::Rtcp> {
        if self.reports == 0 && self.xr_frames.is_empty() {
            return None;
        }
        let to_ms = |ticks: u32| clock_hz.map(|hz| f64::from(ticks) * 1000.0 / f64::from(hz));
        Some(model::Rtcp {
            reports: self.reports,
            round_trip_ms,
            peer_lost_percent: self.lost_percent,
            peer_jitter_ms: self.jitter_ticks.and_then(to_ms),
            xr_mos_lq: self.xr.and_then(|xr| xr.mos_lq),
            xr_mos_cq: self.xr.and_then(|xr| xr.mos_cq),
            xr_r_factor: self.xr.and_then(|xr| xr.r_factor),
            xr_frames: self.xr_frames.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(highest: u32, lost: i32, lsr: u32, delay: u32) -> Block {
        Block { ssrc: 1, lost, highest, jitter: 80, last_sender_report: lsr, delay }
    }

    fn ms(ms: i64) -> Nanos {
        Nanos(ms * Nanos::MILLI)
    }

    #[test]
    fn round_trip_by_the_sender_report_seen_here() {
        let mut feedback = Feedback::default();
        feedback.sender_report(0x1111, ms(1_000));
        feedback.block(block(150, 2, 0x1111, 65_536 / 2), ms(1_580), 100, 199);
        feedback.block(block(180, 2, 0x2222, 0), ms(9_000), 100, 199);
        assert!((feedback.sensor_to_receiver_ms().unwrap() - 80.0).abs() < 0.01);
        let report = feedback.report(Some(8_000), None).unwrap();
        assert_eq!(report.reports, 2);
        assert_eq!(report.peer_jitter_ms, Some(10.0));
        assert!((report.peer_lost_percent.unwrap() - 200.0 / 81.0).abs() < 1e-9);
    }

    #[test]
    fn nonsense_and_copies_do_not_count() {
        let mut feedback = Feedback::default();
        feedback.block(block(40_000, 7, 0, 0), ms(0), 100, 199);
        assert!(feedback.report(None, None).is_none(), "a sequence number that the stream never had");
        feedback.block(block(199, 500, 0, 0), ms(1), 100, 199);
        feedback.block(block(199, 500, 0, 0), ms(2), 100, 199);
        let report = feedback.report(Some(8_000), None).unwrap();
        assert_eq!((report.reports, report.peer_lost_percent), (1, None), "more lost than expected");
    }

    #[test]
    fn the_sample_of_round_trips_is_bounded() {
        let mut feedback = Feedback::default();
        for n in 0..10_000u32 {
            let at = ms(i64::from(n) * 5_000);
            feedback.sender_report(n + 1, at);
            feedback.block(block(150, 0, n + 1, 0), Nanos(at.0 + 30 * Nanos::MILLI), 100, 199);
        }
        assert!(feedback.round_trips.len() <= ROUND_TRIPS);
        assert_eq!(feedback.sensor_to_receiver_ms(), Some(30.0));
    }
}
