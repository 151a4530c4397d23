//! What a call gives to the report, its legs put together.

use super::story;
use crate::model;
use crate::packet::Nanos;

/// A call of the report and what only findings ask for.
#[derive(Clone, Debug, Default)]
pub struct CallSummary {
    /// As in the report, media fields empty.
    pub call: model::Call,
    /// An SDP offer that a final 2xx answered without SDP, or that nobody answered: the frame of the offer.
    pub unanswered_offer: Option<u64>,
    /// Frames of the messages that tell the call: INVITE, ringing, final answer, BYE or CANCEL.
    pub frames: Vec<u64>,
    /// Codec names agreed for audio: those of the last answer as it lists them, then those agreed before.
    pub agreed_codecs: Vec<String>,
    /// Where the parties said that they receive audio or video.
    pub media: Vec<crate::packet::Endpoint>,
    /// Audio was sendrecv at the end of the last offer and answer.
    pub both_ways: bool,
    /// What the BYE gave as reason.
    pub hang_up_reason: Option<String>,
}

impl CallSummary {
    /// Adds another leg of the same call: the first one tells how it went, the others what they add to it.
    pub(super) fn join(&mut self, leg: Self) {
        let call = &mut self.call;
        call.call_ids.extend(leg.call.call_ids);
        for feature in leg.call.features {
            if !call.features.contains(&feature) {
                call.features.push(feature);
            }
        }
        let told: Vec<(String, Nanos)> = call.events.iter().map(|e| (e.kind.to_string(), e.at)).collect();
        // what a server passes on has been told by the first leg
        let is_new = |event: &model::Event| {
            let near = |at: Nanos| event.at.0.saturating_sub(at.0).saturating_abs() < 2 * Nanos::SECOND;
            let known = told.iter().any(|(kind, at)| *kind == event.kind && near(*at));
            event.kind == "leg" || (story::is_change(&event.kind) && !known)
        };
        call.events.extend(leg.call.events.into_iter().filter(is_new));
        call.events.sort_by_key(|event| (event.at, event.frame));
        if call.dtmf.is_empty() {
            call.dtmf = leg.call.dtmf;
        }
        call.related.extend(leg.call.related);
        call.related.retain(|id| *id != call.id);
        call.related.dedup();
        // A server may pass a hang-up on without the reason that it was given.
        if self.hang_up_reason.is_none() && leg.hang_up_reason.is_some() && call.ended_by == leg.call.ended_by
        {
            call.outcome_reason.clone_from(&leg.hang_up_reason);
            self.hang_up_reason = leg.hang_up_reason;
        }
        self.media.extend(leg.media);
        for codec in leg.agreed_codecs {
            if !self.agreed_codecs.contains(&codec) {
                self.agreed_codecs.push(codec);
            }
        }
    }
}
