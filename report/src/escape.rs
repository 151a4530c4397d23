//! Text from the wire is hostile until it has been through here: a SIP header may hold terminal escape
//! sequences, a network name may reverse the reading order of a line.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` with every character that a terminal or an editor would obey rather than show written out:
/// `\n`, `\x1b`, `\u{202e}`. Ordinary text of any script is passed through unchanged.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if !is_obeyed(c) => safe.push(c),
            // Writing to a String cannot fail.
            c if (c as u32) < 0x100 => drop(write!(safe, "\\x{:02x}", c as u32)),
            c => drop(write!(safe, "\\u{{{:x}}}", c as u32)),
        }
    }
    Cow::Owned(safe)
}

/// Controls (C0, DEL, C1), line separators, and the invisible characters that join, hide or reorder text.
pub(crate) fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn controls_are_written_out() {
        assert_eq!(printable("a\x1b[31mred\x07"), "a\\x1b[31mred\\x07");
        assert_eq!(printable("two\r\nlines\tand\u{9b}2J"), "two\\r\\nlines\\tand\\x9b2J");
        assert_eq!(printable("net\u{202e}gpj"), "net\\u{202e}gpj");
    }

    #[test]
    fn ordinary_text_is_borrowed() {
        for text in ["sip:alice@example.com", "Caf\u{e9}", "\u{4f1a}\u{8bae}\u{5ba4}", "back\\slash"] {
            assert!(matches!(printable(text), std::borrow::Cow::Borrowed(same) if same == text));
        }
    }
}
