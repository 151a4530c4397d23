//! What the listener heard: a call in stereo or one stream, to a WAV file.

mod listen;
pub(crate) mod picture;
mod story;

use std::fs::File;
use std::io::BufWriter;
use std::process::ExitCode;

use airtone_audio::{Channel, Mixed, mix};
use airtone_engine::Report;
use airtone_engine::model::{Call, Stream};
use airtone_report::wave;

pub(crate) use listen::{Hearing, Voice, listen};

use crate::cli::{AudioArgs, AudioFormat, CallArgs};
use crate::failure::Failure;
use crate::output;
use crate::passes::Passes;

/// Units across a picture.
const PICTURE: usize = 1_000;

/// `tshark-post audio`
pub(crate) fn run(args: &AudioArgs) -> Result<ExitCode, Failure> {
    for target in [&args.output, &args.svg] {
        output::check_target(target.as_deref(), &args.files)?;
    }
    let passes = Passes::begin(&args.files, &args.analysis, args.quiet)?;
    let wanted = wanted(args, &passes)?;
    let (voices, tones) =
        listen(&passes, &wanted, Hearing { timing: args.timing.timing(), decrypt: args.decrypt })?;
    let mut heard_in = passes.report.clone();
    tones.add_to(&mut heard_in);
    let tones: Vec<Call> = heard_in.calls.into_iter().filter(|call| is_about(&wanted, call)).collect();
    let named = match args.heard.ssrc {
        Some(_) => alone(&voices),
        None => both_ways(voices.iter()),
    };
    let channels: Vec<Channel<'_>> = named.iter().map(channel).collect();
    if channels.iter().all(|channel| channel.tracks.is_empty()) {
        return Err(refused(&voices));
    }
    let mixed = mix(&channels).map_err(Failure::new)?;
    write(args, &mixed, &channels)?;
    if !args.quiet {
        output::write(None, |out| match args.format {
            AudioFormat::Text => story::text(out, args, &mixed, &named, &tones),
            AudioFormat::Json => story::json(out, &mixed, &named, &tones),
        })?;
    }
    let is_failure = passes.is_damaged && args.analysis.strict;
    Ok(if is_failure { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// The call that the streams belong to.
fn is_about(wanted: &[&Stream], call: &Call) -> bool {
    wanted.iter().any(|stream| stream.call == Some(call.id))
}

fn write(args: &AudioArgs, mixed: &Mixed, channels: &[Channel<'_>]) -> Result<(), Failure> {
    if let Some(path) = &args.output {
        let written = File::create(path).and_then(|file| mixed.write_wav(BufWriter::new(file)));
        written.map_err(|error| Failure::writing(Some(path), &error))?;
    }
    if let Some(path) = &args.svg {
        let picture = wave::svg(&picture::sound(mixed, channels, PICTURE));
        output::write(Some(path), |out| out.write_all(picture.as_bytes()))?;
    }
    Ok(())
}

/// The streams that were asked for.
fn wanted<'a>(args: &AudioArgs, passes: &'a Passes) -> Result<Vec<&'a Stream>, Failure> {
    let report = &passes.report;
    let Some(text) = &args.heard.ssrc else {
        let call = CallArgs { call: args.heard.call, call_id: args.heard.call_id.clone() };
        let call = passes.call(&call)?;
        let found = of_call(report, call.id);
        return match found.is_empty() {
            true => Err(Failure::new(format!("call {} has no sound in this capture", call.id))),
            false => Ok(found),
        };
    };
    let digits = text.trim_start_matches("0x").trim_start_matches("0X");
    let Ok(ssrc) = u32::from_str_radix(digits, 16) else {
        return Err(Failure::new(format!(
            "--ssrc {}: give the SSRC in hexadecimal, as 'tshark-post streams' shows it",
            airtone_report::escape::printable(text)
        )));
    };
    let written = format!("0x{ssrc:08x}");
    let found: Vec<&Stream> = report.streams.iter().filter(|stream| stream.ssrc == written).collect();
    match found.is_empty() {
        true => Err(Failure::new(format!(
            "no stream has SSRC {written}; 'tshark-post streams' lists those of this capture"
        ))),
        false => Ok(found),
    }
}

/// The audio streams of a call, each as near to its listener as the capture shows it: what a relay sends on is
/// what was heard.
pub(crate) fn of_call(report: &Report, call: u32) -> Vec<&Stream> {
    let own = || report.streams.iter().filter(move |stream| stream.call == Some(call));
    let is_sound = |stream: &&Stream| !matches!(stream.media.as_deref(), Some("video" | "fax"));
    let sent_on = |id: u32| own().any(|stream| stream.relayed_from == Some(id));
    own().filter(is_sound).filter(|stream| !sent_on(stream.id)).collect()
}

/// Voices that are heard together, with whose they are.
pub(crate) type Named<'v> = (String, Vec<&'v Voice<'v>>);

/// Streams that were asked for by SSRC.
fn alone<'v>(voices: &'v [Voice<'v>]) -> Vec<Named<'v>> {
    let name = voices.first().map_or(String::new(), |voice| voice.stream.ssrc.clone());
    vec![(name, voices.iter().collect())]
}

/// Caller left, callee right.
pub(crate) fn both_ways<'v>(voices: impl Iterator<Item = &'v Voice<'v>> + Clone) -> Vec<Named<'v>> {
    let towards = |direction: &str| {
        voices.clone().filter(|voice| voice.stream.direction.as_deref() == Some(direction)).collect()
    };
    vec![
        ("caller, as the callee heard it".to_owned(), towards("caller_to_callee")),
        ("callee, as the caller heard it".to_owned(), towards("callee_to_caller")),
    ]
}

/// What is to be mixed of them.
pub(crate) fn channel<'v>((name, voices): &Named<'v>) -> Channel<'v> {
    let tracks = voices.iter().filter_map(|voice| voice.sound.as_ref().ok()).collect();
    Channel { name: name.clone(), tracks }
}

fn refused(voices: &[Voice<'_>]) -> Failure {
    let why = voices.iter().find_map(|voice| {
        let refusal = voice.sound.as_ref().err()?;
        Some(format!("stream {} ({}) cannot be heard: {}", voice.stream.id, voice.stream.ssrc, refusal.0))
    });
    Failure::new(why.unwrap_or_else(|| "no stream of it has a direction; name one with --ssrc".to_owned()))
}
