//! The exported functions. Each says who owns what and which threads may call it; those words go into the header.

use std::mem::size_of;
use std::ptr;

use super::guard::{Fault, airtone_engine, lend, shielded, with};
use super::input;
use super::raw::{self, Array};
use super::report::Options;
use super::types::*;
use crate::session::Session;
use ::airtone_engine::{Nanos, SourceInfo};

/// The interface that this library has: its `AIRTONE_ABI_VERSION`. Never changes its signature.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn airtone_abi_version() -> u32 {
    AIRTONE_ABI_VERSION
}

/// The oldest interface that this library still serves: its `AIRTONE_ABI_MIN`. Never changes its signature.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn airtone_abi_min() -> u32 {
    AIRTONE_ABI_MIN
}

/// Version of the library, e.g. `0.1.0`.
///
/// Ownership: the text belongs to the library and is valid while it is loaded.
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn airtone_version() -> airtone_str {
    lend(env!("CARGO_PKG_VERSION").as_bytes())
}

/// A status in words, for where there is no handle to ask.
///
/// Ownership: the text belongs to the library and is valid while it is loaded.
/// Threads: any. Any number is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn airtone_status_text(status: u32) -> airtone_str {
    let is = |one: airtone_status| status == one as u32;
    let words = match () {
        () if is(airtone_status::AIRTONE_OK) => "done",
        () if is(airtone_status::AIRTONE_E_NULL) => "a pointer is NULL",
        () if is(airtone_status::AIRTONE_E_ARG) => "a value is outside its range",
        () if is(airtone_status::AIRTONE_E_STATE) => "not possible in this state",
        () if is(airtone_status::AIRTONE_E_FORMAT) => "the format does not have this view",
        () if is(airtone_status::AIRTONE_E_VERSION) => "of a newer interface than this libairtone",
        () if is(airtone_status::AIRTONE_E_SMALL) => "a structure is smaller than it ever was",
        () if is(airtone_status::AIRTONE_E_PANIC) => "a defect of libairtone",
        () => "no status of this libairtone",
    };
    lend(words.as_bytes())
}

/// A new analysis. `config` may be NULL for the defaults; `*out` is NULL when this fails.
///
/// Ownership: `*out` is the host's, to be given to `airtone_engine_free`; `config` is only read.
/// Threads: any. A handle may move between threads, but only one may use it at a time; handles share nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn airtone_engine_new(
    config: *const airtone_config,
    out: *mut *mut airtone_engine,
) -> airtone_status {
    if out.is_null() {
        return airtone_status::AIRTONE_E_NULL;
    }
    // SAFETY: not null, and writable as the caller vouches.
    unsafe { out.write_unaligned(ptr::null_mut()) };
    shielded(airtone_status::AIRTONE_E_PANIC, || {
        // SAFETY: null or readable for the size that it tells, as the caller vouches.
        match unsafe { raw::sized(config) }.and_then(input::config) {
            Ok(config) => {
                // SAFETY: as above.
                unsafe { out.write_unaligned(airtone_engine::boxed(Session::new(config))) };
                airtone_status::AIRTONE_OK
            }
            Err(fault) => fault.status,
        }
    })
}

/// Other settings for an analysis that has read nothing yet (`AIRTONE_E_STATE` else). May be called again; the
/// last settings count, and those that are refused change nothing. NULL is the defaults.
///
/// Ownership: `config` is only read.
/// Threads: one at a time per handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn airtone_engine_configure(
    engine: *mut airtone_engine,
    config: *const airtone_config,
) -> airtone_status {
    let body = |engine: &mut airtone_engine| {
        if engine.has_read {
            let text = "settings cannot change once something was read; reset first";
            return Err(Fault::new(airtone_status::AIRTONE_E_STATE, text));
        }
        // SAFETY: null or readable for the size that it tells, as the caller vouches.
        let config = input::config(unsafe { raw::sized(config) }?)?;
        engine.session = Session::new(config);
        Ok(())
    };
    // SAFETY: the caller's promise about the handle.
    unsafe { with(engine, body) }
}

/// Forgets all packets, observations and files; the settings stay. No way back for a handle that has panicked.
///
/// Ownership: the last report is no longer valid.
/// Threads: one at a time per handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn airtone_engine_reset(engine: *mut airtone_engine) -> airtone_status {
    let body = |engine: &mut airtone_engine| {
        engine.session.reset();
        engine.has_read = false;
        engine.output = Vec::new();
        Ok(())
    };
    // SAFETY: the caller's promise about the handle.
    unsafe { with(engine, body) }
}

/// Ends an analysis. NULL is allowed, and so is a handle that has panicked.
///
/// Ownership: takes the handle and everything that was lent from it.
/// Threads: one at a time per handle; nobody may use it afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn airtone_engine_free(engine: *mut airtone_engine) {
    if engine.is_null() {
        return;
    }
    // SAFETY: it came out of `Box::into_raw` in `airtone_engine_new`, and the caller gives it up.
    shielded((), || drop(unsafe { Box::from_raw(engine) }));
}

/// Takes the next packets of the capture, in order: `n` of them, `stride` bytes apart. A stride above
/// `sizeof(airtone_packet)` is allowed; what lies beyond the structure is not looked at.
///
/// `*done` (may be NULL) becomes the number of packets that were taken, on success `n`; a packet that is refused
/// does not undo those before it. What a packet holds is never an error.
///
/// Ownership: packets and their bytes are borrowed for the call.
/// Threads: one at a time per handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn airtone_engine_packets(
    engine: *mut airtone_engine,
    packets: *const airtone_packet,
    n: usize,
    stride: usize,
    done: *mut usize,
) -> airtone_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        each(engine, packets, n, stride, done, |session, packet| {
            session.packet(&input::packet(packet)?);
            Ok(())
        })
    }
}

/// Takes what the host has dissected, in order: `n` observations, `stride` bytes apart; `stride` and `*done` as
/// for `airtone_engine_packets`. A frame is given either as a packet or as observations.
///
/// Ownership: observations and all that they point to are borrowed for the call.
/// Threads: one at a time per handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn airtone_engine_observe(
    engine: *mut airtone_engine,
    observations: *const airtone_observation,
    n: usize,
    stride: usize,
    done: *mut usize,
) -> airtone_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        each(engine, observations, n, stride, done, |session, observation| {
            session.observe(&input::observed(observation)?);
            Ok(())
        })
    }
}

/// Every element of an array in turn, until one is refused.
///
/// # Safety
/// The handle as for [`with`], the array as for [`Array::new`], `done` null or writable.
unsafe fn each<T: raw::Plain>(
    engine: *mut airtone_engine,
    first: *const T,
    n: usize,
    stride: usize,
    done: *mut usize,
    take: impl Fn(&mut Session, &T) -> Result<(), Fault>,
) -> airtone_status {
    let mut count = 0;
    let body = |engine: &mut airtone_engine| {
        // SAFETY: the caller's promise about the array.
        let array = unsafe { Array::new(first, n, stride) }?;
        while let Some(element) = array.get(count) {
            engine.has_read = true;
            let refused = |fault: Fault| Fault::new(fault.status, format!("element {count}: {}", fault.text));
            take(&mut engine.session, &element).map_err(refused)?;
            count += 1;
        }
        Ok(())
    };
    // SAFETY: the caller's promise about the handle.
    let status = unsafe { with(engine, body) };
    if !done.is_null() {
        // SAFETY: not null, and writable as the caller vouches.
        unsafe { done.write_unaligned(count) };
    }
    status
}

/// The sensor says that it dropped `packets` on an interface since it last said so, up to `at_ns`.
///
/// Threads: one at a time per handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn airtone_engine_dropped(
    engine: *mut airtone_engine,
    interface_id: u32,
    at_ns: i64,
    packets: u64,
) -> airtone_status {
    let body = |engine: &mut airtone_engine| {
        engine.has_read = true;
        engine.session.sensor_dropped(interface_id, Nanos(at_ns), packets);
        Ok(())
    };
    // SAFETY: the caller's promise about the handle.
    unsafe { with(engine, body) }
}

/// The sensor says that from `at_ns` on the radio of an interface listens to a channel: the centre of its primary 20 MHz and
/// its width, both in MHz; a centre of 0 for none (it is being tuned, or deaf). Beacons are then judged only where they
/// could be heard. In order of time per interface, each before the packets that were received after it.
///
/// Threads: one at a time per handle. Since interface 2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn airtone_engine_listening(
    engine: *mut airtone_engine,
    interface_id: u32,
    at_ns: i64,
    centre_mhz: u32,
    width_mhz: u32,
) -> airtone_status {
    let body = |engine: &mut airtone_engine| {
        engine.has_read = true;
        let channel = (centre_mhz > 0).then_some((centre_mhz, width_mhz));
        engine.session.listening(interface_id, Nanos(at_ns), channel);
        Ok(())
    };
    // SAFETY: the caller's promise about the handle.
    unsafe { with(engine, body) }
}

/// Where the packets came from, for `capture.files` and `capture.missing_fields` of the report: the files, `stride`
/// bytes apart, and the fields that an export lacked. Replaces what was said before; may be called at any time.
///
/// Ownership: everything is copied.
/// Threads: one at a time per handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn airtone_engine_source(
    engine: *mut airtone_engine,
    files: *const airtone_file,
    n: usize,
    stride: usize,
    missing_fields: *const airtone_str,
    missing_count: usize,
) -> airtone_status {
    let body = |engine: &mut airtone_engine| {
        // SAFETY: the caller's promise about the arrays, here and below.
        let files = unsafe { Array::new(files, n, stride) }?;
        // SAFETY: see above.
        let missing = unsafe { Array::new(missing_fields, missing_count, size_of::<airtone_str>()) }?;
        engine.session.set_source(SourceInfo {
            // SAFETY: see above.
            files: files.iter().map(|file| unsafe { input::file(&file) }).collect::<Result<_, _>>()?,
            // SAFETY: see above.
            missing_fields: unsafe { input::texts(missing) }?,
        });
        Ok(())
    };
    // SAFETY: the caller's promise about the handle.
    unsafe { with(engine, body) }
}

/// What was known about a frame the moment it was read. `out->size` must be set. A frame that was not read, or that
/// is neither of a call nor RTP nor a beacon, has no flags and zero ids.
///
/// Ownership: `out` is the host's. The last report stays valid.
/// Threads: one at a time per handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn airtone_frame_facts(
    engine: *const airtone_engine,
    frame: u64,
    out: *mut airtone_facts,
) -> airtone_status {
    let body = |engine: &mut airtone_engine| {
        // SAFETY: the caller's promise about `out`.
        unsafe { raw::put_facts(out, input::facts(engine.session.facts(frame))) }
    };
    // SAFETY: the caller's promise about the handle, which is const only to say that the analysis stays as it is.
    unsafe { with(engine.cast_mut(), body) }
}

/// The number of RTP streams in the report of everything so far. Makes that report if there is none yet, as
/// `airtone_engine_report` does.
///
/// Threads: one at a time per handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn airtone_engine_stream_count(
    engine: *mut airtone_engine,
    out: *mut usize,
) -> airtone_status {
    let body = |engine: &mut airtone_engine| {
        if out.is_null() {
            return Err(Fault::null("out is NULL"));
        }
        let streams = engine.session.report().streams.len();
        // SAFETY: not null, and writable as the caller vouches.
        unsafe { out.write_unaligned(streams) };
        Ok(())
    };
    // SAFETY: the caller's promise about the handle.
    unsafe { with(engine, body) }
}

/// The report of everything so far; the analysis may go on after it. `format` is an `AIRTONE_FORMAT_*`; `options` may
/// be NULL for the whole report, indented JSON, 80 columns without colour. `*out` is empty when this fails.
///
/// Ownership: the text belongs to the handle and is valid until the next call on it, `airtone_frame_facts` and
/// `airtone_last_error` excepted.
/// Threads: one at a time per handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn airtone_engine_report(
    engine: *mut airtone_engine,
    format: u32,
    options: *const airtone_report_options,
    out: *mut airtone_str,
) -> airtone_status {
    if !out.is_null() {
        // SAFETY: not null, and writable as the caller vouches.
        unsafe { out.write_unaligned(airtone_str { ptr: ptr::null(), len: 0 }) };
    }
    let body = |engine: &mut airtone_engine| {
        if out.is_null() {
            return Err(Fault::null("out is NULL"));
        }
        // SAFETY: null or readable for the size that it tells, as the caller vouches.
        let options = Options::new(unsafe { raw::sized(options) }?)?;
        options.write(engine, format)?;
        // SAFETY: as above.
        unsafe { out.write_unaligned(lend(&engine.output)) };
        Ok(())
    };
    // SAFETY: the caller's promise about the handle.
    unsafe { with(engine, body) }
}

/// What the last call on the handle failed with, in words; empty when it did not fail. After a panic: what the panic
/// said, for good.
///
/// Ownership: the text belongs to the handle and is valid until the next call on it; NULL as the handle has a
/// text of the library.
/// Threads: one at a time per handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn airtone_last_error(engine: *const airtone_engine) -> airtone_str {
    // SAFETY: the caller's promise about the handle.
    match unsafe { engine.as_ref() } {
        Some(engine) => engine.error(),
        None => lend(b"the handle is NULL"),
    }
}
