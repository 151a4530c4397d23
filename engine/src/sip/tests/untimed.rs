//! Calls of an export without times: what became of them, and no times made up.

use crate::config::Config;
use crate::model::{CallOutcome, EndedBy, RegistrationOutcome};
use crate::packet::{Context, Endpoint, Nanos, Transport};
use crate::sip::Tracker;
use crate::sip::testing::{Msg, context};

struct Untimed {
    tracker: Tracker,
    frame: u64,
}

impl Untimed {
    fn new() -> Self {
        Self { tracker: Tracker::new(&Config::default()), frame: 0 }
    }

    /// IP identification 0 is none.
    fn send(&mut self, from_alice: bool, ip_id: u16, message: &Msg) -> &mut Self {
        let (alice, bob) = (Endpoint::v4([192, 0, 2, 1], 5060), Endpoint::v4([192, 0, 2, 2], 5060));
        let (source, destination) = if from_alice { (alice, bob) } else { (bob, alice) };
        self.frame += 1;
        let cx = Context { ip_id: Some(ip_id), ..context(self.frame, Nanos::UNKNOWN.0, source, destination) };
        self.tracker.message(&cx, Transport::Udp, &message.bytes());
        self
    }
}

#[test]
fn an_answered_call_without_its_times() {
    let mut talk = Untimed::new();
    let invite = Msg::request("INVITE", 1);
    talk.send(true, 0, &invite).send(false, 0, &invite.reply("180 Ringing"));
    talk.send(false, 0, &invite.reply("200 OK")).send(true, 0, &Msg::inside("ACK", 1));
    let bye = Msg::inside("BYE", 2);
    talk.send(true, 0, &bye).send(false, 0, &bye.reply("200 OK"));
    let call = talk.tracker.calls(Nanos::UNKNOWN).remove(0).call;
    assert_eq!(
        (call.outcome, call.outcome_code, call.ended_by),
        (CallOutcome::Answered, Some(200), EndedBy::Caller)
    );
    assert_eq!((call.start, call.answer, call.end), (None, None, None));
    assert_eq!(
        (call.post_dial_delay_s, call.ring_s, call.setup_s, call.duration_s),
        (None, None, None, None)
    );
    let kinds: Vec<&str> = call.events.iter().map(|event| event.kind.as_ref()).collect();
    assert_eq!(kinds, ["invite", "ringing", "answered", "ack", "bye"]);
    let figures = talk.tracker.statistics(Nanos::UNKNOWN).rfc6076;
    assert_eq!((figures.srd_ms, figures.sdd_ms), (None, None));
    assert_eq!((figures.ser_percent, figures.scr_percent), (Some(100.0), Some(100.0)), "no matter of time");
}

#[test]
fn no_reply_is_no_timeout_before_its_time() {
    let mut talk = Untimed::new();
    talk.send(true, 0, &Msg::request("INVITE", 1));
    let call = talk.tracker.calls(Nanos::UNKNOWN).remove(0).call;
    assert_eq!((call.outcome, call.ended_by), (CallOutcome::Setup, EndedBy::Open));
    let ineffective = talk.tracker.statistics(Nanos::UNKNOWN).rfc6076.isa_percent;
    assert_eq!(ineffective, None, "what is still open is not judged");
}

#[test]
fn only_two_datagrams_prove_a_retransmission() {
    let mut talk = Untimed::new();
    let invite = Msg::request("INVITE", 1);
    talk.send(true, 0, &invite).send(true, 0, &invite);
    talk.send(false, 7, &invite.reply("100 Trying")).send(false, 7, &invite.reply("100 Trying"));
    assert_eq!(talk.tracker.statistics(Nanos::UNKNOWN).retransmissions, 0, "copies, as far as can be told");
    talk.send(false, 8, &invite.reply("100 Trying"));
    assert_eq!(talk.tracker.statistics(Nanos::UNKNOWN).retransmissions, 1);
}

#[test]
fn a_challenged_registration_is_one() {
    let mut talk = Untimed::new();
    let first = Msg::request("REGISTER", 1).with("Contact: <sip:alice@192.0.2.1>").with("Expires: 60");
    talk.send(true, 0, &first).send(false, 0, &first.reply("401 Unauthorized"));
    let second = Msg::request("REGISTER", 2)
        .with("Contact: <sip:alice@192.0.2.1>")
        .with("Expires: 60")
        .with("Authorization: Digest username=\"alice\"");
    talk.send(true, 0, &second).send(false, 0, &second.reply("200 OK").with("Expires: 60"));
    let statistics = talk.tracker.statistics(Nanos::UNKNOWN);
    let [registration] = &statistics.registrations[..] else { panic!("{:?}", statistics.registrations) };
    assert_eq!(registration.outcome, RegistrationOutcome::Registered);
    assert_eq!((registration.round_trip_ms, statistics.rfc6076.rrd_ms), (None, None));
}

#[test]
fn the_next_leg_of_a_call_without_its_times() {
    let invite = |from: u8, to: u8, call_id| {
        let place = |last| Endpoint::v4([192, 0, 2, last], 5060);
        let cx = context(u64::from(from), Nanos::UNKNOWN.0, place(from), place(to));
        (cx, Msg::request("INVITE", 1).call_id(call_id).branch(call_id).bytes())
    };
    let calls = |second: (Context, Vec<u8>)| {
        let mut tracker = Tracker::new(&Config::default());
        for (cx, bytes) in [invite(1, 2, "one"), second] {
            tracker.message(&cx, Transport::Udp, &bytes);
        }
        tracker.calls(Nanos::UNKNOWN).len()
    };
    assert_eq!(calls(invite(2, 3, "two")), 1, "the server that got it sends it on");
    assert_eq!(calls(invite(4, 3, "two")), 2, "a server that nothing connects would need the time");
}
