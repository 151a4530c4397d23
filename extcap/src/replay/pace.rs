//! When a packet of a replay is due, and the time that it is given.

use std::time::{Duration, Instant, SystemTime};

use airtone_engine::Nanos;

use crate::failure::Failure;

/// How much faster than it was captured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Speed {
    Times(f64),
    AtOnce,
}

impl Speed {
    pub fn parse(text: &str) -> Result<Self, Failure> {
        match text.trim().parse::<f64>() {
            Ok(0.0) => Ok(Self::AtOnce),
            Ok(times) if times > 0.0 && times.is_finite() => Ok(Self::Times(times)),
            _ => Err(Failure::new(format!(
                "speed {text}: give 1 for the pace of the capture, 10 for ten times faster, 0 for all at once"
            ))),
        }
    }
}

/// When the replay began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Time of the first packet.
    pub first: Option<Nanos>,
    /// When it was due.
    began: Instant,
    /// Its new time, when times are shifted.
    wall: Option<Nanos>,
}

impl Clock {
    /// Not running yet.
    pub fn new(is_shifted: bool) -> Self {
        Self { first: None, began: Instant::now(), wall: is_shifted.then(wall_clock) }
    }

    /// The first packet is due now.
    pub fn start(&mut self, at: Nanos) {
        *self = Self { first: Some(at), began: Instant::now(), wall: self.wall.map(|_| wall_clock()) };
    }

    /// Times are those of the replay.
    pub fn is_shifted(&self) -> bool {
        self.wall.is_some()
    }

    /// When a packet is due. The times of all packets count from the first, so that no error adds up.
    pub fn due(&self, at: Nanos, speed: Speed) -> Instant {
        let (Speed::Times(times), Some(first)) = (speed, self.first) else { return self.began };
        let after = at.seconds_since(first) / times;
        let after = Duration::try_from_secs_f64(after).unwrap_or_default();
        self.began.checked_add(after).unwrap_or(self.began)
    }

    /// The time that is written.
    pub fn stamp(&self, at: Nanos) -> Nanos {
        match (self.wall, self.first) {
            (Some(wall), Some(first)) => Nanos(wall.0.saturating_add(at.0.saturating_sub(first.0))),
            _ => at,
        }
    }
}

fn wall_clock() -> Nanos {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
