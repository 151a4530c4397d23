//! From the state of a stream to its row of the report.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use super::mos::{self, Delay, Media, percent};
use super::payloads::{Kind, Source, Type};
use super::plain::Key;
use super::stream::Stream;
use super::tracker::Tracker;
use super::{StreamSummary, relay};
use crate::decode::PathInfo;
use crate::media::{MediaKind, Party};
use crate::model::{self, Copies, Dtmf};
use crate::packet::{Endpoint, Nanos};

/// An SDP that comes so long after the last packet of a stream is about another one.
const SDP_AFTER: i64 = 32 * Nanos::SECOND;

/// Median round trips from the sensor to the receiver, by the addresses of the stream.
type RoundTrips = BTreeMap<(Endpoint, Endpoint), f64>;

/// What a row takes from other streams.
struct Around {
    round_trips: RoundTrips,
    /// By place in the order of ids.
    relays: Vec<Option<u32>>,
}

impl Around {
    fn of(streams: &[&Stream]) -> Self {
        let round_trip = |stream: &&Stream| {
            let ms = stream.rest.feedback.as_ref()?.sensor_to_receiver_ms()?;
            Some(((stream.rest.source, stream.rest.destination), ms))
        };
        Self {
            round_trips: streams.iter().filter_map(round_trip).collect(),
            relays: relay::relayed_from(streams),
        }
    }
}

impl Tracker {
    /// Every stream so far, in the order in which they were found, which is that of their first frames but
    /// for unannounced ones. Ids are positions from 1 until a stream has been dropped for lack of room
    /// ([`Tracker::evicted`]); they never change. `end`: time of the capture's last packet; `first`: of its
    /// first one; `paths`: for the labels of copies.
    #[must_use]
    pub fn streams(&self, _first: Nanos, _end: Nanos, paths: &[PathInfo]) -> Vec<StreamSummary> {
        let mut streams: Vec<&Stream> = self.slots.iter().filter(|stream| stream.id != 0).collect();
        streams.sort_by_key(|stream| stream.id);
        let around = Around::of(&streams);
        let mut compared = HashSet::new();
        let report =
            |(place, stream): (usize, &&Stream)| self.row(stream, place, &around, paths, &mut compared);
        streams.iter().enumerate().map(report).collect()
    }

    /// As [`Tracker::streams`], at the end: the state of each stream is given back as soon as it has its row.
    #[must_use]
    pub fn into_streams(mut self, paths: &[PathInfo]) -> Vec<StreamSummary> {
        let mut streams = std::mem::take(&mut self.slots);
        streams.retain(|stream| stream.id != 0);
        streams.sort_by_key(|stream| stream.id);
        let around = Around::of(&streams.iter().collect::<Vec<_>>());
        let mut compared = HashSet::new();
        let report =
            |(place, stream): (usize, Stream)| self.row(&stream, place, &around, paths, &mut compared);
        let mut rows = Vec::with_capacity(streams.len());
        rows.extend(streams.into_iter().enumerate().map(report));
        rows
    }

    /// The row of the stream at `place` in the order of ids.
    fn row(
        &self,
        stream: &Stream,
        place: usize,
        around: &Around,
        paths: &[PathInfo],
        compared: &mut HashSet<(Endpoint, Endpoint, u32)>,
    ) -> StreamSummary {
        let mut summary = self.summary(stream, &around.round_trips, paths);
        summary.stream.relayed_from = around.relays.get(place).copied().flatten();
        let rest = &stream.rest;
        let key = (rest.source, rest.destination, rest.ssrc);
        if let Some(compat) = self.compat.as_ref().filter(|_| compared.insert(key)) {
            summary.stream.wireshark = compat.figures(&Key::new(key.0, key.1, key.2));
        }
        summary
    }

    fn summary(&self, stream: &Stream, round_trips: &RoundTrips, paths: &[PathInfo]) -> StreamSummary {
        self.figures(&self.resolved(stream), round_trips, paths)
    }

    /// With the SDP that came only after its last packet.
    pub(super) fn resolved<'a>(&self, stream: &'a Stream) -> Cow<'a, Stream> {
        if stream.stale && stream.call == 0 {
            let announced = self.endpoints.announced(stream.rest.source, stream.rest.destination);
            let soon = |at: Nanos| at.0.wrapping_sub(stream.last_at.0) < SDP_AFTER;
            if announced.iter().flatten().any(|announcement| soon(announcement.at)) {
                let mut resolved = stream.clone();
                resolved.announced(announced);
                return Cow::Owned(resolved);
            }
        }
        Cow::Borrowed(stream)
    }

    fn figures(&self, stream: &Stream, round_trips: &RoundTrips, paths: &[PathInfo]) -> StreamSummary {
        let rest = &stream.rest;
        let types = stream.types();
        let main = types.main();
        let clock_hz = main.map(|main| main.clock_hz).filter(|&hz| hz != 0);
        let ptime_ms = ptime_ms(stream, main, clock_hz);
        let encrypted = rest.encrypted || self.endpoints.is_secured([rest.source, rest.destination]);
        let (round_trip_ms, delay) = self.delay(stream, round_trips);

        let media = Media { main, ptime_ms, encrypted };
        let media_packets = types.iter().filter(|known| known.is_media()).map(|known| known.packets).sum();
        let codec = mos::codec_of(stream, media, media_packets);
        let ledger = stream.ledger();
        let judged = main.is_some_and(|main| matches!(main.kind, Kind::Audio | Kind::Unknown));
        let (buffer_curve, best_buffer_ms) = if judged && stream.timing.has_clock() && stream.is_timed() {
            mos::buffer_curve(codec.as_ref().ok().copied(), stream, &ledger)
        } else {
            (Vec::new(), None)
        };
        let report = model::Stream {
            codec: main.and_then(Type::encoding).map(str::to_owned),
            clock_hz,
            clock_source: main.filter(|_| clock_hz.is_some()).map(|main| clock_source(main).into()),
            ptime_ms,
            media: main.and_then(media_name).map(Into::into),
            encrypted,
            payload_types: types.iter().map(|known| known.number).collect(),
            bursts: ledger.bursts().report(ptime_ms.unwrap_or(0.0)),
            mos_worst_interval: codec.as_ref().ok().and_then(|codec| mos::of_worst_interval(codec, stream)),
            intervals: mos::intervals(codec.as_ref().ok().copied(), stream).filter(|_| stream.is_timed()),
            mos: mos::of_stream(codec, stream, &ledger, ptime_ms, &delay),
            buffer_curve,
            best_buffer_ms,
            rtcp: rest.feedback.as_ref().and_then(|told| told.report(clock_hz, round_trip_ms)),
            copies: copies(stream, paths),
            ..counts(stream)
        };
        let receiver = receiver(stream);
        StreamSummary {
            dtmf: digits(stream, receiver, clock_hz),
            stream: report,
            receiver,
            trouble_frames: rest.trouble.clone(),
            held: rest.held(stream.packets),
        }
    }

    /// The round trip between the ends as far as RTCP tells, and the one-way delay that follows.
    fn delay(&self, stream: &Stream, round_trips: &RoundTrips) -> (Option<f64>, Delay) {
        let (source, destination) = (stream.rest.source, stream.rest.destination);
        let to_receiver = round_trips.get(&(source, destination));
        let to_sender = round_trips.get(&(destination, source));
        let (ms, partial) = match (to_receiver, to_sender) {
            (Some(there), Some(here)) => (there + here, false),
            (Some(there), None) => (*there, true),
            _ => return (None, self.declared_delay_ms.map_or(Delay::Unknown, Delay::Declared)),
        };
        (Some(ms), Delay::RoundTrip { half_ms: ms / 2.0, partial })
    }
}

/// What needs no interpretation.
fn counts(stream: &Stream) -> model::Stream {
    let rest = &stream.rest;
    let expected = stream.expected();
    let lost = expected.saturating_sub(stream.packets);
    model::Stream {
        id: stream.id,
        ssrc: format!("0x{:08x}", rest.ssrc),
        source: Some(rest.source),
        destination: Some(rest.destination),
        call: (stream.call != 0).then_some(stream.call),
        first_frame: rest.first_frame,
        last_frame: stream.last_frame,
        start: rest.start,
        duration_s: stream.seconds(),
        packets: stream.packets,
        expected,
        lost,
        lost_percent: percent(lost, expected),
        duplicates: rest.duplicates,
        out_of_order: rest.out_of_order,
        late: stream.is_timed().then_some(rest.late),
        late_percent: stream.is_timed().then(|| percent(rest.late, expected)),
        jitter_ms: stream.timing.jitter(),
        delta_ms: stream.delta_ms(),
        skew_ms: stream.timing.skew_ms(),
        clock_drift_ppm: stream.timing.drift_ppm(),
        ..model::Stream::default()
    }
}

fn ptime_ms(stream: &Stream, main: Option<&Type>, clock_hz: Option<u32>) -> Option<f64> {
    let audio = main.is_some_and(|main| matches!(main.kind, Kind::Audio | Kind::Unknown));
    let step = stream.frequent_step().filter(|&step| audio && step > 0)?;
    clock_hz.map(|hz| f64::from(step) * 1000.0 / f64::from(hz))
}

fn clock_source(main: &Type) -> &'static str {
    match main.source {
        Source::Sdp => "sdp",
        Source::Static => "static",
        Source::Inferred => "inferred",
    }
}

fn media_name(main: &Type) -> Option<&'static str> {
    let fax = main.announced.as_ref().is_some_and(|announced| announced.kind == MediaKind::Fax);
    match main.kind {
        _ if fax => Some("fax"),
        Kind::Audio | Kind::Noise => Some("audio"),
        Kind::Video => Some("video"),
        Kind::Event => Some("event"),
        Kind::Unknown => None,
    }
}

fn receiver(stream: &Stream) -> Option<Party> {
    let [receiver, sender] = &stream.rest.announced;
    let by_sender = || sender.as_ref().map(|announcement| other(announcement.party));
    receiver.as_ref().map(|announcement| announcement.party).or_else(by_sender)
}

fn other(party: Party) -> Party {
    match party {
        Party::Caller => Party::Callee,
        Party::Callee => Party::Caller,
    }
}

fn digits(stream: &Stream, receiver: Option<Party>, clock_hz: Option<u32>) -> Vec<Dtmf> {
    let from = match receiver.filter(|_| stream.call != 0) {
        Some(Party::Caller) => "callee".to_owned(),
        Some(Party::Callee) => "caller".to_owned(),
        None => stream.rest.source.to_string(),
    };
    let event_clock = stream.rest.types.iter().find(|known| known.kind == Kind::Event && known.clock_hz != 0);
    let clock_hz = event_clock.map(|known| known.clock_hz).or(clock_hz);
    let digit = |digit: &super::events::Digit| Dtmf {
        frame: digit.frame,
        at: digit.at,
        from: from.clone(),
        digit: digit.name().to_owned(),
        duration_ms: clock_hz.map(|hz| f64::from(digit.duration) * 1000.0 / f64::from(hz)),
        method: "rfc4733".to_owned(),
    };
    stream.rest.digits.iter().map(digit).collect()
}

/// One row per way to the sensor where there is more than one.
fn copies(stream: &Stream, paths: &[PathInfo]) -> Vec<Copies> {
    let label =
        |id: u16| paths.get(usize::from(id)).map_or_else(|| format!("path {id}"), |p| p.label.clone());
    let copy = |path: &super::paths::Path| Copies {
        path: label(path.id.0),
        packets: path.packets,
        missing: stream.packets.saturating_sub(path.packets),
    };
    stream.rest.paths.iter().map(copy).collect()
}
