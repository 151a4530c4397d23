//! The scanner: what real devices send, and what nobody should.

use proptest::prelude::*;

use crate::config::Config;
use crate::packet::{Endpoint, Transport};
use crate::sip::message::{MAX_HEADERS, Message, Name, Start};
use crate::sip::params::{self, Address};
use crate::sip::testing::context;
use crate::sip::{Tracker, sdp};

#[test]
fn compact_forms_folded_lines_and_bare_line_feeds_are_read() {
    let raw = b"INVITE sip:bob@example.com SIP/2.0\n\
        v: SIP/2.0/UDP 192.0.2.1;rport\n ;branch=z9hG4bK74 , SIP/2.0/TCP 192.0.2.9;branch=z9hG4bK99\n\
        f:Alice\n\t<sip:alice@example.com;user=phone>\n ;tag=19\n\
        t: sip:bob@example.com\n\
        i:  abc@192.0.2.1  \n\
        cSEQ:   7\n INVITE\n\
        m: <sip:alice@192.0.2.1:5070>;expires=60\n\
        k: 100rel, Timer\n\
        x: 1800;refresher=uas\n\
        c: application/SDP;charset=utf-8\n\
        l: 99999\n\
        \n\
        v=0\n";
    let message = Message::parse(raw).unwrap();
    assert_eq!(message.start, Start::Request { method: b"INVITE", uri: b"sip:bob@example.com" });
    assert_eq!(message.branch(), b"z9hG4bK74");
    assert_eq!(message.hops(), 2);
    let from = message.from();
    assert_eq!((from.aor(), from.tag), (&b"sip:alice@example.com"[..], &b"19"[..]));
    assert_eq!(message.to(), Address { uri: b"sip:bob@example.com", tag: b"" });
    assert_eq!(message.call_id(), b"abc@192.0.2.1");
    let cseq = message.cseq().unwrap();
    assert_eq!((cseq.number, cseq.method), (7, &b"INVITE"[..]));
    assert_eq!(message.contacts().next().unwrap().expires, Some(60));
    assert!(message.lists(Name::Supported, "timer"));
    assert_eq!(message.session_expires(), Some(1800));
    assert_eq!(message.content_type(), b"application/SDP");
    assert_eq!(message.body, b"v=0\n", "Content-Length does not cut what is there");
    assert!(message.sdp().is_some());
}

#[test]
fn quoted_names_may_hold_separators() {
    let value = br#""A, <B>; \"C\"" <sip:x@y;p=1>;tag="t;1";expires=5"#;
    let address = Address::new(value);
    assert_eq!((address.uri, address.tag), (&b"sip:x@y;p=1"[..], &b"t;1"[..]));
    assert_eq!(address.aor(), b"sip:x@y");
    assert_eq!(params::List::new(b"<sip:a,b@c>, \"x,y\" <sip:d>,,e", b',').count(), 3);
    assert_eq!(params::param(value, "EXPIRES"), Some(&b"5"[..]));
    assert_eq!(params::param(value, "p"), None, "a URI parameter is no header parameter");
}

#[test]
fn reasons_are_typed() {
    let raw = b"BYE sip:a SIP/2.0\r\nReason: Q.850 ;cause=16 ;text=\"3\", SIP;cause=200;text=\"Call completed elsewhere\"\r\n\r\n";
    let message = Message::parse(raw).unwrap();
    let reasons: Vec<_> = message.reasons().collect();
    assert_eq!(
        (reasons[0].protocol, reasons[0].cause, reasons[0].text),
        (&b"Q.850"[..], Some(16), &b"3"[..])
    );
    assert_eq!((reasons[1].cause, reasons[1].text), (Some(200), &b"Call completed elsewhere"[..]));
}

#[test]
fn sdp_is_found_in_multipart_bodies_behind_binary_parts() {
    let raw = b"INVITE sip:a SIP/2.0\r\nContent-Type: multipart/mixed; boundary=\"=_b1\"\r\n\r\n\
        preamble\r\n--=_b1\r\nContent-Type: application/isup;version=itu-t92+\r\n\r\n\x01\x00\xff\n\x00\r\n\
        --=_b1\r\nContent-Disposition: session\r\nContent-Type:\r\n application/sdp\r\n\r\nv=0\r\nm=audio 4000 RTP/AVP 0\r\n--=_b1--\r\n";
    let body = Message::parse(raw).unwrap().sdp().unwrap();
    assert!(body.starts_with(b"v=0\r\n"), "{}", String::from_utf8_lossy(body));
    assert_eq!(sdp::parse(body).media.len(), 1);
}

#[test]
fn what_is_no_sip_is_refused() {
    for raw in [
        &b""[..],
        b"SIP/2.0 ",
        b"SIP/2.0 1234 x\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b" sip:a SIP/2.0\r\n\r\n",
        b"GET / HTTP/1.1\r\n",
    ] {
        assert!(Message::parse(raw).is_none(), "{}", String::from_utf8_lossy(raw));
    }
}

#[test]
fn header_count_is_bounded() {
    let mut raw = b"OPTIONS sip:a SIP/2.0\r\n".to_vec();
    for _ in 0..5000 {
        raw.extend_from_slice(b"Via: SIP/2.0/UDP x;branch=y\r\n");
    }
    assert_eq!(Message::parse(&raw).unwrap().all(Name::Via).count(), MAX_HEADERS);
}

#[test]
fn text_is_safe_to_print() {
    assert_eq!(params::text(b"a\r\n \x1b[31m\xff\xc3\xa4", 100), "a [31m\u{fffd}ä");
    assert_eq!(params::text("ääää".as_bytes(), 3), "ä…");
}

fn feed(tracker: &mut Tracker, frame: u64, raw: &[u8]) {
    let (a, b) = (Endpoint::v4([192, 0, 2, 1], 5060), Endpoint::v4([192, 0, 2, 2], 5060));
    let cx = context(frame, frame as i64 * 1_000_000_000, a, b);
    tracker.message(&cx, Transport::Udp, raw);
}

/// Pieces from which broken messages are made.
const PIECES: &[&str] = &[
    "INVITE sip:a SIP/2.0\r\n",
    "SIP/2.0 200 OK\r\n",
    "SIP/2.0 407 \r\n",
    "REGISTER sip:a SIP/2.0\r\n",
    "BYE a SIP/2.0\n",
    "SIP/2.0 183 x\r\n",
    "CANCEL a SIP/2.0\n",
    "INFO a SIP/2.0\n",
    "ACK a SIP/2.0\n",
    "UPDATE a SIP/2.0\n",
    "Via: ",
    "v:",
    "From: <",
    "f: \"",
    "To: ",
    ";tag=x",
    "Call-ID: x\r\n",
    "i:y\n",
    "CSeq: 1 INVITE\r\n",
    "CSeq: 99999999999 INVITE\n",
    "CSeq: 2 REGISTER\n",
    "Contact: *\r\n",
    "Expires: 0\r\n",
    "Reason: Q.850;cause=17\r\n",
    "Content-Type: application/sdp\r\n",
    "Content-Type: multipart/mixed;boundary=-\r\n",
    "\r\n",
    "\n",
    "--",
    "-",
    ",",
    ";",
    "<",
    ">",
    "\"",
    "\\",
    "=",
    "v=0\r\n",
    "m=audio 1 RTP/AVP 0 8 96 999\r\n",
    "m=image 2 udptl t38\n",
    "a=rtpmap:96 x/0\r\n",
    "a=fmtp:96\n",
    "c=IN IP4 0.0.0.0\r\n",
    "a=sendonly\n",
    "a=rtcp:9 IN IP6 ::1\n",
    "o=- 1 2\n",
    "Content-Type: application/dtmf-relay\n",
    "Signal=5\n",
    "Duration=\n",
    "branch=z9hG4bK1",
    "expires=",
    "Refer-To: <sip:x?Replaces=y>\n",
    "Replaces: a;early-only\n",
];

proptest! {
    #[test]
    fn no_bytes_can_make_it_panic(raw in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Some(message) = Message::parse(&raw) {
            let _ = message.sdp();
        }
        let _ = sdp::parse(&raw);
        let _ = params::text(&raw, 50);
    }

    #[test]
    fn no_mixture_of_pieces_can_make_the_tracker_panic(
        messages in proptest::collection::vec(proptest::collection::vec(0..PIECES.len(), 1..40), 1..12)
    ) {
        let mut tracker = Tracker::new(&Config { max_calls: 2, max_registrations: 2, ..Config::default() });
        for (frame, pieces) in messages.iter().enumerate() {
            let raw: String = pieces.iter().map(|&piece| PIECES[piece]).collect();
            feed(&mut tracker, frame as u64, raw.as_bytes());
        }
        let calls = tracker.calls(crate::packet::Nanos(i64::MAX));
        prop_assert!(calls.len() <= 2);
        prop_assert!(tracker.statistics(crate::packet::Nanos::default()).registrations.len() <= 2);
    }
}

#[test]
fn a_flood_stays_inside_its_bounds() {
    let mut tracker = Tracker::new(&Config { max_calls: 10, max_registrations: 5, ..Config::default() });
    for frame in 0..500u64 {
        for method in ["INVITE", "REGISTER", &format!("M{frame}"), &"a".repeat(200)] {
            let raw = format!(
                "{method} sip:a SIP/2.0\r\nCall-ID: {frame}\r\nFrom: a;tag={frame}\r\nTo: b{frame}\r\nContact: c\r\nCSeq: 1 {method}\r\n\r\n"
            );
            feed(&mut tracker, frame, raw.as_bytes());
        }
    }
    let calls = tracker.calls(crate::packet::Nanos(0));
    assert_eq!((calls.len(), calls[0].call.id), (10, 491));
    assert_eq!(tracker.evicted(), 490 + 495);
    let statistics = tracker.statistics(crate::packet::Nanos::default());
    assert_eq!(statistics.registrations.len(), 5);
    assert_eq!(statistics.requests["INVITE"], 500);
    assert_eq!(statistics.requests.len(), 65, "64 names and other");
    assert_eq!(statistics.requests["other"], 500 + 500 - 62);
}

#[test]
fn a_talkative_call_stays_small() {
    let mut tracker = Tracker::new(&Config::default());
    let invite = |cseq: u32, tag: &str| {
        format!(
            "INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP x;branch={cseq}\r\nCall-ID: x\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>{tag}\r\nCSeq: {cseq} INVITE\r\n\r\n"
        )
    };
    feed(&mut tracker, 1, invite(1, "").as_bytes());
    for frame in 2..2000 {
        feed(&mut tracker, u64::from(frame), invite(frame, ";tag=2").as_bytes());
    }
    feed(&mut tracker, 2000, invite(2000, ";tag=2").replace("INVITE", "BYE").as_bytes());
    let call = tracker.calls(crate::packet::Nanos(0)).remove(0).call;
    assert!(call.events.len() <= 120, "{}", call.events.len());
    assert_eq!(call.events.last().unwrap().kind, "more");
    assert!(call.events.iter().any(|event| event.kind == "bye"), "turning points are kept");
}
