//! UDPTL, the transport of T.38 over UDP (ITU-T T.38 clause 9.1, ASN.1 in aligned PER): a sequence number, the Internet
//! Fax Packet (IFP) of that number, and something to repair lost ones from.

/// One datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Datagram<'a> {
    pub(super) seq: u16,
    /// IFP with this number; empty where the capture cut it.
    pub(super) primary: &'a [u8],
    pub(super) repair: Repair<'a>,
}

/// What a datagram holds of those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repair<'a> {
    /// These IFPs again, the one just before it first.
    Again(Again<'a>),
    /// Parity (FEC): entry `m` of `entries` is the XOR of the IFPs `seq - entries + m - n * entries` with `n` from 0
    /// to `span - 1`.
    Parity { span: u16, entries: u16 },
    /// The capture cut it off.
    Unknown,
}

/// IFPs one behind the other, each with its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Again<'a> {
    bytes: &'a [u8],
    left: u16,
}

impl<'a> Iterator for Again<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let (packet, rest) = sized(self.bytes)?;
        self.bytes = rest;
        Some(packet)
    }
}

/// Reads a datagram; `None` where it is not UDPTL to the last octet. `wire_len`: its length before the capture cut it.
pub(super) fn datagram(payload: &[u8], wire_len: usize) -> Option<Datagram<'_>> {
    let (seq, rest) = payload.split_first_chunk()?;
    let seq = u16::from_be_bytes(*seq);
    if payload.len() < wire_len {
        // what can be seen of it must leave room for the rest
        let (primary, after) = length(rest)?;
        let room = wire_len - (payload.len() - after.len());
        let primary = Some(usize::from(primary)).filter(|primary| primary + 2 <= room)?;
        return Some(Datagram {
            seq,
            primary: after.get(..primary).unwrap_or_default(),
            repair: Repair::Unknown,
        });
    }
    let (primary, repair) = whole(rest)?;
    Some(Datagram { seq, primary, repair })
}

fn whole(bytes: &[u8]) -> Option<(&[u8], Repair<'_>)> {
    let (primary, rest) = sized(bytes)?;
    // a CHOICE of two takes one bit; the lengths behind it begin at the next octet
    let (&choice, rest) = rest.split_first()?;
    let repair = match choice {
        0x00 => again(rest)?,
        0x80 => parity(rest)?,
        _ => return None,
    };
    Some((primary, repair))
}

fn again(bytes: &[u8]) -> Option<Repair<'_>> {
    let (left, bytes) = length(bytes)?;
    let packets = Again { bytes, left };
    let mut rest = bytes;
    for _ in 0..left {
        rest = sized(rest)?.1;
    }
    rest.is_empty().then_some(Repair::Again(packets))
}

fn parity(bytes: &[u8]) -> Option<Repair<'_>> {
    let (span, rest) = sized(bytes)?;
    let span = match *span {
        [span] => u16::from(span),
        [high, low] => u16::from_be_bytes([high, low]),
        _ => return None,
    };
    let (entries, mut rest) = length(rest)?;
    for _ in 0..entries {
        rest = sized(rest)?.1;
    }
    rest.is_empty().then_some(Repair::Parity { span, entries })
}

/// An open type or octet string without bounds: its length, then its octets.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = length(bytes)?;
    rest.split_at_checked(usize::from(length))
}

/// A length determinant (X.691 clause 11.9). Fragments of 16 Ki, which no datagram of a fax has room for, are refused.
pub(super) fn length(bytes: &[u8]) -> Option<(u16, &[u8])> {
    match *bytes {
        [short @ 0..=0x7f, ref rest @ ..] => Some((u16::from(short), rest)),
        [high @ 0x80..=0xbf, low, ref rest @ ..] => Some((u16::from_be_bytes([high & 0x3f, low]), rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(repair: Repair<'_>) -> Vec<Vec<u8>> {
        match repair {
            Repair::Again(again) => again.map(<[u8]>::to_vec).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn packets_before_it_newest_first() {
        let read = datagram(&[1, 2, 2, 7, 8, 0, 2, 1, 6, 2, 4, 5], 12).unwrap();
        assert_eq!((read.seq, read.primary), (0x0102, &[7, 8][..]));
        assert_eq!(packets(read.repair), [vec![6], vec![4, 5]]);
    }

    #[test]
    fn parity_says_what_it_is_made_of() {
        let read = datagram(&[0, 9, 1, 6, 0x80, 1, 3, 2, 1, 0xaa, 2, 1, 2], 13).unwrap();
        assert_eq!(read.repair, Repair::Parity { span: 3, entries: 2 });
    }

    #[test]
    fn long_packets() {
        let mut bytes = vec![0, 1, 0x80, 200];
        bytes.extend([0x55; 200]);
        bytes.extend([0, 0]);
        let read = datagram(&bytes, bytes.len()).unwrap();
        assert_eq!(read.primary.len(), 200);
    }

    #[test]
    fn anything_left_over_or_missing_is_no_udptl() {
        for bytes in [
            &[0, 1, 1, 6, 0, 0, 9][..],
            &[0, 1, 1, 6, 0, 1],
            &[0, 1, 1, 6, 1, 0],
            &[0, 1, 3, 6, 0],
            &[0, 1, 0xc1, 6, 0],
            &[0],
            &[],
        ] {
            assert_eq!(datagram(bytes, bytes.len()), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_cut_datagram_still_has_its_number() {
        assert_eq!(datagram(&[0, 5, 39, 1, 2], 40), None, "no room for it");
        let read = datagram(&[0, 5, 9, 1, 2], 40).unwrap();
        assert_eq!(read, Datagram { seq: 5, primary: &[], repair: Repair::Unknown });
        let read = datagram(&[0, 5, 2, 1, 2, 0, 3], 40).unwrap();
        assert_eq!(read.primary, [1, 2]);
    }

    proptest::proptest! {
        #[test]
        fn never_reads_beyond(bytes in proptest::collection::vec(0_u8.., 0..200), more in 0_usize..9) {
            if let Some(read) = datagram(&bytes, bytes.len() + more) {
                let inside: usize = packets(read.repair).iter().map(Vec::len).sum();
                proptest::prop_assert!(read.primary.len() + inside < bytes.len());
            }
        }

        #[test]
        fn reads_what_was_written(
            seq: u16,
            packets in proptest::collection::vec(proptest::collection::vec(0_u8.., 0..300), 1..6),
        ) {
            let write = |out: &mut Vec<u8>, packet: &[u8]| {
                match u8::try_from(packet.len()) {
                    Ok(short @ 0..=127) => out.push(short),
                    _ => out.extend((0x8000 | packet.len() as u16).to_be_bytes()),
                }
                out.extend(packet);
            };
            let mut bytes = seq.to_be_bytes().to_vec();
            write(&mut bytes, &packets[0]);
            bytes.extend([0, packets.len() as u8 - 1]);
            packets[1..].iter().for_each(|packet| write(&mut bytes, packet));
            let read = datagram(&bytes, bytes.len()).expect("UDPTL");
            proptest::prop_assert_eq!((read.seq, read.primary), (seq, &packets[0][..]));
            proptest::prop_assert_eq!(self::packets(read.repair), &packets[1..]);
        }
    }
}
