//! The decoders against the encoders of the same libraries, and against payloads that nobody meant well.

use super::*;
use std::f64::consts::TAU;

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
            assert!(decoder.decode(&rtp_payload(frame, octet_aligned), &mut sound));
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
fn rtp_payload(frame: &[u8], octet_aligned: bool) -> Vec<u8> {
    if octet_aligned {
        return [&[0xf0], frame].concat();
    }
    let kind_and_quality = u64::from(frame[0] >> 2 & 0x1f);
    let bits = (0..4).map(|_| 1).chain([0]).chain((0..5).rev().map(|n| (kind_and_quality >> n & 1) as u8));
    let speech = frame[1..].iter().flat_map(|byte| (0..8).rev().map(move |n| byte >> n & 1)).take(244);
    let bits: Vec<u8> = bits.chain(speech).collect();
    bits.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |sum, (n, bit)| sum | bit << (7 - n))).collect()
}

#[test]
fn concealment_gives_as_much_as_it_was_asked_for() {
    for made in [opus(), g729(), amr(Packing::new(true, true))] {
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
    let all = [opus(), gsm(), g729(), g722(), g726(24_000, false), amr(Packing::new(false, false))];
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
    let named = Named { codec: "G.999", files: &["libairtone-no-such.so.7"], package: "libg999-7" };
    let missing = named.load().err().unwrap();
    assert_eq!(missing.0, "G.999: libairtone-no-such.so.7 is not installed (Debian: apt install libg999-7)");
}
