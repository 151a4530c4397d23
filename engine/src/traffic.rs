//! An engine that shows what it reads: for a second pass over a capture that wants the packets themselves.

use crate::analysis::{Engine, Media, media_facts};
use crate::decode::Item;
use crate::facts::FrameFacts;
use crate::media::Announcement;
use crate::packet::{Context, Packet, Transport};
use crate::rtp::{Heard, Verdict, header};
use crate::sip;

/// What a piece of traffic turned out to be.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    /// RTP; the stream is the facts' or on probation.
    Rtp(header::Parsed<'a>),
    /// RTCP.
    Rtcp,
    /// A SIP message.
    Sip {
        /// How it came.
        transport: Transport,
        /// Media that it announced for the first time.
        announced: &'a [Announcement],
    },
    /// A UDP datagram with something else.
    Datagram(&'a [u8]),
    /// A TCP segment, before the messages that it completes.
    Segment,
}

/// A piece of traffic that the engine has just taken.
#[derive(Clone, Copy, Debug)]
pub struct Traffic<'a> {
    /// Place and time.
    pub cx: &'a Context,
    /// What it is.
    pub what: What<'a>,
    /// Its bytes as far as they were captured: the payload of the datagram or segment, or the SIP message.
    pub bytes: &'a [u8],
    /// What is known of the frame so far.
    pub facts: FrameFacts,
    /// Frames of the IP fragments that it came in, its own included; empty when it came whole.
    pub fragments: &'a [u64],
}

impl Engine {
    /// From now on [`Self::heard`] tells about these streams, whose ids are those of an earlier report on the
    /// same packets. Memory: some 50 bytes per packet of theirs.
    pub fn watch(&mut self, streams: impl IntoIterator<Item = u32>) {
        self.trackers.rtp.watch(streams);
    }

    /// A watched stream packet by packet, as its receiver's jitter buffer took it.
    #[must_use]
    pub fn heard(&self, stream: u32) -> Option<Heard> {
        self.trackers.rtp.heard(stream)
    }

    /// As [`Engine::packet`], and shows what is in the packet once the engine has taken it. Slower: every packet
    /// goes the long way.
    pub fn packet_with(&mut self, packet: &Packet<'_>, mut sink: impl FnMut(&Traffic<'_>)) -> FrameFacts {
        self.begin(packet.frame, packet.at);
        let Self { decoder, tcp, trackers, .. } = self;
        let mut facts = FrameFacts::default();
        let mut whole: Vec<(Context, Vec<u8>, usize)> = Vec::new();
        decoder.decode(packet, |item| match item {
            // Its fragments are told by the decoder, which is busy.
            Item::Udp { cx, payload, wire_len } if cx.fragmented => {
                whole.push((cx, payload.to_vec(), wire_len));
            }
            Item::Udp { cx, payload, wire_len } => {
                let what = trackers.datagram_with(&cx, payload, wire_len, &mut facts);
                what.show(&cx, payload, &[], facts, &mut sink);
            }
            Item::Tcp { cx, sequence, flags, payload } => {
                if !payload.is_empty() {
                    let what = What::Segment;
                    sink(&Traffic { cx: &cx, what, bytes: payload, facts, fragments: &[] });
                }
                tcp.segment(&cx, sequence, flags, payload, |cx, message| {
                    let mut own = FrameFacts::default();
                    if let Some(outcome) = trackers.sip(cx, Transport::Tcp, message, &mut own) {
                        facts.call = own.call.or(facts.call);
                        let found = Found::Sip(Transport::Tcp, outcome);
                        found.show(cx, message, &[], own, &mut sink);
                    }
                });
            }
            Item::Dot11 { cx, radio, frame } => {
                facts.beacon = trackers.wifi.frame(&cx, &radio, frame).or(facts.beacon);
            }
        });
        for (cx, payload, wire_len) in &whole {
            let what = trackers.datagram_with(cx, payload, *wire_len, &mut facts);
            what.show(cx, payload, decoder.fragments(), facts, &mut sink);
        }
        if let Some(unreachable) = decoder.unreachable() {
            facts.call = trackers.sip.unreachable(&unreachable).or(facts.call);
        }
        facts
    }
}

/// [`What`] with what it borrows.
enum Found<'a> {
    Plain(What<'a>),
    Sip(Transport, sip::Outcome),
}

impl Found<'_> {
    fn show(
        &self,
        cx: &Context,
        bytes: &[u8],
        fragments: &[u64],
        facts: FrameFacts,
        sink: &mut impl FnMut(&Traffic<'_>),
    ) {
        let what = match self {
            Self::Plain(what) => *what,
            Self::Sip(transport, outcome) => {
                What::Sip { transport: *transport, announced: &outcome.announcements }
            }
        };
        sink(&Traffic { cx, what, bytes, facts, fragments });
    }
}

impl crate::analysis::Trackers {
    fn datagram_with<'a>(
        &mut self,
        cx: &Context,
        payload: &'a [u8],
        wire_len: usize,
        facts: &mut FrameFacts,
    ) -> Found<'a> {
        let other = Found::Plain(What::Datagram(payload));
        let verdict = match self.media(cx, payload, wire_len) {
            Media::Fax { call } => {
                facts.call = Some(call);
                return other;
            }
            Media::Rtp(verdict) => verdict,
        };
        match verdict {
            Verdict::NotMedia if sip::looks_like_sip(payload) => {
                let outcome = self.sip(cx, Transport::Udp, payload, facts);
                return outcome.map_or(other, |outcome| Found::Sip(Transport::Udp, outcome));
            }
            Verdict::NotMedia => {
                // A flow on probation is nothing yet, and may be RTP all the same.
                let parsed = header::parse(payload, wire_len).filter(|parsed| parsed.consistent);
                return parsed.map_or(other, |parsed| Found::Plain(What::Rtp(parsed)));
            }
            Verdict::Rtcp { .. } | Verdict::Rtp { .. } => media_facts(verdict, facts),
        }
        match (verdict, header::parse(payload, wire_len)) {
            (Verdict::Rtp { .. }, Some(parsed)) => Found::Plain(What::Rtp(parsed)),
            _ => Found::Plain(What::Rtcp),
        }
    }
}
