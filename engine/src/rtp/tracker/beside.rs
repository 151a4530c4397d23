//! What comes beside media: RTCP, matched to the streams that it is about, and the exchange of keys.

use super::Tracker;
use crate::packet::{Context, Endpoint};
use crate::rtp::{Verdict, rtcp};

impl Tracker {
    /// Takes a compound RTCP packet.
    pub fn rtcp(&mut self, cx: &Context, payload: &[u8]) -> Verdict {
        let mut call = self.endpoints.rtcp_call(cx.source, cx.destination);
        for packet in rtcp::packets(payload) {
            let about = match packet {
                rtcp::Packet::Sender { ssrc, ntp_middle, blocks } => {
                    let from = self.stream_between(ssrc, cx.source, cx.destination);
                    if let Some(slot) = from {
                        self.slots[slot].feedback().sender_report(ntp_middle, cx.at);
                    }
                    from.or(self.blocks(cx, blocks))
                }
                rtcp::Packet::Receiver { blocks } => self.blocks(cx, blocks),
                rtcp::Packet::Voip(metrics) => {
                    let about = if metrics.ssrc == metrics.reporter {
                        self.stream_towards(metrics.reporter, cx)
                    } else {
                        self.stream_between(metrics.ssrc, cx.destination, cx.source)
                    };
                    if let Some(slot) = about {
                        self.slots[slot].feedback().voip_metrics(metrics, cx.frame);
                    }
                    about
                }
            };
            let call_of = |slot: usize| Some(self.slots[slot].call).filter(|&call| call != 0);
            call = call.or_else(|| about.and_then(call_of));
        }
        Verdict::Rtcp { call }
    }

    /// Report blocks of one packet; gives the last stream that one was about.
    fn blocks(&mut self, cx: &Context, blocks: &[u8]) -> Option<usize> {
        let mut about = None;
        for block in rtcp::blocks(blocks) {
            let Some(slot) = self.stream_between(block.ssrc, cx.destination, cx.source) else { continue };
            let stream = &mut self.slots[slot];
            let (first, newest) = (stream.rest.first, stream.newest);
            stream.feedback().block(block, cx.at, first, newest);
            about = Some(slot);
        }
        about
    }

    /// The stream with this SSRC from the host of `sender` to that of `receiver`, which are RTCP addresses:
    /// those whose ports belong together go first, then the newest.
    fn stream_between(&self, ssrc: u32, sender: Endpoint, receiver: Endpoint) -> Option<usize> {
        let near = |rtp: u16, rtcp: u16| rtp == rtcp || rtp.checked_add(1) == Some(rtcp);
        let slots = self.by_ssrc.get(&ssrc)?.iter().map(|&slot| slot as usize);
        let between = slots.filter(|&slot| {
            let rest = &self.slots[slot].rest;
            rest.ssrc == ssrc
                && rest.source.octets == sender.octets
                && rest.destination.octets == receiver.octets
        });
        between.max_by_key(|&slot| {
            let rest = &self.slots[slot].rest;
            let ports = near(rest.source.port, sender.port) && near(rest.destination.port, receiver.port);
            (ports, self.slots[slot].id)
        })
    }

    /// The stream that the sender of RTCP receives, by the stream that it sends as `ssrc`.
    fn stream_towards(&self, ssrc: u32, cx: &Context) -> Option<usize> {
        let sent = &self.slots[self.stream_between(ssrc, cx.source, cx.destination)?].rest;
        let slots = self.endpoints.streams(sent.source).iter().map(|&slot| slot as usize);
        let back = slots.filter(|&slot| {
            let rest = &self.slots[slot].rest;
            (rest.source, rest.destination) == (sent.destination, sent.source)
        });
        back.max_by_key(|&slot| self.slots[slot].id)
    }

    /// DTLS and ZRTP beside media mean that the media is encrypted.
    #[cold]
    pub(super) fn key_exchange(&mut self, cx: &Context, payload: &[u8]) {
        let dtls = matches!(payload.first_chunk(), Some([20..=63, 0xfe, 0xfd | 0xff]));
        let zrtp = payload.get(4..8) == Some(b"ZRTP");
        if dtls || zrtp {
            self.endpoints.secure([cx.source, cx.destination]);
        }
    }

    /// RTCP by its second byte; `None` when it is RTP after all, or nothing.
    pub(super) fn maybe_rtcp(&mut self, cx: &Context, payload: &[u8], wire_len: usize) -> Option<Verdict> {
        if rtcp::is_compound(payload, wire_len) {
            return Some(self.rtcp(cx, payload));
        }
        if !rtcp::looks_like(payload) {
            return None;
        }
        // Encrypted: nothing can be read, but it belongs to the call.
        let call = self.endpoints.rtcp_call(cx.source, cx.destination)?;
        Some(Verdict::Rtcp { call: Some(call) })
    }
}
