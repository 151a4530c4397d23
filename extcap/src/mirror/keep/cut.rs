//! Privacy: packets without what was said. RTP ends behind its header; fragments end behind theirs, but for those of
//! datagrams whose first fragment was seen to be SIP. Digits are content too: telephone events end behind the RTP header, and SIP INFO and MESSAGE behind their
//! headers. All are marked as cut by their original length.

use std::collections::VecDeque;

use airtone_engine::decode::{Decoder, Item};
use airtone_engine::{Config, LinkType, Packet, sip};

use crate::source::Received;

/// Cuts packets.
#[derive(Debug)]
pub struct Cut {
    decoder: Decoder,
    frame: u64,
    /// Datagrams in fragments that are SIP, the latest last.
    signalling: VecDeque<Id>,
}

/// Addresses and identification of a datagram in fragments.
type Id = Vec<u8>;

/// Datagrams in fragments that are remembered; the rest of one follows within milliseconds.
const MAX_SIGNALLING: usize = 64;

impl Default for Cut {
    fn default() -> Self {
        Self { decoder: Decoder::new(&Config::default()), frame: 0, signalling: VecDeque::new() }
    }
}

impl Cut {
    /// What may be kept of a packet.
    pub fn cut<'a>(&mut self, link: LinkType, packet: &Received<'a>) -> &'a [u8] {
        self.frame += 1;
        let Received { at, orig_len, bytes, interface, .. } = *packet;
        let interface = u32::try_from(interface).unwrap_or(u32::MAX);
        let packet = Packet { frame: self.frame, at, link, interface, orig_len, bytes };
        let mut end = bytes.len();
        self.decoder.decode(&packet, |item| {
            let (payload, keep) = match &item {
                Item::Udp { payload, wire_len, .. } => (*payload, of_datagram(payload, *wire_len)),
                Item::Tcp { payload, .. } => (*payload, of_segment(payload)),
                Item::Dot11 { .. } => return,
            };
            if let (Some(keep), Some(start)) = (keep, offset(bytes, payload)) {
                end = end.min(start + keep);
            }
        });
        if let Some(fragment) = fragment(link, bytes)
            && !self.is_signalling(&fragment, bytes)
        {
            end = end.min(fragment.headers);
        }
        &bytes[..end]
    }

    fn is_signalling(&mut self, fragment: &Fragment, bytes: &[u8]) -> bool {
        if self.signalling.contains(&fragment.id) {
            return true;
        }
        // Behind the UDP header.
        let starts = fragment.first && bytes.get(fragment.headers + 8..).is_some_and(sip::looks_like_sip);
        if starts {
            self.signalling.truncate(MAX_SIGNALLING - 1);
            self.signalling.push_front(fragment.id.clone());
        }
        starts
    }
}

/// How much of a UDP payload may be kept; `None` for all of it.
fn of_datagram(payload: &[u8], _wire_len: usize) -> Option<usize> {
    if sip::looks_like_sip(payload) {
        return of_segment(payload);
    }
    let [flags, kind, ..] = payload else { return None };
    // Version 2, and not RTCP (RFC 5761 section 4). DTLS, STUN and ZRTP start otherwise.
    if flags >> 6 != 2 || matches!(kind, 192..=223) {
        return None;
    }
    let mut header = 12 + 4 * usize::from(flags & 0x0f);
    if flags & 0x10 != 0 {
        let words = payload.get(header + 2..header + 4).map_or(0, |len| u16::from_be_bytes([len[0], len[1]]));
        header += 4 + 4 * usize::from(words);
    }
    Some(header)
}

/// Bodies of INFO and MESSAGE hold digits and text.
fn of_segment(payload: &[u8]) -> Option<usize> {
    if !payload.starts_with(b"INFO ") && !payload.starts_with(b"MESSAGE ") {
        return None;
    }
    let end = payload.windows(4).position(|four| four == b"\r\n\r\n");
    Some(end.map_or(payload.len(), |end| end + 4))
}

/// Where a payload lies within its packet; `None` when it was put together elsewhere.
fn offset(packet: &[u8], payload: &[u8]) -> Option<usize> {
    let at = (payload.as_ptr() as usize).checked_sub(packet.as_ptr() as usize)?;
    (at + payload.len() <= packet.len()).then_some(at)
}

/// A piece of a datagram.
#[derive(Debug, PartialEq, Eq)]
struct Fragment {
    /// Length of all headers in front of it.
    headers: usize,
    id: Id,
    first: bool,
}

/// The IP fragment in Ethernet or raw IP; `None` for all else.
fn fragment(link: LinkType, bytes: &[u8]) -> Option<Fragment> {
    let mut start = 0;
    if link == LinkType::ETHERNET {
        start = 12;
        while matches!(bytes.get(start..start + 2)?, [0x81, 0x00] | [0x88, 0xa8]) {
            start += 4;
        }
        start += 2;
    }
    let ip = bytes.get(start..)?;
    let (headers, id, offset) = match ip.first()? >> 4 {
        4 if *ip.get(6)? & 0x3f != 0 || *ip.get(7)? != 0 => {
            let id = [ip.get(12..20)?, ip.get(4..6)?].concat();
            (4 * usize::from(ip[0] & 0x0f), id, u16::from_be_bytes([ip[6] & 0x1f, ip[7]]))
        }
        6 if *ip.get(6)? == 44 => {
            let id = [ip.get(8..40)?, ip.get(44..48)?].concat();
            (48, id, u16::from_be_bytes([ip[42], ip[43]]) >> 3)
        }
        _ => return None,
    };
    Some(Fragment { headers: (start + headers).min(bytes.len()), id, first: offset == 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::frame;
    use airtone_engine::Nanos;

    fn kept(payload: &[u8]) -> Vec<u8> {
        let ends = ("192.0.2.1:4000".parse().unwrap(), "192.0.2.2:4002".parse().unwrap());
        let mut bytes = Vec::new();
        assert!(frame::udp(&mut bytes, ends, 0, payload));
        let packet =
            Received { interface: 0, at: Nanos(0), orig_len: bytes.len() as u32, bytes: &bytes, dropped: 0 };
        Cut::default().cut(LinkType::RAW, &packet)[28..].to_vec()
    }

    #[test]
    fn rtp_ends_behind_its_header() {
        let plain = [&[0x80, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3][..], &[0xd5; 160]].concat();
        assert_eq!(kept(&plain), plain[..12]);
        let event = [&[0x80, 0xe5, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3][..], &[5, 0x0a, 0, 160]].concat();
        assert_eq!(kept(&event), event[..12]);
        let extended = [&plain[..12], &[0xbe, 0xde, 0, 1, 0x10, 7, 0, 0], &[0xd5; 160]].concat();
        let extended = [&[0x90][..], &extended[1..]].concat();
        assert_eq!(kept(&extended), extended[..20]);
    }

    #[test]
    fn rtcp_and_sip_stay_but_for_digits_and_text() {
        let report = [0x81, 201, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(kept(&report), report);
        let invite = b"INVITE sip:a SIP/2.0\r\nl: 4\r\n\r\nv=0\n";
        assert_eq!(kept(invite), invite);
        assert_eq!(
            kept(b"INFO sip:a SIP/2.0\r\nl: 8\r\n\r\nSignal=5"),
            b"INFO sip:a SIP/2.0\r\nl: 8\r\n\r\n"
        );
    }

    #[test]
    fn fragments_end_behind_their_headers_unless_they_are_sip() {
        let ip = |id: u8, offset: u8, payload: &[u8]| {
            let more = if offset == 0 { 0x20 } else { 0 };
            let len = 20 + payload.len() as u8;
            let header = [0x45, 0, 0, len, 0, id, more, offset, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
            [&[0; 12][..], &[0x81, 0, 0, 7, 8, 0], &header, payload].concat()
        };
        let mut cut = Cut::default();
        let mut kept = |bytes: &[u8]| {
            let orig_len = bytes.len() as u32;
            let packet = Received { interface: 0, at: Nanos(0), orig_len, bytes, dropped: 0 };
            cut.cut(LinkType::ETHERNET, &packet).len()
        };
        let sip = [&[0; 8][..], b"INVITE sip:a SIP/2.0\r\nX: "].concat();
        let media = [&[0; 8][..], &[0x80; 24]].concat();
        assert_eq!((kept(&ip(1, 0, &sip)), kept(&ip(1, 4, b"rest"))), (38 + sip.len(), 42));
        assert_eq!((kept(&ip(2, 0, &media)), kept(&ip(2, 4, b"rest"))), (38, 38));
    }
}
