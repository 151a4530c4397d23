//! Hostile input: damaged captures, floods, times that make no sense. Nothing panics, nothing runs for ever,
//! memory stays inside `Config`, and what the report says adds up.
//!
//! `AIRTONE_LONG=1` runs everything at full size, which wants a release build.

mod budget;
mod corpus;
mod floods;
mod memory;
mod mutations;
mod times;
mod truth;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

/// `short` in an ordinary run, `long` with `AIRTONE_LONG=1`.
fn scale(short: u64, long: u64) -> u64 {
    if std::env::var_os("AIRTONE_LONG").is_some_and(|value| value == "1") { long } else { short }
}

/// Runs `case` for seeds below `cases` on all cores; a panic is reported with its seed.
fn in_parallel(cases: u64, case: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= cases {
                        return;
                    }
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| case(seed))) {
                        eprintln!("seed {seed} fails");
                        next.store(cases, Ordering::Relaxed);
                        std::panic::resume_unwind(panic);
                    }
                }
            });
        }
    });
}
