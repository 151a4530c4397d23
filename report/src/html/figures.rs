//! Figures as the page shows them: bands of quality in words, times from the first frame, cells of tables.

use airtone_engine::Nanos;
use airtone_engine::model::Severity;
use airtone_engine::quality::codec::Scale;

use crate::markup::Markup;
use crate::text::paint::Tone;
use crate::text::units::{dash, millis, share};
use crate::words::name;

/// Class and word of a MOS: the bands of ITU-T G.109 as the text report has them.
pub(super) fn band(mos: f64) -> (&'static str, &'static str) {
    match Tone::of_mos(mos) {
        Tone::Good => ("good", "good"),
        Tone::Poor => ("poor", "poor"),
        Tone::Bad => ("bad", "bad"),
        _ => ("fair", "fair"),
    }
}

/// Class of a share of missing packets or beacons.
pub(super) fn loss_class(percent: f64) -> &'static str {
    match Tone::of_loss(percent) {
        Tone::Bad => "bad",
        Tone::Poor => "poor",
        _ => "",
    }
}

/// Class of a severity, which is its name.
pub(super) fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A MOS with its scale and its band in words, coloured as well.
pub(super) fn mos_badge(m: &mut Markup, mos: Option<f64>, scale: Option<Scale>) {
    let Some(mos) = mos else {
        m.put("<span class=none>–</span>");
        return;
    };
    let (class, word) = band(mos);
    m.put("<span class=\"mos ").put(class).put("\"><b>").show(format_args!("{mos:.2}")).put("</b> ");
    if let Some(scale) = scale {
        m.show(name(&scale)).put(" ");
    }
    m.put(word).put("</span>");
}

/// A cell with a figure: its text, and the value by which its column is sorted.
pub(super) fn number_cell(m: &mut Markup, text: &str, value: Option<f64>, class: &'static str) {
    match class {
        "" => m.put("<td class=n"),
        class => m.put("<td class=\"n ").put(class).put("\""),
    };
    sorted_by(m, text, value);
}

/// The same in a table whose style knows which columns are figures.
pub(super) fn plain_cell(m: &mut Markup, text: &str, value: Option<f64>) {
    m.put("<td");
    sorted_by(m, text, value);
}

fn sorted_by(m: &mut Markup, text: &str, value: Option<f64>) {
    if let Some(value) = value.filter(|value| value.is_finite()) {
        if text.parse::<f64>().ok() != Some(value) {
            m.attr("data-v", &trimmed(value));
        }
    } else {
        m.attr("data-v", "");
    }
    m.put(">").text(text);
}

/// A figure in as few digits as sorting needs.
pub(super) fn trimmed(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `+12.345` s after the first frame; `–` when unknown.
pub(super) fn relative(origin: Option<Nanos>, at: Nanos) -> String {
    match origin.and_then(|origin| at.known_seconds_since(origin)) {
        Some(seconds) => format!("{seconds:+.3}"),
        None => dash(),
    }
}

/// Percent with its sign.
pub(super) fn percent(value: f64) -> String {
    share(value) + " %"
}

/// Milliseconds with their unit.
pub(super) fn ms(value: f64) -> String {
    millis(value) + " ms"
}
