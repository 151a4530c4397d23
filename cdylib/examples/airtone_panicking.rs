//! libairtone with a defect on request: every symbol of the library, and one more that panics on a handle.
//!
//! For the tests of what hosts see after a panic. The library itself never has such a door.

use airtone::abi::guard::{airtone_engine, with};
use airtone::abi::types::airtone_status;

/// Panics as a defect would.
///
/// # Safety
/// As for every function of the C ABI.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn airtone_test_panic(engine: *mut airtone_engine) -> airtone_status {
    // SAFETY: the caller's promise about the handle.
    unsafe { with(engine, |_| panic!("as the test wishes")) }
}
