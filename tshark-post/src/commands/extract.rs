//! The packets of one call, signalling and media, to a capture of their own.

use std::fs::File;
use std::io::BufWriter;
use std::process::ExitCode;

use airtone_capture::Record;
use airtone_capture::write::{PcapNgOut, Section};
use airtone_engine::model::Call;
use airtone_engine::{CallFrames, Packet};
use airtone_report::escape::printable;

use crate::cli::ExtractArgs;
use crate::failure::{Failure, tell};
use crate::output;
use crate::passes::Passes;

/// `tshark-post extract`
pub(crate) fn run(args: &ExtractArgs) -> Result<ExitCode, Failure> {
    output::check_target(Some(&args.output), &args.files)?;
    let passes = Passes::begin(&args.files, &args.analysis, args.quiet)?;
    let call = passes.call(&args.call)?;
    let Some(mut wanted) = CallFrames::new(&passes.report, call.id) else {
        return Err(Failure::new("the call has gone from the report"));
    };
    passes.through_engine(&[], |traffic| wanted.traffic(traffic))?;
    let frames = wanted.into_frames();

    let comment = comment(&passes, call, frames.len());
    let failed = |error: &std::io::Error| Failure::writing(Some(&args.output), error);
    let file = File::create(&args.output).map_err(|error| failed(&error))?;
    let application = format!("Airtone {}", env!("CARGO_PKG_VERSION"));
    let section = Section { application, comment };
    let mut out = PcapNgOut::new(BufWriter::new(file), &section).map_err(|error| failed(&error))?;
    // In the numbering of the capture, with the number in the extract.
    let mut numbers: Vec<Option<u32>> = Vec::new();
    passes.records(|interfaces, record| {
        let Record::Packet(Packet { frame, at, interface, orig_len, bytes, .. }) = record else {
            return Ok(());
        };
        if !frames.contains(&frame) {
            return Ok(());
        }
        let place = interface as usize;
        if numbers.len() <= place {
            numbers.resize(place + 1, None);
        }
        let written = match (numbers[place], interfaces.get(place)) {
            (Some(number), _) => Ok(number),
            (None, Some(described)) => out.interface(described, 0),
            (None, None) => Err(std::io::Error::other("a packet of no interface")),
        };
        let number = written.map_err(|error| failed(&error))?;
        numbers[place] = Some(number);
        out.packet(number, at, orig_len, bytes, 0).map_err(|error| failed(&error))
    })?;
    out.flush().map_err(|error| failed(&error))?;
    if !args.quiet {
        tell(&format!(
            "{}: {} of {} packets, call {}",
            args.output.display(),
            frames.len(),
            passes.report.capture.packets,
            call.id
        ));
    }
    let is_failure = passes.is_damaged && args.analysis.strict;
    Ok(if is_failure { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// What the file is, for whoever opens it.
fn comment(passes: &Passes, call: &Call, packets: usize) -> String {
    let start = call.start.map(|at| format!(", begun {at}")).unwrap_or_default();
    let text = format!(
        "Call {} of {}: from {} to {}{start}. {packets} of {} packets: the SIP messages of this call, its RTP and \
         RTCP, and what else ran between its media addresses. Call-ID: {}.",
        call.id,
        passes.name(),
        call.from,
        call.to,
        passes.report.capture.packets,
        call.call_ids.join(", ")
    );
    printable(&text).into_owned()
}
