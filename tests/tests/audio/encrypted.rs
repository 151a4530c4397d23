//! SRTP: refused, or decrypted when that is asked for.

use std::path::PathBuf;

use airtone_tests::wire::{self, End, Frame};
use airtone_tests::{captures_dir, fixtures_dir, run};

use crate::{audio, loudness};

#[test]
fn encrypted_sound_is_refused_in_a_sentence() {
    let Some(folder) = captures_dir() else {
        return eprintln!("skipped: the collection of public captures is not here");
    };
    let out = run([
        "audio".as_ref(),
        folder.join("sip-zrtp-srtp.pcap").as_os_str(),
        "--ssrc".as_ref(),
        "0xb72a7104".as_ref(),
        "-o".as_ref(),
        std::env::temp_dir().join("airtone-never-written.wav").as_os_str(),
    ]);
    assert_eq!(out.status.code(), Some(2));
    let error = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(error.contains("encrypted (SRTP)") && error.lines().count() == 1, "{error}");
}

#[test]
fn srtp_is_heard_with_the_keys_of_its_sdp_when_that_is_asked_for() {
    let capture = fixtures_dir().join("baresip-srtp.pcapng");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().join("call.wav");
    let out = run([
        "audio".as_ref(),
        capture.as_os_str(),
        "--call".as_ref(),
        "1".as_ref(),
        "-o".as_ref(),
        to.as_os_str(),
    ]);
    let error = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!((out.status.code(), to.exists()), (Some(2), false));
    assert!(error.contains("its key is in the SDP of frame 5: --decrypt plays it"), "{error}");

    let (wav, told) = audio(&capture, &["--call", "1", "--decrypt"]);
    for (channel, frame) in [(0, 1), (1, 5)] {
        let stream = &told["channels"][channel]["streams"][0];
        assert_eq!((&stream["key_frame"], &stream["packets_unreadable"]), (&frame.into(), &0.into()));
        assert!(stream["packets_played"].as_u64() > Some(75));
        // Speech is smooth, what was decrypted with a wrong key is noise.
        let sound = &wav.channels[channel];
        let power: f64 = sound.iter().map(|&s| f64::from(s).powi(2)).sum();
        let steps: f64 = sound.windows(2).map(|pair| (f64::from(pair[1]) - f64::from(pair[0])).powi(2)).sum();
        assert!(loudness(&wav, channel, 0.1..1.5) > 1_000.0 && steps < 0.5 * power, "{steps} of {power}");
    }
    assert!(!told.to_string().contains("v+5F+CI"));
}

#[test]
fn a_page_has_the_sound_of_srtp_only_when_that_is_asked_for() {
    let capture = fixtures_dir().join("baresip-srtp.pcapng");
    let page = |more: &[&str]| {
        let mut args: Vec<PathBuf> = ["report", "--format", "html", "--with-audio=1", "-q"]
            .iter()
            .chain(more)
            .map(PathBuf::from)
            .collect();
        args.push(capture.clone());
        let out = run(args);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).expect("a page")
    };
    let (closed, open) = (page(&[]), page(&["--decrypt"]));
    assert!(!closed.contains("data:audio/wav") && closed.contains("its key is in the SDP of frame"));
    assert!(open.contains("data:audio/wav") && !open.contains("cannot be heard"));
    assert!(!open.contains("v+5F+CI") && !open.contains("AES_CM"), "no page shows a key");
}

#[test]
fn keys_of_other_calls_leave_room_for_those_of_this_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (others, to) = (folder.path().join("others.pcap"), folder.path().join("call.wav"));
    let ends: [End; 2] = [([192, 0, 2, 90], 5060), ([192, 0, 2, 91], 5060)];
    let line = format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{}\r\n", "A".repeat(40));
    let body = wire::sdp(([192, 0, 2, 90], 4000), "0", &line.repeat(64));
    let invite = |n: i64| {
        let start = "INVITE sip:b@example.com SIP/2.0";
        let message = wire::sip(start, &format!("other-{n}"), "1 INVITE", "", "", &body);
        Frame::ethernet(1_000_000_000 * n, wire::udp(ends[0], ends[1], &message))
    };
    let frames: Vec<Frame> = (0..70).map(invite).collect();
    wire::pcap(std::fs::File::create(&others).expect("a file"), &frames).expect("a capture");
    let mut args: Vec<PathBuf> =
        ["audio", "--call", "71", "--decrypt", "-q", "-o"].iter().map(PathBuf::from).collect();
    args.extend([to.clone(), others, fixtures_dir().join("baresip-srtp.pcapng")]);
    let out = run(args);
    assert!(out.status.success() && to.exists(), "{}", String::from_utf8_lossy(&out.stderr));
}
