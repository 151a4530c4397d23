//! Speex (RFC 5574) by libspeex.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use super::{Free, Made, Named, State, functions};
use crate::decoder::{Decoder, Missing};

/// `SPEEX_GET_FRAME_SIZE`
const FRAME_SIZE: c_int = 3;
/// No frame of any mode has more samples.
const ROOM: usize = 2_048;
/// A payload is 120 ms at most in practice; a hostile one holds mere frames of silence.
const MOST_FRAMES: usize = 32;
/// Fewer bits are padding (RFC 5574 section 3.3).
const PADDING: c_int = 5;

/// Room for a `SpeexBits`: three pointers and a few integers, all of them the library's business.
type Bits = [u64; 32];
type OfBits = unsafe extern "C" fn(*mut Bits);
type Decode = unsafe extern "C" fn(*mut c_void, *mut Bits, *mut i16) -> c_int;

struct Speex {
    state: State,
    bits: Box<Bits>,
    rate: u32,
    frame: usize,
    read: unsafe extern "C" fn(*mut Bits, *const c_char, c_int),
    left: unsafe extern "C" fn(*mut Bits) -> c_int,
    decode: Decode,
    destroy: OfBits,
}

/// Narrowband, wideband or ultra-wideband by the clock.
pub(crate) fn speex(rate: u32) -> Made {
    let mode = match rate {
        8_000 => 0,
        16_000 => 1,
        32_000 => 2,
        _ => return Err(Missing(format!("Speex: it has no mode of {rate} Hz"))),
    };
    let named = Named {
        codec: "Speex",
        files: &["libspeex.so.1", "libspeex.1.dylib", "speex.dll"],
        package: "Debian: apt install libspeex1",
    };
    let library = named.load()?;
    let (mode_of, create, ctl, free) = functions!(
        named, library,
        "speex_lib_get_mode" => unsafe extern "C" fn(c_int) -> *const c_void,
        "speex_decoder_init" => unsafe extern "C" fn(*const c_void) -> *mut c_void,
        "speex_decoder_ctl" => unsafe extern "C" fn(*mut c_void, c_int, *mut c_void) -> c_int,
        "speex_decoder_destroy" => unsafe extern "C" fn(*mut c_void),
    );
    let (init, destroy, read, left, decode) = functions!(
        named, library,
        "speex_bits_init" => OfBits,
        "speex_bits_destroy" => OfBits,
        "speex_bits_read_from" => unsafe extern "C" fn(*mut Bits, *const c_char, c_int),
        "speex_bits_remaining" => unsafe extern "C" fn(*mut Bits) -> c_int,
        "speex_decode_int" => Decode,
    );
    // SAFETY: 0 to 2 are the modes of the library, and a mode that it does not give is not used.
    let pointer = unsafe {
        let mode = mode_of(mode);
        if mode.is_null() { ptr::null_mut() } else { create(mode) }
    };
    let state = State::new(&named, pointer, Free::Nothing(free), library)?;
    let mut size: c_int = 0;
    // SAFETY: this request stores an int, which outlives the call.
    unsafe { ctl(state.get(), FRAME_SIZE, (&raw mut size).cast()) };
    let Some(frame) = usize::try_from(size).ok().filter(|size| (1..=ROOM).contains(size)) else {
        return Err(Missing(format!("Speex: its library gives frames of {size} samples")));
    };
    let mut bits: Box<Bits> = Box::new([0; 32]);
    // SAFETY: a SpeexBits is smaller than `Bits`; it stays where it is until it is destroyed.
    unsafe { init(&raw mut *bits) };
    Ok(Box::new(Speex { state, bits, rate, frame, read, left, decode, destroy }))
}

impl Drop for Speex {
    fn drop(&mut self) {
        // SAFETY: made in `speex`, destroyed here only, before the library goes.
        unsafe { (self.destroy)(&raw mut *self.bits) };
    }
}

impl Speex {
    /// The next frame of the payload, or one that is made up.
    fn frame(&mut self, is_lost: bool, sound: &mut Vec<i16>) -> bool {
        let mut room = [0; ROOM];
        let bits = if is_lost { ptr::null_mut() } else { &raw mut *self.bits };
        // SAFETY: the state is this library's, a null pointer asks for concealment, and a frame fits into `room`.
        let is_read = unsafe { (self.decode)(self.state.get(), bits, room.as_mut_ptr()) } == 0;
        if is_read {
            sound.extend(&room[..self.frame]);
        }
        is_read
    }
}

impl Decoder for Speex {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) -> bool {
        let Ok(length) = c_int::try_from(payload.len()) else { return false };
        let from = sound.len();
        // SAFETY: `length` bytes are there; the library copies them.
        unsafe { (self.read)(&raw mut *self.bits, payload.as_ptr().cast(), length) };
        for _ in 0..MOST_FRAMES {
            // SAFETY: the bits are those that were just read.
            if unsafe { (self.left)(&raw mut *self.bits) } < PADDING || !self.frame(false, sound) {
                break;
            }
        }
        sound.len() > from
    }

    fn conceal(&mut self, samples: usize, sound: &mut Vec<i16>) -> bool {
        let end = sound.len() + samples;
        while sound.len() < end && self.frame(true, sound) {}
        sound.truncate(end);
        true
    }

    fn by(&self) -> &'static str {
        "libspeex"
    }
}
