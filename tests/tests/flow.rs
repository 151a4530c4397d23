//! Ladders: golden text of the fixtures, and what those of the public captures must show.

use std::path::Path;
use std::process::Command;

use airtone_tests::wire::{self, Frame};
use airtone_tests::{captures_dir, fixtures_dir, run, workspace_dir};

/// A ladder in the given format.
#[track_caller]
fn flow(file: &Path, args: &[&str]) -> String {
    let file = file.to_string_lossy().into_owned();
    let output = run([&["flow", "--quiet", &file], args].concat());
    assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text is UTF-8")
}

/// `AIRTONE_BLESS=1` writes what is drawn now; look at the difference before it is committed.
#[test]
fn ladders_of_the_fixtures_stay_as_they_are() {
    let folder = workspace_dir().join("tests/tests/ladders");
    let cases = [
        ("sipp-answered", "80"),
        ("sipp-auth", "80"),
        ("sipp-busy", "80"),
        ("sipp-cancelled", "80"),
        ("sipp-hold", "80"),
        ("sipp-retransmission", "80"),
        ("sipp-tcp", "100"),
        ("sipp-timer-422", "80"),
        ("sipp-ipv6", "60"),
        ("baresip-g711-dtmf", "80"),
        ("relay-loss", "120"),
        ("relay-loss", "40"),
        ("flow-attended-transfer", "80"),
        ("flow-semi-attended-transfer", "100"),
        ("flow-blind-transfer", "80"),
        ("flow-pickup", "80"),
        ("flow-redirected", "80"),
        ("flow-forked", "80"),
        ("flow-forwarded", "100"),
        ("flow-glare-491", "80"),
        ("flow-agent", "80"),
        ("flow-forwarded-no-answer", "80"),
        ("flow-conference-events", "80"),
        ("flow-music-same-stream", "80"),
        ("flow-t38-fax", "80"),
        ("flow-t38-failed", "60"),
    ];
    let mut wrong = Vec::new();
    for (name, width) in cases {
        let drawn = flow(&fixtures_dir().join(format!("{name}.pcapng")), &["--width", width, "--call", "1"]);
        let most = drawn.lines().map(|line| line.chars().count()).max();
        assert!(most <= width.parse().ok(), "{name} is wider than {width}:\n{drawn}");
        let golden = folder.join(format!("{name}.{width}.txt"));
        if std::env::var_os("AIRTONE_BLESS").is_some() {
            std::fs::create_dir_all(&folder).expect("the folder of ladders");
            std::fs::write(&golden, &drawn).expect("a golden ladder");
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        if expected != drawn {
            wrong.push(format!("{name} at {width}:\n{drawn}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} ladders differ from tests/tests/ladders:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Texts that the ladder of a call must hold, in this order.
const SHOWN: &[(&str, &str, &[&str])] = &[
    (
        "sip-blind-transfer.pcapng",
        "1",
        &[
            "REFER",
            "[transfer]",
            "202 Accepted (REFER)",
            "re-INVITE (",
            "[hold by ",
            "[transferred from call 1]",
            "NOTIFY",
            "200 Ok again",
        ],
    ),
    ("sip-forwarded-181.pcapng", "1", &["INVITE", "181", "[forwarded]"]),
    (
        "sip-forward-302.cap",
        "2",
        &[
            "INVITE",
            "[next leg: the same parties]",
            "302 Moved Temporarily",
            "[redirected]",
            "[diverted: unknown, next leg: ",
            "PRACK",
            "200 OK (BYE)",
        ],
    ),
    ("sip-dtmf-info-pppoe.pcap", "1", &["INFO", "[DTMF 1]", "[DTMF 3]", "[DTMF 4]", "[DTMF 2]"]),
    ("sip-dtmf-rfc2833-decline.cap", "1", &["INVITE", "603 Decline"]),
    ("sip-dtmf-rfc2833-decline.cap", "2", &["INVITE", "RTP ", "DTMF "]),
    (
        "fax-call-t38-accepted.pcap",
        "1",
        &[
            "re-INVITE (T.38",
            "[T.38 fax]",
            "T.38, ",
            " 208 packets, 0 lost",
            "DIS",
            "DCS (9600 bit/s, V.29)",
            "BYE",
        ],
    ),
    (
        "fax-call-t38-refused.pcap",
        "1",
        &["[next leg: ", "re-INVITE (T.38", "488", "[T.38 refused]", "re-INVITE (PCMA"],
    ),
    ("sip-answer-and-cancel.pcapng", "2", &["INVITE", "CANCEL", "487"]),
    ("sip-zrtp-srtp.pcap", "1", &["INVITE", "SRTP "]),
    ("sip-video-call.pcapng", "1", &["re-INVITE", "[video]", "RTP video "]),
    (
        "magicjack-short-call.pcap",
        "1",
        &["401 Unauthorized", "183 Session Progress", "[early media]", "RTP PCMU", "200 OK", "BYE"],
    ),
];

#[test]
fn public_captures_show_their_flows() {
    let Some(folder) = captures_dir() else {
        return eprintln!("skipped: the shared captures are not here (AIRTONE_CAPTURES)");
    };
    for (file, call, shown) in SHOWN {
        let drawn = flow(&folder.join(file), &["--call", call, "--width", "150", "--show-digits"]);
        let mut rest = drawn.as_str();
        for &text in *shown {
            let at =
                rest.find(text).unwrap_or_else(|| panic!("{file}: no {text:?} in its place in\n{drawn}"));
            rest = &rest[at + text.len()..];
        }
    }
}

#[test]
fn digits_of_a_ladder_are_masked_unless_asked_for() {
    let file = fixtures_dir().join("baresip-g711-dtmf.pcapng");
    let shown = flow(&file, &["--show-digits"]);
    let digits = shown.split_once("DTMF ").expect("digits").1.split_once('\n').expect("a line").0;
    assert!(digits.chars().any(|c| c.is_ascii_digit()), "{digits}");
    for format in ["text", "svg", "html", "json"] {
        let drawn = flow(&file, &["--format", format]);
        for line in drawn.split("DTMF ").skip(1) {
            let rest = line.trim_start_matches(['\u{2022}', ' ']);
            assert!(!rest.starts_with(|c: char| c.is_ascii_digit()), "{format}: {line}");
        }
        assert!(format == "json" || drawn.contains("DTMF \u{2022}"), "{format}: {drawn}");
        assert!(
            !drawn.contains(" by caller (rfc4733") || drawn.contains("\u{2022} by caller (rfc4733"),
            "{format}"
        );
    }
}

#[test]
fn tones_are_rows_where_somebody_asks_for_them() {
    let file = fixtures_dir().join("tones-progress.pcapng");
    let drawn = flow(&file, &["--tones"]);
    let tones = ["~ ringback tone ~", "~ busy tone ~", "~ CNG tone (fax) ~", "~ CED tone (fax, modem) ~"];
    let mut rest = drawn.as_str();
    for tone in tones {
        rest = rest.split_once(tone).unwrap_or_else(|| panic!("no {tone} in its place in\n{drawn}")).1;
    }
    assert!(!flow(&file, &[]).contains('~'), "every sample would be decoded");
    let drawn = flow(&fixtures_dir().join("tones-digits.pcapng"), &["--tones", "--show-digits"]);
    assert!(drawn.contains(" DTMF 123A456B789C*0#D558 ~"), "{drawn}");
}

#[test]
fn music_on_hold_stands_at_its_stream() {
    let drawn = flow(&fixtures_dir().join("flow-music-on-hold.pcapng"), &["--width", "120"]);
    let line = drawn.lines().find(|line| line.contains("[music on hold]")).expect("a row");
    assert!(line.contains("RTP PCMU") && line.contains("+1.311"), "{line}");
    assert!(drawn.contains("[hold by callee]") && drawn.contains("[resumed by callee]"), "{drawn}");
}

/// Every message of tshark's is a row, with its frame.
#[test]
fn no_message_is_missing() {
    let file = fixtures_dir().join("sipp-hold.pcapng");
    let fields = ["-Y", "sip", "-T", "fields", "-e", "frame.number", "-r"];
    let Ok(tshark) = Command::new("tshark").args(fields).arg(&file).output() else {
        return eprintln!("skipped: no tshark");
    };
    let frames: Vec<u64> =
        String::from_utf8_lossy(&tshark.stdout).lines().filter_map(|line| line.parse().ok()).collect();
    assert!(frames.len() > 10, "{frames:?}");
    let json: serde_json::Value = serde_json::from_str(&flow(&file, &["--format", "json"])).expect("JSON");
    assert_eq!(json["schema"], "airtone.report/1");
    let ours: Vec<u64> = json["flow"]["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .filter_map(|m| m["frame"].as_u64())
        .collect();
    assert_eq!(ours, frames);
}

#[test]
fn a_pipe_and_a_file_give_the_same_ladder() {
    use std::io::Write;
    use std::process::Stdio;
    let Some(folder) = captures_dir() else { return eprintln!("skipped: the shared captures are not here") };
    let file = folder.join("sip-blind-transfer.pcapng");
    let mut child = Command::new(airtone_tests::tshark_post())
        .args(["flow", "--quiet", "-", "--call", "2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let bytes = std::fs::read(&file).expect("the capture");
    child.stdin.take().expect("its input").write_all(&bytes).expect("all of it is read");
    let out = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&out.stdout), flow(&file, &["--call", "2"]));
}

#[test]
fn pictures_hold_no_foreign_markup_and_nothing_from_outside() {
    for format in ["svg", "html"] {
        let drawn = flow(&fixtures_dir().join("sipp-hold.pcapng"), &["--format", format]);
        for forbidden in ["<script", "href", "url(", "@import", "http://"] {
            let found: Vec<_> = drawn
                .match_indices(forbidden)
                .filter(|(at, _)| !drawn[*at..].starts_with("http://www.w3.org/2000/svg"))
                .collect();
            assert!(found.is_empty(), "{format}: {forbidden}");
        }
        assert!(
            drawn.contains("prefers-color-scheme:dark")
                && drawn.contains("<title")
                && drawn.contains("<desc")
        );
        assert!(drawn.contains("role=\"img\""), "{format}");
    }
}

/// A word of a picture: its row, where it begins and ends, and itself.
type Word = (i64, f64, f64, String);

/// The words of an SVG, with the font it names: 12 px, of which a letter is 0.6 wide.
fn words_of(svg: &str) -> Vec<Word> {
    let value = |tag: &str, name: &str| {
        let rest = tag.split_once(&format!(" {name}=\"")).expect(name).1;
        rest.split_once('"').expect(name).0.to_owned()
    };
    let texts = svg.split("<text").skip(1).filter_map(|rest| rest.split_once("</text>"));
    texts
        .map(|(text, _)| {
            let (tag, word) = text.split_once('>').expect("a tag");
            let word =
                word.replace("&gt;", ">").replace("&#39;", "'").replace("&quot;", "\"").replace("&amp;", "&");
            let classes = value(tag, "class");
            let is = |class: &str| classes.split(' ').any(|one| one == class);
            let letter = if is("g") { 6.02 } else { 7.23 };
            let wide = word.chars().count() as f64 * letter;
            let x: f64 = value(tag, "x").parse().expect("a number");
            let left = if is("m") {
                x - wide / 2.0
            } else if is("e") {
                x - wide
            } else {
                x
            };
            (value(tag, "y").parse().expect("a number"), left, left + wide, word)
        })
        .collect()
}

/// Left, right and lower edge of the picture.
fn edges_of(svg: &str) -> (f64, f64, i64) {
    let rest = svg.split_once(" viewBox=\"").expect("a view box").1;
    let (view, _) = rest.split_once('"').expect("its end");
    let figures: Vec<i64> = view.split(' ').map(|figure| figure.parse().expect("a figure")).collect();
    let [left, 0, wide, high] = figures[..] else { panic!("{view}") };
    (left as f64, (left + wide) as f64, high)
}

#[test]
fn words_of_a_picture_neither_meet_nor_leave_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let ten = folder.path().join("ten.pcap");
    ten_parties(&ten);
    let fixtures = std::fs::read_dir(fixtures_dir()).expect("fixtures").filter_map(|entry| {
        let path = entry.ok()?.path();
        let name = path.file_name()?.to_str()?;
        (name.starts_with("flow-") && name.ends_with(".pcapng")).then_some(path)
    });
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in fixtures.chain([ten]) {
        let svg = flow(&file, &["--call", "1", "--format", "svg"]);
        let (start, end, high) = edges_of(&svg);
        let mut words = words_of(&svg);
        seen += words.len();
        words.sort_by(|a, b| (a.0).cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let outside = words.iter().filter(|(y, left, right, _)| *left < start || *right > end || *y > high);
        wrong.extend(outside.map(|word| format!("{}: outside: {word:?}", file.display())));
        let meeting = words.windows(2).filter(|pair| pair[0].0 == pair[1].0 && pair[0].2 > pair[1].1);
        wrong.extend(meeting.map(|pair| format!("{}: meet: {pair:?}", file.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 1_000, "{seen}");
}

/// A call through eight proxies, with sound between its ends.
fn ten_parties(path: &Path) {
    const MS: i64 = 1_000_000;
    let host = |n: u8| ([192, 0, 2, 100 + n], 5060);
    let (mut frames, mut at) = (Vec::new(), 1_767_225_600_000_000_000);
    let mut say = |from: wire::End, to: wire::End, bytes: &[u8]| {
        at += 20 * MS;
        frames.push(Frame::ethernet(at, wire::udp(from, to, bytes)));
    };
    let sdp = |n: u8| wire::sdp((host(n).0, 6000), "8 0", "");
    for n in 0..9 {
        let invite = wire::sip("INVITE sip:b@example.com SIP/2.0", "ten", "1 INVITE", "", "", &sdp(0));
        say(host(n), host(n + 1), &invite);
    }
    for (status, body) in [("100 trying -- your call is important to us", String::new()), ("200 OK", sdp(9))]
    {
        for n in (0..9).rev() {
            let answer = wire::sip(&format!("SIP/2.0 {status}"), "ten", "1 INVITE", "t", "", &body);
            say(host(n + 1), host(n), &answer);
        }
    }
    for n in 0..50 {
        let packet = |ssrc| {
            let fields = wire::Rtp { payload_type: 8, sequence: n, timestamp: u32::from(n) * 160, ssrc };
            wire::rtp(fields, &[0x55; 160])
        };
        say((host(0).0, 6000), (host(9).0, 6000), &packet(1));
        say((host(9).0, 6000), (host(0).0, 6000), &packet(2));
    }
    let file = std::fs::File::create(path).expect("a file");
    wire::pcap(file, &frames).expect("it is written");
}

#[test]
fn wrong_calls_are_told() {
    let file = fixtures_dir().join("sipp-hold.pcapng").to_string_lossy().into_owned();
    let wifi = fixtures_dir().join("wifi-outages.pcapng").to_string_lossy().into_owned();
    let cases: [(&[&str], &str); 2] = [
        (&["flow", &file, "--call", "7"], "no call 7: the only call is 1"),
        (&["flow", &wifi], "no SIP call in this capture"),
    ];
    for (args, expected) in cases {
        let out = run(args);
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{told}");
        assert!(told.contains(expected), "{told}");
    }
}
