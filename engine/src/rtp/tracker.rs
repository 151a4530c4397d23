//! All RTP streams of a capture: which datagram belongs to which, and what SDP adds.

mod beside;

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::arrival::Arrival;
use super::detect::{self, Probation};
use super::endpoints::Endpoints;
use super::events::Allowance;
use super::plain::{Key, Plain};
use super::stream::{Outcome, Settings, Stream};
use super::watch::Watch;
use super::{Header, Verdict, header, wireshark};
use crate::config::Config;
use crate::facts::RtpFacts;
use crate::media::Announcement;
use crate::packet::{Context, Endpoint, Nanos};

/// Table entries of endpoints per stream that may be open.
const ENDPOINTS_PER_STREAM: usize = 4;

/// Digits kept over all streams, per stream that may be open.
const DIGITS_PER_STREAM: usize = 8;

/// Streams with one SSRC that RTCP is matched against; the newest ones.
const MAX_SAME_SSRC: usize = 32;

/// Follows every RTP stream of a capture.
#[derive(Debug)]
pub struct Tracker {
    /// Slot of the newest stream with a key.
    pub(super) by_key: HashMap<Key, u32, RandomState>,
    pub(super) slots: Vec<Stream>,
    /// Slots whose stream was dropped.
    free: Vec<u32>,
    by_ssrc: HashMap<u32, Vec<u32>, RandomState>,
    pub(super) endpoints: Endpoints,
    probation: Option<Probation>,
    /// Declared to be RTP; sorted.
    declared: Vec<u16>,
    pub(super) settings: Settings,
    /// Somebody follows the packets beside the streams: `compat` or `watch`.
    is_observed: bool,
    pub(super) watch: Option<Box<Watch>>,
    pub(super) compat: Option<wireshark::Table>,
    pub(super) declared_delay_ms: Option<f64>,
    max_streams: usize,
    last_id: u32,
    /// How often [`Self::by_key`] was changed.
    pub(super) openings: u64,
    evicted: u64,
}

impl Tracker {
    /// With the settings and bounds of `config`.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let max_streams = config.max_streams.clamp(1, u32::MAX as usize / 2);
        Self {
            by_key: HashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            by_ssrc: HashMap::default(),
            endpoints: Endpoints::new(max_streams.saturating_mul(ENDPOINTS_PER_STREAM)),
            declared: config.rtp_ports.clone(),
            probation: config.rtp_heuristic.then(|| Probation::new(config.max_candidates)),
            settings: Settings {
                buffer: config.jitter_buffer,
                idle: config.stream_idle.0,
                interval_points: config.interval_points,
                digits: Allowance::new(max_streams.saturating_mul(DIGITS_PER_STREAM)),
            },
            is_observed: config.compat.is_some(),
            watch: None,
            compat: config.compat.map(|version| wireshark::Table::new(version, max_streams)),
            declared_delay_ms: config.declared_delay_ms,
            max_streams,
            last_id: 0,
            openings: 0,
            evicted: 0,
        }
    }

    /// From now on, what a UDP port sends and receives is RTP.
    pub fn declare(&mut self, port: u16) {
        if let Err(place) = self.declared.binary_search(&port) {
            self.declared.insert(place, port);
        }
    }

    /// Time of the capture's first frame, whatever it holds. Wireshark counts from it; without this call,
    /// the first RTP packet is taken instead, and its figures may differ in the last bit.
    pub fn capture_started(&mut self, at: Nanos) {
        if let Some(compat) = &mut self.compat {
            compat.capture_started(at);
        }
    }

    /// From now on the packets of these streams are kept for [`Tracker::heard`].
    pub fn watch(&mut self, streams: impl IntoIterator<Item = u32>) {
        self.watch = Some(Box::new(Watch::new(streams)));
        self.is_observed = true;
    }

    /// SDP has announced media. Streams already running from or to it take over payload types and call at
    /// their next packet.
    pub fn announce(&mut self, announcement: &Announcement) {
        for slot in self.endpoints.announce(announcement) {
            if let Some(stream) = self.slots.get_mut(slot as usize) {
                stream.stale = true;
            }
        }
    }

    /// Takes one UDP payload. `wire_len`: its length on the wire, when the capture cut it.
    pub fn datagram(&mut self, cx: &Context, payload: &[u8], wire_len: usize) -> Verdict {
        if Plain::is(payload)
            && let Some(plain) =
                Plain::new((cx.frame, cx.at, cx.path), (cx.source, cx.destination), payload, wire_len)
        {
            return self.plain(&plain);
        }
        self.closely(cx, payload, wire_len)
    }

    /// Takes a datagram that is RTP or nothing.
    #[inline(always)]
    pub(crate) fn plain(&mut self, plain: &Plain) -> Verdict {
        let Plain { key, arrival } = plain;
        match self.by_key.get(key) {
            Some(&slot) => self.take(slot, *key, arrival),
            None => self.unknown(*key, arrival, true),
        }
    }

    /// Takes any UDP payload.
    #[inline(never)]
    fn closely(&mut self, cx: &Context, payload: &[u8], wire_len: usize) -> Verdict {
        let Some(&[flags, kind]) = payload.first_chunk() else { return Verdict::NotMedia };
        if flags >> 6 != 2 {
            self.key_exchange(cx, payload);
            return Verdict::NotMedia;
        }
        if (192..=223).contains(&kind)
            && let Some(verdict) = self.maybe_rtcp(cx, payload, wire_len)
        {
            return verdict;
        }
        let Some(parsed) = header::parse(payload, wire_len) else { return Verdict::NotMedia };
        let arrival = Arrival::new(cx, parsed.header, Some(parsed.payload_len), parsed.payload);
        let key = Key::new(cx.source, cx.destination, parsed.header.ssrc);
        if let Some(&slot) = self.by_key.get(&key) {
            return self.take_again(slot, key, &arrival);
        }
        self.unknown(key, &arrival, parsed.consistent)
    }

    /// Takes an RTP packet of which only the header (and perhaps the first payload bytes) is known.
    /// Somebody else has found it to be RTP, so there is no probation.
    pub fn header(
        &mut self,
        cx: &Context,
        header: &Header,
        payload_len: Option<u16>,
        payload: &[u8],
    ) -> Verdict {
        let arrival = Arrival::new(cx, *header, payload_len, payload);
        let key = Key::new(cx.source, cx.destination, header.ssrc);
        match self.by_key.get(&key) {
            Some(&slot) => self.take_again(slot, key, &arrival),
            None => self.begin(key, (cx.source, cx.destination), &arrival),
        }
    }

    /// Streams that were closed early because the table was full.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Unannounced flows that were forgotten before they could show what they are.
    #[must_use]
    pub fn candidates_dropped(&self) -> u64 {
        self.probation.as_ref().map_or(0, Probation::dropped)
    }

    /// Endpoints of media whose announcements were forgotten because there were too many.
    #[must_use]
    pub fn endpoints_dropped(&self) -> u64 {
        self.endpoints.dropped()
    }

    /// Telephone events that were not kept because there were too many.
    #[must_use]
    pub fn digits_dropped(&self) -> u64 {
        self.settings.digits.refused()
    }

    /// [`Self::take`] for the rarer callers, not inlined.
    #[inline(never)]
    fn take_again(&mut self, slot: u32, key: Key, arrival: &Arrival) -> Verdict {
        self.take(slot, key, arrival)
    }

    #[inline(always)]
    fn take(&mut self, slot: u32, key: Key, arrival: &Arrival) -> Verdict {
        let Some(stream) = self.slots.get_mut(slot as usize) else { return Verdict::NotMedia };
        if stream.stale {
            let ends = (stream.rest.source, stream.rest.destination);
            let announced = self.endpoints.announced(ends.0, ends.1);
            if stream.is_left_over(&announced, arrival) {
                stream.stale = false;
                return self.begin(key, ends, arrival);
            }
            stream.announced(announced);
            stream.rest.spoken(arrival, stream.packets);
        }
        match stream.receive(arrival, &self.settings) {
            Outcome::Taken(facts) => {
                let (id, call) = (stream.id, stream.call);
                if self.is_observed {
                    self.note(slot, key, arrival, facts.duplicate);
                }
                verdict(id, call, facts)
            }
            Outcome::Restart => self.restart(slot, key, arrival),
        }
    }

    /// The sender has started anew: another stream with the same addresses and SSRC.
    #[cold]
    fn restart(&mut self, slot: u32, key: Key, arrival: &Arrival) -> Verdict {
        let stream = &mut self.slots[slot as usize];
        let ends = (stream.rest.source, stream.rest.destination);
        let pending = stream.release_pending(arrival);
        let mut pending = pending.iter();
        let Some(first) = pending.next() else { return self.begin(key, ends, arrival) };
        // Pending packets have been compared when they came.
        let slot = self.open(key, ends, first);
        let settings = self.settings.clone();
        let stream = &mut self.slots[slot as usize];
        if let Some(watch) = &mut self.watch {
            watch.packet(stream, first);
        }
        for held in pending {
            let outcome = stream.receive(held, &settings);
            if let (Some(watch), Outcome::Taken(RtpFacts { duplicate: false, .. })) =
                (&mut self.watch, outcome)
            {
                watch.packet(stream, held);
            }
        }
        self.take_again(slot, key, arrival)
    }

    /// A flow without a stream: announced, or on probation. `consistent`: see [`header::Parsed`].
    #[cold]
    fn unknown(&mut self, key: Key, arrival: &Arrival, consistent: bool) -> Verdict {
        let ends = key.ends();
        let is_declared = |end: Endpoint| self.declared.binary_search(&end.port).is_ok();
        if self.endpoints.expects(ends.0, ends.1, arrival.header.payload_type)
            || is_declared(ends.0)
            || is_declared(ends.1)
        {
            return self.begin(key, ends, arrival);
        }
        let Some(probation) = &mut self.probation else { return Verdict::NotMedia };
        if !consistent || !detect::is_plausible(ends, arrival) {
            return Verdict::NotMedia;
        }
        let Some(held) = probation.packet(key, arrival) else { return Verdict::NotMedia };
        let mut held = held.iter();
        let Some(first) = held.next() else { return Verdict::NotMedia };
        let mut verdict = self.begin(key, ends, first);
        for arrival in held {
            if let Some(&slot) = self.by_key.get(&key) {
                verdict = self.take_again(slot, key, arrival);
            }
        }
        verdict
    }

    /// Opens a stream with its first packet.
    fn begin(&mut self, key: Key, ends: (Endpoint, Endpoint), arrival: &Arrival) -> Verdict {
        let slot = self.open(key, ends, arrival);
        if self.is_observed {
            self.note(slot, key, arrival, false);
        }
        let stream = &self.slots[slot as usize];
        verdict(stream.id, stream.call, RtpFacts::default())
    }

    fn open(&mut self, key: Key, ends: (Endpoint, Endpoint), arrival: &Arrival) -> u32 {
        if self.slots.len() >= self.max_streams && self.free.is_empty() {
            self.evict();
        }
        self.last_id = self.last_id.saturating_add(1);
        self.openings += 1;
        let announced = self.endpoints.announced(ends.0, ends.1);
        let mut stream = Stream::new(self.last_id, ends, arrival, announced, &self.settings);
        if self.watch.as_ref().is_some_and(|watch| watch.wants(self.last_id)) {
            stream.rest.late_log = Some(Vec::new());
        }
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = stream;
            slot
        } else {
            self.slots.push(stream);
            (self.slots.len() - 1) as u32
        };
        self.by_key.insert(key, slot);
        self.endpoints.attach(ends.0, slot, arrival.at);
        self.endpoints.attach(ends.1, slot, arrival.at);
        let same = self.by_ssrc.entry(arrival.header.ssrc).or_default();
        if same.len() >= MAX_SAME_SSRC {
            same.remove(0);
        }
        same.push(slot);
        slot
    }

    /// Drops the longest idle streams, a sixteenth at once, so that the search for them pays off.
    #[cold]
    fn evict(&mut self) {
        let n = (self.slots.len() / 16).max(1);
        let mut order: Vec<u32> = (0..self.slots.len() as u32).collect();
        let age = |slot: &u32| (self.slots[*slot as usize].last_at, self.slots[*slot as usize].id);
        order.select_nth_unstable_by_key(n - 1, age);
        order.truncate(n);
        order.sort_unstable_by_key(|slot| std::cmp::Reverse(age(slot)));
        for &slot in &order {
            let stream = &mut self.slots[slot as usize];
            let (id, rest) = (std::mem::take(&mut stream.id), &stream.rest);
            let key = Key::new(rest.source, rest.destination, rest.ssrc);
            if self.by_key.get(&key) == Some(&slot) {
                self.by_key.remove(&key);
            }
            if let Some(same) = self.by_ssrc.get_mut(&rest.ssrc) {
                same.retain(|&other| other != slot);
                if same.is_empty() {
                    self.by_ssrc.remove(&rest.ssrc);
                }
            }
            self.evicted += u64::from(id != 0);
        }
        self.free = order;
    }

    /// A packet that a stream has taken, for those who follow it beside the stream.
    #[cold]
    fn note(&mut self, slot: u32, key: Key, arrival: &Arrival, is_duplicate: bool) {
        if let (Some(watch), Some(stream), false) =
            (&mut self.watch, self.slots.get(slot as usize), is_duplicate)
        {
            watch.packet(stream, arrival);
        }
        if self.compat.is_some() {
            self.compare(slot, key, arrival);
        }
    }

    #[cold]
    fn compare(&mut self, slot: u32, key: Key, arrival: &Arrival) {
        let (Some(compat), Some(stream)) = (&mut self.compat, self.slots.get(slot as usize)) else { return };
        if !arrival.at.is_known() {
            return;
        }
        let known = stream.rest.types.get(arrival.header.payload_type);
        compat.packet(key, arrival.at, &arrival.header, known.and_then(|known| known.format()));
    }
}

#[inline]
fn verdict(id: u32, call: u32, facts: RtpFacts) -> Verdict {
    Verdict::Rtp { stream: id, call: (call != 0).then_some(call), facts }
}
