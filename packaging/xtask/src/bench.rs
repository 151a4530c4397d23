//! Speed and memory of `tshark-post`, on captures whose every figure is known, with the result checked.
//!
//! Speed is compared with `tshark -q -z rtp,streams` on the same file in the same run. Wrong results and too
//! much memory fail the benchmark; slowness does not, because machines differ.

mod measure;
mod plugin;
mod publish;
mod verify;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::generate::{self, Format, Plan, Truth};
use measure::{Pinning, Timing};

/// The speed capture.
const SPEED_PACKETS: u64 = 1_000_000;
const SPEED_CALLS: u64 = 500;
const LOSS: f64 = 0.01;
/// The memory capture.
const MEMORY_BYTES: u64 = 10_000_000_000;
const MEMORY_BYTES_QUICK: u64 = 100_000_000;
const MEMORY_CONCURRENT: u64 = 1_000;
/// Of a call in the memory capture, at most: a common mean hold time.
const CALL_SECONDS: u64 = 180;
/// Bytes of one RTP packet in a pcap.
const RTP_RECORD: u64 = 16 + 214;
/// The budget.
const MEMORY_BUDGET: u64 = 100_000_000;

/// Arguments of `bench`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Pipe 100 MB rather than 10 GB through the memory benchmark.
    #[arg(long)]
    quick: bool,
    /// Runs of each command; the median counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    runs: u8,
    /// Measure the plugin in tshark and nothing else: CPU with it against CPU without it.
    #[arg(long, conflicts_with_all = ["quick", "binary", "publish"])]
    plugin: bool,
    /// Measure this tshark-post rather than build one.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Also write the result here as Markdown, e.g. docs/benchmarks.md.
    #[arg(long)]
    publish: Option<PathBuf>,
}

/// Everything that was measured.
struct Results {
    /// What was analysed for speed.
    speed: Truth,
    /// All work on one core.
    one_core: Vec<Timing>,
    /// As users get it: two threads on two cores, where there are two and the command can do it.
    two_cores: Option<Vec<Timing>>,
    /// One run of `tshark -q -z rtp,streams`, where there is a tshark.
    tshark: Option<Timing>,
    /// Whether the runs on one core were held there.
    pinned: bool,
    memory: Memory,
    /// Where the collection of public captures is there.
    slowest: Option<Slowest>,
}

/// The capture that takes longest.
struct Slowest {
    files: usize,
    name: String,
    wall_s: f64,
}

struct Memory {
    truth: Truth,
    peak_bytes: u64,
    wall_s: f64,
}

/// The `bench` command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    if args.plugin {
        return plugin::run(args.runs);
    }
    let binary = match &args.binary {
        Some(path) => path.clone(),
        None => build()?,
    };
    let folder = tempfile::tempdir().context("a folder for the capture")?;
    let capture = folder.path().join("speed.pcap");
    let plan = Plan { loss: LOSS, ..Plan::new(Some(SPEED_PACKETS), Some(SPEED_CALLS), None)? };
    let speed = generate::to_file(&plan, Format::Pcap, &capture)?;
    // Written out and read once, so that neither the disk nor the first look at the file is measured.
    fs::File::open(&capture).and_then(|file| file.sync_all()).context("writing the capture out")?;
    fs::read(&capture).context("warming the page cache")?;

    let pinning = Pinning::find();
    let threads = has_threads(&binary)?;
    let report = folder.path().join("report.json");
    let analyse = |threads_argument: &[&str], pinning: Pinning| -> anyhow::Result<Vec<Timing>> {
        let output = |n: u8| folder.path().join(format!("report-{n}.json"));
        let run = |n: u8| {
            let mut command = pinning.command(&binary);
            command.args(["report", "--format", "json"]).args(threads_argument).arg(&capture);
            measure::time(&command, &output(n))
        };
        // One behind the other, as tshark's one long run is: a processor that rests between them begins slowly. The
        // first run brings the program itself into memory.
        let timings: Vec<Timing> = (0..=args.runs).map(run).collect::<Result<_, _>>()?;
        for n in 0..=args.runs {
            verify::check(&read_json(&output(n))?, &speed)?;
        }
        Ok(timings[1..].to_vec())
    };
    let one_core = analyse(if threads { &["--threads", "1"] } else { &[] }, pinning)?;
    let two_cores = if threads { Some(analyse(&[], Pinning::None)?) } else { None };
    let tshark = time_tshark(&capture, pinning, folder.path())?;
    let memory = measure_memory(&binary, args.quick)?;

    let slowest = slowest_capture(&binary, &report)?;
    let pinned = pinning == Pinning::Taskset;
    let results = Results { speed, one_core, two_cores, tshark, pinned, memory, slowest };
    print!("{}", publish::text(&results));
    ensure!(
        results.memory.peak_bytes < MEMORY_BUDGET,
        "peak memory {} MB is above {} MB",
        results.memory.peak_bytes / 1_000_000,
        MEMORY_BUDGET / 1_000_000
    );
    match &args.publish {
        Some(path) => fs::write(path, publish::markdown(&results, args)?)
            .with_context(|| format!("writing {}", path.display())),
        None => Ok(()),
    }
}

/// Every capture of the public collection (`AIRTONE_CAPTURES`), each in a run of its own.
fn slowest_capture(binary: &Path, report: &Path) -> anyhow::Result<Option<Slowest>> {
    let folder = std::env::var_os("AIRTONE_CAPTURES")
        .map_or_else(|| crate::shell::root().join("../shared/captures"), PathBuf::from);
    let mut timings = Vec::new();
    for folder in [folder.clone(), folder.join("mirrors-and-air")] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // One file there is no pcap, and is refused.
            let is_capture = [".pcap", ".pcapng", ".cap", ".gz"].iter().any(|end| name.ends_with(end));
            if !is_capture || name == "sip-protos-fuzz.cap" {
                continue;
            }
            let mut command = Pinning::None.command(binary);
            command.args(["report", "--quiet", "--format", "json"]).arg(entry.path());
            timings.push((measure::time(&command, report)?.wall_s, name));
        }
    }
    let files = timings.len();
    let slowest = timings.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
    Ok(slowest.map(|(wall_s, name)| Slowest { files, name, wall_s }))
}

/// Builds tshark-post as users get it and says where it is.
fn build() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "build",
            "--release",
            "--package",
            "tshark-post",
            "--message-format",
            "json-render-diagnostics",
        ])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("running cargo")?;
    ensure!(output.status.success(), "tshark-post does not build");
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_binary = message["target"]["name"] == "tshark-post";
        message["executable"].as_str().filter(|_| is_binary).map(PathBuf::from)
    });
    executable.context("cargo names no executable for tshark-post")
}

fn has_threads(binary: &Path) -> anyhow::Result<bool> {
    let output = Command::new(binary).args(["report", "--help"]).output();
    let output = output.with_context(|| format!("running {}", binary.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).contains("--threads"))
}

fn read_json(path: &Path) -> anyhow::Result<Value> {
    let text = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&text).context("the report is no JSON")
}

fn time_tshark(capture: &Path, pinning: Pinning, folder: &Path) -> anyhow::Result<Option<Timing>> {
    if Command::new("tshark").arg("--version").output().is_err() {
        eprintln!("no tshark here: no comparison");
        return Ok(None);
    }
    let mut command = pinning.command(Path::new("tshark"));
    command.args(["-q", "-z", "rtp,streams", "-r"]).arg(capture);
    measure::time(&command, &folder.join("tshark.txt")).map(Some)
}

/// Pipes a large capture through the command and watches the peak of its resident memory.
fn measure_memory(binary: &Path, quick: bool) -> anyhow::Result<Memory> {
    let bytes = if quick { MEMORY_BYTES_QUICK } else { MEMORY_BYTES };
    // Lost packets are not in the pipe.
    let packets = (bytes as f64 / (RTP_RECORD as f64 * (1.0 - LOSS))).ceil() as u64;
    // Even a short capture has as many calls at a time as the budget speaks of.
    let by_length = Plan::new(Some(packets), None, Some(CALL_SECONDS))?.calls;
    let plan = Plan::new(Some(packets), Some(by_length.max(MEMORY_CONCURRENT)), None)?;
    let plan = Plan { loss: LOSS, concurrent: MEMORY_CONCURRENT, ..plan };
    let piped = measure::pipe(binary, |stdin| generate::generate(&plan, Format::Pcap, stdin))?;
    let Ok(report) = serde_json::from_slice(&piped.stdout) else { bail!("the report is no JSON") };
    verify::check(&report, &piped.fed)?;
    Ok(Memory { truth: piped.fed, peak_bytes: piped.peak_bytes, wall_s: piped.wall_s })
}
