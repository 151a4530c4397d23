//! A monitor interface of our own on a radio, and the radio as it was afterwards.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::channels::{Tuning, Width};
use super::guard::{Guard, Sibling};
use super::netlink::Refusal;
use super::nl80211::{Event, Events, MonitorFlags, Nl80211, Radio, Vif};
use super::phys::Phy;
use super::plan::{Plan, widest};
use super::settings::{InUse, Settings, Wanted};
use super::source::{News, Refused, Tuner};
use super::words::{self, Tried};
use crate::failure::Failure;
use crate::sys::{link, power};

/// Without a word from the user, a free radio hears the three channels at 2.4 GHz that do not overlap.
const USUAL: [u32; 3] = [2412, 2437, 2462];

/// The interface. It goes with this value; should the process be killed, the kernel removes it.
#[derive(Debug)]
pub(crate) struct Monitor {
    phy: Phy,
    name: String,
    radio: Radio,
    index: u32,
    nl: Nl80211,
    events: Events,
    /// Siblings that were taken down.
    guard: Option<Guard>,
}

/// Where a capture listens.
#[derive(Debug)]
pub(crate) enum Course {
    /// Where the siblings are: the radio is theirs.
    Shared,
    /// Where we tune it.
    Own(Plan),
}

impl Monitor {
    /// Creates the interface and sets it up; siblings are taken down where the settings say so.
    pub(crate) fn open(phy: Phy, settings: &Settings) -> Result<(Self, Course), Failure> {
        if let Some(hard) = phy.switched_off() {
            return Err(words::switched_off(&phy, hard));
        }
        let asked = |refusal| words::refused(&phy, Tried::Ask, &refusal);
        let events = Events::open().map_err(asked)?;
        let mut nl = Nl80211::open().map_err(asked)?;
        let radio = nl.radio(phy.index).map_err(asked)?;
        if !radio.monitors {
            let sentence = format!("The driver of {} ({}) offers no monitor mode.", phy.name, phy.driver);
            return Err(Failure::new(sentence));
        }
        let siblings = up(nl.interfaces(phy.index).map_err(asked)?);
        let name = format!("atmon{}", phy.index);
        if siblings.iter().any(|vif| vif.name == name) {
            return Err(words::refused(
                &phy,
                Tried::Create(&name),
                &Refusal { errno: libc::ENFILE, text: None },
            ));
        }
        let course = course(&phy, &radio, settings, &siblings)?;
        let created = nl.create_monitor(phy.index, &name, MonitorFlags { fcs_failed: settings.fcs_failed });
        let index = created.map_err(|refusal| words::refused(&phy, Tried::Create(&name), &refusal))?;
        let mut monitor = Self { phy, name, radio, index, nl, events, guard: None };
        if settings.in_use == InUse::TakeDown && !siblings.is_empty() {
            monitor.guard = Some(Guard::take_down(siblings.iter().map(Sibling::of).collect())?);
        }
        let set_up = power::set_up(&monitor.name, true);
        set_up.map_err(|error| monitor.refused(Tried::SetUp(&monitor.name), &error))?;
        Ok((monitor, course))
    }

    fn refused(&self, tried: Tried<'_>, error: &io::Error) -> Failure {
        words::refused(&self.phy, tried, &Refusal::of_io(error))
    }

    /// Interfaces of the radio that are up besides.
    fn siblings(&mut self) -> Vec<Vif> {
        let all = self.nl.interfaces(self.phy.index).unwrap_or_default();
        up(all).into_iter().filter(|vif| vif.index != self.index).collect()
    }

    /// What an event means here.
    fn news_of(&mut self, event: Event) -> Result<Option<News>, Failure> {
        match event {
            Event::RadioRemoved(phy) if phy == self.phy.index => Err(words::gone(&self.phy)),
            Event::InterfaceRemoved(index) if index == self.index => Err(self.lost()),
            Event::Moved(_) => Ok(Some(News::Moved)),
            Event::Scanning(phy, away) if phy == self.phy.index => Ok(Some(News::Away(away))),
            Event::Regulatory(country) => {
                // What the driver offers has changed with the rules.
                if let Ok(radio) = self.nl.radio(self.phy.index) {
                    self.radio = radio;
                }
                let country = country.map_or_else(String::new, |country| format!(" ({country})"));
                let line = format!(
                    "The regulatory rules changed{country}; channels that they disable are left out."
                );
                Ok(Some(News::Told(line)))
            }
            _ => Ok(None),
        }
    }
}

impl Tuner for Monitor {
    fn name(&self) -> &str {
        &self.name
    }

    fn device(&self) -> String {
        format!("{} ({})", self.phy.name, self.phy.driver)
    }

    fn radio(&self) -> &Radio {
        &self.radio
    }

    fn tune(&mut self, to: &Tuning) -> Result<(), Refused> {
        self.nl.tune(self.index, to).map_err(|refusal| {
            if !self.phy.is_there() {
                return Refused { busy: false, failure: words::gone(&self.phy) };
            }
            let busy = refusal.errno == libc::EBUSY;
            let users =
                if busy { self.siblings().into_iter().map(|vif| vif.name).collect() } else { Vec::new() };
            Refused { busy, failure: words::refused(&self.phy, Tried::Tune(to, &users), &refusal) }
        })
    }

    fn shared_tuning(&mut self) -> Option<Tuning> {
        self.siblings().iter().find_map(|vif| vif.tuning)
    }

    fn plan(&self, settings: &Settings) -> Result<Plan, Failure> {
        plan(&self.phy, &self.radio, settings)
    }

    fn news(&mut self) -> Result<Vec<News>, Failure> {
        let events = self.events.take();
        events.into_iter().filter_map(|event| self.news_of(event).transpose()).collect()
    }

    fn lost(&self) -> Failure {
        // When an adapter goes, its interfaces go first.
        let patience = Instant::now() + Duration::from_millis(500);
        while Instant::now() < patience {
            if !self.phy.is_there() {
                return words::gone(&self.phy);
            }
            thread::sleep(Duration::from_millis(10));
        }
        if let Some(hard) = self.phy.switched_off() {
            return words::switched_off(&self.phy, hard);
        }
        Failure::new(format!(
            "The monitor interface {} on {} was removed or set down by another program.",
            self.name, self.phy.name
        ))
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        // The kernel would do it when the socket closes, but a little later; siblings come back to a free radio.
        let _ = self.nl.remove(self.index);
        if let Some(guard) = self.guard.take() {
            guard.restore();
        }
    }
}

fn up(mut all: Vec<Vif>) -> Vec<Vif> {
    all.retain(|vif| link::is_up(&vif.name));
    all
}

/// Where to listen, by the settings and by who uses the radio.
fn course(phy: &Phy, radio: &Radio, settings: &Settings, siblings: &[Vif]) -> Result<Course, Failure> {
    if siblings.is_empty() || settings.in_use == InUse::TakeDown {
        return plan(phy, radio, settings).map(Course::Own);
    }
    // A channel that the radio is on already needs no tuning.
    let there = siblings.iter().find_map(|vif| vif.tuning).map(|tuning| tuning.mhz);
    match &settings.wanted {
        Wanted::Automatic => Ok(Course::Shared),
        Wanted::Channels(list) if list.len() == 1 && there == list.first().copied() => Ok(Course::Shared),
        Wanted::Channels(_) => {
            let users: Vec<String> = siblings.iter().map(|vif| vif.name.clone()).collect();
            Err(words::in_use(phy, &users))
        }
    }
}

/// The stops, each known to the radio and allowed.
fn plan(phy: &Phy, radio: &Radio, settings: &Settings) -> Result<Plan, Failure> {
    let enabled = || radio.channels().filter(|channel| !channel.disabled).map(|channel| channel.mhz);
    let list: Vec<u32> = match &settings.wanted {
        Wanted::Channels(list) => list.clone(),
        Wanted::Automatic if settings.follow.is_some() => enabled().collect(),
        Wanted::Automatic => {
            let usual: Vec<u32> = enabled().filter(|mhz| USUAL.contains(mhz)).collect();
            if usual.is_empty() { enabled().take(USUAL.len()).collect() } else { usual }
        }
    };
    // A width that is wanted for several channels is kept to where there is one.
    let lenient = list.len() > 1;
    let stops = list.iter().map(|&mhz| stop(phy, radio, mhz, settings.width, lenient));
    let stops = stops.collect::<Result<Vec<Tuning>, Failure>>()?;
    if stops.is_empty() {
        let sentence = format!("{} ({}) has no channel that may be used here.", phy.name, phy.driver);
        return Err(Failure::new(sentence));
    }
    Ok(match settings.follow {
        Some(bssid) => Plan::follow(stops, settings.dwell, bssid, settings.width),
        None => Plan::hop(stops, settings.dwell),
    })
}

fn stop(phy: &Phy, radio: &Radio, mhz: u32, width: Width, lenient: bool) -> Result<Tuning, Failure> {
    let (asked, device) = (Tuning::narrow(mhz).name(), format!("{} ({})", phy.name, phy.driver));
    match radio.channel(mhz) {
        None => Err(Failure::new(format!("{device} has no channel {asked}."))),
        Some(channel) if channel.disabled => Err(Failure::new(format!(
            "{device} cannot listen on channel {asked}: the regulatory rules in force disable it; `iw reg get` shows them."
        ))),
        Some(_) if lenient => Ok(widest(radio, mhz, width)),
        Some(_) => radio.offers(mhz, width).ok_or_else(|| {
            Failure::new(format!(
                "{device} has no {} MHz wide channel with {asked} as its primary.",
                width.mhz()
            ))
        }),
    }
}
