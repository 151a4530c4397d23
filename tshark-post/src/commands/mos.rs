//! The E-model as a calculator.

use std::io::{self, Write};
use std::process::ExitCode;

use airtone_engine::quality::codec::{self, Codec, Grounding, Scale};
use airtone_engine::quality::emodel::{self, Inputs, Rating};
use serde::Serialize;

use crate::cli::{MosArgs, MosFormat};
use crate::failure::Failure;
use crate::output;

/// How alike a name must be to be offered (Jaro-Winkler), and how many are.
const ALIKE: f64 = 0.75;
const OFFERS: usize = 5;

/// `tshark-post mos`
pub(crate) fn run(args: &MosArgs) -> Result<ExitCode, Failure> {
    if args.list {
        let rows: Vec<Row> = codec::all().iter().map(Row::from).collect();
        output::write(None, |out| match args.format {
            MosFormat::Text => list(out, &rows),
            MosFormat::Json => json(out, &rows),
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let equipment = equipment(args)?;
    if args.echo && equipment.scale != Scale::Nb {
        return Err(Failure::new("--echo is defined for narrowband codecs only; leave it out"));
    }
    let answer = Answer::new(args, &equipment);
    output::write(None, |out| match args.format {
        MosFormat::Text => text(out, &answer),
        MosFormat::Json => json(out, &answer),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A codec's figures as the command line or the table gives them.
#[derive(Serialize)]
struct Row {
    codec: Option<&'static str>,
    scale: Scale,
    ie: f64,
    bpl: f64,
    grounding: Grounding,
    source: &'static str,
}

impl From<&'static Codec> for Row {
    fn from(codec: &'static Codec) -> Self {
        let Codec { name, scale, ie, bpl, grounding, source, .. } = codec;
        Self { codec: Some(name), scale: *scale, ie: *ie, bpl: *bpl, grounding: *grounding, source }
    }
}

fn equipment(args: &MosArgs) -> Result<Row, Failure> {
    if let (Some(ie), Some(bpl), Some(scale)) = (args.ie, args.bpl, args.scale) {
        let source = "given on the command line";
        return Ok(Row {
            codec: None,
            scale: scale.scale(),
            ie,
            bpl,
            grounding: Grounding::Declared,
            source,
        });
    }
    let name = args.codec.as_deref().unwrap_or_default();
    match codec::by_name(&name.to_ascii_lowercase()) {
        Some(codec) => Ok(Row::from(codec)),
        None => Err(unknown(name, codec::all().iter().map(|codec| codec.name))),
    }
}

fn unknown(name: &str, known: impl Iterator<Item = &'static str>) -> Failure {
    let offers = offers(name, known);
    let advice = match offers.as_slice() {
        [] => "'tshark-post mos --list' shows the codecs".to_owned(),
        close => format!("close to it: {} ('tshark-post mos --list' shows all)", close.join(", ")),
    };
    let name = airtone_report::escape::printable(name);
    Failure::new(format!("{name}: no such codec; {advice}, or give --ie, --bpl and --scale"))
}

/// The closest names first. Dots and dashes do not count: `G.711` is near `g711`.
fn offers(name: &str, known: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let wanted = letters(name);
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut close: Vec<(f64, &'static str)> = known
        .map(|known| {
            let candidate = letters(known);
            let is_part = candidate.starts_with(&wanted) || wanted.starts_with(&candidate);
            let bonus = if candidate == wanted { 2.0 } else { f64::from(u8::from(is_part)) };
            (bonus + strsim::jaro_winkler(&wanted, &candidate), known)
        })
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    // A stable sort: names of the same likeness stay in the order of the table.
    close.sort_by(|a, b| b.0.total_cmp(&a.0));
    close.into_iter().take(OFFERS).map(|(_, name)| name).collect()
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// What was asked and every term of the answer.
#[derive(Serialize)]
struct Answer<'a> {
    codec: Option<&'static str>,
    ie: f64,
    bpl: f64,
    grounding: Grounding,
    source: &'a str,
    loss_percent: f64,
    burst_ratio: f64,
    delay_ms: f64,
    echo: bool,
    advantage: f64,
    #[serde(flatten)]
    rating: Rating,
}

impl<'a> Answer<'a> {
    fn new(args: &MosArgs, equipment: &'a Row) -> Self {
        let &Row { codec, scale, ie, bpl, grounding, source } = equipment;
        let rating = emodel::rate(&Inputs {
            scale,
            ie,
            bpl,
            ppl_percent: args.loss,
            burst_ratio: args.burst_ratio,
            delay_ms: args.delay,
            with_echo: args.echo,
            advantage: args.advantage,
        });
        Self {
            codec,
            ie,
            bpl,
            grounding,
            source,
            loss_percent: args.loss,
            burst_ratio: args.burst_ratio,
            delay_ms: args.delay,
            echo: args.echo,
            advantage: args.advantage,
            rating,
        }
    }
}

fn json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

fn text(out: &mut dyn Write, answer: &Answer<'_>) -> io::Result<()> {
    let rating = &answer.rating;
    let (short, model) = scale(rating.scale);
    let echo = if answer.echo { ", with echo" } else { "" };
    writeln!(out, "R {:.3}, MOS {:.3} {short} ({model})", rating.r, rating.mos)?;
    writeln!(
        out,
        "{}: {} % loss, burst ratio {}, {} ms one way{echo}",
        answer.codec.unwrap_or("codec as given"),
        answer.loss_percent,
        answer.burst_ratio,
        answer.delay_ms
    )?;
    writeln!(out)?;
    let equipment = format!("equipment with loss: Ie {}, Bpl {}", answer.ie, answer.bpl);
    for (sign, term, value, meaning) in [
        (' ', "Ro", rating.ro, "signal to noise"),
        ('-', "Is", rating.is, "simultaneous impairments"),
        ('-', "Idte", rating.idte, "talker echo"),
        ('-', "Idle", rating.idle, "listener echo"),
        ('-', "Idd", rating.idd, "absolute delay"),
        ('-', "Ie,eff", rating.ie_eff, &equipment),
        ('+', "A", answer.advantage, "advantage"),
        ('=', "R", rating.r, "transmission rating"),
    ] {
        writeln!(out, "  {sign} {term:<6} {value:>10.6}  {meaning}")?;
    }
    writeln!(out)?;
    writeln!(out, "Ie and Bpl: {}, {}", grounding(answer.grounding), answer.source)?;
    if rating.extrapolated {
        writeln!(out, "Beyond the ranges that the recommendation was validated for: an extrapolation.")?;
    }
    Ok(())
}

fn list(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let width = rows.iter().filter_map(|row| row.codec).map(str::len).max().unwrap_or(0).max("Codec".len());
    writeln!(out, "{:<width$}  Scale     Ie    Bpl  Figures", "Codec")?;
    for row in rows {
        let (short, _) = scale(row.scale);
        let name = row.codec.unwrap_or_default();
        let ground = grounding(row.grounding);
        writeln!(out, "{name:<width$}  {short:<5}  {:>5}  {:>5}  {ground}", row.ie, row.bpl)?;
    }
    writeln!(out)?;
    writeln!(out, "Where each figure is from: tshark-post mos --list --format json")
}

fn scale(scale: Scale) -> (&'static str, &'static str) {
    match scale {
        Scale::Nb => ("nb", "narrowband, ITU-T G.107"),
        Scale::Wb => ("wb", "wideband, ITU-T G.107.1"),
        Scale::Fb => ("fb", "fullband, ITU-T G.107.2"),
    }
}

fn grounding(grounding: Grounding) -> &'static str {
    match grounding {
        Grounding::Published => "published",
        Grounding::Literature => "literature",
        Grounding::Declared => "declared",
        Grounding::Provisional => "provisional",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 7] = ["g711", "g711-noplc", "g722", "g729", "g729a", "amr-wb-12.65", "opus"];

    #[test]
    fn close_names_are_offered_closest_first() {
        assert_eq!(offers("G.711", KNOWN.into_iter()).first(), Some(&"g711"));
        assert_eq!(offers("g729b", KNOWN.into_iter()).first(), Some(&"g729"));
        assert_eq!(offers("amrwb", KNOWN.into_iter()).first(), Some(&"amr-wb-12.65"));
        assert_eq!(offers("opsu", KNOWN.into_iter()).first(), Some(&"opus"));
    }

    #[test]
    fn far_names_are_not() {
        assert!(offers("morse", KNOWN.into_iter()).is_empty());
        assert!(offers("", KNOWN.into_iter()).is_empty());
        let Failure::Sentence(text) = unknown("mo\x1brse", KNOWN.into_iter()) else { panic!("a sentence") };
        assert_eq!(
            text,
            "mo\\x1brse: no such codec; 'tshark-post mos --list' shows the codecs, or give --ie, --bpl and --scale"
        );
    }
}
