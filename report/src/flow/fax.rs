//! Fax by T.38 in a ladder: a bar for each direction, an arrow for what the machines say.

use airtone_engine::model::{Call, Event, Fax, FaxDirection};
use airtone_engine::packet::Nanos;

use super::columns::Columns;
use super::ladder::{Kind, Row};
use crate::text::fax::{figures, tone};
use crate::text::paint::Tone;
use crate::text::units::{count, duration, foreign};

/// The rows of the fax of a call, if it has one.
pub(super) fn rows(columns: &mut Columns, call: &Call) -> Vec<Row> {
    let Some(fax) = &call.fax else { return Vec::new() };
    let mut rows: Vec<Row> = fax.directions.iter().map(|direction| bar(columns, direction)).collect();
    rows.extend(call.events.iter().filter_map(|event| said(columns, fax, event)));
    rows
}

fn bar(columns: &mut Columns, direction: &FaxDirection) -> Row {
    let length = direction.duration_s.map_or_else(String::new, |s| format!(", {}", duration(s)));
    let packets = count(direction.packets, "packet", "packets");
    let harm = figures(direction);
    let labels = vec![
        format!("T.38{length}, {packets}, {harm}"),
        format!("T.38, {packets}, {harm}"),
        format!("T.38, {harm}"),
        "T.38".to_owned(),
    ];
    let detail = vec![
        format!("{} > {}", direction.source, direction.destination),
        labels[0].clone(),
        format!("{} again, {} out of order", direction.repeats, direction.out_of_order),
    ];
    let ends = (columns.media(direction.source), columns.media(direction.destination));
    let seconds = direction.duration_s.filter(|_| direction.start.is_known()).unwrap_or(0.0);
    let until = Nanos(direction.start.0.saturating_add((seconds * 1e9) as i64));
    let from = (direction.first_frame, direction.start);
    Row { until, ..row(ends, from, Kind::Media, labels, detail, tone(direction)) }
}

/// The message of T.30 is the last word of its event: `(DIS)`, `(MPS, MCF)`.
fn said(columns: &mut Columns, fax: &Fax, event: &Event) -> Option<Row> {
    let (text, name) = event.detail.strip_suffix(')')?.rsplit_once(" (")?;
    let name = name.rsplit(", ").next()?;
    let label = match (event.kind.as_ref(), text.split_once(" at ")) {
        ("fax_page", _) => format!("{name} ({text})"),
        ("fax_session", Some((_, how))) => format!("{name} ({how})"),
        ("fax_session" | "fax_tone", _) => name.to_owned(),
        _ => return None,
    };
    let by_receiver = ["CFR", "FTT", "MCF", "RTP", "PIP", "RTN", "PIN", "PPR"].contains(&name);
    let sender = fax.sender.as_deref().unwrap_or("caller");
    let is_from_caller = match event.kind.as_ref() {
        _ if by_receiver => sender == "callee",
        "fax_page" => sender == "caller",
        _ => text.starts_with("the caller"),
    };
    let wanted = if is_from_caller { "caller_to_callee" } else { "callee_to_caller" };
    let way = fax.directions.iter().find(|one| one.direction.as_deref() == Some(wanted))?;
    let tone = match name {
        "FTT" | "RTN" | "PIN" | "PPR" => Tone::Poor,
        "MCF" | "RTP" | "PIP" => Tone::Good,
        _ => Tone::Plain,
    };
    let ends = (columns.media(way.source), columns.media(way.destination));
    let labels = vec![foreign(&label), foreign(name)];
    Some(row(ends, (event.frame, event.at), Kind::Fax, labels, vec![foreign(&event.detail)], tone))
}

fn row(
    (from, to): (usize, usize),
    (frame, at): (u64, Nanos),
    kind: Kind,
    mut labels: Vec<String>,
    detail: Vec<String>,
    tone: Tone,
) -> Row {
    labels.dedup();
    Row {
        frame,
        at,
        until: at,
        from,
        to,
        kind,
        labels,
        tags: Vec::new(),
        detail,
        tone,
        again: false,
        dialog: None,
        transaction: 0,
    }
}
