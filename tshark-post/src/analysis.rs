//! Every record of the input through the engine, once, on one thread or on two.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::mpsc::{channel, sync_channel};
use std::thread;

use airtone_capture::{Input, Record, Run};
use airtone_engine::flow::Flow;
use airtone_engine::halves::{Batch, Front};
use airtone_engine::rtp::tones::Tones;
use airtone_engine::{Config, Engine, Report, SourceInfo};

use crate::failure::Failure;
use crate::progress::Progress;

/// Files smaller than this in all are done before a second thread pays off.
const WORTH_A_THREAD: u64 = 20_000_000;
/// Items in a batch for another thread: enough that handing it over costs little, few enough to stay in the
/// processor's second cache.
const BATCH: usize = 2048;
/// Items in a batch for the same thread.
const SMALL_BATCH: usize = 256;
/// Batches that may wait.
const WAITING: usize = 4;

/// Reads `files` as one capture and returns the report, with the messages that `config.flows` asks for. `threads`: as
/// many as wanted, of which two are used; `None` decides by the size of the input.
pub(crate) fn analyse(
    files: &[PathBuf],
    config: Config,
    threads: Option<NonZero<usize>>,
    progress: &mut Progress,
) -> Result<(Report, Vec<Flow>), Failure> {
    let (engine, source) = read(files, config, threads, progress)?;
    let flows = engine.flows();
    Ok((engine.into_report(source), flows))
}

fn read(
    files: &[PathBuf],
    config: Config,
    threads: Option<NonZero<usize>>,
    progress: &mut Progress,
) -> Result<(Engine, SourceInfo), Failure> {
    let mut input = Input::open(files)?;
    let engine = Engine::new(config);
    let has_two = threads.map_or_else(|| is_worth_a_thread(&input), |threads| threads.get() > 1);
    let engine = match has_two {
        _ if !input.is_packets_only() => record_by_record(&mut input, engine, progress)?,
        true => on_two_threads(&mut input, engine, progress)?,
        false => on_one_thread(&mut input, engine, progress)?,
    };
    progress.finish();
    let source = SourceInfo { files: input.files(), missing_fields: input.missing_fields() };
    Ok((engine, source))
}

/// As [`analyse`], and listens for tones in the sound. On one thread: the listening is most of the work.
pub(crate) fn analyse_with_tones(
    files: &[PathBuf],
    config: Config,
    progress: &mut Progress,
) -> Result<(Report, Vec<Flow>), Failure> {
    let mut input = Input::open(files)?;
    let mut engine = Engine::new(config);
    let mut tones = Tones::default();
    while input.next_records(|record| match record {
        Record::Packet(packet) => {
            engine.packet_with(&packet, |traffic| tones.traffic(traffic));
        }
        other => other.give_to(&mut engine),
    })? {
        progress.tick(|| input.progress());
    }
    progress.finish();
    let source = SourceInfo { files: input.files(), missing_fields: input.missing_fields() };
    let flows = engine.flows();
    let mut report = engine.into_report(source);
    tones.add_to(&mut report);
    Ok((report, flows))
}

/// A pipe may bring anything.
fn is_worth_a_thread(input: &Input) -> bool {
    let has_cores = thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
    has_cores && input.progress().1.is_none_or(|bytes| bytes >= WORTH_A_THREAD)
}

/// As on two threads, but with batches that stay in the processor's first cache: decoding many packets and then
/// following them is faster than turn by turn.
fn on_one_thread(input: &mut Input, engine: Engine, progress: &mut Progress) -> Result<Engine, Failure> {
    let (mut front, mut back) = engine.split();
    let mut batch = Batch::new(SMALL_BATCH);
    while input.next_runs(|run| {
        decode(&mut front, run, &mut batch);
        if batch.is_full() {
            back.take(&mut batch);
        }
    })? {
        progress.tick(|| input.progress());
    }
    back.take(&mut batch);
    Ok(Engine::join(front, back))
}

fn decode(front: &mut Front, run: Run<'_>, batch: &mut Batch) {
    match run {
        Run::Packets(packets) => front.packets(packets, batch),
        Run::One(Record::Packet(packet)) => front.packets(&[packet], batch),
        Run::One(Record::Dropped { interface, at, packets }) => {
            front.sensor_dropped(interface, at, packets, batch);
        }
        Run::One(Record::Listening { interface, at, channel }) => {
            front.listening(interface, at, channel, batch);
        }
        Run::One(Record::Observed(_)) => debug_assert!(false, "an export among the captures"),
    }
}

/// What exports tell is borrowed from them, so it is followed at once.
fn record_by_record(
    input: &mut Input,
    mut engine: Engine,
    progress: &mut Progress,
) -> Result<Engine, Failure> {
    while input.next_records(|record| record.give_to(&mut engine))? {
        progress.tick(|| input.progress());
    }
    Ok(engine)
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
        let mut batch = Batch::new(BATCH);
        let mut is_taken = true;
        while input.next_runs(|run| {
            decode(&mut front, run, &mut batch);
            if batch.is_full() {
                let next = empty.try_recv().unwrap_or_else(|_| Batch::new(BATCH));
                is_taken = full.send(std::mem::replace(&mut batch, next)).is_ok();
            }
        })? && is_taken
        {
            progress.tick(|| input.progress());
        }
        let _ = full.send(batch);
        drop(full);
        let back = worker.join().unwrap_or_else(|panic| resume_unwind(panic));
        Ok(Engine::join(front, back))
    })
}
