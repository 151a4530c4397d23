//! What requests change in a call.

use super::attempt::Cancel;
use super::call::{Bye, Call, Dialog, MAX_TEXT, Seen, party_name};
use super::conference;
use super::dtmf::{self, Digit};
use super::message::{Message, Name, split_line};
use super::params::{self, Address, text};
use super::reason::Why;
use super::sdp::Sdp;
use super::story::Feature;
use crate::media::Party;

/// Digits kept per call.
const MAX_DIGITS: usize = 48;

impl Call {
    pub(super) fn invite_headers(&mut self, seen: &Seen<'_>) {
        let message = seen.message;
        self.diverted(seen, "the call was diverted on its way here");
        if let Some(replaces) = message.header(Name::Replaces) {
            let early = params::param(replaces, "early-only").is_some();
            let how = if early && !message.has(Name::ReferredBy) {
                Feature::Pickup
            } else {
                Feature::AttendedTransfer
            };
            self.features.add(how);
            self.story.tell(seen.cx, "replaces", "this call takes the place of another one (Replaces)");
        }
        if message.has(Name::Join) {
            self.conference(seen, "the caller asks to join a call that is there (Join)");
        }
        if message.has(Name::ReferredBy) {
            self.story.tell(seen.cx, "referred", "the caller was sent here by a transfer (Referred-By)");
        }
    }

    /// Diversion (RFC 5806) and History-Info (RFC 7044) tell that somebody else was called first, and why.
    pub(super) fn diverted(&mut self, seen: &Seen<'_>, words: &str) {
        let Some(reason) = diversion(seen.message) else { return };
        self.features.add(Feature::Forwarded);
        self.attempt.diverted = true;
        let detail = if reason.is_empty() { words.to_owned() } else { format!("{words}: {reason}") };
        self.story.tell(seen.cx, "forwarded", &detail);
    }

    /// This INVITE takes over a dialog of call `other`, which `is_early`: still rings.
    pub(super) fn takes_over(&mut self, seen: &Seen<'_>, other: u32, is_early: bool) {
        if is_early && !seen.message.has(Name::ReferredBy) {
            self.features.remove(Feature::AttendedTransfer);
            self.features.add(Feature::Pickup);
            return self.relate(seen, other, "is picked up by this one while it rings");
        }
        let how = if is_early {
            "is taken over before its answer: semi-attended"
        } else {
            "is taken over by this one"
        };
        self.relate(seen, other, how);
    }

    pub(super) fn cancel(&mut self, seen: &Seen<'_>, fresh: bool) {
        let attempt = &mut self.attempt;
        if !attempt.owns(seen.from_tag, seen.number) {
            if fresh {
                self.story.tell(seen.cx, "cancel", "a change inside the call is cancelled");
            }
            return;
        }
        let nearest = attempt.nearest();
        let hops = attempt.hops_of(seen.branch).unwrap_or(nearest);
        let known = attempt.cancel.as_ref().map(|known| known.hops);
        let why = Why::of(seen.message);
        if known.is_none_or(|known| hops < known) {
            attempt.cancel = Some(Cancel { at: seen.cx.at, hops, why: why.clone() });
        }
        let because = if why.text.is_empty() { String::new() } else { format!(": {}", why.text) };
        // a server ends a branch that rings in vain, the caller still waits
        let (kind, words) = if hops > nearest {
            ("branch_cancelled", "a server stops the ringing on one branch")
        } else {
            ("cancel", "the caller's side gives up")
        };
        // its own CANCEL may come behind that of a server
        if fresh || (hops <= nearest && known.is_some_and(|known| known > nearest)) {
            self.story.turn(seen.cx, kind, &format!("{words}{because}"));
            self.mark(seen.cx.frame);
        }
    }

    pub(super) fn bye(&mut self, seen: &Seen<'_>) {
        let by = self.sender(seen);
        let remote = if by == Party::Caller { seen.to_tag } else { Some(seen.from_tag) };
        let dialog = self.dialogs.iter_mut().find(|dialog| Some(dialog.tag) == remote);
        let known = dialog.map(|dialog| dialog.ended = true).is_some();
        // a server may have kept the answer of a branch from the caller: only what was taken counts
        let taken = self.dialogs.iter().any(|dialog| dialog.acknowledged);
        let open = |dialog: &Dialog| !dialog.ended && (dialog.acknowledged || !taken);
        let over = !known || !self.dialogs.iter().any(open);
        let why = Why::of(seen.message);
        let mut detail = format!("the {} hangs up", party_name(by));
        if !over {
            detail = format!("the {} ends one of several answered branches", party_name(by));
        }
        if !why.text.is_empty() {
            detail = format!("{detail}: {}", why.text);
        }
        self.story.turn(seen.cx, "bye", &detail);
        self.expired(seen);
        if over && self.bye.is_none() {
            self.mark(seen.cx.frame);
            self.bye = Some(Bye {
                at: seen.cx.at,
                by,
                number: seen.number,
                why,
                confirmed: false,
                disconnect_ms: None,
            });
        } else if let Some(bye) = self.bye.as_mut().filter(|bye| bye.by == by && bye.number < seen.number) {
            // challenged and sent again: the hang-up itself was the first one
            bye.number = seen.number;
        }
    }

    pub(super) fn in_dialog(&mut self, seen: &Seen<'_>) {
        let who = party_name(self.sender(seen));
        match seen.method {
            b"INVITE" => {
                self.features.add(Feature::Reinvite);
                if self.is_refresh(seen) {
                    self.story.tell(
                        seen.cx,
                        "session_refresh",
                        &format!("the {who} keeps the session alive (re-INVITE)"),
                    );
                } else {
                    let detail =
                        format!("the {who} asks to change the session ({})", medium(seen.sdp.as_ref()));
                    self.story.tell(seen.cx, "reinvite", &detail);
                }
                self.invite_headers(seen);
            }
            b"ACK" if self.answer.is_some() && self.attempt.owns(seen.from_tag, seen.number) => {
                let dialog = self.dialogs.iter_mut().find(|dialog| Some(dialog.tag) == seen.to_tag);
                dialog.into_iter().for_each(|dialog| dialog.acknowledged = true);
                self.story.tell(seen.cx, "ack", &format!("the {who} confirms the answer"));
            }
            b"PRACK" => {
                self.features.add(Feature::Prack);
                self.story.tell(seen.cx, "prack", &format!("the {who} confirms a provisional response"));
            }
            b"UPDATE" => {
                self.features.add(Feature::Update);
                if self.is_refresh(seen) {
                    self.story.tell(
                        seen.cx,
                        "session_refresh",
                        &format!("the {who} keeps the session alive (UPDATE)"),
                    );
                } else {
                    let detail = format!("the {who} updates the session ({})", medium(seen.sdp.as_ref()));
                    self.story.tell(seen.cx, "update", &detail);
                }
            }
            b"INFO" => self.info(seen),
            b"REFER" => self.refer(seen),
            b"NOTIFY" => self.notify(seen),
            _ => {}
        }
    }

    fn info(&mut self, seen: &Seen<'_>) {
        let Some((digit, duration_ms)) = dtmf::of_info(seen.message) else { return };
        self.features.add(Feature::DtmfInfo);
        if self.digits.len() < MAX_DIGITS {
            let (frame, at, from) = (seen.cx.frame, seen.cx.at, self.sender(seen));
            self.digits.push(Digit { frame, at, from, digit, duration_ms });
        }
    }

    fn refer(&mut self, seen: &Seen<'_>) {
        let who = party_name(self.sender(seen));
        let target = seen.message.header(Name::ReferTo).unwrap_or_default();
        let attended = memchr::memmem::find(&target.to_ascii_lowercase(), b"replaces=").is_some();
        self.session.transfer = Some((seen.number, attended));
        let target = text(Address::new(target).aor(), MAX_TEXT);
        let how = if attended { "to a call that is already there" } else { "without asking there" };
        self.story.turn(seen.cx, "refer", &format!("the {who} transfers the other side to {target}, {how}"));
        self.mark(seen.cx.frame);
    }

    fn notify(&mut self, seen: &Seen<'_>) {
        if conference::is_event(seen.message) {
            return self.conference_events(seen);
        }
        let event = seen.message.header(Name::Event).unwrap_or_default();
        if event.len() < 5 || !event[..5].eq_ignore_ascii_case(b"refer") {
            return;
        }
        let line = split_line(seen.message.body).0;
        if let Some(result) = line.strip_prefix(b"SIP/2.0 ") {
            let detail = format!("the transfer's target answers {}", text(result, 60));
            self.story.tell(seen.cx, "transfer_progress", &detail);
        }
    }
}

/// Why a message was diverted, in the words of RFC 5806; empty where it does not tell. `None`: it was not.
pub(super) fn diversion(message: &Message<'_>) -> Option<String> {
    if let Some(from) = message.header(Name::Diversion) {
        return Some(text(params::param(from, "reason").unwrap_or_default(), 40));
    }
    message.all(Name::HistoryInfo).find_map(diverted_by).map(str::to_owned)
}

/// The cause of a History-Info entry that a diversion made (RFC 4458), not a plain retargeting.
fn diverted_by(value: &[u8]) -> Option<&'static str> {
    const CAUSES: [(&str, &str); 6] = [
        ("302", "unconditional"),
        ("408", "no-answer"),
        ("480", "deflection"),
        ("486", "user-busy"),
        ("487", "deflection"),
        ("503", "unavailable"),
    ];
    let value = value.to_ascii_lowercase();
    let has = |pattern: String| memchr::memmem::find(&value, pattern.as_bytes()).is_some();
    let found = |code: &str| has(format!("cause={code}")) || has(format!("cause%3d{code}"));
    CAUSES.into_iter().find(|(code, _)| found(code)).map(|(_, reason)| reason)
}

fn medium(sdp: Option<&Sdp>) -> &'static str {
    use crate::media::MediaKind::{Audio, Fax, Video};
    let Some(sdp) = sdp else { return "no media" };
    let has = |kind| sdp.media.iter().any(|media| media.kind == kind && media.port != 0);
    match (has(Fax), has(Video), has(Audio)) {
        (true, ..) => "T.38 fax",
        (_, true, _) => "audio and video",
        (_, _, true) => "audio",
        _ => "no audio",
    }
}
