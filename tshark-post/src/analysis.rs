//! Every record of the input through the engine, once, on one thread or on two.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::mpsc::{channel, sync_channel};
use std::thread;

use airtone_capture::{Input, Record};
use airtone_engine::halves::Batch;
use airtone_engine::{Config, Engine, Report, SourceInfo};

use crate::failure::Failure;
use crate::progress::Progress;

/// Files smaller than this in all are done before a second thread pays off.
const WORTH_A_THREAD: u64 = 20_000_000;
/// Batches that may wait.
const WAITING: usize = 4;

/// Reads `files` as one capture and returns the report. `threads`: as many as wanted, of which two are used;
/// `None` decides by the size of the input.
pub(crate) fn analyse(
    files: &[PathBuf],
    config: Config,
    threads: Option<NonZero<usize>>,
    progress: &mut Progress,
) -> Result<Report, Failure> {
    let mut input = Input::open(files)?;
    let engine = Engine::new(config);
    let has_two = threads.map_or_else(|| is_worth_a_thread(&input), |threads| threads.get() > 1);
    // An export is read more slowly than analysed, and what it tells is borrowed from it.
    let engine = match has_two && input.is_packets_only() {
        true => on_two_threads(&mut input, engine, progress)?,
        false => on_one_thread(&mut input, engine, progress)?,
    };
    progress.finish();
    let source = SourceInfo { files: input.files(), missing_fields: input.missing_fields() };
    Ok(engine.into_report(source))
}

/// A pipe may bring anything.
fn is_worth_a_thread(input: &Input) -> bool {
    let has_cores = thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
    has_cores && input.progress().1.is_none_or(|bytes| bytes >= WORTH_A_THREAD)
}

fn on_one_thread(input: &mut Input, mut engine: Engine, progress: &mut Progress) -> Result<Engine, Failure> {
    while input.next_records(|record| take(&mut engine, record))? {
        progress.tick(|| input.progress());
    }
    Ok(engine)
}

#[inline(always)]
fn take(engine: &mut Engine, record: Record<'_>) {
    match record {
        Record::Packet(packet) => {
            engine.packet(&packet);
        }
        Record::Observed(observed) => {
            engine.observe(&observed);
        }
        Record::Dropped { interface, at, packets } => engine.sensor_dropped(interface, at, packets),
        Record::Listening { interface, at, channel } => engine.listening(interface, at, channel),
    }
}

/// This thread reads and decodes, another one follows the traffic. Batches go there full and come back empty.
fn on_two_threads(input: &mut Input, engine: Engine, progress: &mut Progress) -> Result<Engine, Failure> {
    let (mut front, mut back) = engine.split();
    let (full, batches) = sync_channel::<Batch>(WAITING);
    let (used, empty) = channel::<Batch>();
    thread::scope(|scope| {
        let worker = scope.spawn(move || {
            for mut batch in batches {
                back.take(&mut batch);
                // Nobody waits for the last ones.
                let _ = used.send(batch);
            }
            back
        });
        let mut batch = Batch::default();
        while input.next_records(|record| match record {
            Record::Packet(packet) => front.packet(&packet, &mut batch),
            Record::Dropped { interface, at, packets } => {
                front.sensor_dropped(interface, at, packets, &mut batch);
            }
            Record::Listening { interface, at, channel } => {
                front.listening(interface, at, channel, &mut batch);
            }
            Record::Observed(_) => debug_assert!(false, "an export among the captures"),
        })? {
            if batch.is_full() {
                let next = empty.try_recv().unwrap_or_default();
                if full.send(std::mem::replace(&mut batch, next)).is_err() {
                    break;
                }
            }
            progress.tick(|| input.progress());
        }
        let _ = full.send(batch);
        drop(full);
        let back = worker.join().unwrap_or_else(|panic| resume_unwind(panic));
        Ok(Engine::join(front, back))
    })
}
