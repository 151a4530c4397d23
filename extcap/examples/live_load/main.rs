//! Load on a live capture: offers packets, takes them through the mirror source, counts what a capture holds. Used by
//! `tests/bench/live.sh`.
//!
//! ```text
//! live_load offer ADDRESS:PORT RATE BYTES SECONDS    send UDP; frames of BYTES on the wire, RATE per second, 0 for all there is
//! live_load take INTERFACE SECONDS [FILTER]          capture as the extcap does, to nowhere
//! live_load count                                    packets and drops of the pcapng on standard input
//! ```
//! Each prints one line of `name=value` pairs.

#[cfg(target_os = "linux")]
mod load;

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    load::run()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("live_load: mirrors are captured on Linux only");
}
