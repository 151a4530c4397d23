//! One frame of an export, whatever its format: the wanted fields in order, and what they add up to.

use airtone_engine::Nanos;
use airtone_engine::packet::Endpoint;

use super::fields::{self as f, Field, FieldSet};

/// The wanted fields of one frame in order of appearance; buffers are kept from frame to frame.
#[derive(Debug, Default)]
pub(crate) struct Row {
    values: Vec<(Field, String)>,
    used: usize,
}

impl Row {
    /// Forgets the frame but keeps the buffers.
    pub(crate) fn clear(&mut self) {
        self.used = 0;
    }

    /// Adds a value.
    pub(crate) fn push(&mut self, field: Field, value: &str) {
        match self.values.get_mut(self.used) {
            Some(slot) => {
                slot.0 = field;
                slot.1.clear();
                slot.1.push_str(value);
            }
            None => self.values.push((field, value.to_owned())),
        }
        self.used += 1;
    }

    /// True without any wanted field.
    pub(crate) fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// The fields in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (Field, &str)> {
        self.values[..self.used].iter().map(|(field, value)| (*field, value.as_str()))
    }

    /// Marks the fields of this frame as seen.
    pub(crate) fn seen(&self, set: &mut FieldSet) {
        self.iter().for_each(|(field, _)| set.insert(field));
    }

    /// The last value of a field: of several layers the innermost.
    pub(crate) fn last(&self, field: Field) -> Option<&str> {
        self.iter().rev().find(|(f, _)| *f == field).map(|(_, value)| value)
    }

    /// The first value of a field.
    pub(crate) fn first(&self, field: Field) -> Option<&str> {
        self.iter().find(|(f, _)| *f == field).map(|(_, value)| value)
    }

    /// The last value as a number, decimal or `0x`.
    pub(crate) fn number<T: TryFrom<u64>>(&self, field: Field) -> Option<T> {
        T::try_from(unsigned(self.last(field)?)?).ok()
    }

    /// The last value as a signed number.
    pub(crate) fn signed(&self, field: Field) -> Option<i8> {
        self.last(field)?.trim().parse::<f64>().ok().map(|v| v as i8)
    }

    /// The last value as a flag: `1`, `True`, `true`.
    pub(crate) fn flag(&self, field: Field) -> bool {
        matches!(self.last(field), Some("1" | "True" | "true"))
    }

    /// The frame's time, in whichever way this tshark writes it.
    pub(crate) fn time(&self) -> Option<Nanos> {
        let text = self.first(f::FRAME_TIME)?;
        if text.contains('T') {
            let at: jiff::Timestamp = text.parse().ok()?;
            return i64::try_from(at.as_nanosecond()).ok().map(Nanos);
        }
        epoch(text).map(Nanos)
    }

    /// An address in six bytes.
    pub(crate) fn mac(&self, field: Field) -> Option<[u8; 6]> {
        let mut bytes = Vec::with_capacity(6);
        hex(self.last(field)?, &mut bytes)?;
        bytes.try_into().ok()
    }

    /// The endpoints in force at the last of `payload` (or at the end): the innermost before it.
    pub(crate) fn endpoints(&self, ports: (Field, Field)) -> (Option<Endpoint>, Option<Endpoint>) {
        let side = |v4: Field, v6: Field, port: Field| {
            let ip = self.iter().rev().find(|(field, _)| *field == v4 || *field == v6)?.1;
            Some(Endpoint::new(ip.trim().parse().ok()?, self.number(port)?))
        };
        (side(f::IP_SRC, f::IPV6_SRC, ports.0), side(f::IP_DST, f::IPV6_DST, ports.1))
    }

    /// An ICMP error quotes another packet: what follows it is not traffic.
    pub(crate) fn is_quote(&self) -> bool {
        self.iter().any(|(field, _)| field == f::ICMP_TYPE || field == f::ICMPV6_TYPE)
    }
}

/// `seconds.fraction` with up to nine decimals, exactly; a sign is allowed.
fn epoch(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |t| (true, t));
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let nanos = seconds.parse::<i64>().ok()?.checked_mul(Nanos::SECOND)?.checked_add(digits.parse().ok()?)?;
    Some(if negative { -nanos } else { nanos })
}

/// Decimal or `0x`.
pub(crate) fn unsigned(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Appends the bytes of `aa:bb` or `aabb`; `None` when it is no hex.
pub(crate) fn hex(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let mut high = None;
    for c in text.bytes() {
        let nibble = match c {
            b':' if high.is_none() => continue,
            b'0'..=b'9' => c - b'0',
            b'a'..=b'f' => c - b'a' + 10,
            b'A'..=b'F' => c - b'A' + 10,
            _ => return None,
        };
        high = match high {
            None => Some(nibble),
            Some(high) => {
                out.push(high << 4 | nibble);
                None
            }
        };
    }
    high.is_none().then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact_to_the_nanosecond_in_both_notations() {
        let time = |text: &str| {
            let mut row = Row::default();
            row.push(f::FRAME_TIME, text);
            row.time()
        };
        assert_eq!(time("1334245215.711324001"), Some(Nanos(1_334_245_215_711_324_001)));
        assert_eq!(time("2012-04-12T15:40:15.711324001Z"), Some(Nanos(1_334_245_215_711_324_001)));
        assert_eq!(time("12.5"), Some(Nanos(12_500_000_000)));
        assert_eq!(time("soon"), None);
    }

    #[test]
    fn hex_with_and_without_colons() {
        let mut out = Vec::new();
        assert_eq!(hex("80:7F0a", &mut out), Some(()));
        assert_eq!(out, [0x80, 0x7f, 0x0a]);
        assert_eq!(hex("8", &mut out), None);
        assert_eq!(hex("zz", &mut out), None);
    }

    #[test]
    fn the_innermost_layer_counts() {
        let mut row = Row::default();
        for (field, value) in [
            (f::IP_SRC, "10.0.0.1"),
            (f::UDP_SRCPORT, "4789"),
            (f::IPV6_SRC, "2001:db8::1"),
            (f::UDP_SRCPORT, "4000"),
        ] {
            row.push(field, value);
        }
        let (source, destination) = row.endpoints((f::UDP_SRCPORT, f::UDP_DSTPORT));
        assert_eq!(source.unwrap().to_string(), "[2001:db8::1]:4000");
        assert_eq!(destination, None);
    }
}
