//! iLBC (RFC 3951) by libilbc, which has its decoder from WebRTC.

use std::ffi::{c_int, c_void};
use std::ptr;

use libloading::Library;

use super::{Free, Made, Named, State, functions};
use crate::decoder::{Decoder, Missing};

/// Bytes of a frame of 20 and of 30 ms, and their samples (RFC 3952 section 3).
const SHORT: (usize, usize) = (38, 160);
const LONG: (usize, usize) = (50, 240);
/// Samples of the longest frame, with room to spare.
const ROOM: usize = 960;

type Make = unsafe extern "C" fn(*mut *mut c_void) -> i16;
type Begin = unsafe extern "C" fn(*mut c_void, i16) -> i16;
type Release = unsafe extern "C" fn(*mut c_void) -> i16;
type Decode = unsafe extern "C" fn(*mut c_void, *const u16, usize, *mut i16, *mut i16) -> c_int;
type Lost = unsafe extern "C" fn(*mut c_void, *mut i16, usize) -> usize;
/// Of version 2, which counts in 16 bits.
type DecodeOfOld = unsafe extern "C" fn(*mut c_void, *const u16, i16, *mut i16, *mut i16) -> i16;
type LostOfOld = unsafe extern "C" fn(*mut c_void, *mut i16, i16) -> i16;

/// What the two versions of the library do differently.
enum Version {
    Three { decode: Decode, lost: Lost },
    Two { decode: DecodeOfOld, lost: LostOfOld },
}

struct Ilbc {
    state: State,
    begin: Begin,
    version: Version,
    /// Bytes and samples of the frames that the state is made for.
    frame: (usize, usize),
}

const THREE: Named = Named {
    codec: "iLBC",
    files: &["libilbc.so.3", "libilbc.3.dylib", "ilbc.dll"],
    package: "package libilbc or ilbc; Debian 12 has none",
};
const TWO: Named = Named { files: &["libilbc.so.2", "libilbc.2.dylib"], ..THREE };

/// iLBC, frames of `mode` ms until payloads show others.
pub(crate) fn ilbc(mode: Option<&str>) -> Made {
    let frame = if mode == Some("20") { SHORT } else { LONG };
    let version_three = |library: &Library| -> Result<Version, Missing> {
        let (decode, lost) = functions!(
            THREE, library,
            "WebRtcIlbcfix_Decode" => Decode,
            "WebRtcIlbcfix_DecodePlc" => Lost,
        );
        Ok(Version::Three { decode, lost })
    };
    let version_two = |library: &Library| -> Result<Version, Missing> {
        let (decode, lost) = functions!(
            TWO, library,
            "WebRtcIlbcfix_Decode" => DecodeOfOld,
            "WebRtcIlbcfix_DecodePlc" => LostOfOld,
        );
        Ok(Version::Two { decode, lost })
    };
    match THREE.load() {
        Ok(library) => made(&THREE, version_three(&library)?, library, frame),
        Err(missing) => {
            let library = TWO.load().map_err(|_| missing)?;
            made(&TWO, version_two(&library)?, library, frame)
        }
    }
}

fn made(named: &Named, version: Version, library: Library, frame: (usize, usize)) -> Made {
    let (make, begin, release) = functions!(
        named, library,
        "WebRtcIlbcfix_DecoderCreate" => Make,
        "WebRtcIlbcfix_DecoderInit" => Begin,
        "WebRtcIlbcfix_DecoderFree" => Release,
    );
    let mut pointer = ptr::null_mut();
    // SAFETY: `pointer` outlives the call, which stores the new state there.
    if unsafe { make(&raw mut pointer) } != 0 {
        pointer = ptr::null_mut();
    }
    let state = State::new(named, pointer, Free::Short(release), library)?;
    let mut ilbc = Ilbc { state, begin, version, frame };
    ilbc.begin(frame);
    Ok(Box::new(ilbc))
}

impl Ilbc {
    fn begin(&mut self, frame: (usize, usize)) {
        self.frame = frame;
        // SAFETY: the state is this library's; 20 and 30 are the modes.
        unsafe { (self.begin)(self.state.get(), (frame.1 / 8) as i16) };
    }

    fn frame(&mut self, frame: &[u8], sound: &mut Vec<i16>) -> bool {
        // The bits are read as words of 16 bits, in the order of the bytes.
        let mut words = [0u16; LONG.0 / 2];
        let pairs = frame.chunks_exact(2).map(|pair| u16::from_ne_bytes([pair[0], pair[1]]));
        words.iter_mut().zip(pairs).for_each(|(to, from)| *to = from);
        let (mut room, mut kind, length) = ([0; ROOM], 0i16, self.frame.0);
        let (state, bits, kind) = (self.state.get(), words.as_ptr(), &raw mut kind);
        // SAFETY: the words hold the `length` bytes of one frame (38 or 50), which gives at most 240 samples.
        let count = unsafe {
            match self.version {
                Version::Three { decode, .. } => decode(state, bits, length, room.as_mut_ptr(), kind),
                Version::Two { decode, .. } => {
                    c_int::from(decode(state, bits, length as i16, room.as_mut_ptr(), kind))
                }
            }
        };
        let made = usize::try_from(count).ok().and_then(|count| room.get(..count));
        sound.extend(made.unwrap_or_default());
        count > 0
    }

    fn lost(&mut self, sound: &mut Vec<i16>) -> bool {
        let mut room = [0; ROOM];
        let state = self.state.get();
        // SAFETY: one frame gives at most 240 samples.
        let count = unsafe {
            match self.version {
                Version::Three { lost, .. } => lost(state, room.as_mut_ptr(), 1),
                Version::Two { lost, .. } => usize::try_from(lost(state, room.as_mut_ptr(), 1)).unwrap_or(0),
            }
        };
        sound.extend(room.get(..count).unwrap_or_default());
        count > 0
    }
}

impl Decoder for Ilbc {
    fn rate(&self) -> u32 {
        8_000
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) -> bool {
        let fits = |frame: &(usize, usize)| !payload.is_empty() && payload.len().is_multiple_of(frame.0);
        // What was sent counts, not what was announced.
        let Some(frame) = [self.frame, LONG, SHORT].into_iter().find(fits) else { return false };
        if frame != self.frame {
            self.begin(frame);
        }
        payload.chunks_exact(frame.0).all(|frame| self.frame(frame, sound))
    }

    fn conceal(&mut self, samples: usize, sound: &mut Vec<i16>) -> bool {
        let end = sound.len() + samples;
        while sound.len() < end && self.lost(sound) {}
        sound.truncate(end);
        true
    }

    fn by(&self) -> &'static str {
        "libilbc"
    }
}
