//! What the dialog offers for a radio: its own channels and widths, and the controls of the toolbar.

use airtone_engine::wifi::channel::{Band, channel_of};

use super::channels::{Width, label};
use super::keep::Keep;
use super::nl80211::{Channel, Nl80211, Radio};
use super::phys::Phy;
use super::settings::{DWELL_MS, DWELL_RANGE, SNAPLEN, name};
use super::{CHANNELS_CONTROL, DWELL_CONTROL, FOLLOW_CONTROL};
use crate::dialog::{Arg, Ask, Control, ControlKind, Value};

/// Tabs.
const SOURCE: &str = "Source";
const FILTER: &str = "Filter";

/// The arguments for a radio; without one, or without an answer from it, no channels can be ticked.
pub(super) fn arguments(phy: Option<&Phy>) -> Vec<Arg> {
    let radio = phy.and_then(|phy| Nl80211::open().ok()?.radio(phy.index).ok()).unwrap_or_default();
    tuning(&radio).into_iter().chain(kept()).collect()
}

/// Where the radio listens.
fn tuning(radio: &Radio) -> Vec<Arg> {
    vec![
        Arg {
            ask: Ask::MultiCheck,
            tooltip: "One to stay on, several to hear in turn. None: the channel in use, or 1, 6 and 11 on a free radio.",
            values: channels(radio),
            reload: true,
            ..Arg::new(name::CHANNELS, "Channels", SOURCE)
        },
        Arg {
            ask: Ask::Selector,
            default: "20".into(),
            tooltip: "In a list, a channel that is not so wide is heard at the next smaller width.",
            values: widths(radio),
            ..Arg::new(name::WIDTH, "Channel width", SOURCE)
        },
        Arg {
            ask: Ask::Integer { min: DWELL_RANGE.0, max: DWELL_RANGE.1 },
            default: DWELL_MS.to_string(),
            tooltip: "Time on each channel of a list. Beacon loss can be told from 250 ms on.",
            ..Arg::new(name::DWELL, "Dwell (ms)", SOURCE)
        },
        Arg {
            ask: Ask::Text,
            tooltip: "Looks for this access point on the channels above, stays with it, and follows its channel switches.",
            placeholder: "02:00:5e:10:00:01",
            validation: "^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$",
            ..Arg::new(name::FOLLOW, "Follow BSSID", SOURCE)
        },
        Arg {
            ask: Ask::Selector,
            default: "share".into(),
            tooltip: "Sharing never disturbs a connection, but the radio stays on its channel.",
            values: vec![
                Value::new("share", "Share it: listen on the channel in use"),
                Value::new("takedown", "Take its interfaces down, bring them back afterwards"),
            ],
            ..Arg::new(name::IN_USE, "When the adapter is in use", SOURCE)
        },
    ]
}

/// What is kept of what it hears.
fn kept() -> Vec<Arg> {
    vec![
        Arg {
            ask: Ask::Selector,
            default: Keep::default().name().into(),
            tooltip: "Which frames are captured.",
            values: Keep::NAMES.iter().map(|(_, name, display)| Value::new(name, display)).collect(),
            ..Arg::new(name::KEEP, "Keep", FILTER)
        },
        Arg {
            ask: Ask::Boolean,
            default: "false".into(),
            tooltip: "Frames that were damaged on the air, where the driver hands them over.",
            ..Arg::new(name::FCS_FAILED, "Frames whose FCS failed", FILTER)
        },
        Arg {
            ask: Ask::Integer { min: 0, max: SNAPLEN },
            default: "0".into(),
            tooltip: "0 for whole frames.",
            ..Arg::new(name::SNAPLEN, "Most bytes of a frame", FILTER)
        },
    ]
}

/// The bands of a radio, and their channels below them.
fn channels(radio: &Radio) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::new();
    for channel in radio.channels() {
        let Some(band) = band(channel) else { continue };
        let parent = format!("band{}", band.replace('.', "").replace(" GHz", ""));
        if !values.iter().any(|value| value.value == parent) {
            values.push(Value { enabled: false, ..Value::new(&parent, band) });
        }
        values.push(Value {
            value: label(channel.mhz),
            display: described(channel),
            enabled: !channel.disabled,
            parent,
        });
    }
    values
}

fn band(channel: &Channel) -> Option<&'static str> {
    match channel_of(u16::try_from(channel.mhz).ok()?)?.0 {
        Band::Ghz2 => Some("2.4 GHz"),
        Band::Ghz5 => Some("5 GHz"),
        Band::Ghz6 => Some("6 GHz"),
        Band::Unknown | Band::Ghz60 => None,
    }
}

fn described(channel: &Channel) -> String {
    let mut text = format!("{} ({} MHz)", label(channel.mhz), channel.mhz);
    for (applies, mark) in
        [(channel.disabled, "disabled here"), (channel.no_ir, "listen only"), (channel.radar, "radar")]
    {
        if applies {
            text.push_str(", ");
            text.push_str(mark);
            if channel.disabled {
                break;
            }
        }
    }
    text
}

/// The widths that at least one channel can have; all when nothing is known.
fn widths(radio: &Radio) -> Vec<Value> {
    let known = radio.channels().next().is_some();
    let offered =
        |width: &Width| !known || radio.channels().any(|channel| radio.offers(channel.mhz, *width).is_some());
    let all = Width::ALL.into_iter().filter(offered);
    all.map(|width| Value::new(&width.mhz().to_string(), &format!("{} MHz", width.mhz()))).collect()
}

/// The toolbar's controls.
pub(super) fn controls() -> Vec<Control> {
    let text = |number, display, tooltip| Control { number, display, tooltip, kind: ControlKind::Text };
    vec![
        text(CHANNELS_CONTROL, "Channels", "One channel or a list such as 1,6,36,6g5"),
        text(DWELL_CONTROL, "Dwell (ms)", "Time on each channel of the list"),
        text(FOLLOW_CONTROL, "Follow", "BSSID of an access point to stay with, wherever it switches to"),
    ]
}
