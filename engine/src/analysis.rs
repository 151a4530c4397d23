//! The engine itself: decodes each packet once and hands what is in it to the tracker that owns it.

use crate::config::Config;
use crate::decode::tcp::SipStreams;
use crate::decode::{Decoder, Item};
use crate::facts::FrameFacts;
use crate::model::Report;
use crate::observation::Observed;
use crate::packet::{Context, Nanos, Packet, Transport};
use crate::{rtp, sip, wifi};

/// Packets in, facts and a report out.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    decoder: Decoder,
    tcp: SipStreams,
    trackers: Trackers,
    frames: u64,
    first: Option<Nanos>,
    last: Nanos,
}

/// The trackers that own traffic; apart from the decoder so that its items can be handed over while it runs.
#[derive(Debug)]
struct Trackers {
    sip: sip::Tracker,
    rtp: rtp::Tracker,
    wifi: wifi::Tracker,
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
                wifi: wifi::Tracker::new(&config),
            },
            config,
            frames: 0,
            first: None,
            last: Nanos::default(),
        }
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Takes the next packet of the capture.
    pub fn packet(&mut self, packet: &Packet<'_>) -> FrameFacts {
        self.tick(packet.at);
        let Self { decoder, tcp, trackers, .. } = self;
        let mut facts = FrameFacts::default();
        decoder.decode(packet, |item| match item {
            Item::Udp { cx, payload, wire_len } => trackers.datagram(&cx, payload, wire_len, &mut facts),
            Item::Tcp { cx, sequence, flags, payload } => {
                tcp.segment(&cx, sequence, flags, payload, |cx, message| {
                    trackers.sip(cx, Transport::Tcp, message, &mut facts);
                });
            }
            Item::Dot11 { cx, radio, frame } => {
                facts.beacon = trackers.wifi.frame(&cx, &radio, frame).or(facts.beacon);
            }
        });
        facts
    }

    fn tick(&mut self, at: Nanos) {
        self.frames += 1;
        self.first.get_or_insert(at);
        self.last = self.last.max(at);
    }

    /// The sensor says that it dropped `packets` on `interface` up to `at`.
    pub fn sensor_dropped(&mut self, interface: u32, at: Nanos, packets: u64) {
        self.trackers.wifi.sensor_dropped(interface, at, packets);
    }

    /// Takes what a tshark export tells about one frame.
    pub fn observe(&mut self, _observed: &Observed<'_>) -> FrameFacts {
        FrameFacts::default()
    }
}

impl Trackers {
    fn datagram(&mut self, cx: &Context, payload: &[u8], wire_len: usize, facts: &mut FrameFacts) {
        match self.rtp.datagram(cx, payload, wire_len) {
            rtp::Verdict::Rtp { stream, call, facts: figures } => {
                facts.stream = (stream != 0).then_some(stream);
                facts.call = call.or(facts.call);
                facts.rtp = Some(figures);
            }
            rtp::Verdict::Rtcp { call } => facts.call = call.or(facts.call),
            rtp::Verdict::NotMedia if sip::looks_like_sip(payload) => {
                self.sip(cx, Transport::Udp, payload, facts);
            }
            rtp::Verdict::NotMedia => {}
        }
    }

    fn sip(&mut self, cx: &Context, transport: Transport, message: &[u8], facts: &mut FrameFacts) {
        let Some(outcome) = self.sip.message(cx, transport, message) else { return };
        facts.call = outcome.call.or(facts.call);
        for announcement in &outcome.announcements {
            self.rtp.announce(announcement);
        }
    }
}

/// How the caller describes where the packets came from; the engine does no I/O.
#[derive(Clone, Debug, Default)]
pub struct SourceInfo {
    /// Files, with their warnings.
    pub files: Vec<crate::model::File>,
    /// Packets that the sensor dropped, where it says.
    pub dropped_by_sensor: Option<u64>,
    /// What an export lacked.
    pub missing_fields: Vec<String>,
}

impl Engine {
    /// The report of everything so far.
    #[must_use]
    pub fn report(&self, _source: SourceInfo) -> Report {
        unimplemented!("assembled once the trackers are there")
    }
}
