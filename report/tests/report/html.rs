//! The page as a browser reads it: one script, no address to load from, anchors that lead somewhere, tables that a
//! screen reader can announce; and nothing of a hostile report becomes markup.

use std::collections::BTreeMap;

use airtone_engine::Report;
use airtone_engine::flow::{Flow, Message};
use airtone_engine::model::{Call, CallOutcome, Intervals, Stream};
use airtone_engine::packet::Endpoint;
use airtone_report::html::{Inserts, worth_drawing, write, write_with};
use airtone_report::markup::Markup;
use airtone_report::wave::{self, Sound};

use crate::hostile::{EVIL, hostile};
use crate::sample;

fn render(report: &Report) -> String {
    let mut out = Vec::new();
    write(&mut out, report).expect("writing to memory");
    String::from_utf8(out).expect("UTF-8")
}

/// With streams over time as well.
fn full() -> Report {
    let mut report = sample::with_wireshark();
    for stream in &mut report.streams {
        stream.intervals = Some(Intervals {
            interval_s: 2.0,
            expected: vec![100, 0, 100],
            lost: vec![0, 0, 7],
            late: vec![1, 0, 2],
            jitter_ms: vec![Some(0.5), None, Some(4.25)],
            lq: vec![Some(4.41), None, Some(2.1)],
        });
    }
    report
}

/// The page without its style and its script.
fn body(page: &str) -> String {
    let cut = |text: &str, from: &str, to: &str| {
        let (before, rest) = text.split_once(from).expect(from);
        format!("{before}{}", rest.split_once(to).expect(to).1)
    };
    cut(&cut(page, "<style>", "</style>"), "<script>", "</script>")
}

/// Tags in order: the name, and what stands in the tag.
fn tags(html: &str) -> Vec<(&str, &str)> {
    html.split('<')
        .skip(1)
        .map(|rest| {
            let tag = rest.split_once('>').expect("a tag ends").0;
            tag.split_once(' ').unwrap_or((tag, ""))
        })
        .collect()
}

/// Values of an attribute, quoted or not.
fn values<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let wanted = format!(" {name}=");
    html.split(wanted.as_str())
        .skip(1)
        .map(|rest| match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or_default(),
            None => rest.split([' ', '>']).next().unwrap_or_default(),
        })
        .collect()
}

#[test]
fn everything_of_the_report_is_on_the_page() {
    let page = render(&full());
    for expected in [
        "2 capture files",
        "The caller of call 1 could hardly follow",
        "<code>rtp.ssrc == 0x3456789a &amp;&amp; ip.src == 198.51.100.7 &amp;&amp; udp.srcport == 20000</code>",
        "alice@example.com",
        "id=\"call-1\"",
        "id=\"stream-6\"",
        "payload type 118 was not announced",
        "Streams without a call",
        "aria-label=\"Outages of office",
        "02:00:00:00:01:01",
        "Session establishment ratio",
        "eve@example.com",
        "cut short at byte 2013954",
        "<path class=steps d=\"M0 100V3H200V100M400 100V69H600V100\"/>",
        "<path class=lost d=\"M500 100V",
        "What another jitter buffer would have given",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
}

#[test]
fn the_page_loads_nothing_and_runs_its_one_script() {
    for report in [full(), hostile(), sample::empty()] {
        let page = render(&report);
        assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-"));
        assert_eq!((page.matches("<script").count(), page.matches("<style").count()), (1, 1));
        let body = body(&page);
        for (name, rest) in tags(&body) {
            assert!(
                !["link", "img", "iframe", "object", "embed", "base", "form", "audio"].contains(&name),
                "{name}"
            );
            let is_handler = rest.split(' ').any(|part| part.starts_with("on") && part.contains('='));
            assert!(!is_handler && !rest.contains("src=") && !rest.contains("style="), "<{name} {rest}>");
        }
        assert!(values(&body, "href").iter().all(|target| target.starts_with('#')));
    }
}

#[test]
fn anchors_lead_somewhere_and_names_are_given_once() {
    let body = body(&render(&full()));
    let mut ids = BTreeMap::new();
    for id in values(&body, "id") {
        *ids.entry(id).or_insert(0) += 1;
    }
    assert!(ids.values().all(|&n| n == 1), "{ids:?}");
    for target in values(&body, "href") {
        assert!(ids.contains_key(&target[1..]), "{target}");
    }
    for label in values(&body, "aria-labelledby") {
        assert!(ids.contains_key(label), "{label}");
    }
}

#[test]
fn tables_can_be_announced() {
    let page = render(&full());
    let body = body(&page);
    let names: Vec<_> = tags(&body).into_iter().collect();
    let count = |name: &str| names.iter().filter(|tag| tag.0 == name).count();
    assert_eq!(count("table"), count("caption"), "each table has a caption");
    assert_eq!(count("table"), count("/table"));
    assert_eq!((count("details"), count("summary")), (count("/details"), count("/summary")));
    assert_eq!(
        (count("section"), count("div"), count("svg")),
        (count("/section"), count("/div"), count("/svg"))
    );
    assert!(names.iter().filter(|tag| tag.0 == "th").all(|tag| tag.1.contains("scope=")));
    for svg in names.iter().filter(|tag| tag.0 == "svg") {
        assert!(svg.1.contains("aria-hidden=true") || svg.1.contains("aria-label="), "{svg:?}");
    }
    for landmark in ["header", "nav", "main", "footer", "h1"] {
        assert_eq!(count(landmark), 1, "{landmark}");
    }
}

#[test]
fn nothing_hostile_becomes_markup() {
    let page = render(&hostile());
    let bad = page.chars().find(|&c| (c.is_control() && c != '\n') || ('\u{200b}'..'\u{2010}').contains(&c));
    assert_eq!(bad, None);
    assert!(!page.contains('\u{202e}') && !page.contains('\u{2028}'));
    let tame = |page: &str| tags(&body(page)).iter().map(|tag| tag.0.to_owned()).collect::<Vec<_>>();
    let mut names = tame(&page);
    names.sort();
    names.dedup();
    let mut known = tame(&render(&full()));
    known.sort();
    known.dedup();
    names.retain(|name| !known.contains(name));
    assert!(names.is_empty(), "tags that no harmless report has: {names:?}");
}

#[test]
fn markup_in_every_string_stays_text() {
    const TAGS: &str = "</title></style></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg onload=alert(1)>";
    let mut report = hostile();
    let json = EVIL;
    assert!(!json.contains('<'), "the other hostile text is about controls");
    for call in &mut report.calls {
        (call.from, call.to, call.outcome_reason) = (TAGS.into(), TAGS.into(), Some(TAGS.into()));
        call.call_ids = vec![TAGS.into()];
        call.features = vec![TAGS.into()];
        for event in &mut call.events {
            (event.kind, event.detail) = (TAGS.into(), TAGS.into());
        }
    }
    for stream in &mut report.streams {
        (stream.codec, stream.ssrc) = (Some(TAGS.into()), TAGS.into());
        (stream.mos.reason, stream.direction) = (Some(TAGS.into()), Some(TAGS.into()));
    }
    for bss in &mut report.wifi.bss {
        (bss.ssid, bss.bssid) = (Some(TAGS.into()), TAGS.into());
    }
    for file in &mut report.capture.files {
        (file.path, file.format) = (TAGS.into(), TAGS.into());
        file.warnings.push(TAGS.into());
    }
    for finding in &mut report.findings {
        (finding.title, finding.detail, finding.filter) = (TAGS.into(), TAGS.into(), TAGS.into());
    }
    (report.airtone_version, report.schema) = (TAGS.into(), TAGS.into());
    report.sip.requests.insert(TAGS.into(), 1);
    let page = render(&report);
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains("<img") && !page.contains("<svg onload"));
    assert_eq!(tags(&body(&page)).len(), tags(&body(&page.replace("&lt;", ""))).len());
}

#[test]
fn ladders_and_sounds_have_their_place() {
    let (mut ladder, mut sound) = (Markup::new(), Markup::new());
    ladder.put("<svg role=img aria-label=Ladder>").text("<INVITE>").put("</svg>");
    sound.put("<audio controls src=\"data:audio/wav;base64,\"></audio>");
    let inserts = Inserts { ladders: [(1, ladder)].into(), sounds: [(1, sound)].into() };
    let mut out = Vec::new();
    write_with(&mut out, &full(), &inserts).expect("writing to memory");
    let page = String::from_utf8(out).expect("UTF-8");
    let call = page.find("id=\"call-1\"").expect("call 1");
    let ladder = page.find("&lt;INVITE&gt;").expect("its ladder");
    let stream = page.find("id=\"stream-2\"").expect("stream 2");
    let sound = page.find("<audio controls").expect("its sound");
    assert!(call < ladder && ladder < sound && sound < stream);
}

/// An INVITE and its answer, `turns` times.
fn flow(call: u32, turns: u64) -> Flow {
    let (a, b) = (Endpoint::new([192, 0, 2, 1].into(), 5060), Endpoint::new([192, 0, 2, 2].into(), 5060));
    let message = |frame: u64, code: Option<u16>| Message {
        frame,
        at: sample::at(frame as f64),
        source: if code.is_some() { b } else { a },
        destination: if code.is_some() { a } else { b },
        transport: "udp",
        method: "INVITE".to_owned(),
        code,
        subject: if code.is_some() { "OK".to_owned() } else { EVIL.to_owned() },
        cseq: 1,
        leg: 0,
        dialog: Some(1),
        transaction: 1,
        again: false,
        copies: 0,
        sdp: Vec::new(),
        caller: Some(EVIL.to_owned()),
        callee: None,
        notes: vec![EVIL.to_owned()],
    };
    let messages =
        (0..turns).flat_map(|turn| [message(2 * turn, None), message(2 * turn + 1, Some(200))]).collect();
    Flow { call, call_ids: vec![EVIL.to_owned()], messages, ..Flow::default() }
}

#[test]
fn ladders_stay_within_their_budget_and_the_calls_with_findings_come_first() {
    let mut report = sample::rich();
    let (template, mut finding) = (report.calls[0].clone(), report.findings[0].clone());
    report.calls = (1..=1_000_u32)
        .map(|id| Call { id, related: Vec::new(), streams: Vec::new(), mos: None, ..template.clone() })
        .collect();
    report.calls[499].outcome = CallOutcome::Failed;
    (finding.about.call, finding.about.stream) = (Some(900), None);
    report.findings = vec![finding];
    assert_eq!(worth_drawing(&report, 4), [900, 500, 1, 2]);

    let flows: Vec<Flow> = (1..=1_000).map(|call| flow(call, 5)).collect();
    let ladders = Inserts::default().with_ladders(&report, &flows).ladders;
    let bytes: usize = ladders.values().map(|ladder| ladder.as_str().len()).sum();
    assert!((400_000..=500_000).contains(&bytes), "{bytes}");
    assert!([900, 500, 1, 2].iter().all(|id| ladders.contains_key(id)) && !ladders.contains_key(&999));

    // One that is too long alone leaves the room to the others.
    let ladders = Inserts::default().with_ladders(&report, &[flow(1, 5), flow(900, 2_000)]).ladders;
    assert_eq!(ladders.keys().copied().collect::<Vec<_>>(), [1]);
    let page = ladders[&1].as_str();
    assert_eq!(tags(page).len(), tags(&page.replace("&lt;", "")).len());
    assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
}

/// A text is shortened on the page, a plot must not be: its path would be none.
#[test]
fn long_plots_are_whole() {
    let mut report = sample::with_wireshark();
    let wavy = |at: u16| if at.is_multiple_of(2) { 4.1 } else { 2.3 };
    for stream in &mut report.streams {
        stream.intervals = Some(Intervals {
            interval_s: 1.0,
            expected: vec![50; 120],
            lost: vec![3; 120],
            late: vec![2; 120],
            jitter_ms: (0..120).map(|at| Some(wavy(at))).collect(),
            lq: (0..120).map(|at| Some(wavy(at))).collect(),
        });
    }
    let page = render(&report);
    let paths = values(&page, "d");
    assert!(paths.iter().any(|path| path.len() > 900), "long ones");
    assert!(paths.iter().all(|path| path.is_ascii()), "whole ones");
}

/// A thousand calls of a minute with loss both ways, a finding each: what the mail has to take.
#[test]
fn a_thousand_calls_fit_into_five_megabytes() {
    let mut report = sample::with_wireshark();
    let (call, stream, finding) =
        (report.calls[0].clone(), report.streams[0].clone(), report.findings[0].clone());
    let wavy = |at: usize| [4.41, 4.05, 3.61][at * at % 3];
    let intervals = Intervals {
        interval_s: 1.0,
        expected: vec![50; 60],
        lost: (0..60).map(|at| u32::from(at % 3 == 1)).collect(),
        late: vec![0; 60],
        jitter_ms: (0..60_u8).map(|at| Some(1.0 + f32::from(at % 11 * 7 % 11) / 50.0)).collect(),
        lq: (0..60).map(|at| Some(wavy(at))).collect(),
    };
    report.streams = (1..=2_000_u32)
        .map(|id| Stream {
            id,
            call: Some(id.div_ceil(2)),
            intervals: Some(intervals.clone()),
            buffer_curve: Vec::new(),
            ..stream.clone()
        })
        .collect();
    report.calls = (1..=1_000_u32)
        .map(|id| Call { id, related: Vec::new(), streams: vec![2 * id - 1, 2 * id], ..call.clone() })
        .collect();
    report.findings = (1..=1_000_u32)
        .map(|id| {
            let mut finding = finding.clone();
            (finding.about.call, finding.about.stream) = (Some(id), Some(2 * id));
            finding
        })
        .collect();
    let flows: Vec<Flow> = (1..=1_000).map(|call| flow(call, 5)).collect();
    let mut out = Vec::new();
    write_with(&mut out, &report, &Inserts::default().with_ladders(&report, &flows))
        .expect("writing to memory");
    assert!((3_000_000..5_000_000).contains(&out.len()), "{}", out.len());
    let page = String::from_utf8(out).expect("UTF-8");
    assert_eq!(
        page.matches("data-points=").count() - page.matches("<div class=strip data-points=").count(),
        300
    );
    assert!(page.contains("id=\"call-1000\"") && page.contains("id=\"stream-2000\""));
}

#[test]
fn what_is_heard_is_described_escaped_and_brought_along() {
    let channel = wave::Channel { name: EVIL.to_owned(), peaks: vec![(-9, 9); 10], marks: Vec::new() };
    let sound = Sound { seconds: 4.0, channels: vec![channel], part: Some((1.0, 3.0)) };
    let mut inserts = Inserts::default();
    inserts.add_sound(1, &sound, Some(b"RIFF"), EVIL);
    inserts.add_sound(2, &Sound::default(), None, EVIL);
    let shown = inserts.sounds[&1].as_str();
    assert!(
        shown.contains("src=\"data:audio/wav;base64,UklGRg==\"") && shown.contains("data-from=\"1.000\"")
    );
    assert!(!inserts.sounds[&2].as_str().contains("<audio"));
    for markup in inserts.sounds.values() {
        assert!(!markup.as_str().contains("<script") && !markup.as_str().contains("<img"));
    }
}

#[test]
fn an_empty_report_is_a_page_too() {
    let page = render(&sample::empty());
    assert!(page.contains("Nothing stands out") && page.ends_with("</html>\n"));
    assert!(!page.contains("<table class=\"calls"), "no empty tables");
}
