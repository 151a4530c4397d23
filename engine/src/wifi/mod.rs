//! 802.11: radio headers, MAC headers, BSSs and their beacons on the AP's own clock, stations.

mod activity;
mod beacon;
mod bss;
mod bytes;
pub mod channel;
mod dot11;
mod fcs;
mod histogram;
mod listening;
mod loss;
mod payload;
mod radio_headers;
mod radiotap;
mod rate;
mod report;
mod series;
mod stations;
mod tbtt;
mod tracker;

#[cfg(test)]
mod captures;
#[cfg(test)]
mod dwell;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod untimed;

use crate::packet::LinkType;

pub use tracker::Tracker;

/// What a radio header (radiotap, PPI, Prism, AVS, TZSP, PEEKREMOTE) says about a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Radio {
    /// The sensor's MAC clock at the first bit, µs.
    pub tsft: Option<u64>,
    /// Centre frequency of the primary channel, MHz.
    pub frequency_mhz: Option<u16>,
    /// Channel number where the header has no frequency.
    pub channel: Option<u8>,
    /// Signal at the antenna (the strongest of several), dBm.
    pub signal_dbm: Option<i8>,
    /// Noise, dBm.
    pub noise_dbm: Option<i8>,
    /// Data rate, kbit/s.
    pub rate_kbps: Option<u32>,
    /// The sensor found the frame check sequence wrong.
    pub bad_fcs: bool,
}

impl Radio {
    /// Frequency of the primary channel in MHz, if need be from the channel's number; `None` when unknown.
    #[must_use]
    pub fn frequency(&self) -> Option<u16> {
        Some(frequency(self)).filter(|mhz| *mhz != 0)
    }
}

/// The fields of a beacon that its tracking needs.
#[derive(Clone, Debug, PartialEq)]
pub struct BeaconObservation {
    /// BSSID; for mesh points that send zero there, the transmitter. An IBSS goes by its BSSID: its members take
    /// turns, and one beacon per target time is all that there should be.
    pub bssid: [u8; 6],
    /// Network name as sent; `None` where the element is absent.
    pub ssid: Option<Vec<u8>>,
    /// The AP's TSF timer when the beacon went out, µs; `None` where the source does not tell it.
    pub tsf: Option<u64>,
    /// Beacon interval in TU of 1024 µs.
    pub interval_tu: u16,
    /// Channel by DS parameter set, HT or HE operation.
    pub channel: Option<u8>,
    /// A channel switch is announced: new channel and the number of beacons until then.
    pub channel_switch: Option<(u8, u8)>,
    /// DTIM count and period.
    pub dtim: Option<(u8, u8)>,
    /// What the radio header said.
    pub radio: Radio,
}

impl BeaconObservation {
    /// The beacon in a captured packet of `orig_len` bytes on the wire; `None` when it is none or damaged.
    #[must_use]
    pub fn of(link: LinkType, bytes: &[u8], orig_len: u32) -> Option<Self> {
        let (radio, frame) = strip_captured(link, bytes, orig_len).filter(|(radio, _)| !radio.bad_fcs)?;
        beacon::parse(&dot11::header(frame)?, &radio, frame)
    }
}

/// Takes the radio header off. Returns what it said and the MAC frame without FCS; `None` when the header
/// is malformed or `link` is not a kind of 802.11.
///
/// Where the capture may have cut the packet, [`strip_captured`] knows more.
#[must_use]
pub fn strip_radio(link: LinkType, bytes: &[u8]) -> Option<(Radio, &[u8])> {
    let (mut radio, frame, fcs_at_end) = split_radio(link, bytes)?;
    if let Some(body) = (fcs_at_end != Some(false)).then(|| fcs::split(frame)).flatten() {
        return Some((radio, body));
    }
    if fcs_at_end != Some(true) {
        return Some((radio, frame));
    }
    // Cut or damaged? When the elements end where the FCS begins, the frame is whole and the FCS wrong.
    let body = frame.get(..frame.len().saturating_sub(4))?;
    radio.bad_fcs |= beacon::elements_fit(body);
    Some((radio, body))
}

/// [`strip_radio`] for a packet of `orig_len` bytes on the wire: a missing FCS is then no wrong FCS.
#[must_use]
pub fn strip_captured(link: LinkType, bytes: &[u8], orig_len: u32) -> Option<(Radio, &[u8])> {
    let cut = (orig_len as usize).saturating_sub(bytes.len());
    let (mut radio, frame, fcs_at_end) = split_radio(link, bytes)?;
    if cut == 0 {
        if let Some(body) = (fcs_at_end != Some(false)).then(|| fcs::split(frame)).flatten() {
            return Some((radio, body));
        }
        radio.bad_fcs |= fcs_at_end == Some(true);
    }
    let captured_fcs = if fcs_at_end == Some(true) { 4_usize.saturating_sub(cut) } else { 0 };
    Some((radio, frame.get(..frame.len().saturating_sub(captured_fcs))?))
}

/// Radio header, what follows it, and whether that ends with an FCS as far as the header tells.
fn split_radio(link: LinkType, bytes: &[u8]) -> Option<(Radio, &[u8], Option<bool>)> {
    let older = match link {
        LinkType::IEEE802_11 => return Some((Radio::default(), bytes, None)),
        LinkType::RADIOTAP => {
            let header = radiotap::parse(bytes)?;
            return Some((header.radio, bytes.get(header.len..)?, Some(header.fcs_at_end)));
        }
        LinkType::PPI => radio_headers::ppi(bytes)?,
        LinkType::PRISM => radio_headers::prism(bytes)?,
        LinkType::AVS => radio_headers::avs(bytes)?,
        _ => return None,
    };
    let rest = bytes.get(older.len..)?;
    match older.inner {
        LinkType::IEEE802_11 => Some((older.radio, rest, older.fcs_at_end)),
        // PPI in front of radiotap: the inner header is the driver's.
        LinkType::RADIOTAP => split_radio(older.inner, rest),
        _ => None,
    }
}

/// Frequency of a radio header in MHz, if need be from its channel number; 0 when unknown.
fn frequency(radio: &Radio) -> u16 {
    let by_channel =
        || radio.channel.and_then(|number| channel::frequency_of(channel::band_guess(number), number));
    radio.frequency_mhz.or_else(by_channel).unwrap_or(0)
}

/// The network payload of a plain (unencrypted) data frame: EtherType and the bytes behind LLC/SNAP.
/// A-MSDU aggregates give their first subframe only where `None` would be the alternative.
#[must_use]
pub fn network_payload(frame: &[u8]) -> Option<(u16, &[u8])> {
    payload::network(frame)
}
