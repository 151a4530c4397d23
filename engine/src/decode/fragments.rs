//! Reassembly of IP fragments, bounded in datagrams, bytes and age.

use std::collections::{HashMap, VecDeque};

use super::{NotDecoded, reason};
use crate::packet::{Nanos, PathId};

/// The longest datagram that IP can carry.
const MAX_DATAGRAM: usize = 65_535;
/// The bound of all waiting datagrams together, in bytes per datagram that there is room for: most are little
/// longer than one frame.
const MEAN_COST: usize = 16 * 1024;
/// How long a datagram may wait for its fragments; RFC 791 suggests 15 s, RFC 8200 60 s.
const MAX_AGE: i64 = 30 * Nanos::SECOND;

/// What the fragments of one datagram have in common. The path is part of it: a mirror's copy of a
/// fragment completes the mirror's copy of the datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub source: [u8; 16],
    pub destination: [u8; 16],
    pub id: u32,
    pub protocol: u8,
    pub path: PathId,
}

/// One fragment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub frame: u64,
    pub at: Nanos,
    /// Of its first byte in the datagram.
    pub offset: usize,
    /// It is not the last one.
    pub more: bool,
    /// IP protocol number of the payload, as this fragment says.
    pub number: u8,
    pub bytes: &'a [u8],
}

#[derive(Debug)]
struct Datagram {
    /// Tells a datagram from a later one with the same key.
    serial: u64,
    first_frame: u64,
    begun: Nanos,
    pieces: u64,
    number: u8,
    /// Known once the last fragment is there.
    len: Option<usize>,
    bytes: Vec<u8>,
    /// What of `bytes` is there: sorted, apart from each other.
    ranges: Vec<(usize, usize)>,
    /// Of its fragments.
    frames: Vec<u64>,
}

impl Datagram {
    /// Takes what is new of a piece. Where pieces overlap, the first one counts.
    fn add(&mut self, piece: &Piece<'_>) {
        self.pieces += 1;
        self.frames.push(piece.frame);
        if piece.offset == 0 {
            self.number = piece.number;
        }
        let (start, end) = (piece.offset, piece.offset + piece.bytes.len());
        if !piece.more {
            self.len.get_or_insert(end);
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        let mut at = start;
        for &(from, to) in self.ranges.iter().filter(|range| range.1 > start && range.0 < end) {
            if at < from {
                self.bytes[at..from].copy_from_slice(&piece.bytes[at - start..from - start]);
            }
            at = at.max(to);
        }
        if at < end {
            self.bytes[at..end].copy_from_slice(&piece.bytes[at - start..]);
        }
        self.merge(start, end);
    }

    fn merge(&mut self, mut start: usize, mut end: usize) {
        self.ranges.retain(|&(from, to)| {
            let apart = to < start || from > end;
            if !apart {
                (start, end) = (start.min(from), end.max(to));
            }
            apart
        });
        let at = self.ranges.partition_point(|range| range.0 < start);
        self.ranges.insert(at, (start, end));
    }

    /// Bytes of memory.
    fn cost(&self) -> usize {
        let frames = self.frames.capacity() * size_of::<u64>();
        self.bytes.capacity() + self.ranges.capacity() * size_of::<(usize, usize)>() + frames
    }

    fn is_whole(&self) -> bool {
        self.len.is_some_and(|len| self.ranges.first().is_some_and(|&(from, to)| from == 0 && to >= len))
    }
}

/// Datagrams of which some fragments are there.
#[derive(Debug)]
pub(super) struct Fragments {
    max: usize,
    serial: u64,
    // Addresses and ids are the sender's choice: a randomly seeded hash.
    datagrams: HashMap<Key, Datagram>,
    /// Oldest first; entries whose serial is gone are left over.
    order: VecDeque<(u64, Key)>,
    /// Bytes of memory that the datagrams take.
    cost: usize,
    /// Fragments that wait now.
    waiting: u64,
    /// Fragments whose datagram was given up.
    given_up: Option<NotDecoded>,
    /// Frames of the fragments of the datagram that was completed last.
    completed: Vec<u64>,
}

impl Fragments {
    /// With room for `max` datagrams.
    pub fn new(max: usize) -> Self {
        Self {
            max: max.max(1),
            serial: 0,
            datagrams: HashMap::new(),
            order: VecDeque::new(),
            cost: 0,
            waiting: 0,
            given_up: None,
            completed: Vec::new(),
        }
    }

    /// Takes a fragment; returns protocol number and payload of the datagram that it completes, or why it
    /// cannot be used.
    pub fn insert(&mut self, key: Key, piece: &Piece<'_>) -> Result<Option<(u8, Vec<u8>)>, &'static str> {
        if piece.offset + piece.bytes.len() > MAX_DATAGRAM {
            return Err(reason::BAD_FRAGMENT);
        }
        self.expire(piece.at);
        if !self.datagrams.contains_key(&key) {
            self.begin(key, piece);
        }
        let Some(datagram) = self.datagrams.get_mut(&key) else { return Ok(None) };
        self.cost -= datagram.cost();
        datagram.add(piece);
        self.cost += datagram.cost();
        self.waiting += 1;
        if !datagram.is_whole() {
            let bound = self.max.saturating_mul(MEAN_COST).max(4 * MAX_DATAGRAM);
            while self.cost > bound && !self.order.is_empty() {
                self.give_up_oldest();
            }
            return Ok(None);
        }
        let Some(mut whole) = self.datagrams.remove(&key) else { return Ok(None) };
        self.cost -= whole.cost();
        self.waiting -= whole.pieces;
        self.drop_left_overs();
        whole.bytes.truncate(whole.len.unwrap_or(usize::MAX));
        self.completed = whole.frames;
        Ok(Some((whole.number, whole.bytes)))
    }

    /// The frames that the datagram came in that was completed last.
    pub fn completed(&self) -> &[u64] {
        &self.completed
    }

    fn begin(&mut self, key: Key, piece: &Piece<'_>) {
        while self.datagrams.len() >= self.max {
            self.give_up_oldest();
        }
        self.serial += 1;
        self.order.push_back((self.serial, key));
        let datagram = Datagram {
            serial: self.serial,
            first_frame: piece.frame,
            begun: piece.at,
            pieces: 0,
            number: piece.number,
            len: None,
            bytes: Vec::new(),
            ranges: Vec::new(),
            frames: Vec::new(),
        };
        self.datagrams.insert(key, datagram);
    }

    fn oldest(&self) -> Option<&Datagram> {
        let (serial, key) = self.order.front()?;
        self.datagrams.get(key).filter(|datagram| datagram.serial == *serial)
    }

    fn expire(&mut self, now: Nanos) {
        while self.oldest().is_some_and(|oldest| now.0.saturating_sub(oldest.begun.0) > MAX_AGE) {
            self.give_up_oldest();
        }
    }

    fn give_up_oldest(&mut self) {
        let Some((serial, key)) = self.order.pop_front() else { return };
        let is_there = self.datagrams.get(&key).is_some_and(|datagram| datagram.serial == serial);
        if is_there && let Some(gone) = self.datagrams.remove(&key) {
            self.cost -= gone.cost();
            self.waiting -= gone.pieces;
            let count = self.given_up.get_or_insert(NotDecoded { packets: 0, first_frame: gone.first_frame });
            count.packets += gone.pieces;
            count.first_frame = count.first_frame.min(gone.first_frame);
        }
        self.drop_left_overs();
    }

    /// Keeps the oldest datagram in front and the order about as long as the table.
    fn drop_left_overs(&mut self) {
        let Self { order, datagrams, .. } = self;
        let is_there =
            |entry: &(u64, Key)| datagrams.get(&entry.1).is_some_and(|datagram| datagram.serial == entry.0);
        while order.front().is_some_and(|front| !is_there(front)) {
            order.pop_front();
        }
        if order.len() > 2 * datagrams.len() + 64 {
            order.retain(is_there);
        }
    }

    /// Fragments whose datagram has not been completed, waiting or given up.
    pub fn incomplete(&self) -> Option<NotDecoded> {
        let waiting =
            self.oldest().map(|oldest| NotDecoded { packets: self.waiting, first_frame: oldest.first_frame });
        match (self.given_up, waiting) {
            (Some(a), Some(b)) => Some(NotDecoded {
                packets: a.packets + b.packets,
                first_frame: a.first_frame.min(b.first_frame),
            }),
            (a, b) => a.or(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: u32) -> Key {
        Key { source: [1; 16], destination: [2; 16], id, protocol: 17, path: PathId(0) }
    }

    fn piece(frame: u64, offset: usize, more: bool, bytes: &[u8]) -> Piece<'_> {
        Piece { frame, at: Nanos(0), offset, more, number: 17, bytes }
    }

    #[test]
    fn any_order_gives_the_datagram() {
        let parts = [(0, true, &b"abcdefgh"[..]), (8, true, b"ijklmnop"), (16, false, b"qr")];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut fragments = Fragments::new(4);
            let results: Vec<_> = order
                .iter()
                .map(|&i| fragments.insert(key(1), &piece(1, parts[i].0, parts[i].1, parts[i].2)).unwrap())
                .collect();
            assert_eq!(results[..2], [None, None]);
            assert_eq!(results[2], Some((17, b"abcdefghijklmnopqr".to_vec())));
            assert_eq!(fragments.incomplete(), None);
            assert!(fragments.datagrams.is_empty() && fragments.order.is_empty());
        }
    }

    #[test]
    fn overlaps_and_duplicates_keep_what_came_first() {
        let mut fragments = Fragments::new(4);
        assert_eq!(fragments.insert(key(1), &piece(1, 8, true, b"IJKLMNOP")), Ok(None));
        assert_eq!(fragments.insert(key(1), &piece(2, 8, true, b"........")), Ok(None));
        assert_eq!(fragments.insert(key(1), &piece(3, 20, false, b"uvwx")), Ok(None));
        let whole = fragments.insert(key(1), &piece(4, 0, true, b"abcdefgh--------qrst++"));
        assert_eq!(whole, Ok(Some((17, b"abcdefghIJKLMNOPqrstuvwx".to_vec()))));
    }

    #[test]
    fn the_table_is_bounded_and_gives_up_the_oldest() {
        let mut fragments = Fragments::new(2);
        for frame in 1..=5 {
            assert_eq!(fragments.insert(key(frame), &piece(frame.into(), 0, true, b"abcdefgh")), Ok(None));
        }
        assert_eq!(fragments.datagrams.len(), 2);
        assert_eq!(fragments.incomplete(), Some(NotDecoded { packets: 5, first_frame: 1 }));
        assert!(fragments.insert(key(5), &piece(6, 8, false, b"i")).unwrap().is_some());
        assert_eq!(fragments.incomplete(), Some(NotDecoded { packets: 4, first_frame: 1 }));
        assert!(fragments.insert(key(1), &piece(7, 8, false, b"i")).unwrap().is_none());
    }

    #[test]
    fn long_datagrams_are_bounded_together() {
        let mut fragments = Fragments::new(100);
        for id in 0..100 {
            assert_eq!(fragments.insert(key(id), &piece(1, 60_000, true, &[1; 1_000])), Ok(None));
        }
        assert!(fragments.cost <= 100 * MEAN_COST, "{}", fragments.cost);
        assert!(fragments.datagrams.len() > 10);
        let costs: usize = fragments.datagrams.values().map(Datagram::cost).sum();
        assert_eq!(costs, fragments.cost);
    }

    #[test]
    fn age_ends_a_datagram() {
        let mut fragments = Fragments::new(9);
        let late = Piece { at: Nanos(MAX_AGE + 1), ..piece(9, 8, false, b"i") };
        assert_eq!(fragments.insert(key(1), &piece(1, 0, true, b"abcdefgh")), Ok(None));
        assert_eq!(fragments.insert(key(1), &late), Ok(None));
        assert_eq!(fragments.incomplete(), Some(NotDecoded { packets: 2, first_frame: 1 }));
    }

    #[test]
    fn left_over_order_entries_do_not_pile_up() {
        let mut fragments = Fragments::new(1000);
        assert_eq!(fragments.insert(key(0), &piece(1, 0, true, b"waits...")), Ok(None));
        for id in 1..10_000 {
            assert_eq!(fragments.insert(key(id), &piece(2, 0, true, b"abcdefgh")), Ok(None));
            assert!(fragments.insert(key(id), &piece(3, 8, false, b"i")).unwrap().is_some());
        }
        assert!(fragments.order.len() < 100);
        assert_eq!(fragments.incomplete(), Some(NotDecoded { packets: 1, first_frame: 1 }));
    }

    #[test]
    fn nothing_reaches_beyond_64_kib() {
        let mut fragments = Fragments::new(4);
        assert_eq!(
            fragments.insert(key(1), &piece(1, 65_528, false, b"12345678")),
            Err(reason::BAD_FRAGMENT)
        );
        assert_eq!(fragments.insert(key(1), &piece(1, 65_528, false, b"1234567")), Ok(None));
    }
}
