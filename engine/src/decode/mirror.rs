//! Mirrors of switches and access points: ERSPAN I, II and III, PEEKREMOTE old and NG, Aruba ERM.

use super::bytes::{array, u8_at, u16_at, u32_at, u64_at};
use super::paths::Kind;
use super::peel::{Inner, Layer, Stamp};
use super::reason;
use super::tunnel::Gre;
use crate::packet::{LinkType, Nanos};
use crate::wifi::Radio;

/// GRE protocol of ERSPAN III; I and II share another.
const ERSPAN_III: u16 = 0x22eb;
/// First bytes of PEEKREMOTE-NG.
const PEEKREMOTE_MAGIC: u32 = 0x00ff_abcd;
/// Length of its header in version 2.
const PEEKREMOTE_LEN: usize = 55;
/// Length of the check sequence at the end of an 802.11 frame.
const FCS: usize = 4;

/// ERSPAN behind GRE. Type I has neither header nor sequence number.
pub(super) fn erspan<'a>(gre: &Gre, bytes: &'a [u8]) -> Result<Layer<'a>, &'static str> {
    if gre.protocol != ERSPAN_III && gre.sequence.is_none() {
        return Ok(Layer::new(Kind::ErspanI, 0, Inner::ethernet(bytes)));
    }
    let (kind, version, len) = match gre.protocol {
        ERSPAN_III => (Kind::ErspanIII, 2, 12),
        _ => (Kind::ErspanII, 1, 8),
    };
    let (Some(word), Some(inner)) = (u32_at(bytes, 0), bytes.get(len..)) else {
        return Err(reason::CUT_TUNNEL);
    };
    if word >> 28 != version {
        return Err(reason::BAD_TUNNEL);
    }
    let (inner, stamp) = match kind {
        Kind::ErspanIII => {
            let word = u16_at(bytes, 10).unwrap_or(0);
            (erspan3_inner(word, inner), u32_at(bytes, 4).and_then(|value| erspan3_stamp(word, value)))
        }
        _ => (Inner::ethernet(inner), None),
    };
    Ok(Layer { sequence: gre.sequence, stamp, ..Layer::new(kind, word & 0x3ff, inner) })
}

/// `word`: P, frame type, hardware id, direction, granularity, O (platform subheader of 8 bytes).
fn erspan3_inner(word: u16, bytes: &[u8]) -> Inner<'_> {
    let Some(bytes) = bytes.get(if word & 1 == 1 { 8 } else { 0 }..) else {
        return Inner::Nothing(reason::CUT_TUNNEL);
    };
    match word >> 10 & 0x1f {
        0 => Inner::ethernet(bytes),
        2 => Inner::ip(bytes),
        _ => Inner::Nothing(reason::ERSPAN_FRAME),
    }
}

/// Granularity 0 is 100 microseconds, 1 is 100 nanoseconds, 2 the low word of IEEE 1588 nanoseconds; 3 is the
/// platform's own. A mirror without a clock sends zeros.
fn erspan3_stamp(word: u16, value: u32) -> Option<Stamp> {
    let nanos = match word >> 1 & 0x03 {
        0 => 100_000,
        1 => 100,
        2 => 1,
        _ => return None,
    };
    (value != 0).then_some(Stamp::Ticks { value, nanos })
}

/// PEEKREMOTE as older access points send it: no magic, so every field has to make sense. The signal
/// of an RTP packet would be -128 dBm.
pub(super) fn peekremote(payload: &[u8], wire_len: usize) -> Option<Layer<'_>> {
    let (header, frame) = payload.split_first_chunk::<20>()?;
    let (signal, noise) = (header[0].cast_signed(), header[1].cast_signed());
    let percents = header[18] <= 100 && header[19] <= 100;
    let len = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let slice = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let carried = if slice == 0 { len } else { slice };
    let plain = frame.first().is_some_and(|control| control & 0x03 == 0);
    if carried + 20 != wire_len
        || slice > len
        || !(-127..=0).contains(&signal)
        || noise > 0
        || !percents
        || !plain
    {
        return None;
    }
    let radio = Radio {
        tsft: u64_at(header, 8),
        channel: Some(header[17]).filter(|channel| *channel != 0),
        signal_dbm: Some(signal).filter(|signal| *signal != 0),
        noise_dbm: Some(noise).filter(|noise| *noise != 0),
        rate_kbps: Some(u32::from(header[16]) * 500).filter(|rate| *rate != 0),
        bad_fcs: header[6] & 0x02 != 0,
        ..Radio::default()
    };
    Some(peekremote_frame(radio, frame, len))
}

/// PEEKREMOTE-NG, by its magic. Version 3 (802.11ax) is longer: its header says how long, and its radio fields are
/// read where version 2 has them only if the frame's length stands there too.
pub(super) fn peekremote_ng(payload: &[u8]) -> Option<Layer<'_>> {
    if u32_at(payload, 0) != Some(PEEKREMOTE_MAGIC) || !matches!(u8_at(payload, 4), Some(2 | 3)) {
        return None;
    }
    let size = usize::try_from(u32_at(payload, 5)?).ok()?;
    let frame = payload.get(size..).filter(|_| size >= PEEKREMOTE_LEN)?;
    let len = usize::from(u16_at(payload, 41)?);
    if payload[4] == 3 && !(frame.len()..=frame.len() + FCS).contains(&len) {
        return Some(peekremote_frame(Radio::default(), frame, frame.len()));
    }
    let dbm = |at| u8_at(payload, at).map(u8::cast_signed).filter(|dbm| *dbm != 0);
    let radio = Radio {
        tsft: u64_at(payload, 47),
        channel: u16_at(payload, 15).and_then(|channel| u8::try_from(channel).ok()).filter(|c| *c != 0),
        frequency_mhz: u32_at(payload, 17).and_then(|mhz| u16::try_from(mhz).ok()).filter(|mhz| *mhz != 0),
        signal_dbm: dbm(31),
        noise_dbm: dbm(32),
        // The rate field is a rate or an MCS index by flags that versions read differently.
        rate_kbps: None,
        bad_fcs: payload[45] & 0x02 != 0,
    };
    Some(peekremote_frame(radio, frame, len))
}

/// `len`: of the whole frame on the air, with its check sequence.
fn peekremote_frame(radio: Radio, frame: &[u8], len: usize) -> Layer<'_> {
    Layer::new(Kind::PeekRemote, 0, Inner::Air { radio, frame, fcs: Some(FCS), orig_len: Some(len) })
}

/// Aruba's encapsulated remote mirroring. Which of its forms a session has is set at the controller and not in the
/// packet: radiotap, PPI, PEEKREMOTE, or a pcap record's header in network byte order, with radio fields or without.
pub(super) fn aruba(payload: &[u8], wire_len: usize) -> Option<Layer<'_>> {
    for link in [LinkType::PPI, LinkType::RADIOTAP] {
        if is_air(link, payload) {
            let inner = Inner::Packet { link, bytes: payload, orig_len: None };
            return Some(Layer::new(Kind::ArubaErm, 0, inner));
        }
    }
    let peek = peekremote_ng(payload).or_else(|| peekremote(payload, wire_len));
    peek.map(|layer| Layer { kind: Kind::ArubaErm, ..layer }).or_else(|| aruba_record(payload, wire_len))
}

/// A radio header of sensible length, and an 802.11 frame behind it: version 0, a type that exists, and an address.
fn is_air(link: LinkType, payload: &[u8]) -> bool {
    let sensible =
        matches!(payload, [0, flags, len, 0, ..] if *len >= 8 && (*flags == 0 || link == LinkType::PPI));
    let frame = sensible.then(|| crate::wifi::strip_radio(link, payload)).flatten();
    frame.is_some_and(|(_, frame)| frame.len() >= 10 && frame[0] & 0x03 == 0 && frame[0] & 0x0c != 0x0c)
}

/// Seconds, microseconds, captured and original length; then the frame, or four bytes of radio fields and the frame.
fn aruba_record(payload: &[u8], wire_len: usize) -> Option<Layer<'_>> {
    let (seconds, micros) = (u32_at(payload, 0)?, u32_at(payload, 4)?);
    let (captured, orig_len) = (u32_at(payload, 8)? as usize, u32_at(payload, 12)? as usize);
    if micros >= 1_000_000 || captured > orig_len {
        return None;
    }
    let (radio, start, own) = match wire_len.checked_sub(captured)? {
        16 => (Radio::default(), 16, false),
        20 => {
            let [high, low, channel, signal] = array::<4>(payload, 16)?;
            let radio = Radio {
                channel: Some(channel).filter(|channel| *channel != 0),
                rate_kbps: Some(u32::from(u16::from_be_bytes([high, low])) * 500).filter(|rate| *rate != 0),
                ..Radio::default()
            };
            // The signal is a percentage; 100 marks what the access point itself sent, which has no check sequence.
            (radio, 20, signal == 100)
        }
        _ => return None,
    };
    let fcs = match (start, own) {
        (16, _) => None,
        (_, own) => Some(if own { 0 } else { FCS }),
    };
    let frame = payload.get(start..)?;
    let inner = Inner::Air { radio, frame, fcs, orig_len: Some(orig_len) };
    let stamp = Stamp::Absolute(Nanos(i64::from(seconds) * Nanos::SECOND + i64::from(micros) * 1_000));
    Some(Layer { stamp: Some(stamp), ..Layer::new(Kind::ArubaErm, 0, inner) })
}
