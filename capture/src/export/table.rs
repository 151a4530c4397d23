//! tshark's `-T fields -E header=y`: one line of names, then one line per frame.

use super::fields::{self as f, Field};
use super::row::Row;

/// The columns of a field export.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    separator: char,
    quote: Option<char>,
    columns: Vec<Option<Field>>,
}

impl Columns {
    /// Reads the header line; `None` when it is none.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let line = line.trim_end_matches(['\r', '\n']).trim_start_matches('\u{feff}');
        let quote = line.chars().next().filter(|c| matches!(c, '"' | '\''));
        let unquoted =
            |name: &str| quote.map_or_else(|| name.to_owned(), |q| name.trim_matches(q).to_owned());
        let names = |separator: char| -> Vec<String> { line.split(separator).map(unquoted).collect() };
        let known = |names: &[String]| names.iter().filter(|n| Field::by_name(n).is_some()).count();
        let dotted = |names: &[String]| names.iter().filter(|n| n.contains('.')).count();
        let plausible =
            |names: &[String]| names.iter().all(|n| is_field_name(n)) && dotted(names) * 2 >= names.len();
        let candidates = ['\t', ',', ';', '|', ' ', '/'].into_iter().map(|s| (s, names(s)));
        let fitting = candidates.filter(|(_, n)| plausible(n) && known(n) > 0);
        let (separator, names) = fitting.max_by_key(|(_, n)| known(n))?;
        let columns = names.iter().map(|n| Field::by_name(n)).collect();
        Some(Self { separator, quote, columns })
    }

    /// The fields that the header names.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        self.columns.iter().flatten().copied()
    }

    /// Takes one line apart.
    pub(crate) fn row(&self, line: &str, row: &mut Row) {
        let line = line.trim_end_matches(['\r', '\n']);
        let cells = Cells { rest: Some(line), separator: self.separator, quote: self.quote };
        for (field, cell) in self.columns.iter().zip(cells) {
            let Some(field) = *field else { continue };
            if cell.is_empty() {
                continue;
            }
            if is_text(field) {
                row.push(field, &unescape(cell));
            } else {
                // Several occurrences, of several layers: the innermost comes last.
                cell.split(',').for_each(|value| row.push(field, value));
            }
        }
    }
}

fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// Fields whose values may hold commas of their own.
fn is_text(field: Field) -> bool {
    field.name().starts_with("sip.") || field == f::WLAN_SSID
}

/// Cells of a line, with or without quotes around them.
struct Cells<'a> {
    rest: Option<&'a str>,
    separator: char,
    quote: Option<char>,
}

impl<'a> Iterator for Cells<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        if let Some(inner) = self.quote.and_then(|q| rest.strip_prefix(q)) {
            let quote = self.quote?;
            let end = closing(inner, quote).unwrap_or(inner.len());
            let after = inner.get(end + 1..).unwrap_or("");
            self.rest = after.strip_prefix(self.separator);
            return Some(&inner[..end]);
        }
        let (cell, rest) = rest.split_once(self.separator).map_or((rest, None), |(c, r)| (c, Some(r)));
        self.rest = rest;
        Some(cell)
    }
}

/// The closing quote: tshark escapes quotes inside with a backslash.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let end = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        end.then_some(at)
    })
}

/// tshark writes control characters, backslashes and quotes as C does.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('r') => out.push('\r'),
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(header: &str, line: &str) -> Vec<(Field, String)> {
        let columns = Columns::parse(header).unwrap();
        let mut row = Row::default();
        columns.row(line, &mut row);
        row.iter().map(|(f, v)| (f, v.to_owned())).collect()
    }

    #[test]
    fn tabs_commas_and_quotes() {
        let expected = [(f::FRAME_NUMBER, "1".to_owned()), (f::RTP_SEQ, "7".to_owned())];
        assert_eq!(cells("frame.number\tip.src\trtp.seq\n", "1\t\t7\n"), expected);
        assert_eq!(cells("\"frame.number\",\"x.y\",\"rtp.seq\"", "\"1\",\"a\\\",b\",\"7\""), expected);
        assert_eq!(cells("frame.number;x;rtp.seq", "1;;7\r\n"), expected);
    }

    #[test]
    fn several_layers_in_one_cell() {
        let all = cells("frame.number\tip.src", "1\t10.0.0.1,192.0.2.1");
        assert_eq!(all[1..], [(f::IP_SRC, "10.0.0.1".to_owned()), (f::IP_SRC, "192.0.2.1".to_owned())]);
    }

    #[test]
    fn sip_keeps_its_commas_and_gets_its_line_ends_back() {
        let all = cells("frame.number\tsip.msg_hdr", "1\tVia: a, b\\r\\nTo: \\\"c\\\"\\r\\n");
        assert_eq!(all[1].1, "Via: a, b\r\nTo: \"c\"\r\n");
    }

    #[test]
    fn prose_is_no_header() {
        assert!(Columns::parse("hello world").is_none());
        assert!(Columns::parse("frame.number is a field").is_none());
        assert!(Columns::parse("").is_none());
    }
}
