//! Speech through a lossy relay: what was received, what was made up, and by which clock.

use std::fs;

use airtone_tests::{fixtures_dir, run};

use crate::{BUFFER_NS, PACKET, audio, begin_of, relayed, runs, said, stretches};

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
