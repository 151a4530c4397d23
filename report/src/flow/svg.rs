//! The ladder as SVG: one element that needs nothing from outside, by way of the escaping [`Markup`].

use std::cmp::Ordering;

use super::ladder::{Kind, Ladder, Row};
use super::lanes::{self, Lane};
use crate::markup::Markup;
use crate::text::paint::Tone;
use crate::text::units::duration;
use crate::text::wrap::{cut, width};

const TOP: usize = 62;
/// Where the titles of the parties end.
const HEADS: usize = TOP - 16;
const ROW: usize = 34;
const GUTTER: usize = 168;
/// Characters of what a message changed.
const LONGEST_TAGS: usize = 52;
/// So wide that the legend fits.
const NARROWEST: usize = 560;
/// A wider picture is not made smaller to fit a page: it could not be read.
const PAGE: usize = 1_280;
/// Pauses from here on are told.
const PAUSE_S: f64 = 1.0;
/// Width of a character of the labels.
const LETTER: usize = 7;

/// Colours by meaning, for a ladder on its own; a page sets the same variables.
const COLOURS: &str = "\
.flow{--flow-bg:#fff;--flow-fg:#1b1f24;--flow-dim:#5b6570;--flow-line:#c3cad2;--flow-good:#176f3d;--flow-poor:#8a5300;\
--flow-bad:#b3261e;--flow-bar:#dce9fb;--flow-edge:#3d6fb4;background:var(--flow-bg)}\
@media(prefers-color-scheme:dark){.flow{--flow-bg:#14181d;--flow-fg:#e6e9ed;--flow-dim:#9aa5b1;--flow-line:#46505b;\
--flow-good:#63d394;--flow-poor:#f0b458;--flow-bad:#ff8a80;--flow-bar:#1f3350;--flow-edge:#7fb0f5}}\
@media print{.flow{--flow-bg:#fff;--flow-fg:#000;--flow-dim:#444;--flow-line:#999;--flow-bar:#eee}}";

/// What a page with ladders has once, for all of them.
pub(crate) const STYLE: &str = "\
.flow{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;color:var(--flow-fg)}\
.flow text{fill:var(--flow-fg)}.flow .good{color:var(--flow-good)}.flow .poor{color:var(--flow-poor)}\
.flow .bad{color:var(--flow-bad)}.flow .n{fill:currentColor}.flow .l{stroke:var(--flow-line)}\
.flow .h{paint-order:stroke;stroke:var(--flow-bg);stroke-width:4px;stroke-linejoin:round}\
.flow .a{stroke:currentColor;fill:currentColor;stroke-width:1.3}.flow .f{fill:none}.flow .x{stroke-dasharray:5 4}\
.flow .o{stroke-dasharray:1 4;stroke-linecap:round;stroke-width:2}\
.flow .b{fill:var(--flow-bar);stroke:var(--flow-edge);stroke-linejoin:round}.flow .s{fill:var(--flow-edge);opacity:.55}\
.flow .poor .b,.flow .bad .b{stroke:currentColor}.flow .poor .s,.flow .bad .s{fill:currentColor}\
.flow rect{shape-rendering:crispEdges}.flow .m{text-anchor:middle}.flow .e{text-anchor:end}.flow .g{font-size:10px;font-style:italic}\
.flow .d{fill:var(--flow-dim)}.flow .t{fill:var(--flow-edge);font-weight:600}.flow .w{font-weight:700}";

/// Hues of the dialogs: told apart in light and dark, and by those who see no red or green.
const HUES: [&str; 6] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];

/// Where the picture stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a file or a page of its own: it brings its colours.
    Alone,
    /// In a page that has [`STYLE`] and the colours.
    Page,
}

/// Draws it.
pub(crate) fn draw(ladder: &Ladder, place: Place) -> Markup {
    let apart = apart(ladder);
    let sheet = Sheet { apart, edge: edge(ladder, apart), parties: ladder.columns.len().max(1) };
    let lanes = lanes::of(&ladder.rows);
    let foot = ladder.legs.len() + usize::from(ladder.left_out > 0) + usize::from(!lanes.is_empty());
    let left = past_the_edge(ladder);
    let (wide, high) = (sheet.width(ladder) + left, TOP + ROW * ladder.rows.len() + 34 + 16 * foot);
    let id = |part: &str| format!("flow{}{part}", ladder.call);
    let mut m = Markup::new();
    let begin = |m: &mut Markup, class: &'static str, high: usize| {
        m.put("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"flow").put(class);
        m.put(if wide > PAGE { " wide\"" } else { "\"" });
        m.attr("viewBox", &format!("{} 0 {wide} {high}", -(left as i64)));
        m.num("width", wide).num("height", high);
    };
    // On a page the titles stay in sight while the ladder is scrolled: once more, laid over them.
    if place == Place::Page {
        begin(&mut m, " heads", HEADS);
        m.put(" aria-hidden=\"true\">");
        sheet.titles(&mut m, ladder);
        m.put("</svg>");
    }
    begin(&mut m, "", high);
    m.put(" role=\"img\"").attr("aria-labelledby", &format!("{} {}", id("t"), id("d"))).put(">");
    m.put("<title").attr("id", &id("t")).put(">").text(&ladder.title).put("</title>");
    m.put("<desc").attr("id", &id("d")).put(">").text(&description(ladder)).put("</desc>");
    if place == Place::Alone {
        m.put("<style>").put(COLOURS).put(STYLE).put("</style>");
    }
    sheet.titles(&mut m, ladder);
    sheet.life_lines(&mut m, ladder);
    for lane in &lanes {
        sheet.lane(&mut m, &ladder.rows[lane.row], lane);
    }
    for (at, row) in ladder.rows.iter().enumerate() {
        sheet.row(&mut m, ladder, row, middle(at));
    }
    for (at, pair) in ladder.rows.windows(2).enumerate() {
        pause(&mut m, &pair[0], &pair[1], middle(at) + ROW / 2);
    }
    sheet.legend(&mut m, ladder, !lanes.is_empty());
    m.put("</svg>");
    m
}

/// What the longest time needs left of its column: captures may be years long.
fn past_the_edge(ladder: &Ladder) -> usize {
    let longest = ladder.rows.iter().map(|row| width(&ladder.relative(row.at))).max().unwrap_or(0);
    longest.saturating_sub(10) * (LETTER + 1)
}

/// Base line of a row.
fn middle(row: usize) -> usize {
    TOP + ROW * row + ROW / 2 + 6
}

/// As far apart as their addresses and the usual labels need, closer where there are many.
fn apart(ladder: &Ladder) -> usize {
    let title = ladder.columns.iter().map(|c| width(&c.address)).max().unwrap_or(0) * LETTER + 20;
    let least = match ladder.columns.len() {
        0..=2 => 420,
        3 => 300,
        4 => 240,
        5..=6 => 190,
        _ => 164,
    };
    title.clamp(least, 460)
}

/// Room left of the first party: half of what stands above it.
fn edge(ladder: &Ladder, apart: usize) -> usize {
    let first = ladder.columns.first();
    let above = first.map_or(0, |c| width(&c.address).max(c.name.as_deref().map_or(0, width)));
    (above * LETTER / 2 + 20).min(apart / 2)
}

/// What a screen reader tells of it.
fn description(ladder: &Ladder) -> String {
    let parties: Vec<&str> = ladder.columns.iter().map(|column| column.address.as_str()).collect();
    format!("{}. {} rows between {}.", ladder.story, ladder.rows.len(), parties.join(", "))
}

struct Sheet {
    apart: usize,
    edge: usize,
    parties: usize,
}

impl Sheet {
    fn x(&self, column: usize) -> usize {
        GUTTER + self.edge + column * self.apart
    }

    /// As wide as what stands right of the last party needs.
    fn width(&self, ladder: &Ladder) -> usize {
        let tags = ladder.rows.iter().map(|row| width(&row.tags.join(", "))).max().unwrap_or(0);
        let tags = if tags == 0 { 0 } else { 24 + tags.min(LONGEST_TAGS) * (LETTER + 1) };
        let title =
            ladder.columns.last().map_or(0, |c| width(&c.address).max(c.name.as_deref().map_or(0, width)));
        let title = (title * (LETTER + 1) / 2 + 12).min(self.apart / 2 + 12);
        let is_last = |row: &&Row| row.from == row.to && row.from + 1 == self.parties;
        let turns = ladder.rows.iter().filter(is_last).map(turned).max();
        let turns = turns.map_or(0, |turned| 46 + turned * (LETTER + 1));
        (self.x(self.parties - 1) + tags.max(title).max(turns)).max(NARROWEST)
    }

    fn life_lines(&self, m: &mut Markup, ladder: &Ladder) {
        let bottom = TOP + ROW * ladder.rows.len() + 12;
        for at in 0..ladder.columns.len() {
            m.put("<path class=\"l\"").attr("d", &format!("M{} {HEADS}V{bottom}", self.x(at))).put("/>");
        }
    }

    /// Who they are.
    fn titles(&self, m: &mut Markup, ladder: &Ladder) {
        for (at, column) in ladder.columns.iter().enumerate() {
            let x = self.x(at);
            let name = column.name.as_deref().unwrap_or(if column.media_only { "(RTP only)" } else { "" });
            let room = self.apart / LETTER - 1;
            text(m, x, TOP - 38, "w m", &cut(&crate::text::units::foreign(name), room));
            text(m, x, TOP - 22, "d m", &cut(&column.address, room));
        }
        text(m, 10, TOP - 22, "d", "time s");
        text(m, 132, TOP - 22, "d e", "frame");
    }

    fn row(&self, m: &mut Markup, ladder: &Ladder, row: &Row, y: usize) {
        m.put(match row.tone {
            Tone::Good => "<g class=\"good\"><title>",
            Tone::Poor => "<g class=\"poor\"><title>",
            Tone::Bad => "<g class=\"bad\"><title>",
            _ => "<g><title>",
        });
        for (at, line) in row.detail.iter().enumerate() {
            m.put(if at > 0 { "\n" } else { "" }).text(line);
        }
        m.put("</title>");
        text(m, 78, y, "d e", &ladder.relative(row.at));
        text(m, 132, y, "d e", &row.frame.to_string());
        if let Some(dialog) = row.dialog {
            swatch(m, dialog, (140, y - ROW / 2 - 4), (6, ROW));
        }
        if row.transaction > 0 {
            text(m, 152, y, "d", &row.transaction.to_string());
        }
        match row.kind {
            Kind::Media => self.bar(m, row, y),
            _ if row.from == row.to => self.turn(m, row, y),
            _ => self.arrow(m, row, y),
        }
        if !row.tags.is_empty() {
            let x = self.x(self.parties - 1) + 14;
            text(m, x, y + 4, "t h", &cut(&row.tags.join(", "), LONGEST_TAGS));
        }
        m.put("</g>\n");
    }

    fn arrow(&self, m: &mut Markup, row: &Row, y: usize) {
        let (from, to) = (self.x(row.from), self.x(row.to));
        m.put(match row.kind {
            Kind::Digits | Kind::Fax => "<path class=\"a o\"",
            _ if row.again => "<path class=\"a x\"",
            _ => "<path class=\"a\"",
        });
        let head = if from < to { "l-9-4v8z" } else { "l9-4v8z" };
        // a dotted head would be none
        match row.kind {
            Kind::Digits | Kind::Fax => {
                m.attr("d", &format!("M{from} {y}H{to}")).put("/><path class=\"a\"");
                m.attr("d", &format!("M{to} {y}{head}")).put("/>");
            }
            _ => drop(m.attr("d", &format!("M{from} {y}H{to}m0 0{head}")).put("/>")),
        }
        let room = from.abs_diff(to).saturating_sub(20) / LETTER;
        text(m, usize::midpoint(from, to), y - 6, "n h m", &row.fitting(room.max(12)));
    }

    /// A message to its own sender.
    fn turn(&self, m: &mut Markup, row: &Row, y: usize) {
        let x = self.x(row.from);
        m.put("<path class=\"a f\"").attr("d", &format!("M{x} {}h26v10h-20", y - 6)).put("/>");
        m.put("<path class=\"a\"").attr("d", &format!("M{x} {}l9-4v8z", y + 4)).put("/>");
        text(m, x + 34, y + 2, "n h", row.labels.first().map_or("", String::as_str));
    }

    /// A stream: its bar points where it goes.
    fn bar(&self, m: &mut Markup, row: &Row, y: usize) {
        let (from, to) = (self.x(row.from), self.x(row.to));
        let (top, foot, tip) = (y - 15, y + 7, y - 4);
        let path = match from.cmp(&to) {
            Ordering::Less => {
                format!("M{} {top}H{}L{} {tip}L{} {foot}H{}Z", from + 3, to - 12, to - 1, to - 12, from + 3)
            }
            Ordering::Greater => {
                format!("M{} {top}H{}L{} {tip}L{} {foot}H{}Z", from - 3, to + 12, to + 1, to + 12, from - 3)
            }
            Ordering::Equal => format!("M{} {top}H{}V{foot}H{}Z", from + 3, from + self.apart / 2, from + 3),
        };
        m.put("<path class=\"b\"").attr("d", &path).put("/>");
        let (left, wide) =
            if from == to { (from, self.apart / 2) } else { (from.min(to), from.abs_diff(to)) };
        text(m, left + wide / 2, y, "n m", &row.fitting((wide / LETTER).saturating_sub(5)));
    }

    /// How long a stream goes on: a strip below its bar, beside its sender.
    fn lane(&self, m: &mut Markup, row: &Row, lane: &Lane) {
        let x = self.x(row.from);
        let x = if row.from <= row.to { x + 3 + 6 * lane.place } else { x - 7 - 6 * lane.place };
        let top = middle(lane.row) + 7;
        let foot = middle(0) - 4 + (lane.end * ROW as f64).round() as usize;
        m.put(match row.tone {
            Tone::Poor => "<g class=\"poor\">",
            Tone::Bad => "<g class=\"bad\">",
            _ => "<g>",
        });
        m.put("<rect class=\"s\"").num("x", x).num("y", top).put(" width=\"4\"");
        m.num("height", foot.saturating_sub(top).max(2)).put("/></g>");
    }

    fn legend(&self, m: &mut Markup, ladder: &Ladder, has_lanes: bool) {
        let mut y = TOP + ROW * ladder.rows.len() + 26;
        text(m, 10, y, "d", "Colours: dialogs. Numbers beside them: transactions.");
        if has_lanes {
            y += 16;
            text(m, 10, y, "d", "Strip below a bar: RTP goes on until there.");
        }
        let dialogs =
            |leg: usize| ladder.dialogs.iter().filter(move |(_, of)| usize::from(*of) == leg).take(6);
        let most = (0..ladder.legs.len()).map(|leg| dialogs(leg).count()).max().unwrap_or(0);
        for (at, leg) in ladder.legs.iter().enumerate() {
            y += 16;
            for (place, (dialog, _)) in dialogs(at).enumerate() {
                swatch(m, *dialog, (10 + 12 * place, y - 9), (9, 9));
            }
            let room = (self.x(self.parties - 1) / LETTER).saturating_sub(12);
            text(m, 10 + 12 * most + 4, y, "d", &cut(&format!("Call-ID {leg}"), room));
        }
        if ladder.left_out > 0 {
            let rest = crate::text::units::count(ladder.left_out, "later message is", "later messages are");
            text(m, 10, y + 16, "d", &format!("{rest} not drawn."));
        }
    }
}

/// Characters of a message to its own sender.
fn turned(row: &Row) -> usize {
    row.labels.first().map_or(0, |label| width(label))
}

/// Time in which nothing came.
fn pause(m: &mut Markup, row: &Row, next: &Row, y: usize) {
    let seconds = next.at.known_seconds_since(row.at).filter(|_| row.at.is_known());
    if let Some(seconds) = seconds.filter(|&seconds| seconds >= PAUSE_S) {
        text(m, 132, y, "d e g", &format!("{} later", duration(seconds)));
    }
}

/// The hue of a dialog.
fn swatch(m: &mut Markup, dialog: u16, (x, y): (usize, usize), (wide, high): (usize, usize)) {
    let hue = HUES[usize::from(dialog.saturating_sub(1)) % HUES.len()];
    m.put("<rect").num("x", x).num("y", y).num("width", wide).num("height", high);
    m.put(" fill=\"").put(hue).put("\"/>");
}

fn text(m: &mut Markup, x: usize, y: usize, class: &'static str, text: &str) {
    if !text.is_empty() {
        m.put("<text")
            .num("x", x)
            .num("y", y)
            .put(" class=\"")
            .put(class)
            .put("\">")
            .text(text)
            .put("</text>");
    }
}
