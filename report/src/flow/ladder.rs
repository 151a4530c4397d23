//! What a ladder shows, in order, before anybody knows how it will be drawn.

use airtone_engine::flow::{Flow, Message};
use airtone_engine::model::{Call, Dtmf, Event, Report, Stream};
use airtone_engine::packet::Nanos;

use super::columns::{Column, Columns};
use super::{fax, labels};
use crate::text::paint::Tone;
use crate::text::units::{duration, foreign, party};
use crate::text::wrap::{cut, width};
use crate::words::words;

/// How a row is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A SIP request.
    Request,
    /// A SIP response.
    Response,
    /// An RTP stream, or a direction of T.38.
    Media,
    /// What fax machines say in T.38.
    Fax,
    /// Digits or tones in the media.
    Digits,
    /// ICMP that says that a message did not arrive.
    Icmp,
}

/// One arrow.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) frame: u64,
    pub(crate) at: Nanos,
    /// Last packet of a stream; `at` for everything else.
    pub(crate) until: Nanos,
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) kind: Kind,
    /// What to write on it, the fullest first; every one is safe to print.
    pub(crate) labels: Vec<String>,
    /// What it changed: `hold`, `early media`.
    pub(crate) tags: Vec<String>,
    /// All that is known, line by line.
    pub(crate) detail: Vec<String>,
    pub(crate) tone: Tone,
    /// Sent again.
    pub(crate) again: bool,
    pub(crate) dialog: Option<u16>,
    /// 0 for media.
    pub(crate) transaction: u16,
}

/// Less than this of a phrase tells nothing.
const SHORTEST_PHRASE: usize = 10;

impl Row {
    /// The fullest label that fits, else the shortest, cut. Of a response rather a phrase without its end than a bare
    /// code.
    pub(crate) fn fitting(&self, room: usize) -> String {
        let fits = self.labels.iter().position(|label| width(label) <= room);
        let last = self.labels.len().saturating_sub(1);
        match fits {
            Some(at) if at == last && at > 0 && self.kind == Kind::Response && room >= SHORTEST_PHRASE => {
                cut(&self.labels[at - 1], room)
            }
            Some(at) => self.labels[at].clone(),
            None => cut(self.labels.last().map_or("", String::as_str), room),
        }
    }
}

/// A ladder.
#[derive(Clone, Debug)]
pub(crate) struct Ladder {
    pub(crate) call: u32,
    pub(crate) title: String,
    pub(crate) story: String,
    pub(crate) origin: Option<Nanos>,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
    /// Call-IDs, safe to print, by leg.
    pub(crate) legs: Vec<String>,
    /// Numbers of the dialogs that each leg has.
    pub(crate) dialogs: Vec<(u16, u16)>,
    pub(crate) left_out: u64,
}

impl Ladder {
    pub(crate) fn new(report: &Report, flow: &Flow) -> Self {
        let own = |id: u32| report.calls.iter().find(|call| call.id == id);
        let calls: Vec<&Call> =
            std::iter::once(flow.call).chain(flow.others.iter().copied()).filter_map(own).collect();
        let mut columns = Columns::new(flow);
        let mut rows: Vec<Row> = flow.messages.iter().map(|m| message(&mut columns, m, &calls)).collect();
        for call in &calls {
            rows.extend(call.events.iter().filter_map(|event| icmp(&mut columns, event, flow)));
            let streams: Vec<&Stream> = report.streams.iter().filter(|s| s.call == Some(call.id)).collect();
            rows.extend(streams.iter().filter_map(|stream| media(&mut columns, stream, call)));
            rows.extend(call.events.iter().filter_map(|event| music(&mut columns, event, &streams)));
            rows.extend(fax::rows(&mut columns, call));
            rows.extend(call.dtmf.iter().filter_map(|digit| digits(&mut columns, digit, &streams)));
            rows.extend(call.events.iter().filter_map(|event| tone(&mut columns, event, &streams)));
        }
        // without times, all of them are the same unknown
        rows.sort_by_key(|row| (row.at, row.frame, row.kind == Kind::Media));
        join_digits(&mut rows);
        let mut dialogs: Vec<(u16, u16)> =
            flow.messages.iter().filter_map(|m| Some((m.dialog?, m.leg))).collect();
        dialogs.sort_unstable();
        dialogs.dedup();
        Self {
            call: flow.call,
            title: title(flow, calls.first().copied()),
            story: calls.first().map_or_else(String::new, |call| crate::text::story::told(call)),
            origin: report.capture.first,
            columns: columns.list,
            rows,
            legs: flow.call_ids.iter().map(|id| foreign(id)).collect(),
            dialogs,
            left_out: flow.left_out,
        }
    }

    /// Seconds after the first frame of the capture, e.g. `+12.345`.
    pub(crate) fn relative(&self, at: Nanos) -> String {
        let seconds = self.origin.and_then(|origin| at.known_seconds_since(origin));
        seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:+.3}"))
    }
}

fn title(flow: &Flow, call: Option<&Call>) -> String {
    let Some(call) = call else { return format!("Call {}", flow.call) };
    let others = match flow.others.len() {
        0 => String::new(),
        1 => format!(" with call {}", flow.others[0]),
        _ => format!(" with calls {}", crate::text::units::ids(&flow.others)),
    };
    format!("Call {}{others}: {} > {}, {}", call.id, party(&call.from), party(&call.to), words(&call.outcome))
}

fn message(columns: &mut Columns, message: &Message, calls: &[&Call]) -> Row {
    let tags = calls.iter().flat_map(|call| labels::tags(call, message.frame)).collect();
    Row {
        frame: message.frame,
        at: message.at,
        until: message.at,
        from: columns.signalling(message.source),
        to: columns.signalling(message.destination),
        kind: if message.code.is_some() { Kind::Response } else { Kind::Request },
        labels: labels::of_message(message),
        tags,
        detail: labels::detail(message),
        tone: labels::tone(message),
        again: message.again,
        dialog: message.dialog,
        transaction: message.transaction,
    }
}

fn media(columns: &mut Columns, stream: &Stream, call: &Call) -> Option<Row> {
    let (source, destination) = (stream.source?, stream.destination?);
    let length = stream.duration_s.map_or(0, |seconds| (seconds * 1e9) as i64);
    Some(Row {
        frame: stream.first_frame,
        at: stream.start,
        until: if stream.start.is_known() {
            Nanos(stream.start.0.saturating_add(length))
        } else {
            stream.start
        },
        from: columns.media(source),
        to: columns.media(destination),
        kind: Kind::Media,
        labels: labels::of_stream(stream),
        tags: labels::tags(call, stream.first_frame),
        detail: labels::stream_detail(stream),
        tone: stream.mos.lq.map_or(Tone::of_loss(stream.lost_percent), Tone::of_mos),
        again: false,
        dialog: None,
        transaction: 0,
    })
}

/// A stream that goes on while its sender holds the other side: a row of its own, since no stream begins there.
fn music(columns: &mut Columns, event: &Event, streams: &[&Stream]) -> Option<Row> {
    let ends = event.detail.strip_prefix("who is on hold goes on hearing something from ")?;
    let source = ends.split_once(',').map_or(ends, |(source, _)| source);
    let is_it = |stream: &&&Stream| {
        let spans = (stream.first_frame..=stream.last_frame).contains(&event.frame);
        spans && stream.source.is_some_and(|end| end.to_string() == source)
    };
    let stream = streams.iter().filter(|_| event.kind == "music_on_hold").find(is_it)?;
    Some(Row {
        frame: event.frame,
        at: event.at,
        until: event.at,
        from: columns.media(stream.source?),
        to: columns.media(stream.destination?),
        kind: Kind::Media,
        labels: vec!["RTP goes on".to_owned()],
        tags: vec!["music on hold".to_owned()],
        detail: vec![foreign(&event.detail)],
        tone: Tone::Plain,
        again: false,
        dialog: None,
        transaction: 0,
    })
}

/// Back from where the last INVITE should have gone.
fn icmp(columns: &mut Columns, event: &Event, flow: &Flow) -> Option<Row> {
    let lost =
        |m: &&Message| m.at <= event.at && m.frame < event.frame && m.method == "INVITE" && m.code.is_none();
    let message = flow.messages.iter().filter(|_| event.kind == "unreachable").rev().find(lost)?;
    Some(Row {
        frame: event.frame,
        at: event.at,
        until: event.at,
        from: columns.signalling(message.destination),
        to: columns.signalling(message.source),
        kind: Kind::Icmp,
        labels: vec!["ICMP unreachable".to_owned(), "ICMP".to_owned()],
        tags: Vec::new(),
        detail: vec![foreign(&event.detail)],
        tone: Tone::Bad,
        again: false,
        dialog: None,
        transaction: 0,
    })
}

/// A digit in the media; what INFO carries stands at its message.
fn digits(columns: &mut Columns, digit: &Dtmf, streams: &[&Stream]) -> Option<Row> {
    if digit.method == "info" {
        return None;
    }
    let length = digit.duration_ms.map_or_else(String::new, |ms| format!(", {}", duration(ms / 1e3)));
    let of =
        format!("{} by {} ({}{length})", foreign(&digit.digit), foreign(&digit.from), foreign(&digit.method));
    let label = format!("DTMF {}", foreign(&digit.digit));
    heard(columns, (digit.frame, digit.at), digit.from == "caller", streams, (label, of))
}

/// A tone of the network or of a fax in the media.
fn tone(columns: &mut Columns, event: &Event, streams: &[&Stream]) -> Option<Row> {
    let label = match event.kind.strip_prefix("tone_")? {
        "cng" => "CNG tone (fax)".to_owned(),
        "ced" => "CED tone (fax, modem)".to_owned(),
        kind => format!("{} tone", foreign(kind)),
    };
    let by_caller = event.detail.contains("of the caller");
    heard(columns, (event.frame, event.at), by_caller, streams, (label, foreign(&event.detail)))
}

/// Something in the sound of one party: its label, and the whole of it.
fn heard(
    columns: &mut Columns,
    (frame, at): (u64, Nanos),
    by_caller: bool,
    streams: &[&Stream],
    (label, detail): (String, String),
) -> Option<Row> {
    let direction = if by_caller { "caller_to_callee" } else { "callee_to_caller" };
    let of_party =
        streams.iter().find(|s| s.direction.as_deref() == Some(direction) && s.relayed_from.is_none())?;
    Some(Row {
        frame,
        at,
        until: at,
        from: columns.media(of_party.source?),
        to: columns.media(of_party.destination?),
        kind: Kind::Digits,
        labels: vec![label],
        tags: Vec::new(),
        detail: vec![detail],
        tone: Tone::Plain,
        again: false,
        dialog: None,
        transaction: 0,
    })
}

/// Digits that follow each other become one row.
fn join_digits(rows: &mut Vec<Row>) {
    rows.dedup_by(|next, row| {
        let is_digit =
            |row: &Row| row.kind == Kind::Digits && row.labels.iter().all(|label| label.starts_with("DTMF"));
        let same = is_digit(next) && is_digit(row) && (next.from, next.to) == (row.from, row.to);
        if same && let (Some(label), Some(digit)) = (row.labels.first_mut(), next.labels.first()) {
            label.push_str(digit.trim_start_matches("DTMF"));
            row.detail.append(&mut next.detail);
        }
        same
    });
    // many of them where there is little room
    for row in rows.iter_mut().filter(|row| row.kind == Kind::Digits) {
        let digits = row.labels.first().and_then(|label| label.strip_prefix("DTMF "));
        let closer = digits.filter(|digits| digits.contains(' ')).map(|digits| digits.replace(' ', ""));
        row.labels.extend(closer.map(|digits| format!("DTMF {digits}")));
    }
}
