//! What is written on the arrows.

use airtone_engine::flow::{Medium, Message};
use airtone_engine::model::{Call, Stream};

use crate::text::paint::Tone;
use crate::text::units::{count, duration, foreign, mos, party, share};

/// Codecs named on an arrow.
const MOST_CODECS: usize = 3;

/// The fullest first.
pub(crate) fn of_message(message: &Message) -> Vec<String> {
    let name = name(message);
    let again = if message.again { " again" } else { "" };
    let short = match message.code {
        Some(code) => format!("{code}{again}"),
        None if message.method == "NOTIFY" => format!("NOTIFY{again}"),
        None => format!("{name}{again}"),
    };
    let media: Vec<String> = message.sdp.iter().map(medium).collect();
    let mut labels = Vec::new();
    if !media.is_empty() {
        // `200 OK (UPDATE, PCMU)` rather than two pairs of brackets
        let with = |what: &str| match name.strip_suffix(')') {
            Some(open) => format!("{open}, {what}){again}"),
            None => format!("{name}{again} ({what})"),
        };
        labels.push(with(&media.join(", ")));
        let changed = message.sdp.iter().map(|sdp| sdp.direction).find(|&direction| direction != "sendrecv");
        let fax =
            message.sdp.iter().any(|sdp| sdp.kind == "fax" && sdp.direction != "refused").then_some("T.38");
        labels.push(with(fax.or(changed).unwrap_or("SDP")));
    }
    labels.push(format!("{name}{again}"));
    if let Some(code) = message.code {
        labels.push(format!("{code} {}{again}", foreign(&message.subject)));
    }
    labels.push(short);
    labels.dedup();
    labels
}

fn name(message: &Message) -> String {
    let method = foreign(&message.method);
    match message.code {
        Some(code) if message.method == "INVITE" => {
            format!("{code} {}", foreign(&message.subject)).trim().to_owned()
        }
        Some(code) => format!("{code} {} ({method})", foreign(&message.subject)),
        None if message.method == "INVITE" && message.dialog.is_some() => "re-INVITE".to_owned(),
        None => match fragment(message) {
            Some(status) => format!("{method} ({})", foreign(status)),
            None => method,
        },
    }
}

/// What a NOTIFY tells of the call that a transfer made (RFC 3515).
fn fragment(message: &Message) -> Option<&str> {
    let mut notes = message.notes.iter().filter(|_| message.method == "NOTIFY");
    notes.find_map(|note| note.strip_prefix("SIP/2.0 "))
}

fn medium(medium: &Medium) -> String {
    let is_codec = |codec: &&String| !["telephone-event", "CN", "cn"].contains(&codec.as_str());
    let mut words: Vec<String> = Vec::new();
    match medium.kind {
        "audio" => {}
        "fax" => words.push("T.38".to_owned()),
        other => words.push(other.to_owned()),
    }
    let mut codecs: Vec<&String> = medium.codecs.iter().filter(is_codec).collect();
    // one name at several clock rates
    codecs.dedup();
    words.extend(codecs.into_iter().take(MOST_CODECS).map(|codec| foreign(codec)));
    if medium.direction != "sendrecv" {
        words.push(medium.direction.to_owned());
    }
    if medium.encrypted {
        words.push("SRTP".to_owned());
    }
    words.join(" ")
}

/// What the events of a call say about a frame, in a word each.
pub(crate) fn tags(call: &Call, frame: u64) -> Vec<String> {
    let events = call.events.iter().filter(|event| event.frame == frame);
    let mut tags: Vec<String> = events.filter_map(|event| tag(&event.kind, &event.detail)).collect();
    // which call it is tells more than that there is one
    let tells =
        |tags: &[String], of: &str| tags.iter().any(|tag| tag.starts_with(of) && tag.contains(" call "));
    if tells(&tags, "picks up") || tells(&tags, "takes over call") {
        tags.retain(|tag| tag != "takes over a call");
    }
    if tells(&tags, "transferred") {
        tags.retain(|tag| tag != "sent here by a transfer");
    }
    let digits = call.dtmf.iter().filter(|digit| digit.frame == frame && digit.method == "info");
    tags.extend(digits.map(|digit| format!("DTMF {}", foreign(&digit.digit))));
    tags
}

fn tag(kind: &str, detail: &str) -> Option<String> {
    let by = ["caller", "callee"].into_iter().find(|by| {
        detail
            .strip_prefix("the ")
            .and_then(|rest| rest.strip_prefix(by))
            .is_some_and(|rest| rest.starts_with(' '))
    });
    if let (Some(by), "hold" | "resume") = (by, kind) {
        return Some(format!("{} by {by}", if kind == "hold" { "hold" } else { "resumed" }));
    }
    let word = match kind {
        "leg" => return Some(leg(detail)),
        "joined" | "left" => return Some(member(detail)),
        "connected" => return Some(connected(detail)),
        "related" => return related(detail, By::Later),
        "forwarded" if detail.starts_with("the ") => {
            let why =
                detail.split_once(": ").map_or_else(String::new, |(_, why)| format!(": {}", foreign(why)));
            return Some(format!("diverted{why}"));
        }
        "hold" => "hold",
        "music_on_hold" => "music on hold",
        "resume" => "resumed",
        "early_media" => "early media",
        "ringback_tone" => "ringback tone",
        "forwarded" => "forwarded",
        "redirected" => "redirected",
        "forked" => "forked",
        "glare" => "glare",
        "overlap" => "overlap",
        "replaces" | "pickup" => "takes over a call",
        "referred" => "sent here by a transfer",
        "refer" => "transfer",
        "call_waiting" => "call waiting",
        "conference" => "conference",
        "video" => "video",
        "fax" if detail.contains("refused") => "T.38 refused",
        "fax" if detail.contains("G.711") => "fax as sound",
        "fax" => "T.38 fax",
        "session_refresh" => "session refresh",
        "session_expired" => "session expired",
        "branch_cancelled" => "stopped by the server",
        _ => return None,
    };
    Some(word.to_owned())
}

/// Why a leg is one of this call, in short.
pub(crate) fn leg(detail: &str) -> String {
    let why = detail.split_once("Call-ID: ").map_or("", |(_, why)| why);
    let why = why.split_once(',').map_or(why, |(why, _)| why);
    if why.is_empty() { "next leg".to_owned() } else { format!("next leg: {}", foreign(why)) }
}

/// `carol@example.com joins`.
pub(crate) fn member(detail: &str) -> String {
    let short = detail.strip_suffix(" the conference").filter(|short| !short.ends_with(" is in"));
    party(short.unwrap_or(detail))
}

/// `now with carol@example.com`.
pub(crate) fn connected(detail: &str) -> String {
    let who = detail.split_once(" now talks to ").map_or("somebody else", |(_, who)| who);
    format!("now with {}", party(who))
}

/// Which of two related calls is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The one that was there before.
    Earlier,
    /// The one that came of it.
    Later,
}

/// What a call has to do with another one, in short: `picked up by call 2`.
pub(crate) fn related(detail: &str, by: By) -> Option<String> {
    let (number, how) = detail.strip_prefix("call ")?.split_once(' ')?;
    let earlier = [
        ("picks this one up", "picked up by"),
        ("takes the place of this one before", "taken over before its answer by"),
        ("takes the place of this one", "taken over by"),
        ("is what the transfer made", "transferred to"),
        ("goes where this one was sent", "called again as"),
    ];
    let later = [
        ("is picked up by this one", "picks up"),
        ("is taken over", "takes over"),
        ("asked for this one", "transferred from"),
        ("was sent here", "redirected from"),
    ];
    let table = if by == By::Earlier { &earlier[..] } else { &later[..] };
    let (_, words) = table.iter().find(|(known, _)| how.starts_with(known))?;
    Some(format!("{words} call {}", foreign(number)))
}

/// Everything about a message, a line each.
pub(crate) fn detail(message: &Message) -> Vec<String> {
    let mut lines = vec![format!("{} > {} over {}", message.source, message.destination, message.transport)];
    let cseq = format!("CSeq {} {}", message.cseq, foreign(&message.method));
    lines.push(match message.code {
        Some(code) => format!("{code} {}, {cseq}", foreign(&message.subject)),
        None => format!("{} {}, {cseq}", foreign(&message.method), foreign(&message.subject)),
    });
    lines.extend(message.sdp.iter().map(|sdp| {
        let to = sdp.endpoint.map_or_else(String::new, |end| format!(" at {end}"));
        let codecs: Vec<String> = sdp.codecs.iter().map(|codec| foreign(codec)).collect();
        format!("SDP {} {} {}{to}", sdp.kind, sdp.direction, codecs.join(" "))
    }));
    lines.extend(message.notes.iter().map(|note| foreign(note)));
    if message.again {
        lines.push("sent again: nothing answered in time".to_owned());
    }
    if message.copies > 0 {
        lines.push(format!("captured {} more", count(message.copies.into(), "time", "times")));
    }
    lines
}

/// Refusals stand out; a challenge is none.
pub(crate) fn tone(message: &Message) -> Tone {
    match message.code {
        _ if message.again => Tone::Poor,
        Some(401 | 407 | 487) | None => Tone::Plain,
        Some(180..=199) => Tone::Plain,
        Some(200..=299) => Tone::Good,
        Some(300..=399) => Tone::Poor,
        Some(400..) => Tone::Bad,
        Some(_) => Tone::Dim,
    }
}

/// The fullest first.
pub(crate) fn of_stream(stream: &Stream) -> Vec<String> {
    let media = match stream.media.as_deref() {
        Some("video") => "video ",
        Some("fax") => "fax ",
        _ => "",
    };
    let codec = stream.codec.as_deref().map_or_else(|| "?".to_owned(), foreign);
    let kind = format!("{}{media}{codec}", if stream.encrypted { "SRTP " } else { "RTP " });
    let lost = format!("lost {} %", share(stream.lost_percent));
    let rated = stream.mos.lq.map(|lq| format!("MOS {}", mos(lq, stream.mos.scale)));
    let length = stream.duration_s.map(duration);
    let join = |parts: &[Option<String>]| parts.iter().flatten().cloned().collect::<Vec<_>>().join(", ");
    let mut labels = vec![
        join(&[Some(kind.clone()), length, rated.clone(), Some(lost.clone())]),
        join(&[Some(kind.clone()), rated.clone(), Some(lost)]),
        join(&[Some(kind.clone()), rated]),
        kind,
        codec,
    ];
    labels.dedup();
    labels
}

pub(crate) fn stream_detail(stream: &Stream) -> Vec<String> {
    let ends = stream.source.zip(stream.destination);
    let mut lines: Vec<String> = ends.map(|(from, to)| format!("{from} > {to}")).into_iter().collect();
    lines.push(format!("stream {}, SSRC {}", stream.id, foreign(&stream.ssrc)));
    lines.extend(of_stream(stream).first().cloned());
    lines.push(format!("{}, {} lost", count(stream.packets, "packet", "packets"), stream.lost));
    if let Some(jitter) = stream.jitter_ms {
        lines.push(format!("jitter {:.1} ms on average, {:.1} ms at most", jitter.mean, jitter.max));
    }
    if let Some(reason) = &stream.mos.reason {
        lines.push(foreign(reason));
    }
    lines
}
