//! The capture: frames from the monitor interface, the radio from channel to channel, and what is said about it.

use std::time::{Duration, Instant};

use airtone_capture::Interface;
use airtone_engine::wifi::BeaconObservation;
use airtone_engine::{LinkType, Nanos};

use super::channels::Tuning;
use super::keep::Keep;
use super::monitor::Course;
use super::nl80211::Radio;
use super::notes::{self, Notes};
use super::plan::Plan;
use super::settings::{self, Settings, Wanted};
use super::{CHANNELS_CONTROL, DWELL_CONTROL, FOLLOW_CONTROL};
use crate::failure::Failure;
use crate::filter::Instruction;
use crate::source::{Counters, Flow, Note, Received, Sink, Source};
use crate::sys::ring::{self, Captured, Ring};

/// After tuning, a radio needs this long until it receives.
const SETTLE: i64 = 5 * Nanos::MILLI;
/// How often a radio that is not ours is asked where it is.
const LOOK: Duration = Duration::from_secs(1);
/// A scan takes no longer.
const SCAN: Duration = Duration::from_secs(10);

/// A monitor interface and its radio.
pub(super) trait Tuner {
    /// Name of the interface.
    fn name(&self) -> &str;

    /// Radio and driver.
    fn device(&self) -> String;

    /// What the radio offers.
    fn radio(&self) -> &Radio;

    /// Tunes it.
    fn tune(&mut self, to: &Tuning) -> Result<(), Refused>;

    /// Where the other interfaces of the radio are.
    fn shared_tuning(&mut self) -> Option<Tuning>;

    /// Where to listen by new settings.
    fn plan(&self, settings: &Settings) -> Result<Plan, Failure>;

    /// What happened to the radio since the last call.
    ///
    /// # Errors
    /// When it is gone.
    fn news(&mut self) -> Result<Vec<News>, Failure>;

    /// Why the interface went away or down.
    fn lost(&self) -> Failure;
}

/// The kernel or its driver refused to tune.
pub(super) struct Refused {
    /// Somebody else uses the radio.
    pub busy: bool,
    pub failure: Failure,
}

/// What happened to a radio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// For the log.
    Told(String),
    /// Another interface may be on another channel now.
    Moved,
    /// Another interface has the radio look for access points on other channels, or it has come back.
    Away(bool),
}

/// An open monitor capture.
pub(super) struct WifiSource {
    // The ring closes before the interface goes.
    ring: Ring,
    tuner: Box<dyn Tuner>,
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
    /// Captures on an interface that is up, after the first tuning.
    pub(super) fn open(
        mut tuner: Box<dyn Tuner>,
        mut course: Course,
        settings: Settings,
        filter: &[Instruction],
    ) -> Result<Self, Failure> {
        let now = Instant::now();
        let first = match &mut course {
            Course::Own(plan) => plan.start(now),
            Course::Shared => None,
        };
        if let Some(to) = &first {
            tuner.tune(to).map_err(|refused| refused.failure)?;
        }
        let tuned = first.or_else(|| tuner.shared_tuning());
        let ring_settings = ring::Settings { snaplen: settings.snaplen, filter, ..Default::default() };
        let ring = Ring::open(tuner.name(), &ring_settings)?;
        let interface = Interface {
            link: ring.link(),
            name: tuner.name().to_owned(),
            description: format!("{} in monitor mode", tuner.device()),
        };
        let mut source = Self {
            ring,
            tuner,
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
        match self.tuner.tune(&to) {
            Ok(()) => {
                self.listening(Some(to), Nanos(notes::now().0 + SETTLE));
                Ok(())
            }
            Err(refused) => {
                self.listening(before, notes::now());
                self.refused(&to, refused)
            }
        }
    }

    /// A channel that cannot be had any more is left out; a radio that others took is shared.
    fn refused(&mut self, to: &Tuning, Refused { busy, failure }: Refused) -> Result<(), Failure> {
        if busy {
            self.log.push(format!("{failure} Listening on the channel in use from now on."));
            self.course = Course::Shared;
            let tuned = self.tuner.shared_tuning();
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
        for news in self.tuner.news()? {
            match news {
                News::Told(line) => self.log.push(line),
                News::Moved | News::Away(false) if self.is_shared() => self.look(now),
                News::Away(true) if self.is_shared() => {
                    self.listening(None, notes::now());
                    // Should the end of the scan not be told.
                    self.looked = now + SCAN;
                }
                News::Moved | News::Away(_) => {}
            }
        }
        let next = match &mut self.course {
            Course::Own(plan) => plan.change(now),
            Course::Shared => {
                if now.saturating_duration_since(self.looked) >= LOOK {
                    self.look(now);
                }
                None
            }
        };
        next.map_or(Ok(()), |to| self.go(to))
    }

    fn is_shared(&self) -> bool {
        matches!(self.course, Course::Shared)
    }

    /// Where the others are by now.
    fn look(&mut self, now: Instant) {
        self.looked = now;
        let tuned = self.tuner.shared_tuning();
        if tuned != self.tuned {
            self.listening(tuned, notes::now());
        }
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
        if self.is_shared() {
            let sentence = "The radio is shared with other interfaces and cannot be tuned.";
            return Err(Failure::new(sentence));
        }
        let mut plan = self.tuner.plan(&settings)?;
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
    radio: &'a Radio,
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
            self.to = plan.beacon(&beacon, heard, self.radio).or(self.to);
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
        let Self { tuner, settings, .. } = self;
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
        format!("Wi-Fi monitor mode on {} {how}; kept: {}{fcs}.", tuner.device(), settings.keep.name())
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
                radio: self.tuner.radio(),
                notes: &mut self.notes,
                untold: &mut self.untold,
                now: (now, notes::now()),
                to: None,
            };
            let got =
                self.ring.read(until.saturating_duration_since(now), |frame| reading.frame(&frame, sink));
            let to = reading.to;
            self.notes.settle(notes::now(), sink);
            let Ok(got) = got else { return Err(self.tuner.lost()) };
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

#[cfg(test)]
mod tests;
