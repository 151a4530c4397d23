//! Figures as people read them: durations, shares, counts, times of day. ASCII throughout.

use airtone_engine::Nanos;
use airtone_engine::quality::codec::Scale;

use crate::escape::printable;
use crate::words::name;

/// Characters of one foreign string that are shown; the JSON report has all of them.
const LONGEST: usize = 300;

/// Foreign text, safe to print.
pub(crate) fn foreign(text: &str) -> String {
    let safe = printable(text);
    match safe.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &safe[..end]),
        None => safe.into_owned(),
    }
}

/// Foreign text, or `-`.
pub(crate) fn foreign_or_dash(text: Option<&str>) -> String {
    text.map_or_else(dash, foreign)
}

/// An address of record without the scheme that nearly all have.
pub(crate) fn party(aor: &str) -> String {
    let aor = aor.strip_prefix("sip:").unwrap_or(aor);
    if aor.is_empty() { "(nobody)".to_owned() } else { foreign(aor) }
}

/// What is not known.
pub(crate) fn dash() -> String {
    "-".to_owned()
}

/// `85 ms`, `12.3 s`, `1 min 23 s`, `2 h 03 min`.
pub(crate) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return dash();
    }
    let (sign, seconds) = if seconds < 0.0 { ("-", -seconds) } else { ("", seconds) };
    if seconds == 0.0 {
        return "0 s".to_owned();
    }
    if seconds < 0.9995 {
        return format!("{sign}{} ms", millis(seconds * 1e3));
    }
    if seconds < 9.995 {
        return format!("{sign}{seconds:.2} s");
    }
    if seconds < 59.95 {
        return format!("{sign}{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    if whole < 3600 {
        return format!("{sign}{} min {:02} s", whole / 60, whole % 60);
    }
    let minutes = (seconds / 60.0).round() as u64;
    format!("{sign}{} h {:02} min", minutes / 60, minutes % 60)
}

/// Milliseconds with a precision that suits their size.
pub(crate) fn millis(ms: f64) -> String {
    match ms.abs() {
        m if !m.is_finite() => dash(),
        m if m < 0.0005 => "0".to_owned(),
        m if m < 0.1 => format!("{ms:.3}"),
        m if m < 9.95 => format!("{ms:.2}"),
        m if m < 99.95 => format!("{ms:.1}"),
        _ => format!("{ms:.0}"),
    }
}

/// A share: `0`, `<0.01`, `0.25`, `12.5`; `100` only for all of it.
pub(crate) fn share(percent: f64) -> String {
    match percent {
        p if !p.is_finite() => dash(),
        p if p <= 0.0 => "0".to_owned(),
        p if p < 0.01 => "<0.01".to_owned(),
        p if p < 9.995 => format!("{p:.2}"),
        p if p < 99.95 => format!("{p:.1}"),
        p if p < 100.0 => ">99.9".to_owned(),
        _ => "100".to_owned(),
    }
}

/// `1 call`, `3 calls`, `1,234,567 packets`.
pub(crate) fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// Digits in groups of three.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A MOS with its scale, e.g. `4.41 nb`.
pub(crate) fn mos(mos: f64, scale: Option<Scale>) -> String {
    match scale {
        Some(scale) => format!("{mos:.2} {}", name(&scale)),
        None => format!("{mos:.2}"),
    }
}

/// A figure, or `-`.
pub(crate) fn or_dash<T>(value: Option<T>, text: impl FnOnce(T) -> String) -> String {
    value.map_or_else(dash, text)
}

/// `2026-11-21 20:30:00 UTC`.
pub(crate) fn date_and_time(at: Nanos) -> String {
    strftime(at, "%Y-%m-%d %H:%M:%S UTC")
}

/// `20:30:00.123 UTC`, or `-`.
pub(crate) fn time_of_day(at: Nanos) -> String {
    at.known().map_or_else(dash, |at| strftime(at, "%H:%M:%S%.3f UTC"))
}

fn strftime(at: Nanos, format: &str) -> String {
    match jiff::Timestamp::from_nanosecond(i128::from(at.0)) {
        Ok(time) => time.strftime(format).to_string(),
        Err(_) => at.to_string(),
    }
}

/// Ids in short: `1-4, 7`.
pub(crate) fn ids(ids: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &id in ids {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(id) => *last = id,
            _ => runs.push((id, id)),
        }
    }
    let one = |&(first, last): &(u32, u32)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first}-{last}"),
    };
    runs.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let expected = [
            (0.0, "0 s"),
            (0.0003, "0.30 ms"),
            (0.0854, "85.4 ms"),
            (1.0, "1.00 s"),
            (12.34, "12.3 s"),
            (59.99, "1 min 00 s"),
            (83.4, "1 min 23 s"),
            (3599.7, "1 h 00 min"),
            (7380.0, "2 h 03 min"),
            (-0.5, "-500 ms"),
        ];
        for (seconds, text) in expected {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn shares_never_round_to_none_or_all() {
        let expected =
            [(0.0, "0"), (0.001, "<0.01"), (0.25, "0.25"), (12.34, "12.3"), (99.99, ">99.9"), (100.0, "100")];
        for (percent, text) in expected {
            assert_eq!(share(percent), text, "{percent}");
        }
    }

    #[test]
    fn groups_and_runs() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(999), "999");
        assert_eq!(ids(&[1, 2, 3, 4, 7, 9, 10]), "1-4, 7, 9, 10");
        assert_eq!(ids(&[]), "");
    }

    #[test]
    fn times() {
        assert_eq!(date_and_time(Nanos(1_196_188_984_123_456_789)), "2007-11-27 18:43:04 UTC");
        assert_eq!(time_of_day(Nanos(1_196_188_984_123_456_789)), "18:43:04.123 UTC");
    }
}
