//! Which frames belong to one call: its signalling, its media and what runs beside the media (RTCP, T.38, key
//! exchange), for a second pass over a capture whose report is known.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::media::MediaKind;
use crate::model::Report;
use crate::packet::{Context, Endpoint, Nanos, PathId};
use crate::traffic::{Traffic, What};

/// What runs between the media endpoints of a call so long after its end is not the call's any more.
const AFTER: i64 = 10 * Nanos::SECOND;

/// Segments of one direction that a SIP message may be made of.
const MAX_SEGMENTS: usize = 512;

/// Directions of TCP whose segments wait for their message.
const MAX_DIRECTIONS: usize = 65_536;

/// A stream of the call.
#[derive(Debug)]
struct Part {
    ssrc: u32,
    source: Endpoint,
    destination: Endpoint,
    /// First and last frame.
    frames: (u64, u64),
}

/// Collects the frames of one call. Show it every piece of traffic of the capture, in order.
#[derive(Debug)]
pub struct CallFrames {
    call: u32,
    parts: Vec<Part>,
    /// Streams that are in the report: what is known of them there is final.
    settled: HashSet<u32>,
    /// Where media and RTCP of the call run.
    ends: HashSet<Endpoint>,
    /// Where fax over UDPTL runs.
    fax: HashSet<Endpoint>,
    until: Option<Nanos>,
    /// Segments since the last message, by direction.
    segments: HashMap<(Endpoint, Endpoint, PathId), Vec<u64>>,
    frames: BTreeSet<u64>,
}

impl CallFrames {
    /// For call `call` of `report`; `None` when there is no such call.
    #[must_use]
    pub fn new(report: &Report, call: u32) -> Option<Self> {
        let of_call = report.calls.iter().find(|known| known.id == call)?;
        let parts: Vec<Part> = report
            .streams
            .iter()
            .filter(|stream| stream.call == Some(call))
            .filter_map(|stream| {
                Some(Part {
                    ssrc: u32::from_str_radix(stream.ssrc.trim_start_matches("0x"), 16).ok()?,
                    source: stream.source?,
                    destination: stream.destination?,
                    frames: (stream.first_frame, stream.last_frame),
                })
            })
            .collect();
        let media = parts.iter().flat_map(|part| [part.source, part.destination]);
        let ends = media.flat_map(|end| [Some(end), rtcp_of(end)]).flatten().collect();
        Some(Self {
            call,
            parts,
            settled: report.streams.iter().map(|stream| stream.id).collect(),
            ends,
            fax: HashSet::new(),
            until: of_call.end.map(|end| Nanos(end.0.saturating_add(AFTER))),
            segments: HashMap::new(),
            frames: BTreeSet::new(),
        })
    }

    /// The next piece of traffic.
    pub fn traffic(&mut self, traffic: &Traffic<'_>) {
        let (cx, is_mine) = (traffic.cx, traffic.facts.call == Some(self.call));
        let wanted = match traffic.what {
            What::Segment => return self.segment(cx),
            What::Sip { announced, .. } => {
                let waiting = self.segments.remove(&(cx.source, cx.destination, cx.path));
                if waiting.is_some() {
                    // The rest of this segment may begin the next message.
                    self.segment(cx);
                }
                if is_mine {
                    self.announced(announced);
                    self.frames.extend(waiting.unwrap_or_default());
                }
                is_mine
            }
            What::Rtp(parsed) => {
                let unsettled =
                    is_mine && traffic.facts.stream.is_none_or(|stream| !self.settled.contains(&stream));
                unsettled || self.is_part(cx, parsed.header.ssrc) || self.is_fax(cx)
            }
            What::Rtcp => is_mine || self.is_beside(cx),
            What::Datagram(_) => self.is_beside(cx) || self.is_fax(cx),
        };
        if wanted {
            self.frames.insert(cx.frame);
            self.frames.extend(traffic.fragments);
        }
    }

    /// The frames, ascending.
    #[must_use]
    pub fn into_frames(self) -> BTreeSet<u64> {
        self.frames
    }

    fn segment(&mut self, cx: &Context) {
        let key = (cx.source, cx.destination, cx.path);
        if self.segments.len() >= MAX_DIRECTIONS && !self.segments.contains_key(&key) {
            return;
        }
        let waiting = self.segments.entry(key).or_default();
        if waiting.len() >= MAX_SEGMENTS {
            // No SIP message is that long: it is another protocol.
            waiting.clear();
        }
        waiting.push(cx.frame);
    }

    fn announced(&mut self, announced: &[crate::media::Announcement]) {
        for one in announced.iter().filter(|one| one.endpoint.port != 0 && !one.endpoint.is_unspecified()) {
            self.ends.extend([one.endpoint, one.rtcp]);
            if one.kind == MediaKind::Fax {
                self.fax.insert(one.endpoint);
            }
        }
    }

    fn is_part(&self, cx: &Context, ssrc: u32) -> bool {
        self.parts.iter().any(|part| {
            part.ssrc == ssrc
                && (part.source, part.destination) == (cx.source, cx.destination)
                && (part.frames.0..=part.frames.1).contains(&cx.frame)
        })
    }

    /// Between two endpoints of the call while it lasts.
    fn is_beside(&self, cx: &Context) -> bool {
        self.lasts(cx) && self.ends.contains(&cx.source) && self.ends.contains(&cx.destination)
    }

    /// A gateway may send its fax from another port than it receives it on.
    fn is_fax(&self, cx: &Context) -> bool {
        self.lasts(cx) && (self.fax.contains(&cx.source) || self.fax.contains(&cx.destination))
    }

    fn lasts(&self, cx: &Context) -> bool {
        self.until.is_none_or(|until| cx.at <= until)
    }
}

/// RTCP beside RTP, where nothing else was agreed (RFC 3550 section 11).
fn rtcp_of(end: Endpoint) -> Option<Endpoint> {
    Some(end.with_port(end.port.checked_add(1)?))
}
