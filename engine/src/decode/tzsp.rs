//! TZSP: Ethernet or 802.11 from wireless sensors and MikroTik routers.

use super::bytes::{u16_at, u32_at};
use super::link::is_ethernet;
use super::paths::{Kind, Part};
use super::reason;
use super::walk::{IpHeader, Walk};
use crate::packet::LinkType;
use crate::wifi::Radio;

/// What a TZSP packet encapsulates.
mod encapsulation {
    pub const ETHERNET: u16 = 1;
    pub const IEEE802_11: u16 = 18;
    pub const PRISM: u16 = 119;
    /// The number of radiotap in other registries; here AVS.
    pub const AVS: u16 = 127;
}

/// A parsed header.
#[derive(Debug)]
struct Tzsp<'a> {
    /// 0 received, 1 to be transmitted; others carry no packet.
    kind: u8,
    encapsulation: u16,
    radio: Radio,
    payload: &'a [u8],
}

impl<'a> Tzsp<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&[1, kind @ 0..=5, high, low], mut rest) = bytes.split_first_chunk::<4>()? else { return None };
        let encapsulation = u16::from_be_bytes([high, low]);
        let mut radio = Radio::default();
        loop {
            match rest {
                [1, payload @ ..] => return Some(Self { kind, encapsulation, radio, payload }),
                [0, more @ ..] => rest = more,
                [tag, len, more @ ..] => {
                    let (value, more) = more.split_at_checked((*len).into())?;
                    tagged(&mut radio, *tag, value);
                    rest = more;
                }
                // Messages without a packet may end without the end tag.
                _ if kind > 1 => return Some(Self { kind, encapsulation, radio, payload: &[] }),
                _ => return None,
            }
        }
    }

    fn carries_packet(&self) -> bool {
        self.kind <= 1
    }
}

fn tagged(radio: &mut Radio, tag: u8, value: &[u8]) {
    match (tag, value) {
        // RSSI comes as one byte or as two.
        (10, [dbm]) | (10, [0xff | 0, dbm]) => {
            radio.signal_dbm = Some(dbm.cast_signed()).filter(|dbm| *dbm < 0);
        }
        (11, [dbm]) | (11, [0xff | 0, dbm]) => {
            radio.noise_dbm = Some(dbm.cast_signed()).filter(|dbm| *dbm < 0);
        }
        (12, [rate]) => radio.rate_kbps = Some(u32::from(*rate) * 500),
        (13, _) => radio.tsft = u32_at(value, 0).map(u64::from),
        (17, [wrong]) => radio.bad_fcs = *wrong != 0,
        (18, [channel]) => radio.channel = Some(*channel),
        (18, [_, _]) => radio.channel = u16_at(value, 0).and_then(|channel| u8::try_from(channel).ok()),
        _ => {}
    }
}

impl Walk<'_> {
    /// TZSP in UDP. On a port that is not its own (`known_port`) only whole, plain Ethernet is believed.
    pub(super) fn tzsp(&mut self, ip: &IpHeader, payload: &[u8], known_port: bool) -> bool {
        let Some(tzsp) = Tzsp::parse(payload) else { return false };
        let certain = tzsp.carries_packet()
            && tzsp.encapsulation == encapsulation::ETHERNET
            && is_ethernet(tzsp.payload);
        if !known_port && !certain {
            return false;
        }
        if self.enter(Part::tunnel(Kind::Tzsp, 0, ip.source, ip.destination)) {
            self.tzsp_payload(&tzsp);
        }
        true
    }

    /// TZSP as a link type.
    pub(super) fn tzsp_link(&mut self, bytes: &[u8]) {
        match Tzsp::parse(bytes) {
            Some(tzsp) if self.deeper() => self.tzsp_payload(&tzsp),
            Some(_) => {}
            None => self.skip(reason::BAD_TUNNEL),
        }
    }

    fn tzsp_payload(&mut self, tzsp: &Tzsp<'_>) {
        match tzsp.encapsulation {
            _ if !tzsp.carries_packet() => self.skip(reason::TUNNEL_PAYLOAD),
            encapsulation::ETHERNET => self.ethernet(tzsp.payload),
            encapsulation::IEEE802_11 if !tzsp.payload.is_empty() => self.dot11(tzsp.radio, tzsp.payload),
            encapsulation::PRISM => self.air(LinkType::PRISM, tzsp.payload),
            encapsulation::AVS => self.air(LinkType::AVS, tzsp.payload),
            _ => self.skip(reason::TUNNEL_PAYLOAD),
        }
    }
}
