//! Live sources for Wireshark's capture dialog.
//!
//! Wireshark starts the binary of this crate for each step: it asks which interfaces there are ([`source::Kind::interfaces`]),
//! what can be set ([`dialog`]), and then captures ([`source::Source`]) into a FIFO.

pub mod dialog;
pub mod failure;
#[cfg(target_os = "linux")]
pub mod filter;
#[cfg(target_os = "linux")]
pub mod mirror;
pub mod source;
#[cfg(target_os = "linux")]
pub mod sys;
