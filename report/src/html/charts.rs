//! Plots of a stream as inline SVG: lines stretch with the page, words and figures stay beside them as text.

use std::fmt::Write;

use airtone_engine::Nanos;
use airtone_engine::model::{BufferPoint, Intervals, Stream};
use airtone_engine::quality::codec::Scale;

use super::figures::{ms, percent, relative};
use super::points::Points;
use crate::markup::Markup;
use crate::text::units::share;

/// Plots have this many units across and 100 up; the page stretches them.
pub(super) const ACROSS: f64 = 600.0;

/// Steps through `levels` (0 at the bottom, 1 at the top; `None` breaks them), `widths` of the whole each; every
/// unbroken stretch stands on the bottom, so that it can be filled.
pub(super) fn steps(levels: impl Iterator<Item = (f64, Option<f64>)>) -> String {
    let (mut d, mut x, mut last) = (String::new(), 0.0, None);
    for (width, level) in levels {
        let y = level.map(|level| (100.0 - level.clamp(0.0, 1.0) * 100.0).round());
        // Writing to a String cannot fail.
        let _ = match (last, y) {
            (None, Some(y)) => write!(d, "M{x:.0} 100V{y}"),
            (Some(before), Some(y)) if y != before => write!(d, "H{x:.0}V{y}"),
            (Some(_), None) => write!(d, "H{x:.0}V100"),
            _ => Ok(()),
        };
        last = y;
        x += width * ACROSS;
    }
    if last.is_some() {
        let _ = write!(d, "H{x:.0}V100");
    }
    d
}

/// Bars, to be drawn as broad strokes in the middle of their stretch: width of the whole, foot and height each.
pub(super) fn bars(heights: impl Iterator<Item = (f64, f64, f64)>) -> String {
    let (mut d, mut x) = (String::new(), 0.0);
    for (width, foot, height) in heights {
        if height > 0.0 {
            // A single lost packet among thousands is still to be seen.
            let foot = 100.0 - foot * 100.0;
            let head = (foot - height * 100.0).min(foot - 5.0).max(0.0);
            let _ = write!(d, "M{:.0} {foot:.0}V{head:.0}", x + width * ACROSS / 2.0);
        }
        x += width * ACROSS;
    }
    d
}

/// Top of a MOS scale.
pub(super) fn top(scale: Option<Scale>) -> f64 {
    if scale == Some(Scale::Nb) { 4.5 } else { 5.0 }
}

/// What other jitter buffers would have given: a curve above the table of its points.
pub(super) fn buffer_curve(m: &mut Markup, stream: &Stream) {
    let points = &stream.buffer_curve;
    let Some(last) = points.last() else { return };
    if points.iter().all(|point| point.late_percent == 0.0) {
        m.put("<p class=quiet>No packet came too late for any jitter buffer from ").show(points[0].buffer_ms);
        m.put(" to ").show(last.buffer_ms).put(" ms.</p>\n");
        return;
    }
    let most_late = points.iter().map(|point| point.late_percent).fold(0.0, f64::max);
    m.put("<figure class=chart><figcaption>What another jitter buffer would have given</figcaption>");
    m.put("<div class=scroll tabindex=0><table class=curve><caption class=sr>Late packets and MOS by depth of the jitter buffer");
    m.put("</caption><tbody>");
    if points.iter().any(|point| point.lq.is_some()) {
        curve_row(m, points, "mosline", |point| {
            point.lq.map(|lq| (lq - 1.0) / (top(stream.mos.scale) - 1.0))
        });
        row(m, "MOS-LQ", points, stream.best_buffer_ms, |point| {
            point.lq.map_or_else(|| "–".to_owned(), |lq| format!("{lq:.2}"))
        });
    }
    curve_row(m, points, "lateline", |point| Some(point.late_percent / most_late.max(0.001)));
    row(m, "Late %", points, stream.best_buffer_ms, |point| share(point.late_percent));
    m.put("<tr class=depth><th scope=row>Buffer ms</th>");
    for point in points {
        let is_best = Some(point.buffer_ms) == stream.best_buffer_ms;
        m.put(if is_best { "<td class=best>" } else { "<td>" }).show(point.buffer_ms);
        m.put(if is_best { " <span class=tag>best</span>" } else { "" });
    }
    m.put("</tr></tbody></table></div></figure>\n");
}

fn row(
    m: &mut Markup,
    name: &'static str,
    points: &[BufferPoint],
    best: Option<u16>,
    text: impl Fn(&BufferPoint) -> String,
) {
    m.put("<tr><th scope=row>").put(name).put("</th>");
    for point in points {
        m.put(if Some(point.buffer_ms) == best { "<td class=best>" } else { "<td>" }).text(&text(point));
    }
    m.put("</tr>");
}

fn curve_row(
    m: &mut Markup,
    points: &[BufferPoint],
    class: &'static str,
    level: impl Fn(&BufferPoint) -> Option<f64>,
) {
    let (mut d, mut dots) = (String::new(), String::new());
    for (at, point) in points.iter().enumerate() {
        let Some(level) = level(point) else { continue };
        let x = (at as f64 + 0.5) / points.len() as f64;
        let y = 8.0 + (1.0 - level.clamp(0.0, 1.0)) * 84.0;
        let _ = write!(d, "{}{:.0} {y:.0}", if d.is_empty() { "M" } else { "L" }, x * ACROSS);
        let _ = write!(dots, "M{:.0} {y:.0}h0", x * ACROSS);
    }
    m.put("<tr class=plotrow aria-hidden=true><td></td><td");
    m.attr("colspan", &points.len().to_string());
    m.put("><svg class=\"plot ")
        .put(class)
        .put("\" aria-hidden=true viewBox=\"0 0 600 100\" preserveAspectRatio=none><path");
    m.path("d", &d).put("/><path class=dots").path("d", &dots).put("/></svg></td></tr>");
}

/// MOS, jitter and loss from the first to the last packet, below each other on one axis of time.
pub(super) fn over_time(m: &mut Markup, stream: &Stream, origin: Option<Nanos>) {
    let Some(intervals) = &stream.intervals else { return };
    let n = intervals.expected.len();
    if n < 2 {
        return;
    }
    m.put("<figure class=chart");
    if let Some(start) = origin.and_then(|origin| stream.start.known_seconds_since(origin)) {
        points(intervals, start).attribute(m);
    }
    m.put("><figcaption>Over time, ").text(&span(intervals.interval_s));
    m.put(" each; dashed: MOS 3.60, below it many listeners are dissatisfied</figcaption>\n");
    mos_strip(m, stream, intervals);
    jitter_strip(m, intervals);
    loss_strip(m, intervals);
    let length = n as f64 * intervals.interval_s;
    m.put(
        "<div class=strip aria-hidden=true><span class=\"lab quiet\">s of the capture</span><div class=axis>",
    );
    for quarter in 0..=4 {
        let at = Nanos(stream.start.0.saturating_add((length * f64::from(quarter) / 4.0 * 1e9) as i64));
        let seconds = origin.and_then(|origin| at.known_seconds_since(origin)).unwrap_or(0.0);
        m.put("<span>").show(format_args!("{seconds:.1}")).put("</span>");
    }
    m.put("</div></div>");
    worst(m, stream, intervals, origin);
    m.put("</figure>\n");
}

/// Everything that is drawn, in figures.
fn points(intervals: &Intervals, start: f64) -> Points {
    let of_time = |figures: &[Option<f32>]| figures.iter().map(|one| one.map(f64::from)).collect::<Vec<_>>();
    let counted = |figures: &[u32]| figures.iter().map(|&one| Some(f64::from(one))).collect::<Vec<_>>();
    let mut points = Points::new(start, intervals.interval_s);
    if intervals.lq.iter().any(Option::is_some) {
        points.column("MOS-LQ", of_time(&intervals.lq).into_iter());
    }
    points.column("Jitter ms", of_time(&intervals.jitter_ms).into_iter());
    points.column("Packets", counted(&intervals.expected).into_iter());
    if total(&intervals.lost) + total(&intervals.late) > 0 {
        points.column("Lost", counted(&intervals.lost).into_iter());
        points.column("Late", counted(&intervals.late).into_iter());
    }
    points
}

/// The worst interval in words: what a reader who does not see the strips looks for.
fn worst(m: &mut Markup, stream: &Stream, intervals: &Intervals, origin: Option<Nanos>) {
    let known = intervals.lost.iter().zip(&intervals.late).zip(&intervals.expected).zip(&intervals.lq);
    let all =
        known.enumerate().map(|(at, (((lost, late), expected), lq))| (at, *lost, *late, *expected, *lq));
    let rank = |lq: Option<f32>| lq.unwrap_or(f32::INFINITY);
    let gone = |lost: u32, late: u32| lost.saturating_add(late);
    let hit = all.filter(|&(_, lost, late, ..)| gone(lost, late) > 0);
    let worst = hit.min_by(|a, b| rank(a.4).total_cmp(&rank(b.4)).then(gone(b.1, b.2).cmp(&gone(a.1, a.2))));
    let Some((at, lost, late, expected, lq)) = worst else { return };
    let begin = Nanos(stream.start.0.saturating_add((at as f64 * intervals.interval_s * 1e9) as i64));
    m.put("<p class=quiet>Worst at ").text(&relative(origin, begin)).put(" s: ").show(lost).put(" of ");
    m.show(expected).put(" packets lost, ").show(late).put(" late");
    if let Some(lq) = lq {
        m.put(", MOS-LQ ").show(format_args!("{lq:.2}"));
    }
    if let Some(jitter) = intervals.jitter_ms.get(at).copied().flatten() {
        m.put(", jitter ").text(&ms(f64::from(jitter)));
    }
    m.put(".</p>");
}

fn span(seconds: f64) -> String {
    if seconds == 1.0 { "a second".to_owned() } else { format!("{seconds:.0} seconds") }
}

fn mos_strip(m: &mut Markup, stream: &Stream, intervals: &Intervals) {
    let known = intervals.lq.iter().flatten();
    let (low, high) = known.fold((f32::INFINITY, 0.0_f32), |(low, high), &lq| (low.min(lq), high.max(lq)));
    if !low.is_finite() {
        return;
    }
    let width = 1.0 / intervals.lq.len() as f64;
    let level = |lq: f64| (lq - 1.0) / (top(stream.mos.scale) - 1.0);
    let levels = intervals.lq.iter().map(|lq| (width, lq.map(|lq| level(f64::from(lq)))));
    let same = low == high;
    strip(m, "MOS-LQ", &if same { format!("{low:.2} throughout") } else { format!("{low:.2} to {high:.2}") });
    let guide = 100.0 - level(3.6) * 100.0;
    m.put("<path class=guide").attr("d", &format!("M0 {guide:.0}H{ACROSS}")).put("/><path class=steps");
    m.path("d", &steps(levels)).put("/></svg></div>\n");
}

fn jitter_strip(m: &mut Markup, intervals: &Intervals) {
    let most = intervals.jitter_ms.iter().flatten().fold(0.0_f32, |most, &jitter| most.max(jitter));
    if most <= 0.0 {
        return;
    }
    let width = 1.0 / intervals.jitter_ms.len() as f64;
    // Below a few milliseconds nothing is heard: the strip must not make a mountain of them.
    let full = f64::from(most).max(10.0);
    let levels = intervals.jitter_ms.iter().map(|ms| (width, ms.map(|ms| f64::from(ms) / full)));
    strip(m, "Jitter", &format!("up to {}", ms(f64::from(most))));
    m.put("<path class=steps").path("d", &steps(levels)).put("/></svg></div>\n");
}

fn loss_strip(m: &mut Markup, intervals: &Intervals) {
    let share = |n: u32, of: u32| f64::from(n) / f64::from(of.max(1));
    let both = || intervals.lost.iter().zip(&intervals.late).zip(&intervals.expected);
    let most = both().map(|((&lost, &late), &of)| share(lost.saturating_add(late), of)).fold(0.0, f64::max);
    let (lost, late) = (total(&intervals.lost), total(&intervals.late));
    if lost + late == 0 {
        m.put("<div class=strip><span class=lab><b>Lost, late</b></span><span class=\"lab quiet\">none</span></div>\n");
        return;
    }
    let width = 1.0 / intervals.lost.len() as f64;
    let full = most.max(0.05);
    let counts = match (lost, late) {
        (lost, 0) => format!("{lost} lost"),
        (0, late) => format!("{late} late"),
        (lost, late) => format!("{lost} lost, {late} late (striped)"),
    };
    strip(m, "Lost, late", &format!("{counts}, up to {}", percent(100.0 * most)));
    let of_lost = both().map(|((&lost, _), &of)| (width, 0.0, share(lost, of) / full));
    let of_late = both().map(|((&lost, &late), &of)| (width, share(lost, of) / full, share(late, of) / full));
    if lost > 0 {
        m.put("<path class=lost").path("d", &bars(of_lost)).put("/>");
    }
    if late > 0 {
        m.put("<path class=late").path("d", &bars(of_late)).put("/>");
    }
    m.put("</svg></div>\n");
}

fn total(counts: &[u32]) -> u64 {
    counts.iter().map(|&n| u64::from(n)).sum()
}

/// Begins a strip: its name and what it shows in words, then the plot.
fn strip(m: &mut Markup, name: &'static str, words: &str) {
    m.put("<div class=strip><span class=lab><b>").put(name).put("</b><br><span class=quiet>").text(words);
    m.put("</span></span><svg class=plot aria-hidden=true viewBox=\"0 0 600 100\" preserveAspectRatio=none>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_breaks_steps_and_equal_ones_are_one() {
        let levels =
            [(0.125, Some(1.0)), (0.125, Some(1.0)), (0.25, None), (0.25, Some(0.5)), (0.25, Some(0.0))];
        assert_eq!(steps(levels.into_iter()), "M0 100V0H150V100M300 100V50H450V100H600V100");
    }

    #[test]
    fn one_lost_packet_is_seen() {
        let bars = bars([(0.5, 0.0, 0.0), (0.001, 0.0, 0.001), (0.499, 0.5, 0.25)].into_iter());
        assert_eq!(bars, "M300 100V95M450 50V25");
    }
}
