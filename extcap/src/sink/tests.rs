//! What is written of what a source hands over: nothing lost, drops and notes in their place.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::thread;

use airtone_capture::{Input, Record};
use airtone_engine::LinkType;

use super::*;
use crate::life::Life;
use crate::pipe::Pipe;
use crate::source::{Received, Sink};
use crate::writer::Writer;

fn interfaces(names: &[&str]) -> Vec<Interface> {
    let interface = |name: &&str| Interface {
        link: LinkType::ETHERNET,
        name: (*name).to_owned(),
        description: String::new(),
    };
    names.iter().map(interface).collect()
}

fn received(interface: usize, at: i64, bytes: &[u8]) -> Received<'_> {
    Received { interface, at: Nanos(at), orig_len: bytes.len() as u32, bytes, dropped: 0 }
}

/// Runs a capture whose reader begins to read when all has been handed over; what it reads.
fn captured(work: impl FnOnce(&mut Outlet)) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let opened = path.clone();
    let reader = thread::spawn(move || File::open(opened).unwrap());
    let life = Life::watch(false).unwrap();
    let pipe = Pipe::open(&path, &life).unwrap().unwrap();
    let mut input = reader.join().unwrap();
    let (writer, queue) = Writer::start(pipe);
    let mut outlet = Outlet::new(&Section::default(), queue.clone(), Log::default(), None).unwrap();
    work(&mut outlet);
    drop(outlet);
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes).unwrap();
        bytes
    });
    writer.finish(queue, &life).unwrap();
    reader.join().unwrap()
}

/// Times and interfaces of the packets, and the drops told in front of each and behind the last.
fn content(bytes: &[u8]) -> (Vec<(i64, u32)>, Vec<u64>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("captured");
    std::fs::write(&path, bytes).unwrap();
    let mut input = Input::open(&[Path::new(&path).to_owned()]).unwrap();
    let (mut packets, mut drops) = (Vec::new(), vec![0]);
    while let Some(record) = input.next().unwrap() {
        match record {
            Record::Packet(packet) => {
                packets.push((packet.at.0, packet.interface));
                drops.push(0);
            }
            Record::Dropped { packets, .. } => *drops.last_mut().unwrap() += packets,
            Record::Observed(_) | Record::Listening { .. } => {}
        }
    }
    (packets, drops)
}

#[test]
fn what_a_stopped_reader_does_not_take_is_counted_and_what_fits_is_kept() {
    const SENT: u64 = 80_000;
    let bytes = captured(|outlet| {
        outlet.advance(&interfaces(&["a"]), "").unwrap();
        for n in 0..SENT {
            outlet.packet(received(0, n as i64, &[7; 1_000]));
        }
        assert!(outlet.is_full());
        outlet.finish(&[Counters { received: SENT, dropped: 0 }]);
    });
    let (packets, drops) = content(&bytes);
    let (kept, dropped) = (packets.len() as u64, drops.iter().sum::<u64>());
    assert_eq!(kept + dropped, SENT);
    assert!(kept * 1_000 > 60 << 20 && dropped > 0, "{kept} kept");
    assert!(packets.iter().enumerate().all(|(n, (at, _))| *at == n as i64), "the first ones, in order");
}

#[test]
fn drops_of_the_source_are_told_once_and_in_their_place() {
    let bytes = captured(|outlet| {
        outlet.advance(&interfaces(&["a", "b"]), "").unwrap();
        outlet.packet(received(0, 1, b"one"));
        outlet.packet(Received { dropped: 3, ..received(0, 2, b"two") });
        // The counter of the source has those three, and five that no packet told of.
        outlet.count(&[Counters { received: 2, dropped: 8 }, Counters::default()]);
        outlet.packet(received(1, 3, b"three"));
        // The packet tells of the five that the counter told of before.
        outlet.packet(Received { dropped: 5, ..received(0, 4, b"four") });
        outlet.finish(&[Counters { received: 3, dropped: 9 }, Counters { received: 1, dropped: 0 }]);
    });
    assert_eq!(content(&bytes), (vec![(1, 0), (2, 0), (3, 1), (4, 0)], vec![0, 3, 0, 5, 1]));
}

#[test]
fn an_interface_that_comes_later_is_described_before_its_packets_and_keeps_their_order() {
    let bytes = captured(|outlet| {
        outlet.advance(&interfaces(&["a"]), "").unwrap();
        outlet.packet(received(0, 1, b"one"));
        outlet.packet(received(1, 2, b"two"));
        outlet.packet(received(0, 3, b"three"));
        outlet.advance(&interfaces(&["a", "b"]), "").unwrap();
        outlet.finish(&[]);
    });
    assert_eq!(content(&bytes).0, [(1, 0), (2, 1), (3, 0)]);
}

#[test]
fn notes_hang_on_the_next_packet_of_their_interface_or_at_the_end() {
    let bytes = captured(|outlet| {
        outlet.advance(&interfaces(&["a", "b"]), "").unwrap();
        let listen = |interface, channel| Note::Listening { interface, channel };
        outlet.note(Nanos(5), listen(1, Some((2437, 20))));
        outlet.note(Nanos(6), listen(1, None));
        outlet.packet(received(0, 7, b"another interface"));
        outlet.packet(received(1, 8, b"this interface"));
        outlet.note(Nanos(9), listen(1, Some((2462, 20))));
        outlet.finish(&[]);
    });
    let place = |text: &str| bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    let both = "airtone: listening 2437/20 from 0.000000005\nairtone: listening - from 0.000000006";
    assert!(place("another interface") < place("this interface") && place("this interface") < place(both));
    assert!(place(both) < place("airtone: listening 2462/20 from 0.000000009"));
}
