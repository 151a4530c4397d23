//! A libairtone that was loaded at run time, as the safe twin of [`::airtone_engine::Engine`].
//!
//! The declarations in `bindings.rs` are generated from `airtone.h`; `convert` makes its structures, this file
//! makes the calls. What stays unsafe is one thing: whoever names a file trusts that it is a libairtone.

#[allow(dead_code, missing_docs, non_camel_case_types, unsafe_op_in_unsafe_fn)]
#[allow(clippy::all, clippy::undocumented_unsafe_blocks)]
mod bindings;
mod convert;

use std::marker::PhantomData;
use std::mem::size_of;
use std::path::Path;
use std::ptr;

use ::airtone_engine::observation::Observed;
use ::airtone_engine::{Config, Nanos, Packet, SourceInfo};
use airtone_report::View;
use airtone_report::text::Style;

use bindings::{Libairtone, airtone_engine, airtone_status, airtone_str};

/// Why a library cannot be used, or what it answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file, it is no library of this system, or no libairtone.
    #[error("cannot be loaded as libairtone: {}", reason(.0))]
    Load(#[from] libloading::Error),
    /// Its interface is not the one that this program was built with.
    #[error(
        "has interface {min} to {version}, this program needs {}: install both of one version",
        bindings::AIRTONE_ABI_VERSION
    )]
    Abi {
        /// `airtone_abi_min()`
        min: u32,
        /// `airtone_abi_version()`
        version: u32,
    },
    /// A call failed.
    #[error("{text} (status {status})")]
    Call {
        /// `AIRTONE_E_*`
        status: u32,
        /// The library's words.
        text: String,
    },
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a person.
    Text(Style),
    /// `airtone.report/1`.
    Json {
        /// On one line.
        compact: bool,
    },
    /// One object per line; the whole report only.
    Jsonl,
    /// Tables.
    Csv,
    /// A page for a browser; the whole report only.
    Html,
}

/// A loaded libairtone of a fitting interface.
pub struct Library {
    api: Libairtone,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("version", &self.version()).finish_non_exhaustive()
    }
}

impl Library {
    /// Loads `path`, which the user vouches for as for any program that is started.
    ///
    /// # Errors
    /// When it cannot be loaded, lacks a function, or has another interface.
    pub fn open(path: &Path) -> Result<Self, Error> {
        // A bare name would be searched for in the system's folders instead of here.
        let path = match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new(".").join(path),
            _ => path.to_owned(),
        };
        // SAFETY: the initializers of a libairtone do nothing; that it is one is the promise of whoever named it.
        let library = unsafe { libloading::Library::new(path) }?;
        let ask = |name: &str| -> Result<u32, Error> {
            // SAFETY: both functions have had this signature since the first version, for good.
            Ok(unsafe { library.get::<unsafe extern "C" fn() -> u32>(name)?() })
        };
        let (min, version) = (ask("airtone_abi_min")?, ask("airtone_abi_version")?);
        if !(min..=version).contains(&bindings::AIRTONE_ABI_VERSION) {
            return Err(Error::Abi { min, version });
        }
        // SAFETY: the functions of that interface are those of the header that the bindings were made from.
        Ok(Self { api: unsafe { Libairtone::from_library(library) }? })
    }

    /// Version of the library, e.g. `0.1.0`.
    #[must_use]
    pub fn version(&self) -> String {
        // SAFETY: the text lives as long as the library is loaded.
        unsafe { text(self.api.airtone_version()) }
    }

    /// A new analysis.
    ///
    /// # Errors
    /// When the library refuses the settings.
    pub fn engine(&self, config: &Config) -> Result<Engine<'_>, Error> {
        let config = convert::config(config);
        let mut handle = ptr::null_mut();
        // SAFETY: both pointers are valid for the call.
        let status = unsafe { self.api.airtone_engine_new(&raw const config, &raw mut handle) };
        if status != bindings::AIRTONE_OK {
            // SAFETY: the text lives as long as the library is loaded.
            return Err(Error::Call { status, text: unsafe { text(self.api.airtone_status_text(status)) } });
        }
        Ok(Engine { api: &self.api, handle, one_thread: PhantomData })
    }
}

/// An analysis in a loaded library.
pub struct Engine<'lib> {
    api: &'lib Libairtone,
    handle: *mut airtone_engine,
    /// Neither shared nor sent.
    one_thread: PhantomData<*mut ()>,
}

impl std::fmt::Debug for Engine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("handle", &self.handle).finish_non_exhaustive()
    }
}

impl Engine<'_> {
    /// Takes the next packet.
    ///
    /// # Errors
    /// Those of the library; what a packet holds is none.
    pub fn packet(&mut self, packet: &Packet<'_>) -> Result<(), Error> {
        let one = convert::packet(packet);
        let stride = size_of_val(&one);
        // SAFETY: one packet that lives through the call.
        let status = unsafe {
            self.api.airtone_engine_packets(self.handle, &raw const one, 1, stride, ptr::null_mut())
        };
        self.check(status)
    }

    /// Takes what an export tells.
    ///
    /// # Errors
    /// Those of the library.
    pub fn observe(&mut self, observed: &Observed<'_>) -> Result<(), Error> {
        convert::with_observation(observed, |one| {
            let stride = size_of_val(one);
            // SAFETY: one observation that lives through the call, with all that it points to.
            let status =
                unsafe { self.api.airtone_engine_observe(self.handle, one, 1, stride, ptr::null_mut()) };
            self.check(status)
        })
    }

    /// The sensor says that it dropped packets.
    ///
    /// # Errors
    /// Those of the library.
    pub fn sensor_dropped(&mut self, interface: u32, at: Nanos, packets: u64) -> Result<(), Error> {
        // SAFETY: the handle is live.
        let status = unsafe { self.api.airtone_engine_dropped(self.handle, interface, at.0, packets) };
        self.check(status)
    }

    /// From now on the radio of an interface listens to a channel (centre and width in MHz), or to none.
    ///
    /// # Errors
    /// Those of the library.
    pub fn listening(&mut self, interface: u32, at: Nanos, channel: Option<(u32, u32)>) -> Result<(), Error> {
        let (centre, width) = channel.unwrap_or((0, 0));
        // SAFETY: the handle is live.
        let status =
            unsafe { self.api.airtone_engine_listening(self.handle, interface, at.0, centre, width) };
        self.check(status)
    }

    /// Where the packets came from.
    ///
    /// # Errors
    /// Those of the library.
    pub fn set_source(&mut self, source: &SourceInfo) -> Result<(), Error> {
        convert::with_source(source, |files, missing| {
            // SAFETY: both arrays live through the call, with all that they point to.
            let status = unsafe {
                self.api.airtone_engine_source(
                    self.handle,
                    files.as_ptr(),
                    files.len(),
                    size_of::<bindings::airtone_file>(),
                    missing.as_ptr(),
                    missing.len(),
                )
            };
            self.check(status)
        })
    }

    /// The report of everything so far, or one view of it.
    ///
    /// # Errors
    /// Those of the library.
    pub fn report(&mut self, view: View, format: Format) -> Result<String, Error> {
        let (format, options) = convert::report(view, format);
        let mut out = airtone_str { ptr: ptr::null(), len: 0 };
        // SAFETY: both pointers are valid for the call.
        let status =
            unsafe { self.api.airtone_engine_report(self.handle, format, &raw const options, &raw mut out) };
        self.check(status)?;
        // SAFETY: valid until the next call on the handle, and copied before that.
        Ok(unsafe { text(out) })
    }

    fn check(&self, status: airtone_status) -> Result<(), Error> {
        if status == bindings::AIRTONE_OK {
            return Ok(());
        }
        // SAFETY: the handle is live; its text is copied at once.
        Err(Error::Call { status, text: unsafe { text(self.api.airtone_last_error(self.handle)) } })
    }
}

impl Drop for Engine<'_> {
    fn drop(&mut self) {
        // SAFETY: made by airtone_engine_new, given back once.
        unsafe { self.api.airtone_engine_free(self.handle) };
    }
}

/// What the system says, which libloading keeps behind its own words.
fn reason(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// A copy of the library's text.
///
/// # Safety
/// `from` is empty or points to that many readable bytes.
unsafe fn text(from: airtone_str) -> String {
    if from.ptr.is_null() || from.len == 0 {
        return String::new();
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts(from.ptr.cast::<u8>(), from.len) };
    String::from_utf8_lossy(bytes).into_owned()
}
