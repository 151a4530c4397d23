//! Codecs, tones, single streams.

use std::fs;

use airtone_tests::{captures_dir, fixtures_dir, run};

use crate::{audio, wav};

#[test]
fn every_codec_with_a_library_is_heard_and_the_others_are_named() {
    let Some(folder) = captures_dir() else {
        return eprintln!("skipped: the collection of public captures is not here");
    };
    for (name, rate) in
        [("g722", 16_000), ("opus", 48_000), ("gsm", 8_000), ("g729a", 8_000), ("ilbc", 8_000)]
    {
        let capture = folder.join(format!("sip-rtp-{name}.pcap"));
        let to = tempfile::tempdir().expect("a temporary folder");
        let out = run([
            "audio".as_ref(),
            capture.as_os_str(),
            "--call".as_ref(),
            "1".as_ref(),
            "-o".as_ref(),
            to.path().join("call.wav").as_os_str(),
        ]);
        let error = String::from_utf8_lossy(&out.stderr).into_owned();
        if !out.status.success() {
            // No such library here: then it must be named.
            assert!(error.contains("is not installed (") && error.contains(": "), "{name}: {error}");
            continue;
        }
        let wav = wav(&to.path().join("call.wav"));
        assert_eq!(wav.rate, rate, "{name}");
        let power = |channel: &Vec<i16>| channel.iter().map(|&s| f64::from(s) * f64::from(s)).sum::<f64>();
        let loudest = wav.channels.iter().map(power).fold(0.0, f64::max);
        let level = (loudest / wav.channels[0].len() as f64).sqrt();
        assert!((100.0..15_000.0).contains(&level), "{name} sounds at {level}");
    }
}

#[test]
fn tones_are_told_with_the_sound() {
    let (_, told) = audio(&fixtures_dir().join("tones-digits.pcapng"), &["--call", "1"]);
    assert_eq!(told["dtmf"].as_array().map(Vec::len), Some(19));
    let (_, told) = audio(&fixtures_dir().join("tones-progress.pcapng"), &["--call", "1"]);
    let kinds: Vec<&str> =
        told["tones"].as_array().into_iter().flatten().filter_map(|t| t["kind"].as_str()).collect();
    assert!(kinds.contains(&"tone_ringback") && kinds.contains(&"tone_ced"), "{kinds:?}");
}

#[test]
fn one_stream_is_heard_alone_and_from_standard_input() {
    let capture = fixtures_dir().join("baresip-opus.pcapng");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().join("one.wav");
    let out = std::process::Command::new(airtone_tests::tshark_post())
        .args(["audio", "-", "--ssrc", "0x757c5559", "-o"])
        .arg(&to)
        .stdin(fs::File::open(&capture).expect("a capture"))
        .output()
        .expect("tshark-post can be started");
    let error = String::from_utf8_lossy(&out.stderr).into_owned();
    if error.contains("is not installed") {
        return eprintln!("skipped: {error}");
    }
    assert!(out.status.success(), "{error}");
    let wav = wav(&to);
    assert_eq!((wav.rate, wav.channels.len()), (48_000, 1));
    assert_eq!(wav.channels[0].len(), 606 * 960);
}
