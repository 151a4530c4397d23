//! The top of the page: what was read, the verdict in a sentence, the figures that matter, the way to the rest.

use airtone_engine::Report;
use airtone_engine::model::Severity;
use airtone_engine::quality::codec::Scale;

use super::figures::{band, loss_class, percent};
use crate::markup::Markup;
use crate::text::capture::{tally, what_was_in_it};
use crate::text::units::{count, date_and_time, duration, grouped};
use crate::words::name;

/// Title of the page and of the browser's tab: the file, or how many.
pub(super) fn title(report: &Report) -> String {
    match report.capture.files.as_slice() {
        [] => "Capture".to_owned(),
        [file] => file.path.rsplit(['/', '\\']).next().unwrap_or(&file.path).to_owned(),
        files => count(files.len() as u64, "capture file", "capture files"),
    }
}

pub(super) fn header(m: &mut Markup, report: &Report) {
    let capture = &report.capture;
    m.put("<header class=top><div class=bar><p class=brand>Airtone report</p></div>\n<h1>");
    m.text(&title(report)).put("</h1>\n<p class=read>");
    m.show(count(capture.packets, "packet", "packets"));
    match (capture.first, capture.duration_s) {
        (Some(first), Some(seconds)) => {
            m.put(" in ")
                .text(&duration(seconds))
                .put(" from <time>")
                .text(&date_and_time(first))
                .put("</time>");
        }
        _ if capture.packets > 0 => drop(m.put(", times unknown")),
        _ => {}
    }
    let damaged = capture.files.iter().filter(|file| !file.warnings.is_empty()).count();
    if damaged > 0 {
        m.put(". <a href=\"#capture\">Damaged: see the capture</a>");
    }
    m.put("</p>\n");
    verdict(m, report);
    tiles(m, report);
    m.put("</header>\n");
}

/// One sentence: how bad it is, and what is worst.
fn verdict(m: &mut Markup, report: &Report) {
    let Some(worst) = report.findings.first() else {
        m.put("<p class=\"verdict fine\"><span class=mark aria-hidden=true>✓</span> Nothing stands out. ");
        m.text(&what_was_in_it(report)).put("</p>\n");
        return;
    };
    m.put("<p class=\"verdict ")
        .put(super::figures::severity_class(worst.severity))
        .put("\"><span class=mark aria-hidden=true>");
    m.put(super::findings::mark(worst.severity))
        .put("</span> <span><strong>")
        .text(&worst.title)
        .put(".</strong> ");
    m.text(&tally(report)).put(if report.findings.len() == 1 { " finding." } else { " in all." });
    m.put("</span></p>\n");
}

fn tiles(m: &mut Markup, report: &Report) {
    m.put("<dl class=tiles>");
    let of = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count() as u64;
    let grave = of(Severity::Critical);
    let class = if grave > 0 { "bad" } else { "" };
    tile(m, "Findings", &grouped(report.findings.len() as u64), &tally(report), class);
    if !report.calls.is_empty() {
        let answered = report.calls.iter().filter(|call| call.answer.is_some()).count() as u64;
        tile(m, "Calls", &grouped(report.calls.len() as u64), &format!("{} answered", grouped(answered)), "");
    }
    if !report.streams.is_empty() {
        let packets: u64 = report.streams.iter().map(|stream| stream.packets).sum();
        tile(
            m,
            "RTP streams",
            &grouped(report.streams.len() as u64),
            &count(packets, "packet", "packets"),
            "",
        );
        for scale in [Scale::Nb, Scale::Wb, Scale::Fb] {
            worst_mos(m, report, scale);
        }
        let (lost, expected) =
            report.streams.iter().fold((0, 0), |sum, one| (sum.0 + one.lost, sum.1 + one.expected));
        let share = 100.0 * lost as f64 / expected.max(1) as f64;
        let lost = count(lost, "packet", "packets");
        tile(m, "RTP lost", &percent(share), &lost, loss_class(share));
    }
    if !report.wifi.bss.is_empty() {
        let beacons = report.wifi.bss.iter().map(|bss| &bss.beacons);
        let (lost, expected) = beacons.fold((0, 0), |sum, one| (sum.0 + one.lost, sum.1 + one.expected));
        let share = 100.0 * lost as f64 / expected.max(1) as f64;
        let of = format!("{} in {}", grouped(lost), count(report.wifi.bss.len() as u64, "BSS", "BSSs"));
        tile(m, "Beacons lost", &percent(share), &of, loss_class(share));
    }
    m.put("</dl>\n");
}

/// Scales are not compared, so each has its own lowest figure.
fn worst_mos(m: &mut Markup, report: &Report, scale: Scale) {
    let rated = report.streams.iter().filter(|stream| stream.mos.scale == Some(scale));
    let worst = rated.filter_map(|stream| stream.mos.lq).fold(f64::INFINITY, f64::min);
    if worst.is_finite() {
        let (class, word) = band(worst);
        tile(m, "Worst MOS-LQ", &format!("{worst:.2}"), &format!("{}, {word}", name(&scale)), class);
    }
}

fn tile(m: &mut Markup, label: &'static str, figure: &str, below: &str, class: &'static str) {
    m.put("<div class=\"tile ").put(class).put("\"><dt>").put(label).put("</dt><dd><b>").text(figure);
    m.put("</b> <span>").text(below).put("</span></dd></div>");
}

/// Links to the sections that are there.
pub(super) fn navigation(m: &mut Markup, report: &Report) {
    let alone = !super::streams::alone(report).is_empty();
    m.put("<nav aria-label=\"Sections\"><ul>");
    let sections: [(bool, &'static str); 6] = [
        (true, "<li><a href=\"#findings\">Findings</a>"),
        (!report.calls.is_empty(), "<li><a href=\"#calls\">Calls</a>"),
        (alone, "<li><a href=\"#streams\">Streams</a>"),
        (super::wifi::is_there(report), "<li><a href=\"#wifi\">Wi-Fi</a>"),
        (super::sip::is_there(report), "<li><a href=\"#sip\">SIP</a>"),
        (true, "<li><a href=\"#capture\">Capture</a>"),
    ];
    for (_, link) in sections.iter().filter(|section| section.0) {
        m.put(link);
    }
    m.put("</ul></nav>\n");
}
