//! AMR and AMR-WB by opencore-amr.

use std::ffi::{c_int, c_short, c_uchar, c_void};

use super::{Free, Made, Named, State, functions};
use crate::amr::{Frame, Packing};
use crate::decoder::Decoder;

type AmrDecode = unsafe extern "C" fn(*mut c_void, *const c_uchar, *mut c_short, c_int);

struct Amr {
    state: State,
    decode: AmrDecode,
    packing: Packing,
    is_resting: bool,
}

/// AMR or AMR-WB by opencore-amr.
pub(crate) fn amr(packing: Packing) -> Made {
    let (named, names) = if packing.wide {
        let files = &["libopencore-amrwb.so.0", "libopencore-amrwb.0.dylib", "opencore-amrwb.dll"];
        (
            Named { codec: "AMR-WB", files, package: "Debian: apt install libopencore-amrwb0" },
            ["D_IF_init", "D_IF_decode", "D_IF_exit"],
        )
    } else {
        let files = &["libopencore-amrnb.so.0", "libopencore-amrnb.0.dylib", "opencore-amrnb.dll"];
        (
            Named { codec: "AMR", files, package: "Debian: apt install libopencore-amrnb0" },
            ["Decoder_Interface_init", "Decoder_Interface_Decode", "Decoder_Interface_exit"],
        )
    };
    let library = named.load()?;
    let (create, decode, exit) = functions!(
        named, library,
        names[0] => unsafe extern "C" fn() -> *mut c_void,
        names[1] => AmrDecode,
        names[2] => unsafe extern "C" fn(*mut c_void),
    );
    // SAFETY: takes nothing.
    let pointer = unsafe { create() };
    Ok(Box::new(Amr {
        state: State::new(&named, pointer, Free::Nothing(exit), library)?,
        decode,
        packing,
        is_resting: false,
    }))
}

impl Amr {
    fn frame(&mut self, frame: &Frame, sound: &mut Vec<i16>) {
        let mut room = [0; 320];
        // SAFETY: no frame is longer than 62 bytes, and none gives more than 320 samples.
        unsafe { (self.decode)(self.state.get(), frame.as_ptr(), room.as_mut_ptr(), 0) };
        sound.extend(&room[..self.samples()]);
    }

    /// Of a frame of 20 ms.
    fn samples(&self) -> usize {
        if self.packing.wide { 320 } else { 160 }
    }
}

impl Decoder for Amr {
    fn rate(&self) -> u32 {
        if self.packing.wide { 16_000 } else { 8_000 }
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) -> bool {
        let Some(frames) = self.packing.frames(payload) else { return false };
        for frame in &frames {
            self.is_resting = self.packing.is_rest(frame).unwrap_or(self.is_resting);
            self.frame(frame, sound);
        }
        true
    }

    fn conceal(&mut self, samples: usize, sound: &mut Vec<i16>) -> bool {
        let end = sound.len() + samples;
        while sound.len() < end {
            self.frame(&Packing::nothing(), sound);
        }
        sound.truncate(end);
        true
    }

    fn is_resting(&self) -> bool {
        self.is_resting
    }

    fn by(&self) -> &'static str {
        "opencore-amr"
    }
}
