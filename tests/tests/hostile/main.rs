//! Hostile input: damaged captures, floods, times that make no sense. Nothing panics, nothing runs for ever,
//! memory stays inside `Config`, and what the report says adds up.
//!
//! `AIRTONE_LONG=1` runs everything at full size, which wants a release build.

mod corpus;
mod mutations;
mod times;

/// `short` in an ordinary run, `long` with `AIRTONE_LONG=1`.
fn scale(short: u64, long: u64) -> u64 {
    if std::env::var_os("AIRTONE_LONG").is_some_and(|value| value == "1") { long } else { short }
}
