//! How long streams go on: a strip beside the life line of its sender, from the row of its bar to where it ends between
//! two rows.

use super::ladder::{Kind, Row};

/// Strips side by side at one life line; more would reach into the labels.
const MOST: usize = 4;

/// Part of a row below which no strip would be seen under its bar.
const SHORTEST: f64 = 0.4;

/// The strip of one stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lane {
    /// Row of its bar.
    pub(super) row: usize,
    /// Rows from the top to its end: 3.5 is half-way in time between row 3 and row 4.
    pub(super) end: f64,
    /// How far from the life line, 0 is next to it.
    pub(super) place: usize,
}

/// The strips of all streams that outlast their own row.
pub(super) fn of(rows: &[Row]) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        if row.kind != Kind::Media || !row.at.is_known() {
            continue;
        }
        let end = end(rows, at);
        let side = |row: &Row| (row.from, row.from <= row.to);
        let is_taken = |place: usize| {
            let mut own =
                lanes.iter().filter(|lane| lane.place == place && side(&rows[lane.row]) == side(row));
            own.any(|lane| lane.end >= at as f64)
        };
        let free = (0..MOST).find(|&place| !is_taken(place));
        if let Some(place) = free.filter(|_| end - at as f64 >= SHORTEST) {
            lanes.push(Lane { row: at, end, place });
        }
    }
    lanes
}

/// Where the stream of a row ends.
fn end(rows: &[Row], at: usize) -> f64 {
    let until = rows[at].until;
    let last = rows.iter().rposition(|row| row.at.is_known() && row.at <= until).unwrap_or(at).max(at);
    let since = |next: &Row| {
        Some((until.known_seconds_since(rows[last].at)?, next.at.known_seconds_since(rows[last].at)?))
    };
    let part = rows.get(last + 1).and_then(since).map_or(0.0, |(lasted, gap)| lasted / gap.max(1e-9));
    last as f64 + part.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use airtone_engine::packet::Nanos;

    use super::*;
    use crate::text::paint::Tone;

    fn row(kind: Kind, (from, to): (usize, usize), at: i64, until: i64) -> Row {
        Row {
            frame: 1,
            at: Nanos(at),
            until: Nanos(until),
            from,
            to,
            kind,
            labels: Vec::new(),
            tags: Vec::new(),
            detail: Vec::new(),
            tone: Tone::Plain,
            again: false,
            dialog: None,
            transaction: 0,
        }
    }

    #[test]
    fn strips_end_between_rows_and_stand_side_by_side() {
        let message = |at| row(Kind::Request, (0, 1), at, at);
        let rows = [
            message(0),
            row(Kind::Media, (0, 1), 10, 150),
            row(Kind::Media, (1, 0), 10, 10),
            message(100),
            row(Kind::Media, (0, 1), 120, 200),
            message(200),
            row(Kind::Media, (0, 1), 210, 300),
            message(400),
        ];
        let lanes = of(&rows);
        let places: Vec<_> = lanes.iter().map(|lane| (lane.row, lane.place)).collect();
        assert_eq!(places, [(1, 0), (4, 1), (6, 0)], "the second stream has no length");
        let ends: Vec<f64> = lanes.iter().map(|lane| (lane.end * 1000.0).round() / 1000.0).collect();
        assert_eq!(ends, [4.375, 5.0, 6.474]);
    }

    #[test]
    fn without_times_there_are_no_strips() {
        let media = row(Kind::Media, (0, 1), Nanos::UNKNOWN.0, Nanos::UNKNOWN.0);
        assert_eq!(of(&[media.clone(), media]), []);
    }
}
