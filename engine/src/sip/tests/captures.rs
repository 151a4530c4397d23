//! Real captures from outside; skipped where the folder is absent.

use crate::model::{Call, CallOutcome, EndedBy, RegistrationOutcome};
use crate::sip::CallSummary;
use crate::sip::testing::{Run, capture};

fn verdicts(run: &Run) -> Vec<(CallOutcome, Option<u16>, EndedBy)> {
    let verdict = |summary: CallSummary| {
        let call = summary.call;
        (call.outcome, call.outcome_code, call.ended_by)
    };
    run.calls().into_iter().map(verdict).collect()
}

fn has(call: &Call, feature: &str) -> bool {
    call.features.iter().any(|name| name == feature)
}

#[track_caller]
fn near(value: Option<f64>, expected: f64) {
    assert!((value.expect("a value") - expected).abs() < 1e-6, "{value:?} is not {expected}");
}

/// `INVITE 2 ACK 1 200 4`: requests and responses, every one in every frame, and our retransmissions.
const COUNTS: &[(&str, &str, u64)] = &[
    ("sip-call-rtp-g711.pcap", "ACK 1 INVITE 2 REGISTER 3 100 2 180 2 200 4", 0),
    // 4 INVITE and 10 CANCEL: tshark 4.0 leaves the CANCELs out
    (
        "sip-failures-aaa.pcap",
        "ACK 7 CANCEL 11 INVITE 11 REGISTER 18 100 7 183 1 200 3 401 14 403 3 407 3 408 2 480 1",
        14,
    ),
    ("sip-rtp-g711.pcap", "ACK 2 BYE 1 INVITE 2 100 2 200 3", 0),
    ("sip-dtmf-rfc2833-decline.cap", "ACK 3 INVITE 3 REGISTER 5 100 8 180 2 200 7 603 1", 0),
    ("sip-dtmf-info-pppoe.pcap", "ACK 5 CANCEL 2 INFO 4 INVITE 5 100 5 200 11", 0),
    // tshark 4.0 counts 14 copies by the network as sent again
    ("fax-call-t38-refused.pcap", "ACK 16 BYE 4 INVITE 16 OPTIONS 8 100 16 180 4 200 24 488 4", 0),
    ("fax-call-t38-accepted.pcap", "ACK 4 BYE 2 INVITE 4 100 3 180 2 200 6", 0),
    (
        "sip-forward-302.cap",
        "ACK 8 BYE 8 INVITE 10 OPTIONS 6 PRACK 6 REGISTER 1 100 11 180 8 183 4 200 27 302 1 404 1",
        0,
    ),
    (
        "sip-zrtp-srtp.pcap",
        "ACK 3 BYE 1 INVITE 3 OPTIONS 1 REGISTER 2 SUBSCRIBE 4 100 1 180 1 200 5 401 4 404 2",
        0,
    ),
    ("sip-answer-and-cancel.pcapng", "ACK 6 BYE 2 CANCEL 2 INVITE 6 REGISTER 2 100 6 180 4 200 10 487 2", 0),
    (
        "sip-blind-transfer.pcapng",
        "ACK 8 BYE 4 INVITE 6 NOTIFY 2 REFER 2 REGISTER 3 100 6 180 4 200 17 202 2",
        2,
    ),
    ("sip-video-call.pcapng", "ACK 6 BYE 2 INVITE 4 REGISTER 2 100 4 180 2 200 10", 2),
    ("sip-ipv6-fragments.pcap", "ACK 2 BYE 2 INVITE 2 PRACK 4 UPDATE 4 100 1 183 4 200 13", 1),
    ("sip-forwarded-181.pcapng", "INVITE 1 REGISTER 1 100 1 181 1 200 1", 0),
    // every probe has a branch of its own or another destination: nothing is sent again
    ("sip-scanner-ipfixprobe.pcap", "INVITE 9 REGISTER 15 200 1 401 15", 0),
    ("magicjack-short-call.pcap", "ACK 2 BYE 1 INVITE 2 100 2 183 1 200 2 401 1", 0),
    // tshark 4.0 counts three copies by the network as sent again
    ("sip-t38-signalling.pcap", "ACK 3 BYE 2 INVITE 3 100 2 183 4 200 4", 0),
];

#[test]
fn messages_are_counted_as_tshark_counts_them() {
    for &(name, expected, retransmissions) in COUNTS {
        let Some(run) = capture(name) else { continue };
        let sip = run.statistics();
        let all = sip.requests.iter().chain(&sip.responses);
        let counted: Vec<_> = all.map(|(kind, count)| format!("{kind} {count}")).collect();
        assert_eq!(counted.join(" "), expected, "{name}");
        assert_eq!(sip.retransmissions, retransmissions, "{name}");
    }
}

#[test]
fn the_magicjack_call_reads_as_the_textbooks_tell_it() {
    let Some(run) = capture("magicjack-short-call.pcap") else { return };
    assert_eq!(verdicts(&run), [(CallOutcome::Answered, Some(200), EndedBy::Callee)]);
    let summary = run.calls().remove(0);
    let call = &summary.call;
    let kinds: Vec<_> = call.events.iter().map(|event| event.kind.as_ref()).collect();
    let story = "invite trying challenged invite trying progress early_media answered ack bye";
    assert_eq!(kinds.join(" "), story);
    near(call.post_dial_delay_s, 6.815_551);
    near(call.setup_s, 15.727_328);
    near(call.duration_s, 4.075_836);
    assert_eq!(summary.agreed_codecs, ["PCMU"]);
    assert!(summary.both_ways);
    assert_eq!(summary.frames, [46, 48, 50, 54, 925, 1324]);
    assert_eq!(run.announcements.len(), 4, "two INVITEs, 183, 200");
}

#[test]
fn an_open_call_and_a_ringing_one() {
    let Some(run) = capture("sip-call-rtp-g711.pcap") else { return };
    let expected =
        [(CallOutcome::Answered, Some(200), EndedBy::Open), (CallOutcome::Ringing, None, EndedBy::Open)];
    assert_eq!(verdicts(&run), expected);
    let figures = run.statistics().rfc6076;
    near(figures.ser_percent, 100.0);
    assert_eq!(figures.scr_percent, None, "one still talks, one still rings");
}

#[test]
fn failures_of_calls_and_registrations() {
    let Some(run) = capture("sip-failures-aaa.pcap") else { return };
    let expected = [
        (CallOutcome::Failed, Some(408), EndedBy::Timeout),
        (CallOutcome::Rejected, Some(403), EndedBy::Network),
        (CallOutcome::Rejected, Some(403), EndedBy::Network),
        (CallOutcome::Rejected, Some(480), EndedBy::Callee),
    ];
    assert_eq!(verdicts(&run), expected);
    let registrations = run.statistics().registrations;
    let told: Vec<_> = registrations.iter().map(|r| (r.frame, r.outcome, r.code)).collect();
    use RegistrationOutcome::{AuthFailed, Refreshed, Registered};
    let expected = [
        (19, AuthFailed, Some(403)),
        (107, AuthFailed, Some(401)),
        (143, AuthFailed, Some(401)),
        (169, Registered, Some(200)),
        // two attempts to de-register, frames 421 and 430, neither granted
        (421, AuthFailed, Some(401)),
        (441, AuthFailed, Some(401)),
        (515, Registered, Some(200)),
        (537, AuthFailed, Some(401)),
        (639, Refreshed, Some(200)),
    ];
    assert_eq!(told, expected);
}

#[test]
fn forwarding() {
    let Some(run) = capture("sip-forward-302.cap") else { return };
    let calls = run.calls();
    // ten Call-IDs: an agent sends four of the five calls on, one of them twice because of the 302
    let legs: Vec<_> = calls.iter().map(|summary| summary.call.call_ids.len()).collect();
    assert_eq!(legs, [2, 3, 2, 2, 1]);
    let codes: Vec<_> = calls.iter().map(|summary| summary.call.outcome_code.unwrap_or(0)).collect();
    assert_eq!(codes, [200, 200, 200, 0, 404]);
    let forwarded = &calls[1].call;
    let told: Vec<_> =
        forwarded.events.iter().filter(|e| e.kind == "leg" || e.kind == "redirected").collect();
    assert_eq!(
        told.iter().map(|e| (e.frame, &*e.kind)).collect::<Vec<_>>(),
        [(30, "leg"), (32, "redirected"), (34, "leg")]
    );
    assert!(has(forwarded, "forwarded"), "302, then Diversion");
    assert_eq!(forwarded.outcome_reason.as_deref(), Some("Normal call clearing"));
    assert_eq!(calls[4].call.ended_by, EndedBy::Network);
    let with_prack: Vec<_> = calls.iter().filter(|c| has(&c.call, "prack")).map(|c| c.call.id).collect();
    assert_eq!(with_prack, [1, 2, 3, 4]);

    let Some(run) = capture("sip-forwarded-181.pcapng") else { return };
    assert_eq!(verdicts(&run), [(CallOutcome::Setup, None, EndedBy::Open)]);
    assert!(has(&run.calls()[0].call, "forwarded"));
}

#[test]
fn digits_by_info() {
    let Some(run) = capture("sip-dtmf-info-pppoe.pcap") else { return };
    assert_eq!(verdicts(&run), [(CallOutcome::Answered, Some(200), EndedBy::Open)], "CANCEL crossed the 200");
    let call = run.calls().remove(0).call;
    let digits: String = call.dtmf.iter().map(|dtmf| &dtmf.digit[..]).collect();
    assert_eq!(digits, "1342");
    assert!(
        call.dtmf.iter().all(|d| d.duration_ms == Some(180.0) && d.from == "caller" && d.method == "info")
    );
    assert!(has(&call, "dtmf_info") && has(&call, "session_timer") && has(&call, "reinvite"));
    assert!(!has(&call, "video") && !has(&call, "hold"), "the answer refuses video with port 0");
}

#[test]
fn a_decline_and_a_delayed_offer() {
    let Some(run) = capture("sip-dtmf-rfc2833-decline.cap") else { return };
    let expected = [
        (CallOutcome::Rejected, Some(603), EndedBy::Callee),
        (CallOutcome::Answered, Some(200), EndedBy::Open),
    ];
    assert_eq!(verdicts(&run), expected);
    let answered = run.calls().remove(1);
    assert_eq!(answered.agreed_codecs, ["PCMA"]);
    assert!(answered.both_ways && answered.unanswered_offer.is_none());
    let frames: Vec<_> = run.announcements.iter().map(|a| a.frame).collect();
    assert_eq!(frames, [20, 22], "the offer of the 200 and the answer of the ACK");
}

#[test]
fn a_blind_transfer_across_a_proxy() {
    let Some(run) = capture("sip-blind-transfer.pcapng") else { return };
    let expected = [
        (CallOutcome::Answered, Some(200), EndedBy::Callee),
        (CallOutcome::Answered, Some(200), EndedBy::Caller),
    ];
    assert_eq!(verdicts(&run), expected);
    let calls = run.calls();
    assert_eq!(calls[0].call.features, ["hold", "blind_transfer", "reinvite"]);
    assert!(!calls[0].both_ways && calls[1].both_ways);
}

#[test]
fn a_cancelled_call_across_a_proxy() {
    let Some(run) = capture("sip-answer-and-cancel.pcapng") else { return };
    let expected = [
        (CallOutcome::Answered, Some(200), EndedBy::Callee),
        (CallOutcome::Cancelled, Some(487), EndedBy::Caller),
    ];
    assert_eq!(verdicts(&run), expected);
    let calls = run.calls();
    assert!(calls.iter().all(|summary| has(&summary.call, "fragmented")));
    near(calls[1].call.ring_s, 6.533_787_49);
}

#[test]
fn fax_accepted_and_refused() {
    for name in ["sip-t38-signalling.pcap", "fax-call-t38-accepted.pcap"] {
        let Some(run) = capture(name) else { return };
        assert_eq!(verdicts(&run), [(CallOutcome::Answered, Some(200), EndedBy::Callee)], "{name}");
        let call = run.calls().remove(0).call;
        assert!(has(&call, "fax_t38") && !has(&call, "fax_passthrough"), "{name}");
        let fax = run.announcements.iter().filter(|a| a.kind == crate::media::MediaKind::Fax).count();
        assert_eq!(fax, 2, "{name}: both sides, once each");
    }
    let Some(run) = capture("fax-call-t38-refused.pcap") else { return };
    for summary in run.calls() {
        assert_eq!(summary.call.outcome, CallOutcome::Answered);
        assert!(has(&summary.call, "fax_passthrough") && !has(&summary.call, "fax_t38"));
        assert_eq!(summary.call.outcome_reason.as_deref(), Some("Normal call clearing"));
        assert_eq!(summary.agreed_codecs, ["PCMA"]);
    }
}

#[test]
fn a_scanner_is_a_lot_of_calls_without_reply() {
    let Some(run) = capture("sip-scanner-ipfixprobe.pcap") else { return };
    let verdicts = verdicts(&run);
    assert_eq!(verdicts.len(), 9);
    assert_eq!(verdicts.iter().filter(|v| v.0 == CallOutcome::AuthFailed).count(), 1);
    assert_eq!(verdicts.iter().filter(|v| v.0 == CallOutcome::Setup).count(), 8);
    let last = run.statistics().registrations.pop().unwrap();
    assert_eq!((last.outcome, last.expires_s), (RegistrationOutcome::Registered, Some(3599)));
}

#[test]
fn provisional_answers_are_acknowledged_and_updated_over_ipv6() {
    let Some(run) = capture("sip-ipv6-fragments.pcap") else { return };
    assert_eq!(verdicts(&run), [(CallOutcome::Answered, Some(200), EndedBy::Caller)]);
    let summary = run.calls().remove(0);
    for feature in ["early_media", "prack", "update", "forked", "fragmented", "retransmissions"] {
        assert!(has(&summary.call, feature), "{feature}");
    }
    assert_eq!(summary.agreed_codecs, ["AMR-WB"]);
    assert!(run.announcements.iter().all(|a| a.endpoint.is_v6()));
}

#[test]
fn video_is_agreed_in_a_reinvite() {
    let Some(run) = capture("sip-video-call.pcapng") else { return };
    let call = run.calls().remove(0).call;
    assert!(has(&call, "video") && has(&call, "reinvite") && !has(&call, "hold"));
    assert_eq!(call.outcome, CallOutcome::Answered);
}
