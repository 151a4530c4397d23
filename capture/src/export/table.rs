//! tshark's `-T fields -E header=y`: one line of names, then one line per frame.

use std::borrow::Cow;

use super::fields::{self as f, Field};
use super::row::Row;

/// The columns of a field export.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    separator: char,
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
        Some(Self { separator, columns })
    }

    /// The fields that the header names.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        self.columns.iter().flatten().copied()
    }

    /// The separator.
    pub(crate) fn separator(&self) -> char {
        self.separator
    }

    /// Takes one line apart. False when it has more cells than there are columns: a value holds the separator,
    /// and what stands in which column cannot be told.
    pub(crate) fn row(&self, line: &str, row: &mut Row) -> bool {
        let line = line.trim_end_matches(['\r', '\n']);
        let mut cells = Cells { rest: Some(line), separator: self.separator };
        for (field, cell) in self.columns.iter().zip(&mut cells) {
            let Some(field) = *field else { continue };
            if cell.is_empty() {
                continue;
            }
            if is_text(field) {
                row.push(field, &unescape(&single_quotes(cell)));
            } else {
                // Several occurrences, of several layers: the innermost comes last.
                cell.split([',', ' ']).for_each(|value| row.push(field, value));
            }
        }
        let fits = cells.next().is_none();
        if !fits {
            row.clear();
        }
        fits
    }
}

fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// Fields whose values may hold commas of their own.
fn is_text(field: Field) -> bool {
    field.name().starts_with("sip.") || field == f::WLAN_SSID
}

/// Cells of a line, with or without quotes around them (the header line never has any).
struct Cells<'a> {
    rest: Option<&'a str>,
    separator: char,
}

impl<'a> Iterator for Cells<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\''))
            && let Some(end) = self.closing(&rest[1..], quote)
        {
            let (inner, after) = (&rest[1..=end], &rest[end + 2..]);
            self.rest = after.strip_prefix(self.separator);
            return Some(inner);
        }
        let (cell, rest) = rest.split_once(self.separator).map_or((rest, None), |(c, r)| (c, Some(r)));
        self.rest = rest;
        Some(cell)
    }
}

impl Cells<'_> {
    /// The closing quote. Versions of tshark differ in how they write quotes within a value: as they are, doubled,
    /// or behind a backslash. So it is the one with a separator behind it, and a quote, nothing or the next
    /// separator behind that. `None`: the cell begins with a quote of its own.
    fn closing(&self, text: &str, quote: char) -> Option<usize> {
        let mut escaped = false;
        text.char_indices().find_map(|(at, c)| {
            let candidate = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            let after = &text[at + c.len_utf8()..];
            let next = || after.strip_prefix(self.separator).map(|next| next.chars().next());
            let ends = || {
                after.is_empty()
                    || next().is_some_and(|next| next.is_none_or(|n| n == quote || n == self.separator))
            };
            (candidate && ends()).then_some(at)
        })
    }
}

/// Doubled quotes (RFC 4180) become single ones, where all are doubled: else they stand as they were sent.
fn single_quotes(cell: &str) -> Cow<'_, str> {
    let empty_name = cell.starts_with("\"\" <") || cell.starts_with("\"\"<");
    if empty_name || !cell.contains("\"\"") || cell.replace("\"\"", "").contains('"') {
        return Cow::Borrowed(cell);
    }
    Cow::Owned(cell.replace("\"\"", "\""))
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
    fn quotes_within_a_value_in_every_way_that_tshark_has() {
        let header = "frame.number,sip.From,sip.To,rtp.seq";
        let expected =
            [(f::FRAME_NUMBER, "1"), (f::SIP_FROM, "\"Al, Ice\" <sip:a@b>"), (f::SIP_TO, "<sip:c@d>")];
        for line in [
            "\"1\",\"\"Al, Ice\" <sip:a@b>\",\"<sip:c@d>\",\n",
            "\"1\",\"\\\"Al, Ice\\\" <sip:a@b>\",\"<sip:c@d>\",\n",
            "'1','\"Al, Ice\" <sip:a@b>','<sip:c@d>',\n",
        ] {
            let expected: Vec<_> = expected.iter().map(|(f, v)| (*f, (*v).to_owned())).collect();
            assert_eq!(cells(header, line), expected, "{line}");
        }
        let doubled = cells(header, "\"1\",\"\"\"Al, Ice\"\" <sip:a@b>\",,\"7\"\r\n");
        assert_eq!(doubled[1].1, "\"Al, Ice\" <sip:a@b>");
        assert_eq!(doubled[2], (f::RTP_SEQ, "7".to_owned()));
        let bare = cells("frame.number\tsip.From", "1\t\"Al\" <sip:a@b>\n");
        assert_eq!(bare[1].1, "\"Al\" <sip:a@b>");
    }

    #[test]
    fn a_separator_within_a_value_is_noticed() {
        let columns = Columns::parse("frame.number,sip.From,rtp.seq").unwrap();
        let mut row = Row::default();
        assert!(!columns.row("1,\"Al, Ice\" <sip:a@b>,", &mut row));
        assert!(row.is_empty());
        assert!(columns.row("1,<sip:a@b>,7", &mut row));
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
