//! What becomes of calls, told by small scripts of messages.

use crate::model::{Call, CallOutcome, EndedBy};
use crate::packet::{Endpoint, PathId};
use crate::sip::testing::{Msg, Talk, context};

fn verdict(call: &Call) -> (CallOutcome, Option<u16>, EndedBy) {
    (call.outcome, call.outcome_code, call.ended_by)
}

fn has(call: &Call, feature: &str) -> bool {
    call.features.iter().any(|name| name == feature)
}

fn kinds(call: &Call) -> Vec<&str> {
    call.events.iter().map(|event| event.kind.as_ref()).collect()
}

#[track_caller]
fn near(value: Option<f64>, expected: f64) {
    assert!((value.expect("a value") - expected).abs() < 1e-9, "{value:?} is not {expected}");
}

#[test]
fn a_challenge_that_is_met_is_no_result() {
    let mut talk = Talk::new();
    let first = Msg::request("INVITE", 1);
    let second = Msg::request("INVITE", 2).with("Proxy-Authorization: Digest username=\"alice\"");
    talk.up(&first).wait(100).down(&first.reply("407 Proxy Authentication Required"));
    talk.wait(10).up(&Msg::request("ACK", 1).tag("b1").branch("z9hG4bK-1"));
    talk.wait(890).up(&second).wait(50).down(&second.reply("100 Trying"));
    talk.wait(450).down(&second.reply("180 Ringing")).wait(3000).down(&second.reply("200 OK"));
    talk.wait(20).up(&Msg::inside("ACK", 2)).wait(9980).up(&Msg::inside("BYE", 3));
    talk.wait(30).down(&Msg::inside("BYE", 3).reply("200 OK"));
    let call = talk.call().call;
    assert_eq!(verdict(&call), (CallOutcome::Answered, Some(200), EndedBy::Caller));
    near(call.post_dial_delay_s, 0.5);
    near(call.ring_s, 3.0);
    near(call.setup_s, 4.5);
    near(call.duration_s, 10.0);
    assert_eq!((call.from.as_str(), call.to.as_str()), ("sip:alice@example.com", "sip:bob@example.com"));
    assert_eq!(
        kinds(&call),
        ["invite", "challenged", "invite", "trying", "ringing", "answered", "ack", "bye"]
    );
    let figures = talk.run.statistics().rfc6076;
    near(figures.srd_ms, 500.0);
    near(figures.sdd_ms, 30.0);
    near(figures.ser_percent, 100.0);
    near(figures.scr_percent, 100.0);
}

#[test]
fn a_challenge_that_is_never_met_is_the_result() {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    talk.up(&invite).wait(5).down(&invite.reply("401 Unauthorized")).wait(60_000);
    let call = talk.call().call;
    assert_eq!(verdict(&call), (CallOutcome::AuthFailed, Some(401), EndedBy::Network));
    assert_eq!(call.post_dial_delay_s, None, "the only INVITE was challenged");
}

#[test]
fn a_challenge_just_before_the_end_is_no_failure_yet() {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    talk.up(&invite).wait(5).down(&invite.reply("401 Unauthorized")).wait(1_999);
    assert_eq!(verdict(&talk.call().call), (CallOutcome::Setup, None, EndedBy::Open));
    assert_eq!(talk.run.statistics().rfc6076.ser_percent, None, "it may still be answered");
    talk.wait(1);
    assert_eq!(verdict(&talk.call().call), (CallOutcome::AuthFailed, Some(401), EndedBy::Network));
    assert_eq!(talk.run.statistics().rfc6076.ser_percent, Some(0.0));

    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 2).with("Authorization: Digest username=\"alice\"");
    talk.up(&invite).wait(5).down(&invite.reply("401 Unauthorized"));
    let refused = talk.call().call;
    assert_eq!(verdict(&refused), (CallOutcome::AuthFailed, Some(401), EndedBy::Network), "wrong password");
}

#[test]
fn calls_that_are_not_over_are_in_no_ratio() {
    let mut talk = Talk::new();
    let ringing = Msg::request("INVITE", 1).call_id("ringing");
    let talking = Msg::request("INVITE", 1).call_id("talking");
    let busy = Msg::request("INVITE", 1).call_id("busy");
    talk.up(&ringing).wait(5).down(&ringing.reply("180 Ringing"));
    talk.up(&talking).wait(5).down(&talking.reply("200 OK"));
    talk.up(&busy).wait(5).down(&busy.reply("486 Busy Here")).wait(9_000);
    let figures = talk.run.statistics().rfc6076;
    near(figures.ser_percent, 50.0);
    near(figures.seer_percent, 100.0);
    near(figures.scr_percent, 0.0);
}

/// An INVITE, ringing for a while, and one final response.
fn refused(ring_ms: i64, status: &str, reason: &str) -> Call {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    talk.up(&invite).wait(20);
    if ring_ms > 0 {
        talk.down(&invite.reply("180 Ringing")).wait(ring_ms);
    }
    let mut reply = invite.reply(status);
    if !reason.is_empty() {
        reply = reply.with(&format!("Reason: {reason}"));
    }
    talk.down(&reply).up(&Msg::inside("ACK", 1).branch("z9hG4bK-1"));
    talk.call().call
}

#[test]
fn final_responses_are_classified() {
    use CallOutcome::{Busy, Failed, NoAnswer, Redirected, Rejected};
    use EndedBy::{Callee, Network, Timeout};
    let cases = [
        (0, "486 Busy Here", "", Busy, Callee),
        (0, "600 Busy Everywhere", "", Busy, Callee),
        (0, "503 Service Unavailable", "Q.850;cause=17", Busy, Callee),
        (0, "480 Temporarily Unavailable", "Q.850;cause=19", NoAnswer, Callee),
        (30_000, "480 Temporarily Unavailable", "", NoAnswer, Callee),
        (0, "480 Temporarily Unavailable", "", Rejected, Callee),
        (30_000, "408 Request Timeout", "", NoAnswer, Timeout),
        (0, "408 Request Timeout", "", Failed, Timeout),
        (30_000, "487 Request Terminated", "", NoAnswer, Network),
        (900, "603 Decline", "", Rejected, Callee),
        (0, "404 Not Found", "", Rejected, Network),
        (0, "488 Not Acceptable Here", "", Rejected, Callee),
        (0, "503 Service Unavailable", "", Failed, Network),
        (0, "503 Service Unavailable", "Q.850;cause=34", Failed, Network),
        (0, "302 Moved Temporarily", "", Redirected, Callee),
    ];
    for (ring_ms, status, reason, outcome, by) in cases {
        let call = refused(ring_ms, status, reason);
        let code = status[..3].parse().ok();
        assert_eq!(verdict(&call), (outcome, code, by), "{status} {reason} after {ring_ms} ms of ringing");
        assert!(call.end.is_some());
    }
    assert_eq!(refused(0, "503 Oops", "Q.850;cause=34").outcome_reason.unwrap(), "No circuit available");
    assert_eq!(refused(0, "480 Oops", "").outcome_reason.unwrap(), "Oops");
}

fn cancelled(ring_ms: i64, reason: &str) -> Call {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    let mut cancel = Msg::request("CANCEL", 1);
    if !reason.is_empty() {
        cancel = cancel.with(&format!("Reason: {reason}"));
    }
    talk.up(&invite).wait(20).down(&invite.reply("180 Ringing")).wait(ring_ms).up(&cancel);
    talk.wait(10).down(&cancel.reply("200 OK")).down(&invite.reply("487 Request Terminated"));
    talk.call().call
}

#[test]
fn a_cancel_tells_impatience_from_nobody_there() {
    assert_eq!(verdict(&cancelled(4_000, "")), (CallOutcome::Cancelled, Some(487), EndedBy::Caller));
    assert_eq!(verdict(&cancelled(15_000, "")).0, CallOutcome::NoAnswer);
    let elsewhere = cancelled(4_000, "SIP;cause=200;text=\"Call completed elsewhere\"");
    assert_eq!(verdict(&elsewhere), (CallOutcome::AnsweredElsewhere, Some(487), EndedBy::Network));
    assert_eq!(elsewhere.outcome_reason.unwrap(), "Call completed elsewhere");
}

#[test]
fn a_cancel_that_crosses_the_answer_leaves_an_answered_call() {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    talk.up(&invite).wait(20).down(&invite.reply("180 Ringing")).wait(500).up(&Msg::request("CANCEL", 1));
    talk.down(&invite.reply("200 OK")).wait(5).down(&Msg::request("CANCEL", 1).reply("200 OK"));
    talk.up(&Msg::inside("ACK", 1)).wait(5).up(&Msg::inside("BYE", 2));
    assert_eq!(verdict(&talk.call().call), (CallOutcome::Answered, Some(200), EndedBy::Caller));
    let figures = talk.run.statistics().rfc6076;
    assert_eq!((figures.ser_percent, figures.scr_percent), (Some(100.0), Some(0.0)), "no answer to the BYE");
}

#[test]
fn no_reply_is_a_timeout_only_after_timer_b() {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    talk.up(&invite).wait(500).up(&invite).wait(1000).up(&invite).wait(10_000);
    assert_eq!(verdict(&talk.call().call), (CallOutcome::Setup, None, EndedBy::Open));
    talk.wait(25_000);
    let call = talk.call().call;
    assert_eq!(verdict(&call), (CallOutcome::Failed, None, EndedBy::Timeout));
    assert!(has(&call, "retransmissions"));
    let statistics = talk.run.statistics();
    assert_eq!((statistics.retransmissions, statistics.requests["INVITE"]), (2, 3));
}

#[test]
fn ringing_at_the_end_stays_ringing() {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    talk.up(&invite).wait(20).down(&invite.reply("180 Ringing")).wait(60_000);
    let call = talk.call().call;
    assert_eq!(verdict(&call), (CallOutcome::Ringing, None, EndedBy::Open));
    near(call.ring_s, 60.0);
}

#[test]
fn the_best_branch_of_a_fork_wins() {
    let mut talk = Talk::new();
    let (proxy, desk) = (talk.bob, Endpoint::v4([192, 0, 2, 3], 5060));
    let mobile = Endpoint::v4([192, 0, 2, 4], 5060);
    let invite = Msg::request("INVITE", 1);
    let to_desk = invite.clone().hops(2).branch("z9hG4bK-desk");
    let to_mobile = invite.clone().hops(2).branch("z9hG4bK-mobile");
    talk.up(&invite).send(proxy, desk, &to_desk).send(proxy, mobile, &to_mobile).wait(100);
    talk.send(desk, proxy, &to_desk.reply("180 Ringing").tag("d1"))
        .down(&invite.reply("180 Ringing").tag("d1"));
    talk.send(mobile, proxy, &to_mobile.reply("180 Ringing").tag("m1")).wait(900);
    talk.send(desk, proxy, &to_desk.reply("486 Busy Here").tag("d1")).wait(100);
    assert_eq!(talk.call().call.outcome, CallOutcome::Ringing, "the other branch may still answer");
    talk.send(mobile, proxy, &to_mobile.reply("200 OK").tag("m1")).down(&invite.reply("200 OK").tag("m1"));
    let call = talk.call().call;
    assert_eq!(verdict(&call), (CallOutcome::Answered, Some(200), EndedBy::Open));
    assert!(has(&call, "forked"));
    near(call.setup_s, 1.1);
}

#[test]
fn what_the_proxy_tells_the_caller_decides() {
    let mut talk = Talk::new();
    let (proxy, desk) = (talk.bob, Endpoint::v4([192, 0, 2, 3], 5060));
    let mobile = Endpoint::v4([192, 0, 2, 4], 5060);
    let invite = Msg::request("INVITE", 1);
    let to_desk = invite.clone().hops(2).branch("z9hG4bK-desk");
    let to_mobile = invite.clone().hops(2).branch("z9hG4bK-mobile");
    talk.up(&invite).send(proxy, desk, &to_desk).send(proxy, mobile, &to_mobile).wait(100);
    talk.send(desk, proxy, &to_desk.reply("486 Busy Here").tag("d1")).wait(5);
    talk.down(&invite.reply("486 Busy Here").tag("d1")).wait(5);
    talk.send(mobile, proxy, &to_mobile.reply("603 Decline").tag("m1"));
    let call = talk.call().call;
    assert_eq!(verdict(&call), (CallOutcome::Busy, Some(486), EndedBy::Callee));
}

#[test]
fn a_branch_cancelled_by_the_proxy_is_not_the_caller_giving_up() {
    let mut talk = Talk::new();
    let (proxy, desk) = (talk.bob, Endpoint::v4([192, 0, 2, 3], 5060));
    let invite = Msg::request("INVITE", 1);
    let leg = invite.clone().hops(2).branch("z9hG4bK-desk");
    talk.up(&invite).send(proxy, desk, &leg).wait(100).send(desk, proxy, &leg.reply("180 Ringing"));
    talk.down(&invite.reply("180 Ringing")).wait(20_000);
    talk.send(proxy, desk, &Msg::request("CANCEL", 1).branch("z9hG4bK-desk")).wait(10);
    talk.send(desk, proxy, &leg.reply("487 Request Terminated")).wait(10);
    talk.down(&invite.reply("480 Temporarily Unavailable").tag("proxy"));
    let call = talk.call().call;
    assert_eq!((call.outcome, call.outcome_code), (CallOutcome::NoAnswer, Some(480)));
    assert_eq!(call.ended_by, EndedBy::Network, "the refusal was never seen beyond the proxy");
}

#[test]
fn a_larger_session_interval_is_no_refusal() {
    let mut talk = Talk::new();
    let first = Msg::request("INVITE", 1).with("Session-Expires: 90");
    let second = Msg::request("INVITE", 2).with("Session-Expires: 1800").with("Min-SE: 1800");
    talk.up(&first).wait(10).down(&first.reply("422 Session Interval Too Small").with("Min-SE: 1800"));
    talk.wait(10)
        .up(&second)
        .wait(100)
        .down(&second.reply("200 OK").with("Session-Expires: 1800;refresher=uac"));
    let call = talk.call().call;
    assert_eq!(verdict(&call), (CallOutcome::Answered, Some(200), EndedBy::Open));
    assert!(has(&call, "session_timer"));
    near(call.post_dial_delay_s, 0.1);
}

#[test]
fn a_redirection_that_is_followed_is_one_call() {
    let mut talk = Talk::new();
    let (first, second) = (Msg::request("INVITE", 1), Msg::request("INVITE", 2));
    talk.up(&first).wait(10).down(&first.reply("302 Moved").with("Contact: <sip:carol@example.com>"));
    talk.wait(10).up(&second).wait(10).down(&second.reply("200 OK").tag("c1"));
    let call = talk.call().call;
    assert_eq!(verdict(&call), (CallOutcome::Answered, Some(200), EndedBy::Open));
    assert!(has(&call, "forwarded") && !has(&call, "forked"));
}

#[test]
fn both_legs_of_a_proxy_are_one_call_and_no_retransmission() {
    let mut talk = Talk::new();
    let (proxy, bob) = (talk.bob, Endpoint::v4([192, 0, 2, 3], 5060));
    let invite = Msg::request("INVITE", 1);
    let leg = invite.clone().hops(2).branch("z9hG4bK-leg2");
    talk.up(&invite).wait(1).send(proxy, bob, &leg).wait(100);
    for status in ["180 Ringing", "200 OK"] {
        talk.send(bob, proxy, &leg.reply(status)).wait(1).down(&invite.reply(status)).wait(1000);
    }
    let bye = Msg::from_bob("BYE", 9);
    talk.send(bob, proxy, &bye).wait(1).down(&bye.clone().hops(2).branch("z9hG4bK-bye2"));
    let call = talk.call().call;
    assert_eq!(verdict(&call), (CallOutcome::Answered, Some(200), EndedBy::Callee));
    assert_eq!(kinds(&call), ["invite", "ringing", "answered", "bye"]);
    assert!(call.features.is_empty(), "{:?}", call.features);
    let statistics = talk.run.statistics();
    assert_eq!(statistics.retransmissions, 0);
    assert_eq!((statistics.requests["INVITE"], statistics.responses["200"]), (2, 2));
}

#[test]
fn copies_of_the_sensor_are_no_retransmissions() {
    let mut talk = Talk::new();
    let raw = Msg::request("INVITE", 1).bytes();
    let mut cx = context(1, 0, talk.alice, talk.bob);
    talk.run.feed(&cx, &raw);
    cx.at.0 += 6_000;
    talk.run.feed(&cx, &raw);
    cx.path = PathId(7);
    cx.at.0 += 800_000_000;
    talk.run.feed(&cx, &raw);
    assert_eq!(talk.run.statistics().retransmissions, 0);
    assert_eq!(talk.run.calls().len(), 1);
    cx.path = PathId(0);
    cx.at.0 += 500_000_000;
    talk.run.feed(&cx, &raw);
    assert_eq!(talk.run.statistics().retransmissions, 1);
}

#[test]
fn an_invite_inside_an_unknown_dialog_is_a_call_that_began_before() {
    let mut talk = Talk::new();
    talk.up(&Msg::inside("BYE", 8)).up(&Msg::inside("ACK", 8));
    assert!(talk.run.calls().is_empty(), "BYE and ACK of unknown dialogs make no call");
    let invite = Msg::inside("INVITE", 9).call_id("other");
    talk.up(&invite).wait(10).down(&invite.reply("200 OK")).wait(5_000);
    let call = talk.call().call;
    assert_eq!(verdict(&call), (CallOutcome::Answered, Some(200), EndedBy::Open));
    assert_eq!(kinds(&call), ["begun_before", "reinvite_accepted"]);
    assert_eq!((call.post_dial_delay_s, call.setup_s), (None, None));
    assert_eq!((call.answer, call.duration_s), (None, None), "the answer was before the capture");
    assert_eq!(talk.run.statistics().rfc6076.ser_percent, None);
}

#[test]
fn a_refused_change_of_a_call_that_began_before_leaves_it_answered() {
    for (status, expected) in [
        ("488 Not Acceptable Here", (CallOutcome::Answered, None, EndedBy::Caller)),
        ("401 Unauthorized", (CallOutcome::Answered, None, EndedBy::Caller)),
        ("481 Call/Transaction Does Not Exist", (CallOutcome::Failed, Some(481), EndedBy::Network)),
    ] {
        let mut talk = Talk::new();
        let invite = Msg::inside("INVITE", 9);
        talk.up(&invite).wait(10).down(&invite.reply(status)).wait(5_000);
        if expected.1.is_none() {
            talk.up(&Msg::inside("BYE", 10)).wait(5).down(&Msg::inside("BYE", 10).reply("200 OK"));
        }
        assert_eq!(verdict(&talk.call().call), expected, "{status}");
    }
    let mut talk = Talk::new();
    talk.up(&Msg::inside("INVITE", 9));
    assert_eq!(verdict(&talk.call().call), (CallOutcome::Answered, None, EndedBy::Open), "no reply yet");
}

#[test]
fn only_the_end_of_the_last_branch_ends_the_call() {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    talk.up(&invite).wait(10).down(&invite.reply("200 OK").tag("d1")).down(&invite.reply("200 OK").tag("m1"));
    talk.wait(10).up(&Msg::inside("BYE", 2).tag("m1"));
    assert_eq!(talk.call().call.ended_by, EndedBy::Open);
    talk.wait(5_000).up(&Msg::inside("BYE", 3).tag("d1"));
    let call = talk.call().call;
    assert_eq!(call.ended_by, EndedBy::Caller);
    near(call.duration_s, 5.01);
}

#[test]
fn an_answer_that_never_reached_the_caller_does_not_keep_the_call_open() {
    let mut talk = Talk::new();
    let (proxy, desk) = (talk.bob, Endpoint::v4([192, 0, 2, 3], 5060));
    let invite = Msg::request("INVITE", 1);
    let leg = invite.clone().hops(2).branch("z9hG4bK-desk");
    talk.up(&invite).send(proxy, desk, &leg).wait(10).send(desk, proxy, &leg.reply("200 OK").tag("d1"));
    talk.down(&invite.reply("200 OK").tag("m1")).up(&Msg::inside("ACK", 1).tag("m1"));
    talk.wait(1_000).up(&Msg::inside("BYE", 2).tag("m1"));
    assert_eq!(talk.call().call.ended_by, EndedBy::Caller);
}

#[test]
fn a_call_id_used_again_after_the_end_is_another_call() {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    talk.up(&invite).wait(10).down(&invite.reply("200 OK")).up(&Msg::inside("BYE", 2)).wait(5_000);
    let next = Msg::request("INVITE", 3);
    talk.up(&next).wait(10).down(&next.reply("486 Busy Here"));
    let outcomes: Vec<_> = talk.run.calls().iter().map(|summary| summary.call.outcome).collect();
    assert_eq!(outcomes, [CallOutcome::Answered, CallOutcome::Busy]);
}

#[test]
fn transfers_are_told_apart() {
    for (refer_to, feature) in [
        ("<sip:carol@example.com>", "blind_transfer"),
        ("<sip:carol@example.com?Replaces=abc%3Bto-tag%3D1%3Bfrom-tag%3D2>", "attended_transfer"),
    ] {
        let mut talk = Talk::new();
        let invite = Msg::request("INVITE", 1);
        talk.up(&invite).wait(10).down(&invite.reply("200 OK"));
        let refer = Msg::from_bob("REFER", 4).with(&format!("Refer-To: {refer_to}"));
        talk.wait(500).down(&refer);
        assert!(!has(&talk.call().call, feature), "not before it is accepted");
        talk.wait(5).up(&refer.reply("202 Accepted"));
        let notify = Msg::inside("NOTIFY", 5).with("Event: refer;id=4").body("SIP/2.0 200 OK\r\n");
        talk.wait(5).up(&notify);
        let call = talk.call().call;
        assert!(has(&call, feature));
        assert!(kinds(&call).contains(&"transfer_progress"));
    }
}

#[test]
fn digits_by_info_are_counted_once() {
    let mut talk = Talk::new();
    let invite = Msg::request("INVITE", 1);
    talk.up(&invite).wait(10).down(&invite.reply("200 OK"));
    let relay = |message: Msg, body| message.with("Content-Type: application/dtmf-relay").body(body);
    let five = relay(Msg::inside("INFO", 2), "Signal=5\r\nDuration=160\r\n");
    talk.wait(500).up(&five).wait(500).up(&five);
    let proxy = Endpoint::v4([192, 0, 2, 77], 5060);
    talk.send(talk.bob, proxy, &five.clone().hops(2).branch("z9hG4bK-leg2"));
    talk.down(&relay(Msg::from_bob("INFO", 1), "Signal= 11\r\nDuration= 250\r\n"));
    talk.up(&Msg::inside("INFO", 3).with("Content-Type: application/dtmf").body("d"));
    talk.up(&Msg::inside("INFO", 4).with("Content-Type: application/media_control+xml").body("5"));
    let call = talk.call().call;
    let digits: Vec<_> = call.dtmf.iter().map(|d| (&d.digit[..], &d.from[..], d.duration_ms)).collect();
    assert_eq!(digits, [("5", "caller", Some(160.0)), ("#", "callee", Some(250.0)), ("D", "caller", None)]);
    assert!(has(&call, "dtmf_info"));
}
