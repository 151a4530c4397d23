//! What was heard, in words and as JSON.

use std::io::{self, Write};

use airtone_audio::{Drift, Mark, MarkKind, Mixed};
use airtone_engine::model::{Call, Event};
use airtone_report::escape::printable;
use serde::Serialize;

use super::Voice;
use crate::cli::AudioArgs;

/// Channels with their names.
type Channels<'a> = [(String, Vec<&'a Voice<'a>>)];

/// One stream of `--format json`.
#[derive(Serialize)]
struct ToldStream<'a> {
    id: u32,
    ssrc: &'a str,
    codecs: Vec<ToldCodec<'a>>,
    /// Why it is not heard; `null` where it is.
    refused: Option<&'a str>,
    packets_played: u64,
    packets_concealed: u64,
    lost: u64,
    late: u64,
    packets_unreadable: u64,
    /// The frame whose SDP had the key that the stream was decrypted with.
    key_frame: Option<u64>,
    /// What was done to follow the capture's clock; `null` where nothing had to be.
    clock: Option<ToldClock>,
    stretches: Vec<Stretch>,
}

#[derive(Serialize)]
struct ToldClock {
    /// By how much the sender's clock is fast.
    drift_ppm: f64,
    /// By how much its sound was made longer.
    corrected_ms: f64,
}

#[derive(Serialize)]
struct ToldCodec<'a> {
    encoding: &'a str,
    decoder: &'a str,
}

#[derive(Serialize)]
struct Stretch {
    kind: MarkKind,
    /// From the start of the sound.
    at_s: f64,
    duration_ms: f64,
    lost: u64,
    late: u64,
    /// Of the first packet that was made up for.
    sequence: Option<u16>,
}

impl Stretch {
    fn of(mark: &Mark, mixed: &Mixed) -> Self {
        Self {
            kind: mark.kind,
            at_s: (mark.at - mixed.at) as f64 / 1e9,
            duration_ms: mark.length as f64 / 1e6,
            lost: mark.lost,
            late: mark.late,
            sequence: (mark.kind == MarkKind::Concealed).then_some(mark.sequence),
        }
    }
}

pub(super) fn json(
    out: &mut dyn Write,
    mixed: &Mixed,
    channels: &Channels<'_>,
    calls: &[Call],
) -> io::Result<()> {
    let channel = |(name, voices): &'_ (String, Vec<&'_ Voice<'_>>)| {
        let streams: Vec<serde_json::Value> =
            voices.iter().map(|voice| serde_json::to_value(told(voice, mixed))).collect::<Result<_, _>>()?;
        Ok(serde_json::json!({ "name": name, "streams": streams }))
    };
    let channels: Vec<serde_json::Value> =
        channels.iter().map(channel).collect::<Result<_, serde_json::Error>>()?;
    let whole = serde_json::json!({
        "start": airtone_engine::Nanos(mixed.at).to_string(),
        "duration_s": mixed.seconds(),
        "rate_hz": mixed.rate,
        "channels": channels,
        "tones": calls.iter().flat_map(signals).collect::<Vec<_>>(),
        "dtmf": calls.iter().flat_map(|call| &call.dtmf).collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &whole)?;
    writeln!(out)
}

fn told<'a>(voice: &'a Voice<'_>, mixed: &Mixed) -> ToldStream<'a> {
    let track = voice.sound.as_ref().ok();
    let codec = |(encoding, decoder): &'a (String, String)| ToldCodec { encoding, decoder };
    let clock = |drift: Drift| ToldClock {
        drift_ppm: (drift.ppm * 10.0).round() / 10.0,
        corrected_ms: drift.moved as f64 / 1e6,
    };
    ToldStream {
        id: voice.stream.id,
        ssrc: &voice.stream.ssrc,
        codecs: track.map_or(Vec::new(), |track| track.decoders.iter().map(codec).collect()),
        refused: voice.sound.as_ref().err().map(|refusal| refusal.0.as_str()),
        packets_played: track.map_or(0, |track| track.played),
        packets_concealed: track.map_or(0, airtone_audio::Track::concealed),
        lost: track.map_or(0, |track| track.lost),
        late: track.map_or(0, |track| track.late),
        packets_unreadable: track.map_or(0, |track| track.unreadable),
        key_frame: voice.key_frame,
        clock: track.and_then(|track| track.drift).map(clock),
        stretches: track
            .map_or(Vec::new(), |track| track.marks.iter().map(|mark| Stretch::of(mark, mixed)).collect()),
    }
}

pub(super) fn text(
    out: &mut dyn Write,
    args: &AudioArgs,
    mixed: &Mixed,
    channels: &Channels<'_>,
    calls: &[Call],
) -> io::Result<()> {
    let path = args.output.as_ref().or(args.svg.as_ref());
    let name = path.map_or_else(String::new, |path| format!("{}: ", path.display()));
    let start = airtone_engine::Nanos(mixed.at);
    writeln!(out, "{name}{:.2} s at {} Hz, from {start}", mixed.seconds(), mixed.rate)?;
    for (n, (name, voices)) in channels.iter().enumerate() {
        let side = match (channels.len(), n) {
            (1, _) => "Mono",
            (_, 0) => "Left",
            _ => "Right",
        };
        writeln!(out, "{side}: {name}")?;
        if voices.is_empty() {
            writeln!(out, "  nothing")?;
        }
        for voice in voices {
            stream(out, args, mixed, voice)?;
        }
    }
    for call in calls {
        for signal in signals(call) {
            let at_s = signal.at.0.saturating_sub(mixed.at) as f64 / 1e9;
            writeln!(out, "At {at_s:.2} s: {}", signal.detail)?;
        }
        let pressed = call.dtmf.len();
        if pressed > 0 {
            // Which ones may be secrets: the report shows them to who asks for them.
            writeln!(out, "Keys pressed: {pressed}")?;
        }
    }
    Ok(())
}

/// The tones of the network and of fax machines.
fn signals(call: &Call) -> impl Iterator<Item = &Event> {
    call.events.iter().filter(|event| event.kind.starts_with("tone_"))
}

fn stream(out: &mut dyn Write, args: &AudioArgs, mixed: &Mixed, voice: &Voice<'_>) -> io::Result<()> {
    let told = told(voice, mixed);
    let id = format!("  stream {} {}", told.id, told.ssrc);
    if let Some(refused) = told.refused {
        return writeln!(out, "{id}: not heard: {}", printable(refused));
    }
    let codecs: Vec<String> =
        told.codecs.iter().map(|codec| format!("{} ({})", codec.encoding, codec.decoder)).collect();
    writeln!(
        out,
        "{id} {}: {} packets played, {} concealed ({} lost, {} late)",
        printable(&codecs.join(", ")),
        told.packets_played,
        told.packets_concealed,
        told.lost,
        told.late
    )?;
    if told.packets_unreadable > 0 {
        writeln!(out, "    {} packets could not be decoded: silence", told.packets_unreadable)?;
    }
    if let Some(frame) = told.key_frame {
        writeln!(out, "    decrypted with the key in the SDP of frame {frame}")?;
    }
    if let Some(ToldClock { drift_ppm, corrected_ms }) = told.clock {
        let (side, made) = (if drift_ppm < 0.0 { "slow" } else { "fast" }, corrected_ms.abs());
        let way = if corrected_ms < 0.0 { "shorter" } else { "longer" };
        let ppm = drift_ppm.abs();
        writeln!(out, "    clock {ppm:.0} ppm {side}: made {made:.0} ms {way}")?;
    }
    for stretch in told.stretches.iter().filter(|_| args.list) {
        let Stretch { kind, at_s, duration_ms, lost, late, sequence } = stretch;
        let (what, from) = match kind {
            MarkKind::Concealed => (
                format!("concealed, {lost} lost, {late} late"),
                sequence.map_or(String::new(), |sequence| format!(", from sequence {sequence}")),
            ),
            MarkKind::Silence => ("silent, nothing was sent".to_owned(), String::new()),
            MarkKind::Event => ("telephone event".to_owned(), String::new()),
        };
        writeln!(out, "    {at_s:9.3} s {duration_ms:7.1} ms  {what}{from}")?;
    }
    Ok(())
}
