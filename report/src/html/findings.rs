//! Findings: what to look at first, each with its frames and a display filter to copy.

use airtone_engine::Report;
use airtone_engine::model::{Finding, Severity};

use super::figures::severity_class;
use crate::escape::printable;
use crate::markup::{Markup, shortened};
use crate::text::select::MOST;
use crate::text::units::count;

/// A sign for each severity, so that colour is not the only one.
pub(super) fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "✕",
        Severity::Warning => "!",
        Severity::Note => "i",
    }
}

pub(super) fn section(m: &mut Markup, report: &Report) {
    m.put("<section id=findings aria-labelledby=h-findings><h2 id=h-findings>Findings</h2>\n");
    if report.findings.is_empty() {
        m.put("<p>Nothing in this capture stands out.</p>\n");
    } else {
        m.put("<ol class=findings>\n");
        let (first, rest) = report.findings.split_at(report.findings.len().min(MOST));
        first.iter().for_each(|finding| item(m, finding));
        m.put("</ol>\n");
        more(m, rest);
    }
    m.put("</section>\n");
}

/// Those below the gravest, closed until somebody wants them.
fn more(m: &mut Markup, rest: &[Finding]) {
    if rest.is_empty() {
        return;
    }
    let title = count(rest.len() as u64, "more finding", "more findings");
    m.put("<details class=rest><summary>").text(&title).put("</summary><ol class=findings>\n");
    rest.iter().for_each(|finding| item(m, finding));
    m.put("</ol></details>\n");
}

fn item(m: &mut Markup, finding: &Finding) {
    let class = severity_class(finding.severity);
    // The mark before it is of the style.
    m.put("<li class=\"finding ")
        .put(class)
        .put("\"><div><h3><span class=severity>")
        .put(class)
        .put("</span> ");
    m.text(&finding.title).put("</h3>");
    if !finding.detail.is_empty() {
        m.put("<p>").text(&finding.detail).put("</p>");
    }
    places(m, finding);
    if !finding.filter.is_empty() {
        m.put("<p class=filter>Filter <code");
        // What is shown is what is copied, unless it had to be written out.
        if shortened(&printable(&finding.filter)) != finding.filter {
            m.attr_exact("data-copy", &finding.filter);
        }
        m.put(">").text(&finding.filter).put("</code></p>");
    }
    m.put("</div></li>\n");
}

/// Frames, and links to what the finding is about.
fn places(m: &mut Markup, finding: &Finding) {
    let about = &finding.about;
    if finding.frames.is_empty() && about.call.is_none() && about.stream.is_none() {
        return;
    }
    m.put("<p class=places>");
    if !finding.frames.is_empty() {
        m.put(if finding.frames.len() == 1 { "Frame " } else { "Frames " });
        let frames: Vec<_> = finding.frames.iter().map(u64::to_string).collect();
        m.put("<span class=frames>").text(&frames.join(", ")).put("</span> ");
    }
    if let Some(call) = about.call {
        m.put("<a").attr("href", &format!("#call-{call}")).put(">Call ").show(call).put("</a> ");
    }
    if let Some(stream) = about.stream {
        m.put("<a").attr("href", &format!("#stream-{stream}")).put(">Stream ").show(stream).put("</a>");
    }
    m.put("</p>");
}
