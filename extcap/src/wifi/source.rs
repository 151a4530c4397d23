//! The capture: frames from the monitor interface, the radio from channel to channel, and what is said about it.

use std::time::{Duration, Instant};

use airtone_capture::Interface;
use airtone_engine::wifi::BeaconObservation;
use airtone_engine::{LinkType, Nanos};

use super::channels::Tuning;
use super::keep::Keep;
use super::monitor::{self, Course, Monitor};
use super::nl80211::{Event, Events};
use super::notes::{self, Notes};
use super::phys::Phy;
use super::settings::{self, Settings, Wanted};
use super::words;
use super::{CHANNELS_CONTROL, DWELL_CONTROL, FOLLOW_CONTROL};
use crate::failure::Failure;
use crate::source::{Counters, Flow, Note, Options, Received, Sink, Source};
use crate::sys::ring::{self, Captured, Ring};

/// After tuning, a radio needs this long until it receives.
const SETTLE: i64 = 5 * Nanos::MILLI;
/// How often a radio that is not ours is asked where it is.
const LOOK: Duration = Duration::from_secs(1);

/// An open monitor capture.
pub(crate) struct WifiSource {
    // The ring closes before the interface goes.
    ring: Ring,
    events: Events,
    monitor: Monitor,
    course: Course,
    settings: Settings,
    interfaces: Vec<Interface>,
    notes: Notes,
    /// Where the radio is, as far as is known.
    tuned: Option<Tuning>,
    looked: Instant,
    log: Vec<String>,
    /// Dropped packets not told yet, of frames that were not kept.
    untold: u64,
}

impl WifiSource {
    pub(crate) fn open(
        phy: Phy,
        options: &Options,
        filter: &[crate::filter::Instruction],
    ) -> Result<Self, Failure> {
        let settings = Settings::of(options)?;
        let told = |refusal| words::refused(&phy, words::Tried::Ask, &refusal);
        let events = Events::open().map_err(told)?;
        let (mut monitor, mut course) = Monitor::open(phy, &settings)?;
        let now = Instant::now();
        let first = match &mut course {
            Course::Own(plan) => plan.start(now),
            Course::Shared => None,
        };
        if let Some(to) = &first {
            monitor.tune(to).map_err(|(_, failure)| failure)?;
        }
        let tuned = first.or_else(|| monitor.shared_tuning());
        let ring_settings = ring::Settings { snaplen: settings.snaplen, filter, ..Default::default() };
        let ring = Ring::open(&monitor.name, &ring_settings)?;
        let interface = Interface {
            link: ring.link(),
            name: monitor.name.clone(),
            description: format!("{} ({}) in monitor mode", monitor.phy.name, monitor.phy.driver),
        };
        let mut source = Self {
            ring,
            events,
            monitor,
            course,
            settings,
            interfaces: vec![interface],
            notes: Notes::default(),
            tuned: None,
            looked: now,
            log: Vec::new(),
            untold: 0,
        };
        source.listening(tuned, notes::now());
        Ok(source)
    }

    /// From `at` on the radio is there, or in between.
    fn listening(&mut self, tuned: Option<Tuning>, at: Nanos) {
        self.tuned = tuned;
        let channel = tuned.map(|tuning| (tuning.mhz, tuning.width.mhz()));
        self.notes.push(at, Note::Listening { interface: 0, channel });
    }

    /// Tunes, and notes since when the radio is deaf and where it listens then.
    fn go(&mut self, to: Tuning) -> Result<(), Failure> {
        if self.tuned == Some(to) {
            return Ok(());
        }
        let before = self.tuned;
        self.listening(None, notes::now());
        match self.monitor.tune(&to) {
            Ok(()) => {
                self.listening(Some(to), Nanos(notes::now().0 + SETTLE));
                Ok(())
            }
            Err((refusal, failure)) => {
                if !self.monitor.phy.is_there() {
                    return Err(words::gone(&self.monitor.phy));
                }
                self.listening(before, notes::now());
                self.refused(&to, refusal.errno, failure)
            }
        }
    }

    /// A channel that cannot be had any more is left out; a radio that others took is shared.
    fn refused(&mut self, to: &Tuning, errno: i32, failure: Failure) -> Result<(), Failure> {
        if errno == libc::EBUSY {
            self.log.push(format!("{failure} Listening on the channel in use from now on."));
            self.course = Course::Shared;
            let tuned = self.monitor.shared_tuning();
            self.listening(tuned, notes::now());
            return Ok(());
        }
        let goes_on = match &mut self.course {
            Course::Own(plan) => plan.drop_stop(to.mhz),
            Course::Shared => false,
        };
        if !goes_on {
            return Err(failure);
        }
        self.log.push(format!("{failure} Left out."));
        Ok(())
    }

    /// What is due: the next channel, and what happened to the radio.
    fn turn(&mut self, now: Instant) -> Result<(), Failure> {
        for event in self.events.take() {
            self.happened(&event)?;
        }
        let next = match &mut self.course {
            Course::Own(plan) => plan.change(now),
            Course::Shared => {
                if now.duration_since(self.looked) >= LOOK {
                    self.look(now);
                }
                None
            }
        };
        next.map_or(Ok(()), |to| self.go(to))
    }

    /// Where the others are by now.
    fn look(&mut self, now: Instant) {
        self.looked = now;
        let tuned = self.monitor.shared_tuning();
        if tuned != self.tuned {
            self.listening(tuned, notes::now());
        }
    }

    fn happened(&mut self, event: &Event) -> Result<(), Failure> {
        let own = self.monitor.index();
        match event {
            Event::RadioRemoved(phy) if *phy == self.monitor.phy.index => Err(words::gone(&self.monitor.phy)),
            Event::InterfaceRemoved(index) if *index == own => Err(self.lost()),
            Event::Moved(_) if matches!(self.course, Course::Shared) => {
                self.look(Instant::now());
                Ok(())
            }
            Event::Regulatory(country) => {
                self.monitor.learn();
                let country = country.as_deref().map_or_else(String::new, |country| format!(" ({country})"));
                self.log.push(format!(
                    "The regulatory rules changed{country}; channels that they disable are left out."
                ));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The interface went away or down: why.
    fn lost(&self) -> Failure {
        let phy = &self.monitor.phy;
        if !phy.is_there() {
            return words::gone(phy);
        }
        if let Some(hard) = phy.switched_off() {
            return words::switched_off(phy, hard);
        }
        Failure::new(format!(
            "The monitor interface {} on {} was removed or set down by another program.",
            self.monitor.name, phy.name
        ))
    }

    /// When [`Self::turn`] has to come next.
    fn next(&self) -> Option<Instant> {
        match &self.course {
            Course::Own(plan) => plan.next(),
            Course::Shared => Some(self.looked + LOOK),
        }
    }

    /// Another list, dwell or access point.
    fn replan(&mut self, settings: Settings) -> Result<(), Failure> {
        if matches!(self.course, Course::Shared) {
            let sentence = "The radio is shared with other interfaces and cannot be tuned.";
            return Err(Failure::new(sentence));
        }
        let mut plan = monitor::plan(&self.monitor.phy, &self.monitor.radio, &settings)?;
        let first = plan.start(Instant::now());
        self.course = Course::Own(plan);
        self.settings = settings;
        first.map_or(Ok(()), |to| self.go(to))
    }
}

/// What the frames of one reading lead to.
struct Reading<'a> {
    keep: Keep,
    course: &'a mut Course,
    monitor: &'a Monitor,
    notes: &'a mut Notes,
    untold: &'a mut u64,
    now: (Instant, Nanos),
    to: Option<Tuning>,
}

impl Reading<'_> {
    fn frame(&mut self, frame: &Captured<'_>, sink: &mut dyn Sink) {
        self.notes.tell(frame.at, sink);
        *self.untold += frame.dropped;
        if let Course::Own(plan) = &mut *self.course
            && let Some(beacon) = BeaconObservation::of(LinkType::RADIOTAP, frame.bytes, frame.orig_len)
        {
            let ago = u64::try_from(self.now.1.0.saturating_sub(frame.at.0)).unwrap_or(0);
            let heard = self.now.0.checked_sub(Duration::from_nanos(ago)).unwrap_or(self.now.0);
            self.to = plan.beacon(&beacon, heard, &self.monitor.radio).or(self.to);
        }
        if self.keep.takes(frame.bytes) {
            let Captured { at, orig_len, bytes, .. } = *frame;
            let dropped = std::mem::take(self.untold);
            sink.packet(Received { interface: 0, at, orig_len, bytes, dropped });
        }
    }
}

impl Source for WifiSource {
    fn comment(&self) -> String {
        let Self { monitor, settings, .. } = self;
        let how = match &self.course {
            Course::Shared => "on the channel of the interfaces that use the radio".to_owned(),
            Course::Own(plan) => {
                let names: Vec<String> = plan.stops().iter().map(Tuning::name).collect();
                match (&names[..], settings.follow) {
                    (_, Some(_)) => "following an access point".to_owned(),
                    ([one], None) => format!("on channel {one}"),
                    (all, None) => {
                        let (list, dwell) = (all.join(", "), plan.dwell().as_millis());
                        format!("on channels {list} in turn, {dwell} ms each")
                    }
                }
            }
        };
        let fcs = if settings.fcs_failed { ", with frames whose FCS failed" } else { "" };
        format!(
            "Wi-Fi monitor mode on {} ({}) {how}; kept: {}{fcs}.",
            monitor.phy.name,
            monitor.phy.driver,
            settings.keep.name()
        )
    }

    fn configures_network(&self) -> bool {
        true
    }

    fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    fn read(&mut self, sink: &mut dyn Sink, wait: Duration) -> Result<Flow, Failure> {
        let deadline = Instant::now() + wait;
        loop {
            let now = Instant::now();
            let turned = self.turn(now);
            self.log.drain(..).for_each(|line| sink.log(&line));
            turned?;
            let until = self.next().map_or(deadline, |next| next.min(deadline));
            let mut reading = Reading {
                keep: self.settings.keep,
                course: &mut self.course,
                monitor: &self.monitor,
                notes: &mut self.notes,
                untold: &mut self.untold,
                now: (now, notes::now()),
                to: None,
            };
            let got =
                self.ring.read(until.saturating_duration_since(now), |frame| reading.frame(&frame, sink));
            let to = reading.to;
            self.notes.settle(notes::now(), sink);
            let Ok(got) = got else { return Err(self.lost()) };
            if let Some(to) = to {
                self.go(to)?;
            }
            if got > 0 || Instant::now() >= deadline {
                return Ok(Flow::Open);
            }
        }
    }

    fn counters(&mut self) -> Vec<Counters> {
        vec![self.ring.statistics()]
    }

    fn control(&mut self, number: u8, payload: &[u8]) -> Result<(), Failure> {
        let text = String::from_utf8_lossy(payload);
        let mut wanted = self.settings.clone();
        match number {
            CHANNELS_CONTROL => {
                wanted.wanted = settings::wanted(&text)?;
                wanted.follow = None;
            }
            DWELL_CONTROL => wanted.dwell = settings::dwell(&text)?,
            FOLLOW_CONTROL => {
                wanted.follow = settings::follow(&text)?;
                // Wherever it is.
                if wanted.follow.is_some() {
                    wanted.wanted = Wanted::Automatic;
                }
            }
            _ => return Ok(()),
        }
        if wanted == self.settings { Ok(()) } else { self.replan(wanted) }
    }
}
