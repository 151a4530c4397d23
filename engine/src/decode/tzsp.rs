//! TZSP: Ethernet or 802.11 from wireless sensors and MikroTik routers.

use super::bytes::{u16_at, u32_at};
use super::link::is_ethernet;
use super::paths::Kind;
use super::peel::{Inner, Layer};
use super::reason;
use super::walk::Walk;
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
    /// Length of the packet before the sensor cut it, where it says so.
    orig_len: Option<usize>,
    payload: &'a [u8],
}

impl<'a> Tzsp<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&[1, kind @ 0..=5, high, low], mut rest) = bytes.split_first_chunk::<4>()? else { return None };
        let encapsulation = u16::from_be_bytes([high, low]);
        let (mut radio, mut orig_len) = (Radio::default(), None);
        loop {
            match rest {
                [1, payload @ ..] => return Some(Self { kind, encapsulation, radio, orig_len, payload }),
                [0, more @ ..] => rest = more,
                [tag, len, more @ ..] => {
                    let (value, more) = more.split_at_checked((*len).into())?;
                    tagged(&mut radio, *tag, value);
                    if *tag == 41 {
                        orig_len = u16_at(value, 0).map(usize::from);
                    }
                    rest = more;
                }
                // Messages without a packet may end without the end tag.
                _ if kind > 1 => return Some(Self { kind, encapsulation, radio, orig_len, payload: &[] }),
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

/// TZSP in UDP. On a port that is not its own (`known_port`) only whole, plain Ethernet is believed.
pub(super) fn layer(payload: &[u8], known_port: bool) -> Option<Layer<'_>> {
    let tzsp = Tzsp::parse(payload)?;
    let certain =
        tzsp.carries_packet() && tzsp.encapsulation == encapsulation::ETHERNET && is_ethernet(tzsp.payload);
    (known_port || certain).then(|| Layer::new(Kind::Tzsp, 0, tzsp.inner()))
}

impl<'a> Tzsp<'a> {
    fn inner(&self) -> Inner<'a> {
        let Self { payload: bytes, orig_len, .. } = *self;
        match self.encapsulation {
            _ if !self.carries_packet() => Inner::Nothing(reason::TUNNEL_PAYLOAD),
            encapsulation::ETHERNET => Inner::Packet { link: LinkType::ETHERNET, bytes, orig_len },
            encapsulation::IEEE802_11 if !bytes.is_empty() => {
                Inner::Air { radio: self.radio, frame: bytes, fcs: None, orig_len }
            }
            encapsulation::PRISM => Inner::Packet { link: LinkType::PRISM, bytes, orig_len },
            encapsulation::AVS => Inner::Packet { link: LinkType::AVS, bytes, orig_len },
            _ => Inner::Nothing(reason::TUNNEL_PAYLOAD),
        }
    }
}

impl Walk<'_> {
    /// TZSP as a link type.
    pub(super) fn tzsp_link(&mut self, bytes: &[u8]) {
        match Tzsp::parse(bytes) {
            Some(tzsp) if self.deeper() => self.inner(&tzsp.inner()),
            Some(_) => {}
            None => self.skip(reason::BAD_TUNNEL),
        }
    }
}
