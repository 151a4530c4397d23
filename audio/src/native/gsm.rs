//! GSM full rate (06.10) by libgsm.

use std::ffi::{c_int, c_short, c_uchar, c_void};

use super::{Free, Made, Named, State, functions};
use crate::decoder::Decoder;

type GsmDecode = unsafe extern "C" fn(*mut c_void, *const c_uchar, *mut c_short) -> c_int;

struct Gsm {
    state: State,
    decode: GsmDecode,
}

/// GSM full rate by libgsm.
pub(crate) fn gsm() -> Made {
    let named = Named {
        codec: "GSM",
        files: &["libgsm.so.1", "libgsm.dylib", "gsm.dll"],
        package: "Debian: apt install libgsm1",
    };
    let library = named.load()?;
    let (create, decode, destroy) = functions!(
        named, library,
        "gsm_create" => unsafe extern "C" fn() -> *mut c_void,
        "gsm_decode" => GsmDecode,
        "gsm_destroy" => unsafe extern "C" fn(*mut c_void),
    );
    // SAFETY: takes nothing.
    let pointer = unsafe { create() };
    Ok(Box::new(Gsm { state: State::new(&named, pointer, Free::Nothing(destroy), library)?, decode }))
}

impl Decoder for Gsm {
    fn rate(&self) -> u32 {
        8_000
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) -> bool {
        let frames = payload.chunks_exact(33);
        let is_whole = !payload.is_empty() && frames.remainder().is_empty();
        for frame in frames.filter(|_| is_whole) {
            let mut room = [0; 160];
            // SAFETY: a frame is 33 bytes, and gives 160 samples.
            if unsafe { (self.decode)(self.state.get(), frame.as_ptr(), room.as_mut_ptr()) } < 0 {
                return false;
            }
            sound.extend(room);
        }
        is_whole
    }

    fn by(&self) -> &'static str {
        "libgsm"
    }
}
