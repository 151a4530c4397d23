//! Opus by libopus.

use std::ffi::{c_int, c_short, c_uchar, c_void};
use std::ptr;

use super::{Free, Made, Named, State, functions};
use crate::decoder::Decoder;

type OpusDecode = unsafe extern "C" fn(*mut c_void, *const c_uchar, i32, *mut c_short, c_int, c_int) -> c_int;

struct Opus {
    state: State,
    decode: OpusDecode,
    is_resting: bool,
}

/// The longest packet that Opus knows: 120 ms at 48 kHz.
const OPUS_MOST: usize = 5_760;
/// What it makes up comes in steps of 2.5 ms.
const OPUS_STEP: usize = 120;

/// Opus by libopus, mono.
pub(crate) fn opus() -> Made {
    let named = Named {
        codec: "Opus",
        files: &["libopus.so.0", "libopus.0.dylib", "opus.dll"],
        package: "Debian: apt install libopus0",
    };
    let library = named.load()?;
    let (create, decode, destroy) = functions!(
        named, library,
        "opus_decoder_create" => unsafe extern "C" fn(i32, c_int, *mut c_int) -> *mut c_void,
        "opus_decode" => OpusDecode,
        "opus_decoder_destroy" => unsafe extern "C" fn(*mut c_void),
    );
    let mut error = 0;
    // SAFETY: `error` outlives the call; 48 kHz and one channel are values that the library takes.
    let pointer = unsafe { create(48_000, 1, &raw mut error) };
    Ok(Box::new(Opus {
        state: State::new(&named, pointer, Free::Nothing(destroy), library)?,
        decode,
        is_resting: false,
    }))
}

impl Opus {
    fn call(&mut self, payload: Option<&[u8]>, most: usize, is_copy: bool, sound: &mut Vec<i16>) -> bool {
        let Ok(length) = i32::try_from(payload.map_or(0, <[u8]>::len)) else { return false };
        let mut room = [0; OPUS_MOST];
        let most = most.min(OPUS_MOST);
        let data = payload.map_or(ptr::null(), <[u8]>::as_ptr);
        // SAFETY: `length` bytes are there (a null pointer with 0 asks for concealment), and room for `most` samples.
        let count = unsafe {
            (self.decode)(
                self.state.get(),
                data,
                length,
                room.as_mut_ptr(),
                most as c_int,
                c_int::from(is_copy),
            )
        };
        let made = usize::try_from(count).ok().and_then(|count| room.get(..count));
        sound.extend(made.unwrap_or_default());
        count > 0
    }
}

impl Decoder for Opus {
    fn rate(&self) -> u32 {
        48_000
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) -> bool {
        // Two bytes hold no frame (RFC 6716 section 2.1.9): the sender is about to pause.
        self.is_resting = payload.len() <= 2;
        !payload.is_empty() && self.call(Some(payload), OPUS_MOST, false, sound)
    }

    fn conceal(&mut self, samples: usize, sound: &mut Vec<i16>) -> bool {
        let from = sound.len();
        while sound.len() - from < samples {
            let left = (samples - (sound.len() - from)).next_multiple_of(OPUS_STEP).min(960);
            if !self.call(None, left, false, sound) {
                break;
            }
        }
        // The caller cuts or fills up.
        sound.truncate(from + samples);
        true
    }

    fn conceal_before(&mut self, next: &[u8], last: usize, samples: usize, sound: &mut Vec<i16>) -> bool {
        // A packet bears a copy of the one before it only.
        let (copied, from) = (last.min(samples), sound.len());
        self.conceal(samples - copied, sound);
        sound.resize(from + samples - copied, 0);
        if next.is_empty()
            || copied == 0
            || copied % OPUS_STEP != 0
            || !self.call(Some(next), copied, true, sound)
        {
            return self.conceal(copied, sound);
        }
        true
    }

    fn is_resting(&self) -> bool {
        self.is_resting
    }

    fn by(&self) -> &'static str {
        "libopus"
    }
}
