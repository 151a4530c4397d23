//! Payload types of one stream: what each is, how often it came, and the media time per packet.

use std::sync::Arc;

use super::clock;
use super::events::Payload;
use crate::media::{Announcement, MediaKind, PayloadType};

/// Payload types told apart in one stream.
const MAX_TYPES: usize = 16;

/// Timestamp steps told apart in one stream.
const MAX_STEPS: usize = 6;

/// How a payload type takes part in the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Speech or music: jitter, lateness, MOS.
    Audio,
    /// Jitter only.
    Video,
    /// Telephone events: sequence space only.
    Event,
    /// Comfort noise: sequence space only.
    Noise,
    /// Nobody said; the clock may be inferred.
    Unknown,
}

/// Where a payload type's meaning comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Sdp,
    Static,
    Inferred,
}

/// One payload type of a stream.
#[derive(Clone, Debug)]
pub(super) struct Type {
    pub number: u8,
    pub kind: Kind,
    /// 0 while unknown.
    pub clock_hz: u32,
    pub source: Source,
    /// Packets.
    pub packets: u64,
    /// Who announced it.
    pub announced: Option<Arc<Announcement>>,
}

impl Type {
    /// What `announcements` (best first) or RFC 3551 say about `number`; telephone events without
    /// announcement are told by their payload, when `beside_audio`.
    pub fn resolve(
        number: u8,
        announcements: [Option<&Arc<Announcement>>; 2],
        head: &[u8],
        payload_len: Option<u16>,
    ) -> Self {
        for announcement in announcements.into_iter().flatten() {
            if let Some(format) = format_of(announcement, number) {
                return Self::announced(format, announcement);
            }
        }
        let unknown = Self {
            number,
            kind: Kind::Unknown,
            clock_hz: 0,
            source: Source::Inferred,
            packets: 0,
            announced: None,
        };
        if let Some(fixed) = clock::static_type(number) {
            let kind = match (fixed.encoding, fixed.video) {
                ("CN", _) => Kind::Noise,
                (_, true) => Kind::Video,
                (_, false) => Kind::Audio,
            };
            return Self { kind, clock_hz: fixed.clock_hz, source: Source::Static, ..unknown };
        }
        let event = payload_len == Some(4) && Payload::parse(head).is_some_and(Payload::is_plausible_digit);
        if event && number >= 96 { Self { kind: Kind::Event, ..unknown } } else { unknown }
    }

    fn announced(format: &PayloadType, announcement: &Arc<Announcement>) -> Self {
        let is = |name: &str| format.encoding.eq_ignore_ascii_case(name);
        let kind = if is("telephone-event") {
            Kind::Event
        } else if is("CN") {
            Kind::Noise
        } else if announcement.kind == MediaKind::Video {
            Kind::Video
        } else {
            Kind::Audio
        };
        Self {
            number: format.number,
            kind,
            clock_hz: format.clock_hz,
            source: Source::Sdp,
            packets: 0,
            announced: Some(Arc::clone(announcement)),
        }
    }

    /// As SDP describes it.
    pub fn format(&self) -> Option<&PayloadType> {
        format_of(self.announced.as_deref()?, self.number)
    }

    /// Encoding name as SDP or RFC 3551 gives it.
    pub fn encoding(&self) -> Option<&str> {
        let announced = self.format().map(|format| format.encoding.as_str());
        let fallback = || match self.source {
            Source::Inferred if self.kind == Kind::Event => Some("telephone-event"),
            _ => clock::static_type(self.number).map(|fixed| fixed.encoding),
        };
        announced.or_else(fallback)
    }

    /// Carries what people hear or see.
    pub fn is_media(&self) -> bool {
        !matches!(self.kind, Kind::Event | Kind::Noise)
    }
}

fn format_of(announcement: &Announcement, number: u8) -> Option<&PayloadType> {
    announcement.payload_types.iter().find(|format| format.number == number && format.clock_hz > 0)
}

/// The payload types of one stream, in order of appearance.
#[derive(Clone, Debug, Default)]
pub(super) struct Types(Vec<Type>);

impl Types {
    pub fn iter(&self) -> impl Iterator<Item = &Type> {
        self.0.iter()
    }

    pub fn get_mut(&mut self, number: u8) -> Option<&mut Type> {
        self.0.iter_mut().find(|known| known.number == number)
    }

    pub fn get(&self, number: u8) -> Option<&Type> {
        self.0.iter().find(|known| known.number == number)
    }

    /// Adds a type that has just appeared, or takes over what is now known about it.
    pub fn learn(&mut self, resolved: Type) {
        if let Some(known) = self.get_mut(resolved.number) {
            // What the stream itself showed beats a new SDP that no longer mentions the type.
            if resolved.source != Source::Inferred {
                *known = Type { packets: known.packets, ..resolved };
            }
        } else if self.0.len() < MAX_TYPES {
            // Nearly every stream has one type for ever.
            self.0.reserve_exact(1);
            self.0.push(resolved);
        }
    }

    /// The media type of most packets; without any, that of most packets.
    pub fn main(&self) -> Option<&Type> {
        // The first of equals, for which `max_by_key` would give the last.
        let most = |known: &&Type| known.packets;
        self.0
            .iter()
            .rev()
            .filter(|known| known.is_media())
            .max_by_key(most)
            .or_else(|| self.0.iter().rev().max_by_key(most))
    }
}

/// The most frequent timestamp step between neighbours, in constant memory (space saving).
#[derive(Clone, Debug, Default)]
pub(super) struct Steps([(u32, u32); MAX_STEPS]);

impl Steps {
    pub fn add(&mut self, step: u32, times: u32) {
        let known = self.0.iter().position(|&(known, count)| known == step && count > 0);
        let least = || (0..MAX_STEPS).min_by_key(|&slot| self.0[slot].1).unwrap_or(0);
        let slot = &mut self.0[known.unwrap_or_else(least)];
        slot.0 = step;
        slot.1 = slot.1.saturating_add(times);
    }

    /// `None` before there were two neighbours.
    pub fn most_frequent(&self) -> Option<u32> {
        let best = self.0.iter().rev().max_by_key(|&&(_, count)| count)?;
        (best.1 > 0).then_some(best.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Direction, Party};
    use crate::packet::{Endpoint, Nanos};

    fn announcement(kind: MediaKind, formats: &[(u8, &str, u32)]) -> Arc<Announcement> {
        let format = |&(number, encoding, clock_hz): &(u8, &str, u32)| PayloadType {
            number,
            encoding: encoding.to_owned(),
            clock_hz,
            fmtp: String::new(),
        };
        Arc::new(Announcement {
            call: 1,
            party: Party::Caller,
            endpoint: Endpoint::v4([192, 0, 2, 1], 4000),
            rtcp: Endpoint::v4([192, 0, 2, 1], 4001),
            kind,
            direction: Direction::SendRecv,
            payload_types: formats.iter().map(format).collect(),
            ptime_ms: None,
            encrypted: false,
            fax_version: None,
            frame: 1,
            at: Nanos(0),
        })
    }

    #[test]
    fn sdp_beats_the_static_table() {
        let sdp = announcement(MediaKind::Audio, &[(0, "PCMU", 8_000), (101, "telephone-event", 48_000)]);
        let resolve = |number| Type::resolve(number, [Some(&sdp), None], &[], None);
        assert_eq!((resolve(0).kind, resolve(0).source), (Kind::Audio, Source::Sdp));
        assert_eq!((resolve(101).kind, resolve(101).clock_hz), (Kind::Event, 48_000));
        assert_eq!((resolve(8).kind, resolve(8).source), (Kind::Audio, Source::Static));
        assert_eq!((resolve(96).kind, resolve(96).clock_hz), (Kind::Unknown, 0));
        assert_eq!(resolve(13).kind, Kind::Noise);
    }

    #[test]
    fn events_without_sdp_are_told_by_their_payload() {
        let resolve = |head: &[u8], len| Type::resolve(101, [None, None], head, len).kind;
        assert_eq!(resolve(&[5, 10, 0, 160], Some(4)), Kind::Event);
        assert_eq!(resolve(&[5, 10, 0, 160], Some(33)), Kind::Unknown);
        assert_eq!(resolve(&[77, 10, 0, 160], Some(4)), Kind::Unknown);
    }

    #[test]
    fn the_main_type_is_media() {
        let mut types = Types::default();
        for (number, packets) in [(101, 900), (8, 40), (0, 50)] {
            types.learn(Type::resolve(number, [None, None], &[5, 10, 0, 160], Some(4)));
            types.get_mut(number).unwrap().packets = packets;
        }
        assert_eq!(types.main().unwrap().number, 0);
    }

    #[test]
    fn the_most_frequent_step_survives_noise() {
        let mut steps = Steps::default();
        for n in 0..1000 {
            steps.add(if n % 3 == 0 { 10_000 + n } else { 160 }, 1);
        }
        assert_eq!(steps.most_frequent(), Some(160));
        assert_eq!(Steps::default().most_frequent(), None);
    }
}
