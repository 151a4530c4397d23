//! Every display filter of a finding is one that tshark takes, and shows the frames that the finding names.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use airtone_tests::{captures, fixtures, json, tshark};
use serde_json::Value;

/// Not opened: NetMon's own format, which this program refuses, and HEP, which tshark 4.0 does not dissect.
const NOT_FOR_TSHARK: [&str; 2] = ["sip-protos-fuzz.cap", "hep3-sip.pcap"];

/// Findings about the capture as a whole name no frames.
const WITHOUT_FRAMES: [&str; 2] = ["sensor_drops", "mirror_loss"];

#[test]
fn filters_show_the_frames_that_findings_name() {
    let Some(version) = tshark() else { return eprintln!("skipped: tshark is not installed") };
    let mut failures = Vec::new();
    let mut checked = 0;
    for path in captures().into_iter().chain(fixtures()) {
        let name = path.display().to_string();
        if NOT_FOR_TSHARK.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        for finding in json(["findings", "--format", "json", &name])["findings"].as_array().expect("findings")
        {
            let problem = problem(&path, finding);
            failures.extend(problem.map(|problem| format!("{name}: {}: {problem}", finding["title"])));
            checked += 1;
        }
    }
    assert!(failures.is_empty(), "tshark {version}:\n{}", failures.join("\n"));
    eprintln!("{checked} filters checked against tshark {version}");
}

fn problem(path: &Path, finding: &Value) -> Option<String> {
    let filter = finding["filter"].as_str().unwrap_or_default();
    let named: BTreeSet<u64> =
        finding["frames"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    if WITHOUT_FRAMES.contains(&finding["kind"].as_str().unwrap_or_default()) {
        return (!filter.is_empty() || !named.is_empty()).then(|| "speaks of frames".to_owned());
    }
    if filter.is_empty() || named.is_empty() {
        return Some(format!("no filter or no frames: {finding}"));
    }
    let output = Command::new("tshark")
        .args(["--enable-heuristic", "rtp_udp"])
        .args(["-Y", filter, "-T", "fields", "-e", "frame.number", "-r"])
        .arg(path)
        .output()
        .expect("tshark runs");
    let shown = String::from_utf8_lossy(&output.stdout);
    let shown: BTreeSet<u64> = shown.lines().filter_map(|line| line.parse().ok()).collect();
    let missing: Vec<&u64> = named.difference(&shown).collect();
    // a file that is cut short makes tshark fail, too, but only behind its frames
    (!missing.is_empty()).then(|| {
        let error = String::from_utf8_lossy(&output.stderr);
        format!("{filter} does not show {missing:?}: {}", error.trim())
    })
}

/// A pcap of SIP between two hosts, one message per second.
fn pcap(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
        file.extend(word.to_le_bytes());
    }
    for (second, message) in (1u32..).zip(messages) {
        let udp = u16::try_from(8 + message.len()).expect("a short message");
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0];
        frame.extend((20 + udp).to_be_bytes());
        frame.extend([0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0x13, 0xc4, 0x13, 0xc4]);
        frame.extend(udp.to_be_bytes());
        frame.extend([0, 0]);
        frame.extend(message);
        let len = u32::try_from(frame.len()).expect("a short frame");
        for word in [second, 0, len, len] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}

/// A request and its refusal.
fn refused(method: &str, call_id: &[u8], aor: &[u8]) -> [Vec<u8>; 2] {
    let message = |start: &str, tag: &str| {
        let via = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@example.com>;tag=a1\r\n";
        let rest =
            format!(">{tag}\r\nCSeq: 1 {method}\r\nContact: <sip:a@192.0.2.1>\r\nContent-Length: 0\r\n\r\n");
        [start.as_bytes(), via.as_bytes(), b"Call-ID: ", call_id, b"\r\nTo: <", aor, rest.as_bytes()].concat()
    };
    [
        message(&format!("{method} sip:b@example.com SIP/2.0\r\n"), ""),
        message("SIP/2.0 403 Forbidden\r\n", ";tag=b1"),
    ]
}

#[test]
fn names_chosen_by_strangers_stay_inside_their_filters() {
    if tshark().is_none() {
        return eprintln!("skipped: tshark is not installed");
    }
    let long = [b'x'; 400];
    let names: [&[u8]; 14] = [
        b"plain",
        b"quo\"te\\back",
        b"esc\x1b[2Jape",
        b"per%cent{}$*?",
        b"x\" || frame || \"",
        "gr\u{fc}n\u{20ac}".as_bytes(),
        b"not\xff\xfeutf-8",
        b"tab\there",
        b"two  blanks",
        b"bell\x07",
        b"apos'trophe",
        b"0x1",
        b"<angle",
        &long,
    ];
    let calls = names.iter().flat_map(|name| refused("INVITE", name, b"sip:b@example.com"));
    let registrations = names.iter().enumerate().flat_map(|(n, name)| {
        refused("REGISTER", format!("r{n}").as_bytes(), &[b"sip:", *name, b"@example.com"].concat())
    });
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hostile.pcap");
    std::fs::write(&path, pcap(&calls.chain(registrations).collect::<Vec<_>>())).expect("written");
    let report = json(["findings", "--format", "json", &path.display().to_string()]);
    let findings = report["findings"].as_array().expect("findings");
    assert!(findings.len() >= 2 * names.len() - 1, "{findings:#?}");
    let failures: Vec<String> = findings.iter().filter_map(|finding| problem(&path, finding)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
