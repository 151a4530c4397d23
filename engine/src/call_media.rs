//! What the media of a call tell that its signalling does not: sound before the answer, music for who is on hold,
//! a call whose sound is sent on in another.

use std::collections::BTreeMap;

use crate::model::{Call, Event, Stream};
use crate::packet::Nanos;
use crate::rtp::StreamSummary;
use crate::sip::CallSummary;

/// Sound this long before the answer is no accident of order.
const EARLY: i64 = Nanos::SECOND / 2;
/// Fewer packets are the end of something else.
const MIN_PACKETS: u64 = 50;

/// Adds it to the story of one call.
pub(crate) fn tell(call: &mut Call, own: &[&StreamSummary]) {
    let from_callee = |s: &&Stream| s.direction.as_deref() == Some("callee_to_caller");
    let audio = || own.iter().map(|s| &s.stream).filter(|s| s.media.as_deref() != Some("video"));
    let early = audio().filter(from_callee).find(|s| s.packets >= MIN_PACKETS / 5 && is_early(call, s.start));
    if let Some(stream) = early {
        let detail = format!("sound from {} before the answer", sender(stream));
        add(call, "early_media", event(stream, "early_media", detail));
    }
    for (by, from, to) in holds(call) {
        let direction = if by == "caller" { "caller_to_callee" } else { "callee_to_caller" };
        let is_in = |at: Nanos| at.is_known() && at >= from && to.is_none_or(|to| at < to);
        let sends = |s: &&&StreamSummary| {
            s.stream.direction.as_deref() == Some(direction) && s.stream.media.as_deref() != Some("video")
        };
        let music = own.iter().filter(sends).find_map(|s| music(s, is_in));
        if let Some(event) = music {
            add(call, "music_on_hold", event);
        }
    }
}

/// What who is on hold hears of this stream of who holds: the stream itself, or how it goes on.
fn music(summary: &StreamSummary, is_in: impl Fn(Nanos) -> bool) -> Option<Event> {
    let stream = &summary.stream;
    if is_in(stream.start) && stream.packets >= MIN_PACKETS {
        let detail = format!("who is on hold hears something from {}", sender(stream));
        return Some(event(stream, "music_on_hold", detail));
    }
    let held = summary.held.filter(|held| is_in(held.at) && held.packets >= MIN_PACKETS)?;
    let detail =
        format!("who is on hold goes on hearing something from {}, in the same stream", sender(stream));
    Some(Event { frame: held.frame, at: held.at, kind: "music_on_hold".into(), detail })
}

/// Relates calls of which one sends on the sound of the other.
pub(crate) fn relate(calls: &mut [CallSummary], streams: &[StreamSummary]) {
    let by_id: BTreeMap<u32, &Stream> = streams.iter().map(|s| (s.stream.id, &s.stream)).collect();
    for summary in streams {
        let after = &summary.stream;
        let before = after.relayed_from.and_then(|id| by_id.get(&id));
        let Some((before, later)) = before.and_then(|s| s.call).zip(after.call).filter(|(a, b)| a != b)
        else {
            continue;
        };
        for (id, other, how) in [
            (before, later, "sends on the sound of this one"),
            (later, before, "is where the sound comes from"),
        ] {
            let Ok(place) = calls.binary_search_by_key(&id, |summary| summary.call.id) else { continue };
            let call = &mut calls[place].call;
            if !call.related.contains(&other) {
                call.related.push(other);
                call.events.push(event(after, "related", format!("call {other} {how}")));
                call.events.sort_by_key(|event| (event.at, event.frame));
            }
        }
    }
}

fn is_early(call: &Call, start: Nanos) -> bool {
    let Some(start) = start.known() else { return false };
    let until = call.answer.or(call.end);
    call.start.is_some() && until.is_some_and(|until| until.0.saturating_sub(start.0) >= EARLY)
}

/// Who holds, since when, until when.
fn holds(call: &Call) -> Vec<(&'static str, Nanos, Option<Nanos>)> {
    let who = |event: &Event| if event.detail.starts_with("the caller") { "caller" } else { "callee" };
    let mut holds: Vec<(&'static str, Nanos, Option<Nanos>)> = Vec::new();
    for event in call.events.iter().filter(|event| event.at.is_known()) {
        match event.kind.as_ref() {
            "hold" => holds.push((who(event), event.at, call.end)),
            "resume" => {
                let open = holds.iter_mut().rev().find(|(by, ..)| *by == who(event));
                open.into_iter().for_each(|hold| hold.2 = Some(event.at));
            }
            _ => {}
        }
    }
    holds
}

fn sender(stream: &Stream) -> String {
    stream.source.map_or_else(|| "an unknown sender".to_owned(), |source| source.to_string())
}

fn event(stream: &Stream, kind: &'static str, detail: String) -> Event {
    Event { frame: stream.first_frame, at: stream.start, kind: kind.into(), detail }
}

/// Once.
fn add(call: &mut Call, feature: &str, event: Event) {
    if !call.features.iter().any(|known| known == feature) {
        call.features.push(feature.to_owned());
        let place = call.events.iter().rposition(|known| (known.at, known.frame) <= (event.at, event.frame));
        call.events.insert(place.map_or(0, |place| place + 1), event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CallOutcome;
    use crate::rtp::Held;

    fn stream(start_s: f64, direction: &'static str, packets: u64) -> StreamSummary {
        let start = Nanos((start_s * 1e9) as i64);
        let stream = Stream { start, direction: Some(direction.into()), packets, ..Stream::default() };
        StreamSummary { stream, ..StreamSummary::default() }
    }

    fn call() -> Call {
        let at = |s: i64| Some(Nanos(s * Nanos::SECOND));
        Call { outcome: CallOutcome::Answered, start: at(1), answer: at(10), end: at(60), ..Call::default() }
    }

    fn told(call: &mut Call, streams: &[StreamSummary]) -> String {
        tell(call, &streams.iter().collect::<Vec<_>>());
        call.features.join(" ")
    }

    #[test]
    fn sound_of_the_callee_before_the_answer() {
        assert_eq!(told(&mut call(), &[stream(4.0, "callee_to_caller", 300)]), "early_media");
        assert_eq!(told(&mut call(), &[stream(9.9, "callee_to_caller", 300)]), "", "the 200 was on its way");
        assert_eq!(told(&mut call(), &[stream(4.0, "caller_to_callee", 300)]), "", "nobody listens to it");
        assert_eq!(told(&mut call(), &[stream(4.0, "callee_to_caller", 3)]), "");
    }

    #[test]
    fn music_comes_from_who_holds_while_he_holds() {
        let hold = |kind: &'static str, s: i64| Event {
            frame: 1,
            at: Nanos(s * Nanos::SECOND),
            kind: kind.into(),
            detail: "the caller does".into(),
        };
        let held = || Call { events: vec![hold("hold", 20), hold("resume", 30)], ..call() };
        assert_eq!(told(&mut held(), &[stream(21.0, "caller_to_callee", 300)]), "music_on_hold");
        assert_eq!(told(&mut held(), &[stream(21.0, "callee_to_caller", 300)]), "");
        assert_eq!(told(&mut held(), &[stream(31.0, "caller_to_callee", 300)]), "", "he is back");
        let goes_on = |at_s: i64, packets| {
            let held = Some(Held { frame: 7, at: Nanos(at_s * Nanos::SECOND), packets });
            StreamSummary { held, ..stream(10.0, "caller_to_callee", 900) }
        };
        let mut call = held();
        assert_eq!(told(&mut call, &[goes_on(21, 300)]), "music_on_hold", "the same stream goes on");
        assert_eq!(
            call.events.get(1).map(|event| (event.frame, event.kind.as_ref())),
            Some((7, "music_on_hold"))
        );
        assert_eq!(told(&mut held(), &[goes_on(21, 9)]), "", "what was on its way");
        assert_eq!(told(&mut held(), &[goes_on(19, 300)]), "", "before the hold was accepted");
    }
}
