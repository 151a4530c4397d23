//! One thing that a frame of an export holds, owned until its time has come among the other files.

use airtone_engine::observation::{Observation, Observed};
use airtone_engine::packet::{Endpoint, Transport};
use airtone_engine::rtp::Header;
use airtone_engine::wifi::{BeaconObservation, Radio};
use airtone_engine::{LinkType, Nanos, Packet};

use crate::Record;
use crate::head::{Head, What};

/// The thing, with its place and time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Held {
    /// As exported.
    pub frame: u64,
    pub at: Nanos,
    pub source: Option<Endpoint>,
    pub destination: Option<Endpoint>,
    pub kind: Kind,
}

/// As [`Observation`], or a whole packet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Packet { link: LinkType, orig_len: u32, bytes: Vec<u8> },
    Datagram(Vec<u8>),
    Segment { sequence: u32, payload: Vec<u8> },
    Sip { transport: Transport, message: Vec<u8> },
    Rtp { header: Header, payload_len: Option<u16>, payload: Vec<u8> },
    Dot11 { radio: Radio, frame: Vec<u8> },
    Beacon(Box<BeaconObservation>),
}

impl Held {
    /// What merging needs to know of it.
    pub(crate) fn head(&self) -> Head {
        let what = What::Export { frame: self.frame };
        Head { at: self.at, interface: 0, numbered_before: 0, what }
    }

    /// As the caller of the crate gets it, under its number in the whole capture.
    pub(crate) fn record(&self, frame: u64, interface: u32) -> Record<'_> {
        let Self { at, source, destination, .. } = *self;
        let what = match &self.kind {
            Kind::Packet { link, orig_len, bytes } => {
                let (link, orig_len) = (*link, *orig_len);
                return Record::Packet(Packet { frame, at, link, interface, orig_len, bytes });
            }
            Kind::Datagram(payload) => Observation::Datagram { payload },
            Kind::Segment { sequence, payload } => Observation::Segment { sequence: *sequence, payload },
            Kind::Sip { transport, message } => Observation::Sip { transport: *transport, message },
            Kind::Rtp { header, payload_len, payload } => {
                Observation::Rtp { header: *header, payload_len: *payload_len, payload }
            }
            Kind::Dot11 { radio, frame } => Observation::Dot11 { radio: *radio, frame },
            Kind::Beacon(beacon) => Observation::Beacon(BeaconObservation::clone(beacon)),
        };
        Record::Observed(Observed { frame, at, source, destination, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(kind: Kind) -> Held {
        let source = Some(Endpoint::v4([192, 0, 2, 1], 5060));
        Held { frame: 9, at: Nanos(7), source, destination: None, kind }
    }

    #[test]
    fn records_come_under_their_new_number() {
        let sip = held(Kind::Sip { transport: Transport::Tcp, message: b"SIP/2.0 200 OK".to_vec() });
        assert!(matches!(sip.head(), Head { at: Nanos(7), what: What::Export { frame: 9 }, .. }));
        let Record::Observed(seen) = sip.record(42, 0) else { panic!("{sip:?}") };
        assert_eq!((seen.frame, seen.at, seen.source, seen.destination), (42, Nanos(7), sip.source, None));
        let Observation::Sip { transport: Transport::Tcp, message } = seen.what else { panic!("{seen:?}") };
        assert_eq!(message, b"SIP/2.0 200 OK");
    }

    #[test]
    fn whole_packets_get_their_interface() {
        let packet = held(Kind::Packet { link: LinkType::ETHERNET, orig_len: 9, bytes: b"abc".to_vec() });
        let record = packet.record(4, 6);
        let Record::Packet(packet) = record else { panic!("{record:?}") };
        assert_eq!((packet.frame, packet.interface, packet.orig_len), (4, 6, 9));
        assert_eq!((packet.link, packet.bytes), (LinkType::ETHERNET, &b"abc"[..]));
    }
}
