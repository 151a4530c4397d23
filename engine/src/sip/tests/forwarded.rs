//! Calls that a server sends on to somebody else, and conferences that tell who comes and goes.

use crate::config::Config;
use crate::model::{Call, CallOutcome};
use crate::packet::Endpoint;
use crate::sip::Tracker;
use crate::sip::testing::{Msg, Talk, context};

const SERVER: Endpoint = place(9);
const CAROL: Endpoint = place(3);
const DAVE: Endpoint = place(4);

const fn place(last: u8) -> Endpoint {
    Endpoint { octets: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, last], port: 5060 }
}

fn told(call: &Call, kind: &str) -> Vec<(u64, String)> {
    let events = call.events.iter().filter(|event| event.kind == kind);
    events.map(|event| (event.frame, event.detail.clone())).collect()
}

/// Alice's call through a server that lets Carol's phone ring, gives up and sends the call on to Dave.
fn not_answered(says_so: bool, diversion: &str) -> Call {
    let mut talk = Talk::new();
    let alice = talk.alice;
    let invite = Msg::request("INVITE", 1).branch("z9hG4bK-alice");
    let leg = |branch: &str| Msg::request("INVITE", 1).hops(2).branch(branch);
    let (first, second) = (leg("z9hG4bK-carol"), leg("z9hG4bK-dave").with(diversion));
    talk.send(alice, SERVER, &invite).send(SERVER, CAROL, &first);
    talk.wait(10).send(CAROL, SERVER, &first.reply("180 Ringing").tag("carol"));
    talk.send(SERVER, alice, &invite.reply("180 Ringing").tag("carol")).wait(9_000);
    if says_so {
        talk.send(SERVER, alice, &invite.reply("181 Call Is Being Forwarded").tag("server"));
    }
    talk.send(SERVER, DAVE, &second);
    talk.send(SERVER, CAROL, &Msg::request("CANCEL", 1).hops(1).branch("z9hG4bK-carol"));
    talk.send(CAROL, SERVER, &first.reply("487 Request Terminated").tag("carol")).wait(50);
    talk.send(DAVE, SERVER, &second.reply("200 OK").tag("dave"));
    talk.send(SERVER, alice, &invite.reply("200 OK").tag("dave"));
    talk.call().call
}

#[test]
fn forwarded_by_a_server_when_nobody_answers() {
    let told_by = [
        (true, "Diversion: <sip:carol@example.com>;reason=no-answer"),
        (false, "Diversion: <sip:carol@example.com>;reason=no-answer"),
        (false, "History-Info: <sip:carol@example.com?Reason=SIP%3Bcause%3D408>;index=1"),
    ];
    for (says_so, diversion) in told_by {
        let call = not_answered(says_so, diversion);
        assert_eq!(call.outcome, CallOutcome::Answered);
        assert!(call.features.iter().any(|name| name == "forwarded"), "{:?}", call.features);
        assert!(!call.features.iter().any(|name| name == "forked"), "one phone after the other: {diversion}");
        assert_eq!(told(&call, "cancel"), [], "the caller went on waiting");
        assert_eq!(told(&call, "terminated"), []);
        assert_eq!(told(&call, "branch_cancelled").len(), 1);
        let why = told(&call, "forwarded").pop().expect("a diversion");
        assert_eq!(why.1, "the call was diverted on its way here: no-answer");
    }
}

#[test]
fn the_callers_own_cancel_is_told_behind_that_of_a_server() {
    let mut talk = Talk::new();
    let alice = talk.alice;
    let invite = Msg::request("INVITE", 1).branch("z9hG4bK-alice");
    let leg = Msg::request("INVITE", 1).hops(2).branch("z9hG4bK-carol");
    talk.send(alice, SERVER, &invite).send(SERVER, CAROL, &leg);
    talk.send(CAROL, SERVER, &leg.reply("180 Ringing").tag("carol")).wait(500);
    talk.send(SERVER, CAROL, &Msg::request("CANCEL", 1).branch("z9hG4bK-carol")).wait(500);
    talk.send(alice, SERVER, &Msg::request("CANCEL", 1).branch("z9hG4bK-alice"));
    talk.send(SERVER, alice, &invite.reply("487 Request Terminated").tag("carol"));
    let call = talk.call().call;
    assert_eq!(call.outcome, CallOutcome::Cancelled);
    assert_eq!(told(&call, "branch_cancelled").len(), 1);
    assert_eq!(told(&call, "cancel"), [(5, "the caller's side gives up".to_owned())]);
}

#[test]
fn an_answer_tells_where_the_call_went() {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    let history = "History-Info: <sip:bob@example.com>;index=1, <sip:box@example.com;cause=486>;index=1.1";
    talk.up(&invite).wait(20).down(&invite.reply("200 OK").with(history));
    let call = talk.call().call;
    let expected = "the answer comes from where the call was diverted to: user-busy";
    assert_eq!(told(&call, "forwarded"), [(2, expected.to_owned())]);
}

const FOCUS: &str = "Contact: <sip:room@192.0.2.9:5060>;isfocus";
const ROOM: &str = "sip:room@192.0.2.9:5060";
const CAROL_CALLS: &str = "<sip:carol@example.com>;tag=c1";

/// Alice and Carol in one conference: frames 1 to 4.
fn conference() -> Talk {
    let mut talk = Talk::new();
    let alice = talk.alice;
    let first = Msg::request("INVITE", 1).to(ROOM).call_id("one").branch("z9hG4bK-1");
    let second = Msg::request("INVITE", 1).from(CAROL_CALLS).to(ROOM).call_id("two").branch("z9hG4bK-2");
    talk.send(alice, SERVER, &first).send(SERVER, alice, &first.reply("200 OK").with(FOCUS)).wait(5_000);
    talk.send(CAROL, SERVER, &second).send(SERVER, CAROL, &second.reply("200 OK").with(FOCUS)).wait(50);
    talk
}

fn subscribe(call_id: &'static str) -> Msg {
    Msg::request("SUBSCRIBE", 1).to(ROOM).call_id(call_id).branch(call_id).with("Event: conference")
}

fn notify(version: u32, users: &str) -> Msg {
    let state = if version == 1 { "full" } else { "partial" };
    let message = Msg::from_bob("NOTIFY", version).call_id("watch").with("Event: conference;id=1");
    message.with("Content-Type: application/conference-info+xml").body(&format!(
        "<conference-info state=\"{state}\" version=\"{version}\"><users>{users}</users></conference-info>"
    ))
}

#[test]
fn a_subscription_tells_a_call_who_is_in_its_conference() {
    let mut talk = conference();
    let alice = talk.alice;
    talk.send(alice, SERVER, &subscribe("watch"));
    talk.send(
        SERVER,
        alice,
        &notify(1, "<user entity='sip:alice@example.com'/><user entity='sip:carol@example.com'/>"),
    );
    talk.send(SERVER, alice, &notify(2, "<user entity='sip:carol@example.com' state='deleted'/>"));
    let calls = talk.run.calls();
    let [first, second] = [&calls[0].call, &calls[1].call];
    assert_eq!((&first.related[..], &second.related[..]), (&[2][..], &[1][..]), "the same focus");
    assert_eq!(told(first, "related"), [(4, "call 2 is in the same conference".to_owned())]);
    let joined = ["sip:alice@example.com is in the conference", "sip:carol@example.com is in the conference"];
    assert_eq!(told(first, "joined"), joined.map(|detail| (6, detail.to_owned())));
    assert_eq!(told(first, "left"), [(7, "sip:carol@example.com leaves the conference".to_owned())]);
    assert_eq!(told(second, "joined"), []);
}

#[test]
fn subscriptions_of_nobody_and_too_many_are_left_alone() {
    let mut talk = conference();
    let (alice, ids) = (talk.alice, ["a", "b", "c", "d", "e", "f"]);
    let mallory = subscribe("mallory").from("<sip:mallory@example.com>;tag=m");
    talk.send(DAVE, SERVER, &mallory);
    ids.into_iter().for_each(|id| _ = talk.send(alice, SERVER, &subscribe(id)));
    assert_eq!(talk.run.calls().len(), 2);
    let cx = context(99, 0, alice, SERVER);
    assert_eq!(talk.run.feed(&cx, &subscribe("d").tag("x").bytes()), Some(1));
    assert_eq!(talk.run.feed(&cx, &subscribe("e").tag("x").bytes()), None);
    assert_eq!(talk.run.feed(&cx, &mallory.tag("x").bytes()), None);
}

#[test]
fn what_an_evicted_call_subscribed_to_is_forgotten() {
    let mut talk = Talk::new();
    talk.run.tracker = Tracker::new(&Config { max_calls: 1, ..Config::default() });
    let alice = talk.alice;
    let first = Msg::request("INVITE", 1).to(ROOM).call_id("one").branch("z9hG4bK-1");
    talk.send(alice, SERVER, &first).send(SERVER, alice, &first.reply("200 OK").with(FOCUS));
    talk.send(alice, SERVER, &subscribe("watch"));
    let cx = context(90, 0, alice, SERVER);
    assert_eq!(talk.run.feed(&cx, &subscribe("watch").tag("x").bytes()), Some(1));
    talk.send(CAROL, DAVE, &Msg::request("INVITE", 1).call_id("two").branch("z9hG4bK-2"));
    assert_eq!(talk.run.feed(&cx, &subscribe("watch").tag("y").bytes()), None);
    assert_eq!(talk.run.tracker.by_call_id.len(), 1);
}

#[test]
fn an_answered_call_is_moved_to_somebody_else() {
    let shows = |message: Msg, who: &str| message.with(&format!("P-Asserted-Identity: {who}"));
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1).to("sip:+493012345678@example.com");
    talk.up(&invite).wait(10);
    talk.down(&shows(invite.reply("200 OK"), "<sip:00493012345678@example.com>")).up(&Msg::inside("ACK", 1));
    // the same number in another form is nobody else
    talk.wait(500).down(&shows(Msg::from_bob("UPDATE", 7), "<tel:+493012345678>"));
    talk.wait(500).down(&shows(Msg::from_bob("INVITE", 8), "\"Carol\" <sip:carol@example.com>"));
    talk.wait(500).down(&shows(Msg::from_bob("UPDATE", 9), "<sip:carol@example.org>"));
    talk.wait(500)
        .down(&Msg::from_bob("INVITE", 10).with("Remote-Party-ID: <sip:anonymous@anonymous.invalid>"));
    let call = talk.call().call;
    assert_eq!(told(&call, "connected"), [(5, "the caller now talks to sip:carol@example.com".to_owned())]);
}

#[test]
fn an_extension_behind_the_number_that_was_dialled_is_nobody_else() {
    let shows =
        |message: Msg, who: &str| message.with(&format!("P-Asserted-Identity: <sip:{who}@example.com>"));
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1).to("sip:+493012345678@example.com");
    talk.up(&invite).wait(10).down(&invite.reply("200 OK")).up(&Msg::inside("ACK", 1));
    talk.wait(500).down(&shows(Msg::from_bob("UPDATE", 7), "201"));
    talk.wait(500).down(&shows(Msg::from_bob("UPDATE", 8), "202"));
    let call = talk.call().call;
    assert_eq!(told(&call, "connected"), [(5, "the caller now talks to sip:202@example.com".to_owned())]);
}

#[test]
fn calls_with_one_media_address_under_one_server_are_related() {
    let audio = "m=audio 4000 RTP/AVP 0\r\n";
    let begin = |second: Endpoint| {
        let mut talk = Talk::new();
        let alice = talk.alice;
        let invite = Msg::request("INVITE", 1).call_id("one").branch("z9hG4bK-1").sdp("192.0.2.1", audio);
        talk.send(alice, SERVER, &invite).send(SERVER, alice, &invite.reply("200 OK")).wait(60_000);
        let other = Msg::request("INVITE", 1).to("sip:carol@example.com").call_id("two").branch("z9hG4bK-2");
        talk.send(second, CAROL, &other.sdp("192.0.2.1", audio));
        let calls = talk.run.calls();
        [calls[0].call.related.clone(), calls[1].call.related.clone()]
    };
    assert_eq!(begin(SERVER), [vec![2], vec![1]]);
    assert_eq!(begin(place(1)), [Vec::<u32>::new(), Vec::new()], "who calls twice has two calls");
}
