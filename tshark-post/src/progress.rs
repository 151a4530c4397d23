//! A progress bar on standard error, for people who wait.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Nobody needs a bar for less.
const PATIENCE: Duration = Duration::from_millis(500);
/// Calls between two looks at the clock: some milliseconds of work on a capture, less on an export.
const STRIDE: u32 = 64;

/// Shows itself only on a terminal and only after a while.
#[derive(Debug)]
pub(crate) struct Progress {
    is_wanted: bool,
    since: Instant,
    countdown: u32,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// `quiet`: never.
    pub(crate) fn new(quiet: bool) -> Self {
        let is_wanted = !quiet && io::stderr().is_terminal();
        Self { is_wanted, since: Instant::now(), countdown: STRIDE, bar: None }
    }

    /// After some records; `bytes` tells how many have been read, and of how many.
    #[inline]
    pub(crate) fn tick(&mut self, bytes: impl FnOnce() -> (u64, Option<u64>)) {
        self.countdown -= 1;
        if self.countdown == 0 {
            self.countdown = STRIDE;
            self.show(bytes);
        }
    }

    fn show(&mut self, bytes: impl FnOnce() -> (u64, Option<u64>)) {
        if !self.is_wanted || self.since.elapsed() < PATIENCE {
            return;
        }
        let (read, all) = bytes();
        let bar = self.bar.get_or_insert_with(|| bar(all));
        bar.set_position(read);
    }

    /// Leaves nothing on the terminal.
    pub(crate) fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

fn bar(all: Option<u64>) -> ProgressBar {
    let template = match all {
        Some(_) => "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
        None => "{spinner} {bytes}, {bytes_per_sec}",
    };
    // A template that does not parse is a mistake of ours; the default bar does as well.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(all, ProgressDrawTarget::stderr()).with_style(style.progress_chars("=> "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_templates_parse_and_an_unwanted_bar_never_shows() {
        for all in [Some(100), None] {
            let shown = bar(all);
            assert_eq!(shown.length(), all);
            shown.finish_and_clear();
        }
        let mut progress = Progress::new(true);
        for _ in 0..3 * STRIDE {
            progress.tick(|| unreachable!("quiet"));
        }
        assert!(progress.bar.is_none());
    }
}
