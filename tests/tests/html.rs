//! The HTML report from real captures, and from one in which every text is an attack, read by headless Chromium.

use std::fs;
use std::path::Path;
use std::process::Command;

use airtone_engine::LinkType;
use airtone_tests::plugin::library;
use airtone_tests::wire::{self, Frame};
use airtone_tests::{captures_dir, fixtures_dir, run};

const MS: i64 = 1_000_000;
const START: i64 = 1_767_225_600_000_000_000;

/// Runs when it is taken for markup, in text as well as in a quoted attribute; no blanks, as in a SIP user part.
const ATTACK: &str = "\"'><img/src=x/onerror=document.documentElement.className='pwned'><script>document.documentElement.className='pwned'</script>";

fn page(arguments: &[&str]) -> String {
    let mut all = vec!["report", "--quiet", "--format", "html"];
    all.extend(arguments);
    let output = run(&all);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn fixtures_give_a_page_with_charts() {
    let capture = fixtures_dir().join("relay-loss.pcapng");
    let page = page(&[&capture.display().to_string()]);
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    for expected in [
        "6.3 % of packets lost",
        "<figcaption>Over time, a second each",
        "19 lost, up to 12.0 %",
        "alice@192.0.2.40",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
}

#[test]
fn digits_are_masked_unless_asked_for() {
    let capture = fixtures_dir().join("baresip-g711-dtmf.pcapng").display().to_string();
    let has_digit = |page: &str| {
        page.match_indices("DTMF ")
            .any(|(at, word)| page[at + word.len()..].starts_with(|c: char| c.is_ascii_digit()))
    };
    let masked = page(&[&capture]);
    assert!(!has_digit(&masked) && masked.contains("DTMF \u{2022}"), "the ladder has them as dots");
    assert!(has_digit(&page(&["--show-digits", &capture])));
}

#[test]
fn the_loaded_library_gives_the_same_page() {
    let capture = fixtures_dir().join("relay-jitter.pcapng").display().to_string();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.html");
    let output = run(["report", "--quiet", "--format", "html", "-o", &file.display().to_string(), &capture]);
    assert!(output.status.success());
    let loaded = page(&["--engine", &library().display().to_string(), &capture]);
    assert_eq!(fs::read_to_string(file).unwrap(), loaded);
    assert!(loaded.contains("<figcaption>Over time"));
}

#[test]
fn beacons_are_shown_over_time() {
    let capture = fixtures_dir().join("wifi-outages.pcapng").display().to_string();
    let page = page(&[&capture]);
    let curves: Vec<&str> = page
        .split("<path class=on d=\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|cut| cut.0)
        .collect();
    assert_eq!(curves.len(), 2, "one for each BSS");
    let whole = |curve: &&&str| **curve == "M0 100V0H600V100";
    assert_eq!(curves.iter().filter(whole).count(), 1, "lobby lost none, office did: {curves:?}");
}

/// A refused and an answered call of whose parties every text is an attack.
fn hostile_calls(path: &Path) {
    let (caller, callee) = (([192, 0, 2, 1], 5060), ([192, 0, 2, 2], 5060));
    let mut frames = Vec::new();
    let mut say = |up: bool, message: Vec<u8>| {
        let (from, to) = if up { (caller, callee) } else { (callee, caller) };
        let at = START + frames.len() as i64 * 20 * MS;
        frames.push(Frame::ethernet(at, wire::udp(from, to, &message)));
    };
    for (call, answer) in [(ATTACK, "200 OK"), ("javascript:alert(1)", ATTACK)] {
        let status = if answer == ATTACK {
            format!("SIP/2.0 503 {ATTACK}\u{202e}\u{1b}[2J")
        } else {
            format!("SIP/2.0 {answer}")
        };
        let reason = format!("Subject: {ATTACK}\r\nReason: Q.850;cause=41;text=\"{ATTACK}\"\r\n");
        say(true, wire::sip(&format!("INVITE sip:{call} SIP/2.0"), call, "1 INVITE", "", &reason, ""));
        say(false, wire::sip(&status, call, "1 INVITE", "t", &reason, ""));
        say(true, wire::sip(&format!("ACK sip:{call} SIP/2.0"), call, "1 ACK", "t", "", ""));
    }
    let mut invalid = wire::sip("REGISTER sip:example.com SIP/2.0", ATTACK, "2 REGISTER", "", "", "");
    let place = invalid.windows(3).position(|bytes| bytes == b"-a@").expect("the user part");
    invalid.splice(place..place, [0xff, 0xc3, 0x28, b'<', b'b', b'>', 0]);
    say(true, invalid);
    say(false, wire::sip(&format!("SIP/2.0 403 {ATTACK}"), ATTACK, "2 REGISTER", "t", "", ""));
    wire::pcap(fs::File::create(path).unwrap(), &frames).unwrap();
}

/// An answered call with sound both ways, one of them in a codec whose name is an attack.
fn hostile_sound(path: &Path) {
    let (caller, callee) = (([192, 0, 2, 1], 5060), ([192, 0, 2, 2], 5060));
    let (here, there) = (([192, 0, 2, 1], 6000), ([192, 0, 2, 2], 7000));
    let sdp = wire::sdp(here, "0", "a=rtpmap:0 PCMU/8000\r\n");
    let bad = wire::sdp(there, "96", &format!("a=rtpmap:96 {ATTACK}/8000\r\n"));
    let mut frames = Vec::new();
    let mut say = |at: i64, from, to, bytes: &[u8]| {
        frames.push(Frame::ethernet(START + at * MS, wire::udp(from, to, bytes)));
    };
    let invite = wire::sip(&format!("INVITE sip:{ATTACK} SIP/2.0"), ATTACK, "1 INVITE", "", "", &sdp);
    say(0, caller, callee, &invite);
    say(10, callee, caller, &wire::sip(&format!("SIP/2.0 200 {ATTACK}"), ATTACK, "1 INVITE", "t", "", &bad));
    say(20, caller, callee, &wire::sip(&format!("ACK sip:{ATTACK} SIP/2.0"), ATTACK, "1 ACK", "t", "", ""));
    for n in (0..100_u16).filter(|n| !(40..45).contains(n)) {
        let packet = |payload_type, ssrc| {
            let timestamp = u32::from(n) * 160;
            wire::rtp(wire::Rtp { payload_type, sequence: n, timestamp, ssrc }, &[n as u8; 160])
        };
        say(40 + i64::from(n) * 20, here, there, &packet(96, 7));
        say(41 + i64::from(n) * 20, there, here, &packet(0, 9));
    }
    wire::pcap(fs::File::create(path).unwrap(), &frames).unwrap();
}

/// Beacons of networks with hostile names, with a gap that makes an outage.
fn hostile_air(path: &Path) {
    let names: [&[u8]; 3] = [
        b"<script>document.title=1</script",
        b"'><svg onload=alert(1)>\xff\xfe\x00",
        b"\"onx=\"\x1b]0;x\x07</title>",
    ];
    let mut frames = Vec::new();
    for turn in (0..60_i64).filter(|turn| !(20..35).contains(turn)) {
        for (ap, name) in names.iter().enumerate() {
            let bytes = wire::beacon([2, 0, 0, 0, 0, ap as u8], turn as u64 * 102_400, name);
            frames.push(Frame::new(START + turn * 102_400_000 + ap as i64 * MS, LinkType::RADIOTAP, bytes));
        }
    }
    wire::pcap(fs::File::create(path).unwrap(), &frames).unwrap();
}

fn browser() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success()))
}

/// The document after its scripts have run.
fn document(browser: &str, file: &Path) -> String {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("the browser starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What the attack leaves where it runs: on the root element, not in the texts, which name it too.
fn is_pwned(document: &str) -> bool {
    let root = document.split_once("<html").expect("a root element").1;
    root.split_once('>').expect("it ends").0.contains("pwned")
}

#[test]
fn no_text_of_a_capture_runs_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let calls =
        folder.path().join("'\"><script>document.documentElement.className='pwned'<&.pcap".replace('/', "_"));
    let air = folder.path().join("air.pcap");
    let sound = folder.path().join("sound.pcap");
    hostile_calls(&calls);
    hostile_air(&air);
    hostile_sound(&sound);
    let [calls, air, sound] = [calls, air, sound].map(|path| path.display().to_string());
    let page = page(&["--with-audio", &calls, &air, &sound]);
    for drawn in ["class=\"flow\"", "class=\"wave\"", "<audio controls", "class=\"lost\""] {
        assert!(page.contains(drawn), "no {drawn}");
    }
    assert!(
        page.contains("cannot be heard: ") && page.contains("&quot;&#39;&gt;&lt;img"),
        "nor the codec's name"
    );
    assert!(page.contains("&lt;img/src=x/onerror="), "the attack is on the page, as text");
    assert!(page.contains("&lt;script&gt;document.title=1"), "and so are the names of networks");
    assert_eq!(page.matches("<script").count(), 1);
    let Some(browser) = browser() else {
        return eprintln!("skipped: no chromium here, so nothing was run");
    };
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let shown = document(browser, &file("report.html", &page));
    assert!(!is_pwned(&shown));
    assert!(shown.contains("Dark page") || shown.contains("Light page"), "its own script has run");
    assert!(shown.contains("class=\"calls sortable\""));
    let drawn = shown.matches("<svg").count();
    assert_eq!(
        drawn,
        page.matches("<svg").count(),
        "every picture is there, and none of the attacks became one"
    );

    // Nor in what the script makes of the names, without the policy.
    let user = "
        document.querySelectorAll('details').forEach((one) => { one.open = true; });
        const tell = () => {
            const of = [document.documentElement.className, document.images.length, document.querySelectorAll('.points table').length];
            document.title = of.join('/');
        };
        setTimeout(() => {
            document.querySelectorAll('.points').forEach((one) => { one.open = true; });
            setTimeout(tell, 200);
        }, 200);";
    assert_eq!(title_after(browser, &page, user), "/0/5", "three networks and two streams have tables");

    // The same attack where it is not escaped, with and without the page's policy: it runs when nothing stops it, so
    // the check above can fail; and the policy alone stops it as well.
    let raw = page.replace("<h1>", &format!("<h1>{ATTACK}"));
    assert!(!is_pwned(&document(browser, &file("raw.html", &raw))), "the policy did not hold");
    let open = raw.replace("http-equiv=Content-Security-Policy", "name=nothing");
    assert!(is_pwned(&document(browser, &file("open.html", &open))), "the attack is none");
}

/// As a browser's `encodeURIComponent` writes it.
fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[test]
fn the_filter_that_is_copied_is_the_one_of_the_finding() {
    let Some(browser) = browser() else {
        return eprintln!("skipped: no chromium here, so nothing was copied");
    };
    let folder = tempfile::tempdir().unwrap();
    let hostile = folder.path().join("calls.pcap");
    hostile_calls(&hostile);
    let mut captures = vec![hostile.display().to_string()];
    captures.extend(
        ["relay-loss", "wifi-outages", "sipp-register-failed"]
            .map(|name| fixtures_dir().join(format!("{name}.pcapng")).display().to_string()),
    );
    let captures: Vec<&str> = captures.iter().map(String::as_str).collect();
    let report = airtone_tests::json([&["findings", "--format", "json"], &captures[..]].concat());
    let filters: Vec<String> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter_map(|finding| finding["filter"].as_str().filter(|filter| !filter.is_empty()))
        .map(percent_encoded)
        .collect();
    // Without navigator.clipboard, which a page from a file lacks, a text area is copied.
    let user = "
        const copied = [];
        navigator.clipboard && Object.defineProperty(navigator, 'clipboard', { value: undefined });
        document.execCommand = () => { copied.push(encodeURIComponent(document.activeElement.value)); return true; };
        document.querySelectorAll('details').forEach((one) => { one.open = true; });
        document.querySelectorAll('.filter button').forEach((one) => one.click());
        setTimeout(() => { document.title = copied.join(' '); }, 300);";
    let told = title_after(browser, &page(&captures), user);
    assert!(filters.len() > 5 && filters.iter().any(|filter| filter.contains("%22")), "{filters:?}");
    assert_eq!(told.split(' ').collect::<Vec<_>>(), filters);
}

/// Writes a page and plays the user: the script leaves its words in the title. The policy has to let it run.
fn title_after(browser: &str, page: &str, user: &str) -> String {
    let script = format!("<script>{user}</script></body>");
    let open = page.replace("http-equiv=Content-Security-Policy", "name=nothing").replace("</body>", &script);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    fs::write(&path, open).unwrap();
    let shown = document(browser, &path);
    let title = shown.split_once("<title>").and_then(|rest| rest.1.split_once("</title>"));
    title.expect("a title").0.to_owned()
}

#[test]
fn sound_is_brought_along_and_understood_by_a_browser() {
    let capture = fixtures_dir().join("relay-speech.pcapng").display().to_string();
    let silent = page(&[&capture]);
    assert!(!silent.contains("<audio") && !silent.contains("class=\"wave\""), "only on request");
    let page = page(&["--with-audio=1", &capture]);
    assert!(page.contains("src=\"data:audio/wav;base64,UklGR"), "a WAV file");
    assert!(page.contains("lost, 0 late, 20 ms concealed"), "marks say what they are");
    let Some(browser) = browser() else {
        return eprintln!("skipped: no chromium here, so nothing was played");
    };
    let user = "
        const audio = document.querySelector('audio');
        const tell = () => { document.title = `${audio.duration.toFixed(2)} s, error ${audio.error}`; };
        audio.readyState ? tell() : audio.addEventListener('loadedmetadata', tell);";
    let told = title_after(browser, &page, user);
    let seconds: f64 = told.split(' ').next().and_then(|text| text.parse().ok()).expect("a length");
    assert!((5.9..6.2).contains(&seconds) && told.ends_with("error null"), "{told}");
}

#[test]
fn sound_is_for_pages_and_calls_that_are_there() {
    let capture = fixtures_dir().join("relay-speech.pcapng").display().to_string();
    for (arguments, expected) in [
        (["--format", "text", "--with-audio"], "add --format html"),
        (["--format", "html", "--with-audio=7"], "there is no call 7"),
    ] {
        let output = run(["report", "--quiet"].into_iter().chain(arguments).chain([capture.as_str()]));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && told.contains(expected), "{told}");
    }
}

#[test]
fn a_transfer_is_one_ladder_for_its_calls() {
    let Some(folder) = captures_dir() else {
        return eprintln!("skipped: the shared captures are not here (AIRTONE_CAPTURES)");
    };
    let page = page(&[&folder.join("sip-blind-transfer.pcapng").display().to_string()]);
    assert_eq!(page.matches("class=\"flow\"").count(), 1);
    assert!(page.contains("Drawn together with <a href=\"#call-1\">call 1</a>"));
}

#[test]
fn figures_of_a_plot_become_a_table_in_a_browser() {
    let Some(browser) = browser() else {
        return eprintln!("skipped: no chromium here, so nothing was opened");
    };
    let captures = ["relay-loss", "wifi-outages"]
        .map(|name| fixtures_dir().join(format!("{name}.pcapng")).display().to_string());
    let page = page(&captures.each_ref().map(String::as_str));
    let user = "
        document.querySelector('table.calls details').open = true;
        const tell = () => {
            const opened = [...document.querySelectorAll('.points')];
            const rows = (table) => [...table.rows].map((row) => [...row.cells].map((one) => one.textContent).join());
            const chart = rows(opened.find((one) => one.closest('.chart')).querySelector('table'));
            const beacons = opened.find((one) => one.closest('.strips')).querySelectorAll('table');
            const lost = chart.slice(1).reduce((sum, row) => sum + Number(row.split(',')[4]), 0);
            document.title = [chart[0], lost, beacons.length, beacons[0].caption.textContent, rows(beacons[0])[0]].join('/');
        };
        setTimeout(() => {
            document.querySelectorAll('.points').forEach((one) => { one.open = true; });
            setTimeout(tell, 200);
        }, 200);";
    let told = title_after(browser, &page, user);
    let [titles, lost, strips, office, beacons] = told.split('/').collect::<Vec<_>>()[..] else {
        panic!("{told}")
    };
    assert_eq!(
        (titles, lost),
        ("At s,MOS-LQ,Jitter ms,Packets,Lost,Late", "19"),
        "as the finding says: {told}"
    );
    assert_eq!((strips, beacons), ("2", "At s,Received,Sent (about)"), "{told}");
    assert!(office.starts_with("Beacons of office, 02:00:00:00:00:00"), "{told}");
}

#[test]
fn tables_are_sorted_and_filtered_in_a_browser() {
    let Some(browser) = browser() else {
        return eprintln!("skipped: no chromium here, so nothing was sorted");
    };
    let names = ["answered", "busy", "cancelled", "hold", "ipv6", "no-answer-480", "tcp"];
    let captures: Vec<String> = names
        .iter()
        .map(|name| fixtures_dir().join(format!("sipp-{name}.pcapng")).display().to_string())
        .collect();
    let page = page(&captures.iter().map(String::as_str).collect::<Vec<_>>());
    let user = "
        const table = document.querySelector('table.calls');
        const numbers = () => [...table.tBodies].filter((one) => !one.hidden).map((one) => one.rows[0].cells[0].textContent).join();
        const before = numbers();
        const title = table.tHead.rows[0].cells[0].querySelector('button');
        title.click(); title.click();
        const sorted = numbers();
        const find = document.querySelector('input[type=search]');
        find.value = 'busy 486'; find.dispatchEvent(new Event('input'));
        document.title = [before, sorted, numbers()].join('/');";
    let title = title_after(browser, &page, user);
    let [before, sorted, found] = title.split('/').collect::<Vec<_>>()[..] else { panic!("{title}") };
    let backwards: Vec<&str> = before.split(',').rev().collect();
    assert!(backwards.len() >= names.len(), "{title}");
    assert_eq!(sorted, backwards.join(","));
    assert_eq!(found.split(',').count(), 1, "{title}");
}
