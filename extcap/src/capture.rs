//! `--capture`: from the source to the FIFO.
//!
//! The FIFO is opened before anything that can fail: Wireshark 4.0 waits for ever for a FIFO that was never opened.

use std::time::{Duration, Instant};

use airtone_capture::write::Section;

use crate::args::Args;
use crate::failure::Failure;
use crate::life::Life;
use crate::live::Feed;
use crate::log::Log;
use crate::pipe::{self, Pipe};
use crate::privileges;
use crate::sink::Outlet;
use crate::source::{Flow, Kind, Source};
use crate::toolbar::{self, Change, Changes, Toolbar};
use crate::writer::{Queue, Writer};

/// How long the source may wait for a packet.
const WAIT: Duration = Duration::from_millis(50);
/// How often new drops are told.
const STATISTICS: Duration = Duration::from_secs(1);
/// At the end: how long the kernel may keep a packet from a reader of its ring. Blocks that are not full are handed over every
/// 20 ms, and one that was just begun only at the second time.
const SETTLED: Duration = Duration::from_millis(60);
/// At the end: how long packets are taken at most where they keep coming.
const DRAINED: Duration = Duration::from_millis(200);

/// Captures until the source ends, the reader goes, or Wireshark says so.
///
/// # Errors
/// One sentence.
pub fn run(args: &Args, kinds: &[Box<dyn Kind>]) -> Result<(), Failure> {
    let Some(fifo) = &args.fifo else {
        return Err(Failure::new(
            "no --fifo was given: name the FIFO or file to write to, or - for standard output",
        ));
    };
    let life = Life::watch(pipe::is_fifo(fifo));
    let life = life.map_err(|error| Failure::new(format!("signals cannot be handled: {error}")))?;
    let Some(pipe) = Pipe::open(fifo, &life)? else { return Ok(()) };
    match open(args, kinds) {
        Ok(source) => {
            // Capabilities belong to threads: before there is a second one.
            privileges::drop_capabilities(source.configures_network());
            let changes = args.control_in.as_deref().map(Changes::open);
            let ended = run_with(args, source, pipe, changes.as_ref(), &life);
            changes.iter().for_each(|changes| changes.await_window(&life));
            ended
        }
        Err(failure) => {
            let toolbar = args.control_out.clone().map(Toolbar::open);
            let changes = args.control_in.as_deref().map(Changes::open);
            toolbar.iter().for_each(|toolbar| toolbar.log(&failure.to_string()));
            changes.iter().for_each(|changes| changes.await_window(&life));
            // Only now may the reader learn that nothing comes.
            drop(pipe);
            Err(failure)
        }
    }
}

/// Captures from an open source.
fn run_with(
    args: &Args,
    source: Box<dyn Source>,
    pipe: Pipe,
    changes: Option<&Changes>,
    life: &Life,
) -> Result<(), Failure> {
    let toolbar = args.control_out.clone().map(Toolbar::open);
    let log = Log::open(args.log_file.as_deref(), toolbar.clone(), args.is_debug())?;
    let section = Section {
        application: format!("airtone-extcap {}", env!("CARGO_PKG_VERSION")),
        comment: source.comment(),
    };
    log.line(&section.comment);
    let (writer, queue) = Writer::start(pipe);
    let feed = toolbar.clone().map(Feed::start);
    let outlet = Outlet::new(&section, queue.clone(), log.clone(), feed);
    let outlet = outlet.map_err(|error| Failure::new(format!("the capture cannot be begun: {error}")))?;
    let mut capture = Capture { source, outlet, log, toolbar, filter: args.options.capture_filter.clone() };
    let ended = capture.run(life, &queue, changes);
    drop(capture);
    writer.finish(queue, life)?;
    ended
}

/// Finds the kind of the interface and opens its source.
fn open(args: &Args, kinds: &[Box<dyn Kind>]) -> Result<Box<dyn Source>, Failure> {
    let kind = crate::protocol::kind_of(&args.interface, kinds)?;
    kind.check_filter(&args.interface, &args.options.capture_filter)?;
    kind.open(&args.interface, &args.options)
}

struct Capture {
    source: Box<dyn Source>,
    outlet: Outlet,
    log: Log,
    toolbar: Option<Toolbar>,
    filter: String,
}

impl Capture {
    fn run(&mut self, life: &Life, queue: &Queue, changes: Option<&Changes>) -> Result<(), Failure> {
        self.advance()?;
        let mut next = Instant::now() + STATISTICS;
        let ended = loop {
            if queue.is_closed() {
                break Ok(());
            }
            if life.is_over() {
                break self.drain(queue);
            }
            for change in changes.into_iter().flat_map(Changes::take) {
                self.change(&change);
            }
            let flow = self.source.read(&mut self.outlet, WAIT);
            self.advance()?;
            match flow {
                Ok(Flow::Open) => {}
                Ok(Flow::Ended) => break Ok(()),
                Err(failure) => break Err(failure),
            }
            if Instant::now() >= next {
                next = Instant::now() + STATISTICS;
                let counters = self.source.counters();
                self.outlet.count(&counters);
            }
        };
        let counters = self.source.counters();
        self.outlet.finish(&counters);
        self.tell_end(&ended);
        ended
    }

    /// Takes what the kernel received before the end and nobody has read yet. What a source that is gone says of itself is
    /// told here too.
    fn drain(&mut self, queue: &Queue) -> Result<(), Failure> {
        if !self.source.is_live() {
            return Ok(());
        }
        let began = Instant::now();
        loop {
            let before = self.received();
            let flow = self.source.read(&mut self.outlet, SETTLED.saturating_sub(began.elapsed()));
            self.advance()?;
            let is_idle = began.elapsed() >= SETTLED && self.received() == before;
            if flow? == Flow::Ended || is_idle || began.elapsed() >= DRAINED || queue.is_closed() {
                return Ok(());
            }
        }
    }

    fn received(&mut self) -> u64 {
        self.source.counters().iter().map(|counters| counters.received).sum()
    }

    fn advance(&mut self) -> Result<(), Failure> {
        let advanced = self.outlet.advance(self.source.interfaces(), &self.filter);
        advanced.map_err(|error| Failure::new(format!("an interface cannot be described: {error}")))
    }

    fn change(&mut self, change: &Change) {
        if change.number < toolbar::FIRST_OWN {
            return;
        }
        self.log.debug(|| format!("control {} was set", change.number));
        if let Err(failure) = self.source.control(change.number, &change.payload) {
            self.log.line(&failure.to_string());
            if let Some(toolbar) = &self.toolbar {
                toolbar.status(&failure.to_string());
            }
        }
    }

    fn tell_end(&self, ended: &Result<(), Failure>) {
        if self.outlet.dropped() > 0 {
            self.log.line(&format!(
                "{} packets dropped, since they were not taken in time",
                self.outlet.dropped()
            ));
        }
        if self.outlet.not_judged() > 0 {
            self.log.line(&format!(
                "{} packets are not in the live line, which did not keep up; the capture has them",
                self.outlet.not_judged()
            ));
        }
        match ended {
            Ok(()) => self.log.line("the capture has ended"),
            Err(failure) => self.log.line(&failure.to_string()),
        }
    }
}
