//! Time and peak memory of other processes, as the system accounts for them.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

/// How long one run took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    pub wall_s: f64,
    /// User and system time of all its threads.
    pub cpu_s: f64,
}

/// How a command is held on one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pinning {
    Taskset,
    None,
}

impl Pinning {
    /// With taskset where there is one.
    pub fn find() -> Self {
        let there =
            Command::new("taskset").args(["-c", "0", "true"]).status().is_ok_and(|status| status.success());
        if there { Self::Taskset } else { Self::None }
    }

    /// Begins a command.
    pub fn command(self, program: &Path) -> Command {
        match self {
            Self::None => Command::new(program),
            Self::Taskset => {
                let mut command = Command::new("taskset");
                command.args(["-c", "0"]).arg(program);
                command
            }
        }
    }
}

/// Runs a command with its output in a file. The shell's `time` reads the accounting of the finished child,
/// which std has no safe access to.
pub fn time(command: &Command, output: &Path) -> anyhow::Result<Timing> {
    let run = Command::new("bash")
        .args(["-c", r#"TIMEFORMAT='%R %U %S'; time "$@" >"$BENCH_OUTPUT""#, "bench"])
        .arg(command.get_program())
        .args(command.get_args())
        .env("BENCH_OUTPUT", output)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .context("running bash")?;
    let errors = String::from_utf8_lossy(&run.stderr);
    ensure!(run.status.success(), "{command:?} failed ({}): {errors}", run.status);
    parse_time(&errors)
}

/// The last line: wall, user and system seconds.
fn parse_time(text: &str) -> anyhow::Result<Timing> {
    let last = text.lines().next_back().unwrap_or_default();
    let numbers: Vec<f64> = last.split(' ').filter_map(|number| number.parse().ok()).collect();
    let [wall_s, user_s, system_s] = numbers[..] else { bail!("no times in {last:?}") };
    Ok(Timing { wall_s, cpu_s: user_s + system_s })
}

/// What came of a pipe.
pub struct Piped<T> {
    /// What the feeder returned.
    pub fed: T,
    pub stdout: Vec<u8>,
    /// Peak of the resident set.
    pub peak_bytes: u64,
    pub wall_s: f64,
}

/// Feeds `tshark-post report --format json -` and watches its memory until it ends.
pub fn pipe<T: Send>(
    binary: &Path,
    feed: impl FnOnce(ChildStdin) -> io::Result<T> + Send,
) -> anyhow::Result<Piped<T>> {
    let start = Instant::now();
    let mut child = Command::new(binary)
        .args(["report", "--format", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("running {}", binary.display()))?;
    let (Some(stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
        bail!("the child has no pipes");
    };
    thread::scope(|scope| {
        let feeder = scope.spawn(move || feed(stdin));
        let reader = scope.spawn(move || {
            let mut output = Vec::new();
            stdout.read_to_end(&mut output).map(|_| output)
        });
        let peak_bytes = watch(&mut child)?;
        let status = child.wait()?;
        let (Ok(fed), Ok(stdout)) = (feeder.join(), reader.join()) else { bail!("a pipe thread panicked") };
        ensure!(status.success(), "tshark-post failed on a pipe ({status})");
        let fed = fed.context("feeding the pipe")?;
        Ok(Piped { fed, stdout: stdout?, peak_bytes, wall_s: start.elapsed().as_secs_f64() })
    })
}

/// Reads the high-water mark until the process has ended. It only ever rises, so the last reading is the peak.
fn watch(child: &mut Child) -> anyhow::Result<u64> {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        peak = high_water_mark(&text).unwrap_or(0).max(peak);
        if child.try_wait()?.is_some() {
            ensure!(peak > 0, "no VmHWM in {status}: memory can only be measured on Linux");
            return Ok(peak);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// `VmHWM` of a /proc status file in bytes; a process that has ended has none.
fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let got = parse_time("a warning\n1.250 1.000 0.125\n").expect("times");
        assert_eq!(got, Timing { wall_s: 1.25, cpu_s: 1.125 });
        assert!(parse_time("").is_err());
        assert!(parse_time("1.0 2.0").is_err());
    }

    #[test]
    fn memory() {
        assert_eq!(high_water_mark("Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t 1 kB\n"), Some(2_097_152));
        assert_eq!(high_water_mark("Name:\tx\nState:\tZ (zombie)\n"), None);
    }
}
