//! Widths and line breaks in terminal columns, where a character may take none, one or two.

use unicode_width::UnicodeWidthChar;

/// Columns that `text` takes: the sum over its characters, as most terminals reckon it.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// At most `room` columns of `text`; what is cut off shows as `...`.
pub(crate) fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let dots = room.min(3);
    let head = match split(text, room - dots) {
        (head, _) if width(head) <= room - dots => head,
        _ => "",
    };
    format!("{head}{}", &"..."[..dots])
}

/// `text` in lines of at most `room` columns, broken at spaces; words that are longer than a line are broken
/// where the line ends. The first line is indented by `first`, the others by `hanging`.
pub(crate) fn wrap(text: &str, room: usize, first: usize, hanging: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = " ".repeat(first);
    let mut used = first;
    let mut is_empty = true;
    for word in text.split(' ') {
        let mut word = word;
        let space = usize::from(!is_empty);
        if used + space + width(word) > room && !is_empty {
            lines.push(std::mem::replace(&mut line, " ".repeat(hanging)));
            (used, is_empty) = (hanging, true);
        }
        while used + width(word) > room {
            let (head, tail) = split(word, room.saturating_sub(used).max(2));
            line.push_str(head);
            lines.push(std::mem::replace(&mut line, " ".repeat(hanging)));
            (used, word) = (hanging, tail);
        }
        if !is_empty {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += width(word);
        is_empty = false;
    }
    lines.push(line);
    lines.iter_mut().for_each(|line| line.truncate(line.trim_end().len()));
    lines
}

/// The longest head of at most `room` columns, at least one character, and the rest.
fn split(text: &str, room: usize) -> (&str, &str) {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > room && at > 0 {
            return text.split_at(at);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_at_spaces_with_a_hanging_indent() {
        assert_eq!(wrap("one two three four", 10, 0, 2), ["one two", "  three", "  four"]);
        assert_eq!(wrap("short", 10, 2, 4), ["  short"]);
    }

    #[test]
    fn long_words_are_broken_not_lost() {
        assert_eq!(wrap("ab 0123456789abcdef", 8, 0, 2), ["ab", "  012345", "  6789ab", "  cdef"]);
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(wrap("\u{4f1a}\u{8bae}\u{5ba4}", 4, 0, 0), ["\u{4f1a}\u{8bae}", "\u{5ba4}"]);
        assert_eq!(cut("\u{4f1a}\u{8bae}\u{5ba4}", 5), "\u{4f1a}...");
    }

    #[test]
    fn cutting_shows() {
        assert_eq!(cut("0123456789", 10), "0123456789");
        assert_eq!(cut("0123456789", 8), "01234...");
        assert_eq!(cut("0123456789", 2), "..");
    }
}
