//! A record of an export, held back so that it can be merged with other files by its time.

use airtone_engine::observation::{Observation, Observed};
use airtone_engine::packet::{Endpoint, Transport};
use airtone_engine::rtp::Header;
use airtone_engine::wifi::BeaconObservation;
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
            Observation::Beacon(beacon) => Self::Beacon(Box::new(beacon)),
        }
    }
}
