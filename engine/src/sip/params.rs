//! Pieces of SIP header values: lists, parameters, addresses, numbers. All lenient, none panics.

/// Splits at a separator outside quoted strings and angle brackets; elements are trimmed, empty ones skipped.
#[derive(Clone, Debug)]
pub struct List<'a> {
    rest: &'a [u8],
    separator: u8,
}

impl<'a> List<'a> {
    /// Over `value`.
    #[must_use]
    pub fn new(value: &'a [u8], separator: u8) -> Self {
        Self { rest: value, separator }
    }
}

impl<'a> Iterator for List<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let separator = self.separator;
            let end = find_separator(self.rest, separator);
            let (element, rest) = match end {
                Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
                None => (self.rest, &self.rest[self.rest.len()..]),
            };
            self.rest = rest;
            let element = element.trim_ascii();
            if !element.is_empty() {
                return Some(element);
            }
        }
        None
    }
}

/// First separator outside quoted strings and angle brackets. Few values have either, and none before its first.
fn find_separator(value: &[u8], separator: u8) -> Option<usize> {
    let special = memchr::memchr2(b'"', b'<', value).unwrap_or(value.len());
    let (bare, rest) = value.split_at(special);
    memchr::memchr(separator, bare).or_else(|| {
        let found = find_bare(rest, |b, in_angle| b == separator && !in_angle);
        found.map(|at| special + at)
    })
}

/// First byte outside quotes that `wanted(byte, inside angle brackets)` accepts.
fn find_bare(value: &[u8], wanted: impl Fn(u8, bool) -> bool) -> Option<usize> {
    let (mut in_quote, mut in_angle, mut escaped) = (false, false, false);
    for (at, &byte) in value.iter().enumerate() {
        if in_quote {
            in_quote = escaped || byte != b'"';
            escaped = byte == b'\\' && !escaped;
            continue;
        }
        if wanted(byte, in_angle) {
            return Some(at);
        }
        match byte {
            b'"' => in_quote = true,
            b'<' => in_angle = true,
            b'>' => in_angle = false,
            _ => {}
        }
    }
    None
}

/// The first closing angle bracket of a pair outside quotes.
fn closing_angle(value: &[u8]) -> Option<usize> {
    let open = memchr::memchr(b'<', value)?;
    if memchr::memchr(b'"', value).is_some() {
        return find_bare(value, |b, in_angle| b == b'>' && in_angle);
    }
    memchr::memchr(b'>', &value[open..]).map(|close| open + close)
}

/// The first such byte outside quotes, within angle brackets or not.
fn outside_quotes(value: &[u8], wanted: u8) -> Option<usize> {
    let first = memchr::memchr2(wanted, b'"', value)?;
    if value[first] == wanted { Some(first) } else { find_bare(value, |b, _| b == wanted) }
}

/// The value of header parameter `name` (any case), without quotes; empty for a flag. Parameters inside
/// the angle brackets belong to the URI and are not found.
#[must_use]
pub fn param<'a>(value: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let start = match closing_angle(value) {
        Some(close) => close + 1,
        None => outside_quotes(value, b';')?,
    };
    List::new(&value[start..], b';').find_map(|element| {
        let (key, value) = match memchr::memchr(b'=', element) {
            Some(equals) => (&element[..equals], &element[equals + 1..]),
            None => (element, &element[element.len()..]),
        };
        key.trim_ascii().eq_ignore_ascii_case(name.as_bytes()).then(|| unquote(value.trim_ascii()))
    })
}

fn unquote(value: &[u8]) -> &[u8] {
    match value.strip_prefix(b"\"") {
        Some(inner) => inner.strip_suffix(b"\"").unwrap_or(inner),
        None => value,
    }
}

/// A decimal number at the start, at least one digit; values beyond 32 bits saturate.
#[must_use]
pub fn number(value: &[u8]) -> Option<u32> {
    let value = value.trim_ascii();
    let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let add = |sum: u32, b: &u8| sum.saturating_mul(10).saturating_add(u32::from(b - b'0'));
    Some(value[..digits].iter().fold(0, add))
}

/// A From, To, Contact or Refer-To value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address<'a> {
    /// The URI as written, without angle brackets.
    pub uri: &'a [u8],
    /// `;tag=`, empty when absent.
    pub tag: &'a [u8],
}

impl<'a> Address<'a> {
    /// From a header value.
    #[must_use]
    pub fn new(value: &'a [u8]) -> Self {
        let tag = param(value, "tag").unwrap_or_default();
        let uri = match outside_quotes(value, b'<') {
            Some(open) => {
                let inner = &value[open + 1..];
                &inner[..memchr::memchr(b'>', inner).unwrap_or(inner.len())]
            }
            None => &value[..outside_quotes(value, b';').unwrap_or(value.len())],
        };
        Self { uri: uri.trim_ascii(), tag }
    }

    /// The address of record: the URI without its parameters and headers.
    #[must_use]
    pub fn aor(&self) -> &'a [u8] {
        // a `;` or `?` before the `@` belongs to the user part
        let host = memchr::memchr(b'@', self.uri).map_or(0, |at| at + 1);
        let end = self.uri[host..].iter().position(|b| matches!(b, b';' | b'?'));
        &self.uri[..end.map_or(self.uri.len(), |end| host + end)]
    }

    /// The user part without scheme, parameters and password, e.g. `alice` or `+4930123`; empty without one.
    #[must_use]
    pub fn user(&self) -> &'a [u8] {
        let colon = memchr::memchr(b':', self.uri);
        let (scheme, rest) = colon.map_or((&b""[..], self.uri), |at| (&self.uri[..at], &self.uri[at + 1..]));
        let user = match memchr::memchr(b'@', rest) {
            Some(at) => &rest[..at],
            None if scheme.eq_ignore_ascii_case(b"tel") => rest,
            None => return b"",
        };
        let end = user.iter().position(|b| matches!(b, b';' | b':' | b'?'));
        &user[..end.unwrap_or(user.len())]
    }
}

/// Text of at most `limit` bytes for people: invalid UTF-8 replaced, runs of white space (folded lines)
/// and control characters become one space.
#[must_use]
pub fn text(value: &[u8], limit: usize) -> String {
    let cut = &value[..value.len().min(limit)];
    let mut out = String::with_capacity(cut.len());
    for c in String::from_utf8_lossy(cut).chars() {
        let c = if c.is_control() || c.is_whitespace() { ' ' } else { c };
        if c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    if value.len() > limit {
        // the cut may have split a character
        while out.ends_with('\u{fffd}') {
            out.pop();
        }
        out.push('…');
    }
    out
}
