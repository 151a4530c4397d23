//! The ladder as SVG: one element that needs nothing from outside.

use std::fmt::Write;

use super::ladder::{Kind, Ladder, Row};
use crate::text::paint::Tone;
use crate::text::wrap::{cut, width};

const TOP: usize = 62;
const ROW: usize = 34;
const GUTTER: usize = 168;
/// Room right of the last party.
const RIGHT: usize = 96;
/// Width of a character of the labels.
const LETTER: usize = 7;

/// Colours by meaning; a host page may override the variables.
const STYLE: &str = "\
.FLOW{--bg:#fff;--fg:#1b1f24;--dim:#5b6570;--line:#c3cad2;--good:#176f3d;--poor:#8a5300;--bad:#b3261e;--bar:#dce9fb;\
--edge:#3d6fb4;background:var(--bg);font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}\
@media(prefers-color-scheme:dark){.FLOW{--bg:#14181d;--fg:#e6e9ed;--dim:#9aa5b1;--line:#46505b;--good:#63d394;--poor:#f0b458;\
--bad:#ff8a80;--bar:#1f3350;--edge:#7fb0f5}}\
.FLOW text{fill:var(--fg)}.FLOW .dim{fill:var(--dim)}.FLOW .life{stroke:var(--line)}.FLOW .halo{paint-order:stroke;\
stroke:var(--bg);stroke-width:4px;stroke-linejoin:round}.FLOW .arrow{stroke:var(--fg);fill:none;stroke-width:1.3}\
.FLOW .head{fill:var(--fg);stroke:none}.FLOW .again{stroke-dasharray:5 4}.FLOW .bar{fill:var(--bar);stroke:var(--edge)}\
.FLOW .good .arrow{stroke:var(--good)}.FLOW .good .head,.FLOW .good .label{fill:var(--good)}\
.FLOW .poor .arrow,.FLOW .poor .bar{stroke:var(--poor)}.FLOW .poor .head,.FLOW .poor .label{fill:var(--poor)}\
.FLOW .bad .arrow,.FLOW .bad .bar{stroke:var(--bad)}.FLOW .bad .head,.FLOW .bad .label{fill:var(--bad)}\
.FLOW .tag{fill:var(--edge);font-weight:600}.FLOW .name{font-weight:700}\
@media print{.FLOW{--bg:#fff;--fg:#000;--dim:#444;--line:#999;--bar:#eee}}";

/// Hues of the dialogs: told apart in light and dark, and by those who see no red or green.
const HUES: [&str; 6] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];

/// Draws it.
pub(crate) fn draw(ladder: &Ladder) -> String {
    let apart = apart(ladder);
    let sheet = Sheet { id: format!("flow{}", ladder.call), apart, parties: ladder.columns.len().max(1) };
    let (wide, high) = (sheet.width(ladder), TOP + ROW * ladder.rows.len() + 34 + 16 * ladder.legs.len());
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"{id}\" viewBox=\"0 0 {wide} {high}\" width=\"{wide}\" \
         height=\"{high}\" role=\"img\" aria-labelledby=\"{id}t {id}d\"><title id=\"{id}t\">{}</title>\
         <desc id=\"{id}d\">{}</desc><style>{}</style>",
        escape(&ladder.title),
        escape(&description(ladder)),
        STYLE.replace(".FLOW", &format!(".{}", sheet.id)),
        id = sheet.id,
    );
    sheet.parties(&mut out, ladder, high);
    for (at, row) in ladder.rows.iter().enumerate() {
        sheet.row(&mut out, ladder, row, TOP + ROW * at + ROW / 2 + 6);
    }
    sheet.legend(&mut out, ladder, TOP + ROW * ladder.rows.len() + 26);
    out.push_str("</svg>");
    out
}

/// As far apart as their addresses and the usual labels need, closer where there are many.
fn apart(ladder: &Ladder) -> usize {
    let title = ladder.columns.iter().map(|c| width(&c.address)).max().unwrap_or(0) * LETTER + 20;
    let least = match ladder.columns.len() {
        0..=2 => 420,
        3 => 300,
        4 => 240,
        5..=6 => 190,
        _ => 150,
    };
    title.clamp(least, 460)
}

/// What a screen reader tells of it.
fn description(ladder: &Ladder) -> String {
    let parties: Vec<&str> = ladder.columns.iter().map(|column| column.address.as_str()).collect();
    format!("{}. {} rows between {}.", ladder.story, ladder.rows.len(), parties.join(", "))
}

struct Sheet {
    id: String,
    apart: usize,
    parties: usize,
}

impl Sheet {
    fn x(&self, column: usize) -> usize {
        GUTTER + self.apart / 2 + column * self.apart
    }

    fn width(&self, ladder: &Ladder) -> usize {
        let tags = ladder.rows.iter().map(|row| width(&row.tags.join(", "))).max().unwrap_or(0);
        self.x(self.parties - 1)
            + (self.apart / 2).max(RIGHT)
            + if tags == 0 { 0 } else { tags.min(40) * LETTER }
    }

    fn parties(&self, out: &mut String, ladder: &Ladder, high: usize) {
        let bottom = high - 16 - 16 * ladder.legs.len() - 6;
        for (at, column) in ladder.columns.iter().enumerate() {
            let x = self.x(at);
            let name = column.name.as_deref().unwrap_or(if column.media_only { "(RTP only)" } else { "" });
            let room = self.apart / LETTER - 1;
            put(
                out,
                &format!("<line class=\"life\" x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{bottom}\"/>", TOP - 16),
            );
            self.text(out, x, TOP - 38, "name", "middle", &cut(&crate::text::units::foreign(name), room));
            self.text(out, x, TOP - 22, "dim", "middle", &cut(&column.address, room));
        }
        self.text(out, 10, TOP - 22, "dim", "start", "time s");
        self.text(out, 132, TOP - 22, "dim", "end", "frame");
    }

    fn row(&self, out: &mut String, ladder: &Ladder, row: &Row, y: usize) {
        let class = match row.tone {
            Tone::Good => "good",
            Tone::Poor => "poor",
            Tone::Bad => "bad",
            _ => "plain",
        };
        put(out, &format!("<g class=\"{class}\"><title>{}</title>", escape(&row.detail.join("\n"))));
        self.text(out, 78, y, "dim", "end", &ladder.relative(row.at));
        self.text(out, 132, y, "dim", "end", &row.frame.to_string());
        if let Some(dialog) = row.dialog {
            let hue = HUES[usize::from(dialog.saturating_sub(1)) % HUES.len()];
            put(
                out,
                &format!(
                    "<rect x=\"140\" y=\"{}\" width=\"6\" height=\"{ROW}\" fill=\"{hue}\"/>",
                    y - ROW / 2 - 4
                ),
            );
        }
        if row.transaction > 0 {
            self.text(out, 152, y, "dim", "start", &row.transaction.to_string());
        }
        match row.kind {
            Kind::Media => self.bar(out, row, y),
            _ if row.from == row.to => self.turn(out, row, y),
            _ => self.arrow(out, row, y),
        }
        out.push_str("</g>");
    }

    fn arrow(&self, out: &mut String, row: &Row, y: usize) {
        let (from, to) = (self.x(row.from), self.x(row.to));
        let again = if row.again { " again" } else { "" };
        put(out, &format!("<line class=\"arrow{again}\" x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\"/>"));
        self.head(out, to, y, from < to);
        self.label(out, row, y - 6);
    }

    fn head(&self, out: &mut String, x: usize, y: usize, rightwards: bool) {
        let back = if rightwards { x - 9 } else { x + 9 };
        put(out, &format!("<path class=\"head\" d=\"M{x} {y}L{back} {}L{back} {}Z\"/>", y - 4, y + 4));
    }

    /// A message to its own sender.
    fn turn(&self, out: &mut String, row: &Row, y: usize) {
        let x = self.x(row.from);
        put(out, &format!("<path class=\"arrow\" d=\"M{x} {}h26v10h-20\"/>", y - 6));
        self.head(out, x, y + 4, false);
        self.text(out, x + 34, y + 2, "label halo", "start", row.labels.first().map_or("", String::as_str));
    }

    fn bar(&self, out: &mut String, row: &Row, y: usize) {
        let (left, right) = (self.x(row.from.min(row.to)), self.x(row.from.max(row.to)));
        let (left, wide) = if left == right { (left, self.apart / 2) } else { (left + 8, right - left - 16) };
        put(
            out,
            &format!(
                "<rect class=\"bar\" x=\"{left}\" y=\"{}\" width=\"{wide}\" height=\"22\" rx=\"4\"/>",
                y - 15
            ),
        );
        if row.from != row.to {
            self.head(out, self.x(row.to), y - 4, row.from < row.to);
        }
        let label = fitting(&row.labels, (wide / LETTER).saturating_sub(3));
        self.text(out, left + wide / 2, y, "label", "middle", &label);
    }

    /// Above the arrow, and what it changed right of all parties.
    fn label(&self, out: &mut String, row: &Row, y: usize) {
        let (left, right) = (self.x(row.from.min(row.to)), self.x(row.from.max(row.to)));
        let label = fitting(&row.labels, ((right - left).saturating_sub(20) / LETTER).max(12));
        self.text(out, usize::midpoint(left, right), y, "label halo", "middle", &label);
        if !row.tags.is_empty() {
            let x = self.x(self.parties - 1) + 14;
            self.text(out, x, y + 10, "tag halo", "start", &cut(&row.tags.join(", "), 52));
        }
    }

    fn legend(&self, out: &mut String, ladder: &Ladder, y: usize) {
        self.text(out, 10, y, "dim", "start", "Colours are dialogs, the numbers beside them transactions.");
        for (at, leg) in ladder.legs.iter().enumerate() {
            let y = y + 16 * (at + 1);
            let own = ladder.dialogs.iter().filter(|(_, of)| usize::from(*of) == at);
            for (place, (dialog, _)) in own.take(6).enumerate() {
                let hue = HUES[usize::from(dialog.saturating_sub(1)) % HUES.len()];
                put(
                    out,
                    &format!(
                        "<rect x=\"{}\" y=\"{}\" width=\"9\" height=\"9\" fill=\"{hue}\"/>",
                        10 + 12 * place,
                        y - 9
                    ),
                );
            }
            let room = (self.x(self.parties - 1) / LETTER).saturating_sub(12);
            self.text(out, 88, y, "dim", "start", &cut(&format!("Call-ID {leg}"), room));
        }
    }

    fn text(&self, out: &mut String, x: usize, y: usize, class: &str, anchor: &str, text: &str) {
        if !text.is_empty() {
            let text = escape(text);
            put(
                out,
                &format!(
                    "<text x=\"{x}\" y=\"{y}\" class=\"{class}\" text-anchor=\"{anchor}\">{text}</text>"
                ),
            );
        }
    }
}

/// The fullest label that fits, else the shortest, cut.
fn fitting(labels: &[String], room: usize) -> String {
    let fits = labels.iter().find(|label| width(label) <= room);
    fits.cloned().unwrap_or_else(|| cut(labels.last().map_or("", String::as_str), room))
}

fn put(out: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = out.write_str(text);
}

/// Text between tags or in an attribute. Controls have been written out before, line ends are ours.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' => safe.push('\n'),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}
