//! A BSS as the report shows it.

use super::bss::{Bss, Level, Surroundings};
use super::channel;
use super::loss::Run;
use super::series::Series;
use crate::model;
use crate::packet::Nanos;

/// The figures of one BSS at `end` of the capture.
pub(super) fn bss(bss: &Bss, end: Nanos, around: &mut Surroundings<'_>) -> model::Bss {
    let mut bss = bss.settled(around);
    if let Some(tail) = bss.tail(end, around.activity) {
        bss.ledger.enter_tail(tail, around.budget);
    }
    let mostly_silent = withdraw_silence(&mut bss);
    let (channel, frequency_mhz) = place(&bss);
    let outages = bss.ledger.runs.iter().map(Run::outage).collect();
    model::Bss {
        bssid: bss.name(),
        ssid: bss.ssid.as_deref().map(text),
        channel,
        frequency_mhz,
        beacon_interval_tu: bss.interval_tu,
        first_frame: bss.first.frame,
        last_frame: bss.last.frame,
        first: bss.first.at.known(),
        last: bss.last.at.known(),
        duration_s: duration_s(&bss),
        beacons: beacons(&bss, mostly_silent),
        outages,
        signal_dbm: signal(&bss.level),
        beacon_delay_us: delay(&bss),
        intervals: bss.over_time.as_deref().and_then(Series::report),
        events: bss.events,
    }
}

/// First to last beacon; without capture times what the AP's clock says, when it ran all the time.
fn duration_s(bss: &Bss) -> Option<f64> {
    let on_air = || (bss.by_time == 0).then(|| bss.tsf_us as f64 / 1e6);
    let timed = bss.last.at.known_seconds_since(bss.first.at);
    timed.map(|s| s.max(0.0)).or_else(on_air)
}

/// Where more than half of all beacons are missing in total silence, the sensor did not listen all the
/// time (a client's radio that sleeps, a filter) or is too far away. Then silence says nothing about the AP.
fn withdraw_silence(bss: &mut Bss) -> bool {
    let sums = &mut bss.ledger.sums;
    if sums.silent <= bss.received {
        return false;
    }
    sums.not_observed += std::mem::take(&mut sums.silent);
    bss.ledger.runs.iter_mut().for_each(Run::withdraw_silence);
    true
}

fn beacons(bss: &Bss, mostly_silent: bool) -> model::Beacons {
    let sums = &bss.ledger.sums;
    let lost = sums.heard + sums.silent + sums.explained;
    let expected = bss.received + lost;
    let longest_run = if mostly_silent { sums.longest_heard } else { sums.longest };
    let timed = bss.first.at.is_known();
    let basis = if bss.by_time > bss.by_tsf || (bss.by_tsf == 0 && bss.first.tsf.is_none()) {
        if timed { "capture_time" } else { "none" }
    } else {
        "tsf"
    };
    let countable = bss.received >= 2 && basis != "none";
    model::Beacons {
        received: bss.received,
        expected,
        lost,
        lost_percent: countable.then(|| 100.0 * lost as f64 / expected as f64),
        not_observed: sums.not_observed,
        duplicates: bss.duplicates,
        longest_run,
        basis: basis.to_owned(),
    }
}

/// The channel that the AP names, else where it was received.
fn place(bss: &Bss) -> (Option<u16>, Option<u16>) {
    let received = Some(bss.frequency).filter(|&mhz| mhz != 0);
    let channel = bss.channel.or_else(|| channel::channel_of(bss.frequency).map(|(_, channel)| channel));
    let named = channel.and_then(|channel| channel::frequency_of(bss.band, channel));
    (channel.map(u16::from), named.or(received))
}

/// Level figures, when there were any.
pub(super) fn signal(level: &Level) -> Option<model::Signal> {
    (level.count > 0).then(|| model::Signal {
        min: f64::from(level.min),
        mean: level.sum as f64 / level.count as f64,
        max: f64::from(level.max),
    })
}

fn delay(bss: &Bss) -> Option<model::BeaconDelay> {
    let delays = &bss.delays;
    (!delays.is_empty()).then(|| model::BeaconDelay {
        p50: delays.percentile(0.5),
        p95: delays.percentile(0.95),
        max: delays.max(),
    })
}

/// A network name for people: what is no UTF-8 and what would control a terminal is escaped.
fn text(ssid: &[u8]) -> String {
    let mut out = String::new();
    for chunk in ssid.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                out.extend(character.escape_default());
            } else {
                out.push(character);
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_to_print() {
        assert_eq!(text("café".as_bytes()), "café");
        assert_eq!(text(b"a\x1b[2Jb\xff"), "a\\u{1b}[2Jb\\xff");
    }
}
