//! What a person should look at first: rules over the finished report, each with frames and a display
//! filter that shows them. A rule says what was seen, why it matters, and what would mend it.

mod air;
mod calls;
mod sound;
mod wording;

use crate::model::{About, Call, Finding, Report, Severity, Stream};
use crate::rtp::StreamSummary;
use crate::sip::CallSummary;

/// Frames that one finding names at most.
const MAX_FRAMES: usize = 16;

/// Everything that the rules look at.
struct Facts<'a> {
    report: &'a Report,
    calls: &'a [CallSummary],
    streams: &'a [StreamSummary],
}

impl Facts<'_> {
    /// The streams of a call, found by their ids, in which they are sorted: a capture may have as many calls as
    /// streams.
    fn streams_of(&self, call: &Call) -> impl Iterator<Item = &Stream> {
        let streams = &self.report.streams;
        call.streams.iter().filter_map(|id| streams.get(streams.binary_search_by_key(id, |s| s.id).ok()?))
    }
}

/// Applies every rule. Most severe first, then by the first frame named.
#[must_use]
pub(crate) fn find(report: &Report, calls: &[CallSummary], streams: &[StreamSummary]) -> Vec<Finding> {
    let facts = Facts { report, calls, streams };
    let mut findings = Vec::new();
    sound::find(&facts, &mut findings);
    calls::find(&facts, &mut findings);
    air::find(&facts, &mut findings);
    for finding in &mut findings {
        finding.frames.truncate(MAX_FRAMES);
    }
    findings.sort_by_key(|f| (std::cmp::Reverse(f.severity), f.frames.first().copied()));
    findings
}

/// A finding about nothing in particular yet.
fn finding(severity: Severity, kind: &str, title: String, detail: String) -> Finding {
    Finding {
        severity,
        kind: kind.to_owned(),
        title,
        detail,
        frames: Vec::new(),
        filter: String::new(),
        about: About::default(),
    }
}
