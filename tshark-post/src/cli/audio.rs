//! `audio`: which call or stream, and where its sound goes.

use std::path::PathBuf;

use airtone_audio::Timing;
use clap::{Args, ValueEnum};

use super::AnalysisArgs;

/// What is told about the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AudioFormat {
    /// For people
    Text,
    /// One object
    Json,
}

/// Which clock lays out the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AudioTiming {
    /// Arrival and timestamps: what a phone with the --buffer played
    #[value(alias = "jitter-buffer")]
    Buffer,
    /// Timestamps alone: all that was received, where the sender's clock puts it
    Timestamps,
    /// Neither: all that was received, one packet behind the other
    Uninterrupted,
}

impl AudioTiming {
    pub(crate) fn timing(self) -> Timing {
        match self {
            Self::Buffer => Timing::Buffer,
            Self::Timestamps => Timing::Timestamps,
            Self::Uninterrupted => Timing::Uninterrupted,
        }
    }
}

/// What is heard.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Heard {
    /// The call by its number in the report: caller on the left, callee on the right
    #[arg(long, value_name = "N")]
    pub(crate) call: Option<u32>,
    /// The call by one of its Call-IDs
    #[arg(long, value_name = "ID")]
    pub(crate) call_id: Option<String>,
    /// All streams with this SSRC, e.g. 0x1a2b3c4d
    #[arg(long, value_name = "SSRC")]
    pub(crate) ssrc: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct AudioArgs {
    /// Captures; `-` is standard input, which is first copied to a temporary file
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) heard: Heard,
    /// Write the sound to this WAV file
    #[arg(short, long, value_name = "PATH", required_unless_present = "svg")]
    pub(crate) output: Option<PathBuf>,
    /// Write a picture of the sound, with loss, late packets and silence marked, to this file
    #[arg(long, value_name = "PATH")]
    pub(crate) svg: Option<PathBuf>,
    /// Which clock lays out the sound
    #[arg(long, value_enum, value_name = "MODE", default_value_t = AudioTiming::Buffer)]
    pub(crate) timing: AudioTiming,
    /// Decrypt SRTP whose keys the capture shows in SDP; what is heard then was meant for nobody else
    #[arg(long)]
    pub(crate) decrypt: bool,
    /// How the sound is described on standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = AudioFormat::Text)]
    pub(crate) format: AudioFormat,
    /// List every stretch that was made up for or silent
    #[arg(long)]
    pub(crate) list: bool,
    /// No description, no progress bar and no warnings
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) analysis: AnalysisArgs,
}
