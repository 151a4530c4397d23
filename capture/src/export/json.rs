//! tshark's `-T json`, `-T jsonraw` and `-T ek`: objects cut from the stream one by one, then flattened with
//! their order and their repeated keys, which tshark uses for repeated layers.

use std::fmt;
use std::io::{self, BufRead};

use airtone_engine::LinkType;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::fields::{FRAME_RAW, Field};
use super::row::Row;

/// How keys name fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// `udp.srcport`
    Plain,
    /// `udp_udp_srcport`
    Elastic,
}

/// Objects of more bytes than this are no frames.
const MAX_OBJECT: usize = 64 << 20;

/// Cuts top-level objects out of an array or out of lines.
#[derive(Debug)]
pub(crate) struct Objects<R> {
    input: R,
    pub(crate) offset: u64,
    /// An array has begun and not ended.
    in_array: bool,
}

/// Why there is no further object.
#[derive(Debug)]
pub(crate) enum End {
    /// The input ended where it should.
    Clean,
    /// It ended within an object or an array, or the object was too large.
    Cut,
}

impl<R: BufRead> Objects<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, offset: 0, in_array: false }
    }

    /// Reads the next object into `object`.
    pub(crate) fn next(&mut self, object: &mut Vec<u8>) -> io::Result<Option<End>> {
        object.clear();
        let mut scan = Scan { in_array: self.in_array, ..Scan::default() };
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            if chunk.is_empty() {
                let whole = scan.depth == 0 && !scan.in_array;
                return Ok(Some(if whole { End::Clean } else { End::Cut }));
            }
            let (used, done) = scan.take(chunk, object);
            self.input.consume(used);
            self.offset += used as u64;
            self.in_array = scan.in_array;
            if done {
                return Ok(None);
            }
            if object.len() > MAX_OBJECT {
                return Ok(Some(End::Cut));
            }
        }
    }
}

/// Counts braces outside of strings.
#[derive(Debug, Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
    in_array: bool,
}

impl Scan {
    /// Copies the object's bytes; returns how many were used and whether it is complete.
    fn take(&mut self, chunk: &[u8], object: &mut Vec<u8>) -> (usize, bool) {
        let mut begin = if self.depth > 0 { Some(0) } else { None };
        for (at, &byte) in chunk.iter().enumerate() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' if self.depth > 0 => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' => {
                    begin.get_or_insert(at);
                    self.depth += 1;
                }
                b'}' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        object.extend_from_slice(&chunk[begin.unwrap_or(at)..=at]);
                        return (at + 1, true);
                    }
                }
                b'[' | b']' if self.depth == 0 => self.in_array = byte == b'[',
                _ => {}
            }
        }
        if let Some(begin) = begin {
            object.extend_from_slice(&chunk[begin..]);
        }
        (chunk.len(), false)
    }
}

/// What a frame's object told beside its fields.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// What the frame starts with, by its first layer.
    pub(crate) link: Option<LinkType>,
}

/// Flattens one object into a row.
pub(crate) fn flatten(object: &[u8], keys: Keys, row: &mut Row) -> Result<Told, serde_json::Error> {
    let mut told = Told::default();
    let mut deserializer = serde_json::Deserializer::from_slice(object);
    Flatten { keys, key: "", row, told: &mut told }.deserialize(&mut deserializer)?;
    Ok(told)
}

struct Flatten<'a> {
    keys: Keys,
    key: &'a str,
    row: &'a mut Row,
    told: &'a mut Told,
}

impl Flatten<'_> {
    fn child<'b>(&'b mut self, key: &'b str) -> Flatten<'b> {
        Flatten { keys: self.keys, key, row: self.row, told: self.told }
    }

    fn value(&mut self, value: &str) {
        let field = match self.keys {
            Keys::Plain => Field::by_name(self.key),
            Keys::Elastic => Field::by_ek_key(self.key),
        };
        if let Some(field) = field {
            self.row.push(field, value);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Flatten<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Flatten<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a frame as tshark exports it")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if self.told.link.is_none() {
                self.told.link = link_of_layer(&key);
            }
            map.next_value_seed(self.child(&key))?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        // `"frame_raw": ["<hex>", position, length, bitmask, type]`: only the first is a value.
        let key = self.key;
        let first_only = Field::by_name(key) == Some(FRAME_RAW) || key.ends_with("_raw");
        let mut n = 0;
        while seq.next_element_seed(self.child(if first_only && n > 0 { "" } else { key }))?.is_some() {
            n += 1;
        }
        Ok(())
    }

    fn visit_str<E>(mut self, value: &str) -> Result<(), E> {
        self.value(value);
        Ok(())
    }

    fn visit_bool<E>(mut self, value: bool) -> Result<(), E> {
        self.value(if value { "1" } else { "0" });
        Ok(())
    }

    fn visit_u64<E>(mut self, value: u64) -> Result<(), E> {
        self.value(&value.to_string());
        Ok(())
    }

    fn visit_i64<E>(mut self, value: i64) -> Result<(), E> {
        self.value(&value.to_string());
        Ok(())
    }

    fn visit_f64<E>(mut self, value: f64) -> Result<(), E> {
        self.value(&value.to_string());
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The link type by the first layer of `-T jsonraw`, which does not name the encapsulation.
fn link_of_layer(key: &str) -> Option<LinkType> {
    Some(match key {
        "eth_raw" => LinkType::ETHERNET,
        "sll_raw" => LinkType::LINUX_SLL,
        "radiotap_raw" => LinkType::RADIOTAP,
        "ppi_raw" => LinkType::PPI,
        "prism_raw" => LinkType::PRISM,
        "wlancap_raw" => LinkType::AVS,
        "wlan_raw" => LinkType::IEEE802_11,
        "null_raw" => LinkType::NULL,
        "raw_raw" | "ip_raw" | "ipv6_raw" => LinkType::RAW,
        "ppp_raw" => LinkType::PPP,
        "pppoes_raw" => LinkType::PPP_ETHER,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fields as f;
    use super::*;

    #[test]
    fn objects_are_cut_at_their_braces_not_at_those_in_strings() {
        let text = br#"[ {"a":"}\"{"} , {"b":{"c":1}} ]"#;
        for size in [1, 3, 100] {
            let mut objects = Objects::new(io::BufReader::with_capacity(size, &text[..]));
            let mut object = Vec::new();
            assert!(objects.next(&mut object).unwrap().is_none());
            assert_eq!(object, br#"{"a":"}\"{"}"#);
            assert!(objects.next(&mut object).unwrap().is_none());
            assert_eq!(object, br#"{"b":{"c":1}}"#);
            assert!(matches!(objects.next(&mut object).unwrap(), Some(End::Clean)));
        }
    }

    #[test]
    fn a_cut_object_is_told_apart_from_the_end() {
        let mut objects = Objects::new(&br#"[{"a":1"#[..]);
        assert!(matches!(objects.next(&mut Vec::new()).unwrap(), Some(End::Cut)));
        let mut objects = Objects::new(&br#"[{"a":1},"#[..]);
        assert!(objects.next(&mut Vec::new()).unwrap().is_none());
        assert!(matches!(objects.next(&mut Vec::new()).unwrap(), Some(End::Cut)), "between two objects");
    }

    #[test]
    fn repeated_layers_keep_their_order() {
        let mut row = Row::default();
        let text = br#"{"_source":{"layers":{"ip":{"ip.src":"10.0.0.1"},"ip":{"ip.src":"192.0.2.1"},"x":{"rtp.marker":true}}}}"#;
        flatten(text, Keys::Plain, &mut row).unwrap();
        let all: Vec<_> = row.iter().collect();
        assert_eq!(all, [(f::IP_SRC, "10.0.0.1"), (f::IP_SRC, "192.0.2.1"), (f::RTP_MARKER, "1")]);
    }

    #[test]
    fn raw_values_come_with_positions_that_are_no_values() {
        let mut row = Row::default();
        let told = flatten(
            br#"{"layers":{"frame_raw":["8000",0,2,0,1],"eth_raw":["80",0,1,0,1]}}"#,
            Keys::Plain,
            &mut row,
        );
        assert_eq!(told.unwrap().link, Some(LinkType::ETHERNET));
        assert_eq!(row.iter().collect::<Vec<_>>(), [(f::FRAME_RAW, "8000")]);
    }

    #[test]
    fn selected_fields_come_as_lists() {
        let mut row = Row::default();
        flatten(br#"{"_source":{"layers":{"rtp.seq":["1","2"]}}}"#, Keys::Plain, &mut row).unwrap();
        assert_eq!(row.last(f::RTP_SEQ), Some("2"));
    }
}
