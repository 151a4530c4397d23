//! Conferences (RFC 4579): which calls have the same focus, and who joins and leaves as its events tell (RFC 4575).

use std::borrow::Cow;
use std::collections::VecDeque;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::call::{Call, Seen, party_name, remember};
use super::message::{Message, Name, Start};
use super::params::{self, Address, text};
use super::story::Feature;

/// Participants remembered of one conference; later ones are not told.
const MAX_MEMBERS: usize = 16;
/// Bytes kept of a participant's address.
const MAX_ENTITY: usize = 64;
/// Participants read of one document, and bytes of it.
const MAX_USERS: usize = 64;
const MAX_DOCUMENT: usize = 64 * 1024;
/// Conferences remembered.
const MAX_ROOMS: usize = 32;
/// Subscriptions of a call beside its own dialog.
const MAX_SUBSCRIPTIONS: usize = 4;

/// What a document says of one participant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct User {
    entity: String,
    /// `None` where it does not tell: still dialled, or nothing about that has changed.
    is_there: Option<bool>,
}

/// The participants that a document of `application/conference-info+xml` names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Info {
    /// All of them; else those that have changed.
    is_full: bool,
    version: Option<u32>,
    users: Vec<User>,
}

/// The participant at which the reader is.
#[derive(Default)]
struct Place {
    entity: Option<String>,
    is_partial: bool,
    deleted: bool,
    /// Of its endpoints: one is there, one is dialled, one has gone.
    connected: bool,
    dialled: bool,
    gone: bool,
    /// Endpoints have a status, and so have their media.
    in_media: bool,
    in_status: bool,
}

impl Place {
    fn status(&mut self, status: &str) {
        match status {
            "connected" | "on-hold" | "muted-via-focus" => self.connected = true,
            "pending" | "alerting" | "dialing-in" | "dialing-out" => self.dialled = true,
            "disconnecting" | "disconnected" => self.gone = true,
            _ => {}
        }
    }

    fn is_there(&self) -> Option<bool> {
        match (self.deleted, self.connected, self.dialled, self.gone) {
            (true, ..) => Some(false),
            (_, true, ..) => Some(true),
            (_, _, true, _) => None,
            (.., true) => Some(false),
            // listed, with nothing said against it
            _ => (!self.is_partial).then_some(true),
        }
    }
}

impl Info {
    /// Reads as far as the document can be read; who is not in a part of it may still be there. `None` for what is no such document, and for one with a DTD:
    /// nobody sends one in good faith.
    fn read(body: &[u8]) -> Option<Self> {
        let body = String::from_utf8_lossy(&body[..body.len().min(MAX_DOCUMENT)]);
        let mut reader = Reader::from_str(&body);
        reader.config_mut().check_end_names = false;
        let mut info: Option<Self> = None;
        let mut place = Place::default();
        let mut is_whole = false;
        loop {
            match reader.read_event() {
                Ok(Event::Start(tag)) => Self::open(&mut info, &tag, &mut place),
                Ok(Event::Empty(tag)) => {
                    Self::open(&mut info, &tag, &mut place);
                    Self::close(&mut info, tag.local_name().as_ref(), &mut place);
                }
                Ok(Event::End(tag)) => {
                    is_whole |= tag.local_name().as_ref() == "conference-info";
                    Self::close(&mut info, tag.local_name().as_ref(), &mut place);
                }
                Ok(Event::Text(text)) if place.in_status => place.status(text.trim()),
                Ok(Event::DocType(_)) => return None,
                Ok(Event::Eof) | Err(_) => {
                    let lists_all = |info: &Self| is_whole && info.users.len() < MAX_USERS;
                    return info.map(|info| Self { is_full: info.is_full && lists_all(&info), ..info });
                }
                Ok(_) => {}
            }
        }
    }

    fn open(info: &mut Option<Self>, tag: &BytesStart<'_>, place: &mut Place) {
        let state = || attribute(tag, "state").unwrap_or_default();
        match tag.local_name().as_ref() {
            "conference-info" if info.is_none() => {
                let version = attribute(tag, "version").and_then(|version| version.trim().parse().ok());
                *info = Some(Self { is_full: state() != "partial", version, users: Vec::new() });
            }
            "user" => {
                let entity = attribute(tag, "entity").unwrap_or_default();
                *place = Place {
                    entity: Some(text(entity.as_bytes(), MAX_ENTITY)),
                    is_partial: state() == "partial",
                    deleted: state() == "deleted",
                    ..Place::default()
                };
            }
            "endpoint" => place.gone |= state() == "deleted",
            "media" => place.in_media = true,
            "status" => place.in_status = !place.in_media,
            _ => {}
        }
    }

    fn close(info: &mut Option<Self>, name: &str, place: &mut Place) {
        match name {
            "media" => place.in_media = false,
            "status" => place.in_status = false,
            "user" => {
                let is_there = place.is_there();
                let user = std::mem::take(place).entity.filter(|entity| !entity.is_empty());
                if let Some((info, entity)) = info.as_mut().zip(user)
                    && info.users.len() < MAX_USERS
                {
                    info.users.push(User { entity, is_there });
                }
            }
            _ => {}
        }
    }
}

fn attribute<'a>(tag: &'a BytesStart<'_>, name: &str) -> Option<Cow<'a, str>> {
    let attribute = tag.attributes().with_checks(false).flatten().find(|one| one.key.as_ref() == name)?;
    let value = attribute.value;
    let plain = quick_xml::escape::unescape(&value).ok().map(Cow::into_owned);
    Some(plain.map_or(value, Cow::Owned))
}

/// Who takes part in a conference, as far as its events have told, and who asked for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    version: Option<u32>,
    here: Vec<Box<str>>,
    /// A document has told who was there at first.
    begun: bool,
    /// Keys of the Call-IDs by which somebody subscribes to the events.
    pub(super) subscriptions: Vec<u64>,
}

/// Somebody came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    kind: &'static str,
    detail: String,
}

impl Members {
    /// What a document changes.
    fn learn(&mut self, info: Info) -> Vec<Change> {
        let old = info.version.zip(self.version).is_some_and(|(version, known)| version <= known);
        if old && !info.is_full {
            return Vec::new();
        }
        self.version = info.version.or(self.version);
        let mut changes = Vec::new();
        let has_gone = |member: &str| {
            let listed = info.users.iter().find(|user| user.entity == member);
            listed.map_or(info.is_full, |user| user.is_there == Some(false))
        };
        self.here.retain(|member| {
            let gone = has_gone(member);
            if gone {
                changes.push(Change { kind: "left", detail: format!("{member} leaves the conference") });
            }
            !gone
        });
        let how = if self.begun { "joins" } else { "is in" };
        self.begun = true;
        for user in info.users.into_iter().filter(|user| user.is_there == Some(true)) {
            let known = self.here.iter().any(|member| **member == *user.entity);
            if !known && self.here.len() < MAX_MEMBERS {
                changes
                    .push(Change { kind: "joined", detail: format!("{} {how} the conference", user.entity) });
                self.here.push(user.entity.into());
            }
        }
        changes
    }
}

impl Call {
    /// Told once.
    pub(super) fn conference(&mut self, seen: &Seen<'_>, detail: &str) {
        if self.features.add(Feature::Conference) {
            self.story.tell(seen.cx, "conference", detail);
        }
    }

    /// Signs of a conference in any message (RFC 4579): the focus says what it is, or sends its events.
    pub(super) fn conference_signs(&mut self, seen: &Seen<'_>) {
        if focus(seen.message).is_some() {
            let who = party_name(self.sender(seen));
            self.conference(seen, &format!("the {who} is the focus of a conference (isfocus)"));
        } else if is_event(seen.message) {
            self.conference(seen, "the events of a conference are sent (Event: conference)");
        }
    }

    /// A NOTIFY with the events of a conference.
    pub(super) fn conference_events(&mut self, seen: &Seen<'_>) {
        if !seen.message.content_type().eq_ignore_ascii_case(b"application/conference-info+xml") {
            return;
        }
        let Some(info) = Info::read(seen.message.body) else { return };
        for change in self.members.get_or_insert_default().learn(info) {
            self.story.tell(seen.cx, change.kind, &change.detail);
        }
    }

    /// A subscription by another dialog belongs to this call. False when there are too many.
    pub(super) fn subscribed(&mut self, seen: &Seen<'_>, key: u64) -> bool {
        let subscriptions = &mut self.members.get_or_insert_default().subscriptions;
        if subscriptions.len() >= MAX_SUBSCRIPTIONS {
            return false;
        }
        subscriptions.push(key);
        if seen.message.from().aor() == self.from.as_bytes() {
            self.speaks_as_caller(seen.from_tag);
        }
        true
    }
}

/// The address of the conference whose focus sent this message.
pub(super) fn focus<'a>(message: &Message<'a>) -> Option<&'a [u8]> {
    let is_focus = |contact: &&[u8]| params::param(contact, "isfocus").is_some();
    message.list(Name::Contact).take(4).find(is_focus).map(|contact| Address::new(contact).aor())
}

/// Of the event package of RFC 4575.
pub(super) fn is_event(message: &Message<'_>) -> bool {
    let event = message.header(Name::Event).unwrap_or_default();
    params::List::new(event, b';').next().is_some_and(|name| name.eq_ignore_ascii_case(b"conference"))
}

/// Asks for the events of which conference.
pub(super) fn subscribes<'a>(message: &Message<'a>) -> Option<&'a [u8]> {
    match message.start {
        Start::Request { method: b"SUBSCRIBE", uri } if is_event(message) => Some(Address::new(uri).aor()),
        _ => None,
    }
}

/// One conference by the hash of its address, and the calls that reached it.
#[derive(Clone, Debug)]
struct Room {
    key: u64,
    calls: Vec<u32>,
}

/// The conferences of a capture.
#[derive(Debug, Default)]
pub(super) struct Rooms(VecDeque<Room>);

impl Rooms {
    /// This call has reached a conference; gives the first of the other calls in it that goes on.
    pub(super) fn enter(&mut self, key: u64, call: u32, goes_on: impl Fn(u32) -> bool) -> Option<u32> {
        let Some(room) = self.0.iter_mut().find(|room| room.key == key) else {
            if self.0.len() >= MAX_ROOMS {
                self.0.pop_front();
            }
            self.0.push_back(Room { key, calls: vec![call] });
            return None;
        };
        if room.calls.contains(&call) {
            return None;
        }
        room.calls.retain(|&other| goes_on(other));
        let first = room.calls.first().copied();
        remember(&mut room.calls, call);
        first
    }

    /// The calls of a conference.
    pub(super) fn calls(&self, key: u64) -> &[u32] {
        self.0.iter().find(|room| room.key == key).map_or(&[], |room| &room.calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(state: &str, version: u32, users: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><c:conference-info xmlns:c=\"urn:ietf:params:xml:ns:conference-info\" \
             entity=\"sip:room@example.com\" state=\"{state}\" version=\"{version}\"><c:users>{users}</c:users>\
             </c:conference-info>"
        )
    }

    fn user(name: &str, state: &str, status: &str) -> String {
        format!(
            "<c:user entity=\"sip:{name}@example.com\" state=\"{state}\"><c:endpoint><c:status>{status}</c:status>\
             <c:media><c:status>sendrecv</c:status></c:media></c:endpoint></c:user>"
        )
    }

    fn told(members: &mut Members, document: &str) -> String {
        let changes = Info::read(document.as_bytes()).map(|info| members.learn(info)).unwrap_or_default();
        let words: Vec<String> = changes.into_iter().map(|change| change.detail).collect();
        words.join(", ").replace("sip:", "").replace("@example.com", "").replace(" the conference", "")
    }

    #[test]
    fn who_comes_and_goes() {
        let mut members = Members::default();
        let mut tell =
            |state, version, users: &[String]| told(&mut members, &document(state, version, &users.concat()));
        let (alice, bob) = (user("alice", "full", "connected"), user("bob", "full", "alerting"));
        assert_eq!(tell("full", 1, &[alice.clone(), bob]), "alice is in", "bob's phone still rings");
        assert_eq!(tell("partial", 2, &[user("bob", "partial", "connected")]), "bob joins");
        assert_eq!(tell("partial", 2, &[user("carol", "full", "connected")]), "", "an old one");
        assert_eq!(tell("partial", 3, &[user("bob", "partial", "on-hold")]), "", "he is there all the same");
        assert_eq!(tell("partial", 4, &[user("bob", "partial", "disconnected")]), "bob leaves");
        let deleted = "<c:user entity=\"sip:alice@example.com\" state=\"deleted\"/>".to_owned();
        assert_eq!(tell("partial", 5, &[deleted]), "alice leaves");
        let listed = "<c:user entity=\"sip:dave@example.com\"/>".to_owned();
        assert_eq!(tell("full", 6, &[listed, alice.clone()]), "dave joins, alice joins");
        assert_eq!(tell("full", 7, &[alice]), "dave leaves", "not listed any more");
    }

    #[test]
    fn nobody_leaves_in_a_document_that_is_cut() {
        let mut members = Members::default();
        let users: Vec<String> = ["alice", "bob"].map(|name| user(name, "full", "connected")).into();
        assert_eq!(told(&mut members, &document("full", 1, &users.concat())), "alice is in, bob is in");
        let whole = document("full", 2, &users.concat());
        for cut in [whole.find("sip:bob").unwrap(), whole.len() - "</c:conference-info>".len()] {
            assert_eq!(told(&mut members, &whole[..cut]), "");
        }
        let crowd: String = (0..MAX_USERS).map(|n| user(&n.to_string(), "full", "alerting")).collect();
        assert_eq!(told(&mut members, &document("full", 3, &format!("{crowd}{}", users.concat()))), "");
        assert_eq!(told(&mut members, &document("full", 4, &users[0])), "bob leaves");
    }

    #[test]
    fn hostile_documents_are_bounded_and_end() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]>";
        assert_eq!(Info::read(format!("{bomb}{}", document("full", 1, "&b;")).as_bytes()), None);
        let many: String = (0..5_000).map(|n| user(&n.to_string(), "full", "connected")).collect();
        let mut members = Members::default();
        let info = Info::read(document("full", 1, &many).as_bytes()).expect("a document");
        assert!(info.users.len() <= MAX_USERS);
        assert_eq!(members.learn(info).len(), MAX_MEMBERS);
        assert_eq!(members.here.len(), MAX_MEMBERS);
        let deep = "<c:user entity='x'>".repeat(20_000);
        assert!(Info::read(document("full", 1, &deep).as_bytes()).is_some());
        let long = user(&"x".repeat(9_000), "full", "connected");
        let info = Info::read(document("full", 1, &long).as_bytes()).expect("a document");
        assert!(info.users.iter().all(|user| user.entity.len() <= MAX_ENTITY + 3));
        for broken in
            ["", "<", "<conference-info", "\u{0}", "<a><b></a>", "<conference-info version='&#x1F;'>"]
        {
            assert!(Info::read(broken.as_bytes()).is_none_or(|info| info.users.is_empty()), "{broken}");
        }
        assert_eq!(Info::read(&[0xff, 0xfe, b'<']), None);
    }

    #[test]
    fn a_room_knows_who_is_in_it() {
        let mut rooms = Rooms::default();
        assert_eq!(rooms.enter(7, 1, |_| true), None);
        assert_eq!(rooms.enter(7, 2, |_| true), Some(1));
        assert_eq!(rooms.enter(7, 2, |_| true), None, "told before");
        assert_eq!(rooms.enter(7, 3, |call| call != 1), Some(2), "the first call is over");
        assert_eq!(rooms.calls(7), [2, 3]);
        (100..200).for_each(|key| _ = rooms.enter(key, 4, |_| true));
        assert_eq!((rooms.0.len(), rooms.calls(7)), (MAX_ROOMS, &[][..]));
    }
}
