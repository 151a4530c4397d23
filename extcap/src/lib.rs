//! Live sources for Wireshark's capture dialog.
//!
//! Wireshark starts the binary of this crate for each step: it asks which interfaces there are ([`source::Kind::interfaces`]),
//! what can be set ([`dialog`]), and then captures ([`source::Source`]) into a FIFO.
//!
//! For Linux and other Unix systems; elsewhere the crate is empty and its binary says so.

#![cfg(unix)]

// What tests share names the crate as tests outside it do.
#[cfg(test)]
extern crate self as airtone_extcap;

pub mod args;
pub mod capture;
pub mod dialog;
pub mod failure;
#[cfg(target_os = "linux")]
pub mod filter;
pub mod grammar;
pub mod help;
pub mod host;
pub mod life;
pub mod live;
pub mod log;
#[cfg(target_os = "linux")]
pub mod mirror;
pub mod pipe;
pub mod privileges;
pub mod protocol;
pub mod replay;
pub mod sink;
pub mod source;
#[cfg(target_os = "linux")]
pub mod sys;
pub mod toolbar;
#[cfg(target_os = "linux")]
pub mod wifi;
pub mod writer;

use source::Kind;

/// Every kind of sources, in the order of Wireshark's list.
#[must_use]
pub fn kinds() -> Vec<Box<dyn Kind>> {
    vec![
        #[cfg(target_os = "linux")]
        Box::new(mirror::Mirror),
        #[cfg(target_os = "linux")]
        Box::new(wifi::Wifi),
        Box::new(replay::Replay),
    ]
}
