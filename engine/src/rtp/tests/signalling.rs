//! Which datagrams make a stream, and what SDP, RTCP and events add; each rule on a made-up sender.

use super::sender::{DESTINATION, Rtp, SOURCE, SSRC, Wire, nth, stream_of};
use crate::config::Config;
use crate::media::{Announcement, Direction, MediaKind, Party, PayloadType};
use crate::packet::{Endpoint, Nanos};
use crate::rtp::Verdict;

fn announcement(endpoint: Endpoint, party: Party, formats: &[(u8, &str, u32)]) -> Announcement {
    let format = |&(number, encoding, clock_hz): &(u8, &str, u32)| PayloadType {
        number,
        encoding: encoding.to_owned(),
        clock_hz,
        fmtp: String::new(),
    };
    Announcement {
        call: 7,
        party,
        endpoint,
        rtcp: endpoint.with_port(endpoint.port + 1),
        kind: MediaKind::Audio,
        direction: Direction::SendRecv,
        payload_types: formats.iter().map(format).collect(),
        ptime_ms: Some(20),
        encrypted: false,
        fax_version: None,
        frame: 1,
        at: Nanos(1_700_000_000 * Nanos::SECOND),
    }
}

#[test]
fn what_is_not_rtp_makes_no_stream() {
    let mut wire = Wire::new(&Config::default());
    let at = |n: u32, source: u16, destination: u16| Rtp {
        source: SOURCE.with_port(source),
        destination: DESTINATION.with_port(destination),
        ..nth(n)
    };
    for n in 0..50u32 {
        // A counter on a port of another protocol, timestamps that go back, random sequence numbers,
        // reserved payload types, RTCP types, another version.
        let others = [
            at(n, 40_000, 53),
            Rtp { timestamp: 0x4000_0000 - n * 160, ..at(n, 40_002, 40_004) },
            Rtp { sequence: (n * 7919) as u16, ..at(n, 40_006, 40_008) },
            Rtp { payload_type: 77, ..at(n, 40_010, 40_012) },
            Rtp { payload_type: 40, ..at(n, 40_014, 40_016) },
            Rtp { ssrc: n.wrapping_mul(0x9e37_79b9), ..at(n, 40_018, 40_020) },
        ];
        for other in others {
            assert_eq!(wire.send(&other), Verdict::NotMedia);
        }
    }
    assert_eq!(wire.streams().len(), 0);
}

#[test]
fn probation_counts_from_the_first_packet() {
    let mut wire = Wire::new(&Config::default());
    let verdicts: Vec<Verdict> = (0..5).map(|n| wire.send(&nth(n))).collect();
    assert_eq!(verdicts[..3], [Verdict::NotMedia; 3]);
    assert!(matches!(verdicts[3], Verdict::Rtp { stream: 1, call: None, .. }));
    assert_eq!((wire.stream().stream.packets, wire.stream().stream.first_frame), (5, 1));
    let mut deaf = Wire::new(&Config { rtp_heuristic: false, ..Config::default() });
    assert!((0..50).all(|n| deaf.send(&nth(n)) == Verdict::NotMedia));
}

#[test]
fn candidates_are_bounded() {
    let mut wire = Wire::new(&Config { max_candidates: 64, ..Config::default() });
    for n in 0..10_000u32 {
        wire.send(&Rtp { ssrc: n + 1, ..nth(n) });
    }
    assert_eq!(wire.streams().len(), 0);
    wire.send_all((0..4).map(|n| Rtp { at_ms: 200_000.0 + f64::from(n), ..nth(n) }));
    assert_eq!(wire.streams().len(), 1, "a flood does not hide a stream");
}

#[test]
fn announced_media_needs_no_probation() {
    let mut wire = Wire::new(&Config::default());
    wire.tracker.announce(&announcement(DESTINATION, Party::Callee, &[(96, "opus", 48_000)]));
    let opus = |n: u32| Rtp { payload_type: 96, timestamp: n * 960, ..nth(n) };
    assert!(matches!(wire.send(&opus(0)), Verdict::Rtp { stream: 1, call: Some(7), .. }));
    wire.send_all((1..100).map(&opus));
    let summary = wire.stream();
    assert_eq!(summary.receiver, Some(Party::Callee));
    let stream = summary.stream;
    assert_eq!(
        (stream.codec.as_deref(), stream.clock_hz, stream.ptime_ms),
        (Some("opus"), Some(48_000), Some(20.0))
    );
    assert_eq!((stream.clock_source.as_deref(), stream.call), (Some("sdp"), Some(7)));
    // Symmetric RTP: the other direction belongs to the same call, with the caller as its receiver.
    let back = Rtp { source: DESTINATION, destination: SOURCE, ssrc: 99, ..opus(0) };
    assert!(matches!(wire.send(&back), Verdict::Rtp { stream: 2, call: Some(7), .. }));
    assert_eq!(wire.streams()[1].receiver, Some(Party::Caller));
}

#[test]
fn media_announced_after_it_began() {
    let mut wire = Wire::new(&Config::default());
    let opus = |n: u32| Rtp { payload_type: 96, timestamp: n * 960, ..nth(n) };
    wire.send_all((0..10).map(&opus));
    assert_eq!(wire.stream().stream.clock_hz, None, "too early to infer");
    wire.tracker.announce(&announcement(DESTINATION, Party::Callee, &[(96, "opus", 48_000)]));
    assert_eq!(wire.stream().stream.call, Some(7), "known even without a further packet");
    assert!(matches!(wire.send(&opus(10)), Verdict::Rtp { call: Some(7), .. }));
    let stream = wire.stream().stream;
    assert_eq!((stream.clock_hz, stream.clock_source.as_deref()), (Some(48_000), Some("sdp")));
    assert!(stream.jitter_ms.is_some_and(|jitter| jitter.max < 1e-6), "packets before the SDP count");
    assert!((stream.delta_ms.unwrap().mean - 20.0).abs() < 1e-6);
}

#[test]
fn a_clock_is_inferred_and_marked_so() {
    for (clock, step) in [(8_000, 160), (16_000, 320), (48_000, 960)] {
        let packets = (0..200u32).map(|n| Rtp {
            payload_type: 97,
            timestamp: n * step,
            at_ms: nth(n).at_ms + f64::from(n % 7) * 3.0,
            ..nth(n)
        });
        let stream = stream_of(packets).stream;
        assert_eq!((stream.clock_hz, stream.clock_source.as_deref()), (Some(clock), Some("inferred")));
        assert_eq!(stream.ptime_ms, Some(20.0));
        assert!(stream.jitter_ms.is_some_and(|jitter| (1.0..9.0).contains(&jitter.mean)));
        assert_eq!(stream.codec, None);
        assert!(stream.mos.lq.is_none() && stream.mos.reason.is_some_and(|why| why.contains("97")));
    }
}

#[test]
fn events_and_comfort_noise_stay_out_of_jitter() {
    for sdp in [true, false] {
        let mut wire = Wire::new(&Config::default());
        if sdp {
            let formats = [(0, "PCMU", 8_000), (101, "telephone-event", 8_000)];
            wire.tracker.announce(&announcement(DESTINATION, Party::Callee, &formats));
        }
        for n in 0..200u32 {
            if (50..60).contains(&n) {
                let event = Rtp { payload_type: 101, timestamp: 50 * 160, marker: n == 50, ..nth(n) };
                let end = if n >= 57 { 0x8a } else { 0x0a };
                let duration = (n.min(57) - 49) as u16 * 160;
                let [high, low] = duration.to_be_bytes();
                wire.send_payload(&event, &[9, end, high, low]);
            } else if n == 100 {
                let noise = Rtp { payload_type: 13, timestamp: 77, ..nth(n) };
                wire.send_payload(&noise, &[60]);
            } else {
                wire.send(&nth(n));
            }
        }
        let summary = wire.stream();
        let stream = &summary.stream;
        assert_eq!((stream.packets, stream.lost, stream.late), (200, 0, Some(0)));
        assert!(stream.jitter_ms.unwrap().max < 1e-6);
        assert_eq!(stream.payload_types, [0, 101, 13]);
        assert_eq!(stream.codec.as_deref(), Some("PCMU"));
        let [digit] = &summary.dtmf[..] else { panic!("{:?}", summary.dtmf) };
        assert_eq!((digit.digit.as_str(), digit.duration_ms, digit.frame), ("9", Some(160.0), 51));
        assert_eq!(digit.from, if sdp { "caller".to_owned() } else { SOURCE.to_string() });
    }
}

#[test]
fn a_fax_port_gets_no_stream_at_once() {
    let mut wire = Wire::new(&Config::default());
    let mut fax = announcement(DESTINATION, Party::Callee, &[(0, "PCMU", 8_000)]);
    fax.kind = MediaKind::Fax;
    wire.tracker.announce(&fax);
    assert_eq!(wire.send(&nth(0)), Verdict::NotMedia);
}

#[test]
fn key_exchange_marks_the_streams_beside_it() {
    let mut wire = Wire::new(&Config::default());
    wire.send_all((0..50).map(nth));
    let zrtp = [0x10, 0, 0, 1, b'Z', b'R', b'T', b'P', 0, 0, 0, 0];
    assert_eq!(wire.tracker.datagram(&nth(50).context(51), &zrtp, 12), Verdict::NotMedia);
    assert!(wire.stream().stream.encrypted);
}

#[test]
fn a_relays_output_names_its_input() {
    let mut wire = Wire::new(&Config::default());
    let (relay_in, relay_out) = (Endpoint::v4([192, 0, 2, 9], 6000), Endpoint::v4([192, 0, 2, 9], 6002));
    for n in 0..100 {
        wire.send(&Rtp { destination: relay_in, ..nth(n) });
        if n >= 3 {
            wire.send(&Rtp { source: relay_out, at_ms: nth(n).at_ms + 1.0, ..nth(n) });
        }
    }
    let relayed: Vec<_> = wire.streams().iter().map(|s| s.stream.relayed_from).collect();
    assert_eq!(relayed, [None, Some(1)]);
}

#[test]
fn the_table_of_streams_is_bounded() {
    let mut wire = Wire::new(&Config { max_streams: 32, ..Config::default() });
    for ssrc in 1..=100u32 {
        wire.send_all((0..5).map(|n| Rtp { ssrc, at_ms: f64::from(ssrc) * 100.0 + f64::from(n), ..nth(n) }));
    }
    let streams = wire.streams();
    assert!(streams.len() <= 32);
    assert_eq!(streams.len() as u64 + wire.tracker.evicted(), 100);
    assert_eq!(streams.last().unwrap().stream.id, 100, "the longest idle ones go first, ids stay");
    assert!(streams.is_sorted_by_key(|summary| summary.stream.id));
}

#[test]
fn reports_about_a_stream() {
    let mut wire = Wire::new(&Config::default());
    wire.send_all((0..100).map(nth));
    let mut report = vec![0x81, 201, 0, 7, 0, 0, 0, 42];
    for word in [SSRC, 0x1000_0005, 99, 80, 0, 0] {
        report.extend_from_slice(&word.to_be_bytes());
    }
    let rtcp = Rtp { source: DESTINATION.with_port(5001), destination: SOURCE.with_port(4001), ..nth(100) };
    let verdict = wire.tracker.datagram(&rtcp.context(101), &report, report.len());
    assert_eq!(verdict, Verdict::Rtcp { call: None });
    let told = wire.stream().stream.rtcp.unwrap();
    assert_eq!((told.reports, told.peer_lost_percent, told.peer_jitter_ms), (1, Some(5.0), Some(10.0)));
}

#[test]
fn short_streams_are_not_rated() {
    let stream = stream_of((0..20).map(nth)).stream;
    assert!(stream.mos.lq.is_none());
    assert!(stream.mos.reason.unwrap().starts_with("Too short"));
}

#[test]
fn a_stream_that_goes_on_while_its_sender_holds() {
    let mut wire = Wire::new(&Config::default());
    let formats = [(0, "PCMU", 8000)];
    let says = |wire: &mut Wire, party, direction| {
        let end = if party == Party::Caller { SOURCE } else { DESTINATION };
        wire.tracker.announce(&Announcement { direction, ..announcement(end, party, &formats) });
    };
    let both = [Party::Caller, Party::Callee];
    both.into_iter().for_each(|party| says(&mut wire, party, Direction::SendRecv));
    wire.send_all((0..50).map(nth));
    assert_eq!(wire.stream().held, None);
    says(&mut wire, Party::Caller, Direction::SendOnly);
    wire.send_all((50..53).map(nth));
    says(&mut wire, Party::Callee, Direction::RecvOnly);
    wire.send_all((53..153).map(nth));
    let held = wire.stream().held.map(|held| (held.frame, held.packets));
    assert_eq!(held, Some((54, 100)), "from the first packet after the answer on");
    both.into_iter().for_each(|party| says(&mut wire, party, Direction::SendRecv));
    wire.send_all((153..200).map(nth));
    let held = wire.stream().held.map(|held| (held.frame, held.packets));
    assert_eq!(held, Some((54, 100)), "what comes after it counts no more");
}

#[test]
fn what_was_on_its_way_when_the_sender_held_is_no_music() {
    let mut wire = Wire::new(&Config::default());
    let end =
        |direction| Announcement { direction, ..announcement(SOURCE, Party::Caller, &[(0, "PCMU", 8000)]) };
    wire.send_all((0..50).map(nth));
    wire.tracker.announce(&end(Direction::SendOnly));
    wire.send_all((50..53).map(nth));
    wire.tracker.announce(&end(Direction::SendRecv));
    wire.send_all((53..90).map(nth));
    assert_eq!(wire.stream().held, None);
}

#[test]
fn the_next_call_on_the_same_ports_has_a_stream_of_its_own() {
    let base = 1_700_000_000 * Nanos::SECOND;
    let streams_when = |pause_ms: f64| {
        let mut wire = Wire::new(&Config::default());
        let formats = [(0, "PCMU", 8000)];
        wire.tracker.announce(&announcement(DESTINATION, Party::Callee, &formats));
        wire.send_all((0..100).map(nth));
        let at = Nanos(base + 1_990 * 1_000_000);
        let next = Announcement { call: 8, at, ..announcement(DESTINATION, Party::Callee, &formats) };
        wire.tracker.announce(&next);
        // The same SSRC, and sequence numbers that even go on.
        wire.send_all((0..100).map(|n| Rtp { at_ms: nth(n).at_ms + 2_000.0 + pause_ms, ..nth(n + 100) }));
        let figures = |s: crate::rtp::StreamSummary| (s.stream.call, s.stream.packets, s.stream.lost);
        wire.streams().into_iter().map(figures).collect::<Vec<_>>()
    };
    assert_eq!(streams_when(5_000.0), [(Some(7), 100, 0), (Some(8), 100, 0)]);
    assert_eq!(streams_when(0.0), [(Some(8), 200, 0)], "who goes on at once goes on in the other call");
}

#[test]
fn a_restart_while_the_sender_holds_takes_back_what_was_counted_before() {
    let mut wire = Wire::new(&Config::default());
    let formats = [(0, "PCMU", 8000)];
    wire.tracker.announce(&announcement(SOURCE, Party::Caller, &formats));
    wire.send_all((0..10).chain(20..400).map(nth));
    // Counted as late until the next one shows that the sender has started anew.
    let anew = |n: u32| Rtp { at_ms: 8_000.0 + f64::from(n) * 20.0, ..nth(100 + n) };
    wire.send(&anew(0));
    let one_way =
        Announcement { direction: Direction::SendOnly, ..announcement(SOURCE, Party::Caller, &formats) };
    wire.tracker.announce(&one_way);
    wire.send(&anew(0));
    wire.send_all((1..100).map(anew));
    let streams = wire.streams();
    let held: Vec<u64> = streams.iter().map(|one| one.held.map_or(0, |held| held.packets)).collect();
    assert_eq!(held[0], 0, "{held:?}");
    assert_eq!(streams.len(), 2);
}
