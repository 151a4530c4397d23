//! From the caller's structures to the engine's types, with what is wrong with them in words.

use airtone_engine::config::{JitterBuffer, WiresharkVersion};
use airtone_engine::model::File;
use airtone_engine::observation::{Observation, Observed};
use airtone_engine::packet::{Endpoint, Transport};
use airtone_engine::rtp::Header;
use airtone_engine::wifi::{BeaconObservation, Radio};
use airtone_engine::{Config, FrameFacts, LinkType, Nanos, Packet};
use airtone_report::html;

use super::guard::Fault;
use super::raw::{self, Array};
use super::types::*;

/// The longest delay that is taken, ms.
const MAX_DELAY_MS: f64 = 60_000.0;

/// Settings; `None` is all defaults.
pub(super) fn config(from: Option<airtone_config>) -> Result<Config, Fault> {
    let mut config = Config::default();
    let Some(from) = from else { return Ok(config) };
    flags(from.flags, AIRTONE_CONFIG_NO_HEURISTIC | AIRTONE_CONFIG_DELAY | AIRTONE_CONFIG_INTERVALS)?;
    if from.reserved != 0 {
        return Err(Fault::version("airtone_config.reserved is not zero"));
    }
    config.jitter_buffer = buffer(from.buffer_kind, from.buffer_ms)?;
    config.compat = compat(from.compat)?;
    config.rtp_heuristic = from.flags & AIRTONE_CONFIG_NO_HEURISTIC == 0;
    if from.flags & AIRTONE_CONFIG_INTERVALS != 0 {
        html::prepare(&mut config);
    }
    if from.flags & AIRTONE_CONFIG_DELAY != 0 {
        if !(0.0..=MAX_DELAY_MS).contains(&from.declared_delay_ms) {
            return Err(Fault::arg("declared_delay_ms is not within 0 to 60000"));
        }
        config.declared_delay_ms = Some(from.declared_delay_ms);
    }
    for (limit, value) in [
        (&mut config.max_streams, from.max_streams),
        (&mut config.max_candidates, from.max_candidates),
        (&mut config.max_calls, from.max_calls),
        (&mut config.max_registrations, from.max_registrations),
        (&mut config.max_bss, from.max_bss),
        (&mut config.max_stations, from.max_stations),
        (&mut config.max_reassemblies, from.max_reassemblies),
        (&mut config.max_tcp_streams, from.max_tcp_streams),
        (&mut config.max_tcp_buffer, from.max_tcp_buffer),
    ] {
        if value != 0 {
            *limit = usize::try_from(value).map_err(|_| Fault::arg("a limit is larger than memory"))?;
        }
    }
    if from.stream_idle_ns != 0 {
        let idle = i64::try_from(from.stream_idle_ns);
        config.stream_idle = Nanos(idle.map_err(|_| Fault::arg("stream_idle_ns is above 2^63-1"))?);
    }
    Ok(config)
}

fn buffer(kind: u32, ms: u32) -> Result<JitterBuffer, Fault> {
    match (kind, u16::try_from(ms)) {
        (AIRTONE_BUFFER_DEFAULT, _) => Ok(Config::default().jitter_buffer),
        (AIRTONE_BUFFER_FIXED, Ok(ms @ 0..=1000)) => Ok(JitterBuffer::Fixed(ms)),
        (AIRTONE_BUFFER_FIXED, _) => Err(Fault::arg("buffer_ms is above 1000")),
        (AIRTONE_BUFFER_ADAPTIVE, _) => Ok(JitterBuffer::Adaptive),
        (AIRTONE_BUFFER_NONE, _) => Ok(JitterBuffer::None),
        _ => Err(Fault::arg("buffer_kind is no AIRTONE_BUFFER_*")),
    }
}

fn compat(version: u32) -> Result<Option<WiresharkVersion>, Fault> {
    match version {
        AIRTONE_COMPAT_NONE => Ok(None),
        AIRTONE_COMPAT_WIRESHARK_4_0 => Ok(Some(WiresharkVersion::V4_0)),
        AIRTONE_COMPAT_WIRESHARK_4_2 => Ok(Some(WiresharkVersion::V4_2)),
        AIRTONE_COMPAT_WIRESHARK_4_4 => Ok(Some(WiresharkVersion::V4_4)),
        _ => Err(Fault::arg("compat is no AIRTONE_COMPAT_*")),
    }
}

/// A flag that is not known asks for something that would not be done.
pub(super) fn flags(given: u32, known: u32) -> Result<(), Fault> {
    match given & !known {
        0 => Ok(()),
        unknown => Err(Fault::version(format!("flags 0x{unknown:x} are not known to this libairtone"))),
    }
}

/// A packet that borrows the caller's bytes.
///
/// # Safety
/// `data` is readable for `cap_len` bytes for `'a`.
pub(super) unsafe fn packet<'a>(from: &airtone_packet) -> Result<Packet<'a>, Fault> {
    let link = u16::try_from(from.link_type).map_err(|_| Fault::arg("link_type is above 65535"))?;
    Ok(Packet {
        frame: frame(from.frame)?,
        at: Nanos(from.at_ns),
        link: LinkType(link),
        interface: from.interface_id,
        orig_len: from.orig_len,
        // SAFETY: passed on.
        bytes: unsafe { raw::bytes(from.data, from.cap_len as usize) }?,
    })
}

fn frame(number: u64) -> Result<u64, Fault> {
    match number {
        0 => Err(Fault::arg("frame is 0; frames are numbered from 1")),
        number => Ok(number),
    }
}

/// An observation that borrows the caller's bytes.
///
/// # Safety
/// `data`, `radio` and `beacon` (and its `ssid`) are null or readable for `'a`.
pub(super) unsafe fn observed<'a>(from: &airtone_observation) -> Result<Observed<'a>, Fault> {
    let known = AIRTONE_OBSERVATION_SOURCE
        | AIRTONE_OBSERVATION_DESTINATION
        | AIRTONE_OBSERVATION_RTP_MARKER
        | AIRTONE_OBSERVATION_RTP_LEN;
    flags(from.flags, known)?;
    let has = |flag| from.flags & flag != 0;
    Ok(Observed {
        frame: frame(from.frame)?,
        at: Nanos(from.at_ns),
        source: has(AIRTONE_OBSERVATION_SOURCE).then(|| Endpoint::v6(from.source, from.source_port)),
        destination: has(AIRTONE_OBSERVATION_DESTINATION)
            .then(|| Endpoint::v6(from.destination, from.destination_port)),
        // SAFETY: passed on.
        what: unsafe { observation(from) }?,
    })
}

/// # Safety
/// As for [`observed`].
unsafe fn observation<'a>(from: &airtone_observation) -> Result<Observation<'a>, Fault> {
    // SAFETY: passed on.
    let payload: &'a [u8] = unsafe { raw::payload(from.data) }?;
    Ok(match from.kind {
        AIRTONE_OBSERVED_DATAGRAM => Observation::Datagram { payload },
        AIRTONE_OBSERVED_SEGMENT => Observation::Segment { sequence: from.tcp_sequence, payload },
        AIRTONE_OBSERVED_SIP => Observation::Sip { transport: transport(from.transport)?, message: payload },
        AIRTONE_OBSERVED_RTP => rtp(from, payload)?,
        AIRTONE_OBSERVED_RTCP => Observation::Rtcp { payload },
        AIRTONE_OBSERVED_DOT11 => {
            // SAFETY: passed on.
            let radio = radio(unsafe { raw::sized(from.radio) }?)?;
            Observation::Dot11 { radio, frame: payload }
        }
        AIRTONE_OBSERVED_BEACON => {
            // SAFETY: passed on.
            let radio = radio(unsafe { raw::sized(from.radio) }?)?;
            // SAFETY: passed on.
            let beacon = unsafe { raw::sized(from.beacon) }?;
            let beacon = beacon.ok_or(Fault::null("beacon is NULL"))?;
            // SAFETY: passed on.
            Observation::Beacon(unsafe { self::beacon(&beacon, radio) }?)
        }
        _ => return Err(Fault::arg("kind is no AIRTONE_OBSERVED_*")),
    })
}

fn rtp<'a>(from: &airtone_observation, payload: &'a [u8]) -> Result<Observation<'a>, Fault> {
    if from.rtp_payload_type > 127 {
        return Err(Fault::arg("rtp_payload_type is above 127"));
    }
    let header = Header {
        payload_type: from.rtp_payload_type,
        marker: from.flags & AIRTONE_OBSERVATION_RTP_MARKER != 0,
        sequence: from.rtp_sequence,
        timestamp: from.rtp_timestamp,
        ssrc: from.rtp_ssrc,
    };
    let payload_len = (from.flags & AIRTONE_OBSERVATION_RTP_LEN != 0).then_some(from.rtp_payload_len);
    Ok(Observation::Rtp { header, payload_len, payload })
}

fn transport(number: u32) -> Result<Transport, Fault> {
    match number {
        AIRTONE_TRANSPORT_UDP => Ok(Transport::Udp),
        AIRTONE_TRANSPORT_TCP => Ok(Transport::Tcp),
        AIRTONE_TRANSPORT_TLS => Ok(Transport::Tls),
        AIRTONE_TRANSPORT_WEBSOCKET => Ok(Transport::WebSocket),
        AIRTONE_TRANSPORT_SCTP => Ok(Transport::Sctp),
        _ => Err(Fault::arg("transport is no AIRTONE_TRANSPORT_*")),
    }
}

fn radio(from: Option<airtone_radio>) -> Result<Radio, Fault> {
    let Some(from) = from else { return Ok(Radio::default()) };
    flags(from.flags, AIRTONE_RADIO_BAD_FCS * 2 - 1)?;
    let has = |flag| from.flags & flag != 0;
    Ok(Radio {
        tsft: has(AIRTONE_RADIO_TSFT).then_some(from.tsft_us),
        frequency_mhz: has(AIRTONE_RADIO_FREQUENCY).then_some(from.frequency_mhz),
        channel: has(AIRTONE_RADIO_CHANNEL).then_some(from.channel),
        signal_dbm: has(AIRTONE_RADIO_SIGNAL).then_some(from.signal_dbm),
        noise_dbm: has(AIRTONE_RADIO_NOISE).then_some(from.noise_dbm),
        rate_kbps: has(AIRTONE_RADIO_RATE).then_some(from.rate_kbps),
        bad_fcs: has(AIRTONE_RADIO_BAD_FCS),
    })
}

/// # Safety
/// `ssid` is readable.
unsafe fn beacon(from: &airtone_beacon, radio: Radio) -> Result<BeaconObservation, Fault> {
    flags(from.flags, AIRTONE_BEACON_DTIM * 2 - 1)?;
    let has = |flag| from.flags & flag != 0;
    let ssid = match has(AIRTONE_BEACON_SSID) {
        // SAFETY: passed on.
        true => Some(unsafe { raw::payload(from.ssid) }?.to_vec()),
        false => None,
    };
    Ok(BeaconObservation {
        bssid: from.bssid,
        ssid,
        tsf: has(AIRTONE_BEACON_TSF).then_some(from.tsf_us),
        interval_tu: from.interval_tu,
        channel: has(AIRTONE_BEACON_CHANNEL).then_some(from.channel),
        channel_switch: has(AIRTONE_BEACON_SWITCH).then_some((from.switch_channel, from.switch_count)),
        dtim: has(AIRTONE_BEACON_DTIM).then_some((from.dtim_count, from.dtim_period)),
        radio,
    })
}

/// A file's description.
///
/// # Safety
/// Its text is readable.
pub(super) unsafe fn file(from: &airtone_file) -> Result<File, Fault> {
    let stride = size_of::<airtone_str>();
    // SAFETY: passed on, here and below.
    let warnings = unsafe { Array::new(from.warnings, from.warning_count, stride) }?;
    Ok(File {
        // SAFETY: see above.
        path: unsafe { raw::text(from.path) }?.into_owned(),
        // SAFETY: see above.
        format: unsafe { raw::text(from.format) }?.into_owned(),
        packets: from.packets,
        bytes: from.bytes,
        // SAFETY: see above.
        warnings: unsafe { texts(warnings) }?,
    })
}

/// # Safety
/// Every text is readable.
pub(super) unsafe fn texts(from: Array<airtone_str>) -> Result<Vec<String>, Fault> {
    // SAFETY: passed on.
    from.iter().map(|text| unsafe { raw::text(text) }.map(|text| text.into_owned())).collect()
}

/// What is told about a frame; zeros where there is nothing to tell.
pub(super) fn facts(from: Option<&FrameFacts>) -> airtone_facts {
    let from = from.copied().unwrap_or_default();
    let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
    let (rtp, beacon) = (from.rtp.unwrap_or_default(), from.beacon);
    airtone_facts {
        size: 0,
        flags: flag(from.rtp.is_some(), AIRTONE_FACT_RTP)
            | flag(rtp.jitter_ms.is_some(), AIRTONE_FACT_JITTER)
            | flag(rtp.delta_ms.is_some(), AIRTONE_FACT_DELTA)
            | flag(rtp.late, AIRTONE_FACT_LATE)
            | flag(rtp.duplicate, AIRTONE_FACT_DUPLICATE)
            | flag(beacon.is_some(), AIRTONE_FACT_BEACON)
            | flag(beacon.is_some_and(|b| b.delay_us.is_some()), AIRTONE_FACT_BEACON_DELAY),
        call: from.call.unwrap_or(0),
        stream: from.stream.unwrap_or(0),
        jitter_ms: rtp.jitter_ms.unwrap_or(0.0),
        delta_ms: rtp.delta_ms.unwrap_or(0.0),
        lost_before: rtp.lost_before,
        bss: beacon.map_or(0, |b| b.bss),
        beacon_lost_before: beacon.map_or(0, |b| b.lost_before),
        beacon_delay_us: beacon.and_then(|b| b.delay_us).unwrap_or(0.0),
    }
}
