//! The mirror source in the program itself, behind a FIFO: what it loses, what it says, how it ends.

#![cfg(target_os = "linux")]

mod common;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Output};
use std::thread::{self, JoinHandle};

use airtone_tests::extcap::{self as program, Fifo, content, end_of, signal};
use common::capture::{free_port, recorded};
use common::{cable, in_namespace, may_open_raw_sockets, run, send_frames, without_rights, wrap};
use tempfile::TempDir;

/// A capture that runs, its packets read into a file.
struct Running {
    child: Child,
    reader: JoinHandle<()>,
    folder: TempDir,
    _fifo: Fifo,
}

impl Running {
    /// Starts it and waits until its source is open.
    fn start(source: &str, more: &[&str]) -> Self {
        let running = Self::start_unready(source, more);
        // The section is written when the source is open; so is the log.
        let log = running.folder.path().join("log");
        while fs::read_to_string(&log).unwrap_or_default().is_empty() && !running.reader.is_finished() {
            thread::yield_now();
        }
        running
    }

    fn start_unready(source: &str, more: &[&str]) -> Self {
        let (fifo, folder) = (Fifo::new(), tempfile::tempdir().unwrap());
        let log = folder.path().join("log").display().to_string();
        let args = [&["--source", source, "--log-file", &log][..], more].concat();
        let child = fifo.capture("airtone_mirror", &args);
        let (from, to) = (fifo.path(), folder.path().join("captured.pcapng"));
        let reader = thread::spawn(move || {
            std::io::copy(&mut File::open(from).unwrap(), &mut File::create(to).unwrap()).unwrap();
        });
        Self { child, reader, folder, _fifo: fifo }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("captured.pcapng")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Waits for its end.
    fn end(self) -> (Output, TempDir) {
        let output = end_of(self.child);
        self.reader.join().unwrap();
        (output, self.folder)
    }
}

/// Sends while the program sleeps, then ends it: it finds both when it wakes.
fn sent_to_a_sleeper(source: &str, send: impl FnOnce()) -> Vec<program::Kept> {
    let running = Running::start(source, &[]);
    signal(&running.child, "STOP");
    send();
    signal(&running.child, "TERM");
    signal(&running.child, "CONT");
    let file = running.file();
    let (output, _folder) = running.end();
    assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stderr)), (Some(0), ""));
    content(&file).0
}

#[test]
fn what_waits_in_a_socket_at_the_end_is_not_lost() {
    let call = recorded("sipp-hold");
    let port = free_port();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let got = sent_to_a_sleeper(&format!("udp:{port}"), || {
        for frame in &call {
            sender.send_to(&wrap::vxlan(&frame.bytes), ("127.0.0.1", port)).unwrap();
        }
    });
    assert!(
        got.iter().map(|packet| &packet.bytes).eq(call.iter().map(|frame| &frame.bytes)),
        "{}",
        got.len()
    );
}

#[test]
fn what_waits_in_the_ring_at_the_end_is_not_lost() {
    in_namespace("what_waits_in_the_ring_at_the_end_is_not_lost", || {
        cable("near", "far");
        let call = recorded("sipp-hold");
        let frames: Vec<Vec<u8>> = call.iter().map(|frame| frame.bytes.clone()).collect();
        let got = sent_to_a_sleeper("near", || send_frames("far", &frames));
        assert!(got.iter().map(|packet| &packet.bytes).eq(&frames), "{} of {}", got.len(), frames.len());
    });
}

/// More than the ring of the kernel, the pipe and the queue for a slow reader hold together.
#[test]
fn packets_and_drops_add_up_to_what_was_sent() {
    const SENT: usize = 130_000;
    in_namespace("packets_and_drops_add_up_to_what_was_sent", || {
        run("ip link set lo mtu 65536");
        let fifo = Fifo::new();
        let args = ["--source", "lo", "--extcap-capture-filter", "udp dst port 9", "--promiscuous", "false"];
        let child = fifo.capture("airtone_mirror", &args);
        let mut input = File::open(fifo.path()).unwrap();
        let mut bytes = vec![0; 100];
        input.read_exact(&mut bytes).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let offer = |count: usize| {
            for _ in 0..count {
                // Nobody listens there: what comes back from the last one is of no interest.
                while sender.send_to(&[7; 1_400], "127.0.0.1:9").is_err() {}
            }
        };
        // Nobody reads the FIFO, so that the queue drops; then the program sleeps, so that the kernel drops.
        offer(SENT / 2);
        signal(&child, "STOP");
        offer(SENT - SENT / 2);
        signal(&child, "CONT");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("captured.pcapng");
        let (path, to_kill) = (file.clone(), child.id());
        let reader = thread::spawn(move || {
            let mut out = File::create(path).unwrap();
            out.write_all(&bytes).unwrap();
            // All that is in the ring is taken before the reader has read what is in the queue.
            std::io::copy(&mut input, &mut out).unwrap();
        });
        wait_until_idle(to_kill);
        signal(&child, "TERM");
        let output = end_of(child);
        reader.join().unwrap();
        assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stderr)), (Some(0), ""));
        let (packets, dropped, warnings) = content(&file);
        assert_eq!(warnings, Vec::<String>::new());
        assert!(dropped > 0 && packets.len() > 10_000, "{} taken, {dropped} dropped", packets.len());
        assert_eq!(packets.len() as u64 + dropped, SENT as u64, "{} taken", packets.len());
    });
}

/// Until a process has used no processor time for a while: all that came has gone through.
fn wait_until_idle(pid: u32) {
    let used = || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<u64> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .filter_map(|field| field.parse().ok())
            .collect();
        fields.iter().skip(9).take(2).sum::<u64>()
    };
    let (mut last, mut same) = (used(), 0);
    while same < 20 {
        thread::sleep(std::time::Duration::from_millis(50));
        let now = used();
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
}

/// Captures until it ends by itself, which it has to with one sentence; gives the sentence.
#[track_caller]
fn refused(source: &str, more: &[&str]) -> String {
    // Without a writer the reader would wait for ever, as Wireshark 4.0 does.
    let (output, _) = Running::start_unready(source, more).end();
    sentence(&output)
}

#[track_caller]
fn sentence(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.ends_with(".\n"), "{said}");
    said
}

#[test]
fn what_cannot_be_is_one_sentence_and_exit_code_1() {
    let taken = UdpSocket::bind("0.0.0.0:0").unwrap();
    let in_use = format!("udp:{}", taken.local_addr().unwrap().port());
    let free = format!("udp:{}", free_port());
    for (source, more, part) in [
        ("airtone-none", &[][..], "There is no network interface named \"airtone-none\" on this machine."),
        (&in_use, &[], "the port is in use by another program; choose another port or stop that program."),
        ("udp:203.0.113.7:9060", &[], "this machine does not have that address."),
        ("udp:70000", &[], "a port is a number from 1 to 65535."),
        ("sctp:9060", &[], "is not understood: it is a network interface, udp:PORT"),
        (&free, &["--extcap-capture-filter", "udp prot 5060"], "\"udp prot 5060\" is not valid: "),
        (&free, &["--keep", "some"], "The option keep cannot be \"some\": it is all, calls, headers"),
        (&free, &["--format", "hop"], "The option format cannot be \"hop\": it is one of auto, vxlan"),
        (&free, &["--snaplen", "many"], "The option snaplen cannot be \"many\": it is a number of bytes"),
        (&free, &["--group", "192.0.2.1"], "\"192.0.2.1\" is no multicast group: groups are 224.0.0.0"),
        (&free, &["--log-file", "/nonexistent/log"], "the log file /nonexistent/log: "),
    ] {
        let said = refused(source, more);
        assert!(said.contains(part), "{source} {more:?}: {said}");
    }
}

#[test]
fn without_rights_it_says_how_to_get_them() {
    without_rights("without_rights_it_says_how_to_get_them", || {
        for source in ["gre", "lo"] {
            let said = refused(source, &[]);
            assert!(said.contains("permission denied; allow it with `sudo setcap cap_net_raw"), "{said}");
            assert!(said.contains("airtone-extcap` or `sudo tshark-post install --system`"), "{said}");
        }
        // What needs no rights works.
        let running = Running::start(&format!("udp:{}", free_port()), &[]);
        signal(&running.child, "TERM");
        assert_eq!(running.end().0.status.code(), Some(0));
    });
}

#[test]
fn an_interface_that_goes_away_ends_it_and_its_packets_are_there() {
    in_namespace("an_interface_that_goes_away_ends_it_and_its_packets_are_there", || {
        cable("near", "far");
        let call = recorded("sipp-hold");
        let frames: Vec<Vec<u8>> = call.iter().map(|frame| frame.bytes.clone()).collect();
        let running = Running::start("near", &[]);
        send_frames("far", &frames);
        run("ip link del near");
        let file = running.file();
        let (output, _folder) = running.end();
        assert_eq!(sentence(&output), "The network interface near has gone while capturing.\n");
        assert_eq!(content(&file).0.len(), frames.len());
    });
}

#[test]
fn killed_it_leaves_a_readable_file_and_nothing_in_the_system() {
    in_namespace("killed_it_leaves_a_readable_file_and_nothing_in_the_system", || {
        cable("near", "far");
        let promiscuity = || {
            let shown = Command::new("ip").args(["-d", "link", "show", "near"]).output().unwrap();
            let shown = String::from_utf8(shown.stdout).unwrap();
            let mut words = shown.split_whitespace().skip_while(|word| *word != "promiscuity");
            words.nth(1).unwrap().to_owned()
        };
        let sockets = || fs::read_to_string("/proc/self/net/packet").unwrap().lines().skip(1).count();
        let call = recorded("sipp-hold");
        let frames: Vec<Vec<u8>> = call.iter().map(|frame| frame.bytes.clone()).collect();
        let mut running = Running::start("near,gre,udp:4789", &[]);
        assert_eq!((sockets(), &*promiscuity()), (1, "1"));
        send_frames("far", &frames);
        while fs::metadata(running.file()).unwrap().len() < 20_000 {
            thread::yield_now();
        }
        running.child.kill().unwrap();
        let file = running.file();
        let (output, _folder) = running.end();
        assert_eq!((output.status.code(), output.stderr.len()), (None, 0));
        let got = content(&file).0;
        assert!(
            got.len() > 10
                && frames.starts_with(&got.into_iter().map(|packet| packet.bytes).collect::<Vec<_>>())
        );
        assert_eq!((sockets(), &*promiscuity()), (0, "0"));
        // The port is free again.
        UdpSocket::bind("0.0.0.0:4789").unwrap();
    });
}

#[test]
fn garbage_is_left_out_and_the_log_says_so() {
    let (udp, tcp) = (free_port(), free_port());
    let running = Running::start(&format!("udp:{udp},tcp:{tcp}"), &[]);
    let call = recorded("sipp-hold");
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    TcpStream::connect(("127.0.0.1", tcp)).unwrap().write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    for (number, frame) in call.iter().take(100).enumerate() {
        sender.send_to(&vec![number as u8 & 0x3f; number * 13], ("127.0.0.1", udp)).unwrap();
        sender.send_to(&wrap::vxlan(&frame.bytes), ("127.0.0.1", udp)).unwrap();
    }
    while !running.log().contains("sends no HEP; its connection is closed.") {
        thread::yield_now();
    }
    signal(&running.child, "TERM");
    let (file, log) = (running.file(), running.folder.path().join("log"));
    let (output, _folder) = running.end();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
    assert!(content(&file).0.iter().map(|p| &p.bytes).eq(call.iter().take(100).map(|frame| &frame.bytes)));
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("datagrams left out that are no mirror"), "{log}");
}

#[test]
fn rights_are_given_back_once_the_sources_are_open() {
    in_namespace("rights_are_given_back_once_the_sources_are_open", || {
        assert!(may_open_raw_sockets(), "inside its own namespace");
        let running = Running::start("lo,gre", &[]);
        let status = fs::read_to_string(format!("/proc/{}/status", running.child.id())).unwrap();
        let set = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap();
        // Neither CAP_NET_ADMIN (12) nor CAP_NET_RAW (13).
        assert_eq!(u64::from_str_radix(set.trim(), 16).unwrap() & 0b11 << 12, 0, "{set}");
        signal(&running.child, "TERM");
        assert_eq!(running.end().0.status.code(), Some(0));
    });
}
