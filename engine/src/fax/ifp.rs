//! Internet Fax Packets (ITU-T T.38 annex A, ASN.1 in aligned PER): an indicator of what a modem would be heard doing, or
//! what it would have sent.
//!
//! Two notations are on the air. The one of 1998 (versions 0 and 1) knows eight types of fields, that of 2002 (from
//! version 2 on) may be extended and so has a bit more before each. Who builds a packet does not say which one it is, SDP's
//! `T38FaxVersion` does; where that one does not fit, the other is tried.

use super::udptl;

/// How field types are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Notation {
    /// Three bits.
    #[default]
    Of1998,
    /// An extension bit, then three or six more.
    Of2002,
}

impl Notation {
    /// What goes with a `T38FaxVersion`.
    pub(super) fn of_version(version: u8) -> Self {
        if version < 2 { Self::Of1998 } else { Self::Of2002 }
    }

    fn other(self) -> Self {
        match self {
            Self::Of1998 => Self::Of2002,
            Self::Of2002 => Self::Of1998,
        }
    }
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ifp {
    /// `t30-indicator`.
    Indicator(u8),
    /// `t30-data`: the modulation that the fields belong to.
    Data(u8),
}

/// `t30-indicator`: nothing is heard.
pub(super) const NO_SIGNAL: u8 = 0;
/// `t30-indicator`: the calling machine's tone.
pub(super) const CNG: u8 = 1;
/// `t30-indicator`: the called machine's tone.
pub(super) const CED: u8 = 2;
/// `t30-indicator`: a message of T.30 begins.
pub(super) const PREAMBLE: u8 = 3;

/// `t30-data`: V.21, in which the machines talk about the fax.
pub(super) const V21: u8 = 0;

/// True for the modulations that carry pages: V.27ter to V.17, V.34 and V.33.
pub(super) fn carries_pages(data: u8) -> bool {
    matches!(data, 1..=8 | 10 | 12..=14)
}

/// One field of a data packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub(super) kind: u8,
    pub(super) data: &'a [u8],
}

/// `field-type`.
pub(super) mod field {
    pub(crate) const HDLC_DATA: u8 = 0;
    pub(crate) const HDLC_SIG_END: u8 = 1;
    pub(crate) const HDLC_FCS_OK: u8 = 2;
    pub(crate) const HDLC_FCS_OK_SIG_END: u8 = 4;
    pub(crate) const HDLC_FCS_BAD_SIG_END: u8 = 5;
    pub(crate) const NON_ECM_SIG_END: u8 = 7;
}

/// Reads a packet and hands its fields over; `None` where it fits neither notation. The notation becomes that which fits.
pub(super) fn read<'a>(
    bytes: &'a [u8],
    notation: &mut Notation,
    mut each: impl FnMut(Field<'a>),
) -> Option<Ifp> {
    let fits = |notation: Notation| {
        let mut sane = true;
        walk(bytes, notation, |field| sane &= is_sane(field)).filter(|_| sane)
    };
    if fits(*notation).is_none() && fits(notation.other()).is_some() {
        *notation = notation.other();
    }
    walk(bytes, *notation, |_| ())?;
    walk(bytes, *notation, &mut each)
}

/// The check and the end of a frame carry nothing, data carries something. A packet read in the wrong notation seldom
/// looks like that.
fn is_sane(field: Field<'_>) -> bool {
    match field.kind {
        field::HDLC_SIG_END..=field::HDLC_FCS_BAD_SIG_END => field.data.is_empty(),
        field::NON_ECM_SIG_END => true,
        kind => kind < 12 && !field.data.is_empty(),
    }
}

fn walk<'a>(bytes: &'a [u8], notation: Notation, mut each: impl FnMut(Field<'a>)) -> Option<Ifp> {
    let mut reader = Reader { bytes, at: 0 };
    let has_fields = reader.bits(1)? == 1;
    let ifp = match reader.bits(1)? {
        0 => Ifp::Indicator(reader.extensible(4, 16)?),
        _ => Ifp::Data(reader.extensible(4, 9)?),
    };
    if has_fields {
        for _ in 0..reader.count()? {
            let has_data = reader.bits(1)? == 1;
            let kind = match notation {
                Notation::Of1998 => reader.bits(3)?,
                Notation::Of2002 => reader.extensible(3, 8)?,
            };
            let data = if has_data { reader.octets()? } else { &[] };
            each(Field { kind, data });
        }
    }
    reader.is_at_end().then_some(ifp)
}

/// Bits, the highest first.
struct Reader<'a> {
    bytes: &'a [u8],
    /// In bits.
    at: usize,
}

impl<'a> Reader<'a> {
    /// At most 8.
    fn bits(&mut self, n: usize) -> Option<u8> {
        let mut value = 0_u8;
        for _ in 0..n {
            let byte = *self.bytes.get(self.at / 8)?;
            value = value << 1 | byte >> (7 - self.at % 8) & 1;
            self.at += 1;
        }
        Some(value)
    }

    /// An enumeration with an extension mark: `n` bits for one of the `root` values, or the number of an added one.
    fn extensible(&mut self, n: usize, root: u8) -> Option<u8> {
        if self.bits(1)? == 0 {
            return self.bits(n).filter(|&value| value < root);
        }
        // a "normally small" number beyond 63 has another form, which nothing here needs
        let small = self.bits(1)? == 0;
        let value = self.bits(6).filter(|_| small)?;
        Some(value + root)
    }

    fn rest(&mut self) -> &'a [u8] {
        self.at = self.at.next_multiple_of(8);
        self.bytes.get(self.at / 8..).unwrap_or_default()
    }

    fn count(&mut self) -> Option<u16> {
        let rest = self.rest();
        let (count, after) = udptl::length(rest)?;
        self.at += 8 * (rest.len() - after.len());
        Some(count)
    }

    /// OCTET STRING (SIZE (1..65535)): the length less one, in two octets.
    fn octets(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.rest().split_first_chunk()?;
        let data = rest.get(..=usize::from(u16::from_be_bytes(*length)))?;
        self.at += 8 * (length.len() + data.len());
        Some(data)
    }

    /// But for the bits that fill up the last octet.
    fn is_at_end(&mut self) -> bool {
        self.rest().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Fields = Vec<(u8, Vec<u8>)>;

    fn fields(bytes: &[u8], mut notation: Notation) -> Option<(Ifp, Fields, Notation)> {
        let mut fields = Vec::new();
        let ifp = read(bytes, &mut notation, |field| fields.push((field.kind, field.data.to_vec())))?;
        Some((ifp, fields, notation))
    }

    #[test]
    fn indicators() {
        let read = |bytes: &[u8]| fields(bytes, Notation::Of1998).map(|read| read.0);
        assert_eq!(read(&[0x02]), Some(Ifp::Indicator(CNG)));
        assert_eq!(read(&[0x06]), Some(Ifp::Indicator(PREAMBLE)));
        assert_eq!(read(&[0x1e]), Some(Ifp::Indicator(15)));
        // v34-cntl-channel-1200 is the third one that was added: 0 0 1 0 000010
        assert_eq!(read(&[0x20, 0x80]), Some(Ifp::Indicator(18)));
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[0x02, 0x00]), None, "one octet too many");
    }

    #[test]
    fn a_frame_in_both_notations() {
        // V.21: hdlc-data ff c8, then hdlc-fcs-OK-sig-end
        let old = [0xc0, 0x02, 0x80, 0x00, 0x01, 0xff, 0xc8, 0x40];
        let new = [0xc0, 0x02, 0x80, 0x00, 0x01, 0xff, 0xc8, 0x20];
        let told = vec![(0, vec![0xff, 0xc8]), (4, vec![])];
        assert_eq!(fields(&old, Notation::Of1998), Some((Ifp::Data(V21), told.clone(), Notation::Of1998)));
        assert_eq!(fields(&new, Notation::Of2002), Some((Ifp::Data(V21), told, Notation::Of2002)));
    }

    #[test]
    fn fields_without_data_share_an_octet() {
        // hdlc-fcs-OK, hdlc-sig-end: 0 010 0 001 and, in ten bits, 0 0 010 0 0 001
        let told = vec![(2, vec![]), (1, vec![])];
        assert_eq!(fields(&[0xc0, 0x02, 0x21], Notation::Of1998).unwrap().1, told);
        assert_eq!(fields(&[0xc0, 0x02, 0x10, 0x40], Notation::Of2002).unwrap().1, told);
    }

    #[test]
    fn the_notation_that_fits_is_taken() {
        // t4-non-ecm-data in the notation of 2002: of 1998 it would be a bad check with data
        let new = [0xd0, 0x01, 0xb0, 0x00, 0x00, 0x55];
        let (ifp, told, notation) = fields(&new, Notation::Of1998).unwrap();
        assert_eq!((ifp, told, notation), (Ifp::Data(8), vec![(6, vec![0x55])], Notation::Of2002));
        // of 1998: that of 2002 knows no such extension
        let old = [0xd0, 0x01, 0xe0, 0x00, 0x00, 0x55];
        let (_, told, notation) = fields(&old, Notation::Of2002).unwrap();
        assert_eq!((told, notation), (vec![(6, vec![0x55])], Notation::Of1998));
    }

    proptest::proptest! {
        #[test]
        fn never_gives_more_than_there_is(bytes in proptest::collection::vec(0_u8.., 0..80), new: bool) {
            let notation = if new { Notation::Of2002 } else { Notation::Of1998 };
            if let Some((_, fields, _)) = fields(&bytes, notation) {
                let inside: usize = fields.iter().map(|field| field.1.len()).sum();
                proptest::prop_assert!(inside < bytes.len() && fields.len() <= bytes.len() * 2);
            }
        }
    }
}
