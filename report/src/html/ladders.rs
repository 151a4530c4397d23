//! Ladders on the page: of which calls, within a budget of bytes.

use std::collections::BTreeMap;

use airtone_engine::Report;
use airtone_engine::flow::Flow;
use airtone_engine::model::{Call, CallOutcome};

use crate::flow::ladder::Ladder;
use crate::flow::story_of;
use crate::flow::svg::{self, Place};
use crate::markup::Markup;
use crate::text::select::Named;

/// Ladders that are tried, and bytes that they take together, at most: a report of 1,000 calls stays below 5 MB.
const MOST: usize = 250;
const BYTES: usize = 500_000;

/// The calls that are worth a ladder first: those that findings name, then those that failed, then those that sounded
/// worst, then the others in their order; at most `most`.
#[must_use]
pub fn worth_drawing(report: &Report, most: usize) -> Vec<u32> {
    let named = Named::new(report);
    let streams = &named.streams;
    let is_named =
        |call: &Call| named.calls.contains(&call.id) || call.streams.iter().any(|id| streams.contains(id));
    let failed = |call: &Call| matches!(call.outcome, CallOutcome::Failed | CallOutcome::AuthFailed);
    let mos = |call: &Call| call.mos.map_or(f64::INFINITY, |mos| mos.worst);
    let mut order: Vec<&Call> = report.calls.iter().collect();
    order.sort_by(|a, b| {
        let by_name = is_named(b).cmp(&is_named(a)).then(failed(b).cmp(&failed(a)));
        by_name.then(mos(a).total_cmp(&mos(b))).then(a.id.cmp(&b.id))
    });
    order.into_iter().take(most).map(|call| call.id).collect()
}

/// The ladders of the calls that come first, by call id, as far as their messages were kept. Calls that a transfer or
/// a pickup connects share one; the others of them point to it.
pub(super) fn of(report: &Report, flows: &[Flow]) -> BTreeMap<u32, Markup> {
    let flows: BTreeMap<u32, &Flow> = flows.iter().map(|flow| (flow.call, flow)).collect();
    let mut drawn = BTreeMap::new();
    let mut bytes = 0;
    for id in worth_drawing(report, MOST) {
        if drawn.contains_key(&id) {
            continue;
        }
        let id =
            first_of_story(id, report, |first| flows.contains_key(&first) && !drawn.contains_key(&first));
        let Some(&flow) = flows.get(&id) else { continue };
        let others: Vec<Flow> =
            story_of(id, report).iter().filter_map(|id| flows.get(id).copied().cloned()).collect();
        let flow = flow.clone().with(others);
        let ladder = svg::draw(&Ladder::new(report, &flow), Place::Page);
        if bytes + ladder.len() > BYTES {
            continue;
        }
        bytes += ladder.len();
        for other in &flow.others {
            drawn.entry(*other).or_insert_with(|| pointer(id));
        }
        drawn.insert(id, ladder);
    }
    drawn
}

/// A story is drawn where it begins, unless that call knows nothing of this one: a call does not know of those that
/// wait for its end.
fn first_of_story(id: u32, report: &Report, is_free: impl Fn(u32) -> bool) -> u32 {
    let story = story_of(id, report);
    let knows = |first: u32| story_of(first, report).contains(&id);
    story.into_iter().find(|&first| first < id && is_free(first) && knows(first)).unwrap_or(id)
}

fn pointer(to: u32) -> Markup {
    let mut m = Markup::new();
    m.put("<p>Drawn together with <a")
        .attr("href", &format!("#call-{to}"))
        .put(">call ")
        .show(to)
        .put("</a>.</p>");
    m
}
