//! Streams of SIP over TCP.

use proptest::prelude::*;

use super::*;
use crate::decode::tcp::SipStreams;
use crate::packet::{Endpoint, PathId};

const OK: &str = "SIP/2.0 200 OK\r\nCSeq: 1 INFO\r\nContent-Length: 0\r\n\r\n";
const INFO: &str = "INFO sip:a SIP/2.0\r\nContent-Length: 10\r\n\r\n0123456789";

struct Streams {
    streams: SipStreams,
    cx: Context,
    /// Frame and text of each message.
    messages: Vec<(u64, String)>,
}

impl Streams {
    fn new() -> Self {
        Self::with(&Config::default())
    }

    fn with(config: &Config) -> Self {
        let cx = Context {
            frame: 0,
            at: Nanos(0),
            source: Endpoint::v4([192, 0, 2, 1], 40_000),
            destination: Endpoint::v4([192, 0, 2, 2], 5080),
            path: PathId(0),
            dscp: 0,
            ip_id: None,
            fragmented: false,
        };
        Self { streams: SipStreams::new(config), cx, messages: Vec::new() }
    }

    /// Segments are a millisecond apart.
    fn segment(&mut self, sequence: u32, flags: u8, payload: &str) {
        self.cx.frame += 1;
        self.cx.at.0 += Nanos::MILLI;
        let messages = &mut self.messages;
        self.streams.segment(&self.cx, sequence, flags, payload.as_bytes(), |cx, message| {
            messages.push((cx.frame, String::from_utf8_lossy(message).into_owned()));
        });
    }

    fn texts(&self) -> Vec<&str> {
        self.messages.iter().map(|message| message.1.as_str()).collect()
    }
}

#[test]
fn segments_out_of_order_overlapping_and_repeated() {
    let stream = format!("{INFO}{OK}{INFO}");
    let part = |from: usize, to: usize| &stream[from..to];
    let base = u32::MAX - 20;
    let mut tcp = Streams::new();
    for (from, to) in [(0, 30), (50, 80), (0, 30), (60, 120), (25, 55), (0, 100), (110, stream.len())] {
        tcp.segment(base.wrapping_add(from as u32), 16, part(from, to));
    }
    assert_eq!(tcp.texts(), [INFO, OK, INFO]);
    assert_eq!(tcp.messages.iter().map(|message| message.0).collect::<Vec<_>>(), [5, 5, 7]);
    assert_eq!(tcp.streams.bytes_skipped(), 0);
}

#[test]
fn other_traffic_is_not_followed() {
    let mut tcp = Streams::new();
    for number in 0..1000 {
        tcp.cx.source.port = number as u16;
        tcp.segment(number, 2, "");
        tcp.segment(number, 16, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    assert!(format!("{:?}", tcp.streams).contains("directions: {}"));
    // A direction that turns out to be SIP later is followed from there.
    tcp.segment(5000, 16, OK);
    tcp.segment(5000 + OK.len() as u32, 16, INFO);
    assert_eq!(tcp.texts(), [OK, INFO]);
}

#[test]
fn sip_ports_get_the_benefit_of_the_doubt() {
    let mut tcp = Streams::new();
    tcp.cx.destination.port = 5060;
    tcp.segment(100, 16, "Length: 0\r\n\r\nINF");
    tcp.segment(116, 16, &INFO[3..]);
    assert_eq!(tcp.texts(), [INFO]);
    // With the SYN seen, a segment that overtook the first one waits for it.
    tcp.cx.source.port = 40_001;
    tcp.segment(1, 2, "");
    tcp.segment(21, 16, &INFO[20..]);
    tcp.segment(1, 16, &INFO[..20]);
    assert_eq!(tcp.texts(), [INFO, INFO]);
    assert_eq!(tcp.streams.bytes_skipped(), 0);
}

#[test]
fn a_gap_is_given_up_after_ten_seconds() {
    let mut tcp = Streams::new();
    tcp.segment(0, 16, OK);
    let after = OK.len() as u32 + 700;
    tcp.segment(after, 16, "rest of a header\r\n\r\n");
    tcp.segment(after + 20, 16, INFO);
    assert_eq!(tcp.texts(), [OK]);
    tcp.cx.at.0 += 11 * Nanos::SECOND;
    tcp.segment(after + 20 + INFO.len() as u32, 16, OK);
    // The message that had been there before the gap was given up keeps its own place.
    let frames: Vec<u64> = tcp.messages.iter().map(|message| message.0).collect();
    assert_eq!((tcp.texts(), frames), (vec![OK, INFO, OK], vec![1, 3, 4]));
    assert_eq!(tcp.streams.bytes_skipped(), 720);
}

#[test]
fn a_gap_is_given_up_when_the_buffer_is_full() {
    let mut tcp = Streams::with(&Config { max_tcp_buffer: 4096, ..Config::default() });
    tcp.segment(0, 16, &INFO[..40]);
    let mut sequence = 2000;
    while tcp.messages.is_empty() {
        tcp.segment(sequence, 16, OK);
        sequence += OK.len() as u32;
        assert!(sequence < 10_000);
    }
    // Its headers had ended: what is there of the first message comes too.
    assert!(tcp.texts()[0].starts_with("INFO ") || tcp.texts()[0] == OK);
    assert!(tcp.messages.len() > 10);
    assert!(tcp.streams.bytes_skipped() >= 1960);
}

#[test]
fn a_closed_connection_ends_its_last_message() {
    let mut tcp = Streams::new();
    let short = "INFO sip:a SIP/2.0\r\nContent-Length: 99\r\n\r\nbody";
    tcp.segment(10, 16, short);
    assert!(tcp.messages.is_empty());
    tcp.segment(10 + short.len() as u32, 1, "");
    assert_eq!(tcp.texts(), [short]);
    // Sent again, it is nothing new; a SYN begins another connection between the same ports.
    tcp.segment(10, 16, short);
    assert_eq!(tcp.messages.len(), 1);
    tcp.segment(5, 2, "");
    tcp.segment(5, 16, OK);
    assert_eq!(tcp.texts(), [short, OK]);
    tcp.segment(5 + OK.len() as u32, 16, "INFO sip:half SIP/2.0\r\n");
    tcp.segment(5 + OK.len() as u32 + 23, 4, "");
    assert_eq!((tcp.messages.len(), tcp.streams.bytes_skipped()), (2, 23));
}

#[test]
fn tables_are_bounded() {
    let config = Config { max_tcp_streams: 10, max_tcp_buffer: 1000, ..Config::default() };
    let mut tcp = Streams::with(&config);
    for port in 0..100 {
        tcp.cx.source.port = port;
        tcp.segment(0, 16, OK);
    }
    assert_eq!(tcp.streams.evicted(), 90);
    assert_eq!(tcp.messages.len(), 100);
    // The one used last is still followed in the middle of a message.
    tcp.segment(OK.len() as u32, 16, &INFO[..20]);
    tcp.segment(OK.len() as u32 + 20, 16, &INFO[20..]);
    assert_eq!(tcp.texts().last(), Some(&INFO));
}

proptest! {
    #[test]
    fn any_cut_and_order_gives_the_same_messages(
        cuts in proptest::collection::vec(0_usize..200, 0..8),
        base in any::<u32>(),
        seed in any::<u64>(),
    ) {
        let stream = format!("{OK}{INFO}\r\n\r\n{INFO}{OK}");
        let mut edges: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).chain([0, stream.len()]).collect();
        edges.sort_unstable();
        let mut segments: Vec<(usize, usize)> = edges.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let mut state = seed;
        for i in (1..segments.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            segments.swap(i, (state >> 33) as usize % (i + 1));
        }
        let mut tcp = Streams::new();
        tcp.cx.destination.port = 5060;
        tcp.segment(base, 2, "");
        for (from, to) in segments {
            tcp.segment(base.wrapping_add(from as u32), 16, &stream[from..to]);
        }
        prop_assert_eq!(tcp.texts(), [OK, INFO, INFO, OK]);
        prop_assert_eq!(tcp.streams.bytes_skipped(), 0);
    }

    #[test]
    fn no_segments_make_it_panic(
        segments in proptest::collection::vec((any::<u16>(), any::<u8>(), "(SIP/2.0 200 OK|INFO a SIP/2.0|l: [0-9]{1,6}|\r\n|\n|.{0,9}){0,8}"), 0..40),
    ) {
        let config = Config { max_tcp_streams: 2, max_tcp_buffer: 300, ..Config::default() };
        let mut tcp = Streams::with(&config);
        for (sequence, flags, payload) in segments {
            tcp.cx.source.port = u16::from(flags) % 4 + 5058;
            tcp.segment(sequence.into(), flags & 0x17, &payload);
        }
    }
}
