//! Ladders: the right columns, every width kept, and hostile texts that stay texts.

use airtone_engine::flow::{Flow, Medium, Message};
use airtone_engine::packet::Endpoint;
use airtone_report::flow;
use airtone_report::text::Style;

use crate::{hostile, sample};

const EVIL: &str = "</text></svg><script>alert(1)</script>\"' onload='x' \x1b[2J\u{202e}&amp; ]]>";

fn message(frame: u64, from: u8, to: u8, method: &str, code: Option<u16>) -> Message {
    Message {
        frame,
        at: sample::at(frame as f64 * 0.02),
        source: Endpoint::v4([192, 0, 2, from], 5060),
        destination: Endpoint::v4([192, 0, 2, to], 5060),
        transport: "udp",
        method: method.to_owned(),
        code,
        subject: if code.is_some() { "A phrase".to_owned() } else { "sip:bob@example.com".to_owned() },
        cseq: 1,
        leg: 0,
        dialog: code.map(|_| 1),
        transaction: 1,
        again: false,
        copies: 0,
        sdp: Vec::new(),
        caller: (method == "INVITE" && code.is_none()).then(|| "alice".to_owned()),
        callee: (method == "INVITE" && code.is_none()).then(|| "bob".to_owned()),
        notes: Vec::new(),
    }
}

/// An INVITE through `parties` hosts, and its answer back.
fn chain(parties: u8) -> Flow {
    let there = (1..parties).map(|host| message(host.into(), host, host + 1, "INVITE", None));
    let back = (1..parties)
        .rev()
        .enumerate()
        .map(|(step, host)| message(100 + step as u64, host + 1, host, "INVITE", Some(200)));
    Flow {
        call: 2,
        call_ids: vec!["one@example.com".to_owned()],
        messages: there.chain(back).collect(),
        ..Flow::default()
    }
}

fn text(flow: &Flow, width: u16, colour: bool) -> String {
    let mut out = Vec::new();
    flow::write(&mut out, &sample::with_wireshark(), flow, Style { width, colour })
        .expect("memory is enough");
    String::from_utf8(out).expect("text is UTF-8")
}

#[test]
fn many_parties_become_letters_and_no_line_is_too_long() {
    for parties in [2, 3, 4, 10, 30] {
        for width in [40, 80, 120, 200] {
            let drawn = text(&chain(parties), width, false);
            let most = drawn.lines().map(|line| line.chars().count()).max().unwrap_or(0);
            assert!(most <= usize::from(width), "{parties} parties at {width}: {most}\n{drawn}");
            let rows = drawn.lines().filter(|line| line.contains('>') || line.contains('<')).count();
            assert!(rows >= 2 * usize::from(parties - 1), "{parties} parties at {width}\n{drawn}");
        }
    }
    let ten = text(&chain(10), 80, false);
    assert!(ten.contains(" J  192.0.2.10:5060  bob") && ten.contains(" A  192.0.2.1:5060  alice"), "{ten}");
    assert!(ten.contains("o-->  |  |  |  |  |  |  |  |  INVITE"), "{ten}");
    let two = text(&chain(2), 80, false);
    assert!(two.contains("- INVITE ---------"), "{two}");
}

#[test]
fn parties_of_one_host_are_columns_by_port() {
    let mut flow = chain(2);
    for (at, message) in flow.messages.iter_mut().enumerate() {
        let (a, b) = (Endpoint::v4([127, 0, 0, 1], 5060), Endpoint::v4([127, 0, 0, 1], 5070));
        (message.source, message.destination) = if at == 0 { (a, b) } else { (b, a) };
    }
    let drawn = text(&flow, 100, false);
    assert!(drawn.contains("127.0.0.1:5060") && drawn.contains("127.0.0.1:5070"), "{drawn}");
}

#[test]
fn what_was_sent_again_and_what_was_not_kept_is_told() {
    let mut flow = chain(2);
    flow.messages.push(Message { again: true, ..message(200, 1, 2, "INVITE", None) });
    flow.left_out = 12;
    let drawn = text(&flow, 80, false);
    assert!(drawn.contains("- - INVITE again - - -"), "{drawn}");
    assert!(drawn.contains("12 messages beyond the bound are not shown."), "{drawn}");
    assert!(flow::svg(&sample::with_wireshark(), &flow).contains("<path class=\"a x\""));
    assert!(text(&Flow::default(), 80, false).contains("No message"), "an empty ladder says so");
}

fn evil() -> Flow {
    let mut flow = chain(3);
    flow.call_ids = vec![EVIL.to_owned()];
    flow.call = 1;
    for message in &mut flow.messages {
        message.method = EVIL.to_owned();
        message.subject = EVIL.to_owned();
        message.notes = vec![EVIL.to_owned()];
        (message.caller, message.callee) = (Some(EVIL.to_owned()), Some(EVIL.to_owned()));
        message.sdp = vec![Medium {
            kind: "audio",
            codecs: vec![EVIL.to_owned()],
            direction: "sendonly",
            endpoint: None,
            encrypted: true,
        }];
    }
    flow.messages[0].method = "INVITE".to_owned();
    flow
}

#[test]
fn hostile_texts_are_shown_and_obeyed_by_nobody() {
    let drawn = flow::svg(&hostile::hostile(), &evil());
    let known = ["svg", "title", "desc", "style", "g", "line", "rect", "path", "text"];
    for (at, _) in drawn.match_indices('<') {
        let rest = drawn[at + 1..].trim_start_matches('/');
        let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
        assert!(known.contains(&name.as_str()), "<{name} in {}", &drawn[at..(at + 60).min(drawn.len())]);
        let tag = &rest[..rest.find('>').expect("every tag ends")];
        assert!(!tag.contains("onload"), "{tag}");
    }
    assert!(drawn.contains("&lt;script&gt;"), "it is shown");
    for page in [drawn, flow::html(&hostile::hostile(), &evil())] {
        assert!(!page.contains("<script") && !page.contains('\u{202e}') && !page.contains('\x1b'));
    }
    let mut out = Vec::new();
    flow::write(&mut out, &hostile::hostile(), &evil(), Style { width: 100, colour: false })
        .expect("memory is enough");
    let text = String::from_utf8(out).expect("text is UTF-8");
    assert!(!text.contains('\x1b') && !text.contains('\u{202e}'), "{text}");
}

#[test]
fn calls_with_findings_come_first() {
    let report = sample::with_wireshark();
    let about: Vec<u32> = report.findings.iter().filter_map(|finding| finding.about.call).collect();
    let chosen = airtone_report::html::worth_drawing(&report, 1);
    assert_eq!(chosen.len(), 1);
    assert!(about.contains(&chosen[0]), "{about:?}");
    assert_eq!(airtone_report::html::worth_drawing(&report, 50).len(), report.calls.len());
}

#[test]
fn a_fax_has_bars_and_what_the_machines_say() {
    let mut report = sample::with_wireshark();
    report.calls[1].fax = Some(Box::new(sample::fax()));
    for (frame, kind, detail) in [
        (50_u64, "fax_session", "the callee says what it can receive (DIS)"),
        (60, "fax_session", "the caller wants to send at 14400 bit/s, V.17 (DCS)"),
        (70, "fax_page", "page 1 ends (MPS)"),
        (80, "fax_page", "page 1 is refused (MPS, RTN)"),
        (90, "fax_end", "fax failed: page 1 was refused (RTN)"),
    ] {
        let at = sample::at(frame as f64);
        let (kind, detail) = (kind.into(), detail.to_owned());
        report.calls[1].events.push(airtone_engine::model::Event { frame, at, kind, detail });
    }
    let mut out = Vec::new();
    flow::write(&mut out, &report, &chain(2), Style { width: 100, colour: false }).expect("memory is enough");
    let drawn = String::from_utf8(out).expect("text is UTF-8");
    let mut rest = &drawn[..];
    for shown in [
        "= T.38, 30.0 s, 493 packets, 7 lost (4 repaired) =",
        "= T.38, 30.0 s, 498 packets, 2 lost (all repaired) =",
        "DIS ~",
        "~ DCS (14400 bit/s, V.17) ~",
        "~ MPS (page 1 ends) ~",
        "~ RTN (page 1 is refused) ~",
    ] {
        let place = rest.find(shown).unwrap_or_else(|| panic!("no {shown} in its place:\n{drawn}"));
        rest = &rest[place + shown.len()..];
    }
    let svg = flow::svg(&report, &chain(2));
    assert!(svg.contains("T.38, 30.0 s") && svg.contains("RTN (page 1 is refused)"));
}
