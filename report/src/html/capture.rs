//! The capture itself: its files, their damage, and what could not be understood.

use airtone_engine::Report;

use crate::markup::Markup;
use crate::text::capture::{damage, remarks as other_remarks};
use crate::text::paint::Tone;
use crate::text::units::{duration, grouped, or_dash};

pub(super) fn section(m: &mut Markup, report: &Report) {
    m.put("<section id=capture aria-labelledby=h-capture><h2 id=h-capture>Capture</h2>\n");
    let mut remarks = damage(&report.capture);
    remarks.extend(other_remarks(&report.capture));
    if !remarks.is_empty() {
        m.put("<ul class=remarks>");
        for (tone, line) in &remarks {
            let is_grave = *tone != Tone::Plain;
            m.put(if is_grave { "<li class=warning><span class=severity>warning</span> " } else { "<li>" });
            m.text(line).put("</li>");
        }
        m.put("</ul>\n");
    }
    files(m, report);
    m.put("</section>\n");
}

fn files(m: &mut Markup, report: &Report) {
    if report.capture.files.is_empty() {
        return;
    }
    m.put("<div class=scroll tabindex=0><table><caption>Files</caption><thead><tr><th scope=col>File</th><th scope=col>Format</th>");
    m.put("<th scope=col class=n>Packets</th><th scope=col class=n>Bytes</th></tr></thead><tbody>\n");
    for file in &report.capture.files {
        m.put("<tr><td class=mono>")
            .text(&file.path)
            .put("</td><td>")
            .text(&file.format)
            .put("</td><td class=n>");
        m.text(&grouped(file.packets))
            .put("</td><td class=n>")
            .text(&grouped(file.bytes))
            .put("</td></tr>\n");
    }
    m.put("</tbody></table></div>\n<p class=quiet>Duration: ")
        .text(&or_dash(report.capture.duration_s, duration));
    m.put("</p>\n");
}
