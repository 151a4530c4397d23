//! A lenient, borrowed scanner for SIP messages (RFC 3261 section 7, compact forms of section 7.3.3).
//!
//! It accepts what real devices send: any case, compact names, folded lines, bare line feeds, a wrong
//! Content-Length, binary bodies. Only the headers that the trackers ask for are kept; nothing is copied.

use memchr::{memchr, memmem};

use super::params::{self, Address, List};

/// Header fields kept of one message; further ones are passed over.
pub const MAX_HEADERS: usize = 128;

/// The first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start<'a> {
    /// `INVITE sip:bob@example.com SIP/2.0`
    Request {
        /// As written; methods are case-sensitive.
        method: &'a [u8],
        /// Request-URI as written.
        uri: &'a [u8],
    },
    /// `SIP/2.0 180 Ringing`
    Response {
        /// 0..=999 as written.
        code: u16,
        /// Reason phrase, perhaps empty.
        phrase: &'a [u8],
    },
}

macro_rules! names {
    ($($variant:ident $full:literal $compact:literal),+ $(,)?) => {
        /// The header fields that are kept.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Name { $($variant),+ }

        impl Name {
            /// Full name, compact form (empty when there is none).
            const TABLE: &'static [(Name, &'static str, &'static str)] =
                &[$((Name::$variant, $full, $compact)),+];
        }
    };
}

names! {
    Via "via" "v", From "from" "f", To "to" "t", CallId "call-id" "i", CSeq "cseq" "",
    Contact "contact" "m", Expires "expires" "", ContentType "content-type" "c",
    Reason "reason" "", RSeq "rseq" "", RAck "rack" "", Require "require" "",
    Supported "supported" "k", ReferTo "refer-to" "r", ReferredBy "referred-by" "b",
    Replaces "replaces" "", Diversion "diversion" "", HistoryInfo "history-info" "",
    SessionExpires "session-expires" "x", MinSe "min-se" "", Event "event" "o",
    Authorization "authorization" "", ProxyAuthorization "proxy-authorization" "",
    SubscriptionState "subscription-state" "", SessionId "session-id" "",
    ChargingVector "p-charging-vector" "", XCallId "x-call-id" "", XCid "x-cid" "", Join "join" "",
    AlertInfo "alert-info" "", RetryAfter "retry-after" "",
    AssertedIdentity "p-asserted-identity" "", RemotePartyId "remote-party-id" "",
}

impl Name {
    fn find(name: &[u8]) -> Option<Self> {
        let same = |known: &str| known.len() == name.len() && known.as_bytes().eq_ignore_ascii_case(name);
        Self::TABLE.iter().find(|(_, full, compact)| same(full) || same(compact)).map(|&(found, ..)| found)
    }
}

/// `314 INVITE`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// Sequence number.
    pub number: u32,
    /// Method as written.
    pub method: &'a [u8],
}

/// One binding of a Contact header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact<'a> {
    /// The URI as written, `*` for all bindings.
    pub uri: &'a [u8],
    /// `;expires=` in seconds.
    pub expires: Option<u32>,
}

/// One value of a Reason header (RFC 3326).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason<'a> {
    /// `SIP`, `Q.850`, ... as written.
    pub protocol: &'a [u8],
    /// `;cause=`
    pub cause: Option<u16>,
    /// `;text=` without its quotes, empty when absent.
    pub text: &'a [u8],
}

/// A message, borrowed from the packet.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// The first line.
    pub start: Start<'a>,
    headers: Vec<(Name, &'a [u8])>,
    /// Everything after the empty line, whatever Content-Length says.
    pub body: &'a [u8],
}

impl<'a> Message<'a> {
    /// Scans a message. `None` when the first line is no SIP request or status line.
    #[must_use]
    pub fn parse(raw: &'a [u8]) -> Option<Self> {
        let skip = raw.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let (line, mut rest) = split_line(&raw[skip..]);
        let start = start_line(line)?;
        let mut headers = Vec::with_capacity(24);
        while !rest.is_empty() {
            let (line, after) = split_line(rest);
            if line.is_empty() {
                return Some(Self { start, headers, body: after });
            }
            let (line, after) = unfold(rest, line, after);
            rest = after;
            if headers.len() < MAX_HEADERS
                && let Some(header) = header_line(line)
            {
                headers.push(header);
            }
        }
        Some(Self { start, headers, body: &[] })
    }

    /// Every value of a header, in order.
    pub fn all(&self, name: Name) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.headers.iter().filter(move |(found, _)| *found == name).map(|&(_, value)| value)
    }

    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: Name) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// True when the header is there.
    #[must_use]
    pub fn has(&self, name: Name) -> bool {
        self.header(name).is_some()
    }

    /// The elements of a comma-separated header over all of its lines.
    pub fn list(&self, name: Name) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.all(name).flat_map(|value| List::new(value, b','))
    }

    /// Method of a request; of a response the method of its CSeq. Empty when unknown.
    #[must_use]
    pub fn method(&self) -> &'a [u8] {
        match self.start {
            Start::Request { method, .. } => method,
            Start::Response { .. } => self.cseq().map_or(b"", |cseq| cseq.method),
        }
    }

    /// Status code of a response.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match self.start {
            Start::Request { .. } => None,
            Start::Response { code, .. } => Some(code),
        }
    }

    /// Reason phrase of a response, Request-URI of a request.
    #[must_use]
    pub fn subject(&self) -> &'a [u8] {
        match self.start {
            Start::Request { uri, .. } => uri,
            Start::Response { phrase, .. } => phrase,
        }
    }

    /// Call-ID; empty when absent.
    #[must_use]
    pub fn call_id(&self) -> &'a [u8] {
        self.header(Name::CallId).unwrap_or_default()
    }

    /// From.
    #[must_use]
    pub fn from(&self) -> Address<'a> {
        Address::new(self.header(Name::From).unwrap_or_default())
    }

    /// To.
    #[must_use]
    pub fn to(&self) -> Address<'a> {
        Address::new(self.header(Name::To).unwrap_or_default())
    }

    /// CSeq; `None` when absent or without a number.
    #[must_use]
    pub fn cseq(&self) -> Option<CSeq<'a>> {
        let value = self.header(Name::CSeq)?;
        let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
        let number = params::number(&value[..digits])?;
        Some(CSeq { number, method: value[digits..].trim_ascii() })
    }

    /// Branch of the topmost Via; empty when absent (RFC 2543 devices).
    #[must_use]
    pub fn branch(&self) -> &'a [u8] {
        let top = self.list(Name::Via).next().unwrap_or_default();
        params::param(top, "branch").unwrap_or_default()
    }

    /// How many hops the request has taken: elements of Via. A caller sends 1, each proxy adds 1.
    #[must_use]
    pub fn hops(&self) -> u8 {
        u8::try_from(self.list(Name::Via).take(255).count()).unwrap_or(u8::MAX)
    }

    /// Contacts, `*` included.
    pub fn contacts(&self) -> impl Iterator<Item = Contact<'a>> + '_ {
        self.list(Name::Contact).map(|value| Contact {
            uri: Address::new(value).uri,
            expires: params::param(value, "expires").and_then(params::number),
        })
    }

    /// Expires in seconds.
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        self.header(Name::Expires).and_then(params::number)
    }

    /// Reasons, each protocol at most once in sane messages.
    pub fn reasons(&self) -> impl Iterator<Item = Reason<'a>> + '_ {
        self.list(Name::Reason).map(|value| Reason {
            protocol: List::new(value, b';').next().unwrap_or_default(),
            cause: params::param(value, "cause")
                .and_then(params::number)
                .and_then(|cause| u16::try_from(cause).ok()),
            text: params::param(value, "text").unwrap_or_default(),
        })
    }

    /// RSeq of a reliable provisional response (RFC 3262).
    #[must_use]
    pub fn rseq(&self) -> Option<u32> {
        self.header(Name::RSeq).and_then(params::number)
    }

    /// True when a comma-separated header holds `token` in any case.
    #[must_use]
    pub fn lists(&self, name: Name, token: &str) -> bool {
        self.list(name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// Session-Expires in seconds (RFC 4028).
    #[must_use]
    pub fn session_expires(&self) -> Option<u32> {
        let value = self.header(Name::SessionExpires)?;
        params::number(List::new(value, b';').next()?)
    }

    /// The request carries credentials.
    #[must_use]
    pub fn has_credentials(&self) -> bool {
        self.has(Name::Authorization) || self.has(Name::ProxyAuthorization)
    }

    /// Media type of the body without parameters, e.g. `application/sdp`; empty when absent.
    #[must_use]
    pub fn content_type(&self) -> &'a [u8] {
        media_type(self.header(Name::ContentType).unwrap_or_default())
    }

    /// The SDP body, also as a part of a multipart body or without any Content-Type.
    #[must_use]
    pub fn sdp(&self) -> Option<&'a [u8]> {
        let kind = self.header(Name::ContentType).unwrap_or_default();
        part(kind, self.body, 2)
    }
}

fn media_type(value: &[u8]) -> &[u8] {
    List::new(value, b';').next().unwrap_or_default()
}

/// The SDP in a body of this type; `depth` bounds multipart within multipart.
fn part<'a>(kind: &'a [u8], body: &'a [u8], depth: u8) -> Option<&'a [u8]> {
    let media = media_type(kind);
    if media.eq_ignore_ascii_case(b"application/sdp") {
        return (!body.trim_ascii().is_empty()).then_some(body);
    }
    if media.is_empty() {
        return body.trim_ascii_start().starts_with(b"v=0").then_some(body);
    }
    let is_multipart = media.len() > 10 && media[..10].eq_ignore_ascii_case(b"multipart/");
    if !is_multipart || depth == 0 {
        return None;
    }
    let boundary = params::param(kind, "boundary").filter(|boundary| !boundary.is_empty())?;
    parts(body, boundary).find_map(|(kind, body)| part(kind, body, depth - 1))
}

/// Content-Type and body of the parts of a multipart body, at most 16.
fn parts<'a>(body: &'a [u8], boundary: &'a [u8]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    let delimiter = move |at: usize| {
        let dashes = at.checked_sub(2)?;
        (body[dashes..at] == *b"--" && (dashes == 0 || body[dashes - 1] == b'\n')).then_some((dashes, at))
    };
    let mut cuts = memmem::find_iter(body, boundary).filter_map(delimiter).take(17).peekable();
    std::iter::from_fn(move || {
        let (_, start) = cuts.next()?;
        let end = cuts.peek()?.0;
        let (_, text) = split_line(body.get(start + boundary.len()..end).unwrap_or_default());
        Some(part_of(text))
    })
}

fn part_of(text: &[u8]) -> (&[u8], &[u8]) {
    let mut rest = text;
    let mut kind: &[u8] = b"";
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        if line.is_empty() {
            return (kind, after);
        }
        let (line, after) = unfold(rest, line, after);
        rest = after;
        if let Some((Name::ContentType, value)) = header_line(line) {
            kind = value;
        }
    }
    (kind, b"")
}

fn start_line(line: &[u8]) -> Option<Start<'_>> {
    if let Some(rest) = line.strip_prefix(b"SIP/2.0 ") {
        let rest = rest.trim_ascii_start();
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let code = (1..=3).contains(&digits).then(|| params::number(&rest[..digits])).flatten()?;
        return Some(Start::Response { code: code as u16, phrase: rest[digits..].trim_ascii() });
    }
    let line = line.trim_ascii_end().strip_suffix(b" SIP/2.0")?;
    let end = memchr(b' ', line)?;
    let method = &line[..end];
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(b);
    (end > 0 && method.iter().all(is_token)).then(|| Start::Request { method, uri: line[end..].trim_ascii() })
}

/// The line up to its end without CR LF, and what follows.
pub(super) fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match memchr(b'\n', text) {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &text[text.len()..]),
    };
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

/// Lengthens a line by the folded ones behind it; line ends stay inside and count as white space.
fn unfold<'a>(text: &'a [u8], line: &'a [u8], mut rest: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    if !matches!(rest.first(), Some(b' ' | b'\t')) {
        return (line, rest);
    }
    while matches!(rest.first(), Some(b' ' | b'\t')) {
        rest = split_line(rest).1;
    }
    (text[..text.len() - rest.len()].trim_ascii_end(), rest)
}

fn header_line(line: &[u8]) -> Option<(Name, &[u8])> {
    let colon = memchr(b':', line)?;
    Some((Name::find(line[..colon].trim_ascii())?, line[colon + 1..].trim_ascii()))
}
