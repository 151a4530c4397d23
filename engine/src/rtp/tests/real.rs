//! Real captures, without SDP: what the heuristic finds, what it must not find, and known truths.

use super::captures::{Result, path, run};
use crate::config::Config;
use crate::model::Stream;

fn found(name: &str) -> Option<Result> {
    path(name).map(|path| run(&path, &Config::default(), 1))
}

fn counts(stream: &Stream) -> (u64, u64, u64, u64, u64) {
    (stream.packets, stream.lost, stream.duplicates, stream.out_of_order, stream.late.unwrap())
}

#[test]
fn netem_lost_thirteen_and_overtook_two() {
    let Some(found) = found("mirrors-and-air/mirror-netem-before.pcap") else { return };
    let [summary] = &found.streams[..] else { panic!("{} streams", found.streams.len()) };
    let stream = &summary.stream;
    assert_eq!(counts(stream), (287, 13, 0, 2, 0));
    assert_eq!((stream.expected, stream.ptime_ms), (300, Some(20.0)));
    let jitter = stream.jitter_ms.unwrap();
    assert!((jitter.mean - 4.449).abs() < 0.001 && (jitter.max - 9.242).abs() < 0.001, "{jitter:?}");
    assert!((stream.delta_ms.unwrap().max - 60.823).abs() < 0.001);
}

#[test]
fn six_mirrors_make_one_stream() {
    let Some(path) = path("mirrors-and-air/mirror-netem-before.pcap") else { return };
    let found = run(&path, &Config::default(), 6);
    let [summary] = &found.streams[..] else { panic!("{} streams", found.streams.len()) };
    assert_eq!(counts(&summary.stream), (287, 13, 0, 2, 0));
    assert_eq!(summary.stream.copies.len(), 6);
    assert!(summary.stream.copies.iter().all(|copy| (copy.packets, copy.missing) == (287, 0)));
}

#[test]
fn streams_without_signalling() {
    // SSRC, packets, lost, codec, ms per packet.
    type Truth = (u32, u64, u64, &'static str, f64);
    let truths: [(&str, &[Truth]); 4] = [
        ("rtp-pcma-40ms.pcap", &[(0xd500_ca81, 826, 0, "PCMA", 40.0)]),
        ("rtp-pcmu-milliwatt.pcap", &[(0x61dc_f074, 232, 0, "PCMU", 20.0)]),
        (
            "h323-rtp-example.raw.gz",
            &[(0xf3cb_2001, 229, 1, "PCMA", 30.0), (0xdee0_ee8f, 236, 0, "PCMA", 30.0)],
        ),
        ("rtp-rtcp-xr.pcap", &[(0xb50c_d87c, 276, 0, "PCMU", 20.0), (0x90c7_1b9d, 23, 0, "PCMU", 20.0)]),
    ];
    for (name, streams) in truths {
        let Some(found) = found(name) else { continue };
        for &(ssrc, packets, lost, codec, ptime) in streams {
            let [summary] = found.of(ssrc)[..] else { panic!("{name}: {ssrc:08x}") };
            let stream = &summary.stream;
            assert_eq!((stream.packets, stream.lost), (packets, lost), "{name}");
            assert_eq!((stream.codec.as_deref(), stream.ptime_ms), (Some(codec), Some(ptime)), "{name}");
        }
    }
}

#[test]
fn voip_metrics_of_the_device() {
    let Some(found) = found("rtp-rtcp-xr.pcap") else { return };
    assert_eq!(found.streams.len(), 7);
    let told = found.of(0xb50c_d87c)[0].stream.rtcp.clone().unwrap();
    assert_eq!((told.xr_r_factor, told.xr_mos_lq, told.xr_mos_cq), (Some(92), Some(4.1), Some(4.1)));
    assert_eq!(told.xr_frames, [2213]);
    // The telephone names itself in its metrics, all of them unavailable.
    let towards = found.of(0x3c83_1436);
    let told = towards.iter().find_map(|s| s.stream.rtcp.as_ref().filter(|told| !told.xr_frames.is_empty()));
    let told = told.unwrap();
    assert_eq!((told.xr_r_factor, told.xr_mos_lq, &told.xr_frames[..2]), (None, None, &[2282, 2730][..]));
    assert!(found.streams.iter().all(|s| s.stream.relayed_from.is_none()), "one sender after another");
}

#[test]
fn clocks_of_dynamic_types() {
    let truths = [
        ("sip-rtp-opus.pcap", 48_000, Some(20.0)),
        ("sip-rtp-ilbc.pcap", 8_000, Some(30.0)),
        // Iu user plane: 16 kHz whatever the codec (3GPP TS 29.414).
        ("umts-iu-amr.pcap", 16_000, Some(20.0)),
    ];
    for (name, clock, ptime) in truths {
        let Some(found) = found(name) else { continue };
        assert!(!found.streams.is_empty(), "{name}");
        for summary in &found.streams {
            let stream = &summary.stream;
            assert_eq!((stream.clock_hz, stream.ptime_ms), (Some(clock), ptime), "{name}");
            assert_eq!(stream.clock_source.as_deref(), Some("inferred"));
            assert_eq!(stream.lost, 0, "{name}");
        }
    }
}

#[test]
fn a_video_call_loses_nothing_and_its_rtcp_makes_sense() {
    let Some(found) = found("sip-video-call.pcapng") else { return };
    let packets: Vec<_> = found.streams.iter().map(|s| (s.stream.packets, s.stream.lost)).collect();
    assert_eq!(packets, [(561, 0), (545, 0), (68, 0), (1383, 0)]);
    for summary in &found.streams {
        let told = summary.stream.rtcp.as_ref().unwrap();
        assert_eq!(told.peer_lost_percent, Some(0.0));
        assert!(told.round_trip_ms.is_some_and(|ms| ms < 100.0));
    }
}

#[test]
fn telephone_events_without_sdp() {
    let Some(found) = found("sip-dtmf-rfc2833-decline.cap") else { return };
    let digits: String = found.streams.iter().flat_map(|s| &s.dtmf).map(|d| d.digit.as_str()).collect();
    assert_eq!(digits, "6789123");
    assert_eq!(found.of(0x9a7b_5382)[0].stream.lost, 2);
}

#[test]
fn the_relay_is_recognised() {
    let Some(found) = found("sip-call-rtp-g711.pcap") else { return };
    let relayed = found.streams.iter().map(|s| (s.stream.id, s.stream.relayed_from));
    assert_eq!(relayed.collect::<Vec<_>>(), [(1, None), (2, Some(1)), (3, None), (4, Some(3)), (5, None)]);
}

#[test]
fn nothing_is_invented() {
    // Captures whose traffic holds no RTP over IPv4 that this test's reader could find.
    const WITHOUT: [&str; 22] = [
        "dns.cap",
        "dns-icmp.pcapng.gz",
        "pcapng-many-interfaces.pcapng",
        "sip-forward-302.cap",
        "sip-scanner-ipfixprobe.pcap",
        "sip-t38-signalling.pcap",
        "rtcp-compound.pcap",
        "hep3-sip.pcap",
        "tzsp-http.pcapng",
        "vxlan-icmp.pcap",
        "smtp.pcap",
        "pop3.pcap",
        "sip-tcp.pcap",
        "sip-responses.pcap",
        "sip-body-large.pcap",
        "sip-protos-fuzz.cap",
        "sip-forwarded-181.pcapng",
        "sip-dtmf-info-pppoe.pcap",
        "sip-ipv6-fragments.pcap",
        "arp-storm.pcap",
        "erspan-type-ii-3.pcap",
        "mirrors-and-air/mirror-netem.pcap",
    ];
    for name in WITHOUT {
        let Some(found) = found(name) else { continue };
        assert!(found.streams.is_empty(), "{name}: {:?}", found.streams[0].stream);
    }
    // 1063 T.38 packets, STUN, QUIC and TLS beside the streams that are there.
    for (name, streams) in [
        ("fax-call-t38-accepted.pcap", 2),
        ("sip-answer-and-cancel.pcapng", 3),
        ("sip-blind-transfer.pcapng", 2),
    ] {
        let Some(found) = found(name) else { continue };
        assert_eq!(found.streams.len(), streams, "{name}");
    }
}

/// The gateway's fax streams run on one SSRC; tshark takes 2010 of their packets for T.38 and so counts 6 lost.
#[test]
fn fax_streams_are_whole() {
    let Some(found) = found("fax-call-t38-refused.pcap") else { return };
    let packets: Vec<_> = found.streams.iter().map(|s| (s.stream.packets, s.stream.lost)).collect();
    assert_eq!(packets, [(3848, 0), (3147, 0)]);
}

#[test]
fn compound_rtcp_is_rtcp_and_no_stream() {
    let Some(found) = found("rtcp-compound.pcap") else { return };
    assert_eq!((found.rtcp, found.streams.len()), (5, 0));
}
