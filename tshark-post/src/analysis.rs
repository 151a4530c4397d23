//! Every record of the input through the engine, once.

use std::path::PathBuf;

use airtone_capture::{Input, Record};
use airtone_engine::{Config, Engine, Report, SourceInfo};

use crate::failure::Failure;
use crate::progress::Progress;

/// Reads `files` as one capture and returns the report.
pub(crate) fn analyse(files: &[PathBuf], config: Config, progress: &mut Progress) -> Result<Report, Failure> {
    let mut input = Input::open(files)?;
    let mut engine = Engine::new(config);
    while let Some(record) = input.next()? {
        match record {
            Record::Packet(packet) => {
                engine.packet(&packet);
            }
            Record::Observed(observed) => {
                engine.observe(&observed);
            }
            Record::Dropped { interface, at, packets } => engine.sensor_dropped(interface, at, packets),
        }
        progress.tick(|| input.progress());
    }
    progress.finish();
    let source = SourceInfo { files: input.files(), missing_fields: input.missing_fields() };
    Ok(engine.into_report(source))
}
