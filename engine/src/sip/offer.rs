//! Offer and answer (RFC 3264, RFC 6337): what the sides agreed on, holds, and the media they announce.

use super::call::{Call, Seen, party_name};
use super::message::Start;
use super::sdp::{Media, Sdp};
use super::story::Feature;
use crate::media::{Announcement, Direction, MediaKind, Party};
use crate::packet::Endpoint;

/// Exchanges remembered at once.
const MAX_EXCHANGES: usize = 4;
/// Bytes kept of the codec names of an offer.
const MAX_CODECS: usize = 256;
/// Codecs remembered as agreed.
const MAX_AGREED: usize = 8;
/// Media endpoints remembered.
const MAX_ENDPOINTS: usize = 8;
/// Descriptions remembered to know them again on another leg.
const MAX_ANNOUNCED: usize = 16;

/// One request that may carry an offer, or bring one in its response.
#[derive(Clone, Debug)]
struct Exchange {
    update: bool,
    number: u32,
    /// Who sent the request.
    by: Party,
    /// Not the INVITE that begins the call.
    inside: bool,
    offer: Option<Offer>,
    answered: bool,
    settled: bool,
}

/// The part of an offer that its answer is compared with.
#[derive(Clone, Debug)]
struct Offer {
    by: Party,
    frame: u64,
    /// Encoding names in lower case, each between slashes.
    codecs: Box<str>,
    direction: Direction,
    held: bool,
    has_audio: bool,
    fax: bool,
    video: bool,
}

/// The state of offer and answer of a call.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    exchanges: Vec<Exchange>,
    announced: Vec<u64>,
    holding: [bool; 2],
    /// Audio codecs as the last answer lists them, then those of earlier ones: what was sent before a change
    /// was agreed on as well.
    pub(super) agreed: Vec<String>,
    /// Where media was announced to go.
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) both_ways: bool,
    /// Frame of an offer that was accepted without an answer.
    pub(super) unanswered: Option<u64>,
    /// Version of the last description of each side.
    pub(super) versions: [Option<u64>; 2],
    /// CSeq of the last REFER, and whether it names another dialog (Replaces).
    pub(super) transfer: Option<(u32, bool)>,
}

impl Session {
    /// Gives back room that is not used.
    pub(super) fn shrink(&mut self) {
        self.exchanges.shrink_to_fit();
        self.announced.shrink_to_fit();
        self.agreed.shrink_to_fit();
    }

    /// Another change than that of this CSeq waits for its answer.
    pub(super) fn has_open_change(&self, number: u32) -> bool {
        self.exchanges.iter().any(|one| one.inside && one.number != number && !one.settled)
    }

    /// Frame of the first offer that nobody has answered so far.
    pub(super) fn open_offer(&self) -> Option<u64> {
        let open = self.exchanges.iter().find(|exchange| !exchange.answered)?;
        open.offer.as_ref().map(|offer| offer.frame)
    }

    fn find(&mut self, update: bool, number: u32, by: Party) -> Option<&mut Exchange> {
        self.exchanges.iter_mut().find(|one| one.update == update && one.number == number && one.by == by)
    }
}

fn other(party: Party) -> Party {
    match party {
        Party::Caller => Party::Callee,
        Party::Callee => Party::Caller,
    }
}

impl Offer {
    fn new(sdp: &Sdp, by: Party, frame: u64) -> Self {
        let has = |kind| sdp.media.iter().any(|media| media.kind == kind && media.port != 0);
        let audio = audio(sdp);
        Self {
            by,
            frame,
            codecs: audio.map_or("".into(), codec_names),
            direction: audio.map_or(Direction::Inactive, |audio| audio.direction),
            held: audio.is_some_and(Media::is_held),
            has_audio: audio.is_some(),
            fax: has(MediaKind::Fax),
            video: has(MediaKind::Video),
        }
    }
}

fn codec_names(audio: &Media) -> Box<str> {
    let mut names = String::from("/");
    for payload in audio.payload_types.iter().filter(|pt| !pt.encoding.is_empty()) {
        let name = payload.encoding.to_ascii_lowercase();
        if names.len() + name.len() < MAX_CODECS && !names.contains(&format!("/{name}/")) {
            names.push_str(&name);
            names.push('/');
        }
    }
    names.into()
}

fn audio(sdp: &Sdp) -> Option<&Media> {
    sdp.media.iter().find(|media| media.kind == MediaKind::Audio && media.port != 0)
}

impl Call {
    /// Follows offer and answer in a message of this call.
    pub(super) fn negotiate(&mut self, seen: &Seen<'_>) {
        let sender = self.sender(seen);
        if let Some(sdp) = &seen.sdp {
            self.session.versions[sender as usize] = sdp.version;
        }
        match (seen.message.start, seen.method) {
            (Start::Request { .. }, b"INVITE" | b"UPDATE" | b"PRACK") => self.offer_request(seen, sender),
            (Start::Request { .. }, b"ACK") => self.acknowledge(seen, sender),
            (Start::Response { code, .. }, b"INVITE" | b"UPDATE" | b"PRACK") => {
                self.offer_response(seen, sender, code);
            }
            _ => {}
        }
    }

    fn offer_request(&mut self, seen: &Seen<'_>, by: Party) {
        let update = seen.method != b"INVITE";
        if self.session.find(update, seen.number, by).is_some() {
            return;
        }
        let exchanges = &mut self.session.exchanges;
        if exchanges.len() >= MAX_EXCHANGES {
            exchanges.remove(0);
        }
        let offer = seen.sdp.as_ref().map(|sdp| Offer::new(sdp, by, seen.cx.frame));
        let inside = seen.to_tag.is_some();
        let number = seen.number;
        exchanges.push(Exchange { update, number, by, inside, offer, answered: false, settled: false });
    }

    fn offer_response(&mut self, seen: &Seen<'_>, sender: Party, code: u16) {
        let accepted = (200..300).contains(&code);
        let update = seen.method != b"INVITE";
        let answered_call = self.answer.is_some();
        let Some(exchange) = self.session.find(update, seen.number, other(sender)) else { return };
        if code <= 100 || exchange.settled {
            return;
        }
        if code >= 300 {
            let refused_fax = exchange.offer.as_ref().is_some_and(|offer| offer.fax);
            exchange.settled = true;
            exchange.answered = true;
            if refused_fax && answered_call && matches!(code, 400..=499 | 600..=699) && code != 491 {
                self.passthrough(seen, "T.38 is refused: the fax has to pass as sound");
            }
            return;
        }
        match (&seen.sdp, &mut exchange.offer) {
            (Some(sdp), None) => exchange.offer = Some(Offer::new(sdp, sender, seen.cx.frame)),
            (Some(sdp), Some(offer)) if offer.by != sender => {
                exchange.answered = true;
                exchange.settled = accepted;
                let (offer, inside) = (offer.clone(), exchange.inside);
                let by = offer.by;
                self.agree(seen, &offer, sdp, (accepted && inside).then_some(by));
            }
            (None, Some(offer)) if accepted && !exchange.answered && offer.by != sender => {
                let frame = offer.frame;
                exchange.settled = true;
                self.session.unanswered.get_or_insert(frame);
            }
            _ => {}
        }
    }

    /// An ACK answers the offer that a 2xx brought (delayed offer).
    fn acknowledge(&mut self, seen: &Seen<'_>, sender: Party) {
        let Some(exchange) = self.session.find(false, seen.number, sender) else { return };
        let Some(offer) = exchange.offer.clone().filter(|offer| offer.by != sender) else { return };
        if exchange.answered {
            return;
        }
        exchange.settled = true;
        let inside = exchange.inside;
        match &seen.sdp {
            Some(sdp) => {
                exchange.answered = true;
                self.agree(seen, &offer, sdp, inside.then_some(sender));
            }
            None => {
                self.session.unanswered.get_or_insert(offer.frame);
            }
        }
    }

    fn passthrough(&mut self, seen: &Seen<'_>, why: &str) {
        if self.features.add(Feature::FaxPassthrough) {
            self.story.tell(seen.cx, "fax", why);
        }
    }

    /// `change`: who asked for this change inside the dialog, so that hold and resume can be told.
    fn agree(&mut self, seen: &Seen<'_>, offer: &Offer, answer: &Sdp, change: Option<Party>) {
        let has = |kind| answer.media.iter().any(|media| media.kind == kind && media.port != 0);
        if offer.video && has(MediaKind::Video) && self.features.add(Feature::Video) {
            self.story.tell(seen.cx, "video", "the sides agree on video");
        }
        if offer.fax && has(MediaKind::Fax) && self.features.add(Feature::FaxT38) {
            self.story.turn(seen.cx, "fax", "the sides agree on T.38 fax");
        }
        if answer.media.iter().any(|media| media.port != 0 && media.encrypted) {
            self.features.add(Feature::Srtp);
        }
        if answer.media.iter().any(|media| media.port != 0 && media.voice_band_data) {
            self.passthrough(seen, "the sides agree on G.711 for a fax or modem (voice-band data, V.152)");
        }
        let answered_audio = audio(answer);
        let session = &mut self.session;
        if offer.has_audio || answered_audio.is_some() {
            let mut agreed = answered_audio.map_or(Vec::new(), |audio| common(offer, audio));
            for earlier in std::mem::take(&mut session.agreed) {
                if agreed.len() < MAX_AGREED && !agreed.contains(&earlier) {
                    agreed.push(earlier);
                }
            }
            session.agreed = agreed;
        }
        session.both_ways = answered_audio.is_some_and(|audio| {
            offer.direction == Direction::SendRecv
                && !offer.held
                && audio.direction == Direction::SendRecv
                && !audio.is_held()
        });
        if let (Some(by), true, Some(audio)) = (change, offer.has_audio, answered_audio) {
            // in a delayed offer the side that asked for the change speaks in the answer
            self.hold(seen, by, if by == offer.by { offer.held } else { audio.is_held() });
        }
    }

    fn hold(&mut self, seen: &Seen<'_>, by: Party, held: bool) {
        let known = &mut self.session.holding[by as usize];
        if *known == held {
            return;
        }
        *known = held;
        let who = party_name(by);
        if held {
            self.features.add(Feature::Hold);
            self.story.tell(seen.cx, "hold", &format!("the {who} puts the other side on hold"));
        } else {
            self.features.add(Feature::Resume);
            self.story.tell(seen.cx, "resume", &format!("the {who} takes the call back from hold"));
        }
    }

    /// The media that a message of this call announces. `digest` names sender and body.
    pub(super) fn announce(&mut self, seen: &Seen<'_>, digest: u64, fresh: bool) -> Vec<Announcement> {
        let carries = match seen.message.start {
            Start::Request { .. } => matches!(seen.method, b"INVITE" | b"ACK" | b"UPDATE" | b"PRACK"),
            Start::Response { code, .. } => {
                (101..300).contains(&code) && matches!(seen.method, b"INVITE" | b"UPDATE" | b"PRACK")
            }
        };
        let Some(sdp) = seen.sdp.as_ref().filter(|_| carries) else { return Vec::new() };
        let announced = &mut self.session.announced;
        let known = announced.contains(&digest);
        if known && !fresh {
            return Vec::new();
        }
        if !known {
            if announced.len() >= MAX_ANNOUNCED {
                announced.remove(0);
            }
            announced.push(digest);
        }
        let party = self.sender(seen);
        let announcements: Vec<_> =
            sdp.media.iter().filter_map(|media| announcement(self.id, party, media, seen)).collect();
        for announcement in &announcements {
            let known = &mut self.session.endpoints;
            if known.len() < MAX_ENDPOINTS && !known.contains(&announcement.endpoint) {
                known.push(announcement.endpoint);
            }
        }
        announcements
    }
}

fn announcement(call: u32, party: Party, media: &Media, seen: &Seen<'_>) -> Option<Announcement> {
    Some(Announcement {
        call,
        party,
        endpoint: media.receives_at()?,
        rtcp: media.rtcp_at()?,
        kind: media.kind,
        direction: media.direction,
        payload_types: media.payload_types.clone(),
        ptime_ms: media.ptime_ms,
        encrypted: media.encrypted,
        fax_version: media.fax_version,
        frame: seen.cx.frame,
        at: seen.cx.at,
    })
}

/// Codecs of the answer that the offer holds too, in the answer's order; events and comfort noise are none.
fn common(offer: &Offer, answer: &Media) -> Vec<String> {
    let is_codec = |name: &str| !matches!(name, "telephone-event" | "cn" | "red" | "nse" | "tone");
    let listed = answer.payload_types.iter().filter(|pt| {
        let name = pt.encoding.to_ascii_lowercase();
        is_codec(&name) && offer.codecs.contains(&format!("/{name}/"))
    });
    let mut names: Vec<String> = Vec::new();
    for payload in listed {
        if !names.contains(&payload.encoding) {
            names.push(payload.encoding.clone());
        }
    }
    names
}
