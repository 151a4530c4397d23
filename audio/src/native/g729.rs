//! G.729 by bcg729.

use std::ffi::c_void;

use super::{Free, Made, Named, State, functions};
use crate::decoder::Decoder;

type G729Decode = unsafe extern "C" fn(*mut c_void, *const u8, u8, u8, u8, u8, *mut i16);

struct G729 {
    state: State,
    decode: G729Decode,
    is_resting: bool,
}

/// G.729 and its annexes A and B by bcg729.
pub(crate) fn g729() -> Made {
    let named = Named {
        codec: "G.729",
        files: &["libbcg729.so.0", "libbcg729.dylib", "bcg729.dll"],
        package: "Debian: apt install libbcg729-0",
    };
    let library = named.load()?;
    // Versions before annex B had another `bcg729Decoder` under the same soname, and not this function.
    let (create, decode, destroy, _annex_b) = functions!(
        named, library,
        "initBcg729DecoderChannel" => unsafe extern "C" fn() -> *mut c_void,
        "bcg729Decoder" => G729Decode,
        "closeBcg729DecoderChannel" => unsafe extern "C" fn(*mut c_void),
        "bcg729GetRFC3389Payload" => unsafe extern "C" fn(),
    );
    // SAFETY: takes nothing.
    let pointer = unsafe { create() };
    Ok(Box::new(G729 {
        state: State::new(&named, pointer, Free::Nothing(destroy), library)?,
        decode,
        is_resting: false,
    }))
}

impl G729 {
    fn frame(&mut self, frame: &[u8], is_erased: bool, sound: &mut Vec<i16>) {
        let mut bytes = [0; 10];
        bytes.iter_mut().zip(frame).for_each(|(to, from)| *to = *from);
        let is_silence = u8::from(frame.len() == 2);
        let mut room = [0; 80];
        let length = frame.len() as u8;
        // SAFETY: ten bytes are there whatever the length says, and room for the 80 samples of a frame.
        unsafe {
            let erased = u8::from(is_erased);
            (self.decode)(self.state.get(), bytes.as_ptr(), length, erased, is_silence, 0, room.as_mut_ptr());
        }
        sound.extend(room);
    }
}

impl Decoder for G729 {
    fn rate(&self) -> u32 {
        8_000
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) -> bool {
        if payload.is_empty() || !matches!(payload.len() % 10, 0 | 2) {
            return false;
        }
        self.is_resting = payload.len() % 10 == 2;
        payload.chunks(10).for_each(|frame| self.frame(frame, false, sound));
        true
    }

    fn conceal(&mut self, samples: usize, sound: &mut Vec<i16>) -> bool {
        let end = sound.len() + samples;
        while sound.len() < end {
            // After a silence descriptor, that is more of its noise.
            self.frame(&[0; 10], true, sound);
        }
        sound.truncate(end);
        true
    }

    fn is_resting(&self) -> bool {
        self.is_resting
    }

    fn by(&self) -> &'static str {
        "bcg729"
    }
}
