//! Session descriptions, offer and answer, holds, and what is announced.

use crate::media::{Announcement, Direction, MediaKind, Party};
use crate::packet::Endpoint;
use crate::sip::sdp;
use crate::sip::testing::{Msg, Talk};

const A: &str = "198.51.100.1";
const B: &str = "198.51.100.2";

fn at(host: u8, port: u16) -> Endpoint {
    Endpoint::v4([198, 51, 100, host], port)
}

fn told(announcement: &Announcement) -> (Party, Endpoint, MediaKind, Direction) {
    let Announcement { party, endpoint, kind, direction, .. } = announcement;
    (*party, *endpoint, *kind, *direction)
}

fn has(talk: &Talk, feature: &str) -> bool {
    talk.call().call.features.iter().any(|name| name == feature)
}

#[test]
fn a_description_is_read_leniently() {
    let body = b"v=0\no=alice 2890844526 2890844527 IN IP4 host\nc=IN IP4 198.51.100.1\na=sendonly\n\
        m=audio 49170/2 RTP/SAVPF 0 96 9 97 13 0\na=RTPMAP:96 opus/48000/2\na=rtpmap:97 telephone-event\na=fmtp:96 useinbandfec=1; x=2\n\
        a=ptime:20\na=rtcp:53020 IN IP4 198.51.100.9\na=SendRecv\n\
        m=video 0 RTP/AVP 31\nm=image 5002 udptl t38\nc=IN IP6 2001:db8::1\nm=audio 9 TCP/RTP/AVP 0\nm=message 7654 TCP/MSRP *\n";
    let sdp = sdp::parse(body);
    assert_eq!((sdp.version, sdp.media.len()), (Some(2_890_844_527), 5));
    let audio = &sdp.media[0];
    assert_eq!(audio.receives_at(), Some(at(1, 49170)));
    assert_eq!(audio.rtcp_at(), Some(at(9, 53020)));
    assert_eq!((audio.direction, audio.ptime_ms, audio.encrypted), (Direction::SendRecv, Some(20), true));
    let formats: Vec<_> =
        audio.payload_types.iter().map(|p| (p.number, &p.encoding[..], p.clock_hz)).collect();
    let expected = [
        (0, "PCMU", 8000),
        (96, "opus", 48000),
        (9, "G722", 8000),
        (97, "telephone-event", 8000),
        (13, "CN", 8000),
    ];
    assert_eq!(formats, expected);
    assert_eq!(audio.payload_types[1].fmtp, "useinbandfec=1; x=2");
    assert_eq!((sdp.media[1].receives_at(), sdp.media[1].direction), (None, Direction::SendOnly));
    assert_eq!(sdp.media[2].kind, MediaKind::Fax);
    assert_eq!(sdp.media[2].receives_at().unwrap().to_string(), "[2001:db8::1]:5002");
    assert_eq!((sdp.media[3].receives_at(), sdp.media[4].receives_at()), (None, None), "not over UDP");
}

#[test]
fn an_address_of_zero_is_a_hold() {
    let sdp = sdp::parse(b"c=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 8\n");
    assert!(sdp.media[0].is_held());
    assert_eq!(sdp.media[0].receives_at(), None);
}

#[test]
fn offer_and_answer_are_announced_for_their_party_once() {
    let mut talk = Talk::new();
    let offer = Msg::request("INVITE", 1)
        .sdp(A, "m=audio 4000 RTP/AVP 9 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=rtcp-mux\r\n");
    let leg = offer.clone().hops(2).branch("z9hG4bK-leg2");
    let (proxy, bob) = (talk.bob, Endpoint::v4([192, 0, 2, 3], 5060));
    talk.up(&offer).send(proxy, bob, &leg).wait(10);
    let answer = |message: &Msg, status| message.reply(status).sdp(B, "m=audio 5000 RTP/AVP 8 9\r\n");
    talk.send(bob, proxy, &answer(&leg, "183 Session Progress"))
        .down(&answer(&offer, "183 Session Progress"));
    talk.wait(900).down(&offer.reply("180 Ringing")).wait(900).down(&answer(&offer, "200 OK"));
    talk.up(&Msg::inside("ACK", 1));
    let all: Vec<_> = talk.run.announcements.iter().map(told).collect();
    let (caller, callee) = (
        (Party::Caller, at(1, 4000), MediaKind::Audio, Direction::SendRecv),
        (Party::Callee, at(2, 5000), MediaKind::Audio, Direction::SendRecv),
    );
    assert_eq!(all, [caller, callee, callee], "INVITE, 183 and 200, not their copies on the second leg");
    assert_eq!((talk.run.announcements[0].rtcp, talk.run.announcements[1].rtcp), (at(1, 4000), at(2, 5001)));
    let summary = talk.call();
    assert_eq!(summary.agreed_codecs, ["PCMA", "G722"]);
    assert!(summary.both_ways && summary.unanswered_offer.is_none());
    assert!(has(&talk, "early_media"));
    assert_eq!(summary.frames, [1, 3, 6]);
}

#[test]
fn refusals_announce_nothing() {
    let mut talk = Talk::new();
    let offer = Msg::request("INVITE", 1).sdp(A, "m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 31\r\n");
    talk.up(&offer).down(&offer.reply("488 Not Acceptable Here").sdp(B, "m=audio 5000 RTP/AVP 8\r\n"));
    assert_eq!(talk.run.announcements.len(), 1, "neither port 0 nor the body of a 488");
}

#[test]
fn a_delayed_offer_is_answered_in_the_ack() {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    let accepted = invite.reply("200 OK").sdp(B, "m=audio 5000 RTP/AVP 18 8 0\r\n");
    talk.up(&invite).wait(10).down(&accepted).up(&Msg::inside("ACK", 1).sdp(A, "m=audio 4000 RTP/AVP 8\r\n"));
    let all: Vec<_> = talk.run.announcements.iter().map(|a| (a.party, a.endpoint)).collect();
    assert_eq!(all, [(Party::Callee, at(2, 5000)), (Party::Caller, at(1, 4000))]);
    let summary = talk.call();
    assert_eq!((summary.agreed_codecs, summary.both_ways), (vec!["PCMA".to_owned()], true));
    assert_eq!(summary.unanswered_offer, None);
}

#[test]
fn offers_without_an_answer_are_named() {
    let mut talk = Talk::new();
    let offer = Msg::request("INVITE", 1).sdp(A, "m=audio 4000 RTP/AVP 0\r\n");
    talk.up(&offer).down(&offer.reply("200 OK")).up(&Msg::inside("ACK", 1));
    assert_eq!(talk.call().unanswered_offer, Some(1));

    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    talk.up(&invite)
        .down(&invite.reply("200 OK").sdp(B, "m=audio 5000 RTP/AVP 0\r\n"))
        .up(&Msg::inside("ACK", 1));
    assert_eq!(talk.call().unanswered_offer, Some(2), "the offer of the 200");
}

/// An answered call with audio both ways.
fn answered() -> Talk {
    let mut talk = Talk::new();
    let offer = Msg::request("INVITE", 1).sdp(A, "m=audio 4000 RTP/AVP 0\r\n");
    talk.up(&offer).wait(10).down(&offer.reply("200 OK").sdp(B, "m=audio 5000 RTP/AVP 0\r\n"));
    talk.up(&Msg::inside("ACK", 1));
    talk
}

fn change(talk: &mut Talk, method: &str, cseq: u32, media: &str, answer: &str) {
    let offer = Msg::inside(method, cseq).sdp(A, media);
    talk.wait(1000).up(&offer).wait(10).down(&offer.reply("200 OK").sdp(B, answer));
}

#[test]
fn hold_and_resume_are_seen_when_they_are_accepted() {
    for held in ["m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n", "c=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\n"]
    {
        let mut talk = answered();
        let refused = Msg::inside("INVITE", 2).sdp(A, held);
        talk.up(&refused).down(&refused.reply("491 Request Pending"));
        assert!(!has(&talk, "hold") && has(&talk, "glare"));
        change(&mut talk, "INVITE", 3, held, "m=audio 5000 RTP/AVP 0\r\na=recvonly\r\n");
        assert!(has(&talk, "hold") && !has(&talk, "resume") && !talk.call().both_ways);
        change(&mut talk, "UPDATE", 4, "m=audio 4000 RTP/AVP 0\r\n", "m=audio 5000 RTP/AVP 0\r\n");
        assert!(has(&talk, "resume") && has(&talk, "reinvite") && has(&talk, "update"));
        let summary = talk.call();
        assert!(summary.both_ways);
        let kinds: Vec<_> = summary.call.events.iter().map(|event| &event.kind[..]).collect();
        assert_eq!(kinds.iter().filter(|kind| matches!(**kind, "hold" | "resume")).count(), 2);
        let last = talk.run.announcements.last().unwrap();
        assert_eq!(last.direction, Direction::SendRecv);
    }
}

#[test]
fn a_hold_by_delayed_offer_stands_in_the_ack() {
    let mut talk = answered();
    let invite = Msg::inside("INVITE", 2);
    talk.up(&invite).down(&invite.reply("200 OK").sdp(B, "m=audio 5000 RTP/AVP 0\r\n"));
    assert!(!has(&talk, "hold"));
    talk.up(&Msg::inside("ACK", 2).sdp(A, "m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n"));
    assert!(has(&talk, "hold"));
    let invite = Msg::inside("INVITE", 3);
    talk.up(&invite).down(&invite.reply("200 OK").sdp(B, "m=audio 5000 RTP/AVP 0\r\n"));
    talk.up(&Msg::inside("ACK", 3).sdp(A, "m=audio 4000 RTP/AVP 0\r\n"));
    assert!(has(&talk, "resume"));
}

#[test]
fn fax_video_and_encryption_count_when_both_sides_agree() {
    let t38 = "m=image 4002 udptl t38\r\n";
    let mut talk = answered();
    change(&mut talk, "INVITE", 2, t38, "m=image 0 udptl t38\r\n");
    assert!(!has(&talk, "fax_t38"));
    change(&mut talk, "INVITE", 3, t38, "m=image 5002 udptl t38\r\n");
    assert!(has(&talk, "fax_t38"));
    assert_eq!(talk.call().agreed_codecs, ["PCMU"], "fax does not change what was agreed for audio");
    assert_eq!(talk.run.announcements.last().map(told).unwrap().2, MediaKind::Fax);

    let mut talk = answered();
    let offer = Msg::inside("INVITE", 2).sdp(A, t38);
    talk.up(&offer).down(&offer.reply("488 Not Acceptable Here"));
    assert!(has(&talk, "fax_passthrough") && !has(&talk, "fax_t38"));

    let mut talk = answered();
    let media = "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\nm=video 4004 RTP/AVP 34\r\n";
    change(&mut talk, "INVITE", 2, media, media);
    assert!(has(&talk, "srtp") && has(&talk, "video"));
    assert!(talk.run.announcements.iter().any(|a| a.encrypted));
}

#[test]
fn prack_may_carry_offers() {
    let mut talk = Talk::new();
    let offer = Msg::request("INVITE", 1).sdp(A, "m=audio 4000 RTP/AVP 0\r\n").with("Supported: 100rel");
    let progress = offer.reply("183 Progress").with("Require: 100rel").with("RSeq: 1");
    talk.up(&offer).wait(5).down(&progress.sdp(B, "m=audio 5000 RTP/AVP 0\r\n"));
    let prack = Msg::inside("PRACK", 2).with("RAck: 1 1 INVITE").sdp(A, "m=audio 4010 RTP/AVP 0\r\n");
    talk.up(&prack).down(&prack.reply("200 OK").sdp(B, "m=audio 5010 RTP/AVP 0\r\n"));
    let all: Vec<_> = talk.run.announcements.iter().map(|a| a.endpoint.port).collect();
    assert_eq!(all, [4000, 5000, 4010, 5010]);
    assert!(has(&talk, "prack"));
}

#[test]
fn what_was_agreed_before_a_change_stays_agreed() {
    let mut talk = Talk::new();
    let offer = |message: Msg, formats: &str| message.sdp(A, &format!("m=audio 4000 RTP/AVP {formats}\r\n"));
    let answer = |message: &Msg, formats: &str| {
        message.reply("200 OK").sdp(B, &format!("m=audio 5000 RTP/AVP {formats}\r\n"))
    };
    let invite = offer(Msg::request("INVITE", 1), "0 8 9");
    talk.up(&invite).wait(10).down(&answer(&invite, "0 8")).up(&Msg::inside("ACK", 1));
    assert_eq!(talk.call().agreed_codecs, ["PCMU", "PCMA"], "several at once, in the order of the answer");
    let change = offer(Msg::inside("INVITE", 2), "9 8");
    talk.wait(5_000).up(&change).wait(10).down(&answer(&change, "9")).up(&Msg::inside("ACK", 2));
    let call = talk.call();
    assert_eq!(call.agreed_codecs, ["G722", "PCMU", "PCMA"], "the last answer first");
    assert_eq!(call.media, [at(1, 4000), at(2, 5000)]);
}
