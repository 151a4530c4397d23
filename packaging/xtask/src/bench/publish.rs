//! The results, on the terminal and as Markdown.

use std::fmt::Write;
use std::fs;
use std::process::Command;

use super::measure::Timing;
use super::{Args, MEMORY_CONCURRENT, Results, Slowest};

/// Lowest, median and highest.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spread {
    min: f64,
    median: f64,
    max: f64,
}

impl Spread {
    /// Of at least one value.
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len() - 1;
        let median = (sorted[last / 2] + sorted[sorted.len() / 2]) / 2.0;
        Self { min: sorted[0], median, max: sorted[last] }
    }
}

/// One line of the table: what, and its figure.
type Line = (&'static str, String);

/// For the terminal.
pub fn text(results: &Results) -> String {
    lines(results).into_iter().fold(String::new(), |mut text, (what, figure)| {
        let _ = writeln!(text, "{what:<44} {figure}");
        text
    })
}

/// For `docs/`: the table, the command that made it and the machine.
pub fn markdown(results: &Results, args: &Args) -> anyhow::Result<String> {
    let mut text = String::from("# Benchmarks\n\nMade by\n\n```\ncargo xtask bench");
    if args.quick {
        text.push_str(" --quick");
    }
    if args.runs != 5 {
        write!(text, " --runs {}", args.runs)?;
    }
    text.push_str("\n```\n\n");
    writeln!(text, "on {}, compared with {}.", machine(), tshark_version())?;
    text.push_str(
        "Every run's report was checked against the generated truth: calls answered, streams, and packets and \
         losses of each stream.\nThe capture is in the page cache; speed is the median of the runs, with the \
         slowest and fastest.\n\n| what | figure |\n|---|---|\n",
    );
    for (what, figure) in lines(results) {
        writeln!(text, "| {what} | {figure} |")?;
    }
    text.push_str(
        "\nWhere the time goes within one run (reading, decoding, analysis, report) is told by\n\n```\n\
         cargo run --release -p airtone-capture --example stages -- CAPTURE\n```\n",
    );
    Ok(text)
}

fn lines(results: &Results) -> Vec<Line> {
    let packets = results.speed.packets as f64;
    let speed = |timings: &[Timing], seconds: fn(&Timing) -> f64| {
        let spread = Spread::of(timings.iter().map(|timing| packets / seconds(timing).max(1e-3)));
        let million = |rate: f64| rate / 1e6;
        let Spread { min, median, max } = spread;
        (median, format!("{:.2} M packets/s ({:.2} to {:.2})", million(median), million(min), million(max)))
    };
    let (wall, wall_text) = speed(&results.one_core, |timing| timing.wall_s);
    let (cpu, cpu_text) = speed(&results.one_core, |timing| timing.cpu_s);
    let mut lines: Vec<Line> = vec![
        ("capture", capture(results)),
        (
            "one core: --threads 1",
            if results.pinned { "held on one core, as tshark is" } else { "not held there: no taskset" }
                .to_owned(),
        ),
        ("one core, by wall time", wall_text),
        ("one core, by CPU time", cpu_text),
    ];
    if let Some(tshark) = results.tshark {
        let (tshark_wall, tshark_cpu) = (packets / tshark.wall_s, packets / tshark.cpu_s);
        lines.push(("tshark -z rtp,streams, by wall time", format!("{:.1} k packets/s", tshark_wall / 1e3)));
        lines.push(("tshark -z rtp,streams, by CPU time", format!("{:.1} k packets/s", tshark_cpu / 1e3)));
        lines.push(("one core against tshark, by wall time", format!("{:.0} x", wall / tshark_wall)));
        lines.push(("one core against tshark, by CPU time", format!("{:.0} x", cpu / tshark_cpu)));
    }
    if let Some(two_cores) = &results.two_cores {
        let (two, two_text) = speed(two_cores, |timing| timing.wall_s);
        lines.push(("two threads, the default, by wall time", two_text));
        lines.push(("two threads against one core", format!("{:.2} x", two / wall)));
        if let Some(tshark) = results.tshark {
            let ratio = two / (packets / tshark.wall_s);
            lines.push(("two threads, the default, against tshark", format!("{ratio:.0} x")));
            let slowest = packets / two_cores.iter().map(|timing| timing.wall_s).fold(1e-3, f64::max);
            let ratio = slowest / (packets / tshark.wall_s);
            lines.push(("the slowest of those runs against tshark", format!("{ratio:.0} x")));
        }
    }
    let memory = &results.memory;
    let peak = memory.peak_bytes as f64 / 1e6;
    let piped = memory.truth.bytes as f64 / 1e9;
    lines.push((
        "pipe",
        format!(
            "{piped:.2} GB, {} calls, {MEMORY_CONCURRENT} at a time, {:.0} s",
            memory.truth.calls, memory.wall_s
        ),
    ));
    lines.push(("peak memory (VmHWM) on the pipe", format!("{peak:.1} MB")));
    if let Some(slowest) = &results.slowest {
        let Slowest { files, name, wall_s } = slowest;
        lines.push((
            "public captures, one by one",
            format!("{files} files, the slowest {wall_s:.2} s ({name})"),
        ));
    }
    lines
}

fn capture(results: &Results) -> String {
    let truth = &results.speed;
    let (packets, calls, streams, lost) = (truth.packets, truth.calls, truth.streams.len(), truth.lost);
    format!("{packets} packets, {calls} calls, {streams} G.711 streams, {lost} packets lost")
}

/// Model name and number of the processors.
fn machine() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model} with {cores} cores")
}

fn tshark_version() -> String {
    let output = Command::new("tshark").arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    version
        .map_or_else(|| "no tshark".to_owned(), |version| format!("tshark {}", version.trim_end_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads() {
        let odd = Spread::of([3.0, 1.0, 2.0].into_iter());
        assert_eq!(odd, Spread { min: 1.0, median: 2.0, max: 3.0 });
        let even = Spread::of([4.0, 1.0, 2.0, 3.0].into_iter());
        assert_eq!(even, Spread { min: 1.0, median: 2.5, max: 4.0 });
        assert_eq!(Spread::of([7.0].into_iter()).median, 7.0);
    }
}
