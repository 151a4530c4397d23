//! The functions of the ABI as Rust sees them: exact buffers that a read beyond their end would leave.

use std::mem::size_of;
use std::ptr;

use super::functions::*;
use super::guard::{airtone_engine, with};
use super::types::airtone_status::*;
use super::types::*;

/// A handle that frees itself.
struct Handle(*mut airtone_engine);

impl Handle {
    fn new() -> Self {
        let mut handle = ptr::null_mut();
        // SAFETY: no settings, and a place for the handle.
        let status = unsafe { airtone_engine_new(ptr::null(), &raw mut handle) };
        assert_eq!(status, AIRTONE_OK);
        Self(handle)
    }

    fn packets(&self, packets: &[airtone_packet]) -> (airtone_status, usize) {
        let mut done = usize::MAX;
        let stride = size_of::<airtone_packet>();
        // SAFETY: a live handle and a slice.
        let status =
            unsafe { airtone_engine_packets(self.0, packets.as_ptr(), packets.len(), stride, &raw mut done) };
        (status, done)
    }

    fn observe(&self, observations: &[airtone_observation]) -> (airtone_status, usize) {
        let mut done = usize::MAX;
        let stride = size_of::<airtone_observation>();
        // SAFETY: a live handle and a slice.
        let status = unsafe {
            airtone_engine_observe(self.0, observations.as_ptr(), observations.len(), stride, &raw mut done)
        };
        (status, done)
    }

    fn report(&self, format: u32) -> (airtone_status, String) {
        let mut out = airtone_str { ptr: ptr::null(), len: 0 };
        // SAFETY: a live handle, no options, a place for the text.
        let status = unsafe { airtone_engine_report(self.0, format, ptr::null(), &raw mut out) };
        (status, text(out))
    }

    fn last_error(&self) -> String {
        // SAFETY: a live handle.
        text(unsafe { airtone_last_error(self.0) })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: made by `new`, freed once.
        unsafe { airtone_engine_free(self.0) };
    }
}

fn text(from: airtone_str) -> String {
    if from.len == 0 {
        return String::new();
    }
    // SAFETY: the library lends that many bytes of UTF-8.
    let bytes = unsafe { std::slice::from_raw_parts(from.ptr.cast::<u8>(), from.len) };
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn packet(bytes: &[u8]) -> airtone_packet {
    airtone_packet {
        frame: 1,
        at_ns: 0,
        data: bytes.as_ptr(),
        cap_len: bytes.len() as u32,
        orig_len: bytes.len() as u32,
        interface_id: 0,
        link_type: 1,
    }
}

fn observation(kind: u32, data: &[u8]) -> airtone_observation {
    airtone_observation {
        frame: 1,
        at_ns: 0,
        kind,
        flags: 0,
        source: [0; 16],
        destination: [0; 16],
        source_port: 0,
        destination_port: 0,
        transport: 1,
        tcp_sequence: 0,
        rtp_ssrc: 0,
        rtp_timestamp: 0,
        rtp_sequence: 0,
        rtp_payload_len: 0,
        rtp_payload_type: 0,
        reserved: [0; 7],
        data: airtone_bytes { ptr: data.as_ptr(), len: data.len() },
        radio: ptr::null(),
        beacon: ptr::null(),
    }
}

/// Settings of any size, in a buffer of exactly that size.
fn status_of_config(words: &[u32]) -> airtone_status {
    let mut handle = ptr::null_mut();
    // SAFETY: the buffer is as long as the tests below say in its first word, or refused by that word.
    let status = unsafe { airtone_engine_new(words.as_ptr().cast(), &raw mut handle) };
    assert_eq!(handle.is_null(), status != AIRTONE_OK);
    // SAFETY: null or live.
    unsafe { airtone_engine_free(handle) };
    status
}

#[test]
fn a_config_of_any_version_is_read_up_to_its_own_end() {
    let whole = size_of::<airtone_config>() / 4;
    for words in (2..whole + 8).step_by(2) {
        let mut config = vec![0_u32; words];
        config[0] = (words * 4) as u32;
        assert_eq!(status_of_config(&config), AIRTONE_OK, "{words} words of zeros");
        if words > whole {
            config[words - 1] = 1;
            assert_eq!(status_of_config(&config), AIRTONE_E_VERSION, "{words} words, the last unknown");
        }
    }
    for (size, status) in [
        (0, AIRTONE_E_SMALL),
        (7, AIRTONE_E_SMALL),
        (12, AIRTONE_E_ARG),
        (4104, AIRTONE_E_ARG),
        (u32::MAX, AIRTONE_E_ARG),
    ] {
        assert_eq!(status_of_config(&[size, 0]), status, "size {size}");
    }
}

#[test]
fn facts_fill_what_the_host_has_and_no_byte_more() {
    let handle = Handle::new();
    let ours = size_of::<airtone_facts>();
    for size in [ours, ours + 4, ours + 24] {
        let mut out = vec![0xaa_u8; size + 4];
        out[..4].copy_from_slice(&(size as u32).to_ne_bytes());
        // SAFETY: the buffer is longer than it says.
        let status = unsafe { airtone_frame_facts(handle.0, 1, out.as_mut_ptr().cast()) };
        assert_eq!(status, AIRTONE_OK);
        assert!(out[4..size].iter().all(|byte| *byte == 0), "{out:?}");
        assert!(out[size..].iter().all(|byte| *byte == 0xaa), "{out:?}");
    }
    let mut out = (ours as u32 - 1).to_ne_bytes().to_vec();
    // SAFETY: refused after the size has been read.
    let status = unsafe { airtone_frame_facts(handle.0, 1, out.as_mut_ptr().cast()) };
    assert_eq!(status, AIRTONE_E_SMALL);
}

#[test]
fn a_refused_element_keeps_those_before_it() {
    let handle = Handle::new();
    let good = packet(&[0; 60]);
    let bad = airtone_packet { link_type: 70_000, ..good };
    assert_eq!(handle.packets(&[good, good, bad, good]), (AIRTONE_E_ARG, 2));
    assert_eq!(handle.last_error(), "element 2: link_type is above 65535");
    assert_eq!(handle.packets(&[]), (AIRTONE_OK, 0));
    assert_eq!(handle.last_error(), "");
}

#[test]
fn a_panic_ends_at_the_boundary_and_poisons_the_handle() {
    let handle = Handle::new();
    // SAFETY: a live handle, here and below.
    let status = unsafe { with(handle.0, |_| panic!("index {}", 7)) };
    assert_eq!(status, AIRTONE_E_PANIC);
    assert_eq!(handle.packets(&[packet(&[0; 60])]), (AIRTONE_E_STATE, 0));
    assert_eq!(handle.report(AIRTONE_FORMAT_JSON), (AIRTONE_E_STATE, String::new()));
    // SAFETY: see above.
    assert_eq!(unsafe { airtone_engine_reset(handle.0) }, AIRTONE_E_STATE);
    assert_eq!(handle.last_error(), "a defect of libairtone: index 7");
}

#[test]
fn a_panic_whose_payload_panics_again_ends_there_too() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("again");
        }
    }
    let handle = Handle::new();
    // SAFETY: a live handle.
    let status = unsafe { with(handle.0, |_| std::panic::panic_any(Bomb)) };
    assert_eq!(status, AIRTONE_E_PANIC);
    assert_eq!(handle.last_error(), "a defect of libairtone: a panic without a message");
}

#[test]
fn every_status_has_words_of_its_own() {
    let all = [0, 1, 2, 3, 4, 5, 6, 99, 7].map(|status| text(airtone_status_text(status)));
    let mut different = all.to_vec();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), all.len(), "{all:?}");
    assert_eq!(text(airtone_version()), env!("CARGO_PKG_VERSION"));
}

/// A small generator: the same hostile input in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Mostly extremes, where sums overflow.
    fn time(&mut self) -> i64 {
        let times = [0, 1, -1, i64::MIN, i64::MIN + 1, i64::MAX, 1_700_000_000_000_000_000];
        match self.roll() % 10 {
            n @ 0..7 => times[n as usize],
            _ => self.roll() as i64,
        }
    }

    /// Facts are kept by frame number: small ones, or none that are kept.
    fn frame(&mut self) -> u64 {
        match self.roll() % 8 {
            0 => 0,
            1 => u64::MAX,
            _ => self.roll() % 50_000,
        }
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.roll() as u8).collect()
    }
}

/// What is in a structure is never a reason to panic, however absurd; the analysis refuses it or takes it.
#[test]
fn absurd_values_are_taken_or_refused() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let handle = Handle::new();
    for round in 0..4_000 {
        let len = (dice.roll() % 80) as usize;
        let data = dice.bytes(len);
        let links = [1, 101, 105, 127, 228, 276, dice.roll() as u32 & 0x1ff];
        let one = airtone_packet {
            frame: dice.frame(),
            at_ns: dice.time(),
            orig_len: dice.roll() as u32,
            interface_id: dice.roll() as u32,
            link_type: links[round % links.len()],
            ..packet(&data)
        };
        let (status, _) = handle.packets(&[one]);
        assert!(matches!(status, AIRTONE_OK | AIRTONE_E_ARG), "{one:?}: {status:?} {}", handle.last_error());
        let seen = absurd_observation(&mut dice, round as u32 % 8, &data);
        let (status, _) = handle.observe(&[seen]);
        let is_fine = matches!(status, AIRTONE_OK | AIRTONE_E_ARG | AIRTONE_E_NULL | AIRTONE_E_VERSION);
        assert!(is_fine, "{seen:?}: {status:?} {}", handle.last_error());
        // Counts whose sum fits 64 bits: the engine adds them up without a check.
        let packets = dice.roll() >> 32;
        // SAFETY: a live handle.
        let status = unsafe { airtone_engine_dropped(handle.0, dice.roll() as u32, dice.time(), packets) };
        assert_eq!(status, AIRTONE_OK);
        let (centre, width) = (dice.roll() as u32 % 8_000, dice.roll() as u32);
        // SAFETY: a live handle.
        let status =
            unsafe { airtone_engine_listening(handle.0, dice.roll() as u32, dice.time(), centre, width) };
        assert_eq!(status, AIRTONE_OK);
    }
    for format in [
        AIRTONE_FORMAT_TEXT,
        AIRTONE_FORMAT_JSON,
        AIRTONE_FORMAT_JSONL,
        AIRTONE_FORMAT_CSV,
        AIRTONE_FORMAT_HTML,
    ] {
        let (status, text) = handle.report(format);
        assert_eq!(status, AIRTONE_OK, "{}", handle.last_error());
        assert!(!text.is_empty());
    }
}

fn absurd_observation(dice: &mut Dice, kind: u32, data: &[u8]) -> airtone_observation {
    airtone_observation {
        frame: dice.frame(),
        at_ns: dice.time(),
        flags: dice.roll() as u32 & 0x0f,
        source_port: dice.roll() as u16,
        destination_port: dice.roll() as u16,
        transport: dice.roll() as u32 % 7,
        tcp_sequence: dice.roll() as u32,
        rtp_ssrc: dice.roll() as u32 % 4,
        rtp_timestamp: dice.roll() as u32,
        rtp_sequence: dice.roll() as u16,
        rtp_payload_len: dice.roll() as u16,
        rtp_payload_type: dice.roll() as u8,
        ..observation(kind, data)
    }
}
