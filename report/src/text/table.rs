//! Tables that fit: columns have ranks, and a narrow terminal shows the important ones instead of wrapping rows.
//!
//! Columns in which no row has anything are left out. Rank 0 is always shown. Columns of higher ranks are added in the order of their rank as far as the width
//! allows. Where not even rank 0 fits, the columns that may spill (addresses, names) go to a line of their own
//! below each row, in full.

use super::paint::Tone;
use super::wrap::{cut, width, wrap};

const GAP: usize = 2;
const SPILL_INDENT: usize = 4;

/// One column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    title: &'static str,
    rank: u8,
    right: bool,
    quiet: bool,
    spill: Option<&'static str>,
}

impl Column {
    /// Figures, flush right.
    pub(crate) const fn figure(rank: u8, title: &'static str) -> Self {
        Self { title, rank, right: true, quiet: false, spill: None }
    }

    /// Text, flush left.
    pub(crate) const fn text(rank: u8, title: &'static str) -> Self {
        Self { title, rank, right: false, quiet: false, spill: None }
    }

    /// Left out when every cell is zero.
    pub(crate) const fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// May go to a line of its own; `before` stands between it and the spilled column before it.
    pub(crate) const fn spill(self, before: &'static str) -> Self {
        Self { spill: Some(before), ..self }
    }
}

/// One cell: its text, safe to print, and its tone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    /// Nothing to say: nothing there, or not known.
    fn is_void(&self) -> bool {
        matches!(self.text.as_str(), "" | "-")
    }

    fn is_zero(&self) -> bool {
        self.is_void() || self.text == "0"
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// Columns and rows; every row has a cell per column.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    /// Per column, the width of its widest cell or of its title.
    widths: Vec<usize>,
}

/// Which columns are shown in the row, with their widths, and which below it.
struct Plan {
    shown: Vec<(usize, usize)>,
    spilled: Vec<usize>,
}

impl Table {
    pub(crate) fn new(columns: &[Column]) -> Self {
        let widths = columns.iter().map(|column| width(column.title)).collect();
        Self { columns: columns.to_vec(), rows: Vec::new(), widths }
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        for (widest, cell) in self.widths.iter_mut().zip(&cells) {
            *widest = (*widest).max(width(&cell.text));
        }
        self.rows.push(cells);
    }

    /// Lines of at most `room` columns, without indentation.
    pub(crate) fn lines(&self, room: usize, colour: bool) -> Vec<String> {
        let plan = self.plan(room);
        let mut lines = Vec::with_capacity(self.rows.len() + 1);
        let titles: Vec<Cell> = self.columns.iter().map(|c| Cell::new(c.title, Tone::Dim)).collect();
        lines.push(self.line(&plan, &titles, colour));
        for row in &self.rows {
            lines.push(self.line(&plan, row, colour));
            if !plan.spilled.is_empty() {
                lines.extend(self.spill(&plan, row, room));
            }
        }
        lines
    }

    fn plan(&self, room: usize) -> Plan {
        let worth: Vec<usize> = (0..self.columns.len()).filter(|&c| self.is_worth_showing(c)).collect();
        let mut chosen: Vec<usize> = worth.iter().copied().filter(|&c| self.columns[c].rank == 0).collect();
        let mut spilled = Vec::new();
        if self.total(&chosen) > room {
            (spilled, chosen) = chosen.into_iter().partition(|&c| self.columns[c].spill.is_some());
        }
        let mut others: Vec<usize> = worth.into_iter().filter(|&c| self.columns[c].rank > 0).collect();
        others.sort_by_key(|&c| self.columns[c].rank);
        for column in others {
            chosen.push(column);
            if self.total(&chosen) > room {
                chosen.pop();
            }
        }
        chosen.sort_unstable();
        Plan { shown: self.fitted(&chosen, room), spilled }
    }

    /// Natural widths, except that the widest column gives way where rank 0 alone is too wide.
    fn fitted(&self, chosen: &[usize], room: usize) -> Vec<(usize, usize)> {
        let mut shown: Vec<(usize, usize)> = chosen.iter().map(|&c| (c, self.widths[c])).collect();
        let mut excess = self.total(chosen).saturating_sub(room);
        while excess > 0 {
            let Some(widest) =
                shown.iter_mut().max_by_key(|(_, width)| *width).filter(|(_, width)| *width > 4)
            else {
                break;
            };
            widest.1 -= 1;
            excess -= 1;
        }
        shown
    }

    fn is_worth_showing(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().map(|row| &row[column]);
        match self.columns[column].quiet {
            true => cells.any(|cell| !cell.is_zero()),
            false => cells.any(|cell| !cell.is_void()),
        }
    }

    fn total(&self, columns: &[usize]) -> usize {
        let cells: usize = columns.iter().map(|&c| self.widths[c]).sum();
        cells + GAP * columns.len().saturating_sub(1)
    }

    fn line(&self, plan: &Plan, cells: &[Cell], colour: bool) -> String {
        let mut line = String::new();
        let mut pending = 0;
        for &(column, room) in &plan.shown {
            let cell = &cells[column];
            let text = cut(&cell.text, room);
            let slack = room.saturating_sub(width(&text));
            let (before, after) = if self.columns[column].right { (slack, 0) } else { (0, slack) };
            // Blanks are written only before something, so that no line ends in them.
            pending += before;
            if !text.is_empty() {
                line.extend(std::iter::repeat_n(' ', pending));
                line.push_str(&cell.tone.paint(&text, colour));
                pending = 0;
            }
            pending += after + GAP;
        }
        line
    }

    fn spill(&self, plan: &Plan, row: &[Cell], room: usize) -> Vec<String> {
        let mut text = String::new();
        for &column in &plan.spilled {
            if !text.is_empty() {
                text.push_str(self.columns[column].spill.unwrap_or("  "));
            }
            text.push_str(&row[column].text);
        }
        wrap(&text, room, SPILL_INDENT, SPILL_INDENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[
            Column::figure(0, "#"),
            Column::text(0, "Source").spill(""),
            Column::text(0, "Destination").spill(" > "),
            Column::figure(0, "MOS"),
            Column::figure(2, "Jitter"),
            Column::figure(1, "Late").quiet(),
            Column::text(3, "Codec"),
        ]);
        let row = ["1", "192.0.2.1:4000", "192.0.2.2:4000", "4.41", "1.2", "0", "PCMU"];
        table.row(row.into_iter().map(Cell::from).collect());
        table
    }

    #[test]
    fn wide_terminals_see_everything_but_quiet_columns() {
        assert_eq!(
            table().lines(80, false),
            [
                "#  Source          Destination      MOS  Jitter  Codec",
                "1  192.0.2.1:4000  192.0.2.2:4000  4.41     1.2  PCMU",
            ]
        );
    }

    #[test]
    fn narrow_terminals_drop_the_last_ranks_first() {
        assert_eq!(
            table().lines(48, false),
            [
                "#  Source          Destination      MOS  Jitter",
                "1  192.0.2.1:4000  192.0.2.2:4000  4.41     1.2",
            ]
        );
    }

    #[test]
    fn very_narrow_terminals_spill_the_addresses_in_full() {
        assert_eq!(
            table().lines(38, false),
            ["#   MOS  Jitter  Codec", "1  4.41     1.2  PCMU", "    192.0.2.1:4000 > 192.0.2.2:4000",]
        );
    }

    #[test]
    fn paint_does_not_count_as_width() {
        let mut table = Table::new(&[Column::figure(0, "MOS"), Column::text(0, "Why")]);
        table.row(vec![Cell::new("1.0", Tone::Bad), Cell::from("loss")]);
        assert_eq!(table.lines(80, true)[1], "\x1b[1;31m1.0\x1b[0m  loss");
    }
}
