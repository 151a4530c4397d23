//! Legs that join into one call, and those that must not.

use crate::model::{Call, CallOutcome, EndedBy};
use crate::packet::Endpoint;
use crate::sip::testing::{Msg, Talk};

const CAROL: &str = "<sip:+4930123456@example.com>;tag=c-tag-of-chance-1";
const AGENT: &str = "<sip:030123456@agent.example.com>;tag=an-own-tag-of-it";

fn host(last: u8) -> Endpoint {
    Endpoint::v4([192, 0, 2, last], 5060)
}

fn invite(call_id: &'static str, from: &'static str, to: &str) -> Msg {
    Msg::request("INVITE", 1).from(from).to(to).call_id(call_id).branch(call_id)
}

/// Two INVITEs from .1 to .2 and from `second.0` to `second.1`, `ms` apart; then the calls.
fn two(first: &Msg, second: &Msg, places: (u8, u8), ms: i64) -> Vec<Call> {
    let mut talk = Talk::new();
    talk.send(host(1), host(2), first).wait(ms).send(host(places.0), host(places.1), second);
    talk.run.calls().into_iter().map(|summary| summary.call).collect()
}

fn joined(calls: &[Call]) -> Option<&str> {
    let leg = calls.first()?.events.iter().find(|event| event.kind == "leg")?;
    assert_eq!((calls.len(), calls[0].call_ids.len()), (1, 2));
    leg.detail.split_once("Call-ID: ").map(|(_, proof)| proof)
}

#[test]
fn headers_prove_a_leg() {
    let first = invite("one", CAROL, "sip:bob@example.com");
    let second = invite("two", AGENT, "sip:extension-17@example.com");
    let id = "Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000";
    let cases = [
        (first.clone().with(id), second.clone().with(id), "the same Session-ID"),
        (
            first.clone().with("P-Charging-Vector: icid-value=a71-b;icid-generated-at=192.0.2.1"),
            second.clone().with("P-Charging-Vector: orig-ioi=x;icid-value=a71-b"),
            "the same charging identifier",
        ),
        (first.clone(), second.clone().with("X-CID: one"), "a header that names the other Call-ID"),
        (first.clone(), invite("two", CAROL, "sip:17@example.com"), "the From-tag of the leg before"),
    ];
    for (first, second, proof) in cases {
        assert_eq!(joined(&two(&first, &second, (2, 3), 10)), Some(proof));
        assert_eq!(
            two(&first, &second, (1, 3), 10).len(),
            if proof.contains("names") { 1 } else { 2 },
            "{proof}: calls twice"
        );
    }
    let nil = "Session-ID: 00000000000000000000000000000000";
    assert_eq!(two(&first.with(nil), &second.with(nil), (2, 3), 10).len(), 2, "no identifier at all");
}

#[test]
fn the_same_parties_behind_the_server_that_got_the_call() {
    let first = invite("one", CAROL, "sip:0049301112222@example.com");
    let second = invite("two", AGENT, "sip:9301112222@example.com");
    let proof = Some("the same parties, sent on by the server that got the call");
    assert_eq!(
        joined(&two(&first, &second, (2, 3), 1500)),
        None.or(None),
        "030 and +4930 differ before the 30"
    );
    let second = second.from("<sip:4930123456@agent.example.com>;tag=an-own-tag-of-it");
    let first = first.to("sip:49301112222@example.com");
    let second = second.to("sip:099949301112222@example.com");
    assert_eq!(joined(&two(&first, &second, (2, 3), 1500)), proof);
    assert_eq!(two(&first, &second, (2, 3), 9000).len(), 2, "much later");
    assert_eq!(two(&first, &second, (2, 1), 100).len(), 2, "back where it came from");
    assert_eq!(two(&first, &second, (1, 3), 100).len(), 2, "the caller itself");
    let strange = Some("the same two numbers at the same time");
    assert_eq!(joined(&two(&first, &second, (7, 8), 100)), strange);
    assert_eq!(two(&first, &second, (7, 8), 900).len(), 2);
    let nobody = second.from("<sip:anonymous@anonymous.invalid>;tag=x");
    assert_eq!(two(&first, &nobody, (2, 3), 100).len(), 2, "anybody may be anonymous");
}

#[test]
fn parties_on_one_host_are_told_apart_by_their_ports() {
    let at = |port| Endpoint::v4([127, 0, 0, 1], port);
    let calls = |source, destination| {
        let mut talk = Talk::new();
        talk.send(at(5061), at(5060), &invite("one", CAROL, "sip:49301112222@example.com"));
        let second = invite("two", "<sip:4930123456@b>;tag=3", "sip:49301112222@example.com");
        talk.wait(50).send(at(source), at(destination), &second);
        talk.run.calls().len()
    };
    assert_eq!([calls(5060, 5062), calls(5061, 5060), calls(5060, 5061)], [1, 2, 2]);
}

#[test]
fn the_same_media_address_behind_the_server_that_got_it() {
    let first = invite("one", CAROL, "sip:bob@example.com").sdp("192.0.2.1", "m=audio 4000 RTP/AVP 0\r\n");
    let second = invite("two", AGENT, "sip:17@example.com").sdp("192.0.2.1", "m=audio 4000 RTP/AVP 0\r\n");
    let proof = Some("the same media address, sent on by the server that got it");
    assert_eq!(joined(&two(&first, &second, (2, 3), 100)), proof);
    assert_eq!(two(&first, &second, (4, 5), 100).len(), 2, "a tester uses one port for all of its calls");
}

#[test]
fn of_two_likely_calls_none_is_chosen() {
    let mut talk = Talk::new();
    let numbers = |call_id| invite(call_id, CAROL, "sip:49301112222@example.com");
    talk.send(host(1), host(2), &numbers("one").from("<sip:4930123456@a>;tag=1"));
    talk.send(host(1), host(2), &numbers("two").from("<sip:4930123456@a>;tag=2"));
    talk.wait(50).send(host(2), host(3), &numbers("three").from("<sip:4930123456@b>;tag=3"));
    assert_eq!(talk.run.calls().len(), 3);
}

#[test]
fn an_answered_call_gets_no_more_legs() {
    let mut talk = Talk::new();
    let first = invite("one", CAROL, "sip:49301112222@example.com");
    talk.send(host(1), host(2), &first).wait(100).send(host(2), host(1), &first.reply("200 OK"));
    let second = invite("two", "<sip:4930123456@b>;tag=3", "sip:49301112222@example.com");
    talk.wait(100).send(host(2), host(3), &second);
    assert_eq!(talk.run.calls().len(), 2);
}

#[test]
fn the_first_leg_tells_how_it_went() {
    let mut talk = Talk::new();
    let first = invite("one", CAROL, "sip:49301112222@example.com");
    let second = invite("two", "<sip:4930123456@b>;tag=3", "sip:49301112222@example.com");
    talk.send(host(1), host(2), &first).wait(20).send(host(2), host(3), &second);
    talk.wait(900).send(host(3), host(2), &second.reply("486 Busy Here"));
    talk.wait(10).send(host(2), host(1), &first.reply("486 Busy Here"));
    // another call meanwhile is call 2, not 3
    talk.wait(5000).send(host(8), host(9), &invite("other", "<sip:x@c>;tag=9", "sip:y@c"));
    let calls: Vec<Call> = talk.run.calls().into_iter().map(|summary| summary.call).collect();
    assert_eq!(calls.iter().map(|call| call.id).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((calls[0].outcome, calls[0].ended_by), (CallOutcome::Busy, EndedBy::Callee));
    assert_eq!(calls[0].call_ids, ["one", "two"]);
    let kinds: Vec<_> = calls[0].events.iter().map(|event| (event.frame, event.kind.as_ref())).collect();
    assert_eq!(kinds, [(1, "invite"), (2, "leg"), (4, "busy")]);
    assert_eq!(talk.run.statistics().rfc6076.seer_percent, Some(100.0), "one attempt, not two");
}
