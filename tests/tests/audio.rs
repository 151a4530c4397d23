//! `audio`: the sound of a call against what was said and what the relay did to it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use airtone_engine::rtp::g711::ULAW;
use airtone_tests::{captures_dir, fixtures, fixtures_dir, json, run, try_json};
use serde_json::Value;

/// Samples of a packet of 20 ms.
const PACKET: usize = 160;
/// The report's default buffer, ns.
const BUFFER_NS: i64 = 60_000_000;

/// A WAV file as it is on disk.
struct Wav {
    rate: u32,
    channels: Vec<Vec<i16>>,
}

/// Read by hand: 44 bytes of header as every player expects them, then samples.
fn wav(path: &Path) -> Wav {
    let bytes = fs::read(path).expect("a WAV file");
    assert_eq!((&bytes[..4], &bytes[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
    let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let long = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let channels = usize::from(word(22));
    let begin = bytes.windows(4).position(|four| four == b"data").expect("a data chunk") + 8;
    assert_eq!(long(begin - 4) as usize, bytes.len() - begin);
    let samples: Vec<i16> =
        bytes[begin..].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    let channel = |n: usize| samples.iter().skip(n).step_by(channels).copied().collect();
    Wav { rate: long(24), channels: (0..channels).map(channel).collect() }
}

/// Runs `audio`; gives the sound and what was said about it.
fn audio(capture: &Path, more: &[&str]) -> (Wav, Value) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().join("call.wav");
    let mut args: Vec<PathBuf> = vec!["audio".into(), capture.into(), "-o".into(), to.clone()];
    args.extend(["--format", "json"].iter().chain(more).map(PathBuf::from));
    let told = json(args);
    (wav(&to), told)
}

/// What the relay did to each packet: true where it arrived in time for `buffer_ns`.
fn relayed(buffer_ns: i64) -> Vec<(u16, bool)> {
    let log = fs::read_to_string(fixtures_dir().join("relay-speech.csv")).expect("the relay's log");
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |n: usize| fields[n].parse::<i64>().ok();
        let waited = number(3).zip(number(2)).map(|(sent, received)| sent - received);
        (fields[0].parse().expect("a sequence number"), waited.is_some_and(|waited| waited < buffer_ns))
    };
    log.lines().skip(1).map(row).collect()
}

fn said() -> Vec<i16> {
    let words = fs::read(fixtures_dir().join("relay-speech.ulaw")).expect("what was said");
    words.into_iter().map(|word| ULAW[usize::from(word)]).collect()
}

fn stretches(told: &Value, channel: usize) -> Vec<Value> {
    let streams = told["channels"][channel]["streams"].as_array().cloned().unwrap_or_default();
    streams.iter().flat_map(|stream| stream["stretches"].as_array().cloned().unwrap_or_default()).collect()
}

/// Runs of packets that were not played: first sequence number, place of the first one, length.
fn runs(relayed: &[(u16, bool)]) -> Vec<(u16, usize, usize)> {
    let mut runs: Vec<(u16, usize, usize)> = Vec::new();
    for (place, &(sequence, _)) in relayed.iter().enumerate().filter(|(_, packet)| !packet.1) {
        match runs.last_mut().filter(|run| run.1 + run.2 == place) {
            Some(run) => run.2 += 1,
            None => runs.push((sequence, place, 1)),
        }
    }
    runs
}

#[test]
fn what_arrived_is_heard_sample_by_sample_and_the_rest_is_concealed_where_it_was_lost() {
    let capture = fixtures_dir().join("relay-speech.pcapng");
    let (wav, told) = audio(&capture, &["--call", "1"]);
    let (relayed, said) = (relayed(BUFFER_NS), said());
    assert_eq!((wav.rate, wav.channels.len()), (8_000, 2));
    // Both directions begin within a packet of each other; the left one is the first here or follows it.
    let heard = &wav.channels[0];
    let begin = begin_of(heard, &said);
    let mut exact = 0;
    for (place, &(sequence, is_played)) in relayed.iter().enumerate().filter(|(_, packet)| packet.1) {
        let at = begin + place * PACKET;
        assert!(is_played);
        assert_eq!(
            heard[at..at + PACKET],
            said[place * PACKET..(place + 1) * PACKET],
            "packet {place}, sequence {sequence}"
        );
        exact += 1;
    }
    assert!(exact > 250, "{exact}");

    let made_up = stretches(&told, 0);
    let runs = runs(&relayed);
    assert_eq!(made_up.len(), runs.len());
    for (stretch, (sequence, place, length)) in made_up.iter().zip(&runs) {
        assert_eq!(stretch["kind"], "concealed");
        assert_eq!(stretch["sequence"], u64::from(*sequence));
        assert_eq!(stretch["duration_ms"], 20.0 * *length as f64);
        let at = stretch["at_s"].as_f64().expect("a time") * 8_000.0;
        assert_eq!(at.round() as usize, begin + place * PACKET);
        let packets = stretch["lost"].as_u64().zip(stretch["late"].as_u64()).map(|(lost, late)| lost + late);
        assert_eq!(packets, Some(*length as u64));
    }
}

/// Where the speech begins in a channel: the first packets were not harmed, and are not silent.
fn begin_of(heard: &[i16], said: &[i16]) -> usize {
    let voiced =
        said.windows(2 * PACKET).position(|part| part.iter().filter(|s| s.abs() > 500).count() > PACKET);
    let part = voiced.expect("speech").next_multiple_of(PACKET);
    let pattern = &said[part..part + PACKET];
    let found: Vec<usize> = heard
        .windows(PACKET)
        .enumerate()
        .filter(|(_, window)| window == &pattern)
        .map(|(place, _)| place)
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0] - part
}

#[test]
fn concealment_is_nearer_to_what_was_said_than_silence() {
    let (wav, _) = audio(&fixtures_dir().join("relay-speech.pcapng"), &["--call", "1"]);
    let (heard, said) = (&wav.channels[0], said());
    let begin = begin_of(heard, &said);
    let square = |value: i16| f64::from(value) * f64::from(value);
    let (mut wrong, mut silent, mut energy) = (0.0, 0.0, 0.0);
    for (_, place, _) in runs(&relayed(BUFFER_NS)) {
        // The first 10 ms, before it fades.
        for n in place * PACKET..place * PACKET + 80 {
            let made_up = heard[begin + n];
            wrong += square(made_up.saturating_sub(said[n]));
            silent += square(said[n]);
            energy += square(made_up);
        }
    }
    assert!(wrong < 0.7 * silent, "{wrong} against {silent}");
    assert!((0.4..2.5).contains(&(energy / silent)), "as loud as the speech around it: {energy}, {silent}");
}

#[test]
fn a_deeper_buffer_plays_what_came_late() {
    let capture = fixtures_dir().join("relay-speech.pcapng");
    let said = said();
    for buffer in ["200", "none"] {
        let (wav, told) = audio(&capture, &["--call", "1", "--buffer", buffer]);
        let heard = &wav.channels[0];
        let begin = begin_of(heard, &said);
        let arrived = relayed(i64::MAX);
        for (place, _) in arrived.iter().enumerate().filter(|(_, packet)| packet.1) {
            let at = begin + place * PACKET;
            assert_eq!(
                heard[at..at + PACKET],
                said[place * PACKET..(place + 1) * PACKET],
                "{buffer}: {place}"
            );
        }
        assert_eq!(stretches(&told, 0).len(), runs(&arrived).len(), "{buffer}");
        assert!(stretches(&told, 0).iter().all(|stretch| stretch["late"] == 0), "{buffer}");
    }
}

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

#[test]
fn the_picture_marks_what_was_made_up() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().join("call.svg");
    let capture = fixtures_dir().join("relay-speech.pcapng");
    let out = run([
        "audio".as_ref(),
        capture.as_os_str(),
        "--call".as_ref(),
        "1".as_ref(),
        "-q".as_ref(),
        "--svg".as_ref(),
        to.as_os_str(),
    ]);
    assert!(out.status.success() && out.stdout.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    let svg = fs::read_to_string(&to).expect("a picture");
    let runs = runs(&relayed(BUFFER_NS)).len();
    let marks = svg.matches("class=\"lost\"").count() + svg.matches("class=\"late\"").count();
    assert_eq!(marks, runs);
    assert!(!svg.contains("http") || svg.matches("http").count() == 1, "only the name of the format");
}

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

/// Loudness of a channel from one second of the sound to another.
fn loudness(wav: &Wav, channel: usize, seconds: std::ops::Range<f64>) -> f64 {
    let place = |s: f64| ((s * f64::from(wav.rate)) as usize).min(wav.channels[channel].len());
    let part = &wav.channels[channel][place(seconds.start)..place(seconds.end)];
    let power: f64 = part.iter().map(|&sample| f64::from(sample) * f64::from(sample)).sum();
    (power / part.len().max(1) as f64).sqrt()
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

#[test]
fn seams_of_concealment_do_not_click_and_long_losses_fade_out() {
    let (wav, _) = audio(&fixtures_dir().join("relay-speech.pcapng"), &["--call", "1"]);
    let (heard, said) = (&wav.channels[0], said());
    let begin = begin_of(heard, &said);
    let step = |sound: &[i16], n: usize| f64::from((i32::from(sound[n]) - i32::from(sound[n - 1])).abs());
    let (mut at_seams, mut in_speech, mut silent, mut seams) = (0.0, 0.0, 0usize, 0);
    for (_, place, length) in runs(&relayed(BUFFER_NS)) {
        let (from, to) = (begin + place * PACKET, begin + (place + length) * PACKET);
        for seam in [from, to] {
            // The steepest step of the speech nearby is what a click would have to exceed to be one.
            let near = (seam - begin).saturating_sub(PACKET).max(1)..(seam - begin + PACKET).min(said.len());
            let steepest = near.map(|n| step(&said, n)).fold(0.0, f64::max);
            assert!(
                step(heard, seam) <= 1.5 * steepest + 64.0,
                "{}: {} by {steepest}",
                seam - begin,
                step(heard, seam)
            );
            at_seams += step(heard, seam).powi(2);
            in_speech += step(&said, seam - begin).powi(2);
            seams += 1;
        }
        // 60 ms are 480 samples; the last 2.5 ms belong to the packet behind.
        let faded = (from + 480).min(to)..to.saturating_sub(20).max((from + 480).min(to));
        assert!(heard[faded.clone()].iter().all(|&sample| sample == 0), "silent after 60 ms");
        silent += faded.len();
    }
    assert!(seams > 20 && silent > 100, "{seams} seams, {silent} silent samples");
    assert!(at_seams < 1.5 * in_speech, "{at_seams} against {in_speech}");
}

#[test]
fn all_that_was_received_is_heard_by_timestamps_alone_or_by_no_clock() {
    let capture = fixtures_dir().join("relay-speech.pcapng");
    let (without_buffer, _) = audio(&capture, &["--call", "1", "--buffer", "none"]);
    let (by_timestamps, told) = audio(&capture, &["--call", "1", "--timing", "timestamps"]);
    let stream = &told["channels"][0]["streams"][0];
    let lost = stream["lost"].as_u64().expect("a number");
    assert!(lost > 0 && stream["late"] == 0);
    let said = said();
    let (begin, other) =
        (begin_of(&by_timestamps.channels[0], &said), begin_of(&without_buffer.channels[0], &said));
    assert_eq!(
        by_timestamps.channels[0][begin..begin + 40_000],
        without_buffer.channels[0][other..other + 40_000]
    );

    let (seamless, told) = audio(&capture, &["--call", "1", "--timing", "uninterrupted"]);
    let stream = &told["channels"][0]["streams"][0];
    let played = stream["packets_played"].as_u64().expect("a number") as usize;
    assert_eq!(stream["lost"], lost);
    let whole: Vec<i16> = relayed(i64::MAX)
        .iter()
        .enumerate()
        .filter(|(_, packet)| packet.1)
        .flat_map(|(place, _)| &said[place * PACKET..(place + 1) * PACKET])
        .copied()
        .collect();
    assert_eq!(played * PACKET, whole.len());
    // Both channels begin within a packet of each other.
    let begin = (0..PACKET).find(|&begin| seamless.channels[0][begin..].starts_with(&whole));
    let begin = begin.expect("all that was received, in one piece");
    assert!(seamless.channels[0][begin + whole.len()..].iter().all(|&sample| sample == 0));
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
