//! Codec libraries of the system, loaded when they are first needed. The only unsafe code of this crate.
//!
//! Each library is a small, old C interface whose functions and sonames have not changed for years; libavcodec has
//! more codecs, but its structures change with every major version, so it is not used. What is trusted: that a
//! library of that name has the interface of its header files. What is kept: every buffer handed over is at least
//! as long as the library may read or write, every state is used by one decoder and freed once, and a library
//! stays loaded as long as a state of it.

mod amr;
mod g729;
mod gsm;
mod ilbc;
mod opus;
mod spandsp;
mod speex;
#[cfg(test)]
mod tests;

pub(crate) use amr::amr;
pub(crate) use g729::g729;
pub(crate) use gsm::gsm;
pub(crate) use ilbc::ilbc;
pub(crate) use opus::opus;
pub(crate) use spandsp::{g722, g726};
pub(crate) use speex::speex;

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;

use libloading::Library;

use crate::decoder::{Decoder, Missing};

type Made = Result<Box<dyn Decoder>, Missing>;

/// A library by its file names, newest interface first, and where it is to be had.
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
            Missing(format!("{codec}: {file} is not installed ({package})"))
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
    Short(unsafe extern "C" fn(*mut c_void) -> i16),
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
                Free::Short(free) => _ = free(self.get()),
            }
        }
    }
}

use functions;
