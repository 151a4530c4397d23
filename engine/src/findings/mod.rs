//! What a person should look at first: rules over the finished report, each with frames and a display
//! filter that shows them. A rule says what was seen, why it matters, and what would mend it.

mod air;
mod calls;
mod fax;
mod sound;
mod wording;

use crate::dropped::Dropped;
use crate::model::{About, Call, Finding, Report, Severity, Stream};
use crate::packet::Nanos;
use crate::rtp::StreamSummary;
use crate::sip::CallSummary;

/// Frames that one finding names at most.
const MAX_FRAMES: usize = 16;

/// Everything that the rules look at.
struct Facts<'a> {
    /// Without calls and streams: those are beside it.
    report: &'a Report,
    /// By id.
    calls: &'a [CallSummary],
    /// By id.
    streams: &'a [StreamSummary],
    /// What the sensors dropped.
    dropped: &'a Dropped,
}

impl<'a> Facts<'a> {
    /// The streams of a call.
    fn streams_of(&self, call: &'a Call) -> impl Iterator<Item = &'a Stream> {
        let streams = self.streams;
        let find = move |id: &u32| streams.binary_search_by_key(id, |summary| summary.stream.id).ok();
        call.streams.iter().filter_map(find).map(move |place| &streams[place].stream)
    }

    /// Packets that the sensor or a mirror before it may have lost while a stream ran.
    fn unseen(&self, stream: &Stream) -> u64 {
        // A path that leads on from a mirror repeats its figure.
        let mirrored = self.report.capture.paths.iter().filter_map(|path| path.mirror_lost).max();
        let end = stream
            .duration_s
            .map_or(stream.start, |s| Nanos(stream.start.0.saturating_add((s * 1e9) as i64)));
        self.dropped.during(stream.start, end).saturating_add(mirrored.unwrap_or(0))
    }

    /// The call of a stream.
    fn call_of(&self, stream: &Stream) -> Option<&'a CallSummary> {
        let place = self.calls.binary_search_by_key(&stream.call?, |summary| summary.call.id).ok()?;
        self.calls.get(place)
    }
}

/// Applies every rule. Most severe first, then by the first frame named.
#[must_use]
pub(crate) fn find(
    report: &Report,
    calls: &[CallSummary],
    streams: &[StreamSummary],
    dropped: &Dropped,
) -> Vec<Finding> {
    let facts = Facts { report, calls, streams, dropped };
    let mut findings = Vec::new();
    sound::find(&facts, &mut findings);
    calls::find(&facts, &mut findings);
    fax::find(&facts, &mut findings);
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
