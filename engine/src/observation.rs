//! What a tshark export can tell: traffic that somebody else has already dissected.
//!
//! Observations enter one step later than packets and feed the same trackers.

use crate::packet::{Endpoint, Nanos, Transport};
use crate::rtp::Header;
use crate::wifi::{BeaconObservation, Radio};

/// One thing seen in one frame of an export.
#[derive(Clone, Debug)]
pub enum Observation<'a> {
    /// The payload of a UDP datagram, undissected.
    Datagram {
        /// UDP payload.
        payload: &'a [u8],
    },
    /// The payload of a TCP segment, undissected.
    Segment {
        /// Raw (not relative) sequence number of the first byte.
        sequence: u32,
        /// TCP payload.
        payload: &'a [u8],
    },
    /// A whole SIP message: start line, headers, body.
    Sip {
        /// How it travelled.
        transport: Transport,
        /// The message as text.
        message: &'a [u8],
    },
    /// The header of an RTP packet.
    Rtp {
        /// The fields.
        header: Header,
        /// RTP payload length in bytes, without padding, when the export tells it.
        payload_len: Option<u16>,
        /// The first payload bytes where the export has them (telephone events need four).
        payload: &'a [u8],
    },
    /// A compound RTCP packet.
    Rtcp {
        /// From the first RTCP header on.
        payload: &'a [u8],
    },
    /// The MAC header of an 802.11 frame that is no beacon, put together from its fields; without payload.
    Dot11 {
        /// What the radio header said.
        radio: Radio,
        /// From the frame control field on.
        frame: &'a [u8],
    },
    /// A beacon. Source and destination of the context do not apply.
    Beacon(BeaconObservation),
}

/// An observation with its place and time.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    /// Frame number of the capture that was exported.
    pub frame: u64,
    /// Capture time.
    pub at: Nanos,
    /// Sender, where the observation has one.
    pub source: Option<Endpoint>,
    /// Receiver, where the observation has one.
    pub destination: Option<Endpoint>,
    /// What was seen.
    pub what: Observation<'a>,
}
