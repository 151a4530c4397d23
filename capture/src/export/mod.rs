//! tshark exports: `-T json`, `jsonraw`, `ek`, `fields` and `pdml`, told apart by content.
//!
//! Every format is flattened to a [`row::Row`] of wanted fields per frame; from there on there is one way
//! into the engine ([`frame::pieces`]), the same trackers as for captures.

mod fields;
mod frame;
mod json;
mod pdml;
mod row;
mod table;

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

use airtone_engine::LinkType;

use crate::held::Held;
use fields::FieldSet;
use json::{Keys, Objects};
use row::Row;
use table::Columns;

pub use fields::export_commands;

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExportKind {
    /// `-T json`, with or without `-x`.
    Json,
    /// `-T jsonraw`
    JsonRaw,
    /// `-T ek`
    Ek,
    /// `-T fields -E header=y`
    Fields,
    /// `-T pdml`
    Pdml,
}

/// Tells an export by its first bytes (some thousands, or all there are).
pub(crate) fn sniff(head: &[u8]) -> Option<ExportKind> {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let has = |needle: &str| text.contains(needle);
    if text.starts_with('[') && (has("\"_source\"") || has("\"layers\"")) {
        let decoded = has("\"frame.number\"") || has("\"frame.time_epoch\"") || !has("_raw\"");
        return Some(if decoded { ExportKind::Json } else { ExportKind::JsonRaw });
    }
    // An export of a capture without packets.
    if text.trim_end().strip_prefix('[').is_some_and(|rest| rest.trim() == "]") {
        return Some(ExportKind::Json);
    }
    if text.starts_with("{\"index\":") || (text.starts_with('{') && has("\"layers\"")) {
        return Some(ExportKind::Ek);
    }
    if text.starts_with('<') && has("<pdml") {
        return Some(ExportKind::Pdml);
    }
    let line = text.lines().next()?;
    Columns::parse(line).map(|_| ExportKind::Fields)
}

/// A longer line is damage, or an attack on memory.
const MAX_LINE: u64 = 64 << 20;

/// Reads an export frame by frame.
pub(crate) struct ExportReader {
    kind: ExportKind,
    source: Source,
    row: Row,
    /// Of the row; not handed over yet.
    pieces: VecDeque<Held>,
    rows: u64,
    bytes: u64,
    link: Option<LinkType>,
    seen: FieldSet,
    /// Lines of a table whose cells do not fit its columns.
    misfits: u64,
    /// Frames were there.
    any_frame: bool,
    warnings: Vec<String>,
    ended: bool,
}

type Input = Box<dyn BufRead + Send>;

enum Source {
    Objects { objects: Objects<Input>, keys: Keys, object: Vec<u8> },
    Table { input: Input, columns: Option<Columns>, line: Vec<u8> },
    Pdml(Box<pdml::Packets<Input>>),
}

impl std::fmt::Debug for ExportReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExportReader")
            .field("kind", &self.kind)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

/// What one step of reading gave.
enum Step {
    Row,
    Ended,
}

impl ExportReader {
    /// Reads an export of a known kind.
    pub(crate) fn new(kind: ExportKind, input: Input) -> Self {
        let objects =
            |input, keys| Source::Objects { objects: Objects::new(input), keys, object: Vec::new() };
        let source = match kind {
            ExportKind::Json | ExportKind::JsonRaw => objects(input, Keys::Plain),
            ExportKind::Ek => objects(input, Keys::Elastic),
            ExportKind::Fields => Source::Table { input, columns: None, line: Vec::new() },
            ExportKind::Pdml => Source::Pdml(Box::new(pdml::Packets::new(input))),
        };
        Self {
            kind,
            source,
            row: Row::default(),
            pieces: VecDeque::new(),
            rows: 0,
            bytes: 0,
            link: None,
            seen: FieldSet::default(),
            misfits: 0,
            any_frame: false,
            warnings: Vec::new(),
            ended: false,
        }
    }

    /// What comes next, or `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Held>> {
        loop {
            if let Some(held) = self.pieces.pop_front() {
                return Ok(Some(held));
            }
            if self.ended {
                return Ok(None);
            }
            self.row.clear();
            match self.step()? {
                Step::Ended => {
                    self.ended = true;
                    self.warn_at_end();
                }
                Step::Row if self.row.is_empty() => {}
                Step::Row => {
                    self.rows += 1;
                    self.row.seen(&mut self.seen);
                    frame::pieces(&self.row, self.rows, self.link, &mut self.pieces);
                }
            }
        }
    }

    fn step(&mut self) -> io::Result<Step> {
        match &mut self.source {
            Source::Objects { .. } => self.object(),
            Source::Table { .. } => self.line(),
            Source::Pdml(packets) => {
                let end = packets.next(&mut self.row)?;
                self.bytes = packets.offset();
                match end {
                    None => Ok(Step::Row),
                    Some(pdml::End::Clean) => Ok(Step::Ended),
                    Some(pdml::End::Cut) => Ok(self.cut()),
                }
            }
        }
    }

    fn object(&mut self) -> io::Result<Step> {
        let Source::Objects { objects, keys, object } = &mut self.source else { return Ok(Step::Ended) };
        let end = objects.next(object)?;
        self.bytes = objects.offset;
        match end {
            Some(json::End::Clean) => return Ok(Step::Ended),
            Some(json::End::Cut) => return Ok(self.cut()),
            None => {}
        }
        match json::flatten(object, *keys, &mut self.row) {
            Ok(told) => {
                self.link = told.link;
                self.any_frame = true;
            }
            Err(error) => {
                let warning = format!(
                    "the object that ends at byte {} is no JSON ({error}); it was left out",
                    self.bytes
                );
                self.warn(warning);
                self.row.clear();
            }
        }
        Ok(Step::Row)
    }

    fn line(&mut self) -> io::Result<Step> {
        let Source::Table { input, columns, line } = &mut self.source else { return Ok(Step::Ended) };
        line.clear();
        let n = Read::take(&mut *input, MAX_LINE).read_until(b'\n', line)?;
        self.bytes += n as u64;
        if n == 0 {
            return Ok(Step::Ended);
        }
        let endless = n as u64 == MAX_LINE;
        if (columns.is_some() || endless) && !line.ends_with(b"\n") {
            // Its last value may have been longer.
            return Ok(self.cut());
        }
        let text = String::from_utf8_lossy(line);
        match columns {
            Some(columns) => self.misfits += u64::from(!columns.row(&text, &mut self.row)),
            None => {
                *columns = Columns::parse(&text);
                columns.iter().flat_map(Columns::fields).for_each(|field| self.seen.insert(field));
            }
        }
        Ok(Step::Row)
    }

    fn cut(&mut self) -> Step {
        let warning = format!(
            "export cut short at byte {}: what comes after its last whole frame is missing",
            self.bytes
        );
        self.warn(warning);
        Step::Ended
    }

    fn warn_at_end(&mut self) {
        if let (1.., Source::Table { columns: Some(columns), .. }) = (self.misfits, &self.source) {
            let warning = format!(
                "lines left out, because {:?} separates cells and stands within their values too: {}; export with \
                 tabs (no -E separator) or with -E quote=d",
                columns.separator(),
                self.misfits
            );
            self.warn(warning);
        }
        if self.any_frame && self.rows == 0 {
            self.warn(
                "no frame holds a field that is read here; tshark-post export-fields prints which ones are"
                    .into(),
            );
        }
    }

    fn warn(&mut self, warning: String) {
        const MAX_WARNINGS: usize = 20;
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(warning);
        }
    }

    /// For the report.
    pub(crate) fn format(&self) -> &'static str {
        match self.kind {
            ExportKind::Json => "tshark json",
            ExportKind::JsonRaw => "tshark jsonraw",
            ExportKind::Ek => "tshark ek",
            ExportKind::Fields => "tshark fields",
            ExportKind::Pdml => "tshark pdml",
        }
    }

    /// Damage.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// What the export lacked, with the figures that are missing for it.
    pub(crate) fn missing_fields(&self) -> Vec<String> {
        fields::missing(self.seen, self.kind == ExportKind::Fields)
    }

    /// Bytes read.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::held::Kind;

    #[test]
    fn formats_are_told_by_content() {
        let cases = [
            (
                "[\n  {\n \"_index\": \"x\", \"_source\": {\"layers\": {\"frame\": {\"frame.number\": \"1\"",
                Some(ExportKind::Json),
            ),
            (
                "[\n {\"_source\": {\"layers\": {\"frame_raw\": [\"00\",0,1,0,1], \"frame\": {\"frame.number_raw\"",
                Some(ExportKind::JsonRaw),
            ),
            ("{\"index\":{\"_index\":\"packets-2012-04-12\",\"_type\":\"doc\"}}\n", Some(ExportKind::Ek)),
            ("<?xml version=\"1.0\"?>\n<pdml version=\"0\">", Some(ExportKind::Pdml)),
            ("frame.number\tframe.time_epoch\tip.src\n1\t", Some(ExportKind::Fields)),
            ("[]\n", Some(ExportKind::Json)),
            ("[1, 2]", None),
            ("<html>", None),
            ("{\"a\": 1}", None),
            ("Dear all,\n", None),
            ("", None),
        ];
        for (text, kind) in cases {
            assert_eq!(sniff(text.as_bytes()), kind, "{text}");
        }
    }

    #[test]
    fn a_table_yields_datagrams_and_says_what_it_lacks() {
        let text = "frame.number\tframe.time_epoch\tip.src\tip.dst\tudp.srcport\tudp.dstport\tudp.payload\n\
                    3\t1.5\t192.0.2.1\t192.0.2.2\t4000\t4002\t80:00\n\
                    4\t1.6\t\t\t\t\t\n";
        let mut reader = ExportReader::new(ExportKind::Fields, Box::new(text.as_bytes()));
        let seen = reader.next().unwrap().unwrap();
        assert_eq!((seen.frame, seen.at.0), (3, 1_500_000_000));
        assert_eq!(seen.kind, Kind::Datagram(vec![0x80, 0]));
        assert!(reader.next().unwrap().is_none());
        assert!(reader.missing_fields().is_empty(), "{:?}", reader.missing_fields());
        assert_eq!(reader.bytes(), text.len() as u64);
    }
}
