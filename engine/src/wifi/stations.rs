//! Stations: what each sent, how often again, its voice frames, and its moves between BSSs.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::Radio;
use super::bss::Level;
use super::dot11::{self, Header, Kind, Mac, subtype};
use super::{payload, report};
use crate::model::{Roam, Station, VoiceFrames};
use crate::packet::{Context, Nanos};

/// Moves listed per station, and over all stations by the number of those that there is room for.
const MAX_ROAMS: usize = 256;
const ROAMS_PER_STATION: usize = 5;
const EAPOL: u16 = 0x888e;

/// All stations, in order of their first frame.
#[derive(Debug)]
pub(super) struct Stations {
    all: Vec<State>,
    index: HashMap<Mac, u32, RandomState>,
    max: usize,
    refused: u64,
    roams: usize,
}

#[derive(Debug)]
struct State {
    mac: Mac,
    bssid: Option<Mac>,
    frames: u64,
    /// Data and management frames, and those sent again.
    tries: u64,
    retries: u64,
    voice: VoiceFrames,
    level: Level,
    /// Last data frame in the current BSS, either way.
    last_data: Option<Nanos>,
    /// A move that has begun: authentication with another BSS.
    moving: Option<Move>,
    roams: Vec<Done>,
}

#[derive(Clone, Copy, Debug)]
struct Move {
    frame: u64,
    at: Nanos,
    to: Mac,
}

#[derive(Clone, Copy, Debug)]
struct Done {
    begun: Move,
    from: Option<Mac>,
    left: Option<Nanos>,
    first_data: Option<Nanos>,
}

impl Stations {
    pub(super) fn new(max: usize) -> Self {
        Self { all: Vec::new(), index: HashMap::default(), max, refused: 0, roams: 0 }
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// Takes a frame other than a beacon.
    pub(super) fn frame(&mut self, cx: &Context, header: &Header, radio: &Radio, frame: &[u8]) {
        if header.kind == Kind::Extension {
            return;
        }
        self.received(cx, header, frame);
        let Some(place) = self.sender(header) else { return };
        let Some(state) = self.all.get_mut(place as usize) else { return };
        state.sent(header, radio);
        let room = state.roams.len() < MAX_ROAMS && self.roams < self.max.saturating_mul(ROAMS_PER_STATION);
        let moved = state.follow(cx, header, is_traffic(header, frame), room);
        self.roams += usize::from(moved);
    }

    /// Index of the station that sent the frame, if it is one and there is room. Control frames alone make
    /// no station: an AP sends them too, and they do not tell which it is.
    fn sender(&mut self, header: &Header) -> Option<u32> {
        let mac = header.transmitter.filter(|&mac| dot11::is_device(mac))?;
        if let Some(&place) = self.index.get(&mac) {
            return Some(place);
        }
        let from_ap = header.from_ds || header.bssid() == Some(mac);
        if header.kind == Kind::Control || from_ap {
            return None;
        }
        if self.all.len() >= self.max {
            self.refused += 1;
            return None;
        }
        let place = u32::try_from(self.all.len()).ok()?;
        self.all.push(State::new(mac));
        self.index.insert(mac, place);
        Some(place)
    }

    /// Data to a station ends or keeps its time in a BSS too.
    fn received(&mut self, cx: &Context, header: &Header, frame: &[u8]) {
        if header.kind != Kind::Data || !header.from_ds || header.to_ds || header.receiver[0] & 1 != 0 {
            return;
        }
        let Some(&place) = self.index.get(&header.receiver) else { return };
        let Some(state) = self.all.get_mut(place as usize) else { return };
        if state.bssid == header.transmitter && is_traffic(header, frame) {
            state.data(cx.at);
        }
    }

    /// For the report; `is_ap` tells the addresses that beacon.
    pub(super) fn report(&self, is_ap: impl Fn(&Mac) -> bool) -> Vec<Station> {
        self.all.iter().filter(|state| !is_ap(&state.mac)).map(State::report).collect()
    }
}

/// A data frame with something in it that is not the key exchange.
fn is_traffic(header: &Header, frame: &[u8]) -> bool {
    header.has_payload() && payload::network(frame).is_none_or(|(ethertype, _)| ethertype != EAPOL)
}

impl State {
    fn new(mac: Mac) -> Self {
        Self {
            mac,
            bssid: None,
            frames: 0,
            tries: 0,
            retries: 0,
            voice: VoiceFrames::default(),
            level: Level::default(),
            last_data: None,
            moving: None,
            roams: Vec::new(),
        }
    }

    fn sent(&mut self, header: &Header, radio: &Radio) {
        self.frames += 1;
        if let Some(dbm) = radio.signal_dbm {
            self.level.add(dbm);
        }
        if header.kind == Kind::Control {
            return;
        }
        self.tries += 1;
        self.retries += u64::from(header.retry);
        if header.has_payload() && matches!(header.tid(), Some(6 | 7)) {
            self.voice.frames += 1;
            self.voice.retries += u64::from(header.retry);
        }
    }

    /// Keeps track of the BSS that the station uses. True when a move was listed.
    fn follow(&mut self, cx: &Context, header: &Header, traffic: bool, room: bool) -> bool {
        let Some(bssid) = header.bssid().filter(|&bssid| dot11::is_device(bssid) && bssid != self.mac) else {
            return false;
        };
        let authenticates = header.is_management(subtype::AUTHENTICATION);
        let joins = header.is_management(subtype::ASSOCIATION_REQUEST)
            || header.is_management(subtype::REASSOCIATION_REQUEST);
        let data = header.kind == Kind::Data;
        if self.bssid == Some(bssid) {
            if traffic {
                self.data(cx.at);
                self.moving = None;
            }
            return false;
        }
        if !authenticates && !joins && !data {
            return false;
        }
        let known = self.moving.filter(|moving| moving.to == bssid);
        let begun = known.unwrap_or(Move { frame: cx.frame, at: cx.at, to: bssid });
        // A single data frame with another BSSID may be damaged: it takes a second, or a handshake.
        let settles = joins || (data && (known.is_some() || self.bssid.is_none()));
        self.moving = Some(begun).filter(|_| !settles);
        if !settles {
            return false;
        }
        let from = self.bssid.replace(bssid);
        let left = self.last_data.take();
        let moved = from.is_some() && room;
        if moved {
            self.roams.push(Done { begun, from, left, first_data: None });
        }
        if traffic {
            self.data(cx.at);
        }
        moved
    }

    fn data(&mut self, at: Nanos) {
        self.last_data = Some(at);
        if let Some(roam) = self.roams.last_mut() {
            roam.first_data.get_or_insert(at);
        }
    }

    fn report(&self) -> Station {
        let percent = |part: u64, whole: u64| (whole > 0).then(|| 100.0 * part as f64 / whole as f64);
        Station {
            mac: dot11::text(self.mac),
            bssid: self.bssid.map(dot11::text),
            frames: self.frames,
            retry_percent: percent(self.retries, self.tries),
            signal_dbm: report::signal(&self.level),
            voice: self.voice,
            roams: self.roams.iter().map(Done::report).collect(),
        }
    }
}

impl Done {
    fn report(&self) -> Roam {
        let gap = |(left, first): (Nanos, Nanos)| first.known_millis_since(left).map(|ms| ms.max(0.0));
        Roam {
            frame: self.begun.frame,
            at: self.begun.at,
            from: self.from.map(dot11::text),
            to: dot11::text(self.begun.to),
            gap_ms: self.left.zip(self.first_data).and_then(gap),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wifi::testing::{Frame, context, mac};

    const SNAP: [u8; 9] = [0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00, 0x45];

    fn run(frames: &[(i64, Frame)]) -> Vec<Station> {
        let mut stations = Stations::new(100);
        for (at, (ms, frame)) in frames.iter().enumerate() {
            let cx = context(at as u64 + 1, Nanos(ms * Nanos::MILLI), 0);
            let bytes = frame.bytes();
            let radio = Radio { signal_dbm: Some(-50), ..Radio::default() };
            stations.frame(&cx, &dot11::header(&bytes).unwrap(), &radio, &bytes);
        }
        stations.report(|_| false)
    }

    fn up(bssid: u8, flags: u8, tid: u8) -> Frame {
        Frame::new(0x88, flags | 1, [mac(bssid), mac(9), mac(1)]).more(&[tid, 0]).more(&SNAP)
    }

    fn down(bssid: u8) -> Frame {
        Frame::new(0x08, 2, [mac(9), mac(bssid), mac(1)]).more(&SNAP)
    }

    fn manage(control: u8, bssid: u8) -> Frame {
        Frame::new(control, 0, [mac(bssid), mac(9), mac(bssid)])
    }

    #[test]
    fn a_roam_lasts_from_the_last_data_to_the_first() {
        let eapol = [0xaa, 0xaa, 3, 0, 0, 0, 0x88, 0x8e, 2];
        let stations = run(&[
            (0, up(1, 0, 6)),
            (20, down(1)),
            (30, manage(0xb0, 2)),
            (40, manage(0x20, 2)),
            (50, Frame::new(0x08, 1, [mac(2), mac(9), mac(1)]).more(&eapol)),
            (90, up(2, 0, 6)),
        ]);
        assert_eq!(stations.len(), 1);
        let roam = &stations[0].roams[0];
        assert_eq!((roam.frame, roam.gap_ms), (3, Some(70.0)));
        assert_eq!(roam.from.as_deref(), Some("02:00:00:00:00:01"));
        assert_eq!(stations[0].bssid.as_deref(), Some("02:00:00:00:00:02"));
    }

    #[test]
    fn authentication_alone_is_no_roam() {
        let stations = run(&[(0, up(1, 0, 0)), (10, manage(0xb0, 2)), (20, up(1, 0, 0))]);
        assert!(stations[0].roams.is_empty());
    }

    #[test]
    fn retries_and_voice_frames() {
        let stations = run(&[
            (0, up(1, 0, 6)),
            (1, up(1, 8, 6)),
            (2, up(1, 8, 0)),
            (3, up(1, 0, 7)),
            (4, Frame::new(0xb4, 0, [mac(1), mac(9), mac(0)])),
        ]);
        let station = &stations[0];
        assert_eq!((station.frames, station.retry_percent), (5, Some(50.0)));
        assert_eq!((station.voice.frames, station.voice.retries), (3, 1));
    }

    #[test]
    fn aps_groups_and_zero_are_no_stations() {
        let group = Frame::new(0x08, 1, [mac(1), [3, 0, 0, 0, 0, 1], mac(1)]).more(&SNAP);
        let zero = Frame::new(0x08, 1, [mac(1), [0; 6], mac(1)]).more(&SNAP);
        assert!(run(&[(0, down(1)), (1, group), (2, zero), (3, manage(0xd0, 9))]).is_empty());
    }
}
