//! Streams: a card each, with its figures, how it went over time, and what other buffers would have given.

use std::collections::HashSet;

use airtone_engine::Report;
use airtone_engine::model::Stream;

use super::figures::{loss_class, mos_badge, ms, percent, relative};
use super::{Page, charts, room};
use crate::markup::Markup;
use crate::text::streams::{all_remarks, codec, direction};
use crate::text::units::{count, duration, grouped, or_dash};

/// Where a card stands, which decides the level of its heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// In a call.
    Call,
    /// On its own.
    Alone,
}

/// Streams that no call on the page lists.
pub(super) fn alone(report: &Report) -> Vec<&Stream> {
    let listed: HashSet<u32> = report.calls.iter().flat_map(|call| &call.streams).copied().collect();
    report.streams.iter().filter(|stream| !listed.contains(&stream.id)).collect()
}

pub(super) fn section(m: &mut Markup, page: &Page<'_>) {
    let alone = alone(page.report);
    if alone.is_empty() {
        return;
    }
    m.put("<section id=streams aria-labelledby=h-streams><h2 id=h-streams>Streams without a call</h2>\n");
    if page.report.calls.is_empty() {
        room::remark(m, page.report);
    }
    for stream in alone {
        m.put("<details class=alone><summary><span class=name>Stream ").show(stream.id).put("</span> ");
        ends(m, stream);
        m.put(" <span class=quiet>").text(&codec(stream)).put(", ").text(&count(
            stream.packets,
            "packet",
            "packets",
        ));
        m.put("</span> ");
        mos_badge(m, stream.mos.lq, stream.mos.scale);
        m.put("</summary>");
        card(m, page, stream, Level::Alone);
        m.put("</details>\n");
    }
    m.put("</section>\n");
}

fn ends(m: &mut Markup, stream: &Stream) {
    m.put("<span class=ends>").text(&or_dash(stream.source, |end| end.to_string())).put(" → ");
    m.text(&or_dash(stream.destination, |end| end.to_string())).put("</span>");
}

/// Everything about one stream.
pub(super) fn card(m: &mut Markup, page: &Page<'_>, stream: &Stream, level: Level) {
    m.put("<section class=stream").attr("id", &format!("stream-{}", stream.id)).put(">");
    if level == Level::Call {
        m.put("<h3>Stream ").show(stream.id).put(": ");
        m.text(&direction(stream).replace(" > ", " → "))
            .put(" <span class=quiet>")
            .text(&codec(stream))
            .put("</span> ");
        mos_badge(m, stream.mos.lq, stream.mos.scale);
        m.put("</h3>");
    }
    if let Some(reason) = stream.mos.reason.as_deref().filter(|_| stream.mos.lq.is_none()) {
        m.put("<p>No MOS: ").text(reason).put("</p>");
    }
    facts(m, page, stream);
    for remark in all_remarks(stream) {
        m.put("<p class=quiet>Note: ").text(&remark).put(".</p>");
    }
    if page.charted.contains(&stream.id) {
        charts::over_time(m, stream, page.report.capture.first);
        charts::buffer_curve(m, stream);
    }
    m.put("</section>\n");
}

fn facts(m: &mut Markup, page: &Page<'_>, stream: &Stream) {
    let origin = page.report.capture.first;
    m.put("<ul class=facts>");
    fact(m, "Lost", &of(stream.lost, stream.lost_percent), loss_class(stream.lost_percent));
    if let (Some(late), Some(share)) = (stream.late, stream.late_percent) {
        fact(m, "Late", &of(late, share), loss_class(share));
    }
    if stream.bursts.longest_loss > 1 {
        fact(m, "Most in a row", &stream.bursts.longest_loss.to_string(), "");
    }
    if let Some(jitter) = stream.jitter_ms {
        fact(m, "Jitter mean, max", &format!("{}, {}", ms(jitter.mean), ms(jitter.max)), "");
    }
    if let Some(cq) = stream.mos.cq {
        fact(m, "MOS-CQ", &format!("{cq:.2}"), "");
    }
    if let Some(worst) = stream.mos_worst_interval.filter(|worst| Some(worst.lq) != stream.mos.lq) {
        let of = format!("{:.2} at {} s", worst.lq, relative(origin, worst.at));
        fact(m, "Worst interval", &of, "");
    }
    if let Some(delta) = stream.delta_ms {
        fact(m, "Longest gap", &ms(delta.max), "");
    }
    if stream.duplicates > 0 {
        fact(m, "Duplicates", &grouped(stream.duplicates), "");
    }
    if stream.out_of_order > 0 {
        fact(m, "Out of order", &grouped(stream.out_of_order), "");
    }
    if let Some(rtt) = stream.rtcp.as_ref().and_then(|rtcp| rtcp.round_trip_ms) {
        fact(m, "Round trip", &ms(rtt), "");
    }
    fact(m, "Packets", &grouped(stream.packets), "");
    let begins = format!("{} s for {}", relative(origin, stream.start), or_dash(stream.duration_s, duration));
    fact(m, "From", &begins, "");
    let ends = [stream.source, stream.destination].map(|end| or_dash(end, |end| end.to_string()));
    fact(m, "Path", &ends.join(" → "), "");
    fact(m, "SSRC", &stream.ssrc, "");
    m.put("</ul>");
}

fn of(n: u64, share: f64) -> String {
    if n == 0 { "0".to_owned() } else { format!("{} ({})", grouped(n), percent(share)) }
}

fn fact(m: &mut Markup, name: &'static str, value: &str, class: &'static str) {
    m.put("<li");
    if !class.is_empty() {
        m.put(" class=").put(class);
    }
    m.put("><i>").put(name).put("</i> ").text(value);
}
