//! G.722 and G.726 by SpanDSP.

use std::ffi::{c_int, c_void};
use std::ptr;

use super::{Free, Made, Named, State, functions};
use crate::decoder::Decoder;

type SpanDecode = unsafe extern "C" fn(*mut c_void, *mut i16, *const u8, c_int) -> c_int;

/// Either codec of SpanDSP.
struct Span {
    state: State,
    decode: SpanDecode,
    rate: u32,
    /// Samples that a byte gives at most.
    per_byte: usize,
}

pub(super) const SPANDSP: &[&str] = &["libspandsp.so.2", "libspandsp.2.dylib", "spandsp.dll"];

/// G.722 at 64 kbit/s by SpanDSP.
pub(crate) fn g722() -> Made {
    let named = Named { codec: "G.722", files: SPANDSP, package: "Debian: apt install libspandsp2" };
    let library = named.load()?;
    let (create, decode, free) = functions!(
        named, library,
        "g722_decode_init" => unsafe extern "C" fn(*mut c_void, c_int, c_int) -> *mut c_void,
        "g722_decode" => SpanDecode,
        "g722_decode_free" => unsafe extern "C" fn(*mut c_void) -> c_int,
    );
    // SAFETY: a null pointer asks for a new state; 64000 is one of the rates.
    let pointer = unsafe { create(ptr::null_mut(), 64_000, 0) };
    let state = State::new(&named, pointer, Free::Number(free), library)?;
    Ok(Box::new(Span { state, decode, rate: 16_000, per_byte: 2 }))
}

/// G.726 by SpanDSP. `is_aal2`: packed from the highest bit on (I.366.2) instead of from the lowest (RFC 3551).
pub(crate) fn g726(bit_rate: u32, is_aal2: bool) -> Made {
    let named = Named { codec: "G.726", files: SPANDSP, package: "Debian: apt install libspandsp2" };
    let library = named.load()?;
    let (create, decode, free) = functions!(
        named, library,
        "g726_init" => unsafe extern "C" fn(*mut c_void, c_int, c_int, c_int) -> *mut c_void,
        "g726_decode" => SpanDecode,
        "g726_free" => unsafe extern "C" fn(*mut c_void) -> c_int,
    );
    let (linear, packing) = (0, if is_aal2 { 1 } else { 2 });
    // SAFETY: a null pointer asks for a new state; the rate is one of the four, linear samples, either packing.
    let pointer = unsafe { create(ptr::null_mut(), bit_rate as c_int, linear, packing) };
    let state = State::new(&named, pointer, Free::Number(free), library)?;
    Ok(Box::new(Span { state, decode, rate: 8_000, per_byte: 4 }))
}

impl Decoder for Span {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) -> bool {
        let Ok(length) = c_int::try_from(payload.len()) else { return false };
        // Bits left over from the payload before may make one more.
        let mut room = vec![0; payload.len() * self.per_byte + 8];
        // SAFETY: `length` bytes are there, and room for all samples that they can give.
        let count = unsafe { (self.decode)(self.state.get(), room.as_mut_ptr(), payload.as_ptr(), length) };
        let made = usize::try_from(count).ok().and_then(|count| room.get(..count));
        sound.extend(made.unwrap_or_default());
        count > 0
    }

    fn by(&self) -> &'static str {
        "SpanDSP"
    }
}
