//! Words and display filters that several rules share.

use std::net::IpAddr;

use crate::model::{Call, Stream};
use crate::packet::Endpoint;

/// Shows the packets of one RTP stream.
pub(super) fn stream_filter(stream: &Stream) -> String {
    let mut filter = format!("rtp.ssrc == {}", stream.ssrc);
    if let Some(source) = stream.source {
        filter += &format!(" && {}", sent_by(source));
    }
    if let Some(destination) = stream.destination {
        filter += &format!(" && {} && udp.dstport == {}", received_by(destination), destination.port);
    }
    filter
}

/// Shows all UDP from one endpoint to another, whatever port it leaves from.
pub(super) fn one_way(source: Endpoint, destination: Endpoint) -> String {
    format!("{} && {} && udp.dstport == {}", sent_by(source), received_by(destination), destination.port)
}

fn sent_by(endpoint: Endpoint) -> String {
    match endpoint.ip() {
        IpAddr::V4(ip) => format!("ip.src == {ip}"),
        IpAddr::V6(ip) => format!("ipv6.src == {ip}"),
    }
}

fn received_by(endpoint: Endpoint) -> String {
    match endpoint.ip() {
        IpAddr::V4(ip) => format!("ip.dst == {ip}"),
        IpAddr::V6(ip) => format!("ipv6.dst == {ip}"),
    }
}

/// Shows the signalling of one call, every leg of it; `frames` only where its Call-ID cannot be written down.
pub(super) fn call_filter(call: &Call, frames: &[u64]) -> String {
    if !call.call_ids.iter().all(|id| is_as_sent(id)) {
        return frames_filter(frames);
    }
    let legs = call.call_ids.iter().map(|id| format!("sip.Call-ID == {}", quoted(id)));
    legs.collect::<Vec<_>>().join(" || ")
}

/// The report cuts long texts and puts blanks for control characters; neither is in a Call-ID or AoR by right.
pub(super) fn is_as_sent(text: &str) -> bool {
    !text.is_empty() && !text.ends_with('\u{2026}') && !text.contains(char::is_whitespace)
}

/// A string literal of the display filter language.
pub(super) fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            c if c.is_control() => "?".to_owned(),
            c => c.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

/// Shows exactly these frames.
pub(super) fn frames_filter(frames: &[u64]) -> String {
    let list: Vec<String> = frames.iter().take(super::MAX_FRAMES).map(u64::to_string).collect();
    format!("frame.number in {{{}}}", list.join(", "))
}

/// `call 3, caller to callee` or `stream 7, 192.0.2.1:4000 to 192.0.2.2:5000`.
pub(super) fn stream_name(stream: &Stream) -> String {
    if let (Some(call), Some(direction)) = (stream.call, &stream.direction) {
        return format!("call {call}, {}", direction.replace('_', " "));
    }
    match (stream.source, stream.destination) {
        (Some(source), Some(destination)) => format!("stream {}, {source} to {destination}", stream.id),
        _ => format!("stream {}", stream.id),
    }
}

/// `1 packet`, `2 packets`.
pub(super) fn count(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_call_ids_stay_inside_their_quotes() {
        assert_eq!(quoted("a\"b\\c\r\n"), r#""a\"b\\c??""#);
    }

    #[test]
    fn a_call_id_that_was_cut_or_cleaned_is_shown_by_its_frames() {
        let call = |id: &str| Call { call_ids: vec![id.to_owned()], ..Call::default() };
        assert_eq!(call_filter(&call("a1@192.0.2.1"), &[3, 4]), "sip.Call-ID == \"a1@192.0.2.1\"");
        for id in ["cut\u{2026}", "bell here", ""] {
            assert_eq!(call_filter(&call(id), &[3, 4]), "frame.number in {3, 4}", "{id}");
        }
    }

    #[test]
    fn a_stream_filter_names_both_ends() {
        let stream = Stream {
            ssrc: "0x00000001".into(),
            source: Some(Endpoint::v4([192, 0, 2, 1], 4000)),
            destination: Some(Endpoint::v6([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 5000)),
            ..Stream::default()
        };
        let filter =
            "rtp.ssrc == 0x00000001 && ip.src == 192.0.2.1 && ipv6.dst == 2001:db8::1 && udp.dstport == 5000";
        assert_eq!(stream_filter(&stream), filter);
    }
}
