//! What is known about one frame the moment it has been read: the source of Wireshark's columns.

/// RTP figures at one packet.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RtpFacts {
    /// RFC 3550 jitter after this packet in ms; `None` for events, comfort noise and unknown clocks.
    pub jitter_ms: Option<f32>,
    /// Time since the packet before it in ms.
    pub delta_ms: Option<f32>,
    /// Packets missing between the highest sequence number so far and this one.
    pub lost_before: u32,
    /// Arrived after its playout time in the configured jitter buffer.
    pub late: bool,
    /// Its sequence number had been received before.
    pub duplicate: bool,
}

/// Beacon figures at one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BeaconFacts {
    /// Index of the BSS in the report, from 0.
    pub bss: u32,
    /// Beacons lost between the one before and this one.
    pub lost_before: u32,
    /// Delay behind its target beacon transmission time in µs, when the AP's clock is known.
    pub delay_us: Option<f32>,
}

/// What one frame belongs to. Cheap: ids and figures at hand, nothing computed for display.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FrameFacts {
    /// Id of the call as in the report, from 1.
    pub call: Option<u32>,
    /// Id of the RTP stream as in the report, from 1.
    pub stream: Option<u32>,
    /// For RTP.
    pub rtp: Option<RtpFacts>,
    /// For beacons.
    pub beacon: Option<BeaconFacts>,
}
