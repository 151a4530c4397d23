//! What holds for every report, whatever the capture.

use airtone_engine::Report;
use airtone_engine::model::{Bss, Stream};

/// Every rule that the report breaks, in words.
#[must_use]
pub fn broken(report: &Report) -> Vec<String> {
    let mut out = Vec::new();
    let mut check = |holds: bool, what: &dyn Fn() -> String| {
        if !holds {
            out.push(what());
        }
    };
    check(report.capture.duration_s >= 0.0, &|| format!("capture lasts {}", report.capture.duration_s));
    for (n, stream) in report.streams.iter().enumerate() {
        for (holds, rule) in stream_rules(stream) {
            check(holds, &|| format!("stream {n}: {rule}: {}", figures(stream)));
        }
    }
    for bss in &report.wifi.bss {
        for (holds, rule) in bss_rules(bss) {
            check(holds, &|| format!("{rule}: {bss:?}"));
        }
    }
    for station in &report.wifi.stations {
        check(station.voice.retries <= station.voice.frames, &|| format!("voice: {station:?}"));
        let gaps = station.roams.iter().filter_map(|roam| roam.gap_ms);
        check(gaps.into_iter().all(|ms| ms >= 0.0), &|| format!("a gap below 0: {station:?}"));
    }
    for call in &report.calls {
        let times = [call.duration_s, call.ring_s, call.setup_s, call.post_dial_delay_s];
        check(times.into_iter().flatten().all(|s| s >= 0.0), &|| format!("a time below 0: {call:?}"));
        check(call.mos.is_none_or(|mos| is_mos(mos.worst) && is_mos(mos.average)), &|| {
            format!("MOS: {call:?}")
        });
    }
    let ids: Vec<u32> = report.streams.iter().map(|stream| stream.id).collect();
    check(ids.is_sorted_by(|a, b| a < b), &|| format!("ids of streams: {ids:?}"));
    check(!has_no_number(&format!("{report:?}")), &|| "a figure is no finite number".to_owned());
    out
}

fn is_mos(value: f64) -> bool {
    (1.0..=4.5).contains(&value)
}

/// What the rules are about.
fn figures(stream: &Stream) -> String {
    let Stream { packets, expected, lost, late, out_of_order, duration_s, jitter_ms, delta_ms, .. } = stream;
    format!(
        "packets {packets} expected {expected} lost {lost} late {late} out_of_order {out_of_order} \
         duration_s {duration_s} {jitter_ms:?} {delta_ms:?} {:?} {:?} {:?}",
        stream.bursts, stream.mos_worst_interval, stream.mos
    )
}

fn stream_rules(stream: &Stream) -> Vec<(bool, &'static str)> {
    let percent = |value: f64| (0.0..=100.0).contains(&value);
    let mos = [stream.mos.lq, stream.mos.cq, stream.mos_worst_interval.map(|worst| worst.lq)];
    let curve = || stream.buffer_curve.iter();
    vec![
        (stream.packets + stream.lost == stream.expected, "packets + lost == expected"),
        (stream.late <= stream.packets, "late <= packets"),
        (stream.out_of_order <= stream.packets, "out_of_order <= packets"),
        (percent(stream.lost_percent) && percent(stream.late_percent), "percent"),
        (stream.first_frame <= stream.last_frame, "frames in order"),
        (stream.duration_s >= 0.0, "duration"),
        (mos.into_iter().flatten().all(is_mos), "MOS"),
        (curve().filter_map(|point| point.lq).all(is_mos), "MOS of the curve"),
        (curve().all(|point| percent(point.late_percent)), "late percent of the curve"),
        (stream.jitter_ms.is_none_or(|j| 0.0 <= j.min && j.min <= j.mean && j.mean <= j.max), "jitter"),
        (stream.delta_ms.is_none_or(|d| 0.0 <= d.min && d.min <= d.max && d.mean >= 0.0), "delta"),
        (percent(stream.bursts.burst_density_percent), "burst density"),
        (percent(stream.bursts.gap_density_percent), "gap density"),
        (stream.bursts.longest_loss <= stream.lost + stream.late, "longest loss"),
        (stream.mos_worst_interval.is_none_or(|worst| worst.interval_s >= 0.0), "worst interval"),
    ]
}

fn bss_rules(bss: &Bss) -> Vec<(bool, &'static str)> {
    let beacons = &bss.beacons;
    vec![
        (beacons.received + beacons.lost == beacons.expected, "received + lost == expected"),
        (beacons.longest_run <= beacons.lost, "longest run"),
        (bss.duration_s >= 0.0, "duration"),
        (bss.first_frame <= bss.last_frame, "frames in order"),
    ]
}

/// JSON writes NaN and infinity as `null`; the debug text does not. Texts in quotes do not count.
fn has_no_number(debug: &str) -> bool {
    let mut quoted = false;
    let mut escaped = false;
    let plain: String = debug
        .chars()
        .filter(|&c| {
            let inside = quoted;
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ => {}
            }
            !inside && !quoted
        })
        .collect();
    let words = plain.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.into_iter().any(|word| matches!(word, "NaN" | "inf"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_found() {
        assert!(has_no_number("A { b: NaN }") && has_no_number("Some(-inf)"));
        assert!(!has_no_number(r#"A { b: "NaN \" inf", inferred: 1 }"#));
    }

    #[test]
    fn a_broken_stream_is_found() {
        let stream = Stream { packets: 3, expected: 2, duration_s: -1.0, ..Stream::default() };
        let broken: Vec<&str> =
            stream_rules(&stream).into_iter().filter(|(holds, _)| !holds).map(|(_, rule)| rule).collect();
        assert_eq!(broken, ["packets + lost == expected", "duration"]);
    }
}
