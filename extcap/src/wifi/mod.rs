//! 802.11 in monitor mode: one interface in Wireshark's list per radio of the machine.
//!
//! Everything is asked of and told to the kernel directly (nl80211), so that neither `iw` nor `airmon-ng` is needed. The
//! monitor interface belongs to a netlink socket: the kernel removes it when that closes, also after SIGKILL.

mod channels;
mod dialog;
pub mod guard;
mod keep;
mod live;
mod monitor;
mod netlink;
mod nl80211;
mod notes;
mod phys;
mod plan;
mod routes;
mod settings;
mod source;
mod words;

use airtone_engine::LinkType;

pub use live::line;

use crate::dialog::{Arg, Control, HostVersion, Value};
use crate::failure::Failure;
use crate::filter;
use crate::source::{Kind, Offered, Options, Source};
use monitor::Monitor;
use phys::Phy;
use settings::Settings;
use source::WifiSource;

/// What the names of the interfaces begin with; the number of the radio follows.
const PREFIX: &str = "airtone_wifi_phy";

/// Numbers of the toolbar's controls.
const CHANNELS_CONTROL: u8 = 10;
const DWELL_CONTROL: u8 = 11;
const FOLLOW_CONTROL: u8 = 12;

/// The radios of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wifi;

impl Wifi {
    fn phy(interface: &str) -> Option<Phy> {
        let number: u32 = interface.strip_prefix(PREFIX)?.parse().ok()?;
        Phy::all().into_iter().find(|phy| phy.index == number)
    }
}

impl Kind for Wifi {
    fn interfaces(&self) -> Vec<Offered> {
        let offered = |phy: Phy| Offered {
            name: format!("{PREFIX}{}", phy.index),
            display: format!("Airtone: Wi-Fi monitor ({}, {})", phy.name, phy.driver),
        };
        Phy::all().into_iter().map(offered).collect()
    }

    fn link_types(&self, _: &str) -> Vec<LinkType> {
        vec![LinkType::RADIOTAP]
    }

    fn arguments(&self, interface: &str, _: HostVersion) -> Vec<Arg> {
        let phy = Self::phy(interface);
        dialog::arguments(phy.as_ref())
    }

    fn reload(&self, interface: &str, argument: &str, _: &Options) -> Vec<Value> {
        let offered = dialog::arguments(Self::phy(interface).as_ref());
        offered.into_iter().find(|arg| arg.name == argument).map(|arg| arg.values).unwrap_or_default()
    }

    fn controls(&self, _: &str) -> Vec<Control> {
        dialog::controls()
    }

    fn open(&self, interface: &str, options: &Options) -> Result<Box<dyn Source>, Failure> {
        guard::clean_up();
        let phy = Self::phy(interface).ok_or_else(|| {
            let number = interface.strip_prefix(PREFIX).unwrap_or(interface);
            Failure::new(format!(
                "There is no radio phy{number} on this machine any more; refresh the list (F5)."
            ))
        })?;
        let settings = Settings::of(options)?;
        let program = filter::compile(&options.capture_filter, LinkType::RADIOTAP)?;
        let (monitor, course) = Monitor::open(phy, &settings)?;
        Ok(Box::new(WifiSource::open(Box::new(monitor), course, settings, &program)?))
    }

    fn check_filter(&self, _: &str, filter: &str) -> Result<(), Failure> {
        filter::compile(filter, LinkType::RADIOTAP).map(drop)
    }

    fn cleanup(&self) {
        guard::clean_up();
    }
}
