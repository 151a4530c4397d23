//! What crosses the boundary. Layouts are fixed: fields are only ever appended, numbers never reused.

use std::ffi::c_char;

/// Version of this interface. It grows by one with every addition.
pub const AIRTONE_ABI_VERSION: u32 = 2;
/// The oldest interface that this library still serves: a host that was compiled against version H works
/// with a library when `airtone_abi_min() <= H && H <= airtone_abi_version()`.
pub const AIRTONE_ABI_MIN: u32 = 1;

/// What a call came to. Numbers are never reused.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum airtone_status {
    /// Done.
    AIRTONE_OK = 0,
    /// A pointer is NULL that must not be.
    AIRTONE_E_NULL = 1,
    /// A value is outside its range.
    AIRTONE_E_ARG = 2,
    /// Not now: the handle has panicked before, or its settings cannot change once it has read something.
    AIRTONE_E_STATE = 3,
    /// The format does not have the view that was asked for.
    AIRTONE_E_FORMAT = 4,
    /// The structure or a flag is of a newer interface than this library knows.
    AIRTONE_E_VERSION = 5,
    /// The `size` or `stride` is smaller than the structure was in version 1.
    AIRTONE_E_SMALL = 6,
    /// A defect of this library. The handle is of no more use: free it and please report the defect.
    AIRTONE_E_PANIC = 99,
}

/// The time of a packet whose time is not known (`at_ns`).
pub const AIRTONE_TIME_UNKNOWN: i64 = i64::MIN;

/// Text: UTF-8, not ended by NUL. `ptr` may be NULL when `len` is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct airtone_str {
    /// First byte.
    pub ptr: *const c_char,
    /// Number of bytes.
    pub len: usize,
}

/// Bytes. `ptr` may be NULL when `len` is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct airtone_bytes {
    /// First byte.
    pub ptr: *const u8,
    /// Number of bytes.
    pub len: usize,
}

/// The receiver's jitter buffer is 60 ms deep.
pub const AIRTONE_BUFFER_DEFAULT: u32 = 0;
/// It is `buffer_ms` deep.
pub const AIRTONE_BUFFER_FIXED: u32 = 1;
/// It adapts to the observed jitter, between 20 and 500 ms.
pub const AIRTONE_BUFFER_ADAPTIVE: u32 = 2;
/// There is none: every packet that arrives is played.
pub const AIRTONE_BUFFER_NONE: u32 = 3;

/// Do not add Wireshark's figures to the report.
pub const AIRTONE_COMPAT_NONE: u32 = 0;
/// Add the figures that Wireshark 4.0 shows.
pub const AIRTONE_COMPAT_WIRESHARK_4_0: u32 = 1;
/// Add the figures that Wireshark 4.2 shows.
pub const AIRTONE_COMPAT_WIRESHARK_4_2: u32 = 2;
/// Add the figures that Wireshark 4.4 and 4.6 show.
pub const AIRTONE_COMPAT_WIRESHARK_4_4: u32 = 3;

/// Of `airtone_config.flags`: take only streams that SDP announced for RTP.
pub const AIRTONE_CONFIG_NO_HEURISTIC: u32 = 1;
/// Of `airtone_config.flags`: `declared_delay_ms` is set.
pub const AIRTONE_CONFIG_DELAY: u32 = 2;
/// Of `airtone_config.flags`: keep what `AIRTONE_FORMAT_HTML` shows beyond figures: each stream over time, at most 1,500 bytes
/// more a stream, and the messages of the first 2,000 calls for ladders, at most 20,000 messages or about 14 MB.
pub const AIRTONE_CONFIG_INTERVALS: u32 = 4;

/// Settings of an analysis. Zero is the default in every field but `size`.
///
/// `size` is `sizeof(airtone_config)` of the host. A smaller one leaves the missing fields at their defaults;
/// a larger one is taken when all bytes beyond this structure are zero, else refused (`AIRTONE_E_VERSION`),
/// so that a setting which this library does not know is never silently ignored.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct airtone_config {
    /// `sizeof(airtone_config)`: at least 8, at most 4096, a multiple of 8.
    pub size: u32,
    /// `AIRTONE_CONFIG_*`
    pub flags: u32,
    /// `AIRTONE_BUFFER_*`
    pub buffer_kind: u32,
    /// Depth of a fixed jitter buffer in ms, 0 to 1000.
    pub buffer_ms: u32,
    /// `AIRTONE_COMPAT_*`
    pub compat: u32,
    /// Zero.
    pub reserved: u32,
    /// One-way mouth-to-ear delay in ms (0 to 60000) where RTCP does not tell it.
    pub declared_delay_ms: f64,
    /// RTP streams kept at once.
    pub max_streams: u64,
    /// Unannounced flows under observation at once before they are taken for RTP.
    pub max_candidates: u64,
    /// SIP calls kept.
    pub max_calls: u64,
    /// SIP registrations kept.
    pub max_registrations: u64,
    /// BSSs kept.
    pub max_bss: u64,
    /// Wi-Fi stations kept.
    pub max_stations: u64,
    /// IP datagrams under reassembly at once.
    pub max_reassemblies: u64,
    /// TCP streams followed for SIP at once.
    pub max_tcp_streams: u64,
    /// Bytes buffered of one TCP direction.
    pub max_tcp_buffer: u64,
    /// An RTP stream that was silent for longer (ns, at most 2^63-1) starts anew as another stream.
    pub stream_idle_ns: u64,
}

/// A captured packet. `stride` is the distance from one to the next in an array.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct airtone_packet {
    /// Number of the frame in the capture, from 1.
    pub frame: u64,
    /// Capture time: ns since the Unix epoch, UTC.
    pub at_ns: i64,
    /// The captured bytes; may be NULL when `cap_len` is 0.
    pub data: *const u8,
    /// How many bytes were captured.
    pub cap_len: u32,
    /// Length on the wire; more than `cap_len` when the capture cut the packet.
    pub orig_len: u32,
    /// Interface of the capture, from 0.
    pub interface_id: u32,
    /// What `data` starts with: a LINKTYPE number of the tcpdump registry, below 65536.
    pub link_type: u32,
}

/// `data` is the payload of a UDP datagram.
pub const AIRTONE_OBSERVED_DATAGRAM: u32 = 1;
/// `data` is the payload of a TCP segment; `tcp_sequence` is set.
pub const AIRTONE_OBSERVED_SEGMENT: u32 = 2;
/// `data` is a whole SIP message; `transport` is set.
pub const AIRTONE_OBSERVED_SIP: u32 = 3;
/// The `rtp_*` fields are an RTP header; `data` is the beginning of the payload, or empty.
pub const AIRTONE_OBSERVED_RTP: u32 = 4;
/// `data` is a compound RTCP packet.
pub const AIRTONE_OBSERVED_RTCP: u32 = 5;
/// `data` is an 802.11 frame from its frame control field on, less FCS; no beacon.
pub const AIRTONE_OBSERVED_DOT11: u32 = 6;
/// `beacon` is set. Source and destination do not apply.
pub const AIRTONE_OBSERVED_BEACON: u32 = 7;

/// Of `airtone_observation.flags`: `source` and `source_port` are set.
pub const AIRTONE_OBSERVATION_SOURCE: u32 = 1;
/// Of `airtone_observation.flags`: `destination` and `destination_port` are set.
pub const AIRTONE_OBSERVATION_DESTINATION: u32 = 2;
/// Of `airtone_observation.flags`: the RTP marker bit.
pub const AIRTONE_OBSERVATION_RTP_MARKER: u32 = 4;
/// Of `airtone_observation.flags`: `rtp_payload_len` is set.
pub const AIRTONE_OBSERVATION_RTP_LEN: u32 = 8;

/// SIP over UDP.
pub const AIRTONE_TRANSPORT_UDP: u32 = 1;
/// SIP over TCP.
pub const AIRTONE_TRANSPORT_TCP: u32 = 2;
/// SIP over TLS that the host has decrypted.
pub const AIRTONE_TRANSPORT_TLS: u32 = 3;
/// SIP over WebSocket.
pub const AIRTONE_TRANSPORT_WEBSOCKET: u32 = 4;
/// SIP over SCTP.
pub const AIRTONE_TRANSPORT_SCTP: u32 = 5;

/// Of `airtone_radio.flags`: `tsft_us` is set.
pub const AIRTONE_RADIO_TSFT: u32 = 1;
/// Of `airtone_radio.flags`: `frequency_mhz` is set.
pub const AIRTONE_RADIO_FREQUENCY: u32 = 2;
/// Of `airtone_radio.flags`: `channel` is set.
pub const AIRTONE_RADIO_CHANNEL: u32 = 4;
/// Of `airtone_radio.flags`: `signal_dbm` is set.
pub const AIRTONE_RADIO_SIGNAL: u32 = 8;
/// Of `airtone_radio.flags`: `noise_dbm` is set.
pub const AIRTONE_RADIO_NOISE: u32 = 16;
/// Of `airtone_radio.flags`: `rate_kbps` is set.
pub const AIRTONE_RADIO_RATE: u32 = 32;
/// Of `airtone_radio.flags`: the sensor found the frame check sequence wrong.
pub const AIRTONE_RADIO_BAD_FCS: u32 = 64;

/// What a radio header said about an 802.11 frame. `size` has the rules of `airtone_config.size`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct airtone_radio {
    /// `sizeof(airtone_radio)`
    pub size: u32,
    /// `AIRTONE_RADIO_*`
    pub flags: u32,
    /// The sensor's MAC clock at the first bit, µs.
    pub tsft_us: u64,
    /// Data rate, kbit/s.
    pub rate_kbps: u32,
    /// Centre frequency of the primary channel, MHz.
    pub frequency_mhz: u16,
    /// Channel number, where the header has no frequency.
    pub channel: u8,
    /// Signal at the antenna, dBm.
    pub signal_dbm: i8,
    /// Noise, dBm.
    pub noise_dbm: i8,
    /// Zero.
    pub reserved: [u8; 7],
}

/// Of `airtone_beacon.flags`: `tsf_us` is set.
pub const AIRTONE_BEACON_TSF: u32 = 1;
/// Of `airtone_beacon.flags`: `ssid` is set; it may be empty (hidden).
pub const AIRTONE_BEACON_SSID: u32 = 2;
/// Of `airtone_beacon.flags`: `channel` is set.
pub const AIRTONE_BEACON_CHANNEL: u32 = 4;
/// Of `airtone_beacon.flags`: `switch_channel` and `switch_count` are set.
pub const AIRTONE_BEACON_SWITCH: u32 = 8;
/// Of `airtone_beacon.flags`: `dtim_count` and `dtim_period` are set.
pub const AIRTONE_BEACON_DTIM: u32 = 16;

/// A beacon. `size` has the rules of `airtone_config.size`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct airtone_beacon {
    /// `sizeof(airtone_beacon)`
    pub size: u32,
    /// `AIRTONE_BEACON_*`
    pub flags: u32,
    /// The AP's TSF timer when the beacon went out, µs.
    pub tsf_us: u64,
    /// Network name as sent.
    pub ssid: airtone_bytes,
    /// BSSID.
    pub bssid: [u8; 6],
    /// Beacon interval in TU of 1024 µs.
    pub interval_tu: u16,
    /// Channel by DS parameter set, HT or HE operation.
    pub channel: u8,
    /// The channel that a channel switch announcement names.
    pub switch_channel: u8,
    /// Beacons until the switch.
    pub switch_count: u8,
    /// DTIM count.
    pub dtim_count: u8,
    /// DTIM period.
    pub dtim_period: u8,
    /// Zero.
    pub reserved: [u8; 3],
}

/// One thing that the host has dissected. Which fields count is said at `AIRTONE_OBSERVED_*`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct airtone_observation {
    /// Number of the frame in the capture, from 1.
    pub frame: u64,
    /// Capture time: ns since the Unix epoch, UTC.
    pub at_ns: i64,
    /// `AIRTONE_OBSERVED_*`
    pub kind: u32,
    /// `AIRTONE_OBSERVATION_*`
    pub flags: u32,
    /// Sender's address; an IPv4 address as `::ffff:a.b.c.d`.
    pub source: [u8; 16],
    /// Receiver's address.
    pub destination: [u8; 16],
    /// Sender's port.
    pub source_port: u16,
    /// Receiver's port.
    pub destination_port: u16,
    /// `AIRTONE_TRANSPORT_*`
    pub transport: u32,
    /// Raw (not relative) sequence number of the first byte.
    pub tcp_sequence: u32,
    /// Synchronization source.
    pub rtp_ssrc: u32,
    /// Media timestamp.
    pub rtp_timestamp: u32,
    /// Sequence number.
    pub rtp_sequence: u16,
    /// Length of the RTP payload without padding.
    pub rtp_payload_len: u16,
    /// Payload type, 0 to 127.
    pub rtp_payload_type: u8,
    /// Zero.
    pub reserved: [u8; 7],
    /// Payload, message or frame.
    pub data: airtone_bytes,
    /// What the radio header said, or NULL.
    pub radio: *const airtone_radio,
    /// The beacon, or NULL.
    pub beacon: *const airtone_beacon,
}

/// A file that packets came from, for the report's `capture.files`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct airtone_file {
    /// As the user named it.
    pub path: airtone_str,
    /// `pcap`, `pcapng`, ...
    pub format: airtone_str,
    /// Packets read.
    pub packets: u64,
    /// Bytes read, after decompression.
    pub bytes: u64,
    /// Damage and oddities, each a sentence; may be NULL when `warning_count` is 0.
    pub warnings: *const airtone_str,
    /// How many.
    pub warning_count: usize,
}

/// Of `airtone_facts.flags`: the frame is RTP; `lost_before` is set.
pub const AIRTONE_FACT_RTP: u32 = 1;
/// Of `airtone_facts.flags`: `jitter_ms` is set.
pub const AIRTONE_FACT_JITTER: u32 = 2;
/// Of `airtone_facts.flags`: `delta_ms` is set.
pub const AIRTONE_FACT_DELTA: u32 = 4;
/// Of `airtone_facts.flags`: arrived after its playout time in the configured jitter buffer.
pub const AIRTONE_FACT_LATE: u32 = 8;
/// Of `airtone_facts.flags`: its sequence number had been received before.
pub const AIRTONE_FACT_DUPLICATE: u32 = 16;
/// Of `airtone_facts.flags`: the frame is a beacon; `bss` and `beacon_lost_before` are set.
pub const AIRTONE_FACT_BEACON: u32 = 32;
/// Of `airtone_facts.flags`: `beacon_delay_us` is set.
pub const AIRTONE_FACT_BEACON_DELAY: u32 = 64;

/// What was known about a frame the moment it was read.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct airtone_facts {
    /// `sizeof(airtone_facts)`, set by the host, at least 40. Bytes beyond what this library knows become zero.
    pub size: u32,
    /// `AIRTONE_FACT_*`
    pub flags: u32,
    /// Id of the call as in the report, from 1; 0 for none.
    pub call: u32,
    /// Id of the RTP stream as in the report, from 1; 0 for none.
    pub stream: u32,
    /// RFC 3550 jitter after this packet, ms.
    pub jitter_ms: f32,
    /// Time since the packet before it, ms.
    pub delta_ms: f32,
    /// Packets missing between the highest sequence number so far and this one.
    pub lost_before: u32,
    /// Index of the BSS in the report, from 0.
    pub bss: u32,
    /// Beacons lost between the one before and this one.
    pub beacon_lost_before: u32,
    /// Delay behind the target beacon transmission time, µs.
    pub beacon_delay_us: f32,
}

/// For a person to read.
pub const AIRTONE_FORMAT_TEXT: u32 = 1;
/// The JSON of `airtone.report/1`.
pub const AIRTONE_FORMAT_JSON: u32 = 2;
/// One JSON object per line; the whole report only.
pub const AIRTONE_FORMAT_JSONL: u32 = 3;
/// Tables.
pub const AIRTONE_FORMAT_CSV: u32 = 4;
/// One page for a browser that needs no network and no other file; the whole report only.
pub const AIRTONE_FORMAT_HTML: u32 = 5;

/// Everything.
pub const AIRTONE_VIEW_REPORT: u32 = 0;
/// One row per call.
pub const AIRTONE_VIEW_CALLS: u32 = 1;
/// One row per RTP stream.
pub const AIRTONE_VIEW_STREAMS: u32 = 2;
/// SIP statistics and registrations.
pub const AIRTONE_VIEW_SIP: u32 = 3;
/// BSSs, outages, stations and roams.
pub const AIRTONE_VIEW_WIFI: u32 = 4;
/// What to look at first.
pub const AIRTONE_VIEW_FINDINGS: u32 = 5;

/// Of `airtone_report_options.flags`: JSON on one line.
pub const AIRTONE_REPORT_COMPACT: u32 = 1;
/// Of `airtone_report_options.flags`: text with colour (SGR sequences).
pub const AIRTONE_REPORT_COLOUR: u32 = 2;

/// How a report is written. `size` has the rules of `airtone_config.size`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct airtone_report_options {
    /// `sizeof(airtone_report_options)`
    pub size: u32,
    /// `AIRTONE_REPORT_*`
    pub flags: u32,
    /// `AIRTONE_VIEW_*`
    pub view: u32,
    /// Columns of text, at most 65535; 0 is 80.
    pub width: u32,
}

// The figures of a 64-bit target; tests/c/smoke.c holds the same from the side of C.
#[cfg(target_pointer_width = "64")]
const _: () = {
    use std::mem::{offset_of, size_of};
    assert!(size_of::<airtone_config>() == 112);
    assert!(size_of::<airtone_packet>() == 40);
    assert!(size_of::<airtone_observation>() == 120 && offset_of!(airtone_observation, data) == 88);
    assert!(size_of::<airtone_radio>() == 32 && offset_of!(airtone_radio, noise_dbm) == 24);
    assert!(size_of::<airtone_beacon>() == 48 && offset_of!(airtone_beacon, bssid) == 32);
    assert!(size_of::<airtone_file>() == 64 && size_of::<airtone_facts>() == 40);
    assert!(size_of::<airtone_report_options>() == 16);
};
