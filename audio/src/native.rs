//! Codec libraries of the system, loaded when they are first needed. The only unsafe code of this crate.
//!
//! Each library is a small, old C interface whose functions and sonames have not changed for years; libavcodec has
//! more codecs, but its structures change with every major version, so it is not used. What is trusted: that a
//! library of that name has the interface of its header files. What is kept: every buffer handed over is at least
//! as long as the library may read or write, every state is used by one decoder and freed once, and a library
//! stays loaded as long as a state of it.

use std::ffi::{c_int, c_short, c_uchar, c_void};
use std::ptr::{self, NonNull};

use libloading::Library;

use crate::amr::{Frame, Packing};
use crate::decoder::{Decoder, Missing};

type Made = Result<Box<dyn Decoder>, Missing>;

/// A library by its file names, newest interface first, and the package that holds it.
struct Named {
    codec: &'static str,
    files: &'static [&'static str],
    package: &'static str,
}

impl Named {
    fn load(&self) -> Result<Library, Missing> {
        let found = self.files.iter().find_map(|file| {
            // SAFETY: the initialisers of these codec libraries do nothing beyond their own tables.
            unsafe { Library::new(*file) }.ok()
        });
        found.ok_or_else(|| {
            let (codec, file, package) = (self.codec, self.files.first().unwrap_or(&""), self.package);
            Missing(format!("{codec}: {file} is not installed (Debian: apt install {package})"))
        })
    }

    fn other(&self, symbol: &str) -> Missing {
        let (codec, file) = (self.codec, self.files.first().unwrap_or(&""));
        Missing(format!("{codec}: the {file} of this system has no {symbol}; install a newer one"))
    }
}

/// Takes functions out of a library: `functions!(named, library, name => type, ...)` gives them as a tuple.
macro_rules! functions {
    ($named:expr, $library:expr, $($name:expr => $kind:ty),+ $(,)?) => {
        ($(
            // SAFETY: the type is that of the function's declaration in the library's header file, and the
            // pointer is kept no longer than the library.
            *unsafe { $library.get::<$kind>($name.as_bytes()) }.map_err(|_| $named.other($name))?
        ),+)
    };
}

/// A state made by a library, freed by it.
struct State {
    pointer: NonNull<c_void>,
    free: Free,
    /// Behind the pointers into it.
    _library: Library,
}

enum Free {
    Nothing(unsafe extern "C" fn(*mut c_void)),
    Number(unsafe extern "C" fn(*mut c_void) -> c_int),
}

impl State {
    fn new(named: &Named, pointer: *mut c_void, free: Free, library: Library) -> Result<Self, Missing> {
        let made = NonNull::new(pointer).map(|pointer| Self { pointer, free, _library: library });
        made.ok_or_else(|| Missing(format!("{}: its library made no decoder", named.codec)))
    }

    fn get(&self) -> *mut c_void {
        self.pointer.as_ptr()
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // SAFETY: the pointer came from this library's constructor and is freed here only.
        unsafe {
            match self.free {
                Free::Nothing(free) => free(self.get()),
                Free::Number(free) => _ = free(self.get()),
            }
        }
    }
}

// ---- Opus ----

type OpusDecode = unsafe extern "C" fn(*mut c_void, *const c_uchar, i32, *mut c_short, c_int, c_int) -> c_int;

struct Opus {
    state: State,
    decode: OpusDecode,
}

/// The longest packet that Opus knows: 120 ms at 48 kHz.
const OPUS_MOST: usize = 5_760;
/// What it makes up comes in steps of 2.5 ms.
const OPUS_STEP: usize = 120;

/// Opus by libopus, mono.
pub(crate) fn opus() -> Made {
    let named =
        Named { codec: "Opus", files: &["libopus.so.0", "libopus.0.dylib", "opus.dll"], package: "libopus0" };
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
    Ok(Box::new(Opus { state: State::new(&named, pointer, Free::Nothing(destroy), library)?, decode }))
}

impl Opus {
    fn call(&mut self, payload: Option<&[u8]>, most: usize, sound: &mut Vec<i16>) -> bool {
        let Ok(length) = i32::try_from(payload.map_or(0, <[u8]>::len)) else { return false };
        let mut room = [0; OPUS_MOST];
        let most = most.min(OPUS_MOST);
        let data = payload.map_or(ptr::null(), <[u8]>::as_ptr);
        // SAFETY: `length` bytes are there (a null pointer with 0 asks for concealment), and room for `most` samples.
        let count =
            unsafe { (self.decode)(self.state.get(), data, length, room.as_mut_ptr(), most as c_int, 0) };
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
        !payload.is_empty() && self.call(Some(payload), OPUS_MOST, sound)
    }

    fn conceal(&mut self, samples: usize, sound: &mut Vec<i16>) -> bool {
        let from = sound.len();
        while sound.len() - from < samples {
            let left = (samples - (sound.len() - from)).next_multiple_of(OPUS_STEP).min(960);
            if !self.call(None, left, sound) {
                break;
            }
        }
        // The caller cuts or fills up.
        sound.truncate(from + samples);
        true
    }

    fn by(&self) -> &'static str {
        "libopus"
    }
}

// ---- GSM 06.10 ----

type GsmDecode = unsafe extern "C" fn(*mut c_void, *const c_uchar, *mut c_short) -> c_int;

struct Gsm {
    state: State,
    decode: GsmDecode,
}

/// GSM full rate by libgsm.
pub(crate) fn gsm() -> Made {
    let named =
        Named { codec: "GSM", files: &["libgsm.so.1", "libgsm.dylib", "gsm.dll"], package: "libgsm1" };
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

// ---- G.729 ----

type G729Decode = unsafe extern "C" fn(*mut c_void, *const u8, u8, u8, u8, u8, *mut i16);

struct G729 {
    state: State,
    decode: G729Decode,
}

/// G.729 and its annexes A and B by bcg729.
pub(crate) fn g729() -> Made {
    let named = Named {
        codec: "G.729",
        files: &["libbcg729.so.0", "libbcg729.dylib", "bcg729.dll"],
        package: "libbcg729-0",
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
    Ok(Box::new(G729 { state: State::new(&named, pointer, Free::Nothing(destroy), library)?, decode }))
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
        payload.chunks(10).for_each(|frame| self.frame(frame, false, sound));
        true
    }

    fn conceal(&mut self, samples: usize, sound: &mut Vec<i16>) -> bool {
        let end = sound.len() + samples;
        while sound.len() < end {
            self.frame(&[0; 10], true, sound);
        }
        sound.truncate(end);
        true
    }

    fn by(&self) -> &'static str {
        "bcg729"
    }
}

// ---- G.722 and G.726 ----

type SpanDecode = unsafe extern "C" fn(*mut c_void, *mut i16, *const u8, c_int) -> c_int;

/// Either codec of SpanDSP.
struct Span {
    state: State,
    decode: SpanDecode,
    rate: u32,
    /// Samples that a byte gives at most.
    per_byte: usize,
}

const SPANDSP: &[&str] = &["libspandsp.so.2", "libspandsp.2.dylib", "spandsp.dll"];

/// G.722 at 64 kbit/s by SpanDSP.
pub(crate) fn g722() -> Made {
    let named = Named { codec: "G.722", files: SPANDSP, package: "libspandsp2" };
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
    let named = Named { codec: "G.726", files: SPANDSP, package: "libspandsp2" };
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

// ---- AMR and AMR-WB ----

type AmrDecode = unsafe extern "C" fn(*mut c_void, *const c_uchar, *mut c_short, c_int);

struct Amr {
    state: State,
    decode: AmrDecode,
    packing: Packing,
}

/// AMR or AMR-WB by opencore-amr.
pub(crate) fn amr(packing: Packing) -> Made {
    let (named, names) = if packing.wide {
        let files = &["libopencore-amrwb.so.0", "libopencore-amrwb.0.dylib", "opencore-amrwb.dll"];
        (
            Named { codec: "AMR-WB", files, package: "libopencore-amrwb0" },
            ["D_IF_init", "D_IF_decode", "D_IF_exit"],
        )
    } else {
        let files = &["libopencore-amrnb.so.0", "libopencore-amrnb.0.dylib", "opencore-amrnb.dll"];
        (
            Named { codec: "AMR", files, package: "libopencore-amrnb0" },
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
    Ok(Box::new(Amr { state: State::new(&named, pointer, Free::Nothing(exit), library)?, decode, packing }))
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
        frames.iter().for_each(|frame| self.frame(frame, sound));
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

    fn by(&self) -> &'static str {
        "opencore-amr"
    }
}

#[cfg(test)]
mod tests;
