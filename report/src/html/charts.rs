//! Plots of a stream as inline SVG: lines stretch with the page, words and figures stay beside them as text.

use std::fmt::Write;

use airtone_engine::model::{BufferPoint, Stream};
use airtone_engine::quality::codec::Scale;

use super::figures::percent;
use super::markup::Markup;
use crate::text::units::{duration, share};

/// Plots have this many units across and 100 up; the page stretches them.
pub(super) const ACROSS: f64 = 600.0;

/// A step line through `levels` (0 at the bottom, 1 at the top; `None` breaks it), `widths` of the whole each.
pub(super) fn steps(levels: impl Iterator<Item = (f64, Option<f64>)>) -> String {
    let (mut d, mut x, mut is_down) = (String::new(), 0.0, false);
    for (width, level) in levels {
        let from = x;
        x += width * ACROSS;
        let Some(level) = level else {
            is_down = false;
            continue;
        };
        let y = 100.0 - level.clamp(0.0, 1.0) * 100.0;
        // Writing to a String cannot fail.
        let _ = match is_down {
            true => write!(d, "V{y:.0}H{x:.0}"),
            false => write!(d, "M{from:.0} {y:.0}H{x:.0}"),
        };
        is_down = true;
    }
    d
}

/// Bars of the given heights, as [`steps`]; they stand on `base` (0 to 1).
pub(super) fn bars(heights: impl Iterator<Item = (f64, f64, f64)>) -> String {
    let (mut d, mut x) = (String::new(), 0.0);
    for (width, base, height) in heights {
        let across = width * ACROSS;
        if height > 0.0 {
            // A single lost packet among thousands is still to be seen.
            let (up, foot) = ((height * 100.0).clamp(4.0, 100.0), 100.0 - base * 100.0);
            let wide = across.max(2.0);
            let _ = write!(d, "M{x:.0} {foot:.0}v-{up:.0}h{wide:.1}v{up:.0}z");
        }
        x += across;
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
        m.put(if is_best { " <span class=tag>best</span></td>" } else { "</td>" });
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
        m.put(if Some(point.buffer_ms) == best { "<td class=best>" } else { "<td>" });
        m.text(&text(point)).put("</td>");
    }
    m.put("</tr>");
}

fn curve_row(
    m: &mut Markup,
    points: &[BufferPoint],
    class: &'static str,
    level: impl Fn(&BufferPoint) -> Option<f64>,
) {
    let (mut d, mut dots) = (String::new(), Vec::new());
    for (at, point) in points.iter().enumerate() {
        let Some(level) = level(point) else { continue };
        let x = (at as f64 + 0.5) / points.len() as f64;
        let y = 8.0 + (1.0 - level.clamp(0.0, 1.0)) * 84.0;
        let _ = write!(d, "{}{:.0} {y:.0}", if d.is_empty() { "M" } else { "L" }, x * ACROSS);
        dots.push((x * 100.0, y));
    }
    m.put("<tr class=plotrow aria-hidden=true><td></td><td");
    m.attr("colspan", &points.len().to_string());
    m.put("><svg class=\"plot ")
        .put(class)
        .put("\"><svg viewBox=\"0 0 600 100\" preserveAspectRatio=none width=\"100%\" height=\"100%\">");
    m.put("<path").attr("d", &d).put("/></svg>");
    for (x, y) in dots {
        m.put("<circle r=3").attr("cx", &format!("{x:.1}%")).attr("cy", &format!("{y:.0}%")).put("/>");
    }
    m.put("</svg></td></tr>");
}

/// MOS, jitter and loss from the first to the last packet.
pub(super) fn over_time(m: &mut Markup, stream: &Stream) {
    let Some(worst) = stream.mos_worst_interval else { return };
    if stream.duration_s.is_some_and(|seconds| seconds > worst.interval_s) {
        m.put("<p class=quiet>Lowest MOS-LQ of any ").text(&duration(worst.interval_s));
        m.put(": ")
            .show(format_args!("{:.2}", worst.lq))
            .put("; overall loss ")
            .text(&percent(stream.lost_percent));
        m.put(".</p>\n");
    }
}
