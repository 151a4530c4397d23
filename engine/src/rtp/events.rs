//! Telephone events (RFC 4733): one digit per timestamp and event, however many packets tell of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::packet::Nanos;

/// Digits kept per stream.
const MAX_DIGITS: usize = 512;

/// Digits back to which a repeated or overtaken packet is still matched.
const RECENT: usize = 4;

/// A segment this long is full; the event may go on in a next one (RFC 4733 section 2.5.1.3).
const FULL_SEGMENT: u16 = 0xff00;

/// The highest event number that is a DTMF digit or a hook flash.
const LAST_DIGIT: u8 = 16;

/// The four payload bytes of a telephone event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Payload {
    pub event: u8,
    pub end: bool,
    pub reserved: bool,
    /// Timestamp units since the event began.
    pub duration: u16,
}

impl Payload {
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let &[event, flags, d0, d1] = bytes.first_chunk()?;
        let duration = u16::from_be_bytes([d0, d1]);
        Some(Self { event, end: flags & 0x80 != 0, reserved: flags & 0x40 != 0, duration })
    }

    /// Four bytes of an unannounced payload type could be a digit.
    pub fn is_plausible_digit(self) -> bool {
        self.event <= LAST_DIGIT && !self.reserved
    }
}

/// One digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digit {
    /// Event number, 0..=16.
    pub event: u8,
    /// Frame that told of it first.
    pub frame: u64,
    /// Time of that frame.
    pub at: Nanos,
    /// Duration in timestamp units, as far as packets told.
    pub duration: u32,
    timestamp: u32,
    /// Timestamp and duration of the latest segment of a long event.
    segment: (u32, u16),
    end: bool,
}

impl Digit {
    /// `0`-`9`, `*`, `#`, `A`-`D`, `flash`.
    pub fn name(&self) -> &'static str {
        const NAMES: [&str; 17] =
            ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#", "A", "B", "C", "D", "flash"];
        NAMES.get(usize::from(self.event)).copied().unwrap_or("?")
    }

    fn covers(&self, timestamp: u32, event: u8) -> bool {
        self.event == event && (self.timestamp == timestamp || self.segment.0 == timestamp)
    }

    fn continues(&self, timestamp: u32, event: u8) -> bool {
        let (start, duration) = self.segment;
        let next = start.wrapping_add(u32::from(duration));
        self.event == event && !self.end && duration >= FULL_SEGMENT && timestamp == next
    }

    fn take(&mut self, timestamp: u32, payload: Payload) {
        let before = self.segment.0.wrapping_sub(self.timestamp);
        if timestamp == self.segment.0 {
            self.segment.1 = self.segment.1.max(payload.duration);
            self.duration = self.duration.max(before.saturating_add(u32::from(payload.duration)));
        }
        self.end |= payload.end;
    }
}

/// Digits that may still be kept over all streams, and how many were not.
#[derive(Clone, Debug)]
pub(super) struct Allowance(Arc<(AtomicUsize, AtomicUsize)>);

impl Allowance {
    pub fn new(digits: usize) -> Self {
        Self(Arc::new((AtomicUsize::new(digits), AtomicUsize::new(0))))
    }

    /// Digits that were not kept.
    pub fn refused(&self) -> u64 {
        self.0.1.load(Ordering::Relaxed) as u64
    }

    fn take(&self) -> bool {
        let taken = self.0.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if taken.is_err() {
            self.0.1.fetch_add(1, Ordering::Relaxed);
        }
        taken.is_ok()
    }

    fn give_back(&self, digits: usize) {
        self.0.0.fetch_add(digits, Ordering::Relaxed);
    }
}

/// The digits of one stream.
#[derive(Debug)]
pub(super) struct Digits {
    list: Vec<Digit>,
    /// `None` for a copy, which takes no part in the count.
    allowance: Option<Allowance>,
}

impl Clone for Digits {
    fn clone(&self) -> Self {
        Self { list: self.list.clone(), allowance: None }
    }
}

impl Drop for Digits {
    fn drop(&mut self) {
        if let Some(allowance) = &self.allowance {
            allowance.give_back(self.list.len());
        }
    }
}

impl Digits {
    pub fn new(allowance: Allowance) -> Self {
        Self { list: Vec::new(), allowance: Some(allowance) }
    }

    /// The next event packet that was not a duplicate.
    pub fn packet(&mut self, frame: u64, at: Nanos, timestamp: u32, payload: Payload) {
        if payload.event > LAST_DIGIT {
            return;
        }
        let recent = self.list.iter_mut().rev().take(RECENT);
        let digit = recent.into_iter().find_map(|digit| {
            if digit.continues(timestamp, payload.event) {
                digit.segment = (timestamp, 0);
            }
            digit.covers(timestamp, payload.event).then_some(digit)
        });
        if let Some(digit) = digit {
            digit.take(timestamp, payload);
        } else if self.list.len() < MAX_DIGITS && self.allowance.as_ref().is_some_and(Allowance::take) {
            self.list.push(Digit {
                event: payload.event,
                frame,
                at,
                duration: u32::from(payload.duration),
                timestamp,
                segment: (timestamp, payload.duration),
                end: payload.end,
            });
        }
    }

    /// In order of appearance.
    pub fn iter(&self) -> impl Iterator<Item = &Digit> {
        self.list.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(event: u8, end: bool, duration: u16) -> Payload {
        Payload { event, end, reserved: false, duration }
    }

    fn feed(packets: &[(u32, Payload)]) -> Vec<(&'static str, u32)> {
        let mut digits = Digits::new(Allowance::new(100));
        for (n, &(timestamp, payload)) in packets.iter().enumerate() {
            digits.packet(n as u64 + 1, Nanos(n as i64), timestamp, payload);
        }
        digits.iter().map(|digit| (digit.name(), digit.duration)).collect()
    }

    #[test]
    fn the_wire_format() {
        let payload = Payload::parse(&[11, 0x8a, 0x03, 0x20]).unwrap();
        assert_eq!(payload, event(11, true, 800));
        assert!(Payload::parse(&[1, 2, 3]).is_none());
        assert!(!Payload::parse(&[1, 0x4a, 0, 160]).unwrap().is_plausible_digit());
    }

    #[test]
    fn one_digit_however_many_packets() {
        let packets = [
            (1000, event(5, false, 160)),
            (1000, event(5, false, 320)),
            (1000, event(5, true, 480)),
            (1000, event(5, true, 480)),
            (1000, event(5, true, 480)),
            (9000, event(5, false, 160)),
            (9000, event(5, true, 800)),
        ];
        assert_eq!(feed(&packets), [("5", 480), ("5", 800)]);
    }

    #[test]
    fn a_lost_start_or_end_still_gives_the_digit() {
        assert_eq!(feed(&[(1000, event(10, true, 480))]), [("*", 480)]);
        assert_eq!(
            feed(&[(1000, event(1, false, 160)), (3000, event(1, false, 160))]),
            [("1", 160), ("1", 160)]
        );
    }

    #[test]
    fn a_late_packet_does_not_make_a_second_digit() {
        let packets =
            [(1000, event(1, true, 480)), (5000, event(2, false, 160)), (1000, event(1, false, 320))];
        assert_eq!(feed(&packets), [("1", 480), ("2", 160)]);
    }

    #[test]
    fn a_long_event_in_segments_is_one_digit() {
        let packets = [
            (1000, event(0, false, 0xffff)),
            (1000 + 0xffff, event(0, false, 160)),
            (1000 + 0xffff, event(0, true, 1600)),
        ];
        assert_eq!(feed(&packets), [("0", 0xffff + 1600)]);
    }

    #[test]
    fn all_streams_share_the_room_and_give_it_back() {
        let allowance = Allowance::new(3);
        let mut first = Digits::new(allowance.clone());
        (0..5).for_each(|n| first.packet(1, Nanos(0), n * 1000, event(1, true, 480)));
        assert_eq!((first.iter().count(), allowance.refused()), (3, 2));
        drop(first.clone());
        drop(first);
        let mut second = Digits::new(allowance.clone());
        (0..5).for_each(|n| second.packet(1, Nanos(0), n * 1000, event(1, true, 480)));
        assert_eq!((second.iter().count(), allowance.refused()), (3, 4));
    }

    #[test]
    fn tones_above_the_digits_are_no_digits() {
        assert_eq!(feed(&[(1, event(32, false, 160)), (2, event(66, true, 160))]), []);
    }
}
