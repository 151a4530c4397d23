//! Who stands side by side: one column per host, or per port where a host talks to itself.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use airtone_engine::flow::{Flow, Message};
use airtone_engine::packet::Endpoint;

/// One party of the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Address, with the port where it is the only one.
    pub(crate) address: String,
    /// Without a port, where that is enough to tell the columns apart.
    pub(crate) short: String,
    /// User that calls or is called from here.
    pub(crate) name: Option<String>,
    /// Sends or receives RTP alone.
    pub(crate) media_only: bool,
}

/// A host, or one port of it.
type Key = (IpAddr, Option<u16>);

/// The columns in order of their first message, media-only ones last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    pub(crate) list: Vec<Column>,
    keys: BTreeMap<Key, usize>,
    ports: Vec<BTreeSet<u16>>,
    /// Hosts with several parties on them.
    shared: BTreeSet<IpAddr>,
    /// Media endpoints by who announced them first: later announcers only pass them on.
    media: BTreeMap<Endpoint, usize>,
}

impl Columns {
    pub(crate) fn new(flow: &Flow) -> Self {
        let to_itself = |m: &&Message| m.source.ip() == m.destination.ip();
        let shared = flow.messages.iter().filter(to_itself).map(|m| m.source.ip()).collect();
        let mut columns = Self { shared, ..Self::default() };
        for message in &flow.messages {
            let source = columns.signalling(message.source);
            columns.signalling(message.destination);
            for endpoint in message.sdp.iter().filter_map(|medium| medium.endpoint) {
                columns.media.entry(endpoint).or_insert(source);
            }
        }
        columns.name(flow);
        for (column, ports) in columns.list.iter_mut().zip(&columns.ports) {
            if let (1, Some(port)) = (ports.len(), ports.first())
                && let Ok(ip) = column.address.parse::<IpAddr>()
            {
                column.address = Endpoint::new(ip, *port).to_string();
            }
        }
        columns
    }

    fn key(&self, end: Endpoint) -> Key {
        let ip = end.ip();
        (ip, self.shared.contains(&ip).then_some(end.port))
    }

    /// The column of a SIP endpoint.
    pub(crate) fn signalling(&mut self, end: Endpoint) -> usize {
        let column = self.column(end, false);
        self.ports[column].insert(end.port);
        column
    }

    /// The column of an RTP endpoint.
    pub(crate) fn media(&mut self, end: Endpoint) -> usize {
        match self.media.get(&end) {
            Some(&column) => column,
            None => self.column(end, true),
        }
    }

    fn column(&mut self, end: Endpoint, media_only: bool) -> usize {
        let key = self.key(end);
        if let Some(&column) = self.keys.get(&key) {
            return column;
        }
        let address = match key.1 {
            Some(_) => end.to_string(),
            None => end.ip().to_string(),
        };
        self.list.push(Column { short: address.clone(), address, name: None, media_only });
        self.ports.push(BTreeSet::new());
        self.keys.insert(key, self.list.len() - 1);
        self.list.len() - 1
    }

    /// Who calls has not been called before, who is called does not call on.
    fn name(&mut self, flow: &Flow) {
        let invites: Vec<(usize, usize, &Message)> = flow
            .messages
            .iter()
            .filter(|m| m.method == "INVITE" && m.code.is_none() && m.dialog.is_none())
            .filter_map(|m| {
                Some((*self.keys.get(&self.key(m.source))?, *self.keys.get(&self.key(m.destination))?, m))
            })
            .collect();
        let mut called: BTreeMap<usize, BTreeSet<&Option<String>>> = BTreeMap::new();
        let mut names = BTreeSet::new();
        for &(source, destination, message) in &invites {
            // an agent that sends the call on gives the caller's name as well; who was called by this name has it
            let own = called.get(&source).is_none_or(|as_whom| as_whom.contains(&message.caller));
            if own && self.list[source].name.is_none() && names.insert(&message.caller) {
                self.list[source].name.clone_from(&message.caller);
            }
            called.entry(destination).or_default().insert(&message.callee);
        }
        let calling: BTreeSet<usize> = invites.iter().map(|invite| invite.0).collect();
        let answering = self.responding(flow, |code| matches!(code, 200..=299));
        // several phones of one user have the same name
        let phones =
            self.responding(flow, |code| matches!(code, 180 | 183 | 200..=299 | 480 | 486 | 487 | 600 | 603));
        let (answered, others): (Vec<_>, Vec<_>) =
            invites.iter().rev().partition(|invite| answering.contains(&invite.1));
        for &&(_, destination, message) in answered.iter().chain(&others) {
            let is_last = !calling.contains(&destination);
            let is_own = is_last && (names.insert(&message.callee) || phones.contains(&destination));
            if is_own && self.list[destination].name.is_none() {
                self.list[destination].name.clone_from(&message.callee);
            }
        }
    }

    /// The columns that answer an INVITE in this way.
    fn responding(&self, flow: &Flow, way: fn(u16) -> bool) -> BTreeSet<usize> {
        let responses = flow.messages.iter().filter(|m| m.method == "INVITE" && m.code.is_some_and(way));
        responses.filter_map(|m| self.keys.get(&self.key(m.source)).copied()).collect()
    }
}
