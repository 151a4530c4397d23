//! The ways by which copies of one stream reached the sensor, so that a mirror's copy is not taken for a
//! duplicate, nor a duplicate for a copy.

use super::playout::WINDOW;
use crate::packet::PathId;

/// Ways told apart for one stream; packets of further ones count as duplicates.
const MAX_PATHS: usize = 16;

/// One way, with its own reorder window.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub id: PathId,
    /// Distinct packets that came this way.
    pub packets: u64,
    newest: u64,
    seen: u128,
}

/// Empty as long as a stream used one way only.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths(Vec<Path>);

impl Paths {
    pub fn iter(&self) -> impl Iterator<Item = &Path> {
        self.0.iter()
    }

    /// A second way appears; until now every packet came by `id`.
    pub fn split(&mut self, id: PathId, packets: u64, newest: u64, seen: u128) {
        self.0.push(Path { id, packets, newest, seen });
    }

    /// A packet with extended sequence number `ext` came by `id`. True when it had come that way before.
    pub fn packet(&mut self, id: PathId, ext: u64) -> bool {
        let position = self.0.iter().position(|path| path.id == id).unwrap_or_else(|| {
            if self.0.len() < MAX_PATHS {
                self.0.push(Path { id, packets: 0, newest: ext.wrapping_sub(1), seen: 0 });
            }
            self.0.len() - 1
        });
        self.0.get_mut(position).is_none_or(|path| path.id != id || path.packet(ext))
    }
}

impl Path {
    fn packet(&mut self, ext: u64) -> bool {
        if ext > self.newest {
            let n = ext - self.newest;
            self.seen = if n < u64::from(WINDOW) { self.seen << n } else { 0 } | 1;
            self.newest = ext;
        } else {
            let back = self.newest - ext;
            if back >= u64::from(WINDOW) || (self.seen >> back) & 1 != 0 {
                return true;
            }
            self.seen |= 1 << back;
        }
        self.packets += 1;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_duplicates() {
        let mut paths = Paths::default();
        paths.split(PathId(0), 10, 100, u128::MAX);
        assert!(!paths.packet(PathId(1), 100), "the other mirror's copy");
        assert!(paths.packet(PathId(1), 100), "the same mirror again");
        assert!(paths.packet(PathId(0), 100));
        assert!(!paths.packet(PathId(1), 99), "overtaken");
        assert!(!paths.packet(PathId(0), 101));
        let packets: Vec<u64> = paths.iter().map(|path| path.packets).collect();
        assert_eq!(packets, [11, 2]);
    }
}
