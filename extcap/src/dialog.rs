//! What the capture dialog shows for an interface: arguments, their values, and the controls of the toolbar.

/// Version of Wireshark that asks, from `--extcap-version`; argument types differ by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostVersion {
    /// 4 of 4.2.
    pub major: u16,
    /// 2 of 4.2.
    pub minor: u16,
}

/// How an argument is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// A whole number in a range, both ends included.
    Integer {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// A decimal number.
    Double,
    /// Any text.
    Text,
    /// Text that is not shown and not saved.
    Password,
    /// Yes or no; given as `--name true` or `--name false`.
    Boolean,
    /// One of [`Arg::values`].
    Selector,
    /// One of [`Arg::values`] or any other text; a plain text box before Wireshark 4.2, which does not know this type.
    EditSelector,
    /// One of [`Arg::values`], all of them shown.
    Radio,
    /// Several of [`Arg::values`]; given joined by commas.
    MultiCheck,
    /// A file; `true` where it has to exist.
    File(bool),
}

/// One argument of an interface.
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    /// Name without dashes, `[a-z]` and inner `-`: `--extcap-config` offers `--name`.
    pub name: &'static str,
    /// Label.
    pub display: &'static str,
    /// How it is asked for.
    pub ask: Ask,
    /// What it is when left alone; empty for nothing. For selectors the value marked as default.
    pub default: String,
    /// What it means, in a sentence or two.
    pub tooltip: &'static str,
    /// Shown in an empty text box; empty for nothing.
    pub placeholder: &'static str,
    /// The tab: Source, Filter, Privacy, Debug.
    pub group: &'static str,
    /// Regular expression that the dialog checks; empty for none. The source checks again.
    pub validation: &'static str,
    /// What can be chosen.
    pub values: Vec<Value>,
    /// Whether the dialog has a button that asks for the values anew.
    pub reload: bool,
}

impl Arg {
    /// A box for text, empty and without explanation; the rest is for `..Arg::new(...)`.
    #[must_use]
    pub fn new(name: &'static str, display: &'static str, group: &'static str) -> Self {
        Self {
            name,
            display,
            ask: Ask::Text,
            default: String::new(),
            tooltip: "",
            placeholder: "",
            group,
            validation: "",
            values: Vec::new(),
            reload: false,
        }
    }
}

/// What can be chosen for an argument or control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// As it comes back.
    pub value: String,
    /// As it is shown.
    pub display: String,
    /// Whether it can be chosen.
    pub enabled: bool,
    /// The value below which it stands in a tree; empty for none.
    pub parent: String,
}

impl Value {
    /// One that can be chosen, below none.
    #[must_use]
    pub fn new(value: &str, display: &str) -> Self {
        Self { value: value.into(), display: display.into(), enabled: true, parent: String::new() }
    }
}

/// A control of the interface's toolbar in Wireshark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Its number, which messages name.
    pub number: u8,
    /// Label.
    pub display: &'static str,
    /// What it means.
    pub tooltip: &'static str,
    /// What it is.
    pub kind: ControlKind,
}

/// Kinds of controls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlKind {
    /// A button that sends a message.
    Button,
    /// A button that opens the log window.
    Logger,
    /// A text box; also used for the live line.
    Text,
    /// A box to tick.
    Boolean(bool),
    /// A choice.
    Selector(Vec<Value>),
}
