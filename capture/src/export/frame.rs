//! From the fields of one frame to what the engine takes: the whole frame where the export holds it,
//! else UDP and TCP payloads, else single fields of RTP and SIP; 802.11 headers put together again.

use std::collections::VecDeque;

use airtone_engine::packet::{Endpoint, Transport};
use airtone_engine::rtp::Header;
use airtone_engine::wifi::{BeaconObservation, Radio};
use airtone_engine::{LinkType, Nanos};

use super::fields as f;
use super::row::{Row, hex, unsigned};
use crate::held::{Held, Kind};

/// Takes a row apart. `ordinal`: number of the row, for exports without frame numbers. `link`: what the whole
/// frame starts with where the row cannot tell.
pub(crate) fn pieces(row: &Row, ordinal: u64, link: Option<LinkType>, out: &mut VecDeque<Held>) {
    let frame = row.number(f::FRAME_NUMBER).unwrap_or(ordinal);
    let at = row.time().unwrap_or(Nanos::UNKNOWN);
    let mut push = |ends: (Option<Endpoint>, Option<Endpoint>), kind| {
        out.push_back(Held { frame, at, source: ends.0, destination: ends.1, kind });
    };
    if let Some(packet) = whole_frame(row, link) {
        return push((None, None), packet);
    }
    if let Some(kind) = dot11(row) {
        push((None, None), kind);
    }
    if row.is_quote() {
        return;
    }
    let udp = || row.endpoints((f::UDP_SRCPORT, f::UDP_DSTPORT));
    let tcp = || row.endpoints((f::TCP_SRCPORT, f::TCP_DSTPORT));
    if let Some(payload) = bytes(row, f::UDP_PAYLOAD) {
        push(udp(), Kind::Datagram(payload));
    } else if let Some(kind) = segment(row) {
        push(tcp(), kind);
    } else if let Some(kind) = rtp(row) {
        push(udp(), kind);
    } else if let Some((transport, message)) = sip(row) {
        let ends = if transport == Transport::Tcp { tcp() } else { udp() };
        push(ends, Kind::Sip { transport, message });
    }
}

fn bytes(row: &Row, field: f::Field) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    hex(row.last(field)?, &mut bytes)?;
    (!bytes.is_empty()).then_some(bytes)
}

fn whole_frame(row: &Row, link: Option<LinkType>) -> Option<Kind> {
    let link = row.number(f::FRAME_ENCAP).and_then(LinkType::of_wireshark).or(link)?;
    let mut bytes = Vec::new();
    hex(row.first(f::FRAME_RAW)?, &mut bytes)?;
    let captured = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let orig_len = row.first(f::FRAME_LEN).and_then(unsigned).and_then(|n| u32::try_from(n).ok());
    Some(Kind::Packet { link, orig_len: orig_len.unwrap_or(captured).max(captured), bytes })
}

fn segment(row: &Row) -> Option<Kind> {
    let payload = bytes(row, f::TCP_PAYLOAD)?;
    Some(Kind::Segment { sequence: row.number(f::TCP_SEQ_RAW)?, payload })
}

fn rtp(row: &Row) -> Option<Kind> {
    let header = Header {
        payload_type: row.number(f::RTP_P_TYPE)?,
        marker: row.flag(f::RTP_MARKER),
        sequence: row.number(f::RTP_SEQ)?,
        timestamp: row.number(f::RTP_TIMESTAMP)?,
        ssrc: row.number(f::RTP_SSRC)?,
    };
    let payload = bytes(row, f::RTP_PAYLOAD);
    let payload_len = payload.as_ref().and_then(|p| u16::try_from(p.len()).ok());
    Some(Kind::Rtp { header, payload_len, payload: payload.unwrap_or_default() })
}

/// The message as it went, or as far as its single headers tell it.
fn sip(row: &Row) -> Option<(Transport, Vec<u8>)> {
    let transport = if row.last(f::TCP_SRCPORT).is_some() { Transport::Tcp } else { Transport::Udp };
    let mut message = start_line(row)? + "\r\n";
    if let Some(rest) = row.last(f::SIP_MSG_HDR) {
        message += rest;
        return Some((transport, message.into_bytes()));
    }
    row.last(f::SIP_CALL_ID)?;
    let headers = [
        ("Via", f::SIP_VIA),
        ("From", f::SIP_FROM),
        ("To", f::SIP_TO),
        ("Call-ID", f::SIP_CALL_ID),
        ("CSeq", f::SIP_CSEQ),
        ("Contact", f::SIP_CONTACT),
        ("Expires", f::SIP_EXPIRES),
    ];
    for (name, field) in headers {
        for (_, value) in row.iter().filter(|(f, _)| *f == field) {
            message += &format!("{name}: {value}\r\n");
        }
    }
    message += "\r\n";
    Some((transport, message.into_bytes()))
}

/// As it went, else with what the report does not need made up: the request URI, or the reason phrase left out.
fn start_line(row: &Row) -> Option<String> {
    let whole = row.last(f::SIP_REQUEST_LINE).or_else(|| row.last(f::SIP_STATUS_LINE));
    let whole = whole.map(|line| line.trim_end().to_owned());
    let request = || Some(format!("{} sip:unknown.invalid SIP/2.0", row.last(f::SIP_METHOD)?.trim()));
    let response = || Some(format!("SIP/2.0 {} ", row.last(f::SIP_STATUS_CODE)?.trim()));
    whole.or_else(request).or_else(response)
}

/// Frame control of a beacon: management, subtype 8.
const BEACON: u8 = 0x80;
/// The same as tshark numbers type and subtype.
const BEACON_SUBTYPE: u16 = 8;

fn dot11(row: &Row) -> Option<Kind> {
    // The field shows the two octets as they went: 0x8000 is a beacon.
    let radio = radio(row);
    let Some(field) = row.number::<u16>(f::WLAN_FC) else {
        let is_beacon = row.number::<u16>(f::WLAN_TYPE_SUBTYPE)? == BEACON_SUBTYPE;
        return is_beacon.then(|| Some(Kind::Beacon(Box::new(beacon(row, radio)?))))?;
    };
    let [control, flags] = field.to_be_bytes();
    if control == BEACON {
        return Some(Kind::Beacon(Box::new(beacon(row, radio)?)));
    }
    Some(Kind::Dot11 { radio, frame: mac_header(row, control, flags)? })
}

fn radio(row: &Row) -> Radio {
    let megabits = row.last(f::RADIO_RATE).and_then(|r| r.trim().parse::<f64>().ok());
    Radio {
        tsft: row.number(f::RADIOTAP_MACTIME),
        frequency_mhz: row.number(f::RADIO_FREQUENCY),
        channel: row.number(f::RADIO_CHANNEL),
        signal_dbm: row.signed(f::RADIO_SIGNAL),
        noise_dbm: row.signed(f::RADIO_NOISE),
        rate_kbps: megabits.map(|m| (m * 1000.0) as u32),
        // tshark: 0 bad, 1 good, 2 unverified.
        bad_fcs: row.number(f::WLAN_FCS_STATUS) == Some(0u8),
    }
}

fn beacon(row: &Row, radio: Radio) -> Option<BeaconObservation> {
    let zero = |mac: &[u8; 6]| *mac == [0; 6];
    let bssid = row.mac(f::WLAN_BSSID).filter(|b| !zero(b)).or_else(|| row.mac(f::WLAN_TA))?;
    let pair = |a, b| Some((row.number(a)?, row.number(b)?));
    Some(BeaconObservation {
        bssid,
        ssid: row.first(f::WLAN_SSID).map(ssid),
        tsf: row.number(f::WLAN_TIMESTAMP),
        interval_tu: row.number(f::WLAN_BEACON)?,
        channel: row.number(f::WLAN_CHANNEL).or_else(|| row.number(f::WLAN_HT_CHANNEL)),
        channel_switch: pair(f::WLAN_CSA_CHANNEL, f::WLAN_CSA_COUNT),
        dtim: pair(f::WLAN_DTIM_COUNT, f::WLAN_DTIM_PERIOD),
        radio,
    })
}

/// tshark writes names as hex octets; a name that is no hex is taken as it is.
fn ssid(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    match hex(text, &mut bytes) {
        Some(()) => bytes,
        None => text.as_bytes().to_vec(),
    }
}

/// The MAC header from its fields: enough for stations, retries, roams and for who was heard when.
fn mac_header(row: &Row, control: u8, flags: u8) -> Option<Vec<u8>> {
    let mut frame = vec![control, flags, 0, 0];
    frame.extend(row.mac(f::WLAN_RA)?);
    let Some(transmitter) = row.mac(f::WLAN_TA) else { return Some(frame) };
    frame.extend(transmitter);
    let is_control = control & 0x0c == 0x04;
    if is_control {
        return Some(frame);
    }
    let data = control & 0x0c == 0x08;
    let third = match (data, flags & 3) {
        (true, 1) => row.mac(f::WLAN_DA),
        (true, 2) => row.mac(f::WLAN_SA),
        (true, 3) => row.mac(f::WLAN_DA),
        _ => row.mac(f::WLAN_BSSID),
    };
    frame.extend(third?);
    frame.extend((row.number::<u16>(f::WLAN_SEQ).unwrap_or(0) << 4).to_le_bytes());
    if data && flags & 3 == 3 {
        frame.extend(row.mac(f::WLAN_SA)?);
    }
    if data && control & 0x80 != 0 {
        frame.extend([row.number::<u8>(f::WLAN_QOS_TID).unwrap_or(0) & 0x0f, 0]);
    }
    Some(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observe(values: &[(f::Field, &str)]) -> VecDeque<Held> {
        let mut row = Row::default();
        values.iter().for_each(|(field, value)| row.push(*field, value));
        let mut out = VecDeque::new();
        pieces(&row, 7, None, &mut out);
        out
    }

    #[test]
    fn single_sip_headers_make_a_message() {
        let out = observe(&[
            (f::SIP_STATUS_LINE, "SIP/2.0 486 Busy Here"),
            (f::SIP_CALL_ID, "a@b"),
            (f::SIP_CSEQ, "1 INVITE"),
        ]);
        let Some(Kind::Sip { message, .. }) = out.front().map(|held| &held.kind) else { panic!("{out:?}") };
        assert_eq!(message, b"SIP/2.0 486 Busy Here\r\nCall-ID: a@b\r\nCSeq: 1 INVITE\r\n\r\n");
        assert_eq!(out[0].frame, 7, "without frame numbers the row counts");
    }

    #[test]
    fn what_an_icmp_error_quotes_is_no_traffic() {
        assert!(observe(&[(f::ICMP_TYPE, "3"), (f::UDP_PAYLOAD, "80:00")]).is_empty());
    }

    #[test]
    fn a_mac_header_is_put_together_again() {
        let out = observe(&[
            (f::WLAN_FC, "0x8841"),
            (f::WLAN_RA, "02:00:00:00:00:01"),
            (f::WLAN_TA, "02:00:00:00:00:02"),
            (f::WLAN_DA, "02:00:00:00:00:03"),
            (f::WLAN_SEQ, "5"),
            (f::WLAN_QOS_TID, "6"),
        ]);
        let Some(Kind::Dot11 { frame, .. }) = out.front().map(|held| &held.kind) else { panic!("{out:?}") };
        assert_eq!(frame.len(), 26);
        assert_eq!((&frame[..2], frame[21], &frame[22..]), (&[0x88, 0x41][..], 3, &[0x50, 0, 6, 0][..]));
    }

    #[test]
    fn a_beacon_has_its_clock() {
        let out = observe(&[
            (f::WLAN_FC, "0x8000"),
            (f::WLAN_BSSID, "02:00:00:00:00:01"),
            (f::WLAN_TIMESTAMP, "10353254788"),
            (f::WLAN_BEACON, "100"),
            (f::WLAN_SSID, "61:62"),
        ]);
        let Some(Kind::Beacon(beacon)) = out.front().map(|held| &held.kind) else { panic!("{out:?}") };
        assert_eq!((beacon.tsf, beacon.interval_tu), (Some(10_353_254_788), 100));
        assert_eq!(beacon.ssid.as_deref(), Some(&b"ab"[..]));
    }
}
