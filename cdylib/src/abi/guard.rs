//! The handle, and what stands between C and Rust: null checks, errors in words, and panics that end here.

use std::any::Any;
use std::borrow::Cow;
use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::types::{airtone_status, airtone_str};
use crate::session::Session;

/// An analysis. Opaque to C.
pub struct airtone_engine {
    pub(super) session: Session,
    /// True once anything was read: settings are then fixed.
    pub(super) has_read: bool,
    /// The last report, lent to the host.
    pub(super) output: Vec<u8>,
    /// What the last call failed with; empty when it did not.
    error: Cow<'static, str>,
    is_poisoned: bool,
}

// The header promises that a handle may move between threads.
const _: () = {
    const fn is_send<T: Send>() {}
    is_send::<airtone_engine>();
};

/// Why a call failed.
#[derive(Debug)]
pub struct Fault {
    pub(super) status: airtone_status,
    pub(super) text: Cow<'static, str>,
}

impl Fault {
    pub(super) fn null(text: &'static str) -> Self {
        Self { status: airtone_status::AIRTONE_E_NULL, text: text.into() }
    }

    pub(super) fn arg(text: impl Into<Cow<'static, str>>) -> Self {
        Self { status: airtone_status::AIRTONE_E_ARG, text: text.into() }
    }

    pub(super) fn version(text: impl Into<Cow<'static, str>>) -> Self {
        Self { status: airtone_status::AIRTONE_E_VERSION, text: text.into() }
    }

    pub(super) fn new(status: airtone_status, text: impl Into<Cow<'static, str>>) -> Self {
        Self { status, text: text.into() }
    }
}

impl airtone_engine {
    pub(super) fn boxed(session: Session) -> *mut Self {
        let engine =
            Self { session, has_read: false, output: Vec::new(), error: "".into(), is_poisoned: false };
        Box::into_raw(Box::new(engine))
    }

    pub(super) fn error(&self) -> airtone_str {
        lend(self.error.as_bytes())
    }
}

/// Runs `body` on a handle; every function that takes one goes through here.
///
/// After a panic the handle is poisoned: whatever `body` left half done is not looked at again.
///
/// # Safety
/// `engine` is null or a handle of `airtone_engine_new` that was not freed and that nobody else uses now.
pub unsafe fn with(
    engine: *mut airtone_engine,
    body: impl FnOnce(&mut airtone_engine) -> Result<(), Fault>,
) -> airtone_status {
    // SAFETY: not null means live and ours alone for the time of the call, as the caller vouches.
    let Some(engine) = (unsafe { engine.as_mut() }) else { return airtone_status::AIRTONE_E_NULL };
    if engine.is_poisoned {
        return airtone_status::AIRTONE_E_STATE;
    }
    match catch_unwind(AssertUnwindSafe(|| body(engine))) {
        Ok(Ok(())) => {
            engine.error = Cow::Borrowed("");
            airtone_status::AIRTONE_OK
        }
        Ok(Err(fault)) => {
            engine.error = fault.text;
            fault.status
        }
        Err(payload) => {
            engine.is_poisoned = true;
            engine.error = format!("a defect of libairtone: {}", message(payload)).into();
            airtone_status::AIRTONE_E_PANIC
        }
    }
}

/// Runs what has no handle to poison.
pub(super) fn shielded<T>(on_panic: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        message(payload);
        on_panic
    })
}

/// What a panic said. The payload is forgotten where dropping it might panic again.
fn message(payload: Box<dyn Any + Send>) -> String {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => {
            std::mem::forget(payload);
            "a panic without a message".to_owned()
        }
    }
}

/// Points C at bytes that stay where they are.
pub(super) fn lend(bytes: &[u8]) -> airtone_str {
    airtone_str { ptr: bytes.as_ptr().cast::<c_char>(), len: bytes.len() }
}
