//! Where sensors say that they listened, and when.

use std::collections::VecDeque;

use crate::packet::{Nanos, PathId};

const MAX_PATHS: usize = 16;
/// Stays remembered for each sensor: at four a second more than eight minutes. Before that nothing is known to have been heard.
const MAX_STAYS: usize = 2048;

/// A time on one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stay {
    pub mhz: u32,
    pub from: i64,
    /// `i64::MAX` while it lasts.
    pub to: i64,
}

/// The stays of a sensor, in order and apart.
#[derive(Debug, Default)]
pub(super) struct Stays {
    all: VecDeque<Stay>,
}

impl Stays {
    fn note(&mut self, at: i64, mhz: Option<u32>) {
        // A clock that was set back leaves nothing behind it that could be relied on.
        if self.all.back().is_some_and(|last| at < last.from) {
            self.all.clear();
        }
        if let Some(last) = self.all.back_mut().filter(|last| last.to == i64::MAX) {
            if mhz == Some(last.mhz) {
                return;
            }
            last.to = at;
        }
        let Some(mhz) = mhz else { return };
        if self.all.len() == MAX_STAYS {
            self.all.pop_front();
        }
        self.all.push_back(Stay { mhz, from: at, to: i64::MAX });
    }

    /// Those that end behind `time`.
    pub(super) fn around(&self, time: i64) -> impl Iterator<Item = &Stay> {
        let first = self.all.partition_point(|stay| stay.to < time);
        self.all.range(first..)
    }
}

/// What all sensors say.
#[derive(Debug, Default)]
pub(super) struct Listening {
    paths: Vec<(PathId, Stays)>,
}

impl Listening {
    /// The radio behind `path` listens there from `at` on, or nowhere.
    pub(super) fn note(&mut self, path: PathId, at: Nanos, mhz: Option<u32>) {
        if !at.is_known() {
            return;
        }
        let place = self.paths.iter().position(|(id, _)| *id == path).or_else(|| {
            let room = self.paths.len() < MAX_PATHS;
            room.then(|| {
                self.paths.push((path, Stays::default()));
                self.paths.len() - 1
            })
        });
        if let Some((_, stays)) = place.and_then(|place| self.paths.get_mut(place)) {
            stays.note(at.0, mhz);
        }
    }

    /// Whether the sensor behind `path` says where it listens.
    pub(super) fn speaks(&self, path: PathId) -> bool {
        self.paths.iter().any(|(id, _)| *id == path)
    }

    pub(super) fn each(&self) -> impl Iterator<Item = (PathId, &Stays)> {
        self.paths.iter().map(|(path, stays)| (*path, stays))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_end_with_the_next_word() {
        let mut stays = Stays::default();
        for (at, mhz) in [(10, Some(2437)), (20, Some(2437)), (30, None), (32, Some(5180)), (50, Some(2437))]
        {
            stays.note(at, mhz);
        }
        let all: Vec<_> = stays.around(0).map(|stay| (stay.mhz, stay.from, stay.to)).collect();
        assert_eq!(all, [(2437, 10, 30), (5180, 32, 50), (2437, 50, i64::MAX)]);
        assert_eq!(stays.around(40).count(), 2);
        stays.note(5, Some(2412));
        assert_eq!(stays.around(0).count(), 1, "the clock was set back");
    }

    #[test]
    fn memory_is_bounded() {
        let mut listening = Listening::default();
        for n in 0..5_000_u16 {
            listening.note(PathId(n % 100), Nanos(i64::from(n)), Some(u32::from(n)));
            listening.note(PathId(0), Nanos(i64::from(n)), Some(u32::from(n)));
        }
        assert_eq!(listening.each().count(), MAX_PATHS);
        assert!(listening.each().all(|(_, stays)| stays.all.len() <= MAX_STAYS));
    }
}
