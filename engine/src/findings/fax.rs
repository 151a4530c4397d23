//! Rules about fax by T.38: one that failed, pages that were refused, packets that nothing brought back.

use crate::model::{Call, Fax, FaxDirection, FaxResult, Finding, Severity};

use super::wording::{count, one_way};
use super::{Facts, finding};

/// One side went silent so long before the other one.
const SILENT_S: f64 = 3.0;

pub(super) fn find(facts: &Facts<'_>, out: &mut Vec<Finding>) {
    for summary in facts.calls {
        let call = &summary.call;
        let Some(fax) = call.fax.as_deref() else { continue };
        let rules = [failed(call, fax), refused(call, fax)].into_iter().flatten();
        let lossy = fax.directions.iter().filter_map(|direction| loss(facts, call, fax, direction));
        out.extend(rules.chain(lossy).map(|mut found| {
            found.about.call = Some(call.id);
            found
        }));
    }
}

fn failed(call: &Call, fax: &Fax) -> Option<Finding> {
    if fax.result != FaxResult::Failed {
        return None;
    }
    let title = format!("Fax failed: call {}", call.id);
    let mut detail = capitalised(&fax.detail);
    detail += &silent(fax).unwrap_or_default();
    let lost: u64 = fax.directions.iter().map(|direction| direction.unrepaired).sum();
    if lost > 0 {
        detail += &format!(" {} were lost and not repaired.", count(lost, "T.38 packet"));
    }
    let mut found = finding(Severity::Critical, "fax_failed", title, detail);
    found.frames = frames(call, &["fax_session", "fax_page", "fax_end"]);
    found.filter = both_ways(fax);
    Some(found)
}

fn refused(call: &Call, fax: &Fax) -> Option<Finding> {
    if fax.result != FaxResult::PartlyConfirmed {
        return None;
    }
    let title = format!("Fax pages refused: call {}", call.id);
    let detail = format!(
        "{}: the receiver could not read a page. Whether it was sent again, T.30 does not say.",
        capitalised(&fax.detail).trim_end_matches('.')
    );
    let mut found = finding(Severity::Warning, "fax_pages_refused", title, detail);
    found.frames = frames(call, &["fax_page"]);
    found.filter = both_ways(fax);
    Some(found)
}

fn loss(facts: &Facts<'_>, call: &Call, fax: &Fax, direction: &FaxDirection) -> Option<Finding> {
    if direction.unrepaired == 0 {
        return None;
    }
    let way = direction.direction.as_deref().unwrap_or_default().replace('_', " ");
    let title = format!("T.38 packets lost without repair: call {}, {way}", call.id);
    let by = direction.repair.as_deref().map_or_else(String::new, |by| format!(" by {by}"));
    let mut detail = format!(
        "{} of {} were lost, {} of them repaired{by}.",
        direction.lost,
        count(direction.expected, "packet"),
        direction.repaired,
    );
    let end = direction.start.0.saturating_add((direction.duration_s.unwrap_or(0.0) * 1e9) as i64);
    if facts.dropped.during(direction.start, crate::Nanos(end)) > 0 {
        detail += " The sensor dropped packets meanwhile: they may have arrived.";
    } else if direction.repair.is_none() {
        detail += " The sender does not repeat packets (T38FaxUdpEC).";
    } else {
        detail += " Bursts were longer than what later packets repeat.";
    }
    let is_harmless = matches!(fax.result, FaxResult::Confirmed);
    let severity = if is_harmless { Severity::Note } else { Severity::Warning };
    let mut found = finding(severity, "fax_loss", title, detail);
    found.frames = call
        .events
        .iter()
        .filter(|event| event.kind == "fax_loss" && is_of(direction, &event.detail))
        .map(|event| event.frame)
        .collect();
    if found.frames.is_empty() {
        found.frames = vec![direction.first_frame, direction.last_frame];
    }
    found.filter = one_way(direction.source, direction.destination);
    Some(found)
}

/// What the event tells happened to packets of this direction.
fn is_of(direction: &FaxDirection, detail: &str) -> bool {
    let sender = match direction.direction.as_deref() {
        Some("caller_to_callee") => "of the caller",
        Some("callee_to_caller") => "of the callee",
        _ => return true,
    };
    detail.contains(sender)
}

/// ` The last packet of the callee came 20.9 s before the end.`
fn silent(fax: &Fax) -> Option<String> {
    let end = |one: &FaxDirection| Some(one.start.known()?.0 as f64 / 1e9 + one.duration_s?);
    let last = fax.directions.iter().filter_map(end).fold(f64::NEG_INFINITY, f64::max);
    let early = |one: &&FaxDirection| end(one).is_some_and(|end| last - end >= SILENT_S);
    let silent = fax.directions.iter().find(early)?;
    let who = match silent.direction.as_deref()? {
        "caller_to_callee" => "caller",
        _ => "callee",
    };
    Some(format!(" The last packet of the {who} came {:.1} s before the end.", last - end(silent)?))
}

fn frames(call: &Call, kinds: &[&str]) -> Vec<u64> {
    let told = call.events.iter().filter(|event| kinds.contains(&event.kind.as_ref()));
    let mut frames: Vec<u64> = told.map(|event| event.frame).collect();
    frames.dedup();
    // the last ones say how it went
    frames.split_off(frames.len().saturating_sub(super::MAX_FRAMES))
}

fn both_ways(fax: &Fax) -> String {
    let ways = fax.directions.iter().map(|one| format!("({})", one_way(one.source, one.destination)));
    ways.collect::<Vec<_>>().join(" || ")
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map_or_else(String::new, |first| first.to_uppercase().to_string());
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Endpoint, Nanos};
    use crate::sip::CallSummary;

    fn direction(name: &'static str, length_s: f64, lost: u64, repaired: u64) -> FaxDirection {
        let (source, destination) = (Endpoint::v4([192, 0, 2, 1], 4000), Endpoint::v4([192, 0, 2, 2], 5000));
        FaxDirection {
            source,
            destination,
            direction: Some(name.into()),
            first_frame: 1,
            last_frame: 9,
            start: Nanos(0),
            duration_s: Some(length_s),
            packets: 100 - lost,
            expected: 100,
            lost,
            repaired,
            unrepaired: lost - repaired,
            repeats: 0,
            out_of_order: 0,
            unread: 0,
            repair: Some("redundancy".into()),
        }
    }

    fn told(result: FaxResult, directions: Vec<FaxDirection>) -> Vec<Finding> {
        let fax = Fax { result, detail: "page 1 broke off".into(), directions, ..Fax::default() };
        let call = crate::model::Call { id: 1, fax: Some(Box::new(fax)), ..Call::default() };
        let report = crate::Engine::new(crate::Config::default()).report(crate::SourceInfo::default());
        let calls = [CallSummary { call, ..CallSummary::default() }];
        let facts = Facts { report: &report, calls: &calls, streams: &[], dropped: &Default::default() };
        let mut out = Vec::new();
        find(&facts, &mut out);
        out
    }

    #[test]
    fn a_fax_that_failed_is_critical_and_says_who_fell_silent() {
        let ways = vec![direction("caller_to_callee", 40.0, 4, 4), direction("callee_to_caller", 11.5, 0, 0)];
        let found = told(FaxResult::Failed, ways);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].severity, &found[0].kind[..]), (Severity::Critical, "fax_failed"));
        assert_eq!(
            found[0].detail,
            "Page 1 broke off. The last packet of the callee came 28.5 s before the end."
        );
    }

    #[test]
    fn loss_that_was_repaired_is_no_matter() {
        assert!(told(FaxResult::Confirmed, vec![direction("caller_to_callee", 9.0, 4, 4)]).is_empty());
        let found = told(FaxResult::Confirmed, vec![direction("caller_to_callee", 9.0, 4, 3)]);
        assert_eq!((found[0].severity, found[0].frames.clone()), (Severity::Note, vec![1, 9]));
        let found = told(FaxResult::Open, vec![direction("caller_to_callee", 9.0, 4, 3)]);
        assert_eq!(found[0].severity, Severity::Warning);
        assert_eq!(found[0].filter, "ip.src == 192.0.2.1 && ip.dst == 192.0.2.2 && udp.dstport == 5000");
    }
}
