//! From a management frame to what tracking needs of it.

use super::bytes::{le16, le64};
use super::dot11::{self, Element, Header, Mac, elements, subtype};
use super::{BeaconObservation, Radio};

/// Element identifiers (IEEE 802.11-2020 table 9-92).
mod id {
    pub const SSID: u8 = 0;
    pub const DS: u8 = 3;
    pub const TIM: u8 = 5;
    pub const CHANNEL_SWITCH: u8 = 37;
    pub const EXTENDED_CHANNEL_SWITCH: u8 = 60;
    pub const HT_OPERATION: u8 = 61;
    pub const MESH_ID: u8 = 114;
    pub const CHANNEL_SWITCH_WRAPPER: u8 = 196;
    pub const EXTENSION: u8 = 255;
    /// Extension 36.
    pub const HE_OPERATION: u8 = 36;
}

/// Reads a beacon; `None` when the frame is no beacon, is cut in its fixed fields, or no device can have its address.
pub(super) fn parse(header: &Header, radio: &Radio, frame: &[u8]) -> Option<BeaconObservation> {
    if !header.is_management(subtype::BEACON) {
        return None;
    }
    let body = frame.get(header.len..)?;
    let (tsf, interval_tu) = (le64(body, 0)?, le16(body, 8)?);
    let elements_of = body.get(12..)?;
    let (transmitter, bssid) = (header.transmitter?, header.address3?);
    // Mesh points of the drafts have no BSSID and beacon each on its own. The members of an IBSS take turns, so
    // its BSSID is what beacons. An AP's transmitter is its BSSID; a forged beacon may have another.
    let bssid = if bssid == [0; 6] { transmitter } else { bssid };
    if !dot11::is_device(transmitter) || !dot11::is_device(bssid) || interval_tu == 0 {
        return None;
    }
    let mut found = Found::default();
    for element in elements(elements_of) {
        found.take(element);
    }
    let mesh_name = found.mesh_id.filter(|name| !name.is_empty());
    let named = found.ssid.as_ref().is_some_and(|name| !name.is_empty());
    Some(BeaconObservation {
        bssid,
        ssid: if named { found.ssid } else { mesh_name.or(found.ssid) },
        tsf: Some(tsf),
        interval_tu,
        channel: found.he_channel.or(found.ds_channel).or(found.ht_channel),
        channel_switch: found.channel_switch,
        dtim: found.dtim,
        radio: *radio,
    })
}

#[derive(Default)]
struct Found {
    ssid: Option<Vec<u8>>,
    mesh_id: Option<Vec<u8>>,
    ds_channel: Option<u8>,
    ht_channel: Option<u8>,
    he_channel: Option<u8>,
    channel_switch: Option<(u8, u8)>,
    dtim: Option<(u8, u8)>,
}

impl Found {
    /// Takes the first of each element: a second one is damage or a non-transmitted profile.
    fn take(&mut self, element: Element<'_>) {
        let data = element.data;
        match element.id {
            id::SSID if data.len() <= 32 => {
                self.ssid.get_or_insert_with(|| data.to_vec());
            }
            id::MESH_ID if data.len() <= 32 => {
                self.mesh_id.get_or_insert_with(|| data.to_vec());
            }
            id::DS => self.ds_channel = self.ds_channel.or(nonzero(data.first())),
            id::HT_OPERATION => self.ht_channel = self.ht_channel.or(nonzero(data.first())),
            id::EXTENSION => self.he_channel = self.he_channel.or_else(|| six_ghz_channel(data)),
            id::TIM => {
                if let [count, period, ..] = *data
                    && period != 0
                {
                    self.dtim.get_or_insert((count, period));
                }
            }
            other => self.channel_switch = self.channel_switch.or_else(|| switch(other, data)),
        }
    }
}

fn nonzero(byte: Option<&u8>) -> Option<u8> {
    byte.copied().filter(|&byte| byte != 0)
}

/// New channel and count of a channel switch announcement. The wrapper (196) holds bandwidth and power of
/// the new channel, not its number: the plain elements stand beside it, or within it where an AP errs.
fn switch(element: u8, data: &[u8]) -> Option<(u8, u8)> {
    match (element, data) {
        (id::CHANNEL_SWITCH, &[_mode, channel, count, ..]) => Some((channel, count)),
        (id::EXTENDED_CHANNEL_SWITCH, &[_mode, _class, channel, count, ..]) => Some((channel, count)),
        (id::CHANNEL_SWITCH_WRAPPER, inner) => elements(inner)
            .filter(|inner| inner.id != id::CHANNEL_SWITCH_WRAPPER)
            .find_map(|inner| switch(inner.id, inner.data)),
        _ => None,
    }
}

/// Primary channel of the 6 GHz operation information in HE operation (IEEE 802.11ax section 9.4.2.249).
fn six_ghz_channel(extension: &[u8]) -> Option<u8> {
    let [id::HE_OPERATION, p0, p1, p2, ..] = *extension else { return None };
    let parameters = u32::from_le_bytes([p0, p1, p2, 0]);
    let (vht_info, co_hosted, six_ghz) = (1 << 14, 1 << 15, 1 << 17);
    if parameters & six_ghz == 0 {
        return None;
    }
    // Extension id, parameters (3), BSS colour, basic MCS set (2).
    let mut at = 7;
    at += if parameters & vht_info != 0 { 3 } else { 0 };
    at += if parameters & co_hosted != 0 { 1 } else { 0 };
    nonzero(extension.get(at))
}

/// A channel switch that an AP announces in an action frame: spectrum management or public action.
pub(super) fn switch_action(header: &Header, frame: &[u8]) -> Option<(u8, u8)> {
    if !header.is_management(subtype::ACTION) || header.protected {
        return None;
    }
    match frame.get(header.len..)? {
        [0, 4, rest @ ..] => elements(rest).find_map(|element| switch(element.id, element.data)),
        [4, 4, _mode, _class, channel, count, ..] => Some((*channel, *count)),
        _ => None,
    }
}

/// The network name that a probe response or an association request tells, and of which BSS.
pub(super) fn name(header: &Header, frame: &[u8]) -> Option<(Mac, Vec<u8>)> {
    let names = header.is_management(subtype::PROBE_RESPONSE)
        || header.is_management(subtype::ASSOCIATION_REQUEST)
        || header.is_management(subtype::REASSOCIATION_REQUEST);
    if !names {
        return None;
    }
    let body = frame.get(header.len + dot11::fixed_len(header.subtype)..)?;
    let ssid = elements(body).find(|element| element.id == id::SSID)?.data;
    (is_named(ssid) && ssid.len() <= 32).then(|| Some((header.address3?, ssid.to_vec())))?
}

/// False for a hidden name: absent, empty or all NUL.
pub(super) fn is_named(ssid: &[u8]) -> bool {
    ssid.iter().any(|&byte| byte != 0)
}

/// True when `frame` is a beacon, probe response or the like whose elements end exactly at its end.
pub(super) fn elements_fit(frame: &[u8]) -> bool {
    let Some(header) = dot11::header(frame) else { return false };
    let known = header.is_management(subtype::BEACON) || header.is_management(subtype::PROBE_RESPONSE);
    let Some(body) = frame.get(header.len + 12..).filter(|_| known) else { return false };
    let mut walk = elements(body);
    walk.by_ref().for_each(drop);
    walk.is_exhausted()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wifi::testing::Frame;

    fn read(frame: &Frame) -> Option<BeaconObservation> {
        let bytes = frame.bytes();
        parse(&dot11::header(&bytes)?, &Radio::default(), &bytes)
    }

    #[test]
    fn fixed_fields_and_elements() {
        let frame = Frame::beacon(1).tsf(99).element(0, b"net").element(3, &[6]).element(5, &[1, 2, 0, 0]);
        let beacon = read(&frame).unwrap();
        assert_eq!(beacon.ssid.as_deref(), Some(&b"net"[..]));
        assert_eq!((beacon.tsf, beacon.interval_tu), (Some(99), 100));
        assert_eq!((beacon.channel, beacon.dtim), (Some(6), Some((1, 2))));
    }

    #[test]
    fn every_form_of_channel_switch() {
        let announced = |id, data: &[u8]| read(&Frame::beacon(1).element(id, data)).unwrap().channel_switch;
        assert_eq!(announced(37, &[0, 6, 9]), Some((6, 9)));
        assert_eq!(announced(60, &[0, 81, 6, 8]), Some((6, 8)));
        assert_eq!(announced(196, &[37, 3, 1, 44, 5]), Some((44, 5)));
        assert_eq!(announced(37, &[0, 6]), None, "cut");
    }

    #[test]
    fn six_ghz_channel_from_he_operation() {
        let mut data = vec![36, 0, 0, 0x02, 0, 0xfc, 0xff, 37, 3, 0];
        let beacon = read(&Frame::beacon(1).element(255, &data)).unwrap();
        assert_eq!(beacon.channel, Some(37));
        data[2] = 0x40;
        data.splice(7..7, [1, 2, 3]);
        assert_eq!(read(&Frame::beacon(1).element(255, &data)).unwrap().channel, Some(37));
    }

    #[test]
    fn a_malformed_tim_does_not_hurt() {
        let beacon = read(&Frame::beacon(1).element(5, &[1]).element(3, &[11])).unwrap();
        assert_eq!((beacon.channel, beacon.dtim), (Some(11), None));
        let mut bytes = Frame::beacon(1).element(3, &[11]).bytes();
        bytes.extend([5, 250, 0]);
        let beacon = parse(&dot11::header(&bytes).unwrap(), &Radio::default(), &bytes).unwrap();
        assert_eq!(beacon.channel, Some(11));
    }

    #[test]
    fn mesh_beacons_go_by_transmitter_and_mesh_id() {
        let mut bytes = Frame::beacon(7).element(0, b"").element(114, b"mesh").bytes();
        bytes[16..22].fill(0);
        let beacon = parse(&dot11::header(&bytes).unwrap(), &Radio::default(), &bytes).unwrap();
        assert_eq!(beacon.bssid, [2, 0, 0, 0, 0, 7]);
        assert_eq!(beacon.ssid.as_deref(), Some(&b"mesh"[..]));
    }

    #[test]
    fn what_is_no_beacon() {
        let mut bytes = Frame::beacon(1).bytes();
        bytes[10] |= 1;
        assert_eq!(parse(&dot11::header(&bytes).unwrap(), &Radio::default(), &bytes), None, "group sender");
        assert_eq!(read(&Frame::beacon(1).interval(0)), None);
        let cut = &Frame::beacon(1).bytes()[..35];
        assert_eq!(parse(&dot11::header(cut).unwrap(), &Radio::default(), cut), None);
        let response = Frame::beacon(1).control(0x50).element(0, b"shown").bytes();
        let header = dot11::header(&response).unwrap();
        assert_eq!(parse(&header, &Radio::default(), &response), None);
        assert_eq!(name(&header, &response), Some(([2, 0, 0, 0, 0, 1], b"shown".to_vec())));
    }
}
