//! RTP streams: loss, lateness, jitter and MOS, with the reason where there is no MOS.

use airtone_engine::Report;
use airtone_engine::model::{Stream, WiresharkFigures};

use super::page::Page;
use super::paint::Tone;
use super::select::{Named, tell_rest, worst};
use super::table::{Cell, Column, Table};
use super::units::{count, dash, duration, foreign, foreign_or_dash, ids, millis, mos, or_dash, share};

/// Where a table of streams stands decides what identifies a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Under its call: the direction says which.
    Call,
    /// On its own: the addresses do.
    Alone,
}

fn columns(place: Place) -> Vec<Column> {
    let (address, direction) = if place == Place::Call { (5, 0) } else { (0, 6) };
    vec![
        Column::figure(0, "#"),
        Column::figure(5, "Call"),
        Column::text(direction, "Direction"),
        Column::text(6, "SSRC"),
        Column::text(address, "Source").spill(""),
        Column::text(address, "Destination").spill(" > "),
        Column::text(0, "Codec"),
        Column::figure(9, "ms/pkt"),
        Column::figure(4, "Start s"),
        Column::figure(4, "Length"),
        Column::figure(3, "Packets"),
        Column::figure(3, "Lost").quiet(),
        Column::figure(0, "Lost %"),
        Column::figure(1, "Late %").quiet(),
        Column::figure(7, "In a row").quiet(),
        Column::figure(8, "Dups").quiet(),
        Column::figure(8, "Reordered").quiet(),
        Column::figure(1, "Jitter ms"),
        Column::figure(5, "Max jitter"),
        Column::figure(7, "Max delta"),
        Column::figure(8, "RTT ms"),
        Column::figure(0, "MOS-LQ"),
        Column::figure(2, "10 s low"),
        Column::figure(2, "MOS-CQ"),
        Column::figure(9, "Best buffer"),
    ]
}

fn row(page: &Page, stream: &Stream, place: Place) -> Vec<Cell> {
    let rating = |value: f64| Cell::new(mos(value, stream.mos.scale), Tone::of_mos(value));
    let percent = |value: f64| Cell::new(share(value), Tone::of_loss(value));
    let unrated = |value: Option<f64>| value.map_or_else(|| dash().into(), rating);
    let call = stream.call.filter(|_| place == Place::Alone);
    let rtt = stream.rtcp.as_ref().and_then(|rtcp| rtcp.round_trip_ms);
    vec![
        stream.id.to_string().into(),
        or_dash(call, |id| id.to_string()).into(),
        direction(stream).into(),
        foreign(&stream.ssrc).into(),
        or_dash(stream.source, |end| end.to_string()).into(),
        or_dash(stream.destination, |end| end.to_string()).into(),
        codec(stream).into(),
        or_dash(stream.ptime_ms, millis).into(),
        page.relative(stream.start).into(),
        or_dash(stream.duration_s, duration).into(),
        stream.packets.to_string().into(),
        stream.lost.to_string().into(),
        percent(stream.lost_percent),
        stream.late_percent.map_or_else(|| dash().into(), percent),
        stream.bursts.longest_loss.to_string().into(),
        stream.duplicates.to_string().into(),
        stream.out_of_order.to_string().into(),
        or_dash(stream.jitter_ms, |jitter| millis(jitter.mean)).into(),
        or_dash(stream.jitter_ms, |jitter| millis(jitter.max)).into(),
        or_dash(stream.delta_ms, |delta| millis(delta.max)).into(),
        or_dash(rtt, millis).into(),
        unrated(stream.mos.lq),
        unrated(stream.mos_worst_interval.map(|interval| interval.lq)),
        unrated(stream.mos.cq),
        or_dash(stream.best_buffer_ms, |ms| format!("{ms} ms")).into(),
    ]
}

pub(crate) fn direction(stream: &Stream) -> String {
    match stream.direction.as_deref() {
        Some("caller_to_callee") => "caller > callee".to_owned(),
        Some("callee_to_caller") => "callee > caller".to_owned(),
        other => foreign_or_dash(other),
    }
}

pub(crate) fn codec(stream: &Stream) -> String {
    let name = match (&stream.codec, stream.payload_types.first()) {
        (Some(codec), _) => foreign(codec),
        (None, Some(payload_type)) => format!("PT {payload_type}"),
        (None, None) => dash(),
    };
    if stream.encrypted { name + " (SRTP)" } else { name }
}

/// The streams of one call, in a table below it.
pub(crate) fn of_call(page: &mut Page, streams: &[&Stream]) {
    table(page, 2, streams, Place::Call);
    notes(page, 2, streams, Notes::Missing);
    remarks(page, 2, streams, Notes::Missing);
}

/// Streams that belong to no call.
pub(crate) fn without_call(page: &mut Page, report: &Report) {
    let (all, shown): (usize, Vec<&Stream>) = {
        let named = Named::new(report);
        let rank = |stream: &Stream| match stream.call {
            Some(_) => 2,
            None => u32::from(!named.streams.contains(&stream.id)),
        };
        let all = report.streams.iter().filter(|stream| stream.call.is_none()).count();
        let shown = worst(&report.streams, rank).into_iter().filter(|stream| stream.call.is_none()).collect();
        (all, shown)
    };
    if all == 0 {
        return;
    }
    page.heading("STREAMS WITHOUT A CALL");
    table(page, 0, &shown, Place::Alone);
    notes(page, 0, &shown, Notes::Missing);
    remarks(page, 0, &shown, Notes::Missing);
    tell_rest(page, 0, all, shown.len(), "streams", "streams");
}

/// All streams, one row each, then Wireshark's figures for them when they were asked for.
pub(crate) fn view(page: &mut Page, report: &Report) {
    if report.streams.is_empty() {
        page.paragraph(0, "No RTP stream in this capture.");
        return;
    }
    let all: Vec<&Stream> = report.streams.iter().collect();
    table(page, 0, &all, Place::Alone);
    page.gap();
    notes(page, 0, &all, Notes::All);
    remarks(page, 0, &all, Notes::All);
    wireshark(page, &all);
}

fn table(page: &mut Page, indent: usize, streams: &[&Stream], place: Place) {
    let mut table = Table::new(&columns(place));
    for stream in streams {
        table.row(row(page, stream, place));
    }
    page.table(indent, &table);
}

/// Which notes stand below a table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notes {
    /// Why there is no MOS.
    Missing,
    /// Also what limits one that is there.
    All,
}

/// Streams with the same reason share a line.
fn notes(page: &mut Page, indent: usize, streams: &[&Stream], which: Notes) {
    let mut reasons: Vec<(bool, &str, Vec<u32>)> = Vec::new();
    for stream in streams {
        let is_missing = stream.mos.lq.is_none();
        let reason = match (&stream.mos.reason, is_missing) {
            (Some(reason), _) => reason.as_str(),
            (None, true) => "not computed",
            (None, false) => continue,
        };
        match reasons.iter_mut().find(|known| known.0 == is_missing && known.1 == reason) {
            Some((.., ids)) => ids.push(stream.id),
            None => reasons.push((is_missing, reason, vec![stream.id])),
        }
    }
    for (is_missing, reason, of) in reasons {
        let which_ones = format!("stream{} {}", if of.len() == 1 { "" } else { "s" }, ids(&of));
        let reason = foreign(reason);
        match is_missing {
            true => page.paragraph(indent, &format!("No MOS for {which_ones}: {reason}")),
            false if which == Notes::All => {
                page.toned(indent, Tone::Dim, &format!("MOS of {which_ones}: {reason}"));
            }
            false => {}
        }
    }
}

/// What a table has no column for: relays, copies, a better buffer, what the receiver says itself.
fn remarks(page: &mut Page, indent: usize, streams: &[&Stream], which: Notes) {
    for stream in streams {
        for remark in remarks_on(stream, which) {
            page.paragraph(indent, &format!("Stream {}: {remark}", stream.id));
        }
    }
}

/// All that is to be said about one stream beside its figures.
pub(crate) fn all_remarks(stream: &Stream) -> Vec<String> {
    remarks_on(stream, Notes::All)
}

fn remarks_on(stream: &Stream, which: Notes) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(before) = stream.relayed_from {
        remarks.push(format!("the packets of stream {before}, sent on by a relay"));
    }
    // A complete copy is news only to those who study the stream.
    for copies in stream.copies.iter().filter(|copies| which == Notes::All || copies.missing > 0) {
        let (seen, missing) = (count(copies.packets, "packet", "packets"), copies.missing);
        let path = foreign(&copies.path);
        remarks.push(format!("{seen} also seen by way of {path}, {missing} missing there"));
    }
    if let Some((depth, lq)) = better_buffer(stream) {
        let lq = mos(lq, stream.mos.scale);
        remarks.push(format!("a jitter buffer of {depth} ms would have given MOS-LQ {lq}"));
    }
    if let Some(lq) = stream.rtcp.as_ref().and_then(|rtcp| rtcp.xr_mos_lq) {
        remarks.push(format!("the receiver itself reports MOS-LQ {lq:.1} (RTCP XR)"));
    }
    remarks
}

/// The best depth where it makes a difference that can be heard.
fn better_buffer(stream: &Stream) -> Option<(u16, f64)> {
    const AUDIBLE: f64 = 0.2;
    let depth = stream.best_buffer_ms?;
    let lq = stream.buffer_curve.iter().find(|point| point.buffer_ms == depth)?.lq?;
    (lq >= stream.mos.lq? + AUDIBLE).then_some((depth, lq))
}

fn wireshark(page: &mut Page, streams: &[&Stream]) {
    let Some(version) =
        streams.iter().find_map(|stream| stream.wireshark.as_ref()).map(|w| foreign(&w.version))
    else {
        return;
    };
    page.heading(&format!("AS WIRESHARK {version} COUNTS"));
    let mut table = Table::new(&[
        Column::figure(0, "#"),
        Column::text(4, "SSRC"),
        Column::text(6, "Source"),
        Column::text(6, "Destination"),
        Column::figure(1, "Packets"),
        Column::figure(5, "Expected"),
        Column::figure(0, "Lost"),
        Column::figure(1, "Lost %"),
        Column::figure(3, "Min delta"),
        Column::figure(3, "Mean delta"),
        Column::figure(0, "Max delta"),
        Column::figure(2, "Min jitter"),
        Column::figure(0, "Mean jitter"),
        Column::figure(0, "Max jitter"),
        Column::text(0, "X"),
    ]);
    for stream in streams {
        if let Some(figures) = &stream.wireshark {
            table.row(wireshark_row(stream, figures));
        }
    }
    page.table(0, &table);
}

/// Three decimals of a millisecond, as Wireshark prints them.
fn wireshark_row(stream: &Stream, figures: &WiresharkFigures) -> Vec<Cell> {
    let ms = |value: f64| Cell::from(format!("{value:.3}"));
    vec![
        stream.id.to_string().into(),
        foreign(&stream.ssrc).into(),
        or_dash(stream.source, |end| end.to_string()).into(),
        or_dash(stream.destination, |end| end.to_string()).into(),
        figures.packets.to_string().into(),
        figures.expected.to_string().into(),
        figures.lost.to_string().into(),
        format!("{:.1}", figures.lost_percent).into(),
        ms(figures.min_delta_ms),
        ms(figures.mean_delta_ms),
        ms(figures.max_delta_ms),
        ms(figures.min_jitter_ms),
        ms(figures.mean_jitter_ms),
        ms(figures.max_jitter_ms),
        if figures.problem { "X" } else { "" }.into(),
    ]
}
