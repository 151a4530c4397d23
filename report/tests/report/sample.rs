//! A report with something of everything: good and bad calls, streams on each scale and without MOS, Wi-Fi with
//! outages, findings of every severity, a damaged file. Not a real capture; every address is from a
//! documentation range.

use std::collections::BTreeMap;

use airtone_engine::model::*;
use airtone_engine::packet::Endpoint;
use airtone_engine::quality::codec::{Grounding, Scale};
use airtone_engine::{Nanos, Report};

/// 2026-11-21 20:30:00 UTC.
const START: i64 = 1_795_293_000;

pub fn at(seconds: f64) -> Nanos {
    Nanos(START * Nanos::SECOND + (seconds * 1e9) as i64)
}

/// A report in which nothing was found.
pub fn empty() -> Report {
    Report {
        schema: SCHEMA.to_owned(),
        airtone_version: "0.1.0".to_owned(),
        capture: Capture::default(),
        calls: Vec::new(),
        streams: Vec::new(),
        sip: Sip::default(),
        wifi: Wifi::default(),
        findings: Vec::new(),
    }
}

pub fn rich() -> Report {
    Report {
        capture: capture(),
        calls: calls(),
        streams: streams(),
        sip: sip(),
        wifi: wifi(),
        findings: findings(),
        ..empty()
    }
}

fn capture() -> Capture {
    let file = |path: &str, packets, warnings: &[&str]| File {
        path: path.to_owned(),
        format: "pcapng (gzip)".to_owned(),
        packets,
        bytes: packets * 214,
        warnings: warnings.iter().map(|&warning| warning.to_owned()).collect(),
    };
    Capture {
        files: vec![
            file("monday.pcapng.gz", 18_200, &[]),
            file(
                "tuesday.pcapng.gz",
                9_411,
                &["cut short at byte 2013954: the last packet is missing 54 bytes"],
            ),
        ],
        packets: 27_611,
        first: Some(at(0.0)),
        last: Some(at(312.75)),
        duration_s: Some(312.75),
        dropped_by_sensor: Some(17),
        not_decoded: BTreeMap::from([(
            "truncated UDP".to_owned(),
            NotDecoded { packets: 3, first_frame: 911 },
        )]),
        paths: vec![Path { label: "erspan 5".to_owned(), packets: 20_000, mirror_lost: Some(4) }],
        evicted: BTreeMap::from([("streams".to_owned(), 2)]),
        missing_fields: Vec::new(),
    }
}

fn events(told: &[(u64, f64, &str, &str)]) -> Vec<Event> {
    let event = |&(frame, seconds, kind, detail): &(u64, f64, &str, &str)| Event {
        frame,
        at: at(seconds),
        kind: kind.to_owned().into(),
        detail: detail.to_owned(),
    };
    told.iter().map(event).collect()
}

fn calls() -> Vec<Call> {
    let digit = |frame, seconds, digit: &str| Dtmf {
        frame,
        at: at(seconds),
        from: "caller".to_owned(),
        digit: digit.to_owned(),
        duration_ms: Some(100.0),
        method: "rfc4733".to_owned(),
    };
    vec![
        Call {
            id: 1,
            call_ids: vec!["a84b4c76e66710@192.0.2.1".to_owned(), "b2b-77@192.0.2.9".to_owned()],
            from: "sip:alice@example.com".to_owned(),
            to: "sip:+15550100@example.net".to_owned(),
            outcome: CallOutcome::Answered,
            outcome_code: Some(200),
            outcome_reason: Some("OK".to_owned()),
            ended_by: EndedBy::Callee,
            start: Some(at(0.5)),
            answer: Some(at(3.25)),
            end: Some(at(86.65)),
            post_dial_delay_s: Some(0.412),
            ring_s: Some(2.338),
            setup_s: Some(2.75),
            duration_s: Some(83.4),
            features: vec!["early_media".to_owned(), "hold".to_owned(), "dtmf_rfc4733".to_owned()],
            events: events(&[
                (4, 0.5, "invite", "sip:alice@example.com calls sip:+15550100@example.net"),
                (5, 0.52, "challenged", "401 Unauthorized: the server asks for credentials"),
                (
                    7,
                    0.55,
                    "invite",
                    "sip:alice@example.com calls sip:+15550100@example.net, with credentials",
                ),
                (8, 0.56, "trying", "100 Trying: the next hop works on it"),
                (9, 0.912, "progress", "183 Session Progress: the call proceeds"),
                (9, 0.912, "early_media", "the called side may send sound before the answer"),
                (31, 3.25, "answered", "200 OK: the call is answered"),
                (32, 3.27, "ack", "the caller confirms the answer"),
                (2100, 40.0, "hold", "the callee puts the other side on hold"),
                (2300, 52.0, "resume", "the callee takes the call back from hold"),
                (4711, 86.65, "bye", "the callee hangs up: Normal call clearing"),
            ]),
            dtmf: vec![
                digit(700, 9.0, "1"),
                digit(790, 10.0, "2"),
                digit(880, 11.0, "flash"),
                digit(970, 12.0, "#"),
            ],
            streams: vec![1, 2],
            fax: None,
            mos: Some(CallMos { worst: 2.31, average: 3.36, scale: Scale::Nb }),
            related: vec![2],
        },
        Call {
            id: 2,
            call_ids: vec!["c1@192.0.2.1".to_owned()],
            from: "sip:alice@example.com".to_owned(),
            to: "sip:bob@example.org".to_owned(),
            outcome: CallOutcome::Busy,
            outcome_code: Some(486),
            outcome_reason: Some("Busy Here".to_owned()),
            ended_by: EndedBy::Callee,
            start: Some(at(95.0)),
            end: Some(at(95.8)),
            post_dial_delay_s: Some(0.8),
            events: events(&[
                (5000, 95.0, "invite", "sip:alice@example.com calls sip:bob@example.org"),
                (5004, 95.8, "busy", "486 Busy Here: the called side is busy"),
            ]),
            ..Call::default()
        },
        Call {
            id: 3,
            call_ids: vec!["d1@192.0.2.1".to_owned()],
            from: "\"Carol\x1b[2J\" <sip:carol@example.com>".to_owned(),
            to: "tel:+15550123".to_owned(),
            outcome: CallOutcome::Answered,
            outcome_code: Some(200),
            ended_by: EndedBy::Open,
            start: Some(at(120.0)),
            answer: Some(at(121.0)),
            setup_s: Some(1.0),
            duration_s: Some(191.75),
            features: vec!["srtp".to_owned()],
            streams: vec![3, 4],
            ..Call::default()
        },
        Call {
            id: 4,
            from: "sip:dave@example.com".to_owned(),
            outcome: CallOutcome::Answered,
            outcome_code: Some(200),
            ended_by: EndedBy::Caller,
            start: Some(at(200.0)),
            answer: Some(at(201.0)),
            end: Some(at(206.0)),
            duration_s: Some(5.0),
            ..Call::default()
        },
    ]
}

/// A fax of a page that the other side never confirmed.
pub fn fax() -> Fax {
    let direction = |name: &'static str, from: u8, to: u8, lost: u64, repaired: u64| FaxDirection {
        source: Endpoint::v4([192, 0, 2, from], 6100),
        destination: Endpoint::v4([192, 0, 2, to], 6200),
        direction: Some(name.into()),
        first_frame: 40,
        last_frame: 4000,
        start: at(5.0),
        duration_s: Some(30.0),
        packets: 500 - lost,
        expected: 500,
        lost,
        repaired,
        unrepaired: lost - repaired,
        repeats: 12,
        out_of_order: 0,
        unread: 0,
        repair: Some("redundancy".into()),
    };
    Fax {
        result: FaxResult::Failed,
        detail: "page 1 broke off".to_owned(),
        sender: Some("caller".into()),
        rate_bps: Some(14_400),
        modulation: Some("V.17".into()),
        error_correction: Some(true),
        caller_station: Some("+1 555 0100".to_owned()),
        version: Some(0),
        directions: vec![
            direction("caller_to_callee", 1, 9, 7, 4),
            direction("callee_to_caller", 9, 1, 2, 2),
        ],
        ..Fax::default()
    }
}

fn streams() -> Vec<Stream> {
    let [a, b] = [Endpoint::v4([192, 0, 2, 1], 4000), Endpoint::v4([198, 51, 100, 7], 20_000)];
    let mut good = stream(1, a, b, "PCMU", 4000, 0);
    good.mos = rated(4.41, 93.2, Scale::Nb);
    good.rtcp = Some(Rtcp { reports: 12, round_trip_ms: Some(48.5), ..Rtcp::default() });
    good.mos.cq = Some(4.4);
    let mut bad = stream(2, b, a, "PCMU", 3672, 328);
    bad.direction = Some("callee_to_caller".into());
    bad.late = Some(120);
    bad.late_percent = Some(3.0);
    bad.out_of_order = 9;
    bad.duplicates = 2;
    bad.bursts =
        Bursts { burst_density_percent: 31.0, burst_ratio: 2.4, longest_loss: 12, ..Bursts::default() };
    bad.jitter_ms = Some(Jitter { min: 0.1, mean: 18.25, max: 71.5, last: 22.0 });
    bad.mos = rated(2.31, 44.6, Scale::Nb);
    bad.mos_worst_interval = Some(WorstInterval { lq: 1.12, at: at(40.0), interval_s: 10.0 });
    let point = |buffer_ms, late_percent, lq| BufferPoint { buffer_ms, late_percent, lq: Some(lq) };
    bad.buffer_curve = vec![point(60, 3.0, 2.31), point(120, 0.1, 2.84)];
    bad.best_buffer_ms = Some(120);
    for (stream, call) in [(&mut good, 1), (&mut bad, 1)] {
        stream.call = Some(call);
    }
    let mut srtp = vec![stream(3, a, b, "opus", 9550, 0), stream(4, b, a, "opus", 9549, 1)];
    for stream in &mut srtp {
        stream.call = Some(3);
        stream.encrypted = true;
        stream.clock_hz = Some(48_000);
        stream.mos = StreamMos {
            reason: Some("encrypted: the codec's mode is not known".to_owned()),
            ..StreamMos::default()
        };
    }
    srtp[1].direction = Some("callee_to_caller".into());
    let [c, d] = [v6(1), v6(2)];
    let mut wide = stream(5, c, d, "G722", 500, 3);
    wide.mos = rated(3.72, 88.1, Scale::Wb);
    wide.rtcp = Some(Rtcp { reports: 2, xr_mos_lq: Some(3.9), ..Rtcp::default() });
    wide.copies = vec![Copies { path: "vlan 20".to_owned(), packets: 498, missing: 2 }];
    let mut unknown = stream(6, d, c, "", 40, 0);
    unknown.codec = None;
    unknown.payload_types = vec![118];
    unknown.clock_hz = None;
    unknown.jitter_ms = None;
    unknown.relayed_from = Some(5);
    unknown.mos = StreamMos {
        reason: Some("payload type 118 was not announced by SDP".to_owned()),
        ..StreamMos::default()
    };
    for stream in [&mut wide, &mut unknown] {
        stream.direction = None;
    }
    let mut all = vec![good, bad];
    all.append(&mut srtp);
    all.extend([wide, unknown]);
    all
}

fn v6(last: u8) -> Endpoint {
    Endpoint::v6(
        [0x20, 1, 0xd, 0xb8, 0x85, 0xa3, 0x8, 0xd3, 0x13, 0x19, 0x8a, 0x2e, 0x3, 0x70, 0x73, last],
        40_000,
    )
}

fn stream(id: u32, source: Endpoint, destination: Endpoint, codec: &str, packets: u64, lost: u64) -> Stream {
    let expected = packets + lost;
    Stream {
        id,
        ssrc: format!("0x{:08x}", 0x1a2b_3c4d_u32.wrapping_mul(id)),
        source: Some(source),
        destination: Some(destination),
        direction: Some("caller_to_callee".into()),
        payload_types: vec![0],
        codec: Some(codec.to_owned()),
        clock_hz: Some(8000),
        clock_source: Some("sdp".into()),
        ptime_ms: Some(20.0),
        media: Some("audio".into()),
        first_frame: 10 + u64::from(id),
        last_frame: 8000 + u64::from(id),
        start: at(3.25 + f64::from(id)),
        duration_s: Some(expected as f64 * 0.02),
        late: Some(0),
        late_percent: Some(0.0),
        packets,
        expected,
        lost,
        lost_percent: 100.0 * lost as f64 / expected as f64,
        jitter_ms: Some(Jitter { min: 0.01, mean: 0.42, max: 1.9, last: 0.4 }),
        delta_ms: Some(Delta { min: 18.0, mean: 20.0, max: 61.2 }),
        bursts: Bursts { burst_ratio: 1.0, longest_loss: lost.min(1), ..Bursts::default() },
        ..Stream::default()
    }
}

fn rated(lq: f64, r: f64, scale: Scale) -> StreamMos {
    StreamMos {
        lq: Some(lq),
        r_lq: Some(r),
        scale: Some(scale),
        grounding: Some(Grounding::Published),
        ie: Some(0.0),
        bpl: Some(25.1),
        reason: Some("MOS-LQ only: no RTCP round trip tells the delay; declare it with --delay".to_owned()),
        ..StreamMos::default()
    }
}

/// The streams of [`rich`] with Wireshark's figures.
pub fn with_wireshark() -> Report {
    let mut report = rich();
    for stream in &mut report.streams {
        stream.wireshark = Some(WiresharkFigures {
            version: "4.0".to_owned(),
            packets: stream.packets + stream.duplicates,
            lost: stream.lost as i64 - stream.duplicates as i64,
            expected: stream.expected as i64,
            lost_percent: stream.lost_percent,
            min_delta_ms: 18.0,
            mean_delta_ms: 20.000_4,
            max_delta_ms: 61.2,
            min_jitter_ms: -1.0,
            mean_jitter_ms: 0.42,
            max_jitter_ms: 1.9,
            problem: stream.lost > 0,
        });
    }
    report
}

fn sip() -> Sip {
    let registration = |aor: &str, outcome, code, seconds| Registration {
        aor: aor.to_owned(),
        contact: Some("sip:alice@192.0.2.1:5060".to_owned()),
        outcome,
        expires_s: Some(3600),
        code,
        at: at(seconds),
        frame: 2,
        round_trip_ms: Some(31.5),
        credentials: true,
    };
    let counts = |counts: &[(&str, u64)]| counts.iter().map(|&(what, n)| (what.to_owned(), n)).collect();
    Sip {
        requests: counts(&[("ACK", 4), ("BYE", 2), ("INVITE", 5), ("REGISTER", 4)]),
        responses: counts(&[("100", 4), ("180", 2), ("200", 6), ("401", 1), ("403", 1), ("486", 1)]),
        retransmissions: 1,
        registrations: vec![
            registration("sip:alice@example.com", RegistrationOutcome::Registered, Some(200), 0.1),
            registration("sip:mallory@example.com", RegistrationOutcome::AuthFailed, Some(403), 0.2),
            Registration {
                expires_s: None,
                round_trip_ms: None,
                ..registration("sip:eve@example.com", RegistrationOutcome::NoReply, None, 0.3)
            },
        ],
        rfc6076: Rfc6076 {
            rrd_ms: Some(31.5),
            srd_ms: Some(412.0),
            ser_percent: Some(75.0),
            scr_percent: Some(50.0),
            ..Rfc6076::default()
        },
    }
}

fn wifi() -> Wifi {
    let bss = |n: u8, ssid: Option<&str>, received, lost, basis: &str| Bss {
        bssid: format!("02:00:00:00:00:{n:02x}"),
        ssid: ssid.map(str::to_owned),
        channel: Some(36),
        frequency_mhz: Some(5180),
        beacon_interval_tu: 100,
        first_frame: 1,
        last_frame: 27_000,
        duration_s: Some(312.1),
        beacons: Beacons {
            received,
            expected: received + lost,
            lost,
            lost_percent: (received > 1).then(|| 100.0 * lost as f64 / (received + lost) as f64),
            longest_run: lost.min(39),
            basis: basis.to_owned(),
            ..Beacons::default()
        },
        signal_dbm: Some(Signal { min: -81.0, mean: -62.4, max: -55.0 }),
        beacon_delay_us: Some(BeaconDelay { p50: 210.0, p95: 1800.0, max: 9400.0 }),
        ..Bss::default()
    };
    let mut first = bss(1, Some("office"), 2998, 51, "tsf");
    let outage = |from, to, lost, severity, cause| Outage {
        from: at(from),
        to: at(to),
        lost,
        severity,
        cause,
        after_frame: 4410,
    };
    first.outages = vec![
        outage(41.0, 45.1, 39, Severity::Critical, OutageCause::Air),
        outage(150.0, 151.2, 11, Severity::Warning, OutageCause::ApRestart),
        outage(300.0, 330.0, 0, Severity::Note, OutageCause::OffChannel),
    ];
    first.events = vec![Event {
        frame: 9120,
        at: at(151.2),
        kind: "restart".into(),
        detail: "the AP's timer began anew".to_owned(),
    }];
    Wifi {
        bss: vec![
            first,
            bss(2, None, 3049, 0, "tsf"),
            bss(3, Some("guest\u{202e}\x1b]0;pwned\x07"), 1, 0, "capture_time"),
        ],
        stations: vec![
            Station {
                mac: "02:00:00:00:01:01".to_owned(),
                bssid: Some("02:00:00:00:00:02".to_owned()),
                frames: 4812,
                retry_percent: Some(18.4),
                signal_dbm: Some(Signal { min: -78.0, mean: -66.0, max: -51.0 }),
                voice: VoiceFrames { frames: 3990, retries: 801 },
                roams: vec![Roam {
                    frame: 5012,
                    at: at(43.2),
                    from: Some("02:00:00:00:00:01".to_owned()),
                    to: "02:00:00:00:00:02".to_owned(),
                    gap_ms: Some(412.0),
                }],
            },
            Station { mac: "02:00:00:00:01:02".to_owned(), frames: 12, ..Station::default() },
        ],
    }
}

fn findings() -> Vec<Finding> {
    vec![
        Finding {
            severity: Severity::Critical,
            kind: "bad_mos".to_owned(),
            title: "The caller of call 1 could hardly follow: MOS-LQ 2.31 nb".to_owned(),
            detail: "8.2 % of the packets from 198.51.100.7:20000 were lost, up to 12 in a row, and 3 % came too late \
                     for a buffer of 60 ms."
                .to_owned(),
            frames: vec![120, 155, 190, 211, 240, 300, 301, 305, 411],
            filter: "rtp.ssrc == 0x3456789a && ip.src == 198.51.100.7 && udp.srcport == 20000".to_owned(),
            about: About { call: Some(1), stream: Some(2), bssid: None },
        },
        Finding {
            severity: Severity::Warning,
            kind: "beacon_outage".to_owned(),
            title: "office was off the air for 4.1 s".to_owned(),
            detail: "39 beacons of 02:00:00:00:00:01 in a row were not heard while other networks were.".to_owned(),
            frames: vec![4410],
            filter: "wlan.bssid == 02:00:00:00:00:01 && wlan.fc.type_subtype == 8".to_owned(),
            about: About { bssid: Some("02:00:00:00:00:01".to_owned()), ..About::default() },
        },
        Finding {
            severity: Severity::Note,
            kind: "late_packets".to_owned(),
            title: "A deeper jitter buffer would have helped".to_owned(),
            detail: String::new(),
            frames: Vec::new(),
            filter: String::new(),
            about: About { stream: Some(2), ..About::default() },
        },
    ]
}
