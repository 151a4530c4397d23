//! The headline, and what the capture itself lacks.

use airtone_engine::Report;
use airtone_engine::model::{CallOutcome, Capture, File, Severity, Stream};

use super::page::Page;
use super::paint::Tone;
use super::units::{count, date_and_time, duration, foreign, grouped, mos, share};
use crate::words::words;

/// What was read, what was in it, and the worst of it: one to three sentences.
pub(crate) fn headline(page: &mut Page, report: &Report) {
    page.paragraph(0, &what_was_read(&report.capture));
    page.paragraph(0, &what_was_in_it(report));
    let Some(worst) = report.findings.first() else {
        page.toned(0, Tone::Good, "No findings.");
        return;
    };
    let label = tally(report);
    page.labelled(
        0,
        2,
        &label,
        Tone::of_severity(worst.severity),
        &format!("; first: {}", foreign(&worst.title)),
    );
}

fn what_was_read(capture: &Capture) -> String {
    let name = match capture.files.as_slice() {
        [] => "capture".to_owned(),
        [file] => foreign(&file.path),
        files => count(files.len() as u64, "file", "files"),
    };
    let packets = count(capture.packets, "packet", "packets");
    let span = match (capture.first, capture.duration_s) {
        (Some(first), Some(seconds)) => format!(" in {} from {}", duration(seconds), date_and_time(first)),
        (None, None) if capture.packets > 0 => " (times unknown)".to_owned(),
        _ => String::new(),
    };
    let is_damaged = capture.files.iter().any(|file| !file.warnings.is_empty());
    let doubt = if is_damaged { " (damaged: see CAPTURE at the end)" } else { "" };
    format!("{name}: {packets}{span}{doubt}")
}

pub(crate) fn what_was_in_it(report: &Report) -> String {
    let mut parts = Vec::new();
    if !report.calls.is_empty() {
        parts.push(count(report.calls.len() as u64, "call", "calls") + &outcomes(report));
    }
    if !report.streams.is_empty() {
        parts.push(
            count(report.streams.len() as u64, "RTP stream", "RTP streams") + &worst_mos(&report.streams),
        );
    }
    let registrations = report.sip.registrations.len() as u64;
    if registrations > 0 {
        parts.push(count(registrations, "registration", "registrations"));
    }
    let wifi = &report.wifi;
    if !wifi.bss.is_empty() {
        let lost: u64 = wifi.bss.iter().map(|bss| bss.beacons.lost).sum();
        let lost = count(lost, "beacon lost", "beacons lost");
        parts.push(format!("{} ({lost})", count(wifi.bss.len() as u64, "BSS", "BSSs")));
    }
    if !wifi.stations.is_empty() {
        parts.push(count(wifi.stations.len() as u64, "Wi-Fi station", "Wi-Fi stations"));
    }
    match parts.is_empty() {
        true => "No calls, no RTP, no Wi-Fi beacons.".to_owned(),
        false => parts.join(", ") + ".",
    }
}

/// ` (3 answered, 1 busy)` in the order of the model; nothing for a single call.
fn outcomes(report: &Report) -> String {
    let mut tally: Vec<(CallOutcome, u64)> = Vec::new();
    for call in &report.calls {
        match tally.iter_mut().find(|(outcome, _)| *outcome == call.outcome) {
            Some((_, n)) => *n += 1,
            None => tally.push((call.outcome, 1)),
        }
    }
    let one = |(outcome, n): &(CallOutcome, u64)| match tally.len() {
        1 if *n == 1 => words(outcome),
        1 => format!("all {}", words(outcome)),
        _ => format!("{} {}", grouped(*n), words(outcome)),
    };
    format!(" ({})", tally.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// The lowest MOS-LQ; scales are not compared, so each has its own.
fn worst_mos(streams: &[Stream]) -> String {
    let mut worst: Vec<(Option<_>, f64)> = Vec::new();
    for mos in streams.iter().map(|stream| &stream.mos) {
        let Some(lq) = mos.lq else { continue };
        match worst.iter_mut().find(|(scale, _)| *scale == mos.scale) {
            Some((_, lowest)) => *lowest = lowest.min(lq),
            None => worst.push((mos.scale, lq)),
        }
    }
    if worst.is_empty() {
        return String::new();
    }
    let list: Vec<_> = worst.into_iter().map(|(scale, lq)| mos(lq, scale)).collect();
    format!(" (worst MOS-LQ {})", list.join(", "))
}

/// `2 critical, 1 warning`.
pub(crate) fn tally(report: &Report) -> String {
    let of = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count() as u64;
    let parts = [
        (of(Severity::Critical), "critical", "critical"),
        (of(Severity::Warning), "warning", "warnings"),
        (of(Severity::Note), "note", "notes"),
    ];
    let parts: Vec<_> =
        parts.iter().filter(|part| part.0 > 0).map(|&(n, one, many)| count(n, one, many)).collect();
    parts.join(", ")
}

/// Damage, drops, what was not understood and what was given up.
pub(crate) fn section(page: &mut Page, report: &Report) {
    let lines = lines(&report.capture);
    if lines.is_empty() {
        return;
    }
    page.heading("CAPTURE");
    for (tone, line) in lines {
        match tone {
            Tone::Plain => page.paragraph(2, &line),
            tone => page.toned(2, tone, &line),
        }
    }
}

pub(crate) fn lines(capture: &Capture) -> Vec<(Tone, String)> {
    let mut lines = damage(capture);
    if capture.files.len() > 1 {
        for file in &capture.files {
            let packets = count(file.packets, "packet", "packets");
            lines.push((
                Tone::Plain,
                format!("{}: {}, {packets}", foreign(&file.path), foreign(&file.format)),
            ));
        }
    }
    lines.extend(remarks(capture));
    lines
}

/// What is wrong with the files.
pub(crate) fn damage(capture: &Capture) -> Vec<(Tone, String)> {
    let warnings =
        capture.files.iter().flat_map(|file| file.warnings.iter().map(move |warning| (file, warning)));
    let line = |(file, warning): (&File, &String)| format!("{}: {}", foreign(&file.path), foreign(warning));
    warnings.map(|of| (Tone::Poor, line(of))).collect()
}

/// What is to be known of the packets.
pub(crate) fn remarks(capture: &Capture) -> Vec<(Tone, String)> {
    let mut lines = Vec::new();
    if let Some(dropped) = capture.dropped_by_sensor.filter(|&dropped| dropped > 0) {
        let dropped = count(dropped, "packet", "packets");
        lines.push((Tone::Poor, format!("The sensor dropped {dropped}: losses may be its own.")));
    }
    for path in &capture.paths {
        let lost = path.mirror_lost.filter(|&lost| lost > 0);
        let tone = if lost.is_some() { Tone::Poor } else { Tone::Plain };
        let lost = lost
            .map(|lost| format!(", {} lost between mirror and sensor", grouped(lost)))
            .unwrap_or_default();
        lines.push((
            tone,
            format!("By way of {}: {}{lost}", foreign(&path.label), count(path.packets, "packet", "packets")),
        ));
    }
    for (reason, not) in &capture.not_decoded {
        let share = share(100.0 * not.packets as f64 / capture.packets.max(1) as f64);
        let packets = count(not.packets, "packet", "packets");
        let text = format!(
            "Not decoded: {packets} ({share} %), {}; first frame {}",
            foreign(reason),
            not.first_frame
        );
        lines.push((Tone::Plain, text));
    }
    for (kind, n) in &capture.evicted {
        let text = format!(
            "Given up for lack of room: {} ({}); their figures are missing.",
            foreign(kind),
            grouped(*n)
        );
        lines.push((Tone::Poor, text));
    }
    for missing in &capture.missing_fields {
        lines.push((Tone::Poor, format!("The export lacks {}", foreign(missing))));
    }
    lines
}
