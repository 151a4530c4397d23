//! Wi-Fi: a strip of time for each BSS with its outages, marked by letter and pattern as well as by colour; then
//! beacons in figures, outages, stations and roams.

use airtone_engine::model::{BeaconIntervals, Bss, Outage, OutageCause, Station};
use airtone_engine::{Nanos, Report};

use super::charts::steps;
use super::figures::{loss_class, number_cell, percent, relative, severity_class};
use super::points::Points;
use crate::markup::Markup;
use crate::silences;
use crate::text::units::{dash, duration, grouped, millis, or_dash, share};
use crate::words::words;

/// Patterns of the causes, once per page.
const PATTERNS: &str = r#"<svg class=defs width=0 height=0 aria-hidden=true><defs>
<pattern id=p-air width=6 height=6 patternUnits=userSpaceOnUse patternTransform="rotate(45)"><rect class="c-air" width=6 height=6 /><rect class=ink width=2 height=6 /></pattern>
<pattern id=p-ap width=6 height=6 patternUnits=userSpaceOnUse><rect class="c-ap" width=6 height=6 /><rect class=ink width=6 height=2 /></pattern>
<pattern id=p-switch width=6 height=6 patternUnits=userSpaceOnUse><rect class="c-switch" width=6 height=6 /><rect class=ink width=2 height=6 /></pattern>
<pattern id=p-sensor width=6 height=6 patternUnits=userSpaceOnUse><rect class="c-sensor" width=6 height=6 /><circle class=ink cx=3 cy=3 r=1.2 /></pattern>
<pattern id=p-unknown width=8 height=8 patternUnits=userSpaceOnUse><rect class="c-unknown" width=8 height=8 /><path class=inkline d="M0 0L8 8M8 0L0 8"/></pattern>
</defs></svg>
"#;

pub(super) fn is_there(report: &Report) -> bool {
    !report.wifi.bss.is_empty() || !report.wifi.stations.is_empty()
}

pub(super) fn section(m: &mut Markup, report: &Report) {
    if !is_there(report) {
        return;
    }
    m.put("<section id=wifi aria-labelledby=h-wifi><h2 id=h-wifi>Wi-Fi</h2>\n");
    strips(m, report);
    beacons(m, &report.wifi.bss);
    outages(m, report);
    events(m, report);
    stations(m, &report.wifi.stations);
    roams(m, report);
    m.put("</section>\n");
}

/// Hidden names are bracketed, since a network may well be called `hidden`.
fn ssid(bss: &Bss) -> &str {
    bss.ssid.as_deref().unwrap_or("(hidden)")
}

/// Letter, pattern, and what the cause means.
fn cause(cause: OutageCause) -> (&'static str, &'static str, &'static str) {
    match cause {
        OutageCause::Air => ("A", "air", "Air: the AP sent, the sensor heard others"),
        OutageCause::ApRestart => ("R", "ap", "AP restart"),
        OutageCause::ChannelSwitch => ("C", "switch", "Channel switch"),
        OutageCause::Sensor => ("S", "sensor", "Sensor deaf or dropping"),
        OutageCause::OffChannel => ("O", "sensor", "Sensor on another channel"),
        OutageCause::Unknown => ("?", "unknown", "Unknown, not counted as loss"),
    }
}

const CAUSES: [OutageCause; 6] = [
    OutageCause::Air,
    OutageCause::ApRestart,
    OutageCause::ChannelSwitch,
    OutageCause::Sensor,
    OutageCause::OffChannel,
    OutageCause::Unknown,
];

/// Strips at most; those with outages first.
const MOST_STRIPS: usize = 40;

/// The capture from left to right, one strip for each BSS: heard from its first to its last beacon.
fn strips(m: &mut Markup, report: &Report) {
    let (Some(first), Some(seconds)) = (report.capture.first, report.capture.duration_s) else { return };
    let mut shown: Vec<&Bss> = report.wifi.bss.iter().collect();
    shown.sort_by_key(|bss| bss.outages.is_empty());
    shown.truncate(MOST_STRIPS);
    if shown.is_empty() || seconds <= 0.0 {
        return;
    }
    m.put(PATTERNS);
    m.put("<figure class=strips><figcaption>Beacons over time, full height: all that the AP sends; outages are at least three missing in a row</figcaption>\n");
    for bss in &shown {
        m.put("<div class=strip");
        if let (Some(intervals), Some(from)) = (&bss.intervals, bss.first) {
            points(bss, intervals, from.known_seconds_since(first).unwrap_or(0.0)).attribute(m);
        }
        m.put("><span class=lab><b>").text(ssid(bss)).put("</b><br><span class=quiet>");
        m.text(&bss.bssid).put("</span></span>");
        strip(m, bss, first, seconds);
        m.put("</div>\n");
    }
    axis(m, seconds);
    legend(m, &shown);
    m.put("</figure>\n");
}

fn strip(m: &mut Markup, bss: &Bss, first: Nanos, seconds: f64) {
    let place = |at: Nanos| at.known_seconds_since(first).map(|s| (100.0 * s / seconds).clamp(0.0, 100.0));
    let counted = bss.outages.iter().filter(|outage| !outage.is_uncounted());
    let described: Vec<_> =
        counted.map(|outage| in_words(outage, first)).chain(silences::told([bss])).collect();
    let said = match described.as_slice() {
        [] => format!("{}: no outage.", ssid(bss)),
        some => format!("Outages of {}: {}.", ssid(bss), some.join("; ")),
    };
    m.put("<svg class=track role=img").attr("aria-label", &said).put(">");
    if let (Some(from), Some(to)) = (bss.first.and_then(place), bss.last.and_then(place)) {
        match &bss.intervals {
            Some(intervals) => rate(m, bss, intervals, from, to, seconds),
            None => {
                m.put("<rect class=on y=\"25%\" height=\"50%\" rx=3").attr("x", &format!("{from:.2}%"));
                m.attr("width", &format!("{:.2}%", (to - from).max(0.3))).put("/>");
            }
        }
    }
    for outage in &bss.outages {
        if let (Some(from), Some(to)) = (place(outage.from), place(outage.to)) {
            mark(m, outage, first, from, (to - from).max(0.3));
        }
    }
    m.put("</svg>");
}

/// Beacons over time in figures, with what the AP sends in a stretch.
fn points(bss: &Bss, intervals: &BeaconIntervals, start: f64) -> Points {
    let due = intervals.interval_s * 1e6 / (1_024.0 * f64::from(bss.beacon_interval_tu.max(1)));
    let mut points = Points::new(start, intervals.interval_s);
    points.column("Received", intervals.received.iter().map(|&received| Some(f64::from(received))));
    points.column("Sent (about)", intervals.received.iter().map(|_| Some((due * 10.0).round() / 10.0)));
    points
}

/// Beacons received of those that the AP sends, over time: full height is all of them.
fn rate(m: &mut Markup, bss: &Bss, intervals: &BeaconIntervals, from: f64, to: f64, seconds: f64) {
    let heard_s = (to - from) / 100.0 * seconds;
    let per_s = 1e6 / (1_024.0 * f64::from(bss.beacon_interval_tu.max(1)));
    let place = |at: usize| (at as f64 * intervals.interval_s).min(heard_s);
    let levels = intervals.received.iter().enumerate().map(|(at, &received)| {
        let length = place(at + 1) - place(at);
        // The last beacon ends the last interval: it alone says nothing of a rate.
        let due = (length * per_s).max(1.0);
        // Whether a stretch holds nine beacons or ten is chance.
        let share = if f64::from(received) > due - 1.0 { 1.0 } else { f64::from(received) / due };
        (length / heard_s.max(1e-9), Some(share))
    });
    m.put("<svg viewBox=\"0 0 600 100\" preserveAspectRatio=none height=\"100%\"");
    m.attr("x", &format!("{from:.2}%")).attr("width", &format!("{:.2}%", (to - from).max(0.3)));
    m.put("><path class=on").attr_exact("d", &steps(levels)).put("/></svg>");
}

/// One outage, `width` percent of the capture long, with its letter where there is room.
fn mark(m: &mut Markup, outage: &Outage, first: Nanos, from: f64, width: f64) {
    let (letter, pattern, _) = cause(outage.cause);
    m.put("<g><title>")
        .text(&in_words(outage, first))
        .put("</title><rect y=0 height=\"100%\" class=\"out o-");
    m.put(pattern)
        .put("\"")
        .attr("x", &format!("{from:.2}%"))
        .attr("width", &format!("{width:.2}%"))
        .put("/>");
    if width >= 2.5 {
        m.put("<text y=\"50%\"")
            .attr("x", &format!("{:.2}%", from + width / 2.0))
            .put(">")
            .put(letter)
            .put("</text>");
    }
    m.put("</g>");
}

fn in_words(outage: &Outage, first: Nanos) -> String {
    let span = or_dash(outage.to.known_seconds_since(outage.from), duration);
    format!(
        "{span} at {} s, {} beacons, {}",
        relative(Some(first), outage.from),
        outage.lost,
        words(&outage.cause)
    )
}

fn axis(m: &mut Markup, seconds: f64) {
    m.put("<div class=strip aria-hidden=true><span></span><div class=axis>");
    for quarter in 0..=4 {
        m.put("<span>").text(&duration(seconds * f64::from(quarter) / 4.0)).put("</span>");
    }
    m.put("</div></div>");
}

fn legend(m: &mut Markup, shown: &[&Bss]) {
    m.put("<ul class=legend>");
    for known in CAUSES {
        let is_used = shown.iter().flat_map(|bss| &bss.outages).any(|outage| outage.cause == known);
        if is_used {
            let (letter, pattern, meaning) = cause(known);
            m.put("<li><svg class=key aria-hidden=true><rect width=\"100%\" height=\"100%\" class=\"out o-")
                .put(pattern);
            m.put("\"/><text x=\"50%\" y=\"50%\">")
                .put(letter)
                .put("</text></svg> ")
                .put(meaning)
                .put("</li>");
        }
    }
    m.put("</ul>");
}

fn beacons(m: &mut Markup, list: &[Bss]) {
    if list.is_empty() {
        return;
    }
    m.put("<div class=scroll tabindex=0><table class=\"sortable dense\" data-page=100 data-find=BSSs><caption>Beacons</caption><thead><tr>");
    m.put("<th scope=col>Network</th><th scope=col>BSSID</th><th scope=col class=n>Channel</th><th scope=col class=n>Received</th>");
    m.put(
        "<th scope=col class=n>Expected</th><th scope=col class=n>Lost</th><th scope=col class=n>Lost %</th>",
    );
    m.put("<th scope=col class=n>In a row</th><th scope=col class=n>Not observed</th><th scope=col class=n>Signal dBm</th>");
    m.put("<th scope=col class=n>Delay 95 %, ms</th></tr></thead>\n");
    for bss in list {
        let counts = &bss.beacons;
        let class = counts.lost_percent.map_or("", loss_class);
        m.put("<tbody><tr><td>").text(ssid(bss)).put("</td><td class=mono>").text(&bss.bssid).put("</td>");
        whole(m, bss.channel.map(u64::from), "");
        whole(m, Some(counts.received), "");
        whole(m, Some(counts.expected), "");
        whole(m, Some(counts.lost), class);
        number_cell(m, &or_dash(counts.lost_percent, share), counts.lost_percent, class);
        whole(m, Some(counts.longest_run), "");
        whole(m, Some(counts.not_observed), "");
        let signal = bss.signal_dbm.map(|signal| signal.mean);
        number_cell(m, &or_dash(signal, |dbm| format!("{dbm:.0}")), signal, "");
        let delay = bss.beacon_delay_us.map(|delay| delay.p95 / 1e3);
        number_cell(m, &or_dash(delay, millis), delay, "");
        m.put("</tr></tbody>\n");
    }
    m.put("</table></div>\n");
}

fn whole(m: &mut Markup, n: Option<u64>, class: &'static str) {
    number_cell(m, &n.map_or_else(dash, grouped), n.map(|n| n as f64), class);
}

fn outages(m: &mut Markup, report: &Report) {
    let all = report.wifi.bss.iter().flat_map(|bss| bss.outages.iter().map(move |outage| (bss, outage)));
    let (silent, counted): (Vec<_>, Vec<_>) = all.partition(|(_, outage)| outage.is_uncounted());
    if !counted.is_empty() {
        outage_table(m, report, "Outages", &counted);
    }
    if let Some(told) = silences::told(&report.wifi.bss) {
        m.put("<details class=rest><summary>").text(&told).put("</summary>\n");
        outage_table(m, report, "Silences", &silent);
        m.put("</details>\n");
    }
}

fn outage_table(m: &mut Markup, report: &Report, caption: &'static str, list: &[(&Bss, &Outage)]) {
    m.put("<div class=scroll tabindex=0><table class=sortable data-page=100 data-find=outages><caption>");
    m.put(caption).put("</caption><thead><tr>");
    m.put("<th scope=col class=n>At s</th><th scope=col class=n>For</th><th scope=col class=n>Beacons</th><th scope=col>Severity</th>");
    m.put("<th scope=col>Cause</th><th scope=col>Network</th><th scope=col>BSSID</th><th scope=col class=n>After frame</th></tr></thead>\n");
    for (bss, outage) in list {
        m.put("<tbody><tr>");
        let since = report.capture.first.and_then(|first| outage.from.known_seconds_since(first));
        number_cell(m, &relative(report.capture.first, outage.from), since, "");
        let span = outage.to.known_seconds_since(outage.from);
        number_cell(m, &or_dash(span, duration), span, "");
        whole(m, Some(outage.lost), "");
        let class = severity_class(outage.severity);
        m.put("<td><span class=\"severity ").put(class).put("\">").put(class).put("</span></td><td>");
        m.show(words(&outage.cause))
            .put("</td><td>")
            .text(ssid(bss))
            .put("</td><td class=mono>")
            .text(&bss.bssid);
        m.put("</td>");
        whole(m, Some(outage.after_frame), "");
        m.put("</tr></tbody>\n");
    }
    m.put("</table></div>\n");
}

fn events(m: &mut Markup, report: &Report) {
    let mut all =
        report.wifi.bss.iter().flat_map(|bss| bss.events.iter().map(move |event| (bss, event))).peekable();
    if all.peek().is_none() {
        return;
    }
    m.put("<div class=scroll tabindex=0><table><caption>Events of access points</caption><thead><tr><th scope=col class=n>Frame</th>");
    m.put("<th scope=col class=n>At s</th><th scope=col>BSSID</th><th scope=col>Event</th><th scope=col>What</th></tr></thead><tbody>\n");
    for (bss, event) in all {
        m.put("<tr><td class=n>")
            .show(event.frame)
            .put("<td class=n>")
            .text(&relative(report.capture.first, event.at));
        m.put("<td class=mono>").text(&bss.bssid).put("<td>").text(&event.kind.replace('_', " ")).put("<td>");
        m.text(&event.detail).put("</tr>\n");
    }
    m.put("</tbody></table></div>\n");
}

fn stations(m: &mut Markup, list: &[Station]) {
    if list.is_empty() {
        return;
    }
    m.put("<div class=scroll tabindex=0><table class=sortable data-page=100 data-find=stations><caption>Stations</caption><thead><tr>");
    m.put("<th scope=col>Station</th><th scope=col>BSSID</th><th scope=col class=n>Frames</th><th scope=col class=n>Retries</th>");
    m.put("<th scope=col class=n>Signal dBm</th><th scope=col class=n>Weakest</th><th scope=col class=n>Voice frames</th>");
    m.put("<th scope=col class=n>Sent again</th><th scope=col class=n>Roams</th></tr></thead>\n");
    for station in list {
        m.put("<tbody><tr><td class=mono>").text(&station.mac).put("</td><td class=mono>");
        m.text(station.bssid.as_deref().unwrap_or("–")).put("</td>");
        whole(m, Some(station.frames), "");
        number_cell(m, &or_dash(station.retry_percent, percent), station.retry_percent, "");
        for signal in
            [station.signal_dbm.map(|signal| signal.mean), station.signal_dbm.map(|signal| signal.min)]
        {
            number_cell(m, &or_dash(signal, |dbm| format!("{dbm:.0}")), signal, "");
        }
        whole(m, Some(station.voice.frames), "");
        whole(m, Some(station.voice.retries), "");
        whole(m, Some(station.roams.len() as u64), "");
        m.put("</tr></tbody>\n");
    }
    m.put("</table></div>\n");
}

fn roams(m: &mut Markup, report: &Report) {
    let mut all: Vec<_> =
        report.wifi.stations.iter().flat_map(|one| one.roams.iter().map(move |roam| (one, roam))).collect();
    if all.is_empty() {
        return;
    }
    all.sort_by_key(|(_, roam)| roam.at);
    m.put("<div class=scroll tabindex=0><table><caption>Roams</caption><thead><tr><th scope=col class=n>At s</th><th scope=col>Station</th>");
    m.put("<th scope=col>From</th><th scope=col>To</th><th scope=col class=n>Gap</th><th scope=col class=n>Frame</th></tr></thead><tbody>\n");
    for (station, roam) in all {
        m.put("<tr><td class=n>")
            .text(&relative(report.capture.first, roam.at))
            .put("<td class=mono>")
            .text(&station.mac);
        m.put("<td class=mono>")
            .text(roam.from.as_deref().unwrap_or("–"))
            .put("<td class=mono>")
            .text(&roam.to);
        m.put("<td class=n>")
            .text(&or_dash(roam.gap_ms, super::figures::ms))
            .put("<td class=n>")
            .show(roam.frame);
        m.put("</tr>\n");
    }
    m.put("</tbody></table></div>\n");
}
