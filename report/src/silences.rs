//! Silences of access points that nobody can explain: no outages, and not counted as loss. One line for all of them.

use airtone_engine::model::{Bss, Outage};

use crate::text::units::{count, duration};

/// `61 silences of unknown cause, 410 ms to 3.28 s each, not counted as loss`; `None` where there are none.
pub(crate) fn told<'a>(list: impl IntoIterator<Item = &'a Bss>) -> Option<String> {
    let (mut bsss, mut lengths) = (0, Vec::new());
    for bss in list {
        let before = lengths.len();
        let silences = bss.outages.iter().filter(|outage| outage.is_uncounted());
        lengths.extend(silences.filter_map(|outage| outage.to.known_seconds_since(outage.from)));
        bsss += u64::from(lengths.len() > before);
    }
    let shortest = duration(lengths.iter().copied().reduce(f64::min)?);
    let longest = duration(lengths.iter().copied().reduce(f64::max)?);
    let lasted = match lengths.len() {
        _ if shortest != longest => format!("{shortest} to {longest} each"),
        1 => longest,
        _ => format!("{longest} each"),
    };
    let of_whom = if bsss > 1 { format!(" of {}", count(bsss, "BSS", "BSSs")) } else { String::new() };
    let silences = count(lengths.len() as u64, "silence", "silences");
    Some(format!("{silences}{of_whom}, cause unknown, {lasted}, not counted as loss"))
}

/// Something went wrong in the air: neither such a silence nor a time when the sensor was deaf or elsewhere.
pub(crate) fn is_outage(outage: &&Outage) -> bool {
    !outage.is_uncounted() && !outage.is_of_sensor()
}

#[cfg(test)]
mod tests {
    use super::*;
    use airtone_engine::Nanos;
    use airtone_engine::model::{OutageCause, Severity};

    fn bss(outages: &[(OutageCause, i64)]) -> Bss {
        let outage = |&(cause, ms): &(OutageCause, i64)| Outage {
            from: Nanos(0),
            to: if ms > 0 { Nanos(ms * Nanos::MILLI) } else { Nanos::UNKNOWN },
            lost: 9,
            severity: Severity::Note,
            cause,
            after_frame: 1,
        };
        Bss { outages: outages.iter().map(outage).collect(), ..Bss::default() }
    }

    #[test]
    fn only_what_nobody_can_explain_is_told() {
        use OutageCause::{Air, OffChannel, Unknown};
        assert_eq!(told(&[bss(&[(Air, 900), (OffChannel, 800)])]), None);
        // Without times nobody knows of a silence: what is missing by the AP's clock counts.
        assert_eq!(told(&[bss(&[(Unknown, 0)])]), None);
        let one = told(&[bss(&[(Unknown, 900), (Air, 100)])]);
        assert_eq!(one.as_deref(), Some("1 silence, cause unknown, 900 ms, not counted as loss"));
        let two = told(&[bss(&[(Unknown, 900), (Unknown, 900)])]);
        assert_eq!(two.as_deref(), Some("2 silences, cause unknown, 900 ms each, not counted as loss"));
        let many = told(&[bss(&[(Unknown, 900)]), bss(&[]), bss(&[(Unknown, 2_100), (Unknown, 1_000)])]);
        let text = "3 silences of 2 BSSs, cause unknown, 900 ms to 2.10 s each, not counted as loss";
        assert_eq!(many.as_deref(), Some(text));
    }
}
