//! The one way into HTML and SVG: literals of this crate as they are, everything else escaped.

use std::borrow::Cow;
use std::fmt::{Display, Write};

use crate::escape::{is_obeyed, printable};

/// Characters of one foreign string that are shown; the JSON report has all of them.
const LONGEST: usize = 600;

/// HTML or SVG that grows from front to back. Markup can only be a literal of the program: a string that was put
/// together at run time, and so may hold what a capture says, has to go through [`Markup::text`] or
/// [`Markup::attr`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markup {
    html: String,
}

impl Markup {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Markup that this crate brings along.
    pub fn put(&mut self, literal: &'static str) -> &mut Self {
        self.html.push_str(literal);
        self
    }

    /// Text between tags: control, invisible and reordering characters written out, markup disarmed.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.escaped(&shortened(text))
    }

    /// A figure or another value of our own between tags; escaped all the same.
    pub fn show(&mut self, value: impl Display) -> &mut Self {
        self.escaped(&value.to_string())
    }

    /// ` name="value"` inside a tag. The name is a literal; no foreign value goes into an attribute that a browser
    /// runs or follows (`on...`, `href` other than to this page, `src`, `style`).
    pub fn attr(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.html.push(' ');
        self.html.push_str(name);
        self.html.push_str("=\"");
        self.escaped(&shortened(value));
        self.html.push('"');
        self
    }

    /// ` name="figure"`: as [`Markup::attr`] for a figure of our own.
    pub fn num(&mut self, name: &'static str, value: impl Display) -> &mut Self {
        self.attr(name, &value.to_string())
    }

    /// ` name="path"`: as [`Markup::attr`] for the path of a picture, however long it is.
    pub fn path(&mut self, name: &'static str, path: &str) -> &mut Self {
        self.attr_exact(name, path)
    }

    /// ` src="data:audio/wav;base64,..."`: sound that the page brings along.
    pub fn wav_source(&mut self, wav: &[u8]) -> &mut Self {
        self.html.push_str(" src=\"data:audio/wav;base64,");
        base64(&mut self.html, wav);
        self.html.push('"');
        self
    }

    /// As [`Markup::attr`] with the whole of a text that a script copies: neither shortened nor made printable, as
    /// what is copied must be what was meant. What would be obeyed rather than shown becomes a character reference
    /// or, where HTML has none, is left out.
    pub fn attr_exact(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.html.push(' ');
        self.html.push_str(name);
        self.html.push_str("=\"");
        for c in value.chars() {
            match c {
                c if !is_obeyed(c) => self.push(c),
                c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => {}
                // Writing to a String cannot fail.
                c => drop(write!(self.html, "&#{};", c as u32)),
            }
        }
        self.html.push('"');
        self
    }

    /// Another piece that was made here.
    pub fn append(&mut self, other: &Markup) -> &mut Self {
        self.html.push_str(&other.html);
        self
    }

    /// Bytes so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.html.len()
    }

    /// What has been put together.
    #[must_use]
    pub fn into_string(self) -> String {
        self.html
    }

    /// What has been put together.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.html
    }

    /// Nothing has been put into it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.html.is_empty()
    }

    fn escaped(&mut self, text: &str) -> &mut Self {
        printable(text).chars().for_each(|c| self.push(c));
        self
    }

    fn push(&mut self, c: char) {
        match c {
            '&' => self.html.push_str("&amp;"),
            '<' => self.html.push_str("&lt;"),
            '>' => self.html.push_str("&gt;"),
            '"' => self.html.push_str("&quot;"),
            '\'' => self.html.push_str("&#39;"),
            '`' => self.html.push_str("&#96;"),
            // No characters: an XML document must not hold them.
            '\u{fffe}' | '\u{ffff}' => self.html.push('\u{fffd}'),
            c => self.html.push(c),
        }
    }
}

/// Base64 of RFC 4648, section 4.
fn base64(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.reserve(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits =
            three.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - three.len()));
        for n in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * n)) as usize & 63] as char;
            out.push(if n <= three.len() { digit } else { '=' });
        }
    }
}

/// As much of a text as is shown.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Markup;

    #[test]
    fn markup_is_disarmed() {
        let mut markup = Markup::new();
        markup.put("<a").attr("title", "\"><script>x</script>\0\u{202e}").put(">").text("</a><b>'&amp;'`");
        assert_eq!(
            markup.as_str(),
            "<a title=\"&quot;&gt;&lt;script&gt;x&lt;/script&gt;\\x00\\u{202e}\">&lt;/a&gt;&lt;b&gt;&#39;&amp;amp;&#39;&#96;"
        );
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let mut markup = Markup::new();
        markup.text(&"\u{e9}".repeat(5_000));
        assert_eq!(markup.as_str().chars().count(), 601);
    }

    /// RFC 4648, section 10.
    #[test]
    fn sound_is_base64() {
        for (bytes, expected) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            let mut markup = Markup::new();
            markup.wav_source(bytes.as_bytes());
            assert_eq!(markup.as_str(), format!(" src=\"data:audio/wav;base64,{expected}\""));
        }
    }

    /// What a browser's tokenizer would see of a text node or a quoted attribute.
    fn is_inert(escaped: &str) -> bool {
        !escaped.contains(['<', '>', '"', '\'', '`', '\0', '\u{202e}', '\u{1b}', '\r'])
    }

    proptest! {
        #[test]
        fn no_text_becomes_markup(text in "[\\PC\\x00-\\x9f<>&\"'`/= \u{202a}-\u{202e}\u{2028}]{0,80}") {
            let mut markup = Markup::new();
            markup.text(&text);
            prop_assert!(is_inert(markup.as_str()), "{}", markup.as_str());
            let mut markup = Markup::new();
            markup.attr("a", &text);
            let value = markup.as_str().strip_prefix(" a=\"").and_then(|rest| rest.strip_suffix('"'));
            prop_assert!(value.is_some_and(is_inert), "{}", markup.as_str());
        }

        #[test]
        fn what_is_copied_stays_whole(text in "[ -~\\t\\n\u{e9}\u{4f1a}]{0,80}") {
            let mut markup = Markup::new();
            markup.attr_exact("a", &text);
            let value = markup.as_str().strip_prefix(" a=\"").and_then(|rest| rest.strip_suffix('"')).unwrap();
            prop_assert!(!value.contains(['<', '>', '"', '\'', '\n']));
            let back = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'")
                .replace("&#96;", "`").replace("&#9;", "\t").replace("&#10;", "\n").replace("&amp;", "&");
            prop_assert_eq!(back, text);
        }
    }
}
