//! The mirror source through the real mechanism: tshark starts the program and reads its FIFO, in the installed Wireshark and in
//! the unpacked ones.

#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use airtone_engine::{LinkType, Nanos};
use airtone_tests::extcap::{Kept, content, end_of, signal};
use airtone_tests::hosts::{Host, complaints};
use airtone_tests::plugin;
use common::capture::{Frame, recorded, report};
use common::wrap::{self, Hep};
use common::{cable, in_namespace, send_frames, send_gre};

/// A capture by tshark that runs.
struct Running {
    child: Child,
    file: PathBuf,
}

impl Running {
    /// Starts it and waits until the source is open.
    fn start(host: &Host, name: &str, options: &[&str]) -> Self {
        let log = host.outside(&format!("{name}.log"));
        let mut child = Self::command(host, name, options).spawn().unwrap();
        while fs::read_to_string(&log).unwrap_or_default().is_empty() {
            assert!(child.try_wait().unwrap().is_none(), "{}: {:?}", host.name, child.wait_with_output());
            thread::sleep(Duration::from_millis(5));
        }
        Self { child, file: host.outside(&format!("{name}.pcapng")) }
    }

    /// `options` are `name:value` of the interface, or begin with a dash.
    fn command(host: &Host, name: &str, options: &[&str]) -> Command {
        let (out, log) = (host.inside(&format!("{name}.pcapng")), host.inside(&format!("{name}.log")));
        let mut args: Vec<String> = ["-q", "-i", "airtone_mirror", "-w", &out].map(str::to_owned).to_vec();
        let mut set =
            |option: &str| args.extend(["-o".to_owned(), format!("extcap.airtone_mirror.{option}")]);
        set(&format!("logfile:{log}"));
        options.iter().filter(|option| !option.starts_with('-')).for_each(|option| set(option));
        for option in options.iter().filter_map(|option| option.strip_prefix("-f ")) {
            args.extend(["-f".to_owned(), option.to_owned()]);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut command = host.command(&args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Waits until as many packets are in the file, and stops.
    fn stop_after(self, packets: usize) -> Vec<Kept> {
        let is_there = |file: &Path| fs::metadata(file).is_ok_and(|meta| meta.len() >= 28);
        // tshark writes what has come at least every half second.
        for _ in 0..100 {
            if is_there(&self.file) && content(&self.file).0.len() >= packets {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        signal(&self.child, "INT");
        let output = end_of(self.child);
        assert_eq!((output.status.code(), complaints(&output)), (Some(0), Vec::new()));
        let (got, _, warnings) = content(&self.file);
        assert_eq!(warnings, Vec::<String>::new());
        got
    }
}

fn send(port: u16, datagrams: impl IntoIterator<Item = Vec<u8>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for (number, datagram) in datagrams.into_iter().enumerate() {
        socket.send_to(&datagram, ("127.0.0.1", port)).unwrap();
        if number % 50 == 49 {
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Sends a call by a mirror.
type Send = fn(&[Frame]);

/// The name of each mirror's interface in the file, and how a call is sent through it.
const LISTENERS: [(&str, Send); 5] = [
    ("udp:4789 VXLAN 100 127.0.0.1", |call| send(4789, call.iter().map(|frame| wrap::vxlan(&frame.bytes)))),
    ("udp:6081 GENEVE 7 127.0.0.1", |call| send(6081, call.iter().map(|frame| wrap::geneve(&frame.bytes)))),
    ("udp:37008 TZSP 127.0.0.1", |call| send(37008, call.iter().map(|frame| wrap::tzsp(&frame.bytes)))),
    ("udp:9060 HEP 2001 127.0.0.1", |call| send(9060, call.iter().map(hep))),
    ("tcp:9060 HEP 2001 127.0.0.1", |call| {
        let messages: Vec<u8> = call.iter().flat_map(hep).collect();
        TcpStream::connect("127.0.0.1:9060").unwrap().write_all(&messages).unwrap();
    }),
];

/// Those that need raw sockets.
const RAW: [(&str, Send); 4] = [
    ("near", |call| send_frames("far", &call.iter().map(|frame| frame.bytes.clone()).collect::<Vec<_>>())),
    ("gre ERSPAN I 127.0.0.1", |call| gre(call, |frame, _| wrap::erspan1(frame))),
    ("gre ERSPAN II 100 127.0.0.1", |call| gre(call, wrap::erspan2)),
    ("gre ERSPAN III 200 127.0.0.1", |call| gre(call, |frame, n| wrap::erspan3(frame, n, n))),
];

fn gre(call: &[Frame], wrap: fn(&[u8], u32) -> Vec<u8>) {
    let packets: Vec<Vec<u8>> = call.iter().zip(0..).map(|(frame, n)| wrap(&frame.bytes, n)).collect();
    send_gre("127.0.0.1", &packets);
}

/// At its own time, which lies within 10 minutes: as if it had been captured now.
fn hep(frame: &Frame) -> Vec<u8> {
    let now = airtone_extcap::sys::datagram::now().0;
    Hep::of(&frame.bytes)
        .unwrap()
        .version3((now / 1_000_000_000) as u32, (now % 1_000_000_000 / 1_000) as u32)
}

/// What came by one mirror is what was sent, and the report on it is the report on what was sent.
fn compare(host: &str, name: &str, got: &[Kept], call: &[Frame], expected: &serde_json::Value) {
    let own: Vec<&Kept> = got.iter().filter(|packet| packet.interface.name == name).collect();
    assert_eq!(own.len(), call.len(), "{host}: {name}");
    // HEP has no headers below the payload.
    let (ours, theirs) = if name.contains("HEP") { (28, 42) } else { (0, 0) };
    for (packet, sent) in own.iter().zip(call) {
        assert!(packet.bytes[ours..] == sent.bytes[theirs..], "{host}: {name}");
    }
    let frame = |packet: &&Kept| Frame {
        interface: 0,
        at: Nanos(packet.at),
        orig_len: packet.orig_len,
        bytes: packet.bytes.clone(),
        dropped: 0,
    };
    let frames: Vec<Frame> = own.iter().map(frame).collect();
    assert_eq!(&report(&frames, |_| own[0].interface.link, call), expected, "{host}: {name}");
}

#[test]
fn a_call_arrives_in_tshark_through_every_mirror() {
    in_namespace("a_call_arrives_in_tshark_through_every_mirror", || {
        cable("near", "far");
        let call = recorded("sipp-hold");
        let expected = report(&call, |_| LinkType::ETHERNET, &call);
        for host in Host::all() {
            let mut source = "source:udp:4789,udp:6081,udp:37008,udp:9060,tcp:9060".to_owned();
            let mut mirrors = LISTENERS.to_vec();
            if host.allow_raw_sockets() {
                source += ",near,gre";
                mirrors.extend(RAW);
            } else {
                eprintln!("Wireshark {}: no raw sockets, since setcap has no effect here", host.name);
            }
            let running = Running::start(&host, "mirrors", &[&source]);
            for (_, send) in &mirrors {
                send(&call);
            }
            let got = running.stop_after(mirrors.len() * call.len());
            for (name, _) in &mirrors {
                compare(&host.name, name, &got, &call, &expected);
            }
        }
    });
}

#[test]
fn what_tshark_is_told_to_keep_is_kept() {
    in_namespace("what_tshark_is_told_to_keep_is_kept", || {
        let call = recorded("sipp-hold");
        let is_sip = |frame: &Frame| frame.bytes[34..38].chunks(2).any(|port| port == 5060_u16.to_be_bytes());
        let sip: Vec<&[u8]> =
            call.iter().filter(|frame| is_sip(frame)).map(|frame| &frame.bytes[..]).collect();
        let other = [&call[0].bytes[..36], &[0, 9], &[0, 20, 0, 0], b"no call at all"].concat();
        let mut sent = vec![wrap::vxlan(&other)];
        sent.extend(call.iter().map(|frame| wrap::vxlan(&frame.bytes)));
        for host in Host::all() {
            let captured = |name, option, expected| {
                let running = Running::start(&host, name, &["source:udp:4789", option]);
                send(4789, sent.clone());
                running.stop_after(expected)
            };
            let filtered = captured("filtered", "-f udp port 5060 and not port 9", sip.len());
            assert!(filtered.iter().map(|packet| &packet.bytes[..]).eq(sip.iter().copied()), "{}", host.name);

            let calls = captured("calls", "keep:calls", call.len());
            assert!(calls.iter().map(|packet| &packet.bytes).eq(call.iter().map(|frame| &frame.bytes)));

            let headers = captured("headers", "keep:headers", sent.len());
            assert_eq!(headers.len(), sent.len(), "{}", host.name);
            for (packet, sent) in headers[1..].iter().zip(&call) {
                assert_eq!(packet.orig_len as usize, sent.bytes.len());
                // Ethernet, IPv4, UDP and RTP; SIP and RTCP are whole.
                let expected = if is_rtp(&sent.bytes) { 14 + 20 + 8 + 12 } else { sent.bytes.len() };
                assert_eq!(packet.bytes, sent.bytes[..expected]);
            }
        }
    });
}

fn is_rtp(frame: &[u8]) -> bool {
    let payload = &frame[42..];
    payload[0] >> 6 == 2 && !(192..=223).contains(&payload[1])
}

#[test]
fn what_a_mirror_loses_is_told_apart_in_the_file_of_tshark() {
    in_namespace("what_a_mirror_loses_is_told_apart_in_the_file_of_tshark", || {
        let call = recorded("baresip-g711-dtmf");
        // A relay that loses every ninth packet, but for the last ones: what is missing is told 16 packets later.
        let last = call.len() as u32 - 20;
        let alive: Vec<(&Frame, u32)> =
            call.iter().zip(0..).filter(|(_, n)| n % 9 != 5 || *n > last).collect();
        let lost = call.len() - alive.len();
        for host in Host::all().iter().filter(|host| host.allow_raw_sockets()) {
            let running = Running::start(host, "lossy", &["source:gre"]);
            let packets: Vec<Vec<u8>> =
                alive.iter().map(|(frame, n)| wrap::erspan2(&frame.bytes, *n)).collect();
            send_gre("127.0.0.1", &packets);
            let file = running.file.clone();
            assert_eq!(running.stop_after(alive.len()).len(), alive.len(), "{}", host.name);
            let output = airtone_tests::run(["report", "--format", "json", file.to_str().unwrap()]);
            let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(report["capture"]["dropped_by_sensor"], lost as u64, "{}", host.name);
            let kinds: Vec<&str> = report["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|finding| finding["kind"].as_str().unwrap())
                .collect();
            assert!(kinds.contains(&"sensor_drops") && !kinds.contains(&"high_loss"), "{kinds:?}");
        }
    });
}

#[test]
fn tshark_shows_why_a_mirror_cannot_be_captured() {
    in_namespace("tshark_shows_why_a_mirror_cannot_be_captured", || {
        let _taken = UdpSocket::bind("0.0.0.0:4789").unwrap();
        for host in Host::all() {
            for (options, part) in [
                (&["source:airtone-none"][..], "There is no network interface named \"airtone-none\""),
                (&["source:udp:4789"], "udp:4789: the port is in use by another program"),
                (
                    &["source:udp:9060", "-f udp prot 5060"],
                    "The capture filter \"udp prot 5060\" is not valid",
                ),
                (&["source:udp:9060", "keep:some"], "The option keep cannot be \"some\""),
            ] {
                let output = end_of(Running::command(&host, "none", options).spawn().unwrap());
                let said = complaints(&output).join("\n");
                assert!(said.contains(part), "{}: {said}", host.name);
            }
        }
    });
}

/// A call that is mirrored over and over: had the MOS come only at the end of the capture, it would never have come.
#[test]
fn a_mirrored_call_shows_its_mos_while_it_runs() {
    in_namespace("a_mirrored_call_shows_its_mos_while_it_runs", || {
        let Some(host) = Host::installed() else { return };
        let script = format!("lua_script:{}", plugin::script().display());
        let args = ["-l", "-X", &script, "-i", "airtone_mirror", "-T", "fields", "-e", "airtone.rtp.mos"];
        let mut command = host.command(&args);
        command.env("AIRTONE_LIBRARY", plugin::library()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let sender = thread::spawn(move || mirror_until(&is_over));
        let mut rows = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mos = rows.find_map(|row| row.trim().parse::<f64>().ok());
        over.store(true, Ordering::Relaxed);
        sender.join().unwrap();
        assert!(child.try_wait().unwrap().is_none(), "the capture still runs");
        signal(&child, "INT");
        rows.for_each(drop);
        end_of(child);
        assert!(mos.is_some_and(|mos| (1.0..=4.5).contains(&mos)), "{mos:?}");
    });
}

/// Mirrors a call at its own pace to the source that stands in the dialog untouched.
fn mirror_until(over: &AtomicBool) {
    let call = recorded("sipp-answered");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    while !over.load(Ordering::Relaxed) {
        let mut before = call[0].at;
        for frame in &call {
            thread::sleep(Duration::try_from_secs_f64(frame.at.seconds_since(before)).unwrap_or_default());
            before = frame.at;
            // Until the port is open this is refused.
            let _ = socket.send_to(&wrap::vxlan(&frame.bytes), "127.0.0.1:4789");
            if over.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}
