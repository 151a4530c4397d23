//! A lenient reader of session descriptions (RFC 8866): what RTP and the call flow need, nothing more.

use std::net::IpAddr;

use super::message::split_line;
use super::params::{number, text};
use crate::media::{Direction, MediaKind, PayloadType};
use crate::packet::Endpoint;

/// Media lines kept of one description.
const MAX_MEDIA: usize = 16;
/// Formats kept of one media line.
const MAX_FORMATS: usize = 32;
/// Bytes kept of `a=fmtp`.
const MAX_FMTP: usize = 256;
/// Bytes kept of all `a=fmtp` of one media line together.
const MAX_ALL_FMTP: usize = 1_024;

/// A session description.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sdp {
    /// Session version of the o= line; rises with every change (RFC 3264 section 8).
    pub version: Option<u64>,
    /// Media lines in order.
    pub media: Vec<Media>,
}

/// One media line with its attributes.
#[derive(Clone, Debug, PartialEq)]
pub struct Media {
    /// Kind; `Fax` for T.38 over UDPTL.
    pub kind: MediaKind,
    /// 0 refuses the medium.
    pub port: u16,
    /// c= of the medium, else of the session; the port is [`Self::port`].
    pub endpoint: Option<Endpoint>,
    /// RTP or UDPTL over UDP: something that can be announced.
    pub over_udp: bool,
    /// SAVP, `a=crypto` or `a=fingerprint`.
    pub encrypted: bool,
    /// As the sender sees it.
    pub direction: Direction,
    /// In order of preference; dynamic numbers without rtpmap are left out.
    pub payload_types: Vec<PayloadType>,
    /// `a=ptime` in ms.
    pub ptime_ms: Option<u16>,
    /// `a=rtcp`
    pub rtcp: Option<Endpoint>,
    /// `a=rtcp-mux`
    pub rtcp_mux: bool,
    /// `a=setup` was there (DTLS, or connection-oriented media).
    pub setup: bool,
    /// `a=T38FaxVersion`
    pub fax_version: Option<u8>,
    /// Voice-band data: `a=gpmd:... vbd=yes` (fax or modem in G.711).
    pub voice_band_data: bool,
}

impl Media {
    /// Where the sender of the description wants to receive; `None` when refused, without an address,
    /// on hold by address 0.0.0.0, or not over UDP.
    #[must_use]
    pub fn receives_at(&self) -> Option<Endpoint> {
        self.endpoint.filter(|at| self.port != 0 && self.over_udp && !at.is_unspecified())
    }

    /// Where it wants RTCP.
    #[must_use]
    pub fn rtcp_at(&self) -> Option<Endpoint> {
        let rtp = self.receives_at()?;
        if self.rtcp_mux {
            return Some(rtp);
        }
        Some(self.rtcp.unwrap_or_else(|| rtp.with_port(rtp.port.wrapping_add(1))))
    }

    /// The sender does not want to hear anything: sendonly, inactive, or address 0.0.0.0 (RFC 3264 8.4).
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self.direction, Direction::SendOnly | Direction::Inactive)
            || self.endpoint.is_some_and(Endpoint::is_unspecified)
    }
}

/// Encoding name and clock rate of the static payload types (RFC 3551 tables 4 and 5; 2 as in RFC 1890).
#[must_use]
pub fn static_payload_type(number: u8) -> Option<(&'static str, u32)> {
    Some(match number {
        0 => ("PCMU", 8000),
        2 => ("G726-32", 8000),
        3 => ("GSM", 8000),
        4 => ("G723", 8000),
        5 => ("DVI4", 8000),
        6 => ("DVI4", 16000),
        7 => ("LPC", 8000),
        8 => ("PCMA", 8000),
        9 => ("G722", 8000),
        10 | 11 => ("L16", 44100),
        12 => ("QCELP", 8000),
        13 => ("CN", 8000),
        14 => ("MPA", 90000),
        15 => ("G728", 8000),
        16 => ("DVI4", 11025),
        17 => ("DVI4", 22050),
        18 => ("G729", 8000),
        25 => ("CelB", 90000),
        26 => ("JPEG", 90000),
        28 => ("nv", 90000),
        31 => ("H261", 90000),
        32 => ("MPV", 90000),
        33 => ("MP2T", 90000),
        34 => ("H263", 90000),
        _ => return None,
    })
}

/// Reads a description. Lines that make no sense are passed over.
#[must_use]
pub fn parse(body: &[u8]) -> Sdp {
    let mut reader = Reader::default();
    let mut rest = body;
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        rest = after;
        let line = line.trim_ascii();
        if let (Some(&kind), Some(b'=')) = (line.first(), line.get(1)) {
            reader.line(kind, line[2..].trim_ascii());
        }
    }
    reader.finish_media();
    reader.sdp
}

/// What the media lines without own attributes inherit, and the media line being read.
#[derive(Default)]
struct Reader {
    sdp: Sdp,
    address: Option<Endpoint>,
    direction: Direction,
    encrypted: bool,
    current: Option<Current>,
    full: bool,
}

struct Current {
    media: Media,
    formats: Vec<u8>,
    rtpmaps: Vec<PayloadType>,
    fmtps: Vec<(u8, String)>,
}

impl Reader {
    fn line(&mut self, kind: u8, value: &[u8]) {
        match kind {
            b'o' => self.sdp.version = words(value).nth(2).and_then(wide_number),
            b'm' => self.media_line(value),
            b'c' if !self.full => self.connection(value),
            b'a' if !self.full => self.attribute(value),
            _ => {}
        }
    }

    fn media_line(&mut self, value: &[u8]) {
        self.finish_media();
        self.full = self.sdp.media.len() >= MAX_MEDIA;
        if self.full {
            return;
        }
        let mut words = words(value);
        let kind = words.next().unwrap_or_default().to_ascii_lowercase();
        let port = words.next().and_then(number).and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
        let protocol = words.next().unwrap_or_default().to_ascii_uppercase();
        let udptl = protocol == b"UDPTL";
        let kind = match &kind[..] {
            b"audio" => MediaKind::Audio,
            b"video" => MediaKind::Video,
            b"image" if udptl => MediaKind::Fax,
            _ => MediaKind::Other,
        };
        let rtp =
            protocol.split(|&b| b == b'/').any(|part| part.ends_with(b"AVP") || part.ends_with(b"AVPF"));
        let over_tcp = protocol.split(|&b| b == b'/').any(|part| part == b"TCP");
        let formats = words.filter_map(number).filter_map(|n| u8::try_from(n).ok()).filter(|&n| n < 128);
        let media = Media {
            kind,
            port,
            endpoint: self.address.map(|at| at.with_port(port)),
            over_udp: (rtp && !over_tcp) || udptl,
            encrypted: self.encrypted || protocol.windows(4).any(|part| part == b"SAVP"),
            direction: self.direction,
            payload_types: Vec::new(),
            ptime_ms: None,
            rtcp: None,
            rtcp_mux: false,
            setup: false,
            fax_version: None,
            voice_band_data: false,
        };
        let formats = if rtp { formats.take(MAX_FORMATS).collect() } else { Vec::new() };
        self.current = Some(Current { media, formats, rtpmaps: Vec::new(), fmtps: Vec::new() });
    }

    fn connection(&mut self, value: &[u8]) {
        let Some(address) = words(value).nth(2).and_then(address) else { return };
        match &mut self.current {
            Some(Current { media, .. }) => media.endpoint = Some(Endpoint::new(address, media.port)),
            None => self.address = Some(Endpoint::new(address, 0)),
        }
    }

    fn attribute(&mut self, value: &[u8]) {
        let colon = memchr::memchr(b':', value);
        let name = value[..colon.unwrap_or(value.len())].trim_ascii().to_ascii_lowercase();
        let value = colon.map_or(&b""[..], |colon| value[colon + 1..].trim_ascii());
        let direction = match &name[..] {
            b"sendrecv" => Some(Direction::SendRecv),
            b"sendonly" => Some(Direction::SendOnly),
            b"recvonly" => Some(Direction::RecvOnly),
            b"inactive" => Some(Direction::Inactive),
            _ => None,
        };
        let Some(current) = &mut self.current else {
            self.direction = direction.unwrap_or(self.direction);
            self.encrypted |= matches!(&name[..], b"fingerprint" | b"crypto");
            return;
        };
        current.media.direction = direction.unwrap_or(current.media.direction);
        current.attribute(&name, value);
    }

    fn finish_media(&mut self) {
        let Some(Current { mut media, formats, rtpmaps, mut fmtps }) = self.current.take() else { return };
        for format in formats {
            let mapped = rtpmaps.iter().find(|map| map.number == format).cloned();
            let known = || {
                let (encoding, clock_hz) = static_payload_type(format)?;
                Some(PayloadType { number: format, encoding: encoding.into(), clock_hz, fmtp: String::new() })
            };
            let Some(mut payload) = mapped.or_else(known) else { continue };
            if media.payload_types.iter().any(|listed| listed.number == format) {
                continue;
            }
            if let Some((_, fmtp)) = fmtps.iter_mut().find(|(number, _)| *number == format) {
                payload.fmtp = std::mem::take(fmtp);
            }
            media.payload_types.push(payload);
        }
        self.sdp.media.push(media);
    }
}

impl Current {
    fn attribute(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"rtpmap" => self.rtpmap(value),
            b"fmtp" => self.fmtp(value),
            b"ptime" => self.media.ptime_ms = number(value).and_then(|ms| u16::try_from(ms).ok()),
            b"rtcp" => self.rtcp(value),
            b"rtcp-mux" => self.media.rtcp_mux = true,
            b"crypto" | b"fingerprint" => self.media.encrypted = true,
            b"setup" => self.media.setup = true,
            b"t38faxversion" => {
                self.media.fax_version = number(value).and_then(|version| u8::try_from(version).ok());
            }
            b"gpmd" => self.media.voice_band_data |= memchr::memmem::find(value, b"vbd=yes").is_some(),
            _ => {}
        }
    }

    fn rtpmap(&mut self, value: &[u8]) {
        let mut words = words(value);
        let Some((number, format)) = words.next().and_then(format_number).zip(words.next()) else { return };
        if self.rtpmaps.len() >= MAX_FORMATS {
            return;
        }
        let mut parts = format.split(|&b| b == b'/');
        let encoding = text(parts.next().unwrap_or_default(), 32);
        // a map without a clock rate is broken; telephony's default is the best reading
        let clock_hz = parts.next().and_then(super::params::number).filter(|&hz| hz != 0).unwrap_or(8000);
        self.rtpmaps.push(PayloadType { number, encoding, clock_hz, fmtp: String::new() });
    }

    fn fmtp(&mut self, value: &[u8]) {
        let end = value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len());
        let Some(format) = format_number(&value[..end]) else { return };
        let held: usize = self.fmtps.iter().map(|(_, text)| text.len()).sum();
        if self.fmtps.len() < MAX_FORMATS && held < MAX_ALL_FMTP {
            self.fmtps.push((format, text(value[end..].trim_ascii(), MAX_FMTP)));
        }
    }

    fn rtcp(&mut self, value: &[u8]) {
        let Some(port) = words(value).next().and_then(number).and_then(|port| u16::try_from(port).ok())
        else {
            return;
        };
        let own = words(value).nth(3).and_then(address).map(|ip| Endpoint::new(ip, port));
        self.media.rtcp = own.or_else(|| self.media.endpoint.map(|at| at.with_port(port)));
    }
}

fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

fn format_number(value: &[u8]) -> Option<u8> {
    number(value).and_then(|n| u8::try_from(n).ok()).filter(|&n| n < 128)
}

fn wide_number(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// `192.0.2.1`, `233.252.0.1/127`, `2001:db8::1`; names are not resolved.
fn address(value: &[u8]) -> Option<IpAddr> {
    let host = value.split(|&b| b == b'/').next()?;
    std::str::from_utf8(host).ok()?.parse().ok()
}
