//! A SPAN port as source: everything about it but the ring itself.

#![cfg(target_os = "linux")]

mod common;

use std::time::Duration;

use airtone_engine::LinkType;
use airtone_extcap::source::Source;
use common::capture::{Frame, Kept, collect, open, open_filtered, recorded, report};
use common::{cable, in_namespace, run, send_frames};

fn wire(source: &mut dyn Source, frames: &[Frame], expected: usize) -> Kept {
    let bytes: Vec<Vec<u8>> = frames.iter().map(|frame| frame.bytes.clone()).collect();
    send_frames("far", &bytes);
    let mut sink = Kept::default();
    collect(source, &mut sink, expected);
    sink
}

#[test]
fn a_call_on_a_span_port() {
    in_namespace("a_call_on_a_span_port", || {
        cable("near", "far");
        let call = recorded("sipp-hold");
        let mut source = open(&[("source", "near")]).unwrap();
        let got = wire(&mut *source, &call, call.len());
        assert!(got.frames.iter().map(|frame| &frame.bytes).eq(call.iter().map(|frame| &frame.bytes)));
        let expected = report(&call, |_| LinkType::ETHERNET, &call);
        assert_eq!(report(&got.frames, |_| LinkType::ETHERNET, &call), expected);
        assert_eq!((source.interfaces().len(), source.interfaces()[0].name.as_str()), (1, "near"));
        assert_eq!(source.counters()[0].received, call.len() as u64);
        assert!(
            source.comment().contains("network interface near; kept: everything"),
            "{}",
            source.comment()
        );
    });
}

fn tagged(frame: &Frame) -> Frame {
    let bytes = [&frame.bytes[..12], &[0x81, 0, 0, 12], &frame.bytes[12..]].concat();
    Frame { bytes, ..frame.clone() }
}

#[test]
fn filters_run_in_the_kernel_or_where_the_tags_are_back() {
    in_namespace("filters_run_in_the_kernel_or_where_the_tags_are_back", || {
        cable("near", "far");
        let call = recorded("sipp-hold");
        let signalling =
            |frame: &&Frame| frame.bytes[34..38].chunks(2).any(|port| port == 5060_u16.to_be_bytes());
        let sip = call.iter().filter(signalling).count();
        let mut source = open_filtered(&[("source", "near")], "udp port 5060").unwrap();
        assert_eq!(wire(&mut *source, &call, sip).frames.len(), sip);
        // What the kernel left out was never received.
        assert_eq!(source.counters()[0].received, sip as u64);
        let mut mixed = call.clone();
        mixed.extend(call.iter().map(tagged));
        let mut source = open_filtered(&[("source", "near")], "vlan 12 and udp port 5060").unwrap();
        let got = wire(&mut *source, &mixed, sip);
        assert!(
            got.frames.len() == sip && got.frames.iter().all(|frame| frame.bytes[12..16] == [0x81, 0, 0, 12])
        );
        assert_eq!(source.counters()[0].received, mixed.len() as u64);
    });
}

#[test]
fn packets_are_cut_on_request() {
    in_namespace("packets_are_cut_on_request", || {
        cable("near", "far");
        let call = recorded("sipp-hold");
        let mut source = open(&[("source", "near"), ("snaplen", "60")]).unwrap();
        let got = wire(&mut *source, &call, call.len());
        assert_eq!(got.frames.len(), call.len());
        for (got, sent) in got.frames.iter().zip(&call) {
            assert_eq!(
                (got.bytes.len(), got.orig_len as usize),
                (sent.bytes.len().min(60), sent.bytes.len())
            );
        }
    });
}

#[test]
fn a_port_that_is_pulled_ends_the_capture_with_a_sentence() {
    in_namespace("a_port_that_is_pulled_ends_the_capture_with_a_sentence", || {
        cable("near", "far");
        let call = recorded("sipp-hold");
        let mut source = open(&[("source", "near,udp:4789")]).unwrap();
        let got = wire(&mut *source, &call, call.len());
        assert_eq!(got.frames.len(), call.len());
        run("ip link del near");
        let mut sink = Kept::default();
        let told = (0..50).find_map(|_| source.read(&mut sink, Duration::from_millis(50)).err()).unwrap();
        assert_eq!(told.0, "The network interface near has gone while capturing.");
    });
}
