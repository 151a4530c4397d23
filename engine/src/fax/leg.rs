//! One fax between two addresses: the packets of both directions, and what they say.

use super::hdlc::Assembler;
use super::ifp::{self, Ifp, Notation};
use super::sequence::{Arrival, Numbers};
use super::t30::{Side, T30, What};
use super::udptl::{Again, Datagram, Repair};
use crate::media::Party;
use crate::packet::{Context, Endpoint, Nanos};

/// Packets taken from one datagram to repair those before it.
const MAX_AGAIN: usize = 32;

/// Packets of one direction.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) source: Endpoint,
    pub(super) destination: Endpoint,
    pub(super) sender: Option<Party>,
    pub(super) numbers: Numbers,
    pub(super) first_frame: u64,
    pub(super) last_frame: u64,
    pub(super) start: Nanos,
    pub(super) last: Nanos,
    /// `redundancy` or `parity`, once it was seen.
    pub(super) repair: Option<&'static str>,
    /// Packets lost before one that the capture cut: whether it repairs them cannot be seen.
    pub(super) unclear: u64,
    /// Packets whose content cannot be read.
    pub(super) unread: u64,
    notation: Notation,
    frames: Assembler,
}

/// Both directions, the first one first.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    pub(super) ways: [Option<Way>; 2],
    pub(super) t30: T30,
}

impl Leg {
    pub(super) fn new() -> Self {
        Self { ways: [None, None], t30: T30::default() }
    }

    /// The direction that a packet goes in. A machine may send from another port than it receives at.
    pub(super) fn side_of(&self, cx: &Context) -> Option<Side> {
        let is = |way: &Option<Way>| {
            way.as_ref().is_some_and(|way| (way.source, way.destination) == (cx.source, cx.destination))
        };
        if let Some(place) = self.ways.iter().position(is) {
            return Some(place == 1);
        }
        let there = self.ways[0].as_ref().filter(|_| self.ways[1].is_none())?;
        let hosts = (there.source.octets, there.destination.octets);
        let is_back = hosts == (cx.destination.octets, cx.source.octets);
        (is_back && (there.source, there.destination) != (cx.source, cx.destination)).then_some(true)
    }

    /// Packets of both directions.
    pub(super) fn packets(&self) -> u64 {
        self.ways.iter().flatten().map(|way| way.numbers.came_once).sum()
    }

    pub(super) fn take(
        &mut self,
        cx: &Context,
        side: Side,
        datagram: &Datagram<'_>,
        (sender, notation): (Party, Notation),
    ) {
        let way = self.ways[usize::from(side)].get_or_insert_with(|| Way::new(cx, notation));
        way.sender = Some(sender);
        way.last_frame = cx.frame;
        way.last = way.last.max(cx.at);
        match way.numbers.take(datagram.seq) {
            Arrival::Ahead { missing } => self.ahead(cx, side, datagram, missing),
            Arrival::Restart => {
                way.frames.clear();
                self.ahead(cx, side, datagram, 0);
            }
            Arrival::Behind | Arrival::Repeat => {}
        }
    }

    /// Reads what is missing before a datagram, as far as it holds it, and the datagram.
    fn ahead(&mut self, cx: &Context, side: Side, datagram: &Datagram<'_>, missing: u64) {
        let Some(way) = self.ways[usize::from(side)].as_mut() else { return };
        let (restored, helped) = way.restore(datagram.repair);
        let restored = restored.into_iter().rev().flatten();
        // parity tells that it could be had, not what it was
        let is_clear = datagram.repair != Repair::Unknown;
        way.unclear += if is_clear { 0 } else { missing };
        let gap = u16::try_from(missing.saturating_sub(helped)).unwrap_or(u16::MAX);
        if missing > 0 && restored.clone().count() as u64 != missing {
            way.frames.tear();
        }
        if gap > 0 && is_clear {
            self.t30.tell((cx.frame, cx.at), What::Gap { side, packets: gap });
        }
        for packet in restored.chain([datagram.primary]) {
            self.read(cx, side, packet);
        }
    }

    fn read(&mut self, cx: &Context, side: Side, packet: &[u8]) {
        let Self { ways, t30 } = self;
        let Some(way) = ways[usize::from(side)].as_mut() else { return };
        let Way { notation, frames, unread, .. } = way;
        let place = (cx.frame, cx.at);
        // the kind stands before the fields, and is known only when they have been read
        let is_talk = packet.first().is_some_and(|first| first & 0x7e == 0x40 | ifp::V21 << 1);
        let mut has_data = false;
        let ifp = ifp::read(packet, notation, |field| {
            has_data |= !field.data.is_empty();
            if is_talk && let Some(frame) = frames.field(field) {
                t30.frame(place, side, frame);
            }
        });
        match ifp {
            Some(Ifp::Indicator(indicator)) => {
                if indicator == ifp::PREAMBLE || indicator == ifp::NO_SIGNAL {
                    frames.clear();
                }
                t30.indicator(place, side, indicator);
            }
            Some(Ifp::Data(kind)) if ifp::carries_pages(kind) && has_data => t30.page_data(side),
            Some(Ifp::Data(_)) => {}
            None => *unread += u64::from(!packet.is_empty()),
        }
    }
}

impl Way {
    fn new(cx: &Context, notation: Notation) -> Self {
        Self {
            source: cx.source,
            destination: cx.destination,
            sender: None,
            numbers: Numbers::default(),
            first_frame: cx.frame,
            last_frame: cx.frame,
            start: cx.at,
            last: cx.at,
            repair: None,
            unclear: 0,
            unread: 0,
            notation,
            frames: Assembler::default(),
        }
    }

    /// Repairs what is missing; gives the packets that are there again, the newest first, and how many were repaired.
    fn restore<'a>(&mut self, repair: Repair<'a>) -> ([Option<&'a [u8]>; MAX_AGAIN], u64) {
        let mut restored = [None; MAX_AGAIN];
        let before = self.numbers.repaired;
        match repair {
            Repair::Again(again) => self.again(again, &mut restored),
            Repair::Parity { span, entries } => {
                self.repair.get_or_insert("parity");
                self.numbers.repair_by_parity(span, entries);
            }
            Repair::Unknown => {}
        }
        (restored, self.numbers.repaired - before)
    }

    fn again<'a>(&mut self, again: Again<'a>, restored: &mut [Option<&'a [u8]>]) {
        for (behind, (packet, place)) in (1..).zip(again.zip(restored)) {
            self.repair.get_or_insert("redundancy");
            if self.numbers.misses(behind) {
                self.numbers.repair(behind);
                *place = Some(packet);
            }
        }
    }
}
