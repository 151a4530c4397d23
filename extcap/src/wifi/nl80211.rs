//! nl80211: radios with their channels, monitor interfaces, tuning, and what happens to them meanwhile.
//!
//! Numbers from `linux/nl80211.h`; they are part of the kernel's interface and do not change.

mod radio;

pub(crate) use radio::{Channel, Radio};

use super::channels::{Tuning, Width};
use super::netlink::{ACK, Channel as Wire, DUMP, Refusal, Request, attributes, find};
use crate::sys::netlink::Family;

/// Generic netlink's own family, and its one command needed.
const CONTROL: u16 = 16;
const GET_FAMILY: u8 = 3;
mod control {
    pub const FAMILY_ID: u16 = 1;
    pub const FAMILY_NAME: u16 = 2;
    pub const GROUPS: u16 = 7;
    pub const GROUP_NAME: u16 = 1;
    pub const GROUP_ID: u16 = 2;
}

mod command {
    pub const GET_WIPHY: u8 = 1;
    pub const SET_WIPHY: u8 = 2;
    pub const DEL_WIPHY: u8 = 4;
    pub const GET_INTERFACE: u8 = 5;
    pub const NEW_INTERFACE: u8 = 7;
    pub const DEL_INTERFACE: u8 = 8;
    pub const TRIGGER_SCAN: u8 = 33;
    pub const NEW_SCAN_RESULTS: u8 = 34;
    pub const SCAN_ABORTED: u8 = 35;
    pub const REG_CHANGE: u8 = 36;
    pub const CH_SWITCH_NOTIFY: u8 = 88;
    pub const WIPHY_REG_CHANGE: u8 = 113;
}

mod attr {
    pub const WIPHY: u16 = 1;
    pub const IFINDEX: u16 = 3;
    pub const IFNAME: u16 = 4;
    pub const IFTYPE: u16 = 5;
    pub const WIPHY_BANDS: u16 = 22;
    pub const MNTR_FLAGS: u16 = 23;
    pub const SUPPORTED_IFTYPES: u16 = 32;
    pub const REG_ALPHA2: u16 = 33;
    pub const WIPHY_FREQ: u16 = 38;
    pub const CHANNEL_WIDTH: u16 = 159;
    pub const CENTER_FREQ1: u16 = 160;
    pub const SPLIT_WIPHY_DUMP: u16 = 174;
    pub const SOCKET_OWNER: u16 = 204;
}

/// `NL80211_IFTYPE_MONITOR`.
const MONITOR: u32 = 6;

/// An interface of a radio.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vif {
    pub index: u32,
    pub name: String,
    pub kind: u32,
    phy: u32,
    /// Where it is, when it is somewhere.
    pub tuning: Option<Tuning>,
}

impl Vif {
    pub(crate) fn is_monitor(&self) -> bool {
        self.kind == MONITOR
    }

    fn read(message: &[u8]) -> Self {
        let mut vif = Self::default();
        let (mut width, mut centre) = (Width::Mhz20, None);
        for attribute in attributes(message) {
            let number = attribute.u32();
            match attribute.kind {
                attr::IFINDEX => vif.index = number.unwrap_or(0),
                attr::IFNAME => vif.name = attribute.text(),
                attr::IFTYPE => vif.kind = number.unwrap_or(0),
                attr::WIPHY => vif.phy = number.unwrap_or(u32::MAX),
                attr::WIPHY_FREQ => vif.tuning = number.map(Tuning::narrow),
                attr::CHANNEL_WIDTH => width = Width::of_number(number.unwrap_or(1)),
                attr::CENTER_FREQ1 => centre = number,
                _ => {}
            }
        }
        vif.tuning =
            vif.tuning.map(|tuning| Tuning { width, centre: centre.unwrap_or(tuning.mhz), ..tuning });
        vif
    }
}

/// What a monitor interface hands over beside sound frames of any network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MonitorFlags {
    pub fcs_failed: bool,
}

/// The family's number and its groups.
#[derive(Clone, Debug, Default)]
struct Names {
    id: u16,
    groups: Vec<(String, u32)>,
}

fn resolve(wire: &mut Wire) -> Result<Names, Refusal> {
    let mut names = Names::default();
    let request = Request::new(CONTROL, ACK, &[GET_FAMILY, 1, 0, 0]).text(control::FAMILY_NAME, "nl80211");
    wire.ask(request, |body| {
        for attribute in attributes(body.get(4..).unwrap_or_default()) {
            match attribute.kind {
                control::FAMILY_ID => names.id = attribute.u16().unwrap_or(0),
                control::GROUPS => names.groups.extend(attribute.nested().filter_map(|group| {
                    let name = find(group.value, control::GROUP_NAME)?.text();
                    Some((name, find(group.value, control::GROUP_ID)?.u32()?))
                })),
                _ => {}
            }
        }
    })?;
    if names.id == 0 { Err(Refusal { errno: libc::ENOENT, text: None }) } else { Ok(names) }
}

/// Speaks nl80211. What it creates lasts as long as it.
#[derive(Debug)]
pub(crate) struct Nl80211 {
    wire: Wire,
    family: u16,
}

impl Nl80211 {
    pub(crate) fn open() -> Result<Self, Refusal> {
        let mut wire = Wire::open(Family::Generic).map_err(|error| Refusal::of_io(&error))?;
        let family = resolve(&mut wire)?.id;
        Ok(Self { wire, family })
    }

    fn request(&self, command: u8, flags: u16) -> Request {
        Request::new(self.family, flags, &[command, 1, 0, 0])
    }

    /// Asks, and hands each answer's attributes over.
    fn ask(&mut self, request: Request, mut answer: impl FnMut(&[u8])) -> Result<(), Refusal> {
        self.wire.ask(request, |body| answer(body.get(4..).unwrap_or_default()))
    }

    /// The radio `phy`. The driver is not asked to do anything.
    pub(crate) fn radio(&mut self, phy: u32) -> Result<Radio, Refusal> {
        let request =
            self.request(command::GET_WIPHY, ACK | DUMP).u32(attr::WIPHY, phy).flag(attr::SPLIT_WIPHY_DUMP);
        let mut radio = Radio::default();
        self.ask(request, |message| {
            if find(message, attr::WIPHY).and_then(|attribute| attribute.u32()) == Some(phy) {
                radio.merge(message);
            }
        })?;
        Ok(radio)
    }

    /// The interfaces of `phy`.
    pub(crate) fn interfaces(&mut self, phy: u32) -> Result<Vec<Vif>, Refusal> {
        let request = self.request(command::GET_INTERFACE, ACK | DUMP).u32(attr::WIPHY, phy);
        let mut all = Vec::new();
        self.ask(request, |message| all.push(Vif::read(message)))?;
        all.retain(|vif: &Vif| vif.phy == phy && vif.index != 0);
        Ok(all)
    }

    /// Creates a monitor interface that the kernel removes when this socket closes.
    pub(crate) fn create_monitor(
        &mut self,
        phy: u32,
        name: &str,
        flags: MonitorFlags,
    ) -> Result<u32, Refusal> {
        // Control frames and those of other networks in any case.
        let mut wanted = vec![3, 4];
        if flags.fcs_failed {
            wanted.insert(0, 1);
        }
        let request = self
            .request(command::NEW_INTERFACE, ACK)
            .u32(attr::WIPHY, phy)
            .text(attr::IFNAME, name)
            .u32(attr::IFTYPE, MONITOR)
            .flags(attr::MNTR_FLAGS, &wanted)
            .flag(attr::SOCKET_OWNER);
        let mut index = None;
        self.ask(request, |message| index = Some(Vif::read(message).index))?;
        index.filter(|&index| index != 0).ok_or(Refusal { errno: libc::EPROTO, text: None })
    }

    pub(crate) fn remove(&mut self, index: u32) -> Result<(), Refusal> {
        let request = self.request(command::DEL_INTERFACE, ACK).u32(attr::IFINDEX, index);
        self.ask(request, |_| {})
    }

    /// Tunes the radio by its interface. Drivers take 1 to 100 ms.
    pub(crate) fn tune(&mut self, index: u32, tuning: &Tuning) -> Result<(), Refusal> {
        let request = self
            .request(command::SET_WIPHY, ACK)
            .u32(attr::IFINDEX, index)
            .u32(attr::WIPHY_FREQ, tuning.mhz)
            .u32(attr::CHANNEL_WIDTH, tuning.width.number())
            .u32(attr::CENTER_FREQ1, tuning.centre);
        self.ask(request, |_| {})
    }
}

/// Something happened to a radio or one of its interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The rules for channels changed; the country where it is told.
    Regulatory(Option<String>),
    /// The radio is gone.
    RadioRemoved(u32),
    /// An interface is gone.
    InterfaceRemoved(u32),
    /// An interface is on another channel now.
    Moved(u32),
    /// A radio leaves its channel to look for access points, or has come back.
    Scanning(u32, bool),
}

/// Listens to what happens, on a socket of its own so that answers to requests and events never mix.
#[derive(Debug)]
pub(crate) struct Events {
    wire: Wire,
    family: u16,
}

impl Events {
    pub(crate) fn open() -> Result<Self, Refusal> {
        let mut wire = Wire::open(Family::Generic).map_err(|error| Refusal::of_io(&error))?;
        let names = resolve(&mut wire)?;
        for (_, id) in names
            .groups
            .iter()
            .filter(|(name, _)| matches!(name.as_str(), "config" | "mlme" | "regulatory" | "scan"))
        {
            wire.socket().join(*id).map_err(|error| Refusal::of_io(&error))?;
        }
        Ok(Self { wire, family: names.id })
    }

    /// What happened since the last call. When there was too much to keep, what there is has to be asked for anew:
    /// that is told as a regulatory change.
    pub(crate) fn take(&mut self) -> Vec<Event> {
        let mut all = Vec::new();
        let family = self.family;
        let overrun = self.wire.events(|kind, body| {
            if kind == family {
                all.extend(event(body));
            }
        });
        if overrun.is_err() {
            all.push(Event::Regulatory(None));
        }
        all
    }
}

fn event(body: &[u8]) -> Option<Event> {
    let attributes = body.get(4..)?;
    let number = |kind| find(attributes, kind)?.u32();
    match *body.first()? {
        command::REG_CHANGE | command::WIPHY_REG_CHANGE => {
            Some(Event::Regulatory(find(attributes, attr::REG_ALPHA2).map(|country| country.text())))
        }
        command::DEL_WIPHY => number(attr::WIPHY).map(Event::RadioRemoved),
        command::DEL_INTERFACE => number(attr::IFINDEX).map(Event::InterfaceRemoved),
        command::CH_SWITCH_NOTIFY => number(attr::IFINDEX).map(Event::Moved),
        command::TRIGGER_SCAN => number(attr::WIPHY).map(|phy| Event::Scanning(phy, true)),
        command::NEW_SCAN_RESULTS | command::SCAN_ABORTED => {
            number(attr::WIPHY).map(|phy| Event::Scanning(phy, false))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
