//! The command line as it is typed. Nothing here does anything.

mod audio;
mod extract;
mod flow;
mod install;
mod mos;
mod values;

use std::num::NonZero;
use std::path::PathBuf;

use airtone_engine::Config;
use airtone_engine::config::JitterBuffer;
use airtone_report::html;
use clap::{Args, Parser, Subcommand};

pub(crate) use audio::{AudioArgs, AudioFormat};
pub(crate) use extract::{CallArgs, ExtractArgs};
pub(crate) use flow::{FlowArgs, FlowFormat};
pub(crate) use install::{DoctorArgs, DoctorFormat, InstallArgs, UninstallArgs};
pub(crate) use mos::{MosArgs, MosFormat};
pub(crate) use values::{Colour, Compat, Format, Level, TableFormat};
use values::{buffer, delay};

const EXAMPLES: &str = "\
Examples:
  tshark-post report call.pcapng                     what happened and how it sounded
  tshark-post report monday.pcap.gz tuesday.pcap.gz  several files as one capture
  tcpdump -w - udp | tshark-post calls -             from a pipe
  tshark-post flow call.pcapng --call 1              who sent what to whom
  tshark-post streams call.pcapng --compat wireshark-4.2
  tshark-post findings nightly.pcapng --fail-on warning --format json -o findings.json
  tshark-post mos --codec g729 --loss 2 --delay 150";

/// Reads captures and tshark exports and says which call was bad, why, and where.
///
/// pcap and pcapng, plain or compressed (gzip, zstd, lz4), `-` for standard input, and tshark's exports
/// (`-T json|jsonraw|ek|fields|pdml`), told apart by content. Several files are one capture, in time order.
///
/// Exit codes: 0 done; 1 findings at or above `findings --fail-on`; 2 wrong use or unreadable input.
/// A damaged file is no error (but see --strict): its results up to the damage, and a warning.
#[derive(Debug, Parser)]
#[command(name = "tshark-post", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The whole report: findings, calls, streams, Wi-Fi, SIP
    Report(ReportArgs),
    /// One row per call
    Calls(ViewArgs),
    /// The ladder of one call: every SIP message, RTP between, digits, holds
    #[command(mut_arg("engine", reports_only))]
    Flow(FlowArgs),
    /// One row per RTP stream
    Streams(StreamsArgs),
    /// SIP statistics: methods, responses, RFC 6076 figures, registrations
    Sip(ViewArgs),
    /// One row per BSS: beacons received, expected, lost; outages, stations, roams
    Wifi(ViewArgs),
    /// What to look at first, with display filters
    Findings(FindingsArgs),
    /// What the listener heard, as a WAV file: of a call in stereo, or of one stream
    #[command(mut_arg("engine", reports_only))]
    Audio(AudioArgs),
    /// The packets of one call, signalling and media, to a pcapng
    #[command(mut_arg("engine", reports_only))]
    Extract(ExtractArgs),
    /// The E-model as a calculator: R and MOS of a codec at a loss and a delay
    Mos(MosArgs),
    /// Put the plugin, its library and the profile where this Wireshark looks
    Install(InstallArgs),
    /// Take back what install has put, and nothing else
    Uninstall(UninstallArgs),
    /// Check Wireshark, what is installed in it, and that it works
    Doctor(DoctorArgs),
    /// The JSON schema of the report
    Schema,
    /// Shell completions, to standard output
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// The tshark commands that make complete exports for this program
    ExportFields,
}

/// A libairtone gives reports, no packets and no messages: where those are wanted `--engine` is refused, and no help
/// offers it.
fn reports_only(engine: clap::Arg) -> clap::Arg {
    engine.hide(true)
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// How the report is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Put sound into the HTML report: of these calls, or without numbers of those worth hearing first; the captures
    /// are read twice
    #[arg(long, value_name = "CALLS", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    #[arg(value_delimiter = ',')]
    pub(crate) with_audio: Option<Vec<u32>>,
    /// With --with-audio: decrypt SRTP whose keys the capture shows in SDP
    #[arg(long, requires = "with_audio")]
    pub(crate) decrypt: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct ViewArgs {
    /// How the result is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = TableFormat::Text)]
    pub(crate) format: TableFormat,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct StreamsArgs {
    /// Add the figures that this version of Wireshark shows, by its own arithmetic
    #[arg(long, value_enum, value_name = "VERSION")]
    pub(crate) compat: Option<Compat>,
    #[command(flatten)]
    pub(crate) view: ViewArgs,
}

#[derive(Debug, Args)]
pub(crate) struct FindingsArgs {
    /// Exit with 1 when there is a finding of this severity or a higher one
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) fail_on: Option<Level>,
    #[command(flatten)]
    pub(crate) view: ViewArgs,
}

/// What every command that reads captures takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Captures or exports; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) analysis: AnalysisArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Analysis")]
pub(crate) struct AnalysisArgs {
    /// The receiver's jitter buffer: its depth in ms (0 to 1000), `adaptive`, or `none`
    #[arg(long, value_name = "MS", value_parser = buffer, default_value = "60")]
    buffer: JitterBuffer,
    /// Take only streams that SDP announced for RTP
    #[arg(long)]
    no_heuristic: bool,
    /// Look for tones in G.711 sound: DTMF, ringback, busy, fax (slower: every sample is decoded)
    #[arg(long)]
    pub(crate) tones: bool,
    /// One-way mouth-to-ear delay in ms for MOS-CQ where RTCP does not tell it
    #[arg(long, value_name = "MS", value_parser = delay)]
    delay: Option<f64>,
    /// Threads to use, of which two have work [default: two where it pays off, else one]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZero<usize>>,
    /// Treat a damaged file as an error (exit code 2) once the results are written
    #[arg(long)]
    pub(crate) strict: bool,
    /// Analyse in this libairtone (libairtone.so, .dylib, airtone.dll) instead of the engine built in
    #[arg(long, value_name = "PATH")]
    pub(crate) engine: Option<PathBuf>,
}

impl AnalysisArgs {
    /// The engine's settings.
    pub(crate) fn config(&self, compat: Option<Compat>, format: Format) -> Config {
        let mut config = Config {
            jitter_buffer: self.buffer,
            compat: compat.map(Compat::version),
            rtp_heuristic: !self.no_heuristic,
            declared_delay_ms: self.delay,
            ..Config::default()
        };
        if format == Format::Html {
            html::prepare(&mut config);
        }
        config
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Show the digits pressed during a call in text, ladders, HTML and CSV; they may be secrets [default: a dot for each]
    #[arg(long)]
    pub(crate) show_digits: bool,
    /// Columns of text output [default: the terminal's, else 80]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(40..=10_000))]
    pub(crate) width: Option<u16>,
    /// Colour in text output
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Colour::Auto)]
    pub(crate) color: Colour,
    /// JSON on one line
    #[arg(long)]
    pub(crate) compact: bool,
    /// No progress bar and no warnings on standard error
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn a_loaded_engine_is_offered_for_reports_only() {
        use clap::CommandFactory;
        let mut cli = Cli::command();
        let mut help = |name: &str| cli.find_subcommand_mut(name).expect(name).render_long_help().to_string();
        for name in ["report", "calls", "streams", "sip", "wifi", "findings"] {
            assert!(help(name).contains("--engine <PATH>"), "{name}");
        }
        for name in ["flow", "audio", "extract"] {
            assert!(!help(name).contains("--engine"), "{name}");
        }
    }

    fn parse(args: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from([&["tshark-post"], args].concat())
    }

    fn config_of(args: &[&str]) -> Config {
        match parse(args).expect("valid arguments").command {
            Command::Streams(streams) => streams.view.common.analysis.config(streams.compat, Format::Json),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn options_reach_the_engine() {
        let config = config_of(&["streams", "a.pcap"]);
        assert_eq!(config.jitter_buffer, JitterBuffer::Fixed(60));
        assert!(config.rtp_heuristic);
        assert_eq!((config.compat, config.declared_delay_ms), (None, None));
        let config = config_of(&[
            "streams",
            "--buffer",
            "adaptive",
            "--no-heuristic",
            "--delay",
            "80",
            "--compat",
            "wireshark-4.2",
            "a.pcap",
        ]);
        assert_eq!(config.jitter_buffer, JitterBuffer::Adaptive);
        assert!(!config.rtp_heuristic);
        assert_eq!(config.compat, Some(airtone_engine::config::WiresharkVersion::V4_2));
        assert_eq!(config.declared_delay_ms, Some(80.0));
    }

    #[test]
    fn nonsense_is_refused() {
        for args in [
            &["report"][..],
            &["report", "a", "--buffer", "1001"],
            &["report", "a", "--buffer", "-1"],
            &["report", "a", "--delay", "nan"],
            &["report", "a", "--delay", "-5"],
            &["report", "a", "--width", "10"],
            &["report", "a", "--threads", "0"],
            &["calls", "a", "--format", "jsonl"],
            &["streams", "a", "--compat", "wireshark-3.6"],
            &["calls", "a", "--compat", "wireshark-4.0"],
            &["findings", "a", "--fail-on", "always"],
            &["flow", "a", "--call", "0"],
            &["flow", "a", "--format", "csv"],
        ] {
            let error = parse(args).expect_err(&format!("{args:?}"));
            assert_eq!(error.exit_code(), 2, "{args:?}");
        }
    }
}
