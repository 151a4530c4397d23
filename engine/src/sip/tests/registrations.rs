//! Registrations with their challenges.

use crate::model::{Registration, RegistrationOutcome};
use crate::sip::testing::{Msg, Talk};

fn register(cseq: u32, contact: &str) -> Msg {
    Msg::request("REGISTER", cseq).with(&format!("Contact: {contact}"))
}

fn records(talk: &Talk) -> Vec<Registration> {
    talk.run.statistics().registrations
}

fn outcome(talk: &Talk) -> (RegistrationOutcome, Option<u16>, Option<u64>) {
    let last = records(talk).pop().unwrap();
    (last.outcome, last.code, last.expires_s)
}

#[test]
fn a_challenge_and_its_answer_are_one_registration() {
    let mut talk = Talk::new();
    let first = register(1, "<sip:alice@192.0.2.1>").with("Expires: 3600");
    let second = register(2, "<sip:alice@192.0.2.1>").with("Expires: 3600").with("Authorization: Digest x");
    let granted = |message: &Msg| {
        message
            .reply("200 OK")
            .with("Contact: <sip:other@192.0.2.7>;expires=9, <sip:alice@192.0.2.1>;expires=120")
    };
    talk.up(&first).wait(20).down(&first.reply("401 Unauthorized"));
    assert_eq!(outcome(&talk), (RegistrationOutcome::Pending, Some(401), None));
    talk.wait(20).up(&second).wait(10).down(&second.reply("100 Trying")).wait(30).down(&granted(&second));
    assert_eq!(records(&talk).len(), 1);
    assert_eq!(outcome(&talk), (RegistrationOutcome::Registered, Some(200), Some(120)));
    assert_eq!(records(&talk)[0].round_trip_ms, Some(80.0));
    assert_eq!(talk.run.statistics().rfc6076.rrd_ms, Some(40.0), "the REGISTER that was granted");

    let refresh = register(3, "<sip:alice@192.0.2.1>").with("Authorization: Digest x");
    talk.wait(60_000).up(&refresh).wait(10).down(&granted(&refresh));
    assert_eq!(outcome(&talk).0, RegistrationOutcome::Refreshed);

    let leave = register(4, "*").with("Expires: 0").with("Authorization: Digest x");
    talk.wait(60_000).up(&leave).wait(10).down(&leave.reply("200 OK"));
    assert_eq!(outcome(&talk), (RegistrationOutcome::Deregistered, Some(200), Some(0)));
    assert_eq!(records(&talk).len(), 3);
}

#[test]
fn an_end_that_is_never_granted_is_an_authentication_failure() {
    let mut talk = Talk::new();
    for cseq in [1, 2] {
        let leave = register(cseq, "<sip:alice@192.0.2.1>;expires=0");
        talk.up(&leave).wait(10).down(&leave.reply("401 Unauthorized")).wait(10);
    }
    assert_eq!(outcome(&talk), (RegistrationOutcome::Pending, Some(401), None));
    talk.wait(2_000);
    assert_eq!(records(&talk).len(), 1);
    assert_eq!(outcome(&talk), (RegistrationOutcome::AuthFailed, Some(401), None));
}

#[test]
fn refusals_and_silence() {
    let mut talk = Talk::new();
    let one = register(1, "<sip:alice@192.0.2.1>");
    talk.up(&one).wait(500).up(&one);
    assert_eq!(outcome(&talk), (RegistrationOutcome::Pending, None, None));
    talk.wait(3_500);
    assert_eq!(outcome(&talk), (RegistrationOutcome::NoReply, None, None));
    talk.down(&one.reply("403 Forbidden"));
    assert_eq!(outcome(&talk), (RegistrationOutcome::AuthFailed, Some(403), None));
    let two = register(2, "<sip:alice@192.0.2.1>");
    talk.up(&two).down(&two.reply("503 Service Unavailable"));
    assert_eq!(outcome(&talk), (RegistrationOutcome::Rejected, Some(503), None));
    assert_eq!(records(&talk).len(), 2);
}

#[test]
fn credentials_under_way_at_the_end_are_not_refused_yet() {
    let mut talk = Talk::new();
    let first = register(1, "<sip:alice@192.0.2.1>");
    let second = register(2, "<sip:alice@192.0.2.1>").with("Authorization: Digest x");
    talk.up(&first).wait(20).down(&first.reply("401 Unauthorized")).wait(2_500).up(&second);
    assert_eq!(outcome(&talk).0, RegistrationOutcome::Pending);
    talk.wait(20).down(&second.reply("401 Unauthorized"));
    assert_eq!(outcome(&talk).0, RegistrationOutcome::AuthFailed, "these credentials are refused");
}

#[test]
fn a_question_about_bindings_is_no_registration() {
    let mut talk = Talk::new();
    let query = Msg::request("REGISTER", 1);
    talk.up(&query).down(&query.reply("200 OK"));
    assert!(records(&talk).is_empty());
}

#[test]
fn a_challenge_left_alone_for_long_is_an_attempt_of_its_own() {
    let mut talk = Talk::new();
    for cseq in [1, 2] {
        let message = register(cseq, "<sip:alice@192.0.2.1>");
        talk.up(&message).wait(10).down(&message.reply("401 Unauthorized")).wait(90_000);
    }
    assert_eq!(records(&talk).len(), 2);
}
