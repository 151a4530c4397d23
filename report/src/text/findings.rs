//! Findings: what to look at first, with the display filter that shows it.

use airtone_engine::Report;
use airtone_engine::model::Finding;

use super::page::Page;
use super::paint::Tone;
use super::select::{MOST, tell_rest};
use super::units::foreign;
use crate::words::name;

/// Frames listed in text; the JSON report has all.
const FRAMES: usize = 8;
/// The severities are at most eight letters long; details are indented as far as titles.
const TITLE: usize = 10;

pub(crate) fn section(page: &mut Page, report: &Report) {
    if report.findings.is_empty() {
        return;
    }
    page.heading("FINDINGS");
    for finding in report.findings.iter().take(MOST) {
        block(page, finding);
    }
    let shown = report.findings.len().min(MOST);
    tell_rest(page, 0, report.findings.len(), shown, "findings", "findings");
}

pub(crate) fn view(page: &mut Page, report: &Report) {
    if report.findings.is_empty() {
        page.paragraph(0, "No findings.");
    }
    for finding in &report.findings {
        block(page, finding);
    }
}

fn block(page: &mut Page, finding: &Finding) {
    let label = format!("{:<TITLE$}", name(&finding.severity));
    page.labelled(0, TITLE, &label, Tone::of_severity(finding.severity), &foreign(&finding.title));
    if !finding.detail.is_empty() {
        page.hanging(TITLE, TITLE, &foreign(&finding.detail));
    }
    if !finding.frames.is_empty() {
        page.toned(TITLE, Tone::Dim, &frames(&finding.frames));
    }
    if !finding.filter.is_empty() {
        page.toned(TITLE, Tone::Dim, &format!("filter: {}", foreign(&finding.filter)));
    }
}

fn frames(frames: &[u64]) -> String {
    let listed: Vec<_> = frames.iter().take(FRAMES).map(u64::to_string).collect();
    let rest = if frames.len() > FRAMES { ", ..." } else { "" };
    format!("{} {}{rest}", if frames.len() == 1 { "frame" } else { "frames" }, listed.join(", "))
}
