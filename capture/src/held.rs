//! A record of an export, held back so that it can be merged with other files by its time.

use airtone_engine::observation::{Observation, Observed};
use airtone_engine::packet::{Endpoint, Transport};
use airtone_engine::rtp::Header;
use airtone_engine::wifi::{BeaconObservation, Radio};
use airtone_engine::{LinkType, Nanos, Packet};

use crate::Record;
use crate::head::{Head, What};

/// The record; its payload is copied, which is nothing beside reading it from text.
#[derive(Debug, Default)]
pub(crate) struct Held {
    frame: u64,
    at: Nanos,
    source: Option<Endpoint>,
    destination: Option<Endpoint>,
    what: Option<Kind>,
    bytes: Vec<u8>,
}

/// As [`Observation`], or a whole packet; payloads are `Held::bytes`.
#[derive(Debug)]
enum Kind {
    Packet { link: LinkType, orig_len: u32 },
    Datagram,
    Segment { sequence: u32 },
    Sip { transport: Transport },
    Rtp { header: Header, payload_len: Option<u16> },
    Rtcp,
    Dot11 { radio: Radio },
    Beacon(Box<BeaconObservation>),
}

impl Held {
    /// Keeps a record and says what merging needs to know of it.
    pub(crate) fn keep(&mut self, record: Record<'_>) -> Head {
        self.bytes.clear();
        let head = |at, interface, what| Head { at, interface, numbered_before: 0, what };
        match record {
            Record::Dropped { interface, at, packets } => {
                self.what = None;
                head(at, interface, What::Dropped(packets))
            }
            Record::Packet(packet) => {
                let Packet { frame, at, link, interface, orig_len, bytes } = packet;
                self.bytes.extend_from_slice(bytes);
                (self.frame, self.at) = (frame, at);
                self.what = Some(Kind::Packet { link, orig_len });
                head(at, interface, What::Export { frame })
            }
            Record::Observed(observed) => {
                (self.frame, self.at) = (observed.frame, observed.at);
                (self.source, self.destination) = (observed.source, observed.destination);
                self.what = Some(Kind::of(observed.what, &mut self.bytes));
                head(self.at, 0, What::Export { frame: self.frame })
            }
        }
    }

    /// The record again, under its number in the whole capture.
    pub(crate) fn record(&self, frame: u64, interface: u32) -> Option<Record<'_>> {
        let bytes = self.bytes.as_slice();
        let what = match self.what.as_ref()? {
            Kind::Packet { link, orig_len } => {
                let (link, orig_len) = (*link, *orig_len);
                return Some(Record::Packet(Packet { frame, at: self.at, link, interface, orig_len, bytes }));
            }
            Kind::Datagram => Observation::Datagram { payload: bytes },
            Kind::Segment { sequence } => Observation::Segment { sequence: *sequence, payload: bytes },
            Kind::Sip { transport } => Observation::Sip { transport: *transport, message: bytes },
            Kind::Rtp { header, payload_len } => {
                Observation::Rtp { header: *header, payload_len: *payload_len, payload: bytes }
            }
            Kind::Rtcp => Observation::Rtcp { payload: bytes },
            Kind::Dot11 { radio } => Observation::Dot11 { radio: *radio, frame: bytes },
            Kind::Beacon(beacon) => Observation::Beacon(BeaconObservation::clone(beacon)),
        };
        let Self { at, source, destination, .. } = *self;
        Some(Record::Observed(Observed { frame, at, source, destination, what }))
    }
}

impl Kind {
    fn of(observation: Observation<'_>, bytes: &mut Vec<u8>) -> Self {
        match observation {
            Observation::Datagram { payload } => {
                bytes.extend_from_slice(payload);
                Self::Datagram
            }
            Observation::Segment { sequence, payload } => {
                bytes.extend_from_slice(payload);
                Self::Segment { sequence }
            }
            Observation::Sip { transport, message } => {
                bytes.extend_from_slice(message);
                Self::Sip { transport }
            }
            Observation::Rtp { header, payload_len, payload } => {
                bytes.extend_from_slice(payload);
                Self::Rtp { header, payload_len }
            }
            Observation::Rtcp { payload } => {
                bytes.extend_from_slice(payload);
                Self::Rtcp
            }
            Observation::Dot11 { radio, frame } => {
                bytes.extend_from_slice(frame);
                Self::Dot11 { radio }
            }
            Observation::Beacon(beacon) => Self::Beacon(Box::new(beacon)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(what: Observation<'_>) -> Record<'_> {
        let source = Some(Endpoint::v4([192, 0, 2, 1], 5060));
        Record::Observed(Observed { frame: 9, at: Nanos(7), source, destination: None, what })
    }

    #[test]
    fn a_kept_record_comes_back_under_its_new_number() {
        let header = Header { payload_type: 8, marker: true, sequence: 1, timestamp: 2, ssrc: 3 };
        let sip = Observation::Sip { transport: Transport::Tcp, message: b"SIP/2.0 200 OK" };
        let kinds = [
            Observation::Datagram { payload: b"datagram" },
            Observation::Segment { sequence: 4, payload: b"segment" },
            sip,
            Observation::Rtp { header, payload_len: Some(160), payload: b"rtp" },
            Observation::Rtcp { payload: b"rtcp" },
        ];
        let mut held = Held::default();
        for kind in kinds {
            let head = held.keep(observed(kind.clone()));
            assert_eq!(head.at, Nanos(7));
            assert!(matches!(head.what, What::Export { frame: 9 }));
            let expected = format!("{:?}", observed(kind)).replace("frame: 9", "frame: 42");
            assert_eq!(format!("{:?}", held.record(42, 0).expect("kept")), expected);
        }
    }

    #[test]
    fn packets_and_drop_counts_are_kept_too() {
        let packet = Packet {
            frame: 3,
            at: Nanos(5),
            link: LinkType::ETHERNET,
            interface: 1,
            orig_len: 9,
            bytes: b"abc",
        };
        let mut held = Held::default();
        let head = held.keep(Record::Packet(packet));
        assert_eq!((head.at, head.interface), (Nanos(5), 1));
        let back = held.record(4, 6);
        assert!(matches!(
            back,
            Some(Record::Packet(Packet { frame: 4, interface: 6, orig_len: 9, bytes: b"abc", .. }))
        ));
        let head = held.keep(Record::Dropped { interface: 2, at: Nanos(6), packets: 8 });
        assert!(matches!(head, Head { at: Nanos(6), interface: 2, what: What::Dropped(8), .. }));
    }
}
