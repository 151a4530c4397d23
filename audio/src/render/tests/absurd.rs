//! Times and timestamps that tell nothing, or nothing that can be true.

use super::*;

#[test]
fn without_times_a_jump_of_timestamps_makes_no_days_of_silence() {
    let packets = (0..100u64).map(|n| HeardPacket {
        timestamp: (n as u32 * 160).wrapping_add([0, 0x7000_0000, 0x1000][n as usize / 34]),
        at: Nanos::UNKNOWN,
        ..on_time(n, 0, 0)
    });
    let heard = heard(packets.collect());
    let payloads: Payloads = (1..=100).map(|frame| (frame, vec![LOUD; PACKET])).collect();
    let track = render(&heard, &payloads, Timing::Buffer).unwrap();
    assert_eq!((track.played, track.runs.len()), (100, 3));
    assert_eq!(track.runs.iter().map(|run| run.samples.len()).sum::<usize>(), 100 * PACKET);
}

#[test]
fn comfort_noise_that_counts_otherwise_makes_no_days_of_silence() {
    let packets = (0..100u64).map(|n| HeardPacket {
        timestamp: (n as u32 * 160).wrapping_add(if n < 50 { 0 } else { 0x100_0000 }),
        payload_type: if n < 50 { 0 } else { 13 },
        ..on_time(n, n as i64 * 20, 0)
    });
    let heard = heard(packets.collect());
    let payloads: Payloads = (1..=100).map(|frame| (frame, vec![LOUD; PACKET])).collect();
    let track = render(&heard, &payloads, Timing::Buffer).unwrap();
    assert!(track.runs.iter().map(|run| run.samples.len()).sum::<usize>() <= 100 * PACKET);
}

#[test]
fn absurd_times_do_no_harm() {
    let times = [i64::MIN, i64::MIN + 1, -1, 0, BEGIN, i64::MAX];
    let mut dice = Sender::at(0.0);
    for _ in 0..40 {
        let packets = (0..40u64).map(|n| HeardPacket {
            timestamp: (n as u32).wrapping_mul([160, 8_000, 0x4000_0000][dice.random() as usize % 3]),
            payload_type: [0, 13, 101][dice.random() as usize % 3],
            at: Nanos(times[dice.random() as usize % times.len()]),
            ..on_time(n, 0, 0)
        });
        let heard = heard(packets.collect());
        let payloads: Payloads = (1..=40).map(|frame| (frame, vec![LOUD; PACKET])).collect();
        for timing in [Timing::Buffer, Timing::Timestamps, Timing::Uninterrupted] {
            if let Ok(track) = render(&heard, &payloads, timing) {
                let most = track.runs.iter().map(|run| run.samples.len()).max().unwrap_or(0);
                assert!(most <= 41 * 60 * 8_000, "{timing:?}: {most}");
            }
        }
    }
}

#[test]
fn a_packet_that_cannot_be_read_is_no_longer_than_a_packet() {
    let mut heard = heard((0..9).map(|n| on_time(n, n as i64 * 20, 0)).collect());
    for (step, samples) in [(160, 9 * PACKET), (u32::MAX, 9 * PACKET), (8_001, 9 * PACKET)] {
        heard.step = Some(step);
        let track = render(&heard, &Payloads::new(), Timing::Uninterrupted).unwrap();
        assert_eq!((track.unreadable, track.runs[0].samples.len()), (9, samples), "{step}");
    }
}
