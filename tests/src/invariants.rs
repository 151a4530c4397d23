//! What holds for every report, whatever the capture.

use airtone_engine::Report;
use serde_json::Value;

/// Every rule that the report breaks, in words.
///
/// # Panics
/// When it cannot be written as JSON.
#[must_use]
pub fn broken(report: &Report) -> Vec<String> {
    let value = serde_json::to_value(report).expect("a report is JSON");
    let mut out = broken_json(&value);
    if has_no_number(&format!("{report:?}")) {
        out.push("a figure is no finite number".to_owned());
    }
    out
}

/// As [`broken`] for a report that was read from JSON.
#[must_use]
pub fn broken_json(report: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let mut check = |rules: Vec<(bool, &'static str)>, what: &Value| {
        let broken = rules.into_iter().filter(|(holds, _)| !holds);
        out.extend(broken.map(|(_, rule)| format!("{rule}: {}", short(what))));
    };
    check(
        vec![(at_least(&report["capture"]["duration_s"], 0.0), "duration of the capture")],
        &report["capture"],
    );
    let ids: Vec<u64> = all(&report["streams"]).map(|stream| number(stream, "id") as u64).collect();
    check(vec![(ids.is_sorted_by(|a, b| a < b), "ids of streams rise")], &report["schema"]);
    all(&report["streams"]).for_each(|stream| check(stream_rules(stream), stream));
    all(&report["calls"]).for_each(|call| check(call_rules(call), call));
    all(&report["wifi"]["bss"]).for_each(|bss| check(bss_rules(bss), bss));
    all(&report["wifi"]["stations"]).for_each(|station| check(station_rules(station), station));
    out
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(1_500).collect()
}

fn all(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// A count that is always there.
fn number(of: &Value, name: &str) -> f64 {
    of[name].as_f64().unwrap_or(f64::NAN)
}

/// A count that may be unknown.
fn known(of: &Value, name: &str) -> f64 {
    of[name].as_f64().unwrap_or(0.0)
}

fn at_least(value: &Value, least: f64) -> bool {
    value.is_null() || value.as_f64().is_some_and(|value| value >= least)
}

fn within(value: &Value, min: f64, max: f64) -> bool {
    value.is_null() || value.as_f64().is_some_and(|value| (min..=max).contains(&value))
}

fn is_mos(value: &Value) -> bool {
    within(value, 1.0, 4.5)
}

fn is_percent(value: &Value) -> bool {
    within(value, 0.0, 100.0)
}

/// Lowest, mean and highest in this order, none below 0.
fn in_order(of: &Value) -> bool {
    let [min, mean, max] = ["min", "mean", "max"].map(|name| number(of, name));
    of.is_null() || (0.0 <= min && min <= max && 0.0 <= mean)
}

fn stream_rules(stream: &Value) -> Vec<(bool, &'static str)> {
    let n = |name: &str| number(stream, name);
    let (mos, bursts, worst) = (&stream["mos"], &stream["bursts"], &stream["mos_worst_interval"]);
    let curve = || all(&stream["buffer_curve"]);
    vec![
        (n("packets") + n("lost") == n("expected"), "packets + lost == expected"),
        (known(stream, "late") <= n("packets"), "late <= packets"),
        (n("out_of_order") <= n("packets"), "out_of_order <= packets"),
        (is_percent(&stream["lost_percent"]) && is_percent(&stream["late_percent"]), "percent"),
        (n("first_frame") <= n("last_frame"), "frames in order"),
        (at_least(&stream["duration_s"], 0.0), "duration"),
        (is_mos(&mos["lq"]) && is_mos(&mos["cq"]) && is_mos(&worst["lq"]), "MOS"),
        (curve().all(|point| is_mos(&point["lq"]) && is_percent(&point["late_percent"])), "curve"),
        (in_order(&stream["jitter_ms"]), "jitter"),
        (in_order(&stream["delta_ms"]), "delta"),
        (is_percent(&bursts["burst_density_percent"]), "burst density"),
        (is_percent(&bursts["gap_density_percent"]), "gap density"),
        // Where some times are unknown, how many came late is not told, and those that are known to stand in the runs.
        (
            stream["late"].is_null() || number(bursts, "longest_loss") <= n("lost") + known(stream, "late"),
            "longest loss",
        ),
        (at_least(&worst["interval_s"], 0.0), "worst interval"),
    ]
}

fn call_rules(call: &Value) -> Vec<(bool, &'static str)> {
    let times = ["duration_s", "ring_s", "setup_s", "post_dial_delay_s"];
    vec![
        (times.iter().all(|name| at_least(&call[name], 0.0)), "times of a call"),
        (is_mos(&call["mos"]["worst"]) && is_mos(&call["mos"]["average"]), "MOS of a call"),
        (all(&call["fax"]["directions"]).all(is_fax_direction), "a direction of a fax"),
    ]
}

fn is_fax_direction(direction: &Value) -> bool {
    let n = |name: &str| number(direction, name);
    n("packets") + n("lost") == n("expected")
        && n("repaired") + n("unrepaired") <= n("lost")
        && n("first_frame") <= n("last_frame")
        && at_least(&direction["duration_s"], 0.0)
}

fn bss_rules(bss: &Value) -> Vec<(bool, &'static str)> {
    let n = |name: &str| number(&bss["beacons"], name);
    vec![
        (n("received") + n("lost") == n("expected"), "received + lost == expected"),
        (n("longest_run") <= n("lost"), "longest run"),
        (at_least(&bss["duration_s"], 0.0), "duration of a BSS"),
        (number(bss, "first_frame") <= number(bss, "last_frame"), "frames in order"),
    ]
}

fn station_rules(station: &Value) -> Vec<(bool, &'static str)> {
    let voice = &station["voice"];
    vec![
        (number(voice, "retries") <= number(voice, "frames"), "voice retries"),
        (all(&station["roams"]).all(|roam| at_least(&roam["gap_ms"], 0.0)), "gap of a roam"),
        (is_percent(&station["retry_percent"]), "retries"),
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
    let mut words = plain.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.any(|word| matches!(word, "NaN" | "inf"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use airtone_engine::model::Stream;

    #[test]
    fn what_is_no_number_is_found() {
        assert!(has_no_number("A { b: NaN }") && has_no_number("Some(-inf)"));
        assert!(!has_no_number(r#"A { b: "NaN \" inf", inferred: 1 }"#));
    }

    #[test]
    fn a_broken_stream_is_found() {
        let stream = Stream { packets: 3, expected: 2, ..Stream::default() };
        let mut stream = serde_json::to_value(stream).unwrap();
        stream["duration_s"] = (-1.0).into();
        let broken: Vec<&str> =
            stream_rules(&stream).into_iter().filter(|(holds, _)| !holds).map(|(_, rule)| rule).collect();
        assert_eq!(broken, ["packets + lost == expected", "duration"]);
    }
}
