//! The sound equals the statistics.

use std::collections::BTreeMap;
use std::path::PathBuf;

use airtone_tests::{captures_dir, fixtures, json, try_json};
use serde_json::Value;

#[test]
fn the_sound_equals_the_statistics() {
    let mut compared = 0;
    let mut all = fixtures();
    if let Some(folder) = captures_dir() {
        let with_sound =
            ["sip-rtp-g711.pcap", "sip-call-rtp-g711.pcap", "magicjack-short-call.pcap", "sip-rtp-gsm.pcap"];
        all.extend(with_sound.iter().map(|name| folder.join(name)));
    }
    for capture in &all {
        let name = capture.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("wifi-") {
            continue;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let to = folder.path().join("call.wav");
        for buffer in ["60", "adaptive"] {
            let args =
                ["audio", &capture.to_string_lossy(), "--call", "1", "--buffer", buffer, "--format", "json"];
            let mut args: Vec<PathBuf> = args.iter().map(PathBuf::from).collect();
            args.extend(["-o".into(), to.clone()]);
            let Ok(told) = try_json(args) else { continue };
            let report =
                json(["streams", &capture.to_string_lossy(), "--buffer", buffer, "--format", "json"]);
            let by_id: BTreeMap<u64, &Value> = report["streams"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|stream| Some((stream["id"].as_u64()?, stream)))
                .collect();
            let channels = told["channels"].as_array().into_iter().flatten();
            for heard in channels.flat_map(|channel| channel["streams"].as_array().into_iter().flatten()) {
                if !heard["refused"].is_null() {
                    continue;
                }
                let stream = by_id[&heard["id"].as_u64().expect("an id")];
                let number = |of: &Value, field: &str| of[field].as_u64().unwrap_or(0);
                let about = format!("{name}, buffer {buffer}, stream {}", heard["id"]);
                assert_eq!(number(heard, "lost"), number(stream, "lost"), "{about}: lost");
                assert_eq!(number(heard, "late"), number(stream, "late"), "{about}: late");
                assert_eq!(number(heard, "packets_unreadable"), 0, "{about}");
                let stretches = heard["stretches"].as_array().into_iter().flatten();
                let in_stretches: u64 = stretches.map(|s| number(s, "lost") + number(s, "late")).sum();
                assert_eq!(in_stretches, number(heard, "packets_concealed"), "{about}: stretches");
                compared += 1;
            }
        }
    }
    assert!(compared > 30, "only {compared} streams");
}
