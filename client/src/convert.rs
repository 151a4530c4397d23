//! The engine's types as the structures of `airtone.h`. No pointer made here outlives what it was made from:
//! packets are borrowed by their caller, the rest is handed to a closure.

use std::mem::size_of;
use std::ptr;

use ::airtone_engine::config::{JitterBuffer, WiresharkVersion};
use ::airtone_engine::observation::{Observation, Observed};
use ::airtone_engine::packet::Transport;
use ::airtone_engine::wifi::{BeaconObservation, Radio};
use ::airtone_engine::{Config, Packet, SourceInfo};
use airtone_report::View;

use crate::Format;
use crate::bindings::*;

pub(crate) fn config(from: &Config) -> airtone_config {
    let (buffer_kind, buffer_ms) = match from.jitter_buffer {
        JitterBuffer::Fixed(ms) => (AIRTONE_BUFFER_FIXED, u32::from(ms)),
        JitterBuffer::Adaptive => (AIRTONE_BUFFER_ADAPTIVE, 0),
        JitterBuffer::None => (AIRTONE_BUFFER_NONE, 0),
    };
    airtone_config {
        size: size(size_of::<airtone_config>()),
        flags: flag(!from.rtp_heuristic, AIRTONE_CONFIG_NO_HEURISTIC)
            | flag(from.declared_delay_ms.is_some(), AIRTONE_CONFIG_DELAY)
            | flag(from.interval_points > 0, AIRTONE_CONFIG_INTERVALS),
        buffer_kind,
        buffer_ms,
        compat: match from.compat {
            None => AIRTONE_COMPAT_NONE,
            Some(WiresharkVersion::V4_0) => AIRTONE_COMPAT_WIRESHARK_4_0,
            Some(WiresharkVersion::V4_2) => AIRTONE_COMPAT_WIRESHARK_4_2,
            Some(WiresharkVersion::V4_4) => AIRTONE_COMPAT_WIRESHARK_4_4,
        },
        reserved: 0,
        declared_delay_ms: from.declared_delay_ms.unwrap_or(0.0),
        max_streams: from.max_streams as u64,
        max_candidates: from.max_candidates as u64,
        max_calls: from.max_calls as u64,
        max_registrations: from.max_registrations as u64,
        max_bss: from.max_bss as u64,
        max_stations: from.max_stations as u64,
        max_reassemblies: from.max_reassemblies as u64,
        max_tcp_streams: from.max_tcp_streams as u64,
        max_tcp_buffer: from.max_tcp_buffer as u64,
        stream_idle_ns: u64::try_from(from.stream_idle.0).unwrap_or(0),
    }
}

pub(crate) fn packet(from: &Packet<'_>) -> airtone_packet {
    airtone_packet {
        frame: from.frame,
        at_ns: from.at.0,
        data: from.bytes.as_ptr(),
        // No capture format holds a packet of 4 GiB.
        cap_len: u32::try_from(from.bytes.len()).unwrap_or(u32::MAX),
        orig_len: from.orig_len,
        interface_id: from.interface,
        link_type: u32::from(from.link.0),
    }
}

/// Hands the observation, and what it points to, to `call`.
pub(crate) fn with_observation<T>(from: &Observed<'_>, call: impl FnOnce(&airtone_observation) -> T) -> T {
    let (radio, beacon) = match &from.what {
        Observation::Dot11 { radio, .. } => (Some(self::radio(radio)), None),
        Observation::Beacon(beacon) => (Some(self::radio(&beacon.radio)), Some(self::beacon(beacon))),
        _ => (None, None),
    };
    let mut one = addressed(from);
    one.radio = radio.as_ref().map_or(ptr::null(), ptr::from_ref);
    one.beacon = beacon.as_ref().map_or(ptr::null(), ptr::from_ref);
    describe(&mut one, &from.what);
    call(&one)
}

/// The part that every observation has.
fn addressed(from: &Observed<'_>) -> airtone_observation {
    let (source, destination) = (from.source, from.destination);
    airtone_observation {
        frame: from.frame,
        at_ns: from.at.0,
        kind: 0,
        flags: flag(source.is_some(), AIRTONE_OBSERVATION_SOURCE)
            | flag(destination.is_some(), AIRTONE_OBSERVATION_DESTINATION),
        source: source.map_or([0; 16], |endpoint| endpoint.octets),
        destination: destination.map_or([0; 16], |endpoint| endpoint.octets),
        source_port: source.map_or(0, |endpoint| endpoint.port),
        destination_port: destination.map_or(0, |endpoint| endpoint.port),
        transport: 0,
        tcp_sequence: 0,
        rtp_ssrc: 0,
        rtp_timestamp: 0,
        rtp_sequence: 0,
        rtp_payload_len: 0,
        rtp_payload_type: 0,
        reserved: [0; 7],
        data: bytes(&[]),
        radio: ptr::null(),
        beacon: ptr::null(),
    }
}

/// The part that differs by kind.
fn describe(one: &mut airtone_observation, what: &Observation<'_>) {
    let (kind, data): (u32, &[u8]) = match what {
        Observation::Datagram { payload } => (AIRTONE_OBSERVED_DATAGRAM, payload),
        Observation::Segment { sequence, payload } => {
            one.tcp_sequence = *sequence;
            (AIRTONE_OBSERVED_SEGMENT, payload)
        }
        Observation::Sip { transport, message } => {
            one.transport = match transport {
                Transport::Udp => AIRTONE_TRANSPORT_UDP,
                Transport::Tcp => AIRTONE_TRANSPORT_TCP,
                Transport::Tls => AIRTONE_TRANSPORT_TLS,
                Transport::WebSocket => AIRTONE_TRANSPORT_WEBSOCKET,
                Transport::Sctp => AIRTONE_TRANSPORT_SCTP,
            };
            (AIRTONE_OBSERVED_SIP, message)
        }
        Observation::Rtp { header, payload_len, payload } => {
            one.flags |= flag(header.marker, AIRTONE_OBSERVATION_RTP_MARKER)
                | flag(payload_len.is_some(), AIRTONE_OBSERVATION_RTP_LEN);
            one.rtp_ssrc = header.ssrc;
            one.rtp_timestamp = header.timestamp;
            one.rtp_sequence = header.sequence;
            one.rtp_payload_type = header.payload_type;
            one.rtp_payload_len = payload_len.unwrap_or(0);
            (AIRTONE_OBSERVED_RTP, payload)
        }
        Observation::Rtcp { payload } => (AIRTONE_OBSERVED_RTCP, payload),
        Observation::Dot11 { frame, .. } => (AIRTONE_OBSERVED_DOT11, frame),
        Observation::Beacon(_) => (AIRTONE_OBSERVED_BEACON, &[]),
    };
    one.kind = kind;
    one.data = bytes(data);
}

fn radio(from: &Radio) -> airtone_radio {
    airtone_radio {
        size: size(size_of::<airtone_radio>()),
        flags: flag(from.tsft.is_some(), AIRTONE_RADIO_TSFT)
            | flag(from.frequency_mhz.is_some(), AIRTONE_RADIO_FREQUENCY)
            | flag(from.channel.is_some(), AIRTONE_RADIO_CHANNEL)
            | flag(from.signal_dbm.is_some(), AIRTONE_RADIO_SIGNAL)
            | flag(from.noise_dbm.is_some(), AIRTONE_RADIO_NOISE)
            | flag(from.rate_kbps.is_some(), AIRTONE_RADIO_RATE)
            | flag(from.bad_fcs, AIRTONE_RADIO_BAD_FCS),
        tsft_us: from.tsft.unwrap_or(0),
        rate_kbps: from.rate_kbps.unwrap_or(0),
        frequency_mhz: from.frequency_mhz.unwrap_or(0),
        channel: from.channel.unwrap_or(0),
        signal_dbm: from.signal_dbm.unwrap_or(0),
        noise_dbm: from.noise_dbm.unwrap_or(0),
        reserved: [0; 7],
    }
}

fn beacon(from: &BeaconObservation) -> airtone_beacon {
    let (switch_channel, switch_count) = from.channel_switch.unwrap_or((0, 0));
    let (dtim_count, dtim_period) = from.dtim.unwrap_or((0, 0));
    airtone_beacon {
        size: size(size_of::<airtone_beacon>()),
        flags: flag(from.tsf.is_some(), AIRTONE_BEACON_TSF)
            | flag(from.ssid.is_some(), AIRTONE_BEACON_SSID)
            | flag(from.channel.is_some(), AIRTONE_BEACON_CHANNEL)
            | flag(from.channel_switch.is_some(), AIRTONE_BEACON_SWITCH)
            | flag(from.dtim.is_some(), AIRTONE_BEACON_DTIM),
        tsf_us: from.tsf.unwrap_or(0),
        ssid: bytes(from.ssid.as_deref().unwrap_or_default()),
        bssid: from.bssid,
        interval_tu: from.interval_tu,
        channel: from.channel.unwrap_or(0),
        switch_channel,
        switch_count,
        dtim_count,
        dtim_period,
        reserved: [0; 3],
    }
}

/// Hands the files and the names of missing fields to `call`.
pub(crate) fn with_source<T>(
    from: &SourceInfo,
    call: impl FnOnce(&[airtone_file], &[airtone_str]) -> T,
) -> T {
    let warnings: Vec<Vec<airtone_str>> =
        from.files.iter().map(|file| file.warnings.iter().map(|w| text(w)).collect()).collect();
    let file = |(file, warnings): (&::airtone_engine::model::File, &Vec<airtone_str>)| airtone_file {
        path: text(&file.path),
        format: text(&file.format),
        packets: file.packets,
        bytes: file.bytes,
        warnings: warnings.as_ptr(),
        warning_count: warnings.len(),
    };
    let files: Vec<airtone_file> = from.files.iter().zip(&warnings).map(file).collect();
    let missing: Vec<airtone_str> = from.missing_fields.iter().map(|name| text(name)).collect();
    call(&files, &missing)
}

pub(crate) fn report(view: View, format: Format) -> (u32, airtone_report_options) {
    let view = match view {
        View::Report => AIRTONE_VIEW_REPORT,
        View::Calls => AIRTONE_VIEW_CALLS,
        View::Streams => AIRTONE_VIEW_STREAMS,
        View::Sip => AIRTONE_VIEW_SIP,
        View::Wifi => AIRTONE_VIEW_WIFI,
        View::Findings => AIRTONE_VIEW_FINDINGS,
    };
    let mut options =
        airtone_report_options { size: size(size_of::<airtone_report_options>()), flags: 0, view, width: 0 };
    let format = match format {
        Format::Text(style) => {
            options.flags = flag(style.colour, AIRTONE_REPORT_COLOUR);
            options.width = u32::from(style.width);
            AIRTONE_FORMAT_TEXT
        }
        Format::Json { compact } => {
            options.flags = flag(compact, AIRTONE_REPORT_COMPACT);
            AIRTONE_FORMAT_JSON
        }
        // The format has no views; the command writes all of it whatever the view.
        Format::Jsonl => {
            options.view = AIRTONE_VIEW_REPORT;
            AIRTONE_FORMAT_JSONL
        }
        Format::Csv => AIRTONE_FORMAT_CSV,
        Format::Html => {
            options.view = AIRTONE_VIEW_REPORT;
            AIRTONE_FORMAT_HTML
        }
    };
    (format, options)
}

/// Sizes of structures are a few hundred bytes.
const fn size(of: usize) -> u32 {
    of as u32
}

fn flag(is_set: bool, flag: u32) -> u32 {
    if is_set { flag } else { 0 }
}

fn bytes(from: &[u8]) -> airtone_bytes {
    airtone_bytes { ptr: from.as_ptr(), len: from.len() }
}

fn text(from: &str) -> airtone_str {
    airtone_str { ptr: from.as_ptr().cast(), len: from.len() }
}
