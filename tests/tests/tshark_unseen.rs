//! What only Wireshark can see reaches the analysis: RTP and tunnels by Decode As, tunnels that the engine does not know,
//! and what was encrypted on the air or in TLS. The figures are those of the same packets in the open.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use airtone_capture::{Input, Record};
use airtone_engine::LinkType;
use airtone_tests::manifest::compare;
use airtone_tests::plugin::{complaints, library, tshark_command};
use airtone_tests::wire::{Frame, ipv4, pcap, udp, udp_bytes};
use airtone_tests::{fixtures_dir, json, tshark};
use serde_json::Value;

const OUTER: ([u8; 4], [u8; 4]) = ([198, 51, 100, 1], [198, 51, 100, 2]);

/// The packets of a fixture, which are Ethernet.
fn frames(name: &str) -> Vec<Frame> {
    let mut input = Input::open(&[fixtures_dir().join(name)]).unwrap();
    let mut frames = Vec::new();
    while let Some(record) = input.next().unwrap() {
        if let Record::Packet(packet) = record {
            assert_eq!(packet.link, LinkType::ETHERNET);
            frames.push(Frame::ethernet(packet.at.0, packet.bytes.to_vec()));
        }
    }
    frames
}

/// Writes frames as a capture, each made into something else first.
fn written(folder: &Path, name: &str, frames: &[Frame], change: impl Fn(&[u8]) -> Vec<u8>) -> PathBuf {
    let path = folder.join(name);
    let frames: Vec<Frame> =
        frames.iter().map(|frame| Frame::ethernet(frame.at, change(&frame.bytes))).collect();
    pcap(std::fs::File::create(&path).unwrap(), &frames).unwrap();
    path
}

/// What the plugin prints for a capture; nothing may be complained about.
#[track_caller]
fn output(path: &Path, arguments: &[&str]) -> String {
    let output = tshark_command(library()).arg("-r").arg(path).args(arguments).output().unwrap();
    assert_eq!(complaints(&output), Vec::<String>::new(), "{} {arguments:?}", path.display());
    String::from_utf8(output.stdout).unwrap()
}

/// The plugin's report in each of the ways in which it gets frames: beside tshark, in two passes, and through a pipe.
#[track_caller]
fn reports(path: &Path, arguments: &[&str]) -> Vec<Value> {
    let statistic = ["-q", "-z", "airtone,json"];
    let whole = [&statistic[..], arguments].concat();
    let twice = [&["-2", "-Y", "frame"], &whole[..]].concat();
    let mut texts = vec![output(path, &whole), output(path, &twice)];
    let mut cat = Command::new("cat").arg(path).stdout(Stdio::piped()).spawn().unwrap();
    let piped = tshark_command(library())
        .args(["-r", "-"])
        .args(&whole)
        .stdin(Stdio::from(cat.stdout.take().unwrap()))
        .output()
        .unwrap();
    let _ = cat.wait();
    assert_eq!(complaints(&piped), Vec::<String>::new());
    texts.push(String::from_utf8(piped.stdout).unwrap());
    texts.iter().map(|text| serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))).collect()
}

/// The command's report.
fn command(path: &Path) -> Value {
    json(["report", "--format", "json", &path.display().to_string()])
}

/// Calls and sound, which do not depend on the way to the sensor.
fn of_interest(report: &Value) -> [&Value; 4] {
    ["calls", "streams", "sip", "findings"].map(|part| &report[part])
}

fn ports(frame: &[u8]) -> Option<(u16, u16)> {
    let port = |at: usize| Some(u16::from_be_bytes([*frame.get(at)?, *frame.get(at + 1)?]));
    (frame.get(12..15)? == [8, 0, 0x45] && frame[23] == 17).then_some(())?;
    Some((port(34)?, port(36)?))
}

/// Ports where nobody expects media.
fn privileged(port: u16) -> u16 {
    600 + port % 100
}

#[test]
fn decode_as_rtp_is_rtp() {
    if tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["relay-loss.pcapng", "relay-jitter.pcapng", "relay-duplicate.pcapng"] {
        let mut media = frames(name);
        media.retain(|frame| ports(&frame.bytes).is_some_and(|ports| ports.0 != 5060 && ports.1 != 5060));
        let open = written(folder.path(), "open.pcap", &media, <[u8]>::to_vec);
        let odd = written(folder.path(), "odd.pcap", &media, |frame| {
            let mut frame = frame.to_vec();
            let (source, destination) = ports(&frame).unwrap();
            frame[34..36].copy_from_slice(&privileged(source).to_be_bytes());
            frame[36..38].copy_from_slice(&privileged(destination).to_be_bytes());
            frame[40..42].fill(0);
            frame
        });
        let truth = command(&open);
        assert_eq!(truth["streams"].as_array().unwrap().len(), 2, "{name}");
        let port = |key: &str| {
            let end = truth["streams"][0][key].as_str().unwrap();
            privileged(end.rsplit_once(':').unwrap().1.parse().unwrap())
        };
        for report in reports(&odd, &[]) {
            assert_eq!(report["streams"], Value::Array(Vec::new()), "{name}: nobody says that it is RTP");
        }
        // One end is enough, as for Wireshark.
        let decode_as = format!("udp.port=={},rtp", port("destination"));
        for report in reports(&odd, &["-d", &decode_as]) {
            let mut streams = report["streams"].clone();
            for (stream, truth) in
                streams.as_array_mut().unwrap().iter_mut().zip(truth["streams"].as_array().unwrap())
            {
                for key in ["source", "destination"] {
                    stream[key] = truth[key].clone();
                }
            }
            assert_eq!(streams, truth["streams"], "{name}");
        }
        let fields = ["-T", "fields", "-e", "airtone.stream", "-e", "rtp.ssrc", "-d", &decode_as];
        let rows = output(&odd, &fields);
        let has_both = |row: &&str| row.split('\t').all(|field| !field.is_empty());
        let packets: u64 =
            truth["streams"].as_array().unwrap().iter().map(|s| s["packets"].as_u64().unwrap()).sum();
        let duplicates: u64 =
            truth["streams"].as_array().unwrap().iter().map(|s| s["duplicates"].as_u64().unwrap()).sum();
        assert_eq!(rows.lines().filter(has_both).count() as u64, packets + duplicates, "{name}");
    }
}

/// A tunnel: its name, what makes Wireshark see it, and what it makes of an Ethernet frame.
type Tunnel = (&'static str, &'static [&'static str], fn(&[u8]) -> Vec<u8>);

const TUNNELS: [Tunnel; 7] = [
    ("VXLAN on another port", &["-d", "udp.port==5555,vxlan"], |frame| {
        udp((OUTER.0, 40_000), (OUTER.1, 5555), &[&[8, 0, 0, 0, 0, 0, 7, 0][..], frame].concat())
    }),
    ("GTP on another port", &["-d", "udp.port==5556,gtp"], |frame| {
        let ip = &frame[14..];
        let length = (ip.len() as u16).to_be_bytes();
        udp((OUTER.0, 5556), (OUTER.1, 5556), &[&[0x30, 0xff, length[0], length[1], 0, 0, 0, 9], ip].concat())
    }),
    ("L2TP", &[], |frame| {
        udp((OUTER.0, 1701), (OUTER.1, 1701), &[&[0, 2, 0, 1, 0, 1, 0xff, 3, 0, 0x21], &frame[14..]].concat())
    }),
    ("MPLS in UDP", &[], |frame| {
        udp((OUTER.0, 50_000), (OUTER.1, 6635), &[&[0, 1, 1, 64], &frame[14..]].concat())
    }),
    ("EtherIP", &[], |frame| ipv4(OUTER, 97, &[&[0x30, 0], frame].concat())),
    ("L2TP in EtherIP in VXLAN", &[], |frame| {
        let l2tp = [&[0, 2, 0, 1, 0, 1, 0xff, 3, 0, 0x21], &frame[14..]].concat();
        let l2tp = ipv4(OUTER, 17, &udp_bytes((1701, 1701), &l2tp));
        let ether_ip = ipv4(OUTER, 97, &[&[0x30, 0], &l2tp[..]].concat());
        udp((OUTER.0, 40_000), (OUTER.1, 4789), &[&[8, 0, 0, 0, 0, 0, 7, 0][..], &ether_ip].concat())
    }),
    ("PBB", &[], |frame| {
        let outer = [[2, 0, 0, 0, 0, 9], [2, 0, 0, 0, 0, 8]].concat();
        [&outer[..], &[0x88, 0xe7, 0, 0, 0, 5], frame].concat()
    }),
];

#[test]
fn calls_in_tunnels_that_only_wireshark_knows() {
    if tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    let folder = tempfile::tempdir().unwrap();
    let open = frames("relay-burst.pcapng");
    let truth = command(&written(folder.path(), "open.pcap", &open, <[u8]>::to_vec));
    assert_eq!(truth["calls"][0]["outcome"], "answered");
    for (name, arguments, wrap) in TUNNELS {
        let path = written(folder.path(), "tunnel.pcap", &open, wrap);
        assert_eq!(command(&path)["calls"], Value::Array(Vec::new()), "{name}: the command knows it by now");
        for (n, report) in reports(&path, arguments).iter().enumerate() {
            for (ours, truth) in of_interest(report).into_iter().zip(of_interest(&truth)) {
                assert_eq!(ours, truth, "{name}, way {n}");
            }
            assert_eq!(report["capture"]["packets"], open.len(), "{name}, way {n}");
            assert_eq!(report["capture"]["not_decoded"], truth["capture"]["not_decoded"], "{name}, way {n}");
        }
        let fields = ["-T", "fields", "-e", "airtone.stream", "-Y", "rtp && airtone.call == 1"];
        let rows = output(&path, &[arguments, &fields[..]].concat());
        let rows = rows.lines().filter(|row| !row.is_empty()).count();
        assert!(rows > 400, "{name}: {rows} rows of media have a stream");
    }
}

#[test]
fn tcp_and_ipv6_in_a_tunnel() {
    if tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    let folder = tempfile::tempdir().unwrap();
    let (_, _, ether_ip) = TUNNELS[4];
    for name in ["sipp-tcp.pcapng", "sipp-ipv6.pcapng"] {
        let open = frames(name);
        let truth = command(&written(folder.path(), "open.pcap", &open, <[u8]>::to_vec));
        assert_eq!(truth["calls"][0]["outcome"], "answered", "{name}");
        for report in reports(&written(folder.path(), "tunnel.pcap", &open, ether_ip), &[]) {
            assert_eq!(of_interest(&report), of_interest(&truth), "{name}");
        }
    }
}

/// Tunnels beside calls in the open: the way of the report that lets frames pass stops for each.
#[test]
fn calls_in_the_open_and_in_a_tunnel_at_once() {
    if tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut open, mut inside) = (frames("relay-burst.pcapng"), frames("sipp-hold.pcapng"));
    let truths =
        [&open, &inside].map(|frames| command(&written(folder.path(), "one.pcap", frames, <[u8]>::to_vec)));
    let shift = open[0].at - inside[0].at + 1_000_000;
    for frame in &mut inside {
        frame.at += shift;
        frame.bytes = TUNNELS[2].2(&frame.bytes);
    }
    open.append(&mut inside);
    open.sort_by_key(|frame| frame.at);
    let path = written(folder.path(), "both.pcap", &open, <[u8]>::to_vec);
    let streams = |report: &Value| -> Vec<(u64, u64)> {
        let streams = report["streams"].as_array().unwrap().iter();
        let mut all: Vec<_> =
            streams.map(|s| (s["packets"].as_u64().unwrap(), s["lost"].as_u64().unwrap())).collect();
        all.sort_unstable();
        all
    };
    let mut expected: Vec<_> = truths.iter().flat_map(streams).collect();
    expected.sort_unstable();
    for report in reports(&path, &[]) {
        assert_eq!(report["calls"].as_array().unwrap().len(), 2);
        assert_eq!(streams(&report), expected);
    }
}

/// What is true of the encrypted fixtures, and their keys.
fn truths(name: &str) -> Value {
    let text = std::fs::read_to_string(fixtures_dir().join("encrypted/manifest.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()[name].clone()
}

#[test]
fn a_call_in_encrypted_air_is_a_call() {
    if tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    let path = fixtures_dir().join("encrypted/wpa2-call.pcapng");
    let truths = truths("wpa2-call");
    let text = |key: &str| truths[key].as_str().unwrap();
    let keys = format!("uat:80211_keys:\"wpa-pwd\",\"{}:{}\"", text("passphrase"), text("ssid"));
    let keys = ["-o", "wlan.enable_decryption:TRUE", "-o", &keys];
    let ours = command(&path);
    assert_eq!(ours["calls"], Value::Array(Vec::new()), "without keys nothing can be read");
    let without = serde_json::from_str::<Value>(&output(&path, &["-q", "-z", "airtone,json"])).unwrap();
    assert_eq!(without["calls"], Value::Array(Vec::new()));
    // Wireshark's own count of both directions.
    let streams = output(&path, &[&["-q", "-z", "rtp,streams"], &keys[..]].concat());
    let counts: Vec<u64> = streams
        .lines()
        .filter(|line| line.contains("g711U"))
        .map(|line| line.split("g711U").nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(counts.len(), 2, "{streams}");
    for report in reports(&path, &keys) {
        assert_eq!(compare(&truths["calls"], &report["calls"]), []);
        let call = &report["calls"][0];
        let streams = report["streams"].as_array().unwrap();
        let mut packets: Vec<u64> =
            streams.iter().map(|stream| stream["packets"].as_u64().unwrap()).collect();
        packets.reverse();
        assert_eq!(packets, counts);
        assert!(streams.iter().all(|stream| stream["call"] == call["id"] && stream["codec"] == "PCMU"));
        assert_eq!(report["wifi"], ours["wifi"], "the air is the same");
        assert_eq!(report["capture"]["packets"], without["capture"]["packets"]);
    }
    let fields = ["-T", "fields", "-e", "airtone.call", "-e", "airtone.stream", "-Y", "sip || rtp"];
    for passes in [&[][..], &["-2"]] {
        let rows = output(&path, &[passes, &fields[..], &keys[..]].concat());
        assert_eq!(rows.lines().filter(|row| *row == "1\t").count(), 6, "messages of the call");
        let media = rows.lines().filter(|row| row.starts_with("1\t") && row.len() > 2).count() as u64;
        assert_eq!(media, counts.iter().sum::<u64>());
    }
}

/// What tshark decrypts reaches the analysis; the command, which has no keys, sees only the media.
#[test]
fn sip_in_tls_is_a_call() {
    if tshark().is_none() {
        return eprintln!("skipped: no tshark here");
    }
    let path = fixtures_dir().join("encrypted/sipp-tls.pcapng");
    let ours = command(&path);
    assert_eq!(ours["calls"], Value::Array(Vec::new()));
    for theirs in reports(&path, &[]) {
        assert_eq!(compare(&truths("sipp-tls")["calls"], &theirs["calls"]), []);
        let call = &theirs["calls"][0];
        for (ours, theirs) in
            ours["streams"].as_array().unwrap().iter().zip(theirs["streams"].as_array().unwrap())
        {
            assert_eq!(theirs["call"], call["id"]);
            assert_eq!(ours["packets"], theirs["packets"]);
        }
        assert_eq!(ours["capture"]["packets"], theirs["capture"]["packets"]);
    }
    let rows = output(&path, &["-Y", "rtp || sip", "-T", "fields", "-e", "airtone.call"]);
    assert_eq!(rows.lines().count(), 256);
    assert!(rows.lines().all(|row| row == "1"), "messages and media belong to the call");
}
