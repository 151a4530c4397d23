//! The engine itself: decodes each packet once and hands what is in it to the tracker that owns it.

use crate::assemble;
use crate::config::Config;
use crate::decode::inside::Wrapping;
use crate::decode::tcp::SipStreams;
use crate::decode::{Decoder, Item, peel};
use crate::dropped::Dropped;
use crate::facts::FrameFacts;
use crate::flow::Flow;
use crate::model::{File, Report};
use crate::observation::{Observation, Observed};
use crate::packet::{Context, Endpoint, LinkType, Nanos, Packet, PathId, Transport};
use crate::rtp::Plain;
use crate::{fax, rtp, sip, wifi};

/// Packets in, facts and a report out.
#[derive(Debug)]
pub struct Engine {
    pub(crate) config: Config,
    pub(crate) decoder: Decoder,
    pub(crate) tcp: SipStreams,
    pub(crate) trackers: Trackers,
    pub(crate) span: Span,
    pub(crate) dropped_by_sensor: Dropped,
}

/// The trackers that own traffic; apart from the decoder so that its items can be handed over while it runs.
#[derive(Debug)]
pub(crate) struct Trackers {
    pub(crate) sip: sip::Tracker,
    pub(crate) rtp: rtp::Tracker,
    pub(crate) fax: fax::Tracker,
    pub(crate) wifi: wifi::Tracker,
}

/// What a datagram carries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Media {
    /// T.38 of this call.
    Fax { call: u32 },
    /// RTP, RTCP or no media.
    Rtp(rtp::Verdict),
}

/// What the capture covers so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    pub(crate) frames: u64,
    pub(crate) first: Option<Nanos>,
    pub(crate) last: Nanos,
    last_frame: u64,
}

impl Span {
    /// Counts a frame; several observations of one frame are one.
    #[inline]
    pub(crate) fn cover(&mut self, frame: u64, at: Nanos) {
        self.frames += u64::from(frame != self.last_frame);
        self.last_frame = frame;
        let Some(at) = at.known() else { return };
        if self.first.is_none() {
            self.last = at;
            self.first = Some(at);
        }
        self.last = self.last.max(at);
    }

    /// Time of the last frame, unknown where no frame has one.
    pub(crate) fn end(&self) -> Nanos {
        self.first.map_or(Nanos::UNKNOWN, |_| self.last)
    }
}

/// How the caller describes where the packets came from; the engine does no I/O.
#[derive(Clone, Debug, Default)]
pub struct SourceInfo {
    /// Files, with their warnings.
    pub files: Vec<File>,
    /// What an export lacked.
    pub missing_fields: Vec<String>,
}

impl Engine {
    /// A new analysis.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            decoder: Decoder::new(&config),
            tcp: SipStreams::new(&config),
            trackers: Trackers {
                sip: sip::Tracker::new(&config),
                rtp: rtp::Tracker::new(&config),
                fax: fax::Tracker::new(&config),
                wifi: wifi::Tracker::new(&config),
            },
            config,
            span: Span::default(),
            dropped_by_sensor: Dropped::default(),
        }
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Takes the next packet of the capture.
    #[inline(always)]
    pub fn packet(&mut self, packet: &Packet<'_>) -> FrameFacts {
        self.begin(packet.frame, packet.at);
        match Plain::decode(packet, &mut self.decoder) {
            Some(plain) => {
                let mut facts = FrameFacts::default();
                match self.trackers.rtp.plain(&plain) {
                    rtp::Verdict::NotMedia => facts.call = self.trackers.fax.plain(&plain),
                    verdict => media_facts(verdict, &mut facts),
                }
                facts
            }
            None => self.any_packet(packet),
        }
    }

    /// All but the plainest RTP.
    #[inline(never)]
    fn any_packet(&mut self, packet: &Packet<'_>) -> FrameFacts {
        let Self { decoder, tcp, trackers, .. } = self;
        let mut facts = FrameFacts::default();
        decoder.decode(packet, |item| trackers.item(tcp, item, &mut facts));
        if let Some(unreachable) = decoder.unreachable() {
            facts.call = trackers.sip.unreachable(&unreachable).or(facts.call);
        }
        facts
    }

    /// Takes an IP packet that lay in the packet taken last and that somebody else found or decrypted there: `packet` has
    /// the number, time and interface of that one, and the bytes from the IP header on.
    pub fn inside(&mut self, packet: &Packet<'_>, how: Wrapping) -> FrameFacts {
        let Self { decoder, tcp, trackers, .. } = self;
        let packet = Packet { link: LinkType::RAW, ..*packet };
        let mut facts = FrameFacts::default();
        decoder.decode_inside(&packet, how, |item| trackers.item(tcp, item, &mut facts));
        facts
    }

    #[inline]
    pub(crate) fn begin(&mut self, frame: u64, at: Nanos) {
        if self.span.first.is_none() && at.is_known() {
            self.trackers.rtp.capture_started(at);
        }
        self.span.cover(frame, at);
    }

    /// Somebody says that what a UDP port sends and receives is RTP; from now on, as with [`Config::rtp_ports`].
    pub fn declare_rtp(&mut self, port: u16) {
        if let Err(place) = self.config.rtp_ports.binary_search(&port) {
            self.config.rtp_ports.insert(place, port);
        }
        self.trackers.rtp.declare(port);
    }

    /// Takes what a tshark export tells about one frame; the same trackers as for packets.
    pub fn observe(&mut self, observed: &Observed<'_>) -> FrameFacts {
        self.begin(observed.frame, observed.at);
        let Self { tcp, trackers, .. } = self;
        let nowhere = Endpoint::v4([0; 4], 0);
        let cx = Context {
            frame: observed.frame,
            at: observed.at,
            source: observed.source.unwrap_or(nowhere),
            destination: observed.destination.unwrap_or(nowhere),
            path: PathId::default(),
            dscp: 0,
            ip_id: None,
            fragmented: false,
        };
        let mut facts = FrameFacts::default();
        match &observed.what {
            Observation::Datagram { payload } => {
                trackers.datagram(&cx, payload, payload.len(), &mut facts);
            }
            Observation::Segment { sequence, payload } => {
                // The flags are not told: ACK, as all segments but the first have it.
                tcp.segment(&cx, *sequence, 0x10, payload, |cx, message| {
                    trackers.sip(cx, Transport::Tcp, message, &mut facts);
                });
            }
            Observation::Sip { transport, message } => {
                trackers.sip(&cx, *transport, message, &mut facts);
            }
            Observation::Rtp { header, payload_len, payload } => {
                let verdict = trackers.rtp.header(&cx, header, *payload_len, payload);
                media_facts(verdict, &mut facts);
            }
            Observation::Rtcp { payload } => media_facts(trackers.rtp.rtcp(&cx, payload), &mut facts),
            Observation::Dot11 { radio, frame } => {
                facts.beacon = trackers.wifi.frame(&cx, radio, frame);
            }
            Observation::Beacon(beacon) => {
                facts.beacon = trackers.wifi.beacon(observed.frame, observed.at, beacon);
            }
        }
        facts
    }

    /// The sensor says that it dropped `packets` on `interface` since it last said so, up to `at`.
    pub fn sensor_dropped(&mut self, interface: u32, at: Nanos, packets: u64) {
        self.dropped_by_sensor.add(interface, self.span.first, at, packets);
        self.trackers.wifi.sensor_dropped(interface, at, packets);
    }

    /// The messages of the calls that [`Config::flows`] asked for, so far.
    #[must_use]
    pub fn flows(&self) -> Vec<Flow> {
        self.trackers.sip.flows()
    }

    /// The sensor says that from `at` on the radio of `interface` listens to a channel (centre of its primary 20 MHz and
    /// width, MHz), or to none: beacons are then judged only where they could be heard. Notes of an interface come
    /// in order of time, each before the packets that were received after it.
    pub fn listening(&mut self, interface: u32, at: Nanos, channel: Option<(u32, u32)>) {
        let path = self.decoder.path_of_interface(interface);
        self.trackers.wifi.listening(path, at, channel);
    }

    /// The report of everything so far; the analysis may go on after it.
    #[must_use]
    pub fn report(&self, source: SourceInfo) -> Report {
        assemble::report(self, source)
    }
}

impl Engine {
    /// The report at the end of the analysis. Gives the state of the analysis back while the report is made,
    /// so that a large capture does not need room for both.
    #[must_use]
    pub fn into_report(self, source: SourceInfo) -> Report {
        assemble::last_report(self, source)
    }
}

impl Trackers {
    #[inline]
    fn item(&mut self, tcp: &mut SipStreams, item: Item<'_>, facts: &mut FrameFacts) {
        match item {
            Item::Udp { cx, payload, wire_len } => self.datagram(&cx, payload, wire_len, facts),
            Item::Tcp { cx, sequence, flags, payload } => {
                tcp.segment(&cx, sequence, flags, payload, |cx, message| {
                    self.sip(cx, Transport::Tcp, message, facts);
                });
            }
            Item::Dot11 { cx, radio, frame } => {
                facts.beacon = self.wifi.frame(&cx, &radio, frame).or(facts.beacon);
            }
        }
    }

    pub(crate) fn datagram(&mut self, cx: &Context, payload: &[u8], wire_len: usize, facts: &mut FrameFacts) {
        match self.media(cx, payload, wire_len) {
            Media::Fax { call } => facts.call = Some(call),
            Media::Rtp(rtp::Verdict::NotMedia) if sip::looks_like_sip(payload) => {
                self.sip(cx, Transport::Udp, payload, facts);
            }
            Media::Rtp(verdict) => media_facts(verdict, facts),
        }
    }

    /// Fax or RTP. What looks like the plainest RTP is RTP first, as it is on the fast way, which has no more of it than
    /// its beginning.
    pub(crate) fn media(&mut self, cx: &Context, payload: &[u8], wire_len: usize) -> Media {
        if !Plain::is(payload) {
            if let Some(call) = self.fax.datagram(cx, payload, wire_len) {
                return Media::Fax { call };
            }
            return Media::Rtp(self.rtp.datagram(cx, payload, wire_len));
        }
        let verdict = self.rtp.datagram(cx, payload, wire_len);
        let place = (cx.frame, cx.at, cx.path);
        let plain = || Plain::new(place, (cx.source, cx.destination), payload, wire_len);
        match verdict {
            rtp::Verdict::NotMedia => match plain().and_then(|plain| self.fax.plain(&plain)) {
                Some(call) => Media::Fax { call },
                None => Media::Rtp(verdict),
            },
            _ => Media::Rtp(verdict),
        }
    }

    /// Gives what the message belonged to; `None` where it is no SIP.
    #[inline(never)]
    pub(crate) fn sip(
        &mut self,
        cx: &Context,
        transport: Transport,
        message: &[u8],
        facts: &mut FrameFacts,
    ) -> Option<sip::Outcome> {
        if transport == Transport::Tcp && self.hep(cx, message, facts) {
            return None;
        }
        let outcome = self.sip.message(cx, transport, message)?;
        facts.call = outcome.call.or(facts.call);
        for announcement in &outcome.announcements {
            self.rtp.announce(announcement);
            self.fax.announce(announcement);
        }
        Some(outcome)
    }

    /// A HEP message from a TCP stream: what its agent saw, between the addresses where it saw it. False for all else.
    fn hep(&mut self, cx: &Context, message: &[u8], facts: &mut FrameFacts) -> bool {
        let Some(layer) = peel::datagram_as(peel::Format::Hep, message, message.len()) else { return false };
        if let peel::Inner::Datagram { source, destination, payload, wire_len, .. } = layer.inner {
            let cx = Context { source, destination, ..*cx };
            self.datagram(&cx, &payload, wire_len, facts);
        }
        true
    }
}

#[inline(always)]
pub(crate) fn media_facts(verdict: rtp::Verdict, facts: &mut FrameFacts) {
    match verdict {
        rtp::Verdict::Rtp { stream, call, facts: figures } => {
            facts.stream = (stream != 0).then_some(stream);
            facts.call = call.or(facts.call);
            facts.rtp = Some(figures);
        }
        rtp::Verdict::Rtcp { call } => facts.call = call.or(facts.call),
        rtp::Verdict::NotMedia => {}
    }
}
