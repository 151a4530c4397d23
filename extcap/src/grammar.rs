//! The sentences that Wireshark reads: one per line, `keyword {name=value}{name=value}`.
//!
//! Wireshark ends a value at the first `}` that is followed by `{`, white space or the end of the line, knows no escape,
//! and drops lines that are no UTF-8. [`Sentence`] is the only way to make a line, and it cannot make one that reads
//! back as something else.

use std::fmt::{self, Display, Write as _};

use airtone_engine::LinkType;

use crate::dialog::{Arg, Ask, Control, ControlKind, HostVersion, Value};
use crate::source::Offered;

/// The version of Wireshark that knows text boxes with suggestions (`editselector`); earlier ones drop the argument.
const EDIT_SELECTOR: HostVersion = HostVersion { major: 4, minor: 2 };

/// One line of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence(String);

impl Sentence {
    fn new(keyword: &'static str) -> Self {
        Self(format!("{keyword} "))
    }

    /// A number or a word of ours.
    fn word(mut self, name: &'static str, value: impl Display) -> Self {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{{{name}={value}}}");
        self
    }

    /// Text for people: what would end it becomes something alike. Left out when empty.
    fn text(self, name: &'static str, text: &str) -> Self {
        let text: String = text
            .chars()
            .map(|c| match c {
                '{' => '(',
                '}' => ')',
                c if c.is_control() => ' ',
                c => c,
            })
            .collect();
        if text.is_empty() { self } else { self.word(name, text) }
    }

    /// A value that comes back as it is: left out where it cannot be written. Left out when empty.
    fn verbatim(self, name: &'static str, value: &str) -> Self {
        if value.is_empty() || !is_writable(value) { self } else { self.word(name, value) }
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a value reads back as it was written.
fn is_writable(value: &str) -> bool {
    let ends_early = value.char_indices().any(|(at, c)| {
        let next = value[at + c.len_utf8()..].chars().next();
        c == '}' && next.is_none_or(|next| next == '{' || next.is_whitespace())
    });
    !ends_early && !value.chars().any(char::is_control)
}

/// What the program says about itself; comes before the interfaces, else Wireshark keeps no help for them.
#[must_use]
pub fn extcap(version: &str, help: &str, display: &str) -> Sentence {
    Sentence::new("extcap").word("version", version).verbatim("help", help).text("display", display)
}

/// An interface for the list.
#[must_use]
pub fn interface(offered: &Offered) -> Sentence {
    Sentence::new("interface").verbatim("value", &offered.name).text("display", &offered.display)
}

/// A link type that packets of an interface can have.
#[must_use]
pub fn link_type(link: LinkType) -> Sentence {
    let (name, display) = match link {
        LinkType::ETHERNET => ("EN10MB".to_owned(), "Ethernet".to_owned()),
        LinkType::IEEE802_11 => ("IEEE802_11".to_owned(), "802.11".to_owned()),
        LinkType::RADIOTAP => ("IEEE802_11_RADIO".to_owned(), "802.11 plus radiotap header".to_owned()),
        LinkType::RAW => ("RAW".to_owned(), "Raw IP".to_owned()),
        LinkType::PPI => ("PPI".to_owned(), "Per-packet information header".to_owned()),
        LinkType::LINUX_SLL => ("LINUX_SLL".to_owned(), "Linux cooked capture".to_owned()),
        LinkType::LINUX_SLL2 => ("LINUX_SLL2".to_owned(), "Linux cooked capture v2".to_owned()),
        LinkType(number) => (format!("DLT{number}"), format!("Link type {number}")),
    };
    Sentence::new("dlt").word("number", link.0).word("name", name).text("display", &display)
}

/// An argument with its values, in the words that `host` knows.
#[must_use]
pub fn argument(number: usize, arg: &Arg, host: HostVersion) -> Vec<Sentence> {
    let is_known = host >= EDIT_SELECTOR;
    let kind = match &arg.ask {
        Ask::Integer { min, max } if i32::try_from(*min).is_ok() && i32::try_from(*max).is_ok() => "integer",
        Ask::Integer { .. } => "long",
        Ask::Double => "double",
        Ask::Text => "string",
        Ask::EditSelector if !is_known => "string",
        Ask::Password => "password",
        Ask::Boolean => "boolean",
        Ask::Selector => "selector",
        Ask::EditSelector => "editselector",
        Ask::Radio => "radio",
        Ask::MultiCheck => "multicheck",
        Ask::File(_) => "fileselect",
    };
    let mut sentence = Sentence::new("arg")
        .word("number", number)
        .word("call", format_args!("--{}", arg.name))
        .text("display", arg.display)
        .word("type", kind);
    // A selector's default stands with its value. No argument is `required`: together with a default that would make
    // Wireshark 4.0 ask for it for ever.
    if !has_values(&arg.ask, host) {
        sentence = sentence.verbatim("default", &arg.default);
    }
    sentence = match arg.ask {
        Ask::Integer { min, max } => sentence.word("range", format_args!("{min},{max}")),
        Ask::File(must_exist) => sentence.word("mustexist", must_exist),
        _ => sentence,
    };
    if arg.reload && has_values(&arg.ask, host) {
        sentence = sentence.word("reload", true);
    }
    sentence = sentence
        .text("tooltip", arg.tooltip)
        .text("placeholder", arg.placeholder)
        .verbatim("validation", arg.validation)
        .text("group", arg.group);
    let values = arg.values.iter().filter(|_| has_values(&arg.ask, host));
    let values = values.filter_map(|value| argument_value(number, value, &arg.default));
    std::iter::once(sentence).chain(values).collect()
}

/// Whether the type that `host` is told takes `value` sentences.
fn has_values(ask: &Ask, host: HostVersion) -> bool {
    match ask {
        Ask::Selector | Ask::Radio | Ask::MultiCheck => true,
        Ask::EditSelector => host >= EDIT_SELECTOR,
        _ => false,
    }
}

/// A value of argument `number`; `None` where it cannot be written so that it comes back the same.
#[must_use]
pub fn argument_value(number: usize, value: &Value, default: &str) -> Option<Sentence> {
    let is_default = default.split(',').any(|chosen| chosen == value.value) || value.value == default;
    choice(Sentence::new("value").word("arg", number), value, is_default)
}

/// A control of the toolbar with its values.
#[must_use]
pub fn control(control: &Control) -> Vec<Sentence> {
    let (kind, role) = match control.kind {
        ControlKind::Button => ("button", Some("control")),
        ControlKind::Logger => ("button", Some("logger")),
        ControlKind::Text => ("string", None),
        ControlKind::Boolean(_) => ("boolean", None),
        ControlKind::Selector(_) => ("selector", None),
    };
    let mut sentence = Sentence::new("control")
        .word("number", control.number)
        .word("type", kind)
        .text("display", control.display);
    if let Some(role) = role {
        sentence = sentence.word("role", role);
    }
    if let ControlKind::Boolean(is_on) = control.kind {
        sentence = sentence.word("default", is_on);
    }
    sentence = sentence.text("tooltip", control.tooltip);
    let values: &[Value] = if let ControlKind::Selector(values) = &control.kind { values } else { &[] };
    let values = values.iter().enumerate().filter_map(|(place, value)| {
        choice(Sentence::new("value").word("control", control.number), value, place == 0)
    });
    std::iter::once(sentence).chain(values).collect()
}

fn choice(sentence: Sentence, value: &Value, is_default: bool) -> Option<Sentence> {
    if value.value.is_empty() || !is_writable(&value.value) {
        return None;
    }
    let display = if value.display.is_empty() { &value.value } else { &value.display };
    let mut sentence = sentence.verbatim("value", &value.value).text("display", display);
    if is_default {
        sentence = sentence.word("default", true);
    }
    if !value.enabled {
        sentence = sentence.word("enabled", false);
    }
    Some(sentence.verbatim("parent", &value.parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: HostVersion = HostVersion { major: 4, minor: 0 };
    const NEW: HostVersion = HostVersion { major: 4, minor: 4 };

    fn arg(ask: Ask) -> Arg {
        Arg {
            name: "channels",
            display: "Channels",
            ask,
            default: "b".into(),
            tooltip: "What {to} do\nand why",
            placeholder: "",
            group: "Source",
            validation: "",
            values: ["a", "b", "c} {d"].map(value_of).to_vec(),
            reload: true,
        }
    }

    fn value_of(value: &str) -> Value {
        Value::new(value, &value.to_uppercase())
    }

    fn lines(sentences: &[Sentence]) -> Vec<String> {
        sentences.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_selector_names_its_default_with_the_value() {
        assert_eq!(
            lines(&argument(3, &arg(Ask::Selector), OLD)),
            [
                "arg {number=3}{call=--channels}{display=Channels}{type=selector}{reload=true}\
                 {tooltip=What (to) do and why}{group=Source}",
                "value {arg=3}{value=a}{display=A}",
                "value {arg=3}{value=b}{display=B}{default=true}",
            ]
        );
    }

    #[test]
    fn suggestions_are_a_text_box_where_they_are_not_known() {
        let old = lines(&argument(0, &arg(Ask::EditSelector), OLD));
        assert_eq!(old.len(), 1);
        assert!(old[0].contains("{type=string}{default=b}") && !old[0].contains("reload"), "{old:?}");
        let new = lines(&argument(0, &arg(Ask::EditSelector), NEW));
        assert!(new[0].contains("{type=editselector}{reload=true}") && new.len() == 3, "{new:?}");
    }

    #[test]
    fn several_values_can_be_the_default() {
        let several = Arg { default: "a,b".into(), ..arg(Ask::MultiCheck) };
        let said = lines(&argument(0, &several, OLD));
        assert!(said[1].ends_with("{default=true}") && said[2].ends_with("{default=true}"), "{said:?}");
    }

    #[test]
    fn numbers_have_ranges_and_files_say_whether_they_exist() {
        let short = lines(&argument(0, &arg(Ask::Integer { min: -1, max: 9 }), OLD));
        assert!(short[0].contains("{type=integer}{default=b}{range=-1,9}"), "{short:?}");
        let long = lines(&argument(0, &arg(Ask::Integer { min: 0, max: 1 << 40 }), OLD));
        assert!(long[0].contains("{type=long}"), "{long:?}");
        let file = lines(&argument(0, &arg(Ask::File(true)), OLD));
        assert!(file[0].contains("{type=fileselect}{default=b}{mustexist=true}"), "{file:?}");
    }

    #[test]
    fn what_would_end_a_value_early_is_not_written() {
        for bad in ["a}{b", "a} b", "a}", "a\nb", "a\tb"] {
            assert!(!is_writable(bad), "{bad:?}");
        }
        for good in ["a}b{", "^[0-9]{1,3}$", "{"] {
            assert!(is_writable(good), "{good:?}");
        }
    }

    #[test]
    fn controls() {
        let log = Control { number: 0, display: "Log", tooltip: "", kind: ControlKind::Logger };
        assert_eq!(lines(&control(&log)), ["control {number=0}{type=button}{display=Log}{role=logger}"]);
        let values = vec![value_of("x"), value_of("y")];
        let kind = ControlKind::Selector(values);
        let pick = Control { number: 12, display: "Pick", tooltip: "Which", kind };
        assert_eq!(
            lines(&control(&pick)),
            [
                "control {number=12}{type=selector}{display=Pick}{tooltip=Which}",
                "value {control=12}{value=x}{display=X}{default=true}",
                "value {control=12}{value=y}{display=Y}",
            ]
        );
    }
}
