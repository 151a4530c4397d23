//! The ladder as SVG: one element that needs nothing from outside, by way of the escaping [`Markup`].

use super::ladder::{Kind, Ladder, Row};
use crate::markup::Markup;
use crate::text::paint::Tone;
use crate::text::wrap::{cut, width};

const TOP: usize = 62;
const ROW: usize = 34;
const GUTTER: usize = 168;
/// Room right of the last party.
const RIGHT: usize = 96;
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
.flow{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}.flow text{fill:var(--flow-fg)}\
.flow .l{stroke:var(--flow-line)}.flow .h{paint-order:stroke;stroke:var(--flow-bg);stroke-width:4px;stroke-linejoin:round}\
.flow .a{stroke:var(--flow-fg);fill:none;stroke-width:1.3}.flow .p{fill:var(--flow-fg)}.flow .x{stroke-dasharray:5 4}\
.flow .b{fill:var(--flow-bar);stroke:var(--flow-edge)}.flow .m{text-anchor:middle}.flow .e{text-anchor:end}\
.flow .good .a{stroke:var(--flow-good)}.flow .good .p,.flow .good .n{fill:var(--flow-good)}\
.flow .poor .a,.flow .poor .b{stroke:var(--flow-poor)}.flow .poor .p,.flow .poor .n{fill:var(--flow-poor)}\
.flow .bad .a,.flow .bad .b{stroke:var(--flow-bad)}.flow .bad .p,.flow .bad .n{fill:var(--flow-bad)}\
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
    let foot = ladder.legs.len() + usize::from(ladder.left_out > 0);
    let (wide, high) = (sheet.width(ladder), TOP + ROW * ladder.rows.len() + 34 + 16 * foot);
    let id = |part: &str| format!("flow{}{part}", ladder.call);
    let mut m = Markup::new();
    m.put("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"flow\"");
    m.attr("viewBox", &format!("0 0 {wide} {high}")).num("width", wide).num("height", high);
    m.put(" role=\"img\"").attr("aria-labelledby", &format!("{} {}", id("t"), id("d"))).put(">");
    m.put("<title").attr("id", &id("t")).put(">").text(&ladder.title).put("</title>");
    m.put("<desc").attr("id", &id("d")).put(">").text(&description(ladder)).put("</desc>");
    if place == Place::Alone {
        m.put("<style>").put(COLOURS).put(STYLE).put("</style>");
    }
    sheet.parties(&mut m, ladder);
    for (at, row) in ladder.rows.iter().enumerate() {
        sheet.row(&mut m, ladder, row, TOP + ROW * at + ROW / 2 + 6);
    }
    sheet.legend(&mut m, ladder, TOP + ROW * ladder.rows.len() + 26);
    m.put("</svg>");
    m
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

    fn width(&self, ladder: &Ladder) -> usize {
        let tags = ladder.rows.iter().map(|row| width(&row.tags.join(", "))).max().unwrap_or(0);
        self.x(self.parties - 1)
            + (self.apart / 2).max(RIGHT)
            + if tags == 0 { 0 } else { tags.min(40) * LETTER }
    }

    fn parties(&self, m: &mut Markup, ladder: &Ladder) {
        let bottom = TOP + ROW * ladder.rows.len() + 12;
        for (at, column) in ladder.columns.iter().enumerate() {
            let x = self.x(at);
            let name = column.name.as_deref().unwrap_or(if column.media_only { "(RTP only)" } else { "" });
            let room = self.apart / LETTER - 1;
            m.put("<path class=\"l\"").attr("d", &format!("M{x} {}V{bottom}", TOP - 16)).put("/>");
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
        m.put("</g>\n");
    }

    fn arrow(&self, m: &mut Markup, row: &Row, y: usize) {
        let (from, to) = (self.x(row.from), self.x(row.to));
        m.put(if row.again { "<path class=\"a x\"" } else { "<path class=\"a\"" });
        m.attr("d", &format!("M{from} {y}H{to}")).put("/>");
        head(m, to, y, from < to);
        self.label(m, row, y - 6);
    }

    /// A message to its own sender.
    fn turn(&self, m: &mut Markup, row: &Row, y: usize) {
        let x = self.x(row.from);
        m.put("<path class=\"a\"").attr("d", &format!("M{x} {}h26v10h-20", y - 6)).put("/>");
        head(m, x, y + 4, false);
        text(m, x + 34, y + 2, "n h", row.labels.first().map_or("", String::as_str));
    }

    fn bar(&self, m: &mut Markup, row: &Row, y: usize) {
        let (left, right) = (self.x(row.from.min(row.to)), self.x(row.from.max(row.to)));
        let (left, wide) = if left == right { (left, self.apart / 2) } else { (left + 8, right - left - 16) };
        m.put("<rect class=\"b\" height=\"22\" rx=\"4\"").num("x", left).num("y", y - 15);
        m.num("width", wide).put("/>");
        if row.from != row.to {
            head(m, self.x(row.to), y - 4, row.from < row.to);
        }
        let label = fitting(&row.labels, (wide / LETTER).saturating_sub(3));
        text(m, left + wide / 2, y, "n m", &label);
    }

    /// Above the arrow, and what it changed right of all parties.
    fn label(&self, m: &mut Markup, row: &Row, y: usize) {
        let (left, right) = (self.x(row.from.min(row.to)), self.x(row.from.max(row.to)));
        let label = fitting(&row.labels, ((right - left).saturating_sub(20) / LETTER).max(12));
        text(m, usize::midpoint(left, right), y, "n h m", &label);
        if !row.tags.is_empty() {
            let x = self.x(self.parties - 1) + 14;
            text(m, x, y + 10, "t h", &cut(&row.tags.join(", "), 52));
        }
    }

    fn legend(&self, m: &mut Markup, ladder: &Ladder, mut y: usize) {
        text(m, 10, y, "d", "Colours are dialogs, the numbers beside them transactions.");
        for (at, leg) in ladder.legs.iter().enumerate() {
            y += 16;
            let own = ladder.dialogs.iter().filter(|(_, of)| usize::from(*of) == at);
            for (place, (dialog, _)) in own.take(6).enumerate() {
                swatch(m, *dialog, (10 + 12 * place, y - 9), (9, 9));
            }
            let room = (self.x(self.parties - 1) / LETTER).saturating_sub(12);
            text(m, 88, y, "d", &cut(&format!("Call-ID {leg}"), room));
        }
        if ladder.left_out > 0 {
            let rest = crate::text::units::count(ladder.left_out, "later message is", "later messages are");
            text(m, 10, y + 16, "d", &format!("{rest} not drawn."));
        }
    }
}

fn head(m: &mut Markup, x: usize, y: usize, rightwards: bool) {
    let back = if rightwards { x - 9 } else { x + 9 };
    m.put("<path class=\"p\"").attr("d", &format!("M{x} {y}L{back} {}V{}Z", y - 4, y + 4)).put("/>");
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

/// The fullest label that fits, else the shortest, cut.
fn fitting(labels: &[String], room: usize) -> String {
    let fits = labels.iter().find(|label| width(label) <= room);
    fits.cloned().unwrap_or_else(|| cut(labels.last().map_or("", String::as_str), room))
}
