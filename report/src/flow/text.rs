//! The ladder for a terminal. Few parties stand far enough apart to write on the arrows; many are letters, and
//! what the arrows say stands beside them.

use std::cmp::Ordering;

use airtone_engine::Report;

use super::ladder::{Kind, Ladder, Row};
use crate::text::Style;
use crate::text::page::Page;
use crate::text::paint::Tone;
use crate::text::units::{count, foreign};
use crate::text::wrap::{cut, width};

/// Time, frame, dialog and transaction.
const GUTTER: usize = 26;
/// Closer together than this nothing can be written between two parties.
const CLOSEST: usize = 17;
/// Farther apart nothing is gained.
const FARTHEST: usize = 46;
/// Between parties that are letters.
const LETTERS_APART: usize = 4;

/// The whole page.
pub(crate) fn page(report: &Report, ladder: &Ladder, style: Style) -> String {
    let mut page = Page::new(style, report.capture.first);
    page.toned(0, Tone::Strong, &ladder.title);
    if !ladder.story.is_empty() {
        page.hanging(0, 2, &ladder.story);
    }
    page.gap();
    if ladder.rows.is_empty() {
        page.paragraph(0, "No message of this call was kept.");
        return page.finish();
    }
    let room = page.width();
    match spacing(ladder.columns.len(), room) {
        Some(apart) => wide(&mut page, ladder, apart),
        None => narrow(&mut page, ladder, room),
    }
    page.gap();
    legend(&mut page, ladder);
    page.finish()
}

/// Columns between two parties, where there is room to write between them.
fn spacing(parties: usize, room: usize) -> Option<usize> {
    let apart = (room.saturating_sub(GUTTER + 1) / parties.saturating_sub(1).max(1)).min(FARTHEST);
    (apart >= CLOSEST).then_some(apart)
}

fn gutter(ladder: &Ladder, row: &Row) -> String {
    let place = match (row.kind, row.dialog) {
        (Kind::Media | Kind::Fax | Kind::Digits | Kind::Icmp, _) => String::new(),
        (_, Some(dialog)) => format!("{dialog}.{}", row.transaction),
        (_, None) => format!("-.{}", row.transaction),
    };
    format!("{:>10} {:>7} {place:>6} ", ladder.relative(row.at), row.frame)
}

fn head(words: &str) -> String {
    format!("{:>10} {:>7} {:>6} {words}", "Time s", "Frame", "D.T")
}

/// Parties far apart: the arrows carry their labels.
fn wide(page: &mut Page, ladder: &Ladder, apart: usize) {
    let named = ladder.columns.iter().any(|column| column.name.is_some());
    if named {
        let names = ladder.columns.iter().map(|column| column.name.as_deref().unwrap_or(""));
        page.line(Tone::Strong, &format!("{}{}", " ".repeat(GUTTER), above(names, apart)));
    }
    let room = |at: usize| title_room(at, ladder.columns.len(), apart);
    let has_room = ladder.columns.iter().enumerate().all(|(at, column)| width(&column.address) <= room(at));
    let addresses = ladder
        .columns
        .iter()
        .map(|column| if has_room { column.address.as_str() } else { column.short.as_str() });
    page.line(Tone::Dim, &head(&above(addresses, apart)));
    for row in &ladder.rows {
        let mut cells = lines(ladder.columns.len(), apart);
        let (left, right) = (row.from.min(row.to) * apart, row.from.max(row.to) * apart);
        let is_loop = left == right;
        let last = (ladder.columns.len() - 1) * apart;
        let (start, end) = match (is_loop, left == last && last > 0) {
            (false, _) => (left + 1, right),
            // a message to itself stands beside its party
            (true, true) => (left + 1 - apart, left),
            (true, false) => (left + 1, (left + apart).min(cells.len())),
        };
        let arrow = arrow(row, end - start, is_loop);
        cells.splice(start..end, arrow.chars().map(Some));
        let text: String = cells.into_iter().flatten().collect();
        let tags = tags(row);
        let fits = GUTTER + width(&text) + width(&tags) + 4 <= page.width();
        page.split_line(&gutter(ladder, row), row.tone, &text, if fits { &tags } else { "" });
        if !fits && !tags.is_empty() {
            below(page, &tags, lines(ladder.columns.len(), apart), row.from.min(row.to) * apart);
        }
    }
}

/// What a message changed, between the life lines below it.
fn below(page: &mut Page, tags: &str, cells: Vec<Option<char>>, left: usize) {
    let cells: Vec<char> = cells.into_iter().flatten().collect();
    let tags = cut(&format!("[{tags}]"), cells.len());
    let start = (left + 3).min(cells.len() - width(&tags));
    let end = start + width(&tags);
    let before: String = " ".repeat(GUTTER).chars().chain(cells[..start].iter().copied()).collect();
    let after: String = cells[end..].iter().collect();
    page.pieces(&[(Tone::Plain, &before), (Tone::Strong, &tags), (Tone::Plain, &after)]);
}

/// Titles over their lines: the first begins at its line, the last ends there, the others are in the middle.
fn above<'a>(titles: impl ExactSizeIterator<Item = &'a str>, apart: usize) -> String {
    let last = titles.len().saturating_sub(1);
    let mut text = String::new();
    for (at, title) in titles.enumerate() {
        let title =
            cut(&foreign(title), if at == 0 || at == last { apart / 2 + apart / 4 } else { apart - 2 });
        let size = width(&title);
        let start = match at {
            0 => 0,
            _ if at == last => (at * apart + 1).saturating_sub(size),
            _ => (at * apart).saturating_sub(size / 2),
        };
        let gap = start.saturating_sub(width(&text)).max(usize::from(at > 0));
        text.push_str(&" ".repeat(gap));
        text.push_str(&title);
    }
    text
}

/// The outer ones reach to the middle of the gap beside them, the inner ones to the middle on both sides.
fn title_room(at: usize, parties: usize, apart: usize) -> usize {
    match parties {
        0..=2 => apart / 2,
        _ if at == 0 || at + 1 == parties => apart / 2 + 4,
        _ => apart - 5,
    }
}

/// A life line for every party. `None`: covered by a character of double width.
fn lines(parties: usize, apart: usize) -> Vec<Option<char>> {
    let mut cells = vec![Some(' '); (parties - 1) * apart + 1];
    cells.iter_mut().step_by(apart).for_each(|cell| *cell = Some('|'));
    if parties == 1 {
        cells.resize(apart, Some(' '));
    }
    cells
}

/// `-- INVITE (PCMU) --->`, `<==== RTP PCMU ====`, `- - 200 OK again - ->`.
fn arrow(row: &Row, room: usize, is_loop: bool) -> String {
    let inner = room.saturating_sub(4);
    let label = row.fitting(inner);
    let shaft = match row.kind {
        Kind::Media => "=",
        Kind::Fax | Kind::Digits | Kind::Icmp => "~",
        _ if row.again => "- ",
        _ => "-",
    };
    let rest = inner - width(&label);
    // an odd number of dashes and gaps ends with a dash
    let before = rest.min((1 + rest / 8) | usize::from(row.again));
    let fill = |n: usize| shaft.chars().cycle().take(n).collect::<String>();
    match (is_loop, row.from < row.to) {
        (true, _) => format!(" {label} <-{}", " ".repeat(rest)),
        (false, true) => format!("{} {label} {}>", fill(before), fill(rest - before + 1)),
        (false, false) => format!("<{} {label} {}", fill(rest - before + 1), fill(before)),
    }
}

fn tags(row: &Row) -> String {
    row.tags.join(", ")
}

/// Parties close together: letters, and the labels beside. So many that their lines leave no room for labels are
/// no grid any more: `A > C`.
fn narrow(page: &mut Page, ladder: &Ladder, room: usize) {
    for (at, column) in ladder.columns.iter().enumerate() {
        let name = column.name.as_deref().map_or_else(String::new, |name| format!("  {}", foreign(name)));
        let media = if column.media_only { "  (RTP only)" } else { "" };
        page.paragraph(0, &format!("{:>2}  {}{name}{media}", letter(at), column.address));
    }
    page.gap();
    let parties = ladder.columns.len();
    let apart = (room.saturating_sub(GUTTER + 20) / parties).min(LETTERS_APART);
    let has_grid = apart >= 2 || GUTTER + 2 * parties + 8 <= room;
    let apart = apart.max(2);
    let titles: String = (0..parties).map(|at| format!("{:<apart$}", letter(at))).collect();
    page.line(Tone::Dim, &head(if has_grid { &titles } else { "" }));
    for row in &ladder.rows {
        let arrow = match has_grid {
            true => grid(row, parties, apart),
            false => format!("{} > {}", letter(row.from), letter(row.to)),
        };
        let label = beside(row, room.saturating_sub(GUTTER + width(&arrow) + 2));
        page.split_line(&gutter(ladder, row), row.tone, &format!("{arrow}  {label}"), &tags(row));
    }
}

fn letter(at: usize) -> String {
    match u8::try_from(at) {
        Ok(at) if at < 26 => char::from(b'A' + at).to_string(),
        _ => format!("{}", at + 1),
    }
}

/// `|  o----->  |`
fn grid(row: &Row, parties: usize, apart: usize) -> String {
    let mut cells = lines(parties, apart);
    let (left, right) = (row.from.min(row.to) * apart, row.from.max(row.to) * apart);
    let shaft = match row.kind {
        Kind::Media => '=',
        Kind::Fax | Kind::Digits | Kind::Icmp => '~',
        _ => '-',
    };
    for (at, cell) in cells.iter_mut().enumerate().take(right).skip(left + 1) {
        *cell = Some(if row.again && at % 2 == 0 { ' ' } else { shaft });
    }
    match row.from.cmp(&row.to) {
        Ordering::Less => (cells[left], cells[right]) = (Some('o'), Some('>')),
        Ordering::Greater => (cells[left], cells[right]) = (Some('<'), Some('o')),
        Ordering::Equal => cells[left] = Some('@'),
    }
    cells.into_iter().flatten().collect()
}

/// The fullest label that fits; a bare code tells less than a phrase without its end.
fn beside(row: &Row, room: usize) -> String {
    let phrases = &row.labels[..row.labels.len().saturating_sub(1).max(1).min(row.labels.len())];
    let fits = phrases.iter().find(|label| width(label) <= room);
    fits.cloned().unwrap_or_else(|| cut(phrases.last().map_or("", String::as_str), room))
}

fn legend(page: &mut Page, ladder: &Ladder) {
    page.toned(0, Tone::Dim, "D.T: dialog and transaction; - is no dialog yet.");
    for (at, leg) in ladder.legs.iter().enumerate() {
        let dialogs: Vec<String> = ladder
            .dialogs
            .iter()
            .filter(|(_, of)| usize::from(*of) == at)
            .map(|(dialog, _)| dialog.to_string())
            .collect();
        let which = match dialogs.len() {
            0 => "No dialog".to_owned(),
            1 => format!("Dialog {}", dialogs[0]),
            _ => format!("Dialogs {}", dialogs.join(", ")),
        };
        page.paragraph(0, &format!("{which}: Call-ID {leg}"));
    }
    if ladder.left_out > 0 {
        page.paragraph(
            0,
            &format!("{} beyond the bound are not shown.", count(ladder.left_out, "message", "messages")),
        );
    }
}
