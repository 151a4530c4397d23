//! What happened in a call, bounded: its features as a set of bits, its events as a short list.

use crate::model;
use crate::packet::{Context, Nanos};

/// Events kept of one call; a turning point may go a little beyond.
const MAX_EVENTS: usize = 100;
/// Bytes that the details of these events may take together.
const MAX_DETAIL_BYTES: usize = 2_400;
/// Events beyond both bounds that only turning points may use, and bytes for each.
const RESERVE: usize = 8;
const RESERVE_BYTES: usize = 64;

macro_rules! features {
    ($($variant:ident $name:literal),+ $(,)?) => {
        /// What signalling alone can prove about a call; names as in the report.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Feature { $($variant),+ }

        const FEATURES: &[(Feature, &str)] = &[$((Feature::$variant, $name)),+];
    };
}

features! {
    Hold "hold", Resume "resume", Forwarded "forwarded", BlindTransfer "blind_transfer",
    AttendedTransfer "attended_transfer", EarlyMedia "early_media", Prack "prack", Update "update",
    SessionTimer "session_timer", Reinvite "reinvite", Glare "glare", Forked "forked", Pickup "pickup",
    FaxT38 "fax_t38", FaxPassthrough "fax_passthrough", Video "video", Srtp "srtp", DtmfInfo "dtmf_info",
    CallWaiting "call_waiting", Conference "conference", MusicOnHold "music_on_hold",
    SipTcp "sip_tcp", Fragmented "fragmented", Retransmissions "retransmissions",
}

/// Kinds of events that may happen on one leg of a call alone.
pub(super) fn is_change(kind: &str) -> bool {
    matches!(
        kind,
        "hold"
            | "resume"
            | "music_on_hold"
            | "fax"
            | "video"
            | "glare"
            | "overlap"
            | "forked"
            | "forwarded"
            | "redirected"
            | "refer"
            | "refer_accepted"
            | "refer_refused"
            | "transfer_progress"
            | "conference"
            | "connected"
            | "joined"
            | "left"
            | "session_refresh"
            | "session_expired"
            | "related"
            | "call_waiting"
            | "early_media"
            | "unreachable"
    )
}

/// A set of features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Features(u32);

impl Features {
    /// Adds one; true when it was not there yet.
    pub(super) fn add(&mut self, feature: Feature) -> bool {
        let before = self.0;
        self.0 |= 1 << feature as u32;
        self.0 != before
    }

    /// Takes one back that turned out to be another.
    pub(super) fn remove(&mut self, feature: Feature) {
        self.0 &= !(1 << feature as u32);
    }

    pub(super) fn has(self, feature: Feature) -> bool {
        self.0 & (1 << feature as u32) != 0
    }

    /// Names in a fixed order.
    pub(super) fn names(self) -> Vec<String> {
        let present = FEATURES.iter().filter(|(feature, _)| self.has(*feature));
        present.map(|&(_, name)| name.to_owned()).collect()
    }
}

#[derive(Clone, Debug)]
struct Event {
    frame: u64,
    at: Nanos,
    kind: &'static str,
    /// Where its detail ends in the common text.
    end: u16,
}

/// The events of a call; the details stand in one text to keep a call small.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    events: Vec<Event>,
    details: String,
    dropped: u32,
    last: Option<(u64, Nanos)>,
}

impl Story {
    /// Adds an event that may be dropped when there are too many.
    pub(super) fn tell(&mut self, cx: &Context, kind: &'static str, detail: &str) {
        self.add((cx.frame, cx.at), kind, detail, 0);
    }

    /// Adds a turning point: answer, end, refusal.
    pub(super) fn turn(&mut self, cx: &Context, kind: &'static str, detail: &str) {
        self.add((cx.frame, cx.at), kind, detail, RESERVE);
    }

    /// The same for what is no message.
    pub(super) fn turn_at(&mut self, frame: u64, at: Nanos, kind: &'static str, detail: &str) {
        self.add((frame, at), kind, detail, RESERVE);
    }

    fn add(&mut self, (frame, at): (u64, Nanos), kind: &'static str, detail: &str, reserve: usize) {
        let bytes = self.details.len() + detail.len();
        if self.events.len() >= MAX_EVENTS + reserve || bytes > MAX_DETAIL_BYTES + reserve * RESERVE_BYTES {
            self.dropped = self.dropped.saturating_add(1);
            self.last = Some((frame, at));
            return;
        }
        self.details.push_str(detail);
        let end = u16::try_from(self.details.len()).unwrap_or(u16::MAX);
        self.events.push(Event { frame, at, kind, end });
    }

    /// Gives back room that is not used.
    pub(super) fn shrink(&mut self) {
        self.events.shrink_to_fit();
        self.details.shrink_to_fit();
    }

    /// The events in order, closed by a note on those that were not kept.
    pub(super) fn events(&self) -> Vec<model::Event> {
        let mut start = 0;
        let told = self.events.iter().map(|event| {
            let end = usize::from(event.end);
            let detail = self.details.get(start..end).unwrap_or_default().to_owned();
            start = end;
            model::Event { frame: event.frame, at: event.at, kind: event.kind.into(), detail }
        });
        let mut events: Vec<model::Event> = told.collect();
        if let Some((frame, at)) = self.last {
            let detail = format!("{} events are not kept; the last of them was here", self.dropped);
            events.push(model::Event { frame, at, kind: "more".into(), detail });
        }
        events
    }
}
