//! How good it sounded: codec table, E-model (G.107, G.107.1, G.107.2), bursts and gaps (RFC 3611).

pub mod burst;
pub mod codec;
mod codec_stream;
mod codec_table;
pub mod emodel;
pub mod narrowband;
