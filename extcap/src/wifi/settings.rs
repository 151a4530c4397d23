//! The settings of a capture from what the dialog or a command line gave.

use std::time::Duration;

use super::channels::{Width, frequency};
use super::keep::Keep;
use crate::failure::Failure;
use crate::source::Options;

/// Names of the arguments.
pub(crate) mod name {
    pub const CHANNELS: &str = "channels";
    pub const WIDTH: &str = "width";
    pub const DWELL: &str = "dwell";
    pub const FOLLOW: &str = "follow";
    pub const KEEP: &str = "keep";
    pub const FCS_FAILED: &str = "fcsfail";
    pub const SNAPLEN: &str = "snaplen";
    pub const IN_USE: &str = "in-use";
}

/// Milliseconds on a channel: the default, long enough for two beacons, and the limits.
pub(crate) const DWELL_MS: i64 = 250;
pub(crate) const DWELL_RANGE: (i64, i64) = (20, 60_000);
/// Most bytes of a frame that can be asked for.
pub(crate) const SNAPLEN: i64 = 262_144;
/// Channels of a hop list; more than all bands have.
const MAX_CHANNELS: usize = 256;

/// What to do when interfaces of the radio are up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum InUse {
    /// Leave them alone and listen where they are.
    #[default]
    Share,
    /// Take them down, and bring them back afterwards.
    TakeDown,
}

/// Where to listen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Where the radio is, or a few usual channels when it is free.
    #[default]
    Automatic,
    /// These frequencies in MHz, one after the other.
    Channels(Vec<u32>),
}

/// Settings of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub wanted: Wanted,
    pub width: Width,
    pub dwell: Duration,
    pub follow: Option<[u8; 6]>,
    pub keep: Keep,
    pub fcs_failed: bool,
    pub snaplen: u32,
    pub in_use: InUse,
}

impl Settings {
    /// Of the options, each checked.
    pub(crate) fn of(options: &Options) -> Result<Self, Failure> {
        let given = |name: &str| options.values.get(name).map_or("", |value| value.trim());
        Ok(Self {
            wanted: wanted(given(name::CHANNELS))?,
            width: width(given(name::WIDTH))?,
            dwell: dwell(given(name::DWELL))?,
            follow: follow(given(name::FOLLOW))?,
            keep: match given(name::KEEP) {
                "" => Keep::default(),
                text => Keep::named(text).ok_or_else(|| {
                    Failure::new(format!("keep: {text:?} is none of all, management, beacons, voice."))
                })?,
            },
            fcs_failed: truth(given(name::FCS_FAILED)),
            snaplen: number(name::SNAPLEN, given(name::SNAPLEN), 0, (0, SNAPLEN))? as u32,
            in_use: match given(name::IN_USE) {
                "" | "share" => InUse::Share,
                "takedown" => InUse::TakeDown,
                text => return Err(Failure::new(format!("in-use: {text:?} is neither share nor takedown."))),
            },
        })
    }
}

/// As Wireshark reads a boolean.
fn truth(text: &str) -> bool {
    text.contains(|letter: char| matches!(letter, 'y' | 'Y' | 't' | 'T' | '1'..='9'))
}

fn number(name: &str, text: &str, default: i64, (min, max): (i64, i64)) -> Result<i64, Failure> {
    let value = if text.is_empty() { Some(default) } else { text.parse().ok() };
    value
        .filter(|value| (min..=max).contains(value))
        .ok_or_else(|| Failure::new(format!("{name}: {text:?} is no whole number from {min} to {max}.")))
}

/// Time on each channel.
pub(crate) fn dwell(text: &str) -> Result<Duration, Failure> {
    let ms = number("dwell (ms)", text.trim().trim_end_matches("ms").trim_end(), DWELL_MS, DWELL_RANGE)?;
    Ok(Duration::from_millis(ms.unsigned_abs()))
}

/// A list of channels.
pub(crate) fn wanted(text: &str) -> Result<Wanted, Failure> {
    if matches!(text.trim(), "" | "auto" | "current") {
        return Ok(Wanted::Automatic);
    }
    let mut list = Vec::new();
    for part in text.split([',', ' ', ';']).map(str::trim).filter(|part| !part.is_empty()) {
        let mhz = frequency(part).ok_or_else(|| {
            Failure::new(format!(
                "channels: {part:?} is no channel; write 6 or 36, 6g5 for channel 5 at 6 GHz, or a frequency such as 5180."
            ))
        })?;
        if !list.contains(&mhz) {
            list.push(mhz);
        }
    }
    if list.len() > MAX_CHANNELS {
        return Err(Failure::new(format!("channels: {} are more than there are.", list.len())));
    }
    Ok(if list.is_empty() { Wanted::Automatic } else { Wanted::Channels(list) })
}

fn width(text: &str) -> Result<Width, Failure> {
    let mhz = text.trim_end_matches("MHz").trim();
    if mhz.is_empty() {
        return Ok(Width::default());
    }
    let width = mhz.parse().ok().and_then(Width::of_mhz);
    width.ok_or_else(|| Failure::new(format!("width: {text:?} is none of 20, 40, 80, 160, 320 (MHz).")))
}

/// An access point to stay with; empty for none.
pub(crate) fn follow(text: &str) -> Result<Option<[u8; 6]>, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let mut mac = [0; 6];
    let mut parts = text.split([':', '-']);
    for byte in &mut mac {
        let part =
            parts.next().filter(|part| part.len() == 2).and_then(|part| u8::from_str_radix(part, 16).ok());
        *byte = part.ok_or_else(|| not_an_address(text))?;
    }
    if parts.next().is_some() { Err(not_an_address(text)) } else { Ok(Some(mac)) }
}

fn not_an_address(text: &str) -> Failure {
    Failure::new(format!("follow: {text:?} is no address of an access point, such as 02:00:5e:10:00:01."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> Options {
        let values = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Options { values, capture_filter: String::new() }
    }

    #[test]
    fn defaults_leave_a_working_connection_alone() {
        let settings = Settings::of(&Options::default()).unwrap();
        assert_eq!((settings.in_use, settings.wanted), (InUse::Share, Wanted::Automatic));
        assert_eq!((settings.dwell.as_millis(), settings.width, settings.snaplen), (250, Width::Mhz20, 0));
        assert_eq!((settings.keep, settings.follow, settings.fcs_failed), (Keep::All, None, false));
    }

    #[test]
    fn all_of_them() {
        let given = options(&[
            ("channels", "6, 36,6g5,5180,2484"),
            ("width", "80"),
            ("dwell", "100"),
            ("follow", "02:00:00:00:00:Aa"),
            ("keep", "voice"),
            ("fcsfail", "true"),
            ("snaplen", "300"),
            ("in-use", "takedown"),
        ]);
        let settings = Settings::of(&given).unwrap();
        assert_eq!(settings.wanted, Wanted::Channels(vec![2437, 5180, 5975, 2484]));
        assert_eq!(
            (settings.width, settings.keep, settings.in_use),
            (Width::Mhz80, Keep::Voice, InUse::TakeDown)
        );
        assert_eq!(settings.follow, Some([2, 0, 0, 0, 0, 0xaa]));
        assert_eq!((settings.dwell.as_millis(), settings.fcs_failed, settings.snaplen), (100, true, 300));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, value, word) in [
            ("channels", "6,x", "\"x\""),
            ("channels", "15000", "15000"),
            ("width", "30", "30"),
            ("dwell", "5", "20 to 60000"),
            ("dwell", "soon", "soon"),
            ("follow", "02:00", "02:00"),
            ("follow", "02:00:00:00:00:01:02", "address"),
            ("keep", "some", "some"),
            ("snaplen", "-1", "-1"),
            ("in-use", "?", "share"),
        ] {
            let error = Settings::of(&options(&[(name, value)])).unwrap_err().0;
            assert!(error.contains(word) && error.starts_with(name), "{error}");
        }
    }
}
