//! Who a side says that it is while the call goes on (P-Asserted-Identity, RFC 3325; Remote-Party-ID): a server that
//! moves an answered call to somebody else tells the side that stays.

use super::call::{Call, MAX_TEXT, Seen, party_name};
use super::legs::User;
use super::message::{Message, Name, Start};
use super::params::{Address, text};
use crate::media::Party;

/// The identity that its sender shows, as far as servers vouch for it.
fn asserted<'a>(message: &Message<'a>) -> Option<Address<'a>> {
    let shown = message.list(Name::AssertedIdentity).next().or(message.list(Name::RemotePartyId).next())?;
    Some(Address::new(shown)).filter(|address| !address.user().is_empty())
}

impl Call {
    /// A message of this call, seen for the first time on any leg: tells when somebody else is there than before.
    pub(super) fn identify(&mut self, seen: &Seen<'_>) {
        let shows = match seen.message.start {
            Start::Request { .. } => matches!(seen.method, b"INVITE" | b"UPDATE"),
            Start::Response { code, .. } => {
                (180..300).contains(&code) && matches!(seen.method, b"INVITE" | b"UPDATE")
            }
        };
        let Some(address) = asserted(seen.message).filter(|_| shows) else { return };
        let by = self.sender(seen);
        let user = User::new(address.user());
        let at_first = match by {
            Party::Caller => &self.from,
            Party::Callee => &self.to,
        };
        let at_first = User::new(Address::new(at_first.as_bytes()).user());
        let identities = self.identities.get_or_insert_default();
        let stated = identities[by as usize].replace(user);
        if stated.is_none() && !user.is_of_kind(&at_first) {
            return;
        }
        let before = stated.unwrap_or(at_first);
        let is_inside = matches!(seen.message.start, Start::Request { .. }) && seen.to_tag.is_some();
        if !is_inside || self.answer.is_none() || !user.is_known() || !before.is_known() || user.is(&before) {
            return;
        }
        let other = party_name(if by == Party::Caller { Party::Callee } else { Party::Caller });
        let detail = format!("the {other} now talks to {}", text(address.aor(), MAX_TEXT));
        self.story.tell(seen.cx, "connected", &detail);
    }
}
