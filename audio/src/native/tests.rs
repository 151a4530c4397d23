//! The decoders against the encoders of the same libraries, and against payloads that nobody meant well.

use std::f64::consts::TAU;
use std::ffi::{c_int, c_void};
use std::ptr;

use super::spandsp::SPANDSP;
use super::*;
use crate::amr::Packing;

/// 300 Hz at 8 kHz, in whole frames of 20 ms.
fn tone(frames: usize) -> Vec<i16> {
    (0..frames * 160).map(|n| (8_000.0 * (TAU * 300.0 * n as f64 / 8_000.0).sin()) as i16).collect()
}

/// Power at a frequency against that of the whole.
fn purity(sound: &[i16], hz: f64, rate: f64) -> f64 {
    let (mut real, mut imaginary, mut power) = (0.0, 0.0, 0.0);
    for (n, &sample) in sound.iter().enumerate() {
        let (angle, sample) = (TAU * hz * n as f64 / rate, f64::from(sample));
        real += sample * angle.cos();
        imaginary += sample * angle.sin();
        power += sample * sample;
    }
    2.0 * (real * real + imaginary * imaginary) / (power * sound.len() as f64)
}

/// The library of a codec, or a message that the test was skipped.
fn library(files: &[&str]) -> Option<Library> {
    // SAFETY: as in `Named::load`.
    let library = files.first().and_then(|file| unsafe { Library::new(*file) }.ok());
    if library.is_none() {
        eprintln!("skipped: {files:?} is not installed");
    }
    library
}

/// Codes of G.726 one per byte, as the encoder gives them unpacked.
fn g726_codes(library: &Library, bit_rate: i32, sound: &[i16]) -> Vec<u8> {
    type Init = unsafe extern "C" fn(*mut c_void, c_int, c_int, c_int) -> *mut c_void;
    type Encode = unsafe extern "C" fn(*mut c_void, *mut u8, *const i16, c_int) -> c_int;
    let mut codes = vec![0; sound.len()];
    // SAFETY: the types are those of spandsp/g726.h; unpacked, there is one code per sample.
    unsafe {
        let init = library.get::<Init>(b"g726_init").unwrap();
        let encode = library.get::<Encode>(b"g726_encode").unwrap();
        let free = library.get::<unsafe extern "C" fn(*mut c_void) -> c_int>(b"g726_free").unwrap();
        let state = init(ptr::null_mut(), bit_rate, 0, 0);
        let count = encode(state, codes.as_mut_ptr(), sound.as_ptr(), sound.len() as c_int);
        assert_eq!(count as usize, sound.len());
        free(state);
    }
    codes
}

#[test]
fn g726_codes_are_unpacked_from_the_lowest_bit_or_from_the_highest() {
    let Some(library) = library(SPANDSP) else { return };
    for (bit_rate, width) in [(16_000, 2), (24_000, 3), (32_000, 4), (40_000, 5)] {
        let codes = g726_codes(&library, bit_rate, &tone(10));
        for is_aal2 in [false, true] {
            // RFC 3551 section 4.5.4: the first code in the least significant bits; AAL2 (I.366.2) in the most.
            let mut packed = vec![0u8; codes.len() * width / 8];
            for bit in 0..codes.len() * width {
                let (code, within) = (codes[bit / width], bit % width);
                let value = if is_aal2 { code >> (width - 1 - within) } else { code >> within } & 1;
                packed[bit / 8] |= value << if is_aal2 { 7 - bit % 8 } else { bit % 8 };
            }
            let mut sound = Vec::new();
            let mut decoder = g726(bit_rate as u32, is_aal2).unwrap();
            assert!(packed.chunks(packed.len() / 10).all(|payload| decoder.decode(payload, &mut sound)));
            assert_eq!(sound.len(), codes.len());
            let pure = purity(&sound[400..], 300.0, 8_000.0);
            assert!(pure > 0.9, "{bit_rate}, AAL2 {is_aal2}: {pure}");
        }
    }
}

#[test]
fn amr_is_decoded_from_either_packing_and_concealed() {
    let Some(library) = library(&["libopencore-amrnb.so.0"]) else { return };
    type Encode = unsafe extern "C" fn(*mut c_void, c_int, *const i16, *mut u8, c_int) -> c_int;
    let mut payloads = Vec::new();
    // SAFETY: the types are those of opencore-amrnb/interf_enc.h; no frame is longer than 32 bytes.
    unsafe {
        let init =
            library.get::<unsafe extern "C" fn(c_int) -> *mut c_void>(b"Encoder_Interface_init").unwrap();
        let encode = library.get::<Encode>(b"Encoder_Interface_Encode").unwrap();
        let exit = library.get::<unsafe extern "C" fn(*mut c_void)>(b"Encoder_Interface_exit").unwrap();
        let state = init(0);
        for frame in tone(25).chunks(160) {
            let mut bytes = [0; 64];
            let count = encode(state, 7, frame.as_ptr(), bytes.as_mut_ptr(), 0) as usize;
            payloads.push(bytes[..count].to_vec());
        }
        exit(state);
    }
    for octet_aligned in [true, false] {
        let mut decoder = amr(Packing::new(false, octet_aligned)).unwrap();
        let mut sound = Vec::new();
        for frame in &payloads {
            assert!(decoder.decode(&rtp_payload(frame, octet_aligned, 244), &mut sound));
        }
        assert_eq!(sound.len(), 25 * 160);
        let pure = purity(&sound[1_600..], 300.0, 8_000.0);
        assert!(pure > 0.9, "octet-aligned {octet_aligned}: {pure}");
        assert!(decoder.conceal(250, &mut sound));
        assert_eq!(sound.len(), 25 * 160 + 250);
        assert!(sound[4_000..4_160].iter().any(|sample| sample.abs() > 500), "made up, not silent");
    }
}

/// A frame of a file as one RTP payload: mode request 15, then contents and speech.
fn rtp_payload(frame: &[u8], octet_aligned: bool, speech_bits: usize) -> Vec<u8> {
    if octet_aligned {
        return [&[0xf0], frame].concat();
    }
    let kind_and_quality = u64::from(frame[0] >> 2 & 0x1f);
    let bits = (0..4).map(|_| 1).chain([0]).chain((0..5).rev().map(|n| (kind_and_quality >> n & 1) as u8));
    let speech =
        frame[1..].iter().flat_map(|byte| (0..8).rev().map(move |n| byte >> n & 1)).take(speech_bits);
    let bits: Vec<u8> = bits.chain(speech).collect();
    bits.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |sum, (n, bit)| sum | bit << (7 - n))).collect()
}

#[test]
fn concealment_gives_as_much_as_it_was_asked_for() {
    for made in [opus(), g729(), amr(Packing::new(true, true)), ilbc(Some("20")), speex(32_000)] {
        let Ok(mut decoder) = made else { continue };
        let mut sound = vec![7; 10];
        for samples in [1, 80, 333, 6_000] {
            let from = sound.len();
            assert!(decoder.conceal(samples, &mut sound));
            assert!(sound.len() <= from + samples);
        }
        assert_eq!(sound[..10], [7; 10]);
    }
}

#[test]
fn hostile_payloads_are_refused_or_give_sound() {
    let mut all =
        vec![opus(), gsm(), g729(), g722(), g726(24_000, false), ilbc(None), speex(8_000), speex(16_000)];
    all.extend([
        amr(Packing::new(false, false)),
        amr(Packing::new(true, false)),
        amr(Packing::new(true, true)),
    ]);
    let mut state = 5u32;
    for mut decoder in all.into_iter().flatten() {
        for length in (0..70).chain([333, 1_400]) {
            let byte = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            };
            let payload: Vec<u8> = std::iter::repeat_with(byte).take(length).collect();
            let mut sound = Vec::new();
            if !decoder.decode(&payload, &mut sound) {
                continue;
            }
            assert!(!sound.is_empty() || length == 0, "{} took {length} bytes", decoder.by());
        }
    }
}

#[test]
fn an_absent_library_is_named_with_its_package() {
    let named = Named {
        codec: "G.999",
        files: &["libairtone-no-such.so.7"],
        package: "Debian: apt install libg999-7",
    };
    let missing = named.load().err().unwrap();
    assert_eq!(missing.0, "G.999: libairtone-no-such.so.7 is not installed (Debian: apt install libg999-7)");
}

/// Frames of 20 or 30 ms by libilbc's own encoder.
fn ilbc_frames(sound: &[i16], ms: usize) -> Option<Vec<Vec<u8>>> {
    type Make = unsafe extern "C" fn(*mut *mut c_void) -> i16;
    type Init = unsafe extern "C" fn(*mut c_void, i16) -> i16;
    type Encode = unsafe extern "C" fn(*mut c_void, *const i16, usize, *mut u16) -> i16;
    let library = library(&["libilbc.so.3"]).or_else(|| library(&["libilbc.so.2"]))?;
    let mut frames = Vec::new();
    // SAFETY: the types are those of ilbc.h, but for the number of samples, which version 2 takes as 16 bits, and
    // what is returned, of which the lower 16 bits count; a frame has 50 bytes at most.
    unsafe {
        let make = library.get::<Make>(b"WebRtcIlbcfix_EncoderCreate").unwrap();
        let init = library.get::<Init>(b"WebRtcIlbcfix_EncoderInit").unwrap();
        let encode = library.get::<Encode>(b"WebRtcIlbcfix_Encode").unwrap();
        let free =
            library.get::<unsafe extern "C" fn(*mut c_void) -> i16>(b"WebRtcIlbcfix_EncoderFree").unwrap();
        let mut state = ptr::null_mut();
        assert_eq!(make(&raw mut state), 0);
        init(state, ms as i16);
        for block in sound.chunks_exact(ms * 8) {
            let mut words = [0u16; 32];
            let count = encode(state, block.as_ptr(), block.len(), words.as_mut_ptr());
            let bytes = words.iter().flat_map(|word| word.to_ne_bytes());
            frames.push(bytes.take(count as usize).collect());
        }
        free(state);
    }
    Some(frames)
}

#[test]
fn ilbc_is_decoded_in_either_mode_and_concealed() {
    for (ms, bytes) in [(20, 38), (30, 50)] {
        let Some(frames) = ilbc_frames(&tone(60), ms) else { return };
        assert!(frames.iter().all(|frame| frame.len() == bytes));
        // The announced mode is the wrong one half of the time, and two frames come in one packet.
        for mode in [None, Some("20")] {
            let mut decoder = ilbc(mode).unwrap();
            let mut sound = Vec::new();
            assert!(frames.chunks(2).all(|pair| decoder.decode(&pair.concat(), &mut sound)));
            assert_eq!(sound.len(), 9_600);
            let pure = purity(&sound[1_600..], 300.0, 8_000.0);
            assert!(pure > 0.9, "{ms} ms: {pure}");
            assert!(decoder.conceal(250, &mut sound));
            assert_eq!(sound.len(), 9_850);
            assert!(sound[9_600..9_760].iter().any(|sample| sample.abs() > 500), "made up, not silent");
        }
    }
    assert!(!ilbc(None).unwrap().decode(&[0; 49], &mut Vec::new()));
}

/// A payload of each `frames` frames by libspeex's own encoder.
fn speex_payloads(mode: c_int, sound: &[i16], frame: usize, frames: usize) -> Option<Vec<Vec<u8>>> {
    type Coder = *mut c_void;
    type Bits = [u64; 32];
    let library = library(&["libspeex.so.1"])?;
    let mut payloads = Vec::new();
    // SAFETY: the types are those of speex.h and speex_bits.h; a SpeexBits is smaller than 256 bytes.
    unsafe {
        let mode_of =
            library.get::<unsafe extern "C" fn(c_int) -> *const c_void>(b"speex_lib_get_mode").unwrap();
        let init =
            library.get::<unsafe extern "C" fn(*const c_void) -> Coder>(b"speex_encoder_init").unwrap();
        let free = library.get::<unsafe extern "C" fn(Coder)>(b"speex_encoder_destroy").unwrap();
        type Encode = unsafe extern "C" fn(Coder, *mut i16, *mut Bits) -> c_int;
        let encode = library.get::<Encode>(b"speex_encode_int").unwrap();
        type OfBits = unsafe extern "C" fn(*mut Bits);
        let bits_init = library.get::<OfBits>(b"speex_bits_init").unwrap();
        let bits_reset = library.get::<OfBits>(b"speex_bits_reset").unwrap();
        let bits_destroy = library.get::<OfBits>(b"speex_bits_destroy").unwrap();
        type Write = unsafe extern "C" fn(*mut Bits, *mut u8, c_int) -> c_int;
        let write = library.get::<Write>(b"speex_bits_write").unwrap();
        let (state, mut bits) = (init(mode_of(mode)), [0u64; 32]);
        bits_init(&raw mut bits);
        for payload in sound.chunks_exact(frame * frames) {
            bits_reset(&raw mut bits);
            for block in payload.chunks_exact(frame) {
                let mut block = block.to_vec();
                encode(state, block.as_mut_ptr(), &raw mut bits);
            }
            let mut bytes = vec![0; 400];
            let count = write(&raw mut bits, bytes.as_mut_ptr(), 400);
            bytes.truncate(count as usize);
            payloads.push(bytes);
        }
        bits_destroy(&raw mut bits);
        free(state);
    }
    Some(payloads)
}

#[test]
fn speex_is_decoded_in_every_mode() {
    for (mode, rate, frame) in [(0, 8_000, 160), (1, 16_000, 320), (2, 32_000, 640)] {
        for frames in [1, 3] {
            let Some(payloads) = speex_payloads(mode, &tone(240), frame, frames) else { return };
            let mut decoder = speex(rate).unwrap();
            let mut sound = Vec::new();
            assert!(payloads.iter().all(|payload| decoder.decode(payload, &mut sound)));
            assert_eq!(sound.len(), 240 * 160);
            // A tone of 300 Hz at 8 kHz.
            let pure = purity(&sound[3_200..], 300.0 * f64::from(rate) / 8_000.0, f64::from(rate));
            assert!(pure > 0.8, "{rate} Hz, {frames} frames: {pure}");
        }
    }
    assert!(speex(44_100).is_err());
}

#[test]
fn amr_wb_is_decoded() {
    let Some(library) = library(&["libvo-amrwbenc.so.0"]) else { return };
    type Encode = unsafe extern "C" fn(*mut c_void, i16, *const i16, *mut u8, i16) -> c_int;
    let mut payloads = Vec::new();
    // SAFETY: the types are those of vo-amrwbenc/enc_if.h; no frame is longer than 61 bytes.
    unsafe {
        let init = library.get::<unsafe extern "C" fn() -> *mut c_void>(b"E_IF_init").unwrap();
        let encode = library.get::<Encode>(b"E_IF_encode").unwrap();
        let exit = library.get::<unsafe extern "C" fn(*mut c_void)>(b"E_IF_exit").unwrap();
        let state = init();
        for frame in tone(100).chunks(320) {
            let mut bytes = [0; 64];
            let count = encode(state, 2, frame.as_ptr(), bytes.as_mut_ptr(), 0) as usize;
            payloads.push(bytes[..count].to_vec());
        }
        exit(state);
    }
    for octet_aligned in [true, false] {
        let Ok(mut decoder) = amr(Packing::new(true, octet_aligned)) else { return };
        let mut sound = Vec::new();
        for frame in &payloads {
            assert!(decoder.decode(&rtp_payload(frame, octet_aligned, 253), &mut sound));
        }
        assert_eq!(sound.len(), 50 * 320);
        let pure = purity(&sound[3_200..], 600.0, 16_000.0);
        assert!(pure > 0.9, "octet-aligned {octet_aligned}: {pure}");
    }
}

/// Packets of 20 ms by libopus's own encoder, each with a copy of the one before it.
fn opus_packets(sound: &[i16]) -> Option<Vec<Vec<u8>>> {
    type Make = unsafe extern "C" fn(i32, c_int, c_int, *mut c_int) -> *mut c_void;
    type Set = unsafe extern "C" fn(*mut c_void, c_int, ...) -> c_int;
    type Encode = unsafe extern "C" fn(*mut c_void, *const i16, c_int, *mut u8, i32) -> i32;
    let library = library(&["libopus.so.0"])?;
    let mut packets = Vec::new();
    // SAFETY: the types are those of opus.h; the requests 4002, 4012 and 4014 take an int each (bit rate, forward
    // error correction, expected loss), and 2048 is speech.
    unsafe {
        let make = library.get::<Make>(b"opus_encoder_create").unwrap();
        let set = library.get::<Set>(b"opus_encoder_ctl").unwrap();
        let encode = library.get::<Encode>(b"opus_encode").unwrap();
        let free = library.get::<unsafe extern "C" fn(*mut c_void)>(b"opus_encoder_destroy").unwrap();
        let state = make(16_000, 1, 2_048, ptr::null_mut());
        for (request, value) in [(4_002, 24_000), (4_012, 1), (4_014, 25)] {
            assert_eq!(set(state, request, value as c_int), 0);
        }
        for block in sound.chunks_exact(320) {
            let mut bytes = vec![0; 400];
            let count = encode(state, block.as_ptr(), 320, bytes.as_mut_ptr(), 400);
            bytes.truncate(count as usize);
            packets.push(bytes);
        }
        free(state);
    }
    Some(packets)
}

#[test]
fn a_lost_opus_packet_is_taken_from_the_copy_in_the_next_one() {
    // A voice that changes its pitch from packet 30 on, which is lost.
    let hum = |n: usize| {
        let pitch = if n < 30 * 320 { 200.0 } else { 310.0 };
        let harmonic = |k: i32| (TAU * pitch * f64::from(k) * n as f64 / 16_000.0).sin() / f64::from(k);
        (5_000.0 * (1..6).map(harmonic).sum::<f64>()) as i16
    };
    let Some(packets) = opus_packets(&(0..40 * 320).map(hum).collect::<Vec<_>>()) else { return };
    let heard = |has_copy: bool| {
        let (mut decoder, mut sound) = (opus().unwrap(), Vec::new());
        for (n, packet) in packets.iter().enumerate() {
            match (n, has_copy) {
                (30, true) => assert!(decoder.conceal_before(&packets[31], 960, 960, &mut sound)),
                (30, false) => assert!(decoder.conceal(960, &mut sound)),
                _ => assert!(decoder.decode(packet, &mut sound)),
            }
        }
        assert_eq!(sound.len(), 40 * 960);
        // The encoder looks ahead by some ms.
        purity(&sound[30 * 960 + 400..31 * 960], 310.0, 48_000.0)
    };
    let (with, without) = (heard(true), heard(false));
    assert!(with > 2.0 * without, "{with} against {without}");
}

fn level(part: &[i16]) -> f64 {
    (part.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() / part.len() as f64).sqrt()
}

#[test]
fn pauses_of_g729_are_filled_with_its_own_noise() {
    let Ok(mut decoder) = g729() else { return };
    // A silence descriptor (G.729 annex B table B.2): one bit, five and four of the spectrum, five of the gain.
    let mut noise = |gain: u8| {
        let mut sound = Vec::new();
        assert!(decoder.decode(&[0; 10], &mut sound) && !decoder.is_resting());
        assert!(decoder.decode(&[0, gain << 1], &mut sound) && decoder.is_resting());
        assert!(decoder.conceal(800, &mut sound));
        let (told, goes_on) = (level(&sound[80..160]), level(&sound[160..240]));
        assert!((0.8..1.25).contains(&(goes_on / told)), "{goes_on} after {told}");
        goes_on
    };
    assert!(noise(24) > 5.0 * noise(12), "as loud as described");
}

#[test]
fn pauses_of_amr_are_filled_with_its_own_noise() {
    let Some(library) = library(&["libopencore-amrnb.so.0"]) else { return };
    type Encode = unsafe extern "C" fn(*mut c_void, c_int, *const i16, *mut u8, c_int) -> c_int;
    // A hum, then the faint noise of a room.
    let mut random = 1u32;
    let mut room = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 24) as i16 - 128
    };
    let spoken: Vec<i16> = tone(50).into_iter().chain((0..16_000).map(|_| room())).collect();
    let (mut decoder, mut sound, mut pauses) = (amr(Packing::new(false, true)).unwrap(), Vec::new(), 0);
    // SAFETY: the types are those of opencore-amrnb/interf_enc.h; no frame is longer than 32 bytes.
    unsafe {
        let init =
            library.get::<unsafe extern "C" fn(c_int) -> *mut c_void>(b"Encoder_Interface_init").unwrap();
        let encode = library.get::<Encode>(b"Encoder_Interface_Encode").unwrap();
        let exit = library.get::<unsafe extern "C" fn(*mut c_void)>(b"Encoder_Interface_exit").unwrap();
        let state = init(1);
        for block in spoken.chunks_exact(160) {
            let mut bytes = [0; 64];
            let count = encode(state, 7, block.as_ptr(), bytes.as_mut_ptr(), 0) as usize;
            if bytes[0] >> 3 != crate::amr::NO_DATA {
                assert!(decoder.decode(&rtp_payload(&bytes[..count], true, 0), &mut sound));
                continue;
            }
            assert!(decoder.is_resting(), "nothing is sent without a description of the noise before");
            assert!(decoder.conceal(160, &mut sound));
            pauses += 1;
        }
        exit(state);
    }
    assert!(pauses > 30, "{pauses}");
    let levels: Vec<f64> = sound[sound.len() - 8_000..].chunks(160).map(level).collect();
    assert!(levels.iter().all(|level| (15.0..200.0).contains(level)), "{levels:?}");
}
