//! tshark's `-T pdml`: one `packet` element per frame, with a `field` element for each field.

use std::io::{self, BufRead, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::fields::{FRAME_TIME, Field};
use super::row::Row;

/// A packet that takes more text than this is damage, or an attack on memory.
const MAX_PACKET: usize = 64 << 20;

/// Ends after so many bytes.
struct Bounded<R> {
    inner: R,
    left: usize,
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let size = into.len().min(self.left);
        let count = self.inner.read(&mut into[..size])?;
        self.left -= count.min(self.left);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let chunk = self.inner.fill_buf()?;
        Ok(&chunk[..chunk.len().min(self.left)])
    }

    fn consume(&mut self, count: usize) {
        self.left -= count.min(self.left);
        self.inner.consume(count);
    }
}

/// Reads packets one after the other.
pub(crate) struct Packets<R> {
    reader: Reader<Bounded<R>>,
    buffer: Vec<u8>,
}

/// Why there is no further packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The document is complete.
    Clean,
    /// It is not, or no XML from here on.
    Cut,
}

impl<R: BufRead> Packets<R> {
    pub(crate) fn new(input: R) -> Self {
        let mut reader = Reader::from_reader(Bounded { inner: input, left: MAX_PACKET });
        // Content is damaged by cutting more often than by mismatched names.
        reader.config_mut().check_end_names = false;
        Self { reader, buffer: Vec::new() }
    }

    /// Bytes read.
    pub(crate) fn offset(&self) -> u64 {
        self.reader.buffer_position()
    }

    /// Reads the next packet's fields into `row`.
    pub(crate) fn next(&mut self, row: &mut Row) -> io::Result<Option<End>> {
        let mut inside = false;
        self.reader.get_mut().left = MAX_PACKET;
        loop {
            self.buffer.clear();
            match self.reader.read_event_into(&mut self.buffer) {
                Ok(Event::Start(tag)) if tag.name().as_ref() == "packet" => inside = true,
                Ok(Event::Start(tag) | Event::Empty(tag)) if inside => field(&tag, row),
                Ok(Event::End(tag)) => match tag.name().as_ref() {
                    "packet" => return Ok(None),
                    "pdml" => return Ok(Some(End::Clean)),
                    _ => {}
                },
                Ok(Event::Eof) => return Ok(Some(End::Cut)),
                Ok(_) => {}
                Err(quick_xml::Error::Io(e)) => return Err(io::Error::new(e.kind(), e.to_string())),
                Err(_) => return Ok(Some(End::Cut)),
            }
        }
    }
}

/// Adds one field. `show` is the value as text, `value` its octets in hex.
fn field(tag: &BytesStart<'_>, row: &mut Row) {
    let name = attribute(tag, "name");
    // The time of `geninfo` has the same resolution and stands first, in every version.
    if name.as_deref() == Some("timestamp") {
        if let Some(at) = attribute(tag, "value") {
            row.push(FRAME_TIME, &at);
        }
        return;
    }
    let Some(field) = name.as_deref().and_then(Field::by_name) else { return };
    let octets = matches!(field.name(), "udp.payload" | "tcp.payload" | "rtp.payload");
    let value = if octets { attribute(tag, "value") } else { None };
    if let Some(value) = value.or_else(|| attribute(tag, "show")) {
        row.push(field, &value);
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).ok()??;
    quick_xml::escape::unescape(&attribute.value).map(std::borrow::Cow::into_owned).ok()
}

#[cfg(test)]
mod tests {
    use super::super::fields as f;
    use super::*;

    const TEXT: &str = r#"<?xml version="1.0"?><pdml><packet><proto name="geninfo">
        <field name="timestamp" show="x" value="12.000000001"/></proto>
        <proto name="udp"><field name="udp.srcport" show="4000" value="0fa0"/>
        <field name="udp.payload" show="80:00" value="8000"/>
        <field name="sip.From" show="&quot;A&quot; &lt;sip:a@b&gt;"/></proto></packet></pdml>"#;

    #[test]
    fn fields_of_a_packet() {
        let mut packets = Packets::new(TEXT.as_bytes());
        let mut row = Row::default();
        assert_eq!(packets.next(&mut row).unwrap(), None);
        let expected = [
            (f::FRAME_TIME, "12.000000001"),
            (f::UDP_SRCPORT, "4000"),
            (f::UDP_PAYLOAD, "8000"),
            (f::SIP_FROM, "\"A\" <sip:a@b>"),
        ];
        assert_eq!(row.iter().collect::<Vec<_>>(), expected);
        assert_eq!(packets.next(&mut Row::default()).unwrap(), Some(End::Clean));
    }

    #[test]
    fn an_endless_packet_is_cut() {
        let endless = b"<pdml><packet>".chain(io::repeat(b' '));
        let mut packets = Packets::new(io::BufReader::new(endless));
        assert_eq!(packets.next(&mut Row::default()).unwrap(), Some(End::Cut));
    }

    #[test]
    fn a_cut_document_is_told() {
        let mut packets = Packets::new(&TEXT.as_bytes()[..200]);
        assert_eq!(packets.next(&mut Row::default()).unwrap(), Some(End::Cut));
    }
}
