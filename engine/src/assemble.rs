//! The report: what the trackers found, joined. Calls get their streams, digits and MOS here.

use std::collections::BTreeMap;

use crate::analysis::{Engine, SourceInfo};
use crate::findings;
use crate::media::Party;
use crate::model::{self, Call, CallMos, Dtmf, Report, Stream};
use crate::rtp::StreamSummary;
use crate::sip::CallSummary;

/// Puts the report together.
pub(crate) fn report(engine: &Engine, source: SourceInfo) -> Report {
    let span = &engine.span;
    let mut calls = engine.trackers.sip.calls(span.last);
    let mut streams =
        engine.trackers.rtp.streams(span.first.unwrap_or_default(), span.last, engine.decoder.paths());
    for summary in &mut streams {
        summary.stream.direction = summary.receiver.map(direction);
    }
    let mut by_call: BTreeMap<u32, Vec<&StreamSummary>> = BTreeMap::new();
    for summary in &streams {
        if let Some(call) = summary.stream.call {
            by_call.entry(call).or_default().push(summary);
        }
    }
    for summary in &mut calls {
        join(summary, by_call.get(&summary.call.id).map_or(&[], Vec::as_slice));
    }
    let mut report = Report {
        schema: model::SCHEMA.to_owned(),
        airtone_version: env!("CARGO_PKG_VERSION").to_owned(),
        capture: capture(engine, source),
        calls: calls.iter().map(|c| c.call.clone()).collect(),
        streams: streams.iter().map(|s| s.stream.clone()).collect(),
        sip: engine.trackers.sip.statistics(),
        wifi: engine.trackers.wifi.report(span.last),
        findings: Vec::new(),
    };
    report.findings = findings::find(&report, &calls, &streams);
    report
}

fn direction(receiver: Party) -> String {
    match receiver {
        Party::Caller => "callee_to_caller".to_owned(),
        Party::Callee => "caller_to_callee".to_owned(),
    }
}

/// Gives a call its streams, and what they tell about it.
fn join(summary: &mut CallSummary, own: &[&StreamSummary]) {
    let call = &mut summary.call;
    call.streams = own.iter().map(|s| s.stream.id).collect();
    call.mos = call_mos(own.iter().map(|s| &s.stream));
    for summary in own {
        // What a relay sends on are the same digits again.
        if summary.stream.relayed_from.is_none() {
            call.dtmf.extend(summary.dtmf.iter().map(|digit| from_party(digit, summary.receiver)));
        }
    }
    call.dtmf.sort_by_key(|d| (d.at, d.frame));
    feature(call, "dtmf_rfc4733", |c| c.dtmf.iter().any(|d| d.method == "rfc4733"));
    feature(call, "video", |_| own.iter().any(|s| s.stream.media.as_deref() == Some("video")));
    feature(call, "srtp", |_| own.iter().any(|s| s.stream.encrypted));
}

/// The sender is the party that does not receive.
fn from_party(digit: &Dtmf, receiver: Option<Party>) -> Dtmf {
    let from = match receiver {
        Some(Party::Caller) => "callee".to_owned(),
        Some(Party::Callee) => "caller".to_owned(),
        None => digit.from.clone(),
    };
    Dtmf { from, ..digit.clone() }
}

fn feature(call: &mut Call, name: &str, holds: impl Fn(&Call) -> bool) {
    if holds(call) && !call.features.iter().any(|f| f == name) {
        call.features.push(name.to_owned());
    }
}

/// Worst and average over the audio streams with a MOS; `None` when they are on different scales.
fn call_mos<'a>(streams: impl Iterator<Item = &'a Stream>) -> Option<CallMos> {
    let rated: Vec<_> = streams.filter_map(|s| Some((s.mos.lq?, s.mos.scale?, s.duration_s))).collect();
    let scale = rated.first()?.1;
    if rated.iter().any(|r| r.1 != scale) {
        return None;
    }
    let worst = rated.iter().map(|r| r.0).fold(f64::INFINITY, f64::min);
    let weight: f64 = rated.iter().map(|r| r.2).sum();
    let average = if weight > 0.0 { rated.iter().map(|r| r.0 * r.2).sum::<f64>() / weight } else { worst };
    Some(CallMos { worst, average, scale })
}

fn capture(engine: &Engine, source: SourceInfo) -> model::Capture {
    let span = &engine.span;
    let not_decoded = engine.decoder.not_decoded().iter().map(|(&reason, n)| {
        (reason.to_owned(), model::NotDecoded { packets: n.packets, first_frame: n.first_frame })
    });
    model::Capture {
        files: source.files,
        packets: span.frames,
        first: span.first,
        last: span.first.map(|_| span.last),
        duration_s: span.first.map_or(0.0, |first| span.last.seconds_since(first)),
        dropped_by_sensor: engine.dropped_by_sensor,
        not_decoded: not_decoded.collect(),
        paths: paths(engine),
        evicted: evicted(engine),
        missing_fields: source.missing_fields,
    }
}

/// Only worth a reader's time when there is a choice, or a mirror that can lose.
fn paths(engine: &Engine) -> Vec<model::Path> {
    let paths = engine.decoder.paths();
    if paths.len() < 2 && paths.iter().all(|p| p.mirror_lost.is_none()) {
        return Vec::new();
    }
    let path = |p: &crate::decode::PathInfo| model::Path {
        label: p.label.clone(),
        packets: p.packets,
        mirror_lost: p.mirror_lost,
    };
    paths.iter().filter(|p| p.packets > 0).map(path).collect()
}

fn evicted(engine: &Engine) -> BTreeMap<String, u64> {
    let counts = [
        ("calls and registrations", engine.trackers.sip.evicted()),
        ("RTP streams", engine.trackers.rtp.evicted()),
        ("BSSs and stations", engine.trackers.wifi.evicted()),
        ("TCP bytes", engine.tcp.bytes_skipped()),
    ];
    counts.into_iter().filter(|c| c.1 > 0).map(|(kind, n)| (kind.to_owned(), n)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::StreamMos;
    use crate::quality::codec::Scale;

    fn rated(lq: f64, scale: Scale, duration_s: f64) -> Stream {
        let mos = StreamMos { lq: Some(lq), scale: Some(scale), ..StreamMos::default() };
        Stream { mos, duration_s, ..Stream::default() }
    }

    #[test]
    fn a_call_is_as_good_as_its_directions_by_time() {
        let streams = [rated(4.4, Scale::Nb, 30.0), rated(3.2, Scale::Nb, 10.0), Stream::default()];
        let mos = call_mos(streams.iter()).unwrap();
        assert_eq!((mos.worst, mos.scale), (3.2, Scale::Nb));
        assert!((mos.average - 4.1).abs() < 1e-12);
    }

    #[test]
    fn scales_do_not_mix() {
        let streams = [rated(4.4, Scale::Nb, 30.0), rated(4.2, Scale::Wb, 30.0)];
        assert!(call_mos(streams.iter()).is_none());
    }
}
