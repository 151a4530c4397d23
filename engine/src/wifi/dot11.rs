//! MAC headers and information elements (IEEE 802.11-2020 sections 9.2 to 9.4).

use super::bytes::{array, le16};

/// A MAC address.
pub(super) type Mac = [u8; 6];

/// Frame type, bits 2 and 3 of the frame control field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Management,
    Control,
    Data,
    Extension,
}

/// The fixed part of a MAC header.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Header {
    pub kind: Kind,
    pub subtype: u8,
    pub to_ds: bool,
    pub from_ds: bool,
    pub retry: bool,
    pub protected: bool,
    /// HT control follows (QoS data and management).
    pub order: bool,
    pub receiver: Mac,
    /// Absent in ACK and CTS.
    pub transmitter: Option<Mac>,
    pub address3: Option<Mac>,
    pub sequence: Option<u16>,
    pub fragment: u8,
    pub qos: Option<u16>,
    /// Where the frame body begins.
    pub len: usize,
}

/// Management subtypes that somebody here looks at.
pub(super) mod subtype {
    pub const ASSOCIATION_REQUEST: u8 = 0;
    pub const REASSOCIATION_REQUEST: u8 = 2;
    pub const PROBE_RESPONSE: u8 = 5;
    pub const BEACON: u8 = 8;
    pub const DISASSOCIATION: u8 = 10;
    pub const AUTHENTICATION: u8 = 11;
    pub const DEAUTHENTICATION: u8 = 12;
    pub const ACTION: u8 = 13;
}

/// Reads a MAC header; `None` when it is cut or of another protocol version.
pub(super) fn header(frame: &[u8]) -> Option<Header> {
    let (control, flags) = (*frame.first()?, *frame.get(1)?);
    if control & 0x03 != 0 {
        return None;
    }
    let kind = match (control >> 2) & 0x03 {
        0 => Kind::Management,
        1 => Kind::Control,
        2 => Kind::Data,
        _ => Kind::Extension,
    };
    let mut header = Header {
        kind,
        subtype: control >> 4,
        to_ds: flags & 0x01 != 0,
        from_ds: flags & 0x02 != 0,
        retry: flags & 0x08 != 0,
        protected: flags & 0x40 != 0,
        order: flags & 0x80 != 0,
        receiver: [0; 6],
        transmitter: None,
        address3: None,
        sequence: None,
        fragment: 0,
        qos: None,
        len: 10,
    };
    // An S1G beacon or DMG frame has another layout behind the frame control field.
    if kind == Kind::Extension {
        return Some(header);
    }
    header.receiver = array(frame, 4)?;
    if kind == Kind::Control {
        header.control_addresses(frame);
        return Some(header);
    }
    header.addresses(frame)?;
    Some(header)
}

impl Header {
    /// BAR, BA, PS-Poll, RTS, CF-End carry a transmitter; control wrapper, CTS and ACK do not.
    fn control_addresses(&mut self, frame: &[u8]) {
        if matches!(self.subtype, 8..=11 | 14 | 15) {
            self.transmitter = array(frame, 10);
            self.len = 16;
        }
    }

    fn addresses(&mut self, frame: &[u8]) -> Option<()> {
        self.transmitter = Some(array(frame, 10)?);
        self.address3 = Some(array(frame, 16)?);
        let sequence = le16(frame, 22)?;
        self.sequence = Some(sequence >> 4);
        self.fragment = (sequence & 0x0f) as u8;
        self.len = 24;
        if self.kind == Kind::Management {
            self.len += if self.order { 4 } else { 0 };
            return Some(());
        }
        if self.to_ds && self.from_ds {
            self.len += 6;
        }
        if self.subtype & 0x08 != 0 {
            self.qos = Some(le16(frame, self.len)?);
            self.len += if self.order { 6 } else { 2 };
        }
        Some(())
    }

    /// True for a management frame of this subtype.
    pub(super) fn is_management(&self, subtype: u8) -> bool {
        self.kind == Kind::Management && self.subtype == subtype
    }

    /// A data frame with a payload (the "no data" subtypes have bit 2 set).
    pub(super) fn has_payload(&self) -> bool {
        self.kind == Kind::Data && self.subtype & 0x04 == 0
    }

    /// BSSID of an infrastructure data or management frame.
    pub(super) fn bssid(&self) -> Option<Mac> {
        match (self.kind, self.to_ds, self.from_ds) {
            (Kind::Management, ..) | (Kind::Data, false, false) => self.address3,
            (Kind::Data, true, false) => Some(self.receiver),
            (Kind::Data, false, true) => self.transmitter,
            _ => None,
        }
    }

    /// Traffic identifier of a QoS data frame.
    pub(super) fn tid(&self) -> Option<u8> {
        self.qos.map(|qos| (qos & 0x0f) as u8)
    }
}

/// True for an address that one device can have: neither group nor zero.
pub(super) fn is_device(mac: Mac) -> bool {
    mac[0] & 1 == 0 && mac != [0; 6]
}

/// `02:00:00:00:00:01`
pub(super) fn text(mac: Mac) -> String {
    let [a, b, c, d, e, f] = mac;
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

/// One information element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Element<'a> {
    pub id: u8,
    pub data: &'a [u8],
}

/// Elements of a frame body; ends where the next one does not fit.
#[derive(Clone, Debug)]
pub(super) struct Elements<'a>(&'a [u8]);

/// The elements in `bytes`.
pub(super) fn elements(bytes: &[u8]) -> Elements<'_> {
    Elements(bytes)
}

impl<'a> Elements<'a> {
    /// True when the elements so far end exactly where the bytes end.
    pub(super) fn is_exhausted(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (&id, rest) = self.0.split_first()?;
        let (&len, rest) = rest.split_first()?;
        let (data, rest) = rest.split_at_checked(usize::from(len))?;
        self.0 = rest;
        Some(Element { id, data })
    }
}

/// Where the elements of a management body begin, behind its fixed fields.
pub(super) fn fixed_len(management: u8) -> usize {
    match management {
        subtype::ASSOCIATION_REQUEST => 4,
        subtype::REASSOCIATION_REQUEST => 10,
        subtype::PROBE_RESPONSE | subtype::BEACON => 12,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_lengths_follow_the_flags() {
        let mut frame = vec![0_u8; 60];
        frame[0] = 0x08;
        assert_eq!(header(&frame).unwrap().len, 24);
        frame[1] = 0x03;
        assert_eq!(header(&frame).unwrap().len, 30);
        frame[0] = 0x88;
        assert_eq!(header(&frame).unwrap().len, 32);
        frame[1] = 0x83;
        assert_eq!(header(&frame).unwrap().len, 36);
        frame[..2].copy_from_slice(&[0x80, 0x80]);
        assert_eq!(header(&frame).unwrap().len, 28);
        frame[..2].copy_from_slice(&[0xb4, 0]);
        assert_eq!(header(&frame).unwrap().transmitter, Some([0; 6]));
        frame[..2].copy_from_slice(&[0xd4, 0]);
        assert_eq!(header(&frame).unwrap().transmitter, None);
        assert_eq!(header(&[0x03, 0, 0, 0]), None, "protocol version 3");
        assert_eq!(header(&frame[..9]), None);
    }

    #[test]
    fn elements_end_at_the_first_that_does_not_fit() {
        let bytes = [0, 1, b'a', 3, 1, 6, 5, 200, 1, 2];
        let mut walk = elements(&bytes);
        assert_eq!(walk.next(), Some(Element { id: 0, data: b"a" }));
        assert_eq!(walk.next(), Some(Element { id: 3, data: &[6] }));
        assert_eq!(walk.next(), None);
        assert!(!walk.is_exhausted());
    }
}
