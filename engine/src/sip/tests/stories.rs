//! What happens inside a call, and between calls that belong together.

use crate::model::Call;
use crate::packet::Endpoint;
use crate::sip::testing::{Msg, Talk};

fn calls(talk: &Talk) -> Vec<Call> {
    talk.run.calls().into_iter().map(|summary| summary.call).collect()
}

fn told<'a>(call: &'a Call, kind: &str) -> Option<(u64, &'a str)> {
    call.events.iter().find(|event| event.kind == kind).map(|event| (event.frame, event.detail.as_str()))
}

#[track_caller]
fn has(call: &Call, feature: &str, expected: bool) {
    assert_eq!(call.features.iter().any(|name| name == feature), expected, "{feature}: {:?}", call.features);
}

/// An answered call of Alice to Bob: frames 1 to 3.
fn answered(timer: &str) -> Talk {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    let mut ok = invite.reply("200 OK");
    if !timer.is_empty() {
        ok = ok.with(timer);
    }
    talk.up(&invite).wait(100).down(&ok).wait(10).up(&Msg::inside("ACK", 1));
    talk
}

const OTHER: Endpoint =
    Endpoint { octets: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 3], port: 5060 };
const CAROL: &str = "<sip:carol@example.com>;tag=c1";

#[test]
fn a_blind_transfer_relates_the_call_that_it_makes() {
    let mut talk = answered("");
    let refer = Msg::inside("REFER", 2).with("Refer-To: <sip:carol@example.com>");
    talk.up(&refer).wait(5).down(&refer.reply("202 Accepted"));
    let bob = talk.bob;
    let invite = Msg::request("INVITE", 1).from("<sip:bob@example.com>;tag=b9").to("sip:carol@example.com");
    talk.wait(50).send(bob, OTHER, &invite.call_id("second").with("Referred-By: <sip:alice@example.com>"));
    let calls = calls(&talk);
    has(&calls[0], "blind_transfer", true);
    assert_eq!((&calls[0].related[..], &calls[1].related[..]), (&[2][..], &[1][..]));
    assert_eq!(told(&calls[0], "related"), Some((6, "call 2 is what the transfer made")));
    // somebody else calls the same Carol: no part of it
    let stranger = Msg::request("INVITE", 1).from("<sip:dave@example.com>;tag=d").to("sip:carol@example.com");
    talk.send(Endpoint::v4([192, 0, 2, 9], 5060), OTHER, &stranger.call_id("third"));
    assert!(self::calls(&talk)[2].related.is_empty());
}

/// Alice talks to Bob, then calls Carol (answered or not) and sends Bob there.
fn consultation(carol_answers: bool) -> Vec<Call> {
    let mut talk = answered("");
    let (alice, bob) = (talk.alice, talk.bob);
    let ask = Msg::request("INVITE", 1).to("sip:carol@example.com").call_id("ask").branch("z9hG4bK-ask");
    talk.send(alice, OTHER, &ask).wait(50);
    let ringing = ask.reply("180 Ringing").tag("c1");
    talk.send(OTHER, alice, &ringing).wait(50);
    if carol_answers {
        talk.send(OTHER, alice, &ask.reply("200 OK").tag("c1")).wait(50);
    }
    let target = "Refer-To: <sip:carol@example.com?Replaces=ask%3Bto-tag%3Dc1%3Bfrom-tag%3Da1>";
    let refer = Msg::inside("REFER", 2).with(target);
    talk.up(&refer).wait(5).down(&refer.reply("202 Accepted")).wait(5);
    let last = Msg::request("INVITE", 1).from("<sip:bob@example.com>;tag=b9").to("sip:carol@example.com");
    let last = last.call_id("last").with("Replaces: ask;to-tag=c1;from-tag=a1");
    talk.send(bob, OTHER, &last.with("Referred-By: <sip:alice@example.com>"));
    calls(&talk)
}

#[test]
fn attended_and_semi_attended_transfers() {
    let calls = consultation(true);
    has(&calls[0], "attended_transfer", true);
    has(&calls[2], "attended_transfer", true);
    let related: Vec<&[u32]> = calls.iter().map(|call| &call.related[..]).collect();
    assert_eq!(related, [&[3][..], &[3], &[2, 1]]);
    assert_eq!(told(&calls[1], "related").unwrap().1, "call 3 takes the place of this one (Replaces)");
    let calls = consultation(false);
    has(&calls[2], "attended_transfer", true);
    assert!(told(&calls[2], "related").unwrap().1.ends_with("semi-attended"));
}

#[test]
fn a_ringing_call_is_picked_up() {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1).call_id("rings");
    talk.up(&invite).wait(50).down(&invite.reply("180 Ringing"));
    let pick = Msg::request("INVITE", 1).from(CAROL).to("sip:alice@example.com").call_id("pick");
    let alice = talk.alice;
    talk.wait(900).send(OTHER, alice, &pick.with("Replaces: rings;to-tag=a1;from-tag=b1;early-only"));
    let calls = calls(&talk);
    has(&calls[1], "pickup", true);
    has(&calls[1], "attended_transfer", false);
    assert_eq!((&calls[0].related[..], &calls[1].related[..]), (&[2][..], &[1][..]));
}

#[test]
fn replaces_with_tags_of_no_dialog_relates_nothing() {
    let mut talk = answered("");
    let alice = talk.alice;
    let pick = Msg::request("INVITE", 1).from(CAROL).to("sip:alice@example.com").call_id("pick");
    let call_id = "a84b4c76e66710@client.example.com";
    talk.send(OTHER, alice, &pick.with(&format!("Replaces: {call_id};to-tag=guess;from-tag=work")));
    assert!(calls(&talk).iter().all(|call| call.related.is_empty()));
}

#[test]
fn a_second_call_for_somebody_who_talks_waits() {
    let mut talk = answered("");
    let second = Msg::request("INVITE", 1).from(CAROL).call_id("second").branch("z9hG4bK-2");
    let bob = talk.bob;
    talk.send(OTHER, bob, &second).wait(50).send(bob, OTHER, &second.reply("180 Ringing").tag("b2"));
    let both = calls(&talk);
    has(&both[1], "call_waiting", true);
    assert_eq!(
        told(&both[1], "call_waiting"),
        Some((5, "the called side is in call 1 already: this one waits"))
    );
    // once the first is over nobody waits
    let mut talk = answered("");
    talk.up(&Msg::inside("BYE", 2)).wait(50);
    talk.send(OTHER, bob, &second).wait(50).send(bob, OTHER, &second.reply("180 Ringing").tag("b2"));
    has(&calls(&talk)[1], "call_waiting", false);
}

#[test]
fn the_phone_says_that_a_call_waits() {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    let ringing = invite.reply("180 Ringing").with("Alert-Info: <urn:alert:service:call-waiting>");
    talk.up(&invite).wait(10).down(&ringing);
    has(&talk.call().call, "call_waiting", true);
}

#[test]
fn a_focus_makes_a_conference() {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    talk.up(&invite).wait(10).down(&invite.reply("200 OK").with("Contact: <sip:room@192.0.2.2>;isfocus"));
    let call = talk.call().call;
    has(&call, "conference", true);
    assert_eq!(told(&call, "conference"), Some((2, "the callee is the focus of a conference (isfocus)")));
    let mut talk = answered("");
    talk.down(&Msg::from_bob("NOTIFY", 7).with("Event: conference"));
    has(&talk.call().call, "conference", true);
    let mut talk = answered("");
    talk.down(&Msg::from_bob("NOTIFY", 7).with("Event: refer"));
    has(&talk.call().call, "conference", false);
}

const TIMER: &str = "Session-Expires: 90;refresher=uac";

#[test]
fn a_session_is_refreshed_or_expires() {
    let mut talk = answered(TIMER);
    let update = Msg::inside("UPDATE", 2).with(TIMER);
    talk.wait(45_000).up(&update).wait(10).down(&update.reply("200 OK").with(TIMER));
    talk.wait(20_000).up(&Msg::inside("BYE", 3));
    let call = talk.call().call;
    assert_eq!(told(&call, "session_refresh").map(|event| event.0), Some(4));
    assert_eq!(told(&call, "session_expired"), None, "hung up in time");
    // nobody refreshes: the other side gives up 30 s before the end
    let mut talk = answered(TIMER);
    talk.wait(60_000).down(&Msg::from_bob("BYE", 1));
    assert_eq!(told(&talk.call().call, "session_expired").map(|event| event.0), Some(4));
    let mut talk = answered("");
    talk.wait(60_000).down(&Msg::from_bob("BYE", 1));
    assert_eq!(told(&talk.call().call, "session_expired"), None, "no timer");
}

#[test]
fn a_change_with_new_media_is_no_refresh() {
    let mut talk = answered(TIMER);
    let offer = |version: u32| {
        let body = format!(
            "v=0\r\no=- 1 {version} IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
        );
        Msg::inside("INVITE", 2 + version).with(TIMER).with("Content-Type: application/sdp").body(&body)
    };
    talk.up(&offer(1)).wait(50).up(&offer(1).branch("z9hG4bK-again")).wait(50).up(&offer(2));
    let call = talk.call().call;
    let kinds: Vec<_> = call.events.iter().skip(3).map(|event| (event.frame, event.kind.as_ref())).collect();
    assert_eq!(kinds, [(4, "reinvite"), (6, "reinvite")]);
    let mut talk = answered(TIMER);
    talk.up(&offer(1)).wait(50).up(&Msg::inside("INVITE", 9).with(TIMER));
    assert_eq!(told(&talk.call().call, "session_refresh").map(|event| event.0), Some(5), "no SDP");
}

#[test]
fn an_invite_that_does_not_arrive() {
    use crate::decode::Unreachable;
    use crate::packet::Nanos;
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    talk.up(&invite).wait(10);
    let at = Nanos(10 * Nanos::MILLI);
    let (source, destination) = (talk.alice, talk.bob);
    let told =
        Unreachable { frame: 2, at, reporter: destination.with_port(0), source, destination, what: "port" };
    let elsewhere = Unreachable { destination: OTHER, ..told };
    assert_eq!(talk.run.tracker.unreachable(&elsewhere), None);
    assert_eq!(talk.run.tracker.unreachable(&told), Some(1));
    let call = talk.call().call;
    assert_eq!(
        (call.outcome, call.ended_by),
        (crate::model::CallOutcome::Failed, crate::model::EndedBy::Network)
    );
    assert_eq!(call.outcome_reason.as_deref(), Some("ICMP: port unreachable"));
    let says = "192.0.2.2 says: 192.0.2.2:5060 is not reached (ICMP: port unreachable)";
    assert_eq!(super::stories::told(&call, "unreachable"), Some((2, says)));
    // a later answer counts
    talk.wait(500).down(&invite.reply("200 OK"));
    assert_eq!(talk.call().call.outcome, crate::model::CallOutcome::Answered);
}

#[test]
fn changes_that_overlap() {
    let mut talk = answered("");
    let (first, second) = (Msg::inside("INVITE", 2), Msg::inside("INVITE", 3));
    talk.up(&first).wait(5).up(&second).wait(5);
    talk.down(&second.reply("500 Server Internal Error").with("Retry-After: 7"));
    let call = talk.call().call;
    has(&call, "glare", true);
    assert_eq!(told(&call, "overlap").map(|event| event.0), Some(6));
    // a server's trouble alone is none
    let mut talk = answered("");
    talk.up(&first).wait(5).down(&first.reply("500 Server Internal Error").with("Retry-After: 7"));
    has(&talk.call().call, "glare", false);
}
