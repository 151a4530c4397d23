//! The C ABI: what `include/airtone.h` declares.
//!
//! * [`types`]: the structures and numbers that cross the boundary, with their meaning.
//! * [`functions`]: the exported functions, each a few lines.
//! * [`guard`]: the handle, and what stands between C and Rust: null checks, errors, panics.
//! * `raw`: every read through a pointer of the caller.
//! * `input`: what was read becomes the engine's types, or an error that says what is wrong with it.
//! * `report`: the report in the format that was asked for.
//!
//! The header and the Rust client of it are generated from `types` and `functions` (`cargo xtask bindings`).

// C names, so that the generated header says what stands here.
#![allow(non_camel_case_types)]
// What a caller must keep to is said once in the header's preamble, and per function under Ownership and Threads.
#![allow(clippy::missing_safety_doc)]

pub mod functions;
#[doc(hidden)]
pub mod guard;
mod input;
mod raw;
mod report;
#[cfg(test)]
mod tests;
pub mod types;
