//! The text report tells a call as the textbooks do.

use airtone_tests::{captures_dir, run};

/// The CALLS section of the text report, in one line.
fn calls(file: &str) -> Option<String> {
    let Some(folder) = captures_dir() else {
        eprintln!("skipped: the shared captures are not here (AIRTONE_CAPTURES)");
        return None;
    };
    let output =
        run(["report", "--format", "text", "--width", "80", &folder.join(file).display().to_string()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text is UTF-8");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let section = text.split("\nCALLS\n").nth(1).expect("a section of calls");
    let section = section.split("\nSIP\n").next().unwrap_or(section);
    Some(section.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn challenged_early_media_answered_ended() {
    let Some(calls) = calls("magicjack-short-call.pcap") else { return };
    let story = "challenged (401), trying, early media (183) after 6.82 s, answered after 15.6 s, \
                 ended by the callee (BYE) after 4.08 s";
    assert!(calls.contains(story), "{calls}");
    assert!(calls.starts_with("Call 1 answered "), "{calls}");
    assert!(
        calls.contains("1 caller > callee PCMU 642 0 ") && calls.contains("2 callee > caller PCMU 626 0 "),
        "{calls}"
    );
}

#[test]
fn every_kind_of_end() {
    let cases = [
        ("sip-answer-and-cancel.pcapng", "cancelled by the caller after 7.12 s"),
        ("sip-blind-transfer.pcapng", "blind transfer by the callee to "),
        ("sip-call-rtp-g711.pcap", "answered after 8.48 s, still open after 26.4 s when the capture ended"),
        (
            "sip-call-rtp-g711.pcap",
            "ringing (180) after 26.8 ms, call waiting, still ringing when the capture ended",
        ),
        ("sip-dtmf-rfc2833-decline.cap", "trying, declined (603) by the callee after 17.1 ms"),
        (
            "sip-failures-aaa.pcap",
            "trying, cancelled by the caller after 34.1 s, timed out (408) after 36.8 s",
        ),
        ("sip-failures-aaa.pcap", "challenged (407), refused (403) by the network after 205 ms"),
        ("sip-forward-302.cap", "trying, redirected (302) to "),
        ("sip-scanner-ipfixprobe.pcap", "challenged (401), the challenge was never met"),
        ("sip-scanner-ipfixprobe.pcap", "no reply before the capture ended"),
        ("sip-t38-signalling.pcap", "answered after 2.76 s, T.38 fax after 5.71 s"),
        ("sip-t38-signalling.pcap", "T.38 was agreed on, but no packet of it was seen."),
        (
            "fax-call-t38-accepted.pcap",
            "T.38 fax after 1.04 s, the fax failed after 21.3 s, ended by the callee",
        ),
        (
            "fax-call-t38-refused.pcap",
            "T.38 refused after 36.7 s, ended by the caller (BYE, Normal call clearing)",
        ),
    ];
    for (file, expected) in cases {
        let Some(calls) = calls(file) else { return };
        assert!(calls.contains(expected), "{file}: {calls}");
    }
}
