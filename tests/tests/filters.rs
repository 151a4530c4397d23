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
        for finding in
            json(&["findings", "--format", "json", &name])["findings"].as_array().expect("findings")
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
