//! A made-up sender for tests: G.711 every 20 ms unless told otherwise.

use crate::config::Config;
use crate::facts::RtpFacts;
use crate::packet::{Context, Endpoint, Nanos, PathId};
use crate::rtp::{StreamSummary, Tracker, Verdict};

pub const SOURCE: Endpoint =
    Endpoint { octets: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1], port: 4000 };
pub const DESTINATION: Endpoint =
    Endpoint { octets: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 2], port: 5000 };
pub const SSRC: u32 = 0x1a2b_3c4d;

/// One RTP packet on its way.
#[derive(Clone, Copy, Debug)]
pub struct Rtp {
    pub at_ms: f64,
    pub sequence: u16,
    pub timestamp: u32,
    pub payload_type: u8,
    pub marker: bool,
    pub ssrc: u32,
    pub path: u16,
    pub source: Endpoint,
    pub destination: Endpoint,
}

/// The n-th packet of a steady stream.
pub fn nth(n: u32) -> Rtp {
    Rtp {
        at_ms: f64::from(n) * 20.0,
        sequence: n as u16,
        timestamp: n.wrapping_mul(160),
        payload_type: 0,
        marker: false,
        ssrc: SSRC,
        path: 0,
        source: SOURCE,
        destination: DESTINATION,
    }
}

impl Rtp {
    /// As UDP payload, with `payload` behind the header.
    pub fn bytes(&self, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x80, u8::from(self.marker) << 7 | self.payload_type];
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.timestamp.to_be_bytes());
        bytes.extend_from_slice(&self.ssrc.to_be_bytes());
        bytes.extend_from_slice(payload);
        bytes
    }

    pub fn context(&self, frame: u64) -> Context {
        Context {
            frame,
            at: Nanos((self.at_ms * 1e6).round() as i64 + 1_700_000_000 * Nanos::SECOND),
            source: self.source,
            destination: self.destination,
            path: PathId(self.path),
            dscp: 46,
            ip_id: None,
            fragmented: false,
        }
    }
}

/// A tracker and the number of the last frame it got.
pub struct Wire {
    pub tracker: Tracker,
    pub frame: u64,
}

impl Wire {
    pub fn new(config: &Config) -> Self {
        Self { tracker: Tracker::new(config), frame: 0 }
    }

    pub fn send(&mut self, rtp: &Rtp) -> Verdict {
        self.send_payload(rtp, &[0xd5; 160])
    }

    pub fn send_payload(&mut self, rtp: &Rtp, payload: &[u8]) -> Verdict {
        self.frame += 1;
        let bytes = rtp.bytes(payload);
        self.tracker.datagram(&rtp.context(self.frame), &bytes, bytes.len())
    }

    pub fn send_all(&mut self, packets: impl IntoIterator<Item = Rtp>) {
        for packet in packets {
            self.send(&packet);
        }
    }

    /// Sends it and gives its facts.
    pub fn facts(&mut self, rtp: &Rtp) -> RtpFacts {
        match self.send(rtp) {
            Verdict::Rtp { facts, .. } => facts,
            other => panic!("{other:?}"),
        }
    }

    pub fn streams(&self) -> Vec<StreamSummary> {
        self.tracker.streams(Nanos(0), Nanos(0), &[])
    }

    /// The only stream.
    pub fn stream(&self) -> StreamSummary {
        let mut streams = self.streams();
        assert_eq!(streams.len(), 1, "{streams:#?}");
        streams.remove(0)
    }
}

/// Sends all and gives the only stream.
pub fn stream_of(packets: impl IntoIterator<Item = Rtp>) -> StreamSummary {
    let mut wire = Wire::new(&Config::default());
    wire.send_all(packets);
    wire.stream()
}
