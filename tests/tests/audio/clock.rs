//! Both directions and all streams of a call on the clock of the capture.

use std::fs;

use airtone_tests::{fixtures_dir, json};

use crate::{audio, begin_of, loudness, said, stretches};

#[test]
fn both_directions_are_in_step_with_the_capture() {
    let capture = fixtures_dir().join("relay-speech.pcapng");
    let (wav, told) = audio(&capture, &["--call", "1"]);
    let said = said();
    let begins = [begin_of(&wav.channels[0], &said), begin_of(&wav.channels[1], &said)];
    let report = json(["streams", &capture.to_string_lossy(), "--format", "json"]);
    let start_of = |channel: usize| {
        let id = &told["channels"][channel]["streams"][0]["id"];
        let streams = report["streams"].as_array().expect("streams");
        let stream = streams.iter().find(|stream| &stream["id"] == id).expect("the stream");
        let text = stream["start"].as_str().expect("a time");
        text[17..text.len() - 1].parse::<f64>().expect("seconds")
    };
    let apart = (start_of(1) - start_of(0)) * 8_000.0;
    let heard = begins[1] as f64 - begins[0] as f64;
    // The sound lies where the fastest packet puts it, and the first one may be slower by some ms.
    assert!((heard - apart).abs() < 200.0, "{heard} samples apart, {apart} in the capture");
}

/// A capture of PCMU packets of 20 ms between 192.0.2.1 and 192.0.2.2, without signalling: when each came in ns, its
/// number, and its byte, 160 times.
fn capture_of(packets: impl Iterator<Item = (i64, u32, u8)>) -> tempfile::NamedTempFile {
    let mut bytes = vec![0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    for (at, n, word) in packets {
        let at = 1_700_000_000_000_000_000 + at;
        let seconds = u32::try_from(at / 1_000_000_000).expect("before 2106");
        bytes.extend(seconds.to_le_bytes());
        bytes.extend(((at % 1_000_000_000) as u32).to_le_bytes());
        bytes.extend([214u32.to_le_bytes(); 2].concat());
        bytes.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
        bytes.extend([0x45, 0, 0, 200, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
        bytes.extend([0x0f, 0xa0, 0x0f, 0xa2, 0, 180, 0, 0, 0x80, 0]);
        bytes.extend((n as u16).to_be_bytes());
        bytes.extend((n * 160).to_be_bytes());
        bytes.extend([0x12, 0x34, 0x56, 0x78]);
        bytes.extend([word; 160]);
    }
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    fs::write(file.path(), bytes).expect("room for a capture");
    file
}

#[test]
fn a_long_call_keeps_the_time_of_the_capture() {
    for ppm in [500.0, -500.0] {
        // Five minutes; the packets of every fourth second are loud, every hundredth is lost.
        let leaves = |n: u32| (f64::from(n) * 20e6 / (1.0 + ppm * 1e-6)) as i64;
        let sent = (0..15_000u32).filter(|n| n % 100 != 63);
        let word = |n: u32| if (n / 50).is_multiple_of(4) { 0x8f } else { 0xff };
        let capture = capture_of(sent.map(|n| (leaves(n), n, word(n))));
        let (wav, told) = audio(capture.path(), &["--ssrc", "0x12345678"]);
        let clock = &told["channels"][0]["streams"][0]["clock"];
        let drift = clock["drift_ppm"].as_f64().expect("a drift");
        assert!((drift - ppm).abs() < 1.0, "{ppm}: {drift}");
        assert_eq!(wav.channels[0].len().abs_diff((300.0 * 8_000.0 / (1.0 + ppm * 1e-6)) as usize) / 8, 0);
        let last = wav.channels[0].iter().rposition(|sample| sample.abs() > 8_000).expect("sound");
        // The last loud packet is number 14,849.
        assert!((last as f64 * 125e3 - leaves(14_850) as f64).abs() < 2e6, "{ppm}: {last}");
        let made_up = stretches(&told, 0);
        assert_eq!(made_up.len(), 150);
        for (k, stretch) in made_up.iter().enumerate() {
            let at = leaves(k as u32 * 100 + 63) as f64 / 1e9;
            assert!((stretch["at_s"].as_f64().expect("a time") - at).abs() < 0.002, "{ppm}: {stretch}");
        }
    }
}

#[test]
fn streams_of_one_direction_follow_each_other_on_the_clock_of_the_capture() {
    // Ringback before the answer; the caller speaks only after it, 5.5 s later.
    let (wav, told) = audio(&fixtures_dir().join("flow-early-media.pcapng"), &["--call", "1"]);
    assert!(loudness(&wav, 1, 0.0..0.98) > 5_000.0 && loudness(&wav, 1, 5.0..5.4) > 5_000.0);
    assert!(loudness(&wav, 0, 0.0..5.49) < 1.0 && loudness(&wav, 0, 5.55..6.1) > 1_000.0);
    assert_eq!(told["channels"][1]["streams"].as_array().map(Vec::len), Some(1));

    // On hold nobody speaks, and a third stream from elsewhere plays into the silence of the callee's.
    let (wav, told) = audio(&fixtures_dir().join("flow-music-on-hold.pcapng"), &["--call", "1"]);
    assert_eq!(told["channels"][1]["streams"].as_array().map(Vec::len), Some(2));
    assert!(loudness(&wav, 0, 0.95..2.35) < 1.0, "the caller is silent");
    assert!(loudness(&wav, 1, 0.95..2.35) > 1_000.0, "and hears music");
    assert!(loudness(&wav, 0, 2.5..3.1) > 1_000.0 && loudness(&wav, 1, 2.5..3.1) > 1_000.0);

    // Each call of a transfer begins with its own first packet.
    for (call, seconds) in [("1", 0.8), ("2", 2.8), ("3", 0.9)] {
        let capture = fixtures_dir().join("flow-attended-transfer.pcapng");
        let (wav, told) = audio(&capture, &["--call", call]);
        let length = wav.channels[0].len() as f64 / f64::from(wav.rate);
        assert!((length - seconds).abs() < 0.05, "call {call}: {length} s");
        assert!(loudness(&wav, 0, 0.1..length).min(loudness(&wav, 1, 0.1..length)) > 1_000.0);
        assert_eq!(told["channels"][0]["streams"].as_array().map(Vec::len), Some(1));
    }
}
