//! From a data frame to the network packet in it: LLC/SNAP, A-MSDU, mesh control, header padding.

use super::bytes::be16;
use super::dot11::{self, Header};

/// The network payload of a plain data frame: EtherType and what follows LLC/SNAP.
pub(super) fn network(frame: &[u8]) -> Option<(u16, &[u8])> {
    let header = dot11::header(frame)?;
    if !header.has_payload() || header.protected || header.fragment != 0 {
        return None;
    }
    let body = |at: usize| frame.get(at..).and_then(|body| msdu(&header, body));
    // Some drivers pad the header to four bytes and say so only in radiotap; LLC/SNAP shows where it is.
    body(header.len).or_else(|| body(header.len.next_multiple_of(4)))
}

const QOS_AMSDU: u16 = 0x0080;

fn msdu<'a>(header: &Header, body: &'a [u8]) -> Option<(u16, &'a [u8])> {
    if header.qos.is_some_and(|qos| qos & QOS_AMSDU != 0) {
        let len = usize::from(be16(body, 12)?);
        // A cut capture holds the beginning of the subframe only.
        let end = body.len().min(14 + len);
        return llc(body.get(14..end)?);
    }
    llc(body).or_else(|| llc(body.get(mesh_control_len(body)?..)?))
}

/// Length of a mesh control field: 6 bytes and up to two addresses (IEEE 802.11-2020 section 9.2.4.7.3).
/// The bit that announces it means other things outside of a mesh, so it is tried where LLC/SNAP is not found.
fn mesh_control_len(body: &[u8]) -> Option<usize> {
    match body.first()? & 0x03 {
        0 => Some(6),
        1 => Some(12),
        2 => Some(18),
        _ => None,
    }
}

/// SNAP with the EtherType OUI (RFC 1042) or the bridge-tunnel OUI (802.1H).
fn llc(body: &[u8]) -> Option<(u16, &[u8])> {
    match body.get(..6)? {
        [0xaa, 0xaa, 0x03, 0, 0, 0 | 0xf8] => Some((be16(body, 6)?, body.get(8..)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNAP: [u8; 10] = [0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00, 0x45, 0x99];

    fn data(control: u8, flags: u8, more: &[u8]) -> Vec<u8> {
        let mut frame = vec![control, flags];
        frame.resize(24, 2);
        frame[22..24].fill(0);
        frame.extend(more);
        frame
    }

    #[test]
    fn plain_qos_four_address_padded_and_mesh() {
        let expected = Some((0x0800, &[0x45, 0x99][..]));
        assert_eq!(network(&data(0x08, 1, &SNAP)), expected);
        assert_eq!(network(&data(0x88, 1, &[&[6, 0][..], &SNAP].concat())), expected);
        assert_eq!(network(&data(0x88, 3, &[&[0; 8][..], &SNAP].concat())), expected);
        assert_eq!(network(&data(0x88, 1, &[&[6, 0, 0, 0][..], &SNAP].concat())), expected, "padded to 28");
        assert_eq!(
            network(&data(0x88, 3, &[&[0; 6][..], &[0, 1, 0, 31, 1, 0, 0, 0], &SNAP].concat())),
            expected
        );
    }

    #[test]
    fn first_subframe_of_an_aggregate() {
        let subframe = [&[0; 12][..], &[0, 10], &SNAP, &[7, 7, 7]].concat();
        let frame = data(0x88, 2, &[&[0x80, 0][..], &subframe].concat());
        assert_eq!(network(&frame), Some((0x0800, &[0x45, 0x99][..])));
    }

    #[test]
    fn what_is_no_readable_payload() {
        assert_eq!(network(&data(0x08, 0x41, &SNAP)), None, "protected");
        assert_eq!(network(&data(0x48, 1, &SNAP)), None, "null function");
        assert_eq!(network(&data(0x80, 0, &SNAP)), None, "management");
        let mut fragment = data(0x08, 1, &SNAP);
        fragment[22] = 1;
        assert_eq!(network(&fragment), None, "second fragment");
        assert_eq!(network(&data(0x08, 1, &[0x42, 0x42, 3, 0, 0, 0, 0, 0])), None, "LLC without SNAP");
    }
}
