//! The report: what the trackers found, joined. Calls get their streams, digits and MOS here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::analysis::{Engine, SourceInfo, Span, Trackers};
use crate::dropped::Dropped;
use crate::media::Party;
use crate::model::{self, Call, CallMos, Dtmf, Report, Stream};
use crate::rtp::StreamSummary;
use crate::rtp::tones::is_same;
use crate::sip::CallSummary;
use crate::{call_media, fax, findings};

/// Puts the report together.
pub(crate) fn report(engine: &Engine, source: SourceInfo) -> Report {
    let report = frame(engine, source);
    let Engine { decoder, trackers, span, dropped_by_sensor, .. } = engine;
    let mut calls = trackers.sip.calls(span.end());
    tell_faxes(&trackers.fax, &mut calls);
    let streams = trackers.rtp.streams(span.first.unwrap_or_default(), span.end(), decoder.paths());
    fill(report, calls, streams, dropped_by_sensor)
}

/// The same, giving back each tracker as soon as it has told what it knows.
pub(crate) fn last_report(engine: Engine, source: SourceInfo) -> Report {
    let report = frame(&engine, source);
    let Engine { decoder, trackers: Trackers { sip, rtp, fax, wifi }, span, dropped_by_sensor, .. } = engine;
    drop(wifi);
    let mut calls = sip.calls(span.end());
    drop(sip);
    tell_faxes(&fax, &mut calls);
    drop(fax);
    let streams = rtp.into_streams(decoder.paths());
    fill(report, calls, streams, &dropped_by_sensor)
}

/// Everything but calls, streams and what follows from them.
fn frame(engine: &Engine, source: SourceInfo) -> Report {
    Report {
        schema: model::SCHEMA.to_owned(),
        airtone_version: env!("CARGO_PKG_VERSION").to_owned(),
        capture: capture(engine, source),
        calls: Vec::new(),
        streams: Vec::new(),
        sip: engine.trackers.sip.statistics(engine.span.end()),
        wifi: engine.trackers.wifi.report(engine.span.end()),
        findings: Vec::new(),
    }
}

fn fill(
    mut report: Report,
    mut calls: Vec<CallSummary>,
    mut streams: Vec<StreamSummary>,
    dropped: &Dropped,
) -> Report {
    for summary in &mut streams {
        summary.stream.direction = summary.receiver.map(direction);
    }
    share_calls(&mut streams);
    let by_call = by_call(&streams);
    for summary in &mut calls {
        join(summary, by_call.get(&summary.call.id).map_or(&[], Vec::as_slice));
    }
    drop(by_call);
    call_media::relate(&mut calls, &streams);
    report.findings = findings::find(&report, &calls, &streams, dropped);
    report.calls = calls.into_iter().map(|summary| summary.call).collect();
    report.streams = streams.into_iter().map(|summary| summary.stream).collect();
    report
}

fn tell_faxes(fax: &fax::Tracker, calls: &mut [CallSummary]) {
    for summary in calls {
        fax.tell(&mut summary.call);
    }
}

fn direction(receiver: Party) -> Cow<'static, str> {
    match receiver {
        Party::Caller => "callee_to_caller".into(),
        Party::Callee => "caller_to_callee".into(),
    }
}

/// What a relay sends on, or gets to send on, belongs to the same call in the same direction, even where the
/// SDP of that leg was not seen.
fn share_calls(streams: &mut [StreamSummary]) {
    let places: BTreeMap<u32, usize> = streams.iter().enumerate().map(|(at, s)| (s.stream.id, at)).collect();
    let legs: Vec<(usize, usize)> = streams
        .iter()
        .enumerate()
        .filter_map(|(after, s)| Some((*places.get(&s.stream.relayed_from?)?, after)))
        .collect();
    // once down the chains of relays and once up
    for (from, to) in legs.iter().copied().chain(legs.iter().rev().map(|&(before, after)| (after, before))) {
        let Some(call) = streams[from].stream.call.filter(|_| streams[to].stream.call.is_none()) else {
            continue;
        };
        let (receiver, direction) = (streams[from].receiver, streams[from].stream.direction.clone());
        let leg = &mut streams[to];
        leg.stream.call = Some(call);
        leg.stream.direction = direction;
        leg.receiver = receiver;
    }
}

/// The streams of each call.
fn by_call(streams: &[StreamSummary]) -> BTreeMap<u32, Vec<&StreamSummary>> {
    let mut calls: BTreeMap<u32, Vec<&StreamSummary>> = BTreeMap::new();
    for summary in streams {
        if let Some(call) = summary.stream.call {
            calls.entry(call).or_default().push(summary);
        }
    }
    calls
}

/// Gives a call its streams, and what they tell about it.
fn join(summary: &mut CallSummary, own: &[&StreamSummary]) {
    let call = &mut summary.call;
    call.streams = own.iter().map(|s| s.stream.id).collect();
    // A packet behind a relay got at least so far: the last leg seen is the nearest to the listener.
    let sent_on = |id| own.iter().any(|s| s.stream.relayed_from == Some(id) && s.stream.mos.lq.is_some());
    call.mos = call_mos(own.iter().map(|s| &s.stream).filter(|s| !sent_on(s.id)));
    for summary in own {
        // What a relay sends on are the same digits again.
        if summary.stream.relayed_from.is_none() {
            call.dtmf.extend(summary.dtmf.iter().map(|digit| from_party(digit, summary.receiver)));
        }
    }
    drop_told_twice(&mut call.dtmf);
    call.dtmf.sort_by_key(|d| (d.at, d.frame));
    call_media::tell(call, own);
    feature(call, "dtmf_rfc4733", |c| c.dtmf.iter().any(|d| d.method == "rfc4733"));
    feature(call, "video", |_| own.iter().any(|s| s.stream.media.as_deref() == Some("video")));
    feature(call, "srtp", |_| own.iter().any(|s| s.stream.encrypted));
}

/// A key that is told by a telephone event and by INFO was pressed once: the event, which is in the media that it
/// belongs to, stays. Each event stands for one INFO at most.
fn drop_told_twice(digits: &mut Vec<Dtmf>) {
    let (mut events, mut others) = (Vec::new(), Vec::new());
    for digit in digits.drain(..) {
        if digit.method == "rfc4733" { events.push((digit, false)) } else { others.push(digit) }
    }
    others.retain(|other| {
        let same = events.iter_mut().find(|(event, is_told)| !is_told && is_same(event, other));
        same.map(|same| same.1 = true).is_none()
    });
    digits.extend(events.into_iter().map(|(event, _)| event));
    digits.extend(others);
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
    let rated: Vec<_> =
        streams.filter_map(|s| Some((s.mos.lq?, s.mos.scale?, s.duration_s.unwrap_or(0.0)))).collect();
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
        duration_s: duration_s(span),
        dropped_by_sensor: engine.dropped_by_sensor.total(),
        not_decoded: not_decoded.collect(),
        paths: paths(engine),
        evicted: evicted(engine),
        missing_fields: source.missing_fields,
    }
}

/// 0 of nothing, `None` of frames without times.
fn duration_s(span: &Span) -> Option<f64> {
    match span.first {
        Some(first) => Some(span.last.seconds_since(first)),
        None => (span.frames == 0).then_some(0.0),
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
        ("RTP candidates", engine.trackers.rtp.candidates_dropped()),
        ("digits", engine.trackers.rtp.digits_dropped()),
        ("media endpoints", engine.trackers.rtp.endpoints_dropped()),
        ("BSSs and stations", engine.trackers.wifi.evicted()),
        ("faxes", engine.trackers.fax.dropped()),
        ("TCP bytes", engine.tcp.bytes_skipped()),
        ("TCP streams", engine.tcp.evicted()),
        ("ways to the sensor", engine.decoder.paths_refused()),
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
        Stream { mos, duration_s: Some(duration_s), ..Stream::default() }
    }

    #[test]
    fn a_call_is_as_good_as_its_directions_by_time() {
        let streams = [rated(4.4, Scale::Nb, 30.0), rated(3.2, Scale::Nb, 10.0), Stream::default()];
        let mos = call_mos(streams.iter()).unwrap();
        assert_eq!((mos.worst, mos.scale), (3.2, Scale::Nb));
        assert!((mos.average - 4.1).abs() < 1e-12);
    }

    #[test]
    fn legs_of_a_relay_share_the_call() {
        let leg = |id, relayed_from, call| StreamSummary {
            stream: Stream { id, relayed_from, call, ..Stream::default() },
            receiver: call.map(|_| Party::Caller),
            ..StreamSummary::default()
        };
        // 1 > 2 > 3 of call 7, announced in the middle; 4 > 5 of nobody; 6 alone
        let mut streams = [
            leg(1, None, None),
            leg(2, Some(1), Some(7)),
            leg(3, Some(2), None),
            leg(4, None, None),
            leg(5, Some(4), None),
            leg(6, None, None),
        ];
        share_calls(&mut streams);
        let calls: Vec<_> = streams.iter().map(|s| s.stream.call).collect();
        assert_eq!(calls, [Some(7), Some(7), Some(7), None, None, None]);
        assert_eq!(streams[2].receiver, Some(Party::Caller));
    }

    #[test]
    fn the_last_leg_of_a_relay_rates_the_call() {
        let leg = |id, relayed_from, lq| {
            let mut stream = Stream { id, relayed_from, call: Some(1), ..rated(lq, Scale::Nb, 30.0) };
            stream.media = Some("audio".into());
            StreamSummary { stream, ..StreamSummary::default() }
        };
        let mut summary = CallSummary::default();
        summary.call.id = 1;
        join(&mut summary, &[&leg(1, None, 3.1), &leg(2, Some(1), 4.3)]);
        assert_eq!(summary.call.mos.unwrap().worst, 4.3, "what came out of the relay got into it");
        join(&mut summary, &[&leg(1, None, 4.4), &leg(2, Some(1), 3.0)]);
        assert_eq!(summary.call.mos.unwrap().worst, 3.0);
    }

    #[test]
    fn a_key_told_by_two_methods_was_pressed_once() {
        let digit = |at_ms: i64, digit: &str, method: &str| Dtmf {
            frame: 1,
            at: crate::Nanos(at_ms * crate::Nanos::MILLI),
            from: "caller".to_owned(),
            digit: digit.to_owned(),
            duration_ms: Some(100.0),
            method: method.to_owned(),
        };
        let mut digits = vec![
            digit(0, "5", "rfc4733"),
            digit(120, "5", "info"),
            digit(150, "5", "info"),
            digit(150, "6", "info"),
            digit(1_000, "5", "info"),
        ];
        drop_told_twice(&mut digits);
        let left: Vec<_> = digits.iter().map(|d| (d.at.0 / crate::Nanos::MILLI, &d.method[..])).collect();
        assert_eq!(left, [(0, "rfc4733"), (150, "info"), (150, "info"), (1_000, "info")]);
    }

    #[test]
    fn scales_do_not_mix() {
        let streams = [rated(4.4, Scale::Nb, 30.0), rated(4.2, Scale::Wb, 30.0)];
        assert!(call_mos(streams.iter()).is_none());
    }
}
