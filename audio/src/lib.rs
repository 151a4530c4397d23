//! What the listener heard: the payloads of RTP streams decoded, lost and late packets concealed, both
//! directions of a call on the capture's clock.
//!
//! Nothing is judged here. Which packet was played and which came too late was decided by the engine's jitter
//! buffer ([`airtone_engine::rtp::Heard`]); the sound follows it packet by packet, so that what is heard is what
//! the statistics count. G.711 and L16 are decoded here, other codecs by libraries of the system that are looked
//! for when they are needed.

mod amr;
mod conceal;
mod decoder;
mod drift;
mod mix;
#[allow(unsafe_code)]
mod native;
mod noise;
mod render;
mod resample;
mod run;
pub mod srtp;
mod timing;
mod voices;
pub mod waveform;

pub use decoder::{Decoder, Missing, decoder_for};
pub use mix::{Channel, Mixed, mix};
pub use render::{Refusal, render};
pub use run::{Drift, Mark, MarkKind, Payloads, Run, Track};
pub use timing::Timing;
