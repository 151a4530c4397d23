//! Airtone's analysis engine: packets in, facts and a report out.
//!
//! It answers three questions about a capture, live or on file. **Calls**: who called whom, how did it go,
//! how did it end? **Sound**: how good was each RTP stream and why? **Air**: was the Wi-Fi there?
//!
//! The engine does no I/O, starts no threads and reads no clock: time comes from packets, and the same
//! packets give the same report. Nothing that a packet holds is an error: what cannot be decoded is
//! counted by reason. Every table is bounded by [`Config`].

mod analysis;
mod assemble;
mod call_frames;
mod call_media;
pub mod config;
pub mod decode;
mod dropped;
pub mod facts;
mod fax;
mod findings;
pub mod flow;
pub mod halves;
pub mod live;
pub mod media;
pub mod model;
pub mod observation;
pub mod packet;
pub mod quality;
pub mod rtp;
mod secrets;
pub mod sip;
#[cfg(test)]
mod testing;
pub mod traffic;
pub mod wifi;

pub use analysis::{Engine, SourceInfo};
pub use call_frames::CallFrames;
pub use config::Config;
pub use facts::FrameFacts;
pub use model::Report;
pub use packet::{LinkType, Nanos, Packet};
pub use secrets::MASK;
