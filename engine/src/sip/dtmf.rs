//! Digits sent by SIP INFO: application/dtmf-relay and application/dtmf.

use super::message::{Message, split_line};
use super::params::number;
use crate::media::Party;
use crate::model;
use crate::packet::Nanos;

/// One digit, compact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digit {
    pub(super) frame: u64,
    pub(super) at: Nanos,
    pub(super) from: Party,
    /// `0`-`9`, `*`, `#`, `A`-`D`; `!` for a hook flash.
    pub(super) digit: u8,
    pub(super) duration_ms: Option<u32>,
}

impl Digit {
    pub(super) fn report(self) -> model::Dtmf {
        let digit = if self.digit == b'!' { "flash".into() } else { char::from(self.digit).to_string() };
        model::Dtmf {
            frame: self.frame,
            at: self.at,
            from: super::call::party_name(self.from).into(),
            digit,
            duration_ms: self.duration_ms.map(f64::from),
            method: "info".into(),
        }
    }
}

/// The digit and its duration in ms that an INFO request carries.
pub(super) fn of_info(message: &Message<'_>) -> Option<(u8, Option<u32>)> {
    let kind = message.content_type().to_ascii_lowercase();
    if !matches!(&kind[..], b"application/dtmf-relay" | b"application/dtmf") {
        return None;
    }
    let (mut digit, mut duration) = (None, None);
    let mut rest = message.body;
    while !rest.is_empty() && digit.is_none_or(|_| duration.is_none()) {
        let (line, after) = split_line(rest);
        rest = after;
        let cut = line.iter().position(|b| matches!(b, b'=' | b':'));
        match cut.map(|cut| (line[..cut].trim_ascii().to_ascii_lowercase(), &line[cut + 1..])) {
            Some((key, value)) if key == b"signal" => digit = signal(value.trim_ascii()),
            Some((key, value)) if key == b"duration" => duration = number(value),
            Some(_) => {}
            // application/dtmf: the digit alone
            None if digit.is_none() && !line.trim_ascii().is_empty() => digit = signal(line.trim_ascii()),
            None => {}
        }
    }
    Some((digit?, duration))
}

fn signal(value: &[u8]) -> Option<u8> {
    match value {
        [digit] => {
            let digit = digit.to_ascii_uppercase();
            matches!(digit, b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D' | b'!').then_some(digit)
        }
        // event numbers of RFC 4733 as some gateways send them
        b"10" => Some(b'*'),
        b"11" => Some(b'#'),
        b"12" => Some(b'A'),
        b"13" => Some(b'B'),
        b"14" => Some(b'C'),
        b"15" => Some(b'D'),
        b"16" => Some(b'!'),
        _ if value.eq_ignore_ascii_case(b"flash") || value.eq_ignore_ascii_case(b"hf") => Some(b'!'),
        _ => None,
    }
}
