//! The toolbar's two FIFOs.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use airtone_tests::extcap::{Fifo, end_of, signal};

use super::{ended_well, fixture};

#[test]
fn the_toolbar_gets_the_log_and_the_live_line_and_survives_nonsense() {
    let fifo = Fifo::new();
    let (to, from) = (fifo.make("control-in"), fifo.make("control-out"));
    let (to_name, from_name) = (to.display().to_string(), from.display().to_string());
    let file = fixture("relay-loss.pcapng");
    let args = ["--file", &file, "--extcap-control-in", &to_name, "--extcap-control-out", &from_name];
    let child = fifo.capture("airtone_replay", &args);
    let packets = fifo.path();
    let packets =
        thread::spawn(move || std::io::copy(&mut File::open(packets).unwrap(), &mut std::io::sink()));
    let mut messages = File::open(&from).unwrap();
    let mut changes = OpenOptions::new().write(true).open(&to).unwrap();
    // Initialized, a message of later versions, a control of ours, one that there is not.
    changes
        .write_all(b"T\x00\x00\x02\x00\x00Q\x00\x00\x03abcT\x00\x00\x03\x01\x01xT\x00\x00\x03\xfe\x01x")
        .unwrap();

    let (mut logs, mut lives) = (Vec::new(), Vec::new());
    while lives.iter().filter(|line: &&String| line.starts_with("MOS ") && !line.starts_with("MOS -")).count()
        < 2
    {
        let mut head = [0; 6];
        messages.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
        let mut payload = vec![0; length - 2];
        messages.read_exact(&mut payload).unwrap();
        let text = String::from_utf8(payload).unwrap();
        match (head[0], head[4], head[5]) {
            (b'T', 0, 2) => logs.push(text),
            (b'T', 1, 1) => lives.push(text),
            other => panic!("{other:?}: {text}"),
        }
    }
    signal(&child, "TERM");
    ended_well(&end_of(child));
    packets.join().unwrap().unwrap();
    assert!(logs[0].contains("Replay of relay-loss.pcapng") && logs[0].ends_with('\n'), "{logs:?}");
    let last = lives.last().unwrap();
    assert!(last.contains(" streams | 1 active call | loss ") && !last.contains("loss 0.00 %"), "{lives:?}");
}

#[test]
fn it_waits_for_the_window_which_would_else_hang_in_opening_its_pipe() {
    for file in [fixture("sipp-answered.pcapng"), "/nonexistent.pcap".to_owned()] {
        let fifo = Fifo::new();
        let (to, from) = (fifo.make("control-in"), fifo.make("control-out"));
        let (to_name, from_name) = (to.display().to_string(), from.display().to_string());
        let args = [
            "--file",
            &file,
            "--speed",
            "0",
            "--extcap-control-in",
            &to_name,
            "--extcap-control-out",
            &from_name,
        ];
        let child = fifo.capture("airtone_replay", &args);
        let packets = fifo.path();
        let packets =
            thread::spawn(move || std::io::copy(&mut File::open(packets).unwrap(), &mut std::io::sink()));
        // By now all packets have been written, or it has failed.
        thread::sleep(Duration::from_millis(500));
        // Without somebody who reads it this never returns, nor does it in Wireshark.
        let mut changes = OpenOptions::new().write(true).open(&to).unwrap();
        changes.write_all(b"T\x00\x00\x02\x00\x00").unwrap();
        assert_eq!(end_of(child).status.code(), Some(i32::from(file.starts_with("/nonexistent"))));
        packets.join().unwrap().unwrap();
    }
}
