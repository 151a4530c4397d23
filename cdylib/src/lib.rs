//! libairtone: the analysis engine behind a C ABI (`include/airtone.h`), and its Lua entry for Wireshark.
//!
//! All that is unsafe lives in [`abi`] (pointers from C) and [`lua`] (the host's Lua). Both drive the same
//! safe [`session::Session`].

pub mod abi;
pub mod lua;
pub mod session;
