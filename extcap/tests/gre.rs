//! GRE and ERSPAN by raw socket, and what is lost on the mirror's way: in a network namespace of the test's own.

#![cfg(target_os = "linux")]

mod common;

use airtone_capture::write::{PcapNgOut, Section, Statistics};
use airtone_capture::{Input, Record};
use airtone_engine::{Config, Engine, LinkType, Nanos, Report, SourceInfo};
use airtone_extcap::source::Source;
use airtone_extcap::sys::datagram::now;
use common::capture::{Frame, Kept, collect, open, recorded, report};
use common::{in_namespace, send_gre, without_rights, wrap};

/// Sends wrapped frames to ourselves and takes them out again.
fn through_gre(source: &mut dyn Source, address: &str, packets: &[Vec<u8>]) -> Kept {
    let mut sink = Kept::default();
    for some in packets.chunks(100) {
        send_gre(address, some);
        let count = sink.frames.len() + some.len();
        collect(source, &mut sink, count);
    }
    sink
}

#[test]
fn every_kind_arrives_packet_for_packet() {
    in_namespace("every_kind_arrives_packet_for_packet", || {
        type Wrap = fn(&[u8], u32) -> Vec<u8>;
        let wraps: [(&str, Wrap); 4] = [
            ("ERSPAN I", |frame, _| wrap::erspan1(frame)),
            ("ERSPAN II 100", |frame, number| wrap::erspan2(frame, number)),
            ("ERSPAN III 200", |frame, number| wrap::erspan3(frame, number, 0)),
            ("GRE-TEB", |frame, _| wrap::gre_bridged(frame)),
        ];
        let sent = recorded("sipp-hold");
        for address in ["127.0.0.1", "::1"] {
            for (name, wrap) in wraps {
                let mut source = open(&[("source", "gre")]).unwrap();
                let packets: Vec<Vec<u8>> =
                    sent.iter().zip(70_000..).map(|(frame, number)| wrap(&frame.bytes, number)).collect();
                let got = through_gre(&mut *source, address, &packets);
                assert!(
                    got.frames.iter().map(|f| &f.bytes).eq(sent.iter().map(|f| &f.bytes)),
                    "{name} {address}"
                );
                let used = got.frames[0].interface;
                assert_eq!(source.interfaces()[used].name, format!("gre {name} {address}"));
                let (ours, theirs) = (report(&got.frames, |_| LinkType::ETHERNET, &sent), &sent);
                assert_eq!(ours, report(theirs, |_| LinkType::ETHERNET, theirs));
                let counters = source.counters()[used];
                assert_eq!((counters.received, counters.dropped), (sent.len() as u64, 0));
            }
        }
    });
}

#[test]
fn the_clock_of_erspan_3_gives_the_distances() {
    in_namespace("the_clock_of_erspan_3_gives_the_distances", || {
        let sent = recorded("sipp-hold");
        let ticks = |frame: &Frame| ((frame.at.0 - sent[0].at.0) / 100_000) as u32;
        // The part that is sent at once, and so has the clock of the mirror within a second of its arrival.
        let packets: Vec<Vec<u8>> = sent
            .iter()
            .take(100)
            .zip(0..)
            .map(|(frame, number)| {
                wrap::erspan3(&frame.bytes, number, ticks(frame).wrapping_add(u32::MAX - 5))
            })
            .collect();
        let mut source = open(&[("source", "gre")]).unwrap();
        let got = through_gre(&mut *source, "127.0.0.1", &packets);
        let since = |frames: &[Frame], at: usize| frames[at].at.0 - frames[0].at.0;
        let near = (0..100).filter(|at| since(&sent, *at) < 500_000_000).collect::<Vec<_>>();
        assert!(near.len() > 10);
        for at in near {
            assert!((since(&got.frames, at) - since(&sent, at)).abs() <= 100_000, "packet {at}");
        }
    });
}

#[test]
fn decapsulate_false_keeps_the_packet_as_it_came() {
    in_namespace("decapsulate_false_keeps_the_packet_as_it_came", || {
        let sent = recorded("sipp-hold");
        for address in ["127.0.0.1", "::1"] {
            let packets: Vec<Vec<u8>> =
                sent.iter().zip(0..).map(|(frame, number)| wrap::erspan2(&frame.bytes, number)).collect();
            let mut source = open(&[("source", "gre"), ("decapsulate", "false")]).unwrap();
            let got = through_gre(&mut *source, address, &packets);
            let header = if address == "::1" { 40 } else { 20 };
            assert!(
                got.frames.iter().map(|f| &f.bytes[header..]).eq(packets.iter().map(|packet| &packet[..]))
            );
            assert_eq!(
                report(&got.frames, |_| LinkType::RAW, &sent),
                report(&sent, |_| LinkType::ETHERNET, &sent)
            );
        }
    });
}

/// A file as the extcap writes it, and the report on it.
fn report_of_file(source: &mut dyn Source, frames: &[Frame], times: &[Nanos]) -> Report {
    let mut bytes = Vec::new();
    let mut out = PcapNgOut::new(&mut bytes, &Section::default()).unwrap();
    for interface in source.interfaces() {
        out.interface(interface, 0).unwrap();
    }
    for (frame, at) in frames.iter().zip(times) {
        out.packet(frame.interface as u32, *at, frame.orig_len, &frame.bytes, frame.dropped).unwrap();
    }
    for (interface, counters) in source.counters().into_iter().enumerate() {
        let statistics = Statistics {
            received: Some(counters.received),
            dropped: counters.dropped,
            ..Statistics::default()
        };
        out.statistics(interface as u32, *times.last().unwrap(), &statistics).unwrap();
    }
    let path = std::env::temp_dir().join(format!("airtone-mirror-{}.pcapng", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    let mut engine = Engine::new(Config::default());
    let mut input = Input::open(std::slice::from_ref(&path)).unwrap();
    while let Some(record) = input.next().unwrap() {
        record.give_to(&mut engine);
    }
    std::fs::remove_file(path).unwrap();
    engine.into_report(SourceInfo::default())
}

/// A relay that loses every packet with a chance of `percent`, by a generator with a seed.
fn survivors(count: usize, percent: u64) -> Vec<usize> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut lost = |_: &usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % 100 < percent
    };
    // The first and the last packet stay: what is lost beyond them nobody can know.
    (0..count).filter(|at| *at == 0 || *at == count - 1 || !lost(at)).collect()
}

#[test]
fn what_the_mirror_loses_is_the_mirrors_loss() {
    in_namespace("what_the_mirror_loses_is_the_mirrors_loss", || {
        let sent = recorded("baresip-g711-dtmf");
        assert_eq!(report(&sent, |_| LinkType::ETHERNET, &sent)[1][0]["lost"], 0);
        let alive = survivors(sent.len(), 10);
        let lost = sent.len() - alive.len();
        assert!(lost > 30);
        let packets: Vec<Vec<u8>> =
            alive.iter().map(|at| wrap::erspan2(&sent[*at].bytes, *at as u32)).collect();
        let mut source = open(&[("source", "gre")]).unwrap();
        let got = through_gre(&mut *source, "127.0.0.1", &packets);
        assert_eq!(got.frames.len(), alive.len());
        let used = got.frames[0].interface;
        assert_eq!(source.counters()[used].dropped, lost as u64);
        let told: u64 = got.frames.iter().map(|frame| frame.dropped).sum();
        assert!(told <= lost as u64 && told + 5 > lost as u64, "{told} of {lost} told while capturing");

        let start = now();
        let times: Vec<Nanos> =
            alive.iter().map(|at| Nanos(start.0 + sent[*at].at.0 - sent[0].at.0)).collect();
        let report = report_of_file(&mut *source, &got.frames, &times);
        assert_eq!(report.capture.dropped_by_sensor, Some(lost as u64));
        let missing: u64 = report.streams.iter().map(|stream| stream.lost).sum();
        assert!(missing > 20, "RTP was among what was lost");
        let kinds: Vec<&str> = report.findings.iter().map(|finding| finding.kind.as_str()).collect();
        assert!(kinds.contains(&"sensor_drops"), "{kinds:?}");
        assert!(!kinds.contains(&"high_loss") && !kinds.contains(&"bad_mos"), "{kinds:?}");
    });
}

/// What a kernel's own mirrors sent, recorded: one RTP stream in ERSPAN I, II and III and in GRE.
#[test]
fn mirrors_made_by_a_kernel() {
    let shared = std::env::var("AIRTONE_CAPTURES").unwrap_or_else(|_| "../../shared/captures".into());
    let path = std::path::Path::new(&shared).join("mirrors-and-air/sample-mirror.pcap");
    if !path.exists() {
        println!("skipped: {} is not here", path.display());
        return;
    }
    in_namespace("mirrors_made_by_a_kernel", || {
        let mut input = Input::open(&[path]).unwrap();
        let mut packets = Vec::new();
        while let Some(record) = input.next().unwrap() {
            let Record::Packet(packet) = record else { continue };
            if packet.bytes[12..14] == [8, 0] && packet.bytes[23] == 47 {
                packets.push(packet.bytes[34..].to_vec());
            }
        }
        assert!(packets.len() > 1000);
        let mut source = open(&[("source", "gre")]).unwrap();
        let got = through_gre(&mut *source, "127.0.0.1", &packets);
        assert_eq!(got.frames.len(), packets.len(), "{:?}", got.log);
        // The same datagrams by each of the four.
        let datagrams = |place: usize| -> Vec<&[u8]> {
            let own = got.frames.iter().filter(|frame| frame.interface == place);
            own.map(|frame| &frame.bytes[..]).filter(|b| b[12..14] == [8, 0] && b[23] == 17).collect()
        };
        assert_eq!(source.interfaces().len(), 5);
        let each: Vec<_> = (1..5).map(datagrams).collect();
        // As tshark counts them: 850 in ERSPAN, where the mirrors did not end with the same packet, and 283 in GRE.
        assert_eq!(each.iter().map(Vec::len).sum::<usize>(), 850 + 283);
        let shortest = each.iter().min_by_key(|datagrams| datagrams.len()).unwrap();
        assert!(each.iter().all(|all| all.windows(shortest.len()).any(|part| part == &shortest[..])));
        assert!(source.counters().iter().all(|counters| counters.dropped == 0));
    });
}

#[test]
fn no_right_to_open_raw_sockets() {
    without_rights("no_right_to_open_raw_sockets", || {
        for source in ["gre", "lo"] {
            let told = open(&[("source", source)]).err().unwrap().0;
            assert!(told.contains("permission denied; allow it with `sudo setcap cap_net_raw"), "{told}");
            assert!(!told.contains('\n'), "{told}");
        }
    });
}
