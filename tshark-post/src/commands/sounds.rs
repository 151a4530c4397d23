//! The HTML report with sound: pictures of what was heard in the calls worth hearing, and the sound itself, bounded.

use std::process::ExitCode;

use airtone_audio::mix;
use airtone_engine::Report;
use airtone_engine::model::{Call, Stream};
use airtone_report::html::{self, Inserts, worth_drawing};
use airtone_report::wave::{Kind, Sound};

use super::audio::picture;
use super::audio::{Hearing, Voice, both_ways, channel, listen, of_call};
use super::captures::for_people;
use crate::cli::{Common, Format};
use crate::failure::{Failure, tell};
use crate::output;
use crate::passes::Passes;

/// Columns of a picture.
const COLUMNS: usize = 800;
/// Calls with a picture, at most, where none was named.
const CALLS: usize = 25;
/// Seconds of all directions that are held in memory at once: 16 kB each.
const SECONDS: f64 = 4.0 * 3600.0;
/// Bytes of sound in a page. As base64, and once more as base64 in a mail, that stays below the 25 MB that mail
/// servers take.
const BYTES: usize = 9_000_000;
/// Seconds of a call that can be heard, where none was named.
const PART: f64 = 120.0;
/// Samples per second of wideband codecs; of others there are 8,000.
const RATE: u32 = 16_000;

/// `tshark-post report --format html --with-audio`
pub(crate) fn report(common: &Common, calls: &[u32], decrypt: bool) -> Result<ExitCode, Failure> {
    let target = common.output.output.as_deref();
    output::check_target(target, &common.files)?;
    let passes = Passes::begin_as(&common.files, &common.analysis, Format::Html, common.output.quiet)?;
    let is_named = calls != [0];
    let ids = if is_named { named(&passes.report, calls)? } else { worth_drawing(&passes.report, CALLS) };
    let chosen = held(&passes.report, &ids, common.output.quiet);
    let wanted: Vec<&Stream> = chosen.iter().flat_map(|(_, streams)| streams).copied().collect();
    let voices = listen(&passes, &wanted, Hearing { decrypt, ..Hearing::default() })?.0;

    let report = for_people(&passes.report, &common.output);
    let mut inserts = Inserts::default().with_ladders(&report, &passes.flows);
    let mut room = BYTES;
    for (at, (call, _)) in chosen.iter().enumerate() {
        let own = voices.iter().filter(|voice| voice.stream.call == Some(call.id));
        let each = if is_named { room / (chosen.len() - at) } else { room };
        room -= add(&mut inserts, call, own, each, is_named);
    }
    output::write(target, |mut out| html::write_with(&mut out, &report, &inserts))?;
    let is_failure = passes.is_damaged && common.analysis.strict;
    Ok(if is_failure { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

fn named(report: &Report, calls: &[u32]) -> Result<Vec<u32>, Failure> {
    match calls.iter().find(|id| report.calls.iter().all(|call| call.id != **id)) {
        None => Ok(calls.to_vec()),
        Some(id) => Err(Failure::new(format!(
            "--with-audio: there is no call {id}; 'tshark-post calls' lists those of this capture"
        ))),
    }
}

/// The calls that have sound, with their streams, as many as memory should hold.
fn held<'a>(report: &'a Report, ids: &[u32], quiet: bool) -> Vec<(&'a Call, Vec<&'a Stream>)> {
    let mut seconds = 0.0;
    let mut held = Vec::new();
    for id in ids {
        let Some(call) = report.calls.iter().find(|call| call.id == *id) else { continue };
        let streams = of_call(report, *id);
        let own: f64 = streams.iter().filter_map(|stream| stream.duration_s).sum();
        if streams.is_empty() {
            continue;
        }
        if seconds + own > SECONDS {
            if !quiet {
                tell(&format!(
                    "call {id} is too long to be put into the page; 'tshark-post audio --call {id}' has its sound"
                ));
            }
            continue;
        }
        seconds += own;
        held.push((call, streams));
    }
    held
}

/// Bytes of sound that the call took.
fn add<'v>(
    inserts: &mut Inserts,
    call: &Call,
    voices: impl Iterator<Item = &'v Voice<'v>> + Clone,
    room: usize,
    is_named: bool,
) -> usize {
    let refusals = voices.clone().filter_map(|voice| {
        let refusal = voice.sound.as_ref().err()?;
        Some(format!("Stream {} cannot be heard: {}. ", voice.stream.id, refusal.0))
    });
    let refused: String = refusals.collect();
    let mut channels: Vec<_> = both_ways(voices).iter().map(channel).collect();
    channels.retain(|channel| !channel.tracks.is_empty());
    let mixed = match mix(&channels) {
        Ok(mixed) => mixed,
        Err(why) => {
            inserts.add_sound(
                call.id,
                &Sound::default(),
                None,
                &format!("{refused}Nothing to be heard: {why}."),
            );
            return 0;
        }
    };
    let mut sound = picture::sound(&mixed, &channels, COLUMNS);
    let per_s = mixed.rate.min(RATE) as usize * channels.len() * 2;
    let most = (room.saturating_sub(64) / per_s) as f64;
    let most = if is_named { most } else { most.min(PART) };
    if most < sound.seconds.min(1.0) {
        let words = format!(
            "{refused}The sounds of other calls have filled the page: tshark-post audio --call {}",
            call.id
        );
        inserts.add_sound(call.id, &sound, None, &words);
        return 0;
    }
    let (from, to) = worst_part(&sound, most);
    let is_all = to - from >= sound.seconds;
    sound.part = (!is_all).then_some((from, to));
    let Ok(wav) = mixed.part(from, to, RATE).wav() else { return 0 };
    inserts.add_sound(call.id, &sound, Some(&wav), &(refused + &words(&sound, channels.len())));
    wav.len()
}

fn words(sound: &Sound, channels: usize) -> String {
    let part = sound.part.map_or_else(String::new, |(from, to)| {
        format!("To be heard: {from:.0} to {to:.0} s, the part with most lost and late packets. ")
    });
    let sides = if channels > 1 { "Caller on the left, callee on the right. " } else { "" };
    format!("{part}{sides}Lost and late packets are concealed as a phone would.")
}

/// The stretch of `length` seconds with most lost and late packets; the first of them.
fn worst_part(sound: &Sound, length: f64) -> (f64, f64) {
    if length >= sound.seconds {
        return (0.0, sound.seconds);
    }
    let concealed = |kind: Kind| matches!(kind, Kind::Lost | Kind::Late);
    let marks = sound.channels.iter().flat_map(|channel| &channel.marks).filter(|mark| concealed(mark.kind));
    let mut marks: Vec<(f64, u64)> = marks.map(|mark| (mark.at_s, mark.lost + mark.late)).collect();
    marks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut best, mut most, mut sum, mut first) = (0.0, 0, 0, 0);
    for (at, packets) in &marks {
        sum += packets;
        while marks[first].0 < at - length + 2.0 {
            sum -= marks[first].1;
            first += 1;
        }
        if sum > most {
            // A second before it tells how it should sound.
            (best, most) = ((marks[first].0 - 1.0).max(0.0), sum);
        }
    }
    let from = best.min(sound.seconds - length);
    (from, from + length)
}

#[cfg(test)]
mod tests {
    use airtone_report::wave::{Channel, Mark};

    use super::*;

    #[test]
    fn the_worst_part_is_heard() {
        let mark = |at_s, lost| Mark { kind: Kind::Lost, at_s, length_s: 0.02, lost, late: 0 };
        let marks = vec![mark(3.0, 1), mark(50.0, 4), mark(55.0, 4), mark(99.0, 5)];
        let channel = Channel { marks, ..Channel::default() };
        let sound = Sound { seconds: 100.0, channels: vec![channel], part: None };
        assert_eq!(worst_part(&sound, 10.0), (49.0, 59.0));
        assert_eq!(worst_part(&sound, 4.0), (96.0, 100.0));
        assert_eq!(worst_part(&sound, 100.0), (0.0, 100.0));
        let silent = Sound { seconds: 100.0, ..Sound::default() };
        assert_eq!(worst_part(&silent, 60.0), (0.0, 60.0));
    }
}
