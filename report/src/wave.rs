//! Sound as a picture: highest and lowest sample per column, with what was lost, late or silent marked.

use std::fmt::Write;

use crate::markup::Markup;
use crate::text::units::count;

/// What is drawn of the sound of a call or a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sound {
    /// Length, s.
    pub seconds: f64,
    /// From top to bottom.
    pub channels: Vec<Channel>,
    /// The part that is to be heard beside the picture, seconds from and to; `None`: nothing or all of it.
    pub part: Option<(f64, f64)>,
}

/// One channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Channel {
    /// For people: whose voice.
    pub name: String,
    /// Lowest and highest sample of each column, equally long in time.
    pub peaks: Vec<(i16, i16)>,
    /// In order of time.
    pub marks: Vec<Mark>,
}

/// A stretch that is not what was sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// Why.
    pub kind: Kind,
    /// Begin, seconds from the start of the sound.
    pub at_s: f64,
    /// Length, s.
    pub length_s: f64,
    /// Packets never received.
    pub lost: u64,
    /// Packets received too late to be played.
    pub late: u64,
}

/// Why a stretch is not what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Made up for: packets were lost, or most of them were.
    Lost,
    /// Made up for: most packets came too late.
    Late,
    /// Nothing was sent.
    Silence,
    /// A telephone event instead of sound.
    Event,
}

/// Marks of one channel that say what they are when the mouse is over them; more are drawn in one shape.
const MOST_MARKS: usize = 300;

/// Height of one channel, and of the axis below them.
const HEIGHT: usize = 90;
const AXIS: usize = 22;

const COLOURS: &str = "\
.wave{--wave-bg:#fff;--wave-fg:#1b1f24;--wave-ink:#2b6cb0;--wave-lost:#d64545;--wave-late:#d97d00;--wave-event:#7b52ab;\
background:var(--wave-bg)}@media(prefers-color-scheme:dark){.wave{--wave-bg:#14181d;--wave-fg:#e6e9ed;--wave-ink:#7fb0f5;\
--wave-lost:#ff6b61;--wave-late:#f0b458;--wave-event:#b794e0}}";

/// What a page with such pictures has once, for all of them.
pub(crate) const STYLE: &str = "\
.wave{font:11px system-ui,sans-serif}.wave text{fill:var(--wave-fg);paint-order:stroke;stroke:var(--wave-bg);stroke-width:3px}\
.wave .ink{fill:var(--wave-ink)}.wave .lost{fill:var(--wave-lost);opacity:.5}.wave .late{fill:var(--wave-late);opacity:.75}\
.wave .silence{fill:var(--wave-fg);opacity:.1}.wave .event{fill:var(--wave-event);opacity:.35}\
.wave .axis{stroke:var(--wave-fg);fill:none;opacity:.45}.wave .part{fill:none;stroke:var(--wave-ink);stroke-width:3}\
.wave .now{stroke:var(--wave-fg);stroke-width:1.5}";

/// The picture as SVG, without scripts, fonts or references, light or dark as its reader prefers.
#[must_use]
pub fn svg(sound: &Sound) -> String {
    let mut m = Markup::new();
    begin(&mut m, sound);
    m.put("<style>").put(COLOURS).put(STYLE).put("</style>");
    draw(&mut m, sound);
    m.put("</svg>\n");
    m.into_string()
}

/// The picture in a page that has [`STYLE`] and the colours; with a line that a script moves while it plays.
pub(crate) fn in_page(m: &mut Markup, sound: &Sound) {
    begin(m, sound);
    draw(m, sound);
    m.put("<path class=\"now\" hidden=\"\"").attr("d", &format!("M0 0V{}", HEIGHT * sound.channels.len()));
    m.put("/></svg>");
}

fn columns(sound: &Sound) -> usize {
    sound.channels.iter().map(|channel| channel.peaks.len()).max().unwrap_or(0).max(1)
}

fn begin(m: &mut Markup, sound: &Sound) {
    let (width, height) = (columns(sound), HEIGHT * sound.channels.len() + AXIS);
    m.put("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"wave\" role=\"img\"");
    m.attr("viewBox", &format!("0 0 {width} {height}")).put("><title>").text(&told(sound)).put("</title>");
}

/// For those who do not see it.
fn told(sound: &Sound) -> String {
    let channel = |channel: &Channel| {
        let (lost, late) = channel.marks.iter().fold((0, 0), |sum, m| (sum.0 + m.lost, sum.1 + m.late));
        let at = |kinds: [Kind; 2]| {
            let worst = channel.marks.iter().filter(|mark| kinds.contains(&mark.kind));
            worst.max_by(|a, b| a.length_s.total_cmp(&b.length_s))
        };
        let longest = at([Kind::Lost, Kind::Late]).map_or_else(String::new, |mark| {
            format!(", the longest stretch {:.0} ms at {:.1} s", 1e3 * mark.length_s, mark.at_s)
        });
        format!("{}: {} lost, {late} late{longest}", channel.name, count(lost, "packet", "packets"))
    };
    let channels: Vec<String> = sound.channels.iter().map(channel).collect();
    format!("{:.1} s of sound. {}", sound.seconds, channels.join("; "))
}

fn draw(m: &mut Markup, sound: &Sound) {
    let width = columns(sound) as f64;
    let per_s = width / sound.seconds.max(1e-3);
    for (n, channel) in sound.channels.iter().enumerate() {
        let top = n * HEIGHT;
        match channel.marks.len() {
            0..=MOST_MARKS => channel.marks.iter().for_each(|mark| strip(m, mark, top, per_s, width)),
            _ => strips(m, &channel.marks, top, per_s, width),
        }
        m.put("<path class=\"ink\"").path("d", &outline(&channel.peaks, top + HEIGHT / 2)).put("/>");
        m.put("<text x=\"4\"").num("y", top + 13).put(">").text(&channel.name).put("</text>\n");
    }
    axis(m, sound.seconds, width, HEIGHT * sound.channels.len());
    if let Some((from, to)) = sound.part {
        let y = HEIGHT * sound.channels.len();
        m.put("<path class=\"part\"")
            .attr("d", &format!("M{:.1} {y}H{:.1}", from * per_s, to * per_s))
            .put("/>");
    }
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Lost => " class=\"lost\"",
        Kind::Late => " class=\"late\"",
        Kind::Silence => " class=\"silence\"",
        Kind::Event => " class=\"event\"",
    }
}

/// Top and height of a mark: what came late stands in the lower half, so that colour does not tell it alone.
fn upright(kind: Kind, top: usize) -> (usize, usize) {
    match kind {
        Kind::Late => (top + HEIGHT / 2, HEIGHT / 2),
        _ => (top, HEIGHT),
    }
}

/// A mark with what it is.
fn strip(m: &mut Markup, mark: &Mark, top: usize, per_s: f64, width: f64) {
    let (from, wide) = ((mark.at_s * per_s).clamp(0.0, width), (mark.length_s * per_s).max(1.0));
    let (top, height) = upright(mark.kind, top);
    m.put("<rect").put(class(mark.kind)).attr("x", &format!("{from:.1}")).num("y", top);
    m.attr("width", &format!("{wide:.1}")).num("height", height).put("><title>").text(&words(mark));
    m.put("</title></rect>");
}

/// Many marks, in one shape for each kind; those of one column are one.
fn strips(m: &mut Markup, marks: &[Mark], top: usize, per_s: f64, width: f64) {
    for kind in [Kind::Lost, Kind::Late, Kind::Silence, Kind::Event] {
        let (mut d, mut end) = (String::new(), 0.0_f64);
        let (top, height) = upright(kind, top);
        for mark in marks.iter().filter(|mark| mark.kind == kind) {
            let from = (mark.at_s * per_s).floor().clamp(0.0, width).max(end);
            let to = ((mark.at_s + mark.length_s) * per_s).ceil().clamp(0.0, width);
            if to > from {
                // Writing to a String cannot fail.
                let _ = write!(d, "M{from} {top}h{wide}v{height}h-{wide}z", wide = to - from);
                end = to;
            }
        }
        if !d.is_empty() {
            m.put("<path").put(class(kind)).path("d", &d).put("/>");
        }
    }
}

fn words(mark: &Mark) -> String {
    let at = format!("{:.2} s", mark.at_s);
    match mark.kind {
        Kind::Lost | Kind::Late => {
            format!("{at}: {} lost, {} late, {:.0} ms concealed", mark.lost, mark.late, 1e3 * mark.length_s)
        }
        Kind::Silence => format!("{at}: nothing was sent"),
        Kind::Event => format!("{at}: telephone event"),
    }
}

/// Along the highest samples to the right and the lowest back, a step for each column.
fn outline(peaks: &[(i16, i16)], middle: usize) -> String {
    let half = HEIGHT as f64 / 2.0 - 3.0;
    let y = |sample: i16, beyond: f64| middle as f64 - f64::from(sample) / 32_768.0 * half + beyond;
    // Writing to a String cannot fail.
    let mut d = format!("M0 {middle}");
    let mut steps = |place: usize, y: f64, step: &str, before: &mut f64| {
        let y = y.round();
        if y != *before {
            let _ = write!(d, "H{place}V{y}");
            *before = y;
        } else if step.is_empty() {
            let _ = write!(d, "H{place}");
        }
    };
    let mut before = f64::NAN;
    for (x, &(_, high)) in peaks.iter().enumerate() {
        steps(x, y(high, -0.6), "step", &mut before);
    }
    steps(peaks.len(), before, "", &mut before);
    for (x, &(low, _)) in peaks.iter().enumerate().rev() {
        steps(x + 1, y(low, 0.6), "step", &mut before);
    }
    steps(0, before, "", &mut before);
    d.push('Z');
    d
}

fn axis(m: &mut Markup, seconds: f64, width: f64, top: usize) {
    let per_s = width / seconds.max(1e-3);
    let steps = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];
    let step = steps.into_iter().find(|step| seconds / step <= 12.0).unwrap_or(7_200.0);
    // As many as there are steps up to 12, or of a sound of more than a day.
    let ticks = (seconds / step).min(1_000.0) as usize;
    let mut d = String::new();
    for tick in 0..=ticks {
        let (at, x) = (tick as f64 * step, tick as f64 * step * per_s);
        let _ = write!(d, "M{x:.1} {top}v5");
        if x + 24.0 > width {
            continue;
        }
        m.put("<text").attr("x", &format!("{:.1}", x + 2.0)).num("y", top + 17).put(">");
        let places = usize::from(step < 1.0);
        m.show(format_args!("{at:.places$} s")).put("</text>");
    }
    m.put("<path class=\"axis\"").path("d", &d).put("/>");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(kind: Kind, at_s: f64, lost: u64) -> Mark {
        Mark { kind, at_s, length_s: 0.02, lost, late: 0 }
    }

    #[test]
    fn the_outline_goes_there_and_back() {
        assert_eq!(
            outline(&[(0, 0), (-16_384, 16_384), (0, 0)], 45),
            "M0 45H0V44H1V23H2V44H3H3V46H2V67H1V46H0Z"
        );
    }

    #[test]
    fn marks_stand_where_they_are_heard_and_text_is_escaped() {
        let channel = Channel {
            name: "<a>".to_owned(),
            peaks: vec![(-9, 9); 100],
            marks: vec![mark(Kind::Lost, 0.5, 1)],
        };
        let svg = svg(&Sound { seconds: 1.0, channels: vec![channel], part: None });
        assert!(svg.contains("x=\"50.0\" y=\"0\" width=\"2.0\""), "{svg}");
        assert!(svg.contains("&lt;a&gt;") && !svg.contains("<a>"), "{svg}");
        assert!(svg.contains("0.50 s: 1 lost, 0 late, 20 ms concealed"), "{svg}");
    }

    #[test]
    fn many_marks_take_no_more_room_than_columns() {
        let kinds = [Kind::Lost, Kind::Silence];
        let marks: Vec<Mark> =
            (0..20_000_u32).map(|n| mark(kinds[n as usize % 2], f64::from(n) * 0.1, 1)).collect();
        let channel = Channel { name: "a".to_owned(), peaks: vec![(-9, 9); 500], marks };
        let svg = svg(&Sound { seconds: 2_000.0, channels: vec![channel], part: None });
        assert!(svg.contains("<path class=\"lost\" d=\"M0 0h1v90h-1zM1 0h1"), "{svg}");
        assert!(svg.len() < 40_000, "{}", svg.len());
    }
}
