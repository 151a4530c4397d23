//! The page under construction: lines that fit the width, sections apart, times from one origin.

use airtone_engine::Nanos;

use super::Style;
use super::paint::Tone;
use super::table::Table;
use super::wrap::{cut, width, wrap};

const NARROWEST: usize = 40;

/// A blank where no line may break, as in `1 min 23 s`; printed as a blank.
pub(crate) const UNBROKEN: char = '\u{a0}';

/// Text that grows line by line.
#[derive(Debug)]
pub(crate) struct Page {
    width: usize,
    colour: bool,
    origin: Option<Nanos>,
    text: String,
}

impl Page {
    /// `origin`: the time that relative times count from.
    pub(crate) fn new(style: Style, origin: Option<Nanos>) -> Self {
        let width = usize::from(style.width).max(NARROWEST);
        Self { width, colour: style.colour, origin, text: String::new() }
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }

    /// Begins a section.
    pub(crate) fn heading(&mut self, title: &str) {
        self.gap();
        self.toned(0, Tone::Strong, title);
    }

    /// An empty line, unless nothing is above it.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A paragraph; continuation lines are indented by two more.
    pub(crate) fn paragraph(&mut self, indent: usize, text: &str) {
        self.hanging(indent, indent + 2, text);
    }

    /// A paragraph with its own indentation from the second line on.
    pub(crate) fn hanging(&mut self, first: usize, hanging: usize, text: &str) {
        for line in wrap(text, self.width, first, hanging) {
            self.push(&line);
        }
    }

    /// A paragraph in one tone.
    pub(crate) fn toned(&mut self, indent: usize, tone: Tone, text: &str) {
        self.labelled(indent, indent + 2, "", tone, text);
    }

    /// A paragraph that begins with `label` in `tone`; an empty label paints the whole of it.
    pub(crate) fn labelled(&mut self, first: usize, hanging: usize, label: &str, tone: Tone, text: &str) {
        let whole = format!("{label}{text}");
        for (at, line) in wrap(&whole, self.width, first, hanging).iter().enumerate() {
            let body = line.trim_start();
            let blanks = &line[..line.len() - body.len()];
            let painted = match body.strip_prefix(label.trim_end()) {
                Some(rest) if at == 0 && !label.is_empty() => {
                    tone.paint(label.trim_end(), self.colour) + rest
                }
                _ if label.is_empty() => tone.paint(body, self.colour),
                _ => body.to_owned(),
            };
            self.push(&format!("{blanks}{painted}"));
        }
    }

    /// A table.
    pub(crate) fn table(&mut self, indent: usize, table: &Table) {
        for line in table.lines(self.width - indent, self.colour) {
            let line = if line.is_empty() { line } else { " ".repeat(indent) + &line };
            self.push(&line);
        }
    }

    /// `at` in seconds after the origin, e.g. `+12.345`; `-` when it is not known.
    pub(crate) fn relative(&self, at: Nanos) -> String {
        let seconds = self.origin.map_or(Some(0.0), |origin| at.known_seconds_since(origin));
        match seconds.filter(|_| at.is_known()) {
            Some(seconds) => format!("{seconds:+.3}"),
            None => "-".to_owned(),
        }
    }

    /// Columns of a line.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// A line in one tone, cut where the width ends.
    pub(crate) fn line(&mut self, tone: Tone, text: &str) {
        let text = cut(text.trim_end(), self.width);
        self.push(&tone.paint(&text, self.colour));
    }

    /// A line of pieces, each in its tone, cut where the width ends.
    pub(crate) fn pieces(&mut self, pieces: &[(Tone, &str)]) {
        let mut room = self.width;
        let mut line = String::new();
        for (tone, text) in pieces {
            let text = cut(text, room);
            room -= width(&text);
            line.push_str(&tone.paint(&text, self.colour));
        }
        self.push(line.trim_end());
    }

    /// A line of `text` in `tone` behind `left`; `tags` behind them, or on a line of their own where they do not
    /// fit.
    pub(crate) fn split_line(&mut self, left: &str, tone: Tone, text: &str, tags: &str) {
        let text = cut(text, self.width.saturating_sub(width(left)));
        let used = width(left) + width(&text);
        let painted = format!("{left}{}", tone.paint(&text, self.colour));
        if tags.is_empty() {
            return self.push(painted.trim_end());
        }
        let tags = format!("[{tags}]");
        if used + 2 + width(&tags) <= self.width {
            return self.push(&format!("{painted}  {}", Tone::Strong.paint(&tags, self.colour)));
        }
        self.push(painted.trim_end());
        let tags = cut(&tags, self.width.saturating_sub(width(left)));
        self.push(&format!("{}{}", " ".repeat(width(left)), Tone::Strong.paint(&tags, self.colour)));
    }

    fn push(&mut self, line: &str) {
        self.text.extend(line.chars().map(|c| if c == UNBROKEN { ' ' } else { c }));
        self.text.push('\n');
    }
}
