//! What SDP announced for which endpoint, and which streams it concerns.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::media::{Announcement, MediaKind};
use crate::packet::{Endpoint, Nanos};

/// Streams told when SDP speaks about an endpoint; the newest ones where there are more.
const MAX_ATTACHED: usize = 64;

/// Calls remembered that name the same endpoint, beside the newest: a mixer may have one port for all of them.
const MAX_SHARED: usize = 8;

/// Announcements of other calls, oldest first.
#[derive(Clone, Debug, Default)]
struct Shared(Vec<Arc<Announcement>>);

/// One endpoint.
#[derive(Clone, Debug, Default)]
struct Entry {
    announcement: Option<Arc<Announcement>>,
    /// The last ones of other calls; few endpoints have any.
    shared: Option<Box<Shared>>,
    /// Call whose RTCP goes here.
    rtcp_call: Option<u32>,
    /// Slots of streams from and to it.
    streams: Vec<u32>,
    /// Key exchange was seen here (DTLS, ZRTP).
    secured: bool,
    touched: Nanos,
}

impl Entry {
    fn newest_first(&self) -> impl Iterator<Item = &Arc<Announcement>> {
        let shared = self.shared.iter().flat_map(|shared| shared.0.iter().rev());
        self.announcement.iter().chain(shared)
    }

    fn of_call(&self, call: u32) -> Option<&Arc<Announcement>> {
        self.newest_first().find(|announcement| announcement.call == call)
    }
}

/// Endpoints of media, announced or in use. Bounded; the longest untouched are dropped.
#[derive(Debug)]
pub(super) struct Endpoints {
    entries: HashMap<Endpoint, Entry, RandomState>,
    limit: usize,
    dropped: u64,
}

impl Endpoints {
    pub fn new(limit: usize) -> Self {
        Self { entries: HashMap::default(), limit: limit.max(16), dropped: 0 }
    }

    fn entry(&mut self, endpoint: Endpoint, at: Nanos) -> &mut Entry {
        if self.entries.len() >= self.limit && !self.entries.contains_key(&endpoint) {
            self.drop_older_half();
        }
        let entry = self.entries.entry(endpoint).or_default();
        entry.touched = entry.touched.max(at);
        entry
    }

    /// Endpoints that were forgotten for lack of room.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn drop_older_half(&mut self) {
        let before = self.entries.len();
        let mut times: Vec<Nanos> = self.entries.values().map(|entry| entry.touched).collect();
        let middle = times.len() / 2;
        let (_, &mut median, _) = times.select_nth_unstable(middle);
        self.entries.retain(|_, entry| entry.touched > median);
        self.dropped += (before - self.entries.len()) as u64;
    }

    /// SDP has spoken. Gives the slots of the streams that it concerns.
    pub fn announce(&mut self, announcement: &Announcement) -> Vec<u32> {
        let announcement = Arc::new(announcement.clone());
        let at = announcement.at;
        if announcement.rtcp.port != 0 && !announcement.rtcp.is_unspecified() {
            self.entry(announcement.rtcp, at).rtcp_call = Some(announcement.call);
        }
        if announcement.endpoint.port == 0 || announcement.endpoint.is_unspecified() {
            return Vec::new();
        }
        let entry = self.entry(announcement.endpoint, at);
        if let Some(shared) = &mut entry.shared {
            shared.0.retain(|shared| shared.call != announcement.call);
        }
        let before = entry.announcement.replace(announcement.clone());
        if let Some(other) = before.filter(|before| before.call != announcement.call) {
            let shared = &mut entry.shared.get_or_insert_default().0;
            if shared.len() >= MAX_SHARED {
                shared.remove(0);
            }
            shared.push(other);
        }
        entry.streams.clone()
    }

    /// A stream in `slot` runs from or to `endpoint`.
    pub fn attach(&mut self, endpoint: Endpoint, slot: u32, at: Nanos) {
        let streams = &mut self.entry(endpoint, at).streams;
        if streams.len() >= MAX_ATTACHED {
            streams.remove(0);
        }
        streams.push(slot);
    }

    /// Slots of streams from and to `endpoint`.
    pub fn streams(&self, endpoint: Endpoint) -> &[u32] {
        self.entries.get(&endpoint).map_or(&[], |entry| &entry.streams)
    }

    /// Announcements of the receiver and the sender: those of the newest call that names both, else the newest
    /// of each.
    pub fn announced(&self, source: Endpoint, destination: Endpoint) -> [Option<Arc<Announcement>>; 2] {
        let ends = [destination, source].map(|end| self.entries.get(&end));
        if let [Some(receiver), Some(sender)] = ends
            && let Some(both) = receiver.newest_first().find_map(|one| Some([one, sender.of_call(one.call)?]))
        {
            return both.map(|end| Some(Arc::clone(end)));
        }
        ends.map(|entry| entry.and_then(|entry| entry.announcement.clone()))
    }

    /// One of the ends expects RTP, and this payload type of it.
    pub fn expects(&self, source: Endpoint, destination: Endpoint, payload_type: u8) -> bool {
        [destination, source].into_iter().any(|end| {
            self.entries.get(&end).and_then(|entry| entry.announcement.as_deref()).is_some_and(|announced| {
                announced.kind != MediaKind::Fax
                    && announced.payload_types.iter().any(|format| format.number == payload_type)
            })
        })
    }

    /// The call whose RTCP runs between two endpoints; RTP endpoints count, for RTCP beside RTP on one port.
    pub fn rtcp_call(&self, source: Endpoint, destination: Endpoint) -> Option<u32> {
        [destination, source].into_iter().find_map(|end| {
            let entry = self.entries.get(&end)?;
            entry.rtcp_call.or(entry.announcement.as_ref().map(|announcement| announcement.call))
        })
    }

    /// Key exchange between two endpoints; noted where media is announced or in use.
    pub fn secure(&mut self, ends: [Endpoint; 2]) {
        for end in ends {
            if let Some(entry) = self.entries.get_mut(&end) {
                entry.secured = true;
            }
        }
    }

    /// Key exchange was seen at both ends, as far as they are known.
    pub fn is_secured(&self, ends: [Endpoint; 2]) -> bool {
        ends.iter().all(|end| self.entries.get(end).is_some_and(|entry| entry.secured))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Direction, Party};

    fn announcement(call: u32, end: &str) -> Announcement {
        let endpoint: std::net::SocketAddr = end.parse().expect("an endpoint");
        let endpoint = Endpoint::new(endpoint.ip(), endpoint.port());
        Announcement {
            call,
            party: Party::Callee,
            endpoint,
            rtcp: endpoint,
            kind: MediaKind::Audio,
            direction: Direction::SendRecv,
            payload_types: Vec::new(),
            ptime_ms: None,
            encrypted: false,
            fax_version: None,
            frame: u64::from(call),
            at: Nanos(i64::from(call)),
        }
    }

    /// The call that the stream between two announced ends belongs to.
    fn calls(endpoints: &Endpoints, source: &Announcement, destination: &Announcement) -> [Option<u32>; 2] {
        endpoints.announced(source.endpoint, destination.endpoint).map(|one| one.map(|one| one.call))
    }

    #[test]
    fn a_mixer_with_one_port_keeps_its_calls_apart() {
        let mut endpoints = Endpoints::new(100);
        let phones: Vec<_> =
            (1..=3).map(|call| announcement(call, &format!("192.0.2.{call}:6000"))).collect();
        for phone in &phones {
            endpoints.announce(phone);
            endpoints.announce(&announcement(phone.call, "192.0.2.9:7000"));
        }
        let mixer = announcement(0, "192.0.2.9:7000");
        for phone in &phones {
            assert_eq!(calls(&endpoints, phone, &mixer), [Some(phone.call); 2]);
            assert_eq!(calls(&endpoints, &mixer, phone), [Some(phone.call); 2]);
        }
    }

    #[test]
    fn a_port_used_again_belongs_to_the_newest_call() {
        let mut endpoints = Endpoints::new(100);
        for call in 1..=20 {
            endpoints.announce(&announcement(call, "192.0.2.1:6000"));
            endpoints.announce(&announcement(call, "192.0.2.2:6000"));
        }
        let (a, b) = (announcement(0, "192.0.2.1:6000"), announcement(0, "192.0.2.2:6000"));
        assert_eq!(calls(&endpoints, &a, &b), [Some(20); 2]);
        assert!(
            endpoints
                .entries
                .values()
                .all(|entry| entry.shared.as_ref().is_some_and(|shared| shared.0.len() <= MAX_SHARED))
        );
    }
}
