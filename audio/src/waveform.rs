//! Sound as a picture: highest and lowest sample per column, with what was made up marked.

use std::fmt::Write;

use crate::mix::{Channel, Mixed};
use crate::run::{Mark, MarkKind};

/// One channel of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Wave {
    /// For people.
    pub name: String,
    /// Lowest and highest sample of each column.
    pub peaks: Vec<(i16, i16)>,
    /// What was made up, silent or an event: kind, first and last column, seconds from the start, length in s.
    pub marks: Vec<Strip>,
}

/// A mark in columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strip {
    /// Why.
    pub kind: MarkKind,
    /// Columns, from 0, not rounded.
    pub from: f64,
    /// See `from`.
    pub to: f64,
    /// Seconds from the start of the sound.
    pub at_s: f64,
    /// The mark itself.
    pub mark: Mark,
}

/// The channels of a sound in `columns` columns.
#[must_use]
pub fn waves(mixed: &Mixed, channels: &[Channel<'_>], columns: usize) -> Vec<Wave> {
    let length = mixed.channels.first().map_or(0, Vec::len).max(1);
    let columns = columns.max(1);
    let per_s = columns as f64 / (length as f64 / f64::from(mixed.rate.max(1)));
    let strip = |mark: &Mark| {
        let at_s = (mark.at - mixed.at) as f64 / 1e9;
        let to = (at_s + mark.length as f64 / 1e9) * per_s;
        Strip { kind: mark.kind, from: at_s * per_s, to, at_s, mark: *mark }
    };
    let wave = |(channel, sound): (&Channel<'_>, &Vec<i16>)| Wave {
        name: channel.name.clone(),
        peaks: peaks(sound, columns),
        marks: channel.tracks.iter().flat_map(|track| &track.marks).map(strip).collect(),
    };
    channels.iter().zip(&mixed.channels).map(wave).collect()
}

/// Lowest and highest sample of each of `columns` columns.
#[must_use]
pub fn peaks(sound: &[i16], columns: usize) -> Vec<(i16, i16)> {
    let place = |column: usize| (column as u64 * sound.len() as u64 / columns.max(1) as u64) as usize;
    let extremes = |column: usize| {
        let from = place(column).min(sound.len());
        let part = &sound[from..place(column + 1).max(from + 1).min(sound.len())];
        (part.iter().copied().min().unwrap_or(0), part.iter().copied().max().unwrap_or(0))
    };
    (0..columns).map(extremes).collect()
}

/// Height of one channel, and of the axis below them.
const HEIGHT: f64 = 90.0;
const AXIS: f64 = 22.0;

/// The picture as SVG of `width` units, without scripts, fonts or references: to be put into a page or a file.
/// Its colours follow the CSS variables of the page where it has them.
#[must_use]
pub fn svg(mixed: &Mixed, channels: &[Channel<'_>], width: u16) -> String {
    let waves = waves(mixed, channels, usize::from(width));
    let height = HEIGHT * waves.len() as f64 + AXIS;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         class=\"airtone-waveform\">\n<title>{}</title>\n<style>\
         .airtone-waveform{{font:11px sans-serif;background:var(--background,#fff)}}\
         .airtone-waveform .wave{{fill:var(--wave,#2b6cb0)}}.airtone-waveform text{{fill:var(--text,#333)}}\
         .airtone-waveform .lost{{fill:var(--lost,#d64545);opacity:.45}}\
         .airtone-waveform .late{{fill:var(--late,#e08e0b);opacity:.45}}\
         .airtone-waveform .silence{{fill:var(--silence,#888);opacity:.18}}\
         .airtone-waveform .event{{fill:var(--event,#7b52ab);opacity:.35}}\
         .airtone-waveform .axis{{stroke:var(--text,#333);opacity:.4}}</style>\n",
        escaped(&title(mixed, &waves))
    );
    for (n, wave) in waves.iter().enumerate() {
        channel(&mut out, wave, n as f64 * HEIGHT, width);
    }
    axis(&mut out, mixed.seconds(), width, height);
    out.push_str("</svg>\n");
    out
}

/// For those who do not see it.
fn title(mixed: &Mixed, waves: &[Wave]) -> String {
    let told = waves.iter().map(|wave| {
        let made_up = wave.marks.iter().map(|strip| strip.mark.lost + strip.mark.late).sum::<u64>();
        format!("{}: {made_up} packets concealed", wave.name)
    });
    format!("{:.1} s of sound. {}", mixed.seconds(), told.collect::<Vec<_>>().join("; "))
}

fn channel(out: &mut String, wave: &Wave, top: f64, width: u16) {
    let (middle, half) = (top + HEIGHT / 2.0, HEIGHT / 2.0 - 3.0);
    for strip in &wave.marks {
        let (class, words) = words(strip);
        let wide = (strip.to - strip.from).max(1.0);
        let from = strip.from.clamp(0.0, f64::from(width));
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{from:.2}\" y=\"{top}\" width=\"{wide:.2}\" height=\"{HEIGHT}\"><title>{}</title></rect>",
            escaped(&words)
        );
    }
    out.push_str("<path class=\"wave\" d=\"");
    let y = |sample: i16| middle - f64::from(sample) / 32_768.0 * half;
    for (x, &(_, high)) in wave.peaks.iter().enumerate() {
        let _ = write!(out, "{}{x} {:.1}", if x == 0 { 'M' } else { 'L' }, y(high) - 0.25);
    }
    for (x, &(low, _)) in wave.peaks.iter().enumerate().rev() {
        let _ = write!(out, "L{x} {:.1}", y(low) + 0.25);
    }
    let _ = writeln!(out, "Z\"/>\n<text x=\"4\" y=\"{}\">{}</text>", top + 12.0, escaped(&wave.name));
}

fn words(strip: &Strip) -> (&'static str, String) {
    let Strip { kind, at_s, mark, .. } = strip;
    let ms = mark.length as f64 / 1e6;
    match kind {
        MarkKind::Concealed => {
            let class = if mark.lost >= mark.late { "lost" } else { "late" };
            (class, format!("{at_s:.2} s: {} lost, {} late, {ms:.0} ms concealed", mark.lost, mark.late))
        }
        MarkKind::Silence => ("silence", format!("{at_s:.2} s: nothing was sent")),
        MarkKind::Event => ("event", format!("{at_s:.2} s: telephone event")),
    }
}

fn axis(out: &mut String, seconds: f64, width: u16, height: f64) {
    let steps = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];
    let step = steps.into_iter().find(|step| seconds / step <= 12.0).unwrap_or(7_200.0);
    let top = height - AXIS;
    let mut at = 0.0;
    while at <= seconds {
        let x = at / seconds.max(1e-9) * f64::from(width);
        let _ = writeln!(
            out,
            "<line class=\"axis\" x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{}\"/><text x=\"{:.1}\" y=\"{}\">{at} s</text>",
            top + 5.0,
            x + 2.0,
            top + 16.0
        );
        at = ((at + step) * 10.0).round() / 10.0;
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Run, Track};

    #[test]
    fn peaks_keep_the_extremes() {
        let mut sound = vec![0; 1_000];
        (sound[250], sound[999]) = (500, -700);
        assert_eq!(peaks(&sound, 4), [(0, 0), (0, 500), (0, 0), (-700, 0)]);
        assert_eq!(peaks(&[], 2), [(0, 0), (0, 0)]);
        assert_eq!(peaks(&[3], 3).len(), 3);
    }

    #[test]
    fn marks_stand_where_they_are_heard_and_text_is_escaped() {
        let mark = Mark {
            kind: MarkKind::Concealed,
            at: 500_000_000,
            length: 20_000_000,
            lost: 1,
            late: 0,
            sequence: 7,
        };
        let track = Track {
            runs: vec![Run { at: 0, rate: 8_000, samples: vec![100; 8_000] }],
            marks: vec![mark],
            ..Track::default()
        };
        let channels = [Channel { name: "<a>".to_owned(), tracks: vec![&track] }];
        let mixed = crate::mix(&channels).unwrap();
        let waves = waves(&mixed, &channels, 100);
        assert_eq!((waves[0].marks[0].from, waves[0].marks[0].to), (50.0, 52.0));
        let svg = svg(&mixed, &channels, 100);
        assert!(svg.contains("x=\"50.00\"") && svg.contains("&lt;a&gt;") && !svg.contains("<a>"), "{svg}");
    }
}
