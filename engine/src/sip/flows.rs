//! Keeps the messages of the calls that somebody wants to see drawn.

use std::collections::{BTreeMap, HashMap};

use super::call::{MAX_TEXT, Seen};
use super::message::{Message, Name, Start, split_line};
use super::params::{Address, text};
use super::repeat::Sighting;
use super::sdp::{Media, Sdp};
use crate::flow::{self, Flow, FlowRequest, Medium};
use crate::media::{Direction, MediaKind};
use crate::packet::Endpoint;

/// Bytes kept of a Request-URI, phrase or note.
const MAX_SUBJECT: usize = 120;
/// Codecs named of one medium, and media of one body.
const MAX_CODECS: usize = 12;
const MAX_MEDIA: usize = 4;

/// The messages of the chosen calls.
#[derive(Debug)]
pub(super) struct Flows {
    request: FlowRequest,
    flows: BTreeMap<u32, Kept>,
    /// Messages kept so far.
    messages: usize,
}

#[derive(Debug, Default)]
struct Kept {
    flow: Flow,
    /// Call-ID and both tags, in any order.
    dialogs: Vec<(u16, u64, u64)>,
    /// Call-ID, branch, CSeq number, and the two ends of the hop.
    transactions: HashMap<(u16, u64, u32, Endpoint, Endpoint), u16, foldhash::fast::RandomState>,
    /// Place of the last message with this key of leg, transaction and kind.
    places: HashMap<u64, usize, foldhash::fast::RandomState>,
}

impl Flows {
    pub(super) fn new(request: &FlowRequest) -> Self {
        Self { request: request.clone(), flows: BTreeMap::new(), messages: 0 }
    }

    /// `key` names the message on its hop.
    pub(super) fn take(&mut self, call: u32, seen: &Seen<'_>, sighting: Sighting, key: u64) {
        if !self.flows.contains_key(&call) {
            let wanted = self.request.calls.as_ref().is_none_or(|calls| calls.contains(&call));
            if !wanted || self.flows.len() >= self.request.max_calls {
                return;
            }
        }
        let kept = self.flows.entry(call).or_default();
        kept.flow.call = call;
        if sighting == Sighting::Copy
            && let Some(message) = kept.places.get(&key).and_then(|&at| kept.flow.messages.get_mut(at))
        {
            message.copies = message.copies.saturating_add(1);
            return;
        }
        let is_full = self.messages >= self.request.max_in_all;
        if is_full || kept.flow.messages.len() >= self.request.max_messages {
            kept.flow.left_out += 1;
            return;
        }
        self.messages += 1;
        kept.places.insert(key, kept.flow.messages.len());
        kept.add(seen, sighting);
    }

    pub(super) fn flows(&self) -> Vec<Flow> {
        self.flows.values().map(|kept| kept.flow.clone()).collect()
    }
}

impl Kept {
    fn add(&mut self, seen: &Seen<'_>, sighting: Sighting) {
        let message = seen.message;
        let leg = self.leg(message.call_id());
        let is_initial = matches!(message.start, Start::Request { .. }) && seen.to_tag.is_none();
        let user = |address: Address<'_>| text(address.user(), MAX_SUBJECT);
        let names = is_initial && seen.method == b"INVITE";
        let summary = flow::Message {
            frame: seen.cx.frame,
            at: seen.cx.at,
            source: seen.cx.source,
            destination: seen.cx.destination,
            transport: flow::transport_name(seen.transport),
            method: text(seen.method, 20),
            code: message.code(),
            subject: text(message.subject(), MAX_SUBJECT),
            cseq: seen.number,
            leg,
            dialog: self.dialog(leg, seen),
            transaction: self.transaction(leg, seen),
            again: sighting == Sighting::Again,
            copies: 0,
            sdp: seen.sdp.as_ref().map_or(Vec::new(), media),
            caller: names.then(|| user(message.from())).filter(|user| !user.is_empty()),
            callee: names.then(|| user(called(message))).filter(|user| !user.is_empty()),
            notes: notes(message, seen),
        };
        self.flow.messages.push(summary);
    }

    fn leg(&mut self, call_id: &[u8]) -> u16 {
        let call_id = text(call_id, MAX_TEXT);
        let known = self.flow.call_ids.iter().position(|known| *known == call_id);
        let place = known.unwrap_or_else(|| {
            self.flow.call_ids.push(call_id);
            self.flow.call_ids.len() - 1
        });
        u16::try_from(place).unwrap_or(u16::MAX)
    }

    fn dialog(&mut self, leg: u16, seen: &Seen<'_>) -> Option<u16> {
        let (a, b) = (seen.from_tag, seen.to_tag?);
        let key = (leg, a.min(b), a.max(b));
        let place = self.dialogs.iter().position(|known| *known == key).unwrap_or_else(|| {
            self.dialogs.push(key);
            self.dialogs.len() - 1
        });
        u16::try_from(place + 1).ok()
    }

    fn transaction(&mut self, leg: u16, seen: &Seen<'_>) -> u16 {
        let next = u16::try_from(self.transactions.len() + 1).unwrap_or(u16::MAX);
        let (a, b) = (seen.cx.source, seen.cx.destination);
        *self.transactions.entry((leg, seen.branch, seen.number, a.min(b), a.max(b))).or_insert(next)
    }
}

/// Whom an INVITE calls: the To header, or the Request-URI where the call was diverted to somebody else.
fn called<'a>(message: &Message<'a>) -> Address<'a> {
    let target = Address::new(message.subject());
    if super::request::diversion(message).is_some() && !target.user().is_empty() {
        target
    } else {
        message.to()
    }
}

fn media(sdp: &Sdp) -> Vec<Medium> {
    sdp.media.iter().take(MAX_MEDIA).map(medium).collect()
}

fn medium(media: &Media) -> Medium {
    let direction = match media.direction {
        _ if media.port == 0 => "refused",
        _ if media.endpoint.is_some_and(Endpoint::is_unspecified) => "inactive",
        Direction::SendRecv => "sendrecv",
        Direction::SendOnly => "sendonly",
        Direction::RecvOnly => "recvonly",
        Direction::Inactive => "inactive",
    };
    Medium {
        kind: match media.kind {
            MediaKind::Audio => "audio",
            MediaKind::Video => "video",
            MediaKind::Fax => "fax",
            MediaKind::Other => "other",
        },
        codecs: media.payload_types.iter().take(MAX_CODECS).map(|pt| pt.encoding.clone()).collect(),
        direction,
        endpoint: media.receives_at(),
        encrypted: media.encrypted,
    }
}

/// What headers and bodies tell beyond the first line.
fn notes(message: &Message<'_>, seen: &Seen<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let named = [
        (Name::ReferTo, "Refer-To"),
        (Name::ReferredBy, "Referred-By"),
        (Name::Replaces, "Replaces"),
        (Name::Diversion, "Diversion"),
        (Name::HistoryInfo, "History-Info"),
        (Name::SessionExpires, "Session-Expires"),
        (Name::MinSe, "Min-SE"),
        (Name::Event, "Event"),
        (Name::SubscriptionState, "Subscription-State"),
        (Name::RAck, "RAck"),
        (Name::RSeq, "RSeq"),
        (Name::Reason, "Reason"),
    ];
    for (name, label) in named {
        if let Some(value) = message.header(name) {
            notes.push(format!("{label}: {}", text(value, MAX_SUBJECT)));
        }
    }
    if message.has_credentials() {
        notes.push("with credentials".to_owned());
    }
    if matches!(message.code(), Some(300..=399))
        && let Some(contact) = message.contacts().next()
    {
        notes.push(format!("Contact: {}", text(contact.uri, MAX_SUBJECT)));
    }
    if seen.method == b"NOTIFY" && message.code().is_none() && message.body.starts_with(b"SIP/2.0 ") {
        notes.push(text(split_line(message.body).0, MAX_SUBJECT));
    }
    notes
}
